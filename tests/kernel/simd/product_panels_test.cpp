// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/product_panels.hpp"

#include "binade/core/fp_environment.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace binade::simd;
using quantize_test::data;
using quantize_test::kind;

constexpr target targets[] = {target::portable, target::avx2, target::avx512};

binade::any_packed_tensor pack(const binade::any_packable& p, std::size_t rows, std::size_t in) {
  const std::vector<float> x = data(kind::bell, rows * in, 1);
  const binade::tensor_shape shape{rows, in};
  auto packed = binade::quantize(binade::tensor_view<const float>(x.data(), shape),
                                 p.describe(shape, binade::per_tensor{}), {});
  unsigned next = 1;  // any codes at all, in the padding too
  for (std::byte& b : packed.mutable_view().codes)
    b = static_cast<std::byte>(next = next * 167 + 13);
  return packed;
}

TEST(product_panels, lines_begin_at_64_bytes) {
  for (const std::size_t n : {1U, 15U, 1000U}) {
    const line_vector<float> v(n);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(v.data()) % 64, 0U) << n;
  }
}

TEST(product_panels, ranges_of_powers_multiply_if_all_products_are_normal_numbers) {
  const auto range_of = [](const std::vector<float>& scales) {
    power_range r;
    r.include(scales.data(), scales.size());
    return r;
  };
  const power_range ones = power_range::of_one();
  EXPECT_TRUE(ones.multiplies(ones));
  EXPECT_TRUE(range_of({0x1p-126F, 1, 0x1p127F}).multiplies(ones));
  EXPECT_TRUE(range_of({0x1p-100F, 2}).multiplies(range_of({0x1p-26F, 0x1p126F})));
  EXPECT_FALSE(range_of({0x1p-100F}).multiplies(range_of({0x1p-27F})));  // subnormal
  EXPECT_FALSE(range_of({2}).multiplies(range_of({0x1p127F})));          // infinite
  const float not_powers[] = {
      0.0F, -0.0F, -1.0F, 1.5F, 0x1p-127F, quantize_test::infinity, quantize_test::not_a_number};
  for (const float s : not_powers) {
    EXPECT_FALSE(range_of({1, s, 4}).multiplies(ones)) << s;
    EXPECT_FALSE(ones.multiplies(range_of({1, s, 4}))) << s;
    power_range both = range_of({s});
    both.include(range_of({1, 2}));
    EXPECT_FALSE(both.multiplies(ones)) << s;
  }
}

TEST(product_panels, integers_stand_side_by_side_with_scales_and_corrections) {
  constexpr std::size_t rows = 35;
  int formats = 0;
  for (const binade::any_packable& p : binade::all_packables()) {
    const auto k = binade::reference::integer_scale(p.element);
    if (!p.is_block_format || !k) continue;
    ++formats;
    for (const std::size_t in : {std::size_t{83}, std::size_t{256}}) {
      const auto packed = pack(p, rows, in);
      const binade::any_packed_view view = packed.view();
      const binade::reference::integer_rows reference(view, *k);
      const integer_codes codes(p.element, *k);
      const std::size_t block = view.description.layout.cell_length();
      for (const target t : targets) {
        if (!is_available(t)) continue;
        const product_tiles& tiles = product_tiles_for(t);
        const auto layout = choose_layout(codes, codes, block, tiles.byte_pair_limit);
        ASSERT_TRUE(layout.has_value()) << p.names->name;
        const int bias = layout->bias;
        // As x, biased, in a tile's height; as w, with corrections, in a panel's width.
        for (const std::size_t width : {std::size_t{6}, tiles.width}) {
          const bool is_w = width == tiles.width;
          const integer_side side(view, *k, codes, is_w ? 0 : bias, is_w ? bias : 0, *layout,
                                  tiles);
          line_vector<std::uint32_t> units(side.row_units() * width);
          line_vector<float> scales(side.blocks() * width);
          line_vector<std::uint32_t> corrections(side.blocks() * width);
          integer_side::scratch scratch(side, width);
          power_range powers;
          constexpr std::size_t first = 30;  // five rows are left
          side.read(first, 5, width,
                    {units.data(), scales.data(), is_w ? corrections.data() : nullptr}, powers,
                    scratch);
          std::vector<std::int16_t> integers(in);
          std::vector<float> expected_scales(side.blocks());
          const std::size_t each = layout->unit_elements();
          for (std::size_t r = 0; r < 5; ++r) {
            reference.read(first + r, integers.data(), expected_scales.data());
            for (std::size_t b = 0; b < side.blocks(); ++b) {
              ASSERT_EQ(std::memcmp(&scales[b * width + r], &expected_scales[b], 4), 0)
                  << p.names->name << ", block " << b;
              int sum = 0;
              for (std::size_t i = 0; i < layout->units * each; ++i) {
                const std::size_t at = b * block + i;
                const int integer = i < block && at < in ? integers[at] : 0;
                sum += integer;
                const std::uint32_t unit = units[(b * layout->units + i / each) * width + r];
                const std::uint32_t mask = each == 4 ? 0xff : 0xffff;
                ASSERT_EQ(unit >> (i % each * 32 / each) & mask,
                          static_cast<std::uint32_t>(integer + (is_w ? 0 : bias)) & mask)
                    << p.names->name << ", " << to_string(t) << ", row " << r << ", block " << b
                    << ", element " << i;
              }
              if (is_w && layout->bytes) {
                ASSERT_EQ(static_cast<int>(corrections[b * width + r]), -bias * sum)
                    << p.names->name << ", " << to_string(t) << ", row " << r << ", block " << b;
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GE(formats, 12);
}

TEST(product_panels, floats_stand_side_by_side) {
  constexpr std::size_t in = 83;
  for (const char* name : {"mxfp8_e4m3", "nvfp4", "e5m2", "nf4", "mxfp6_e3m2", "takum8"}) {
    const auto packed = pack(binade::find_packable(name), 6, in);
    const binade::operand o(packed);
    const binade::reference::float_rows reference(o);
    for (const target t : targets) {
      if (!is_available(t)) continue;
      const float_side side(o, product_tiles_for(t));
      for (const std::size_t width : {std::size_t{1}, std::size_t{12}, std::size_t{32}}) {
        line_vector<float> out(in * width);
        float_side::scratch scratch(side, width);
        {
          const binade::fp_environment_guard guard;
          side.read(2, width < 4 ? width : 4, width, out.data(), scratch);
        }
        std::vector<float> expected(in);
        for (std::size_t r = 0; r < (width < 4 ? width : 4); ++r) {
          reference.read(2 + r, expected.data());
          for (std::size_t i = 0; i < in; ++i) {
            const float got = out[i * width + r];
            ASSERT_TRUE(got == expected[i] || (std::isnan(got) && std::isnan(expected[i])))
                << name << ", " << to_string(t) << ", row " << r << ", element " << i << ": got "
                << quantize_test::shown(got) << ", expected " << quantize_test::shown(expected[i]);
          }
        }
      }
    }
  }
}

}  // namespace
