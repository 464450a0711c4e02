// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/softmax.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/kernel/simd/softmax.hpp"
#include "binade/tensor/view.hpp"

namespace binade::inline v0 {

/// y = exp(x) / sum(exp(x)) along every row, in two passes over x: sums of exp are kept as float
/// times power of two, so that nothing overflows and the largest element need not be known before.
///
/// Shapes: x[..., n], y[..., n]; y may be x, and shares no memory with it otherwise. Rows with
///         neighbours next to each other run on vector instructions.
/// NaN:    a NaN or +infinity makes its row NaN (0x7fc00000), as does a row of nothing but
///         -infinities; other -infinities give 0.
/// Error:  of reference::softmax_row, bit for bit: relatively at most (n / 64 + 20) 2^-24, and
///         2^-150 where y is subnormal.
/// Throws: error if the shapes differ; before it writes.
/// Cost:   two reads of x and one write of y; more where the largest element of a row is beyond
///         2^16 in magnitude. Allocates nothing.
/// Source: Dukhan and Ablavatski, "The Two-Pass Softmax Algorithm", arXiv 2001.04438.
inline void softmax(const tensor_view<const float>& x, const tensor_view<float>& y,
                    executor_ref executor = {}) {
  reference::check_softmax(x.shape(), y.shape());
  simd::softmax(x, y, executor, simd::softmax_kernels_for(simd::active_kernels().compiled_for));
}

}  // namespace binade::inline v0
