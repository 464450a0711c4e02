// SPDX-License-Identifier: MIT
#include "binade/kernel/dot.hpp"

#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace product_test;

using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;
using quantize_test::shown;

/// dot, which must have the definition's bits.
float checked_dot(const binade::operand& a, const binade::operand& b) {
  const float result = binade::dot(a, b);
  const float again = binade::reference::dot(a, b);
  EXPECT_EQ(oracle::bits_of(result), oracle::bits_of(again))
      << shown(result) << " is not the definition's " << shown(again);
  return result;
}

TEST(dot, floats_follow_the_formula_at_every_length) {
  // Below, at and above the 64 partial sums, and lengths that leave some of them short.
  for (const std::size_t n : {0U, 1U, 2U, 31U, 63U, 64U, 65U, 127U, 128U, 129U, 200U}) {
    for (const kind k : {kind::bell, kind::wild, kind::sparse}) {
      const std::vector<float> a = data(k, n, n + 1);
      const std::vector<float> b = data(k, n, n + 2);
      EXPECT_EQ(checked_dot(a, b), by_64(a.data(), b.data(), n)) << n;
    }
  }
}

TEST(dot, the_order_is_not_ascending) {
  // The two orders differ on most data, so that the tests here can tell them apart.
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<float> a = data(kind::bell, 200, 2 * seed);
    const std::vector<float> b = data(kind::bell, 200, 2 * seed + 1);
    const float sum = checked_dot(a, b);
    EXPECT_EQ(sum, by_64(a.data(), b.data(), 200)) << seed;
    different += sum != ascending(a.data(), b.data(), 200) ? 1 : 0;
  }
  EXPECT_GE(different, 10);
}

TEST(dot, a_long_one_equals_the_loop_that_the_formula_is) {
  constexpr std::size_t n = 5000;
  const std::vector<float> a = data(kind::wild, n, 5);
  const std::vector<float> b = data(kind::wild, n, 6);
  std::array<float, 64> p{};
  for (std::size_t k = 0; k < n; ++k) p[k % 64] = std::fma(a[k], b[k], p[k % 64]);
  for (std::size_t h = 32; h > 0; h /= 2) {
    for (std::size_t j = 0; j < h; ++j) p[j] += p[j + h];
  }
  EXPECT_EQ(checked_dot(a, b), p[0]);
}

TEST(dot, packed_vectors_follow_their_formula) {
  for (const std::size_t n : {1U, 16U, 40U, 150U, 700U}) {  // up to 44 blocks
    for (const std::string an : {"nvfp4", "mxfp4", "mxint8", "mxfp6_e3m2", "msfp12", "mxfp8_e4m3",
                                 "e4m3fn", "int8", "int4_g128"}) {
      for (const std::string bn : {"nvfp4", "mxfp4", "mxint8", "mxfp8_e5m2", "msfp16",
                                   "bfp_int8_b16", "hif8", "int8_g128"}) {
        const packed a = pack(an, data(kind::bell, n, 7), {n});
        const packed b = pack(bn, data(kind::coarse, n, 8), {n});
        float expected = 0;
        if (sums_in_integers(a, b)) {
          expected = with_tensor_scales(by_16_blocks(block_rows(a)[0], block_rows(b)[0]), a, b);
        } else {
          expected = by_64(floats(a).data(), floats(b).data(), n);
        }
        EXPECT_EQ(checked_dot(a.tensor, b.tensor), expected) << an << " . " << bn << ", n = " << n;
      }
    }
  }
}

TEST(dot, takes_every_kind_of_vector) {
  const std::vector<float> a{1, 2, 3};
  const std::array<float, 3> b{4, 3, 6};
  std::vector<binade::bfloat16> c;
  for (const float v : b) c.emplace_back(v);
  EXPECT_EQ(checked_dot(a, b), 28.0F);
  EXPECT_EQ(checked_dot(std::span(a), c), 28.0F);
  EXPECT_EQ(checked_dot(binade::vector_view(a), binade::vector_view(c)), 28.0F);
  const auto q = binade::quantize<binade::mxfp4>(binade::vector_view(b));
  EXPECT_EQ(checked_dot(a, q), 28.0F);
  EXPECT_EQ(checked_dot(q, q.view()), 61.0F);
  // Every other element, backwards.
  const std::vector<float> long_one{6, 0, 3, 0, 4};
  EXPECT_EQ(checked_dot(a, binade::tensor_view<const float>(&long_one[4], {3}, {-2})), 28.0F);
  // Formats beyond binary32 are rounded to it: 2^239 becomes infinity.
  const std::vector<binade::takum8> wide{binade::takum8::from_bits(0x7f)};
  EXPECT_EQ(checked_dot(wide, std::vector<float>{1}), quantize_test::infinity);
}

TEST(dot, nan_and_infinity) {
  const float inf = quantize_test::infinity;
  const auto bits = [](float x) { return oracle::bits_of(x); };
  EXPECT_EQ(
      bits(checked_dot(std::vector{1.0F, -quantize_test::not_a_number}, std::vector{1.0F, 0.0F})),
      0x7fc00000U);
  EXPECT_EQ(bits(checked_dot(std::vector{inf}, std::vector{0.0F})), 0x7fc00000U);
  EXPECT_EQ(bits(checked_dot(std::vector{inf, 1.0F}, std::vector{1.0F, -inf})), 0x7fc00000U);
  EXPECT_EQ(checked_dot(std::vector{inf, 1.0F}, std::vector{2.0F, -3.0F}), inf);
  EXPECT_EQ(checked_dot(std::vector{0x1p127F}, std::vector{2.0F}), inf);
  const std::vector<float> nan{quantize_test::not_a_number};
  const auto poisoned = binade::quantize<binade::mxfp4>(binade::vector_view(nan));
  EXPECT_EQ(bits(checked_dot(poisoned, poisoned)), 0x7fc00000U);
}

TEST(dot, the_environment_does_not_matter) {
  std::vector<float> a = data(kind::bell, 300, 9);
  for (float& v : a) v *= 0x1p-66F;  // subnormal products and sums
  const packed q = pack("mxfp4", a, {300});
  const float floating = checked_dot(a, a);
  const float packed_sum = checked_dot(q.tensor, q.tensor);
  EXPECT_EQ(floating, by_64(a.data(), a.data(), 300));
  EXPECT_NE(packed_sum, 0.0F);
  const hostile_environment environment;
  const float again = checked_dot(a, a);
  const float packed_again = checked_dot(q.tensor, q.tensor);
  EXPECT_EQ(oracle::bits_of(again), oracle::bits_of(floating));
  EXPECT_EQ(oracle::bits_of(packed_again), oracle::bits_of(packed_sum));
}

TEST(dot, errors_say_what_does_not_fit) {
  const std::vector<float> a(3);
  const std::vector<float> b(4);
  EXPECT_EQ(error_of([&] { static_cast<void>(checked_dot(a, b)); }),
            "dot: a has 3 elements but b has 4; they must be equal");
  EXPECT_EQ(error_of([&] { static_cast<void>(checked_dot(binade::matrix_view(b, 2, 2), b)); }),
            "dot: a is [2, 2]; it must have rank 1");
}

}  // namespace
