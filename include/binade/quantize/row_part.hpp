// SPDX-License-Identifier: MIT
#pragma once

#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>

namespace binade::inline v0::detail {

/// The place of elements [begin, begin + n) of a stored row, as a tensor of its own.
///
/// Needs: one scale for every cell_length() elements of a row; `begin` and, but at the row's end, n
/// multiples of that, and begin at the start of a byte. Rows that follow each other without gaps
/// may count as one.
[[nodiscard]] inline basic_packed_view<std::byte> part_of_row(
    const basic_packed_view<std::byte>& out, std::size_t row, std::size_t begin, std::size_t n) {
  const packed_description& d = out.description;
  const int bits = d.element.bit_count();
  const std::size_t cell = d.layout.cell_length();
  const std::size_t each = d.scale_bytes_each();
  const tensor_shape shape{n};
  basic_packed_view<std::byte> part;
  part.description = d;
  part.description.layout =
      d.is_block_format ? packed_layout::blocks(shape, 0, cell, bits)
                        : packed_layout::scaled(shape, per_group{.axis = 0, .size = cell}, bits);
  const std::size_t first_byte =
      row * d.layout.row_bytes() + begin * static_cast<std::size_t>(bits) / 8;
  const std::size_t first_scale = d.layout.first_cell_of_row(row) + begin / cell;
  part.codes = out.codes.subspan(first_byte, part.description.layout.code_bytes());
  part.scales = out.scales.subspan(first_scale * each, part.description.scale_bytes());
  return part;
}

}  // namespace binade::inline v0::detail
