// SPDX-License-Identifier: MIT
#include "binade/tensor/packed_tensor.hpp"

#include "binade/tensor/block_catalog.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using binade::any_format;
using binade::any_packed_tensor;
using binade::any_packed_view;
using binade::describe_blocks;
using binade::describe_scaled;
using binade::group_kind;
using binade::packed_description;
using binade::packed_tensor;

static_assert(binade::packable<binade::e4m3fn> && binade::packable<binade::nvfp4>);
static_assert(!binade::packable<float> && !binade::packable<int>);
static_assert(std::is_convertible_v<packed_tensor<binade::nvfp4>, any_packed_view>);
static_assert(std::is_convertible_v<binade::basic_packed_view<std::byte>, any_packed_view>);
static_assert(!std::is_convertible_v<any_packed_view, binade::basic_packed_view<std::byte>>);
static_assert(std::is_nothrow_move_constructible_v<any_packed_tensor>);

TEST(packed_tensor, description_of_blocks_follows_the_format) {
  const packed_description d = describe_blocks(binade::nvint4::describe(), {3, 40}, -1);
  EXPECT_TRUE(d.element == any_format::of<binade::int4>());
  EXPECT_TRUE(d.scale == any_format::of<binade::ue4m3>());
  EXPECT_EQ(d.layout, binade::packed_layout::blocks({3, 40}, -1, 16, 4));
  EXPECT_EQ(d.tensor_scale, binade::tensor_scale_kind::multiplier);
  EXPECT_TRUE(d.symmetric);
  EXPECT_TRUE(d.is_block_format);
  EXPECT_EQ(d.group, group_kind::symmetric);
  EXPECT_EQ(std::string(d.names->name), "nvint4");
  EXPECT_EQ(d.scale_bytes_each(), 1U);
  EXPECT_EQ(d.scale_bytes(), 9U);
  const packed_description e = describe_blocks(binade::mxint8::describe(), {3, 40}, 0);
  EXPECT_EQ(e.element_exponent, -6);
  EXPECT_EQ(e.tensor_scale, binade::tensor_scale_kind::none);
  EXPECT_EQ(e.rule, binade::block_scaling::pow2_rceil);
  EXPECT_EQ(e.layout.axis(), 0);
}

TEST(packed_tensor, description_of_scaled_elements) {
  const any_format int4 = any_format::of<binade::int4>();
  const packed_description d = describe_scaled(int4, {6, 4}, binade::per_channel{.axis = 0});
  EXPECT_TRUE(d.scale == any_format::binary32());
  EXPECT_EQ(d.scale_bytes_each(), 4U);
  EXPECT_EQ(d.scale_bytes(), 24U);
  EXPECT_TRUE(d.symmetric);
  EXPECT_FALSE(d.is_block_format);
  EXPECT_EQ(std::string(d.names->name), "int4");
  // Zero points make use of the whole range.
  EXPECT_FALSE(describe_scaled(int4, {6, 4}, {}, group_kind::affine).symmetric);
  EXPECT_TRUE(describe_scaled(int4, {6, 4}, {}, group_kind::separate_signs).symmetric);
  EXPECT_FALSE(describe_scaled(any_format::of<binade::e4m3fn>(), {6, 4}, {}).symmetric);
}

TEST(packed_tensor, owns_what_its_description_asks_for_zeroed) {
  const any_format int4 = any_format::of<binade::int4>();
  struct sizes {
    group_kind group;
    std::size_t negative;
    std::size_t zero_points;
  };
  for (const sizes& s : {sizes{group_kind::symmetric, 0, 0}, sizes{group_kind::affine, 0, 15},
                         sizes{group_kind::separate_signs, 60, 0}}) {
    const any_packed_tensor t(
        describe_scaled(int4, {5, 7}, binade::per_group{.axis = 1, .size = 3}, s.group));
    EXPECT_EQ(t.codes().size(), 5U * 4);  // 7 nibbles a row, each row from a byte on
    EXPECT_EQ(t.scales().size(), 15U * 4);
    EXPECT_EQ(t.negative_scales().size(), s.negative);
    EXPECT_EQ(t.zero_points().size(), s.zero_points);
    EXPECT_EQ(t.size_bytes(), 20 + 60 + s.negative + s.zero_points);
    EXPECT_DOUBLE_EQ(t.bits_per_element(), 8.0 * static_cast<double>(t.size_bytes()) / 35);
    for (const std::byte b : t.codes()) EXPECT_EQ(b, std::byte{0});
    EXPECT_EQ(t.tensor_scale(), 1.0F);
    EXPECT_EQ(t.counts(), binade::quantize_counts{});
    EXPECT_EQ(t.shape(), binade::tensor_shape({5, 7}));
  }
  const any_packed_tensor none;
  EXPECT_EQ(none.size_bytes(), 0U);
  const any_packed_tensor empty(describe_blocks(binade::mxfp4::describe(), {0, 4}));
  EXPECT_EQ(empty.size_bytes(), 0U);
  EXPECT_EQ(empty.bits_per_element(), 0.0);
}

TEST(packed_tensor, the_tensor_scale_counts_four_bytes) {
  const any_packed_tensor t(describe_blocks(binade::nvfp4::describe(), {2, 16}));
  EXPECT_EQ(t.size_bytes(), 2U * 9 + 4);
  packed_description d = t.description();
  d.tensor_scale = binade::tensor_scale_kind::none;
  EXPECT_EQ(any_packed_tensor(d).size_bytes(), 2U * 9);
}

TEST(packed_tensor, views_read_codes_by_row_and_slot) {
  any_packed_tensor t(describe_blocks(binade::mxfp6_e2m3::describe(), {2, 32}));
  auto view = t.mutable_view();
  ASSERT_EQ(view.codes.size(), 48U);
  for (std::size_t i = 0; i < 48; ++i) view.codes[i] = static_cast<std::byte>(37 * i + 11);
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t i = 0; i < 32; ++i) {
      std::uint32_t code = 0;  // bit by bit
      for (std::size_t b = 0; b < 6; ++b) {
        const std::size_t bit = 6 * i + b;
        const auto byte = std::to_integer<std::uint32_t>(view.codes[24 * row + bit / 8]);
        code |= (byte >> bit % 8 & 1) << b;
      }
      EXPECT_EQ(t.view().code(row, i), code) << row << ", " << i;
    }
  }
}

TEST(packed_tensor, views_read_scales_little_endian_in_their_format) {
  using half_group = binade::integer_group<binade::int8, 2, binade::float16>;
  any_packed_tensor t(describe_blocks(half_group::describe(), {4}));
  auto view = t.mutable_view();
  view.scales[0] = std::byte{0x34};
  view.scales[1] = std::byte{0x12};
  view.scales[2] = std::byte{0x00};
  view.scales[3] = std::byte{0x7e};
  EXPECT_EQ(t.view().scale_code(0), 0x1234U);
  EXPECT_EQ(t.view().scale_code(1), 0x7e00U);
  EXPECT_EQ(binade::to_float(t.view().scale(0)), 0x1.8dp-11F);  // 1.0001101000b * 2^(4 - 15)
  EXPECT_EQ(t.view().scale(1).kind, binade::value_class::nan);
  EXPECT_EQ(t.view().zero_point(0), 0);
  any_packed_tensor wide(describe_scaled(any_format::of<binade::int8>(), {3}, {}));
  const float scale = 0.1F;
  std::memcpy(wide.mutable_view().scales.data(), &scale, 4);
  EXPECT_EQ(binade::to_float(wide.view().scale(0)), 0.1F);
}

TEST(packed_tensor, negative_scales_and_zero_points_are_read_where_they_exist) {
  const any_format int4 = any_format::of<binade::int4>();
  any_packed_tensor two(describe_scaled(int4, {2}, {}, group_kind::separate_signs));
  const float scales[] = {2.0F, 3.0F};
  std::memcpy(two.mutable_view().scales.data(), &scales[0], 4);
  std::memcpy(two.mutable_view().negative_scales.data(), &scales[1], 4);
  EXPECT_EQ(binade::to_float(two.view().scale(0)), 2.0F);
  EXPECT_EQ(binade::to_float(two.view().scale(0, true)), 3.0F);
  EXPECT_EQ(two.view().negative_scale_code(0), binade::bit_cast<std::uint32_t>(3.0F));
  any_packed_tensor one(describe_scaled(int4, {2}, {}));
  std::memcpy(one.mutable_view().scales.data(), &scales[0], 4);
  EXPECT_EQ(binade::to_float(one.view().scale(0, true)), 2.0F);
  any_packed_tensor affine(describe_scaled(int4, {2}, {}, group_kind::affine));
  affine.mutable_view().zero_points[0] = std::byte{0xd};
  EXPECT_EQ(affine.view().zero_point(0), -3);
  any_packed_tensor unsigned_affine(
      describe_scaled(any_format::of<binade::uint8>(), {2}, {}, group_kind::affine));
  unsigned_affine.mutable_view().zero_points[0] = std::byte{200};
  EXPECT_EQ(unsigned_affine.view().zero_point(0), 200);
}

TEST(packed_tensor, copies_are_deep_and_views_are_not) {
  any_packed_tensor a(describe_blocks(binade::nvfp4::describe(), {16}));
  const any_packed_view view = a;
  any_packed_tensor b = a;
  a.mutable_view().codes[0] = std::byte{0x21};
  a.set_tensor_scale(0.5F);
  EXPECT_EQ(view.code(0, 0), 1U);
  EXPECT_EQ(view.code(0, 1), 2U);
  EXPECT_EQ(view.tensor_scale, 1.0F) << "a view copies what is no memory";
  EXPECT_EQ(a.view().tensor_scale, 0.5F);
  EXPECT_EQ(b.view().code(0, 0), 0U);
  EXPECT_EQ(b.tensor_scale(), 1.0F);
  const packed_tensor<binade::nvfp4> typed(std::move(a));
  EXPECT_EQ(typed.view().code(0, 1), 2U);
  EXPECT_EQ(typed.tensor_scale(), 0.5F);
}

TEST(packed_tensor, counts_add_up) {
  binade::quantize_counts c{1, 2, 3, 4};
  c += binade::quantize_counts{.nan = 10, .infinite = 20, .clipped = 30, .underflowed = 40};
  EXPECT_EQ(c, (binade::quantize_counts{11, 22, 33, 44}));
  any_packed_tensor t;
  t.set_counts(c);
  EXPECT_EQ(t.counts(), c);
}

TEST(packed_tensor, descriptions_that_do_not_fit_are_errors) {
  EXPECT_THROW(static_cast<void>(describe_blocks(binade::mxfp4::describe(), {2, 2}, 2)),
               binade::error);
  EXPECT_THROW(
      static_cast<void>(describe_scaled(any_format::of<binade::int4>(), {2}, binade::per_block{})),
      binade::error);
}

}  // namespace
