#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [--runs N] [--filter REGEX]
#
# Installs what is missing, peers included, builds the program `ratios` and runs it: one row for
# each goal, with the measured ratio, the part of the limit and the verdict. Standard output is that
# table, and nothing else.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
(
  cd "$root"
  sh cmake/setup.sh bench
  cmake --workflow --preset bench
) >&2
exec "$root/build/release/bench/ratios" "$@"
