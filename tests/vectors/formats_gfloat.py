# SPDX-License-Identifier: MIT
"""gfloat: the thirty P3109 types with K = 8 in its rounding modes, and the OCP formats."""

import math

from gfloat import RoundMode, decode_float, encode_float, round_float
from gfloat.formats import (format_info_ocp_e2m1, format_info_ocp_e2m3, format_info_ocp_e3m2,
                            format_info_ocp_e4m3, format_info_ocp_e5m2, format_info_ocp_e8m0,
                            format_info_p3109)
from gfloat.types import Domain, Signedness

from format_file import FormatFile, boundary_inputs, float_bits, float_of

DIRECTED = {
    "ties_to_away": RoundMode.TiesToAway,
    "toward_zero": RoundMode.TowardZero,
    "toward_negative": RoundMode.TowardNegative,
    "toward_positive": RoundMode.TowardPositive,
}
STOCHASTIC = {
    "add_truncate": RoundMode.StochasticFastest,
    "centered": RoundMode.StochasticFast,
    "round_then_add": RoundMode.Stochastic,
}
SATURATION = {"none": False, "finite": True}


def code_of(info, x, mode, saturate, **random):
    """The code of x, or None where gfloat cannot give one."""
    try:
        return encode_float(info, round_float(info, x, mode, saturate, **random))
    except (ValueError, AssertionError, OverflowError):
        return None


def write_encode(file, name, info, inputs, policies):
    """policies: (name, mode, saturate, keywords)."""
    file.encode(name, info.k, [p[0] for p in policies], inputs, [
        [code_of(info, float_of(x), mode, saturate, **words)
         for _, mode, saturate, words in policies]
        for x in inputs
    ])


def nearest():
    return [(f"ties_to_even/{s}", RoundMode.TiesToEven, flag, {}) for s, flag in SATURATION.items()]


def values_of(info):
    values = [decode_float(info, code).fval for code in range(2**info.k)]
    return [v for v in values if math.isfinite(v)]


def write_p3109(file):
    for signedness, letter, most in ((Signedness.Signed, "s", 7), (Signedness.Unsigned, "u", 8)):
        for p in range(1, most + 1):
            for domain, end in ((Domain.Extended, "e"), (Domain.Finite, "f")):
                info = format_info_p3109(8, p, signedness, domain)
                name = f"binary8p{p}{letter}{end}"
                values = values_of(info)
                file.decode(name, 8, [
                    (code, float_bits(decode_float(info, code).fval)) for code in range(256)
                    if end == "e" or code % 127 in (0, 1, 2, 126)])
                whole = None if end == "e" else 24
                write_encode(file, name, info,
                             boundary_inputs(values, whole, negatives=letter == "s"), nearest())
                few = boundary_inputs(values, 14, negatives=letter == "s")
                write_encode(file, name, info, few, [
                    (f"{mode}/{s}", value, flag, {})
                    for mode, value in DIRECTED.items() for s, flag in SATURATION.items()])
                write_encode(file, name, info, few[::3], [
                    (f"{variant}:{n}:{r}/finite", mode, True, {"srbits": r, "srnumbits": n})
                    for variant, mode in STOCHASTIC.items() for n, r in ((1, 1), (4, 5), (8, 200))])


def main():
    file = FormatFile("gfloat", ["gfloat"], __file__)
    for name, info in (("e5m2", format_info_ocp_e5m2), ("e4m3fn", format_info_ocp_e4m3),
                       ("e3m2fn", format_info_ocp_e3m2), ("e2m3fn", format_info_ocp_e2m3),
                       ("e2m1fn", format_info_ocp_e2m1), ("e8m0fnu", format_info_ocp_e8m0)):
        values = values_of(info)
        write_encode(file, name, info, boundary_inputs(values, 64, negatives=info.is_signed),
                     nearest())
    write_p3109(file)
    file.write()


if __name__ == "__main__":
    main()
