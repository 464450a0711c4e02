# SPDX-License-Identifier: MIT
"""Transformer Engine's reference quantizers in Python, on the CPU.

The package's own __init__ loads CUDA libraries, so the reference modules are imported without it:
their base classes, which only hold flags, are stood in for here. Groups: nvfp4, fp8.
"""

import importlib.util
import os
import sys
import types

import numpy as np
import torch

from recipe_file import E2M1, E4M3, E5M2, RecipeFile, random_block, tensor_cases, ties
from torch_tensor import float_of, torch_tensor, words_of


class Quantizer:
    def __init__(self, rowwise, columnwise):
        self.rowwise_usage = rowwise
        self.columnwise_usage = columnwise


class QuantizedTensorStorage:
    pass


def load_references():
    """The modules reference_nvfp4 and reference_current_scaling of the installed package."""
    root = os.path.dirname(importlib.util.find_spec("transformer_engine").origin)
    for name in ("transformer_engine", "transformer_engine.pytorch",
                 "transformer_engine.pytorch.tensor"):
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(root, *name.split(".")[1:])]
        sys.modules[name] = package
    base = types.ModuleType("transformer_engine.pytorch.quantized_tensor")
    base.Quantizer = Quantizer
    base.QuantizedTensorStorage = QuantizedTensorStorage
    sys.modules[base.__name__] = base
    utils = types.ModuleType("transformer_engine.pytorch.tensor.utils")
    utils.is_custom = lambda tensor: True
    sys.modules[utils.__name__] = utils
    from transformer_engine.pytorch.custom_recipes import reference_current_scaling
    from transformer_engine.pytorch.custom_recipes import reference_nvfp4
    return reference_nvfp4, reference_current_scaling


def write_nvfp4(module, name, tile, cases, **options):
    top = options.get("nvfp4_e4m3_max", 448)
    quantizer = module.NVFP4QuantizerRef(
        dtype=module.reference_utils.Fp4Formats.E2M1, rowwise=True, columnwise=False,
        quant_tile_shape=tile, **options)
    described = ", ".join(f"{key}={value}" for key, value in options.items())
    file = RecipeFile(
        recipe=f"te_{name}",
        package="transformer-engine",
        function=f"custom_recipes.reference_nvfp4.NVFP4QuantizerRef(quant_tile_shape={tile}"
        + (f", {described})" if described else ")") + ".quantize(x), row-wise",
        script=__file__,
        element="e2m1fn",
        codes="low_nibble_first",
        block=tile,
        scale="e4m3fn",
        tensor_scale=f"amax {6 * top}",
        with_packages=["torch"],
    )
    for case, dtype, values in cases:
        x = torch_tensor(values, dtype)
        q = quantizer.quantize(x)
        file.add(case, dtype, float_of(x), words_of(q.data), words_of(q.scale)[:: tile[0]],
                 float(q.global_amax_row))
    file.write()


def write_fp8(module, name, dtype, element, values_of_element, pow_2_scales):
    file = RecipeFile(
        recipe=f"te_{name}",
        package="transformer-engine",
        function="custom_recipes.reference_current_scaling.CurrentScalingQuantizerRef("
        f"{dtype}, pow_2_scales={pow_2_scales}, eps=0.0).quantize(x), row-wise",
        script=__file__,
        element=element,
        codes="byte",
        block=("all", "all"),
        scale="float32",
        with_packages=["torch"],
    )
    quantizer = module.CurrentScalingQuantizerRef(dtype, rowwise=True, columnwise=False,
                                                  pow_2_scales=pow_2_scales)
    for case, source, values in tensor_cases(16, 64, values_of_element, 1.0):
        if case in ("scales_down_to_zero", "zero_block"):
            continue  # nothing new for one scale a tensor
        x = torch_tensor(values, source)
        try:
            q = quantizer.quantize(x)
        except AssertionError:
            file.note(f"case {case} {source} fails an assertion of the package")
            continue
        file.add(case, source, float_of(x), words_of(q.data), words_of(q.scale))
    file.write()


def tile_cases():
    """Four tiles of 16 x 16 side by side: scales from full to none, and ties."""
    rng = np.random.default_rng(20250104)

    def tile(amax):
        return random_block(rng, 256, np.float32(amax)).reshape(16, 16)

    tied = np.resize(np.array([6.0] + ties(E2M1)), 256).reshape(16, 16)
    yield "tiles", "bfloat16", np.hstack([tile(2688), tied, tile(6 * 1.5 * 2.0**-9), tile(0)])
    yield "normal", "bfloat16", np.hstack([tile(3.7), tile(0.61), tile(2.2), tile(0.011)])


def small_tile_cases():
    """Tiles of which both candidates of 4over6 win some, with errors that need the order of sums."""
    rng = np.random.default_rng(20250108)
    spread = np.exp2(rng.uniform(-3, 3, (1, 8))).repeat(16, axis=1)
    yield "normal", "bfloat16", (rng.standard_normal((16, 128)) * spread).astype(np.float32)
    coarse = np.round(rng.standard_normal((16, 64)) * 4) / 2
    coarse[0, ::16] = 12  # the sums of many tiles are equal or nearly so
    yield "coarse", "bfloat16", coarse.astype(np.float32)


def normal_case():
    """Blocks enough that both candidates of 4over6 win somewhere."""
    rng = np.random.default_rng(20250105)
    return "blocks", "bfloat16", (
        rng.standard_normal((6, 64)) * 0.05).astype(np.float32)


def main():
    nvfp4, current = load_references()
    if sys.argv[1] == "fp8":
        for power in (False, True):
            for dtype, element, values in ((torch.float8_e4m3fn, "e4m3fn", E4M3),
                                           (torch.float8_e5m2, "e5m2", E5M2)):
                name = "fp8_current" + ("_e5m2" if element == "e5m2" else "")
                write_fp8(current, name + ("_pow2" if power else ""), dtype, element, values, power)
        return
    write_nvfp4(nvfp4, "nvfp4", (1, 16), tensor_cases(16, 64, E2M1, 448.0))
    write_nvfp4(nvfp4, "nvfp4_2d", (16, 16), tile_cases())
    for error, top in (("MAE", 448), ("MSE", 448), ("MAE", 256), ("MSE", 256)):
        write_nvfp4(nvfp4, f"nvfp4_4over6_{error.lower()}_{top}", (1, 16),
                    [c for c in tensor_cases(16, 64, E2M1, float(top))
                     if c[1] == "bfloat16" and c[0] != "nan"] + [normal_case()],
                    nvfp4_use_4over6=True, nvfp4_e4m3_max=top, nvfp4_4over6_err_mode=error)
        write_nvfp4(nvfp4, f"nvfp4_2d_4over6_{error.lower()}_{top}", (16, 16), small_tile_cases(),
                    nvfp4_use_4over6=True, nvfp4_e4m3_max=top, nvfp4_4over6_err_mode=error)


if __name__ == "__main__":
    main()
