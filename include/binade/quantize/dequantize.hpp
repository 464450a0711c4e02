// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/packed_values.hpp"
#include "binade/quantize/vector_dequantizer.hpp"
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

template <class T>
void store_rounded(const unpacked& x, T* out) noexcept {
  using policies = target_policies<T>;
  constexpr conversion_rules rules = policies::rules;
  pack_value_into(out, x, typename policies::rounding{}, rules);
}

/// The values of all codes of a narrow format under one group's scale: a group with many elements
/// computes each value once.
template <class T>
class group_values {
 public:
  group_values(const packed_description& d, const reference::code_values& table) noexcept
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
      store_rounded(reference::element_value(table_(static_cast<std::uint32_t>(code)), scale,
                                             element_exponent_),
                    &values_[code]);
    }
    cell_ = cell;
    filled_ = true;
  }
  [[nodiscard]] const T& operator[](std::uint32_t code) const noexcept { return values_[code]; }

 private:
  const reference::code_values& table_;
  int element_exponent_;
  std::size_t codes_;
  std::size_t cell_ = 0;
  bool filled_ = false;
  T values_[256];
};

/// dequantize into the rows of `stored`, whose last axis is that of the codes, by the definition.
template <class T>
void dequantize_by_definition(const any_packed_view& packed, const tensor_view<T>& stored,
                              executor_ref executor) {
  const packed_layout& layout = packed.description.layout;
  const reference::code_values table(packed.description.element);
  const std::ptrdiff_t stride = stored.inner_stride();
  const int bits = packed.description.element.bit_count();
  const int exponent = packed.description.element_exponent;
  executor.for_each_chunk(layout.row_count(), 16, [&](std::size_t begin, std::size_t end) {
    group_values<T> values(packed.description, table);
    for (std::size_t row = begin; row < end; ++row) {
      T* y = stored.row_data(row);
      const std::byte* codes = packed.codes.data() + row * layout.row_bytes();
      reference::for_each_group_of_row(
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
              store_rounded(
                  reference::element_value(table(read_code(codes, i, bits)), scale, exponent),
                  &y[static_cast<std::ptrdiff_t>(i) * stride]);
            }
          });
    }
  });
}

/// The same by vectors.
template <class T>
void dequantize_by_vectors(const vector_dequantizer& vectors, const any_packed_view& packed,
                           const tensor_view<T>& stored, executor_ref executor) {
  constexpr std::size_t piece = std::size_t{1} << 16;  // of a row: a task's worth
  // Results that are far larger than the caches go past them.
  constexpr std::size_t streamed_bytes = std::size_t{1} << 26;
  const std::size_t length = packed.description.layout.row_length();
  const std::size_t rows = packed.description.layout.row_count();
  const std::size_t pieces = (length + piece - 1) / piece;
  const std::size_t grain = length >= piece ? 1 : piece / (length + 1) + 1;
  const bool streams = rows * length >= streamed_bytes / sizeof(T);
  executor.for_each_chunk(rows * pieces, grain, [&](std::size_t begin, std::size_t end) {
    const fp_environment_guard guard;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t row = i / pieces;
      const std::size_t from = i % pieces * piece;
      T* y = stored.row_data(row);
      vectors.run(row, from, length - from < piece ? length : from + piece, y, streams,
                  [&](std::size_t j, const unpacked& value) { store_rounded(value, &y[j]); });
    }
  });
}

/// dequantize, with the kernels of some target.
template <dequantize_target T>
void dequantize_with(const simd::quantize_kernels& kernels, const any_packed_view& packed,
                     tensor_view<T> out, executor_ref executor) {
  reference::check_sizes("dequantize: the packed tensor", packed);
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
  if constexpr (vector_target<T>) {
    const vector_dequantizer vectors(packed, kernels);
    if (stored.inner_stride() == 1 && vectors.serves()) {
      dequantize_by_vectors(vectors, packed, stored, executor);
      return;
    }
  }
  dequantize_by_definition(packed, stored, executor);
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
  detail::dequantize_with(simd::active_quantize_kernels(), packed, out, executor);
}

}  // namespace binade::inline v0
