// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"

#include <cstdint>
#include <string>

// Codes as text, for people: hexadecimal, and binary with the fields apart.

namespace binade::inline v0 {

/// The widths of the fields of a code, from its top bit down.
struct code_fields {
  int width[5]{};
  int count = 0;

  /// Appends a field, cut at the `bits` bits of the code; fields without a bit are left out.
  constexpr void append(int bits, int wanted) noexcept {
    int rest = bits;
    for (int i = 0; i < count; ++i) rest -= width[i];
    const int taken = wanted < rest ? wanted : rest;
    if (taken > 0) width[count++] = taken;
  }
};

/// Sign, exponent, mantissa.
[[nodiscard]] constexpr code_fields fields_of(const float_spec& s, std::uint64_t) noexcept {
  const int bits = describe(s).code_bits;
  code_fields f;
  f.append(bits, s.is_signed ? 1 : 0);
  f.append(bits, s.exponent_bits);
  f.append(bits, s.mantissa_bits);
  return f;
}

/// Integers and codebooks have one field.
[[nodiscard]] constexpr code_fields fields_of(const integer_spec& s, std::uint64_t) noexcept {
  return {.width = {s.bits}, .count = 1};
}
template <int Count>
[[nodiscard]] constexpr code_fields fields_of(const codebook_spec<Count>& s,
                                              std::uint64_t) noexcept {
  return {.width = {describe(s).code_bits}, .count = 1};
}

/// Sign, prefix code, exponent with its sign, mantissa. Source: arXiv 2409.16626, table 2.
[[nodiscard]] constexpr code_fields fields_of(const hif8_spec&, std::uint64_t code) noexcept {
  const auto magnitude = static_cast<int>(code & 0x7f);
  const int exponent_bits = magnitude >= 0x60   ? 4
                            : magnitude >= 0x40 ? 3
                            : magnitude >= 0x20 ? 2
                            : magnitude >= 0x10 ? 1
                                                : 0;
  code_fields f;
  f.append(8, 1);
  f.append(8, exponent_bits >= 2 ? 2 : (exponent_bits == 1 ? 3 : 4));
  f.append(8, exponent_bits);
  f.append(8, 8);
  return f;
}

/// Sign, regime with the bit that ends it, exponent, fraction. Source: Posit Standard (2022), 3.
[[nodiscard]] constexpr code_fields fields_of(const posit_spec& s, std::uint64_t code) noexcept {
  const std::uint64_t string = code << (65 - s.bits);  // what follows the sign, top-aligned
  const int run = (string >> 63) != 0 ? countl_zero(~string) : countl_zero(string);
  code_fields f;
  f.append(s.bits, 1);
  f.append(s.bits, run + 1);
  f.append(s.bits, s.exponent_bits);
  f.append(s.bits, s.bits);
  return f;
}

/// Sign, direction, length of the characteristic, characteristic, fraction.
/// Source: arXiv 2404.18603, definition 8.
[[nodiscard]] constexpr code_fields fields_of(const takum_spec& s, std::uint64_t code) noexcept {
  const std::uint64_t string = code << (65 - s.bits);
  const auto length = static_cast<int>((string >> 60) & 7);
  code_fields f;
  f.append(s.bits, 1);
  f.append(s.bits, 1);
  f.append(s.bits, 3);
  f.append(s.bits, (string >> 63) != 0 ? length : 7 - length);
  f.append(s.bits, s.bits);
  return f;
}

/// The code of x in binary, field by field: "0|1000|100" is 3 in e4m3fn. Posits and takums show the
/// fields of the code as it is stored, before the complement of negative values.
template <format F>
[[nodiscard]] std::string binary_code(F x) {
  constexpr int bits = describe(F::spec).code_bits;
  const code_fields fields = fields_of(F::spec, x.bits());
  std::string text;
  int below = bits;  // bits not yet written
  for (int i = 0; i < fields.count; ++i) {
    if (i != 0) text += '|';
    for (int end = below - fields.width[i]; below > end;) {
      text += ((x.bits() >> --below) & 1) != 0 ? '1' : '0';
    }
  }
  return text;
}

/// The code of x in hexadecimal, with leading zeros: "44".
template <format F>
[[nodiscard]] std::string hex_code(F x) {
  constexpr int digits = (describe(F::spec).code_bits + 3) / 4;
  std::string text;
  for (int i = digits - 1; i >= 0; --i) text += "0123456789abcdef"[(x.bits() >> (4 * i)) & 15];
  return text;
}

}  // namespace binade::inline v0
