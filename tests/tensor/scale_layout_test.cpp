// SPDX-License-Identifier: MIT
#include "binade/tensor/scale_layout.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using binade::scale_map;
namespace scale_layout = binade::scale_layout;

/// Indices are distinct and below size(), for all places of the padded matrix.
void expect_bijection(const scale_map& m) {
  std::vector<bool> seen(m.size());
  for (std::size_t r = 0; r < m.padded_rows(); ++r) {
    for (std::size_t c = 0; c < m.padded_columns(); ++c) {
      const std::size_t i = m.index(r, c);
      ASSERT_LT(i, m.size()) << "(" << r << ", " << c << ")";
      ASSERT_FALSE(seen[i]) << "(" << r << ", " << c << ") has the index of another, " << i;
      seen[i] = true;
    }
  }
}

TEST(scale_layout, row_major_pads_rows) {
  constexpr scale_map plain = scale_layout::row_major{}.map(3, 5);
  EXPECT_EQ(plain.size(), 15U);
  EXPECT_EQ(plain.index(2, 3), 13U);
  constexpr scale_map padded = scale_layout::row_major{.multiple = 4}.map(3, 5);
  EXPECT_EQ(padded.size(), 24U);
  EXPECT_EQ(padded.index(2, 3), 19U);
  expect_bijection(padded);
}

TEST(scale_layout, column_major_pads_columns) {
  constexpr scale_map padded = scale_layout::column_major{.multiple = 4}.map(5, 3);
  EXPECT_EQ(padded.size(), 24U);
  EXPECT_EQ(padded.index(3, 2), 19U);
  EXPECT_EQ(scale_layout::column_major{}.map(5, 3).index(3, 2), 13U);
  expect_bijection(padded);
}

/// The formula of the cuBLAS documentation, by its own names: within a tile
/// (outer % 32) * 16 + (outer / 32) * 4 + inner, and the tile at (inner0 + outer0 * sf_inner_dim) *
/// 128 where inner0 is the tile's first column and outer0 its number of 128 rows.
std::size_t by_the_documentation(std::size_t outer, std::size_t inner, std::size_t sf_inner_dim) {
  const std::size_t sf_outer = outer / 128;
  const std::size_t sf_inner = inner / 4 * 4;
  const std::size_t o = outer % 128;
  return (sf_inner + sf_outer * sf_inner_dim) * 128 + (o % 32) * 16 + (o / 32) * 4 + inner % 4;
}

TEST(scale_layout, tiles_follow_the_documentation) {
  constexpr scale_map m = scale_layout::tiles_128x4{}.map(200, 9);
  EXPECT_EQ(m.padded_rows(), 256U);
  EXPECT_EQ(m.padded_columns(), 12U);
  EXPECT_TRUE(m.is_tiled());
  for (std::size_t r = 0; r < 256; ++r) {
    for (std::size_t c = 0; c < 12; ++c) {
      EXPECT_EQ(m.index(r, c), by_the_documentation(r, c, 12)) << "(" << r << ", " << c << ")";
    }
  }
  expect_bijection(m);
}

TEST(scale_layout, arrange_moves_every_scale_and_clears_padding) {
  std::vector<std::byte> from(3 * 5 * 2);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i + 1);
  const scale_map m = scale_layout::tiles_128x4{}.map(3, 5);
  std::vector<std::byte> out(m.size() * 2, std::byte{0xcc});
  binade::arrange_scales(from, 3, 5, 2, m, out);
  std::size_t sum = 0;
  for (const std::byte b : out) sum += static_cast<std::size_t>(b);
  EXPECT_EQ(sum, 30U * 31U / 2U) << "a scale is missing or the padding is not zero";
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 5; ++c) {
      EXPECT_EQ(out[m.index(r, c) * 2], from[(r * 5 + c) * 2]) << "(" << r << ", " << c << ")";
      EXPECT_EQ(out[m.index(r, c) * 2 + 1], from[(r * 5 + c) * 2 + 1]);
    }
  }
}

TEST(scale_layout, arrange_refuses_wrong_sizes) {
  std::array<std::byte, 6> six{};
  std::array<std::byte, 8> eight{};
  const scale_map m = scale_layout::row_major{.multiple = 4}.map(2, 3);
  EXPECT_NO_THROW(binade::arrange_scales(six, 2, 3, 1, m, eight));
  EXPECT_THROW(binade::arrange_scales(six, 2, 3, 1, m, six), binade::error);
  EXPECT_THROW(binade::arrange_scales(eight, 2, 3, 1, m, eight), binade::error);
  EXPECT_THROW(binade::arrange_scales(eight, 2, 4, 1, scale_layout::row_major{}.map(1, 4), six),
               binade::error);
  EXPECT_NO_THROW(binade::arrange_scales({}, 0, 0, 1, scale_layout::row_major{}.map(0, 0), {}));
}

}  // namespace
