// SPDX-License-Identifier: MIT
#include "binade/quantize/stretches.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;

/// Whether the parts follow each other and cover every row once.
void expect_cover(const detail::stretches& s, std::size_t rows, std::size_t length,
                  std::size_t cell) {
  std::size_t row = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < s.count(); ++i) {
    const auto part = s[i];
    EXPECT_EQ(part.row, row);
    EXPECT_EQ(part.begin, at);
    EXPECT_EQ(part.begin % cell, 0U);
    EXPECT_GT(part.end, part.begin);
    at = part.end;
    if (at == length) {
      ++row;
      at = 0;
    }
  }
  EXPECT_EQ(row, rows);
  EXPECT_EQ(s.row_length(), length);
}

TEST(stretches, cover_every_row_once_and_cut_no_block) {
  for (const std::size_t cols : {1U, 48U, 4096U, 65536U, 200000U}) {
    const auto layout = packed_layout::blocks({3, cols}, -1, 48, 4);
    expect_cover(detail::stretches(layout, false), 3, cols, 48);
    expect_cover(detail::stretches(layout, true), 1, 3 * cols, 48);
  }
}

TEST(stretches, short_rows_go_several_to_a_task) {
  const detail::stretches s(packed_layout::scaled({1000, 64}, per_tensor{}, 8), false);
  EXPECT_EQ(s.count(), 1000U);
  EXPECT_EQ(s.grain(), 1024U);
  const detail::stretches one(packed_layout::scaled({1000, 64}, per_tensor{}, 8), true);
  EXPECT_EQ(one.count(), 1U);
  EXPECT_EQ(one.row_length(), 64000U);
}

TEST(stretches, an_empty_tensor_has_none) {
  EXPECT_EQ(detail::stretches().count(), 0U);
  EXPECT_EQ(detail::stretches(packed_layout::scaled({3, 0}, per_tensor{}, 8), false).count(), 0U);
  EXPECT_EQ(detail::stretches(packed_layout::scaled({0, 3}, per_tensor{}, 8), true).count(), 0U);
}

}  // namespace
