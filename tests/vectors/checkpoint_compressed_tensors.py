# SPDX-License-Identifier: MIT
"""Tiny Llama checkpoints in compressed-tensors' formats, and the values that it decompresses to."""

import copy
import sys

import torch
from compressed_tensors.compressors import ModelCompressor
from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam
from safetensors.torch import save_file

from checkpoint_file import keep, tiny_llama

PRESETS = {
    "nvfp4": "NVFP4",
    "mxfp4": "MXFP4",
    "mxfp8": "MXFP8",
    "fp8_tensor": "FP8",
    "fp8_channel": "FP8_DYNAMIC",
    "fp8_block": "FP8_BLOCK",
}


def extremes(weight, arguments):
    """The least and greatest value of each group, in the shape of the scales."""
    strategy = str(arguments.strategy)
    if strategy == "tensor":
        return torch.aminmax(weight)
    rows, columns = 1, weight.shape[1]
    if strategy in ("group", "tensor_group"):
        columns = arguments.group_size
    elif strategy == "block":
        rows, columns = (min(n, m) for n, m in zip(arguments.block_structure, weight.shape))
    tiles = weight.reshape(weight.shape[0] // rows, rows, weight.shape[1] // columns, columns)
    return torch.amin(tiles, dim=(1, 3)), torch.amax(tiles, dim=(1, 3))


def main():
    folder = sys.argv[1]
    for name, preset in PRESETS.items():
        model = tiny_llama()
        config = QuantizationConfig(config_groups={preset: ["Linear"]}, ignore=["lm_head"])
        apply_quantization_config(model, config)
        for module in model.modules():
            scheme = getattr(module, "quantization_scheme", None)
            if scheme is None:
                continue
            weight = module.weight.data
            gparam = None
            if hasattr(module, "weight_global_scale"):
                gparam = generate_gparam(*torch.aminmax(weight))
                module.weight_global_scale.data.copy_(gparam)
            for input_scale in ("input_global_scale", "input_scale"):
                if hasattr(module, input_scale):
                    getattr(module, input_scale).data.fill_(0.37)
            scale, _ = calculate_qparams(*extremes(weight, scheme.weights), scheme.weights, gparam)
            module.weight_scale.data.copy_(scale.reshape(module.weight_scale.shape))
        out = f"{folder}/compressed_tensors_{name}"
        compressor = ModelCompressor.from_pretrained_model(model)
        compressor.compress_model(model)
        model.save_pretrained(out)
        compressor.update_config(out)
        compressor.decompress_model(model)
        values = {f"{key}.weight": module.weight.data.float().contiguous()
                  for key, module in model.named_modules()
                  if getattr(module, "quantization_scheme", None) is not None}
        save_file(values, f"{out}.values.safetensors")
        keep(out, "compressed-tensors", __file__)


if __name__ == "__main__":
    main()
