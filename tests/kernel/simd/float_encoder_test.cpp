// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/float_encoder.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;

TEST(float_encoder, constants_of_e4m3fn_are_the_published_ones) {
  const simd::float_encoder e = simd::make_float_encoder(e4m3fn::spec, {});
  EXPECT_EQ(bit_cast<float>(e.clamp), 448.0F);
  EXPECT_EQ(bit_cast<float>(e.least), 0x1p-6F);
  EXPECT_EQ(bit_cast<float>(e.factor), 0x1.000070p20F);  // 56 = -(121 * 8) modulo 128
  EXPECT_EQ(e.shift, 20U);
  EXPECT_EQ(e.code_bits, 0x7fU);
  EXPECT_EQ(e.special, 0x7f800001U);
  EXPECT_EQ(e.sign, 0x80U);
  EXPECT_TRUE(e.zero_has_sign);
}

TEST(float_encoder, special_begins_where_the_range_ends) {
  const auto special = [](const float_spec& s, saturation_mode m) {
    return bit_cast<float>(simd::make_float_encoder(s, {.saturation = m}).special);
  };
  // Parity decides ties: 464 is a tie and stays 448; 61440 and 248 are ties and leave.
  EXPECT_EQ(special(e4m3fn::spec, saturation_mode::none), 0x1.d00002p8F);
  EXPECT_EQ(special(e5m2::spec, saturation_mode::none), 61440.0F);
  EXPECT_EQ(special(e4m3_ieee::spec, saturation_mode::none), 248.0F);
  // Without infinity and NaN nothing leaves.
  EXPECT_EQ(simd::make_float_encoder(e2m1fn::spec, {.saturation = saturation_mode::none}).special,
            0x7f800001U);
  EXPECT_EQ(
      simd::make_float_encoder(e5m2::spec, {.saturation = saturation_mode::propagate}).special,
      0x7f800000U);
}

TEST(float_encoder, unsigned_formats_treat_the_sign_as_special) {
  const simd::float_encoder e = simd::make_float_encoder(ue4m3::spec, {});
  EXPECT_EQ(e.magnitude, 0xffffffffU);
  EXPECT_EQ(e.sign, 0U);
  EXPECT_GE(bit_cast<std::uint32_t>(-1.0F) & e.magnitude, e.special);
}

TEST(float_encoder, formats_outside_the_formula_are_left_out) {
  EXPECT_TRUE(simd::has_float_encoder(e5m2::spec));
  EXPECT_TRUE(simd::has_float_encoder(e0m7::spec));
  EXPECT_FALSE(simd::has_float_encoder(e8m0fnu::spec));   // no zero
  EXPECT_FALSE(simd::has_float_encoder(e3m0::spec));      // no mantissa bit: another tie rule
  EXPECT_FALSE(simd::has_float_encoder(bfloat16::spec));  // 16 bits
  // A least step among binary32's own subnormal numbers.
  constexpr float_spec tiny{.exponent_bits = 5, .mantissa_bits = 2, .bias = 130};
  EXPECT_FALSE(simd::has_float_encoder(tiny));
}

}  // namespace
