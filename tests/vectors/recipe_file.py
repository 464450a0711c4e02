# SPDX-License-Identifier: MIT
"""Adversarial tensors for quantizers, and the writer of recipe files and of the file of their
inputs (format: README.md)."""

import hashlib
import importlib.metadata
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def bits_of(values):
    """The binary32 patterns of float32 values."""
    return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)


def bfloat16_bits(values):
    """bfloat16 patterns by truncation: what the inputs below are made of, not a conversion under
    test. NaN stays NaN, since the inputs' NaN has its quiet bit in the upper half."""
    return (bits_of(values) >> 16).astype(np.uint16)


def above(x):
    return np.nextafter(np.float32(x), np.float32(np.inf))


def below(x):
    return np.nextafter(np.float32(x), np.float32(-np.inf))


def ties(values):
    """Midpoints of neighbouring values, negative ones too, alternating in sign."""
    middle = [(a + b) / 2 for a, b in zip(values, values[1:])]
    return [m if i % 2 == 0 else -m for i, m in enumerate(middle)] + [
        -m if i % 2 == 0 else m for i, m in enumerate(middle)
    ]


def random_block(rng, length, amax):
    """Normal values, the largest of which has magnitude amax; a few zeros of both signs."""
    with np.errstate(over="ignore", under="ignore"):
        x = rng.standard_normal(length)
        x = (x / np.abs(x).max() * float(amax)).astype(np.float32)
    x[1], x[2] = 0.0, -0.0
    x[rng.integers(3, length)] = amax
    return x


def block_with(length, amax, inner):
    """amax first, then inner values (repeated to fill the block), none beyond amax."""
    out = np.resize(np.array(inner, dtype=np.float32), length)
    out[0] = amax
    return out


def mx_rows(length, element_values, narrow):
    """Finite blocks, one a row, and blocks with NaN or infinity.

    element_values are the element format's values >= 0; narrow asks for bfloat16-exact inputs.
    """
    rng = np.random.default_rng(20250101)
    top = element_values[-1]
    binade = 2.0 ** np.floor(np.log2(top))
    middles = ties(element_values)
    if len(middles) > length - 1:  # the smallest, then the largest
        half = (length - 1) // 2
        middles = middles[:half] + middles[len(middles) // 2 - half :][: length - 1 - half]
    nudged = [above(m) if i % 2 else below(m) for i, m in enumerate(middles)]
    step = (lambda x, n: np.float32(x * (1 + n * 2.0**-7))) if narrow else (
        lambda x, n: above(x) if n > 0 else below(x))
    rows = [
        block_with(length, top, middles),
        block_with(length, -top * 2.0**-9, np.array(middles) * 2.0**-9),
        block_with(length, step(2 * binade, -1), middles),
        random_block(rng, length, binade),
        random_block(rng, length, step(binade, 1)),
        random_block(rng, length, step(top, 1)),
        random_block(rng, length, 1.75 * binade),
        random_block(rng, length, step(1.75 * binade, -1)),
        random_block(rng, length, 1.9375 * binade),
        random_block(rng, length, step(1.9375 * binade, -1)),
        random_block(rng, length, 1.5 * binade * 2.0**60),
        np.zeros(length),
        np.resize(np.array([-0.0, 0.0]), length),
        random_block(rng, length, 2.0**-126),
        random_block(rng, length, 1.5 * 2.0**-126 * binade),
        random_block(rng, length, 1.25 * 2.0**-127 * binade),
        random_block(rng, length, 2.0**-133 if narrow else 2.0**-149),
        random_block(rng, length, np.float32(3.3895313892515355e38) if narrow
                     else np.finfo(np.float32).max),
        random_block(rng, length, 1.25 * 2.0**127),
    ]
    if not narrow:
        rows.insert(1, block_with(length, top, nudged))
        rows.append(random_block(rng, length, 1.7 * 2.0**-140))
    bad = [
        block_with(length, np.nan, middles),
        block_with(length, np.inf, middles),
        block_with(length, -np.inf, [1.0, np.nan, -np.inf, -0.0]),
    ]
    return np.array(rows, dtype=np.float32), np.array(bad, dtype=np.float32)


def mx_cases(length, element_values, dtypes=("float32", "bfloat16")):
    """(name, dtype, tensor) for quantizers without a tensor scale: a block a row, those with NaN or
    infinity in a case of their own."""
    for dtype in dtypes:
        finite, other = mx_rows(length, element_values, dtype == "bfloat16")
        yield "blocks", dtype, finite
        yield "nonfinite", dtype, other


def tensor_cases(block, columns, element_values, largest_scale):
    """(name, dtype, tensor) for quantizers with a tensor scale: each case is one tensor."""
    rng = np.random.default_rng(20250102)
    top = element_values[-1]
    full = np.float32(top * largest_scale)
    count = columns // block
    middles = ties(element_values)

    def rows_of(*blocks):
        flat = np.array([b for b in blocks], dtype=np.float32).reshape(-1)
        return flat.reshape(-1, columns)

    def noise(amax, n=count):
        return [random_block(rng, block, amax) for _ in range(n)]

    def spread(amax):
        """Blocks whose largest magnitudes fall by powers of about 5."""
        return rows_of(*[random_block(rng, block, amax * 5.3**-i) for i in range(2 * count)])

    unit = rows_of(*([block_with(block, full, [full / 3])] + [
        block_with(block, s * top, np.array(middles) * s) for s in (1.0, 16.0, 1.125)] +
        noise(full, (-4) % count)))
    cases = [("ties", unit)]
    cases.append(("normal", spread(np.float32(3.71))))
    cases.append(("scales_down_to_zero", rows_of(
        random_block(rng, block, full), *[
            random_block(rng, block, top * 2.0**-e) for e in (6, 7, 8, 9, 9.5, 10, 10.5)],
        *noise(full, (-8) % count))))
    cases.append(("zero_block", rows_of(
        np.zeros(block), np.resize(np.array([-0.0, 0.0]), block),
        *noise(1.0, (-2) % count or count))))
    cases.append(("all_zero", rows_of(*[np.resize(np.array([0.0, -0.0]), block)] * count)))
    cases.append(("tiny", spread(np.float32(2.0**-110))))
    cases.append(("subnormal", spread(np.float32(2.0**-128))))
    cases.append(("huge", spread(np.float32(3.3895313892515355e38))))
    bad = spread(np.float32(2.5))
    bad[0, 3] = np.nan
    cases.append(("nan", bad))
    bad = spread(np.float32(2.5))
    bad[0, 3] = np.inf
    bad[-1, 5] = -np.inf
    cases.append(("infinity", bad))
    cases.append(("least_subnormal", spread(np.float32(2.0**-149))))
    narrow = ("ties", "normal", "zero_block", "subnormal", "huge", "nan")
    return [(name, "float32", x) for name, x in cases] + [
        (name, "bfloat16", x) for name, x in cases if name in narrow]


INPUTS = os.path.join(HERE, "recipe_inputs.txt")


def keep_input(dtype, rows, columns, text):
    """Puts a tensor into the file of inputs, where it is not there yet, and gives its name there."""
    line = f"{dtype} {rows} {columns} {text}"
    name = hashlib.sha256(line.encode("ascii")).hexdigest()[:8]
    lines = []
    if os.path.exists(INPUTS):
        with open(INPUTS, encoding="ascii") as file:
            lines = file.read().splitlines()
    if f"{name} {line}" not in lines:
        assert all(not other.startswith(name) for other in lines)
        with open(INPUTS, "w", encoding="ascii", newline="\n") as file:
            file.write("\n".join(sorted(lines + [f"{name} {line}"])) + "\n")
    return name


class RecipeFile:
    """One recipe's file: a header, then cases."""

    def __init__(self, recipe, package, function, script, element, codes, block, scale,
                 tensor_scale="none", with_packages=(), options=(), version=None):
        self.path = os.path.join(HERE, "recipes", recipe + ".txt")
        with open(script, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.lines = [
            "binade_recipe_vectors 2",
            f"recipe {recipe}",
            f"package {package} {version or importlib.metadata.version(package)}",
            *[f"with {p} {importlib.metadata.version(p)}" for p in with_packages],
            f"function {function}",
            f"script {os.path.basename(script)} {digest}",
            f"element {element} {codes}",
            f"block {block[0]} {block[1]}",
            f"scale {scale}",
            f"tensor_scale {tensor_scale}",
            *[f"option {key} {value}" for key, value in options],
        ]

    def add(self, name, dtype, x, codes, scales, tensor_scale=None, more=()):
        """x: float32 values, exact in dtype; codes: uint8 array; scales: array of an unsigned type;
        tensor_scale: a float32 value; more: lines of the case."""
        scales = np.ascontiguousarray(scales)
        self._begin(name, dtype, x)
        self.lines += [
            "codes " + np.ascontiguousarray(codes, dtype=np.uint8).tobytes().hex(),
            "scales " + "".join(f"{s:0{2 * scales.dtype.itemsize}x}" for s in scales.reshape(-1)),
            *more,
        ]
        self._end(tensor_scale)

    def add_values(self, name, dtype, x, values, tensor_scale=None):
        """The same for a quantizer that gives dequantized values and no codes."""
        self._begin(name, dtype, x)
        self.lines.append("values " + "".join(f"{v:08x}" for v in bits_of(values).reshape(-1)))
        self._end(tensor_scale)

    def _begin(self, name, dtype, x):
        rows, columns = x.shape
        words = bfloat16_bits(x) if dtype == "bfloat16" else bits_of(x)
        digits = 2 * words.dtype.itemsize
        text = "".join(f"{w:0{digits}x}" for w in words.reshape(-1))
        self.lines += [
            "",
            f"case {name} {dtype} {rows} {columns}",
            "x " + keep_input(dtype, rows, columns, text),
        ]

    def _end(self, tensor_scale):
        if tensor_scale is not None:
            self.lines.append(f"tensor_scale {int(bits_of([tensor_scale])[0]):08x}")

    def note(self, text):
        """A comment line."""
        self.lines += ["", f"# {text}"]

    def write(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w", encoding="ascii", newline="\n") as file:
            file.write("\n".join(self.lines) + "\n")
        size = os.path.getsize(self.path)
        print(f"{size:7d} {os.path.relpath(self.path, HERE)}", file=sys.stderr)


E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]


def minifloat_values(exponent_bits, mantissa_bits, bias, largest):
    """The values >= 0 up to the largest, in order."""
    values = []
    for e in range(1 << exponent_bits):
        for m in range(1 << mantissa_bits):
            if e == 0:
                values.append(m * 2.0 ** (1 - bias - mantissa_bits))
            else:
                values.append((1 + m * 2.0**-mantissa_bits) * 2.0 ** (e - bias))
    return [v for v in values if v <= largest]


E4M3 = minifloat_values(4, 3, 7, 448)
E5M2 = minifloat_values(5, 2, 15, 57344)
E2M3 = minifloat_values(2, 3, 1, 7.5)
E3M2 = minifloat_values(3, 2, 3, 28)
