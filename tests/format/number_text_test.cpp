// SPDX-License-Identifier: MIT
#include "binade/format/number_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace binade;
using detail::number_text;
using detail::text_kind;

number_text scan(std::string_view text) {
  return detail::scan_number(text.data(), text.data() + text.size());
}

/// The part of a text that is a number.
std::string_view taken(std::string_view text) {
  const number_text t = scan(text);
  return {text.data(), static_cast<std::size_t>(t.end - text.data())};
}

TEST(scan_number, knows_every_kind) {
  struct example {
    const char* text;
    text_kind kind;
    const char* taken;
  };
  for (const auto& [text, kind, expected] : std::initializer_list<example>{
           {"0", text_kind::decimal, "0"},
           {"-12.5e-3", text_kind::decimal, "-12.5e-3"},
           {"1.", text_kind::decimal, "1."},
           {".5", text_kind::decimal, ".5"},
           {"1E+5", text_kind::decimal, "1E+5"},
           {"0x1.8p-3", text_kind::hexadecimal, "0x1.8p-3"},
           {"-0X.FFP1", text_kind::hexadecimal, "-0X.FFP1"},
           {"0xe", text_kind::hexadecimal, "0xe"},
           {"0x1e5", text_kind::hexadecimal, "0x1e5"},
           {"inf", text_kind::infinity, "inf"},
           {"-INFINITY", text_kind::infinity, "-INFINITY"},
           {"nan", text_kind::nan, "nan"},
           {"-NaN(0x_Z9)", text_kind::nan, "-NaN(0x_Z9)"},
       }) {
    EXPECT_EQ(scan(text).kind, kind) << text;
    EXPECT_EQ(taken(text), expected) << text;
  }
}

TEST(scan_number, stops_where_the_number_ends) {
  struct example {
    const char* text;
    const char* taken;
  };
  for (const auto& [text, expected] : std::initializer_list<example>{
           {"1 ", "1"},
           {"1e", "1"},
           {"1e+", "1"},
           {"1e-x", "1"},
           {"1.5.2", "1.5"},
           {"1..2", "1."},
           {"12abc", "12"},
           {"0x", "0"},
           {"0x.", "0"},
           {"0xg", "0"},
           {"0x1p", "0x1"},
           {"0x1p+", "0x1"},
           {"0x1.8p3.5", "0x1.8p3"},
           {"infin", "inf"},
           {"infinityx", "infinity"},
           {"nan(", "nan"},
           {"nan(a b)", "nan"},
           {"nan()", "nan()"},
           {"nanx", "nan"},
           {"1p3", "1"},
           {"1,5", "1"},
           {"1'000", "1"},
       }) {
    EXPECT_EQ(taken(text), expected) << text;
  }
}

TEST(scan_number, refuses_what_is_no_number) {
  for (const char* text : {"", "-", ".", "-.", "+1", " 1", "e5", "-e5", "x", "--1", "- 1", "in",
                           "na", "p3", ".e5", "\n1", "(1)"}) {
    EXPECT_EQ(scan(text).kind, text_kind::none) << text;
  }
}

TEST(scan_number, reads_no_further_than_the_end) {
  // Each text is followed by characters that would belong to the number.
  for (const std::string_view text : {"1", "1.", "1e", "1e-", "1e1", "0", "0x", "0x1", "0x1p", "-",
                                      "i", "in", "inf", "infinit", "n", "na", "nan", "nan("}) {
    std::string exact(text);
    const std::string longer = exact + "0123456789";
    const number_text alone = scan(exact);
    const number_text within = detail::scan_number(longer.data(), longer.data() + text.size());
    EXPECT_EQ(within.kind, alone.kind) << text;
    if (alone.kind == text_kind::none) continue;
    EXPECT_EQ(within.end - longer.data(), alone.end - exact.data()) << text;
    EXPECT_EQ(within.exponent, alone.exponent) << text;
  }
}

TEST(scan_number, clamps_endless_exponents) {
  EXPECT_EQ(scan("1e123").exponent, 123);
  EXPECT_EQ(scan("1e-00000000000000000000000000123").exponent, -123);
  EXPECT_GT(scan("1e" + std::string(1000, '9')).exponent, std::int64_t{1} << 50);
  EXPECT_LT(scan("1e-" + std::string(1000, '9')).exponent, -(std::int64_t{1} << 50));
}

/// The C library reads the same hexadecimal text, correctly rounded to binary64.
TEST(hexadecimal_value, agrees_with_strtod) {
  std::mt19937_64 generator(3);
  const std::string_view letters = "0123456789abcdefABCDEF";
  for (int i = 0; i < 50000; ++i) {
    std::string text = generator() % 2 == 0 ? "0x" : "-0X";
    const auto digits = 1 + generator() % 30;
    const auto point = generator() % (digits + 2);
    for (std::uint64_t j = 0; j < digits; ++j) {
      if (j == point) text += '.';
      text += generator() % 3 == 0 ? '0' : letters[generator() % letters.size()];
    }
    if (generator() % 4 != 0) {
      text += 'p' + std::to_string(static_cast<int>(generator() % 2300) - 1150);
    }
    const double expected = std::strtod(text.c_str(), nullptr);
    const double got = to_double(detail::hexadecimal_value(scan(text)));
    ASSERT_EQ(got, expected) << text;
    ASSERT_EQ(std::signbit(got), std::signbit(expected)) << text;
  }
}

TEST(hexadecimal_value, keeps_what_follows_the_sixteenth_digit) {
  // A tie of binary64 and the numbers next to it, decided a thousand digits later.
  const std::string tie = "0x1.00000000000008";
  EXPECT_EQ(to_double(detail::hexadecimal_value(scan(tie))), 1.0);
  EXPECT_EQ(to_double(detail::hexadecimal_value(scan(tie + std::string(1000, '0')))), 1.0);
  EXPECT_EQ(to_double(detail::hexadecimal_value(scan(tie + std::string(1000, '0') + "1"))),
            std::nextafter(1.0, 2.0));
  const std::string large = "0x1" + std::string(5000, '0') + "p-20000";
  EXPECT_EQ(to_double(detail::hexadecimal_value(scan(large))), 1.0);
  const std::string small = "0x." + std::string(4999, '0') + "1p20000";
  EXPECT_EQ(to_double(detail::hexadecimal_value(scan(small))), 1.0);
}

}  // namespace
