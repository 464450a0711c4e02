// SPDX-License-Identifier: MIT

// The oracles against the tables that formats.md prints in parts A, C and D.1 to D.3 (the section
// is named at each test). The rest of part D is in vectors_test.cpp; agreement of the oracles among
// themselves and with MPFR is in properties_test.cpp.

#include "oracle/catalog.hpp"
#include "oracle/published_tables.hpp"
#include "oracle/round.hpp"
#include "oracle/test_support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace oracle_test;
using oracle::specials;

std::vector<std::string> words(const std::vector<std::string>& lines) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    std::istringstream in(line);
    for (std::string word; in >> word;) result.push_back(word);
  }
  return result;
}

/// "1.125*2^-3", "0.5", "Inf" or "NaN".
double parsed(const std::string& text) {
  if (text == "Inf") return kInfinity;
  if (text == "NaN") return kNan;
  const std::size_t star = text.find("*2^");
  const double significand = std::stod(text.substr(0, star));
  return star == std::string::npos ? significand
                                   : std::ldexp(significand, std::stoi(text.substr(star + 3)));
}

/// The values of the non-negative codes from 0 on, and of the negative ones by symmetry.
void expect_table(const format& f, const std::vector<std::string>& table) {
  ASSERT_EQ(table.size(), f.code_count() / 2) << f.name;
  for (code_type code = 0; code < table.size(); ++code) {
    const double expected = parsed(table[code]);
    const double got = decode(f, code).value;
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(got)) << shown(f, code);
      continue;
    }
    EXPECT_EQ(got, expected) << shown(f, code);
    if (code != 0) {
      EXPECT_EQ(decode(f, code + f.sign_bit()).value, -expected) << shown(f, code);
    }
  }
}

// ---- Aa and D.1: ranges ----

struct range_row {
  format f;
  int mantissa_bits;
  double max;
  code_type max_code;
  double min_normal;
  double min_subnormal;  // 0: the format has none
  double boundary;       // where nearest-even leaves the range ...
  bool tie_leaves;       // ... at it, or only above it
};

std::vector<range_row> range_rows() {
  const auto all = [](const char* name, int e, int m, int bias) {
    return minifloat(name, e, m, bias, specials::all);
  };
  return {
      {by_name("e5m2"), 2, 57344, 0x7B, power(-14), power(-16), 61440, true},
      {by_name("e4m3fn"), 3, 448, 0x7E, power(-6), power(-9), 464, false},
      {by_name("e4m3_ieee"), 3, 240, 0x77, power(-6), power(-9), 248, true},
      {by_name("e3m4"), 4, 15.5, 0x6F, power(-2), power(-6), 15.75, true},
      {by_name("e4m3fnuz"), 3, 240, 0x7F, power(-7), power(-10), 248, true},
      {by_name("e5m2fnuz"), 2, 57344, 0x7F, power(-15), power(-17), 61440, true},
      {by_name("e4m3b11fnuz"), 3, 30, 0x7F, power(-10), power(-13), 31, true},
      {by_name("ue4m3"), 3, 448, 0x7E, power(-6), power(-9), 464, false},
      {by_name("ue5m3"), 3, 114688, 0xFE, power(-14), power(-17), 118784, false},
      {by_name("e2m3fn"), 3, 7.5, 0x1F, 1, power(-3), 7.75, true},
      {by_name("e3m2fn"), 2, 28, 0x1F, power(-2), power(-4), 30, true},
      {by_name("e2m1fn"), 1, 6, 0x7, 1, 0.5, 7, true},
      {by_name("binary8p3se"), 2, 49152, 0x7E, power(-15), power(-17), 53248, false},
      {by_name("binary8p3sf"), 2, 57344, 0x7F, power(-15), power(-17), 61440, true},
      {by_name("binary8p4se"), 3, 224, 0x7E, power(-7), power(-10), 232, false},
      {by_name("binary8p4sf"), 3, 240, 0x7F, power(-7), power(-10), 248, true},
      {by_name("binary8p5se"), 4, 15, 0x7E, power(-3), power(-7), 15.25, false},
      {by_name("binary8p5sf"), 4, 15.5, 0x7F, power(-3), power(-7), 15.75, true},
      {by_name("float16"), 10, 65504, 0x7BFF, power(-14), power(-24), 65520, true},
      {by_name("bfloat16"), 7, 255 * power(120), 0x7F7F, power(-126), power(-133), 511 * power(119),
       true},
      {by_name("tfloat32"), 10, 2047 * power(117), 0x3FBFF, power(-126), power(-136),
       4095 * power(116), true},
      // D.1
      {by_name("e3m4fn"), 4, 30, 0x7E, power(-2), power(-6), 30.5, false},
      {all("e4m3 all", 4, 3, 7), 3, 480, 0x7F, power(-6), power(-9), 496, true},
      {all("e5m2 all", 5, 2, 15), 2, 114688, 0x7F, power(-14), power(-16), 122880, true},
      {all("e3m4 all", 3, 4, 3), 4, 31, 0x7F, power(-2), power(-6), 31.5, true},
      {by_name("e2m5"), 5, 7.875, 0x7F, 1, power(-5), 7.9375, true},
      {all("e2m2", 2, 2, 1), 2, 7, 0xF, 1, power(-2), 7.5, true},
      {all("e3m1", 3, 1, 3), 1, 24, 0xF, power(-2), power(-3), 28, true},
      {by_name("e1m2"), 2, 3.5, 0x7, 2, 0.5, 3.75, true},
      {by_name("e3m0"), 0, 16, 0x7, power(-2), 0, 24, true},
      {all("e2m0", 2, 0, 1), 0, 4, 0x3, 1, 0, 6, true},
      {by_name("e5m6"), 6, 65024, 0x7BF, power(-14), power(-20), 65280, true},
      {all("e5m6 all", 5, 6, 15), 6, 130048, 0x7FF, power(-14), power(-20), 130560, true},
      // C.9: UE5M3 with all 256 codes numbers
      {minifloat("ue5m3 all", 5, 3, 15, specials::all, false), 3, 122880, 0xFF, power(-14),
       power(-17), 126976, true},
  };
}

TEST(PublishedRanges, extremes_have_the_published_values_and_codes) {
  for (const range_row& row : range_rows()) {
    const format& f = row.f;
    EXPECT_EQ(f.extreme(false).value, row.max) << f.name;
    EXPECT_EQ(f.extreme(false).code, row.max_code) << f.name;
    const code_type first_normal = code_type{1} << row.mantissa_bits;
    EXPECT_EQ(decode(f, first_normal).value, row.min_normal) << shown(f, first_normal);
    if (row.min_subnormal != 0) {
      EXPECT_EQ(decode(f, 1).value, row.min_subnormal) << shown(f, 1);
    }
    if (f.is_signed) {
      EXPECT_EQ(f.extreme(true).value, -row.max) << f.name;
    }
  }
}

/// That nearest-even leaves the range at `boundary` (or just above it), inf or NaN where there is
/// one, and that a saturating conversion never does.
void expect_boundary(const format& f, double boundary, bool tie_leaves) {
  const code_type max_code = f.extreme(false).code;
  const code_type beyond = infinity_result(f, false);
  const struct {
    double x;
    bool leaves;
  } cases[] = {{std::nextafter(boundary, 0.0), false},
               {boundary, tie_leaves},
               {std::nextafter(boundary, kInfinity), true},
               {boundary * 2, true}};
  for (const auto& [x, leaves] : cases) {
    EXPECT_EQ(nearest(f, x, saturation::none), leaves ? beyond : max_code) << f.name << ", " << x;
    EXPECT_EQ(nearest(f, x), max_code) << f.name << ", " << x;
    EXPECT_EQ(nearest(f, x, saturation::propagate), max_code) << f.name << ", " << x;
  }
  EXPECT_EQ(nearest(f, kInfinity), max_code) << f.name;
  EXPECT_EQ(nearest(f, kInfinity, saturation::none), beyond) << f.name;
  EXPECT_EQ(nearest(f, kInfinity, saturation::propagate), beyond) << f.name;
}

TEST(PublishedRanges, nearest_even_leaves_the_range_at_the_published_boundary) {
  for (const range_row& row : range_rows()) {
    expect_boundary(row.f, row.boundary, row.tie_leaves);
    // The clamping formats hide which way the tie goes: the stop past the largest tells.
    const oracle::stop& largest = row.f.stops[row.f.stops.size() - 2];
    const oracle::stop& virtual_next = row.f.stops.back();
    EXPECT_EQ((largest.value + virtual_next.value) / 2, row.boundary) << row.f.name;
    EXPECT_EQ(largest.odd, row.tie_leaves) << row.f.name;
    EXPECT_NE(largest.odd, virtual_next.odd) << row.f.name;
  }
}

TEST(PublishedRanges, hif8_and_e8m0) {
  const format& h = by_name("hif8");
  EXPECT_EQ(h.extreme(false).value, 32768.0);
  EXPECT_EQ(h.extreme(false).code, 0x6EU);
  EXPECT_EQ(decode(h, 0x7E).value, power(-15));
  EXPECT_EQ(decode(h, 0x01).value, power(-22));
  std::set<double> magnitudes;
  std::set<int> binades;
  for (code_type code = 0; code < 0x80; ++code) {
    if (decode(h, code).kind != code_kind::finite) continue;
    magnitudes.insert(decode(h, code).value);
    if (code != 0) binades.insert(std::ilogb(decode(h, code).value));
  }
  EXPECT_EQ(magnitudes.size(), 127U);
  EXPECT_EQ(binades.size(), 38U);
  EXPECT_EQ(*binades.begin(), -22);
  EXPECT_EQ(*binades.rbegin(), 15);

  const format& e = by_name("e8m0fnu");
  EXPECT_EQ(e.extreme(false).value, power(127));
  EXPECT_EQ(e.extreme(false).code, 0xFEU);
  for (const double x : {0.0, -0.0, power(-128), power(-127), 1e-300}) {
    EXPECT_EQ(nearest(e, x), 0U) << x;
  }
  EXPECT_EQ(nearest(e, -1.0), 0xFFU);
  EXPECT_EQ(nearest(e, power(128), saturation::none), 0xFFU);
  EXPECT_EQ(nearest(e, power(128)), 0xFEU);
}

TEST(PublishedRanges, canonical_nans) {
  const struct {
    const char* name;
    code_type positive;
    code_type negative;
  } rows[] = {
      {"e5m2", 0x7F, 0xFF},
      {"e4m3fn", 0x7F, 0xFF},
      {"e4m3_ieee", 0x7C, 0xFC},
      {"e3m4", 0x78, 0xF8},
      {"e3m4fn", 0x7F, 0xFF},
      {"e4m3fnuz", 0x80, 0x80},
      {"e5m2fnuz", 0x80, 0x80},
      {"e4m3b11fnuz", 0x80, 0x80},
      {"e8m0fnu", 0xFF, 0xFF},
      {"ue4m3", 0x7F, 0x7F},
      {"ue5m3", 0xFF, 0xFF},
      {"e2m3fn", 0x1F, 0x1F},
      {"e3m2fn", 0x1F, 0x1F},
      {"e2m1fn", 0x7, 0x7},
      {"e3m0", 0x7, 0x7},
      {"e1m2", 0x7, 0x7},
      {"e2m5", 0x7F, 0x7F},
      {"e5m6", 0x7E0, 0xFE0},
      {"float16", 0x7E00, 0xFE00},
      {"bfloat16", 0x7FC0, 0xFFC0},
      {"tfloat32", 0x3FE00, 0x7FE00},
      {"hif8", 0x80, 0x80},
      {"posit8", 0x80, 0x80},
      {"posit16", 0x8000, 0x8000},
      {"takum8", 0x80, 0x80},
      {"takum16", 0x8000, 0x8000},
      {"int8", 0x7F, 0x7F},
      {"uint8", 0xFF, 0xFF},
      {"nf4", 0xF, 0xF},
      {"dynamic8", 0xFF, 0xFF},
      {"binary8p3se", 0x80, 0x80},
      {"binary8p3sf", 0x80, 0x80},
      {"binary8p3ue", 0xFF, 0xFF},
      {"binary8p3uf", 0xFF, 0xFF},
  };
  for (const auto& row : rows) {
    const format& f = by_name(row.name);
    EXPECT_EQ(nearest(f, std::copysign(kNan, 1.0)), row.positive) << row.name;
    EXPECT_EQ(nearest(f, std::copysign(kNan, -1.0)), row.negative) << row.name;
    if (f.nan) {
      EXPECT_EQ(decode(f, row.positive).kind, code_kind::nan) << row.name;
    }
  }
}

// ---- C: code tables ----

TEST(PublishedTables, hif8) { expect_table(by_name("hif8"), words(oracle::published_hif8)); }
TEST(PublishedTables, e4m3fn) { expect_table(by_name("e4m3fn"), words(oracle::published_e4m3fn)); }
TEST(PublishedTables, e2m3fn) { expect_table(by_name("e2m3fn"), words(oracle::published_e2m3fn)); }
TEST(PublishedTables, e3m2fn) { expect_table(by_name("e3m2fn"), words(oracle::published_e3m2fn)); }
TEST(PublishedTables, e2m1fn) { expect_table(by_name("e2m1fn"), words(oracle::published_e2m1fn)); }

TEST(PublishedTables, e5m2_to_ten_digits) {
  const format& f = by_name("e5m2");
  const std::vector<std::string> table = words(oracle::published_e5m2);
  ASSERT_EQ(table.size(), 128U);
  for (code_type code = 0; code < 128; ++code) {
    const oracle::code_info& info = decode(f, code);
    char text[40] = "NaN";
    if (info.kind == code_kind::infinity) std::snprintf(text, sizeof text, "Inf");
    if (info.kind == code_kind::finite) std::snprintf(text, sizeof text, "%.10g", info.value);
    EXPECT_EQ(text, table[code]) << shown(f, code);
  }
}

TEST(PublishedTables, e2m1fn_ties) {
  const double ties[][2] = {{.25, 0}, {.75, 1}, {1.25, 1}, {1.75, 2}, {2.5, 2},
                            {3.5, 4}, {5, 4},   {7, 6},    {100, 6}};
  const format& f = by_name("e2m1fn");
  for (const auto& [x, expected] : ties) {
    EXPECT_EQ(decode(f, nearest(f, x)).value, expected) << x;
    EXPECT_EQ(decode(f, nearest(f, -x)).value, -expected) << -x;
  }
  EXPECT_EQ(nearest(f, -0.1), 0x8U);  // a negative zero
}

TEST(PublishedTables, negative_zero_is_where_it_should_be) {
  for (const char* name : {"e5m2", "e4m3fn", "e4m3_ieee", "e3m4", "e3m4fn", "e2m3fn", "e3m2fn",
                           "e2m1fn", "e3m0", "e1m2", "e2m5", "e5m6", "float16", "bfloat16"}) {
    const format& f = by_name(name);
    ASSERT_TRUE(f.negative_zero) << name;
    EXPECT_EQ(*f.negative_zero, f.sign_bit()) << name;
  }
  for (const char* name : {"e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz", "hif8", "posit8", "takum8",
                           "binary8p3se", "int8", "nf4", "dynamic8", "ue5m3"}) {
    EXPECT_FALSE(by_name(name).negative_zero) << name;
    EXPECT_EQ(decode(by_name(name), nearest(by_name(name), -0.0)).value, 0.0) << name;
  }
}

TEST(PublishedTables, e8m0_and_mxint8) {
  const format& e = by_name("e8m0fnu");
  for (code_type code = 0; code < 0xFF; ++code) {
    EXPECT_EQ(decode(e, code).value, power(static_cast<int>(code) - 127)) << shown(e, code);
  }
  EXPECT_EQ(decode(e, 0xFF).kind, code_kind::nan);
  EXPECT_EQ(decode(e, 0x7F).value, 1.0);

  const format& i = by_name("int8");  // MXINT8 is this times 2^-6
  EXPECT_EQ(decode(i, 0x80).value / 64, -2.0);
  EXPECT_EQ(decode(i, 0x7F).value / 64, 1.984375);
  EXPECT_EQ(nearest(i, 64 * 1.0), 0x40U);
}

// ---- D.1, D.2: generic minifloats and P3109 ----

TEST(PublishedMinifloats, small_tables) {
  expect_table(by_name("e1m2"), words({"0 .5 1 1.5 2 2.5 3 3.5"}));
  expect_table(by_name("e3m0"), words({"0 .25 .5 1 2 4 8 16"}));
  expect_table(minifloat("e2m0", 2, 0, 1, specials::all), words({"0 1 2 4"}));
  expect_table(minifloat("e2m2", 2, 2, 1, specials::all),
               words({"0 .25 .5 .75 1 1.25 1.5 1.75 2 2.5 3 3.5 4 5 6 7"}));
  expect_table(minifloat("e3m1", 3, 1, 3, specials::all),
               words({"0 .125 .25 .375 .5 .75 1 1.5 2 3 4 6 8 12 16 24"}));
  const format& f = by_name("e2m5");
  for (int c = 0; c < 128; ++c) {
    const double expected = c < 64 ? c / 32.0 : c < 96 ? 2 + (c - 64) / 16.0 : 4 + (c - 96) / 8.0;
    EXPECT_EQ(decode(f, static_cast<code_type>(c)).value, expected) << c;
  }
}

TEST(PublishedMinifloats, e5m6) {
  const format& f = by_name("e5m6");
  EXPECT_EQ(nearest(f, 1.0), 0x3C0U);
  EXPECT_EQ(nearest(f, 3.14159), 0x425U);
  EXPECT_EQ(decode(f, 0x425).value, 3.15625);
  EXPECT_EQ(nearest(f, 65279, saturation::none), 0x7BFU);
  EXPECT_EQ(nearest(f, 65280, saturation::none), 0x7C0U);
  EXPECT_EQ(decode(f, 0x7C0).value, kInfinity);
  for (code_type code = 0; code < 4096; ++code) {  // the top 12 bits of a float16
    const oracle::code_info& wide = decode(by_name("float16"), code << 4);
    EXPECT_EQ(decode(f, code).kind, wide.kind) << shown(f, code);
    if (wide.kind == code_kind::finite) {
      EXPECT_EQ(decode(f, code).value, wide.value);
    }
  }
}

TEST(PublishedMinifloats, p3109_maxima_and_special_codes) {
  const struct {
    const char* name;
    double max;
    code_type max_code;
  } rows[] = {
      {"binary8p3se", 49152, 0x7E},
      {"binary8p3sf", 57344, 0x7F},
      {"binary8p3ue", 1.25 * power(31), 0xFD},
      {"binary8p3uf", 1.5 * power(31), 0xFE},
      {"binary8p4se", 224, 0x7E},
      {"binary8p4sf", 240, 0x7F},
      {"binary8p4ue", 53248, 0xFD},
      {"binary8p4uf", 57344, 0xFE},
      {"binary8p5se", 15, 0x7E},
      {"binary8p5sf", 15.5, 0x7F},
      {"binary8p5ue", 232, 0xFD},
      {"binary8p5uf", 240, 0xFE},
      {"binary8p1se", power(62), 0x7E},
      {"binary8p1ue", power(125), 0xFD},
      {"binary8p1uf", power(126), 0xFE},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(by_name(row.name).extreme(false).value, row.max) << row.name;
    EXPECT_EQ(by_name(row.name).extreme(false).code, row.max_code) << row.name;
  }
  EXPECT_EQ(oracle::p3109_names().size(), 30U);
  for (const std::string& name : oracle::p3109_names()) {
    const format& f = by_name(name);
    EXPECT_EQ(decode(f, f.is_signed ? 0x40 : 0x80).value, 1.0) << name;
    EXPECT_EQ(f.nan, f.is_signed ? 0x80U : 0xFFU) << name;
    const bool extended = name.back() == 'e';
    ASSERT_EQ(f.positive_infinity.has_value(), extended) << name;
    if (extended) {
      EXPECT_EQ(*f.positive_infinity, f.is_signed ? 0x7FU : 0xFEU) << name;
    }
    ASSERT_EQ(f.negative_infinity.has_value(), extended && f.is_signed) << name;
    if (f.negative_infinity) {
      EXPECT_EQ(*f.negative_infinity, 0xFFU) << name;
    }
    EXPECT_FALSE(f.negative_zero) << name;
  }
  for (int c = 1; c < 0x7F; ++c) {
    const auto code = static_cast<code_type>(c);
    EXPECT_EQ(decode(by_name("binary8p1se"), code).value, power(c - 64)) << c;
    EXPECT_EQ(decode(by_name("binary8p1ue"), code).value, power(c - 128)) << c;
  }
  EXPECT_EQ(decode(by_name("binary8p1se"), 0).value, 0.0);
}

TEST(PublishedMinifloats, ties_between_neighbouring_binades_go_to_the_even_code) {
  const double ties[][2] = {{.125, 0}, {.375, .5}, {.75, .5}, {1.5, 2}, {3, 2}, {6, 8}, {12, 8}};
  for (const auto& [x, expected] : ties) {
    EXPECT_EQ(decode(by_name("e3m0"), nearest(by_name("e3m0"), x)).value, expected) << x;
  }
}

// ---- D.3: a real-valued bias is a scale ----

TEST(PublishedRealBias, e2m1_with_maximum_2_7) {
  const format& f = by_name("e2m1fn");
  const rational g = oracle::ratio(27, 10) / 6;  // 0.45
  const rational inputs[] = {oracle::ratio(1, 10), oracle::ratio(3, 10),  oracle::ratio(-7, 10),
                             rational(1),          oracle::ratio(13, 10), rational(2),
                             rational(5)};
  const rational expected[] = {
      rational(0),          oracle::ratio(225, 1000), oracle::ratio(-675, 1000),
      oracle::ratio(9, 10), oracle::ratio(135, 100),  oracle::ratio(18, 10),
      oracle::ratio(27, 10)};
  for (std::size_t i = 0; i < std::size(inputs); ++i) {
    const code_type code =
        encode(f, number::of(rational(inputs[i] / g)), mode::ties_to_even, saturation::finite);
    const rational got = oracle::exact(decode(f, code).value) * g;
    EXPECT_EQ(got.get_str(), expected[i].get_str()) << inputs[i].get_str();
  }
}

}  // namespace
