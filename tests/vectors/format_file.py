# SPDX-License-Identifier: MIT
"""Inputs at every boundary of a format, and the writer of format files (format: README.md)."""

import hashlib
import importlib.metadata
import math
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def float_bits(x):
    """The binary32 pattern of x, which must be one of its values."""
    return struct.unpack("<I", struct.pack("<f", x))[0]


def float_of(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def double_bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def is_binary32(x):
    return abs(x) <= float_of(0x7F7FFFFF) and float_of(float_bits(x)) == x


def around(x):
    """The binary32 values at and on both sides of x > 0, which need not be one itself."""
    if x > float_of(0x7F7FFFFF):
        return [0x7F7FFFFF]
    bits = float_bits(x)  # rounded to nearest
    if float_of(bits) == x:
        return [bits - 1, bits, bits + 1]
    return [bits, bits - 1 if float_of(bits) > x else bits + 1]


SPECIAL = [0x00000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x00800001, 0x3F800000, 0x7F7FFFFF,
           0x7F800000, 0x7FC00000]
SPECIAL += [bits | 0x80000000 for bits in SPECIAL] + [0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF]


def boundary_inputs(values, sample=None, seed=1, negatives=True):
    """binary32 patterns: the values > 0, the points halfway between neighbours (0 included) and the
    first such point beyond the largest, each with its neighbours; negatives of every fourth, if
    asked for; and the special patterns. With `sample`, only that many pairs, those at both ends
    first."""
    values = sorted(v for v in set(values) if v > 0)
    step = values[-1] - values[-2]
    pairs = list(zip([0.0] + values, values + [values[-1] + step]))
    if sample is not None and len(pairs) > sample:
        ends = pairs[:4] + pairs[-6:]
        rest = random.Random(seed).sample(pairs[4:-6], sample - len(ends))
        pairs = ends + sorted(rest)
    found = set(SPECIAL)
    for i, (low, high) in enumerate(pairs):
        middle = (low + high) / 2
        bits = around(middle) if middle else []
        if high <= float_of(0x7F7FFFFF) and is_binary32(high):
            bits = bits + [float_bits(high)] + ([float_bits(high) + 1] if i % 4 == 0 else [])
        found.update(bits)
        if negatives and (i % 4 == 0 or i + 3 > len(pairs)):
            found.update(b | 0x80000000 for b in bits)
    return sorted(found)


def double_traps(values, count=24, seed=2):
    """binary64 patterns just beside points halfway between values: they show a rounding through
    binary32."""
    values = sorted(v for v in set(values) if v > 0)
    rng = random.Random(seed)
    traps = []
    for i in sorted(rng.sample(range(len(values) - 1), min(count, len(values) - 1))):
        middle = (values[i] + values[i + 1]) / 2
        for toward in (0.0, math.inf):
            traps.append(double_bits(math.nextafter(middle, toward)))
            traps.append(double_bits(middle * (1 + (2.0**-40 if toward else -(2.0**-40)))))
    return traps


class FormatFile:
    """One package's file: sections of tokens `input:outputs`."""

    def __init__(self, name, packages, script):
        self.path = os.path.join(HERE, "formats", name + ".txt")
        with open(script, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.lines = [
            "binade_format_vectors 1",
            *[f"package {p} {importlib.metadata.version(p)}" for p in packages],
            f"script {os.path.basename(script)} {digest}",
        ]

    def section(self, title, tokens):
        self.lines += ["", title]
        line = ""
        for token in tokens:
            if line and len(line) + 1 + len(token) > 100:
                self.lines.append(line)
                line = ""
            line = f"{line} {token}" if line else token
        if line:
            self.lines.append(line)

    def encode(self, format_name, bits, policies, inputs, codes, source="float32"):
        """codes[i] holds the code of inputs[i] under each policy, e.g. "ties_to_even/none"; None
        where the package refuses."""
        digits = {"float32": 8, "float64": 16}[source]
        width = (bits + 3) // 4

        def text(code):
            return "-" * width if code is None else f"{code:0{width}x}"

        self.section(f"encode {format_name} {source} {' '.join(policies)}", [
            f"{x:0{digits}x}:" + "".join(text(c) for c in row) for x, row in zip(inputs, codes)])

    def decode(self, format_name, bits, values):
        """values: (code, binary32 pattern)."""
        width = (bits + 3) // 4
        self.section(f"decode {format_name} float32",
                     [f"{code:0{width}x}:{value:08x}" for code, value in values])

    def write(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w", encoding="ascii", newline="\n") as file:
            file.write("\n".join(self.lines) + "\n")
        size = os.path.getsize(self.path)
        print(f"{size:7d} {os.path.relpath(self.path, HERE)}", file=sys.stderr)
