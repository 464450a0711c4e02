# SPDX-License-Identifier: MIT
"""Transformer Engine's delayed FP8 scaling in JAX, on the CPU.

The package's own __init__ loads CUDA libraries, so the module of the quantizers is imported without
it, and what that module takes from the compiled library, flax and the sharding rules, none of which
computes anything here, is stood in for. XLA flushes subnormal numbers, so inputs and scales are
normal.

Its NVFP4Quantizer makes no vectors: its stochastic rounding goes from 1 to 2 past 1.5, and the
reduce_precision that its block scales go through makes NaN of those above 240 and 0 of subnormal
ones.
"""

import importlib
import importlib.util
import os
import sys
import types
from unittest.mock import MagicMock

import jax
import jax.numpy as jnp
import numpy as np

from recipe_file import (E4M3, E5M2, RecipeFile, bfloat16_bits, bits_of, random_block,
                         tensor_cases)


def load_quantizers():
    root = os.path.dirname(importlib.util.find_spec("transformer_engine").origin)
    for name in ("transformer_engine", "transformer_engine.common", "transformer_engine.jax",
                 "transformer_engine.jax.quantize"):
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(root, *name.split(".")[1:])]
        sys.modules[name] = package
    for name in ("transformer_engine_jax", "flax", "flax.core", "flax.core.frozen_dict"):
        sys.modules[name] = MagicMock()
    return importlib.import_module("transformer_engine.jax.quantize.quantizer")


def jax_tensor(values, dtype):
    """The values in the given type; bfloat16 by its bits."""
    if dtype == "bfloat16":
        return jax.lax.bitcast_convert_type(jnp.asarray(bfloat16_bits(values)), jnp.bfloat16)
    return jnp.asarray(np.ascontiguousarray(values, dtype=np.float32))


def floats_of(x):
    return np.asarray(x.astype(jnp.float32))


def delayed_cases(element_values):
    """(name, previous scale, margin, tensor that made the history, tensor)."""
    rng = np.random.default_rng(20250109)

    def tensor(amax):
        return np.array([random_block(rng, 32, np.float32(amax))])

    ties = [x for case, dtype, x in tensor_cases(16, 64, element_values, 1.0)
            if (case, dtype) == ("ties", "float32")][0]
    yield "ties", 1.0, 0.0, np.array([[element_values[-1]]]), ties
    yield "grown", 1.0, 0.0, tensor(3.7), tensor(5.1)
    yield "shrunk", 1.0, 0.0, tensor(3.7), tensor(0.011)
    yield "margin", 1.0, 2.0, tensor(0.61), tensor(0.7)
    yield "zero_history", 5.0, 0.0, np.zeros((1, 32)), tensor(90.0)
    yield "infinite_history", 0.37, 0.0, np.array([[np.inf]]), tensor(90.0)
    yield "nan_history", 0.37, 0.0, np.array([[np.nan]]), tensor(90.0)
    yield "zeros", 1.0, 0.0, tensor(2.0), np.array([[0.0, -0.0] * 8])
    yield "nonfinite", 1.0, 0.0, tensor(2.0), np.array([[np.nan, np.inf, -np.inf, 1.0] * 4])


def write_delayed(module, q_dtype, element, values):
    file = RecipeFile(
        recipe="te_fp8_delayed" + ("_e5m2" if element == "e5m2" else ""),
        package="transformer-engine",
        function="transformer_engine.jax.quantize.quantizer.DelayedScaleQuantizer.quantize(x), "
        "row-wise, after it quantized a tensor that makes its history",
        script=__file__,
        element=element,
        codes="byte",
        block=("all", "all"),
        scale="float32",
        with_packages=["jax"],
    )
    for case, previous, margin, history, values in delayed_cases(values):
        for dtype in ("float32", "bfloat16"):
            quantizer = module.DelayedScaleQuantizer(
                q_dtype=q_dtype, scaling_mode=module.ScalingMode.DELAYED_TENSOR_SCALING,
                q_layout=module.QuantizeLayout.ROWWISE, margin=margin,
                scale=jnp.full((1,), previous, jnp.float32))
            before = jax_tensor(history, dtype)
            quantizer.quantize(before, is_rowwise=True, is_colwise=False)
            x = jax_tensor(values, dtype)
            q = quantizer.quantize(x, is_rowwise=True, is_colwise=False)
            codes = np.asarray(jax.lax.bitcast_convert_type(q.data, jnp.uint8))
            amax = np.abs(floats_of(before)).max()
            file.add(case, dtype, floats_of(x), codes, bits_of(q.scale_inv),
                     more=["delayed " + " ".join(f"{b:08x}" for b in bits_of([amax, previous]))
                           + f" {int(margin)}"])
    file.write()


def main():
    module = load_quantizers()
    write_delayed(module, jnp.float8_e4m3fn, "e4m3fn", E4M3)
    write_delayed(module, jnp.float8_e5m2, "e5m2", E5M2)


if __name__ == "__main__":
    main()
