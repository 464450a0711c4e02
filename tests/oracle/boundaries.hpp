// SPDX-License-Identifier: MIT
#pragma once

// Where encoding into a format can go wrong: its values, its rounding boundaries, and the floats
// and doubles next to them; and the bit pattern at which each run of equal codes begins.

#include "format.hpp"
#include "round.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

namespace oracle {

namespace boundaries_detail {

inline void sort_unique(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace boundaries_detail

/// Every point that decides something: each value (with the virtual ones past the largest), each
/// midpoint, and for posit and takum each bit-string boundary too. Sorted, without duplicates.
///
/// All are exact. Half the smallest magnitude and twice the largest are included, which matter
/// where nothing decides at the midpoint (e8m0 below 2^-127, integers and codebooks at their ends).
inline std::vector<double> landmarks(const format& f) {
  std::vector<double> points;
  for (std::size_t i = 0; i < f.stops.size(); ++i) {
    points.push_back(f.stops[i].value);
    if (i + 1 == f.stops.size()) break;
    points.push_back(f.boundaries[i]);
    points.push_back(midpoint(f.stops[i].value, f.stops[i + 1].value));
  }
  for (const double end : {f.stops.front().value, f.stops.back().value}) {
    points.push_back(end / 2);
    points.push_back(end + 0.5);
    points.push_back(end - 0.5);
    points.push_back(end * 2);
    points.push_back(-end);
  }
  boundaries_detail::sort_unique(points);
  return points;
}

/// Inputs that no format's table leads to: signed zeros, infinities, NaNs of both signs, the ends
/// of the binary64 and binary32 ranges, and the largest and smallest integers.
inline std::vector<double> special_inputs() {
  using wide = std::numeric_limits<double>;
  using narrow = std::numeric_limits<float>;
  std::vector<double> inputs;
  for (const double x :
       {0.0, wide::infinity(), wide::quiet_NaN(), wide::max(), wide::min(), wide::denorm_min(),
        double{narrow::max()}, double{narrow::min()}, double{narrow::denorm_min()},
        std::ldexp(1.0, 31), std::ldexp(1.0, 63), std::ldexp(1.0, 64), 1e-40, 1e-300, 1e300}) {
    inputs.push_back(x);
    inputs.push_back(std::copysign(x, -1.0));
  }
  return inputs;
}

/// The float nearest to x and two to each side of it; nothing where x is beyond the floats.
///
/// If x is a float these are x and its neighbours; if not, the floats on both sides of x are there.
inline std::vector<float> floats_around(double x) {
  if (std::fabs(x) > double{std::numeric_limits<float>::max()}) return {};
  const auto nearest = static_cast<float>(x);
  std::vector<float> floats = {nearest};
  for (const float side : {-INFINITY, INFINITY}) {
    floats.push_back(std::nextafter(nearest, side));
    floats.push_back(std::nextafter(floats.back(), side));
  }
  return floats;
}

/// Every landmark, the doubles one unit in the last place to each side of it, the floats around it,
/// and special_inputs. Sorted without duplicates, the specials last.
inline std::vector<double> interesting_doubles(const format& f) {
  std::vector<double> inputs;
  for (const double x : landmarks(f)) {
    inputs.push_back(x);
    for (const double side : {-INFINITY, INFINITY}) inputs.push_back(std::nextafter(x, side));
    for (const float y : floats_around(x)) inputs.push_back(y);
  }
  boundaries_detail::sort_unique(inputs);
  for (const double x : special_inputs()) inputs.push_back(x);
  return inputs;
}

/// The floats around every landmark, and special_inputs as far as they are floats. Sorted without
/// duplicates, the specials last.
inline std::vector<float> interesting_floats(const format& f) {
  std::vector<double> inputs;
  for (const double x : landmarks(f)) {
    for (const float y : floats_around(x)) inputs.push_back(y);
  }
  boundaries_detail::sort_unique(inputs);
  for (const double x : special_inputs()) {
    if (!std::isfinite(x) || x == double{static_cast<float>(x)}) inputs.push_back(x);
  }
  std::vector<float> floats;
  for (const double x : inputs) floats.push_back(static_cast<float>(x));
  return floats;
}

/// A run of binary32 patterns with one code: from `first` up to the next run's first.
struct float_run {
  std::uint32_t first = 0;
  code_type code = 0;
};

inline float float_of(std::uint32_t bits) {
  float x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

namespace boundaries_detail {

/// Appends the starts of the runs in (low, high], given the code of low: bisection, on the ground
/// that encode is monotone there, so that equal codes at both ends mean one code between them.
inline void find_runs(const format& f, const rounding& r, saturation policy, std::uint32_t low,
                      code_type low_code, std::uint32_t high, code_type high_code,
                      std::vector<float_run>& runs) {
  if (low_code == high_code) return;
  if (high == low + 1) {
    runs.push_back({high, high_code});
    return;
  }
  const std::uint32_t middle = low + (high - low) / 2;
  const code_type middle_code = encode(f, float_of(middle), r, policy);
  find_runs(f, r, policy, low, low_code, middle, middle_code, runs);
  find_runs(f, r, policy, middle, middle_code, high, high_code, runs);
}

}  // namespace boundaries_detail

/// The code of every one of the 2^32 binary32 patterns, as runs in the order of the patterns: the
/// positive numbers from +0 to infinity, the positive NaNs, then the same of negative sign. The
/// first run starts at 0; neighbouring runs differ in code.
///
/// One sign at a time the code is a monotone function of the pattern, in the sense that a code left
/// is not met again; that is checked, and std::logic_error says if not.
/// Cost: about 20 encodes a run.
inline std::vector<float_run> first_float_of_each_code(const format& f, const rounding& r,
                                                       saturation policy) {
  constexpr std::uint32_t infinity = 0x7F800000;
  std::vector<float_run> runs;
  for (const std::uint32_t sign : {0U, 0x80000000U}) {
    const std::size_t begin = runs.size();
    const code_type zero = encode(f, float_of(sign), r, policy);
    const code_type end = encode(f, float_of(sign | infinity), r, policy);
    const code_type largest = encode(f, float_of(sign | (infinity - 1)), r, policy);
    runs.push_back({sign, zero});
    // The smallest number by itself: in unsigned formats the negative ones have the code of
    // neither zero nor, perhaps, anything else.
    const code_type least = encode(f, float_of(sign | 1U), r, policy);
    boundaries_detail::find_runs(f, r, policy, sign, zero, sign | 1U, least, runs);
    boundaries_detail::find_runs(f, r, policy, sign | 1U, least, sign | (infinity - 1), largest,
                                 runs);
    boundaries_detail::find_runs(f, r, policy, sign | (infinity - 1), largest, sign | infinity, end,
                                 runs);
    std::vector<code_type> seen;
    for (std::size_t i = begin; i < runs.size(); ++i) seen.push_back(runs[i].code);
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
      throw std::logic_error("oracle::first_float_of_each_code: not monotone in " + f.name);
    }
    const code_type nan = nan_result(f, sign != 0);
    if (nan != runs.back().code) runs.push_back({(sign | infinity) + 1, nan});
  }
  // A run that goes on across the signs is one run.
  const auto same = [](const float_run& a, const float_run& b) { return a.code == b.code; };
  runs.erase(std::unique(runs.begin(), runs.end(), same), runs.end());
  return runs;
}

}  // namespace oracle
