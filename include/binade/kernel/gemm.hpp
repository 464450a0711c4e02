// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/gemm.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/kernel/simd/gemm.hpp"
#include "binade/tensor/view.hpp"

namespace binade::inline v0 {

/// y[tokens, out] = x[tokens, in] w[out, in]^T.
///
/// If both are of block formats with blocks of the same size, whose elements are integers times
/// 2^-k, then with isum, s and t as in `dot`
///   y = fma(float(isum), s_x * s_w, y)   for blocks in ascending order, from y = +0,
/// and the result is y * (t_x * t_w). Otherwise both are made floats, each element rounded once,
/// its scales included, and
///   y = fma(x[k], w[k], y)   for k = 0, 1, ..., in - 1,   from y = +0.
///
/// Shapes: x[tokens, in], w[out, in], y[tokens, out]; x and w packed or not, in any mixture, their
///         blocks along `in`. y shares no memory with them.
/// NaN:    as for `dot`: a NaN in a row, or a block scale that is NaN, gives NaN in every y that it
///         enters.
/// Error:  of the formulas, bit for bit, in any floating-point environment and whatever the
///         executor, which splits the rows of w and never k.
/// Throws: error if shapes do not fit or blocks do not run along `in`; before it writes.
/// Cost:   allocates x as the kernels read it and, for each piece of work of an executor, up to 128
///         rows of w and 192 sums for each of them. A w that is used again may be laid out once:
///         see prepacked_weight.
inline void gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor = {}) {
  reference::check_gemm(x, w, y);
  simd::gemm(x, w, y, executor, simd::product_tiles_for(simd::active_kernels().compiled_for));
}

}  // namespace binade::inline v0
