// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/sums.hpp"

#include "binade/core/fp_environment.hpp"
#include "oracle/binary32.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

namespace reference = binade::reference;

using oracle::add32;
using oracle::bits_of;
using oracle::float_of;
using oracle::fma32;
using oracle::multiply32;

// Floats in (-2, 2) with 24-bit significands, of a few magnitudes.
std::vector<float> some_floats(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> x(n);
  for (float& v : x) {
    const auto bits = static_cast<std::uint32_t>(random());
    v = float_of((bits & 0x80ffffffU) | (120 + bits % 8) << 23);
  }
  return x;
}

TEST(sums, ascending_is_one_fma_a_product) {
  for (const std::size_t n : {0U, 1U, 2U, 3U, 100U}) {
    const std::vector<float> a = some_floats(n, 1);
    const std::vector<float> b = some_floats(n, 2);
    float expected = 0;
    for (std::size_t k = 0; k < n; ++k) expected = fma32(a[k], b[k], expected);
    std::uint32_t got = 1;
    reference::sum_ascending(a.data(), b.data(), n, &got);
    EXPECT_EQ(float_of(got), expected) << n;
  }
}

TEST(sums, a_product_is_not_rounded_before_it_is_added) {
  // (1 + 2^-23) * (1 - 2^-23) - 1 = -2^-46, which two roundings make 0.
  const float a[] = {1.0F, 1 + 0x1p-23F};
  const float b[] = {-1.0F, 1 - 0x1p-23F};
  std::uint32_t sum = 0;
  reference::sum_ascending(a, b, 2, &sum);
  EXPECT_EQ(float_of(sum), -0x1p-46F);
  // The same in one of 64 partial sums.
  std::vector<float> wide_a(65);
  std::vector<float> wide_b(65);
  wide_a[0] = a[0];
  wide_b[0] = b[0];
  wide_a[64] = a[1];
  wide_b[64] = b[1];
  reference::sum_by_64(wide_a.data(), wide_b.data(), 65, &sum);
  EXPECT_EQ(float_of(sum), -0x1p-46F);
}

TEST(sums, by_64_folds_halves) {
  // One product in each partial sum: the folding alone, as a tree written out by hand for 4 live
  // sums, p0 + p32 first, then with p16 + p48.
  std::vector<float> a(64);
  const std::vector<float> ones(64, 1.0F);
  a[0] = 0x1p24F;
  a[32] = 1;
  a[16] = 1;
  a[48] = 1;
  std::uint32_t sum = 0;
  reference::sum_by_64(a.data(), ones.data(), 64, &sum);
  // (2^24 + 1 -> 2^24, a tie) + (1 + 1); ascending gives 2^24, by pairs of neighbours too.
  EXPECT_EQ(float_of(sum), 0x1p24F + 2);
  for (const std::size_t n : {63U, 64U, 65U, 200U}) {
    const std::vector<float> x = some_floats(n, 3);
    const std::vector<float> y = some_floats(n, 4);
    std::vector<float> p(64);
    for (std::size_t k = 0; k < n; ++k) p[k % 64] = fma32(x[k], y[k], p[k % 64]);
    for (std::size_t h = 32; h > 0; h /= 2) {
      for (std::size_t j = 0; j < h; ++j) p[j] = add32(p[j], p[j + h]);
    }
    reference::sum_by_64(x.data(), y.data(), n, &sum);
    EXPECT_EQ(float_of(sum), p[0]) << n;
  }
}

TEST(sums, by_blocks_sums_integers_exactly) {
  std::mt19937_64 random(5);
  for (const std::size_t n : {0U, 1U, 15U, 16U, 17U, 100U}) {
    constexpr std::size_t block = 16;
    std::vector<std::int16_t> a(n);
    std::vector<std::int16_t> b(n);
    for (std::size_t k = 0; k < n; ++k) {
      a[k] = static_cast<std::int16_t>(random());
      b[k] = static_cast<std::int16_t>(random());
    }
    const std::vector<float> sa = some_floats((n + block - 1) / block, 6);
    const std::vector<float> sb = some_floats((n + block - 1) / block, 7);
    float expected = 0;
    for (std::size_t i = 0; i < sa.size(); ++i) {
      mpz_class products = 0;
      for (std::size_t k = i * block; k < n && k < (i + 1) * block; ++k) {
        products += mpz_class(a[k]) * b[k];
      }
      expected = fma32(oracle::nearest_float(oracle::rational(products)), multiply32(sa[i], sb[i]),
                       expected);
    }
    std::uint32_t got = 1;
    reference::sum_by_blocks(a.data(), sa.data(), b.data(), sb.data(), n, block, &got);
    EXPECT_EQ(float_of(got), expected) << n;
  }
}

TEST(sums, by_16_blocks_folds_halves) {
  // One element a block, so that a block's product is its integer.
  for (const std::size_t n : {0U, 1U, 15U, 16U, 17U, 100U}) {
    std::vector<std::int16_t> a(n);
    for (std::size_t k = 0; k < n; ++k) a[k] = static_cast<std::int16_t>(7 * k + 1);
    const std::vector<std::int16_t> ones(n, 1);
    const std::vector<float> sa = some_floats(n, 8);
    const std::vector<float> sb = some_floats(n, 9);
    std::vector<float> p(16);
    for (std::size_t i = 0; i < n; ++i) {
      p[i % 16] = fma32(static_cast<float>(a[i]), multiply32(sa[i], sb[i]), p[i % 16]);
    }
    for (std::size_t h = 8; h > 0; h /= 2) {
      for (std::size_t j = 0; j < h; ++j) p[j] = add32(p[j], p[j + h]);
    }
    std::uint32_t got = 1;
    reference::sum_by_16_blocks(a.data(), sa.data(), ones.data(), sb.data(), n, 1, &got);
    EXPECT_EQ(float_of(got), p[0]) << n;
  }
}

TEST(sums, the_largest_block_sum_needs_more_than_32_bits) {
  const std::vector<std::int16_t> a(8, -32767);
  const float one = 1;
  std::uint32_t got = 0;
  reference::sum_by_blocks(a.data(), &one, a.data(), &one, 8, 8, &got);
  EXPECT_EQ(float_of(got), static_cast<float>(8LL * 32767 * 32767));
}

TEST(sums, squared_differences_are_added_with_one_rounding) {
  std::mt19937_64 random(8);
  double sum = 0;
  for (int i = 0; i < 50; ++i) {
    const auto x = static_cast<double>(static_cast<std::int64_t>(random()));
    const auto v = static_cast<double>(static_cast<std::int64_t>(random()));
    const oracle::rational e = oracle::exact(
        oracle::nearest_double(oracle::rational(oracle::exact(x) - oracle::exact(v))));
    const double expected = oracle::nearest_double(oracle::rational(e * e + oracle::exact(sum)));
    reference::add_squared_difference(x, v, &sum);
    ASSERT_EQ(sum, expected) << i;
  }
}

TEST(sums, results_have_one_nan) {
  for (const std::uint32_t nan : {0x7f800001U, 0x7fc00000U, 0xffc00000U, 0xff812345U}) {
    float out = 0;
    reference::store_result(nan, &out);
    EXPECT_EQ(bits_of(out), 0x7fc00000U);
    EXPECT_EQ(reference::with_one_nan(nan), 0x7fc00000U);
  }
  for (const std::uint32_t number : {0x7f800000U, 0xff800000U, 0x80000000U, 0x00000001U}) {
    float out = 0;
    reference::store_result(number, &out);
    EXPECT_EQ(bits_of(out), number);
    EXPECT_EQ(reference::with_one_nan(number), number);
  }
}

TEST(sums, bits_and_values) {
  // Each edge of binary32: rounding to it and reading it back.
  for (const double x : {0.0, 1.5, -0x1p-149, 0x1p-150, 0x1.8p-149, 0x1.fffffep127, 0x1.ffffffp127,
                         0x1.fffffefp127, 0x1.0000010p0, 0x1.0000030p0, -0x1.0000011p0}) {
    const std::uint32_t got = reference::round_to_bits(binade::unpack(x));
    const float expected = static_cast<float>(x);
    EXPECT_EQ(got, bits_of(expected)) << x;
    float stored = 0;
    reference::store(binade::unpack(x), &stored);
    EXPECT_EQ(bits_of(stored), got) << x;
    EXPECT_EQ(reference::unpack_bits(got), binade::unpack(expected)) << x;
  }
}

}  // namespace
