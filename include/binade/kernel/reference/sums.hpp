// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy

// The summation orders that the kernels promise, executed literally.
//
// They must give the same bits under every compiler flag. Results travel as the bits of floats:
// under -ffast-math a compiler may take every float that is a parameter, a result or an operand for
// a number, and cannot take bits for one.

namespace binade::inline v0 {
namespace reference {

[[nodiscard]] constexpr unpacked unpack_bits(std::uint32_t bits) noexcept {
  return decode(binary32_spec, bits);
}

/// The bits of x as a float, rounded once.
[[nodiscard]] constexpr std::uint32_t round_to_bits(const unpacked& x) noexcept {
  return static_cast<std::uint32_t>(
      encode(binary32_spec, x, rounding::ties_to_even{}, {.saturation = saturation_mode::none}));
}

/// *out = x, rounded once.
inline void store(const unpacked& x, float* out) noexcept {
  const std::uint32_t bits = round_to_bits(x);
  std::memcpy(out, &bits, sizeof bits);
}

/// The bits, but of a NaN those of the quiet one without sign and payload, since which NaN an fma
/// gives depends on the CPU.
[[nodiscard]] constexpr std::uint32_t with_one_nan(std::uint32_t bits) noexcept {
  return (bits & 0x7fffffffU) > 0x7f800000U ? 0x7fc00000U : bits;
}

/// *out = the float with the bits `with_one_nan`.
inline void store_result(std::uint32_t bits, float* out) noexcept {
  bits = with_one_nan(bits);
  std::memcpy(out, &bits, sizeof bits);
}

/// The bits of the sum of p, folded by halves: p[j] += p[j + h] for j < h, with h = N / 2, ..., 1.
template <std::size_t N>
[[nodiscard]] std::uint32_t fold(const float (&p)[N]) noexcept {
  std::uint32_t bits[N];
  std::memcpy(bits, p, sizeof bits);
  for (std::size_t half = N / 2; half > 0; half /= 2) {
    // In integers, because g++ reorders sums under -ffast-math.
    for (std::size_t j = 0; j < half; ++j) {
      bits[j] = round_to_bits(add(unpack_bits(bits[j]), unpack_bits(bits[j + half])));
    }
  }
  return bits[0];
}

/// The exact sum of a[k] * b[k] for begin <= k < end.
[[nodiscard]] inline std::int64_t block_product(const std::int16_t* a, const std::int16_t* b,
                                                std::size_t begin, std::size_t end) noexcept {
  std::int64_t sum = 0;
  for (std::size_t k = begin; k < end; ++k) sum += std::int32_t{a[k]} * b[k];
  return sum;
}

// The functions below need an fp_environment_guard. They stay out of line and write through a
// pointer, so that no arithmetic crosses it. Each operation in them stands alone or is a fused one;
// clang must be told besides that a fused multiply-add is not two operations.
#if defined(__clang__)
#pragma float_control(push)
#pragma float_control(precise, on)
#endif

/// *sum = bits of the sum of a[k] * b[k], k ascending from +0, one fma a product.
BINADE_NOINLINE inline void sum_ascending(const float* a, const float* b, std::size_t n,
                                          std::uint32_t* sum) noexcept {
  float total = 0;
  for (std::size_t k = 0; k < n; ++k) total = __builtin_fmaf(a[k], b[k], total);
  std::memcpy(sum, &total, sizeof total);
}

/// *sum = bits of the 64 partial sums p[j] of a[k] * b[k] over k = j, j + 64, ... (ascending from
/// +0, one fma a product), folded by halves: p[j] += p[j + h] for j < h, with h = 32, 16, ..., 1.
BINADE_NOINLINE inline void sum_by_64(const float* a, const float* b, std::size_t n,
                                      std::uint32_t* sum) noexcept {
  float partial[64] = {};
  for (std::size_t k = 0; k < n; ++k) partial[k % 64] = __builtin_fmaf(a[k], b[k], partial[k % 64]);
  *sum = fold(partial);
}

/// *sum = bits of the sum over blocks, ascending from +0, of fma(float(i), a_scale * b_scale, sum),
/// where i is the exact sum of the block's integer products.
BINADE_NOINLINE inline void sum_by_blocks(const std::int16_t* a, const float* a_scales,
                                          const std::int16_t* b, const float* b_scales,
                                          std::size_t n, std::size_t block,
                                          std::uint32_t* sum) noexcept {
  float total = 0;
  for (std::size_t begin = 0, i = 0; begin < n; begin += block, ++i) {
    const auto products =
        static_cast<float>(block_product(a, b, begin, std::min(begin + block, n)));
    total = __builtin_fmaf(products, a_scales[i] * b_scales[i], total);
  }
  std::memcpy(sum, &total, sizeof total);
}

/// The same with 16 partial sums, block i in p[i mod 16], folded by halves as in sum_by_64.
BINADE_NOINLINE inline void sum_by_16_blocks(const std::int16_t* a, const float* a_scales,
                                             const std::int16_t* b, const float* b_scales,
                                             std::size_t n, std::size_t block,
                                             std::uint32_t* sum) noexcept {
  float partial[16] = {};
  for (std::size_t begin = 0, i = 0; begin < n; begin += block, ++i) {
    const auto products =
        static_cast<float>(block_product(a, b, begin, std::min(begin + block, n)));
    partial[i % 16] = __builtin_fmaf(products, a_scales[i] * b_scales[i], partial[i % 16]);
  }
  *sum = fold(partial);
}

/// *sum = fma(e, e, *sum) with e = x - v, all finite.
BINADE_NOINLINE inline void add_squared_difference(double x, double v, double* sum) noexcept {
  const double e = x - v;
  *sum = __builtin_fma(e, e, *sum);
}

#if defined(__clang__)
#pragma float_control(pop)
#endif

}  // namespace reference
}  // namespace binade::inline v0
