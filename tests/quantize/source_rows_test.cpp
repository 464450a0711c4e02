// SPDX-License-Identifier: MIT
#include "binade/quantize/source_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using namespace binade;

TEST(source_rows, elements_know_their_logical_index) {
  // Elements that are their own index, contiguous and not, stored along each axis.
  const tensor_shape shape{3, 4, 5};
  std::vector<float> x(shape.size());
  std::iota(x.begin(), x.end(), 0.0F);
  for (int axis = 0; axis < 3; ++axis) {
    const packed_layout layout = packed_layout::blocks(shape, axis, 16, 8);
    const detail::source_rows<float> rows(layout, tensor_view<const float>(x.data(), shape));
    EXPECT_EQ(rows.is_contiguous(), axis == 2);
    std::vector<bool> seen(x.size());
    for (std::size_t row = 0; row < layout.row_count(); ++row) {
      const auto p = rows.piece(row, 1, layout.row_length());
      EXPECT_EQ(p.stride, rows.inner_stride());
      ASSERT_EQ(p.n, layout.row_length() - 1);
      for (std::size_t i = 0; i < p.n; ++i) {
        const std::uint64_t index = p.index + i * p.index_step;
        EXPECT_EQ(p.x[static_cast<std::ptrdiff_t>(i) * p.stride], static_cast<float>(index))
            << "axis " << axis << ", row " << row << ", element " << i;
        seen[index] = true;
      }
    }
    const auto left = static_cast<std::size_t>(std::count(seen.begin(), seen.end(), false));
    EXPECT_EQ(left, layout.row_count()) << "the first element of every row was left out";
  }
}

TEST(source_rows, a_scalar_is_a_row) {
  const float x = 3;
  const packed_layout layout = packed_layout::scaled(tensor_shape{}, per_tensor{}, 8);
  const detail::source_rows<float> rows(layout, tensor_view<const float>(&x, tensor_shape{}));
  const auto p = rows.piece(0, 0, 1);
  EXPECT_EQ(*p.x, 3);
  EXPECT_EQ(p.index, 0U);
}

}  // namespace
