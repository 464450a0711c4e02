// SPDX-License-Identifier: MIT
#pragma once

#include "binade/binade.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// What many programs under examples/papers measure with: seeded numbers, the way into a format and
// back, and sums over it.

namespace papers {

/// n numbers of N(0, sigma^2).
[[nodiscard]] inline std::vector<float> normal(std::size_t n, std::uint64_t seed,
                                               double sigma = 1) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(sigma * binade::standard_normal(seed, 0, i));
  }
  return x;
}

/// n numbers, uniform in [low, high).
[[nodiscard]] inline std::vector<float> uniform(std::size_t n, std::uint64_t seed, double low,
                                                double high) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(low + (high - low) * binade::uniform01(seed, 0, i));
  }
  return x;
}

/// normal(n, seed) with one element in `every`, at seeded places, times `factor`.
[[nodiscard]] inline std::vector<float> with_outliers(std::size_t n, std::uint64_t seed,
                                                      double every, float factor) {
  std::vector<float> x = normal(n, seed);
  for (std::size_t i = 0; i < n; ++i) {
    if (binade::uniform01(seed, 1, i) * every < 1) x[i] *= factor;
  }
  return x;
}

/// What becomes of a vector that is quantized to F, with `options`, and dequantized.
template <binade::packable F, class... Options>
[[nodiscard]] std::vector<float> through(const std::vector<float>& x, Options&&... options) {
  std::vector<float> y(x.size());
  const auto packed =
      binade::quantize<F>(binade::vector_view(x), std::forward<Options>(options)...);
  binade::dequantize(packed, binade::vector_view(y));
  return y;
}

/// Signal to noise of `through`, in dB.
template <binade::packable F, class... Options>
[[nodiscard]] double sqnr_through(const std::vector<float>& x, Options&&... options) {
  return binade::metrics::sqnr_db(x, through<F>(x, std::forward<Options>(options)...));
}

}  // namespace papers
