// SPDX-License-Identifier: MIT
#include "binade/metrics/metrics.hpp"

#include "binade/core/parallel.hpp"
#include "binade/tensor/view.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

namespace metrics = binade::metrics;
using binade::matrix_view;
using binade::tensor_view;
using binade::threads;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class Call>
std::string message_of(Call call) {
  try {
    (void)call();
  } catch (const binade::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

const std::vector<float> x{3, -4, 0, 12};
const std::vector<float> y{3, -2, 0, 11};

// Worked out by hand: sum x^2 = 169, sum y^2 = 134, sum (x - y)^2 = 5, sum x y = 149.
TEST(Metrics, of_numbers_by_hand) {
  EXPECT_EQ(metrics::mse(x, y), 1.25);
  EXPECT_EQ(metrics::relative_mse(x, y), 5.0 / 169);
  EXPECT_EQ(metrics::relative_frobenius_error(x, y), std::sqrt(5.0 / 169));
  EXPECT_DOUBLE_EQ(metrics::sqnr_db(x, y), 15.289167002776548);
  EXPECT_EQ(metrics::max_abs_error(x, y), 2);
  EXPECT_DOUBLE_EQ(metrics::cosine_similarity(x, y), 149 / (13 * std::sqrt(134.0)));
  EXPECT_EQ(metrics::crest_factor(x), 12 / 6.5);
  EXPECT_EQ(metrics::underflow_count(x, std::vector<float>{0, 1, 0, -0.0F}), 2u);
  EXPECT_EQ(metrics::underflow_fraction(x, std::vector<float>{0, 1, 0, -0.0F}), 0.5);
  EXPECT_EQ(metrics::clipped_count(x, 3.5), 2u);
  EXPECT_EQ(metrics::clipped_fraction(x, 3.5), 0.5);
}

TEST(Metrics, take_views_spans_vectors_and_arrays_of_float_and_double) {
  const std::vector<double> wide(y.begin(), y.end());
  float memory[] = {3, 0, -4, 12};  // the columns of a matrix whose rows are x
  const auto columns = matrix_view(memory, 2, 2).transposed();
  const std::array<float, 4> array{3, -2, 0, 11};
  EXPECT_EQ(metrics::mse(x, wide), 1.25);
  EXPECT_EQ(metrics::mse(std::span<const float>(x), array), 1.25);
  EXPECT_EQ(metrics::mse(columns, matrix_view(y, 2, 2)), 1.25);
  EXPECT_EQ(metrics::mse(columns, matrix_view(wide, 2, 2), threads{2}), 1.25);
  EXPECT_EQ(metrics::crest_factor(columns), 12 / 6.5);
  EXPECT_EQ(metrics::clipped_count(columns, 3.5), 2u);
}

TEST(Metrics, name_themselves_when_shapes_differ) {
  const std::vector<float> z(3);
  const std::string end = ": x is [4] but y is [3]; the shapes must be equal";
  EXPECT_EQ(message_of([&] { return metrics::mse(x, z); }), "mse" + end);
  EXPECT_EQ(message_of([&] { return metrics::relative_mse(x, z); }), "relative_mse" + end);
  EXPECT_EQ(message_of([&] { return metrics::relative_frobenius_error(x, z); }),
            "relative_frobenius_error" + end);
  EXPECT_EQ(message_of([&] { return metrics::sqnr_db(x, z); }), "sqnr_db" + end);
  EXPECT_EQ(message_of([&] { return metrics::max_abs_error(x, z); }), "max_abs_error" + end);
  EXPECT_EQ(message_of([&] { return metrics::cosine_similarity(x, z); }),
            "cosine_similarity" + end);
  EXPECT_EQ(message_of([&] { return metrics::underflow_count(x, z); }), "underflow_count" + end);
  EXPECT_EQ(message_of([&] { return metrics::underflow_fraction(x, z); }),
            "underflow_fraction" + end);
}

TEST(ClippedCount, counts_magnitudes_above_the_limit) {
  const double top = std::nextafter(448.0, 1000.0);
  const std::vector<double> values{448, -448, top, -top, 0, 5e-324, infinity, -infinity, nan, -nan};
  EXPECT_EQ(metrics::clipped_count(values, 448), 4u);
  EXPECT_EQ(metrics::clipped_count(values, top), 2u);
  EXPECT_EQ(metrics::clipped_count(values, infinity), 0u);
  EXPECT_EQ(metrics::clipped_count(values, 0), 7u);
  EXPECT_EQ(metrics::clipped_count(values, -0.0), 7u);
  EXPECT_EQ(metrics::clipped_fraction(values, 448), 0.4);
  EXPECT_EQ(metrics::clipped_fraction(std::vector<float>(), 1), 0);
  EXPECT_EQ(message_of([&] { return metrics::clipped_count(values, -1); }),
            "clipped_count: limit is -1.000000; it must be a number of at least 0");
  EXPECT_NE(message_of([&] { return metrics::clipped_count(values, nan); }), "nothing was thrown");
  EXPECT_NE(message_of([&] { return metrics::clipped_count(values, -nan); }), "nothing was thrown");
  EXPECT_NE(message_of([&] { return metrics::clipped_count(values, -infinity); }),
            "nothing was thrown");
}

TEST(ClippedCount, adds_up_over_chunks_and_threads) {
  std::vector<float> values(1'500'000);
  std::size_t expected = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i % 1009) * (i % 2 == 0 ? 1.0F : -1.0F);
    expected += i % 1009 > 1000;
  }
  EXPECT_EQ(metrics::clipped_count(values, 1000), expected);
  EXPECT_EQ(metrics::clipped_count(values, 1000, threads{3}), expected);
}

}  // namespace
