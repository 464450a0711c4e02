// SPDX-License-Identifier: MIT
#include "binade/quantize/recipe.hpp"

#include "binade/format/convert.hpp"
#include "binade/quantize/recipes.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

namespace {

namespace recipes = binade::recipes;

using binade::tensor_scale_kind;
using binade::tensor_shape;

static_assert(binade::recipe<recipes::modelopt_nvfp4>);
static_assert(binade::recipe<recipes::torchao_even<binade::mxfp8_e5m2>>);
static_assert(binade::recipe<recipes::compressed_tensors_fp8>);
static_assert(!binade::recipe<binade::mxfp4>);
static_assert(!binade::recipe<binade::any_recipe>);

TEST(recipe, says_the_form_of_what_it_makes) {
  const tensor_shape shape{4, 300};
  const auto blocks = describe_packed(recipes::modelopt_nvfp4{}.describe(), shape);
  EXPECT_STREQ(blocks.names->name, "nvfp4");
  EXPECT_EQ(blocks.tensor_scale, tensor_scale_kind::multiplier);
  EXPECT_EQ(blocks.layout.scale_count(), 4U * 19);
  const auto divisor = describe_packed(recipes::compressed_tensors_nvfp4{}.describe(), shape);
  EXPECT_EQ(divisor.tensor_scale, tensor_scale_kind::divisor);
  const auto none = describe_packed(recipes::ggml_nvfp4{}.describe(), shape);
  EXPECT_EQ(none.tensor_scale, tensor_scale_kind::none);
  const auto runs = describe_packed(recipes::deepseek_fp8{}.describe(), shape);
  EXPECT_EQ(runs.layout.scale_count(), 4U * 3);
  const auto tiles = describe_packed(recipes::deepseek_fp8{.rows = 128}.describe(), shape);
  EXPECT_EQ(tiles.layout.scale_count(), 3U);
  EXPECT_NE(quantize_test::error_of([] {
              (void)describe_packed(recipes::deepseek_fp8{.rows = 128}.describe(), {300});
            }).find("rank 1"),
            std::string::npos);
}

TEST(recipe, ties_go_toward_zero) {
  constexpr binade::detail::ties_toward_zero ties;
  const auto& e2m1 = oracle::element_by_name("e2m1fn");
  for (std::size_t i = 0; i + 1 < e2m1.stops.size(); ++i) {
    const double low = e2m1.stops[i].value;
    const double high = e2m1.stops[i + 1].value;
    if (e2m1.stops[i + 1].overflow || e2m1.stops[i].overflow) continue;
    const double middle = (low + high) / 2;
    const double inner = std::abs(low) < std::abs(high) ? low : high;
    const auto rounded = [&](double x) {
      return binade::to_double(binade::decode(
          binade::e2m1fn::spec, binade::encode(binade::e2m1fn::spec, binade::unpack(x), ties, {})));
    };
    EXPECT_EQ(rounded(middle), inner) << middle;
    EXPECT_EQ(rounded(std::nextafter(middle, low)), low) << middle;
    EXPECT_EQ(rounded(std::nextafter(middle, high)), high) << middle;
  }
}

}  // namespace
