// SPDX-License-Identifier: MIT
#pragma once

#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace binade::inline v0 {

/// What can be wrong with packed bytes that decode all the same.
enum class finding_kind : std::uint8_t {
  wrong_size,             ///< codes, scales or zero points are too few or too many bytes
  nan_scale,              ///< a scale is NaN: its group decodes to NaN
  zero_scale,             ///< a scale is 0 over codes that are not: the group decodes to 0
  zero_row,               ///< every code of a row is zero
  bad_tensor_scale,       ///< the tensor scale is 0, negative, infinite or NaN
  inverted_tensor_scale,  ///< the tensor scale looks like the reciprocal of what it should be
  padding,                ///< codes after the last element of a row are not zero
};

[[nodiscard]] constexpr const char* to_string(finding_kind k) noexcept {
  switch (k) {
    case finding_kind::nan_scale:
      return "NaN scale";
    case finding_kind::zero_scale:
      return "zero scale";
    case finding_kind::zero_row:
      return "all-zero row";
    case finding_kind::bad_tensor_scale:
      return "bad tensor scale";
    case finding_kind::inverted_tensor_scale:
      return "inverted tensor scale";
    case finding_kind::padding:
      return "padding not zero";
    case finding_kind::wrong_size:
      break;
  }
  return "wrong size";
}

/// One kind of finding: how often, and where first.
struct finding {
  finding_kind kind;
  std::size_t count = 0;
  std::size_t first = 0;  ///< group index (scales), row index (rows, padding); else 0
  std::string message;
};

namespace detail {

inline void note(std::vector<finding>& findings, finding_kind kind, std::size_t where,
                 const std::string& message) {
  for (finding& f : findings) {
    if (f.kind == kind) {
      ++f.count;
      return;
    }
  }
  findings.push_back({kind, 1, where, std::string(to_string(kind)) + ": " + message});
}

}  // namespace detail

/// Looks for what went wrong on the way from a quantizer to these bytes: the kinds above, each at
/// most once with its count.
///
/// A tensor scale counts as inverted if the largest block scale, which two-level quantizers place
/// at the top of the scale format, is there (at least a quarter of the format's largest) and the
/// largest weight would be above 2^10 under the stored convention but below it under the other:
/// weights and activations of networks are far below 2^10, and reciprocals of their scales far
/// above.
///
/// Cost: one pass over codes and scales.
[[nodiscard]] inline std::vector<finding> validate(const any_packed_view& packed) {
  std::vector<finding> findings;
  const packed_description& d = packed.description;
  const packed_layout& layout = d.layout;
  const std::size_t zero_points = d.group == group_kind::affine ? layout.scale_count() : 0;
  const std::size_t negative = d.group == group_kind::separate_signs ? d.scale_bytes() : 0;
  const auto size = [&](const char* what, std::size_t got, std::size_t needed) {
    if (got == needed) return;
    detail::note(findings, finding_kind::wrong_size, 0,
                 std::string(what) + " are " + std::to_string(got) + " bytes; needed are " +
                     std::to_string(needed));
  };
  size("codes", packed.codes.size(), layout.code_bytes());
  size("scales", packed.scales.size(), d.scale_bytes());
  size("negative scales", packed.negative_scales.size(), negative);
  size("zero points", packed.zero_points.size(), zero_points);
  if (!findings.empty()) return findings;

  const auto is_zero = [&](std::uint32_t code, std::size_t cell) {
    return d.group == group_kind::affine ? d.element.order_key(code) == packed.zero_point(cell)
                                         : d.element.classify(code) == value_class::zero;
  };
  const auto check_scale = [&](std::size_t cell, bool side) {
    const unpacked scale = packed.scale(cell, side);
    if (scale.kind == value_class::nan) {
      detail::note(
          findings, finding_kind::nan_scale, cell,
          "group " + std::to_string(cell) + " has scale code " +
              std::to_string(side ? packed.negative_scale_code(cell) : packed.scale_code(cell)));
    }
    return scale;
  };
  for (std::size_t cell = 0; cell < layout.scale_count(); ++cell) {
    const bool zero = check_scale(cell, false).kind == value_class::zero;
    if (d.group == group_kind::separate_signs) check_scale(cell, true);
    if (!zero) continue;
    bool all_zero = true;
    layout.for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        all_zero = all_zero && is_zero(packed.code(row, i), cell);
      }
    });
    if (!all_zero) {
      detail::note(findings, finding_kind::zero_scale, cell,
                   "group " + std::to_string(cell) + " has scale 0 over codes that are not zero");
    }
  }
  for (std::size_t row = 0; row < layout.row_count(); ++row) {
    const std::size_t first = layout.first_cell_of_row(row);
    bool all_zero = layout.row_length() != 0;
    for (std::size_t i = 0; i < layout.row_length(); ++i) {
      all_zero = all_zero && is_zero(packed.code(row, i), first + i / layout.cell_length());
    }
    if (all_zero) {
      detail::note(findings, finding_kind::zero_row, row, "row " + std::to_string(row));
    }
    for (std::size_t i = layout.row_length(); i < layout.row_codes(); ++i) {
      if (packed.code(row, i) != 0) {
        detail::note(findings, finding_kind::padding, row,
                     "row " + std::to_string(row) + " has code " +
                         std::to_string(packed.code(row, i)) + " after its last element");
        break;
      }
    }
  }
  if (d.tensor_scale == tensor_scale_kind::none) return findings;

  const std::uint32_t bits = bit_cast<std::uint32_t>(packed.tensor_scale);
  if (bits == 0 || bits >= 0x7f800000U) {
    detail::note(findings, finding_kind::bad_tensor_scale, 0,
                 std::to_string(packed.tensor_scale) + "; needed is a finite positive one");
    return findings;
  }
  unpacked largest;
  for (std::size_t cell = 0; cell < layout.scale_count(); ++cell) {
    const unpacked scale = packed.scale(cell);
    if (scale.kind == value_class::finite && compare_magnitudes(largest, scale) < 0) {
      largest = scale;
    }
  }
  const unpacked top = d.scale.decode(d.scale.describe().largest);
  if (compare_magnitudes(scale_exponent(largest, 2), top) < 0) return findings;
  const unpacked weight = scale_exponent(
      multiply(d.element.decode(d.element.describe().largest), largest), d.element_exponent);
  const unpacked factor = unpack(packed.tensor_scale);
  const bool multiplies = d.tensor_scale == tensor_scale_kind::multiplier;
  const unpacked as_stored = multiplies ? multiply(weight, factor) : divide(weight, factor);
  const unpacked otherwise = multiplies ? divide(weight, factor) : multiply(weight, factor);
  const unpacked limit = unpack(1 << 10);
  if (compare_magnitudes(as_stored, limit) > 0 && compare_magnitudes(otherwise, limit) < 0) {
    detail::note(findings, finding_kind::inverted_tensor_scale, 0,
                 std::to_string(packed.tensor_scale) + " as a " +
                     (multiplies ? "multiplier" : "divisor") + " gives values up to " +
                     std::to_string(to_float(as_stored)) + ", as a " +
                     (multiplies ? "divisor" : "multiplier") + " up to " +
                     std::to_string(to_float(otherwise)));
  }
  return findings;
}

}  // namespace binade::inline v0
