# SPDX-License-Identifier: MIT
"""fp-quant's pseudo-quantization kernels, run by Triton's interpreter on the CPU.

The kernels return dequantized values, no codes. The rotation is the identity matrix: rotating is
not a recipe's business.
"""

import os

os.environ["TRITON_INTERPRET"] = "1"  # before triton is imported

import numpy as np
import torch
from fp_quant.module.triton.mxfp4 import mxfp4_forward_kernel
from fp_quant.module.triton.nvfp4 import nvfp4_forward_kernel

from recipe_file import E2M1, RecipeFile, mx_rows, tensor_cases

QUEST_SCALE = 2.92247856 / 6.0  # what forward_pseudoquantize passes for MXFP4 "quest"


def kernel_values(kernel, x, *arguments, **options):
    """What the kernel leaves for x, in one program."""
    x = torch.from_numpy(x.copy())
    out = torch.empty_like(x)
    size = 1 << (x.numel() - 1).bit_length()
    kernel.fn[(1,)](x, *[out if a is None else a for a in arguments], n_elements=x.numel(),
                    BLOCK_SIZE=size, **options)
    return out.numpy()


def file_for(name, function, block, **options):
    return RecipeFile(
        recipe=f"fp_quant_{name}", package="fp-quant", function=function + ", identity rotation",
        script=__file__, element="e2m1fn", codes="none", block=block, scale="none",
        with_packages=["triton", "torch"], **options)


def main():
    finite = [row for row in mx_rows(32, E2M1, False)[0]
              if np.abs(row).max() >= 2.0**-100 and np.abs(row).max() < 2.0**100]
    file = file_for("mxfp4", "mxfp4_forward_kernel(quest=False)", (1, 32))
    x = np.array(finite)
    mask = torch.empty(x.shape, dtype=torch.bool)
    file.add_values("blocks", "float32", x, kernel_values(
        mxfp4_forward_kernel, x, torch.eye(32), None, mask, hadamard_dim=32, group_size=32,
        gaussian_scale=0.75, quest=False))
    file.write()

    rng = np.random.default_rng(20250106)
    x = (rng.standard_normal((24, 32)) * np.exp2(rng.uniform(-8, 8, (24, 1)))).astype(np.float32)
    mask = torch.empty(x.shape, dtype=torch.bool)
    file = file_for("mxfp4_quest", "mxfp4_forward_kernel(quest=True, gaussian_scale=2.92247856/6)",
                    (1, 32))
    file.add_values("blocks", "float32", x, kernel_values(
        mxfp4_forward_kernel, x, torch.eye(32), None, mask, hadamard_dim=32, group_size=32,
        gaussian_scale=QUEST_SCALE, quest=True))
    file.write()

    file = file_for("nvfp4", "nvfp4_forward_kernel", (1, 16), tensor_scale="divisor")
    for case, dtype, x in tensor_cases(16, 64, E2M1, 448.0):
        if dtype != "float32" or case not in ("ties", "normal"):
            continue
        for scale in sorted({1.0, float(np.float32(448 * 6 / np.abs(x).max()))}):
            file.add_values(f"{case}_{scale:g}", dtype, x, kernel_values(
                nvfp4_forward_kernel, x, torch.eye(16), torch.tensor([scale]), None,
                hadamard_dim=16), scale)
    file.write()


if __name__ == "__main__":
    main()
