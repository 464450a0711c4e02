// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes_mx.hpp"

#include "binade/quantize/recipe_quantize.hpp"
#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The recipes with vectors are compared in recipe_vectors_test.cpp; here are those that were read
// and not run, against a direct evaluation of what was read.

namespace {

using namespace quantize_test;

namespace recipes = binade::recipes;

using binade::any_recipe;

/// The exponent of the smallest power of two that is not below d > 0.
int rounded_up(float d) {
  const oracle::rational exact = oracle::exact(static_cast<double>(d));
  const int e = oracle::floor_log2(exact);
  return oracle::two_to(e) == exact ? e : e + 1;
}

float largest_magnitude(const std::vector<float>& x, std::size_t first) {
  float amax = 0;
  for (std::size_t i = first; i < first + 32; ++i) amax = std::max(amax, std::abs(x[i]));
  return amax;
}

enum class rule { reciprocal, quotient };

/// One block by the words of the source: scale = round up(amax / max), as a product with the
/// rounded reciprocal or as a quotient; elements times 2^-e.
void expect_block(const any_recipe& r, rule how, const std::vector<float>& x, std::size_t block,
                  const binade::any_packed_view& got) {
  const oracle::format& element = oracle::element_by_name(r.format.element.name());
  const auto top = static_cast<float>(element.extreme(false).value);
  const float amax = largest_magnitude(x, block * 32);
  const float descale = how == rule::reciprocal
                            ? oracle::multiply32(amax, oracle::divide32(1.0F, top))
                            : oracle::divide32(amax, top);
  int e = -127;
  if (descale != 0) e = std::max(rounded_up(descale), -127);
  ASSERT_EQ(got.scale_code(block), static_cast<std::uint32_t>(e + 127)) << "amax " << shown(amax);
  const bool unscaled = how == rule::reciprocal && e == -127;
  const float factor = unscaled ? 1.0F : std::ldexp(1.0F, -e);
  for (std::size_t i = 0; i < 32; ++i) {
    const float v = x[block * 32 + i];
    const double y = static_cast<double>(oracle::multiply32(v, factor));
    const auto expected = oracle::encode(element, std::copysign(y, static_cast<double>(v)),
                                         oracle::mode::ties_to_even, oracle::saturation::finite);
    ASSERT_EQ(got.code(block, i), expected)
        << r.name << " of " << r.format.names->name << ": " << shown(v) << " under amax "
        << shown(amax) << ": got " << binary(got.code(block, i), element.bits) << ", expected "
        << binary(expected, element.bits);
  }
}

void expect_blocks(const any_recipe& r, rule how) {
  constexpr std::size_t blocks = 400;
  std::vector<float> x = data(kind::wild, blocks * 32);
  const std::vector<float> ties = data(kind::coarse, blocks * 16);
  std::copy(ties.begin(), ties.end(), x.begin());
  // Blocks of all magnitudes; the largest values next to the boundaries of the rule.
  for (std::size_t b = 0; b < blocks; ++b) {
    const int e = static_cast<int>(b % 250) - 149;
    for (std::size_t i = 0; i < 32; ++i) x[b * 32 + i] = std::ldexp(x[b * 32 + i], e / 2);
    const auto top =
        static_cast<float>(oracle::element_by_name(r.format.element.name()).extreme(false).value);
    const float edge = std::ldexp(top, e / 2);
    const float edges[] = {edge, std::nextafter(edge, infinity), std::nextafter(edge, 0.0F)};
    for (std::size_t i = 0; i < 32; ++i) {
      if (std::abs(x[b * 32 + i]) > edge) x[b * 32 + i] = edge;
    }
    x[b * 32] = edges[b % 3];
  }
  const auto q = binade::quantize(binade::matrix_view(x, blocks, 32), r);
  for (std::size_t b = 0; b < blocks; ++b) expect_block(r, how, x, b, q);
}

TEST(recipes_mx, nvidia_multiplies_by_the_reciprocal_of_the_largest_element) {
  expect_blocks(recipes::nvidia_mx_as_read<binade::mxfp4>{}.describe(), rule::reciprocal);
  expect_blocks(recipes::nvidia_mx_as_read<binade::mxfp6_e2m3>{}.describe(), rule::reciprocal);
  expect_blocks(recipes::nvidia_mx_as_read<binade::mxfp8_e4m3>{}.describe(), rule::reciprocal);
  expect_blocks(recipes::nvidia_mx_as_read<binade::mxfp8_e5m2>{}.describe(), rule::reciprocal);
}

TEST(recipes_mx, cublas_divides_by_the_largest_element) {
  expect_blocks(recipes::cublas_mx_as_read<binade::mxfp4>{}.describe(), rule::quotient);
  expect_blocks(recipes::cublas_mx_as_read<binade::mxfp8_e4m3>{}.describe(), rule::quotient);
}

TEST(recipes_mx, nvidia_ignores_nan_and_gives_infinity_the_largest_scale) {
  std::vector<float> x(64, 1.0F);
  x[3] = not_a_number;
  x[40] = -infinity;
  const auto q =
      binade::quantize(binade::matrix_view(x, 2, 32), recipes::nvidia_mx_as_read<>{}.describe());
  const binade::any_packed_view v = q;
  EXPECT_EQ(v.scale_code(0), 125U);  // 1/6 rounded up to 2^-2
  EXPECT_EQ(v.code(0, 3), 7U);
  EXPECT_EQ(v.code(0, 0), 6U);
  EXPECT_EQ(v.scale_code(1), 254U);
  EXPECT_EQ(v.code(1, 8), 15U);
  EXPECT_EQ(v.code(1, 0), 0U);
}

}  // namespace
