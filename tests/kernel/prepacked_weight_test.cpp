// SPDX-License-Identifier: MIT
#include "binade/kernel/prepacked_weight.hpp"

#include "binade/core/parallel.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Against the definition, which tests/kernel/gemm_test.cpp checks against rational arithmetic.

namespace {

using binade::activations;
using binade::matrix_view;
using binade::prepacked_weight;
using binade::simd::target;
using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;
using quantize_test::shown;

constexpr target targets[] = {target::portable, target::avx2, target::avx512};

binade::any_packed_tensor pack(const binade::any_packable& p, std::size_t rows, std::size_t in,
                               std::uint64_t seed) {
  const std::vector<float> x = data(kind::bell, rows * in, seed);
  const binade::tensor_shape shape{rows, in};
  return binade::quantize(binade::tensor_view<const float>(x.data(), shape),
                          p.describe(shape, binade::per_tensor{}), {});
}

void expect_the_definitions_bits(const binade::operand& x, const binade::operand& w, activations of,
                                 const std::string& what, binade::executor_ref executor = {}) {
  const binade::tensor_shape shape{x.shape().extent(0), w.shape().extent(0)};
  std::vector<float> expected(shape.size());
  binade::reference::gemm(x, w, binade::tensor_view<float>(expected.data(), shape));
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    const prepacked_weight weight(w, of, executor, binade::simd::product_tiles_for(t));
    std::vector<float> y(shape.size(), -1.0F);
    binade::gemm(x, weight, binade::tensor_view<float>(y.data(), shape), executor);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(binade::bit_cast<std::uint32_t>(y[i]), binade::bit_cast<std::uint32_t>(expected[i]))
          << what << ", " << to_string(t) << ", element " << i << ": got " << shown(y[i])
          << ", expected " << shown(expected[i]);
    }
  }
}

TEST(prepacked_weight, every_format_gives_the_definitions_bits) {
  const std::vector<float> floats = data(kind::bell, std::size_t{5} * 75, 3);
  for (const binade::any_packable& p : binade::all_packables()) {
    const auto x = pack(p, 5, 75, 1);
    const auto w = pack(p, 35, 75, 2);
    const std::string name(p.names->name);
    expect_the_definitions_bits(x, w, activations::same_format, name);
    expect_the_definitions_bits(matrix_view(floats, 5, 75), w, activations::floats,
                                name + " x float");
  }
  expect_the_definitions_bits(matrix_view(floats, 5, 75), matrix_view(floats, 5, 75),
                              activations::same_format, "floats");
}

TEST(prepacked_weight, serves_many_products_and_survives_copies_and_its_source) {
  const binade::any_packable& p = binade::find_packable("nvfp4");
  auto w = pack(p, 70, 64, 2);
  prepacked_weight first(w);
  std::vector<float> expected(9 * 70);
  const auto x = pack(p, 9, 64, 1);
  binade::gemm(x, w, matrix_view(expected, 9, 70));
  for (std::byte& b : w.mutable_view().codes) b = std::byte{0};
  const prepacked_weight copy = first;
  const prepacked_weight moved = std::move(first);
  for (const prepacked_weight* weight : {&copy, &moved, &copy}) {
    std::vector<float> y(expected.size());
    binade::gemm(x, *weight, matrix_view(y, 9, 70));
    EXPECT_EQ(y, expected);
  }
}

TEST(prepacked_weight, the_executor_does_not_matter) {
  binade::threads pool(3);
  for (const char* name : {"mxfp4", "e4m3fn"}) {
    const binade::any_packable& p = binade::find_packable(name);
    const auto x = pack(p, 30, 96, 1);
    const auto w = pack(p, 170, 96, 2);  // several pieces on every target
    expect_the_definitions_bits(x, w, activations::same_format, name, pool);
  }
}

TEST(prepacked_weight, says_what_it_is) {
  const auto w = pack(binade::find_packable("mxfp4"), 33, 64, 2);
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    const binade::simd::product_tiles& tiles = binade::simd::product_tiles_for(t);
    const prepacked_weight weight(w, activations::same_format, {}, tiles);
    EXPECT_EQ(weight.shape(), (binade::tensor_shape{33, 64}));
    EXPECT_EQ(weight.element(), w.description().element);
    EXPECT_EQ(weight.made_for(), activations::same_format);
    EXPECT_EQ(weight.target(), tiles.compiled_for);
    EXPECT_TRUE(weight.packed()->codes.empty());
    // 64 elements of one byte, or two where products of bytes are not exact, and two blocks of 8
    // bytes for each row of whole panels.
    const std::size_t rows = (33 + tiles.width - 1) / tiles.width * tiles.width;
    const std::size_t each = tiles.byte_pair_limit == 0 ? 2 : 1;
    EXPECT_EQ(weight.size_bytes(), rows * (64 * each + 2 * 8)) << to_string(t);
    const prepacked_weight floats(w, activations::floats, {}, tiles);
    EXPECT_EQ(floats.size_bytes(), rows * 64 * 4) << to_string(t);
  }
}

TEST(prepacked_weight, other_activations_are_an_error_before_anything_is_written) {
  const auto nvfp4 = pack(binade::find_packable("nvfp4"), 4, 64, 1);
  const auto nvint4 = pack(binade::find_packable("nvint4"), 4, 64, 1);
  const auto mxfp4 = pack(binade::find_packable("mxfp4"), 4, 64, 1);
  const std::vector<float> floats = data(kind::bell, 4 * 64);
  std::vector<float> out(16, 5.0F);
  const auto y = matrix_view(out, 4, 4);
  const prepacked_weight integers(nvfp4);
  EXPECT_EQ(error_of([&] { binade::gemm(nvint4, integers, y); }),
            "gemm: x is of int4 in blocks of 16 but w is of e2m1fn in blocks of 16, prepacked for "
            "activations of the same format");
  EXPECT_NE(error_of([&] { binade::gemm(mxfp4, integers, y); }), "");
  EXPECT_NE(error_of([&] { binade::gemm(matrix_view(floats, 4, 64), integers, y); }), "");
  const prepacked_weight as_floats(nvfp4, activations::floats);
  EXPECT_NE(error_of([&] { binade::gemm(nvfp4, as_floats, y); }), "");
  EXPECT_NE(error_of([&] { binade::gemm(nvint4, as_floats, y); }), "");
  const auto longer = pack(binade::find_packable("nvfp4"), 4, 80, 1);
  EXPECT_EQ(error_of([&] { binade::gemm(longer, integers, y); }),
            "gemm: x is [4, 80] but w is [4, 64]; the inner dimensions 80 and 64 must be equal");
  EXPECT_NE(error_of([&] { binade::gemm(nvfp4, integers, matrix_view(out, 2, 8)); }), "");
  EXPECT_EQ(out, std::vector<float>(16, 5.0F)) << "written before the check";
  binade::gemm(mxfp4, as_floats, y);  // blocks of another size are read as floats by gemm, too
  EXPECT_NE(out, std::vector<float>(16, 5.0F));
}

TEST(prepacked_weight, what_cannot_be_prepacked_is_an_error) {
  const std::vector<float> x = data(kind::bell, 64);
  EXPECT_NE(error_of([&] { prepacked_weight weight{binade::operand(x)}; }), "");  // a vector
  // 140000 * 127 * 127 exceeds 2^31.
  binade::block_description block = binade::find_packable("int8_g128").block;
  block.size = 140000;
  const binade::any_packed_tensor w(binade::describe_blocks(block, {1, 140000}));
  EXPECT_EQ(error_of([&] { prepacked_weight weight{binade::operand(w)}; }),
            "prepacked_weight: w has blocks of 140000 elements of int8, whose products exceed sums "
            "of 32 bits");
}

}  // namespace
