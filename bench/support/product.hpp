// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"
#include "support/inputs.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

// Matrix products as contenders, whoever does them: y[tokens, out] = x[tokens, in] w[out, in]^T.

namespace bench {

struct product_size {
  std::size_t tokens;
  std::size_t in;
  std::size_t out;

  [[nodiscard]] std::size_t multiply_adds() const noexcept { return tokens * in * out; }
};

[[nodiscard]] product_size gemm_size(place where) noexcept;
[[nodiscard]] product_size gemv_size(place where) noexcept;

/// The operands as floats: what the product is checked against.
struct product_operands {
  std::vector<float> x;
  std::vector<float> w;
};

/// Operands from N(0, 1), other numbers for w than for x.
[[nodiscard]] product_operands normal_operands(const product_size& size);

/// What is wrong with y, judged by 64 of its elements in double precision. Any order of `in` float
/// additions stays within (in + 8) 2^-24 sum |x w|, the 8 for the roundings of operands and scales.
[[nodiscard]] std::string product_fault(const product_operands& operands, const float* y,
                                        const product_size& size);

/// The definition: one multiplication and one addition after the other.
void scalar_product(const product_operands& operands, float* y, const product_size& size);

/// multiply(y) as a contender.
template <class Multiply>
[[nodiscard]] contender product(const product_size& size,
                                std::shared_ptr<const product_operands> operands,
                                const Multiply& multiply) {
  float* y = reinterpret_cast<float*>(output(size.tokens * size.out * sizeof(float)).data());
  contender c;
  c.items = static_cast<double>(size.multiply_adds());
  c.run = [=] { multiply(y); };
  c.check = [=] { return product_fault(*operands, y, size); };
  return c;
}

/// The definition as a contender.
[[nodiscard]] contender scalar_product_of(const product_size& size);

/// Lets a contender at place::cold begin with empty caches.
[[nodiscard]] contender begin_cold(contender c, place where);

}  // namespace bench
