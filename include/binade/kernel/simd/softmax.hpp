// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/softmax.hpp"
#include "binade/kernel/simd/softmax_targets.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace binade::inline v0::simd {

namespace detail {

inline void set_to_nan(float* y, std::size_t n) noexcept {
  constexpr std::uint32_t nan = 0x7fc00000U;
  for (std::size_t k = 0; k < n; ++k) std::memcpy(y + k, &nan, sizeof nan);
}

/// reference::softmax_row of neighbours, by kernels.
inline void softmax_row(const float* x, float* y, std::size_t n,
                        const softmax_kernels& kernels) noexcept {
  if (n == 0) return;
  const softmax_total total = kernels.sum_of_exp[0](x, n, 0);
  if (total.has_special) {
    set_to_nan(y, n);
    return;
  }
  constexpr float limit = static_cast<float>(reference::softmax_constants::two_pass_exponent);
  if (total.exponent <= limit && total.exponent >= -limit) {
    kernels.write[0](x, y, n, 0, total);
    return;
  }
  const float largest = kernels.largest(x, n);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &largest, sizeof bits);
  if (bits == 0xff800000U) {  // -infinity
    set_to_nan(y, n);
    return;
  }
  kernels.write[1](x, y, n, largest, kernels.sum_of_exp[1](x, n, largest));
}

}  // namespace detail

/// binade::softmax by a target's kernels; shapes were checked.
inline void softmax(const tensor_view<const float>& x, const tensor_view<float>& y,
                    executor_ref executor, const softmax_kernels& kernels) {
  const std::size_t length = x.row_length();
  if (length == 0) return;
  constexpr std::size_t grain = std::size_t{1} << 14;
  executor.for_each_chunk(
      x.row_count(), length < grain ? grain / length : 1, [&](std::size_t row, std::size_t end) {
        const fp_environment_guard guard;
        for (; row < end; ++row) {
          if (x.inner_stride() == 1 && y.inner_stride() == 1) {
            detail::softmax_row(x.row_data(row), y.row_data(row), length, kernels);
          } else {
            reference::softmax_row(x.row_data(row), x.inner_stride(), y.row_data(row),
                                   y.inner_stride(), length);
          }
        }
      });
}

}  // namespace binade::inline v0::simd
