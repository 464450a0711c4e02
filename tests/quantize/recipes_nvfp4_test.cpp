// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes_nvfp4.hpp"

#include "binade/quantize/recipe_quantize.hpp"
#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

// The bits of the packages are compared in recipe_vectors_test.cpp; here are the options without
// vectors.

namespace {

using namespace quantize_test;

namespace recipes = binade::recipes;

using binade::any_packed_view;
using binade::matrix_view;
using oracle::divide32;
using oracle::multiply32;

TEST(recipes_nvfp4, te_rounds_stochastically_with_the_given_bits) {
  const std::vector<float> x = data(kind::bell, 8 * 64, 7);
  constexpr int bits = 8;
  const auto w = matrix_view(x, 8, 64);
  const binade::rounding::stochastic random{.seed = 11, .stream = 3, .bits = bits};
  const auto nearest = binade::quantize(w, recipes::te_nvfp4{});
  const auto stochastic =
      binade::quantize(w, recipes::te_nvfp4_stochastic_as_read{.random = random});
  EXPECT_TRUE(std::ranges::equal(nearest.scales(), stochastic.scales()));
  const any_packed_view v = stochastic;
  const oracle::format& e2m1 = oracle::element_by_name("e2m1fn");
  const oracle::format& ue4m3 = oracle::element_by_name("ue4m3");
  std::size_t different = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint32_t scale = v.scale_code(i / 16);
    const auto block = static_cast<float>(decode(ue4m3, scale).value);
    const float factor = divide32(1, multiply32(block, stochastic.tensor_scale()));
    const double y = static_cast<double>(multiply32(x[i], factor));
    ASSERT_NE(y, 0);  // zeros have rules of their own
    const std::uint64_t r = binade::random_bits(11, 3, i, bits);
    const oracle::rounding how(oracle::stochastic_variant::add_truncate, bits, r);
    const auto expected = oracle::encode(e2m1, y, how, oracle::saturation::finite);
    const std::uint32_t code = v.code(i / 64, i % 64);
    EXPECT_EQ(code, expected) << shown(x[i]) << ", scaled " << y << ", R = " << r;
    different += code != any_packed_view(nearest).code(i / 64, i % 64) ? 1 : 0;
  }
  EXPECT_GT(different, x.size() / 10);
}

TEST(recipes_nvfp4, te_tiles_share_a_scale_that_each_row_stores) {
  constexpr std::size_t rows = 20;  // the second tile has four
  const std::vector<float> x = data(kind::bell, rows * 32, 9);
  const auto q = binade::quantize(matrix_view(x, rows, 32), recipes::te_nvfp4{.tile_rows = 16});
  const any_packed_view v = q;
  const oracle::format& ue4m3 = oracle::element_by_name("ue4m3");
  float tensor = 0;
  for (const float e : x) tensor = std::max(tensor, std::abs(e));
  const float factor = multiply32(divide32(2688, tensor), divide32(1, 6));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t block = 0; block < 2; ++block) {
      float amax = 0;
      for (std::size_t r = row / 16 * 16; r < std::min(rows, row / 16 * 16 + 16); ++r) {
        for (std::size_t c = block * 16; c < block * 16 + 16; ++c) {
          amax = std::max(amax, std::abs(x[r * 32 + c]));
        }
      }
      const auto expected = oracle::encode(ue4m3, static_cast<double>(multiply32(amax, factor)),
                                           oracle::mode::ties_to_even, oracle::saturation::finite);
      EXPECT_EQ(v.scale_code(row * 2 + block), expected) << "row " << row << ", block " << block;
    }
  }
}

TEST(recipes_nvfp4, four_over_six_never_has_the_larger_error) {
  const std::vector<float> x = data(kind::bell, 64 * 16, 4);
  const auto error = [&](const auto& recipe, std::size_t block) {
    const auto q = binade::quantize(matrix_view(x, 64, 16), recipe);
    const any_packed_view v = q;
    double sum = 0;
    const oracle::format& e2m1 = oracle::element_by_name("e2m1fn");
    const double scale = decode(oracle::element_by_name("ue4m3"), v.scale_code(block)).value *
                         static_cast<double>(q.tensor_scale());
    for (std::size_t i = 0; i < 16; ++i) {
      const double d =
          decode(e2m1, v.code(block, i)).value * scale - static_cast<double>(x[block * 16 + i]);
      sum += d * d;
    }
    return sum;
  };
  const recipes::te_nvfp4_4over6 both{.error = recipes::four_over_six_error::squared};
  std::size_t better = 0;
  for (std::size_t block = 0; block < 64; ++block) {
    const double six = error(recipes::te_nvfp4{}, block);
    const double chosen = error(both, block);
    // The sums that decide are in binary32: 16 additions and a few roundings an element.
    EXPECT_LE(chosen, six * (1 + 0x1p-16)) << "block " << block;
    better += chosen < six ? 1 : 0;
  }
  EXPECT_GT(better, 8U);
}

}  // namespace
