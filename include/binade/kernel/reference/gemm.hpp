// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/reference/sums.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace binade::inline v0 {

namespace reference {

/// gemm of operands that are read as floats.
inline void float_gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                       executor_ref executor) {
  const std::size_t tokens = y.extent(0);
  const std::size_t in = x.shape().extent(1);
  std::vector<float> xs(tokens * in);
  const float_rows x_rows(x);
  for (std::size_t t = 0; t < tokens; ++t) x_rows.read(t, xs.data() + t * in);
  const float_rows w_rows(w);
  executor.for_each_chunk(y.extent(1), 16, [&](std::size_t begin, std::size_t end) {
    std::vector<float> row(in);
    const fp_environment_guard guard;
    std::uint32_t sum = 0;
    for (std::size_t o = begin; o < end; ++o) {
      w_rows.read(o, row.data());
      for (std::size_t t = 0; t < tokens; ++t) {
        sum_ascending(xs.data() + t * in, row.data(), in, &sum);
        store_result(sum, &y(t, o));
      }
    }
  });
}

/// gemm of operands whose blocks are summed in integers.
inline void integer_gemm(const any_packed_view& x, int x_scale, const any_packed_view& w,
                         int w_scale, const tensor_view<float>& y, executor_ref executor) {
  const std::size_t tokens = y.extent(0);
  const std::size_t in = x.shape().extent(1);
  const std::size_t block = x.description.layout.cell_length();
  const integer_rows x_rows(x, x_scale);
  const std::size_t blocks = x_rows.blocks();
  integer_row xs(tokens * in, tokens * blocks);
  for (std::size_t t = 0; t < tokens; ++t) {
    x_rows.read(t, xs.integers.data() + t * in, xs.scales.data() + t * blocks);
  }
  const integer_rows w_rows(w, w_scale);
  const tensor_scales tensor(x, w);
  executor.for_each_chunk(y.extent(1), 16, [&](std::size_t begin, std::size_t end) {
    integer_row row(in, blocks);
    const fp_environment_guard guard;
    std::uint32_t sum = 0;
    for (std::size_t o = begin; o < end; ++o) {
      w_rows.read(o, row.integers.data(), row.scales.data());
      for (std::size_t t = 0; t < tokens; ++t) {
        sum_by_blocks(xs.integers.data() + t * in, xs.scales.data() + t * blocks,
                      row.integers.data(), row.scales.data(), in, block, &sum);
        store_result(tensor.apply(sum), &y(t, o));
      }
    }
  });
}

/// Throws: error unless x[tokens, in], w[out, in] and y[tokens, out] fit together.
inline void check_gemm_shapes(const tensor_shape& x, const tensor_shape& w, const tensor_shape& y) {
  const tensor_shape product{x.extent(0), w.extent(0)};
  if (x.extent(1) != w.extent(1)) {
    BINADE_THROW(error{"gemm: x is " + to_string(x) + " but w is " + to_string(w) +
                       "; the inner dimensions " + std::to_string(x.extent(1)) + " and " +
                       std::to_string(w.extent(1)) + " must be equal"});
  }
  if (!(y == product)) {
    BINADE_THROW(error{"gemm: y is " + to_string(y) + " but x is " + to_string(x) + " and w is " +
                       to_string(w) + "; y must be " + to_string(product)});
  }
}

/// Throws: error unless operands of rank 2 fit together as above.
inline void check_gemm(const operand& x, const operand& w, const tensor_view<float>& y) {
  check_operand("gemm", "x", x, 2);
  check_operand("gemm", "w", w, 2);
  check_gemm_shapes(x.shape(), w.shape(), y.shape());
}

/// The definition of binade::gemm; operands and shapes were checked.
inline void gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor = {}) {
  if (const auto scales = integer_scales(x, w)) {
    integer_gemm(*x.packed(), scales->first, *w.packed(), scales->second, y, executor);
  } else {
    float_gemm(x, w, y, executor);
  }
}

}  // namespace reference
}  // namespace binade::inline v0
