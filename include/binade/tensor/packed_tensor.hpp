// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/any_format.hpp"
#include "binade/tensor/block_format.hpp"
#include "binade/tensor/packed_layout.hpp"
#include "binade/tensor/packing.hpp"  // read_code, write_code

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// How a stored tensor scale enters the value: ModelOpt and Transformer Engine store multipliers,
/// compressed-tensors stores divisors.
enum class tensor_scale_kind : std::uint8_t { none, multiplier, divisor };

/// What a group stores besides its codes.
enum class group_kind : std::uint8_t {
  symmetric,       ///< value = element * scale
  affine,          ///< value = (element - zero_point) * scale
  separate_signs,  ///< one scale for elements >= 0, another for negative ones
};

/// What a packed tensor is made of, apart from its bytes.
struct packed_description {
  any_format element;
  any_format scale = any_format::binary32();
  packed_layout layout;
  int element_exponent = 0;  ///< value = element * 2^element_exponent * scale ...
  group_kind group = group_kind::symmetric;
  tensor_scale_kind tensor_scale = tensor_scale_kind::none;
  bool symmetric = false;  ///< integer elements stop at -largest
  block_scaling rule = block_scaling::absmax;
  bool is_block_format = false;
  const format_names* names = nullptr;  ///< of the block format, else of the element format

  [[nodiscard]] std::size_t scale_bytes_each() const noexcept {
    return static_cast<std::size_t>(scale.bit_count() + 7) / 8;
  }
  [[nodiscard]] std::size_t scale_bytes() const noexcept {
    return layout.scale_count() * scale_bytes_each();
  }
};

/// Somebody's bytes seen as a packed tensor. `Byte` is std::byte or const std::byte.
///
/// Shapes: codes as `description.layout` says; scales[scale_count] little-endian, each
///         ceil(bits / 8) bytes; negative_scales likewise if group is separate_signs;
///         zero_points[scale_count], element codes, one a byte, if group is affine.
template <class Byte>
struct basic_packed_view {
  packed_description description;
  std::span<Byte> codes;
  std::span<Byte> scales;
  std::span<Byte> negative_scales;
  std::span<Byte> zero_points;
  float tensor_scale = 1.0F;

  [[nodiscard]] const tensor_shape& shape() const noexcept { return description.layout.shape(); }

  [[nodiscard]] std::uint32_t code(std::size_t row, std::size_t i) const noexcept {
    const packed_layout& l = description.layout;
    return read_code(codes.data() + row * l.row_bytes(), i, description.element.bit_count());
  }
  [[nodiscard]] std::uint32_t scale_code(std::size_t i) const noexcept {
    return stored_code(scales, i);
  }
  [[nodiscard]] std::uint32_t negative_scale_code(std::size_t i) const noexcept {
    return stored_code(negative_scales, i);
  }
  /// The exact scale of a group; `negative` chooses where the signs have their own.
  [[nodiscard]] unpacked scale(std::size_t i, bool negative = false) const noexcept {
    const bool own = negative && description.group == group_kind::separate_signs;
    return description.scale.decode(own ? negative_scale_code(i) : scale_code(i));
  }
  [[nodiscard]] std::int64_t zero_point(std::size_t i) const noexcept {
    if (description.group != group_kind::affine) return 0;
    return description.element.order_key(static_cast<std::uint8_t>(zero_points[i]));
  }
  /// Bytes of codes, scales, zero points and the tensor scale.
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    const std::size_t tensor = description.tensor_scale == tensor_scale_kind::none ? 0 : 4;
    return codes.size() + scales.size() + negative_scales.size() + zero_points.size() + tensor;
  }
  /// Bits of storage an element.
  [[nodiscard]] double bits_per_element() const noexcept {
    const std::size_t n = shape().size();
    return n == 0 ? 0.0 : 8.0 * static_cast<double>(size_bytes()) / static_cast<double>(n);
  }

  /// A view of the same bytes that cannot write them.
  template <std::same_as<const std::byte> To>
  operator basic_packed_view<To>() const noexcept
    requires(!std::is_const_v<Byte>)
  {
    return {description, codes, scales, negative_scales, zero_points, tensor_scale};
  }

 private:
  [[nodiscard]] std::uint32_t stored_code(std::span<Byte> bytes, std::size_t i) const noexcept {
    const std::size_t each = description.scale_bytes_each();
    std::uint32_t code = 0;
    std::memcpy(&code, bytes.data() + i * each, each);  // little-endian, as config.hpp checks
    return code;
  }
};

using any_packed_view = basic_packed_view<const std::byte>;

/// How many elements a quantization lost something of. An element counts once, in the first that
/// fits: NaN, infinite, clipped (|x| > scale * largest element), underflowed (x != 0 became 0).
struct quantize_counts {
  std::size_t nan = 0;
  std::size_t infinite = 0;
  std::size_t clipped = 0;
  std::size_t underflowed = 0;

  quantize_counts& operator+=(const quantize_counts& other) noexcept {
    nan += other.nan;
    infinite += other.infinite;
    clipped += other.clipped;
    underflowed += other.underflowed;
    return *this;
  }
  friend bool operator==(const quantize_counts&, const quantize_counts&) = default;
};

/// A packed tensor that owns its bytes, of any format.
class any_packed_tensor {
 public:
  any_packed_tensor() = default;

  /// Zero codes and scales in the given form.
  explicit any_packed_tensor(packed_description description)
      : description_(std::move(description)),
        codes_(description_.layout.code_bytes()),
        scales_(description_.scale_bytes()),
        negative_scales_(description_.group == group_kind::separate_signs ? scales_.size() : 0),
        zero_points_(description_.group == group_kind::affine ? description_.layout.scale_count()
                                                              : 0) {}

  [[nodiscard]] const packed_description& description() const noexcept { return description_; }
  [[nodiscard]] const tensor_shape& shape() const noexcept { return description_.layout.shape(); }
  [[nodiscard]] std::span<const std::byte> codes() const noexcept { return codes_; }
  [[nodiscard]] std::span<const std::byte> scales() const noexcept { return scales_; }
  [[nodiscard]] std::span<const std::byte> negative_scales() const noexcept {
    return negative_scales_;
  }
  [[nodiscard]] std::span<const std::byte> zero_points() const noexcept { return zero_points_; }
  [[nodiscard]] float tensor_scale() const noexcept { return tensor_scale_; }
  [[nodiscard]] const quantize_counts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return view().size_bytes(); }
  [[nodiscard]] double bits_per_element() const noexcept { return view().bits_per_element(); }

  [[nodiscard]] any_packed_view view() const noexcept {
    return {description_, codes_, scales_, negative_scales_, zero_points_, tensor_scale_};
  }
  [[nodiscard]] basic_packed_view<std::byte> mutable_view() noexcept {
    return {description_, codes_, scales_, negative_scales_, zero_points_, tensor_scale_};
  }
  operator any_packed_view() const noexcept { return view(); }

  /// Adds the rows of `more` behind this tensor's, which then has the form `extended`. Scales and
  /// zero points are added too, unless both share them.
  void append(const any_packed_tensor& more, packed_description extended, bool shared_scales) {
    const auto extend = [](std::vector<std::byte>& bytes, const std::vector<std::byte>& tail) {
      bytes.insert(bytes.end(), tail.begin(), tail.end());
    };
    extend(codes_, more.codes_);
    if (!shared_scales) {
      extend(scales_, more.scales_);
      extend(negative_scales_, more.negative_scales_);
      extend(zero_points_, more.zero_points_);
    }
    description_ = std::move(extended);
    counts_ += more.counts_;
  }

  void set_tensor_scale(float scale) noexcept { tensor_scale_ = scale; }
  void set_counts(const quantize_counts& counts) noexcept { counts_ = counts; }

 private:
  packed_description description_;
  std::vector<std::byte> codes_;
  std::vector<std::byte> scales_;
  std::vector<std::byte> negative_scales_;
  std::vector<std::byte> zero_points_;
  float tensor_scale_ = 1.0F;
  quantize_counts counts_;
};

/// What may be packed: an element format with scales of some granularity, or a block format.
template <class F>
concept packable = format<F> || block_scaled<F>;

/// A packed tensor whose format is known at compile time.
template <packable F>
class packed_tensor : public any_packed_tensor {
 public:
  using format_type = F;
  packed_tensor() = default;
  explicit packed_tensor(any_packed_tensor&& t) noexcept : any_packed_tensor(std::move(t)) {}
};

/// The description of a tensor of block format F with blocks along `axis`.
///
/// Throws: error if the shape has no such axis.
[[nodiscard]] inline packed_description describe_blocks(const block_description& b,
                                                        const tensor_shape& shape, int axis = -1) {
  packed_description d;
  d.element = b.element;
  d.scale = b.scale;
  d.layout = packed_layout::blocks(shape, axis, b.size, b.element.bit_count());
  d.element_exponent = b.element_exponent;
  d.tensor_scale = b.has_tensor_scale ? tensor_scale_kind::multiplier : tensor_scale_kind::none;
  d.symmetric = b.symmetric;
  d.rule = b.rule;
  d.is_block_format = true;
  d.names = b.names;
  return d;
}

/// The description of a tensor of an element format with binary32 scales.
///
/// Throws: error if the granularity does not fit the shape.
[[nodiscard]] inline packed_description describe_scaled(const any_format& element,
                                                        const tensor_shape& shape,
                                                        const granularity& g,
                                                        group_kind group = group_kind::symmetric) {
  packed_description d;
  d.element = element;
  d.layout = packed_layout::scaled(shape, g, element.bit_count());
  d.group = group;
  d.symmetric = element.is_integer() && group != group_kind::affine;
  d.names = &element.names();
  return d;
}

}  // namespace binade::inline v0
