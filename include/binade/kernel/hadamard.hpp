// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/hadamard.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/kernel/simd/hadamard.hpp"
#include "binade/tensor/view.hpp"
#include "binade/transform/hadamard.hpp"

#include <type_traits>

namespace binade::inline v0 {

/// out = H D x for every block of t.size elements along the rows of x: see transform_block.
///
/// Shapes: x[..., n], out[..., n], n a multiple of t.size; out may be x, and shares no memory with
///         it otherwise.
/// NaN:    as of transform_block.
/// Error:  as of transform_block, bit for bit, then one rounding to nearest even if out is no
///         float.
/// Throws: error if shapes or size do not fit; before it writes.
/// Cost:   allocates nothing.
template <class T, transformable U>
  requires transformable<std::remove_const_t<T>>
void hadamard_transform(const hadamard& t, const tensor_view<T>& x, const tensor_view<U>& out,
                        executor_ref executor = {}) {
  reference::check_hadamard("hadamard_transform", t, x.shape(), out.shape());
  simd::hadamard_transform(t, tensor_view<const std::remove_const_t<T>>(x), out,
                           hadamard_direction::forward, executor,
                           simd::active_kernels().compiled_for);
}

/// out = D H x, the inverse of hadamard_transform: see inverse_transform_block.
///
/// Shapes, NaN, Error, Throws, Cost: as of hadamard_transform.
template <class T, transformable U>
  requires transformable<std::remove_const_t<T>>
void inverse_hadamard_transform(const hadamard& t, const tensor_view<T>& x,
                                const tensor_view<U>& out, executor_ref executor = {}) {
  reference::check_hadamard("inverse_hadamard_transform", t, x.shape(), out.shape());
  simd::hadamard_transform(t, tensor_view<const std::remove_const_t<T>>(x), out,
                           hadamard_direction::inverse, executor,
                           simd::active_kernels().compiled_for);
}

/// The same for vectors, spans and arrays of whole blocks.
template <class In, class Out>
  requires transformable<std::remove_const_t<detail::span_element_t<const In&>>> &&
           transformable<detail::span_element_t<Out&>>
void hadamard_transform(const hadamard& t, const In& x, Out& out, executor_ref executor = {}) {
  hadamard_transform(t, tensor_view<detail::span_element_t<const In&>>(x),
                     tensor_view<detail::span_element_t<Out&>>(out), executor);
}
template <class In, class Out>
  requires transformable<std::remove_const_t<detail::span_element_t<const In&>>> &&
           transformable<detail::span_element_t<Out&>>
void inverse_hadamard_transform(const hadamard& t, const In& x, Out& out,
                                executor_ref executor = {}) {
  inverse_hadamard_transform(t, tensor_view<detail::span_element_t<const In&>>(x),
                             tensor_view<detail::span_element_t<Out&>>(out), executor);
}

}  // namespace binade::inline v0
