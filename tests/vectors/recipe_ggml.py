# SPDX-License-Identifier: MIT
"""ggml's reference quantizers in C, from the sources that ggml-python's sdist carries.

Usage: recipe_ggml.py LIBRARY, a shared library of ggml-quants.c (generate.sh builds it).
"""

import ctypes
import sys

import gguf
import numpy as np

from recipe_file import E2M1, RecipeFile, mx_rows, random_block, ties

VERSION = "0.0.45"  # of the sdist; it carries ggml 0.15.3
INT8 = [float(i) for i in range(128)]
UINT4 = [float(i) for i in range(9)]

# name: (elements in a block, type of the scale, scales, element, order of codes, block of a scale)
RECIPES = {
    "mxfp4": (32, np.uint8, 1, "e2m1fn", "split_half 32", (1, 32), "e8m0fnu"),
    "nvfp4": (64, np.uint8, 4, "e2m1fn", "split_half 16", (1, 16), "ue4m3"),
    "q8_0": (32, np.uint16, 1, "int8", "byte", (1, 32), "float16"),
    "q4_0": (32, np.uint16, 1, "uint4", "split_half 32", (1, 32), "float16"),
}


def quantize(library, name, x):
    """Codes and scales of x, whose rows are whole blocks."""
    elements, scale_type, scales, element, *_ = RECIPES[name]
    scale_bytes = scales * np.dtype(scale_type).itemsize
    code_bytes = elements if element == "int8" else elements // 2
    blocks = x.size // elements
    out = np.zeros((blocks, scale_bytes + code_bytes), dtype=np.uint8)
    x = np.ascontiguousarray(x, dtype=np.float32)
    call = getattr(library, f"quantize_row_{name}_ref")
    call.restype = None
    call(x.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p),
         ctypes.c_int64(x.size))
    return out[:, scale_bytes:], np.ascontiguousarray(out[:, :scale_bytes]).view(scale_type)


def nvfp4_rows():
    """Rows of four blocks of 16: scales around every kind of boundary of UE4M3 by half-up."""
    rng = np.random.default_rng(20250103)
    scales = [1.0, 1.0625, 1.1875, 1.96875, 2.0**-6, 0.99 * 2.0**-6, 7.6 * 2.0**-9, 7.5 * 2.0**-9,
              0.5 * 2.0**-9, 0.49 * 2.0**-9, 1.5 * 2.0**-9, 240.0, 248.0, 255.0, 256.0, 300.0,
              448.0, 1e6, 0.0, 2.0**-140]
    blocks = [random_block(rng, 16, np.float32(6 * s)) for s in scales]
    for s in (1.0, 1.125, 0.875 * 2.0**-8, 96.0):
        blocks.append(np.resize(np.array([6 * s] + [t * s for t in ties(E2M1)]), 16))
    return np.array(blocks, dtype=np.float32).reshape(-1, 64)


def cases(name):
    if name == "nvfp4":
        yield "blocks", nvfp4_rows()
        bad = nvfp4_rows()[-1:].copy()
        bad[0, [0, 17, 33, 34]] = np.nan, np.inf, -np.inf, np.nan
        yield "nonfinite", bad
        return
    finite, bad = mx_rows(32, {"mxfp4": E2M1, "q8_0": INT8, "q4_0": UINT4}[name], False)
    yield "blocks", finite
    if name == "mxfp4":  # elsewhere a conversion of NaN or infinity to an integer is undefined
        yield "nonfinite", bad


def check_gguf(name, x, codes, scales):
    """gguf's quantizers in Python give the same bytes, but for the sign of Q4_0's zero scale."""
    kind = getattr(gguf.GGMLQuantizationType, name.upper())
    theirs = gguf.quants.quantize(x, kind).reshape(len(codes), -1)
    ours = np.hstack([scales.view(np.uint8).reshape(len(codes), -1), codes])
    if name == "q4_0":
        for blocks in (theirs, ours):
            blocks[(blocks[:, 0] == 0) & (blocks[:, 1] == 0x80), 1] = 0
    if not np.array_equal(theirs, ours):
        raise SystemExit(f"gguf differs from ggml for {name}")


def main():
    library = ctypes.CDLL(sys.argv[1])
    for name, (_, _, _, element, codes, block, scale) in RECIPES.items():
        file = RecipeFile(
            recipe=f"ggml_{name}",
            package="ggml-python",
            version=VERSION,
            function=f"quantize_row_{name}_ref",
            script=__file__,
            element=element,
            codes=codes,
            block=block,
            scale=scale,
            options=[("offset", -8)] if name == "q4_0" else [],
        )
        for case, x in cases(name):
            codes, scales = quantize(library, name, x)
            if case == "blocks" and name != "nvfp4":  # which gguf cannot quantize to
                check_gguf(name, x, codes, scales)
            file.add(case, "float32", x, codes, scales)
        file.write()


if __name__ == "__main__":
    main()
