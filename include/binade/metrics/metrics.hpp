// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/metrics/chunked_sum.hpp"
#include "binade/metrics/error_statistics.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

// One number about a tensor x, or about x and its approximation y. Tensors are views of float or
// double with any strides, or spans and vectors. Who wants several numbers, or one over several
// tensors, takes an error_statistics, whose members these are: it says what NaN, infinity, zeros
// and empty tensors give, and in which order is summed.

namespace binade::inline v0 {

namespace detail {

template <class X, class Y>
[[nodiscard]] error_statistics statistics(const char* function, const X& x, const Y& y,
                                          executor_ref executor) {
  check_same_shape(function, tensor_view(x), tensor_view(y));
  error_statistics s;
  s.add(x, y, executor);
  return s;
}

}  // namespace detail

namespace metrics {

/// Mean squared error.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double mse(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("mse", x, y, executor).mse();
}

/// Sum of squared errors over sum of x^2.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double relative_mse(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("relative_mse", x, y, executor).relative_mse();
}

/// Frobenius norm of x - y over that of x.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double relative_frobenius_error(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("relative_frobenius_error", x, y, executor).relative_frobenius_error();
}

/// Signal to quantization noise ratio; +infinity if y equals x.
///
/// Shapes: x and y alike.
/// Units:  decibels.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double sqnr_db(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("sqnr_db", x, y, executor).sqnr_db();
}

/// Largest |x - y|.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double max_abs_error(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("max_abs_error", x, y, executor).max_abs_error();
}

/// Cosine of the angle between x and y as vectors.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double cosine_similarity(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("cosine_similarity", x, y, executor).cosine_similarity();
}

/// Number of elements that became zero: x finite and not 0, y = 0.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] std::size_t underflow_count(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("underflow_count", x, y, executor).underflowed();
}

/// underflow_count over the number of elements; 0 without elements.
///
/// Shapes: x and y alike.
/// Throws: error if the shapes differ.
template <detail::real_tensor X, detail::real_tensor Y>
[[nodiscard]] double underflow_fraction(const X& x, const Y& y, executor_ref executor = {}) {
  return detail::statistics("underflow_fraction", x, y, executor).underflow_fraction();
}

/// Largest |x| over the root mean square of x.
///
/// NaN:    NaN if an element is NaN or infinite.
template <detail::real_tensor X>
[[nodiscard]] double crest_factor(const X& x, executor_ref executor = {}) {
  return detail::statistics("crest_factor", x, x, executor).crest_factor();
}

/// Number of elements with |x| > limit, which a format with that largest value cannot hold.
///
/// NaN:    no NaN counts; infinities do, unless the limit is infinite.
/// Error:  exact.
/// Throws: error unless limit >= 0.
template <detail::real_tensor X>
[[nodiscard]] std::size_t clipped_count(const X& x, double limit, executor_ref executor = {}) {
  constexpr std::uint64_t infinity = 0x7ff0'0000'0000'0000;
  constexpr std::uint64_t magnitude = 0x7fff'ffff'ffff'ffff;
  const std::uint64_t limit_bits = bit_cast<std::uint64_t>(limit);
  // Bit patterns of non-negative numbers are ordered as the numbers are.
  if (limit_bits > infinity && limit_bits << 1 != 0) {
    BINADE_THROW(error{"clipped_count: limit is " + std::to_string(limit) +
                       "; it must be a number of at least 0"});
  }
  const auto view = tensor_view(x);
  return detail::chunked_sum<std::size_t>(
      view.size(),
      [&](std::size_t begin, std::size_t end, std::size_t& count) {
        double xs[chunk_elements];
        detail::copy_elements(view, begin, end, xs);
        for (std::size_t i = 0; i < end - begin; ++i) {
          const std::uint64_t a = bit_cast<std::uint64_t>(xs[i]) & magnitude;
          count += static_cast<std::size_t>(a > (limit_bits & magnitude) && a <= infinity);
        }
      },
      executor);
}

/// clipped_count over the number of elements; 0 without elements.
///
/// Throws: error unless limit >= 0.
template <detail::real_tensor X>
[[nodiscard]] double clipped_fraction(const X& x, double limit, executor_ref executor = {}) {
  const std::size_t size = tensor_view(x).size();
  const std::size_t count = clipped_count(x, limit, executor);
  return size == 0 ? 0 : static_cast<double>(count) / static_cast<double>(size);
}

}  // namespace metrics

}  // namespace binade::inline v0
