// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemm.hpp"

#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Every target against the definition, which tests/kernel checks against rational arithmetic.

namespace {

using binade::simd::target;
using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

constexpr target targets[] = {target::portable, target::avx2, target::avx512};

void expect_the_definitions_bits(const binade::operand& x, const binade::operand& w,
                                 const std::string& what) {
  const binade::tensor_shape shape{x.shape().extent(0), w.shape().extent(0)};
  std::vector<float> expected(shape.size());
  binade::reference::gemm(x, w, binade::tensor_view<float>(expected.data(), shape));
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    std::vector<float> y(shape.size(), -1.0F);
    binade::simd::gemm(x, w, binade::tensor_view<float>(y.data(), shape), {},
                       binade::simd::product_tiles_for(t));
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(binade::bit_cast<std::uint32_t>(y[i]), binade::bit_cast<std::uint32_t>(expected[i]))
          << what << ", " << to_string(t) << ", element " << i << ": got " << shown(y[i])
          << ", expected " << shown(expected[i]);
    }
  }
}

binade::any_packed_tensor pack(const binade::any_packable& p, std::size_t rows, std::size_t in,
                               kind k, std::uint64_t seed) {
  const std::vector<float> x = data(k, rows * in, seed);
  const binade::tensor_shape shape{rows, in};
  return binade::quantize(binade::tensor_view<const float>(x.data(), shape),
                          p.describe(shape, binade::per_tensor{}), {});
}

TEST(simd_gemm, every_format_has_the_definitions_bits_on_every_target) {
  for (const binade::any_packable& p : binade::all_packables()) {
    for (const kind k : {kind::bell, kind::wild}) {
      const auto x = pack(p, 3, 75, k, 1);
      const auto w = pack(p, 35, 75, k, 2);
      expect_the_definitions_bits(x, w, std::string(p.names->name));
    }
  }
}

TEST(simd_gemm, every_size_of_tile_has_the_definitions_bits) {
  for (const char* name : {"nvfp4", "mxfp6_e3m2", "mxint8", "e5m2"}) {
    const binade::any_packable& p = binade::find_packable(name);
    for (std::size_t tokens = 0; tokens <= 15; ++tokens) {
      for (const std::size_t outs : {1U, 15U, 16U, 17U, 33U}) {
        const auto x = pack(p, tokens, 33, kind::bell, tokens);
        const auto w = pack(p, outs, 33, kind::bell, 100 + outs);
        expect_the_definitions_bits(
            x, w, std::string(name) + " " + std::to_string(tokens) + "x" + std::to_string(outs));
      }
    }
  }
}

TEST(simd_gemm, sizes_beyond_the_blocks_for_the_caches_have_the_definitions_bits) {
  // More rows than are multiplied at once, more k than fit beside a panel, several panels a piece.
  for (const char* name : {"nvfp4", "mxfp4", "mxfp6_e3m2", "e4m3fn"}) {
    const binade::any_packable& p = binade::find_packable(name);
    const auto tall = pack(p, binade::simd::rows_at_once + 9, 20, kind::bell, 1);
    expect_the_definitions_bits(tall, tall, std::string(name) + ", many rows");
    const auto x = pack(p, 7, 1111, kind::wild, 2);
    const auto w = pack(p, 18, 1111, kind::bell, 3);
    expect_the_definitions_bits(x, w, std::string(name) + ", long rows");
    const auto few = pack(p, 1, 16, kind::bell, 4);
    const auto wide = pack(p, 1100, 16, kind::bell, 5);
    expect_the_definitions_bits(few, wide, std::string(name) + ", many panels");
  }
}

TEST(simd_gemm, nothing_to_sum_is_zero) {
  std::vector<float> none;
  std::vector<float> y(6, 5.0F);
  const binade::tensor_view<const float> x(none.data(), {2, 0});
  const binade::tensor_view<const float> w(none.data(), {3, 0});
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    std::fill(y.begin(), y.end(), 5.0F);
    binade::simd::gemm(x, w, binade::tensor_view<float>(y.data(), {2, 3}), {},
                       binade::simd::product_tiles_for(t));
    EXPECT_EQ(y, std::vector<float>(6)) << to_string(t);
  }
}

TEST(simd_gemm, every_pair_of_integer_formats_has_the_definitions_bits) {
  int pairs = 0;
  for (const binade::any_packable& a : binade::all_packables()) {
    for (const binade::any_packable& b : binade::all_packables()) {
      const auto x = pack(a, 2, 70, kind::bell, 5);
      const auto w = pack(b, 3, 70, kind::bell, 6);
      if (!binade::reference::integer_scales(x, w)) continue;
      ++pairs;
      expect_the_definitions_bits(x, w,
                                  std::string(a.names->name) + " x " + std::string(b.names->name));
    }
  }
  EXPECT_GE(pairs, 40);
}

TEST(simd_gemm, the_largest_integers_do_not_overflow) {
  // All codes the same: -128 of int8, 28 of e3m2fn ...; the sums of products are the largest.
  for (const char* name : {"mxint8", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "int8_g128"}) {
    const binade::any_packable& p = binade::find_packable(name);
    for (const int pattern : {0x00, 0x7f, 0x80, 0xff, 0x88, 0x77}) {
      auto x = pack(p, 2, 256, kind::bell, 1);
      auto view = x.mutable_view();
      for (std::byte& b : view.codes) b = static_cast<std::byte>(pattern);
      expect_the_definitions_bits(x, x, name);
    }
  }
}

TEST(simd_gemm, sums_beyond_32_bits_are_left_to_the_definition) {
  const binade::any_packable& p = binade::find_packable("int8_g128");
  binade::packed_description d = p.describe({1, 140000}, binade::per_tensor{});
  binade::block_description block = p.block;
  block.size = 140000;  // 140000 * 127 * 127 exceeds 2^31
  d = binade::describe_blocks(block, {1, 140000});
  const std::vector<float> ones(140000, 1.0F);
  const auto x = binade::quantize(
      binade::tensor_view<const float>(ones.data(), binade::tensor_shape{1, 140000}), d, {});
  expect_the_definitions_bits(x, x, "one block of 140000");
}

}  // namespace
