// SPDX-License-Identifier: MIT

#include "support/product.hpp"

#include "support/limits.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace bench {

product_size gemm_size(place where) noexcept {
  if (where == place::small) return {16, 256, 32};
  return {1024, 1024, 1024};
}

product_size gemv_size(place where) noexcept {
  if (where == place::small) return {1, 256, 32};
  return {1, 4096, 4096};
}

product_operands normal_operands(const product_size& size) {
  const std::size_t x = size.tokens * size.in;
  const std::size_t w = size.out * size.in;
  const std::span<const float> numbers = normal_floats(x + w);
  const auto part = [&](std::size_t begin, std::size_t n) {
    const std::span<const float> s = numbers.subspan(begin, n);
    return std::vector<float>(s.begin(), s.end());
  };
  return {part(0, x), part(x, w)};
}

std::string product_fault(const product_operands& operands, const float* y,
                          const product_size& size) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 64; ++i) {
    const std::size_t t = random() % size.tokens;
    const std::size_t o = random() % size.out;
    double sum = 0;
    double magnitudes = 0;
    for (std::size_t k = 0; k < size.in; ++k) {
      const double term = static_cast<double>(operands.x[t * size.in + k]) *
                          static_cast<double>(operands.w[o * size.in + k]);
      sum += term;
      magnitudes += std::abs(term);
    }
    const double error = std::abs(static_cast<double>(y[t * size.out + o]) - sum);
    const double bound = static_cast<double>(size.in + 8) * 0x1p-24 * magnitudes;
    if (!(error <= bound)) {
      return "y[" + std::to_string(t) + ", " + std::to_string(o) +
             "] is wrong: " + std::to_string(y[t * size.out + o]) + " instead of " +
             std::to_string(sum);
    }
  }
  return "";
}

void scalar_product(const product_operands& operands, float* y, const product_size& size) {
  for (std::size_t t = 0; t < size.tokens; ++t) {
    for (std::size_t o = 0; o < size.out; ++o) {
      float sum = 0;
      for (std::size_t k = 0; k < size.in; ++k) {
        sum += operands.x[t * size.in + k] * operands.w[o * size.in + k];
      }
      y[t * size.out + o] = sum;
    }
  }
}

contender scalar_product_of(const product_size& size) {
  const auto operands = std::make_shared<const product_operands>(normal_operands(size));
  return product(size, operands, [=](float* y) { scalar_product(*operands, y, size); });
}

contender begin_cold(contender c, place where) {
  if (where == place::cold) c.before = &empty_caches;
  return c;
}

}  // namespace bench
