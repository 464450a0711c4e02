# SPDX-License-Identifier: MIT
"""ml_dtypes: its floating-point and integer types, to and from float32, and from float64."""

import ml_dtypes
import numpy as np

from format_file import FormatFile, boundary_inputs, double_traps

# its name: (this library's, bits, the saturation policy that its casts follow)
FLOATS = {
    "float8_e5m2": ("e5m2", 8, "none"),
    "float8_e4m3fn": ("e4m3fn", 8, "none"),
    "float8_e4m3fnuz": ("e4m3fnuz", 8, "none"),
    "float8_e5m2fnuz": ("e5m2fnuz", 8, "none"),
    "float8_e4m3b11fnuz": ("e4m3b11fnuz", 8, "none"),
    "float8_e4m3": ("e4m3_ieee", 8, "none"),
    "float8_e3m4": ("e3m4", 8, "none"),
    "float8_e8m0fnu": ("e8m0fnu", 8, "none"),
    "float6_e2m3fn": ("e2m3fn", 6, "none"),
    "float6_e3m2fn": ("e3m2fn", 6, "none"),
    "float4_e2m1fn": ("e2m1fn", 4, "none"),
    "bfloat16": ("bfloat16", 16, "none"),
}
INTEGERS = {"int2": 2, "int4": 4, "uint2": 2, "uint4": 4}


def codes_of(values, dtype, bits):
    with np.errstate(all="ignore"):
        cast = values.astype(dtype)
    return cast.view(np.uint16 if bits == 16 else np.uint8) & ((1 << bits) - 1)


def all_values(dtype, bits):
    codes = np.arange(1 << bits, dtype=np.uint16 if bits == 16 else np.uint8)
    with np.errstate(all="ignore"):
        return codes, codes.view(dtype).astype(np.float32)


def from_float32(file, name, bits, dtype, policy, inputs):
    x = np.array(inputs, dtype=np.uint32).view(np.float32)
    file.encode(name, bits, [policy], inputs, [[int(c)] for c in codes_of(x, dtype, bits)])


def write_float(file, spelled, name, bits, saturation):
    dtype = getattr(ml_dtypes, spelled)
    rounding = "ties_to_even_significand" if name == "e8m0fnu" else "ties_to_even"
    codes, values = all_values(dtype, bits)
    if bits <= 8:
        file.decode(name, bits, [(int(c), int(v)) for c, v in zip(codes, values.view(np.uint32))])
    finite = [float(v) for v in values[np.isfinite(values)]]
    policy = f"{rounding}/{saturation}"
    from_float32(file, name, bits, dtype, policy,
                 boundary_inputs(finite, 120 if bits == 16 else None,
                                 negatives=name != "e8m0fnu"))
    if bits < 16:
        traps = double_traps(finite)
        x = np.array(traps, dtype=np.uint64).view(np.float64)
        file.encode(name, bits, [policy], traps, [[int(c)] for c in codes_of(x, dtype, bits)],
                    "float64")


def main():
    file = FormatFile("ml_dtypes", ["ml_dtypes", "numpy"], __file__)
    for spelled, (name, bits, saturation) in FLOATS.items():
        write_float(file, spelled, name, bits, saturation)
    for name, bits in INTEGERS.items():
        dtype = getattr(ml_dtypes, name)
        codes, values = all_values(dtype, bits)
        file.decode(name, bits, [(int(c), int(v)) for c, v in zip(codes, values.view(np.uint32))])
        from_float32(file, name, bits, dtype, "toward_zero/finite",
                     boundary_inputs([float(i) for i in range(1, 2**bits + 2)]))
    file.write()


if __name__ == "__main__":
    main()
