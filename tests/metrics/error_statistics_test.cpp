// SPDX-License-Identifier: MIT
#include "binade/metrics/error_statistics.hpp"

#include "binade/core/config.hpp"
#include "binade/core/parallel.hpp"
#include "binade/core/random.hpp"
#include "binade/tensor/view.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <cstddef>
#include <gmpxx.h>
#include <limits>
#include <string>
#include <vector>
#if BINADE_ARCH_X86_64
#include <xmmintrin.h>
#endif

namespace {

using binade::error_statistics;
using binade::matrix_view;
using binade::tensor_view;
using binade::threads;
using binade::vector_view;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float float_infinity = std::numeric_limits<float>::infinity();
constexpr float float_nan = std::numeric_limits<float>::quiet_NaN();

// A tensor with a wide range of magnitudes and signs, and a coarse approximation of it.
template <class T>
struct sample {
  std::vector<T> x, y;
};
template <class T>
sample<T> make_sample(std::size_t n, std::uint64_t seed) {
  sample<T> s;
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = [&](std::uint64_t stream, int bits) {
      return static_cast<double>(binade::random_bits(seed, stream, i, 32) >> (32 - bits));
    };
    const double sign = u(0, 1) == 0 ? 1 : -1;
    const double x = sign * (1 + u(1, 22) / (1 << 22)) * std::exp2(u(2, 5) - 16);
    const double grid = std::exp2(-9);
    s.x.push_back(static_cast<T>(x));
    // Never all equal: the first is off by a step.
    s.y.push_back(static_cast<T>(std::nearbyint(x / grid + (i == 0 ? 1 : 0)) * grid));
  }
  return s;
}

// The exact sums.
struct exact_sums {
  mpq_class signal = 0, approximation = 0, noise = 0, product = 0, largest = 0, largest_error = 0;
};
template <class T>
exact_sums sum_exactly(const std::vector<T>& x, const std::vector<T>& y) {
  exact_sums e;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const mpq_class a(static_cast<double>(x[i])), b(static_cast<double>(y[i]));
    const mpq_class d = a - b;
    e.signal += a * a;
    e.approximation += b * b;
    e.noise += d * d;
    e.product += a * b;
    if (abs(a) > e.largest) e.largest = abs(a);
    if (abs(d) > e.largest_error) e.largest_error = abs(d);
  }
  return e;
}

// |got / exact - 1|, rounded up a little.
double relative_distance(double got, const mpq_class& exact) {
  const mpq_class distance = abs(mpq_class(got) - exact) / abs(exact);
  return distance.get_d() * (1 + 1e-15);
}

template <class T>
void agrees_with_exact_sums() {
  for (const std::size_t n : {1u, 7u, 8u, 9u, 511u, 513u, 4096u, 4097u, 20000u}) {
    const auto s = make_sample<T>(n, n);
    const exact_sums e = sum_exactly(s.x, s.y);
    error_statistics got;
    got.add(s.x, s.y);
    // A term is rounded at most three times (difference, twice as it enters the square; the
    // square), then added at most 512 times in its partial sum, 3 times in the fold and 5 times
    // over chunks, where sums of non-negative terms err by 2^-53 of themselves each time.
    const double bound = (3 + 512 + 3 + 5) * 0x1p-53 * (1 + 1e-9);
    SCOPED_TRACE(std::to_string(n) + " elements");
    EXPECT_EQ(got.count(), n);
    EXPECT_EQ(got.non_finite(), 0u);
    EXPECT_LE(relative_distance(got.signal_energy(), e.signal), bound);
    EXPECT_LE(relative_distance(got.error_energy(), e.noise), bound);
    EXPECT_LE(relative_distance(got.mse(), e.noise / static_cast<unsigned long>(n)),
              bound + 0x1p-53);
    EXPECT_LE(relative_distance(got.relative_mse(), e.noise / e.signal), 2 * bound + 0x1p-53);
    // The square root halves the relative error and rounds once.
    EXPECT_NEAR(got.relative_frobenius_error(), std::sqrt(mpq_class(e.noise / e.signal).get_d()),
                got.relative_frobenius_error() * (bound + 0x1p-51));
    // d(10 log10 r) = 10 / ln 10 * dr / r; 4.35 > 10 / ln 10. log10 is taken to err by 2^-51.
    const double db = 10 * std::log10(mpq_class(e.signal / e.noise).get_d());
    EXPECT_NEAR(got.sqnr_db(), db, 4.35 * (2 * bound + 0x1p-52) + std::fabs(db) * 0x1p-50);
    // One rounding of the difference; none where it is exact.
    EXPECT_LE(relative_distance(got.max_abs_error(), e.largest_error), 0x1p-53 * (1 + 1e-9));
    // The products have both signs: their error is bounded by the norms instead (Cauchy-Schwarz),
    // the norms' own by half of theirs, and four more roundings.
    const double cosine =
        e.product.get_d() / std::sqrt(e.signal.get_d()) / std::sqrt(e.approximation.get_d());
    if (e.approximation != 0) {
      EXPECT_NEAR(got.cosine_similarity(), cosine, 2 * bound + 8 * 0x1p-53);
    }
    const double rms = std::sqrt(mpq_class(e.signal / static_cast<unsigned long>(n)).get_d());
    EXPECT_NEAR(got.crest_factor(), e.largest.get_d() / rms,
                got.crest_factor() * (bound + 4 * 0x1p-53));
  }
}

TEST(ErrorStatistics, agree_with_exact_sums_of_floats) { agrees_with_exact_sums<float>(); }
TEST(ErrorStatistics, agree_with_exact_sums_of_doubles) { agrees_with_exact_sums<double>(); }

TEST(ErrorStatistics, are_right_for_numbers_by_hand) {
  const std::vector<float> x{3, -4, 0, 12}, y{3, -2, 0, 11};
  error_statistics s;
  s.add(x, y);
  EXPECT_EQ(s.count(), 4u);
  EXPECT_EQ(s.signal_energy(), 169);
  EXPECT_EQ(s.error_energy(), 5);
  EXPECT_EQ(s.mse(), 1.25);
  EXPECT_EQ(s.relative_mse(), 5.0 / 169);
  EXPECT_EQ(s.relative_frobenius_error(), std::sqrt(5.0 / 169));
  EXPECT_DOUBLE_EQ(s.sqnr_db(), 15.289167002776548);  // 10 log10(33.8)
  EXPECT_EQ(s.max_abs_error(), 2);
  EXPECT_DOUBLE_EQ(s.cosine_similarity(), 149 / (13 * std::sqrt(134.0)));
  EXPECT_EQ(s.crest_factor(), 12 / 6.5);
  EXPECT_EQ(s.underflowed(), 0u);
}

// The order that the header states, executed literally.
double sum_in_the_stated_order(const std::vector<double>& terms) {
  volatile double total = 0;  // volatile: rounded each time, nothing fused
  for (std::size_t begin = 0; begin < terms.size(); begin += 4096) {
    volatile double lane[8] = {};
    for (std::size_t k = 0; k < 4096 && begin + k < terms.size(); ++k) {
      lane[k % 8] = lane[k % 8] + terms[begin + k];
    }
    for (int half = 4; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) lane[i] = lane[i] + lane[i + half];
    }
    total = total + lane[0];
  }
  return total;
}

TEST(ErrorStatistics, sum_in_the_stated_order_on_every_executor_and_for_every_layout) {
  const std::size_t rows = 300, columns = 3700;  // more than a batch of 256 chunks
  const auto s = make_sample<float>(rows * columns, 3);
  std::vector<double> xx, dd;
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    const volatile double d = static_cast<double>(s.x[i]) - static_cast<double>(s.y[i]);
    xx.push_back(static_cast<double>(s.x[i]) * static_cast<double>(s.x[i]));  // exact
    volatile double square = d * d;
    dd.push_back(double{square});
  }
  const double signal = sum_in_the_stated_order(xx), noise = sum_in_the_stated_order(dd);
  const auto check = [&](const error_statistics& got, const char* what) {
    EXPECT_EQ(got.signal_energy(), signal) << what;
    EXPECT_EQ(got.error_energy(), noise) << what;
    EXPECT_EQ(got.count(), s.x.size()) << what;
  };
  error_statistics plain, two, three, strided, mixed;
  plain.add(s.x, s.y);
  check(plain, "calling thread");
  two.add(s.x, s.y, threads{2});
  check(two, "two threads");
  three.add(matrix_view(s.x, rows, columns), matrix_view(s.y, rows, columns), threads{3});
  check(three, "three threads");
  std::vector<float> columns_first(s.x.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      columns_first[j * rows + i] = s.x[i * columns + j];
    }
  }
  strided.add(matrix_view(columns_first, columns, rows).transposed(),
              matrix_view(s.y, rows, columns));
  check(strided, "strided");
  const std::vector<double> wide(s.y.begin(), s.y.end());
  mixed.add(s.x, wide);
  check(mixed, "float against double");
  EXPECT_EQ(plain.max_abs_error(), three.max_abs_error());
  EXPECT_EQ(plain.cosine_similarity(), strided.cosine_similarity());
}

TEST(ErrorStatistics, do_not_depend_on_the_environment) {
  auto s = make_sample<float>(10000, 5);
  for (std::size_t i = 0; i < s.x.size(); i += 3) {
    s.x[i] = std::ldexp(s.x[i], -140);  // subnormal
    s.y[i] = i % 2 == 0 ? 0 : s.x[i] / 2;
  }
  const auto run = [&] {
    error_statistics e;
    e.add(s.x, s.y, threads{2});
    error_statistics all;
    all += e;
    all += e;
    return all;
  };
  const error_statistics expected = run();
  const auto same = [&](const error_statistics& got, const char* what) {
    EXPECT_EQ(got.signal_energy(), expected.signal_energy()) << what;
    EXPECT_EQ(got.error_energy(), expected.error_energy()) << what;
    EXPECT_EQ(got.max_abs_error(), expected.max_abs_error()) << what;
    EXPECT_EQ(got.underflowed(), expected.underflowed()) << what;
  };
  EXPECT_GT(expected.underflowed(), 3000u);
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    const int before = std::fegetround();
    std::fesetround(mode);
    const error_statistics got = run();
    std::fesetround(before);
    same(got, "rounding mode");
  }
#if BINADE_ARCH_X86_64
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
  const error_statistics got = run();
  _mm_setcsr(before);
  same(got, "flush to zero");
#endif
}

TEST(ErrorStatistics, of_several_tensors_are_those_of_all_elements) {
  const auto a = make_sample<float>(5000, 1), b = make_sample<float>(77, 2);
  error_statistics together, first, second;
  together.add(a.x, a.y);
  together.add(b.x, b.y);
  first.add(a.x, a.y);
  second.add(b.x, b.y);
  error_statistics merged;
  merged += first;
  merged += second;
  EXPECT_EQ(merged.count(), 5077u);
  EXPECT_EQ(merged.signal_energy(), together.signal_energy());
  EXPECT_EQ(merged.error_energy(), together.error_energy());
  EXPECT_EQ(merged.signal_energy(), first.signal_energy() + second.signal_energy());
  EXPECT_EQ(merged.max_abs_error(), std::max(first.max_abs_error(), second.max_abs_error()));
  EXPECT_EQ(merged.sqnr_db(), together.sqnr_db());
  EXPECT_EQ(merged.sqnr_db(), 10 * std::log10((first.signal_energy() + second.signal_energy()) /
                                              (first.error_energy() + second.error_energy())));
}

TEST(ErrorStatistics, of_equal_tensors_zeros_and_nothing) {
  const std::vector<float> none, zeros(5), some{1, 2, -3, 0, 5};
  const auto of = [](const std::vector<float>& x, const std::vector<float>& y) {
    error_statistics s;
    s.add(x, y);
    return s;
  };
  for (const error_statistics& s :
       {of(some, some), of(zeros, zeros), of(none, none), error_statistics()}) {
    EXPECT_EQ(s.mse(), 0);
    EXPECT_EQ(s.relative_mse(), 0);
    EXPECT_EQ(s.relative_frobenius_error(), 0);
    EXPECT_EQ(s.sqnr_db(), infinity);
    EXPECT_EQ(s.max_abs_error(), 0);
    EXPECT_EQ(s.cosine_similarity(), 1);
    EXPECT_EQ(s.underflow_fraction(), 0);
  }
  EXPECT_EQ(of(zeros, zeros).crest_factor(), 1);
  EXPECT_EQ(of(none, none).crest_factor(), 1);
  const error_statistics from_zeros = of(zeros, some);
  EXPECT_EQ(from_zeros.mse(), 39 / 5.0);
  EXPECT_EQ(from_zeros.relative_mse(), infinity);
  EXPECT_EQ(from_zeros.relative_frobenius_error(), infinity);
  EXPECT_EQ(from_zeros.sqnr_db(), -infinity);
  EXPECT_EQ(from_zeros.cosine_similarity(), 0);
  const error_statistics to_zeros = of(some, zeros);
  EXPECT_EQ(to_zeros.relative_mse(), 1);
  EXPECT_EQ(to_zeros.sqnr_db(), 0);
  EXPECT_EQ(to_zeros.cosine_similarity(), 0);
  EXPECT_EQ(to_zeros.underflowed(), 4u);
  EXPECT_EQ(to_zeros.underflow_fraction(), 0.8);
  // -0 is 0, and opposite vectors have cosine -1.
  EXPECT_EQ(of({-0.0F, 0.0F}, {0.0F, -0.0F}).sqnr_db(), infinity);
  EXPECT_EQ(of({-0.0F, 0.0F}, {0.0F, -0.0F}).underflowed(), 0u);
  EXPECT_EQ(of({1, 0, -2}, {-1, -0.0F, 2}).cosine_similarity(), -1);
  EXPECT_EQ(of({1, 0, 2}, {2, 0, 4}).cosine_similarity(), 1);
  EXPECT_EQ(of({1e-45F}, {0}).underflowed(), 1u);
  EXPECT_EQ(of({1e-45F}, {1e-45F}).underflowed(), 0u);
}

TEST(ErrorStatistics, have_a_cosine_for_doubles_of_any_size) {
  // The product of the squared norms would be 2^+-1200.
  for (const double size : {0x1p-300, 0x1p300}) {
    error_statistics s;
    s.add(std::vector<double>{3 * size, 4 * size}, std::vector<double>{4 * size, 3 * size});
    // Each of the two square roots, their product and the quotient rounds once.
    EXPECT_NEAR(s.cosine_similarity(), 24 / 25.0, 4 * 0x1p-53);
  }
}

TEST(ErrorStatistics, of_nan_and_infinity) {
  const auto with = [](float x, float y) {
    error_statistics s;
    std::vector<float> xs(100, 1), ys(100, 2);
    xs[37] = x;
    ys[37] = y;
    s.add(xs, ys);
    return s;
  };
  const auto is_nan = [](const error_statistics& s) {
    return std::isnan(s.mse()) && std::isnan(s.relative_mse()) &&
           std::isnan(s.relative_frobenius_error()) && std::isnan(s.sqnr_db()) &&
           std::isnan(s.max_abs_error()) && std::isnan(s.cosine_similarity());
  };
  for (const float x : {float_nan, -float_nan, float_infinity, -float_infinity}) {
    for (const float y : {1.0F, 0.0F, float_nan, float_infinity}) {
      EXPECT_TRUE(is_nan(with(x, y))) << x << " " << y;
      EXPECT_TRUE(std::isnan(with(x, y).crest_factor())) << x << " " << y;
      EXPECT_EQ(with(x, y).non_finite(), 1u);
      EXPECT_EQ(with(x, y).underflowed(), 0u) << x << " " << y;
    }
  }
  EXPECT_TRUE(is_nan(with(1, float_nan)));
  for (const float y : {float_infinity, -float_infinity}) {
    const error_statistics s = with(1, y);
    EXPECT_EQ(s.mse(), infinity);
    EXPECT_EQ(s.relative_mse(), infinity);
    EXPECT_EQ(s.relative_frobenius_error(), infinity);
    EXPECT_EQ(s.sqnr_db(), -infinity);
    EXPECT_EQ(s.max_abs_error(), infinity);
    EXPECT_TRUE(std::isnan(s.cosine_similarity()));
    EXPECT_TRUE(std::isnan(s.crest_factor()));
    EXPECT_EQ(s.non_finite(), 1u);
    EXPECT_EQ(s.count(), 100u);
    EXPECT_EQ(s.signal_energy(), 99);  // of finite pairs
    EXPECT_EQ(s.error_energy(), 99);
  }
  // Even where all else is zero, and when NaN comes with a later tensor.
  error_statistics s;
  s.add(std::vector<float>{0, 0}, std::vector<float>{0, float_infinity});
  EXPECT_EQ(s.sqnr_db(), -infinity);
  s.add(std::vector<float>{0, float_nan}, std::vector<float>{0, 0});
  EXPECT_TRUE(is_nan(s));
  EXPECT_EQ(s.non_finite(), 2u);
  error_statistics merged;
  merged += s;
  EXPECT_TRUE(is_nan(merged));
}

TEST(ErrorStatistics, throw_when_shapes_differ_and_stay_as_they_were) {
  error_statistics s;
  const std::vector<float> x(6, 1), y(6, 2);
  s.add(x, y);
  try {
    s.add(matrix_view(x, 2, 3), matrix_view(y, 3, 2));
    FAIL() << "nothing was thrown";
  } catch (const binade::error& e) {
    EXPECT_STREQ(e.what(),
                 "error_statistics: x is [2, 3] but y is [3, 2]; the shapes must be equal");
  }
  EXPECT_EQ(s.count(), 6u);
}

}  // namespace
