// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

// Formats that are lists of values. Codes are numbered by ascending value.

namespace binade::inline v0 {

namespace detail {

/// The 256 values of the signed dynamic tree: code 127 + k has
/// (0.1 + 0.9 (2j + 1) / 2^(i + 1)) * 10^(i - 6) with k = 2^i + j, code 127 - k its negative,
/// code 255 is 1; each the binary32 value nearest to the exact rational.
/// Source: Dettmers, 8-bit Approximations for Parallelism in Deep Learning, section 2.
BINADE_HD constexpr codebook_spec<256> make_dynamic8() noexcept {
  codebook_spec<256> s{};
  for (std::uint64_t k = 1; k <= 127; ++k) {
    const int i = top_bit(k);
    const std::uint64_t j = k - (std::uint64_t{1} << i);
    std::uint64_t denominator = std::uint64_t{2} << i;
    const std::uint64_t numerator = denominator + 9 * (2 * j + 1);
    for (int n = i; n < 7; ++n) denominator *= 10;
    const float value = to_float(divide(unpack(numerator), unpack(denominator)));
    s.values[127 + k] = bit_cast<std::uint32_t>(value);
    s.values[127 - k] = bit_cast<std::uint32_t>(value) | 0x80000000U;
  }
  s.values[255] = bit_cast<std::uint32_t>(1.0F);
  return s;
}

}  // namespace detail

/// NormalFloat4: quantiles of the normal distribution, scaled to [-1, 1].
/// Source: QLoRA (arXiv 2305.14314), appendix E; the constants are bitsandbytes'.
struct nf4 : minifloat<nf4, 4> {
  using minifloat::minifloat;
  static constexpr codebook_spec<16> spec{{0xbf800000, 0xbf3239b1, 0xbf066b30, 0xbeca32a0,
                                           0xbe91a24d, 0xbe3d353f, 0xbdba7871, 0x00000000,
                                           0x3da2faff, 0x3e24cae3, 0x3e7c04dd, 0x3ead033a,
                                           0x3ee1a4b8, 0x3f1007ab, 0x3f3913b3, 0x3f800000}};
  static constexpr format_names names{
      .name = "nf4", .description = "NormalFloat4 codebook", .aliases = "normalfloat4"};
};

/// The 8-bit dynamic tree of 8-bit optimizers, in [-0.993, 1].
struct dynamic8 : minifloat<dynamic8, 8> {
  using minifloat::minifloat;
  static constexpr codebook_spec<256> spec = detail::make_dynamic8();
  static constexpr format_names names{
      .name = "dynamic8", .description = "8-bit dynamic tree codebook", .aliases = "dynamic_tree"};
};

using codebook_formats = type_list<nf4, dynamic8>;

}  // namespace binade::inline v0
