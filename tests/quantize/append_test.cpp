// SPDX-License-Identifier: MIT
#include "binade/quantize/append.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace {

using namespace binade;
using ::testing::HasSubstr;

constexpr std::size_t cols = 40;

/// Rows of seeded numbers; row r is scaled by 1 + r, so that every row has its own amax.
std::vector<float> matrix(std::size_t rows) {
  std::vector<float> x(rows * cols);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(standard_normal(1, 0, i)) * static_cast<float>(1 + i / cols);
  }
  return x;
}

bool same_bytes(const any_packed_tensor& a, const any_packed_tensor& b) {
  return std::ranges::equal(a.codes(), b.codes()) && std::ranges::equal(a.scales(), b.scales()) &&
         std::ranges::equal(a.negative_scales(), b.negative_scales()) &&
         std::ranges::equal(a.zero_points(), b.zero_points()) &&
         a.tensor_scale() == b.tensor_scale() && a.shape() == b.shape();
}

/// Where rows have their own scales, appending equals quantizing all at once.
template <class F, class... Options>
void expect_like_whole(std::size_t first, std::size_t more, const Options&... options) {
  const std::vector<float> x = matrix(first + more);
  any_packed_tensor grown = quantize<F>(matrix_view(x.data(), first, cols), options...);
  append(grown, matrix_view(x.data() + first * cols, more, cols), options...);
  const any_packed_tensor whole =
      quantize<F>(matrix_view(x.data(), first + more, cols), options...);
  EXPECT_TRUE(same_bytes(grown, whole)) << F::names.name;
  EXPECT_EQ(grown.counts(), whole.counts()) << F::names.name;
}

TEST(append, rows_with_their_own_scales_are_as_if_quantized_together) {
  expect_like_whole<mxfp4>(3, 2);
  expect_like_whole<mxfp8_e5m2>(1, 4, scaling::pow2_floor{});
  expect_like_whole<mxint8>(2, 0);
  expect_like_whole<e4m3fn>(3, 2, per_channel{.axis = 0});
  expect_like_whole<int4>(3, 2, per_group{.axis = -1, .size = 16});
  expect_like_whole<uint4>(3, 2, per_group{.axis = -1, .size = 16}, affine{});
  expect_like_whole<e2m1fn>(3, 2, per_group{.axis = 1, .size = 8}, separate_signs{});
  expect_like_whole<hif8>(4, 3, per_block{.rows = 2, .cols = 16});
}

TEST(append, shared_scales_stay_and_what_exceeds_them_is_clipped) {
  const std::vector<float> x = matrix(6);
  const auto first = matrix_view(x.data(), 2, cols);
  const auto more = matrix_view(x.data() + 2 * cols, 4, cols);
  any_packed_tensor grown = quantize<e4m3fn>(first);
  const std::vector<std::byte> scale(grown.scales().begin(), grown.scales().end());
  const std::vector<std::byte> codes(grown.codes().begin(), grown.codes().end());
  append(grown, more);
  EXPECT_TRUE(std::ranges::equal(grown.scales(), scale));
  EXPECT_TRUE(std::ranges::equal(grown.codes().first(codes.size()), codes));
  // The new rows are what the given scale makes of them.
  const float value = to_float(grown.view().scale(0));
  const any_packed_tensor alone = quantize<e4m3fn>(more, scaling::given{value});
  EXPECT_TRUE(std::ranges::equal(grown.codes().subspan(codes.size()), alone.codes()));
  EXPECT_GT(alone.counts().clipped, 0U);
  EXPECT_GE(grown.counts().clipped, alone.counts().clipped);
  EXPECT_EQ(grown.shape(), (tensor_shape{6, cols}));
}

TEST(append, channels_along_another_axis_and_zero_points_are_shared) {
  const std::vector<float> x = matrix(5);
  any_packed_tensor grown =
      quantize<uint8>(matrix_view(x.data(), 3, cols), per_channel{.axis = 1}, affine{});
  const any_packed_tensor before = grown;
  append(grown, matrix_view(x.data() + 3 * cols, 2, cols));
  EXPECT_TRUE(std::ranges::equal(grown.scales(), before.scales()));
  EXPECT_TRUE(std::ranges::equal(grown.zero_points(), before.zero_points()));
  std::vector<float> y(5 * cols);
  dequantize(grown, matrix_view(y.data(), 5, cols));
  // Elements within a channel's range come back to half a step of its scale.
  for (std::size_t j = 0; j < cols; ++j) {
    float low = 0;
    float high = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      low = std::min(low, x[i * cols + j]);
      high = std::max(high, x[i * cols + j]);
    }
    const float step = to_float(grown.view().scale(j));
    for (std::size_t i = 3; i < 5; ++i) {
      const float v = x[i * cols + j];
      // The zero point is rounded too: another half step at the ends of the range.
      if (v > low + step && v < high - step) {
        EXPECT_NEAR(y[i * cols + j], v, 0.5F * step * 1.0001F) << i << " " << j;
      }
    }
  }
}

TEST(append, a_two_level_format_keeps_its_tensor_scale) {
  const std::vector<float> x = matrix(6);
  any_packed_tensor grown = quantize<nvfp4>(matrix_view(x.data(), 2, cols));
  const float scale = grown.tensor_scale();
  append(grown, matrix_view(x.data() + 2 * cols, 4, cols));
  EXPECT_EQ(grown.tensor_scale(), scale);
  const any_packed_tensor whole =
      quantize<nvfp4>(matrix_view(x.data(), 6, cols), tensor_scale{scale});
  EXPECT_TRUE(same_bytes(grown, whole));
}

TEST(append, a_single_row_shares_its_scale_as_several_do) {
  // One row alone looks the same under every granularity that does not split it.
  const std::vector<float> x = matrix(4);
  const auto one = matrix_view(x.data(), 1, cols);
  const auto more = matrix_view(x.data() + cols, 3, cols);
  for (const granularity& g : {granularity(per_tensor{}), granularity(per_channel{.axis = 1})}) {
    any_packed_tensor grown = quantize<e4m3fn>(one, g);
    const any_packed_tensor before = grown;
    append(grown, more);
    EXPECT_TRUE(std::ranges::equal(grown.scales(), before.scales())) << to_string(g);
    EXPECT_EQ(grown.scales().size(), grown.description().scale_bytes()) << to_string(g);
  }
  any_packed_tensor channels = quantize<e4m3fn>(one, per_channel{.axis = 0});
  append(channels, more, per_channel{.axis = 0});
  EXPECT_TRUE(same_bytes(channels,
                         quantize<e4m3fn>(matrix_view(x.data(), 4, cols), per_channel{.axis = 0})));
}

TEST(append, to_an_empty_tensor_is_quantize) {
  const std::vector<float> x = matrix(3);
  any_packed_tensor grown = quantize<e4m3fn>(matrix_view(x.data(), 0, cols));
  append(grown, matrix_view(x.data(), 3, cols));
  EXPECT_TRUE(same_bytes(grown, quantize<e4m3fn>(matrix_view(x.data(), 3, cols))));
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

TEST(append, what_does_not_fit_is_an_error_and_changes_nothing) {
  const std::vector<float> x = matrix(6);
  const auto first = matrix_view(x.data(), 3, cols);
  any_packed_tensor packed = quantize<mxfp4>(first);
  const any_packed_tensor before = packed;
  EXPECT_THAT(message_of([&] { append(packed, matrix_view(x.data(), 4, cols / 2)); }),
              HasSubstr("is [3, 40] and x is [4, 20]"));
  EXPECT_TRUE(same_bytes(packed, before));
  any_packed_tensor columns = quantize<mxfp4>(first, along_axis{0});
  EXPECT_THAT(message_of([&] { append(columns, first); }), HasSubstr("leading axis"));
  any_packed_tensor groups = quantize<e4m3fn>(first, per_group{.axis = 0, .size = 2});
  EXPECT_THAT(message_of([&] { append(groups, first); }), HasSubstr("leading axis"));
  any_packed_tensor tiles = quantize<e4m3fn>(first, per_block{.rows = 2, .cols = 8});
  EXPECT_THAT(message_of([&] { append(tiles, first); }), HasSubstr("1 of 2 rows"));
}

}  // namespace
