// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

#include <cstddef>
#include <vector>

namespace bench {

/// A contender and the number of its runs that take about two milliseconds. The first run of all
/// happens here, untimed.
class timer {
 public:
  explicit timer(contender c, clock_kind clock = clock_kind::thread);

  /// Items a second of one batch.
  [[nodiscard]] double items_per_second() const;

 private:
  [[nodiscard]] double seconds(std::size_t runs) const;

  contender contender_;
  clock_kind clock_;
  std::size_t runs_ = 1;
};

/// What a series of paired runs gave.
struct paired_runs {
  std::vector<std::vector<double>> items_per_second;  ///< [run][contender]
  std::vector<double> limits;                         ///< [run] the limit's items per second
  int discarded = 0;  ///< runs whose two measurements of the limit differ by more than 10%
};

/// Lets the contenders take turns, `wanted` times, with the limit before the first and after the
/// last of each run. A run whose limits differ by more than 10% judges nothing and is repeated;
/// after 2 * wanted such runs fewer runs than wanted come back.
[[nodiscard]] paired_runs run_in_turns(const std::vector<timer>& contenders, const timer& limit,
                                       int wanted);

/// The middle value, or the mean of the middle two. Needs at least one.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace bench
