// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/core/parallel.hpp"
#include "binade/metrics/chunked_sum.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace binade::inline v0 {

namespace detail {

/// What is summed over pairs (x, y), and counted.
struct pair_sums {
  double signal = 0;         // x^2
  double approximation = 0;  // y^2
  double noise = 0;          // (x - y)^2
  double product = 0;        // x y
  double largest = 0;        // max |x|
  double largest_error = 0;  // max |x - y|
  std::size_t count = 0;
  std::size_t underflowed = 0;      // x != 0, y == 0
  std::size_t undefined = 0;        // x or y NaN, or x infinite
  std::size_t infinite_errors = 0;  // x finite, y infinite

  pair_sums& operator+=(const pair_sums& other) noexcept {
    signal += other.signal;
    approximation += other.approximation;
    noise += other.noise;
    product += other.product;
    largest = std::max(largest, other.largest);
    largest_error = std::max(largest_error, other.largest_error);
    count += other.count;
    underflowed += other.underflowed;
    undefined += other.undefined;
    infinite_errors += other.infinite_errors;
    return *this;
  }
};

/// Sets pairs that are no two finite numbers to (0, 0), which changes no sum, and counts. By
/// integers, since a compiler may be told that there is no NaN.
inline void sort_out(double* x, double* y, std::size_t n, pair_sums& sums) noexcept {
  constexpr std::uint64_t infinity = 0x7ff0'0000'0000'0000;
  constexpr std::uint64_t magnitude = 0x7fff'ffff'ffff'ffff;
  std::uint64_t special = 0;
  std::size_t underflowed = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t a = bit_cast<std::uint64_t>(x[i]) & magnitude;
    const std::uint64_t b = bit_cast<std::uint64_t>(y[i]) & magnitude;
    special |=
        static_cast<std::uint64_t>(a >= infinity) | static_cast<std::uint64_t>(b >= infinity);
    underflowed += static_cast<std::size_t>(a != 0 && a < infinity && b == 0);
  }
  sums.underflowed += underflowed;
  if (special == 0) return;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t a = bit_cast<std::uint64_t>(x[i]) & magnitude;
    const std::uint64_t b = bit_cast<std::uint64_t>(y[i]) & magnitude;
    if (a < infinity && b < infinity) continue;
    ++(a >= infinity || b > infinity ? sums.undefined : sums.infinite_errors);
    x[i] = y[i] = 0;
  }
}

/// The larger of `bound` and all |a[k]|, k < n, n even.
inline double largest_magnitude(double bound, const double* a, std::size_t n) noexcept {
  double even = bound, odd = bound;  // two, since a maximum waits for the one before
  for (std::size_t k = 0; k < n; k += 2) {
    even = std::max(even, __builtin_fabs(a[k]));
    odd = std::max(odd, __builtin_fabs(a[k + 1]));
  }
  return std::max(even, odd);
}

/// Adds a chunk of pairs to `sums` in the order of chunked_sum.hpp.
template <class X, class Y>
void add_pairs(const tensor_view<X>& x, const tensor_view<Y>& y, std::size_t begin, std::size_t end,
               pair_sums& sums) {
  constexpr std::size_t piece = 512;  // a multiple of 8, small enough for the first-level cache
  partial_sums signal, approximation, noise, product;
  sums.count += end - begin;
  for (; begin < end; begin += piece) {
    double xs[piece], ys[piece], errors[piece];
    const std::size_t n = std::min(piece, end - begin);
    copy_elements(x, begin, begin + n, xs);
    copy_elements(y, begin, begin + n, ys);
    sort_out(xs, ys, n, sums);
    const std::size_t padded = (n + 7) / 8 * 8;
    for (std::size_t i = n; i < padded; ++i) xs[i] = ys[i] = 0;  // adds 0 to the sums
    for (std::size_t i = 0; i < padded; ++i) errors[i] = xs[i] - ys[i];
    settle(errors);
    signal.add_products(xs, xs, padded);
    approximation.add_products(ys, ys, padded);
    noise.add_products(errors, errors, padded);
    product.add_products(xs, ys, padded);
    sums.largest = largest_magnitude(sums.largest, xs, padded);
    sums.largest_error = largest_magnitude(sums.largest_error, errors, padded);
  }
  sums.signal = signal.folded();
  sums.approximation = approximation.folded();
  sums.noise = noise.folded();
  sums.product = product.folded();
}

}  // namespace detail

/// How far approximations y are from their references x, over all tensors that were added.
///
/// NaN:    a NaN in x or y, or an infinite x, makes every measure NaN. An infinite y for a finite
///         x is an infinite error: mse, relative_mse, relative_frobenius_error and max_abs_error
///         are infinite, sqnr_db is -infinity, the rest NaN. The counts stay right;
///         non_finite() tells how many such pairs there are.
///         Code that is compiled for finite numbers only (-ffast-math) cannot rely on being handed
///         infinities and NaN; it has the counts.
/// Error:  sums in binary64 in the order of metrics/chunked_sum.hpp, each tensor for itself and
///         the tensors in the order in which they came: the same bits on any executor. The squares
///         must stay in the range of binary64, as those of floats always do.
/// Post:   without elements, or when all y equal their x, the errors are 0, sqnr_db +infinity
///         (so also for 0 against 0) and cosine_similarity 1.
class error_statistics {
 public:
  /// Adds the pairs of a tensor and its approximation.
  ///
  /// Shapes: x and y alike; float or double, views of any strides, or spans and vectors.
  /// Throws: error if the shapes differ, before anything is added.
  template <detail::real_tensor X, detail::real_tensor Y>
  void add(const X& x, const Y& y, executor_ref executor = {}) {
    add_views(tensor_view(x), tensor_view(y), executor);
  }

  /// Adds what `other` has: the same bits as adding its tensors here, if it has but one.
  error_statistics& operator+=(const error_statistics& other) noexcept {
    detail::add_in_order(sums_, &other.sums_, 1);
    return *this;
  }

  /// Number of pairs.
  [[nodiscard]] std::size_t count() const noexcept { return sums_.count; }
  /// Pairs with x finite and not 0, and y = 0.
  [[nodiscard]] std::size_t underflowed() const noexcept { return sums_.underflowed; }
  /// Pairs in which x or y is NaN or infinite.
  [[nodiscard]] std::size_t non_finite() const noexcept {
    return sums_.undefined + sums_.infinite_errors;
  }
  /// Sum of x^2, of finite pairs.
  [[nodiscard]] double signal_energy() const noexcept { return sums_.signal; }
  /// Sum of (x - y)^2, of finite pairs.
  [[nodiscard]] double error_energy() const noexcept { return sums_.noise; }

  /// Mean of (x - y)^2.
  [[nodiscard]] double mse() const noexcept {
    return measure(sums_.count == 0 ? 0 : sums_.noise / static_cast<double>(sums_.count), infinity);
  }
  /// Sum of (x - y)^2 over sum of x^2; +infinity if only x is all zeros.
  [[nodiscard]] double relative_mse() const noexcept {
    if (sums_.noise == 0) return measure(0, infinity);
    return measure(sums_.signal == 0 ? infinity : detail::settled(sums_.noise / sums_.signal),
                   infinity);
  }
  /// Frobenius norm of x - y over that of x: the square root of relative_mse().
  [[nodiscard]] double relative_frobenius_error() const noexcept {
    return __builtin_sqrt(relative_mse());
  }
  /// Signal to quantization noise: 10 log10(sum of x^2 / sum of (x - y)^2); -infinity if only x is
  /// all zeros.
  ///
  /// Units: decibels.
  /// Error: that of std::log10.
  [[nodiscard]] double sqnr_db() const noexcept {
    if (sums_.noise == 0) return measure(infinity, -infinity);
    if (sums_.signal == 0) return measure(-infinity, -infinity);
    return measure(10 * __builtin_log10(detail::settled(sums_.signal / sums_.noise)), -infinity);
  }
  /// Largest |x - y|.
  [[nodiscard]] double max_abs_error() const noexcept {
    return measure(sums_.largest_error, infinity);
  }
  /// Sum of x y over the norms of x and y, in [-1, 1]; 0 if exactly one of them is all zeros.
  [[nodiscard]] double cosine_similarity() const noexcept {
    if (sums_.noise == 0) return measure(1, nan);
    if (sums_.signal == 0 || sums_.approximation == 0) return measure(0, nan);
    const double cosine = sums_.product / norms();
    return measure(std::clamp(cosine, -1.0, 1.0), nan);
  }
  /// Largest |x| over the root mean square of x: at least 1; 1 if x is all zeros or empty.
  ///
  /// NaN: any NaN or infinity, in y too, makes it NaN.
  [[nodiscard]] double crest_factor() const noexcept {
    if (sums_.signal == 0) return measure(1, nan);
    const double mean = detail::settled(sums_.signal / static_cast<double>(sums_.count));
    const double rms = detail::settled(__builtin_sqrt(mean));
    return measure(std::max(1.0, sums_.largest / rms), nan);
  }
  /// underflowed() over count(); 0 without elements.
  [[nodiscard]] double underflow_fraction() const noexcept {
    return sums_.count == 0
               ? 0
               : static_cast<double>(sums_.underflowed) / static_cast<double>(sums_.count);
  }

 private:
  // By their bits: clang warns of the words where -ffast-math says that there are none.
  static constexpr double infinity = bit_cast<double>(std::uint64_t{0x7ff0'0000'0000'0000});
  static constexpr double nan = bit_cast<double>(std::uint64_t{0x7ff8'0000'0000'0000});

  template <class X, class Y>
  void add_views(const tensor_view<X>& x, const tensor_view<Y>& y, executor_ref executor) {
    detail::check_same_shape("error_statistics", x, y);
    const auto sums = detail::chunked_sum<detail::pair_sums>(
        x.size(),
        [&](std::size_t begin, std::size_t end, detail::pair_sums& chunk) {
          detail::add_pairs(x, y, begin, end, chunk);
        },
        executor);
    detail::add_in_order(sums_, &sums, 1);
  }
  /// Product of the norms of x and y. One square root, so that it is exact for equal norms, as long
  /// as the product stays far inside the range of binary64.
  [[nodiscard]] double norms() const noexcept {
    const auto [low, high] = std::minmax(sums_.signal, sums_.approximation);
    if (low > 0x1p-500 && high < 0x1p500) {
      return detail::settled(__builtin_sqrt(detail::settled(low * high)));
    }
    return detail::settled(detail::settled(__builtin_sqrt(low)) *
                           detail::settled(__builtin_sqrt(high)));
  }
  /// `finite`, unless a pair spoils it.
  [[nodiscard]] double measure(double finite, double with_infinite_error) const noexcept {
    if (sums_.undefined != 0) return nan;
    return sums_.infinite_errors != 0 ? with_infinite_error : finite;
  }

  detail::pair_sums sums_;
};

}  // namespace binade::inline v0
