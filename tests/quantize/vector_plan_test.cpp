// SPDX-License-Identifier: MIT
#include "binade/quantize/vector_plan.hpp"

#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;

detail::vector_plan plan_of(const char* name, scale_rule rule,
                            rounding::any rounding = rounding::ties_to_even{},
                            saturation_mode saturation = saturation_mode::finite) {
  const packed_description d = find_packable(name).describe({4, 64}, per_tensor{});
  reference::encode_policies policies;
  policies.rounding = rounding;
  policies.rules.saturation = saturation;
  policies.rules.symmetric = d.symmetric;
  return detail::make_vector_plan(simd::active_quantize_kernels(), d, policies, rule,
                                  range_of(d.element, d.element_exponent));
}

TEST(vector_plan, e8m0_has_only_exponents) {
  EXPECT_TRUE(detail::has_only_exponents(any_format::of<e8m0fnu>()));
  EXPECT_FALSE(detail::has_only_exponents(any_format::of<ue4m3>()));
  EXPECT_FALSE(detail::has_only_exponents(any_format::binary32()));
}

TEST(vector_plan, scales_of_the_usual_formats_have_kernels) {
  using detail::scale_path;
  for (const char* name : {"mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4",
                           "mxint8", "msfp12", "msfp16"}) {
    for (const scale_rule& rule :
         {scale_rule(scaling::pow2_floor{}), scale_rule(scaling::pow2_ceil{}),
          scale_rule(scaling::pow2_rceil{}), scale_rule(scaling::pow2_even{})}) {
      const detail::vector_plan plan = plan_of(name, rule);
      EXPECT_NE(plan.kernels, nullptr) << name;
      EXPECT_EQ(plan.path, scale_path::pow2) << name << " " << to_string(rule.method);
    }
  }
  EXPECT_EQ(plan_of("nvfp4", scaling::absmax{}).path, scale_path::small);
  EXPECT_EQ(plan_of("nvint4", scaling::absmax{}).path, scale_path::small);
  EXPECT_EQ(plan_of("int8_g32", scaling::absmax{}).path, scale_path::quotient);
  EXPECT_EQ(plan_of("e4m3fn", scaling::absmax{}).path, scale_path::quotient);
  EXPECT_EQ(plan_of("int8_g32_float16", scaling::absmax{}).path, scale_path::one_by_one);
  EXPECT_EQ(plan_of("nvfp4", scaling::pow2_floor{}).path, scale_path::one_by_one);
}

TEST(vector_plan, what_has_no_kernel_has_no_plan) {
  EXPECT_EQ(plan_of("mxfp4", scaling::pow2_floor{}, rounding::ties_to_away{}).kernels, nullptr);
  EXPECT_EQ(
      plan_of("e4m3fn", scaling::absmax{}, rounding::ties_to_even{}, saturation_mode::none).kernels,
      nullptr);
  EXPECT_EQ(plan_of("hif8", scaling::absmax{}).kernels, nullptr);
  EXPECT_EQ(plan_of("uint8", scaling::absmax{}).kernels, nullptr);
  EXPECT_EQ(plan_of("ue4m3", scaling::absmax{}).kernels, nullptr);
  EXPECT_EQ(plan_of("bfloat16", scaling::absmax{}).kernels, nullptr);
}

TEST(vector_plan, a_tensor_scale_out_of_reach_ends_the_plan) {
  const packed_description d = find_packable("nvfp4").describe({4, 64}, per_tensor{});
  const element_range range = range_of(d.element);
  for (const auto& [scale, served] : {std::pair{1.0F, true}, std::pair{0x1.8p-80F, true},
                                      std::pair{0x1p-120F, false}, std::pair{0x1p120F, false}}) {
    detail::vector_plan plan = plan_of("nvfp4", scaling::absmax{});
    detail::set_tensor_scale(plan, scale, d, range);
    EXPECT_EQ(plan.kernels != nullptr, served) << scale;
  }
}

TEST(vector_plan, a_single_scale_says_whether_it_is_served) {
  const detail::vector_plan plan = plan_of("e4m3fn", scaling::absmax{});
  const detail::single_scale power(plan, unpack(0.25F));
  EXPECT_TRUE(power.serves);
  EXPECT_EQ(power.run.form, simd::scale_form::power_of_two);
  EXPECT_EQ(power.inverse[0], 4.0F);
  const detail::single_scale third(plan, unpack(0.3F));
  EXPECT_TRUE(third.serves);
  EXPECT_EQ(third.run.form, simd::scale_form::single);
  EXPECT_FALSE(detail::single_scale(plan, unpack(0x1.8p-120F)).serves);
  EXPECT_FALSE(detail::single_scale(plan, unpack(0x1.8p110F)).serves);
  EXPECT_FALSE(detail::single_scale(plan, detail::make_special(value_class::zero, false)).serves);
}

}  // namespace
