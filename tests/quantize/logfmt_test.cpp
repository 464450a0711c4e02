// SPDX-License-Identifier: MIT

#include "binade/quantize/logfmt.hpp"

#include "binade/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using binade::logfmt_boundary;
using binade::logfmt_options;
using binade::quantize_logfmt;

/// A tile over more than three decades, with both signs, a zero and two neighbours of equal level.
const std::vector<float> tile{1.0F, -0.5F, 0.25F, 3.0F, 0.0F, 0.001F, -2.9F, 0.0011F};

std::vector<float> restored(const binade::logfmt_tensor& q) {
  std::vector<float> y(q.codes.size());
  binade::dequantize(q, y);
  return y;
}

std::vector<float> log_normals(std::size_t n, double spread) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double sign = binade::uniform01(1, 1, i) < 0.5 ? -1 : 1;
    x[i] = static_cast<float>(sign * std::exp(spread * binade::standard_normal(1, 0, i)));
  }
  return x;
}

// Codes worked out from the formula with arbitrary precision (specification of the format).
TEST(logfmt, codes_of_known_tiles) {
  const auto q8 = quantize_logfmt(tile);
  const std::vector<std::uint16_t> codes8{0x6e, 0xe3, 0x58, 0x7f, 0x00, 0x01, 0xfe, 0x02};
  EXPECT_EQ(q8.codes, codes8);
  ASSERT_EQ(q8.ranges.size(), 1U);
  EXPECT_FLOAT_EQ(q8.ranges[0].lowest, -6.90775528F);
  EXPECT_FLOAT_EQ(q8.ranges[0].step, 0.0635425997F);
  const std::vector<float> values{1.01856F, -0.506323F, 0.251692F, 3.0F,
                                  0.0F,     0.001F,     -2.8153F,  0.0010656F};
  const std::vector<float> y = restored(q8);
  // The values above are rounded to at least five digits.
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], values[i], 1e-5 * std::abs(y[i]));

  const auto q4 = quantize_logfmt(tile, {.bits = 4});
  const std::vector<std::uint16_t> codes4{0x06, 0x0e, 0x05, 0x07, 0x00, 0x01, 0x0f, 0x01};
  EXPECT_EQ(q4.codes, codes4);
  EXPECT_FLOAT_EQ(q4.ranges[0].step, 1.33439459F);
}

// Independent oracle: all levels are tried, in long double, from the stored range.
TEST(logfmt, every_element_gets_the_nearest_level) {
  const std::vector<float> x = log_normals(1000, 2.0);
  for (const int bits : {3, 5, 8, 10}) {
    const auto q = quantize_logfmt(x, {.bits = bits});
    const std::vector<float> y = restored(q);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto& range = q.ranges[i / 128];
      long double best = std::fabs(static_cast<long double>(x[i]));  // distance to level 0
      for (int k = 0; k < (1 << (bits - 1)) - 1; ++k) {
        const long double level = std::exp(static_cast<long double>(range.lowest) +
                                           k * static_cast<long double>(range.step));
        best = std::min(best, std::fabs(level - std::fabs(static_cast<long double>(x[i]))));
      }
      // y is rounded to binary32 and exp to binary64: 2^-24 of the value and less.
      EXPECT_NEAR(std::fabs(y[i] - x[i]), static_cast<double>(best), 0x1p-22 * std::fabs(x[i]))
          << "bits " << bits << " element " << i << " x " << x[i] << " code " << q.codes[i];
    }
  }
}

TEST(logfmt, a_logarithmic_boundary_is_the_geometric_mean) {
  // Levels 1, 2 and 4 (bits = 3): 1.45 lies below 1.5 and above sqrt(2).
  const std::vector<float> x{1.0F, 4.0F, 1.45F, 1.49F, 1.51F, -1.4F};
  const std::vector<std::uint16_t> linear{1, 3, 1, 1, 2, 5};
  const std::vector<std::uint16_t> logarithmic{1, 3, 2, 2, 2, 5};
  EXPECT_EQ(quantize_logfmt(x, {.bits = 3}).codes, linear);
  EXPECT_EQ(quantize_logfmt(x, {.bits = 3, .boundary = logfmt_boundary::logarithmic}).codes,
            logarithmic);
}

TEST(logfmt, zeros_equal_magnitudes_and_short_tiles) {
  const std::vector<float> zeros{0.0F, -0.0F};
  EXPECT_EQ(quantize_logfmt(zeros).codes, (std::vector<std::uint16_t>{0, 0}));
  EXPECT_EQ(restored(quantize_logfmt(zeros)), (std::vector<float>{0.0F, 0.0F}));

  const std::vector<float> equal{0.75F, -0.75F, 0.0F};
  const auto q = quantize_logfmt(equal);
  EXPECT_EQ(q.codes, (std::vector<std::uint16_t>{1, 0x81, 0}));
  EXPECT_EQ(q.ranges[0].step, 0.0F);
  // exp(ln x) with ln rounded to binary32: |ln 0.75| < 0.5, so half a unit is 2^-26.
  EXPECT_NEAR(restored(q)[1], -0.75F, 0x1p-24);

  const auto tiles = quantize_logfmt(tile, {.tile = 3});
  EXPECT_EQ(tiles.ranges.size(), 3U);
  EXPECT_DOUBLE_EQ(tiles.bits_per_element(), 8 + 64.0 * 3 / 8);
  EXPECT_TRUE(quantize_logfmt({}).codes.empty());
  EXPECT_EQ(quantize_logfmt({}).bits_per_element(), 0.0);
}

// The range spans 2^32 at most: what is smaller becomes the lowest level or zero.
TEST(logfmt, the_range_is_clamped) {
  const std::vector<float> x{1.0F, 0x1p-32F, 0x1.8p-33F, 0x1p-34F, -0x1p-60F};
  EXPECT_EQ(quantize_logfmt(x).codes, (std::vector<std::uint16_t>{0x7f, 1, 1, 0, 0}));
}

TEST(logfmt, errors_say_what_is_wrong) {
  const auto message = [](const std::vector<float>& x, const logfmt_options& o) {
    try {
      static_cast<void>(quantize_logfmt(x, o));
    } catch (const binade::error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message({1.0F}, {.bits = 2}).find("2 bits"), std::string::npos);
  EXPECT_NE(message({1.0F}, {.bits = 17}).find("17 bits"), std::string::npos);
  EXPECT_NE(message({1.0F}, {.tile = 0}).find("tiles of 0"), std::string::npos);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_NE(message({1.0F, -infinity}, {}).find("x[1]"), std::string::npos);
  EXPECT_NE(message({std::numeric_limits<float>::quiet_NaN()}, {}).find("x[0]"), std::string::npos);
  std::vector<float> small(2);
  EXPECT_THROW(binade::dequantize(quantize_logfmt(tile), small), binade::error);
}

}  // namespace
