// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/codec.hpp"

#include <cstdint>

namespace binade::inline v0::simd {

/// The codes of floats that lie outside a format's range: one for each sign and kind, so that bulk
/// conversion of many such elements is a look-up.
struct special_codes {
  /// By sign, and by kind: zero, finite, infinity, NaN.
  std::uint32_t code[2][4];

  /// The code of a float that is zero, or out of range, or NaN.
  [[nodiscard]] constexpr std::uint32_t operator()(std::uint32_t bits) const noexcept {
    constexpr std::uint32_t infinity = 0x7f800000;
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    const unsigned kind =
        (magnitude != 0 ? 1U : 0U) + (magnitude >= infinity ? 1U : 0U) + (magnitude > infinity);
    return code[bits >> 31][kind];
  }
};

/// The codes that the definition gives; for finite ones, those of the largest floats. Below zero an
/// unsigned format has no range, so that one code serves all finite numbers under
/// negative_mode::nan.
template <format_spec Spec, class R>
[[nodiscard]] constexpr special_codes make_special_codes(const Spec& s, const R& rounding,
                                                         conversion_rules rules) noexcept {
  special_codes c{};
  constexpr std::uint32_t kinds[4] = {0, 0x7f7fffff, 0x7f800000, 0x7fc00000};
  for (std::uint32_t sign = 0; sign < 2; ++sign) {
    for (int kind = 0; kind < 4; ++kind) {
      const float x = bit_cast<float>(kinds[kind] | sign << 31);
      c.code[sign][kind] = static_cast<std::uint32_t>(encode(s, unpack(x), rounding, rules));
    }
  }
  return c;
}

}  // namespace binade::inline v0::simd
