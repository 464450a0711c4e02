// SPDX-License-Identifier: MIT

// Stochastic rounding is a function of (seed, stream, index): the same on every machine and for any
// number of threads, unbiased on average.

#include "binade/binade.hpp"

#include <cstdio>
#include <vector>

int main() {
  namespace rounding = binade::rounding;
  const std::vector<float> x(1 << 16, 1.04F);  // between 1 and 1.125
  std::vector<binade::e4m3fn> y(x.size());

  const auto mean_of = [&](auto policy) {
    binade::convert(x, y, policy);
    double sum = 0;
    for (const binade::e4m3fn v : y) sum += double{v};
    return sum / static_cast<double>(y.size());
  };
  std::printf("nearest:             %.4f\n", mean_of(rounding::ties_to_even{}));
  std::printf("stochastic, 8 bits:  %.4f\n", mean_of(rounding::stochastic{.seed = 7}));
  std::printf("stochastic, 16 bits: %.4f\n", mean_of(rounding::stochastic{.seed = 7, .bits = 16}));

  // Element i of a bulk call is the scalar call with index i.
  const auto one = binade::convert<binade::e4m3fn>(
      1.04F, rounding::stochastic{.seed = 7, .bits = 16, .index = 12345});
  std::printf("element 12345 again: %s\n", one == y[12345] ? "same" : "different");
  return 0;
}
