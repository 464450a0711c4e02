# SPDX-License-Identifier: MIT
"""microxcaling's MX quantizer on the CPU, from the copy of its modules in the wheel of tico.

Usage: recipe_microxcaling.py FOLDER, the wheel's tico/utils/mx: tico itself need not be imported.
The copy has the code of version 1.1.0 without the branch for CUDA. It returns dequantized values.
"""

import importlib
import os
import sys
import types

import numpy as np
import torch

from recipe_file import E2M1, E2M3, E3M2, E4M3, E5M2, RecipeFile, mx_rows

VERSION = "0.3.0"  # of tico

# name: (microxcaling's name, element, values)
ELEMENTS = {
    "mxfp4": ("fp4_e2m1", "e2m1fn", E2M1),
    "mxfp6_e2m3": ("fp6_e2m3", "e2m3fn", E2M3),
    "mxfp6_e3m2": ("fp6_e3m2", "e3m2fn", E3M2),
    "mxfp8": ("fp8_e4m3", "e4m3fn", E4M3),
    "mxfp8_e5m2": ("fp8_e5m2", "e5m2", E5M2),
}


def quantizer(folder):
    package = types.ModuleType("microxcaling")
    package.__path__ = [os.path.abspath(folder)]
    sys.modules["microxcaling"] = package
    return importlib.import_module("microxcaling.mx_ops")._quantize_mx


def main():
    quantize = quantizer(sys.argv[1])
    for name, (theirs, element, values) in ELEMENTS.items():
        file = RecipeFile(
            recipe=f"microxcaling_{name}",
            package="tico",
            version=VERSION,
            function=f"tico.utils.mx.mx_ops._quantize_mx(x, 8, {theirs!r}, axes=[-1], "
            "block_size=32, round='nearest')",
            script=__file__,
            element=element,
            codes="none",
            block=(1, 32),
            scale="none",
            with_packages=["torch"],
        )
        finite, _ = mx_rows(32, values, False)
        x = torch.from_numpy(np.ascontiguousarray(finite))
        q = quantize(x.clone(), 8, theirs, axes=[-1], block_size=32, round="nearest")
        file.add_values("blocks", "float32", x.numpy(), q.numpy())
        file.write()


if __name__ == "__main__":
    main()
