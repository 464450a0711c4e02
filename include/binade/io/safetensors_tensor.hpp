// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/convert_codes.hpp"
#include "binade/io/detail/in_quotes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0 {

/// The element types of a safetensors file, in the order by which the official writer sorts.
///
/// F8_E4M3 is `e4m3fn`, F4 is `e2m1fn`. Elements of 4 and 6 bits are a little-endian bit stream:
/// element i starts at bit i * bits, so that element 0 of a pair sits in the low nibble.
enum class safetensors_dtype : std::uint8_t {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
};

namespace detail {

struct safetensors_dtype_row {
  std::string_view name;
  int bits;
};
// Indexed by safetensors_dtype.
inline constexpr auto safetensors_dtypes = std::to_array<safetensors_dtype_row>(
    {{"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
     {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
     {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
     {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
     {"I64", 64},        {"U64", 64}});

inline constexpr std::uint64_t safetensors_max_header = 100'000'000;  // the format's own limit
inline constexpr std::size_t safetensors_max_rank = 64;               // ours; frameworks stop at 64

/// Bytes of a tensor; nothing if the product overflows or does not end on a byte.
inline std::optional<std::uint64_t> tensor_bytes(int bits, std::span<const std::uint64_t> shape) {
  std::uint64_t total = static_cast<std::uint64_t>(bits);
  std::uint64_t elements = 1;
  for (const std::uint64_t n : shape) {
    if (__builtin_mul_overflow(elements, n, &elements)) return std::nullopt;
  }
  if (__builtin_mul_overflow(elements, total, &total) || total % 8 != 0) return std::nullopt;
  return total / 8;
}

inline std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t n : shape) {
    text.append(text.size() > 1 ? ", " : "").append(std::to_string(n));
  }
  return text + "]";
}

}  // namespace detail

/// The name that stands in the file, such as "F8_E4M3".
[[nodiscard]] constexpr std::string_view name_of(safetensors_dtype dtype) noexcept {
  return detail::safetensors_dtypes[static_cast<std::size_t>(dtype)].name;
}

/// Bits of one element.
[[nodiscard]] constexpr int bits_of(safetensors_dtype dtype) noexcept {
  return detail::safetensors_dtypes[static_cast<std::size_t>(dtype)].bits;
}

/// The element type of that name; nothing if there is none. Names are case-sensitive.
[[nodiscard]] constexpr std::optional<safetensors_dtype> safetensors_dtype_of(
    std::string_view name) noexcept {
  for (std::size_t i = 0; i < detail::safetensors_dtypes.size(); ++i) {
    if (detail::safetensors_dtypes[i].name == name) return static_cast<safetensors_dtype>(i);
  }
  return std::nullopt;
}

/// One tensor of a file: what its header says, and its bytes.
///
/// Shapes: row-major, last axis contiguous; no axis at all is a scalar; an axis may be 0 long. For
///         F4 and F6 the shape counts elements, not bytes.
struct safetensors_tensor {
  std::string name;
  safetensors_dtype dtype = safetensors_dtype::f32;
  std::vector<std::uint64_t> shape;
  /// Little-endian, aligned to one byte only; refers to the file's memory or to the caller's.
  std::span<const std::byte> data;

  /// Bits of one element.
  [[nodiscard]] int bits() const noexcept { return bits_of(dtype); }
  /// Elements: the product of the shape.
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t n = 1;
    for (const std::uint64_t extent : shape) n *= extent;
    return n;
  }
};

/// The "__metadata__" of a file.
using safetensors_metadata = std::map<std::string, std::string>;

namespace detail {

inline void check_size(const char* function, const safetensors_tensor& tensor) {
  const auto bytes = tensor_bytes(tensor.bits(), tensor.shape);
  if (bytes && *bytes == tensor.data.size()) return;
  BINADE_THROW(error{std::string(function) + ": tensor " + in_quotes(tensor.name) + " has " +
                     std::to_string(tensor.data.size()) + " bytes; " +
                     std::string(name_of(tensor.dtype)) + shape_text(tensor.shape) +
                     (bytes ? " takes " + std::to_string(*bytes)
                            : " overflows 64 bits or does not fill whole bytes")});
}

/// What a dtype is to read_f32; nothing if it is not one of its types.
constexpr std::optional<float_element> float_element_of(safetensors_dtype dtype) noexcept {
  switch (dtype) {
    case safetensors_dtype::f32:
      return float_element::f32;
    case safetensors_dtype::f16:
      return float_element::f16;
    case safetensors_dtype::bf16:
      return float_element::bf16;
    case safetensors_dtype::f64:
      return float_element::f64;
    default:
      return std::nullopt;
  }
}

}  // namespace detail

/// Reads a tensor of F32, F16, BF16 or F64 as floats into `out`.
///
/// Shapes: out[n], n the number of elements.
/// NaN:    stays NaN of the same sign; F32 is copied bit by bit.
/// Error:  exact, but F64: to nearest, ties to even, whatever the floating-point environment.
/// Throws: error if the dtype is another one, or out or the tensor's bytes have another size.
inline void read_f32(const safetensors_tensor& tensor, std::span<float> out) {
  detail::check_size("read_f32", tensor);
  detail::read_floats(tensor.name, tensor.size(), "dtype " + std::string(name_of(tensor.dtype)),
                      detail::float_element_of(tensor.dtype), "F32, F16, BF16, F64", tensor.data,
                      out);
}

/// Reads a tensor of F32, F16, BF16 or F64 as a new vector of floats; otherwise as above.
[[nodiscard]] inline std::vector<float> read_f32(const safetensors_tensor& tensor) {
  detail::check_size("read_f32", tensor);
  std::vector<float> out(static_cast<std::size_t>(tensor.size()));
  read_f32(tensor, out);
  return out;
}

}  // namespace binade::inline v0
