// SPDX-License-Identifier: MIT
#include "binade/quantize/both_ways.hpp"

#include "binade/core/random.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace {

using namespace binade;

std::vector<float> numbers(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(standard_normal(3, 0, i));
  return x;
}

template <class F>
void expect_rows_and_transpose(std::size_t rows, std::size_t cols) {
  const std::vector<float> x = numbers(rows * cols);
  std::vector<float> transposed(x.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) transposed[j * rows + i] = x[i * cols + j];
  }
  const auto both = quantize_both_ways<F>(matrix_view(x.data(), rows, cols));
  const auto by_rows = quantize<F>(matrix_view(x.data(), rows, cols));
  const auto by_columns = quantize<F>(matrix_view(transposed.data(), cols, rows));
  EXPECT_TRUE(std::ranges::equal(both.rows.codes(), by_rows.codes())) << F::names.name;
  EXPECT_TRUE(std::ranges::equal(both.rows.scales(), by_rows.scales())) << F::names.name;
  EXPECT_TRUE(std::ranges::equal(both.columns.codes(), by_columns.codes())) << F::names.name;
  EXPECT_TRUE(std::ranges::equal(both.columns.scales(), by_columns.scales())) << F::names.name;
  EXPECT_EQ(both.rows.tensor_scale(), both.columns.tensor_scale());
  EXPECT_EQ(both.rows.shape(), both.columns.shape());
  EXPECT_EQ(both.columns.description().layout.axis(), 0);
}

TEST(both_ways, are_the_rows_and_the_transposed_matrix) {
  expect_rows_and_transpose<nvfp4>(48, 40);
  expect_rows_and_transpose<mxfp4>(33, 64);
  expect_rows_and_transpose<mxint8>(5, 7);
}

TEST(both_ways, stochastic_rounding_gives_an_element_one_random_number) {
  // Every value lies on one grid: with the same scale and random number, the same code.
  std::vector<float> x(32 * 32, 1.1F);
  for (std::size_t i = 0; i < 32; ++i) x[i * 32 + i] = 6.0F;  // the same amax in rows and columns
  const auto both =
      quantize_both_ways<mxfp4>(matrix_view(x.data(), 32, 32), rounding::stochastic{.seed = 11});
  bool up = false;
  bool down = false;
  for (std::size_t i = 0; i < 32; ++i) {
    for (std::size_t j = 0; j < 32; ++j) {
      EXPECT_EQ(both.rows.view().code(i, j), both.columns.view().code(j, i)) << i << " " << j;
      up = up || both.rows.view().code(i, j) == 3;
      down = down || both.rows.view().code(i, j) == 2;
    }
  }
  EXPECT_TRUE(up && down);
}

TEST(both_ways, needs_two_axes) {
  const std::vector<float> x = numbers(32);
  EXPECT_THROW(static_cast<void>(quantize_both_ways<mxfp4>(vector_view(x.data(), 32))), error);
}

}  // namespace
