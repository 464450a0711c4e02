// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes_fp8.hpp"

#include "binade/quantize/recipe_quantize.hpp"
#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

// The bits of the packages are compared in recipe_vectors_test.cpp; here are what was read and not
// run, and the options without vectors, against a direct evaluation of what was read.

namespace {

using namespace quantize_test;

namespace recipes = binade::recipes;

using binade::fp8_scales;
using oracle::bits_of;
using oracle::divide32;
using oracle::multiply32;

std::uint32_t expected_code(const char* name, float x, float scale) {
  const double y = static_cast<double>(multiply32(x, scale));
  return oracle::encode(oracle::element_by_name(name), std::copysign(y, static_cast<double>(x)),
                        oracle::mode::ties_to_even, oracle::saturation::finite);
}

/// 448 / amax, cut to a power of two on request; 1 for amax 0.
float kernel_scale(float amax, fp8_scales scales) {
  if (amax == 0) return 1;
  const float s = std::min(divide32(448, amax), largest_float);
  if (scales == fp8_scales::binary32) return s;
  return std::ldexp(1.0F, std::ilogb(s));
}

TEST(recipes_fp8, te_blockwise_scales_runs_and_tiles) {
  constexpr std::size_t rows = 130;
  constexpr std::size_t columns = 300;
  std::vector<float> x = data(kind::wild, rows * columns);
  std::fill(x.begin(), x.begin() + 128, 0.0F);
  for (const std::size_t tile : {std::size_t{1}, std::size_t{128}}) {
    for (const fp8_scales scales : {fp8_scales::binary32, fp8_scales::power_of_two}) {
      const auto q =
          binade::quantize(binade::matrix_view(x, rows, columns),
                           recipes::te_float8_blockwise_as_read<>{.rows = tile, .scales = scales});
      const binade::any_packed_view v = q;
      ASSERT_EQ(v.description.layout.scale_count(), (rows + tile - 1) / tile * 3);
      for (std::size_t i = 0; i < rows * columns; i += 7) {
        const std::size_t row = i / columns;
        const std::size_t column = i % columns;
        float amax = 0;
        for (std::size_t r = row / tile * tile; r < std::min(rows, row / tile * tile + tile); ++r) {
          for (std::size_t c = column / 128 * 128; c < std::min(columns, column / 128 * 128 + 128);
               ++c) {
            amax = std::max(amax, std::abs(x[r * columns + c]));
          }
        }
        const float s = kernel_scale(amax, scales);
        ASSERT_EQ(v.scale_code(row / tile * 3 + column / 128), bits_of(divide32(1, s)));
        ASSERT_EQ(v.code(row, column), expected_code("e4m3fn", x[i], s)) << shown(x[i]);
      }
    }
  }
}

TEST(recipes_fp8, te_delayed_keeps_the_scale_of_the_history) {
  const std::vector<float> x{1, -3, 1000, 0.001F, -0.0F};
  const struct {
    recipes::te_float8_delayed<> recipe;
    float scale;
  } cases[] = {
      {{.amax = 7}, divide32(448, 7)},
      {{.amax = 3, .margin = 2}, divide32(divide32(448, 3), 4)},
      {{.amax = 0, .previous_scale = 5}, 5},
      {{.amax = infinity, .previous_scale = 0.5F}, 0.5F},
      {{.amax = not_a_number, .previous_scale = 2}, 2},
      {{.amax = 0x1p-140F}, largest_float},
  };
  for (const auto& c : cases) {
    const auto q = binade::quantize(binade::tensor_view<const float>(x), c.recipe);
    const binade::any_packed_view v = q;
    EXPECT_EQ(v.scale_code(0), bits_of(divide32(1, c.scale))) << shown(c.scale);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(v.code(0, i), expected_code("e4m3fn", x[i], c.scale))
          << shown(x[i]) << " times " << shown(c.scale);
    }
  }
  const auto q = binade::quantize(binade::tensor_view<const float>(x),
                                  recipes::te_float8_delayed<binade::e5m2>{.amax = 7});
  EXPECT_EQ(binade::any_packed_view(q).code(0, 1), expected_code("e5m2", -3, divide32(57344, 7)));
}

TEST(recipes_fp8, te_kernels_use_the_largest_number_of_the_source) {
  // 448 / 2^-133 overflows; bfloat16's largest number stands in, and its power of two.
  const std::vector<binade::bfloat16> x{binade::bfloat16(0x1p-133F)};
  const auto q =
      binade::quantize(binade::tensor_view<const binade::bfloat16>(x),
                       recipes::te_float8_blockwise_as_read<>{.scales = fp8_scales::binary32});
  const float largest = 0x1.fep127F;
  EXPECT_EQ(binade::any_packed_view(q).scale_code(0), bits_of(divide32(1, largest)));
}

}  // namespace
