# SPDX-License-Identifier: MIT
"""DeepGEMM's casts to FP8 in PyTorch, on the CPU, from the wheel of sgl-deep-gemm.

Usage: recipe_deep_gemm.py MATH, the wheel's deep_gemm/utils/math.py: the package's own __init__
needs a GPU. Runs of 32 and tiles of 16 x 16 instead of 128 keep the vectors small.
"""

import importlib.util
import sys

import numpy as np

from recipe_file import E4M3, RecipeFile, mx_cases, random_block, ties
from torch_tensor import float_of, torch_tensor, words_of

VERSION = "0.2.5"


def tile_cases():
    """Six tiles of 16 x 16, three below the others: from none to full, and ties."""
    rng = np.random.default_rng(20250107)

    def tile(amax):
        return random_block(rng, 256, np.float32(amax)).reshape(16, 16)

    tied = np.resize(np.array([448.0] + ties(E4M3)[-60:]), 256).reshape(16, 16)
    rows = np.vstack([np.hstack([tile(3.7), tied, tile(0)]),
                      np.hstack([tile(6e-5), tile(1e-4 * 1.5), tile(8.9e9)])])
    yield "tiles", "bfloat16", rows.astype(np.float32)


def write(name, cast, block, power, cases):
    file = RecipeFile(
        recipe=f"deepseek_fp8_{name}" + ("_pow2" if power else ""),
        package="sgl-deep-gemm",
        version=VERSION,
        function=f"deep_gemm.utils.math.{cast.__name__}(x, use_ue8m0={power}, gran_k={block[1]})",
        script=__file__,
        element="e4m3fn",
        codes="byte",
        block=block,
        scale="float32",
        with_packages=["torch"],
    )
    for case, dtype, values in cases:
        x = torch_tensor(values, dtype)
        q, scales = cast(x, power, gran_k=block[1])
        file.add(case, dtype, float_of(x), words_of(q), words_of(scales))
    file.write()


def main():
    spec = importlib.util.spec_from_file_location("deep_gemm_math", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for power in (False, True):
        write("runs", module.per_token_cast_to_fp8, (1, 32), power, mx_cases(32, E4M3))
        write("tiles", module.per_block_cast_to_fp8, (16, 16), power, tile_cases())


if __name__ == "__main__":
    main()
