// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace binade::inline v0::simd {

/// What every code of a format of at most 8 bits becomes: the bits of a float, or of a value of 16
/// bits in `high` alone. Codes above `count` do not occur.
struct decode_table {
  std::uint16_t high[256];  ///< the upper half
  std::uint16_t low[256];   ///< the lower half
  std::uint32_t value[256];
  int count;     ///< of codes: 2^bits
  bool has_low;  ///< not every lower half is 0

  constexpr void set(std::uint32_t code, std::uint32_t bits) noexcept {
    value[code] = bits;
    high[code] = static_cast<std::uint16_t>(bits >> 16);
    low[code] = static_cast<std::uint16_t>(bits);
    has_low |= low[code] != 0;
  }
};

}  // namespace binade::inline v0::simd
