// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"

#include <cstdint>

namespace binade::inline v0::simd {

// What the vector conversions read. The value of an element, as a float, is exact.

struct float_source {
  using type = float;
  [[nodiscard]] static constexpr float value(float x) noexcept { return x; }
};
struct float16_source {
  using type = std::uint16_t;
  [[nodiscard]] static constexpr float value(std::uint16_t x) noexcept {
    const std::uint32_t sign = (x & 0x8000U) << 16;
    const std::uint32_t magnitude = x & 0x7fffU;
    std::uint32_t bits = (magnitude << 13) + (112U << 23);  // binary32's bias is 112 more
    if (magnitude >= 0x7c00) bits = (magnitude << 13) | 0x7f800000;
    if (magnitude < 0x0400) {  // m * 2^-24, which is normal in binary32
      const std::uint32_t shift = static_cast<std::uint32_t>(countl_zero(magnitude)) - 8;
      bits = magnitude == 0 ? 0 : (magnitude << shift) + ((125U - shift) << 23);
    }
    return bit_cast<float>(sign | bits);
  }
};
struct bfloat16_source {
  using type = std::uint16_t;
  [[nodiscard]] static constexpr float value(std::uint16_t x) noexcept {
    return bit_cast<float>(std::uint32_t{x} << 16);
  }
};

}  // namespace binade::inline v0::simd
