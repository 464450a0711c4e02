#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh sample|full FOLDER
#
# Builds same_bits.cpp in FOLDER under many compilers and flags, runs each program in every
# floating-point environment and compares its hashes with hashes.txt. `sample`: the
# compiler $CXX, two sets of flags, most element formats left out. `full`: g++, clang++-19 and the
# cross compilers for AArch64 and RISC-V, whose programs run under qemu-user; with all formats under
# most flags, and with a part of them under more. JOBS (default: one a processor) run at once. What
# is not installed is named and left out. The last line counts the configurations and their hashes.
set -eu

tests=$(cd "$(dirname "$0")/.." && pwd)

# run.sh one NAME RUNNER COMMAND...: one configuration. RUNNER is - for none.
if [ "$1" = one ]; then
  name=$2
  runner=$3
  shift 3
  if [ "$runner" = - ]; then runner=''; fi
  log=$name.log
  libraries=-pthread
  case $1 in
    riscv64*) libraries='-pthread -latomic' ;;  # for atomic operations on single bytes
  esac
  status=0
  {
    "$@" -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Werror \
      -I "$tests/../include" -I "$tests" "$tests/same_bits/same_bits.cpp" -o "$name" $libraries &&
      $runner "./$name" "$tests/same_bits/hashes.txt"
  } >"$log" 2>&1 || status=1
  rm -f "$name"
  if [ $status -eq 0 ]; then
    echo "same: $*"
  else
    echo "DIFFERS, or does not build: $*"
    tail -n 40 "$log"
  fi
  exit $status
fi

mode=$1
mkdir -p "$2"
cd "$2"
rm -f ./*.log
: >configurations
add() { # add RUNNER COMMAND...: a line of configurations, numbered by its place
  echo "c$(wc -l <configurations | tr -d ' ') $*" >>configurations
}
has() {
  if command -v "$1" >/dev/null 2>&1; then return 0; fi
  echo "not checked: $1 is not installed"
  return 1
}

part=-DSAME_BITS_SAMPLE
case $mode in
  sample)
    add - "${CXX:-c++}" $part -O0
    add - "${CXX:-c++}" $part -O2 -march=native -ffast-math
    ;;
  full)
    for compiler in g++ clang++-19; do
      if has $compiler; then
        add - $compiler -O3 -march=native -ffast-math
        add - $compiler -O0
        add - $compiler -O2 -march=native -ffp-contract=off
        add - $compiler -O3 $part
        add - $compiler -O3 -march=native -ffp-contract=fast $part
        add - $compiler -O1 -ffast-math $part
        add - $compiler -O0 -ffast-math $part
        add - $compiler -O2 -ffast-math -DBINADE_TARGET=portable $part
        if [ "$(uname -m)" = x86_64 ]; then
          add - $compiler -O2 -ffast-math -DBINADE_TARGET=avx2 $part
        fi
      fi
    done
    if has aarch64-linux-gnu-g++ && has qemu-aarch64; then
      add qemu-aarch64 aarch64-linux-gnu-g++ -static -O2
      add qemu-aarch64 aarch64-linux-gnu-g++ -static -O3 -ffast-math
    fi
    if has riscv64-linux-gnu-g++ && has qemu-riscv64; then
      add qemu-riscv64 riscv64-linux-gnu-g++ -static -O2
      add qemu-riscv64 riscv64-linux-gnu-g++ -static -O3 -ffast-math
    fi
    ;;
  *)
    echo "usage: run.sh sample|full FOLDER" >&2
    exit 2
    ;;
esac

# xargs ends with 123 if a configuration fails, after all of them have run.
begin=$(date +%s)
status=0
xargs -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" -L 1 sh "$tests/same_bits/run.sh" one \
  <configurations >results || status=$?
cat results
echo "$mode: $(grep -c ^same: results) of $(wc -l <configurations | tr -d ' ') configurations the" \
  "same, $(cat ./*.log | awk '/ hashes, / { n += $2 } END { print n + 0 }') hashes compared," \
  "$(($(date +%s) - begin)) s"
exit $status
