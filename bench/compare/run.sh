#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [ARGUMENT...]
#
# Installs what is missing, builds the program `compare` and runs it with the arguments; without
# any, on the weights that it carries. Standard output is what compare prints, and nothing else.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
(
  cd "$root"
  sh cmake/setup.sh compare
  cmake --workflow --preset compare
) >&2
exec "$root/build/release/bench/compare" "$@"
