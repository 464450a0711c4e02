// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// LogFMT-n: a sign and n - 1 bits that count equal steps of the logarithm, between the smallest and
// the largest magnitude of a tile.

namespace binade::inline v0 {

/// Where the boundary between two neighbouring levels of LogFMT lies.
enum class logfmt_boundary : std::uint8_t {
  linear,       ///< half-way between the levels, as published
  logarithmic,  ///< half-way between their logarithms
};

/// What `quantize_logfmt` may be told.
struct logfmt_options {
  int bits = 8;            ///< of a code, sign included: 3 to 16
  std::size_t tile = 128;  ///< neighbours that share their range
  logfmt_boundary boundary = logfmt_boundary::linear;
};

/// The range of a tile: natural logarithms of its lowest level and of the ratio of two levels.
struct logfmt_range {
  float lowest = 0;
  float step = 0;
};

/// A tensor in LogFMT: one code an element in the low bits of a word (sign above the level, level 0
/// is zero), one range a tile.
struct logfmt_tensor {
  logfmt_options options;
  std::vector<std::uint16_t> codes;
  std::vector<logfmt_range> ranges;

  /// Bits of storage an element, with codes packed and ranges of two binary32.
  [[nodiscard]] double bits_per_element() const noexcept {
    const double ranges_bits = 64.0 * static_cast<double>(ranges.size());
    return codes.empty() ? 0.0 : options.bits + ranges_bits / static_cast<double>(codes.size());
  }
};

namespace detail {

/// The levels of one tile: levels()[k] is the magnitude of level k, in ascending order.
class logfmt_levels {
 public:
  logfmt_levels(const logfmt_range& range, int bits) : values_(std::size_t{1} << (bits - 1)) {
    for (std::size_t k = 1; k < values_.size(); ++k) {
      const double steps = static_cast<double>(k - 1);
      values_[k] = __builtin_exp(double{range.lowest} + double{range.step} * steps);
    }
  }
  [[nodiscard]] double operator[](std::size_t k) const noexcept { return values_[k]; }
  /// The level nearest to a magnitude, of equal levels the first; ties go up. Between zero and the
  /// first level the boundary is linear: the logarithm of zero is no number.
  [[nodiscard]] std::size_t nearest(double magnitude, logfmt_boundary boundary) const noexcept {
    const std::size_t k = lowest_at_least(magnitude);
    if (k == 0) return 0;
    if (k == values_.size()) return lowest_at_least(values_.back());
    const double low = values_[k - 1];
    const bool linear = boundary == logfmt_boundary::linear || k == 1;
    const double middle = linear ? (low + values_[k]) / 2 : __builtin_sqrt(low * values_[k]);
    return magnitude >= middle ? k : k - 1;
  }

 private:
  [[nodiscard]] std::size_t lowest_at_least(double magnitude) const noexcept {
    if (magnitude == 0) return 0;
    const auto found = std::lower_bound(values_.begin() + 1, values_.end(), magnitude);
    return static_cast<std::size_t>(found - values_.begin());
  }

  std::vector<double> values_;
};

/// The range of a tile: its nonzero magnitudes, but at most 2^32 below the largest.
[[nodiscard]] inline logfmt_range logfmt_range_of(std::span<const float> x, int bits) noexcept {
  double least = 0, largest = 0;
  for (const float value : x) {
    const double magnitude = __builtin_fabs(double{value});
    if (magnitude == 0) continue;
    least = largest == 0 ? magnitude : std::min(least, magnitude);
    largest = std::max(largest, magnitude);
  }
  if (largest == 0) return {};
  const double high = __builtin_log(largest);
  const double low = std::max(__builtin_log(least), high - 32 * __builtin_log(2.0));
  const double steps = static_cast<double>((1 << (bits - 1)) - 2);
  return {static_cast<float>(low), static_cast<float>((high - low) / steps)};
}

inline void check_logfmt(const logfmt_options& o, std::span<const float> x) {
  if (o.bits < 3 || o.bits > 16 || o.tile == 0) {
    BINADE_THROW(error{"quantize_logfmt: " + std::to_string(o.bits) + " bits in tiles of " +
                       std::to_string(o.tile) + "; allowed are 3 to 16 bits and tiles from 1"});
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if ((bit_cast<std::uint32_t>(x[i]) & 0x7fffffffU) >= 0x7f800000U) {
      BINADE_THROW(error{"quantize_logfmt: x[" + std::to_string(i) +
                         "] is infinite or NaN; LogFMT has neither"});
    }
  }
}

}  // namespace detail

/// Quantizes x into LogFMT, tile by tile; the last tile may be short.
///
/// Over the nonzero magnitudes of a tile: high = ln max, low = max(ln min, high - 32 ln 2), and
/// step = (high - low) / (2^(bits - 1) - 2). Level 0 is zero, level k >= 1 is
/// exp(low + step (k - 1)), with low and step rounded to binary32 first. A tile of zeros has
/// range {0, 0}. Zeros lose their sign.
///
/// Shapes: x[n].
/// Error:  the nearest level, ties up; log and exp are those of the C library in binary64, so that
///         codes are the same wherever these round alike.
/// Throws: error if options do not fit or an element is infinite or NaN.
/// Source: arXiv 2505.09343, section 3.2; the paper leaves the type of low and step open.
[[nodiscard]] inline logfmt_tensor quantize_logfmt(std::span<const float> x,
                                                   const logfmt_options& options = {}) {
  detail::check_logfmt(options, x);
  logfmt_tensor q{options, {}, {}};
  q.codes.reserve(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += std::min(options.tile, x.size() - begin)) {
    const auto tile = x.subspan(begin, std::min(options.tile, x.size() - begin));
    q.ranges.push_back(detail::logfmt_range_of(tile, options.bits));
    const detail::logfmt_levels levels(q.ranges.back(), options.bits);
    for (const float value : tile) {
      const std::size_t level = levels.nearest(__builtin_fabs(double{value}), options.boundary);
      const std::size_t sign = value < 0 && level != 0 ? std::size_t{1} << (options.bits - 1) : 0;
      q.codes.push_back(static_cast<std::uint16_t>(sign | level));
    }
  }
  return q;
}

/// The values of a LogFMT tensor.
///
/// Shapes: out[n], as many as codes.
/// Error:  exp of the C library in binary64, rounded once to binary32.
/// Throws: error if the sizes differ.
inline void dequantize(const logfmt_tensor& q, std::span<float> out) {
  if (out.size() != q.codes.size()) {
    BINADE_THROW(error{"dequantize: q has " + std::to_string(q.codes.size()) +
                       " elements but out has " + std::to_string(out.size()) +
                       "; they must be equal"});
  }
  const std::uint32_t sign = 1U << (q.options.bits - 1);
  for (std::size_t tile = 0; tile < q.ranges.size(); ++tile) {
    const detail::logfmt_levels levels(q.ranges[tile], q.options.bits);
    const std::size_t begin = tile * q.options.tile;
    for (std::size_t i = begin; i < std::min(begin + q.options.tile, out.size()); ++i) {
      const auto magnitude = static_cast<float>(levels[q.codes[i] & (sign - 1)]);
      out[i] = (q.codes[i] & sign) != 0 ? -magnitude : magnitude;
    }
  }
}

}  // namespace binade::inline v0
