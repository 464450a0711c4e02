# SPDX-License-Identifier: MIT
"""compressed-tensors' schemes: scales by its own calculate_qparams from the extremes of each group,
codes by the scheme's compressor, on the CPU. Groups: mx_nv, fp8."""

import sys

import torch
from compressed_tensors.compressors.mxfp4 import MXFP4PackedCompressor
from compressed_tensors.compressors.mxfp8 import MXFP8QuantizationCompressor
from compressed_tensors.compressors.naive_quantized import FloatQuantizationCompressor
from compressed_tensors.compressors.nvfp4 import NVFP4PackedCompressor
from compressed_tensors.quantization.quant_scheme import preset_name_to_scheme
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam

from recipe_file import E2M1, E4M3, RecipeFile, mx_cases, tensor_cases
from torch_tensor import float_of, torch_tensor, words_of

# name: (preset, compressor, element, codes, block, scale, tensor scale)
RECIPES = {
    "mxfp4": ("MXFP4", MXFP4PackedCompressor, "e2m1fn", "low_nibble_first", (1, 32), "e8m0fnu",
              "none"),
    "mxfp8": ("MXFP8", MXFP8QuantizationCompressor, "e4m3fn", "byte", (1, 32), "e8m0fnu", "none"),
    "nvfp4": ("NVFP4", NVFP4PackedCompressor, "e2m1fn", "low_nibble_first", (1, 16), "e4m3fn",
              "divisor"),
    "fp8_tensor": ("FP8", FloatQuantizationCompressor, "e4m3fn", "byte", ("all", "all"), "source",
                   "none"),
    "fp8_channel": ("FP8_DYNAMIC", FloatQuantizationCompressor, "e4m3fn", "byte", (1, "all"),
                    "source", "none"),
    "fp8_block": ("FP8_BLOCK", FloatQuantizationCompressor, "e4m3fn", "byte", (2, 32), "source",
                  "none"),
}


def extremes(x, block):
    """The least and greatest value of each block, in an array as the scheme shapes its scales."""
    if block == ("all", "all"):
        return torch.aminmax(x)
    rows = block[0]
    columns = x.shape[1] if block[1] == "all" else block[1]
    tiles = x.reshape(x.shape[0] // rows, rows, x.shape[1] // columns, columns)
    return torch.amin(tiles, dim=(1, 3)), torch.amax(tiles, dim=(1, 3))


def quantize(name, x):
    preset, compressor, _, _, block, _, tensor_scale = RECIPES[name]
    scheme = preset_name_to_scheme(preset, ["Linear"])
    if name == "fp8_block":  # 128 x 128 in the preset: smaller here, to keep the vectors small
        scheme.weights.block_structure = list(block)
    state = {"weight": x}
    if tensor_scale != "none":
        state["weight_global_scale"] = generate_gparam(*torch.aminmax(x))
    scale, _ = calculate_qparams(*extremes(x, block), scheme.weights,
                                 state.get("weight_global_scale"))
    state["weight_scale"] = scale
    return compressor.compress(state, scheme)


def inputs(name):
    if name.startswith("mx"):
        yield from mx_cases(32, E2M1 if name == "mxfp4" else E4M3)
    elif name == "nvfp4":
        yield from tensor_cases(16, 64, E2M1, 448.0)
    else:
        for case, dtype, x in tensor_cases(16, 64, E4M3, 1.0):
            if name == "fp8_tensor":
                yield case, dtype, x
            elif x.shape[0] > 1:
                yield case, dtype, x[: x.shape[0] // 2 * 2]


def main():
    group = sys.argv[1]
    for name, (preset, compressor, element, codes, block, scale, tensor_scale) in RECIPES.items():
        if name.startswith("fp8") != (group == "fp8"):
            continue
        file = RecipeFile(
            recipe=f"compressed_tensors_{name}",
            package="compressed-tensors",
            function=f"calculate_qparams and {compressor.__name__}.compress, preset {preset}"
            + (" with block_structure [2, 32]" if name == "fp8_block" else ""),
            script=__file__,
            element=element,
            codes=codes,
            block=block,
            scale=scale,
            tensor_scale=tensor_scale,
            with_packages=["torch"],
        )
        for case, dtype, values in inputs(name):
            x = torch_tensor(values, dtype)
            state = quantize(name, x)
            q = state["weight_packed" if "weight_packed" in state else "weight"]
            file.add(case, dtype, float_of(x), words_of(q), words_of(state["weight_scale"]),
                     float(state["weight_global_scale"]) if tensor_scale != "none" else None)
        file.write()


if __name__ == "__main__":
    main()
