// SPDX-License-Identifier: MIT

#include "support/timing.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

namespace bench {
namespace {

double now(clockid_t clock) {
  std::timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

timer::timer(contender c, clock_kind clock) : contender_(std::move(c)), clock_(clock) {
  constexpr double batch = 2e-3;
  constexpr std::size_t most = 1 << 20;
  double once = seconds(1);
  if (contender_.before) return;  // what it undoes would be done again by a second run
  while (once * static_cast<double>(runs_) < batch && runs_ < most) {
    runs_ *= 2;
    once = seconds(runs_) / static_cast<double>(runs_);
  }
}

double timer::seconds(std::size_t runs) const {
  const clockid_t clock = clock_ == clock_kind::wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  if (contender_.before) contender_.before();
  const double start = now(clock);
  for (std::size_t i = 0; i < runs; ++i) contender_.run();
  return now(clock) - start;
}

double timer::items_per_second() const {
  return static_cast<double>(runs_) * contender_.items / seconds(runs_);
}

paired_runs run_in_turns(const std::vector<timer>& contenders, const timer& limit, int wanted) {
  paired_runs result;
  while (static_cast<int>(result.limits.size()) < wanted && result.discarded < 2 * wanted) {
    const double first = limit.items_per_second();
    std::vector<double> speeds;
    speeds.reserve(contenders.size());
    for (const timer& t : contenders) speeds.push_back(t.items_per_second());
    const double second = limit.items_per_second();
    if (std::abs(first - second) > 0.1 * std::min(first, second)) {
      ++result.discarded;
      continue;
    }
    result.items_per_second.push_back(std::move(speeds));
    result.limits.push_back((first + second) / 2);
  }
  return result;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace bench
