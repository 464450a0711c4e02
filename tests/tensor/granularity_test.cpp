// SPDX-License-Identifier: MIT
#include "binade/tensor/granularity.hpp"

#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using binade::granularity;
using binade::tensor_shape;

using extents = std::vector<std::size_t>;

extents cells(const granularity& g, const tensor_shape& shape) {
  const auto all = g.cell_extents(shape);
  for (std::size_t i = static_cast<std::size_t>(shape.rank()); i < all.size(); ++i) {
    EXPECT_EQ(all[i], 0U) << "behind the last axis";
  }
  return {all.begin(), all.begin() + shape.rank()};
}

std::string error_of(const granularity& g, const tensor_shape& shape) {
  try {
    static_cast<void>(g.cell_extents(shape));
  } catch (const binade::error& e) {
    return e.what();
  }
  return "";
}

TEST(granularity, per_tensor_is_one_cell_of_any_rank) {
  EXPECT_EQ(cells(granularity{}, {3, 4, 5}), (extents{3, 4, 5}));
  EXPECT_EQ(cells(binade::per_tensor{}, {7}), (extents{7}));
  EXPECT_EQ(cells(binade::per_tensor{}, {}), extents{});
  // A cell of an empty axis has extent 1, so that numbers of cells can be divided out.
  EXPECT_EQ(cells(binade::per_tensor{}, {3, 0}), (extents{3, 1}));
}

TEST(granularity, per_channel_has_one_cell_for_each_index_along_its_axis) {
  EXPECT_EQ(cells(binade::per_channel{}, {3, 4, 5}), (extents{1, 4, 5}));
  EXPECT_EQ(cells(binade::per_channel{.axis = 1}, {3, 4, 5}), (extents{3, 1, 5}));
  EXPECT_EQ(cells(binade::per_channel{.axis = -1}, {3, 4, 5}), (extents{3, 4, 1}));
  EXPECT_EQ(cells(binade::per_channel{.axis = 0}, {0, 4}), (extents{1, 4}));
}

TEST(granularity, per_group_runs_along_its_axis) {
  EXPECT_EQ(cells(binade::per_group{}, {3, 400}), (extents{1, 128}));
  EXPECT_EQ(cells(binade::per_group{.axis = 0, .size = 2}, {3, 4, 5}), (extents{2, 1, 1}));
  EXPECT_EQ(cells(binade::per_group{.axis = -2, .size = 100}, {3, 4, 5}), (extents{1, 100, 1}));
}

TEST(granularity, per_block_tiles_the_last_two_axes) {
  EXPECT_EQ(cells(binade::per_block{}, {300, 400}), (extents{128, 128}));
  EXPECT_EQ(cells(binade::per_block{.rows = 2, .cols = 7}, {3, 4, 5}), (extents{1, 2, 7}));
}

TEST(granularity, text_for_people) {
  EXPECT_EQ(to_string(granularity(binade::per_tensor{})), "one a tensor");
  EXPECT_EQ(to_string(granularity(binade::per_channel{.axis = 1})), "channels along axis 1");
  EXPECT_EQ(to_string(granularity(binade::per_group{})), "groups of 128");
  EXPECT_EQ(to_string(granularity(binade::per_group{.axis = 0, .size = 64})),
            "groups of 64 along axis 0");
  EXPECT_EQ(to_string(granularity(binade::per_block{.rows = 64, .cols = 128})), "tiles of 64x128");
}

TEST(granularity, errors_name_the_axis_and_what_is_allowed) {
  EXPECT_EQ(error_of(binade::per_channel{.axis = 2}, {3, 4}),
            "per_channel: there is no axis 2 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(error_of(binade::per_group{.axis = -3, .size = 2}, {3, 4}),
            "per_group: there is no axis -3 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(error_of(binade::per_channel{}, {}),
            "per_channel: there is no axis 0 in a tensor of rank 0; it has none");
  EXPECT_EQ(error_of(binade::per_group{.axis = 0, .size = 0}, {3, 4}),
            "per_group: size is 0; allowed are sizes of at least 1");
  const std::string block = "; allowed are at least 1 row and 1 column and rank 2 or more";
  EXPECT_EQ(error_of(binade::per_block{.rows = 0, .cols = 4}, {3, 4}),
            "per_block: rows 0 and cols 4 in a tensor of rank 2" + block);
  EXPECT_EQ(error_of(binade::per_block{.rows = 4, .cols = 0}, {3, 4}),
            "per_block: rows 4 and cols 0 in a tensor of rank 2" + block);
  EXPECT_EQ(error_of(binade::per_block{.rows = 4, .cols = 4}, {3}),
            "per_block: rows 4 and cols 4 in a tensor of rank 1" + block);
}

}  // namespace
