// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemv.hpp"

#include "binade/core/parallel.hpp"
#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

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
                                 const std::string& what, binade::executor_ref executor = {}) {
  std::vector<float> expected(w.shape().row_count());
  binade::reference::gemv(x, w, binade::vector_view(expected));
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    std::vector<float> y(expected.size(), -1.0F);
    binade::simd::gemv(x, w, binade::vector_view(y), executor, binade::simd::gemv_kernels_for(t));
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(binade::bit_cast<std::uint32_t>(y[i]), binade::bit_cast<std::uint32_t>(expected[i]))
          << what << ", " << to_string(t) << ", element " << i << ": got " << shown(y[i])
          << ", expected " << shown(expected[i]);
    }
  }
}

binade::any_packed_tensor pack(const binade::any_packable& p, const binade::tensor_shape& shape,
                               kind k, std::uint64_t seed,
                               const binade::granularity& groups = binade::per_tensor{}) {
  const std::vector<float> x = data(k, shape.size(), seed);
  binade::quantize_options options;
  options.groups = groups;
  return binade::quantize(binade::tensor_view<const float>(x.data(), shape),
                          p.describe(shape, groups), options);
}

/// Other codes, and scales if asked for, than a quantizer writes: any at all.
void scramble(binade::any_packed_tensor& packed, bool scales) {
  unsigned next = 1;
  for (std::byte& b : packed.mutable_view().codes)
    b = static_cast<std::byte>(next = next * 167 + 13);
  if (!scales) return;
  for (std::byte& b : packed.mutable_view().scales) {
    b = static_cast<std::byte>(next = next * 167 + 13);
  }
}

TEST(simd_gemv, every_format_has_the_definitions_bits_on_every_target) {
  for (const binade::any_packable& p : binade::all_packables()) {
    for (const kind k : {kind::bell, kind::wild}) {
      const std::string name(p.names->name);
      for (const std::size_t in : {75U, 350U}) {
        const auto x = pack(p, {in}, k, 1);
        auto w = pack(p, {35, in}, k, 2);
        const std::vector<float> floats = data(k, in, 3);
        expect_the_definitions_bits(x, w, name);
        expect_the_definitions_bits(floats, w, name + " x floats");
        scramble(w, false);
        expect_the_definitions_bits(x, w, name + ", other codes");
        expect_the_definitions_bits(floats, w, name + " x floats, other codes");
        scramble(w, true);
        expect_the_definitions_bits(x, w, name + ", other scales");
        expect_the_definitions_bits(floats, w, name + " x floats, other scales");
      }
    }
  }
}

TEST(simd_gemv, every_length_has_the_definitions_bits) {
  for (const char* name :
       {"nvfp4", "mxfp4", "int4_g128", "mxfp6_e3m2", "mxfp6_e2m3", "mxint8", "e5m2"}) {
    const binade::any_packable& p = binade::find_packable(name);
    for (std::size_t in = 0; in <= 300; in += in < 140 ? 1 : 37) {
      const std::string what = std::string(name) + " of " + std::to_string(in);
      const auto w = pack(p, {3, in}, kind::bell, 2 + in);
      expect_the_definitions_bits(pack(p, {in}, kind::bell, in), w, what);
      expect_the_definitions_bits(data(kind::bell, in, 1), w, what + " x floats");
    }
  }
}

TEST(simd_gemv, every_number_of_rows_has_the_definitions_bits) {
  binade::threads pool(3);
  for (const char* name : {"nvfp4", "mxfp6_e3m2", "mxint8", "mxfp8_e4m3"}) {
    const binade::any_packable& p = binade::find_packable(name);
    for (std::size_t rows = 0; rows <= 36; ++rows) {
      const auto w = pack(p, {rows, 64}, kind::bell, rows);
      expect_the_definitions_bits(pack(p, {64}, kind::bell, 1), w,
                                  std::string(name) + " of " + std::to_string(rows) + " rows");
    }
    const auto w = pack(p, {300, 5000}, kind::bell, 1);  // many pieces of work
    expect_the_definitions_bits(pack(p, {5000}, kind::bell, 1), w, name, pool);
    expect_the_definitions_bits(data(kind::bell, 5000, 1), w, name, pool);
  }
}

TEST(simd_gemv, every_granularity_has_the_definitions_bits) {
  const std::vector<float> x = data(kind::wild, 200, 1);
  for (const binade::any_packable& p : binade::all_packables()) {
    if (p.is_block_format) continue;
    for (const binade::granularity& g :
         {binade::granularity(binade::per_channel{.axis = 0}),
          binade::granularity(binade::per_channel{.axis = 1}),
          binade::granularity(binade::per_group{.axis = 1, .size = 7}),
          binade::granularity(binade::per_group{.axis = 1, .size = 32}),
          binade::granularity(binade::per_block{.rows = 3, .cols = 64})}) {
      expect_the_definitions_bits(x, pack(p, {5, 200}, kind::wild, 2, g),
                                  std::string(p.names->name));
    }
  }
}

TEST(simd_gemv, zeros_keep_their_signs) {
  // Products that vanish below the smallest float leave -0 in a partial sum.
  const std::vector<float> x(100, -0x1p-120F);
  for (const char* name : {"nvfp4", "mxfp4", "e4m3fn", "bfloat16"}) {
    const std::vector<float> small(200, 0x1p-100F);
    const auto w = binade::quantize(
        binade::tensor_view<const float>(small.data(), binade::tensor_shape{2, 100}),
        binade::find_packable(name).describe({2, 100}, binade::per_tensor{}), {});
    expect_the_definitions_bits(x, w, name);
  }
}

TEST(simd_gemv, unpacked_and_narrow_operands_have_the_definitions_bits) {
  for (const std::size_t in : {1U, 64U, 131U}) {
    const std::vector<float> floats = data(kind::bell, in * 5, 4);
    std::vector<binade::bfloat16> narrow;
    for (std::size_t i = 0; i < in; ++i) narrow.emplace_back(floats[i]);
    const binade::tensor_view<const float> matrix(floats.data(), {5, in});
    expect_the_definitions_bits(narrow, matrix, "bfloat16 x floats");
    expect_the_definitions_bits(
        narrow, pack(binade::find_packable("mxfp4"), {5, in}, kind::bell, 5), "bfloat16 x mxfp4");
    expect_the_definitions_bits(narrow, narrow, "a vector times a vector");
  }
}

TEST(simd_gemv, tensor_scales_of_every_kind_have_the_definitions_bits) {
  using enum binade::tensor_scale_kind;
  const auto xs = pack(binade::find_packable("nvfp4"), {80}, kind::bell, 1);
  const auto ws = pack(binade::find_packable("nvint4"), {20, 80}, kind::bell, 2);
  const std::vector<float> floats = data(kind::bell, 80, 3);
  for (const auto x_kind : {none, multiplier, divisor}) {
    for (const auto w_kind : {none, multiplier, divisor}) {
      binade::any_packed_view x = xs;
      binade::any_packed_view w = ws;
      x.description.tensor_scale = x_kind;
      w.description.tensor_scale = w_kind;
      x.tensor_scale = 0.3F;
      w.tensor_scale = 7.7F;
      expect_the_definitions_bits(x, w, "packed");
      expect_the_definitions_bits(floats, w, "floats");
    }
  }
}

TEST(simd_gemv, blocks_of_any_size_have_the_definitions_bits) {
  for (const char* name : {"mxfp4", "mxint8", "mxfp6_e3m2"}) {
    binade::block_description block = binade::find_packable(name).block;
    for (const std::size_t size : {1U, 2U, 4U, 6U, 8U, 12U, 24U, 40U, 72U, 128U, 136U}) {
      block.size = size;
      const auto make = [&](const binade::tensor_shape& shape, std::uint64_t seed) {
        const std::vector<float> v = data(kind::bell, shape.size(), seed);
        return binade::quantize(binade::tensor_view<const float>(v.data(), shape),
                                binade::describe_blocks(block, shape), {});
      };
      const auto w = make({5, 301}, 1);
      expect_the_definitions_bits(make({301}, 2), w,
                                  std::string(name) + ", blocks of " + std::to_string(size));
      expect_the_definitions_bits(
          data(kind::bell, 301, 2), w,
          std::string(name) + " x floats, blocks of " + std::to_string(size));
    }
  }
}

TEST(simd_gemv, every_pair_of_integer_formats_has_the_definitions_bits) {
  int pairs = 0;
  for (const binade::any_packable& a : binade::all_packables()) {
    for (const binade::any_packable& b : binade::all_packables()) {
      const auto x = pack(a, {70}, kind::bell, 5);
      const auto w = pack(b, {3, 70}, kind::bell, 6);
      if (!binade::reference::integer_scales(x, w)) continue;
      ++pairs;
      expect_the_definitions_bits(x, w,
                                  std::string(a.names->name) + " x " + std::string(b.names->name));
    }
  }
  EXPECT_GE(pairs, 40);
}

TEST(simd_gemv, the_largest_integers_do_not_overflow) {
  // All codes the same: -128 of int8, 28 of e3m2fn ...; the sums of products are the largest.
  for (const char* name : {"mxint8", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "int8_g128"}) {
    const binade::any_packable& p = binade::find_packable(name);
    for (const int pattern : {0x00, 0x7f, 0x80, 0xff, 0x88, 0x77}) {
      auto x = pack(p, {256}, kind::bell, 1);
      for (std::byte& b : x.mutable_view().codes) b = static_cast<std::byte>(pattern);
      expect_the_definitions_bits(x, x, name);
    }
  }
}

TEST(simd_gemv, sums_beyond_32_bits_are_left_to_the_definition) {
  binade::block_description block = binade::find_packable("int8_g128").block;
  block.size = 140000;  // 140000 * 127 * 127 exceeds 2^31
  const std::vector<float> ones(140000, 1.0F);
  const auto x = binade::quantize(binade::vector_view(ones),
                                  binade::describe_blocks(block, binade::tensor_shape{140000}), {});
  expect_the_definitions_bits(x, x, "one block of 140000");
}

}  // namespace
