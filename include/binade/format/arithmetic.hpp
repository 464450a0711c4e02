// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/unpacked.hpp"

#include <cstdint>

// Exact arithmetic on unpacked values: a result that needs more than 64 bits keeps the lost part in
// bit 0 of its significand, so that one rounding afterwards is correct in every mode. Operands must
// themselves be exact (significands of at most 53 bits, as every format and binary64 have them).

namespace binade::inline v0 {

namespace detail {

BINADE_HD constexpr unpacked make_nan() noexcept { return make_special(value_class::nan, false); }

struct wide_product {
  std::uint64_t high;
  std::uint64_t low;
};

BINADE_HD constexpr wide_product multiply_wide(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t al = a & 0xffffffffU;
  const std::uint64_t ah = a >> 32;
  const std::uint64_t bl = b & 0xffffffffU;
  const std::uint64_t bh = b >> 32;
  const std::uint64_t ll = al * bl;
  const std::uint64_t lh = al * bh;
  const std::uint64_t hl = ah * bl;
  const std::uint64_t middle = (ll >> 32) + (lh & 0xffffffffU) + (hl & 0xffffffffU);
  return {ah * bh + (lh >> 32) + (hl >> 32) + (middle >> 32), (middle << 32) | (ll & 0xffffffffU)};
}

/// floor((a << 63) / b) with the remainder in bit 0, for a < 2b and the top bit of b set.
BINADE_HD constexpr std::uint64_t divide_wide(std::uint64_t a, std::uint64_t b) noexcept {
  if ((b & 0xffffffffU) == 0) {  // divisor of at most 32 bits: two machine divisions
    const std::uint64_t divisor = b >> 32;
    const std::uint64_t high = a / divisor;  // of at most 33 bits
    const std::uint64_t shifted = (a - high * divisor) << 31;
    const std::uint64_t low = shifted / divisor;
    const std::uint64_t rest = shifted - low * divisor;
    return (high << 31) | low | (rest != 0 ? 1 : 0);
  }
  std::uint64_t quotient = 0;
  std::uint64_t rest = a;
  for (int i = 0; i < 64; ++i) {
    const bool carry = i != 0 && (rest >> 63) != 0;
    if (i != 0) rest <<= 1;
    quotient <<= 1;
    if (carry || rest >= b) {
      rest -= b;
      quotient |= 1;
    }
  }
  return quotient | (rest != 0 ? 1 : 0);
}

}  // namespace detail

/// -x; NaN changes its sign too.
[[nodiscard]] BINADE_HD constexpr unpacked negate(unpacked x) noexcept {
  x.negative = !x.negative;
  return x;
}

/// a + b. Infinity - infinity is NaN; an exact zero from x - x is +0.
[[nodiscard]] BINADE_HD constexpr unpacked add(const unpacked& a, const unpacked& b) noexcept {
  if (a.kind == value_class::nan || b.kind == value_class::nan) return detail::make_nan();
  if (a.kind == value_class::infinity) {
    return b.kind == value_class::infinity && a.negative != b.negative ? detail::make_nan() : a;
  }
  if (b.kind == value_class::infinity) return b;
  if (a.kind == value_class::zero && b.kind == value_class::zero) {
    return detail::make_special(value_class::zero, a.negative && b.negative);
  }
  if (a.kind == value_class::zero) return b;
  if (b.kind == value_class::zero) return a;
  const bool swapped = compare_magnitudes(a, b) < 0;
  const unpacked& large = swapped ? b : a;
  const unpacked& small = swapped ? a : b;
  const std::uint64_t x = shift_right_jam(large.significand, 1);
  const std::uint64_t y = shift_right_jam(small.significand >> 1, large.exponent - small.exponent);
  if (a.negative == b.negative) {
    return detail::make_finite(large.negative, x + y, large.exponent - 62);
  }
  unpacked difference = detail::make_finite(large.negative, x - y, large.exponent - 62);
  if (difference.kind == value_class::zero) difference.negative = false;
  return difference;
}

/// a * b. 0 * infinity is NaN.
[[nodiscard]] BINADE_HD constexpr unpacked multiply(const unpacked& a, const unpacked& b) noexcept {
  const bool negative = a.negative != b.negative;
  if (a.kind == value_class::nan || b.kind == value_class::nan) return detail::make_nan();
  if (a.kind == value_class::infinity || b.kind == value_class::infinity) {
    if (a.kind == value_class::zero || b.kind == value_class::zero) return detail::make_nan();
    return detail::make_special(value_class::infinity, negative);
  }
  if (a.kind == value_class::zero || b.kind == value_class::zero) {
    return detail::make_special(value_class::zero, negative);
  }
  const detail::wide_product p = detail::multiply_wide(a.significand, b.significand);
  unpacked product = detail::make_finite(negative, p.high, a.exponent + b.exponent + 1 - 63);
  // The top bit of p.high or the one below it is set: at most one bit of p.low moves up.
  if ((p.high >> 63) == 0) product.significand |= p.low >> 63;
  const std::uint64_t below = (p.high >> 63) == 0 ? p.low << 1 : p.low;
  product.significand |= below != 0 ? 1 : 0;
  return product;
}

/// a / b. x / 0 is infinity for finite x != 0; 0 / 0 and infinity / infinity are NaN.
[[nodiscard]] BINADE_HD constexpr unpacked divide(const unpacked& a, const unpacked& b) noexcept {
  const bool negative = a.negative != b.negative;
  if (a.kind == value_class::nan || b.kind == value_class::nan) return detail::make_nan();
  if (a.kind == value_class::infinity) {
    return b.kind == value_class::infinity ? detail::make_nan()
                                           : detail::make_special(value_class::infinity, negative);
  }
  if (b.kind == value_class::infinity) return detail::make_special(value_class::zero, negative);
  if (b.kind == value_class::zero) {
    return a.kind == value_class::zero ? detail::make_nan()
                                       : detail::make_special(value_class::infinity, negative);
  }
  if (a.kind == value_class::zero) return detail::make_special(value_class::zero, negative);
  const std::uint64_t q = detail::divide_wide(a.significand, b.significand);
  const bool sticky = (q & 1) != 0;
  unpacked quotient = detail::make_finite(negative, q, a.exponent - b.exponent - 63);
  if (sticky) quotient.significand |= 1;  // make_finite may have shifted the sticky bit up by one
  return quotient;
}

/// a * b + c, as if the product were not rounded. The significands of a and b have at most 63 bits
/// together, as those of two values of any format (or of binary32) do.
[[nodiscard]] BINADE_HD constexpr unpacked multiply_add(const unpacked& a, const unpacked& b,
                                                        const unpacked& c) noexcept {
  return add(multiply(a, b), c);
}

/// The square root; -0 stays, other negative values give NaN.
[[nodiscard]] BINADE_HD constexpr unpacked square_root(const unpacked& x) noexcept {
  if (x.kind == value_class::nan || x.kind == value_class::zero) return x;
  if (x.negative) return detail::make_nan();
  if (x.kind == value_class::infinity) return x;
  const bool odd = (x.exponent & 1) != 0;
  // root^2 <= significand * 2^61 (2^62 if the exponent is odd): 63 bits of root, found one by one.
  const int shift = odd ? 62 : 61;
  const detail::wide_product target{x.significand >> (64 - shift), x.significand << shift};
  std::uint64_t root = 0;
  detail::wide_product square{};
  for (int bit = 62; bit >= 0; --bit) {
    const std::uint64_t trial = root | (std::uint64_t{1} << bit);
    const detail::wide_product p = detail::multiply_wide(trial, trial);
    if (p.high < target.high || (p.high == target.high && p.low <= target.low)) {
      root = trial;
      square = p;
    }
  }
  const bool inexact = square.high != target.high || square.low != target.low;
  const int even_exponent = odd ? x.exponent - 1 : x.exponent;
  return detail::make_finite(false, root | (inexact ? 1 : 0), even_exponent / 2 - 62);
}

}  // namespace binade::inline v0
