// SPDX-License-Identifier: MIT
#pragma once

#include "ratios/rows.hpp"
#include "support/benchmark_case.hpp"
#include "support/timing.hpp"

#include <map>
#include <optional>
#include <string>

namespace ratios {

/// What became of a row.
struct judgement {
  std::string slowest;             ///< the case that counts
  std::optional<double> ratio;     ///< its speed over the divisor's
  std::optional<double> of_limit;  ///< its speed over its limit loop's
  std::string verdict;             ///< "reached", "not reached", or "not measured: why"
};

/// Measures rows. A case is timed only after its answers were verified, and only if a vector kernel
/// stands behind it: one that is less than twice as fast as the scalar definition counts as none.
class judge {
 public:
  judge(bench::case_list cases, int runs);
  [[nodiscard]] judgement operator()(const row& r);

 private:
  [[nodiscard]] const bench::benchmark_case* find(const std::string& name) const;
  [[nodiscard]] bench::timer prepare(const bench::benchmark_case& c, bench::place where) const;
  [[nodiscard]] bool has_kernel(const bench::benchmark_case& c);
  [[nodiscard]] judgement measure(const row& r, const bench::benchmark_case& c) const;

  std::map<std::string, bench::benchmark_case> cases_;
  std::map<std::string, bool> has_kernel_;
  int runs_;
};

}  // namespace ratios
