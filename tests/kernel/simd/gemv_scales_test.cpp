// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemv_scales.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using binade::simd::scale_table;
using binade::simd::shifted_scales;

/// The table of a format's codes times 2^exponent.
template <class F>
scale_table table_of(int exponent) {
  scale_table table{};
  for (int code = 0; code < 256; ++code) {
    const auto value = static_cast<double>(F::from_bits(static_cast<std::uint8_t>(code)));
    table.value[code] = static_cast<float>(std::ldexp(value, exponent));
  }
  return table;
}

/// Shifted codes times factored ones must be the products of what codes and x are worth.
template <class F>
void expect_the_products(int exponent, int lowest, int highest) {
  const scale_table table = table_of<F>(exponent);
  const shifted_scales scales(table);
  ASSERT_TRUE(scales.serves()) << F::names.name;
  EXPECT_EQ(scales.lowest(), lowest) << F::names.name;
  EXPECT_EQ(scales.highest(), highest) << F::names.name;
  const std::vector<float> x{1, 0.0F, -1.5F, 0x1.fffffep-3F, 3, 0x1p-9F, 224};
  std::vector<float> factored(x.size());
  ASSERT_TRUE(scales.apply_factor(x.data(), x.size(), factored.data())) << F::names.name;
  for (int code = lowest; code <= highest; ++code) {
    const auto shifted =
        binade::bit_cast<float>(static_cast<std::uint32_t>(code) << scales.shift());
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(shifted * factored[i], table.value[code] * x[i])
          << F::names.name << ", code " << code << ", x = " << x[i];
    }
  }
}

TEST(gemv_scales, minifloats_become_floats_by_a_shift) {
  expect_the_products<binade::e4m3fn>(-1, 0, 126);
  expect_the_products<binade::e5m2>(-2, 0, 123);
  expect_the_products<binade::ue4m3>(-1, 0, 126);
  expect_the_products<binade::e8m0fnu>(-1, 1, 254);  // not 0, which is 2^-127
  expect_the_products<binade::e8m0fnu>(0, 1, 254);
}

TEST(gemv_scales, a_table_without_such_codes_has_none) {
  EXPECT_FALSE(shifted_scales().serves());
  EXPECT_FALSE(shifted_scales(scale_table{}).serves());
}

TEST(gemv_scales, a_factor_that_does_not_fit_is_refused) {
  const shifted_scales scales(table_of<binade::e4m3fn>(-1));  // 2^119
  float out = 0;
  for (const float x :
       {0x1p10F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_FALSE(scales.apply_factor(&x, 1, &out)) << x;
  }
  const float subnormal = 0x1p-140F;
  EXPECT_TRUE(scales.apply_factor(&subnormal, 1, &out));
  EXPECT_EQ(out, 0x1p-21F);
  const shifted_scales powers(table_of<binade::e8m0fnu>(-1));  // 2^-1
  const float odd = 0x3p-149F;
  EXPECT_FALSE(powers.apply_factor(&odd, 1, &out));
}

}  // namespace
