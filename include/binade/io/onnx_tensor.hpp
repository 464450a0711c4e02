// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/detail/convert_codes.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/safetensors_tensor.hpp"  // tensor_bytes, shape_text

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0 {

/// The element types of ONNX, by the numbers of TensorProto.DataType.
enum class onnx_type : std::uint8_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};

namespace detail {

struct onnx_type_row {
  std::string_view name;
  int bits;
};
// Indexed by onnx_type; 0 is no type.
inline constexpr auto onnx_types = std::to_array<onnx_type_row>({{"", 0},
                                                                 {"FLOAT", 32},
                                                                 {"UINT8", 8},
                                                                 {"INT8", 8},
                                                                 {"UINT16", 16},
                                                                 {"INT16", 16},
                                                                 {"INT32", 32},
                                                                 {"INT64", 64},
                                                                 {"STRING", 0},
                                                                 {"BOOL", 8},
                                                                 {"FLOAT16", 16},
                                                                 {"DOUBLE", 64},
                                                                 {"UINT32", 32},
                                                                 {"UINT64", 64},
                                                                 {"COMPLEX64", 64},
                                                                 {"COMPLEX128", 128},
                                                                 {"BFLOAT16", 16},
                                                                 {"FLOAT8E4M3FN", 8},
                                                                 {"FLOAT8E4M3FNUZ", 8},
                                                                 {"FLOAT8E5M2", 8},
                                                                 {"FLOAT8E5M2FNUZ", 8},
                                                                 {"UINT4", 4},
                                                                 {"INT4", 4},
                                                                 {"FLOAT4E2M1", 4},
                                                                 {"FLOAT8E8M0", 8},
                                                                 {"UINT2", 2},
                                                                 {"INT2", 2}});

/// Bytes of a tensor, its last byte padded; nothing if the product overflows.
inline std::optional<std::uint64_t> onnx_bytes(int bits, std::span<const std::uint64_t> shape) {
  std::uint64_t n = static_cast<std::uint64_t>(bits);
  for (const std::uint64_t extent : shape) {
    if (extent == 0) return 0;
  }
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(n, extent, &n)) return std::nullopt;
  }
  return n / 8 + (n % 8 != 0 ? 1 : 0);
}

}  // namespace detail

/// The name of TensorProto.DataType, such as "FLOAT8E4M3FN".
[[nodiscard]] constexpr std::string_view name_of(onnx_type type) noexcept {
  return detail::onnx_types[static_cast<std::size_t>(type)].name;
}

/// Bits of one element; 0 for strings.
[[nodiscard]] constexpr int bits_of(onnx_type type) noexcept {
  return detail::onnx_types[static_cast<std::size_t>(type)].bits;
}

/// One initializer of a model.
///
/// Shapes: row-major, last axis contiguous; no axis at all is a scalar; an axis may be 0 long.
struct onnx_tensor {
  std::string name;
  onnx_type type = onnx_type::float32;
  std::vector<std::uint64_t> shape;
  /// Little-endian. Elements of 4 and 2 bits are packed, the first one in the low bits, and the
  /// last byte is padded with zeros. Empty for strings, which are only listed. Refers to the memory
  /// of the file that it comes from.
  std::span<const std::byte> data;

  /// Elements: the product of the shape.
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t n = 1;
    for (const std::uint64_t extent : shape) n *= extent;
    return n;
  }
};

namespace detail {

/// What a type is to read_f32; nothing if it is not one of its types.
constexpr std::optional<float_element> float_element_of(onnx_type type) noexcept {
  switch (type) {
    case onnx_type::float32:
      return float_element::f32;
    case onnx_type::float16:
      return float_element::f16;
    case onnx_type::bfloat16:
      return float_element::bf16;
    case onnx_type::float64:
      return float_element::f64;
    default:
      return std::nullopt;
  }
}

}  // namespace detail

/// Reads a tensor of FLOAT, FLOAT16, BFLOAT16 or DOUBLE as floats into `out`.
///
/// Shapes: out[n], n the number of elements.
/// NaN:    stays NaN of the same sign; FLOAT is copied bit by bit.
/// Error:  exact, but DOUBLE: to nearest, ties to even, whatever the floating-point environment.
/// Throws: error if the type is another one, or out or the tensor's bytes have another size.
inline void read_f32(const onnx_tensor& tensor, std::span<float> out) {
  const auto fail = [&tensor](const std::string& what) {
    BINADE_THROW(error{"read_f32: tensor " + detail::in_quotes(tensor.name) + " has " + what});
  };
  const auto bytes = detail::onnx_bytes(bits_of(tensor.type), tensor.shape);
  if (bytes != tensor.data.size()) {
    fail(std::to_string(tensor.data.size()) + " bytes; " + std::string(name_of(tensor.type)) +
         detail::shape_text(tensor.shape) +
         (bytes ? " takes " + std::to_string(*bytes) : " overflows 64 bits"));
  }
  detail::read_floats(tensor.name, tensor.size(), "type " + std::string(name_of(tensor.type)),
                      detail::float_element_of(tensor.type), "FLOAT, FLOAT16, BFLOAT16, DOUBLE",
                      tensor.data, out);
}

}  // namespace binade::inline v0
