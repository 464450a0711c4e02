// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/format/catalog_integer.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"
#include "support/benchmark_case.hpp"
#include "support/inputs.hpp"
#include "support/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

// What benchmarks of packed tensors share.

namespace bench {

/// A form of packed tensor under the name that benchmarks show.
struct packed_form {
  std::string name;
  std::function<binade::packed_description(const binade::tensor_shape&)> at;
};

template <class F>
[[nodiscard]] packed_form block_form() {
  return {F::names.name, [](const binade::tensor_shape& shape) {
            return binade::describe_blocks(F::describe(), shape);
          }};
}

template <class F>
[[nodiscard]] packed_form scaled_form(const std::string& suffix, const binade::granularity& g) {
  return {F::names.name + suffix, [g](const binade::tensor_shape& shape) {
            return binade::describe_scaled(binade::any_format::of<F>(), shape, g);
          }};
}

/// Every block format, and an 8-bit and a 4-bit element format under each granularity.
[[nodiscard]] inline std::vector<packed_form> measured_forms() {
  std::vector<packed_form> forms;
  const auto add = [&]<class F>() {
    forms.push_back(scaled_form<F>("@tensor", binade::per_tensor{}));
    forms.push_back(scaled_form<F>("@row", binade::per_channel{.axis = 0}));
    forms.push_back(scaled_form<F>("@group128", binade::per_group{.axis = -1, .size = 128}));
    forms.push_back(scaled_form<F>("@128x128", binade::per_block{.rows = 128, .cols = 128}));
  };
  binade::for_each_type(binade::all_block_formats{},
                        [&]<class F>() { forms.push_back(block_form<F>()); });
  add.template operator()<binade::e4m3fn>();
  add.template operator()<binade::int4>();
  return forms;
}

/// Rows of 4096, as many as a bulk call's elements fill.
[[nodiscard]] inline binade::tensor_shape shape_at(place where) {
  const std::size_t n = elements_at(where);
  const std::size_t columns = std::min(n, std::size_t{4096});
  return {n / columns, columns};
}

/// How many rows a check looks at: enough for a tile of 128.
[[nodiscard]] inline std::size_t checked_rows(const binade::tensor_shape& shape) {
  return std::min(shape.row_count(), std::size_t{128});
}

/// The limit of a kernel between a packed tensor and values of `value_bits` bits; the bytes of
/// scales are left out.
[[nodiscard]] inline prepare pack_limit(const packed_form& form, int value_bits, stores how) {
  return [=](place where) {
    const int bits = form.at(shape_at(where)).element.bit_count();
    return move_limit(elements_at(where), value_bits, bits, how);
  };
}
[[nodiscard]] inline prepare unpack_limit(const packed_form& form, int value_bits, stores how) {
  return [=](place where) {
    const int bits = form.at(shape_at(where)).element.bit_count();
    return move_limit(elements_at(where), bits, value_bits, how);
  };
}

}  // namespace bench
