// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/hadamard.hpp"

#include "binade/core/bits.hpp"
#include "oracle/binary32.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using binade::bfloat16;
using binade::float16;
using binade::hadamard;
using binade::hadamard_direction;
using binade::tensor_view;

/// Element i of row r of a matrix of three rows of two blocks of 16.
float value(std::size_t r, std::size_t i) {
  return static_cast<float>(static_cast<int>(7 * i + 5 * r) % 23 - 11) / 8.0F;
}

/// The direction's definition for one block.
std::vector<std::uint32_t> block_of(const hadamard& t, std::size_t row, std::size_t begin,
                                    hadamard_direction direction) {
  std::vector<std::uint32_t> bits;
  for (std::size_t i = begin; i < begin + 16; ++i) bits.push_back(oracle::bits_of(value(row, i)));
  if (direction == hadamard_direction::forward) {
    binade::transform_block(t, bits.data());
  } else {
    binade::inverse_transform_block(t, bits.data());
  }
  return bits;
}

template <class T, class U>
void expect_blocks_along_rows() {
  const hadamard t = binade::random_hadamard(16, 4);
  for (const auto direction : {hadamard_direction::forward, hadamard_direction::inverse}) {
    std::vector<T> x(3 * 32);
    for (std::size_t r = 0; r < 3; ++r) {
      // Exact in every type: a multiple of 1/8 below 2.
      for (std::size_t i = 0; i < 32; ++i) x[r * 32 + i] = T(value(r, i));
    }
    std::vector<U> out(3 * 40);
    binade::reference::hadamard_transform(t, tensor_view<const T>(x.data(), {3, 32}),
                                          tensor_view<U>(out.data(), {3, 32}, {40, 1}), direction);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t i = 0; i < 32; ++i) {
        const auto block = block_of(t, r, i / 16 * 16, direction);
        // Quarters of sums of 16 multiples of 1/8 below 2: multiples of 1/32 below 8, with at most
        // 8 digits, exact in every type.
        EXPECT_EQ(static_cast<float>(out[r * 40 + i]), oracle::float_of(block[i % 16]))
            << "row " << r << ", element " << i;
      }
    }
  }
}

TEST(reference_hadamard, blocks_run_along_rows) {
  expect_blocks_along_rows<float, float>();
  expect_blocks_along_rows<bfloat16, float>();
  expect_blocks_along_rows<float16, float>();
  expect_blocks_along_rows<float, bfloat16>();
  expect_blocks_along_rows<float16, float16>();
}

TEST(reference_hadamard, results_are_rounded_once) {
  std::vector<float> x(16);
  x[0] = 4 * (1 + 0x1p-8F + 0x1p-20F);  // above a tie of bfloat16, whose last digit is 2^-7
  std::vector<bfloat16> out(16);
  binade::reference::hadamard_transform(hadamard{}, tensor_view<const float>(x),
                                        tensor_view<bfloat16>(out));
  for (const bfloat16 v : out) EXPECT_EQ(static_cast<float>(v), 1 + 0x1p-7F);
  x[0] = std::numeric_limits<float>::max();
  std::vector<float16> narrow(16);
  binade::reference::hadamard_transform(hadamard{}, tensor_view<const float>(x),
                                        tensor_view<float16>(narrow));
  for (const float16 v : narrow) EXPECT_TRUE(std::isinf(static_cast<float>(v)));
}

TEST(reference_hadamard, sizes_and_shapes_are_checked) {
  using binade::reference::check_hadamard;
  EXPECT_NO_THROW(check_hadamard("f", hadamard{}, {3, 32}, {3, 32}));
  EXPECT_NO_THROW(check_hadamard("f", hadamard{.size = 256}, {3, 0}, {3, 0}));
  EXPECT_THROW(check_hadamard("f", hadamard{.size = 8}, {3, 32}, {3, 32}), binade::error);
  EXPECT_THROW(check_hadamard("f", hadamard{.size = 48}, {3, 48}, {3, 48}), binade::error);
  EXPECT_THROW(check_hadamard("f", hadamard{.size = 32}, {3, 48}, {3, 48}), binade::error);
  EXPECT_THROW(check_hadamard("f", hadamard{}, {3, 32}, {32, 3}), binade::error);
}

}  // namespace
