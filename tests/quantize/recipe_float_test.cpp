// SPDX-License-Identifier: MIT
#include "binade/quantize/recipe_float.hpp"

#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using binade::recipe_float;
using oracle::bits_of;
using oracle::exact;
using oracle::float_of;
using quantize_test::infinity;
using quantize_test::largest_float;
using quantize_test::not_a_number;
using quantize_test::shown;

float value(const recipe_float& x) { return float_of(x.binary32_bits()); }

/// Finite floats of any exponent, small ones and neighbours of powers of two more often.
std::vector<float> finite_floats(std::size_t n) {
  std::mt19937_64 random(1);
  std::vector<float> x{0.0F, -0.0F, largest_float, -largest_float, 0x1p-149F, 0x1p-126F, 1.0F};
  while (x.size() < n) {
    const auto bits = static_cast<std::uint32_t>(random());
    const std::uint32_t exponent = random() % 4 == 0 ? 0x00800000U : 0xffffffffU;
    const std::uint32_t mantissa = random() % 4 == 0 ? 0xff800003U : 0xffffffffU;
    const float f = float_of(bits & exponent & mantissa);
    if (std::isfinite(f)) x.push_back(f);
  }
  return x;
}

TEST(recipe_float, operations_are_rounded_once) {
  const std::vector<float> x = finite_floats(20000);
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const float a = x[i];
    const float b = x[i + 1];
    EXPECT_EQ(std::abs(value(recipe_float(a) * b)), std::abs(oracle::multiply32(a, b)))
        << shown(a) << " * " << shown(b);
    EXPECT_EQ(value(recipe_float(a) + b), oracle::add32(a, b)) << shown(a) << " + " << shown(b);
    EXPECT_EQ(value(recipe_float(a) - b), oracle::add32(a, -b)) << shown(a) << " - " << shown(b);
    if (b == 0) continue;
    EXPECT_EQ(value(recipe_float(a) / b), oracle::divide32(a, b)) << shown(a) << " / " << shown(b);
  }
}

TEST(recipe_float, special_values_follow_ieee_754) {
  const float special[] = {0.0F,      -0.0F,        1.0F,          -2.5F,    infinity,
                           -infinity, not_a_number, largest_float, 0x1p-149F};
  for (const volatile float a : special) {
    for (const volatile float b : special) {
      const float expected[] = {a * b, a / b, a + b, a - b};
      const recipe_float got[] = {recipe_float(a) * b, recipe_float(a) / b, recipe_float(a) + b,
                                  recipe_float(a) - b};
      for (int i = 0; i < 4; ++i) {
        if (std::isnan(expected[i])) {
          EXPECT_TRUE(got[i].is_nan()) << i << ": " << shown(a) << ", " << shown(b);
        } else {
          EXPECT_EQ(got[i].binary32_bits(), bits_of(expected[i]))
              << i << ": " << shown(a) << ", " << shown(b);
        }
      }
      EXPECT_EQ(recipe_float(a) < b, a < b) << shown(a) << " < " << shown(b);
      EXPECT_EQ(recipe_float(a) > b, a > b) << shown(a) << " > " << shown(b);
      EXPECT_EQ(recipe_float(a) == b, a == b) << shown(a) << " == " << shown(b);
    }
  }
}

TEST(recipe_float, nan_keeps_the_sign_of_the_first_operand_and_arises_negative) {
  const recipe_float minus = -recipe_float(not_a_number);
  EXPECT_FALSE((recipe_float(not_a_number) * minus).is_negative());
  EXPECT_TRUE((minus * not_a_number).is_negative());
  EXPECT_TRUE((recipe_float(1.0F) + minus).is_negative());
  EXPECT_TRUE((recipe_float(0.0F) * infinity).is_negative());
  EXPECT_TRUE((recipe_float(0.0F) / 0.0F).is_negative());
}

TEST(recipe_float, an_operation_has_the_wider_width) {
  const auto narrow = [](float x) { return recipe_float::of(binade::bfloat16(x)); };
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const float a = float_of(static_cast<std::uint32_t>(random()) & 0xffff0000U);
    const float b = float_of(static_cast<std::uint32_t>(random()) & 0xffff0000U);
    if (!std::isfinite(a) || !std::isfinite(b) || b == 0) continue;
    const double quotient = oracle::nearest_binary(exact(a) / exact(b), 8, -126, 127);
    EXPECT_EQ(static_cast<double>(value(narrow(a) / narrow(b))), quotient)
        << shown(a) << " / " << shown(b);
    EXPECT_EQ(value(narrow(a) / recipe_float(b)), oracle::divide32(a, b));
    EXPECT_EQ(value(narrow(a).widened() / narrow(b)), oracle::divide32(a, b));
  }
  EXPECT_EQ(value(recipe_float(1.0F + 0x1p-8F).rounded_like(narrow(1))), 1.0F);
  EXPECT_EQ(value(recipe_float::of(binade::float16(1)) / recipe_float::of(binade::float16(3))),
            static_cast<float>(oracle::nearest_binary(oracle::rational(1, 3), 11, -14, 15)));
}

TEST(recipe_float, minimum_and_maximum_keep_nan) {
  EXPECT_TRUE(binade::max_or_nan(not_a_number, 1.0F).is_nan());
  EXPECT_TRUE(binade::max_or_nan(1.0F, not_a_number).is_nan());
  EXPECT_TRUE(binade::min_or_nan(not_a_number, 1.0F).is_nan());
  EXPECT_TRUE(binade::min_or_nan(1.0F, not_a_number).is_nan());
  EXPECT_EQ(value(binade::clamped(5.0F, -1.0F, 2.0F)), 2.0F);
  EXPECT_EQ(value(binade::clamped(-infinity, -1.0F, 2.0F)), -1.0F);
  EXPECT_EQ(value(binade::clamped(0.5F, -1.0F, 2.0F)), 0.5F);
}

/// log2(x) as a correctly rounded binary32.
double rounded_log2(float x) {
  mpfr_t logarithm;
  mpfr_init2(logarithm, 24);
  mpfr_set_flt(logarithm, x, MPFR_RNDN);
  mpfr_log2(logarithm, logarithm, MPFR_RNDN);
  const double result = mpfr_get_d(logarithm, MPFR_RNDN);
  mpfr_clear(logarithm);
  return result;
}

void expect_logarithms(float x) {
  const double logarithm = rounded_log2(x);
  EXPECT_EQ(binade::floor_log2f(x), static_cast<int>(std::floor(logarithm))) << shown(x);
  EXPECT_EQ(binade::ceil_log2f(x), static_cast<int>(std::ceil(logarithm))) << shown(x);
}

TEST(recipe_float, logarithms_round_next_to_powers_of_two) {
  // At k = 127 the reach is 44 floats below and 22 above.
  for (int k = -149; k <= 127; ++k) {
    const float power = std::ldexp(1.0F, k);
    float below = power;
    float above = power;
    for (int i = 0; i < 64; ++i) {
      if (below > 0) expect_logarithms(below);
      expect_logarithms(above);
      below = std::nextafter(below, 0.0F);
      above = std::nextafter(above, largest_float);
    }
  }
  expect_logarithms(largest_float);
  EXPECT_EQ(binade::floor_log2f(largest_float), 128);
}

TEST(recipe_float, logarithms_of_any_number) {
  for (const float x : finite_floats(20000)) {
    if (x != 0) expect_logarithms(std::abs(x));
  }
}

TEST(recipe_float, is_constexpr) {
  static_assert(recipe_float(1.0F) / 3.0F == 0x1.555556p-2F);
  static_assert(recipe_float::power_of_two(-150).is_zero());
  static_assert(recipe_float::power_of_two(128).is_infinite());
  static_assert(binade::ceil_log2f(0x1.000002p100F) == 100);
}

}  // namespace
