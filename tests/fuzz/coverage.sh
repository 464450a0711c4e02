#!/bin/sh
# SPDX-License-Identifier: MIT
# Which lines of the file readers their corpora reach: sh tests/fuzz/coverage.sh [FOLDER]
# Needs clang 19 with its llvm-profdata and llvm-cov, and GoogleTest.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-$(mktemp -d)}
clang++-19 -std=c++20 -O0 -g1 -fprofile-instr-generate -fcoverage-mapping -Iinclude -Itests \
  tests/fuzz/replay_test.cpp -lgtest -lgtest_main -pthread -o "$out/replay"
LLVM_PROFILE_FILE=$out/replay.profraw "$out/replay" > "$out/replay.log"
llvm-profdata-19 merge -sparse "$out/replay.profraw" -o "$out/replay.profdata"
for reader in safetensors safetensors_tensor safetensors_model gguf gguf_metadata gguf_tensor npy \
  npy_array onnx onnx_tensor dlpack; do
  llvm-cov-19 export -summary-only "$out/replay" -instr-profile="$out/replay.profdata" \
    "include/binade/io/$reader.hpp" |
    python3 -c 'import json, sys
lines = json.load(sys.stdin)["data"][0]["totals"]["lines"]
print("%-20s %4d of %4d lines, %.1f %%" % (sys.argv[1], lines["covered"], lines["count"],
      lines["percent"]))' "$reader"
done
