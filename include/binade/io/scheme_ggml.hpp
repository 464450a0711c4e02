// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/gguf_tensor.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/packing.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

// ggml's blocks, in which scales and codes take turns, as packed tensors and back.

namespace binade::inline v0 {

namespace ggml_blocks {

/// E8M0 scale, 32 E2M1 elements.
/// Source of all: ggml (d99724f2), src/ggml-common.h.
struct mxfp4 {
  using format_type = binade::mxfp4;
  static constexpr ggml_type type = ggml_type::mxfp4;
  static constexpr std::size_t elements = 32;
  static constexpr packing::split_halves code_order{32};
  static constexpr std::uint8_t code_offset = 0;
};
/// Four UE4M3 scales, then 64 E2M1 elements, paired within 16. A tensor scale is a tensor of its
/// own.
struct nvfp4 {
  using format_type = binade::nvfp4;
  static constexpr ggml_type type = ggml_type::nvfp4;
  static constexpr std::size_t elements = 64;
  static constexpr packing::split_halves code_order{16};
  static constexpr std::uint8_t code_offset = 0;
};
/// float16 scale, 32 signed bytes.
struct q8_0 {
  using format_type = integer_group<int8, 32, float16>;
  static constexpr ggml_type type = ggml_type::q8_0;
  static constexpr std::size_t elements = 32;
  static constexpr packing::bit_stream code_order{};
  static constexpr std::uint8_t code_offset = 0;
};
/// float16 scale, 32 codes that are 8 more than the element.
struct q4_0 {
  using format_type = integer_group<int4, 32, float16>;
  static constexpr ggml_type type = ggml_type::q4_0;
  static constexpr std::size_t elements = 32;
  static constexpr packing::split_halves code_order{32};
  static constexpr std::uint8_t code_offset = 8;
};

}  // namespace ggml_blocks

namespace detail {

template <class B>
inline constexpr std::size_t ggml_code_bytes = B::elements * B::format_type::element::bit_count / 8;
template <class B>
inline constexpr std::size_t ggml_scale_bytes =
    B::elements / B::format_type::block_size * (B::format_type::describe().scale.bit_count() / 8);

/// Moves the 4-bit codes of one block from one order to another.
template <std::size_t Codes, class From, class To>
void move_nibbles(const std::byte* in, From from, std::byte* out, To to, std::uint8_t offset) {
  std::array<std::uint8_t, Codes> slots;  // by slot of the result
  for (std::size_t i = 0; i < Codes; ++i) {
    const std::size_t s = from.slot(i);
    const int code = std::to_integer<int>(in[s / 2]) >> (s % 2 * 4) & 15;
    slots[to.slot(i)] = static_cast<std::uint8_t>((code + offset) & 15);
  }
  for (std::size_t k = 0; k < Codes / 2; ++k) {
    out[k] = static_cast<std::byte>(slots[2 * k] | slots[2 * k + 1] << 4);
  }
}

/// Splits n blocks into scales and codes.
template <class B>
void split_blocks(const std::byte* in, std::size_t n, std::byte* scales, std::byte* codes) {
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(scales, in, ggml_scale_bytes<B>);
    in += ggml_scale_bytes<B>;
    if constexpr (B::format_type::element::bit_count == 4) {
      move_nibbles<B::elements>(in, B::code_order, codes, packing::bit_stream{}, B::code_offset);
    } else {
      std::memcpy(codes, in, ggml_code_bytes<B>);
    }
    in += ggml_code_bytes<B>;
    scales += ggml_scale_bytes<B>;
    codes += ggml_code_bytes<B>;
  }
}

/// The reverse. An offset of 8 is its own reverse.
template <class B>
void join_blocks(const std::byte* scales, const std::byte* codes, std::size_t n, std::byte* out) {
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(out, scales, ggml_scale_bytes<B>);
    out += ggml_scale_bytes<B>;
    if constexpr (B::format_type::element::bit_count == 4) {
      move_nibbles<B::elements>(codes, packing::bit_stream{}, out, B::code_order, B::code_offset);
    } else {
      std::memcpy(out, codes, ggml_code_bytes<B>);
    }
    out += ggml_code_bytes<B>;
    scales += ggml_scale_bytes<B>;
    codes += ggml_code_bytes<B>;
  }
}

}  // namespace detail

/// A kind of ggml block chosen at run time.
struct any_ggml_block {
  ggml_type type = ggml_type::f32;
  any_packable format;
  std::size_t elements = 0;
  std::size_t bytes = 0;
  void (*split)(const std::byte*, std::size_t, std::byte*, std::byte*) = nullptr;
  void (*join)(const std::byte*, const std::byte*, std::size_t, std::byte*) = nullptr;

  template <class B>
  [[nodiscard]] static constexpr any_ggml_block of() noexcept {
    constexpr ggml_type_information info = information_of(B::type);
    static_assert(B::elements == info.block_size);
    static_assert(detail::ggml_scale_bytes<B> + detail::ggml_code_bytes<B> == info.block_bytes);
    return {B::type,
            any_packable::of<typename B::format_type>(),
            B::elements,
            info.block_bytes,
            detail::split_blocks<B>,
            detail::join_blocks<B>};
  }
};

namespace detail {

inline constexpr std::array ggml_block_list = {
    any_ggml_block::of<ggml_blocks::mxfp4>(), any_ggml_block::of<ggml_blocks::nvfp4>(),
    any_ggml_block::of<ggml_blocks::q8_0>(), any_ggml_block::of<ggml_blocks::q4_0>()};

}  // namespace detail

/// Every kind of block that is known here.
[[nodiscard]] constexpr std::span<const any_ggml_block> all_ggml_blocks() noexcept {
  return detail::ggml_block_list;
}

/// The kind of this type, or null.
[[nodiscard]] constexpr const any_ggml_block* find_ggml_block(ggml_type type) noexcept {
  for (const any_ggml_block& b : detail::ggml_block_list) {
    if (b.type == type) return &b;
  }
  return nullptr;
}

/// The kind that holds tensors of this form bit for bit, or null. NVFP4's tensor scale is left to
/// the caller.
[[nodiscard]] inline const any_ggml_block* find_ggml_block(const packed_description& d) noexcept {
  const int rank = d.layout.shape().rank();
  for (const any_ggml_block& b : detail::ggml_block_list) {
    if (d.is_block_format && d.names == b.format.names && rank > 0 && d.layout.axis() == rank - 1 &&
        d.layout.row_length() % b.elements == 0) {
      return &b;
    }
  }
  return nullptr;
}

namespace detail {

inline std::size_t ggml_block_count(const char* function, const any_ggml_block& b,
                                    const tensor_shape& shape, std::size_t bytes) {
  const std::size_t count = shape.size() / b.elements;
  if (shape.rank() > 0 && shape.row_length() % b.elements == 0 && bytes / b.bytes == count &&
      bytes % b.bytes == 0) {
    return count;
  }
  BINADE_THROW(error{std::string(function) + ": " + std::to_string(bytes) + " bytes of " +
                     std::string(name_of(b.type)) + " for a tensor of shape " + to_string(shape) +
                     "; its rows must be blocks of " + std::to_string(b.elements) +
                     " elements of " + std::to_string(b.bytes) + " bytes each"});
}

}  // namespace detail

/// Takes ggml's blocks apart: the codes and scales of the same tensor, unchanged but for their
/// places and Q4_0's offset of 8.
///
/// Shapes: `shape` is row-major, so that its last extent is ggml's ne[0].
/// Post:   an NVFP4 tensor has tensor scale 1.
/// Throws: error if the number of bytes is not that of the shape.
[[nodiscard]] inline any_packed_tensor unpack_ggml(const any_ggml_block& b,
                                                   const tensor_shape& shape,
                                                   std::span<const std::byte> bytes) {
  const std::size_t count = detail::ggml_block_count("unpack_ggml", b, shape, bytes.size());
  any_packed_tensor packed(b.format.describe(shape, per_tensor{}));
  const basic_packed_view<std::byte> view = packed.mutable_view();
  b.split(bytes.data(), count, view.scales.data(), view.codes.data());
  return packed;
}

/// Puts a packed tensor into ggml's blocks; `out` gets its bytes, shape.size() / elements * bytes.
///
/// Throws: error if the tensor is not of the block's format or `out` has another size.
inline void pack_ggml(const any_ggml_block& b, const any_packed_view& packed,
                      std::span<std::byte> out) {
  if (find_ggml_block(packed.description) != &b) {
    BINADE_THROW(error{std::string("pack_ggml: a tensor of ") + packed.description.names->name +
                       " of shape " + to_string(packed.shape()) + "; " +
                       std::string(name_of(b.type)) + " holds " + b.format.names->name +
                       " in rows of " + std::to_string(b.elements)});
  }
  const std::size_t count = detail::ggml_block_count("pack_ggml", b, packed.shape(), out.size());
  b.join(packed.scales.data(), packed.codes.data(), count, out.data());
}

}  // namespace binade::inline v0
