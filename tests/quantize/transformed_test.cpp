// SPDX-License-Identifier: MIT
#include "binade/quantize/transformed.hpp"

#include "binade/kernel/hadamard.hpp"
#include "binade/quantize/append.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

// quantize with a transform against the transform, then quantize.

namespace {

using binade::hadamard;
using binade::quantize_options;
using binade::tensor_shape;
using binade::tensor_view;
using quantize_test::data;
using quantize_test::kind;

template <class T>
void expect_both_ways_alike(const tensor_view<const T>& x, const binade::packed_description& d,
                            const hadamard& t, const quantize_options& plain,
                            const std::string& what) {
  std::vector<float> y(x.size());
  const tensor_view<float> floats(y.data(), x.shape());
  binade::hadamard_transform(t, x, floats);
  const auto expected = binade::quantize(tensor_view<const float>(floats), d, plain);
  quantize_options with = plain;
  with.set(t);
  const auto got = binade::quantize(x, d, with);
  const std::string name = what + ", size " + std::to_string(t.size);
  EXPECT_EQ(got.tensor_scale(), expected.tensor_scale()) << name;
  const binade::any_packed_view a = got.view();
  const binade::any_packed_view b = expected.view();
  for (std::size_t i = 0; i < a.codes.size(); ++i) {
    ASSERT_EQ(a.codes[i], b.codes[i]) << name << ": byte " << i << " of the codes";
  }
  for (std::size_t i = 0; i < a.scales.size(); ++i) {
    ASSERT_EQ(a.scales[i], b.scales[i]) << name << ": byte " << i << " of the scales";
  }
  EXPECT_TRUE(std::ranges::equal(a.zero_points, b.zero_points)) << name;
  EXPECT_TRUE(std::ranges::equal(a.negative_scales, b.negative_scales)) << name;
  EXPECT_EQ(got.counts().nan, expected.counts().nan) << name;
  EXPECT_EQ(got.counts().infinite, expected.counts().infinite) << name;
  EXPECT_EQ(got.counts().clipped, expected.counts().clipped) << name;
  EXPECT_EQ(got.counts().underflowed, expected.counts().underflowed) << name;
}

TEST(transformed, every_format_gets_the_bits_of_two_calls) {
  const std::vector<float> bell = data(kind::bell, 3 * 512);
  std::vector<float> wild = data(kind::wild, 3 * 512);
  for (const binade::any_packable& p : binade::all_packables()) {
    for (const std::vector<float>& values : {bell, wild}) {
      // Short last blocks and rows without them.
      for (const tensor_shape& shape : {tensor_shape{3, 512}, tensor_shape{5, 80}}) {
        const auto d = p.describe(shape, binade::per_tensor{});
        quantize_options options;
        options.nan = binade::nan_mode::zero;
        expect_both_ways_alike<float>({values.data(), shape}, d, binade::random_hadamard(16, 1),
                                      options, p.names->name);
      }
    }
  }
}

TEST(transformed, every_granularity_and_group_form_gets_the_bits_of_two_calls) {
  const tensor_shape shape{6, 768};
  const std::vector<float> x = data(kind::bell, shape.size());
  const auto format = binade::any_format::of<binade::int4>();
  for (const binade::granularity& g : std::initializer_list<binade::granularity>{
           binade::per_tensor{}, binade::per_channel{.axis = 0}, binade::per_channel{.axis = 1},
           binade::per_group{.axis = 1, .size = 64}, binade::per_group{.axis = 0, .size = 2},
           binade::per_group{.axis = 1, .size = 96}, binade::per_block{.rows = 2, .cols = 128}}) {
    for (const auto group : {binade::group_kind::symmetric, binade::group_kind::affine,
                             binade::group_kind::separate_signs}) {
      for (const int size : {32, 256}) {
        expect_both_ways_alike<float>({x.data(), shape},
                                      binade::describe_scaled(format, shape, g, group),
                                      binade::random_hadamard(size, 5), {}, "int4");
      }
    }
  }
}

TEST(transformed, tiles_of_long_rows_get_the_bits_of_two_calls) {
  // Rows that are cut, rows that share tiles, rows apart from each other.
  const std::vector<float> x = data(kind::bell, 3 * 20'000);
  for (const int size : {16, 32, 64, 128, 256}) {
    const hadamard t = binade::random_hadamard(size, 8);
    for (const tensor_view<const float>& view :
         {tensor_view<const float>(x.data(), {3, 17'408}),
          tensor_view<const float>(x.data(), {60, 768}),
          tensor_view<const float>(x.data(), {3, 17'408}, {18'000, 1}),
          tensor_view<const float>(x.data(), {768, 60}).transposed(),
          tensor_view<const float>(x.data(), {3, 0})}) {
      for (const auto& block : {binade::nvfp4::describe(), binade::mxfp6_e2m3::describe()}) {
        const auto d = binade::describe_blocks(block, view.shape());
        expect_both_ways_alike(view, d, t, {}, block.names->name);
        expect_both_ways_alike(
            view, d, t,
            quantize_options(binade::rounding::any(binade::rounding::stochastic{.seed = 3})),
            "stochastic");
        expect_both_ways_alike(view, d, t, quantize_options(binade::scaling::mse_search{}),
                               "mse_search");
        binade::threads pool(3);
        expect_both_ways_alike(view, d, t, quantize_options(binade::executor_ref(pool)), "threads");
      }
    }
  }
}

TEST(transformed, blocks_along_another_axis_get_the_bits_of_two_calls) {
  const tensor_shape shape{64, 32};
  const std::vector<float> x = data(kind::bell, shape.size());
  expect_both_ways_alike<float>({x.data(), shape},
                                binade::describe_blocks(binade::nvfp4::describe(), shape, 0),
                                binade::random_hadamard(32, 8), {}, "nvfp4 along axis 0");
}

template <class T>
void expect_source_alike(const char* what) {
  std::vector<T> x;
  for (const float v : data(kind::wild, 4 * 4096)) x.push_back(T(v));
  const tensor_shape shape{4, 4096};
  expect_both_ways_alike<T>({x.data(), shape},
                            binade::describe_blocks(binade::nvfp4::describe(), shape),
                            binade::random_hadamard(128, 8), {}, what);
}

TEST(transformed, bfloat16_gets_the_bits_of_two_calls) {
  expect_source_alike<binade::bfloat16>("bfloat16");
}

TEST(transformed, long_groups_and_extreme_tensor_scales_get_the_bits_of_two_calls) {
  // Groups that fill a chunk or are longer; products that no vector does right.
  const tensor_shape shape{2, 8192};
  const std::vector<float> x = data(kind::bell, shape.size());
  const hadamard t = binade::random_hadamard(256, 2);
  for (const std::size_t size : {1024U, 2048U, 4096U, 8192U}) {
    expect_both_ways_alike<float>(
        {x.data(), shape},
        binade::describe_scaled(binade::any_format::of<binade::e4m3fn>(), shape,
                                binade::per_group{.axis = 1, .size = size}),
        t, {}, "groups of " + std::to_string(size));
  }
  for (const float scale : {1e-37F, 1e-3F, 1e37F}) {
    expect_both_ways_alike<float>(
        {x.data(), shape}, binade::describe_blocks(binade::nvfp4::describe(), shape), t,
        quantize_options(binade::tensor_scale{scale}), "nvfp4 under " + std::to_string(scale));
  }
}

/// The call on every target of this machine gives the bytes and counts of the portable one.
template <class T>
void expect_targets_alike(const binade::packed_description& d, const hadamard& t) {
  namespace simd = binade::simd;
  std::vector<T> x;
  for (const float v : data(kind::bell, d.layout.shape().size())) x.push_back(T(v));
  x[70] = T(std::numeric_limits<float>::infinity());
  const tensor_view<const T> view(x.data(), d.layout.shape());
  const quantize_options options(t);
  const auto run = [&](simd::target target, binade::any_packed_tensor& out) {
    return binade::detail::quantize_groups(out.mutable_view(), view, options, false,
                                           simd::quantize_kernels_for(target));
  };
  binade::any_packed_tensor expected(d);
  const binade::quantize_result portable = run(simd::target::portable, expected);
  for (const simd::target target : {simd::target::avx2, simd::target::avx512}) {
    if (!simd::is_available(target)) continue;
    const std::string name = std::string(simd::to_string(target)) + ", " + d.element.name();
    binade::any_packed_tensor got(d);
    const binade::quantize_result result = run(target, got);
    EXPECT_TRUE(std::ranges::equal(got.codes(), expected.codes())) << name;
    EXPECT_TRUE(std::ranges::equal(got.scales(), expected.scales())) << name;
    EXPECT_EQ(result.tensor_scale, portable.tensor_scale) << name;
    EXPECT_EQ(result.counts.clipped, portable.counts.clipped) << name;
    EXPECT_EQ(result.counts.underflowed, portable.counts.underflowed) << name;
  }
}

TEST(transformed, every_target_gives_the_same_bits) {
  for (const int size : {16, 64, 256}) {
    const hadamard t = binade::random_hadamard(size, 6);
    for (const auto& block : {binade::nvfp4::describe(), binade::mxfp4::describe()}) {
      const auto d = binade::describe_blocks(block, {3, 2816});
      expect_targets_alike<float>(d, t);
      expect_targets_alike<binade::float16>(d, t);
      expect_targets_alike<binade::bfloat16>(d, t);
    }
  }
}

TEST(transformed, nan_and_infinities_spread_over_their_block) {
  std::vector<float> x = data(kind::bell, 4096);
  x[100] = std::numeric_limits<float>::quiet_NaN();
  x[200] = std::numeric_limits<float>::infinity();
  x[300] = std::numeric_limits<float>::infinity();
  x[301] = -std::numeric_limits<float>::infinity();
  const tensor_shape shape{4096};
  const hadamard t = binade::random_hadamard(32, 4);
  for (const auto& block : {binade::nvfp4::describe(), binade::mxfp4::describe()}) {
    expect_both_ways_alike<float>({x.data(), shape}, binade::describe_blocks(block, shape), t, {},
                                  block.names->name);
  }
  const auto d = binade::describe_scaled(binade::any_format::of<binade::int8>(), shape,
                                         binade::per_group{.axis = 0, .size = 64});
  EXPECT_THROW(
      static_cast<void>(binade::quantize(tensor_view<const float>(x), d, quantize_options(t))),
      binade::error);
  expect_both_ways_alike<float>({x.data(), shape}, d, t, quantize_options(binade::nan::zero{}),
                                "int8");
}

TEST(transformed, the_typed_call_and_append_take_a_transform) {
  const std::vector<float> x = data(kind::bell, 8 * 64);
  const hadamard t = binade::random_hadamard(64, 4);
  const auto all = binade::quantize<binade::mxfp4>(binade::matrix_view(x.data(), 8, 64), t);
  binade::any_packed_tensor grown =
      binade::quantize<binade::mxfp4>(binade::matrix_view(x.data(), 5, 64), t);
  binade::append(grown, binade::matrix_view(x.data() + 5 * 64, 3, 64), t);
  EXPECT_TRUE(std::ranges::equal(all.codes(), grown.codes()));
  EXPECT_TRUE(std::ranges::equal(all.scales(), grown.scales()));
}

TEST(transformed, says_what_does_not_fit) {
  const std::vector<float> x(40);
  EXPECT_THROW(static_cast<void>(binade::quantize<binade::mxfp4>(binade::vector_view(x),
                                                                 binade::random_hadamard(16, 1))),
               binade::error);
  EXPECT_THROW(static_cast<void>(
                   binade::quantize<binade::mxfp4>(binade::vector_view(x), hadamard{.size = 20})),
               binade::error);
  const std::vector<binade::e4m3fn> codes(32);
  EXPECT_THROW(static_cast<void>(binade::quantize<binade::mxfp4>(
                   tensor_view<const binade::e4m3fn>(codes), hadamard{})),
               binade::error);
}

}  // namespace
