# SPDX-License-Identifier: MIT
"""torchao's MX quantizer, in its scale modes, and its NVFP4 quantizer, on the CPU. Groups: mxfp4,
mxfp8, others, nvfp4."""

import sys

import torch
from torchao.prototype.mx_formats.config import ScaleCalculationMode
from torchao.prototype.mx_formats.mx_tensor import to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

from recipe_file import E2M1, E2M3, E3M2, E4M3, E5M2, RecipeFile, mx_cases, tensor_cases
from torch_tensor import float_of, torch_tensor, words_of

ELEMENTS = {
    "mxfp4": (torch.float4_e2m1fn_x2, "e2m1fn", "low_nibble_first", E2M1),
    "mxfp8": (torch.float8_e4m3fn, "e4m3fn", "byte", E4M3),
    "mxfp8_e5m2": (torch.float8_e5m2, "e5m2", "byte", E5M2),
    "mxfp6_e2m3": ("fp6_e2m3", "e2m3fn", "byte", E2M3),
    "mxfp6_e3m2": ("fp6_e3m2", "e3m2fn", "byte", E3M2),
}


def write_mx(name, mode):
    element, format_name, codes, values = ELEMENTS[name]
    spelled = element if isinstance(element, str) else str(element)
    file = RecipeFile(
        recipe=f"torchao_{name}_{mode.name.lower()}",
        package="torchao",
        function=f"torchao.prototype.mx_formats.mx_tensor.to_mx(x, {spelled}, 32, {mode.name})",
        script=__file__,
        element=format_name,
        codes=codes,
        block=(1, 32),
        scale="e8m0fnu",
        with_packages=["torch"],
    )
    dtypes = ("float32", "bfloat16") if name in ("mxfp4", "mxfp8") else ("bfloat16",)
    for case, dtype, rows in mx_cases(32, values, dtypes):
        x = torch_tensor(rows, dtype)
        scales, q = to_mx(x, element, 32, mode)
        file.add(case, dtype, float_of(x), words_of(q), words_of(scales))
    file.write()


def write_nvfp4():
    for two_level in (False, True):
        file = RecipeFile(
            recipe="torchao_nvfp4" if two_level else "torchao_nvfp4_one_level",
            package="torchao",
            function="torchao.prototype.mx_formats.nvfp4_tensor.nvfp4_quantize(x, 16"
            + (", per_tensor_amax_to_scale(max|x|))" if two_level else ")"),
            script=__file__,
            element="e2m1fn",
            codes="low_nibble_first",
            block=(1, 16),
            scale="e4m3fn",
            tensor_scale="multiplier" if two_level else "none",
            with_packages=["torch"],
        )
        for name, dtype, values in tensor_cases(16, 64, E2M1, 448.0):
            x = torch_tensor(values, dtype)
            scale = per_tensor_amax_to_scale(torch.max(torch.abs(x))) if two_level else None
            scales, q = nvfp4_quantize(x, 16, scale)
            file.add(name, dtype, float_of(x), words_of(q), words_of(scales),
                     float(scale) if two_level else None)
        file.write()


GROUPS = {
    "mxfp4": (["mxfp4"], "FLOOR CEIL EVEN RCEIL"),
    "mxfp8": (["mxfp8"], "FLOOR CEIL EVEN RCEIL"),
    "others": (["mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2"], "FLOOR EVEN RCEIL"),
}


def main():
    group = sys.argv[1]
    if group == "nvfp4":
        write_nvfp4()
        return
    names, modes = GROUPS[group]
    for name in names:
        for mode in modes.split():
            write_mx(name, ScaleCalculationMode[mode])


if __name__ == "__main__":
    main()
