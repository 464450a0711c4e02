// SPDX-License-Identifier: MIT

// The oracles against their definitions, against each other (exact rationals and the fast paths)
// and against MPFR. Agreement with the published tables is in oracle_test.cpp and vectors_test.cpp.

#include "oracle/arithmetic.hpp"
#include "oracle/boundaries.hpp"
#include "oracle/catalog.hpp"
#include "oracle/mpfr.hpp"
#include "oracle/round.hpp"
#include "oracle/test_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace oracle_test;
using oracle::operation;
using oracle::rounding;
using oracle::stochastic_variant;

const std::vector<std::string> kOneOfEachFamily = {
    "e4m3fn", "e4m3_ieee", "e4m3fnuz",    "e8m0fnu",     "e3m0",
    "hif8",   "posit8",    "takum8",      "int8",        "uint4",
    "nf4",    "dynamic8",  "binary8p3se", "binary8p1ue", "binary8p8uf"};
const std::vector<std::string> kWide = {"e5m6", "float16", "bfloat16", "posit16", "takum16"};

std::vector<std::string> narrow_names() {
  std::vector<std::string> names;
  for (const std::string& name : oracle::all_names()) {
    if (by_name(name).bits <= 8) names.push_back(name);
  }
  return names;
}

// ---- Tables ----

TEST(OracleTables, every_name_has_all_codes_and_alternating_parity) {
  EXPECT_EQ(oracle::all_names().size(), 33U + 14U + 30U);
  for (const std::string& name : oracle::all_names()) {
    const format& f = by_name(name);
    EXPECT_EQ(f.name, name);
    EXPECT_EQ(f.code_count(), std::size_t{1} << f.bits) << name;
    for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
      ASSERT_NE(f.stops[i].odd, f.stops[i + 1].odd) << name << " at " << f.stops[i].value;
    }
  }
  EXPECT_THROW(by_name("e4m3"), std::out_of_range);
  EXPECT_THROW(by_name("binary8p9se"), std::out_of_range);
}

TEST(OracleTables, signed_formats_are_symmetric_but_for_integers_and_codebooks) {
  for (const std::string& name : oracle::all_names()) {
    const format& f = by_name(name);
    if (!f.is_signed || name.find("int") == 0 || name == "nf4" || name == "dynamic8") continue;
    const std::size_t n = f.stops.size();
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(f.stops[i].value, -f.stops[n - 1 - i].value) << name;
      ASSERT_EQ(f.stops[i].odd, f.stops[n - 1 - i].odd) << name;
    }
    for (std::size_t i = 0; i + 1 < n; ++i) {
      ASSERT_EQ(f.boundaries[i], -f.boundaries[n - 2 - i]) << name;
    }
  }
}

TEST(OracleTables, tapered_codes_order_like_signed_integers) {
  for (const char* name :
       {"posit8_0", "posit8_1", "posit8", "posit16_1", "posit16", "takum8", "takum16"}) {
    const format& f = by_name(name);
    const auto count = static_cast<std::int64_t>(f.code_count());
    ASSERT_EQ(f.stops.size(), f.code_count() - 1) << name;
    for (std::size_t i = 0; i < f.stops.size(); ++i) {
      const std::int64_t code = f.stops[i].code;
      const std::int64_t as_signed = code < count / 2 ? code : code - count;
      ASSERT_EQ(as_signed, static_cast<std::int64_t>(i) - (count / 2 - 1))
          << shown(f, f.stops[i].code);
    }
  }
}

TEST(OracleTables, refuse_what_is_not_exact) {
  EXPECT_EQ(oracle::dyadic(-3, -1074), -3 * std::numeric_limits<double>::denorm_min());
  EXPECT_THROW(oracle::dyadic(3, -1075), std::range_error);
  EXPECT_THROW(oracle::dyadic(1, 1024), std::range_error);
  EXPECT_THROW(oracle::dyadic((std::int64_t{1} << 53) + 2, 0), std::range_error);
  EXPECT_EQ(oracle::midpoint(-1, 2), 0.5);
  EXPECT_THROW(oracle::midpoint(1, std::nextafter(1.0, 2.0)), std::range_error);
  EXPECT_THROW(oracle::midpoint(std::ldexp(1.0, -60), 1), std::range_error);
  EXPECT_THROW(oracle::midpoint(1e308, 1.5e308), std::range_error);
  EXPECT_THROW(oracle::exact(kInfinity), std::domain_error);
  EXPECT_THROW(oracle::codebook("twice", 1, {1, 1}), std::logic_error);
  EXPECT_THROW(decode(by_name("e2m1fn"), 16), std::out_of_range);
}

// ---- encode against its definition, by looking at every code ----

/// What the definition says of the value that a mode gives to x, for x within the range of f: no
/// value of f (every code is looked at) would have been better.
void expect_definition(const format& f, double x, mode m, double got) {
  const auto distance = [&](double v) {
    return rational(abs(oracle::exact(v) - oracle::exact(x)));
  };
  const auto better = [&](double v) {
    switch (m) {
      case mode::toward_negative:
        return got < v && v <= x;
      case mode::toward_positive:
        return x <= v && v < got;
      case mode::toward_zero:
        return std::signbit(v) == std::signbit(x) && std::fabs(got) < std::fabs(v) &&
               std::fabs(v) <= std::fabs(x);
      default:
        // Far values need no exact arithmetic: a binary64 difference is right to 2^-53.
        if (v == got || std::fabs(v - x) > 2 * std::fabs(got - x)) return false;
        if (m == mode::ties_to_away && distance(v) == distance(got)) {
          return std::fabs(v) > std::fabs(got);
        }
        return distance(v) < distance(got);
    }
  };
  if (m == mode::toward_negative) {
    ASSERT_LE(got, x) << f.name;
  }
  if (m == mode::toward_positive) {
    ASSERT_GE(got, x) << f.name;
  }
  if (m == mode::toward_zero) {
    ASSERT_LE(std::fabs(got), std::fabs(x)) << f.name;
    ASSERT_TRUE(got == 0 || std::signbit(got) == std::signbit(x)) << f.name;
  }
  for (const oracle::code_info& info : f.codes) {
    if (info.kind != code_kind::finite) continue;
    ASSERT_FALSE(better(info.value))
        << f.name << ": " << x << " gives " << got << ", not " << info.value;
  }
}

TEST(OracleEncode, obeys_the_definition_of_each_mode) {
  std::size_t checks = 0;
  for (const std::string& name : kOneOfEachFamily) {
    const format& f = by_name(name);
    const double smallest = f.never_rounds_to_zero ? decode(f, 1).value : 0;
    for (const double landmark : oracle::landmarks(f)) {
      for (const double x :
           {std::nextafter(landmark, -kInfinity), landmark, std::nextafter(landmark, kInfinity)}) {
        // Beyond the ends of the range other rules hold.
        if (x < f.extreme(true).value || x > f.extreme(false).value) continue;
        if (std::fabs(x) < smallest) continue;
        for (const mode m : oracle::deterministic_modes) {
          const bool nearest_mode = m == mode::ties_to_even || m == mode::ties_to_away;
          // Those of posit and takum do not go to the nearest value.
          if (m == mode::to_odd || (nearest_mode && f.never_rounds_to_zero)) continue;
          expect_definition(f, x, m, decode(f, encode(f, x, m, saturation::none)).value);
          if (HasFatalFailure()) return;
          ++checks;
        }
      }
    }
  }
  EXPECT_GT(checks, 60000U);
}

TEST(OracleEncode, to_odd_gives_the_odd_neighbour) {
  for (const std::string& name : narrow_names()) {
    const format& f = by_name(name);
    for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
      const oracle::stop& odd = f.stops[i].odd ? f.stops[i] : f.stops[i + 1];
      if (odd.overflow) continue;
      for (const double x : {std::nextafter(f.stops[i].value, kInfinity), f.boundaries[i],
                             std::nextafter(f.stops[i + 1].value, -kInfinity)}) {
        EXPECT_EQ(encode(f, x, mode::to_odd, saturation::none), odd.code) << name << ", " << x;
      }
    }
  }
}

TEST(OracleEncode, every_finite_code_is_a_fixed_point_of_every_mode_and_policy) {
  for (const std::string& name : oracle::all_names()) {
    const format& f = by_name(name);
    if (name == "tfloat32") continue;  // 2^19 codes: float16 and bfloat16 stand for it
    for (const oracle::code_info& info : f.codes) {
      if (info.kind == code_kind::nan) continue;
      for (const mode m : oracle::deterministic_modes) {
        ASSERT_EQ(encode(f, info.value, m, saturation::propagate), info.code)
            << shown(f, info.code);
        if (info.kind == code_kind::infinity) continue;
        ASSERT_EQ(encode(f, info.value, m, saturation::finite), info.code) << shown(f, info.code);
        ASSERT_EQ(encode(f, info.value, m, saturation::none), info.code) << shown(f, info.code);
      }
    }
  }
}

TEST(OracleEncode, bit_string_boundaries_decide_for_posit_and_takum) {
  for (const char* name :
       {"posit8_0", "posit8_1", "posit8", "posit16_1", "posit16", "takum8", "takum16"}) {
    const format& f = by_name(name);
    for (std::size_t i = 0; i < f.boundaries.size(); ++i) {
      const oracle::stop& below = f.stops[i];
      const oracle::stop& above = f.stops[i + 1];
      if (below.value == 0 || above.value == 0) continue;
      const double b = f.boundaries[i];
      ASSERT_EQ(nearest(f, std::nextafter(b, -kInfinity)), below.code) << name << ", " << b;
      ASSERT_EQ(nearest(f, b), below.code % 2 == 0 ? below.code : above.code) << name << ", " << b;
      ASSERT_EQ(nearest(f, std::nextafter(b, kInfinity)), above.code) << name << ", " << b;
    }
  }
}

TEST(OracleEncode, overflow_follows_the_policy_and_the_direction) {
  struct row {
    mode how;
    double x;
    saturation policy;
    code_type e4m3_ieee, e4m3fn, e2m1fn;
  };
  const double huge = 1e9;
  const row rows[] = {
      {mode::ties_to_even, huge, saturation::finite, 0x77, 0x7E, 0x7},
      {mode::ties_to_even, huge, saturation::propagate, 0x77, 0x7E, 0x7},
      {mode::ties_to_even, huge, saturation::none, 0x78, 0x7F, 0x7},
      {mode::ties_to_away, -huge, saturation::none, 0xF8, 0xFF, 0xF},
      {mode::toward_zero, huge, saturation::none, 0x77, 0x7E, 0x7},
      {mode::toward_zero, -huge, saturation::none, 0xF7, 0xFE, 0xF},
      {mode::toward_positive, huge, saturation::none, 0x78, 0x7F, 0x7},
      {mode::toward_positive, -huge, saturation::none, 0xF7, 0xFE, 0xF},
      {mode::toward_negative, huge, saturation::none, 0x77, 0x7E, 0x7},
      {mode::toward_negative, -huge, saturation::none, 0xF8, 0xFF, 0xF},
      {mode::to_odd, huge, saturation::none, 0x78, 0x7F, 0x7},
      {mode::to_odd, huge, saturation::propagate, 0x77, 0x7E, 0x7},
      {mode::toward_zero, kInfinity, saturation::none, 0x78, 0x7F, 0x7},
      {mode::toward_zero, kInfinity, saturation::propagate, 0x78, 0x7F, 0x7},
      {mode::toward_positive, -kInfinity, saturation::finite, 0xF7, 0xFE, 0xF},
      {mode::toward_positive, -kInfinity, saturation::propagate, 0xF8, 0xFF, 0xF},
  };
  for (const row& r : rows) {
    EXPECT_EQ(encode(by_name("e4m3_ieee"), r.x, r.how, r.policy), r.e4m3_ieee) << r.x;
    EXPECT_EQ(encode(by_name("e4m3fn"), r.x, r.how, r.policy), r.e4m3fn) << r.x;
    EXPECT_EQ(encode(by_name("e2m1fn"), r.x, r.how, r.policy), r.e2m1fn) << r.x;
  }
  // Just above the maximum: odd 240 (0x77) of the IEEE-like type stays, even 448 (0x7E) leaves.
  EXPECT_EQ(encode(by_name("e4m3_ieee"), 241, mode::to_odd, saturation::none), 0x77U);
  EXPECT_EQ(encode(by_name("e4m3fn"), 449, mode::to_odd, saturation::none), 0x7FU);
  EXPECT_EQ(encode(by_name("e4m3fn"), 449, mode::to_odd, saturation::finite), 0x7EU);
}

TEST(OracleEncode, unsigned_formats_take_no_negative_number) {
  for (const char* name : {"ue4m3", "ue5m3", "e8m0fnu", "binary8p3ue", "uint8"}) {
    const format& f = by_name(name);
    for (const double x : {-1.0, -1e-300, -kInfinity}) {
      for (const mode m : oracle::deterministic_modes) {
        EXPECT_EQ(encode(f, x, m, saturation::finite), f.nan ? *f.nan : 0U) << name << ", " << x;
      }
    }
    EXPECT_EQ(nearest(f, -0.0), 0U) << name;
  }
}

// ---- stochastic rounding ----

TEST(OracleStochastic, counts_of_random_values_that_go_away_from_zero) {
  // d = k / 1024. Over all R the number of those that go away is floor(d 2^n), floor(d 2^n + 1/2)
  // or RNE(d 2^n): formats.md Af.
  const struct {
    const char* name;
    double inner;
    double outer;
  } gaps[] = {{"e4m3fn", 1, 1.125},         {"e4m3fn", -240, -256}, {"posit8", 1048576, 16777216},
              {"hif8", 256, 384},           {"e2m1fn", 0, 0.5},     {"int4", -3, -4},
              {"float16", 1, 1 + 1 / 1024.}};
  for (const auto& gap : gaps) {
    const format& f = by_name(gap.name);
    const code_type inner = nearest(f, gap.inner);
    const code_type outer = nearest(f, gap.outer);
    for (int n = 1; n <= 6; ++n) {
      for (std::uint64_t k = 1; k < 1024; k += 3) {
        const double x = gap.inner + (gap.outer - gap.inner) * (static_cast<double>(k) / 1024);
        const std::uint64_t scaled = k << n;  // 1024 d 2^n
        const std::uint64_t rest = scaled % 1024;
        const std::uint64_t down = scaled / 1024;
        const std::uint64_t to_even = down + (rest > 512 || (rest == 512 && down % 2 == 1) ? 1 : 0);
        const std::uint64_t expected[] = {down, (scaled + 512) / 1024, to_even};
        const stochastic_variant variants[] = {stochastic_variant::add_truncate,
                                               stochastic_variant::centered,
                                               stochastic_variant::round_then_add};
        for (int v = 0; v < 3; ++v) {
          std::uint64_t away = 0;
          bool before = false;
          for (std::uint64_t r = 0; r < std::uint64_t{1} << n; ++r) {
            const code_type code = encode(f, x, rounding(variants[v], n, r), saturation::finite);
            ASSERT_TRUE(code == inner || code == outer) << gap.name << ", " << x;
            ASSERT_FALSE(before && code == inner) << "more random bits must not go back";
            before = code == outer;
            away += before ? 1 : 0;
          }
          ASSERT_EQ(away, expected[v]) << gap.name << ", " << x << ", variant " << v << ", n " << n;
        }
      }
    }
  }
}

TEST(OracleStochastic, refuses_random_bits_out_of_range) {
  const format& f = by_name("e4m3fn");
  const auto with = [&](int n, std::uint64_t r) {
    return encode(f, 1.01, rounding(stochastic_variant::centered, n, r), saturation::finite);
  };
  EXPECT_THROW(with(0, 0), std::invalid_argument);
  EXPECT_THROW(with(33, 0), std::invalid_argument);
  EXPECT_THROW(with(8, 256), std::invalid_argument);
  EXPECT_EQ(with(32, 0xFFFFFFFF), 0x39U);
}

// ---- the fast paths against the rational ones ----

TEST(OracleFastPaths, encode_of_a_binary64_equals_encode_of_its_rational) {
  std::size_t checks = 0;
  const auto compare_at = [&](const format& f, double x) {
    for (const mode m : oracle::deterministic_modes) {
      for (const saturation s : oracle::all_saturations) {
        ASSERT_EQ(encode(f, x, m, s), encode(f, number::of(x), m, s)) << f.name << ", " << x;
        ++checks;
      }
    }
  };
  for (const std::string& name : kOneOfEachFamily) {
    const std::vector<double> inputs = oracle::interesting_doubles(by_name(name));
    for (std::size_t i = 0; i < inputs.size(); i += 5) compare_at(by_name(name), inputs[i]);
  }
  for (const std::string& name : kWide) {
    const std::vector<double> inputs = oracle::interesting_doubles(by_name(name));
    for (std::size_t i = 0; i < inputs.size(); i += 401) compare_at(by_name(name), inputs[i]);
  }
  EXPECT_GT(checks, 200000U);
}

TEST(OracleFastPaths, integers_convert_exactly) {
  EXPECT_EQ(encode(by_name("float16"), number::of(std::int64_t{2049}), mode::ties_to_even,
                   saturation::none),
            nearest(by_name("float16"), 2048.0));
  // 2^63 + 2^54 + 1 is not a binary64 value; its rounding to one would be a tie for bfloat16.
  const std::uint64_t i = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 55) + 1;
  EXPECT_EQ(encode(by_name("bfloat16"), number::of(i), mode::ties_to_even, saturation::none),
            nearest(by_name("bfloat16"), std::ldexp(1 + 1 / 128.0, 63)));
  EXPECT_EQ(nearest(by_name("bfloat16"), static_cast<double>(i)),
            nearest(by_name("bfloat16"), std::ldexp(1.0, 63)));
}

TEST(OracleFastPaths, arithmetic_on_a_third_of_all_pairs) {
  for (const char* name : {"e4m3fn", "hif8", "takum8", "int4", "nf4", "e3m0"}) {
    const format& f = by_name(name);
    const auto count = static_cast<code_type>(f.code_count());
    // Every code with every third other one; the start shifts, so that every code is met as b too.
    for (code_type a = 0; a < count; ++a) {
      for (code_type b = a % 3; b < count; b += 3) {
        for (const operation op : oracle::all_operations) {
          const code_type c = (a * 31 + b * 17) % count;
          for (const mode m : {mode::ties_to_even, mode::toward_negative, mode::to_odd}) {
            ASSERT_EQ(fast_arithmetic(f, op, a, b, c, m, saturation::none),
                      arithmetic(f, op, a, b, c, m, saturation::none))
                << name << ", operation " << static_cast<int>(op) << ", " << shown(f, a) << ", "
                << shown(f, b) << ", " << shown(f, c);
          }
        }
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST(OracleFastPaths, arithmetic_on_seeded_operands_of_wide_formats) {
  std::mt19937 random(20240601);
  for (const std::string& name : kWide) {
    const format& f = by_name(name);
    std::uniform_int_distribution<code_type> codes(0, static_cast<code_type>(f.code_count() - 1));
    for (int i = 0; i < 5000; ++i) {
      const code_type a = codes(random);
      const code_type b = codes(random);
      const code_type c = codes(random);
      for (const operation op : oracle::all_operations) {
        for (const mode m : {mode::ties_to_even, mode::toward_positive}) {
          ASSERT_EQ(fast_arithmetic(f, op, a, b, c, m, saturation::none),
                    arithmetic(f, op, a, b, c, m, saturation::none))
              << name << ", operation " << static_cast<int>(op) << ", " << shown(f, a) << ", "
              << shown(f, b) << ", " << shown(f, c);
        }
      }
    }
  }
}

TEST(OracleFastPaths, the_tail_is_the_sign_of_the_rounding_error) {
  // Rounding of narrow quotients and roots never needs the tail; it is right all the same.
  std::mt19937 random(20240605);
  std::uniform_int_distribution<code_type> codes(0, 0xFFFF);
  const format& f = by_name("takum16");
  int inexact = 0;
  for (int i = 0; i < 5000; ++i) {
    const double a = decode(f, codes(random)).value;
    const double b = decode(f, codes(random)).value;
    const double c = decode(f, codes(random)).value;
    if (std::isnan(a) || std::isnan(b) || std::isnan(c) || b == 0) continue;
    for (const operation op : oracle::all_operations) {
      if (op == operation::square_root && a < 0) continue;
      const oracle::nearby near = oracle::arithmetic_detail::nearby_result(op, a, b, c);
      const number exact = exact_result(op, number::of(a), number::of(b), number::of(c), {});
      const int side = compare(exact, near.value);
      ASSERT_EQ(near.tail, (side > 0) - (side < 0))
          << static_cast<int>(op) << ", " << a << ", " << b << ", " << c;
      ASSERT_LE(compare(exact, std::nextafter(near.value, kInfinity)), 0);
      ASSERT_GE(compare(exact, std::nextafter(near.value, -kInfinity)), 0);
      inexact += near.tail != 0 ? 1 : 0;
    }
  }
  EXPECT_GT(inexact, 10000);
}

TEST(OracleArithmetic, special_operands) {
  const format& f = by_name("e5m2");
  const code_type inf = 0x7C;
  const code_type one = 0x3C;
  const auto run = [&](operation op, code_type a, code_type b, mode m = mode::ties_to_even) {
    return arithmetic(f, op, a, b, 0, m, saturation::none);
  };
  const code_type nan = *f.nan;
  EXPECT_EQ(run(operation::subtract, inf, inf), nan);
  EXPECT_EQ(run(operation::multiply, inf, 0), nan);
  EXPECT_EQ(run(operation::divide, 0, 0), nan);
  EXPECT_EQ(run(operation::divide, inf, inf), nan);
  EXPECT_EQ(run(operation::divide, one, 0), inf);
  EXPECT_EQ(run(operation::divide, one, 0x80), 0xFCU);
  EXPECT_EQ(run(operation::divide, one, 0xFC), 0x80U);
  EXPECT_EQ(run(operation::add, 0x80, 0x80), 0x80U);
  EXPECT_EQ(run(operation::add, 0x80, 0), 0x00U);
  EXPECT_EQ(run(operation::subtract, one, one), 0x00U);
  EXPECT_EQ(run(operation::subtract, one, one, mode::toward_negative), 0x80U);
  EXPECT_EQ(run(operation::square_root, 0x80, 0), 0x80U);
  EXPECT_EQ(run(operation::square_root, 0xBC, 0), nan);
  EXPECT_EQ(run(operation::square_root, inf, 0), inf);
  EXPECT_EQ(arithmetic(f, operation::divide, one, 0), f.extreme(false).code);  // saturating default
  const format& p = by_name("binary8p3se");
  EXPECT_EQ(arithmetic(p, operation::divide, 0x40, 0), 0x80U);
  const format& posit = by_name("posit8");
  EXPECT_EQ(arithmetic(posit, operation::divide, 0x40, 0), 0x80U);
  EXPECT_EQ(arithmetic(posit, operation::square_root, 0xC0, 0), 0x80U);
}

// ---- MPFR ----

struct mpfr_case {
  const char* name;
  oracle::mpfr_shape shape;
};

const mpfr_case kMpfrCases[] = {
    {"e5m2", oracle::mpfr_shape::of(2, 15)},      {"e4m3fn", oracle::mpfr_shape::of(3, 7)},
    {"e4m3_ieee", oracle::mpfr_shape::of(3, 7)},  {"e3m4", oracle::mpfr_shape::of(4, 3)},
    {"e2m3fn", oracle::mpfr_shape::of(3, 1)},     {"e3m2fn", oracle::mpfr_shape::of(2, 3)},
    {"e2m1fn", oracle::mpfr_shape::of(1, 1)},     {"e1m2", oracle::mpfr_shape::of(2, 0)},
    {"e2m5", oracle::mpfr_shape::of(5, 1)},       {"e5m6", oracle::mpfr_shape::of(6, 15)},
    {"float16", oracle::mpfr_shape::of(10, 15)},  {"bfloat16", oracle::mpfr_shape::of(7, 127)},
    {"tfloat32", oracle::mpfr_shape::of(10, 127)}};

/// That `code` is what MPFR's result means in f: the same value and sign of zero, or beyond the
/// range what infinity_result or the largest value say.
void expect_mpfr(const format& f, double result, mode m, code_type code, const std::string& what) {
  const bool negative = std::signbit(result);
  if (std::isnan(result)) {
    // A format without NaN gives its largest value.
    ASSERT_EQ(code, nan_result(f, false)) << f.name << ", " << what;
  } else if (std::isinf(result)) {
    ASSERT_EQ(code, infinity_result(f, negative)) << f.name << ", " << what;
  } else if (std::fabs(result) > f.extreme(false).value) {
    ASSERT_EQ(code, overflow_result(f, negative, m, saturation::none)) << f.name << ", " << what;
  } else {
    ASSERT_EQ(decode(f, code).value, result) << f.name << ", " << what;
    ASSERT_EQ(std::signbit(decode(f, code).value), negative) << f.name << ", " << what;
  }
}

TEST(OracleMpfr, conversions) {
  std::size_t checks = 0;
  for (const mpfr_case& c : kMpfrCases) {
    const format& f = by_name(c.name);
    const std::vector<double> inputs = oracle::interesting_doubles(f);
    const std::size_t stride = f.bits <= 8 ? 1 : f.bits <= 12 ? 7 : f.bits <= 16 ? 101 : 1001;
    for (std::size_t i = 0; i < inputs.size(); i += i + 100 < inputs.size() ? stride : 1) {
      if (std::isnan(inputs[i])) continue;
      for (const mode m : oracle::mpfr_modes) {
        expect_mpfr(f, mpfr_convert(c.shape, inputs[i], m), m,
                    encode(f, inputs[i], m, saturation::none), std::to_string(inputs[i]));
        if (HasFatalFailure()) return;
        ++checks;
      }
    }
  }
  EXPECT_GT(checks, 150000U);
}

void expect_mpfr_arithmetic(const mpfr_case& shape, operation op, code_type a, code_type b,
                            code_type c, mode m) {
  const format& f = by_name(shape.name);
  const double result = mpfr_arithmetic(shape.shape, op, decode(f, a).value, decode(f, b).value,
                                        decode(f, c).value, m);
  expect_mpfr(f, result, m, arithmetic(f, op, a, b, c, m, saturation::none),
              "operation " + std::to_string(static_cast<int>(op)) + " on " + shown(f, a) + ", " +
                  shown(f, b) + ", " + shown(f, c));
}

TEST(OracleMpfr, arithmetic_on_pairs_of_narrow_formats) {
  std::size_t checks = 0;
  for (const mpfr_case& shape : kMpfrCases) {
    const format& f = by_name(shape.name);
    if (f.bits > 8) continue;
    const auto count = static_cast<code_type>(f.code_count());
    for (code_type a = 0; a < count; ++a) {
      for (code_type b = a % 5; b < count; b += 5) {
        for (const operation op : oracle::all_operations) {
          const mode m = oracle::mpfr_modes[(a + b / 5) % 4];
          expect_mpfr_arithmetic(shape, op, a, b, (a * 31 + b * 17) % count, m);
          ++checks;
        }
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(checks, 300000U);
}

TEST(OracleMpfr, arithmetic_on_seeded_operands_of_wide_formats) {
  std::mt19937 random(20240602);
  for (const mpfr_case& shape : kMpfrCases) {
    const format& f = by_name(shape.name);
    if (f.bits <= 8) continue;
    std::uniform_int_distribution<code_type> codes(0, static_cast<code_type>(f.code_count() - 1));
    for (int i = 0; i < 4000; ++i) {
      const code_type a = codes(random);
      const code_type b = codes(random);
      const code_type c = codes(random);
      for (const operation op : oracle::all_operations) {
        expect_mpfr_arithmetic(shape, op, a, b, c, oracle::mpfr_modes[i % 4]);
      }
      if (HasFatalFailure()) return;
    }
  }
}

// ---- runs ----

code_type code_in_runs(const std::vector<oracle::float_run>& runs, std::uint32_t bits) {
  const auto after =
      std::upper_bound(runs.begin(), runs.end(), bits,
                       [](std::uint32_t x, const oracle::float_run& r) { return x < r.first; });
  return std::prev(after)->code;
}

TEST(OracleRuns, cover_every_float_with_its_code) {
  std::mt19937 random(20240603);
  std::size_t checks = 0;
  for (const std::string& name : narrow_names()) {
    const format& f = by_name(name);
    const std::vector<float> inputs = oracle::interesting_floats(f);
    for (const mode m : {mode::ties_to_even, mode::ties_to_away, mode::toward_positive}) {
      for (const saturation s : oracle::all_saturations) {
        const std::vector<oracle::float_run> runs = first_float_of_each_code(f, m, s);
        ASSERT_EQ(runs.front().first, 0U);
        const auto check = [&](std::uint32_t bits) {
          const float x = oracle::float_of(bits);
          ASSERT_EQ(code_in_runs(runs, bits), encode(f, x, m, s)) << name << ", " << x;
          ++checks;
        };
        for (const float x : inputs) {
          std::uint32_t bits = 0;
          std::memcpy(&bits, &x, sizeof bits);
          check(bits);
        }
        for (int i = 0; i < 500; ++i) check(static_cast<std::uint32_t>(random()));
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(checks, 500000U);
}

TEST(OracleRuns, e4m3fn_begins_where_it_should) {
  const auto runs =
      first_float_of_each_code(by_name("e4m3fn"), mode::ties_to_even, saturation::none);
  // 0, 126 positive values, NaN; -0, 126 negative ones, -NaN.
  ASSERT_EQ(runs.size(), 256U);
  EXPECT_EQ(runs[1].first, 0x3A800001U);    // just above 2^-10, a tie that goes to 0
  EXPECT_EQ(runs[2].first, 0x3B400000U);    // 3 * 2^-10, a tie that goes to 2
  EXPECT_EQ(runs[127].first, 0x43E80001U);  // just above 464
  EXPECT_EQ(runs[127].code, 0x7FU);
  EXPECT_EQ(runs[128].first, 0x80000000U);
  EXPECT_EQ(runs[255].code, 0xFFU);
}

TEST(OracleRuns, sixteen_bit_formats) {
  for (const char* name : {"bfloat16", "takum16"}) {
    const format& f = by_name(name);
    const auto runs = first_float_of_each_code(f, mode::ties_to_even, saturation::none);
    std::mt19937 random(20240604);
    for (int i = 0; i < 100000; ++i) {
      const auto bits = static_cast<std::uint32_t>(random());
      ASSERT_EQ(code_in_runs(runs, bits),
                encode(f, oracle::float_of(bits), mode::ties_to_even, saturation::none))
          << name << ", " << bits;
    }
  }
}

}  // namespace
