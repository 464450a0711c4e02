// SPDX-License-Identifier: MIT

#include "kernel/convert_cases.hpp"
#include "support/google_benchmark.hpp"
#include "support/limits.hpp"

int main(int argc, char** argv) {
  bench::case_list cases = bench::encode_cases();
  bench::append(cases, bench::decode_cases());
  bench::append(cases, bench::limit_cases());
  return bench::run_benchmarks(argc, argv, cases);
}
