// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/convert.hpp"
#include "binade/format/decimal.hpp"
#include "binade/format/number_text.hpp"

#include <charconv>  // to_chars_result, from_chars_result
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>  // errc

// Values of formats as text and back, in integer arithmetic: a number is never a float or a
// binary64 on its way, so that it is rounded once.

namespace binade::inline v0 {

/// How a finite value is written.
enum class text_style : std::uint8_t {
  shortest,     ///< 0.1: as few digits as read back as the same value
  exact,        ///< 0.1015625: all of its digits
  hexadecimal,  ///< 0x1.ap-4: exact too
};

namespace detail {

/// Characters of d.ddde+ee.
constexpr int scientific_length(int count, int exponent) noexcept {
  const int size = exponent < 0 ? -exponent : exponent;
  return count + (count > 1 ? 1 : 0) + (size < 100 ? 4 : (size < 1000 ? 5 : 6));
}

/// Characters of the same number as ddd.ddd.
constexpr int fixed_length(int count, int exponent) noexcept {
  if (exponent < 0) return count - exponent + 1;
  return count <= exponent + 1 ? exponent + 1 : count + 1;
}

/// A sign and at least `least` digits.
constexpr char* put_exponent(char* out, int exponent, int least) noexcept {
  *out++ = exponent < 0 ? '-' : '+';
  char reversed[12]{};
  int length = 0;
  for (int rest = exponent < 0 ? -exponent : exponent; rest != 0 || length < least; rest /= 10) {
    reversed[length++] = static_cast<char>('0' + rest % 10);
  }
  while (length > 0) *out++ = reversed[--length];
  return out;
}

/// The number in the shorter of the two notations; without an exponent if they are equally long.
template <int Digits>
constexpr char* put_decimal(char* out, const decimal_number<Digits>& d) noexcept {
  const auto put_digits = [&out, &d](int from, int to) {
    for (int i = from; i < to; ++i) {
      *out++ = static_cast<char>('0' + (i >= 0 && i < d.count ? d.digits[i] : 0));
    }
  };
  const bool fixed = fixed_length(d.count, d.exponent) <= scientific_length(d.count, d.exponent);
  const int point = fixed ? d.exponent + 1 : 1;           // digits before the point
  put_digits(point > 0 ? 0 : -1, point > 0 ? point : 0);  // at least one: 0.1
  if (d.count > point) {
    *out++ = '.';
    put_digits(point, d.count);
  }
  if (fixed) return out;
  *out++ = 'e';
  return put_exponent(out, d.exponent, 2);
}

constexpr char* put_hexadecimal(char* out, const unpacked& x) noexcept {
  *out++ = '1';
  std::uint64_t fraction = x.significand << 1;
  if (fraction != 0) *out++ = '.';
  for (; fraction != 0; fraction <<= 4) *out++ = "0123456789abcdef"[fraction >> 60];
  *out++ = 'p';
  return put_exponent(out, x.exponent, 1);
}

/// Finds the shortest decimal number that reads back as a finite value other than zero.
template <int Words, int Digits>
class shortest_search {
 public:
  using number = decimal_number<Digits>;
  using read_function = bool (*)(const unpacked& read, std::uint32_t code);

  /// `reads_as` says whether a number becomes a code. `end`, unless null, is where the numbers end
  /// that may stand for the largest or the lowest value.
  constexpr shortest_search(const decimal_limits& limits, const unpacked& value, std::uint32_t code,
                            read_function reads_as, const unpacked* end) noexcept
      : limits_(limits),
        exact_(exact_decimal<Words, Digits>(value)),
        reads_as_(reads_as),
        end_(end),
        code_(code),
        negative_(value.negative) {}

  [[nodiscard]] constexpr number find() const noexcept {
    number best{};
    for (int n = 1; !reads_back_with(n, best);) ++n;
    // The other notation cuts at a decimal place, which may leave room for more digits.
    const int length = scientific_length(best.count, best.exponent);
    const int integer_length = exact_.exponent < 0 ? 1 : exact_.exponent + 1;
    for (int places = 0; integer_length + (places == 0 ? 0 : places + 1) <= length; ++places) {
      number fixed{};
      const int n = exact_.exponent + 1 + places;
      if (n < 0 || !reads_back_with(n, fixed)) continue;
      return fixed_length(fixed.count, fixed.exponent) <= length ? fixed : best;
    }
    return best;
  }

 private:
  /// Whether one of the two numbers with n digits next to the value reads back, the nearer one
  /// first (the one with the even digit if both are equally far).
  constexpr bool reads_back_with(int n, number& found) const noexcept {
    if (n >= exact_.count) {
      found = exact_;
      return true;
    }
    const int next = exact_.digits[n];
    const bool odd = n > 0 && exact_.digits[n - 1] % 2 != 0;
    const bool up = next > 5 || (next == 5 && (exact_.count > n + 1 || odd));
    return reads_back(found = cut_at(n, up)) || reads_back(found = cut_at(n, !up));
  }

  /// The first n digits of the value, plus one unit of the last if `up`.
  [[nodiscard]] constexpr number cut_at(int n, bool up) const noexcept {
    number d{};
    d.count = n;
    d.exponent = exact_.exponent;
    for (int i = 0; i < n; ++i) d.digits[i] = exact_.digits[i];
    if (up) {
      int i = n - 1;
      while (i >= 0 && d.digits[i] == 9) d.digits[i--] = 0;
      if (i >= 0) {
        ++d.digits[i];
      } else {
        d.digits[0] = 1;
        d.count = 1;
        ++d.exponent;
      }
    }
    while (d.count > 0 && d.digits[d.count - 1] == 0) --d.count;
    return d;
  }

  [[nodiscard]] constexpr bool reads_back(const number& d) const noexcept {
    if (d.count == 0) return false;
    decimal_reader<Words> reader(limits_);
    for (int i = 0; i < d.count; ++i) reader.append(d.digits[i]);
    const unpacked read = reader.value(negative_, d.exponent);
    if (end_ != nullptr && compare_magnitudes(read, *end_) >= 0) return false;
    return reads_as_(read, code_);
  }

  decimal_limits limits_;
  number exact_;
  read_function reads_as_;
  const unpacked* end_;
  std::uint32_t code_;
  bool negative_;
};

template <format F>
constexpr auto shortest_decimal(F x) noexcept {
  constexpr auto spec = F::spec;
  constexpr code_description codes = describe(spec);
  constexpr decimal_limits limits = decimal_limits::of(spec);
  const unpacked value = unpack(x);
  // Saturation reads everything beyond the range as its end. That must not make it shorter: only
  // numbers within half a gap stand for it.
  const std::int64_t key = order_key(spec, x.bits());
  const bool at_end = key == order_key(spec, value.negative ? codes.lowest : codes.largest);
  unpacked end = value;
  if (at_end) {
    const auto inner = code_from_order_key(spec, value.negative ? key + 1 : key - 1);
    end = add(value, scale_exponent(add(value, negate(decode(spec, inner))), -1));
  }
  const auto reads_as = [](const unpacked& read, std::uint32_t code) -> bool {
    return F::from_exact(read).bits() == code;
  };
  return shortest_search<limits.words, limits.significant_digits>(limits, value, x.bits(), reads_as,
                                                                  at_end ? &end : nullptr)
      .find();
}

template <format F>
constexpr char* put_value(char* out, F x, text_style style) noexcept {
  const unpacked value = unpack(x);
  if (value.negative) *out++ = '-';
  const auto put = [&out](std::string_view text) {
    for (const char c : text) *out++ = c;
    return out;
  };
  if (value.kind == value_class::nan) return put("nan");
  if (value.kind == value_class::infinity) return put("inf");
  if (style == text_style::hexadecimal) {
    put("0x");
    return value.kind == value_class::zero ? put("0p+0") : put_hexadecimal(out, value);
  }
  if (value.kind == value_class::zero) return put("0");
  if (style == text_style::shortest) return put_decimal(out, shortest_decimal(x));
  constexpr decimal_limits limits = decimal_limits::of(F::spec);
  return put_decimal(out, exact_decimal<limits.words, limits.significant_digits>(value));
}

template <int Words>
constexpr unpacked decimal_value(const number_text& t, const decimal_limits& limits) noexcept {
  decimal_reader<Words> reader(limits);
  std::int64_t position = t.exponent - 1;  // of the first digit that is not 0
  bool point = false;
  bool started = false;
  for (const char* p = t.digits; p != t.digits_end; ++p) {
    if (*p == '.') {
      point = true;
      continue;
    }
    const unsigned digit = digit_value(*p);
    started = started || digit != 0;
    if (started) reader.append(digit);
    if (started && !point) ++position;
    if (!started && point) --position;
  }
  if (!started) return make_special(value_class::zero, t.negative);
  return reader.value(t.negative, position);
}

template <format F>
constexpr unpacked value_of(const number_text& t) noexcept {
  if (t.kind == text_kind::nan) return make_special(value_class::nan, t.negative);
  if (t.kind == text_kind::infinity) return make_special(value_class::infinity, t.negative);
  if (t.kind == text_kind::hexadecimal) return hexadecimal_value(t);
  constexpr decimal_limits limits = decimal_limits::of(F::spec);
  return decimal_value<limits.words>(t, limits);
}

[[noreturn]] inline void throw_no_number(std::string_view text) {
  constexpr std::size_t shown = 40;
  std::string message = "parse: \"" + std::string(text.substr(0, shown));
  if (text.size() > shown) message += "...";
  const char* const last = text.data() + text.size();
  const number_text t = scan_number(text.data(), last);
  message +=
      t.kind == text_kind::nan && t.end == last
          ? "\" is refused by nan::error in a format without NaN; allowed are numbers and inf"
          : "\" is no number; allowed are decimal and hexadecimal numbers, inf and nan, "
            "without spaces";
  BINADE_THROW(error{message});
}

}  // namespace detail

/// At least as many characters as `to_chars` writes for any value of F in any style.
template <format F>
inline constexpr int max_text_chars = [] {
  // -d.ddde-dddd, or -0x1.<16 digits>p-dddd.
  constexpr int decimal = detail::decimal_limits::of(F::spec).significant_digits + 8;
  return decimal > 28 ? decimal : 28;
}();

/// Writes x into [first, last), without a zero at the end.
///
/// Text:  a minus sign, also on -0 and on NaN where its sign is negative; digits with or without
///        an exponent of at least two digits, whichever is shorter (without, if equally long);
///        0x1.8p+3 in hexadecimal; inf; nan, which NaR is too. The shortest form is x rounded up or
///        down to the fewest decimals or significant digits that `from_chars` with F's default
///        policies reads as x, the nearer of the two if both do. It never relies on saturation. It
///        need not be x itself: 2.25 in e4m3fn is 2.2.
/// Error: `exact` and `hexadecimal` are exact.
/// Post:  as std::to_chars: {end of the text, errc{}}, or {last, value_too_large} and nothing
///        written; max_text_chars<F> characters are enough.
/// Cost:  no allocation; about 1 us for the shortest form, more for wide exponent ranges.
template <format F>
constexpr std::to_chars_result to_chars(char* first, char* last, F x,
                                        text_style style = text_style::shortest) noexcept {
  char buffer[max_text_chars<F>]{};
  const std::ptrdiff_t length = detail::put_value(buffer, x, style) - buffer;
  if (last - first < length) return {last, std::errc::value_too_large};
  for (std::ptrdiff_t i = 0; i < length; ++i) *first++ = buffer[i];
  return {first, std::errc{}};
}

/// The text that `to_chars` writes.
template <format F>
[[nodiscard]] std::string to_string(F x, text_style style = text_style::shortest) {
  char buffer[max_text_chars<F>];
  const std::to_chars_result end = to_chars(buffer, buffer + sizeof buffer, x, style);
  return std::string(buffer, end.ptr);
}

/// Reads the longest number that [first, last) begins with into `value`, rounded once.
///
/// Text:     an optional minus sign; decimal digits with an optional point and an optional exponent
///           (1, -.5, 6.25e-2); after 0x the same in hexadecimal, its exponent one of 2 after p
///           (0x1.8p3); inf, infinity, nan, nan(...); letters of either case; no spaces, no plus.
/// Policies: as in `convert`: at most one rounding policy, and rule policies. Text of any length
///           and exponent gives what `convert` would for the exact number; overflow is no error.
///           Where no saturation policy is named, inf stays infinity in formats that have it.
/// NaN:      as in `convert`; nan::error in a format without NaN refuses the text.
/// Error:    correctly rounded. rounding::hif8_hybrid sees the 23 highest fraction bits.
/// Post:     as std::from_chars: {end of the number, errc{}}, or {first, invalid_argument} and
///           `value` as it was.
template <format F, conversion_policy... Policies>
constexpr std::from_chars_result from_chars(const char* first, const char* last, F& value,
                                            const Policies&... policies) noexcept {
  static_assert((0 + ... + (rounding_policy<Policies> ? 1 : 0)) <= 1,
                "from_chars takes at most one rounding policy");
  constexpr code_description codes = describe(F::spec);
  conversion_rules rules = detail::default_rules<F>();
  if (codes.has_infinity && rules.saturation == saturation_mode::finite) {
    rules.saturation = saturation_mode::propagate;
  }
  (detail::apply_rule(rules, policies), ...);
  const detail::number_text text = detail::scan_number(first, last);
  if (text.kind == detail::text_kind::none ||
      (text.kind == detail::text_kind::nan && !codes.has_nan && rules.nan == nan_mode::error)) {
    return {first, std::errc::invalid_argument};
  }
  value = detail::pack_value<F>(detail::value_of<F>(text), detail::choose_rounding<F>(policies...),
                                rules);
  return {text.end, std::errc{}};
}

/// The number that `text` spells, rounded once: `from_chars` for the whole of a text, which may
/// begin with a plus sign.
///
/// Throws: error if the text is anything else.
template <format F, conversion_policy... Policies>
[[nodiscard]] constexpr F parse(std::string_view text, const Policies&... policies) {
  const char* first = text.data();
  const char* const last = first + text.size();
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') ++first;
  F value{};
  const std::from_chars_result end = from_chars(first, last, value, policies...);
  if (end.ec != std::errc{} || end.ptr != last) detail::throw_no_number(text);
  return value;
}

}  // namespace binade::inline v0
