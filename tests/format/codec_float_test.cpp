// SPDX-License-Identifier: MIT

// What is particular to sign-exponent-mantissa formats: the published numbers (formats.md Aa, D.1,
// D.2), the description of the codes, and specs that the catalogue does not use. Decode and encode
// of the catalogue's formats are in format_contract_encode_test.cpp.

#include "binade/format/codec_float.hpp"

#include "contract_support.hpp"

namespace {

using namespace binade;
using contract::two_to;

struct published {
  const char* name;
  double largest;
  std::uint32_t largest_code;
  double least_normal;
  double least;     // the smallest positive value
  double boundary;  // where nearest even leaves the range ...
  bool tie_leaves;  // ... at it, or just above it
};

// formats.md Aa and D.1. For formats without subnormals `least` is the smallest normal number.
const published published_ranges[] = {
    {"e5m2", 57344, 0x7b, two_to(-14), two_to(-16), 61440, true},
    {"e4m3fn", 448, 0x7e, two_to(-6), two_to(-9), 464, false},
    {"e4m3_ieee", 240, 0x77, two_to(-6), two_to(-9), 248, true},
    {"e3m4", 15.5, 0x6f, two_to(-2), two_to(-6), 15.75, true},
    {"e3m4fn", 30, 0x7e, two_to(-2), two_to(-6), 30.5, false},
    {"e4m3fnuz", 240, 0x7f, two_to(-7), two_to(-10), 248, true},
    {"e5m2fnuz", 57344, 0x7f, two_to(-15), two_to(-17), 61440, true},
    {"e4m3b11fnuz", 30, 0x7f, two_to(-10), two_to(-13), 31, true},
    {"e8m0fnu", two_to(127), 0xfe, two_to(-127), two_to(-127), 1.5 * two_to(127), false},
    {"ue4m3", 448, 0x7e, two_to(-6), two_to(-9), 464, false},
    {"ue5m3", 114688, 0xfe, two_to(-14), two_to(-17), 118784, false},
    {"e2m3fn", 7.5, 0x1f, 1, two_to(-3), 7.75, true},
    {"e3m2fn", 28, 0x1f, two_to(-2), two_to(-4), 30, true},
    {"e2m1fn", 6, 0x7, 1, 0.5, 7, true},
    {"e2m5", 7.875, 0x7f, 1, two_to(-5), 7.9375, true},
    {"e3m0", 16, 0x7, 0.25, 0.25, 24, true},
    {"e1m2", 3.5, 0x7, 2, 0.5, 3.75, true},
    {"e0m3", 0.875, 0x7, 1, 0.125, 0.9375, true},
    {"e0m7", 127.0 / 128, 0x7f, 1, 1.0 / 128, 255.0 / 256, true},
    {"e5m6", 65024, 0x7bf, two_to(-14), two_to(-20), 65280, true},
    {"float16", 65504, 0x7bff, two_to(-14), two_to(-24), 65520, true},
    {"bfloat16", 255 * two_to(120), 0x7f7f, two_to(-126), two_to(-133), 511 * two_to(119), true},
    {"tfloat32", 2047 * two_to(117), 0x3fbff, two_to(-126), two_to(-136), 4095 * two_to(116), true},
    {"binary8p3se", 49152, 0x7e, two_to(-15), two_to(-17), 53248, false},
    {"binary8p3sf", 57344, 0x7f, two_to(-15), two_to(-17), 61440, true},
    {"binary8p4se", 224, 0x7e, two_to(-7), two_to(-10), 232, false},
    {"binary8p4sf", 240, 0x7f, two_to(-7), two_to(-10), 248, true},
    {"binary8p5se", 15, 0x7e, two_to(-3), two_to(-7), 15.25, false},
    {"binary8p5sf", 15.5, 0x7f, two_to(-3), two_to(-7), 15.75, true},
};

TEST(codec_float, ranges_are_the_published_ones) {
  for (const published& p : published_ranges) {
    SCOPED_TRACE(p.name);
    const any_format& f = contract::format_named(p.name);
    const code_description d = f.describe();
    EXPECT_EQ(d.largest, p.largest_code);
    EXPECT_EQ(contract::value_of(f.decode(d.largest)), p.largest);
    EXPECT_EQ(contract::value_of(f.decode(d.smallest)), p.least);
    const float_spec spec = f.visit([](const auto& s) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(s)>, float_spec>) return s;
      return float_spec{};
    });
    if (spec.exponent_bits > 0) {
      EXPECT_EQ(two_to(detail::min_exponent(spec)), p.least_normal);
    }
    // Nearest even leaves the range at the boundary (the tie goes to an even code) or beyond it.
    const auto leaves = [&](double x) {
      const std::uint64_t none =
          f.encode(unpack(x), rounding::ties_to_even{}, {.saturation = saturation_mode::none});
      const std::uint64_t below = f.encode(unpack(x), rounding::ties_to_even{}, {});
      EXPECT_EQ(below, d.largest) << contract::shown(x);
      return none != d.largest;
    };
    const bool can_leave = d.has_infinity || d.has_nan;
    EXPECT_FALSE(leaves(std::nextafter(p.boundary, 0)));
    EXPECT_EQ(leaves(p.boundary), can_leave && p.tie_leaves);
    EXPECT_EQ(leaves(std::nextafter(p.boundary, contract::infinity)), can_leave);
  }
}

TEST(codec_float, describes_the_codes_as_the_oracle_has_them) {
  for (const any_format& f : contract::formats()) {
    SCOPED_TRACE(f.name());
    const oracle::format& expected = contract::oracle_of(f);
    const code_description d = f.describe();
    EXPECT_EQ(std::size_t{1} << d.code_bits, expected.code_count());
    EXPECT_EQ(d.has_nan, expected.nan.has_value());
    EXPECT_EQ(d.nan, expected.nan.value_or(0));
    EXPECT_EQ(d.nan_has_sign, expected.nan_has_sign);
    EXPECT_EQ(d.has_infinity, expected.positive_infinity.has_value());
    EXPECT_EQ(d.infinity, expected.positive_infinity.value_or(0));
    EXPECT_EQ(d.has_negative_zero, expected.negative_zero.has_value());
    EXPECT_EQ(d.nan_is_ordered, expected.never_rounds_to_zero);
    EXPECT_EQ(d.largest, expected.extreme(false).code);
    EXPECT_EQ(d.lowest, expected.extreme(true).code);
    const bool has_zero = std::any_of(expected.stops.begin(), expected.stops.end(),
                                      [](const oracle::stop& s) { return s.value == 0; });
    EXPECT_EQ(d.has_zero, has_zero);
    EXPECT_EQ(d.is_signed, expected.extreme(true).value < 0);
    const auto smallest = std::find_if(expected.stops.begin(), expected.stops.end(),
                                       [](const oracle::stop& s) { return s.value > 0; });
    EXPECT_EQ(d.smallest, smallest->code);
  }
}

TEST(codec_float, order_keys_ascend_with_the_values_and_lead_back) {
  for (const any_format& f : contract::formats()) {
    const oracle::format& expected = contract::oracle_of(f);
    contract::checker c(f.name());
    std::int64_t last = INT64_MIN;
    for (const oracle::stop& s : expected.stops) {
      if (s.overflow) continue;
      const std::int64_t key = f.order_key(s.code);
      c.check(key > last && f.code_from_order_key(key) == s.code,
              [&] { return "order key of " + contract::shown(expected, s.code); });
      c.check(last == INT64_MIN || key == last + 1,
              [&] { return "gap before the key of " + contract::shown(expected, s.code); });
      last = key;
    }
    if (expected.negative_zero) {
      EXPECT_EQ(f.order_key(*expected.negative_zero), f.order_key(0));
    }
    if (expected.positive_infinity) {
      EXPECT_EQ(f.order_key(*expected.positive_infinity), last + 1);
      EXPECT_EQ(f.code_from_order_key(last + 1), *expected.positive_infinity);
    }
  }
}

/// The carrier holds every value, and no narrower one does.
TEST(codec_float, carriers_are_the_narrowest_that_hold_every_value) {
  const oracle::format& brain = oracle::by_name("bfloat16");
  for (const any_format& f : contract::formats()) {
    bool in_bfloat16 = true;
    bool in_binary32 = true;
    for (const oracle::code_info& info : contract::oracle_of(f).codes) {
      if (info.kind != oracle::code_kind::finite) continue;
      in_binary32 = in_binary32 && double{static_cast<float>(info.value)} == info.value;
      const oracle::code_type code =
          encode(brain, info.value, oracle::mode::ties_to_even, oracle::saturation::none);
      in_bfloat16 = in_bfloat16 && brain.codes[code].value == info.value;
    }
    const carrier wanted = in_bfloat16   ? carrier::bfloat16
                           : in_binary32 ? carrier::binary32
                                         : carrier::binary64;
    // Codebooks are lists of binary32 values: they say binary32 even where less would do.
    const bool is_codebook = f.visit([](const auto& s) {
      return std::is_same_v<std::remove_cvref_t<decltype(s)>, codebook_view>;
    });
    EXPECT_EQ(f.exact_in(), is_codebook ? carrier::binary32 : wanted) << f.name();
  }
}

/// formats.md D.1: minifloats that are no catalogue entries, tables and limits.
TEST(codec_float, made_up_specs_are_the_published_tables) {
  const auto values = [](const float_spec& s) {
    std::vector<double> list;
    for (std::uint64_t c = 0; c <= describe(s).largest; ++c) {
      list.push_back(contract::value_of(decode(s, c)));
    }
    return list;
  };
  EXPECT_EQ(values({.exponent_bits = 2, .mantissa_bits = 0, .bias = 1}),
            (std::vector<double>{0, 1, 2, 4}));
  EXPECT_EQ(values({.exponent_bits = 3, .mantissa_bits = 0, .bias = 3}),
            (std::vector<double>{0, .25, .5, 1, 2, 4, 8, 16}));
  EXPECT_EQ(values({.exponent_bits = 1, .mantissa_bits = 2, .bias = 0}),
            (std::vector<double>{0, .5, 1, 1.5, 2, 2.5, 3, 3.5}));
  EXPECT_EQ(values({.exponent_bits = 1, .mantissa_bits = 2, .bias = 1}),
            (std::vector<double>{0, .25, .5, .75, 1, 1.25, 1.5, 1.75}));
  EXPECT_EQ(values({.exponent_bits = 2, .mantissa_bits = 2, .bias = 1}),
            (std::vector<double>{0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7}));
  EXPECT_EQ(values({.exponent_bits = 3, .mantissa_bits = 1, .bias = 3}),
            (std::vector<double>{0, .125, .25, .375, .5, .75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24}));
  EXPECT_EQ(values({.exponent_bits = 4, .mantissa_bits = 3, .bias = 7}).back(), 480);
  EXPECT_EQ(values({.exponent_bits = 5, .mantissa_bits = 2, .bias = 15}).back(), 114688);
  EXPECT_EQ(values({.exponent_bits = 3, .mantissa_bits = 4, .bias = 3}).back(), 31);
  EXPECT_EQ(values({.exponent_bits = 5, .mantissa_bits = 6, .bias = 15}).back(), 130048);
}

/// Specs of every shape, catalogue or not, against the oracle: biases that put the whole range
/// above or below 1, one exponent bit, all four kinds of special codes, unsigned forms.
TEST(codec_float, made_up_specs_encode_as_the_oracle) {
  using oracle::specials;
  struct kind {
    specials theirs;
    nan_codes nan;
    infinity_codes infinity;
  };
  const kind kinds[] = {{specials::ieee, nan_codes::ieee, infinity_codes::ieee},
                        {specials::fn, nan_codes::all_ones, infinity_codes::none},
                        {specials::all, nan_codes::none, infinity_codes::none},
                        {specials::fnuz, nan_codes::negative_zero, infinity_codes::none}};
  contract::checker c("made-up spec");
  for (int exponent_bits = 1; exponent_bits <= 5; ++exponent_bits) {
    for (int mantissa_bits = 0; mantissa_bits <= 4; ++mantissa_bits) {
      for (const int bias : {-20, 0, (1 << exponent_bits) / 2 - 1, 40}) {
        for (const kind& k : kinds) {
          for (const bool is_signed : {true, false}) {
            if (k.nan == nan_codes::ieee && (mantissa_bits == 0 || exponent_bits == 1)) continue;
            if (k.nan == nan_codes::negative_zero && !is_signed) continue;
            // With one bit of magnitude, which is NaN, zero is the only number.
            if (k.nan == nan_codes::all_ones && exponent_bits + mantissa_bits == 1) continue;
            const float_spec s{.exponent_bits = exponent_bits,
                               .mantissa_bits = mantissa_bits,
                               .bias = bias,
                               .is_signed = is_signed,
                               .nan = k.nan,
                               .infinity = k.infinity};
            const oracle::format expected = oracle::minifloat(
                "made-up", exponent_bits, mantissa_bits, bias, k.theirs, is_signed);
            for (const double point : oracle::landmarks(expected)) {
              for (const double x : contract::doubles_at(point)) {
                for (const contract::mode_pair& mode : contract::modes) {
                  const auto& policy = contract::saturations[c.count() % 3];
                  c.check_code(
                      expected, encode(s, unpack(x), mode.ours, {.saturation = policy.ours}),
                      encode(expected, x, mode.theirs, policy.theirs), [&] {
                        return "e" + std::to_string(exponent_bits) + "m" +
                               std::to_string(mantissa_bits) + " bias " + std::to_string(bias) +
                               ": " + contract::shown(x) + " in " + mode.name + ", " + policy.name;
                      });
                }
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(c.count(), 100000U);
}

/// formats.md D.2: the tie between two powers of two, by code and by significand.
TEST(codec_float, formats_without_mantissa_have_two_rules_for_ties) {
  struct row {
    double x, even_code, odd_significand;
  };
  for (const row& r : {row{.125, 0, 0}, row{.375, .5, .5}, row{.75, .5, 1}, row{1.5, 2, 2},
                       row{3, 2, 4}, row{6, 8, 8}, row{12, 8, 16}}) {
    for (const double sign : {1.0, -1.0}) {
      const float_spec s = e3m0::spec;
      EXPECT_EQ(contract::value_of(
                    decode(s, encode(s, unpack(sign * r.x), rounding::ties_to_even{}, {}))),
                sign * r.even_code);
      EXPECT_EQ(contract::value_of(decode(
                    s, encode(s, unpack(sign * r.x), rounding::ties_to_even_significand{}, {}))),
                sign * r.odd_significand);
    }
  }
  // E8M0, as ml_dtypes has it: every tie goes up.
  for (int exponent = -127; exponent < 127; ++exponent) {
    const double tie = 1.5 * two_to(exponent);
    const std::uint64_t below = static_cast<std::uint64_t>(exponent + 127);
    const float_spec s = e8m0fnu::spec;
    EXPECT_EQ(encode(s, unpack(tie), rounding::ties_to_even_significand{}, {}), below + 1);
    EXPECT_EQ(encode(s, unpack(std::nextafter(tie, 0)), rounding::ties_to_even_significand{}, {}),
              below);
    EXPECT_EQ(encode(s, unpack(tie), rounding::ties_to_even{}, {}), below + below % 2);
  }
}

/// Elsewhere the two rules are one. (HiF8 has binades without mantissa bits too.)
TEST(codec_float, even_significand_is_even_code_where_there_is_a_mantissa) {
  for (const any_format& f : contract::formats()) {
    const bool no_mantissa = f.visit([](const auto& s) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(s)>, float_spec>) {
        return s.mantissa_bits == 0;
      }
      return false;
    });
    if (no_mantissa || f.is_hif8()) continue;
    contract::checker c(f.name());
    for (const double x : contract::sampled_landmarks(contract::oracle_of(f))) {
      c.check(f.encode(unpack(x), rounding::ties_to_even_significand{}, {}) ==
                  f.encode(unpack(x), rounding::ties_to_even{}, {}),
              [x] { return contract::shown(x); });
    }
  }
}

/// formats.md D.1, E5M6: binary16 rounded to 6 fraction bits.
TEST(codec_float, e5m6_vectors) {
  const float_spec s = e5m6::spec;
  const auto code = [&s](double x) {
    return encode(s, unpack(x), rounding::ties_to_even{}, {.saturation = saturation_mode::none});
  };
  EXPECT_EQ(code(1), 0x3c0U);
  EXPECT_EQ(code(3.14159), 0x425U);
  EXPECT_EQ(code(65279), 0x7bfU);
  EXPECT_EQ(code(65280), 0x7c0U);
}

/// Bits above the format's are ignored, in every function.
TEST(codec_float, ignores_bits_above_the_code) {
  for (const float_spec& s : {e4m3fn::spec, e2m1fn::spec, ue4m3::spec, e8m0fnu::spec}) {
    const std::uint64_t count = std::uint64_t{1} << describe(s).code_bits;
    for (std::uint64_t c = 0; c < count; ++c) {
      const std::uint64_t high = c | count | count << 7;
      EXPECT_EQ(classify(s, high), classify(s, c));
      EXPECT_EQ(decode(s, high), decode(s, c));
      EXPECT_EQ(order_key(s, high), order_key(s, c));
    }
  }
}

}  // namespace
