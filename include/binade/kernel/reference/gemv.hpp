// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace binade::inline v0 {

namespace reference {

/// Throws: error unless x[in], w[out, in] and y[out] fit together.
inline void check_gemv(const operand& x, const operand& w, const tensor_view<float>& y) {
  check_operand("gemv", "x", x, 1);
  check_operand("gemv", "w", w, 2);
  const std::size_t in = x.shape().extent(0);
  const std::size_t out = w.shape().extent(0);
  if (w.shape().extent(1) != in) {
    BINADE_THROW(error{"gemv: x is " + to_string(x.shape()) + " but w is " + to_string(w.shape()) +
                       "; the inner dimensions " + std::to_string(in) + " and " +
                       std::to_string(w.shape().extent(1)) + " must be equal"});
  }
  if (!(y.shape() == tensor_shape{out})) {
    BINADE_THROW(error{"gemv: y is " + to_string(y.shape()) + " but w is " + to_string(w.shape()) +
                       "; y must be " + to_string(tensor_shape{out})});
  }
}

/// The definition of binade::gemv, and of dot where w is a vector; operands and shapes were
/// checked.
inline void gemv(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor = {}) {
  const vector_product product(x, w);
  executor.for_each_chunk(y.size(), 16, [&](std::size_t begin, std::size_t end) {
    product.for_each_product(
        begin, end, [&y](std::size_t row, std::uint32_t sum) { store_result(sum, &y(row)); });
  });
}

}  // namespace reference
}  // namespace binade::inline v0
