// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/weight_tiles.hpp"

#include "binade/quantize/dequantize.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
using cuda::weight_kind;

struct form {
  const char* format;
  binade::granularity groups;
};
const form forms[] = {{"nvfp4", binade::per_tensor{}},
                      {"mxfp4", binade::per_tensor{}},
                      {"int4_g32", binade::per_tensor{}},
                      {"int4_g128", binade::per_tensor{}},
                      {"int4", binade::per_channel{.axis = 0}},
                      {"e4m3fn", binade::per_tensor{}},
                      {"e4m3fn", binade::per_group{.axis = 1, .size = 64}},
                      {"e4m3fn", binade::per_block{.rows = 128, .cols = 128}}};

/// Random codes and scales; MXFP4's scales within the span that is allowed.
binade::any_packed_tensor random_weights(const form& f, std::size_t out, std::size_t in) {
  binade::any_packed_tensor w(
      binade::find_packable(f.format).describe(binade::tensor_shape{out, in}, f.groups));
  w.set_tensor_scale(0.375F);
  const auto view = w.mutable_view();
  std::mt19937 random(11);
  for (std::byte& b : view.codes) b = static_cast<std::byte>(random());
  const bool is_e8m0 = view.description.scale == binade::any_format::of<binade::e8m0fnu>();
  if (view.description.scale_bytes_each() == 1) {
    for (std::byte& b : view.scales) {
      b = static_cast<std::byte>(is_e8m0 ? 60 + random() % 132 : random() % 127);
    }
  } else {
    for (std::size_t i = 0; i < view.scales.size(); i += 4) {
      const float scale = 0.5F + static_cast<float>(random() % 1000);
      std::memcpy(view.scales.data() + i, &scale, 4);
    }
  }
  return w;
}

/// w[row, k] as the comments of weight_shape say that a kernel finds it, in binary64.
double value_in_tiles(const cuda::weight_tiles& t, std::size_t row, std::size_t k) {
  const cuda::weight_shape& s = t.shape;
  const bool is_wide = s.kind == weight_kind::e4m3fn;
  const std::size_t tile = row / 16 * (s.in / 64) + k / 64;
  const std::size_t lane = row % 8 * 4 + k % 32 / 8;
  const std::size_t lower = row % 16 / 8;
  const std::size_t half = k % 64 / 32;
  const std::size_t i = k % 8;
  const std::size_t at = is_wide ? tile * 256 + half * 128 + lane * 4 + lower * 2 + i / 4
                                 : tile * 128 + lane * 4 + half * 2 + lower;
  std::uint32_t word = 0;
  std::memcpy(&word, t.codes.data() + at * 4, 4);
  const int pair = static_cast<int>(i) % (is_wide ? 4 : 8) / 2;
  const auto half_of = [&](std::uint32_t both, std::size_t which) {
    return static_cast<double>(std::bit_cast<float>(which == 0 ? both << 16 : both & 0xffff0000U));
  };
  if (s.has_block_scales()) {
    const std::size_t scale_at =
        s.kind == weight_kind::nvfp4 ? tile * 16 + lane / 2 : tile * 8 + lane / 4;
    std::uint32_t scales = 0;
    std::memcpy(&scales, t.scales.data() + scale_at * 4, 4);
    const double scale =
        half_of(cuda::detail::scale_pair(s.kind, scales, static_cast<int>(half)), lower);
    const double rebased = s.kind == weight_kind::nvfp4 ? std::ldexp(scale, 239) : scale;
    return half_of(cuda::detail::e2m1_pair(word, pair), i % 2) * rebased *
           static_cast<double>(t.row_factors[row]);
  }
  const std::size_t group = row / 16 * s.groups() + k / s.group;
  float scale = 0;
  std::memcpy(&scale, t.scales.data() + (group * 16 + row % 8 * 2 + lower) * 4, 4);
  const double code = is_wide ? std::ldexp(half_of(cuda::detail::e4m3_pair(word, pair), i % 2), 120)
                              : half_of(cuda::detail::int4_pair(word, pair), i % 2) - 136;
  return code * static_cast<double>(scale) * static_cast<double>(t.row_factors[row]);
}

TEST(weight_tiles, hold_the_weights_and_give_them_back) {
  constexpr std::size_t out = 21;
  constexpr std::size_t in = 256;
  for (const form& f : forms) {
    const std::string name = f.format + (", " + to_string(f.groups));
    const binade::any_packed_tensor w = random_weights(f, out, in);
    const cuda::weight_tiles t = cuda::repack_weights(w);
    ASSERT_EQ(t.shape.padded_out(), 128U);
    std::vector<float> values(out * in);
    binade::dequantize(w.view(), binade::matrix_view(values.data(), out, in));
    for (std::size_t row = 0; row < out; ++row) {
      for (std::size_t k = 0; k < in; ++k) {
        if (std::isnan(t.row_factors[row])) break;  // see the next test
        // dequantize rounds once; the other is exact, scale and factor being short numbers.
        EXPECT_EQ(static_cast<float>(value_in_tiles(t, row, k)), values[row * in + k])
            << name << ", w[" << row << ", " << k << "]";
      }
    }
    const binade::any_packed_tensor back = cuda::restore_weights(t);
    EXPECT_TRUE(std::ranges::equal(back.codes(), w.codes())) << name;
    EXPECT_TRUE(std::ranges::equal(back.scales(), w.scales())) << name;
    EXPECT_EQ(back.tensor_scale(), w.tensor_scale()) << name;
  }
}

TEST(weight_tiles, a_row_with_nan_has_the_factor_nan) {
  for (const form& f : forms) {
    binade::any_packed_tensor w = random_weights(f, 4, 128);
    const auto view = w.mutable_view();
    const bool is_wide = view.description.element.bit_count() == 8;
    for (std::byte& b : view.codes) {
      if (is_wide && (b & std::byte{0x7f}) == std::byte{0x7f}) b = std::byte{0};
    }
    if (is_wide) {
      view.codes[2 * 128 + 77] = std::byte{0xff};
    } else if (view.description.scale_bytes_each() == 1) {
      const bool is_nvfp4 = view.description.layout.cell_length() == 16;
      view.scales[view.description.layout.first_cell_of_row(2) + 1] =
          is_nvfp4 ? std::byte{0x7f} : std::byte{0xff};
    } else {
      continue;  // int4 has no NaN
    }
    const cuda::weight_tiles t = cuda::repack_weights(w);
    for (std::size_t row = 0; row < 4; ++row) {
      EXPECT_EQ(std::isnan(t.row_factors[row]), row == 2) << f.format << ", row " << row;
    }
    EXPECT_TRUE(std::ranges::equal(cuda::restore_weights(t).scales(), w.scales())) << f.format;
  }
}

TEST(weight_tiles, mxfp4_scales_may_lie_132_binades_apart) {
  binade::any_packed_tensor w = random_weights(forms[1], 1, 64);
  const auto view = w.mutable_view();
  view.codes[20] = std::byte{0x11};
  view.scales[0] = std::byte{200};
  view.scales[1] = std::byte{68};
  EXPECT_NO_THROW((void)cuda::repack_weights(w));
  view.scales[1] = std::byte{67};
  EXPECT_THROW((void)cuda::repack_weights(w), binade::error);
  for (std::size_t i = 16; i < 32; ++i) view.codes[i] = std::byte{0x80};  // zeros of both signs
  view.scales[1] = std::byte{0};
  const cuda::weight_tiles t = cuda::repack_weights(w);
  EXPECT_TRUE(std::ranges::equal(cuda::restore_weights(t).scales(), w.scales()));
}

TEST(weight_tiles, what_no_kernel_takes_is_refused) {
  const auto refused = [](const char* format, const binade::granularity& g, std::size_t in) {
    const binade::any_packed_tensor w(
        binade::find_packable(format).describe(binade::tensor_shape{2, in}, g));
    EXPECT_THROW((void)cuda::repack_weights(w), binade::error) << format << " " << in;
  };
  refused("nvfp4", binade::per_tensor{}, 96);
  refused("nvfp4", binade::per_tensor{}, 0);
  refused("nvint4", binade::per_tensor{}, 64);
  refused("mxfp8_e4m3", binade::per_tensor{}, 64);
  refused("e5m2", binade::per_tensor{}, 64);
  refused("e4m3fn", binade::per_group{.axis = 1, .size = 32}, 64);
  refused("int4", binade::per_group{.axis = 1, .size = 96}, 192);
}

}  // namespace
