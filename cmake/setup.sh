#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh compare|bench|test|ci
#
# Installs what building that needs and is not there yet, through apt (as root, or with sudo). Where
# there is no apt it names what is missing: an error for tools, a note for libraries that CMake can
# fetch. Nothing missing: nothing done.
set -eu

purpose=${1:-test}
missing=''   # what to install
required=''  # the part of it that CMake cannot fetch

need() { # need PACKAGE required|fetched
  missing="$missing $1"
  if [ "$2" = required ]; then required="$required $1"; fi
}
has() { command -v "$1" >/dev/null 2>&1; }
has_header() {
  printf '#include <%s>\n' "$1" | "${CXX:-c++}" -E -x c++ - >/dev/null 2>&1
}

# need_command COMMAND PACKAGE; need_header HEADER PACKAGE required|fetched
need_command() { has "$1" || need "$2" required; }
need_header() { has_header "$1" || need "$2" "$3"; }

need_command "${CXX:-c++}" g++
need_command cmake cmake
need_command ninja ninja-build
need_header fmt/format.h libfmt-dev fetched
need_header nlohmann/json.hpp nlohmann-json3-dev fetched
need_header CLI/CLI.hpp libcli11-dev fetched
need_header benchmark/benchmark.h libbenchmark-dev fetched
if [ "$purpose" = bench ]; then # peers: left out where there is no apt to install them
  need_header openblas_config.h libopenblas-dev fetched
  need_header oneapi/dnnl/dnnl.hpp libdnnl-dev fetched
fi
if [ "$purpose" = test ] || [ "$purpose" = ci ]; then
  need_header gtest/gtest.h libgtest-dev fetched
  need_header gmock/gmock.h libgmock-dev fetched
  need_header mpfr.h libmpfr-dev required
  need_header gmpxx.h libgmp-dev required
fi
if [ "$purpose" = ci ]; then
  need_command g++ g++
  need_command clang++-19 clang-19
  need_command clang-format-19 clang-format-19
  need_command pkg-config pkg-config
fi

if [ -z "$missing" ]; then exit 0; fi

as_root=''
if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
if has apt-get && { [ -z "$as_root" ] || has sudo; }; then
  echo "Installing:$missing"
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600"
  $apt update </dev/null
  # shellcheck disable=SC2086
  $apt install --no-install-recommends $missing </dev/null
elif [ -n "$required" ]; then
  echo "setup.sh: missing, and neither root nor sudo with apt is there to install it:$required" >&2
  echo "These are names of Debian packages; install the same by your system's own means." >&2
  exit 1
else
  echo "Not installed, so CMake fetches it (names of Debian packages):$missing"
fi
