// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes_research.hpp"

#include "binade/quantize/recipe_quantize.hpp"
#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

// microxcaling's codes and scales, of which recipe_vectors_test.cpp has the products alone, and
// what was read and not run, against a direct evaluation.

namespace {

using namespace quantize_test;

namespace recipes = binade::recipes;

using binade::any_recipe;
using oracle::add32;
using oracle::divide32;
using oracle::multiply32;

/// floor(log2 x); the data stay away from the numbers whose rounded logarithm is an integer.
int floor_log2(float x) { return oracle::floor_log2(oracle::exact(static_cast<double>(x))); }

/// An element of microxcaling: its own exponent, mantissa + 1/2 cut, clamped.
double microxcaling_element(float y, int mantissa_bits, int least_exponent, double top) {
  if (y == 0) return 0;
  const int e = std::max(floor_log2(std::abs(y)), least_exponent);
  const float steps = add32(std::ldexp(std::abs(y), mantissa_bits - e), 0.5F);
  const double size = std::ldexp(std::floor(static_cast<double>(steps)), e - mantissa_bits);
  return std::copysign(std::min(size, top), static_cast<double>(y));
}

void expect_microxcaling(const any_recipe& r, int mantissa_bits, int least_exponent, double top,
                         int emax) {
  std::vector<float> x = data(kind::coarse, 64 * 32);
  const std::vector<float> wild = data(kind::wild, 32 * 32);
  std::copy(wild.begin(), wild.end(), x.begin());
  x[32 * 32 + 1] = 0x1.fffffep-3F * 0.5F;  // just below a tie next to zero
  x[32 * 32] = 4;
  const auto q = binade::quantize(binade::matrix_view(x, 64, 32), r);
  const binade::any_packed_view v = q;
  const oracle::format& element = oracle::element_by_name(r.format.element.name());
  for (std::size_t b = 0; b < 64; ++b) {
    float amax = 0;
    for (std::size_t i = 0; i < 32; ++i) amax = std::max(amax, std::abs(x[b * 32 + i]));
    const int e = floor_log2(amax) - emax;
    ASSERT_EQ(v.scale_code(b), static_cast<std::uint32_t>(e + 127));
    for (std::size_t i = 0; i < 32; ++i) {
      const float y = std::ldexp(x[b * 32 + i], -e);
      const double expected = microxcaling_element(y, mantissa_bits, least_exponent, top);
      EXPECT_EQ(decode(element, v.code(b, i)).value, expected)
          << r.format.names->name << ": " << shown(y) << ", code "
          << binary(v.code(b, i), element.bits);
    }
  }
}

TEST(recipes_research, microxcaling_rounds_half_away) {
  expect_microxcaling(recipes::microxcaling<binade::mxfp4>{}.describe(), 1, 0, 6, 2);
  expect_microxcaling(recipes::microxcaling<binade::mxfp6_e2m3>{}.describe(), 3, 0, 7.5, 2);
  expect_microxcaling(recipes::microxcaling<binade::mxfp6_e3m2>{}.describe(), 2, -2, 28, 4);
  expect_microxcaling(recipes::microxcaling<binade::mxfp8_e4m3>{}.describe(), 3, -6, 448, 8);
  expect_microxcaling(recipes::microxcaling<binade::mxfp8_e5m2>{}.describe(), 2, -14, 57344, 15);
}

TEST(recipes_research, microxcaling_rounds_the_number_below_a_quarter_up) {
  const std::vector<float> x{4, 0x1.fffffep-3F, 0x1.fffffcp-3F, 0x1p-2F};
  const auto q = binade::quantize(binade::tensor_view<const float>(x), recipes::microxcaling<>{});
  const binade::any_packed_view v = q;
  EXPECT_EQ(v.code(0, 1), 1U);
  EXPECT_EQ(v.code(0, 2), 0U);
  EXPECT_EQ(v.code(0, 3), 1U);
}

TEST(recipes_research, quartet_scales_by_the_deviation) {
  const std::vector<float> x = data(kind::bell, 64 * 32, 3);
  const auto q = binade::quantize(binade::matrix_view(x, 64, 32), recipes::quartet_as_read{});
  const binade::any_packed_view v = q;
  for (std::size_t b = 0; b < 64; ++b) {
    float squares = 0;
    float sum = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      squares = add32(squares, multiply32(x[b * 32 + i], x[b * 32 + i]));
      sum = add32(sum, x[b * 32 + i]);
    }
    const float mean = divide32(sum, 32);
    const float variance = add32(divide32(squares, 32), -multiply32(mean, mean));
    const double deviation = std::sqrt(static_cast<double>(variance));
    const double scale = 2.92247856 / 6 * deviation + 1e-8;
    const int e = std::ilogb(scale);
    ASSERT_GT(scale, std::ldexp(1.00001, e));  // binary32's roundings do not change the exponent
    ASSERT_LT(scale, std::ldexp(1.99999, e));
    ASSERT_EQ(v.scale_code(b), static_cast<std::uint32_t>(e + 127));
    for (std::size_t i = 0; i < 32; ++i) {
      const double y = std::ldexp(std::abs(static_cast<double>(x[b * 32 + i])), -e);
      std::uint32_t code = 0;
      for (const double middle : {0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0}) code += y > middle;
      if (x[b * 32 + i] <= 0) code |= 8;
      EXPECT_EQ(v.code(b, i), code) << shown(x[b * 32 + i]);
    }
  }
}

}  // namespace
