# SPDX-License-Identifier: MIT
"""torchao's MX quantizer, in its scale modes, on the CPU. Groups: mxfp4, mxfp8, others."""

import sys

import torch
from torchao.prototype.mx_formats.config import ScaleCalculationMode
from torchao.prototype.mx_formats.mx_tensor import to_mx

from recipe_file import E2M1, E2M3, E3M2, E4M3, E5M2, RecipeFile, mx_cases
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


GROUPS = {
    "mxfp4": ["mxfp4"],
    "mxfp8": ["mxfp8"],
    "others": ["mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2"],
}


def main():
    for name in GROUPS[sys.argv[1]]:
        for mode in ("FLOOR", "CEIL", "EVEN", "RCEIL"):
            write_mx(name, ScaleCalculationMode[mode])


if __name__ == "__main__":
    main()
