#!/bin/sh
# SPDX-License-Identifier: MIT
# compile_and_run.sh PROGRAM COMPILER ARGUMENT...
#
# Compiles and links PROGRAM and runs it, as a user without a build system does.
set -eu
program=$1
shift
echo "$* -o $program"
"$@" -o "$program"
exec "$program"
