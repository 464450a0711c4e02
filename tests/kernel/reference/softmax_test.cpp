// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/softmax.hpp"

#include "oracle/binary32.hpp"
#include "oracle/mpfr.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using binade::reference::extended_float;
using oracle::bits_of;
using oracle::float_of;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

std::vector<float> softmax(const std::vector<float>& x) {
  std::vector<float> y(x.size(), -1.0F);
  binade::reference::softmax(binade::tensor_view<const float>(x), binade::tensor_view<float>(y));
  return y;
}

/// |m 2^e / exp(x) - 1|, from 120 digits.
double error_of_exp(float x, const extended_float& got) {
  oracle::mpfr_variable exact(120);
  oracle::mpfr_variable value(120);
  mpfr_set_flt(exact.get(), x, MPFR_RNDN);
  mpfr_exp(exact.get(), exact.get(), MPFR_RNDN);
  mpfr_set_flt(value.get(), float_of(got.m), MPFR_RNDN);
  mpfr_mul_2si(value.get(), value.get(), got.e, MPFR_RNDN);
  mpfr_div(value.get(), value.get(), exact.get(), MPFR_RNDN);
  mpfr_sub_ui(value.get(), value.get(), 1, MPFR_RNDN);
  return std::abs(mpfr_get_d(value.get(), MPFR_RNDN));
}

TEST(reference_softmax, exp_is_as_near_as_stated) {
  // Magnitudes from 2^-33 to 2^17, of either sign.
  for (std::uint32_t bits = 0x2f000000; bits <= 0x48000000; bits += 9973) {
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const extended_float got = binade::reference::softmax_exp(bits | sign);
      ASSERT_LE(error_of_exp(float_of(bits | sign), got), 4 * 0x1p-24) << float_of(bits | sign);
    }
  }
  EXPECT_EQ(binade::reference::softmax_exp(bits_of(1e30F)).e,
            binade::reference::softmax_exp(bits_of(0x1p17F)).e);
  EXPECT_EQ(binade::reference::softmax_exp(bits_of(-infinity)).e,
            binade::reference::softmax_exp(bits_of(-0x1p17F)).e);
  EXPECT_EQ(float_of(binade::reference::softmax_exp(0x80000000U).m), 1.0F);
}

TEST(reference_softmax, exp_is_rounded_in_the_stated_order) {
  for (const float x : {0.3F, -1.7F, 12.5F, -80.1F, 1000.25F, -131071.9F}) {
    const float p = oracle::multiply32(x, 0x1.715476p+0F);
    const float e = static_cast<float>(oracle::nearest_integer(oracle::exact(p)).get_d());
    // ln 2 = 0x1.62E42FEFA39EFp-1: its upper part is too large, so the lower one is negative.
    float t = oracle::fma32(e, -0x1.62E43p-1F, x);
    t = oracle::fma32(e, 0x1.05C61p-29F, t);
    float m = 0x1.0F9F9Cp-7F;
    for (const float c : {0x1.573A1Ap-5F, 0x1.555A80p-3F, 0x1.FFFDC6p-2F, 0x1.FFFFF6p-1F, 1.0F}) {
      m = oracle::fma32(m, t, c);
    }
    const extended_float got = binade::reference::softmax_exp(bits_of(x));
    EXPECT_EQ(float_of(got.m), m) << x;
    EXPECT_EQ(got.e, static_cast<int>(e)) << x;
  }
}

TEST(reference_softmax, sums_keep_the_larger_exponent) {
  const auto sum = [](float a, int ea, float b, int eb) {
    return binade::reference::extended_sum({bits_of(a), ea}, {bits_of(b), eb});
  };
  for (const int far : {-3'000'000, -127, -126, -30, -3, 0}) {
    const float scaled = far <= -127 ? 0.0F : std::ldexp(1.25F, far);
    const extended_float right = sum(1.375F, 5, 1.25F, 5 + far);
    const extended_float left = sum(1.25F, 5 + far, 1.375F, 5);
    EXPECT_EQ(float_of(right.m), oracle::add32(1.375F, scaled)) << far;
    EXPECT_EQ(right.e, 5);
    EXPECT_EQ(float_of(left.m), float_of(right.m)) << far;
    EXPECT_EQ(left.e, 5);
  }
}

TEST(reference_softmax, partial_sums_are_folded_in_the_stated_order) {
  const std::vector<float> x = quantize_test::data(quantize_test::kind::bell, 150);
  std::vector<extended_float> partial(64);
  for (std::size_t j = 0; j < 64; ++j) {
    partial[j] = binade::reference::softmax_exp(bits_of(x[j]));
    partial[j] = binade::reference::extended_sum(
        partial[j], binade::reference::softmax_exp(bits_of(x[j + 64])));
    if (j + 128 < 150) {
      partial[j] = binade::reference::extended_sum(
          partial[j], binade::reference::softmax_exp(bits_of(x[j + 128])));
    }
  }
  while (partial.size() > 1) {
    std::vector<extended_float> half;
    for (std::size_t j = 0; j < partial.size() / 2; ++j) {
      half.push_back(binade::reference::extended_sum(partial[j], partial[j + partial.size() / 2]));
    }
    partial = half;
  }
  const extended_float got =
      binade::reference::softmax_sum(150, [&](std::size_t k) { return bits_of(x[k]); });
  EXPECT_EQ(got.m, partial[0].m);
  EXPECT_EQ(got.e, partial[0].e);
}

TEST(reference_softmax, error_stays_below_the_bound) {
  for (const std::size_t n : {1U, 2U, 63U, 64U, 65U, 1000U}) {
    for (const float scale : {0.01F, 1.0F, 40.0F, 5e4F, 1e6F, 1e37F}) {
      std::vector<float> x = quantize_test::data(quantize_test::kind::bell, n, n);
      for (float& v : x) v *= scale;
      const std::vector<float> y = softmax(x);
      oracle::mpfr_variable sum(200);
      mpfr_set_zero(sum.get(), 1);
      const float largest = *std::ranges::max_element(x);
      const auto exp_of = [&](float v, oracle::mpfr_variable& to) {
        oracle::mpfr_variable shift(400);
        mpfr_set_flt(shift.get(), v, MPFR_RNDN);
        mpfr_sub_d(shift.get(), shift.get(), double{largest}, MPFR_RNDN);
        mpfr_exp(to.get(), shift.get(), MPFR_RNDN);
      };
      oracle::mpfr_variable one(200);
      for (const float v : x) {
        exp_of(v, one);
        mpfr_add(sum.get(), sum.get(), one.get(), MPFR_RNDN);
      }
      for (std::size_t k = 0; k < n; ++k) {
        exp_of(x[k], one);
        mpfr_div(one.get(), one.get(), sum.get(), MPFR_RNDN);
        const double exact = mpfr_get_d(one.get(), MPFR_RNDN);
        // 4 units of 2^-24 each for exp above and below, n / 64 + 6 sums, the reciprocal and the
        // product: n / 64 + 16, and 4 for products of errors. Below 2^-126 half a step besides.
        const double bound = (static_cast<double>(n) / 64 + 20) * 0x1p-24 * exact + 0x1p-149;
        ASSERT_LE(std::abs(double{y[k]} - exact), bound)
            << "element " << k << " of " << n << ", x = " << x[k] << ": got " << y[k]
            << ", expected " << exact;
      }
    }
  }
}

TEST(reference_softmax, special_values) {
  const auto all_nan = [](const std::vector<float>& y) {
    return std::ranges::all_of(y, [](float v) { return bits_of(v) == 0x7fc00000U; });
  };
  EXPECT_TRUE(all_nan(softmax({1, not_a_number, 3})));
  EXPECT_TRUE(all_nan(softmax({1, -not_a_number, 3})));
  EXPECT_TRUE(all_nan(softmax({1, infinity, 3})));
  EXPECT_TRUE(all_nan(softmax({-infinity, -infinity})));
  EXPECT_EQ(softmax({-infinity, 2, -infinity, 2}), (std::vector<float>{0, 0.5F, 0, 0.5F}));
  EXPECT_EQ(softmax({-3e38F, -3e38F}), (std::vector<float>{0.5F, 0.5F}));
  EXPECT_EQ(softmax({3e38F, 3e38F, -3e38F}), (std::vector<float>{0.5F, 0.5F, 0}));
  EXPECT_EQ(softmax({3e6F, 4e6F}), (std::vector<float>{0, 1}));
  EXPECT_EQ(softmax({-0.0F}), std::vector<float>{1});
  EXPECT_EQ(softmax({}), std::vector<float>{});
}

TEST(reference_softmax, strides_and_rows) {
  const std::vector<float> x = {0, 9, 0, 9, 1, 9, 1, 9, 1, 9, 5, 9};
  std::vector<float> y(12, 7);
  binade::reference::softmax(binade::tensor_view<const float>(x.data(), {2, 2}, {6, 2}),
                             binade::tensor_view<float>(y.data(), {2, 2}, {6, 3}));
  EXPECT_EQ(y, (std::vector<float>{0.5F, 7, 7, 0.5F, 7, 7, 0.5F, 7, 7, 0.5F, 7, 7}));
  EXPECT_THROW(binade::reference::check_softmax({2, 3}, {3, 2}), binade::error);
}

TEST(reference_softmax, bits_never_change) {
  std::vector<float> x;
  for (int i = 0; i < 200; ++i) x.push_back(static_cast<float>(i * 37 % 101) * 0.25F - 12);
  std::uint32_t hash = 0x811c9dc5U;  // FNV-1a
  for (const float v : softmax(x)) {
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (bits_of(v) >> shift & 0xffU)) * 0x01000193U;
    }
  }
  EXPECT_EQ(hash, 0xb22974c7U) << "got 0x" << std::hex << hash;
}

}  // namespace
