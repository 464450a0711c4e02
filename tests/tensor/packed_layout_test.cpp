// SPDX-License-Identifier: MIT
#include "binade/tensor/packed_layout.hpp"

#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using binade::granularity;
using binade::packed_layout;
using binade::tensor_shape;

using extents = std::vector<std::size_t>;

extents list(const tensor_shape& shape) { return {shape.extents().begin(), shape.extents().end()}; }

std::size_t product(const extents& e) {
  std::size_t n = 1;
  for (const std::size_t x : e) n *= x;
  return n;
}

/// Number of the cell of a stored element, by definition: its index divided by the cells' extents,
/// row-major over the grid.
std::size_t cell_of(const extents& index, const extents& shape, const extents& cell) {
  std::size_t number = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    number = number * ((shape[a] + cell[a] - 1) / cell[a]) + index[a] / cell[a];
  }
  return number;
}

/// All that the layout says of its cells, against the definition.
void check_cells(const packed_layout& l, const extents& stored, const extents& cell,
                 const std::string& what) {
  extents grid;
  for (std::size_t a = 0; a < stored.size(); ++a) {
    grid.push_back((stored[a] + cell[a] - 1) / cell[a]);
    EXPECT_EQ(l.cell_extent(static_cast<int>(a)), cell[a]) << what;
  }
  EXPECT_EQ(list(l.grid()), grid) << what;
  EXPECT_EQ(l.scale_count(), product(grid)) << what;
  const std::size_t length = stored.empty() ? 1 : stored.back();
  const std::size_t rows = length == 0 ? 0 : product(stored) / length;
  std::vector<std::size_t> owner(product(stored), ~std::size_t{0});
  for (std::size_t c = 0; c < l.scale_count(); ++c) {
    std::size_t last = 0;
    bool first = true;
    l.for_each_piece(c, [&](std::size_t row, std::size_t begin, std::size_t end) {
      ASSERT_LT(row, rows) << what;
      ASSERT_LE(end, length) << what;
      EXPECT_TRUE(first || row > last) << what << ": pieces out of order";
      first = false;
      last = row;
      for (std::size_t i = begin; i < end; ++i) {
        EXPECT_EQ(owner[row * length + i], ~std::size_t{0}) << what << ": in two cells";
        owner[row * length + i] = c;
      }
    });
  }
  for (std::size_t i = 0; i < owner.size(); ++i) {
    extents index(stored.size());
    std::size_t rest = i;
    for (std::size_t a = stored.size(); a-- > 0;) {
      index[a] = rest % stored[a];
      rest /= stored[a];
    }
    ASSERT_EQ(owner[i], cell_of(index, stored, cell)) << what << ", element " << i;
    ASSERT_EQ(l.first_cell_of_row(i / length) + i % length / l.cell_length(), owner[i])
        << what << ", element " << i;
  }
}

TEST(packed_layout, blocks_move_their_axis_last_and_pad_rows_to_whole_blocks) {
  for (const extents& shape : {extents{1}, {16}, {33}, {3, 20}, {2, 3, 17}, {2, 3, 4, 5}}) {
    const int rank = static_cast<int>(shape.size());
    for (int axis = -rank; axis < rank; ++axis) {
      for (const std::size_t block : {1U, 4U, 16U}) {
        for (const int bits : {4, 6, 8}) {
          const packed_layout l = packed_layout::blocks(tensor_shape(shape), axis, block, bits);
          const auto a = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
          extents stored;
          for (std::size_t i = 0; i < shape.size(); ++i) {
            if (i != a) stored.push_back(shape[i]);
          }
          stored.push_back(shape[a]);
          const std::string what = to_string(tensor_shape(shape)) + " axis " +
                                   std::to_string(axis) + " blocks of " + std::to_string(block);
          EXPECT_EQ(list(l.shape()), shape) << what;
          EXPECT_EQ(list(l.stored_shape()), stored) << what;
          EXPECT_EQ(l.axis(), static_cast<int>(a)) << what;
          EXPECT_EQ(l.cell_length(), block) << what;
          const std::size_t blocks = (shape[a] + block - 1) / block;
          EXPECT_EQ(l.cells_per_row(), blocks) << what;
          EXPECT_EQ(l.row_codes(), blocks * block) << what;
          EXPECT_EQ(l.row_bytes(), (blocks * block * static_cast<std::size_t>(bits) + 7) / 8)
              << what;
          EXPECT_EQ(l.row_length(), shape[a]) << what;
          EXPECT_EQ(l.row_count(), product(shape) / shape[a]) << what;
          EXPECT_EQ(l.code_bytes(), l.row_count() * l.row_bytes()) << what;
          extents cell(shape.size(), 1);
          cell.back() = block;
          check_cells(l, stored, cell, what);
        }
      }
    }
  }
}

TEST(packed_layout, stored_axes_name_the_logical_axes_in_order_of_storage) {
  const auto axes = packed_layout::blocks({2, 3, 4, 5}, 1, 16, 4).stored_axes();
  EXPECT_EQ(axes[0], 0);
  EXPECT_EQ(axes[1], 2);
  EXPECT_EQ(axes[2], 3);
  EXPECT_EQ(axes[3], 1);
}

TEST(packed_layout, scaled_keeps_the_order_of_the_tensor) {
  for (const extents& shape : {extents{1}, {7}, {3, 5}, {2, 3, 4}, {2, 3, 4, 5}}) {
    const std::size_t rank = shape.size();
    struct granule {
      granularity g;
      extents cell;
    };
    std::vector<granule> granules{{binade::per_tensor{}, shape}};
    for (std::size_t axis = 0; axis < rank; ++axis) {
      extents channel = shape;
      channel[axis] = 1;
      granules.push_back({binade::per_channel{.axis = static_cast<int>(axis)}, channel});
      extents group(rank, 1);
      group[axis] = 3;
      granules.push_back({binade::per_group{.axis = static_cast<int>(axis), .size = 3}, group});
    }
    if (rank >= 2) {
      extents tile(rank, 1);
      tile[rank - 2] = 2;
      tile[rank - 1] = 3;
      granules.push_back({binade::per_block{.rows = 2, .cols = 3}, tile});
    }
    for (const granule& c : granules) {
      for (const int bits : {3, 4, 8, 12}) {
        const packed_layout l = packed_layout::scaled(tensor_shape(shape), c.g, bits);
        const std::string what = to_string(tensor_shape(shape)) + " " + to_string(c.g);
        EXPECT_EQ(list(l.stored_shape()), shape) << what;
        EXPECT_EQ(l.axis(), static_cast<int>(rank) - 1) << what;
        EXPECT_EQ(l.row_codes(), shape.back()) << what << ": no padding";
        EXPECT_EQ(l.row_bytes(), (shape.back() * static_cast<std::size_t>(bits) + 7) / 8) << what;
        check_cells(l, shape, c.cell, what);
      }
    }
  }
}

TEST(packed_layout, a_scalar_is_one_row_of_one_element) {
  const packed_layout b = packed_layout::blocks({}, -1, 16, 4);
  EXPECT_EQ(b.row_count(), 1U);
  EXPECT_EQ(b.row_length(), 1U);
  EXPECT_EQ(b.row_codes(), 16U);
  EXPECT_EQ(b.code_bytes(), 8U);
  EXPECT_EQ(b.scale_count(), 1U);
  const packed_layout s = packed_layout::scaled({}, binade::per_tensor{}, 4);
  EXPECT_EQ(s.row_codes(), 1U);
  EXPECT_EQ(s.code_bytes(), 1U);
  EXPECT_EQ(s.scale_count(), 1U);
  for (const packed_layout& l : {b, s}) {
    EXPECT_EQ(l.first_cell_of_row(0), 0U);
    int pieces = 0;
    l.for_each_piece(0, [&](std::size_t row, std::size_t begin, std::size_t end) {
      EXPECT_EQ(row, 0U);
      EXPECT_EQ(begin, 0U);
      EXPECT_EQ(end, 1U);
      ++pieces;
    });
    EXPECT_EQ(pieces, 1);
  }
}

TEST(packed_layout, empty_tensors_have_no_bytes_and_no_scales) {
  for (const extents& shape : {extents{0}, extents{3, 0}, extents{0, 5}, extents{2, 0, 3}}) {
    const int rank = static_cast<int>(shape.size());
    for (int axis = 0; axis < rank; ++axis) {
      const packed_layout l = packed_layout::blocks(tensor_shape(shape), axis, 16, 4);
      EXPECT_EQ(l.code_bytes(), 0U) << to_string(tensor_shape(shape)) << " axis " << axis;
      EXPECT_EQ(l.scale_count(), 0U) << to_string(tensor_shape(shape)) << " axis " << axis;
    }
    const packed_layout l = packed_layout::scaled(tensor_shape(shape), binade::per_tensor{}, 4);
    EXPECT_EQ(l.code_bytes(), 0U) << to_string(tensor_shape(shape));
    EXPECT_EQ(l.scale_count(), 0U) << to_string(tensor_shape(shape));
  }
}

TEST(packed_layout, equality_is_of_all_that_matters) {
  const packed_layout a = packed_layout::blocks({4, 32}, -1, 16, 4);
  EXPECT_EQ(a, packed_layout::blocks({4, 32}, 1, 16, 4));
  EXPECT_FALSE(a == packed_layout::blocks({4, 32}, 0, 16, 4));
  EXPECT_FALSE(a == packed_layout::blocks({4, 32}, -1, 32, 4));
  EXPECT_FALSE(a == packed_layout::blocks({4, 32}, -1, 16, 8));
  EXPECT_FALSE(a == packed_layout::blocks({4, 31}, -1, 16, 4));
}

TEST(packed_layout, errors_name_the_axis) {
  try {
    static_cast<void>(packed_layout::blocks({4, 32}, 2, 16, 4));
    FAIL() << "no error";
  } catch (const binade::error& e) {
    EXPECT_EQ(std::string(e.what()),
              "quantize: there is no axis 2 in a tensor of rank 2; allowed are -2 to 1");
  }
}

}  // namespace
