// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/reference/dot.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/kernel/simd/gemv.hpp"
#include "binade/tensor/view.hpp"

namespace binade::inline v0 {

/// The dot product of two vectors, packed or not.
///
/// If both are of block formats with blocks of the same size, whose elements are integers times
/// 2^-k (see reference::integer_scale), each block's integer products are summed exactly and
///   p[i mod 16] = fma(float(isum), s_a * s_b, p[i mod 16])   for blocks i = 0, 1, ... from p = +0,
///   p[j] = p[j] + p[j + h]   for j < h,   with h = 8, 4, 2, 1,
/// where s = float(block scale * 2^-k * 2^element_exponent); the result is p[0] * (t_a * t_b) with
/// the tensor scales t (divided by them where they are divisors; a format without one has none).
/// isum is an integer of 64 bits; one of 32 holds it if block size * largest_a * largest_b < 2^31,
/// and float(isum) is exact below 2^24: true for every block format of the catalogue.
///
/// Otherwise both are made floats, each element rounded once, its scales included, and
///   p[k mod 64] = fma(a[k], b[k], p[k mod 64])   for k = 0, 1, ...   from p = +0,
///   p[j] = p[j] + p[j + h]   for j < h,   with h = 32, 16, ..., 1;   the result is p[0].
///
/// Shapes: a[n], b[n].
/// NaN:    a NaN or a block scale that is NaN gives NaN (0x7fc00000, on every machine); so do
///         infinity * 0, infinity - infinity, and a block of zeros whose s_a * s_b overflows.
/// Error:  of the formulas above, bit for bit, in any floating-point environment. `exact_dot` has
///         one rounding.
/// Throws: error if ranks or lengths do not fit, or blocks do not run along the vector.
[[nodiscard]] inline float dot(const operand& a, const operand& b) {
  reference::check_dot(a, b);
  float result = 0;
  simd::gemv(a, b, vector_view(&result, 1), {},
             simd::gemv_kernels_for(simd::active_kernels().compiled_for));
  return result;
}

}  // namespace binade::inline v0
