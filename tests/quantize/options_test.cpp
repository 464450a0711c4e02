// SPDX-License-Identifier: MIT
#include "binade/quantize/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using binade::quantize_option;
using binade::quantize_options;

namespace rounding = binade::rounding;
namespace scaling = binade::scaling;

static_assert(quantize_option<binade::per_tensor> && quantize_option<binade::per_channel> &&
              quantize_option<binade::per_group> && quantize_option<binade::per_block> &&
              quantize_option<binade::granularity>);
static_assert(quantize_option<scaling::absmax> && quantize_option<scaling::pow2_floor> &&
              quantize_option<scaling::mse_search> && quantize_option<scaling::given> &&
              quantize_option<scaling::exponent_bias> && quantize_option<binade::scale_rule>);
static_assert(quantize_option<rounding::ties_to_even> && quantize_option<rounding::stochastic> &&
              quantize_option<rounding::any> && quantize_option<rounding::hif8_hybrid>);
static_assert(quantize_option<binade::saturation::none> && quantize_option<binade::nan::zero> &&
              quantize_option<binade::negative::abs> && quantize_option<binade::inf::poison>);
static_assert(quantize_option<binade::affine> && quantize_option<binade::separate_signs> &&
              quantize_option<binade::along_axis> && quantize_option<binade::tensor_scale> &&
              quantize_option<binade::inline_executor> && quantize_option<quantize_options>);
// What is no option: bare numbers would be a guess.
static_assert(!quantize_option<float> && !quantize_option<int> && !quantize_option<std::string>);

TEST(options, nothing_named_leaves_everything_to_the_format) {
  const quantize_options o;
  const auto cells = o.groups.cell_extents({20, 30});
  EXPECT_EQ(cells[0], 20U);
  EXPECT_EQ(cells[1], 30U);
  EXPECT_FALSE(o.rule.has_value());
  EXPECT_FALSE(o.rounding.has_value());
  EXPECT_FALSE(o.saturation.has_value());
  EXPECT_FALSE(o.nan.has_value());
  EXPECT_EQ(o.negative, binade::negative_mode::nan);
  EXPECT_EQ(o.infinities, binade::inf_mode::saturate);
  EXPECT_EQ(o.group, binade::group_kind::symmetric);
  EXPECT_EQ(o.axis, -1);
  EXPECT_FALSE(o.given_tensor_scale.has_value());
}

TEST(options, each_argument_sets_its_own_place_in_any_order) {
  const auto check = [](const quantize_options& o) {
    const auto cells = o.groups.cell_extents({20, 30});
    EXPECT_EQ(cells[0], 16U);
    EXPECT_EQ(cells[1], 1U);
    ASSERT_TRUE(o.rule.has_value());
    EXPECT_EQ(o.rule->method, binade::scale_method::given);
    EXPECT_EQ(o.rule->scale, 0.25F);
    ASSERT_TRUE(o.rounding.has_value());
    EXPECT_EQ(o.rounding->mode, rounding::mode::stochastic);
    EXPECT_EQ(o.rounding->random.seed, 7U);
    EXPECT_EQ(o.rounding->random.bits, 16);
    EXPECT_EQ(o.saturation, binade::saturation_mode::none);
    EXPECT_EQ(o.nan, binade::nan_mode::zero);
    EXPECT_EQ(o.negative, binade::negative_mode::abs);
    EXPECT_EQ(o.infinities, binade::inf_mode::poison);
    EXPECT_EQ(o.group, binade::group_kind::affine);
    EXPECT_EQ(o.axis, 1);
    EXPECT_EQ(o.given_tensor_scale, 3.0F);
  };
  check(quantize_options(binade::per_group{.axis = 0, .size = 16}, scaling::given{0.25F},
                         rounding::stochastic{.seed = 7, .bits = 16}, binade::saturation::none{},
                         binade::nan::zero{}, binade::negative::abs{}, binade::inf::poison{},
                         binade::affine{}, binade::along_axis{1}, binade::tensor_scale{3.0F}));
  check(quantize_options(binade::tensor_scale{3.0F}, binade::along_axis{1}, binade::affine{},
                         binade::inf::poison{}, binade::negative::abs{}, binade::nan::zero{},
                         binade::saturation::none{}, rounding::stochastic{.seed = 7, .bits = 16},
                         scaling::given{0.25F}, binade::per_group{.axis = 0, .size = 16}));
}

TEST(options, the_last_of_two_of_a_kind_holds) {
  const quantize_options o(scaling::pow2_floor{}, scaling::exponent_bias{4},
                           binade::separate_signs{}, binade::affine{});
  EXPECT_EQ(o.rule->method, binade::scale_method::exponent_bias);
  EXPECT_EQ(o.rule->bias, 4);
  EXPECT_EQ(o.group, binade::group_kind::affine);
}

TEST(options, a_collection_can_be_an_argument) {
  quantize_options base(scaling::pow2_even{}, binade::along_axis{0});
  quantize_options o;
  o.set(base);
  o.set(binade::along_axis{1});
  EXPECT_EQ(o.rule->method, binade::scale_method::pow2_even);
  EXPECT_EQ(o.axis, 1);
}

TEST(options, an_executor_is_kept_by_reference) {
  struct counting {
    int calls = 0;
    void execute(std::size_t tasks, binade::function_ref<void(std::size_t)> task) {
      ++calls;
      for (std::size_t i = 0; i < tasks; ++i) task(i);
    }
  } executor;
  quantize_options o;
  o.set(executor);
  int tasks = 0;
  o.executor.execute(3, [&](std::size_t) { ++tasks; });
  EXPECT_EQ(executor.calls, 1);
  EXPECT_EQ(tasks, 3);
}

}  // namespace
