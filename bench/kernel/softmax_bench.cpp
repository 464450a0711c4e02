// SPDX-License-Identifier: MIT

#include "kernel/transform_cases.hpp"
#include "support/google_benchmark.hpp"

int main(int argc, char** argv) {
  return bench::run_benchmarks(argc, argv, bench::softmax_cases());
}
