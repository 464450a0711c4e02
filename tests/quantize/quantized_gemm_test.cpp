// SPDX-License-Identifier: MIT
#include "binade/quantize/quantized_gemm.hpp"

#include "binade/format/catalog_float.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using binade::matrix_view;
using binade::prepacked_weight;
using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;

constexpr std::size_t tokens = 5;
constexpr std::size_t in = 70;
constexpr std::size_t outs = 19;

/// The same in two calls: quantize, then gemm by the definition.
template <class T>
void expect_two_calls(const char* name, const std::vector<T>& x,
                      const binade::granularity& groups) {
  const binade::any_packable& p = binade::find_packable(name);
  const std::vector<float> wf = data(kind::bell, outs * in, 2);
  const auto w =
      binade::quantize(matrix_view(wf, outs, in), p.describe({outs, in}, binade::per_tensor{}), {});
  binade::quantize_options options;
  options.groups = groups;
  const binade::tensor_view<const T> xv = matrix_view(x, tokens, in);
  const auto q = binade::quantize(xv, p.describe({tokens, in}, groups), options);
  std::vector<float> expected(tokens * outs);
  binade::reference::gemm(q, w, matrix_view(expected, tokens, outs));
  std::vector<float> y(tokens * outs);
  const auto result =
      binade::quantized_gemm(xv, prepacked_weight(w), matrix_view(y, tokens, outs), options);
  EXPECT_EQ(y, expected) << name;
  EXPECT_EQ(result.tensor_scale, q.tensor_scale()) << name;
  EXPECT_EQ(result.counts, q.counts()) << name;
}

TEST(quantized_gemm, quantizes_activations_to_the_weights_format) {
  const std::vector<float> x = data(kind::bell, tokens * in, 1);
  std::vector<binade::bfloat16> half;
  for (const float v : x) half.emplace_back(v);
  for (const char* name : {"nvfp4", "mxfp4", "mxfp6_e3m2", "mxfp8_e4m3", "mxint8", "e4m3fn"}) {
    expect_two_calls(name, x, binade::per_tensor{});
    expect_two_calls(name, half, binade::per_tensor{});
  }
  expect_two_calls("e4m3fn", x, binade::per_channel{.axis = 0});
}

TEST(quantized_gemm, weights_without_a_format_for_x_are_an_error) {
  const std::vector<float> x = data(kind::bell, tokens * in, 1);
  std::vector<float> out(tokens * tokens, 5.0F);
  const auto y = matrix_view(out, tokens, tokens);
  const binade::tensor_view<const float> xv = matrix_view(x, tokens, in);
  EXPECT_EQ(
      error_of([&] { binade::quantized_gemm(xv, prepacked_weight(xv), y); }),
      "quantized_gemm: w was prepacked from values of float32, not from a packed tensor whose "
      "format x could get");
  const auto w = binade::quantize<binade::nvfp4>(xv);
  const prepacked_weight for_floats(w, binade::activations::floats);
  EXPECT_NE(error_of([&] { binade::quantized_gemm(xv, for_floats, y); }), "");
  const binade::tensor_view<const float> vector = binade::vector_view(x.data(), x.size());
  EXPECT_NE(error_of([&] { binade::quantized_gemm(vector, prepacked_weight(w), y); }), "");
  const binade::tensor_view<const float> shorter(x.data(), {tokens, in - 1});
  EXPECT_NE(error_of([&] { binade::quantized_gemm(shorter, prepacked_weight(w), y); }), "");
  EXPECT_EQ(out, std::vector<float>(tokens * tokens, 5.0F)) << "written before the check";
}

}  // namespace
