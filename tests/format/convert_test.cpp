// SPDX-License-Identifier: MIT

// How `convert` is called: policies in any order, targets, constant expressions. What it computes
// is in format_contract_*_test.cpp.

#include "binade/format/convert.hpp"

#include "binade/format/catalog.hpp"
#include "contract_support.hpp"

#include <span>
#include <vector>

namespace {

using namespace binade;

TEST(convert, policies_come_in_any_order_and_default_to_the_formats_own) {
  static_assert(convert<e5m2>(1e9).bits() == 0x7b);
  static_assert(convert<e5m2>(1e9, saturation::none{}).bits() == 0x7c);
  static_assert(convert<e5m2>(1e9, saturation::none{}, rounding::toward_zero{}).bits() == 0x7b);
  static_assert(convert<e5m2>(1e9, rounding::toward_zero{}, saturation::none{}).bits() == 0x7b);
  static_assert(convert<ue4m3>(-1.0625F, negative::abs{}, rounding::ties_to_away{}).bits() == 0x39);
  static_assert(
      convert<e2m1fn>(std::numeric_limits<float>::quiet_NaN(), rounding::to_odd{}, nan::zero{})
          .bits() == 0);
  EXPECT_EQ(convert<e4m3fn>(1.0625F, rounding::any(rounding::toward_positive{})).bits(), 0x39);
}

template <class... Policies>
concept converts_with = requires { convert<e5m2>(1.0F, Policies{}...); };

TEST(convert, takes_policies_and_nothing_else) {
  static_assert(converts_with<rounding::to_odd, saturation::none, nan::zero, negative::abs>);
  static_assert(!converts_with<int>);
  static_assert(!converts_with<conversion_rules>);
  static_assert(conversion_policy<rounding::any> && conversion_policy<saturation::finite>);
  static_assert(!conversion_policy<rounding::mode> && !conversion_policy<saturation_mode>);
  static_assert(conversion_target<float> && conversion_target<double> && conversion_target<nf4>);
  static_assert(!conversion_target<int> && !conversion_target<const float*>);
  SUCCEED();
}

TEST(convert, from_and_to_builtin_types) {
  static_assert(convert<float>(e4m3fn(1.125F)) == 1.125F);
  static_assert(convert<double>(takum8::from_bits(0x7f)) == 0x1p239);
  static_assert(convert<float>(takum8::from_bits(0x7f)) == std::numeric_limits<float>::infinity());
  static_assert(convert<float>(takum8::from_bits(0x7f), saturation::finite{}) ==
                std::numeric_limits<float>::max());
  static_assert(convert<float>(1 + 0x1p-40, rounding::toward_positive{}) == 1 + 0x1p-23F);
  static_assert(convert<float>(16777217) == 16777216.0F);
  static_assert(convert<double>(std::uint64_t{1} << 63) == 0x1p63);
  EXPECT_EQ(convert<float>(-0.0), 0.0F);
  EXPECT_TRUE(std::signbit(convert<float>(-0.0)));
}

/// One rounding, not one in binary32 and another after it.
TEST(convert, rounds_once) {
  EXPECT_EQ(float{convert<e4m3fn>(1.0625 + 0x1p-40)}, 1.125F);
  EXPECT_EQ(float{convert<bfloat16>(1 + 0x1p-8 + 0x1p-40)}, 1.0078125F);
  EXPECT_EQ(float{convert<float16>(1 + 0x1p-11 + 0x1p-40)}, 1 + 0x1p-10F);
  EXPECT_EQ(float{convert<e5m2>(float16(1.125F))}, 1.0F);
}

TEST(convert, encode_and_decode_are_the_codes) {
  static_assert(encode<e4m3fn>(448.0F) == 0x7e);
  static_assert(std::is_same_v<decltype(encode<e4m3fn>(1.0F)), std::uint8_t>);
  static_assert(std::is_same_v<decltype(encode<float16>(1.0F)), std::uint16_t>);
  static_assert(encode<e5m2>(1e9F, saturation::none{}) == 0x7c);
  static_assert(std::is_same_v<decltype(decode<e4m3fn>(0)), float>);
  static_assert(std::is_same_v<decltype(decode<takum16>(0)), double>);
  static_assert(decode<e4m3fn>(0x7e) == 448.0F);
  static_assert(decode<takum8>(0x01) == 0x1p-239);
  SUCCEED();
}

TEST(convert, nan_keeps_its_sign_where_there_is_one) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(encode<e4m3fn>(nan), 0x7f);
  EXPECT_EQ(encode<e4m3fn>(-nan), 0xff);
  EXPECT_EQ(encode<e5m2>(-nan), 0xff);
  EXPECT_EQ(encode<float16>(-nan), 0xfe00);
  EXPECT_EQ(encode<e4m3fnuz>(-nan), 0x80);
  EXPECT_EQ(encode<posit8>(-nan), 0x80);
  EXPECT_EQ(encode<ue4m3>(-nan), 0x7f);
}

TEST(convert, neighbours_beyond_the_range) {
  const neighbours<e5m2> infinite(1e9);
  EXPECT_EQ(float{infinite.below}, 57344.0F);
  EXPECT_EQ(float{infinite.above}, INFINITY);
  EXPECT_EQ(float{neighbours<e5m2>(-1e9).below}, -INFINITY);
  EXPECT_EQ(float{neighbours<e4m3fn>(1e9).above}, 448.0F);
  const neighbours<e5m2> at_infinity(INFINITY);
  EXPECT_TRUE(isinf(at_infinity.below) && isinf(at_infinity.above));
  const neighbours<e2m1fn> beyond(-100);
  EXPECT_EQ(float{beyond.below}, -6.0F);
  EXPECT_EQ(float{beyond.above}, -6.0F);
  constexpr neighbours<e4m3fn> n(1.06);
  static_assert(n.below.bits() == 0x38 && n.above.bits() == 0x39);
  constexpr neighbours<e4m3fn> at(1.125);
  static_assert(at.below.bits() == at.above.bits());
}

TEST(convert, for_each_value_and_for_each_code_run_at_compile_time) {
  constexpr int values = [] {
    int n = 0;
    for_each_value<e4m3fn>([&n](e4m3fn) { ++n; });
    return n;
  }();
  static_assert(values == 253);  // 2 * 127 finite magnitudes of two signs, zero once
  constexpr int nans = [] {
    int n = 0;
    for_each_code<e4m3fn>([&n](e4m3fn x) { n += isnan(x); });
    return n;
  }();
  static_assert(nans == 2);
  SUCCEED();
}

/// hif8_hybrid is meaningful for hif8; elsewhere it is ties-away.
TEST(convert, hybrid_rounding_elsewhere_is_ties_away) {
  for (const double x : contract::sampled_landmarks(oracle::by_name("e4m3fn"))) {
    EXPECT_EQ(encode<e4m3fn>(x, rounding::hif8_hybrid{}),
              encode<e4m3fn>(x, rounding::ties_to_away{}));
  }
}

}  // namespace
