// SPDX-License-Identifier: MIT

#include "quantize/quantize_cases.hpp"
#include "support/google_benchmark.hpp"

int main(int argc, char** argv) {
  return bench::run_benchmarks(argc, argv, bench::dequantize_cases());
}
