# SPDX-License-Identifier: MIT
"""Tiny Llama checkpoints that nvidia-modelopt quantized and exported, with the values that its own
tensors dequantize to."""

import sys

import modelopt.torch.quantization as mtq
import torch
from modelopt.torch.export import export_hf_checkpoint
from modelopt.torch.quantization.qtensor import MXFP8QTensor, NVFP4QTensor
from modelopt.torch.quantization.qtensor.mxfp4_tensor import MXFP4QTensor

from checkpoint_file import finish, tiny_llama

CONFIGS = {
    "nvfp4": mtq.NVFP4_DEFAULT_CFG,
    "mxfp4": mtq.MXFP4_DEFAULT_CFG,
    "mxfp8": mtq.MXFP8_DEFAULT_CFG,
    "fp8": mtq.FP8_DEFAULT_CFG,
}


def dequantized(name, parts):
    """What ModelOpt makes of the parts of one weight."""
    codes, scale = parts["weight"], parts["weight_scale"]
    if name == "nvfp4":
        shape = (*codes.shape[:-1], codes.shape[-1] * 2)
        return NVFP4QTensor(shape, torch.float32, codes).dequantize(
            scale=scale, double_scale=parts["weight_scale_2"], block_sizes={-1: 16})
    if name == "mxfp4":
        shape = (*codes.shape[:-1], codes.shape[-1] * 2)
        return MXFP4QTensor(shape, torch.float32, codes).dequantize(
            scale=scale, block_sizes={-1: 32})
    if name == "mxfp8":
        return MXFP8QTensor(codes.shape, torch.float32, codes).dequantize(scale=scale)
    return codes.float() * scale


def main():
    folder = sys.argv[1]
    for name, config in CONFIGS.items():
        model = tiny_llama()
        mtq.quantize(model, config, lambda m: m(torch.arange(32).reshape(1, 32)))
        out = f"{folder}/modelopt_{name}"
        export_hf_checkpoint(model, export_dir=out)
        finish(out, "nvidia-modelopt", __file__, lambda parts: dequantized(name, parts))


if __name__ == "__main__":
    main()
