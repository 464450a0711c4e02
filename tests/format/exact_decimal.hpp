// SPDX-License-Identifier: MIT
#pragma once

// Decimal text and exact rationals, by GMP: the independent side of the text tests.

#include "oracle/rational.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace oracle {

inline mpz_class ten_to(unsigned long n) {
  mpz_class result;
  mpz_ui_pow_ui(result.get_mpz_t(), 10, n);
  return result;
}

/// The number that decimal text spells: -12.5e-3. Throws on anything else.
inline rational rational_of(std::string_view text) {
  std::string digits;
  long exponent = 0;
  std::size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++i;
  bool point = false;
  for (; i < text.size() && text[i] != 'e'; ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      digits += text[i];
      if (point) --exponent;
    } else {
      throw std::invalid_argument("oracle::rational_of: " + std::string(text));
    }
  }
  if (i < text.size()) exponent += std::stol(std::string(text.substr(i + 1)));
  rational value{mpz_class(digits, 10)};
  if (exponent >= 0) value *= ten_to(static_cast<unsigned long>(exponent));
  if (exponent < 0) value /= ten_to(static_cast<unsigned long>(-exponent));
  return negative ? rational(-value) : value;
}

/// All decimals of a number whose denominator divides a power of ten, without an exponent.
inline std::string exact_text(const rational& value) {
  unsigned long places = 0;
  rational scaled = abs(value);
  while (scaled.get_den() != 1) {
    scaled *= 10;
    if (++places > 20000) throw std::invalid_argument("oracle::exact_text: endless decimals");
  }
  std::string digits = scaled.get_num().get_str();
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places != 0) digits.insert(digits.size() - places, ".");
  return value < 0 ? "-" + digits : digits;
}

}  // namespace oracle
