# SPDX-License-Identifier: MIT
"""A GGUF file of weights that gguf quantized, with the values that it dequantizes them to. What it
has no quantizer for gets seeded random blocks."""

import os
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

SHAPE = (8, 192)


def nvfp4_blocks(generator):
    """Random codes, and scales that are numbers."""
    rows, blocks = SHAPE[0], SHAPE[1] // 64
    scales = generator.integers(0, 127, (rows, blocks, 4), dtype=np.uint8)
    codes = generator.integers(0, 256, (rows, blocks, 32), dtype=np.uint8)
    return np.concatenate([scales, codes], axis=-1).reshape(rows, blocks * 36)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    generator = np.random.default_rng(1)
    writer = gguf.GGUFWriter(f"{folder}/ggml.gguf", "llama")
    values = gguf.GGUFWriter(f"{folder}/ggml.values.gguf", "llama")
    for number, qtype in enumerate((Type.Q8_0, Type.Q4_0, Type.MXFP4, Type.NVFP4)):
        name = f"blk.{number}.ffn_down.weight"
        if qtype == Type.NVFP4:
            blocks = nvfp4_blocks(generator)
            scale = np.array([0.37], dtype=np.float32)
            writer.add_tensor(name.replace("weight", "scale"), scale)
        else:
            x = generator.standard_normal(SHAPE).astype(np.float32)
            blocks = gguf.quants.quantize(x, qtype)
            scale = np.float32(1)
        writer.add_tensor(name, blocks, raw_dtype=qtype)
        values.add_tensor(name, gguf.quants.dequantize(blocks, qtype).astype(np.float32) * scale)
    norm = generator.standard_normal(16).astype(np.float32)
    writer.add_tensor("output_norm.weight", norm)
    values.add_tensor("output_norm.weight", norm)
    for w in (writer, values):
        w.write_header_to_file()
        w.write_kv_data_to_file()
        w.write_tensors_to_file()
        w.close()


if __name__ == "__main__":
    main()
