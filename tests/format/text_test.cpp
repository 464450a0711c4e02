// SPDX-License-Identifier: MIT
#include "binade/format/text.hpp"

#include "binade/core/random.hpp"  // random_bits
#include "binade/format/catalog.hpp"
#include "binade/format/limits.hpp"
#include "exact_decimal.hpp"
#include "oracle/catalog.hpp"
#include "oracle/round.hpp"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace binade;
using oracle::exact_text;
using oracle::rational;
using oracle::rational_of;

/// One format behind functions, so that the checks are compiled once.
struct subject {
  const char* name;
  int bits;
  std::uint32_t (*parse)(std::string_view text, const rounding::any& mode, saturation_mode rule);
  std::string (*text)(std::uint32_t code, text_style style);
  bool refuses_nan;  ///< what nan::error does

  [[nodiscard]] const oracle::format& expected() const { return oracle::by_name(name); }
  [[nodiscard]] std::string binary(std::uint32_t code) const {
    return oracle::bit_text(code, bits);
  }
};

template <class F>
std::uint32_t parse_as(std::string_view text, const rounding::any& mode, saturation_mode rule) {
  switch (rule) {
    case saturation_mode::finite:
      return parse<F>(text, mode, saturation::finite{}).bits();
    case saturation_mode::propagate:
      return parse<F>(text, mode, saturation::propagate{}).bits();
    case saturation_mode::none:
      break;
  }
  return parse<F>(text, saturation::none{}, mode).bits();
}

template <class F>
std::string text_as(std::uint32_t code, text_style style) {
  return to_string(F::from_bits(code), style);
}

template <class F>
subject subject_of() {
  const std::string_view nan = "nan";
  F ignored{};
  const std::from_chars_result result =
      from_chars(nan.data(), nan.data() + nan.size(), ignored, binade::nan::error{});
  return {.name = F::names.name,
          .bits = F::bit_count,
          .parse = parse_as<F>,
          .text = text_as<F>,
          .refuses_nan = result.ec == std::errc::invalid_argument};
}

/// One format of each family, with each choice of NaN, infinity and zero.
std::vector<subject> subjects() {
  return {subject_of<e5m2>(),        subject_of<e4m3fn>(),
          subject_of<e4m3fnuz>(),    subject_of<e3m4>(),
          subject_of<e8m0fnu>(),     subject_of<ue4m3>(),
          subject_of<e2m3fn>(),      subject_of<e2m1fn>(),
          subject_of<e3m0>(),        subject_of<float16>(),
          subject_of<bfloat16>(),    subject_of<hif8>(),
          subject_of<posit<8, 0>>(), subject_of<posit8>(),
          subject_of<posit16>(),     subject_of<takum8>(),
          subject_of<takum16>(),     subject_of<int4>(),
          subject_of<int8>(),        subject_of<uint8>(),
          subject_of<nf4>(),         subject_of<dynamic8>(),
          subject_of<p3109<8, 3>>(), subject_of<p3109<8, 1, signedness::unsigned_values>>()};
}

/// What the format's parser makes of the text must be `expected`.
void expect_code(const subject& s, const std::string& text, oracle::code_type expected,
                 const std::string& how, const rounding::any& mode, saturation_mode rule) {
  const std::uint32_t got = s.parse(text, mode, rule);
  EXPECT_EQ(got, expected) << s.name << ", " << how << ": \"" << text.substr(0, 200) << "\" ("
                           << text.size() << " characters): got " << s.binary(got) << ", expected "
                           << s.binary(expected);
}

struct mode_pair {
  rounding::any ours;
  oracle::mode theirs;
  const char* name;
};
const mode_pair modes[] = {
    {rounding::ties_to_even{}, oracle::mode::ties_to_even, "ties_to_even"},
    {rounding::ties_to_away{}, oracle::mode::ties_to_away, "ties_to_away"},
    {rounding::toward_zero{}, oracle::mode::toward_zero, "toward_zero"},
    {rounding::toward_positive{}, oracle::mode::toward_positive, "toward_positive"},
    {rounding::toward_negative{}, oracle::mode::toward_negative, "toward_negative"},
    {rounding::to_odd{}, oracle::mode::to_odd, "to_odd"},
};

/// Parses under every mode and saturation policy; `value` is what the text spells.
void check_every_policy(const subject& s, const std::string& text, const oracle::number& value) {
  const oracle::format& f = s.expected();
  for (const mode_pair& m : modes) {
    const oracle::rounding mode(m.theirs);
    const std::string how = m.name;
    expect_code(s, text, oracle::encode(f, value, mode, oracle::saturation::finite),
                how + ", finite", m.ours, saturation_mode::finite);
    expect_code(s, text, oracle::encode(f, value, mode, oracle::saturation::propagate),
                how + ", propagate", m.ours, saturation_mode::propagate);
    expect_code(s, text, oracle::encode(f, value, mode, oracle::saturation::none), how + ", none",
                m.ours, saturation_mode::none);
  }
}

/// Digits and an exponent in place of a point: -12.5 is -125e-1.
std::string with_exponent(std::string text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text + "e0";
  const std::size_t places = text.size() - point - 1;
  return text.erase(point, 1) + "e-" + std::to_string(places);
}

/// The C library's hexadecimal text of a binary64, which is exact.
std::string hexadecimal(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%a", x);
  return buffer;
}

class text_of : public testing::TestWithParam<subject> {
 protected:
  /// Where rounding may go wrong: values, midpoints and other boundaries; a sample of 16-bit ones.
  static std::vector<double> points() {
    const oracle::format& f = GetParam().expected();
    std::vector<double> points = f.boundaries;
    for (const oracle::stop& s : f.stops) points.push_back(s.value);
    if (points.size() <= 600) return points;
    std::vector<double> sample;
    std::sort(points.begin(), points.end());
    const double smallest = std::fabs(f.stops[f.stops.size() / 2 + 1].value);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const bool at_end = i < 8 || i + 8 >= points.size();
      const bool small = std::fabs(points[i]) < 8 * smallest;
      if (at_end || small || i % 1009 == 0) sample.push_back(points[i]);
    }
    return sample;
  }
};
INSTANTIATE_TEST_SUITE_P(formats, text_of, testing::ValuesIn(subjects()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(text_of, boundaries_and_what_is_next_to_them_round_correctly) {
  // Next to: 10^-60 of the last decimal, which no number of digits that would do for binary64
  // shows.
  for (const double point : points()) {
    const rational exact = oracle::exact(point);
    const std::string text = exact_text(exact);
    const oracle::number at =
        std::signbit(point) && point == 0 ? oracle::number::zero(true) : oracle::number::of(exact);
    check_every_policy(GetParam(), at.negative && point == 0 ? "-0" : text, at);
    check_every_policy(GetParam(), with_exponent(text), oracle::number::of(exact));
    if (point != 0) check_every_policy(GetParam(), hexadecimal(point), at);

    const std::size_t dot = text.find('.');
    const std::size_t places = dot == std::string::npos ? 0 : text.size() - dot - 1;
    const rational little = rational(1) / oracle::ten_to(places + 60);
    for (const rational& near : {rational(exact + little), rational(exact - little)}) {
      check_every_policy(GetParam(), exact_text(near), oracle::number::of(near));
    }
    if (HasFailure()) return;
  }
}

TEST_P(text_of, ten_thousand_digits_round_correctly) {
  const std::vector<double> tested = points();
  for (std::size_t i = 0; i < tested.size(); i += tested.size() / 7 + 1) {
    const rational exact = oracle::exact(tested[i]);
    std::string text = exact_text(exact);
    if (text.find('.') == std::string::npos) text += '.';
    text += std::string(10000, '0');
    check_every_policy(GetParam(), text, oracle::number::of(exact));
    text += '1';
    check_every_policy(GetParam(), text, oracle::number::of(rational_of(text)));
    const std::string nines = "0." + std::string(10000, '9');
    const rational almost = exact * rational_of(nines);
    check_every_policy(GetParam(), exact_text(almost), oracle::number::of(almost));
    if (HasFailure()) return;
  }
}

TEST_P(text_of, random_decimals_round_correctly) {
  const oracle::format& f = GetParam().expected();
  // Exponents from below the smallest value to above the largest.
  const double largest =
      std::max(std::fabs(f.stops.front().value), std::fabs(f.stops.back().value));
  const int high = static_cast<int>(std::log10(largest)) + 3;
  double smallest = largest;
  for (const oracle::stop& s : f.stops) {
    if (s.value != 0) smallest = std::min(smallest, std::fabs(s.value));
  }
  const int low = static_cast<int>(std::log10(smallest)) - 4;
  std::mt19937_64 generator(4);
  for (int i = 0; i < 400; ++i) {
    std::string text = generator() % 2 == 0 ? "" : "-";
    const auto digits = 1 + generator() % 40;
    for (std::uint64_t j = 0; j < digits; ++j) {
      text += static_cast<char>('0' + generator() % 10);
      if (j == 0) text += '.';
    }
    text += "e" + std::to_string(
                      low + static_cast<int>(generator() % static_cast<unsigned>(high - low + 1)));
    const rational value = rational_of(text);
    const bool negative_zero = value == 0 && text[0] == '-';
    check_every_policy(GetParam(), text,
                       negative_zero ? oracle::number::zero(true) : oracle::number::of(value));
    if (HasFailure()) return;
  }
}

TEST_P(text_of, stochastic_rounding_decides_at_its_exact_threshold) {
  const oracle::format& f = GetParam().expected();
  struct variant_pair {
    rounding::stochastic_variant ours;
    oracle::stochastic_variant theirs;
  };
  constexpr variant_pair variants[] = {
      {rounding::stochastic_variant::add_truncate, oracle::stochastic_variant::add_truncate},
      {rounding::stochastic_variant::centered, oracle::stochastic_variant::centered},
      {rounding::stochastic_variant::round_then_add, oracle::stochastic_variant::round_then_add}};
  std::mt19937_64 generator(5);
  for (int i = 0; i < 60; ++i) {
    const std::size_t at = generator() % (f.stops.size() - 1);
    const rational from = oracle::exact(f.stops[at].value);
    const rational to = oracle::exact(f.stops[at + 1].value);
    if (!f.is_signed && from < 0) continue;
    for (const int bits : {1, 2, 4, 8, 16, 32}) {
      const rounding::stochastic base{
          .seed = 6, .stream = 7, .bits = bits, .index = static_cast<std::uint64_t>(i)};
      const std::uint64_t r = random_bits(base.seed, base.stream, base.index, bits);
      // A random number rounds up from 1 - r / 2^n of the gap on; half a step earlier or later in
      // the other variants. Exactly there, and 10^-200 of a gap to each side.
      for (const int half_steps : {-1, 0, 1}) {
        const rational share =
            1 - (rational(mpz_class(r)) + rational(half_steps, 2)) * oracle::two_to(-bits);
        for (const int side : {-1, 0, 1}) {
          const rational d = share + rational(side) / oracle::ten_to(200);
          if (d <= 0 || d >= 1) continue;
          const bool negative = to <= 0;
          const rational value =
              negative ? rational(to + d * (from - to)) : rational(from + d * (to - from));
          for (const variant_pair& v : variants) {
            rounding::stochastic ours = base;
            ours.variant = v.ours;
            expect_code(
                GetParam(), exact_text(value),
                oracle::encode(f, oracle::number::of(value), oracle::rounding(v.theirs, bits, r),
                               oracle::saturation::finite),
                "stochastic, " + std::to_string(bits) + " bits, variant " +
                    std::to_string(static_cast<int>(v.ours)) + ", side " + std::to_string(side),
                ours, saturation_mode::finite);
          }
        }
      }
    }
    if (HasFailure()) return;
  }
}

TEST(parse, stochastic_rounding_sees_the_smallest_shares) {
  // With R = 2^16 - 1 all from 2^-16 of the smallest value on rounds up to it, nothing below does.
  rounding::stochastic mode{.seed = 11, .bits = 16};
  while (random_bits(mode.seed, mode.stream, mode.index, 16) != 65535) ++mode.index;
  for (const subject& s : {subject_of<e4m3fn>(), subject_of<bfloat16>(), subject_of<float16>(),
                           subject_of<int8>(), subject_of<nf4>(), subject_of<hif8>()}) {
    const oracle::format& f = s.expected();
    double smallest = f.stops.back().value;
    for (const oracle::stop& stop : f.stops) {
      if (stop.value > 0) smallest = std::min(smallest, stop.value);
    }
    const rational threshold = oracle::exact(smallest) * oracle::two_to(-16);
    const rational little = threshold / oracle::ten_to(100);
    for (const int side : {-1, 0, 1}) {
      const rational value = threshold + side * little;
      const oracle::code_type expected =
          oracle::encode(f, oracle::number::of(value),
                         oracle::rounding(oracle::stochastic_variant::add_truncate, 16, 65535),
                         oracle::saturation::finite);
      expect_code(s, exact_text(value), expected, "side " + std::to_string(side), mode,
                  saturation_mode::finite);
      EXPECT_EQ(f.codes[expected].value, side < 0 ? 0 : smallest) << s.name;
    }
  }
}

TEST_P(text_of, special_texts_are_as_convert_has_them) {
  for (const bool negative : {false, true}) {
    const std::string sign = negative ? "-" : "";
    for (const char* text : {"inf", "INFINITY"}) {
      check_every_policy(GetParam(), sign + text, oracle::number::infinity(negative));
    }
    for (const char* text : {"nan", "NaN(12)"}) {
      check_every_policy(GetParam(), sign + text, oracle::number::nan(negative));
    }
    for (const char* text :
         {"0", "0.000", ".0e5", "0e999999999999", "0x0p-9", "0e-99999999999999999999"}) {
      check_every_policy(GetParam(), sign + text, oracle::number::zero(negative));
    }
    const rational huge = oracle::rational(oracle::ten_to(1000));
    for (const std::string& text :
         {std::string("1e999999999"), std::string("1e99999999999999999999999"),
          std::string("9e300"), "1" + std::string(5000, '0'),
          "0." + std::string(5000, '0') + "1e9999", std::string("0x1p99999999999")}) {
      check_every_policy(GetParam(), sign + text,
                         oracle::number::of(negative ? rational(-huge) : huge));
    }
    const rational tiny = 1 / huge;
    for (const std::string& text :
         {std::string("1e-999999999"), std::string("1e-99999999999999999999999"),
          std::string("9e-300"), "0." + std::string(5000, '0') + "1",
          "1" + std::string(5000, '0') + "e-9999", std::string("0x1p-99999999999")}) {
      check_every_policy(GetParam(), sign + text,
                         oracle::number::of(negative ? rational(-tiny) : tiny));
    }
  }
  EXPECT_EQ(GetParam().refuses_nan, !GetParam().expected().nan.has_value());
}

TEST(parse, follows_the_rules_for_nan_and_sign) {
  EXPECT_EQ(parse<ue4m3>("-1.5", negative::abs{}), ue4m3(1.5F));
  EXPECT_TRUE(isnan(parse<ue4m3>("-1.5")));
  EXPECT_EQ(parse<uint4>("-3"), uint4(0));
  EXPECT_EQ(parse<uint4>("-3", negative::abs{}), uint4(3));
  EXPECT_EQ(parse<e2m1fn>("nan"), e2m1fn(6.0F));
  EXPECT_EQ(parse<e2m1fn>("nan", binade::nan::zero{}), e2m1fn(0.0F));
  EXPECT_THROW(static_cast<void>(parse<e2m1fn>("nan", binade::nan::error{})), error);
  EXPECT_TRUE(isnan(parse<e4m3fn>("nan", binade::nan::error{})));
}

/// MPFR's own conversion of text, in the four modes that it has: a second oracle, for formats that
/// it can be told of. `smallest` is the exponent of the smallest positive value.
template <class F>
void compare_with_mpfr(int precision, int smallest) {
  const mpfr_rnd_t theirs[] = {MPFR_RNDN, MPFR_RNDZ, MPFR_RNDU, MPFR_RNDD};
  const rounding::any ours[] = {rounding::ties_to_even{}, rounding::toward_zero{},
                                rounding::toward_positive{}, rounding::toward_negative{}};
  constexpr auto largest = describe(F::spec).largest;
  const double limit = convert<double>(F::from_bits(static_cast<std::uint32_t>(largest)));
  const mpfr_exp_t old_minimum = mpfr_get_emin();
  mpfr_t x;
  mpfr_init2(x, precision);
  std::mt19937_64 generator(8);
  int compared = 0;
  for (int i = 0; i < 40000; ++i) {
    std::string text = generator() % 2 == 0 ? "" : "-";
    const auto digits = 1 + generator() % 25;
    for (std::uint64_t j = 0; j < digits; ++j) text += static_cast<char>('0' + generator() % 10);
    const int range = static_cast<int>(std::log10(limit)) - smallest / 3 + 4;
    text += "e" + std::to_string(smallest / 3 - 4 - static_cast<int>(digits) +
                                 static_cast<int>(generator() % static_cast<unsigned>(range)));
    for (int m = 0; m < 4; ++m) {
      mpfr_set_emin(smallest + 1);
      int ternary = mpfr_strtofr(x, text.c_str(), nullptr, 10, theirs[m]);
      mpfr_subnormalize(x, ternary, theirs[m]);
      mpfr_set_emin(old_minimum);
      const double expected = mpfr_get_d(x, MPFR_RNDN);
      if (std::fabs(expected) > limit) continue;
      ++compared;
      const double got = convert<double>(parse<F>(text, ours[m]));
      ASSERT_EQ(got, expected) << F::names.name << " mode " << m << ": " << text;
      ASSERT_EQ(std::signbit(got), std::signbit(expected)) << F::names.name << ": " << text;
    }
  }
  mpfr_clear(x);
  EXPECT_GT(compared, 100000);
}

TEST(parse, agrees_with_mpfr) {
  compare_with_mpfr<e5m2>(3, -16);
  compare_with_mpfr<float16>(11, -24);
  compare_with_mpfr<bfloat16>(8, -133);
  compare_with_mpfr<tfloat32>(11, -136);
}

TEST(parse, does_not_round_twice) {
  // The tie of 1 and 1.125 moved by 2^-40 is lost in binary32, by 10^-30 in binary64.
  EXPECT_EQ(parse<e4m3fn>("1.0625"), e4m3fn(1.0F));
  EXPECT_EQ(parse<e4m3fn>("1.06250000000090949470177292823791503906250"), e4m3fn(1.125F));
  EXPECT_EQ(parse<e4m3fn>("1.062500000000000000000000000001"), e4m3fn(1.125F));
  EXPECT_EQ(parse<e4m3fn>("1.062499999999999999999999999999"), e4m3fn(1.0F));
}

TEST(parse, hybrid_rounding_sees_23_fraction_bits) {
  std::mt19937_64 generator(9);
  for (int i = 0; i < 20000; ++i) {
    const auto exponent = static_cast<std::uint32_t>(127 - 26 + generator() % 44);
    const auto bits = (exponent << 23) | static_cast<std::uint32_t>(generator() & 0x807fffff);
    const float x = bit_cast<float>(bits);
    for (const bool guard : {false, true}) {
      const rounding::hif8_hybrid hybrid{.guard = guard};
      EXPECT_EQ(parse<hif8>(hexadecimal(double{x}), hybrid).bits(), convert<hif8>(x, hybrid).bits())
          << hexadecimal(double{x});
    }
  }
}

TEST(parse, keeps_infinity_unless_told_otherwise) {
  EXPECT_TRUE(isinf(parse<e5m2>("inf")));
  EXPECT_TRUE(isinf(parse<hif8>("-inf")));
  EXPECT_EQ(parse<e5m2>("1e9"), std::numeric_limits<e5m2>::max());
  EXPECT_EQ(parse<e5m2>("inf", saturation::finite{}), std::numeric_limits<e5m2>::max());
  EXPECT_EQ(parse<e4m3fn>("inf"), e4m3fn(448.0F));
  EXPECT_TRUE(isinf(parse<bfloat16>("1e39")));
}

TEST(parse, takes_the_whole_text_and_a_plus) {
  EXPECT_EQ(parse<e4m3fn>("+1.5"), e4m3fn(1.5F));
  EXPECT_EQ(parse<e4m3fn>("-1.5"), e4m3fn(-1.5F));
  for (const char* text :
       {"", "+", "-", "+-1", "--1", "1 ", " 1", "1x", "e5", "0x", "nope", "1.2.3"}) {
    EXPECT_THROW(static_cast<void>(parse<e4m3fn>(text)), error) << text;
  }
  try {
    static_cast<void>(parse<e4m3fn>("one"));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(std::string(e.what()),
              "parse: \"one\" is no number; allowed are decimal and hexadecimal numbers, inf and "
              "nan, without spaces");
  }
  try {
    static_cast<void>(parse<e2m1fn>("-NaN", binade::nan::error{}));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(std::string(e.what()),
              "parse: \"-NaN\" is refused by nan::error in a format without NaN; allowed are "
              "numbers and inf");
  }
  try {
    static_cast<void>(parse<e4m3fn>(std::string(100000, 'x')));
    FAIL();
  } catch (const error& e) {
    EXPECT_LT(std::string(e.what()).size(), 200U);
  }
}

TEST(from_chars, says_where_the_number_ends) {
  const std::string text = "1.5e2,7";
  e4m3fn value(3.0F);
  const std::from_chars_result r = from_chars(text.data(), text.data() + text.size(), value);
  EXPECT_EQ(r.ec, std::errc{});
  EXPECT_EQ(r.ptr, text.data() + 5);
  EXPECT_EQ(value, e4m3fn(144.0F));  // 152 is halfway to the next, 160
}

TEST(from_chars, leaves_the_value_where_there_is_no_number) {
  for (const std::string text : {"", "+1", "x", " 1"}) {
    e4m3fn value(3.0F);
    const std::from_chars_result r = from_chars(text.data(), text.data() + text.size(), value);
    EXPECT_EQ(r.ec, std::errc::invalid_argument) << text;
    EXPECT_EQ(r.ptr, text.data()) << text;
    EXPECT_EQ(value, e4m3fn(3.0F)) << text;
  }
  const std::string nan = "nan";
  e2m1fn value(3.0F);
  EXPECT_EQ(from_chars(nan.data(), nan.data() + 3, value, binade::nan::error{}).ec,
            std::errc::invalid_argument);
  EXPECT_EQ(value, e2m1fn(3.0F));
}

// -------------------------------------------------------------------------------------- to_chars

/// Whether the text reads as x, by the oracle, without saturation coming to help.
bool reads_as(const oracle::format& f, const rational& value, const oracle::code_info& x) {
  const oracle::number number = oracle::number::of(value);
  if (number.value == 0) return false;
  if (oracle::encode(f, number, oracle::default_rounding(f), oracle::default_saturation(f)) !=
      x.code) {
    return false;
  }
  const bool negative = value < 0;
  const rational end = abs(oracle::exact(f.extreme(negative).value));
  if (abs(value) <= end) return true;
  // Past the end: by less than half of the gap before it.
  const bool first_is_overflow = f.stops.front().overflow;
  const std::size_t inner =
      negative ? (first_is_overflow ? 2 : 1) : f.stops.size() - (f.stops.back().overflow ? 3 : 2);
  return abs(value) - end < (end - abs(oracle::exact(f.stops[inner].value))) / 2;
}

/// d * 10^-places rounded toward zero or away from it.
rational decimal_next_to(const rational& x, int places, bool away) {
  const rational unit = places >= 0
                            ? rational(1, oracle::ten_to(static_cast<unsigned long>(places)))
                            : rational(oracle::ten_to(static_cast<unsigned long>(-places)));
  const rational scaled = abs(x) / unit;
  mpz_class whole = scaled.get_num() / scaled.get_den();
  if (away) ++whole;
  return x < 0 ? rational(-unit * whole) : rational(unit * whole);
}

/// The exponent of the first digit.
int decimal_exponent_of(const rational& x) {
  int n = 0;
  const rational size = abs(x);
  while (size >= rational(oracle::ten_to(static_cast<unsigned long>(n + 1)))) ++n;
  if (n > 0 || size >= 1) return n;
  while (size * rational(oracle::ten_to(static_cast<unsigned long>(-n))) < 1) --n;
  return n;
}

/// Characters of a nonzero number with `digits` significant digits in scientific notation, or in
/// fixed notation with `places` decimals; without the sign.
int scientific_size(int digits, int exponent) {
  return digits + (digits > 1 ? 1 : 0) + (std::abs(exponent) < 100 ? 4 : 5);
}

/// Checks that x cut to fewer decimals or digits, to either side, does not read as x, and that no
/// neighbour with as many is nearer.
void check_shortest(const oracle::format& f, const oracle::code_info& x, const std::string& text) {
  const rational exact = oracle::exact(x.value);
  const rational ours = rational_of(text);
  const int length = static_cast<int>(text.size()) - (text[0] == '-' ? 1 : 0);
  ASSERT_TRUE(reads_as(f, ours, x)) << f.name << ": " << text;
  const bool is_fixed = text.find('e') == std::string::npos;
  const int exponent = decimal_exponent_of(exact);
  const auto check = [&](const rational& other, int size, bool fixed) {
    // Of equally long texts the one without an exponent is written.
    if (size > length || (size == length && is_fixed && !fixed) || !reads_as(f, other, x)) return;
    EXPECT_EQ(size, length) << f.name << ": " << text << " but " << exact_text(other)
                            << " reads as " << exact_text(exact);
    EXPECT_EQ(fixed, is_fixed) << f.name << ": " << text;
    EXPECT_LE(abs(ours - exact), abs(other - exact))
        << f.name << ": " << text << " but " << exact_text(other) << " is nearer to "
        << exact_text(exact);
  };
  for (const bool away : {false, true}) {
    for (int digits = 1; scientific_size(digits, exponent) <= length; ++digits) {
      const rational other = decimal_next_to(exact, digits - 1 - exponent, away);
      if (other != 0) check(other, scientific_size(digits, decimal_exponent_of(other)), false);
    }
    for (int places = 0; places + 2 <= length || places == 0; ++places) {
      const rational other = decimal_next_to(exact, places, away);
      if (other == 0) continue;
      const int whole = std::max(decimal_exponent_of(other), 0) + 1;
      check(other, whole + (places == 0 ? 0 : places + 1), true);
    }
  }
}

TEST_P(text_of, shortest_text_is_the_shortest_and_the_nearest) {
  const oracle::format& f = GetParam().expected();
  const std::size_t step = f.codes.size() > 256 ? 37 : 1;
  for (std::size_t c = 0; c < f.codes.size(); c += step) {
    const oracle::code_info& x = f.codes[c];
    if (x.kind != oracle::code_kind::finite || x.value == 0) continue;
    check_shortest(f, x, GetParam().text(x.code, text_style::shortest));
    if (HasFailure()) return;
  }
}

/// All positive numbers of at most five characters in the notations of to_chars.
std::vector<std::string> short_texts() {
  std::vector<std::string> texts;
  for (int i = 1; i < 100000; ++i) texts.push_back(std::to_string(i));
  for (int places = 1; places <= 3; ++places) {
    for (int i = 1; i < 10000; ++i) {
      std::string digits = std::to_string(i);
      const auto size = static_cast<std::size_t>(places);
      if (digits.size() <= size) digits.insert(0, size + 1 - digits.size(), '0');
      digits.insert(digits.size() - size, ".");
      if (digits.size() <= 5 && i % 10 != 0) texts.push_back(digits);
    }
  }
  for (int d = 1; d <= 9; ++d) {
    for (int e = -99; e <= 99; ++e) {
      char buffer[16];
      std::snprintf(buffer, sizeof buffer, "%de%+03d", d, e);
      texts.push_back(buffer);
    }
  }
  return texts;
}

/// The same by brute force, as far as five characters go: the oracle reads every text. Texts of
/// another decade than x are left out: 1024 in posit8 is not written as 999.
void check_by_brute_force(const subject& s, const std::vector<std::string>& texts) {
  const oracle::format& f = s.expected();
  std::vector<std::size_t> least(f.codes.size(), 6);
  for (const std::string& text : texts) {
    const rational value = rational_of(text);
    const oracle::code_info& x = f.codes[oracle::encode(
        f, oracle::number::of(value), oracle::default_rounding(f), oracle::default_saturation(f))];
    if (text.size() >= least[x.code] || x.kind != oracle::code_kind::finite || x.value == 0) {
      continue;
    }
    const int decade = decimal_exponent_of(oracle::exact(x.value));
    const bool rounded_up = value == decimal_next_to(oracle::exact(x.value), -1 - decade, true);
    if (decimal_exponent_of(value) != decade && !rounded_up) continue;
    if (reads_as(f, value, x)) least[x.code] = text.size();
  }
  int found = 0;
  for (const oracle::code_info& x : f.codes) {
    if (x.kind != oracle::code_kind::finite || x.value <= 0) continue;
    const std::string text = s.text(x.code, text_style::shortest);
    if (least[x.code] <= 5) {
      ++found;
      EXPECT_EQ(text.size(), least[x.code]) << f.name << ": " << text;
    } else {
      EXPECT_GT(text.size(), 5U) << f.name << ": " << text;
    }
  }
  EXPECT_GT(found, 5) << f.name;
}

TEST(to_chars, shortest_agrees_with_brute_force) {
  const std::vector<std::string> texts = short_texts();
  for (const subject& s :
       {subject_of<e4m3fn>(), subject_of<e2m3fn>(), subject_of<hif8>(), subject_of<posit8>(),
        subject_of<takum8>(), subject_of<uint8>(), subject_of<dynamic8>()}) {
    check_by_brute_force(s, texts);
  }
}

/// Calls f for each code of a format, or a sample of those of more than 16 bits.
template <class F, class Function>
void for_many_codes(Function&& f) {
  constexpr std::uint32_t count = std::uint32_t{1} << describe(F::spec).code_bits;
  for (std::uint32_t code = 0; code < count; code += count > 65536 ? 61 : 1) f(F::from_bits(code));
}

TEST(to_chars, every_value_of_every_format_reads_back) {
  for_each_type(all_formats{}, []<class F>() {
    for_many_codes<F>([](F x) {
      for (const text_style style :
           {text_style::shortest, text_style::exact, text_style::hexadecimal}) {
        const std::string text = to_string(x, style);
        const F back = parse<F>(text);
        if (isnan(x)) {
          EXPECT_TRUE(isnan(back)) << F::names.name << " " << text;
          EXPECT_EQ(signbit(back), signbit(x)) << F::names.name << " " << text;
        } else {
          EXPECT_EQ(back.bits(), x.bits()) << F::names.name << " " << text;
        }
        EXPECT_LE(text.size(), static_cast<std::size_t>(max_text_chars<F>)) << F::names.name;
      }
    });
  });
}

TEST_P(text_of, exact_and_hexadecimal_text_are_exact) {
  const oracle::format& f = GetParam().expected();
  for (const oracle::code_info& x : f.codes) {
    if (x.kind != oracle::code_kind::finite) continue;
    const std::string decimal = GetParam().text(x.code, text_style::exact);
    EXPECT_EQ(rational_of(decimal), oracle::exact(x.value)) << decimal;
    EXPECT_EQ(decimal[0] == '-', std::signbit(x.value)) << decimal;
    const std::string hex = GetParam().text(x.code, text_style::hexadecimal);
    EXPECT_EQ(std::strtod(hex.c_str(), nullptr), x.value) << hex;
    EXPECT_EQ(hex[0] == '-', std::signbit(x.value)) << hex;
  }
}

TEST(to_chars, writes_the_shorter_notation) {
  struct example {
    std::string got;
    const char* expected;
  };
  for (const auto& [got, expected] : std::initializer_list<example>{
           {to_string(e4m3fn(448.0F)), "448"},
           {to_string(e4m3fn(-2.25F)), "-2.2"},
           {to_string(e4m3fn(3.75F)), "3.8"},  // equally far from 3.7: the even digit
           {to_string(e4m3fn(-2.25F), text_style::exact), "-2.25"},
           {to_string(e4m3fn(0.001953125F)), "0.002"},
           {to_string(e4m3fn(0.001953125F), text_style::exact), "0.001953125"},
           {to_string(e5m2(57344.0F)), "57344"},
           {to_string(e5m2(0x1p-16F), text_style::exact), "1.52587890625e-05"},
           {to_string(posit8(0x1p24F)), "2e+07"},
           {to_string(posit8(0x1p24F), text_style::exact), "16777216"},
           {to_string(bfloat16(0x1p127F)), "1.7e+38"},
           {to_string(bfloat16(0x1p127F), text_style::exact),
            "170141183460469231731687303715884105728"},
           {to_string(takum8(0x1p-239)), "1e-72"},
           {to_string(e8m0fnu(0x1p-127F)), "6e-39"},
           {to_string(int8(-128)), "-128"},
           {to_string(uint2(3)), "3"},
           {to_string(nf4(0.5F)), "0.4"},
           {to_string(e4m3fn(0.1F), text_style::hexadecimal), "0x1.ap-4"},
           {to_string(e4m3fn(3.0F), text_style::hexadecimal), "0x1.8p+1"},
           {to_string(e4m3fn(0x1p-9F), text_style::hexadecimal), "0x1p-9"},
           {to_string(e4m3fn(0.0F)), "0"},
           {to_string(e4m3fn(-0.0F)), "-0"},
           {to_string(e4m3fn(-0.0F), text_style::exact), "-0"},
           {to_string(e4m3fn(-0.0F), text_style::hexadecimal), "-0x0p+0"},
           {to_string(e5m2::from_bits(0x7c)), "inf"},
           {to_string(e5m2::from_bits(0xfc), text_style::hexadecimal), "-inf"},
           {to_string(e4m3fn::from_bits(0x7f)), "nan"},
           {to_string(e4m3fn::from_bits(0xff)), "-nan"},
           {to_string(e4m3fnuz::from_bits(0x80)), "nan"},
           {to_string(posit8::from_bits(0x80)), "nan"},
           {to_string(takum16::from_bits(0x8000)), "nan"},
           {to_string(hif8::from_bits(0x80)), "nan"},
       }) {
    EXPECT_EQ(got, expected);
  }
}

TEST(to_chars, never_writes_past_the_end) {
  for (const e5m2 x : {e5m2(-57344.0F), e5m2(0x1p-16F), e5m2(1.0F), e5m2::from_bits(0xfc)}) {
    for (const text_style style :
         {text_style::shortest, text_style::exact, text_style::hexadecimal}) {
      const std::string text = to_string(x, style);
      for (std::size_t room = 0; room <= text.size() + 2; ++room) {
        std::string buffer(room + 1, '#');
        char* const last = buffer.data() + room;
        const std::to_chars_result r = to_chars(buffer.data(), last, x, style);
        if (room < text.size()) {
          EXPECT_EQ(r.ec, std::errc::value_too_large) << text << " in " << room;
          EXPECT_EQ(r.ptr, last) << text << " in " << room;
          EXPECT_EQ(buffer, std::string(room + 1, '#')) << text << " in " << room;
        } else {
          EXPECT_EQ(r.ec, std::errc{}) << text << " in " << room;
          EXPECT_EQ(std::string_view(buffer.data(), r.ptr), text);
          EXPECT_EQ(*r.ptr, '#') << text << " in " << room;
        }
      }
    }
  }
}

// ------------------------------------------------------------------------------------- constexpr

constexpr std::array<char, 16> written_at_compile_time() {
  std::array<char, 16> buffer{};
  to_chars(buffer.data(), buffer.data() + buffer.size(), e4m3fn(2.5F));
  return buffer;
}
static_assert(written_at_compile_time()[0] == '2' && written_at_compile_time()[1] == '.' &&
              written_at_compile_time()[2] == '5' && written_at_compile_time()[3] == 0);
static_assert(parse<e4m3fn>("448") == std::numeric_limits<e4m3fn>::max());
static_assert(parse<takum8>("1e-70", rounding::toward_zero{}) == takum8::from_bits(1));
static_assert(parse<e2m1fn>("0x1.8p1") == e2m1fn(3.0F));

// A format with the range of binary64, which no format of the catalogue has.
struct wide : minifloat<wide, 32> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 11,
                                   .mantissa_bits = 20,
                                   .bias = 1023,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
};

TEST(parse, serves_a_user_format_with_the_range_of_binary64) {
  EXPECT_EQ(parse<wide>("1e-400").bits(), 0U);
  EXPECT_EQ(parse<wide>("1e400"), wide::from_bits(0x7ff00000));
  std::mt19937_64 generator(10);
  for (int i = 0; i < 3000; ++i) {
    const auto code = static_cast<std::uint32_t>(generator());
    const wide x = wide::from_bits(code);
    if (isnan(x)) continue;
    const double value = bit_cast<double>(std::uint64_t{code} << 32);
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.25e", value);  // more than 21 bits need
    if (isfinite(x)) {
      EXPECT_EQ(parse<wide>(buffer).bits(), code) << buffer;
      const std::string exact = to_string(x, text_style::exact);
      EXPECT_EQ(std::strtod(exact.c_str(), nullptr), value) << exact;
      EXPECT_EQ(parse<wide>(exact).bits(), code) << exact;
    }
    EXPECT_EQ(parse<wide>(to_string(x)).bits(), code) << to_string(x);
  }
}

}  // namespace
