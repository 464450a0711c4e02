// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/float_operations.cuh"

#include <cstdint>

// Quotients of short numbers by a scale, in two operations each, near enough to the exact ones to
// round as these do.
//
// Let x have n significant bits and 1 / scale = high + low (1 + d), where `high` has 24 - n bits:
// the product x * high is exact, and one fused multiply-add gives x / scale, its last bits cut off,
// but for a relative error of 2^(n - 47). A boundary b of a format, of m bits, is hit by x / scale
// only if x = b * scale. Now `part` has at most 4 bits, `tensor` 24, so a quotient that misses b
// misses it by more than 2^-(m + 28) of it, and 2^-(m + 24) where part is 1: it stays on its side
// of b. One that hits b would have to make a number of n bits out of tensor, which it cannot where
// tensor, without zeros at its end, is longer; else tensor is short, misses are wide, and a bias
// carries hits over b.

namespace binade::inline v0::cuda {

/// The exact scale part * tensor of a group, and what its elements are multiplied by.
///
/// `part` has at most 4 significant bits. Where `is_regular` is false the quotients cannot be
/// found in binary32: the definition takes over.
struct group_scale {
  /// What is known when a kernel is compiled.
  enum class form : std::uint8_t {
    power,    ///< a power of two with an exponent in [-127, 127]; part is 1
    single,   ///< part is 1
    product,  ///< any
  };
  float part = 1;
  float tensor = 1;
  float inverse = 1;  ///< about 1 / (part * tensor); exactly if that is a power of two
  form kind = form::power;
  /// A power of two, or with an exponent in [-100, 100]; in [-80, 100] if single.
  bool is_regular = true;
};

namespace detail {

/// 1 / scale in two parts, for numbers of `Bits` significant bits: 8 or 11.
template <int Bits>
struct split_inverse {
  float high;
  float low;
  bool has_ties;  ///< tensor has 13 bits at most: a quotient can lie on a boundary

  /// Needs a regular scale that is no power of two by kind.
  BINADE_HD explicit split_inverse(const group_scale& s) noexcept {
    constexpr std::uint32_t dropped = (1U << Bits) - 1;
    high = from_bits((bits_of(s.inverse) - 8) & ~dropped);  // below 1 / scale, so low > 0
    const float relative = s.kind == group_scale::form::product ? multiply(high, s.part) : high;
    // 1 - relative * tensor = a - b, exactly.
    const float near_one = multiply(relative, s.tensor);
    const float b = multiply_add(relative, s.tensor, -near_one);
    const float a = multiply_add(near_one, -1.0F, 1.0F);
    const float r = multiply_add(b, -1.0F, a);
    // high / (1 - r) = high + high * (r + r^2 + r^3 + ...)
    float rest = multiply_add(r, r, -b);
    if constexpr (Bits > 8) rest = multiply_add(multiply(r, r), r, rest);
    low = multiply_add(high, a, multiply(high, rest));
    has_ties = (bits_of(s.tensor) & 0x7ff) == 0;
    if (has_ties) low = multiply_add(high, 0x1p-30F, low);
  }
};

/// x / scale, cut off.
template <int Bits>
BINADE_HD inline float quotient(float x, const split_inverse<Bits>& s) noexcept {
  return multiply_add_toward_zero(x, s.low, multiply(x, s.high));
}

/// Two numbers as binary16, cut off, the first in the low half.
BINADE_HD inline std::uint32_t cut_to_halves(float low, float high) noexcept {
#if defined(__CUDA_ARCH__)
  std::uint32_t two;
  asm("cvt.rz.f16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(high), "f"(low));
  return two;
#else
  const auto cut = [](float x) {
    return std::uint32_t{convert<float16>(x, rounding::toward_zero{}, saturation::none{}).bits()};
  };
  return cut(low) | cut(high) << 16;
#endif
}

/// Magnitudes of two binary16 numbers, at most `most` in each half.
BINADE_HD inline std::uint32_t smaller_magnitudes(std::uint32_t two, std::uint32_t most) noexcept {
#if defined(__CUDA_ARCH__)
  std::uint32_t r;
  asm("{ .reg .b32 m; abs.f16x2 m, %1; min.f16x2 %0, m, %2; }" : "=r"(r) : "r"(two), "r"(most));
  return r;
#else
  const std::uint32_t low = smaller(two & 0x7fff, most & 0xffff);
  return low | smaller(two >> 16 & 0x7fff, most >> 16) << 16;
#endif
}

/// Halves from two words: the low halves of a and b, or their high halves.
BINADE_HD inline std::uint32_t low_halves(std::uint32_t a, std::uint32_t b) noexcept {
#if defined(__CUDA_ARCH__)
  return __byte_perm(a, b, 0x5410);
#else
  return (a & 0xffff) | b << 16;
#endif
}
BINADE_HD inline std::uint32_t high_halves(std::uint32_t a, std::uint32_t b) noexcept {
#if defined(__CUDA_ARCH__)
  return __byte_perm(a, b, 0x7632);
#else
  return a >> 16 | (b & 0xffff0000U);
#endif
}

/// a where the mask has ones, b where it has zeros.
BINADE_HD inline std::uint32_t select_bits(std::uint32_t mask, std::uint32_t a,
                                           std::uint32_t b) noexcept {
  return (a & mask) | (b & ~mask);
}

/// Codes of 4 bits of elements 0 to 7: those of elements j and j + 4 stand in the upper bits of the
/// halves of code[j].
BINADE_HD inline std::uint32_t pack_eight(const std::uint32_t (&code)[4]) noexcept {
  std::uint32_t packed = code[0];
  BINADE_UNROLL(4)
  for (int j = 1; j < 4; ++j) packed = select_bits(0xf000f000U, code[j], packed >> 4);
  return packed;
}

}  // namespace detail
}  // namespace binade::inline v0::cuda
