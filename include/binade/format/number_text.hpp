// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/decimal.hpp"  // make_sticky

#include <cstddef>
#include <cstdint>
#include <string_view>

// How a number is spelled: what from_chars reads, before any format comes in.

namespace binade::inline v0::detail {

enum class text_kind : std::uint8_t { none, decimal, hexadecimal, infinity, nan };

/// The parts of a number's text.
struct number_text {
  text_kind kind = text_kind::none;
  bool negative = false;
  const char* digits = nullptr;  ///< digits and at most one point, up to digits_end
  const char* digits_end = nullptr;
  std::int64_t exponent = 0;  ///< of 10, or of 2 in hexadecimal
  const char* end = nullptr;
};

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Value of a digit, or 16 if it is none.
constexpr unsigned digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? static_cast<unsigned>(l - 'a' + 10) : 16;
}

/// Moves p past `word`, in letters of either case, if it stands there.
constexpr bool skip_word(const char*& p, const char* last, std::string_view word) noexcept {
  if (last - p < static_cast<std::ptrdiff_t>(word.size())) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(p[i]) != word[i]) return false;
  }
  p += word.size();
  return true;
}

/// Moves p past digits with at most one point among them, if there is a digit.
constexpr bool skip_digits(const char*& p, const char* last, unsigned base) noexcept {
  const char* q = p;
  bool digit = false;
  bool point = false;
  for (; q != last; ++q) {
    if (*q == '.' && !point) {
      point = true;
    } else if (digit_value(*q) < base) {
      digit = true;
    } else {
      break;
    }
  }
  if (digit) p = q;
  return digit;
}

/// Moves p past an exponent, letter, sign and digits, if it is complete.
constexpr void skip_exponent(const char*& p, const char* last, char letter,
                             std::int64_t& exponent) noexcept {
  // No text is so long that its digits could make up for an exponent beyond this.
  constexpr std::int64_t limit = 100'000'000'000'000'000;
  const char* q = p;
  if (q == last || lower(*q) != letter) return;
  ++q;
  const bool negative = q != last && *q == '-';
  if (q != last && (*q == '-' || *q == '+')) ++q;
  if (q == last || digit_value(*q) > 9) return;
  std::int64_t size = 0;
  for (; q != last && digit_value(*q) <= 9; ++q) {
    if (size < limit) size = size * 10 + digit_value(*q);
  }
  exponent = negative ? -size : size;
  p = q;
}

/// Moves p past "(...)" after nan: letters, digits and underscores, which say nothing here.
constexpr void skip_payload(const char*& p, const char* last) noexcept {
  const char* q = p;
  if (q == last || *q != '(') return;
  for (++q; q != last && *q != ')'; ++q) {
    const bool letter = lower(*q) >= 'a' && lower(*q) <= 'z';
    if (!letter && digit_value(*q) > 9 && *q != '_') return;
  }
  if (q != last) p = q + 1;
}

constexpr number_text scan_number(const char* first, const char* last) noexcept {
  number_text t;
  const char* p = first;
  if (p != last && *p == '-') {
    t.negative = true;
    ++p;
  }
  if (skip_word(p, last, "inf")) {
    skip_word(p, last, "inity");
    t.kind = text_kind::infinity;
  } else if (skip_word(p, last, "nan")) {
    t.kind = text_kind::nan;
    skip_payload(p, last);
  } else {
    const char* after_prefix = p;
    const char* hexadecimal_end = p;
    if (skip_word(after_prefix, last, "0x")) hexadecimal_end = after_prefix;
    if (hexadecimal_end != p && skip_digits(hexadecimal_end, last, 16)) {
      t.kind = text_kind::hexadecimal;
      t.digits = after_prefix;
      t.digits_end = p = hexadecimal_end;
      skip_exponent(p, last, 'p', t.exponent);
    } else if (t.digits = p; skip_digits(p, last, 10)) {
      t.kind = text_kind::decimal;
      t.digits_end = p;
      skip_exponent(p, last, 'e', t.exponent);
    }
  }
  t.end = p;
  return t;
}

constexpr unpacked hexadecimal_value(const number_text& t) noexcept {
  std::uint64_t bits = 0;
  std::int64_t exponent = t.exponent;
  int taken = 0;
  bool point = false;
  bool sticky = false;
  for (const char* p = t.digits; p != t.digits_end; ++p) {
    if (*p == '.') {
      point = true;
      continue;
    }
    const unsigned digit = digit_value(*p);
    if (taken < 16) {
      bits = (bits << 4) | digit;
      if (bits != 0) ++taken;
      if (point) exponent -= 4;
    } else {
      sticky = sticky || digit != 0;
      if (!point) exponent += 4;
    }
  }
  if (bits == 0) return make_special(value_class::zero, t.negative);
  return make_sticky(t.negative, bits, exponent, sticky);
}

}  // namespace binade::inline v0::detail
