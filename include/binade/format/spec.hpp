// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <concepts>
#include <cstdint>

namespace binade::inline v0 {

/// Which codes of a minifloat are NaN.
enum class nan_codes : std::uint8_t {
  none,           ///< every code is a number (FP6, FP4)
  ieee,           ///< exponent all ones, mantissa not zero
  all_ones,       ///< the code whose exponent and mantissa are all ones (OCP E4M3)
  negative_zero,  ///< the code that would be -0 (FNUZ, signed P3109)
};

/// Which codes of a minifloat are infinite.
enum class infinity_codes : std::uint8_t {
  none,
  ieee,     ///< exponent all ones, mantissa zero
  largest,  ///< the largest magnitude that is not NaN (P3109, extended domain)
};

/// Source of a value's exact carrier: the narrowest type of these that holds every value.
enum class carrier : std::uint8_t { bfloat16, binary32, binary64 };

/// A sign, exponent and mantissa format: with fields e and m the value is
/// m * 2^(1 - bias - mantissa_bits) if e == 0, else (1 + m / 2^mantissa_bits) * 2^(e - bias).
/// exponent_bits == 0 gives the sign-magnitude integers m * 2^(1 - bias - mantissa_bits).
/// Source: IEEE 754-2019, 3.4; OCP OFP8 1.0; OCP MX 1.0; P3109 interim report.
struct float_spec {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  bool is_signed = true;
  nan_codes nan = nan_codes::none;
  infinity_codes infinity = infinity_codes::none;
  bool has_zero = true;         ///< false: code 0 is the normal number 2^-bias (E8M0)
  std::uint64_t quiet_nan = 0;  ///< the NaN that conversions produce; 0: the family's usual one
};

/// HiFloat8: a sign, a prefix code that says how wide exponent and mantissa are, both.
/// Source: HiFloat8 (arXiv 2409.16626), tables 1 to 3.
struct hif8_spec {};

/// posit<bits, exponent_bits>. Source: Posit Standard (2022), section 3.
struct posit_spec {
  int bits;
  int exponent_bits;
};

/// Linear takum with `bits` bits. Source: arXiv 2404.18603, definition 8.
struct takum_spec {
  int bits;
};

/// Integers: two's complement if signed.
struct integer_spec {
  int bits;
  bool is_signed;
};

/// A list of 2^n binary32 bit patterns, one a code, in ascending order of value.
template <int Count>
struct codebook_spec {
  static_assert(Count >= 2 && (Count & (Count - 1)) == 0, "a codebook has 2^n entries");
  std::uint32_t values[Count];
  [[nodiscard]] BINADE_HD static constexpr int size() noexcept { return Count; }
};

/// A codebook_spec of any size, by reference.
struct codebook_view {
  const std::uint32_t* values = nullptr;
  int count = 0;
  [[nodiscard]] BINADE_HD constexpr int size() const noexcept { return count; }
};

template <class T>
concept codebook = requires(const T& t) {
  { t.values[0] } -> std::convertible_to<std::uint32_t>;
  { t.size() } -> std::convertible_to<int>;
};

/// What the codes of a format mean, derived from its spec by `describe(spec)`.
struct code_description {
  int code_bits;  ///< significant bits of a code
  bool is_signed;
  bool has_zero;
  bool has_negative_zero;
  bool has_nan;
  bool nan_has_sign;
  bool nan_is_ordered;  ///< NaR: equal to itself and less than every number
  bool has_infinity;
  std::uint64_t nan;       ///< canonical NaN, valid if has_nan
  std::uint64_t infinity;  ///< +infinity, valid if has_infinity
  std::uint64_t largest;   ///< largest finite value
  std::uint64_t lowest;    ///< most negative finite value (smallest if unsigned)
  std::uint64_t smallest;  ///< smallest positive value
};

}  // namespace binade::inline v0
