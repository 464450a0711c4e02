// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/kernel/prepacked_weight.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <string>
#include <type_traits>

namespace binade::inline v0 {

/// y[tokens, out] = q[tokens, in] w[out, in]^T, where q is x quantized to the format of w: blocks
/// of the same size, or scales as `options.groups` says.
///
/// Shapes: x[tokens, in], w[out, in], y[tokens, out]; y shares no memory with them.
/// NaN:    as for `quantize` and `gemm`.
/// Error:  the bits of `gemm(quantize(x), w, y)`.
/// Post:   returns what `quantize` counts and its tensor scale.
/// Throws: error if w was not packed or was prepacked for floats, shapes do not fit, or `quantize`
///         refuses x or the options; before it writes.
/// Cost:   allocates q, and q as the kernels read it; `options.executor` does both steps.
template <class T>
  requires quantize_source<std::remove_const_t<T>>
quantize_result quantized_gemm(tensor_view<T> x, const prepacked_weight& w,
                               const tensor_view<float>& y, const quantize_options& options = {}) {
  if (!w.packed()) {
    BINADE_THROW(error{std::string("quantized_gemm: w was prepacked from values of ") +
                       w.element().name() + ", not from a packed tensor whose format x could get"});
  }
  if (x.shape().rank() != 2) {
    BINADE_THROW(error{"quantized_gemm: x is " + to_string(x.shape()) + "; it must have rank 2"});
  }
  reference::check_gemm_shapes(x.shape(), w.shape(), y.shape());
  const packed_description& form = w.packed()->description;
  packed_description d = form;
  if (form.is_block_format) {
    d.layout =
        packed_layout::blocks(x.shape(), -1, form.layout.cell_length(), form.element.bit_count());
  } else {
    d = describe_scaled(form.element, x.shape(), options.groups, options.group);
  }
  const any_packed_tensor q = quantize(tensor_view<const std::remove_const_t<T>>(x), d, options);
  gemm(q, w, y, options.executor);
  return {q.counts(), q.tensor_scale()};
}

}  // namespace binade::inline v0
