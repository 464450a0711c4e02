#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [NAME...]
#
# Whether the tests notice defects: plants the mutations of mutations.txt in copies of include/, one
# at a time, builds the tests that each names and runs them. A mutation is caught if one of its tests
# fails (or does not compile, by a static_assert). Prints a line for each; the exit status is 1 if
# one survives, if a mutation no longer applies, or if a test fails without any.
#
# With NAMEs, only those mutations. Environment: CXX, CXXFLAGS, LIBS, JOBS (default: processors).
# About 8 seconds a mutation and processor.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
CXX=${CXX:-g++}
CXXFLAGS=${CXXFLAGS:--std=c++20 -O1}
LIBS=${LIBS:--lgtest_main -lgtest -lgmock -lfmt -lmpfr -lgmp -pthread}
JOBS=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
time_limit=120 # seconds for a program that takes 6 when nothing is wrong

# build_and_run INCLUDE TEST FOLDER: 0 if the test passes, 1 if it fails, 2 if it does not compile
# for another reason than an assertion. What it printed is in FOLDER/log.
build_and_run() {
  program=$3/program
  # The options are lists of words.
  # shellcheck disable=SC2086
  if ! $CXX $CXXFLAGS -I"$1" -I"$root/tests" "$root/tests/$2_test.cpp" -o "$program" $LIBS \
    >"$3/log" 2>&1; then
    grep -q 'static assertion failed\|static_assert failed' "$3/log" && return 1
    return 2
  fi
  (cd "$root" && timeout $time_limit "$program" --gtest_fail_fast --gtest_brief=1) \
    >"$3/log" 2>&1 || return 1
}

# plant NAME FILE TESTS SED: one mutation. Prints its line; the exit status is 1 unless it is caught.
plant() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp -R "$root/include" "$work/include"
  file=$work/include/binade/$2
  sed "$4" "$file" >"$work/mutated"
  changed=$(diff "$file" "$work/mutated" | grep -c '^>' || true)
  if [ "$changed" -ne 1 ]; then
    echo "STALE     $1: the patch changes $changed lines of $2, not 1"
    return 1
  fi
  cp "$work/mutated" "$file"
  for test in $3; do
    status=0
    build_and_run "$work/include" "$test" "$work" || status=$?
    if [ $status -eq 1 ]; then
      echo "caught    $1 by $test"
      return 0
    fi
    if [ $status -eq 2 ]; then
      echo "BROKEN    $1: $test does not compile"
      sed 's/^/    /' "$work/log" | head -5
      return 1
    fi
  done
  echo "SURVIVED  $1: $3"
  return 1
}

# The test as it is must pass, or a failure would say nothing.
check() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if build_and_run "$root/include" "$1" "$work"; then
    echo "passes    $1"
    return 0
  fi
  echo "FAILS     $1 without any mutation"
  sed 's/^/    /' "$work/log" | head -20
  return 1
}

case ${1-} in
--check)
  check "$2"
  exit
  ;;
--plant)
  plant "$2" "$3" "$4" "$5"
  exit
  ;;
esac

list=$(mktemp)
trap 'rm -f "$list"' EXIT
wanted=" $* "
# Records of mutations.txt as four NUL-terminated arguments.
name=
while read -r key rest; do
  case $key in
  name) name=$rest ;;
  file) file=$rest ;;
  tests) tests=$rest ;;
  sed)
    case $wanted in
    "  " | *" $name "*) printf '%s\0' "$name" "$file" "$tests" "$rest" >>"$list" ;;
    esac
    ;;
  '#'* | '') ;;
  *)
    echo "mutations.txt: what is '$key $rest'?"
    exit 1
    ;;
  esac
done <"$here/mutations.txt"

status=0
tr '\0' '\n' <"$list" | awk 'NR % 4 == 3' | tr ' ' '\n' | sort -u |
  xargs -P "$JOBS" -n 1 sh "$here/run.sh" --check || status=1
xargs -0 -P "$JOBS" -n 4 sh "$here/run.sh" --plant <"$list" || status=1
if [ $status -eq 0 ]; then
  echo "all $(tr '\0' '\n' <"$list" | awk 'END { print NR / 4 }') mutations are caught"
fi
exit $status
