// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/kernel/reference/sums.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace binade::inline v0 {
namespace reference {

/// m * 2^e: a float, by its bits, whose exponent has no bounds, so that exp never overflows.
struct extended_float {
  std::uint32_t m = 0;
  std::int32_t e = 0;
};

/// The constants of exp as softmax computes it.
/// Source: Dukhan and Ablavatski, "The Two-Pass Softmax Algorithm" (arXiv 2001.04438), and its
/// implementation in XNNPACK: log2(e), ln 2 in two parts, a polynomial of degree 5.
namespace softmax_constants {
inline constexpr float limit = 0x1p17F;  ///< arguments are clamped to [-limit, limit]
inline constexpr std::int32_t two_pass_exponent = 3 << 15;
inline constexpr float log2_e = 0x1.715476p+0F;
inline constexpr float minus_ln2_high = -0x1.62E43p-1F;
inline constexpr float minus_ln2_low = 0x1.05C61p-29F;
inline constexpr float to_integer = 0x1.8p23F;  ///< adding it leaves no fraction
inline constexpr float polynomial[] = {0x1.0F9F9Cp-7F, 0x1.573A1Ap-5F, 0x1.555A80p-3F,
                                       0x1.FFFDC6p-2F, 0x1.FFFFF6p-1F, 1.0F};
}  // namespace softmax_constants

namespace softmax_detail {

[[nodiscard]] constexpr std::uint32_t bits(float x) noexcept { return bit_cast<std::uint32_t>(x); }
[[nodiscard]] constexpr std::uint32_t sum(std::uint32_t a, std::uint32_t b) noexcept {
  return round_to_bits(add(unpack_bits(a), unpack_bits(b)));
}
[[nodiscard]] constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) noexcept {
  return round_to_bits(multiply(unpack_bits(a), unpack_bits(b)));
}
[[nodiscard]] constexpr std::uint32_t fused(std::uint32_t a, std::uint32_t b,
                                            std::uint32_t c) noexcept {
  return round_to_bits(multiply_add(unpack_bits(a), unpack_bits(b), unpack_bits(c)));
}
/// x in the order of the numbers. Needs no NaN.
[[nodiscard]] constexpr std::int64_t order(std::uint32_t x) noexcept {
  const auto magnitude = static_cast<std::int64_t>(x & 0x7fffffffU);
  return (x >> 31) != 0 ? -magnitude : magnitude;
}
/// 2^d for d <= 0; 0 below 2^-126.
[[nodiscard]] constexpr std::uint32_t power_of_two(std::int32_t d) noexcept {
  return d <= -127 ? 0 : static_cast<std::uint32_t>(d + 127) << 23;
}

}  // namespace softmax_detail

/// exp(x), x by its bits: e = x log2(e), rounded, to the nearest integer (ties to even); t = x - e
/// ln 2 by two fused multiply-adds; m = the polynomial at t by Horner's rule, fused. x is clamped
/// to +-2^17 first. Needs no NaN.
///
/// Error: m 2^e is exp(x) (1 + d) with |d| <= 4 2^-24 for |x| <= 2^17.
[[nodiscard]] constexpr extended_float softmax_exp(std::uint32_t x) noexcept {
  namespace c = softmax_constants;
  namespace d = softmax_detail;
  if (d::order(x) > d::order(d::bits(c::limit))) x = d::bits(c::limit);
  if (d::order(x) < d::order(d::bits(-c::limit))) x = d::bits(-c::limit);
  const std::uint32_t shifted = d::sum(d::product(x, d::bits(c::log2_e)), d::bits(c::to_integer));
  const std::uint32_t e = d::sum(shifted, d::bits(-c::to_integer));
  std::uint32_t t = d::fused(e, d::bits(c::minus_ln2_high), x);
  t = d::fused(e, d::bits(c::minus_ln2_low), t);
  std::uint32_t m = d::bits(c::polynomial[0]);
  for (int i = 1; i < 6; ++i) m = d::fused(m, t, d::bits(c::polynomial[i]));
  return {m, static_cast<std::int32_t>(bit_cast<float>(e))};
}

/// a + b under the larger of the exponents: fma(b.m, 2^(b.e - e), a.m 2^(a.e - e)).
[[nodiscard]] constexpr extended_float extended_sum(const extended_float& a,
                                                    const extended_float& b) noexcept {
  namespace d = softmax_detail;
  const std::int32_t e = a.e < b.e ? b.e : a.e;
  const std::uint32_t scaled = d::product(a.m, d::power_of_two(a.e - e));
  return {d::fused(b.m, d::power_of_two(b.e - e), scaled), e};
}

/// The sum of exp(x[k] - shift) over a row continued by -infinities to a multiple of 64: 64 partial
/// sums of k = j, j + 64, ..., ascending, folded by halves: p[j] + p[j + h] for j < h, with h = 32,
/// 16, ..., 1. `argument(k)` gives the bits of x[k] - shift.
template <class Argument>
[[nodiscard]] extended_float softmax_sum(std::size_t n, const Argument& argument) noexcept {
  extended_float partial[64];
  for (std::size_t k = 0; k < (n + 63) / 64 * 64; ++k) {
    const extended_float v = softmax_exp(k < n ? argument(k) : 0xff800000U);
    partial[k % 64] = k < 64 ? v : extended_sum(partial[k % 64], v);
  }
  for (std::size_t half = 32; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) {
      partial[j] = extended_sum(partial[j], partial[j + half]);
    }
  }
  return partial[0];
}

/// The definition of softmax of a row of n elements whose neighbours lie a stride apart.
///
/// With S = softmax_sum of x and r = 1 / S.m, rounded: y[k] = (m r) 2^(e - S.e), where m and e are
/// those of softmax_exp(x[k]) and product and scaling are each rounded. If |S.e| exceeds 3 2^15, so
/// that arguments may have been clamped, all of it is done again with x[k] - max(x), rounded, in
/// place of x[k].
inline void softmax_row(const float* x, std::ptrdiff_t x_stride, float* y, std::ptrdiff_t y_stride,
                        std::size_t n) noexcept {
  namespace d = softmax_detail;
  const auto bits = [&](std::size_t k) {
    std::uint32_t b = 0;
    std::memcpy(&b, x + static_cast<std::ptrdiff_t>(k) * x_stride, sizeof b);
    return b;
  };
  const auto set = [&](std::size_t k, std::uint32_t b) {
    std::memcpy(y + static_cast<std::ptrdiff_t>(k) * y_stride, &b, sizeof b);
  };
  constexpr std::uint32_t infinity = 0x7f800000U;
  bool is_nan = false;
  std::uint32_t largest = infinity | 0x80000000U;
  for (std::size_t k = 0; k < n; ++k) {
    if (bits(k) == infinity || (bits(k) & 0x7fffffffU) > infinity) is_nan = true;
    if (!is_nan && d::order(bits(k)) > d::order(largest)) largest = bits(k);
  }
  if (is_nan || largest == (infinity | 0x80000000U)) {
    for (std::size_t k = 0; k < n; ++k) set(k, 0x7fc00000U);
    return;
  }
  std::uint32_t shift = 0x80000000U;  // x - 0 is x
  const auto argument = [&](std::size_t k) {
    return shift == 0x80000000U ? bits(k) : d::sum(bits(k), shift);
  };
  extended_float total = softmax_sum(n, argument);
  if (total.e > softmax_constants::two_pass_exponent ||
      total.e < -softmax_constants::two_pass_exponent) {
    shift = largest ^ 0x80000000U;
    total = softmax_sum(n, argument);
  }
  const std::uint32_t r = round_to_bits(divide(unpack(1), unpack_bits(total.m)));
  for (std::size_t k = 0; k < n; ++k) {
    const extended_float v = softmax_exp(argument(k));
    set(k, round_to_bits(scale_exponent(unpack_bits(d::product(v.m, r)), v.e - total.e)));
  }
}

/// Throws: error unless the shapes are equal.
inline void check_softmax(const tensor_shape& x, const tensor_shape& y) {
  if (!(x == y)) {
    BINADE_THROW(error{"softmax: x is " + to_string(x) + " but y is " + to_string(y) +
                       "; they must be equal"});
  }
}

/// The definition of binade::softmax; shapes were checked.
inline void softmax(const tensor_view<const float>& x, const tensor_view<float>& y) noexcept {
  for (std::size_t row = 0; row < x.row_count(); ++row) {
    softmax_row(x.row_data(row), x.inner_stride(), y.row_data(row), y.inner_stride(),
                x.row_length());
  }
}

}  // namespace reference
}  // namespace binade::inline v0
