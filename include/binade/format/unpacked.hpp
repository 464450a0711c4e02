// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0 {

enum class value_class : std::uint8_t { zero, finite, infinity, nan };

/// An exact value between two formats: (-1)^negative * significand * 2^(exponent - 63) if `kind` is
/// finite, with the top bit of `significand` set. Where a value needs more than 64 bits, bit 0 says
/// that something nonzero lies below; every format that this library rounds to keeps far fewer
/// bits, so rounding still sees the exact value.
struct unpacked {
  std::uint64_t significand = 0;
  std::int32_t exponent = 0;
  value_class kind = value_class::zero;
  bool negative = false;
  std::uint8_t source_fraction_bits = 0;  ///< mantissa bits of the type it came from; 0: none

  friend constexpr bool operator==(const unpacked&, const unpacked&) = default;
};

namespace detail {

BINADE_HD constexpr unpacked make_special(value_class kind, bool negative) noexcept {
  unpacked u;
  u.kind = kind;
  u.negative = negative;
  return u;
}

/// The value (-1)^negative * integer * 2^exponent.
BINADE_HD constexpr unpacked make_finite(bool negative, std::uint64_t integer,
                                         std::int32_t exponent) noexcept {
  if (integer == 0) return make_special(value_class::zero, negative);
  const int shift = countl_zero(integer);
  unpacked u;
  u.significand = integer << shift;
  u.exponent = exponent + 63 - shift;
  u.kind = value_class::finite;
  u.negative = negative;
  return u;
}

/// Fields of an IEEE 754 binary interchange format.
BINADE_HD constexpr unpacked unpack_ieee(std::uint64_t bits, int exponent_bits,
                                         int mantissa_bits) noexcept {
  const bool negative = ((bits >> (exponent_bits + mantissa_bits)) & 1) != 0;
  const auto field = static_cast<std::int32_t>((bits >> mantissa_bits) & low_mask(exponent_bits));
  const std::uint64_t mantissa = bits & low_mask(mantissa_bits);
  const std::int32_t top = (1 << exponent_bits) - 1;
  const std::int32_t bias = top >> 1;
  unpacked u;
  if (field == top) {
    u = make_special(mantissa == 0 ? value_class::infinity : value_class::nan, negative);
  } else if (field == 0) {
    u = make_finite(negative, mantissa, 1 - bias - mantissa_bits);
  } else {
    u.significand = ((std::uint64_t{1} << mantissa_bits) | mantissa) << (63 - mantissa_bits);
    u.exponent = field - bias;
    u.kind = value_class::finite;
    u.negative = negative;
  }
  u.source_fraction_bits = static_cast<std::uint8_t>(mantissa_bits);
  return u;
}

}  // namespace detail

/// Exact value of a built-in number. NaN: kept as a NaN with its sign; payloads are dropped.
[[nodiscard]] BINADE_HD constexpr unpacked unpack(float x) noexcept {
  return detail::unpack_ieee(bit_cast<std::uint32_t>(x), 8, 23);
}

[[nodiscard]] BINADE_HD constexpr unpacked unpack(double x) noexcept {
  return detail::unpack_ieee(bit_cast<std::uint64_t>(x), 11, 52);
}

template <std::integral T>
[[nodiscard]] BINADE_HD constexpr unpacked unpack(T x) noexcept {
  static_assert(sizeof(T) <= sizeof(std::uint64_t), "integers of at most 64 bits");
  const auto wide = static_cast<std::uint64_t>(x);
  if constexpr (std::is_signed_v<T>) {
    if (x < 0) return detail::make_finite(true, ~wide + 1, 0);
  }
  return detail::make_finite(false, wide, 0);
}

/// -1, 0 or 1 as |a| is less than, equal to or greater than |b|; both finite or zero.
[[nodiscard]] BINADE_HD constexpr int compare_magnitudes(const unpacked& a,
                                                         const unpacked& b) noexcept {
  const bool a_zero = a.kind == value_class::zero;
  const bool b_zero = b.kind == value_class::zero;
  if (a_zero || b_zero) return static_cast<int>(b_zero) - static_cast<int>(a_zero);
  if (a.exponent != b.exponent) return a.exponent < b.exponent ? -1 : 1;
  if (a.significand != b.significand) return a.significand < b.significand ? -1 : 1;
  return 0;
}

/// -1, 0 or 1 as a is less than, equal to or greater than b; both finite or zero; -0 equals +0.
[[nodiscard]] BINADE_HD constexpr int compare_values(const unpacked& a,
                                                     const unpacked& b) noexcept {
  const int sign_a = a.kind == value_class::zero ? 0 : (a.negative ? -1 : 1);
  const int sign_b = b.kind == value_class::zero ? 0 : (b.negative ? -1 : 1);
  if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
  return sign_a * compare_magnitudes(a, b);
}

/// value * 2^n, exact. Infinity, NaN and zero stay as they are.
[[nodiscard]] BINADE_HD constexpr unpacked scale_exponent(unpacked x, std::int32_t n) noexcept {
  if (x.kind == value_class::finite) x.exponent += n;
  return x;
}

}  // namespace binade::inline v0
