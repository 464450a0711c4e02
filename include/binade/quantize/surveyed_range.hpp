// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"

#include <atomic>
#include <cstdint>

namespace binade::inline v0::detail {

/// What a look at elements finds besides their range.
struct surveyed_range : reference::cell_range {
  bool has_special = false;  ///< NaN or infinity
  bool has_zero = true;      ///< false only if that is sure

  /// Of elements that nobody has looked at.
  [[nodiscard]] static surveyed_range unknown() noexcept {
    surveyed_range r;
    r.max_positive = bit_cast<float>(reference::detail::largest_float_bits);
    r.has_special = true;
    return r;
  }
};

/// The range of what several threads have seen.
class range_collector {
 public:
  void add(const surveyed_range& r) noexcept {
    raise(positive_, r.max_positive);
    raise(negative_, r.max_negative);
    if (r.has_nan) has_nan_ = true;
    if (r.has_special) has_special_ = true;
    if (r.has_zero) has_zero_ = true;
  }
  [[nodiscard]] surveyed_range all() const noexcept {
    surveyed_range r;
    r.max_positive = bit_cast<float>(positive_.load());
    r.max_negative = bit_cast<float>(negative_.load());
    r.has_nan = has_nan_;
    r.has_special = has_special_;
    r.has_zero = has_zero_;
    return r;
  }

 private:
  /// Floats that are not negative are ordered as their bits are.
  static void raise(std::atomic<std::uint32_t>& to, float value) noexcept {
    const std::uint32_t bits = bit_cast<std::uint32_t>(value);
    std::uint32_t seen = to;
    while (seen < bits && !to.compare_exchange_weak(seen, bits)) {
    }
  }
  std::atomic<std::uint32_t> positive_{0};
  std::atomic<std::uint32_t> negative_{0};
  std::atomic<bool> has_nan_{false};
  std::atomic<bool> has_special_{false};
  std::atomic<bool> has_zero_{false};
};

}  // namespace binade::inline v0::detail
