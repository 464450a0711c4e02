// SPDX-License-Identifier: MIT
#include "binade/kernel/convert.hpp"

#include "binade/core/parallel.hpp"
#include "binade/core/random.hpp"
#include "binade/format/catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bitset>
#include <cfenv>
#include <cmath>
#include <vector>

namespace {

using namespace binade;
using ::testing::HasSubstr;

/// Seeded bit patterns: every kind of float.
std::vector<float> patterns(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = bit_cast<float>(random_bits(5, 0, i, 32));
  return x;
}

template <class F, class... Policies>
void expect_elementwise(const std::vector<float>& x, const Policies&... policies) {
  std::vector<F> out(x.size());
  convert(std::span<const float>(x), std::span<F>(out), policies...);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(out[i].bits(), convert<F>(x[i], policies...).bits())
        << F::names.name << " x = " << x[i] << " code " << std::bitset<8>(out[i].bits());
  }
}

TEST(bulk_convert, equals_the_scalar_call_for_every_format) {
  const std::vector<float> x = patterns(3001);
  for_each_type(all_formats{}, [&]<class F>() { expect_elementwise<F>(x); });
}

// For every format, mode and policy against the oracle: tests/format/format_contract_bulk_test.cpp.
TEST(bulk_convert, policies_named_at_the_call_are_those_of_the_scalar_call) {
  const std::vector<float> x = patterns(3001);
  for_each_type(type_list<e4m3fn, e5m2, e8m0fnu, hif8, posit8, takum8, int4, uint8, nf4, dynamic8,
                          p3109<8, 3>, bfloat16, e5m6>{},
                [&]<class F>() {
                  expect_elementwise<F>(x, saturation::none{});
                  expect_elementwise<F>(x, saturation::propagate{});
                  expect_elementwise<F>(x, rounding::toward_zero{});
                  expect_elementwise<F>(x, saturation::none{}, rounding::toward_positive{});
                });
}

TEST(bulk_convert, nan_and_negative_policies_reach_the_vector_path) {
  std::vector<float> x = patterns(500);
  x[3] = NAN;
  x[77] = -1.5F;
  expect_elementwise<e2m1fn>(x, nan::zero{});
  expect_elementwise<ue4m3>(x, negative::abs{});
  expect_elementwise<ue5m3>(x);
}

TEST(bulk_convert, stochastic_elements_have_their_index) {
  const std::vector<float> x(40000, 1.04F);  // several chunks
  std::vector<e4m3fn> one(x.size());
  std::vector<e4m3fn> two(x.size());
  const rounding::stochastic policy{.seed = 8, .bits = 4};
  convert(x, one, policy);
  threads pool(2);
  convert(std::span<const float>(x), std::span<e4m3fn>(two), executor_ref(pool), policy);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto expected = convert<e4m3fn>(1.04F, policy.at(i));
    ASSERT_EQ(one[i].bits(), expected.bits()) << i;
    ASSERT_EQ(two[i].bits(), expected.bits()) << i;
  }
}

TEST(bulk_convert, reads_every_source_and_writes_floats) {
  const std::array<double, 3> wide{1.0625 + 0x1p-40, -1e300, 0.3};
  std::array<e4m3fn, 3> out{};
  convert(wide, out);
  EXPECT_EQ(out[0].bits(), 0x39);  // through float it would be 1.0
  EXPECT_EQ(out[1].bits(), 0xfe);
  std::array<float, 3> back{};
  convert(out, back);
  EXPECT_EQ(back[0], 1.125F);
  EXPECT_EQ(back[1], -448.0F);
  const std::vector<int> integers{1, -2, 100};
  std::vector<posit8> posits(3);
  convert(integers, posits);
  EXPECT_EQ(float{posits[2]}, 96.0F);
}

TEST(bulk_convert, the_callers_floating_point_environment_does_not_matter) {
  const std::vector<float> x = patterns(1000);
  for_each_type(type_list<e5m2, int8, posit8, nf4, float16, bfloat16>{}, [&]<class F>() {
    std::vector<F> expected(x.size());
    convert(x, expected);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      std::vector<F> got(x.size());
      std::fesetround(mode);
      convert(x, got);
      const int after = std::fegetround();
      std::fesetround(FE_TONEAREST);
      EXPECT_EQ(after, mode);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(got[i].bits(), expected[i].bits())
            << F::names.name << " " << x[i] << " in mode " << mode;
      }
    }
  });
}

template <class Function>
std::string message_of(Function&& f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "no error";
}

TEST(bulk_convert, bad_arguments_are_errors_before_anything_is_written) {
  const std::vector<float> x{1.0F, NAN, 3.0F};
  std::vector<e4m3fn> shorter(2, e4m3fn(7));
  EXPECT_THAT(message_of([&] { convert(x, shorter); }), HasSubstr("3 elements but out has 2"));
  std::vector<e4m3fn> out(3, e4m3fn(7));
  EXPECT_THAT(message_of([&] { convert(x, out, rounding::stochastic{.bits = 3}); }),
              HasSubstr("3 bits; allowed are 1, 2, 4, 8, 16 and 32"));
  EXPECT_THAT(message_of([&] { convert(x, out, rounding::hif8_hybrid{}); }), HasSubstr("hif8"));
  std::vector<e2m1fn> without_nan(3, e2m1fn(2));
  EXPECT_THAT(message_of([&] { convert(x, without_nan, nan::error{}); }), HasSubstr("x[1] is NaN"));
  EXPECT_EQ(out[0], e4m3fn(7));
  EXPECT_EQ(without_nan[0], e2m1fn(2));
}

TEST(bulk_convert, every_source_and_target_of_kernels_round_trips_through_spans) {
  std::vector<bfloat16> narrow(70000);
  for (std::uint32_t i = 0; i < narrow.size(); ++i) narrow[i] = bfloat16::from_bits(i);
  std::vector<float> wide(narrow.size());
  convert(narrow, wide);
  std::vector<bfloat16> back(narrow.size());
  convert(wide, back);
  threads pool(2);
  std::vector<posit8> one(narrow.size());
  std::vector<posit8> two(narrow.size());
  convert(narrow, one);
  convert(std::span<const bfloat16>(narrow), std::span<posit8>(two), executor_ref(pool));
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    ASSERT_EQ(back[i].bits(), bfloat16(static_cast<float>(narrow[i])).bits()) << i;
    ASSERT_EQ(one[i].bits(), posit8(static_cast<float>(narrow[i])).bits()) << i;
    ASSERT_EQ(two[i].bits(), one[i].bits()) << i;
  }
}

TEST(bulk_convert, empty_is_nothing) {
  const std::vector<float> x;
  std::vector<e4m3fn> out;
  convert(x, out);
}

}  // namespace
