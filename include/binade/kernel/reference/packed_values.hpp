// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

// What a packed tensor's bytes are worth: read by dequantize and by the products.

namespace binade::inline v0::reference {

/// The exact values of all codes of a format of at most 8 bits; wider ones are decoded anew.
class code_values {
 public:
  explicit code_values(const any_format& format) noexcept
      : format_(format), tabulated_(format.bit_count() <= 8) {
    if (!tabulated_) return;
    const std::size_t codes = std::size_t{1} << format.bit_count();
    for (std::size_t code = 0; code < codes; ++code) values_[code] = format.decode(code);
  }
  [[nodiscard]] unpacked operator()(std::uint32_t code) const noexcept {
    return tabulated_ ? values_[code] : format_.decode(code);
  }

 private:
  any_format format_;
  bool tabulated_;
  unpacked values_[256];
};

/// The scale of group number `cell`, the tensor's included: exact if that is no divisor, else exact
/// up to a sticky bit.
[[nodiscard]] inline group_scale scale_of_group(const any_packed_view& packed, std::size_t cell) {
  const packed_description& d = packed.description;
  const unpacked tensor = unpack(packed.tensor_scale);
  group_scale scale;
  scale.positive = with_tensor_scale(packed.scale(cell), d.tensor_scale, tensor);
  scale.negative = with_tensor_scale(packed.scale(cell, true), d.tensor_scale, tensor);
  scale.zero_point = packed.zero_point(cell);
  return scale;
}

/// Calls f(cell, begin, end, scale) for each group of elements [begin, end) of a stored row, with
/// the scale that includes the tensor's: exact if that is no divisor, else exact up to a sticky
/// bit.
template <class Function>
void for_each_group_of_row(const any_packed_view& packed, std::size_t row, Function&& f) {
  const packed_layout& layout = packed.description.layout;
  std::size_t cell = layout.first_cell_of_row(row);
  for (std::size_t begin = 0; begin < layout.row_length(); begin += layout.cell_length(), ++cell) {
    const group_scale scale = scale_of_group(packed, cell);
    const std::size_t rest = layout.row_length() - begin;
    f(cell, begin, begin + (rest < layout.cell_length() ? rest : layout.cell_length()), scale);
  }
}

/// Calls f(i, value) for each element of a stored row with its value, exact as above.
template <class Function>
void for_each_exact_value(const any_packed_view& packed, const code_values& values, std::size_t row,
                          Function&& f) {
  const packed_description& d = packed.description;
  const std::byte* codes = packed.codes.data() + row * d.layout.row_bytes();
  for_each_group_of_row(
      packed, row, [&](std::size_t, std::size_t begin, std::size_t end, const group_scale& scale) {
        for (std::size_t i = begin; i < end; ++i) {
          const unpacked element = values(read_code(codes, i, d.element.bit_count()));
          f(i, element_value(element, scale, d.element_exponent));
        }
      });
}

/// Whether the bytes are as many as the description says; `who` begins the message.
///
/// Throws: error if they are not.
inline void check_sizes(const std::string& who, const any_packed_view& packed) {
  const packed_description& d = packed.description;
  const std::size_t zero_points = d.group == group_kind::affine ? d.layout.scale_count() : 0;
  const std::size_t negative = d.group == group_kind::separate_signs ? d.scale_bytes() : 0;
  if (packed.codes.size() == d.layout.code_bytes() && packed.scales.size() == d.scale_bytes() &&
      packed.negative_scales.size() == negative && packed.zero_points.size() == zero_points) {
    return;
  }
  BINADE_THROW(error{
      who + " is " + to_string(packed.shape()) + " and has " + std::to_string(packed.codes.size()) +
      " bytes of codes and " + std::to_string(packed.scales.size()) + " of scales; needed are " +
      std::to_string(d.layout.code_bytes()) + " and " + std::to_string(d.scale_bytes())});
}

}  // namespace binade::inline v0::reference
