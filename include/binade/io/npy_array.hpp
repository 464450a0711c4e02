// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/convert_codes.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/safetensors_tensor.hpp"  // shape_text

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// Which axis of an array is contiguous.
enum class npy_order : std::uint8_t {
  c,        ///< the last one: row-major
  fortran,  ///< the first one: column-major
};

/// One array of a .npy file: what its header says, and its bytes.
///
/// `descr` is numpy's: a letter of byte order (`<` little, `>` big, `|` none), a kind (`b` bool,
/// `i` and `u` integers, `f` floats, `c` complex, `V` bytes) and the bytes of an element, such as
/// "<f4". The types of ml_dtypes come as "<V1" (of 8, 6 and 4 bits, one code a byte) and "<V2"
/// (bfloat16), float8_e5m2 as "<f1", which numpy itself does not load again; the file does not tell
/// which type it is. A name such as "float8_e4m3fn" in its place, as some programs write, is
/// allowed too.
struct npy_array {
  std::string descr = "<f4";
  npy_order order = npy_order::c;
  std::vector<std::uint64_t> shape;
  /// Refers to the file's memory or to the caller's.
  std::span<const std::byte> data;

  /// Elements: the product of the shape.
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t n = 1;
    for (const std::uint64_t extent : shape) n *= extent;
    return n;
  }
};

namespace detail {

inline constexpr std::size_t npy_max_rank = 64;  // numpy's own limit

/// A descr, taken apart.
struct npy_type {
  char order;  // '<', '>' or '|'
  char kind;   // of those that are allowed; 'V' for a name
  std::uint64_t bytes;
};

/// The names that may stand for a type: those of ml_dtypes, one code a byte but for bfloat16.
inline constexpr auto npy_names = std::to_array<std::string_view>(
    {"float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
     "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn",
     "float4_e2m1fn", "int2", "int4", "uint2", "uint4", "bfloat16"});

/// Nothing for a descr of a type that is not allowed.
inline std::optional<npy_type> parse_npy_type(std::string_view descr) {
  if (std::find(npy_names.begin(), npy_names.end(), descr) != npy_names.end()) {
    return npy_type{'<', 'V', descr == "bfloat16" ? std::uint64_t{2} : 1};
  }
  if (descr.size() < 3 || descr.size() > 5) return std::nullopt;
  npy_type type{descr[0], descr[1], 0};
  if (type.order == '=') type.order = '<';
  const char* const end = descr.data() + descr.size();
  const auto [last, problem] = std::from_chars(descr.data() + 2, end, type.bytes);
  if (problem != std::errc{} || last != end || descr[2] == '0') return std::nullopt;
  if (std::string_view("<>|").find(type.order) == std::string_view::npos) return std::nullopt;
  const auto is_one_of = [&type](std::initializer_list<std::uint64_t> sizes) {
    return std::find(sizes.begin(), sizes.end(), type.bytes) != sizes.end();
  };
  switch (type.kind) {
    case 'b':
      return is_one_of({1}) ? std::optional(type) : std::nullopt;
    case 'i':
    case 'u':
      return is_one_of({1, 2, 4, 8}) ? std::optional(type) : std::nullopt;
    case 'f':
      return is_one_of({1, 2, 4, 8, 16}) ? std::optional(type) : std::nullopt;
    case 'c':
      return is_one_of({8, 16, 32}) ? std::optional(type) : std::nullopt;
    case 'V':
      return type;
    default:
      return std::nullopt;
  }
}

/// Bytes of an array; nothing if its type is not allowed or the product overflows.
inline std::optional<std::uint64_t> npy_bytes(const npy_array& array) {
  const auto type = parse_npy_type(array.descr);
  if (!type) return std::nullopt;
  std::uint64_t n = 1;
  for (const std::uint64_t extent : array.shape) {
    if (__builtin_mul_overflow(n, extent, &n)) return std::nullopt;
  }
  if (__builtin_mul_overflow(n, type->bytes, &n)) return std::nullopt;
  return n;
}

inline void check_size(const char* function, const npy_array& array) {
  const auto bytes = npy_bytes(array);
  if (bytes == array.data.size()) return;
  BINADE_THROW(error{std::string(function) + ": the array has " +
                     std::to_string(array.data.size()) + " bytes; " + in_quotes(array.descr) + " " +
                     shape_text(array.shape) +
                     (bytes ? " takes " + std::to_string(*bytes)
                            : " overflows 64 bits or is of no type that is allowed")});
}

/// Makes a column-major array of elements of n bytes row-major.
inline void transpose_to_rows(std::span<const std::byte> from, std::span<const std::uint64_t> shape,
                              std::size_t n, std::span<std::byte> to) {
  std::vector<std::uint64_t> index(shape.size(), 0);
  std::vector<std::size_t> stride(shape.size(), n);
  for (std::size_t a = 1; a < shape.size(); ++a) {
    stride[a] = stride[a - 1] * static_cast<std::size_t>(shape[a - 1]);
  }
  std::size_t source = 0;
  for (std::size_t target = 0; target < to.size(); target += n) {
    std::copy_n(from.data() + source, n, to.data() + target);
    for (std::size_t a = shape.size(); a-- > 0;) {
      source += stride[a];
      if (++index[a] < shape[a]) break;
      source -= stride[a] * static_cast<std::size_t>(shape[a]);
      index[a] = 0;
    }
  }
}

}  // namespace detail

/// The bytes of an array in row-major order and little-endian, whatever the file has.
///
/// Shapes: the result has array.data.size() bytes.
/// Throws: error if the array's bytes do not fit its type and shape.
[[nodiscard]] inline std::vector<std::byte> read_bytes_row_major(const npy_array& array) {
  detail::check_size("read_bytes_row_major", array);
  const auto type = *detail::parse_npy_type(array.descr);
  const auto n = static_cast<std::size_t>(type.bytes);
  std::vector<std::byte> out(array.data.size());
  if (array.order == npy_order::fortran && array.shape.size() > 1 && !out.empty()) {
    detail::transpose_to_rows(array.data, array.shape, n, out);
  } else {
    std::copy(array.data.begin(), array.data.end(), out.begin());
  }
  if (type.order == '>' && type.kind != 'V') {
    const std::size_t part = type.kind == 'c' ? n / 2 : n;
    for (std::size_t i = 0; i < out.size(); i += part) {
      std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                   out.begin() + static_cast<std::ptrdiff_t>(i + part));
    }
  }
  return out;
}

/// Reads an array of 2, 4 or 8-byte floats, or named "bfloat16", as floats into `out`, row-major.
///
/// Shapes: out[n], n the number of elements.
/// NaN:    stays NaN of the same sign; binary32 is copied bit by bit.
/// Error:  exact, but binary64: to nearest, ties to even, whatever the floating-point environment.
/// Throws: error if the type is another one, or out or the array's bytes have another size.
/// Cost:   a copy of the array if it is column-major or big-endian.
inline void read_f32(const npy_array& array, std::span<float> out) {
  detail::check_size("read_f32", array);
  if (out.size() != array.size()) {
    BINADE_THROW(error{"read_f32: the array has " + std::to_string(array.size()) +
                       " elements, but out has " + std::to_string(out.size()) +
                       "; they must be equal"});
  }
  const auto type = *detail::parse_npy_type(array.descr);
  detail::float_element element{};
  if (array.descr == "bfloat16") {
    element = detail::float_element::bf16;
  } else if (type.kind == 'f' && type.bytes == 2) {
    element = detail::float_element::f16;
  } else if (type.kind == 'f' && type.bytes == 4) {
    element = detail::float_element::f32;
  } else if (type.kind == 'f' && type.bytes == 8) {
    element = detail::float_element::f64;
  } else {
    BINADE_THROW(error{"read_f32: the array is of " + detail::in_quotes(array.descr) +
                       "; allowed are floats of 2, 4 and 8 bytes, and bfloat16"});
  }
  if (array.order == npy_order::c && type.order != '>') {
    return detail::convert_elements(element, array.data, out);
  }
  detail::convert_elements(element, read_bytes_row_major(array), out);
}

}  // namespace binade::inline v0
