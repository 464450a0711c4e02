// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/source.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cmath>

namespace {

using namespace binade;

TEST(source, float16_codes_widen_to_the_values_that_the_format_defines) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const float got = simd::float16_source::value(static_cast<std::uint16_t>(code));
    const float expected{float16::from_bits(code)};
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(got)) << std::bitset<16>(code);
      EXPECT_EQ(std::signbit(got), std::signbit(expected)) << std::bitset<16>(code);
    } else {
      EXPECT_EQ(bit_cast<std::uint32_t>(got), bit_cast<std::uint32_t>(expected))
          << std::bitset<16>(code);
    }
  }
}

TEST(source, bfloat16_codes_are_the_upper_half_of_a_float) {
  EXPECT_EQ(simd::bfloat16_source::value(0x3fc0), 1.5F);
  EXPECT_EQ(simd::bfloat16_source::value(0x8001), -0x1p-133F);
  EXPECT_EQ(simd::float_source::value(-0.25F), -0.25F);
}

}  // namespace
