// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <cstdint>

// How weight_tiles keeps a few neighbouring codes of a row in a 32-bit word, so that a GPU has two
// bfloat16s after a shift and a mask: what the repacking writes and the kernels read. A word holds
// 8 codes of 4 bits or 4 of 8 bits; code i of it is nibble or byte i of the packed row.

namespace binade::inline v0::cuda {

/// Formats of weights that the weight-only products take.
enum class weight_kind : std::uint8_t { nvfp4, mxfp4, int4, e4m3fn };

namespace detail {

// Where a bfloat16 has its sign, and the bits that E2M1 and E4M3 fill if their exponent becomes the
// low bits of the bfloat16's: the value then is 2^126 or 2^120 times too small, subnormals
// included.
inline constexpr std::uint32_t sign_mask = 0x80008000;
inline constexpr std::uint32_t e2m1_mask = 0x01c001c0;
inline constexpr std::uint32_t e4m3_mask = 0x07f007f0;

/// Sign and magnitude bits of the E2M1 codes 2 * pair and 2 * pair + 1 as two bfloat16s, 2^-126
/// times their values, the first in the low half.
///
/// Of each half of the word, pair 0 has the bits where a bfloat16 wants them; pair 1 has them 3
/// lower; pairs 2 and 3 fill the gaps, so that the four take 7 operations besides shifts to the
/// left.
[[nodiscard]] BINADE_HD constexpr std::uint32_t e2m1_pair(std::uint32_t word, int pair) noexcept {
  switch (pair) {
    case 0:
      return word & (sign_mask | e2m1_mask);
    case 1:
      return word << 3 & (sign_mask | e2m1_mask);
    case 2:
      return (word << 6 & e2m1_mask) | (word << 1 & sign_mask);
    default:
      return (word >> 3 & e2m1_mask) | (word << 2 & sign_mask);
  }
}

/// E4M3 codes 2 * pair and 2 * pair + 1 as two bfloat16s, 2^-120 times their values; NaN becomes
/// 480 * 2^-120.
[[nodiscard]] BINADE_HD constexpr std::uint32_t e4m3_pair(std::uint32_t word, int pair) noexcept {
  return pair == 0 ? (word & sign_mask) | (word >> 4 & e4m3_mask)
                   : (word << 8 & sign_mask) | (word << 4 & e4m3_mask);
}

/// 128 + 8 + the values of the INT4 codes 2 * pair and 2 * pair + 1 as two bfloat16s.
[[nodiscard]] BINADE_HD constexpr std::uint32_t int4_pair(std::uint32_t word, int pair) noexcept {
  return (word >> 4 * pair & 0x000f000f) | 0x43004300;
}

/// Scales of rows g (low half) and g + 8 for the first (0) or last (1) 32 k of a tile: of NVFP4
/// 2^-120 times the scale, of MXFP4 the scale as weight_tiles rebases it.
[[nodiscard]] BINADE_HD constexpr std::uint32_t scale_pair(weight_kind kind, std::uint32_t word,
                                                           int half) noexcept {
  if (kind == weight_kind::mxfp4) return (half == 0 ? word << 7 : word >> 1) & 0x7f807f80;
  return (half == 0 ? word << 4 : word >> 4) & e4m3_mask;
}

/// Bit of a stored word from which bit `bit` of code `i` of the packed word comes.
[[nodiscard]] constexpr int stored_bit(weight_kind kind, int i, int bit) noexcept {
  const int half = i % 2 * 16;
  const int pair = i / 2;
  switch (kind) {
    case weight_kind::int4:
      return half + 4 * pair + bit;
    case weight_kind::e4m3fn:
      return half + (pair == 0 ? 8 : 0) + bit;
    default: {
      constexpr int sign[] = {15, 12, 14, 13};
      constexpr int magnitude[] = {6, 3, 0, 9};
      return half + (bit == 3 ? sign[pair] : magnitude[pair] + bit);
    }
  }
}

/// What is added to an INT4 code so that it has no sign.
inline constexpr std::uint32_t int4_offset = 0x88888888;

}  // namespace detail

/// The stored form of a word of packed codes.
[[nodiscard]] constexpr std::uint32_t store_codes(weight_kind kind, std::uint32_t codes) noexcept {
  const int bits = kind == weight_kind::e4m3fn ? 8 : 4;
  if (kind == weight_kind::int4) codes ^= detail::int4_offset;
  std::uint32_t word = 0;
  for (int at = 0; at < 32; ++at) {
    word |= (codes >> at & 1) << detail::stored_bit(kind, at / bits, at % bits);
  }
  return word;
}

/// The inverse of store_codes.
[[nodiscard]] constexpr std::uint32_t packed_codes(weight_kind kind, std::uint32_t word) noexcept {
  const int bits = kind == weight_kind::e4m3fn ? 8 : 4;
  std::uint32_t codes = 0;
  for (int at = 0; at < 32; ++at) {
    codes |= (word >> detail::stored_bit(kind, at / bits, at % bits) & 1) << at;
  }
  return kind == weight_kind::int4 ? codes ^ detail::int4_offset : codes;
}

}  // namespace binade::inline v0::cuda
