// SPDX-License-Identifier: MIT
#include "binade/quantize/recipe_quantize.hpp"

#include "binade/core/parallel.hpp"
#include "binade/quantize/recipes.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace quantize_test;

namespace recipes = binade::recipes;

using binade::any_packed_tensor;
using binade::any_packed_view;
using binade::any_recipe;
using binade::matrix_view;
using binade::tensor_shape;
using binade::tensor_view;

::testing::AssertionResult same_bytes(const any_packed_tensor& a, const any_packed_tensor& b) {
  if (!std::ranges::equal(a.scales(), b.scales())) {
    return ::testing::AssertionFailure() << "scales differ";
  }
  if (!std::ranges::equal(a.codes(), b.codes())) {
    return ::testing::AssertionFailure() << "codes differ";
  }
  if (a.tensor_scale() != b.tensor_scale()) {
    return ::testing::AssertionFailure()
           << "tensor scales " << shown(a.tensor_scale()) << " and " << shown(b.tensor_scale());
  }
  if (!(a.counts() == b.counts())) return ::testing::AssertionFailure() << "counts differ";
  return ::testing::AssertionSuccess();
}

TEST(recipe_quantize, a_type_and_its_description_give_the_same_bits) {
  const std::vector<float> x = data(kind::bell, 8 * 96);
  const auto w = matrix_view(x, 8, 96);
  const auto typed = binade::quantize(w, recipes::modelopt_nvfp4{});
  static_assert(std::same_as<decltype(typed), const binade::packed_tensor<binade::nvfp4>>);
  EXPECT_TRUE(same_bytes(typed, binade::quantize(w, binade::find_recipe("modelopt_nvfp4"))));
}

TEST(recipe_quantize, the_librarys_own_rules_are_recipes_too) {
  const std::vector<float> x = data(kind::coarse, 8 * 96);
  const auto w = matrix_view(x, 8, 96);
  EXPECT_TRUE(
      same_bytes(binade::quantize(w, recipes::exact{}), binade::quantize<binade::nvfp4>(w)));
  EXPECT_TRUE(same_bytes(binade::quantize(w, recipes::ocp_mx{}),
                         binade::quantize<binade::mxfp4>(w, binade::scaling::pow2_floor{})));
}

TEST(recipe_quantize, threads_do_not_matter) {
  const std::vector<float> x = data(kind::wild, 67 * 200);
  const auto w = matrix_view(x, 67, 200);
  binade::threads pool{3};
  for (const any_recipe& r : binade::all_recipes()) {
    const auto one = binade::quantize(w, r);
    const auto three = binade::quantize(w, r, pool);
    EXPECT_TRUE(same_bytes(one, three)) << r.name << " of " << r.format.names->name;
  }
}

TEST(recipe_quantize, strides_do_not_matter) {
  const std::vector<float> x = data(kind::bell, 48 * 40);
  std::vector<float> copy(x.size());
  for (std::size_t i = 0; i < 48; ++i) {
    for (std::size_t j = 0; j < 40; ++j) copy[j * 48 + i] = x[i * 40 + j];
  }
  const auto turned = matrix_view(x, 48, 40).transposed();
  const auto w = matrix_view(copy, 40, 48);
  for (const any_recipe& r : binade::all_recipes()) {
    EXPECT_TRUE(same_bytes(binade::quantize(turned, r), binade::quantize(w, r))) << r.name;
  }
}

TEST(recipe_quantize, a_short_block_is_one_with_zeros) {
  const std::vector<float> x = data(kind::bell, 3 * 40);
  std::vector<float> longer(3 * 64);
  for (std::size_t i = 0; i < x.size(); ++i) longer[i / 40 * 64 + i % 40] = x[i];
  for (const char* name : {"modelopt_mxfp4", "ggml_q4_0", "te_nvfp4", "fp_quant_mxfp4_quest"}) {
    const any_recipe& r = binade::find_recipe(name);
    const auto got = binade::quantize(matrix_view(x, 3, 40), r);
    const auto expected = binade::quantize(matrix_view(longer, 3, 64), r);
    const any_packed_view a = got;
    const any_packed_view b = expected;
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(a.code(i / 40, i % 40), b.code(i / 40, i % 40)) << name << ", element " << i;
    }
    for (std::size_t j = 40; j < a.description.layout.row_codes(); ++j) {
      EXPECT_EQ(a.code(1, j), 0U) << name << ", padding " << j;
    }
  }
}

TEST(recipe_quantize, any_rank_and_no_elements) {
  const std::vector<float> x = data(kind::bell, 2 * 3 * 32);
  const auto r = recipes::modelopt_mxfp4{}.describe();
  const auto matrix = binade::quantize(matrix_view(x, 6, 32), r);
  const auto cube = binade::quantize(tensor_view<const float>(x.data(), tensor_shape{2, 3, 32}), r);
  EXPECT_TRUE(std::ranges::equal(matrix.codes(), cube.codes()));
  const auto vector = binade::quantize(tensor_view<const float>(x).slice(0, 0, 32), r);
  EXPECT_TRUE(std::ranges::equal(vector.codes(), matrix.codes().first(16)));
  for (const any_recipe& each : binade::all_recipes()) {
    const auto none =
        binade::quantize(tensor_view<const float>(x.data(), tensor_shape{0, 32}), each);
    EXPECT_EQ(none.codes().size(), 0U) << each.name;
  }
}

TEST(recipe_quantize, counts_what_is_lost) {
  // Scale 1: elements beyond 6 clip, those of at most 1/4 become zero.
  const std::vector<float> x{7, -6.5F, 6, 0.25F, -0.2F, 0, 1, 3};
  const auto q = binade::quantize(tensor_view<const float>(x), recipes::torchao_floor{});
  EXPECT_EQ(q.counts(), (binade::quantize_counts{.clipped = 2, .underflowed = 2}));
  const std::vector<float> y{not_a_number, infinity, 1, 0};
  const auto p = binade::quantize(tensor_view<const float>(y), recipes::nvidia_mx_as_read{});
  EXPECT_EQ(p.counts(), (binade::quantize_counts{.nan = 1, .infinite = 1, .underflowed = 1}));
}

TEST(recipe_quantize, wrong_destinations_and_options_are_errors) {
  const std::vector<float> x(64);
  const auto w = matrix_view(x, 2, 32);
  any_packed_tensor other(describe_packed(recipes::torchao_floor{}.describe(), w.shape()));
  EXPECT_EQ(error_of([&] {
              (void)binade::quantize_into(other.mutable_view(), w,
                                          recipes::modelopt_nvfp4{}.describe());
            }),
            "quantize: the destination is not what the recipe modelopt_nvfp4 makes; take its form "
            "from describe_packed");
  EXPECT_EQ(error_of([&] {
              (void)binade::quantize(w, recipes::te_nvfp4_stochastic_as_read{
                                            .random = binade::rounding::stochastic{.bits = 3}});
            }),
            "quantize: stochastic rounding with 3 bits; allowed are 1, 2, 4, 8, 16 and 32");
  EXPECT_EQ(error_of([&] { (void)binade::quantize(w, recipes::te_nvfp4{.tile_rows = 17}); }),
            "quantize: tile_rows of the recipe te_nvfp4 is 17; it must be 1 to 16");
}

}  // namespace
