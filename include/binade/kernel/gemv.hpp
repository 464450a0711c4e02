// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/gemv.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/kernel/simd/gemv.hpp"
#include "binade/tensor/view.hpp"

namespace binade::inline v0 {

/// y[out] = w[out, in] x[in]: each y is the `dot` of x and a row of w, in the same order.
///
/// Shapes: x[in], w[out, in], y[out]; packed or not, in any mixture. y shares no memory with them.
/// NaN:    as for `dot`.
/// Error:  of the formulas of `dot`, bit for bit, whatever the executor.
/// Throws: error if shapes do not fit or blocks do not run along `in`; before it writes.
/// Cost:   allocates x decoded and, for each piece of work of an executor, the scales of up to 8
///         rows of w, and such rows as no kernel reads as they are stored.
inline void gemv(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor = {}) {
  reference::check_gemv(x, w, y);
  simd::gemv(x, w, y, executor, simd::gemv_kernels_for(simd::active_kernels().compiled_for));
}

}  // namespace binade::inline v0
