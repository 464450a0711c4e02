// SPDX-License-Identifier: MIT
#include "binade/quantize/recipe_chunks.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/recipe_quantize.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace {

using binade::any_packed_tensor;
using binade::tensor_shape;

const binade::any_recipe recipe = binade::recipes::modelopt_nvfp4{}.describe();

std::vector<binade::simd::target> targets() {
  std::vector<binade::simd::target> found{binade::simd::target::portable};
#if BINADE_ARCH_X86_64
  for (const auto t : {binade::simd::target::avx2, binade::simd::target::avx512}) {
    try {
      static_cast<void>(binade::simd::quantize_kernels_for(t));
      found.push_back(t);
    } catch (const binade::error&) {  // this machine has none
    }
  }
#endif
  return found;
}

/// By the definition, element by element.
template <class T>
any_packed_tensor defined(binade::tensor_view<const T> x) {
  any_packed_tensor packed(describe_packed(recipe, x.shape()));
  const auto view = packed.mutable_view();
  binade::detail::recipe_quantizer<T> q(view, x, recipe);
  packed.set_tensor_scale(q.choose_tensor_scale());
  binade::quantize_counts counts;
  for (std::size_t row = 0; row < x.row_count(); ++row) counts += q.run(row);
  packed.set_counts(counts);
  return packed;
}

/// Both ways on every target; `served` says whether the vectors must do it.
template <class T>
void expect_same(const std::vector<T>& values, const tensor_shape& shape, bool served,
                 const std::string& what) {
  const binade::tensor_view<const T> x(values.data(), shape);
  const any_packed_tensor wanted = defined(x);
  for (const binade::simd::target t : targets()) {
    any_packed_tensor packed(describe_packed(recipe, shape));
    const auto result = binade::detail::quantize_by_recipe_chunks(
        binade::simd::quantize_kernels_for(t), packed.mutable_view(), x, recipe, {});
    ASSERT_EQ(result.has_value(), served) << what;
    if (!result) continue;
    EXPECT_EQ(result->tensor_scale, wanted.tensor_scale()) << what;
    EXPECT_EQ(result->counts, wanted.counts()) << what;
    for (std::size_t i = 0; i < wanted.scales().size(); ++i) {
      ASSERT_EQ(packed.scales()[i], wanted.scales()[i]) << what << ": scale " << i;
    }
    for (std::size_t row = 0; row < shape.row_count(); ++row) {
      for (std::size_t i = 0; i < shape.row_length(); ++i) {
        ASSERT_EQ(packed.view().code(row, i), wanted.view().code(row, i))
            << what << ": row " << row << ", element " << i << ", x "
            << static_cast<float>(x.row_data(row)[i]);
      }
    }
    EXPECT_TRUE(std::memcmp(packed.codes().data(), wanted.codes().data(), wanted.codes().size()) ==
                0)
        << what << ": padding";
  }
}

std::vector<float> normals(std::size_t n, std::uint64_t seed) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(binade::standard_normal(seed, 0, i));
  }
  return x;
}

TEST(recipe_chunks, has_the_bits_of_the_definition) {
  for (const tensor_shape& shape :
       {tensor_shape{3, 4096}, tensor_shape{2, 5000}, tensor_shape{5, 48}, tensor_shape{4, 19},
        tensor_shape{1, 1}, tensor_shape{2, 3, 33}, tensor_shape{100}}) {
    expect_same(normals(shape.size(), 1), shape, true, to_string(shape));
  }
}

// Blocks of all magnitudes: scales below, at and between the subnormal ones, and quotients that
// round to zero.
TEST(recipe_chunks, has_the_bits_of_the_definition_over_the_whole_range_of_scales) {
  const tensor_shape shape{64, 64};
  for (const float top : {1.0F, 0x1p-89F, 0x1p99F, 3.14159F}) {
    std::vector<float> x = normals(shape.size(), 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const int below = static_cast<int>(i / 16) % 200;
      float scale = top;
      for (int k = 0; k < below; ++k) scale *= 0.5F;
      x[i] *= scale / 8;
    }
    x[5] = top;
    for (std::size_t i = 32; i < 48; ++i) x[i] = i % 2 == 0 ? 0.0F : -0.0F;
    expect_same(x, shape, true, "top " + std::to_string(top));
  }
}

// Ties between codes and between scales.
TEST(recipe_chunks, rounds_ties_as_the_definition) {
  const tensor_shape shape{8, 64};
  std::vector<float> x(shape.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto steps = static_cast<float>((i * 7) % 49) - 24.0F;
    x[i] = steps * 0.25F * static_cast<float>(1 + i / 64);
  }
  x[0] = 2688.0F;  // the tensor scale is 1
  expect_same(x, shape, true, "quarters");
}

TEST(recipe_chunks, widens_halves) {
  const tensor_shape shape{3, 80};
  const std::vector<float> x = normals(shape.size(), 3);
  std::vector<binade::bfloat16> b;
  std::vector<binade::float16> h;
  for (const float v : x) {
    b.emplace_back(v);
    h.emplace_back(v);
  }
  expect_same(b, shape, true, "bfloat16");
  expect_same(h, shape, true, "float16");
}

TEST(recipe_chunks, leaves_what_it_does_not_do_right) {
  const tensor_shape shape{2, 32};
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), 0x1p101F}) {
    std::vector<float> x = normals(shape.size(), 4);
    x[40] = odd;
    expect_same(x, shape, false, std::to_string(odd));
  }
  expect_same(std::vector<float>(64), shape, false, "zeros");
  expect_same(std::vector<float>(64, 0x1p-100F), shape, false, "tiny");
  const std::vector<float> x = normals(64, 5);
  any_packed_tensor other(
      describe_packed(binade::recipes::te_nvfp4{}.describe(), tensor_shape{2, 32}));
  EXPECT_FALSE(binade::detail::quantize_by_recipe_chunks(
                   binade::simd::active_quantize_kernels(), other.mutable_view(),
                   binade::tensor_view<const float>(x.data(), shape),
                   binade::recipes::te_nvfp4{}.describe(), {})
                   .has_value());
}

}  // namespace
