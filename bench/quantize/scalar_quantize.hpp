// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace bench {

/// Quantizes a matrix cell by cell as kernel/reference defines it: symmetric groups along rows,
/// nearest even, numbers only. Of a tensor scale it takes the value that `out` has. Codes are
/// written for the first `rows` rows, and scales for the groups that begin in them.
template <class T>
void scalar_quantize(const binade::basic_packed_view<std::byte>& out,
                     const binade::tensor_view<const T>& x, const binade::scale_rule& rule,
                     std::size_t rows) {
  namespace reference = binade::reference;
  const binade::packed_description& d = out.description;
  const binade::element_range range = binade::range_of(d.element, d.element_exponent);
  const binade::unpacked tensor = binade::unpack(out.tensor_scale);
  const bool two_levels = d.tensor_scale != binade::tensor_scale_kind::none;
  reference::encode_policies policies;
  policies.rules = d.element.default_rules();
  policies.rules.symmetric = d.symmetric;
  const auto piece = [&x](std::size_t row, std::size_t begin, std::size_t end) {
    return reference::row_piece<T>{.x = x.row_data(row) + begin, .n = end - begin};
  };
  for (std::size_t cell = 0; cell < d.layout.scale_count(); ++cell) {
    std::size_t first_row = rows;
    reference::cell_range values;
    d.layout.for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      first_row = std::min(first_row, row);
      if (first_row < rows) scan(piece(row, begin, end), policies.infinities, values);
    });
    if (first_row >= rows) continue;
    binade::unpacked amax = binade::unpack(values.amax());
    if (two_levels) amax = divide(amax, tensor);
    const std::uint64_t code =
        values.amax() == 0 ? binade::encode_zero_scale(d.scale)
                           : binade::encode_scale(d.scale, desired_scale(rule, range, amax));
    std::memcpy(out.scales.data() + cell * d.scale_bytes_each(), &code, d.scale_bytes_each());
    reference::group_scale scale;
    scale.positive = scale.negative =
        reference::with_tensor_scale(d.scale.decode(code), d.tensor_scale, tensor);
    d.layout.for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      if (row >= rows) return;
      d.element.visit([&](const auto& spec) {
        binade::quantize_counts counts;
        reference::encode_piece(spec, d.element_exponent, piece(row, begin, end), scale,
                                binade::rounding::ties_to_even{}, policies, counts,
                                [&](std::size_t i, std::uint64_t q) {
                                  binade::write_code(out.codes.data() + row * d.layout.row_bytes(),
                                                     begin + i, d.element.bit_count(),
                                                     static_cast<std::uint32_t>(q));
                                });
      });
    });
  }
}

/// The tensor scale that follows from the data: amax over the largest value times the largest
/// scale. Needs numbers, not all of them 0.
template <class T>
[[nodiscard]] float scalar_tensor_scale(const binade::packed_description& d,
                                        const binade::tensor_view<const T>& x) {
  binade::reference::cell_range all;
  for (std::size_t row = 0; row < x.row_count(); ++row) {
    const binade::reference::row_piece<T> piece{.x = x.row_data(row), .n = x.row_length()};
    scan(piece, binade::inf_mode::saturate, all);
  }
  const binade::unpacked top = multiply(binade::range_of(d.element, d.element_exponent).target,
                                        d.scale.decode(d.scale.describe().largest));
  const std::uint64_t code =
      binade::encode_scale(binade::any_format::binary32(), divide(binade::unpack(all.amax()), top));
  return binade::bit_cast<float>(static_cast<std::uint32_t>(code));
}

}  // namespace bench
