// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/metrics/chunked_sum.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace binade::inline v0 {

namespace detail {

/// Sums of two lists of weights.
struct weight_sums {
  double x = 0;
  double y = 0;
  std::size_t negative = 0;
  std::size_t not_finite = 0;

  weight_sums& operator+=(const weight_sums& other) noexcept {
    x += other.x;
    y += other.y;
    negative += other.negative;
    not_finite += other.not_finite;
    return *this;
  }
};

/// One term of the divergence: p log(p / q) - p + q, which is never negative, so that nothing
/// cancels in the sum; what is added sums to 0.
inline double divergence_term(double p, double q) noexcept {
  if (p == 0) return q;
  const double r = (q - p) / p;
  return p * (r - __builtin_log1p(r));
}

template <class X, class Y>
double kl_divergence(const tensor_view<X>& x, const tensor_view<Y>& y, executor_ref executor) {
  check_same_shape("kl_divergence", x, y);
  constexpr std::uint64_t infinity = 0x7ff0'0000'0000'0000;
  constexpr std::uint64_t magnitude = 0x7fff'ffff'ffff'ffff;
  constexpr std::size_t piece = 512;
  const auto weights = chunked_sum<weight_sums>(
      x.size(),
      [&](std::size_t begin, std::size_t end, weight_sums& sums) {
        partial_sums px, py;
        for (; begin < end; begin += piece) {
          double xs[piece] = {}, ys[piece] = {};
          const std::size_t n = end - begin < piece ? end - begin : piece;
          copy_elements(x, begin, begin + n, xs);
          copy_elements(y, begin, begin + n, ys);
          for (std::size_t i = 0; i < n; ++i) {
            for (const double w : {xs[i], ys[i]}) {
              const auto bits = bit_cast<std::uint64_t>(w);
              const bool is_number = (bits & magnitude) < infinity;
              sums.not_finite += static_cast<std::size_t>(!is_number);
              sums.negative += static_cast<std::size_t>(bits > (magnitude + 1) &&
                                                        (bits & magnitude) <= infinity);
            }
          }
          px.add(xs, piece);  // zeros after n
          py.add(ys, piece);
        }
        sums.x = px.folded();
        sums.y = py.folded();
      },
      executor);
  if (weights.negative != 0) {
    BINADE_THROW(error{"kl_divergence: " + std::to_string(weights.negative) +
                       " weights are negative; all must be at least 0"});
  }
  if (weights.not_finite != 0) return bit_cast<double>(std::uint64_t{0x7ff8'0000'0000'0000});
  if (!(weights.x > 0) || !(weights.y > 0)) {
    BINADE_THROW(error{"kl_divergence: the weights of x sum to " + std::to_string(weights.x) +
                       " and those of y to " + std::to_string(weights.y) +
                       "; both sums must be greater than 0"});
  }
  struct divergence_sum {
    double value = 0;
    std::size_t impossible = 0;  // p > 0 where q = 0
    divergence_sum& operator+=(const divergence_sum& other) noexcept {
      value += other.value;
      impossible += other.impossible;
      return *this;
    }
  };
  const auto divergence = chunked_sum<divergence_sum>(
      x.size(),
      [&](std::size_t begin, std::size_t end, divergence_sum& sums) {
        partial_sums total;
        for (; begin < end; begin += piece) {
          double xs[piece] = {}, ys[piece] = {};
          const std::size_t n = end - begin < piece ? end - begin : piece;
          copy_elements(x, begin, begin + n, xs);
          copy_elements(y, begin, begin + n, ys);
          double terms[piece] = {};
          for (std::size_t i = 0; i < n; ++i) {
            const double p = xs[i] / weights.x;
            const double q = ys[i] / weights.y;
            const bool is_impossible = p > 0 && !(q > 0);
            sums.impossible += static_cast<std::size_t>(is_impossible);
            terms[i] = is_impossible ? 0 : divergence_term(p, q);
          }
          settle(terms);
          total.add(terms, piece);
        }
        sums.value = total.folded();
      },
      executor);
  return divergence.impossible != 0 ? bit_cast<double>(infinity) : divergence.value;
}

}  // namespace detail

namespace metrics {

/// Kullback-Leibler divergence of distribution y from x: sum of p log(p / q), where p and q are
/// the weights x and y divided by their sums.
///
/// The weights are taken as they are: histograms, or probabilities that a softmax gave; no softmax
/// is applied.
///
/// Shapes: x and y alike.
/// Units:  nats.
/// NaN:    NaN if a weight is NaN or +infinity.
/// Error:  that of std::log1p, times p, a term; summed in the order of metrics/chunked_sum.hpp.
/// Post:   at least 0; 0 if y equals x; +infinity if some q is 0 where p is not.
/// Throws: error if the shapes differ, a weight is negative, or all weights of x or of y are 0.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double kl_divergence(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::kl_divergence(tensor_view(x), tensor_view(y), executor);
}

}  // namespace metrics

}  // namespace binade::inline v0
