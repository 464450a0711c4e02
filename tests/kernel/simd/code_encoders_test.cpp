// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/code_encoders.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace binade;

std::uint32_t nf4_code(float x, conversion_rules rules) noexcept {
  return static_cast<std::uint32_t>(encode(nf4::spec, unpack(x), rounding::ties_to_even{}, rules));
}

TEST(code_encoders, upper_halves_of_floats) {
  EXPECT_TRUE(simd::has_upper_encoder(bfloat16::spec));
  EXPECT_TRUE(simd::has_upper_encoder(tfloat32::spec));
  EXPECT_FALSE(simd::has_upper_encoder(float16::spec));
  EXPECT_FALSE(simd::has_upper_encoder(e8m0fnu::spec));
  const auto make = [](saturation_mode m) {
    return simd::make_upper_encoder(bfloat16::spec, rounding::ties_to_even{},
                                    {nullptr, {.saturation = m}});
  };
  EXPECT_EQ(make(saturation_mode::none).add, 0x7fffU);
  EXPECT_EQ(make(saturation_mode::none).clamp, 0x7f800000U);
  EXPECT_EQ(make(saturation_mode::finite).clamp, 0x7f7f0000U);
  EXPECT_EQ(make(saturation_mode::propagate).special, 0x7f800000U);
  EXPECT_EQ(make(saturation_mode::finite).special, 0x7f800001U);
}

TEST(code_encoders, integers_have_the_range_of_the_rules) {
  const simd::integer_encoder e = simd::make_integer_encoder(int8::spec, {});
  EXPECT_EQ(e.lowest, -128);
  EXPECT_EQ(e.largest, 127);
  EXPECT_EQ(bit_cast<float>(e.clamp), 128.0F);
  EXPECT_EQ(simd::make_integer_encoder(int8::spec, {nullptr, {.symmetric = true}}).lowest, -127);
  EXPECT_EQ(simd::make_integer_encoder(uint4::spec, {}).lowest, 0);
  EXPECT_FALSE(simd::make_integer_encoder(uint4::spec, {nullptr, {.negative = negative_mode::abs}})
                   .keeps_sign);
}

TEST(code_encoders, ordered_bits_order_floats) {
  const float x[] = {-INFINITY, -2.0F, -1.0F, -0x1p-149F, -0.0F, 0.0F, 0x1p-149F, 1.0F, INFINITY};
  for (int i = 0; i + 1 < 9; ++i) {
    const auto order = [](float v) {
      return simd::codebook_encoder::ordered(bit_cast<std::uint32_t>(v));
    };
    EXPECT_LT(order(x[i]), order(x[i + 1])) << x[i];
  }
}

TEST(code_encoders, boundaries_of_a_codebook_are_the_first_floats_of_its_codes) {
  const simd::codebook_encoder e = simd::make_codebook_encoder({nf4_code, {}});
  for (std::uint32_t k = 1; k < 16; ++k) {
    const auto bits = [](std::int32_t order) {
      return static_cast<std::uint32_t>(
          simd::codebook_encoder::ordered(static_cast<std::uint32_t>(order)));
    };
    EXPECT_EQ(nf4_code(bit_cast<float>(bits(e.boundary[k])), {}), k);
    EXPECT_EQ(nf4_code(bit_cast<float>(bits(e.boundary[k] - 1)), {}), k - 1);
  }
}

template <class F>
simd::binade_table table_of() {
  return simd::make_binade_table({[](float x, conversion_rules rules) noexcept {
                                    return static_cast<std::uint32_t>(
                                        encode(F::spec, unpack(x), rounding::toward_zero{}, rules));
                                  },
                                  {}});
}

TEST(code_encoders, binades_of_posits_and_takums) {
  // posit16 has 11 fraction bits at 1, and a bit less for each 4 binades: from 2^40 on, and below
  // 2^-44, one is left; further out codes hold no fraction.
  const simd::binade_table posit = table_of<posit16>();
  EXPECT_EQ(posit.entry[127], 0x4000U << 8 | 12);
  EXPECT_EQ(posit.entry[127 + 4], 0x6000U << 8 | 13);
  EXPECT_EQ(posit.entry[127 - 5], 0x1c00U << 8 | 13);
  EXPECT_EQ(posit.first, (127U - 44) << 23);
  EXPECT_EQ(posit.end, (127U + 44) << 23);
  // takum16 has between 4 and 11 fraction bits in every binade of binary32.
  const simd::binade_table takum = table_of<takum16>();
  EXPECT_EQ(takum.entry[127], 0x4000U << 8 | 12);
  EXPECT_EQ(takum.first, 1U << 23);
  EXPECT_EQ(takum.end, 255U << 23);
}

}  // namespace
