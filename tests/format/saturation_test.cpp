// SPDX-License-Identifier: MIT

#include "binade/format/saturation.hpp"

#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

namespace {

using namespace binade;

static_assert(saturation::finite::mode == saturation_mode::finite);
static_assert(saturation::propagate::mode == saturation_mode::propagate);
static_assert(saturation::none::mode == saturation_mode::none);
static_assert(nan::largest::mode == nan_mode::largest);
static_assert(nan::zero::mode == nan_mode::zero);
static_assert(nan::error::mode == nan_mode::error);
static_assert(negative::nan::mode == negative_mode::nan);
static_assert(negative::abs::mode == negative_mode::abs);

TEST(saturation, rules_default_to_what_narrow_formats_use) {
  constexpr conversion_rules rules;
  static_assert(rules.saturation == saturation_mode::finite && rules.nan == nan_mode::largest &&
                rules.negative == negative_mode::nan && !rules.symmetric);
  static_assert(std::is_aggregate_v<conversion_rules>);
  EXPECT_EQ(default_policies<e4m3fn>::rules.saturation, rules.saturation);
}

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_float = std::numeric_limits<float>::quiet_NaN();

/// Overflow and infinity of a format with infinity, with NaN only, and with neither. Source:
/// DESIGN.md section 4; formats.md Ab.
TEST(saturation, says_what_becomes_of_overflow_and_infinity) {
  struct row {
    float x;
    std::uint32_t finite, propagate, none;
  };
  for (const row& x : {row{inf, 0x7b, 0x7c, 0x7c}, row{1e9F, 0x7b, 0x7b, 0x7c},
                       row{-inf, 0xfb, 0xfc, 0xfc}, row{-1e9F, 0xfb, 0xfb, 0xfc}}) {
    EXPECT_EQ(encode<e5m2>(x.x, saturation::finite{}), x.finite) << x.x;
    EXPECT_EQ(encode<e5m2>(x.x, saturation::propagate{}), x.propagate) << x.x;
    EXPECT_EQ(encode<e5m2>(x.x, saturation::none{}), x.none) << x.x;
  }
  for (const row& x : {row{inf, 0x7e, 0x7f, 0x7f}, row{1e9F, 0x7e, 0x7e, 0x7f},
                       row{-inf, 0xfe, 0xff, 0xff}, row{-1e9F, 0xfe, 0xfe, 0xff}}) {
    EXPECT_EQ(encode<e4m3fn>(x.x, saturation::finite{}), x.finite) << x.x;
    EXPECT_EQ(encode<e4m3fn>(x.x, saturation::propagate{}), x.propagate) << x.x;
    EXPECT_EQ(encode<e4m3fn>(x.x, saturation::none{}), x.none) << x.x;
  }
  for (const row& x : {row{inf, 0x7, 0x7, 0x7}, row{1e9F, 0x7, 0x7, 0x7}, row{-inf, 0xf, 0xf, 0xf},
                       row{-1e9F, 0xf, 0xf, 0xf}}) {
    EXPECT_EQ(encode<e2m1fn>(x.x, saturation::finite{}), x.finite) << x.x;
    EXPECT_EQ(encode<e2m1fn>(x.x, saturation::propagate{}), x.propagate) << x.x;
    EXPECT_EQ(encode<e2m1fn>(x.x, saturation::none{}), x.none) << x.x;
  }
}

/// saturation::none leaves overflow to the rounding: modes that round inward stay finite.
TEST(saturation, none_stays_finite_when_rounding_inward) {
  EXPECT_EQ(encode<e5m2>(1e9, saturation::none{}, rounding::toward_zero{}), 0x7b);
  EXPECT_EQ(encode<e5m2>(1e9, saturation::none{}, rounding::toward_negative{}), 0x7b);
  EXPECT_EQ(encode<e5m2>(1e9, saturation::none{}, rounding::toward_positive{}), 0x7c);
  EXPECT_EQ(encode<e5m2>(-1e9, saturation::none{}, rounding::toward_positive{}), 0xfb);
  EXPECT_EQ(encode<e5m2>(1e9, saturation::none{}, rounding::to_odd{}), 0x7c);
  EXPECT_EQ(encode<e5m2>(inf, saturation::none{}, rounding::toward_zero{}), 0x7c);
}

TEST(nan, rule_is_for_formats_without_nan) {
  EXPECT_EQ(encode<e2m1fn>(nan_float), 0x7);
  EXPECT_EQ(encode<e2m1fn>(-nan_float), 0x7);  // the largest positive value, whatever the sign
  EXPECT_EQ(encode<e2m1fn>(nan_float, nan::zero{}), 0x0);
  EXPECT_EQ(encode<e2m1fn>(nan_float, nan::error{}), 0x7);
  EXPECT_EQ(encode<int8>(nan_float), 0x7f);
  EXPECT_EQ(encode<nf4>(nan_float, nan::zero{}), 0x7);  // the code of the value 0
  EXPECT_EQ(encode<e4m3fn>(nan_float, nan::zero{}), 0x7f);
}

TEST(negative, rule_is_for_unsigned_formats) {
  EXPECT_EQ(encode<ue4m3>(-1.0F), 0x7f);
  EXPECT_EQ(encode<ue4m3>(-1.0F, negative::abs{}), 0x38);
  EXPECT_EQ(encode<e8m0fnu>(-4.0F), 0xff);
  EXPECT_EQ(encode<e8m0fnu>(-4.0F, negative::abs{}), 0x81);
  EXPECT_EQ(encode<uint4>(-3.0F), 0x0);
  EXPECT_EQ(encode<uint4>(-3.0F, negative::abs{}), 0x3);
  EXPECT_EQ(encode<uint4>(-0.0F), 0x0);
  EXPECT_EQ(encode<ue4m3>(-0.0F), 0x0);
  EXPECT_EQ(encode<ue4m3>(-inf), 0x7f);
  EXPECT_EQ(encode<ue4m3>(-inf, negative::abs{}), 0x7e);
  EXPECT_EQ(encode<e4m3fn>(-1.0F, negative::abs{}), 0xb8);  // no unsigned format
}

TEST(saturation, has_the_names_of_its_policies) {
  using binade::to_string;
  EXPECT_STREQ(to_string(binade::saturation::finite::mode), "finite");
  EXPECT_STREQ(to_string(binade::saturation::propagate::mode), "propagate");
  EXPECT_STREQ(to_string(binade::saturation::none::mode), "none");
}

}  // namespace
