// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/chunk_map.cuh"

#include "binade/tensor/scale_layout.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

namespace {

using binade::scale_map;
using binade::cuda::detail::chunk_map;
using binade::cuda::detail::quick_divider;
namespace scale_layout = binade::scale_layout;

TEST(quick_divider, is_exact) {
  for (std::uint32_t d = 1; d < 3000; ++d) {
    const quick_divider divide(d);
    for (std::uint32_t q = 1; q < 2000; q += 7) {
      ASSERT_EQ(divide.quotient(q * d - 1), q - 1) << q << " * " << d;
      ASSERT_EQ(divide.quotient(q * d), q) << q << " * " << d;
    }
  }
  for (std::uint32_t d : {1U, 2U, 3U, 7U, 641U, 65535U, 65536U, 0x7ffffffeU, 0x7fffffffU}) {
    const quick_divider divide(d);
    for (std::uint32_t n = 0x7fffffffU; n > 0x7fffff00U; --n) {
      ASSERT_EQ(divide.quotient(n), n / d) << n << " / " << d;
    }
  }
}

void expect_each_chunk_once(const scale_map& scales, std::uint32_t per_group) {
  const chunk_map map(scales, per_group);
  ASSERT_EQ(map.count(), scales.size() * per_group);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::uint32_t i = 0; i < map.count(); ++i) {
    const auto p = map[i];
    ASSERT_LT(p.row, scales.padded_rows()) << i;
    ASSERT_LT(p.chunk, scales.padded_columns() * per_group) << i;
    ASSERT_TRUE(seen.emplace(p.row, p.chunk).second) << i;
    // Groups lie in aligned lanes.
    const auto first = map[i / per_group * per_group];
    ASSERT_EQ(first.row, p.row) << i;
    ASSERT_EQ(first.chunk, p.chunk / per_group * per_group) << i;
  }
  for (std::uint32_t i = 0; i < 64; ++i) {
    EXPECT_GE(map[static_cast<std::uint32_t>(map.count()) + i].row, scales.padded_rows());
  }
}

TEST(chunk_map, deals_every_chunk_to_one_thread) {
  for (const std::uint32_t per_group : {1U, 2U, 4U, 8U, 16U}) {
    expect_each_chunk_once(scale_layout::row_major{}.map(7, 5), per_group);
    expect_each_chunk_once(scale_layout::row_major{.multiple = 4}.map(7, 5), per_group);
    expect_each_chunk_once(scale_layout::column_major{.multiple = 4}.map(7, 5), per_group);
    expect_each_chunk_once(scale_layout::tiles_128x4{}.map(200, 9), per_group);
    expect_each_chunk_once(scale_layout::tiles_128x4{}.map(1, 1), per_group);
  }
}

TEST(chunk_map, a_warp_fills_neighbouring_scales_of_a_tile) {
  const scale_map scales = scale_layout::tiles_128x4{}.map(256, 12);
  for (const std::uint32_t per_group : {1U, 2U}) {
    const chunk_map map(scales, per_group);
    for (std::uint32_t warp = 0; warp < map.count() / 32; ++warp) {
      std::set<std::size_t> indices;
      for (std::uint32_t lane = 0; lane < 32; lane += per_group) {
        const auto p = map[warp * 32 + lane];
        indices.insert(scales.index(p.row, p.chunk / per_group));
      }
      EXPECT_EQ(*indices.rbegin() - *indices.begin() + 1, 32 / per_group) << warp;
    }
  }
}

TEST(chunk_map, of_nothing_is_empty) {
  EXPECT_EQ(chunk_map(scale_layout::row_major{}.map(0, 5), 1).count(), 0U);
  EXPECT_EQ(chunk_map(scale_layout::tiles_128x4{}.map(5, 0), 1).count(), 0U);
}

}  // namespace
