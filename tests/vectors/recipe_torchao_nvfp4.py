# SPDX-License-Identifier: MIT
"""torchao's NVFP4 quantizer on the CPU, with and without a tensor scale."""

import torch
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

from recipe_file import E2M1, RecipeFile, tensor_cases
from torch_tensor import float_of, torch_tensor, words_of


def main():
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


if __name__ == "__main__":
    main()
