#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [PRESET]
#
# Installs what is missing, builds everything and runs all tests: the workflow preset PRESET of
# CMakePresets.json, `test` unless told otherwise.
set -eu

cd "$(dirname "$0")/.."
sh cmake/setup.sh test
CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}
export CTEST_PARALLEL_LEVEL
exec cmake --workflow --preset "${1:-test}"
