// SPDX-License-Identifier: MIT
#include "binade/quantize/chunk_quantizer.hpp"

#include <gtest/gtest.h>

#include <vector>

// That chunks give the bytes of the definition is tested in quantizer_test.cpp.

namespace {

using namespace binade;

TEST(chunk_quantizer, serves_blocks_of_whole_vectors_along_rows) {
  const auto serves = [](const packed_layout& layout) {
    return detail::chunk_quantizer<float>::serves(layout);
  };
  EXPECT_TRUE(serves(packed_layout::blocks({3, 100}, -1, 16, 4)));
  EXPECT_TRUE(serves(packed_layout::blocks({3, 100}, 0, 32, 8)));
  EXPECT_TRUE(serves(packed_layout::scaled({3, 100}, per_group{.size = 48}, 8)));
  EXPECT_FALSE(serves(packed_layout::scaled({3, 100}, per_group{.size = 10}, 8)));
  EXPECT_FALSE(serves(packed_layout::scaled({3, 8192}, per_channel{.axis = 0}, 8)));
  EXPECT_FALSE(serves(packed_layout::scaled({32, 64}, per_block{.rows = 16, .cols = 16}, 8)));
  EXPECT_FALSE(serves(packed_layout::scaled({32, 64}, per_group{.axis = 0, .size = 16}, 8)));
}

TEST(chunk_quantizer, serves_a_transform_if_blocks_divide_a_chunk) {
  const auto serves = [](std::size_t block) {
    return detail::chunk_quantizer<float>::serves_transformed(
        packed_layout::scaled({8, 12'288}, per_group{.size = block}, 8));
  };
  EXPECT_TRUE(serves(16));
  EXPECT_TRUE(serves(detail::transformed_elements));
  EXPECT_FALSE(serves(48));
  EXPECT_FALSE(serves(2 * detail::transformed_elements));
}

TEST(chunk_quantizer, codes_of_any_width_go_where_they_belong) {
  const std::byte codes[3] = {std::byte{5}, std::byte{2}, std::byte{7}};
  std::byte row[3] = {std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
  detail::write_codes(row, 3, 3, codes, 3);  // bits 9 to 17
  EXPECT_EQ(row[0], std::byte{0xff});
  EXPECT_EQ(row[1], std::byte{0b1010'1011});
  EXPECT_EQ(row[2], std::byte{0b1111'1111});
}

}  // namespace
