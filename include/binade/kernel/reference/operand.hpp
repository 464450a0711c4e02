// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/kernel/reference/packed_values.hpp"
#include "binade/kernel/reference/sums.hpp"  // store
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

// What gemm, gemv and dot read: their operands row by row, as floats or as exact integers.

namespace binade::inline v0 {

/// Elements of an unpacked operand.
template <class T>
concept operand_element = std::same_as<T, float> || format<T>;

/// Anything that is a packed tensor or a view of one.
template <class P>
concept packed_like = std::convertible_to<const P&, any_packed_view>;

/// One side of a product: a packed tensor, or a tensor of floats or of a format's values. It refers
/// to somebody else's memory, as views do, and is made from them implicitly.
class operand {
 public:
  template <packed_like P>
  operand(const P& packed)
      : packed_(packed), element_(packed_->description.element), shape_(packed_->shape()) {}

  template <class T>
    requires operand_element<std::remove_const_t<T>>
  operand(const tensor_view<T>& values)
      : element_(element_of<std::remove_const_t<T>>()),
        data_(values.data()),
        shape_(values.shape()),
        strides_(values.strides()),
        read_row_(&read_values<std::remove_const_t<T>>) {}

  /// The vector of all elements of a span, vector or array.
  template <class Range>
    requires operand_element<std::remove_const_t<detail::span_element_t<const Range&>>>
  operand(const Range& memory) : operand(vector_view(std::data(memory), std::size(memory))) {}

  [[nodiscard]] const tensor_shape& shape() const noexcept { return shape_; }
  /// The elements' format.
  [[nodiscard]] const any_format& element() const noexcept { return element_; }
  /// The packed tensor, if it is one.
  [[nodiscard]] const std::optional<any_packed_view>& packed() const noexcept { return packed_; }

  /// Writes row `row` of an unpacked operand as floats, each rounded once.
  void read_row(std::size_t row, float* out) const { read_row_(*this, row, out); }

 private:
  template <class T>
  static constexpr any_format element_of() noexcept {
    if constexpr (std::same_as<T, float>) {
      return any_format::binary32();
    } else {
      return any_format::of<T>();
    }
  }
  template <class T>
  static void read_values(const operand& o, std::size_t row, float* out) {
    const tensor_view<const T> values(static_cast<const T*>(o.data_), o.shape_, o.strides_);
    const T* x = values.row_data(row);
    const std::ptrdiff_t stride = values.inner_stride();
    for (std::size_t i = 0; i < values.row_length(); ++i) {
      const T& value = x[static_cast<std::ptrdiff_t>(i) * stride];
      if constexpr (std::same_as<T, float>) {
        std::memcpy(out + i, &value, sizeof value);
      } else {
        reference::store(unpack(value), out + i);
      }
    }
  }

  std::optional<any_packed_view> packed_;
  any_format element_;
  const void* data_ = nullptr;
  tensor_shape shape_;
  tensor_strides strides_;
  void (*read_row_)(const operand&, std::size_t, float*) = nullptr;
};

namespace reference {

/// The rows of an operand as floats, each element rounded once.
class float_rows {
 public:
  explicit float_rows(const operand& o) : operand_(o) {
    if (o.packed()) values_.emplace(o.packed()->description.element);
  }
  void read(std::size_t row, float* out) const {
    if (!operand_.packed()) {
      operand_.read_row(row, out);
      return;
    }
    for_each_exact_value(*operand_.packed(), *values_, row,
                         [out](std::size_t i, const unpacked& value) { store(value, out + i); });
  }

 private:
  const operand& operand_;
  std::optional<code_values> values_;
};

/// The smallest k for which every value of the format is an integer times 2^-k, if the format has
/// neither NaN nor infinity and those integers stay below 2^15: 1 for E2M1 (up to 12), 3 for E2M3
/// (60), 4 for E3M2 (448), 0 for int8 (128).
[[nodiscard]] inline std::optional<int> integer_scale(const any_format& format) noexcept {
  if (format.bit_count() > 8) return std::nullopt;
  const code_values values(format);
  int lowest = 0;  // exponent of the lowest bit that any value has
  int highest = 0;
  bool first = true;
  for (std::uint32_t code = 0; code < std::uint32_t{1} << format.bit_count(); ++code) {
    const unpacked v = values(code);
    if (v.kind == value_class::zero) continue;
    if (v.kind != value_class::finite) return std::nullopt;
    const int low = v.exponent - 63 + countr_zero(v.significand);
    lowest = first ? low : std::min(lowest, low);
    highest = first ? v.exponent : std::max(highest, v.exponent);
    first = false;
  }
  if (highest - lowest >= 15) return std::nullopt;
  return -lowest;
}

/// The value of a code times 2^k; needs integer_scale(element) == k.
[[nodiscard]] inline std::int16_t integer_value(const any_format& element, std::uint32_t code,
                                                int k) noexcept {
  const unpacked v = scale_exponent(element.decode(code), k);
  if (v.kind == value_class::zero) return 0;
  const auto magnitude = static_cast<std::int16_t>(v.significand >> (63 - v.exponent));
  return static_cast<std::int16_t>(v.negative ? -magnitude : magnitude);
}

/// The rows of a packed tensor of a block format as integers and scales, if `integer_scale` says
/// that they are: value = integer * scale (* tensor scale).
class integer_rows {
 public:
  /// Needs integer_scale(packed.description.element) == k.
  integer_rows(const any_packed_view& packed, int k) noexcept : packed_(packed), k_(k) {
    const any_format& element = packed.description.element;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << element.bit_count(); ++code) {
      integers_[code] = integer_value(element, code, k);
    }
  }
  [[nodiscard]] std::size_t blocks() const noexcept {
    return packed_.description.layout.cells_per_row();
  }
  /// Shapes: integers[row_length], scales[blocks()].
  void read(std::size_t row, std::int16_t* integers, float* scales) const noexcept {
    const packed_description& d = packed_.description;
    const std::byte* codes = packed_.codes.data() + row * d.layout.row_bytes();
    for (std::size_t i = 0; i < d.layout.row_length(); ++i) {
      integers[i] = integers_[read_code(codes, i, d.element.bit_count())];
    }
    const std::size_t first = d.layout.first_cell_of_row(row);
    for (std::size_t i = 0; i < blocks(); ++i) {
      store(scale_exponent(packed_.scale(first + i), d.element_exponent - k_), scales + i);
    }
  }

 private:
  const any_packed_view& packed_;
  int k_;
  std::int16_t integers_[256]{};
};

/// The constants k of both sides, if a product of the two is summed block by block in integers:
/// both are block formats with blocks of the same size whose elements are integers. Products are
/// below 2^30, so the sum of a block of at most 2^33 elements fits in 64 bits; larger ones are
/// refused.
[[nodiscard]] inline std::optional<std::pair<int, int>> integer_scales(
    const packed_description& a, const packed_description& b) noexcept {
  if (!a.is_block_format || !b.is_block_format ||
      a.layout.cell_length() != b.layout.cell_length() ||
      a.layout.cell_length() > std::uint64_t{1} << 33) {
    return std::nullopt;
  }
  const std::optional<int> ka = integer_scale(a.element);
  const std::optional<int> kb = integer_scale(b.element);
  if (!ka || !kb) return std::nullopt;
  return std::pair{*ka, *kb};
}
[[nodiscard]] inline std::optional<std::pair<int, int>> integer_scales(const operand& a,
                                                                       const operand& b) noexcept {
  if (!a.packed() || !b.packed()) return std::nullopt;
  return integer_scales(a.packed()->description, b.packed()->description);
}

/// Throws: error unless `o`, called `name`, has the rank, sizes that fit its description, and, if
/// it
///         is of a block format, blocks along its last axis.
inline void check_operand(const char* function, const char* name, const operand& o, int rank) {
  const std::string who = std::string(function) + ": " + name;
  if (o.shape().rank() != rank) {
    BINADE_THROW(
        error{who + " is " + to_string(o.shape()) + "; it must have rank " + std::to_string(rank)});
  }
  if (!o.packed()) return;
  const any_packed_view& packed = *o.packed();
  const packed_description& d = packed.description;
  reference::check_sizes(who, packed);
  if (d.layout.axis() != rank - 1) {
    BINADE_THROW(error{who + " has blocks along axis " + std::to_string(d.layout.axis()) +
                       "; they must run along axis " + std::to_string(rank - 1) +
                       ", which is summed over"});
  }
}

}  // namespace reference
}  // namespace binade::inline v0
