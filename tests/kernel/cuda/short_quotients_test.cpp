// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/short_quotients.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

namespace {

namespace detail = binade::cuda::detail;
using binade::cuda::group_scale;

group_scale scale_of(float part, float tensor, int off) {
  group_scale s;
  s.part = part;
  s.tensor = tensor;
  s.kind = part == 1 ? group_scale::form::single : group_scale::form::product;
  s.inverse = 1.0F / (part * tensor);
  if (off != 0) s.inverse = std::nextafter(s.inverse, off < 0 ? 0.0F : INFINITY);
  return s;
}

/// high + low is 1 / scale, but for 2^(Bits - 47) of it and, if quotients may be ties, the bias.
/// The oracle multiplies back in long double, which holds the products of 53 and 28 bits to 2^-63.
template <int Bits>
void expect_accurate_inverses() {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const float tensor = 1 + static_cast<float>(random() % (1U << 23)) * 0x1p-23F;
    const float part = i % 2 == 0 ? 1.0F : static_cast<float>(8 + random() % 8) * 0.125F;
    const detail::split_inverse<Bits> inverse(scale_of(part, tensor, i % 3 - 1));
    const long double sum = static_cast<long double>(inverse.high) + inverse.low;
    const long double one = sum * (static_cast<long double>(part) * tensor);
    const long double bias = inverse.has_ties ? 0x1p-30L : 0.0L;
    ASSERT_LE(std::abs(one - 1 - bias), std::ldexp(1.0L, Bits - 47)) << part << " " << tensor;
    ASSERT_GT(inverse.low, 0.0F);
    ASSERT_EQ(binade::bit_cast<std::uint32_t>(inverse.high) & ((1U << Bits) - 1), 0U);
  }
}

TEST(short_quotients, inverses_are_as_accurate_as_promised) {
  expect_accurate_inverses<8>();
  expect_accurate_inverses<11>();
}

TEST(short_quotients, halves_are_cut_off) {
  EXPECT_EQ(detail::cut_to_halves(0x1.fffffep0F, -0x1.001ffep0F), 0xbc003fffU);
  EXPECT_EQ(detail::cut_to_halves(-0.0F, 0x1.8p-25F), 0x00008000U);
}

TEST(short_quotients, magnitudes_of_halves_are_clamped) {
  EXPECT_EQ(detail::smaller_magnitudes(0xffff8000U, 0x0e000e00U), 0x0e000000U);
  EXPECT_EQ(detail::smaller_magnitudes(0x8d010e01U, 0x0e000e00U), 0x0d010e00U);
}

TEST(short_quotients, eight_codes_pack_in_order) {
  const std::uint32_t code[4] = {0x4fff0fffU, 0x5fff1fffU, 0x6fff2fffU, 0x7fff3fffU};
  EXPECT_EQ(detail::pack_eight(code), 0x76543210U);
}

}  // namespace
