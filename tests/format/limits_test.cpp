// SPDX-License-Identifier: MIT

// std::numeric_limits of every format: the published numbers (formats.md Aa, Af), the conventions
// of users.md 2.4, the standard's formulas where it has some, and the oracle's tables for the rest.

#include "binade/format/limits.hpp"

#include "contract_support.hpp"

#include <climits>
#include <limits>
#include <set>
#include <type_traits>

namespace {

using namespace binade;
using contract::two_to;

/// All members as plain numbers, so that the checks are compiled once.
struct limits_row {
  const char* name;
  bool is_specialized, is_signed, is_integer, is_exact, has_infinity, has_quiet_nan,
      has_signaling_nan, has_denorm_loss, is_iec559, is_bounded, is_modulo, traps, tinyness_before;
  std::float_denorm_style has_denorm;
  std::float_round_style round_style;
  int digits, digits10, max_digits10, radix;
  int min_exponent, min_exponent10, max_exponent, max_exponent10;
  double min, max, lowest, denorm_min, epsilon, round_error;
  std::uint32_t infinity, quiet_nan, signaling_nan;
};

template <class F>
limits_row limits_of() {
  using l = std::numeric_limits<F>;
  const auto value = [](F x) { return static_cast<double>(x); };
  return {F::names.name,
          l::is_specialized,
          l::is_signed,
          l::is_integer,
          l::is_exact,
          l::has_infinity,
          l::has_quiet_NaN,
          l::has_signaling_NaN,
          l::has_denorm_loss,
          l::is_iec559,
          l::is_bounded,
          l::is_modulo,
          l::traps,
          l::tinyness_before,
          l::has_denorm,
          l::round_style,
          l::digits,
          l::digits10,
          l::max_digits10,
          l::radix,
          l::min_exponent,
          l::min_exponent10,
          l::max_exponent,
          l::max_exponent10,
          value(l::min()),
          value(l::max()),
          value(l::lowest()),
          value(l::denorm_min()),
          value(l::epsilon()),
          value(l::round_error()),
          l::infinity().bits(),
          l::quiet_NaN().bits(),
          l::signaling_NaN().bits()};
}

const std::vector<limits_row>& all_limits() {
  static const std::vector<limits_row> rows = [] {
    std::vector<limits_row> list;
    for_each_type(all_formats{}, [&list]<class F>() { list.push_back(limits_of<F>()); });
    return list;
  }();
  return rows;
}

const limits_row& limits_named(const std::string& name) {
  for (const limits_row& row : all_limits()) {
    if (name == row.name) return row;
  }
  throw std::out_of_range("limits_named: " + name);
}

TEST(limits, what_holds_for_every_format) {
  for (const limits_row& row : all_limits()) {
    SCOPED_TRACE(row.name);
    const any_format& f = contract::format_named(row.name);
    const oracle::format& expected = contract::oracle_of(f);
    EXPECT_TRUE(row.is_specialized && row.is_bounded);
    EXPECT_FALSE(row.is_modulo || row.traps || row.tinyness_before || row.has_denorm_loss);
    EXPECT_FALSE(row.has_signaling_nan);
    EXPECT_EQ(row.radix, 2);
    EXPECT_EQ(row.round_style, std::round_to_nearest);
    EXPECT_EQ(row.is_integer, f.is_integer());
    EXPECT_EQ(row.is_exact, row.is_integer);
    EXPECT_EQ(row.is_signed, expected.extreme(true).value < 0);
    EXPECT_EQ(row.max, expected.extreme(false).value);
    EXPECT_EQ(row.lowest, expected.extreme(true).value);
    // Without infinity or NaN the functions give T{}, and has_* is false.
    EXPECT_EQ(row.has_infinity, expected.positive_infinity.has_value());
    EXPECT_EQ(row.infinity, expected.positive_infinity.value_or(0));
    EXPECT_EQ(row.has_quiet_nan, expected.nan.has_value());
    EXPECT_EQ(row.quiet_nan, expected.nan.value_or(0));
    EXPECT_EQ(row.signaling_nan, 0U);
    // denorm_min() is the smallest positive value, always.
    double smallest = contract::infinity;
    for (const oracle::code_info& info : expected.codes) {
      if (info.kind == oracle::code_kind::finite && info.value > 0) {
        smallest = std::fmin(smallest, info.value);
      }
    }
    EXPECT_EQ(row.denorm_min, smallest);
    if (row.is_integer) continue;
    EXPECT_EQ(row.has_denorm, smallest < row.min ? std::denorm_present : std::denorm_absent);
    EXPECT_GT(row.min, 0);
    // min() and max() lie in the binades that the exponents name: 2^(e - 1) <= x < 2^e.
    EXPECT_EQ(row.min_exponent, std::ilogb(row.min) + 1);
    EXPECT_EQ(row.max_exponent, std::ilogb(row.max) + 1);
    // The standard's definitions: 10^e10 is the outermost decade inside the range.
    EXPECT_LE(std::pow(10.0L, row.max_exponent10), row.max);
    EXPECT_GT(std::pow(10.0L, row.max_exponent10 + 1), row.max);
    EXPECT_GE(std::pow(10.0L, row.min_exponent10), two_to(row.min_exponent - 1));
    EXPECT_LT(std::pow(10.0L, row.min_exponent10 - 1), two_to(row.min_exponent - 1));
    // floor((p - 1) lg 2), and ceil(1 + p lg 2).
    EXPECT_EQ(row.digits10, static_cast<int>(std::floor((row.digits - 1) * std::log10(2.0L))));
    EXPECT_EQ(row.max_digits10, static_cast<int>(std::ceil(1 + row.digits * std::log10(2.0L))));
  }
}

/// epsilon() is the gap above 1 (codebooks: above the value nearest 1; below it, where there is
/// none above), as far as it is a value of the format.
TEST(limits, epsilon_is_the_gap_at_one) {
  for (const limits_row& row : all_limits()) {
    if (row.is_integer) {
      EXPECT_EQ(row.epsilon, 0) << row.name;
      continue;
    }
    const any_format& f = contract::format_named(row.name);
    const oracle::format& expected = contract::oracle_of(f);
    const auto nearest_to_one =
        encode(expected, 1.0, default_rounding(expected), default_saturation(expected));
    const double one = expected.codes[nearest_to_one].value;
    double gap = 0;
    for (std::size_t i = 0; i < expected.stops.size(); ++i) {
      if (expected.stops[i].value != one) continue;
      const bool last = i + 1 == expected.stops.size() || expected.stops[i + 1].overflow;
      gap = last ? one - expected.stops[i - 1].value : expected.stops[i + 1].value - one;
    }
    const auto code = encode(expected, gap, default_rounding(expected), oracle::saturation::finite);
    EXPECT_EQ(row.epsilon, expected.codes[code].value) << row.name;
    EXPECT_GT(row.epsilon, 0) << row.name;
  }
}

TEST(limits, round_error_is_one_half) {
  for (const limits_row& row : all_limits()) {
    if (row.is_integer) {
      EXPECT_EQ(row.round_error, 0) << row.name;
    } else {
      const oracle::format& expected = contract::oracle_of(contract::format_named(row.name));
      const auto half = encode(expected, 0.5, default_rounding(expected),
                               oracle::saturation::finite);  // 1/2, but in codebooks
      EXPECT_EQ(row.round_error, expected.codes[half].value) << row.name;
    }
  }
  EXPECT_EQ(limits_named("e2m3fn").round_error, 0.5);
  EXPECT_EQ(limits_named("e8m0fnu").round_error, 0.5);
}

/// formats.md Aa and D.1, column by column: digits, min, max, smallest.
TEST(limits, published_minifloats) {
  struct published {
    const char* name;
    int digits, min_exponent, max_exponent;
    double max, min, denorm_min, epsilon;
    bool iec559;
  };
  const published rows[] = {
      {"e5m2", 3, -13, 16, 57344, two_to(-14), two_to(-16), 0.25, true},
      {"e4m3fn", 4, -5, 9, 448, two_to(-6), two_to(-9), 0.125, false},
      {"e4m3fnuz", 4, -6, 8, 240, two_to(-7), two_to(-10), 0.125, false},
      {"e5m2fnuz", 3, -14, 16, 57344, two_to(-15), two_to(-17), 0.25, false},
      {"e4m3b11fnuz", 4, -9, 5, 30, two_to(-10), two_to(-13), 0.125, false},
      {"e4m3_ieee", 4, -5, 8, 240, two_to(-6), two_to(-9), 0.125, true},
      {"e3m4", 5, -1, 4, 15.5, two_to(-2), two_to(-6), 0.0625, true},
      {"e3m4fn", 5, -1, 5, 30, two_to(-2), two_to(-6), 0.0625, false},
      {"e2m5", 6, 1, 3, 7.875, 1, two_to(-5), two_to(-5), false},
      {"e8m0fnu", 1, -126, 128, two_to(127), two_to(-127), two_to(-127), 1, false},
      {"ue4m3", 4, -5, 9, 448, two_to(-6), two_to(-9), 0.125, false},
      {"ue5m3", 4, -13, 17, 114688, two_to(-14), two_to(-17), 0.125, false},
      {"e2m3fn", 4, 1, 3, 7.5, 1, 0.125, 0.125, false},
      {"e3m2fn", 3, -1, 5, 28, 0.25, 0.0625, 0.25, false},
      {"e2m1fn", 2, 1, 3, 6, 1, 0.5, 0.5, false},
      {"e3m0", 1, -1, 5, 16, 0.25, 0.25, 1, false},
      {"e1m2", 3, 2, 2, 3.5, 2, 0.5, 0.5, false},
      {"e5m6", 7, -13, 16, 65024, two_to(-14), two_to(-20), two_to(-6), true},
      {"float16", 11, -13, 16, 65504, two_to(-14), two_to(-24), two_to(-10), true},
      {"bfloat16", 8, -125, 128, 255 * two_to(120), two_to(-126), two_to(-133), two_to(-7), true},
      {"tfloat32", 11, -125, 128, 2047 * two_to(117), two_to(-126), two_to(-136), two_to(-10),
       true},
      {"binary8p3se", 3, -14, 16, 49152, two_to(-15), two_to(-17), 0.25, false},
      {"binary8p4sf", 4, -6, 8, 240, two_to(-7), two_to(-10), 0.125, false},
      {"binary8p5se", 5, -2, 4, 15, two_to(-3), two_to(-7), 0.0625, false},
      {"binary8p1se", 1, -62, 63, two_to(62), two_to(-63), two_to(-63), 1, false},
      {"binary8p4ue", 4, -14, 16, 53248, two_to(-15), two_to(-18), 0.125, false},
  };
  for (const published& p : rows) {
    SCOPED_TRACE(p.name);
    const limits_row& row = limits_named(p.name);
    EXPECT_EQ(row.digits, p.digits);
    EXPECT_EQ(row.min_exponent, p.min_exponent);
    EXPECT_EQ(row.max_exponent, p.max_exponent);
    EXPECT_EQ(row.max, p.max);
    EXPECT_EQ(row.min, p.min);
    EXPECT_EQ(row.denorm_min, p.denorm_min);
    EXPECT_EQ(row.epsilon, p.epsilon);
    EXPECT_EQ(row.is_iec559, p.iec559);
  }
}

/// users.md 2.4: what ml_dtypes' tests check.
TEST(limits, conventions_of_e8m0) {
  using l = std::numeric_limits<e8m0fnu>;
  static_assert(!l::is_signed && l::min_exponent == -126 && l::max_exponent == 128);
  static_assert(l::digits == 1 && l::digits10 == 0 && l::max_digits10 == 2);
  static_assert(l::lowest() == l::min() && float{l::min()} == 0x1p-127F);
  static_assert(float{l::epsilon()} == 1.0F && float{l::round_error()} == 0.5F);
  static_assert(l::has_quiet_NaN && l::quiet_NaN().bits() == 0xff && !l::has_infinity);
  static_assert(l::has_denorm == std::denorm_absent);
  EXPECT_EQ(float{l::max()}, 0x1p127F);
}

TEST(limits, iec559_is_for_ieee_like_formats_only) {
  const std::set<std::string> wanted = {"float16",   "bfloat16", "tfloat32", "e5m2",
                                        "e4m3_ieee", "e3m4",     "e5m6"};
  std::set<std::string> got;
  for (const limits_row& row : all_limits()) {
    if (row.is_iec559) got.insert(row.name);
  }
  EXPECT_EQ(got, wanted);
}

/// formats.md Af: digits counts the most significand bits of any binade, min() is the smallest
/// value with that many.
TEST(limits, tapered_formats) {
  struct published {
    const char* name;
    int digits;
    double min, max, denorm_min, epsilon;
  };
  const published rows[] = {
      {"hif8", 4, 0.125, two_to(15), two_to(-22), 0.125},
      // posit<n, es>: the shortest regime leaves n - 3 - es fraction bits, from 2^-(2^es) on.
      {"posit8_0", 6, 0.5, two_to(6), two_to(-6), two_to(-5)},
      {"posit8_1", 5, 0.25, two_to(12), two_to(-12), two_to(-4)},
      {"posit8", 4, 0.0625, two_to(24), two_to(-24), 0.125},
      {"posit16_1", 13, 0.25, two_to(28), two_to(-28), two_to(-12)},
      {"posit16", 12, 0.0625, two_to(56), two_to(-56), two_to(-11)},
      // takum: r = 0 leaves n - 5 fraction bits, in the binades of 1/2 and 1.
      {"takum8", 4, 0.5, two_to(239), two_to(-239), 0.125},
      {"takum16", 12, 0.5, 31 * two_to(250), 17 * two_to(-259), two_to(-11)},
  };
  for (const published& p : rows) {
    SCOPED_TRACE(p.name);
    const limits_row& row = limits_named(p.name);
    EXPECT_EQ(row.digits, p.digits);
    EXPECT_EQ(row.min, p.min);
    EXPECT_EQ(row.max, p.max);
    EXPECT_EQ(row.denorm_min, p.denorm_min);
    EXPECT_EQ(row.epsilon, p.epsilon);
    EXPECT_EQ(row.has_denorm, std::denorm_present);
  }
}

TEST(limits, integers_are_as_the_languages_integers) {
  for (int bits = 2; bits <= 8; ++bits) {
    const limits_row& s = limits_named("int" + std::to_string(bits));
    const limits_row& u = limits_named("uint" + std::to_string(bits));
    EXPECT_EQ(s.digits, bits - 1);
    EXPECT_EQ(u.digits, bits);
    EXPECT_EQ(s.max, (1 << (bits - 1)) - 1);
    EXPECT_EQ(s.min, -(1 << (bits - 1)));
    EXPECT_EQ(s.lowest, s.min);
    EXPECT_EQ(u.max, (1 << bits) - 1);
    EXPECT_EQ(u.min, 0);
    EXPECT_TRUE(s.is_integer && s.is_exact && s.is_signed && !u.is_signed);
    for (const limits_row* row : {&s, &u}) {
      EXPECT_EQ(row->min_exponent, 0);
      EXPECT_EQ(row->max_exponent, 0);
      EXPECT_EQ(row->min_exponent10, 0);
      EXPECT_EQ(row->max_exponent10, 0);
      EXPECT_EQ(row->max_digits10, 0);
      EXPECT_EQ(row->has_denorm, std::denorm_absent);
      // floor(digits * lg 2)
      EXPECT_EQ(row->digits10, static_cast<int>(std::floor(row->digits * std::log10(2.0L))));
    }
  }
  using ours = std::numeric_limits<int8>;
  using theirs = std::numeric_limits<signed char>;
  static_assert(ours::digits == theirs::digits && ours::digits10 == theirs::digits10);
  static_assert(ours::is_signed == theirs::is_signed && ours::is_integer == theirs::is_integer);
}

TEST(limits, codebooks) {
  for (const char* name : {"nf4", "dynamic8"}) {
    const limits_row& row = limits_named(name);
    EXPECT_EQ(row.digits, 1) << name;
    EXPECT_EQ(row.min, row.denorm_min) << name;
    EXPECT_FALSE(row.is_exact || row.is_integer || row.has_quiet_nan || row.has_infinity) << name;
    EXPECT_EQ(row.max, 1) << name;
  }
  EXPECT_EQ(limits_named("nf4").lowest, -1);
  EXPECT_EQ(limits_named("nf4").min, 0.07958029955625534F);
  EXPECT_EQ(limits_named("dynamic8").lowest, -0.99296875F);
  EXPECT_EQ(limits_named("dynamic8").min, 5.5e-7F);
}

/// Sign-magnitude fractions k / 2^m: no exponent, so the smallest value has the full precision.
TEST(limits, formats_without_exponent) {
  const limits_row& row = limits_named("e0m3");
  EXPECT_EQ(row.digits, 3);
  EXPECT_EQ(row.max, 0.875);
  EXPECT_EQ(row.min, 0.125);
  EXPECT_EQ(row.denorm_min, 0.125);
}

template <class F>
constexpr bool cv_limits_are_the_same() {
  using plain = std::numeric_limits<F>;
  static_assert(std::numeric_limits<const F>::is_specialized);
  static_assert(std::numeric_limits<volatile F>::is_specialized);
  static_assert(std::numeric_limits<const volatile F>::is_specialized);
  static_assert(std::numeric_limits<const F>::digits == plain::digits);
  static_assert(std::numeric_limits<volatile F>::max_exponent == plain::max_exponent);
  static_assert(std::numeric_limits<const volatile F>::max().bits() == plain::max().bits());
  return true;
}

TEST(limits, cv_qualified_types_have_them_too) {
  for_each_type(all_formats{}, []<class F>() { static_assert(cv_limits_are_the_same<F>()); });
  SUCCEED();
}

struct e3m3 : minifloat<e3m3, 7> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3, .mantissa_bits = 3, .bias = 3};
};

TEST(limits, a_users_own_format_has_them) {
  using l = std::numeric_limits<e3m3>;
  static_assert(l::is_specialized && l::digits == 4 && l::max_exponent == 5);
  static_assert(float{l::max()} == 30.0F && float{l::min()} == 0.25F);
  static_assert(float{l::denorm_min()} == 0x1p-5F && float{l::epsilon()} == 0.125F);
  static_assert(!l::has_quiet_NaN && l::quiet_NaN().bits() == 0);
  EXPECT_EQ(std::hash<e3m3>{}(e3m3(0.0F)), std::hash<e3m3>{}(e3m3(-0.0F)));
}

TEST(limits, type_traits_of_the_standard_are_left_alone) {
  for_each_type(all_formats{}, []<class F>() {
    static_assert(!std::is_floating_point_v<F> && !std::is_arithmetic_v<F> &&
                  !std::is_integral_v<F>);
  });
  SUCCEED();
}

}  // namespace
