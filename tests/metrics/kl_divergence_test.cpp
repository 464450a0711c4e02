// SPDX-License-Identifier: MIT
#include "binade/metrics/kl_divergence.hpp"

#include "binade/core/parallel.hpp"
#include "binade/core/random.hpp"
#include "binade/tensor/view.hpp"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace {

using binade::matrix_view;
using binade::threads;
using binade::metrics::kl_divergence;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The definition, sum of p log(p / q), with 300 bits.
double divergence_by_mpfr(const std::vector<double>& x, const std::vector<double>& y) {
  mpfr_t sum_x, sum_y, p, q, term, total;
  mpfr_inits2(300, sum_x, sum_y, p, q, term, total, static_cast<mpfr_ptr>(nullptr));
  mpfr_set_zero(sum_x, 1);
  mpfr_set_zero(sum_y, 1);
  mpfr_set_zero(total, 1);
  for (const double w : x) mpfr_add_d(sum_x, sum_x, w, MPFR_RNDN);
  for (const double w : y) mpfr_add_d(sum_y, sum_y, w, MPFR_RNDN);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == 0) continue;
    mpfr_d_div(p, x[i], sum_x, MPFR_RNDN);
    mpfr_d_div(q, y[i], sum_y, MPFR_RNDN);
    mpfr_div(term, p, q, MPFR_RNDN);
    mpfr_log(term, term, MPFR_RNDN);
    mpfr_mul(term, term, p, MPFR_RNDN);
    mpfr_add(total, total, term, MPFR_RNDN);
  }
  const double result = mpfr_get_d(total, MPFR_RNDN);
  mpfr_clears(sum_x, sum_y, p, q, term, total, static_cast<mpfr_ptr>(nullptr));
  return result;
}

// Softmax-like weights, and others that differ from them by a factor of about 1 + spread.
struct sample {
  std::vector<double> x, y;
};
sample make_sample(std::size_t n, double spread) {
  sample s;
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = [&](std::uint64_t stream) {
      return static_cast<double>(binade::random_bits(9, stream, i, 32)) * 0x1p-32;
    };
    s.x.push_back(std::exp(8 * u(0)));
    s.y.push_back(s.x[i] * (1 + spread * (u(1) - 0.5)));
  }
  return s;
}

TEST(KlDivergence, agrees_with_the_definition) {
  for (const std::size_t n : {2u, 7u, 64u, 5000u}) {
    for (const double spread : {1.9, 0.5, 1e-2, 1e-4, 1e-6}) {
      const sample s = make_sample(n, spread);
      const double expected = divergence_by_mpfr(s.x, s.y);
      const double got = kl_divergence(s.x, s.y);
      // p and q carry the relative error e of their sums and division, e < (512 + 3 + 2 + 1) u
      // with u = 2^-53 (see error_statistics_test). The exact divergence of the perturbed p and q
      // moves by at most 2 e sum p |log(p / q)| + 2 e |sum p - sum q|-like terms, and a term rounds
      // r, log1p, their difference and the product: 4 u p (|r| + |log1p r|). With |r| < 40 spread
      // (spread 1.9 gives q / p in [0.05, 1.95] up to normalization) both are below:
      const double u = 0x1p-53;
      const double slope = spread > 1 ? 40 : 4 * spread;
      const double bound = (4 * 518 + 8) * u * slope * 2;
      EXPECT_NEAR(got, expected, bound) << n << " weights, spread " << spread;
      EXPECT_GT(got, 0);
      // Small divergences keep digits too: sum p log(p / q) itself would lose them.
      if (spread >= 1e-4) {
        EXPECT_NEAR(got / expected, 1, 1e-3) << n << ", " << spread;
      }
    }
  }
}

TEST(KlDivergence, of_numbers_by_hand) {
  // p = (1/2, 1/2), q = (1/4, 3/4): 1/2 ln 2 + 1/2 ln(2/3) = 1/2 ln(4/3).
  const std::vector<float> x{2, 2}, y{1, 3};
  EXPECT_NEAR(kl_divergence(x, y), 0.14384103622589046, 1e-16);
  EXPECT_NEAR(kl_divergence(x, std::vector<double>{10, 30}), 0.14384103622589046, 1e-16);
  // p = (1, 0): ln 4; weights of 0 in x cost nothing.
  EXPECT_NEAR(kl_divergence(std::vector<float>{5, 0}, y), std::log(4.0), 4e-16);
}

TEST(KlDivergence, is_zero_for_equal_and_infinite_for_impossible) {
  const std::vector<float> x{1, 2, 0, 4};
  EXPECT_EQ(kl_divergence(x, x), 0);
  EXPECT_EQ(kl_divergence(x, std::vector<float>{2, 4, 0, 8}), 0);
  EXPECT_EQ(kl_divergence(x, std::vector<float>{1, 0, 1, 4}), infinity);
  EXPECT_EQ(kl_divergence(x, std::vector<float>{1, 2, -0.0F, 4}), 0);
}

TEST(KlDivergence, of_nan_and_infinity_is_nan) {
  const std::vector<double> x{1, 2, 3};
  for (const double w : {nan, -nan, infinity}) {
    EXPECT_TRUE(std::isnan(kl_divergence(x, std::vector<double>{1, w, 1}))) << w;
    EXPECT_TRUE(std::isnan(kl_divergence(std::vector<double>{1, w, 1}, x))) << w;
  }
}

TEST(KlDivergence, does_not_depend_on_executor_or_layout) {
  const sample s = make_sample(60000, 0.3);
  const double expected = kl_divergence(s.x, s.y);
  EXPECT_EQ(kl_divergence(s.x, s.y, threads{3}), expected);
  std::vector<double> columns(s.x.size());
  for (std::size_t i = 0; i < 200; ++i) {
    for (std::size_t j = 0; j < 300; ++j) columns[j * 200 + i] = s.x[i * 300 + j];
  }
  EXPECT_EQ(kl_divergence(matrix_view(columns, 300, 200).transposed(), matrix_view(s.y, 200, 300)),
            expected);
}

template <class Call>
std::string message_of(Call call) {
  try {
    (void)call();
  } catch (const binade::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(KlDivergence, throws_on_what_is_no_distribution) {
  const std::vector<float> x{1, 2}, zeros(2);
  EXPECT_EQ(message_of([&] { return kl_divergence(x, std::vector<float>(3)); }),
            "kl_divergence: x is [2] but y is [3]; the shapes must be equal");
  EXPECT_EQ(message_of([&] { return kl_divergence(x, std::vector<float>{-1, -2}); }),
            "kl_divergence: 2 weights are negative; all must be at least 0");
  EXPECT_EQ(message_of([&] { return kl_divergence(std::vector<double>{1, -infinity}, x); }),
            "kl_divergence: 1 weights are negative; all must be at least 0");
  EXPECT_EQ(message_of([&] { return kl_divergence(x, zeros); }),
            "kl_divergence: the weights of x sum to 3.000000 and those of y to 0.000000; both sums "
            "must be greater than 0");
  EXPECT_NE(message_of([&] { return kl_divergence(std::vector<float>(), std::vector<float>()); }),
            "nothing was thrown");
}

}  // namespace
