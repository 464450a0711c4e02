// SPDX-License-Identifier: MIT

// ratios: how fast the kernels are, measured against the limits of this machine and other
// libraries, beside the goals.

#include "binade/kernel/simd/dispatch.hpp"
#include "kernel/convert_cases.hpp"
#include "kernel/product_cases.hpp"
#include "kernel/transform_cases.hpp"
#include "peers/peers.hpp"
#include "quantize/quantize_cases.hpp"
#include "ratios/judge.hpp"
#include "ratios/rows.hpp"
#include "support/limits.hpp"
#include "support/machine.hpp"
#include "targets/targets.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <regex>
#include <string>

namespace {

bench::case_list all_cases() {
  bench::case_list cases = bench::encode_cases();
  bench::append(cases, bench::decode_cases());
  bench::append(cases, bench::quantize_cases());
  bench::append(cases, bench::dequantize_cases());
  bench::append(cases, bench::gemm_cases());
  bench::append(cases, bench::gemv_cases());
  bench::append(cases, bench::hadamard_cases());
  bench::append(cases, bench::softmax_cases());
  bench::append(cases, bench::target_cases());
  bench::append(cases, bench::limit_cases());
  return cases;
}

std::string number(const std::optional<double>& x) { return x ? fmt::format("{:.3g}", *x) : ""; }

void print_heading(int runs) {
  fmt::print("cpu: {}\nbinade: {} kernels\nOpenBLAS: {}\noneDNN: {}\n", bench::cpu_name(),
             to_string(binade::simd::active_kernels().compiled_for), bench::openblas_core(),
             bench::onednn_version());
  fmt::print("{} elements in L1, {} in L2, {} in memory; medians of {} paired runs.\n\n",
             bench::elements_at(bench::place::l1), bench::elements_at(bench::place::l2),
             bench::elements_at(bench::place::memory), runs);
  fmt::print("| kernel | where | goal: at least | measured | of its limit | verdict |\n");
  fmt::print("|---|---|---|---|---|---|\n");
}

void print_row(const ratios::row& r, const ratios::judgement& j) {
  const bool one_of_many = r.cases.size() > 1 && !j.slowest.empty();
  fmt::print("| {}{} | {} | {} | {} | {} | {} |\n", r.kernel,
             one_of_many ? fmt::format(" (slowest: {})", j.slowest) : "", to_string(r.where),
             goal_text(r), number(j.ratio), number(j.of_limit), j.verdict);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  bench::apply_peer_settings(argv);
  CLI::App app("Measures binade's kernels beside the goals set for them.", "ratios");
  int runs = 9;
  std::string filter;
  app.add_option("--runs", runs, "paired runs of each row")->check(CLI::PositiveNumber);
  app.add_option("--filter", filter,
                 "only rows that this regular expression finds in "
                 "\"KERNEL in PLACE\"");
  CLI11_PARSE(app, argc, argv);

  const std::regex wanted(filter);
  ratios::judge judge(all_cases(), runs);
  print_heading(runs);
  for (const ratios::row& r : ratios::all_rows()) {
    if (std::regex_search(r.kernel + " in " + to_string(r.where), wanted)) {
      print_row(r, judge(r));
    }
  }
  return 0;
}
