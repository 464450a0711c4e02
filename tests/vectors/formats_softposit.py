# SPDX-License-Identifier: MIT
"""softposit: posit<8,0> and posit<16,1>, conversions and + - * /."""

import random

import softposit

from format_file import FormatFile, boundary_inputs, float_bits, float_of

OPERATIONS = ("add", "subtract", "multiply", "divide")


def combine(a, b):
    """The codes of a + b, a - b, a * b and a / b."""
    return [(a + b).v.v, (a - b).v.v, (a * b).v.v, (a / b).v.v]


def fnv1a(codes):
    """FNV-1a of 64 bits over the codes, a byte each."""
    h = 0xCBF29CE484222325
    for code in codes:
        h = ((h ^ code) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def write_conversions(file, name, bits, cls, sample):
    def from_code(code):
        p = cls(0)
        p.fromBits(code)
        return p

    nar = 1 << (bits - 1)
    values = [float(from_code(code)) for code in range(1, nar)]
    codes = range(1, nar) if bits == 8 else random.Random(3).sample(range(1, nar), 200)
    file.decode(name, bits, [(code, float_bits(float(from_code(code)))) for code in sorted(codes)])
    inputs = boundary_inputs(values, sample)
    file.encode(name, bits, ["ties_to_even/finite"], inputs,
                [[cls(float_of(x)).v.v] for x in inputs])
    return from_code


def main():
    file = FormatFile("softposit", ["softposit"], __file__)
    from_code = write_conversions(file, "posit8_0", 8, softposit.posit8, None)
    all8 = [from_code(code) for code in range(256)]
    rows = {operation: [] for operation in OPERATIONS}
    for a in range(256):
        results = [combine(all8[a], b) for b in all8]
        for i, operation in enumerate(OPERATIONS):
            rows[operation].append(f"{a:02x}:{fnv1a(r[i] for r in results):016x}")
    for operation, tokens in rows.items():
        file.section(f"rows {operation} posit8_0", tokens)

    from_code = write_conversions(file, "posit16_1", 16, softposit.posit16, 400)
    rng = random.Random(4)
    edges = [0x0000, 0x8000, 0x0001, 0xFFFF, 0x7FFF, 0x8001, 0x4000, 0xC000, 0x3FFF, 0x4001, 0x5000]
    pairs = [(a, b) for a in edges for b in edges]
    pairs += [(rng.randrange(65536), rng.randrange(65536)) for _ in range(1200)]
    file.section("arithmetic posit16_1", [
        f"{a:04x}{b:04x}:" + "".join(f"{c:04x}" for c in combine(from_code(a), from_code(b)))
        for a, b in pairs])
    file.write()


if __name__ == "__main__":
    main()
