// SPDX-License-Identifier: MIT
#include "binade/kernel/softmax.hpp"

#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace {

TEST(softmax, rows_sum_to_one_whatever_is_added_to_them) {
  std::vector<float> x = quantize_test::data(quantize_test::kind::bell, 4 * 50);
  std::vector<float> y(x.size());
  for (const float shift : {0.0F, 5000.0F, -5000.0F}) {
    for (float& v : x) v += shift;
    binade::softmax(binade::matrix_view(x.data(), 4, 50), binade::matrix_view(y.data(), 4, 50));
    for (std::size_t row = 0; row < 4; ++row) {
      const auto begin = y.begin() + static_cast<std::ptrdiff_t>(50 * row);
      // 50 elements, each off by at most 21 2^-24 of itself.
      EXPECT_NEAR(std::accumulate(begin, begin + 50, 0.0), 1, 21 * 0x1p-24) << shift;
    }
  }
}

TEST(softmax, takes_vectors_and_an_executor) {
  const std::vector<float> x = {0, 0, -200, 0, 0};
  std::vector<float> y(5);
  binade::threads pool(2);
  binade::softmax(x, y, pool);
  EXPECT_EQ(y, (std::vector<float>{0.25F, 0.25F, 0, 0.25F, 0.25F}));
}

TEST(softmax, says_what_does_not_fit_and_writes_nothing) {
  const std::vector<float> x(4);
  std::vector<float> y(3, 7);
  try {
    binade::softmax(x, y);
    ADD_FAILURE() << "no error";
  } catch (const binade::error& e) {
    EXPECT_EQ(std::string(e.what()), "softmax: x is [4] but y is [3]; they must be equal");
  }
  EXPECT_EQ(y, std::vector<float>(3, 7));
}

}  // namespace
