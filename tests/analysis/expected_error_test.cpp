// SPDX-License-Identifier: MIT

// Expected errors in closed form, against sums over fine grids of x.

#include "binade/analysis/expected_error.hpp"

#include "binade/format/catalog_float.hpp"
#include "binade/format/catalog_integer.hpp"
#include "binade/format/convert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace {

using namespace binade;

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double uniform_density(double x) { return std::fabs(x) <= 1 ? 0.5 : 0; }
/// For the degrees whose gamma functions are simple.
double student_density(int degrees, double x) {
  switch (degrees) {
    case 2:
      return std::pow(2 + x * x, -1.5);
    case 3:
      return 6 * std::sqrt(3.0) / std::numbers::pi / std::pow(3 + x * x, 2);
    case 4:
      return 12 * std::pow(4 + x * x, -2.5);
    default:
      ADD_FAILURE() << degrees;
      return 0;
  }
}

/// The midpoint rule with cells of h has an error of h^2 / 24 times the change of the derivative,
/// which is below 10 for these integrands: below 1e-6.
constexpr double h = 0x1p-10, tolerance = 1e-6;

template <class Density>
double midpoints(double end, const Density& f) {
  double sum = 0;
  for (double x = h / 2; x < end; x += h) sum += f(x);
  return sum * h;
}

template <class D, class Density>
void check_moments(const D& distribution, const Density& density) {
  for (const double end : {0.0, 0.5, 1.0, 3.0, 8.0}) {
    const auto m = distribution.moments(end);
    EXPECT_NEAR(m[0], midpoints(end, density), tolerance) << end;
    EXPECT_NEAR(m[1], midpoints(end, [&](double x) { return x * density(x); }), tolerance) << end;
    EXPECT_NEAR(m[2], midpoints(end, [&](double x) { return x * x * density(x); }), tolerance)
        << end;
  }
}

TEST(expected_error, moments_are_integrals_of_the_density) {
  check_moments(normal_distribution{}, normal_density);
  check_moments(uniform_distribution{}, uniform_density);
  for (const int degrees : {2, 3, 4}) {
    check_moments(student_distribution{degrees},
                  [degrees](double x) { return student_density(degrees, x); });
  }
}

TEST(expected_error, moments_far_out) {
  EXPECT_DOUBLE_EQ(normal_distribution{}.moments(INFINITY)[0], 0.5);
  EXPECT_DOUBLE_EQ(uniform_distribution{}.moments(INFINITY)[2], 1.0 / 6);
  // The variance of t(n) is n / (n - 2); at 1e6 the tail of t(8) is below 1e-30.
  EXPECT_NEAR(student_distribution{8}.moments(1e6)[2], 8.0 / 6 / 2, 1e-12);
}

TEST(expected_error, magnitudes_of_formats) {
  const std::vector<double> e2m1{0, 0.5, 1, 1.5, 2, 3, 4, 6};
  EXPECT_EQ(magnitudes(any_format::of<e2m1fn>()), e2m1);
  EXPECT_EQ(magnitudes(any_format::of<int3>()), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(magnitudes(any_format::of<e5m2>()).back(), 57344);
  EXPECT_THROW((void)magnitudes(any_format::binary32()), error);
}

TEST(expected_error, mse_is_that_of_conversion) {
  const std::vector<double> grid = magnitudes(any_format::of<e2m1fn>());
  for (const double scale : {0.3, 0.5, 1.0}) {
    const auto squared = [&](double x) {
      const double e = scale * double{e2m1fn(x / scale)} - x;
      return 2 * e * e * normal_density(x);
    };
    EXPECT_NEAR(expected_mse(grid, scale, normal_distribution{}, INFINITY), midpoints(12, squared),
                2 * tolerance)
        << scale;
    EXPECT_NEAR(expected_mse(grid, scale, normal_distribution{}, 1.7), midpoints(1.7, squared),
                h)  // the last cell may be cut by the bound
        << scale;
  }
  EXPECT_THROW((void)expected_mse({1, 2}, 1, normal_distribution{}, 1), error);
  EXPECT_THROW((void)expected_mse({}, 1, normal_distribution{}, 1), error);
}

TEST(expected_error, least_mse_of_known_quantizers) {
  // n levels of distance d hold [-1, 1] best at d = 2 / n: the error is d^2 / 12.
  for (const auto& [grid, levels] : {std::pair{magnitudes(any_format::of<int8>()), 255.0},
                                     std::pair{magnitudes(any_format::of<int4>()), 15.0}}) {
    const scale_and_mse best = least_expected_mse(grid, uniform_distribution{}, 1);
    const double distance = 2 / levels;
    EXPECT_NEAR(best.scale / distance, 1, 0x1p-11) << levels;  // a step of the finer search
    EXPECT_NEAR(best.mse / (distance * distance / 12), 1, 1e-3) << levels;
  }
  // Three levels on N(0, 1): Max (1960), table I: levels 0 and +-1.2240, error 0.1902.
  const scale_and_mse three = least_expected_mse({0, 1}, normal_distribution{}, 16);
  EXPECT_NEAR(three.scale, 1.2240, 0.0006);
  EXPECT_NEAR(three.mse, 0.1902, 0.00005);
}

}  // namespace
