// SPDX-License-Identifier: MIT
#include "binade/kernel/hadamard.hpp"

#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::hadamard;
using quantize_test::data;
using quantize_test::kind;

TEST(hadamard_transform, takes_vectors_spans_arrays_and_views) {
  const hadamard t = binade::random_hadamard(16, 1);
  std::vector<float> x = data(kind::bell, 32);
  std::vector<float> expected(32);
  binade::reference::hadamard_transform(t, binade::tensor_view<const float>(x),
                                        binade::tensor_view<float>(expected));
  std::vector<float> y(32);
  binade::hadamard_transform(t, x, y);
  EXPECT_EQ(y, expected);
  std::array<float, 32> array{};
  binade::hadamard_transform(t, std::span<const float>(x), array);
  EXPECT_EQ(std::vector<float>(array.begin(), array.end()), expected);
  binade::threads pool(2);
  binade::hadamard_transform(t, binade::matrix_view(x.data(), 2, 16),
                             binade::matrix_view(y.data(), 2, 16), pool);
  EXPECT_EQ(y, expected);
  binade::hadamard_transform(t, x, x);
  EXPECT_EQ(x, expected);
}

TEST(hadamard_transform, the_inverse_brings_small_integers_back) {
  // Sizes whose factors are powers of two: nothing is rounded.
  for (const int size : {16, 64, 256}) {
    const hadamard t = binade::random_hadamard(size, 2);
    std::vector<float> x(512);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 127) - 63;
    std::vector<float> y(512);
    std::vector<float> z(512);
    binade::hadamard_transform(t, x, y);
    binade::inverse_hadamard_transform(t, y, z);
    EXPECT_EQ(z, x) << size;
    EXPECT_NE(y, x) << size;
    binade::inverse_hadamard_transform(t, binade::vector_view(x), binade::vector_view(y));
    binade::hadamard_transform(t, y, z);
    EXPECT_EQ(z, x) << size;
  }
}

TEST(hadamard_transform, an_outlier_is_spread_over_its_block) {
  std::vector<float> x(64);
  x[20] = 16;
  std::vector<float> y(64);
  binade::hadamard_transform(binade::random_hadamard(16, 3), x, y);
  for (std::size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(std::abs(y[i]), i / 16 == 1 ? 4.0F : 0.0F) << i;
  }
}

TEST(hadamard_transform, says_what_does_not_fit_and_writes_nothing) {
  std::vector<float> x(40, 1.0F);
  std::vector<float> y(40, 7.0F);
  const auto message = [&](const hadamard& t, std::vector<float>& out) {
    try {
      binade::hadamard_transform(t, x, out);
    } catch (const binade::error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(hadamard{}, y),
            "hadamard_transform: x is [40]; its rows must be multiples of the transform's size 16");
  EXPECT_EQ(message(hadamard{.size = 20}, y),
            "hadamard_transform: the transform's size is 20; allowed are 16, 32, 64, 128 and 256");
  x.resize(32);
  EXPECT_EQ(message(hadamard{}, y),
            "hadamard_transform: x is [32] but out is [40]; they must be equal");
  EXPECT_EQ(y, std::vector<float>(40, 7.0F));
  EXPECT_THROW(binade::inverse_hadamard_transform(hadamard{.size = 8}, x, y), binade::error);
  std::vector<float> none;
  EXPECT_NO_THROW(binade::hadamard_transform(hadamard{}, none, none));
}

}  // namespace
