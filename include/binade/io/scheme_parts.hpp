// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/arithmetic.hpp"  // divide
#include "binade/io/safetensors_tensor.hpp"
#include "binade/io/scheme.hpp"
#include "binade/io/write_safetensors.hpp"  // safetensors_entry
#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Writes packed tensors in the layout of a scheme.

namespace binade::inline v0 {

/// A tensor scale under another convention: the reciprocal, correctly rounded, between multiplier
/// and divisor; 1 where there was none.
///
/// Post: a reciprocal of a reciprocal may differ from the scale in its last place.
[[nodiscard]] inline float convert_tensor_scale(float scale, tensor_scale_kind from,
                                                tensor_scale_kind to) noexcept {
  if (from == tensor_scale_kind::none) return 1.0F;
  if (from == to || to == tensor_scale_kind::none) return scale;
  return to_float(divide(unpack(1), unpack(scale)));
}

/// Why a scheme cannot hold a packed tensor bit for bit; empty if it can. Codes and scales stay as
/// they are, a tensor scale as convert_tensor_scale has it.
[[nodiscard]] inline std::string fault_of(const any_scheme& s, const packed_description& d) {
  const std::string holds = std::string(s.name) + " holds " + s.format.names->name;
  if (d.names != s.format.names) {
    return holds + ", not " + d.names->name;
  }
  if (d.layout.shape().rank() < 2) return holds + " of two axes or more";
  if (d.layout.axis() != d.layout.shape().rank() - 1 || d.group != group_kind::symmetric) {
    return holds + " with blocks along the last axis and no zero points";
  }
  const std::size_t in = d.layout.shape().row_length();
  if (s.format.is_block_format) {
    if (in % s.format.block.size != 0) {
      return holds + " in rows of whole blocks of " + std::to_string(s.format.block.size) +
             ", not of " + std::to_string(in) + " elements";
    }
    if (d.tensor_scale != tensor_scale_kind::none && s.tensor_scale == tensor_scale_kind::none) {
      return holds + " without a tensor scale";
    }
    if (!(d.scale == s.format.block.scale) || d.layout.cell_length() != s.format.block.size) {
      return holds + " with other scales or blocks";
    }
    return "";
  }
  if (d.scale.bit_count() != 32 && !(d.scale == any_format::of<bfloat16>()) &&
      !(d.scale == any_format::of<float16>())) {
    return holds + " with scales of 16 or 32 bits";
  }
  const packed_description wanted = describe_packed(s, d.layout.shape());
  for (int i = 0; i < d.layout.stored_shape().rank(); ++i) {
    if (wanted.layout.cell_extent(i) != d.layout.cell_extent(i) &&
        wanted.layout.grid() != d.layout.grid()) {
      return holds + " with scales for " + to_string(wanted.layout.groups()) + ", not " +
             to_string(d.layout.groups());
    }
  }
  return "";
}

/// The tensors that hold one weight.
struct scheme_parts {
  std::vector<safetensors_tensor>
      tensors;  ///< codes, scales, then the tensor scale if there is one

  /// Whether the third is there.
  [[nodiscard]] bool has_tensor_scale() const noexcept { return tensors.size() > 2; }
};

namespace detail {

inline std::vector<std::uint64_t> shape_of_codes(code_shape form, const tensor_shape& weight) {
  std::vector<std::uint64_t> shape(weight.extents().begin(), weight.extents().end());
  if (form == code_shape::bytes) shape.back() /= 2;
  if (form == code_shape::blocks) {
    shape.back() /= 32;
    shape.push_back(16);
  }
  return shape;
}

inline safetensors_dtype scale_dtype(const any_scheme& s, const any_format& scale) {
  if (scale == any_format::of<bfloat16>()) return safetensors_dtype::bf16;
  if (scale == any_format::of<float16>()) return safetensors_dtype::f16;
  return s.scale_types[0];
}

}  // namespace detail

/// Names, element types and shapes of the tensors that hold weight `name` of this form: codes,
/// scales, then the tensor scale if the scheme has one.
///
/// Throws: error if the scheme cannot hold it.
[[nodiscard]] inline std::vector<safetensors_entry> describe_parts(const any_scheme& s,
                                                                   const std::string& name,
                                                                   const packed_description& d) {
  if (const std::string fault = fault_of(s, d); !fault.empty()) {
    BINADE_THROW(error{"describe_parts: " + name + ": " + fault});
  }
  std::vector<safetensors_entry> parts;
  const auto add = [&](const char* suffix, safetensors_dtype dtype,
                       std::vector<std::uint64_t> shape) {
    parts.push_back({name + suffix, dtype, std::move(shape)});
  };
  add(s.names.codes, s.code_types[0], detail::shape_of_codes(s.codes, d.layout.shape()));
  const tensor_shape& grid = d.layout.grid();
  std::vector<std::uint64_t> scales(grid.extents().begin(), grid.extents().end());
  if (s.scales == scale_shape::scalar) scales = {};
  if (s.scales == scale_shape::vector) scales = {1};
  add(s.names.scales, detail::scale_dtype(s, d.scale), std::move(scales));
  if (*s.names.tensor_scale != '\0') {
    add(s.names.tensor_scale, safetensors_dtype::f32,
        s.tensor_scale_shape == scale_shape::scalar ? std::vector<std::uint64_t>{}
                                                    : std::vector<std::uint64_t>{1});
  }
  return parts;
}

}  // namespace binade::inline v0
