// SPDX-License-Identifier: MIT
#pragma once

#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <type_traits>

namespace binade::inline v0 {

/// A matrix packed twice: for products along its rows and along its columns, as the forward and
/// backward pass of training need it.
template <block_scaled F>
struct packed_both_ways {
  packed_tensor<F> rows;     ///< blocks along the last axis
  packed_tensor<F> columns;  ///< blocks along the axis before it; stored transposed
};

/// Quantizes a matrix along both axes. Both copies have x's shape and, in a two-level format, one
/// tensor scale; stochastic rounding uses the same random number for an element in both.
///
/// Shapes: x[..., rows, columns].
/// NaN:    as for quantize.
/// Throws: error if x has less than two axes, or as quantize does.
template <block_scaled F, class T, quantize_option... Options>
  requires quantize_source<std::remove_const_t<T>>
[[nodiscard]] packed_both_ways<F> quantize_both_ways(tensor_view<T> x, Options&&... options) {
  packed_both_ways<F> both;
  both.rows = quantize<F>(x, options..., along_axis{-1});
  if constexpr (F::has_tensor_scale) {
    both.columns =
        quantize<F>(x, options..., along_axis{-2}, tensor_scale{both.rows.tensor_scale()});
  } else {
    both.columns = quantize<F>(x, options..., along_axis{-2});
  }
  return both;
}

}  // namespace binade::inline v0
