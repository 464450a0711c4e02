#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sentence embeddings in binary64 by numpy, for comparison with those of `embeddings`.

Usage: make_fixture.py HEADS TOKENS CHECKPOINT  prints the embeddings of a safetensors file
       make_fixture.py FOLDER                   writes tiny.safetensors, tiny_tokens.txt and
                                                tiny_expected.txt: a random encoder of 2 layers
Needs numpy 2.4.6 and safetensors 0.8.0 from PyPI.
"""

import math
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

ERF = np.vectorize(math.erf)


def embed(w, heads, tokens):
    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / deviation * w[name + ".weight"] + w[name + ".bias"]

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def split(x):
        return x.reshape(len(tokens), heads, -1).transpose(1, 0, 2)

    words, places, types = (
        w[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")
    )
    x = words[tokens] + places[: len(tokens)] + types[0]
    x = norm(x, "embeddings.LayerNorm")
    for i in range(sum(name.endswith("attention.self.query.weight") for name in w)):
        p = f"encoder.layer.{i}."
        q, k, v = (split(linear(x, p + "attention.self." + n)) for n in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(x.shape)
        x = norm(x + linear(mixed, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        wide = linear(x, p + "intermediate.dense")
        wide = wide * (1 + ERF(wide / math.sqrt(2))) / 2
        x = norm(x + linear(wide, p + "output.dense"), p + "output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def tokens_of(path):
    lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    return [[int(token) for token in line] for line in lines if line]


def lines_of(checkpoint, heads, tokens):
    weights = {name: t.astype(np.float64) for name, t in load_file(checkpoint).items()}
    rows = [embed(weights, heads, line) for line in tokens_of(tokens)]
    return "".join(" ".join(f"{v:.12g}" for v in row) + "\n" for row in rows)


def write_tiny(folder, hidden=32, wide=48, vocabulary=24, places=8):
    random = np.random.default_rng(1)
    weights = {}

    def add(name, *shape, mean=0.0, deviation=0.1):
        weights[name] = random.normal(mean, deviation, shape).astype(np.float32)

    def add_norm(name):
        add(name + ".weight", hidden, mean=1.0)
        add(name + ".bias", hidden)

    def add_linear(name, outputs, inputs):
        add(name + ".weight", outputs, inputs, deviation=0.2)
        add(name + ".bias", outputs)

    add("embeddings.word_embeddings.weight", vocabulary, hidden)
    add("embeddings.position_embeddings.weight", places, hidden)
    add("embeddings.token_type_embeddings.weight", 2, hidden)
    add_norm("embeddings.LayerNorm")
    for i in range(2):
        p = f"encoder.layer.{i}."
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            add_linear(p + "attention." + name, hidden, hidden)
        add_norm(p + "attention.output.LayerNorm")
        add_linear(p + "intermediate.dense", wide, hidden)
        add_linear(p + "output.dense", hidden, wide)
        add_norm(p + "output.LayerNorm")
    save_file(weights, folder / "tiny.safetensors", {"format": "pt"})
    lengths = (1, 3, 8)
    lines = (" ".join(str(t) for t in random.integers(0, vocabulary, n)) for n in lengths)
    (folder / "tiny_tokens.txt").write_text("".join(line + "\n" for line in lines))
    expected = lines_of(folder / "tiny.safetensors", 2, folder / "tiny_tokens.txt")
    (folder / "tiny_expected.txt").write_text(expected)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        write_tiny(pathlib.Path(sys.argv[1]))
    else:
        print(lines_of(sys.argv[3], int(sys.argv[1]), pathlib.Path(sys.argv[2])), end="")
