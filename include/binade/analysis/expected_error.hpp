// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/any_format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

// The mean squared error that rounding to a format makes on a distribution, from integrals in
// closed form: without samples and their noise.

namespace binade::inline v0 {

/// A distribution with density p: `d.moments(x)` is the integral of p(t), t p(t) and t^2 p(t) over
/// t from 0 to x >= 0, and p is symmetric around 0.
template <class D>
concept symmetric_distribution = requires(const D d, double x) {
  { d.moments(x) } -> std::same_as<std::array<double, 3>>;
};

/// N(0, 1).
struct normal_distribution {
  [[nodiscard]] std::array<double, 3> moments(double x) const noexcept {
    const double below = 0.5 * std::erf(x / std::numbers::sqrt2);
    const double scale = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    const double density = scale * std::exp(-x * x / 2);
    return {below, scale - density, below - (density > 0 ? x * density : 0)};
  }
};

/// Uniform in [-1, 1].
struct uniform_distribution {
  [[nodiscard]] std::array<double, 3> moments(double x) const noexcept {
    const double t = std::min(x, 1.0);
    return {t / 2, t * t / 4, t * t * t / 6};
  }
};

/// Student's t with a whole number of degrees of freedom, at least 2.
struct student_distribution {
  int degrees = 2;

  /// Substituting t = sqrt(degrees) tan(a) makes each integral one of powers of cos(a).
  [[nodiscard]] std::array<double, 3> moments(double x) const noexcept {
    const double n = degrees;
    const double root = std::sqrt(n);
    const double tangent = x / root;
    const double cosine = 1 / std::sqrt(1 + tangent * tangent);
    const double factor =
        std::exp(std::lgamma((n + 1) / 2) - std::lgamma(n / 2)) / std::sqrt(n * std::numbers::pi);
    const double plain = cosine_integral(degrees - 1, tangent, cosine);
    const double tails = cosine_integral(degrees - 3, tangent, cosine);
    return {factor * root * plain, factor * n / (n - 1) * (1 - std::pow(cosine, n - 1)),
            factor * n * root * (tails - plain)};
  }

 private:
  /// The integral of cos^power from 0 to the angle; power >= -1.
  static double cosine_integral(int power, double tangent, double cosine) noexcept {
    if (power == -1) return std::asinh(tangent);
    const bool is_odd = power % 2 != 0;
    double sum = is_odd ? tangent * cosine : std::atan(tangent);
    for (int k = is_odd ? 3 : 2; k <= power; k += 2) {
      sum = (std::pow(cosine, k) * tangent + (k - 1) * sum) / k;
    }
    return sum;
  }
};

/// The values from 0 to the largest of a format, ascending.
///
/// Throws: error if the format has more than 2^16 codes.
[[nodiscard]] inline std::vector<double> magnitudes(const any_format& format) {
  if (format.bit_count() > 16) {
    BINADE_THROW(error{"magnitudes: " + std::string(format.name()) + " has " +
                       std::to_string(format.bit_count()) + " bits; allowed are at most 16"});
  }
  std::vector<double> values{0};
  const code_description d = format.describe();
  const std::int64_t last = format.order_key(d.largest);
  for (std::int64_t key = format.order_key(d.smallest); key <= last; ++key) {
    values.push_back(to_double(format.decode(format.code_from_order_key(key))));
  }
  return values;
}

/// E[(x - q)^2] for |x| < bound, where q is the value of +-scale * `magnitudes` nearest to x.
/// Magnitudes outside [-bound, bound] do not count: for a distribution without bound it is
/// infinity.
///
/// Shapes: magnitudes[n], ascending from 0.
/// Error:  some 1e-15 of the variance within the bound.
/// Throws: error unless magnitudes begin with 0.
template <symmetric_distribution D>
[[nodiscard]] double expected_mse(const std::vector<double>& magnitudes, double scale,
                                  const D& distribution, double bound) {
  if (magnitudes.empty() || magnitudes.front() != 0) {
    BINADE_THROW(error{"expected_mse: the magnitudes do not begin with 0; they must"});
  }
  double sum = 0;
  std::array<double, 3> below{};
  for (std::size_t i = 0; i < magnitudes.size(); ++i) {
    const double value = scale * magnitudes[i];
    const bool is_last = i + 1 == magnitudes.size();
    const double end = is_last ? bound : scale * (magnitudes[i] + magnitudes[i + 1]) / 2;
    const std::array<double, 3> m = distribution.moments(std::min(end, bound));
    sum += m[2] - below[2] - 2 * value * (m[1] - below[1]) + value * value * (m[0] - below[0]);
    if (end >= bound) break;
    below = m;
  }
  return 2 * sum;
}

/// A scale and the expected error under it.
struct scale_and_mse {
  double scale;
  double mse;
};

/// The scale with the least expected_mse, among those that put the largest magnitude between
/// bound / 2^12 and 2 bound: 64 an octave, and 64 between the best one's neighbours.
///
/// Throws: error as expected_mse does.
template <symmetric_distribution D>
[[nodiscard]] scale_and_mse least_expected_mse(const std::vector<double>& magnitudes,
                                               const D& distribution, double bound) {
  constexpr int octaves = 12, steps = 64;
  const auto at = [&](double octave) {
    const double scale = std::exp2(octave) * bound / magnitudes.back();
    return scale_and_mse{scale, expected_mse(magnitudes, scale, distribution, bound)};
  };
  const auto least = [&](double first, double step, int count) {
    int best = 0;
    double mse = at(first).mse;
    for (int i = 1; i <= count; ++i) {
      const double other = at(first + i * step).mse;
      if (other < mse) {
        mse = other;
        best = i;
      }
    }
    return first + best * step;
  };
  const double coarse = least(-octaves, 1.0 / steps, (octaves + 1) * steps);
  return at(least(coarse - 1.0 / steps, 2.0 / (steps * steps), steps));
}

}  // namespace binade::inline v0
