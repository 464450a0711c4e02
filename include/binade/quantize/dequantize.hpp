// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace binade::inline v0 {

/// What `dequantize` may write.
template <class T>
concept dequantize_target = conversion_target<T>;

namespace detail {

/// The exact values of all codes of a narrow format, so that a tensor decodes each code once.
class decode_table {
 public:
  explicit decode_table(const any_format& format) noexcept
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

template <class T>
T rounded_value(const unpacked& x) noexcept {
  using policies = target_policies<T>;
  constexpr conversion_rules rules = policies::rules;
  return pack_value<T>(x, typename policies::rounding{}, rules);
}

/// Calls f(cell, begin, end, scale) for each group of elements [begin, end) of a stored row.
template <class Function>
void for_each_group_of_row(const any_packed_view& packed, std::size_t row, Function&& f) {
  const packed_description& d = packed.description;
  const packed_layout& layout = d.layout;
  const unpacked tensor_scale = unpack(packed.tensor_scale);
  std::size_t cell = layout.first_cell_of_row(row);
  for (std::size_t begin = 0; begin < layout.row_length(); begin += layout.cell_length(), ++cell) {
    reference::group_scale scale;
    scale.positive = packed.scale(cell);
    scale.negative = packed.scale(cell, true);
    scale.zero_point = packed.zero_point(cell);
    scale.positive = reference::with_tensor_scale(scale.positive, d.tensor_scale, tensor_scale);
    scale.negative = reference::with_tensor_scale(scale.negative, d.tensor_scale, tensor_scale);
    const std::size_t rest = layout.row_length() - begin;
    f(cell, begin, begin + (rest < layout.cell_length() ? rest : layout.cell_length()), scale);
  }
}

/// The values of all codes of a narrow format under one group's scale: a group with many elements
/// computes each value once.
template <class T>
class group_values {
 public:
  group_values(const packed_description& d, const decode_table& table) noexcept
      : table_(table),
        element_exponent_(d.element_exponent),
        codes_(d.element.bit_count() <= 8 ? std::size_t{1} << d.element.bit_count() : 0) {}

  /// Whether a table pays for a group of which a row holds `n` elements.
  [[nodiscard]] bool serves(std::size_t cell, std::size_t n) const noexcept {
    return codes_ != 0 && (n >= codes_ || (filled_ && cell == cell_));
  }
  void fill(std::size_t cell, const reference::group_scale& scale) noexcept {
    if (filled_ && cell == cell_) return;
    for (std::size_t code = 0; code < codes_; ++code) {
      values_[code] = rounded_value<T>(reference::element_value(
          table_(static_cast<std::uint32_t>(code)), scale, element_exponent_));
    }
    cell_ = cell;
    filled_ = true;
  }
  [[nodiscard]] T operator[](std::uint32_t code) const noexcept { return values_[code]; }

 private:
  const decode_table& table_;
  int element_exponent_;
  std::size_t codes_;
  std::size_t cell_ = 0;
  bool filled_ = false;
  T values_[256];
};

inline void check_packed(const any_packed_view& packed, const char* function) {
  const packed_description& d = packed.description;
  const std::size_t zero_points = d.group == group_kind::affine ? d.layout.scale_count() : 0;
  const std::size_t negative = d.group == group_kind::separate_signs ? d.scale_bytes() : 0;
  if (packed.codes.size() != d.layout.code_bytes() || packed.scales.size() != d.scale_bytes() ||
      packed.negative_scales.size() != negative || packed.zero_points.size() != zero_points) {
    BINADE_THROW(error{std::string(function) + ": a packed tensor of shape " +
                       to_string(d.layout.shape()) + " has " + std::to_string(packed.codes.size()) +
                       " bytes of codes and " + std::to_string(packed.scales.size()) +
                       " of scales; needed are " + std::to_string(d.layout.code_bytes()) + " and " +
                       std::to_string(d.scale_bytes())});
  }
}

}  // namespace detail

/// Writes the values of a packed tensor.
///
/// Shapes: out.shape() == packed.shape().
/// NaN:    an element or scale that is NaN gives NaN.
/// Error:  element * scale * tensor scale, rounded once.
/// Throws: error if shapes or sizes do not fit; before it writes.
/// Cost:   allocates nothing.
template <dequantize_target T>
void dequantize(const any_packed_view& packed, tensor_view<T> out, executor_ref executor = {}) {
  detail::check_packed(packed, "dequantize");
  const packed_layout& layout = packed.description.layout;
  if (!(out.shape() == layout.shape())) {
    BINADE_THROW(error{"dequantize: the packed tensor is " + to_string(layout.shape()) +
                       " but the destination is " + to_string(out.shape()) +
                       "; they must be equal"});
  }
  const auto axes = layout.stored_axes();
  const auto rank = static_cast<std::size_t>(layout.shape().rank());
  const tensor_view<T> stored =
      rank == 0 ? out : out.permuted(std::span<const int>(axes.data(), rank));
  const detail::decode_table table(packed.description.element);
  const std::ptrdiff_t stride = stored.inner_stride();
  const int bits = packed.description.element.bit_count();
  const int exponent = packed.description.element_exponent;
  executor.for_each_chunk(layout.row_count(), 16, [&](std::size_t begin, std::size_t end) {
    detail::group_values<T> values(packed.description, table);
    for (std::size_t row = begin; row < end; ++row) {
      T* y = stored.row_data(row);
      const std::byte* codes = packed.codes.data() + row * layout.row_bytes();
      detail::for_each_group_of_row(
          packed, row,
          [&](std::size_t cell, std::size_t from, std::size_t to,
              const reference::group_scale& scale) {
            if (values.serves(cell, to - from)) {
              values.fill(cell, scale);
              for (std::size_t i = from; i < to; ++i) {
                y[static_cast<std::ptrdiff_t>(i) * stride] = values[read_code(codes, i, bits)];
              }
              return;
            }
            for (std::size_t i = from; i < to; ++i) {
              y[static_cast<std::ptrdiff_t>(i) * stride] = detail::rounded_value<T>(
                  reference::element_value(table(read_code(codes, i, bits)), scale, exponent));
            }
          });
    }
  });
}

}  // namespace binade::inline v0
