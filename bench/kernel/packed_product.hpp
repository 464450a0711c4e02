// SPDX-License-Identifier: MIT
#pragma once

#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "quantize/packed_form.hpp"
#include "support/product.hpp"

#include <memory>
#include <vector>

// Packed operands of products.

namespace bench {

/// A packed matrix or vector and what its values are.
struct packed_operand {
  binade::any_packed_tensor packed;
  std::vector<float> floats;

  packed_operand(const packed_form& form, const std::vector<float>& x,
                 const binade::tensor_shape& shape)
      : packed(quantize(binade::tensor_view<const float>(x.data(), shape), form.at(shape),
                        binade::quantize_options())),
        floats(x.size()) {
    binade::dequantize(packed.view(), binade::tensor_view<float>(floats.data(), shape));
  }

  /// Quantizes other numbers, or the same again, into the same bytes.
  void repack(const std::vector<float>& x) {
    const binade::tensor_view<const float> source(x.data(), packed.shape());
    packed.set_tensor_scale(
        quantize_into(packed.mutable_view(), source, binade::quantize_options()).tensor_scale);
  }
};

/// Operands of a product with packed weights.
struct packed_product {
  product_size size;
  product_operands originals;
  packed_operand w;

  packed_product(const packed_form& form, const product_size& s)
      : size(s), originals(normal_operands(s)), w(form, originals.w, {s.out, s.in}) {}
};

}  // namespace bench
