#!/usr/bin/env bash
# SPDX-License-Identifier: MIT

# Writes formats/, recipes/, checkpoints/ and SHA256SUMS again, from the packages at their pinned
# versions. Usage: generate.sh formats|recipes|checkpoints|sums|all FOLDER
# FOLDER holds the Python environments and sources (about 6 GB for the recipes) and may be deleted.
# Needs: CPython 3.11, gcc, x86-64 Linux with AVX2; a package index.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
part=${1:?formats, recipes, checkpoints, sums or all}
mkdir -p "${2:?a folder}"
work=$(cd "$2" && pwd)

# One code path of torch on every processor; it shows in what becomes of NaN.
export ATEN_CPU_CAPABILITY=avx2 PYTHONDONTWRITEBYTECODE=1

# environment NAME: a virtual environment with requirements_NAME.txt, made once.
environment() {
  local folder="$work/$1"
  [ -e "$folder/complete" ] && return
  python3.11 -m venv "$folder"
  "$folder/bin/pip" install --quiet --no-deps --require-hashes -r "$here/requirements_$1.txt"
  touch "$folder/complete"
}

# fetch REQUIREMENT HASH: one archive of a package, into the folder.
fetch() {
  echo "$1 --hash=sha256:$2" > "$work/fetch.txt"
  "$work/recipes/bin/pip" download --quiet --no-deps --require-hashes -r "$work/fetch.txt" \
    -d "$work"
}

formats() {
  environment formats
  for name in gfloat ml_dtypes softposit en_dtypes onnx; do
    "$work/formats/bin/python" -W ignore "$here/formats_$name.py"
  done
}

# The four quantizers of ggml, out of the sources that ggml-python carries.
ggml_library() {
  fetch ggml-python==0.0.45 10aac52075cf3c7ef2b00d6c35b1c23f7b018dbeff8ae8df67339b4be1166f05
  tar -xzf "$work/ggml_python-0.0.45.tar.gz" -C "$work"
  local ggml="$work/ggml_python-0.0.45/vendor/ggml"
  echo "{ global: quantize_row_mxfp4_ref; quantize_row_nvfp4_ref; quantize_row_q8_0_ref;
    quantize_row_q4_0_ref; local: *; };" > "$work/ggml.map"
  # Sections that these four do not reach go, and with them what ggml.c would have to define.
  gcc -O2 -fPIC -shared -ffunction-sections -fdata-sections -Wl,--gc-sections \
    "-Wl,--version-script=$work/ggml.map" "-I$ggml/include" "-I$ggml/src" \
    -o "$work/libggml-quants.so" "$ggml/src/ggml-quants.c" -lm
}

# DeepGEMM's module math.py alone: the package itself needs a GPU.
deep_gemm() {
  fetch sgl-deep-gemm==0.2.5 e13778e53f682b806dd2c799b5ad81701114d9346044643a8df7589a845f34e6
  "$work/recipes/bin/python" -m zipfile -e "$work"/sgl_deep_gemm-0.2.5-*.whl "$work"
}

# microxcaling's modules, in the copy that tico carries.
microxcaling() {
  fetch tico==0.3.0 ac2b861f5a5472e9d7682293160a8e84fcf5a8d68abf6a8a445e2c126e394fdd
  "$work/recipes/bin/python" -m zipfile -e "$work"/tico-0.3.0-*.whl "$work"
}

recipes() {
  environment recipes
  ggml_library
  deep_gemm
  microxcaling
  rm -f "$here/recipe_inputs.txt"
  run() { "$work/recipes/bin/python" -W ignore "$here/$1" "${@:2}"; }
  for group in mxfp4 mxfp8 others; do run recipe_torchao.py "$group"; done
  run recipe_torchao_nvfp4.py
  for group in mx_nv fp8; do run recipe_compressed_tensors.py "$group"; done
  run recipe_modelopt.py
  run recipe_ggml.py "$work/libggml-quants.so"
  for group in nvfp4 fp8; do run recipe_transformer_engine.py "$group"; done
  run recipe_transformer_engine_jax.py
  run recipe_fp_quant.py
  run recipe_deep_gemm.py "$work/deep_gemm/utils/math.py"
  run recipe_microxcaling.py "$work/tico/utils/mx"
}

checkpoints() {
  environment recipes
  rm -rf "$here/checkpoints"
  for name in modelopt compressed_tensors transformers gguf; do
    "$work/recipes/bin/python" -W ignore "$here/checkpoint_$name.py" "$here/checkpoints"
  done
  find "$here/checkpoints" -type f -exec chmod 644 {} +
}

sums() {
  (cd "$here" &&
    find ./*.py requirements_*.txt recipe_inputs.txt formats recipes checkpoints -type f |
    LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
}

case $part in
  formats | recipes | checkpoints | sums) "$part" ;;
  all) formats && recipes && checkpoints && sums ;;
  *) echo "generate.sh: unknown part $part" >&2 && exit 2 ;;
esac
