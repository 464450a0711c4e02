// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/code_text.hpp"
#include "binade/format/text.hpp"

#include <fmt/format.h>

#include <algorithm>  // copy
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

// Values of formats in fmt::format and its kin.
//
//   {}            the shortest text that reads back as the same value: to_chars
//   {:e} {:f} {:g} {:a}, in capitals, or any precision: the exact value as fmt writes a binary64
//   {:x} {:X}     the code in hexadecimal: 44, with {:#x} 0x44
//   {:b}          the code in binary, its fields apart: 0|1000|100, with {:#b} 0b0|1000|100
//
// Before the type stand, as for numbers: fill and alignment (by default right), sign, #, 0 and
// width, the last also as {} or {number} for an argument. A code has no sign and no 0.

namespace binade::inline v0::detail {

constexpr bool is_align(char c) noexcept { return c == '<' || c == '>' || c == '^'; }

/// What stands between the colon and the brace, where fmt's own formatter does not read it.
struct fmt_specification {
  std::string_view fill = " ";
  char align = 0;  ///< 0: none given
  char sign = '-';
  bool prefix = false;
  bool zeros = false;
  int width = 0;
  int width_argument = -1;  ///< the number of the argument that holds it
  char type = 0;            ///< x, X, b or 0: none

  /// `text` filled up to `wanted` characters.
  [[nodiscard]] std::string padded(std::string text, int wanted) const {
    const int missing = wanted - static_cast<int>(text.size());
    if (missing <= 0) return text;
    int before = missing;
    if (align == '<') before = 0;
    if (align == '^') before = missing / 2;
    std::string result;
    for (int i = 0; i < before; ++i) result += fill;
    result += text;
    for (int i = before; i < missing; ++i) result += fill;
    return result;
  }
};

/// Whether a specification asks for a number as fmt writes it: by its type or a precision.
constexpr bool asks_for_binary64(const char* it, const char* end) noexcept {
  if (end - it > 1 && *it != '}' && is_align(it[1])) it += 2;  // the fill may be any character
  char last = 0;
  for (int depth = 0; it != end && (*it != '}' || depth != 0); ++it) {
    if (*it == '.') return true;
    if (*it == '{') ++depth;
    if (*it == '}') --depth;
    last = *it;
  }
  return last != 0 && std::string_view("aAeEfFgG").find(last) != std::string_view::npos;
}

}  // namespace binade::inline v0::detail

/// Formats a value of F, as the top of binade/fmt.hpp says.
///
/// Throws: fmt::format_error for any other specification; where fmt checks format strings at
///         compile time, that is an error there.
template <binade::format F>
struct fmt::formatter<F, char> {
  constexpr const char* parse(fmt::format_parse_context& context) {
    const char* it = context.begin();
    const char* const end = context.end();
    as_binary64_ = binade::detail::asks_for_binary64(it, end);
    if (as_binary64_) return binary64_.parse(context);
    it = parse_fill(it, end);
    if (it != end && (*it == '+' || *it == '-' || *it == ' ')) spec_.sign = *it++;
    if (it != end && *it == '#') {
      spec_.prefix = true;
      ++it;
    }
    if (it != end && *it == '0') {
      spec_.zeros = true;
      ++it;
    }
    it = parse_width(it, end, context);
    if (it != end && (*it == 'x' || *it == 'X' || *it == 'b')) spec_.type = *it++;
    if (it != end && *it != '}') fail("invalid type: allowed are e, f, g, a, x and b");
    if (spec_.type == 0 && spec_.prefix) fail("# is for the types x and b");
    if (spec_.type != 0 && (spec_.sign != '-' || spec_.zeros)) fail("a code has no sign and no 0");
    return it;
  }

  template <class Context>
  auto format(const F& x, Context& context) const -> decltype(context.out()) {
    if (as_binary64_) return binary64_.format(binade::convert<double>(x), context);
    const int width = width_in(context);
    const std::string text = spec_.padded(unpadded(x, width), width);
    return std::copy(text.begin(), text.end(), context.out());
  }

 private:
  static constexpr void fail(const char* message) { FMT_THROW(fmt::format_error(message)); }

  constexpr const char* parse_fill(const char* it, const char* end) {
    if (it == end || *it == '}') return it;
    const auto lead = static_cast<unsigned char>(*it);  // of a UTF-8 character
    const std::ptrdiff_t length = lead < 0x80 ? 1 : (lead < 0xe0 ? 2 : (lead < 0xf0 ? 3 : 4));
    if (end - it > length && binade::detail::is_align(it[length])) {
      if (*it == '{') fail("{ cannot fill");
      spec_.fill = std::string_view(it, static_cast<std::size_t>(length));
      it += length;
    }
    if (binade::detail::is_align(*it)) spec_.align = *it++;
    return it;
  }

  constexpr const char* parse_width(const char* it, const char* end,
                                    fmt::format_parse_context& context) {
    constexpr int limit = 1000000;
    const bool argument = it != end && *it == '{';
    if (argument) ++it;
    const char* const first = it;
    int number = 0;
    for (; it != end && *it >= '0' && *it <= '9'; ++it) {
      if (number < limit) number = number * 10 + (*it - '0');
    }
    if (number >= limit) fail("width is too large");
    if (!argument) {
      spec_.width = number;
      return it;
    }
    if (it == end || *it != '}') fail("invalid width: allowed are a number, {} and {number}");
    if (it == first) {
      number = context.next_arg_id();
    } else {
      context.check_arg_id(number);
    }
    spec_.width_argument = number;
    return it + 1;
  }

  template <class Context>
  int width_in(Context& context) const {
    if (spec_.width_argument < 0) return spec_.width;
    const auto as_width = [](auto value) -> int {
      using type = decltype(value);
      if constexpr (std::is_integral_v<type> && !std::is_same_v<type, bool>) {
        if (value >= 0 && value <= 1000000) return static_cast<int>(value);
      }
      fail("width is no integer between 0 and 1000000");
      return 0;
    };
#if FMT_VERSION >= 110000
    return context.arg(spec_.width_argument).visit(as_width);
#else
    return fmt::visit_format_arg(as_width, context.arg(spec_.width_argument));
#endif
  }

  [[nodiscard]] std::string unpadded(F x, int width) const {
    if (spec_.type == 'b') return (spec_.prefix ? "0b" : "") + binade::binary_code(x);
    if (spec_.type != 0) {
      std::string text = (spec_.prefix ? "0x" : "") + binade::hex_code(x);
      for (char& c : text) {
        if (spec_.type == 'X' && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      return text;
    }
    std::string text = binade::to_string(x);
    if (spec_.sign != '-' && text.front() != '-') text.insert(text.begin(), spec_.sign);
    const bool has_sign = text.front() == '-' || spec_.sign != '-';
    if (spec_.zeros && spec_.align == 0 && isfinite(x)) {
      const int missing = width - static_cast<int>(text.size());
      if (missing > 0) text.insert(has_sign ? 1 : 0, static_cast<std::size_t>(missing), '0');
    }
    return text;
  }

  bool as_binary64_ = false;
  fmt::formatter<double> binary64_;
  binade::detail::fmt_specification spec_;
};
