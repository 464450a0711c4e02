// SPDX-License-Identifier: MIT
#include "binade/analysis/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace {

using namespace binade;

comparison_tensor ramp(const char* name, std::size_t rows, std::size_t cols, float step) {
  comparison_tensor t;
  t.name = name;
  t.shape = tensor_shape{rows, cols};
  for (std::size_t i = 0; i < rows * cols; ++i) {
    t.values.push_back((static_cast<float>(i) - 20.0F) * step);
  }
  return t;
}

/// E2M1 with one absmax scale, written out from its eight magnitudes.
std::vector<double> e2m1_of(const std::vector<float>& x) {
  constexpr double grid[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  float amax = 0;
  for (const float v : x) amax = std::max(amax, std::fabs(v));
  const float scale = amax / 6.0F;
  std::vector<double> y;
  for (const float v : x) {
    const double t = std::fabs(double{v}) / double{scale};
    double best = 0;
    for (const double g : grid) {
      if (std::fabs(t - g) < std::fabs(t - best)) best = g;
    }
    // Ties do not occur: the ramp's steps are no dyadic fractions of amax / 6.
    y.push_back(double{static_cast<float>(std::copysign(best * double{scale}, double{v}))});
  }
  return y;
}

TEST(comparison, numbers_are_those_of_the_definition) {
  const std::vector<comparison_tensor> tensors{ramp("a", 3, 13, 0.37F), ramp("b", 2, 7, 1.7F)};
  constexpr std::uint64_t seed = 3;
  const comparison all(tensors, seed, 5);
  comparison_case c;
  c.format = find_packable("e2m1fn");
  const std::vector<comparison_result> results = all.run(c);
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].tensor, "a");
  EXPECT_EQ(results[2].tensor, "*");

  double signal = 0;
  double noise = 0;
  double largest = 0;
  double underflow = 0;
  double bytes = 0;
  double clipped = 0;  // the scale may have been rounded down, so that amax lies above 6 scales
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::vector<double> y = e2m1_of(tensors[i].values);
    for (std::size_t j = 0; j < y.size(); ++j) {
      const double x = double{tensors[i].values[j]};
      signal += x * x;
      noise += (x - y[j]) * (x - y[j]);
      largest = std::max(largest, std::fabs(x - y[j]));
      underflow += x != 0 && y[j] == 0 ? 1 : 0;
    }
    float amax = 0;
    for (const float v : tensors[i].values) amax = std::max(amax, std::fabs(v));
    for (const float v : tensors[i].values) {
      clipped += std::fabs(double{v}) > 6 * double{amax / 6.0F} ? 1 : 0;
    }
    // Rows of 4-bit codes begin at bytes; one float scale.
    const std::size_t cols = tensors[i].shape.row_length();
    bytes += static_cast<double>(tensors[i].shape.row_count() * ((cols + 1) / 2) + 4);
  }
  const comparison_result& r = results[2];
  // Sums of 53 terms in binary64, in another order: 53 * 2^-53 relative, far below 1e-12.
  EXPECT_NEAR(r.sqnr_db, 10 * std::log10(signal / noise), 1e-11);
  EXPECT_NEAR(r.mse, noise / 53, 1e-13);
  EXPECT_DOUBLE_EQ(r.max_error, largest);
  EXPECT_DOUBLE_EQ(r.underflow, underflow / 53);
  EXPECT_DOUBLE_EQ(r.clipped, clipped / 53);
  EXPECT_DOUBLE_EQ(r.bits_per_element, 8 * bytes / 53);
  EXPECT_EQ(r.elements, 53U);
  EXPECT_EQ(r.scale, "absmax");
  EXPECT_GT(r.quantize_bytes_per_second, 0);
}

TEST(comparison, gemm_error_is_the_relative_frobenius_error_of_the_product) {
  const comparison_tensor w = ramp("w", 3, 13, 0.37F);
  constexpr std::uint64_t seed = 3;
  constexpr std::size_t rows = 5;
  comparison_case c;
  c.format = find_packable("e2m1fn");
  const comparison_result r = comparison({w}, seed, rows).run(c)[0];
  const std::vector<double> y = e2m1_of(w.values);
  double product = 0;
  double error = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double exact = 0;
      double rounded = 0;
      for (std::size_t k = 0; k < 13; ++k) {
        const double x = standard_normal(seed, 0x67656d6d, i * 13 + k);
        exact += x * double{w.values[j * 13 + k]};
        rounded += x * y[j * 13 + k];
      }
      product += exact * exact;
      error += (exact - rounded) * (exact - rounded);
    }
  }
  // The library forms x (w - w^)^T, with w - w^ rounded to binary32: relative 2^-24 an element.
  EXPECT_NEAR(r.gemm_relative_error, std::sqrt(error / product), 1e-6);
}

TEST(comparison, unsigned_formats_see_magnitudes_unless_affine) {
  const comparison all({ramp("w", 3, 13, 0.37F)}, 1, 1);
  comparison_case c;
  c.format = find_packable("ue4m3");
  const comparison_result magnitudes = all.run(c)[1];
  EXPECT_TRUE(magnitudes.on_magnitudes);
  c.format = find_packable("e4m3fn");
  const comparison_result both = all.run(c)[1];
  EXPECT_FALSE(both.on_magnitudes);
  EXPECT_DOUBLE_EQ(magnitudes.sqnr_db, both.sqnr_db);  // E4M3 is symmetric
  c.format = find_packable("uint8");
  c.group = group_kind::affine;
  EXPECT_FALSE(all.run(c)[1].on_magnitudes);
  EXPECT_EQ(all.run(c)[1].scale, "affine");
}

TEST(comparison, block_size_and_rule_replace_the_formats_own) {
  const comparison all({ramp("w", 2, 64, 0.37F)}, 1, 1);
  comparison_case c;
  c.format = find_packable("mxfp4");
  EXPECT_EQ(all.run(c)[1].scale, "pow2_rceil");
  EXPECT_DOUBLE_EQ(all.run(c)[1].bits_per_element, 4.25);
  c.block_size = 16;
  c.rule = scaling::pow2_floor{};
  EXPECT_EQ(all.run(c)[1].scale, "pow2_floor");
  EXPECT_DOUBLE_EQ(all.run(c)[1].bits_per_element, 4.5);
}

TEST(comparison, a_case_that_does_not_fit_is_an_error) {
  const comparison all({ramp("w", 2, 64, 0.37F)}, 1, 1);
  comparison_case c;
  c.format = find_packable("mxfp4");
  c.axis = 2;
  EXPECT_THROW(static_cast<void>(all.run(c)), error);
}

}  // namespace
