// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

#include <string>
#include <vector>

// The goals as data.

namespace ratios {

enum class divisor {
  limit,       ///< the case's limit loop
  streamed,    ///< the same with non-temporal stores
  fastest,     ///< the fastest of the named cases
  one_by_one,  ///< the named cases one after the other
};

/// Speed of the slowest of `cases` over that of the divisor: at least `goal`.
struct row {
  std::string kernel;
  bench::place where;
  std::vector<std::string> cases;  ///< none: the library has no such call yet
  double goal;
  divisor over;
  std::vector<std::string> peers = {};
  std::string unit = "";  ///< of a goal that is no plain ratio
};

[[nodiscard]] std::vector<row> all_rows();

/// "0.35 x limit", "22 x encode/f32/e4m3fn/cuda_fp8.h".
[[nodiscard]] std::string goal_text(const row& r);

}  // namespace ratios
