// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/convert_codes.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/safetensors_tensor.hpp"  // shape_text

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0 {

/// The element types of ggml, by the numbers that stand in files. Numbers that are missing here
/// were taken out of ggml, or never stand in files.
enum class ggml_type : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
  q1_0 = 41,
};

/// How a type lies in memory: blocks of `block_size` elements along the last axis, each of
/// `block_bytes` bytes.
struct ggml_type_information {
  ggml_type type;
  std::string_view name;  ///< as ggml writes it, such as "Q8_0"
  std::uint32_t block_size;
  std::uint32_t block_bytes;

  /// Bits of one element, its share of the scales included.
  [[nodiscard]] constexpr double bits_per_element() const noexcept {
    return 8.0 * block_bytes / block_size;
  }
};

/// All types, by ascending number.
///
/// Source: ggml's block structures; the gguf package's table of quantization sizes is the same.
inline constexpr auto ggml_types = std::to_array<ggml_type_information>({
    {ggml_type::f32, "F32", 1, 4},           {ggml_type::f16, "F16", 1, 2},
    {ggml_type::q4_0, "Q4_0", 32, 18},       {ggml_type::q4_1, "Q4_1", 32, 20},
    {ggml_type::q5_0, "Q5_0", 32, 22},       {ggml_type::q5_1, "Q5_1", 32, 24},
    {ggml_type::q8_0, "Q8_0", 32, 34},       {ggml_type::q2_k, "Q2_K", 256, 84},
    {ggml_type::q3_k, "Q3_K", 256, 110},     {ggml_type::q4_k, "Q4_K", 256, 144},
    {ggml_type::q5_k, "Q5_K", 256, 176},     {ggml_type::q6_k, "Q6_K", 256, 210},
    {ggml_type::q8_k, "Q8_K", 256, 292},     {ggml_type::iq2_xxs, "IQ2_XXS", 256, 66},
    {ggml_type::iq2_xs, "IQ2_XS", 256, 74},  {ggml_type::iq3_xxs, "IQ3_XXS", 256, 98},
    {ggml_type::iq1_s, "IQ1_S", 256, 50},    {ggml_type::iq4_nl, "IQ4_NL", 32, 18},
    {ggml_type::iq3_s, "IQ3_S", 256, 110},   {ggml_type::iq2_s, "IQ2_S", 256, 82},
    {ggml_type::iq4_xs, "IQ4_XS", 256, 136}, {ggml_type::i8, "I8", 1, 1},
    {ggml_type::i16, "I16", 1, 2},           {ggml_type::i32, "I32", 1, 4},
    {ggml_type::i64, "I64", 1, 8},           {ggml_type::f64, "F64", 1, 8},
    {ggml_type::iq1_m, "IQ1_M", 256, 56},    {ggml_type::bf16, "BF16", 1, 2},
    {ggml_type::tq1_0, "TQ1_0", 256, 54},    {ggml_type::tq2_0, "TQ2_0", 256, 66},
    {ggml_type::mxfp4, "MXFP4", 32, 17},     {ggml_type::nvfp4, "NVFP4", 64, 36},
    {ggml_type::q1_0, "Q1_0", 128, 18},
});

/// What is known of the type with that number; null if there is none.
[[nodiscard]] constexpr const ggml_type_information* find_ggml_type(std::uint32_t number) noexcept {
  for (const auto& row : ggml_types) {
    if (static_cast<std::uint32_t>(row.type) == number) return &row;
  }
  return nullptr;
}

/// The type of that name; nothing if there is none. Names are case-sensitive.
[[nodiscard]] constexpr std::optional<ggml_type> ggml_type_of(std::string_view name) noexcept {
  for (const auto& row : ggml_types) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

/// What is known of one of the enumerated types.
[[nodiscard]] constexpr const ggml_type_information& information_of(ggml_type type) noexcept {
  return *find_ggml_type(static_cast<std::uint32_t>(type));
}

/// The name of one of the enumerated types, such as "MXFP4".
[[nodiscard]] constexpr std::string_view name_of(ggml_type type) noexcept {
  return information_of(type).name;
}

/// Bytes of a tensor; nothing if the product overflows or a row does not fill whole blocks.
///
/// Shapes: row-major, as gguf_tensor.
[[nodiscard]] constexpr std::optional<std::uint64_t> ggml_bytes(
    ggml_type type, std::span<const std::uint64_t> shape) noexcept {
  const ggml_type_information& info = information_of(type);
  if ((shape.empty() ? 1 : shape.back()) % info.block_size != 0) return std::nullopt;
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(n, extent, &n)) return std::nullopt;
  }
  n /= info.block_size;
  if (__builtin_mul_overflow(n, std::uint64_t{info.block_bytes}, &n)) return std::nullopt;
  return n;
}

/// One tensor of a GGUF file: what its header says, and its bytes.
///
/// Shapes: row-major, last axis contiguous: ggml's `ne` backwards. No axis at all is a scalar; an
///         axis may be 0 long.
struct gguf_tensor {
  std::string name;
  ggml_type type = ggml_type::f32;
  std::vector<std::uint64_t> shape;
  /// Little-endian; refers to the file's memory or to the caller's.
  std::span<const std::byte> data;

  /// Elements: the product of the shape.
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t n = 1;
    for (const std::uint64_t extent : shape) n *= extent;
    return n;
  }
};

namespace detail {

/// "Q8_0[2, 32] takes 68", or why it takes no number of bytes.
inline std::string ggml_size_text(ggml_type type, std::span<const std::uint64_t> shape) {
  const auto bytes = ggml_bytes(type, shape);
  return std::string(name_of(type)) + shape_text(shape) +
         (bytes ? " takes " + std::to_string(*bytes)
                : " overflows 64 bits or its rows do not fill whole blocks of " +
                      std::to_string(information_of(type).block_size) + " elements");
}

inline void check_size(const char* function, const gguf_tensor& tensor) {
  if (const auto bytes = ggml_bytes(tensor.type, tensor.shape); bytes == tensor.data.size()) return;
  BINADE_THROW(error{std::string(function) + ": tensor " + in_quotes(tensor.name) + " has " +
                     std::to_string(tensor.data.size()) + " bytes; " +
                     ggml_size_text(tensor.type, tensor.shape)});
}

/// What a type is to read_f32; nothing if it is not one of its types.
constexpr std::optional<float_element> float_element_of(ggml_type type) noexcept {
  switch (type) {
    case ggml_type::f32:
      return float_element::f32;
    case ggml_type::f16:
      return float_element::f16;
    case ggml_type::bf16:
      return float_element::bf16;
    case ggml_type::f64:
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
/// Throws: error if the type is another one, or out or the tensor's bytes have another size.
inline void read_f32(const gguf_tensor& tensor, std::span<float> out) {
  detail::check_size("read_f32", tensor);
  detail::read_floats(tensor.name, tensor.size(), "type " + std::string(name_of(tensor.type)),
                      detail::float_element_of(tensor.type), "F32, F16, BF16, F64", tensor.data,
                      out);
}

}  // namespace binade::inline v0
