// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"
#include "binade/kernel/reference/sums.hpp"     // store
#include "binade/kernel/simd/gemv_targets.hpp"  // scale_table

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace binade::inline v0::simd {

/// Codes of scales that become their floats by a shift and a factor 2^exponent: those of every
/// minifloat without a sign bit set. The factor goes to the other operand's scales.
class shifted_scales {
 public:
  /// No codes at all.
  shifted_scales() = default;

  /// The longest such range of a table's codes.
  explicit shifted_scales(const scale_table& table) noexcept {
    for (int shift = 23; shift >= 16; --shift) {
      const shifted_scales found(table, shift);
      if (found.count() > count()) *this = found;
    }
  }
  [[nodiscard]] bool serves() const noexcept { return count() > 64; }
  [[nodiscard]] std::uint32_t shift() const noexcept { return static_cast<std::uint32_t>(shift_); }
  [[nodiscard]] std::uint8_t lowest() const noexcept { return static_cast<std::uint8_t>(lowest_); }
  [[nodiscard]] std::uint8_t highest() const noexcept {
    return static_cast<std::uint8_t>(highest_);
  }

  /// out[i] = x[i] * 2^exponent for the n scales of the other operand; false if one of them is no
  /// such float.
  [[nodiscard]] bool apply_factor(const float* x, std::size_t n, float* out) const noexcept {
    bool exact = true;
    for (std::size_t i = 0; i < n; ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, x + i, sizeof bits);
      std::uint32_t scaled = 0;
      exact = times_power(bits, exponent_, scaled) && exact;
      std::memcpy(out + i, &scaled, sizeof scaled);
    }
    return exact;
  }

 private:
  shifted_scales(const scale_table& table, int shift) noexcept : shift_(shift) {
    constexpr int middle = 64;
    const auto code_bits = [&](int code) { return static_cast<std::uint32_t>(code) << shift; };
    const auto value_bits = [&](int code) { return bit_cast<std::uint32_t>(table.value[code]); };
    exponent_ =
        static_cast<int>(value_bits(middle) >> 23) - static_cast<int>(code_bits(middle) >> 23);
    const auto fits = [&](int code) {
      std::uint32_t scaled = 0;
      return times_power(code_bits(code), exponent_, scaled) && scaled == value_bits(code);
    };
    for (highest_ = middle - 1; highest_ < 255 && fits(highest_ + 1);) ++highest_;
    for (lowest_ = middle; lowest_ > 0 && fits(lowest_ - 1);) --lowest_;
  }
  [[nodiscard]] int count() const noexcept { return highest_ - lowest_ + 1; }

  /// scaled = bits of the float `bits` * 2^exponent; false if it is none or not a number.
  [[nodiscard]] static bool times_power(std::uint32_t bits, int exponent,
                                        std::uint32_t& scaled) noexcept {
    const auto field = static_cast<int>(bits >> 23 & 0xffU);
    if (field == 255) return false;
    if (field != 0 && field + exponent > 0 && field + exponent < 255) {
      scaled = bits + (static_cast<std::uint32_t>(exponent) << 23);
      return true;
    }
    const auto times = [](std::uint32_t x, int e) {
      return reference::round_to_bits(scale_exponent(reference::unpack_bits(x), e));
    };
    scaled = times(bits, exponent);
    return times(scaled, -exponent) == bits;
  }

  int shift_ = 0;
  int exponent_ = 0;
  int lowest_ = 1;
  int highest_ = 0;
};

}  // namespace binade::inline v0::simd
