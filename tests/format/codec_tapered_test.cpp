// SPDX-License-Identifier: MIT

// HiF8, posits and takums: the published vectors (formats.md Ac, Af, D.4, D.5, D.9), HiF8's hybrid
// rounding against its oracle, and posits and takums of sizes that the catalogue lacks.

#include "binade/format/codec_tapered.hpp"

#include "contract_support.hpp"
#include "oracle/hif8_hybrid.hpp"

#include <random>

namespace {

using namespace binade;
using contract::two_to;
using contract::value_of;

template <class Spec, class Mode = rounding::ties_to_even>
std::uint64_t code_of(const Spec& s, double x, const Mode& mode = {}, conversion_rules rules = {}) {
  return encode(s, unpack(x), mode, rules);
}

struct vector {
  double x;
  std::uint64_t code;
};

TEST(hif8, published_vectors) {
  const vector vectors[] = {{1, 0x08},           {1.0625, 0x09},
                            {9, 0x29},           {15.5, 0x40},
                            {40959.99, 0x6e},    {1.5 * two_to(-16), 0x7e},
                            {two_to(-23), 0x01}, {std::nextafter(two_to(-23), 0), 0x00},
                            {-1e-9, 0x00},       {two_to(15), 0x6e},
                            {two_to(-15), 0x7e}, {two_to(-22), 0x01}};
  for (const vector& v : vectors) {
    EXPECT_EQ(code_of(hif8_spec{}, v.x, rounding::ties_to_away{}), v.code) << v.x;
  }
  const conversion_rules none{.saturation = saturation_mode::none};
  EXPECT_EQ(code_of(hif8_spec{}, 40960, rounding::ties_to_away{}, none), 0x6fU);
  EXPECT_EQ(code_of(hif8_spec{}, -40960, rounding::ties_to_away{}, none), 0xefU);
  EXPECT_EQ(code_of(hif8_spec{}, 40960, rounding::ties_to_away{}), 0x6eU);
  EXPECT_EQ(code_of(hif8_spec{}, std::nan(""), rounding::ties_to_away{}), 0x80U);
  EXPECT_EQ(code_of(hif8_spec{}, -0.0, rounding::ties_to_away{}), 0x00U);
}

TEST(hif8, hybrid_published_vectors) {
  const rounding::hif8_hybrid published{.guard = false};
  for (const vector& v : {vector{32, 0x45}, vector{two_to(-10), 0x75}, vector{two_to(-20), 0x04},
                          vector{32768, 0x6f}, vector{8, 0x28}}) {
    for (const contract::saturation_pair& policy : contract::saturations) {
      EXPECT_EQ(encode(hif8_spec{}, unpack(static_cast<float>(v.x)), published,
                       {.saturation = policy.ours}),
                v.code)
          << v.x << ", " << policy.name;
    }
  }
}

/// Floats of every binade with random mantissas, and of every mantissa top bit pattern, published
/// and guarded.
TEST(hif8, hybrid_from_binary32_is_the_published_codec) {
  contract::checker c("hybrid, binary32");
  const oracle::format& f = oracle::by_name("hif8");
  std::mt19937 random(3);
  for (std::uint32_t exponent = 100; exponent <= 145; ++exponent) {
    for (int i = 0; i < 2000; ++i) {
      auto mantissa = static_cast<std::uint32_t>(random() & 0x7fffffU);
      if (i % 4 == 1) mantissa &= 0x7fc000U;  // few low bits
      if (i % 4 == 2) mantissa &= 0x003fffU;  // few high bits
      if (i % 4 == 3) mantissa = (mantissa & ~0x3fffU) | ((mantissa >> 7) & 0x3fffU);  // near ties
      for (const std::uint32_t sign : {0U, 0x80000000U}) {
        const std::uint32_t bits = sign | exponent << 23 | (i == 0 ? 0 : mantissa);
        const float x = oracle::float_of(bits);
        for (const bool saturate : {false, true}) {
          const conversion_rules rules{.saturation = saturate ? saturation_mode::finite
                                                              : saturation_mode::none};
          const auto describe = [&] { return contract::shown(x) + (saturate ? ", finite" : ""); };
          c.check_code(f, encode(hif8_spec{}, unpack(x), rounding::hif8_hybrid{false}, rules),
                       oracle::hif8_hybrid_from_float32(bits, {.saturate = saturate}), describe);
        }
      }
    }
  }
  for (const float x : {0.0F, -0.0F, INFINITY, -INFINITY, std::nanf(""), 1e-40F, 3e38F}) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &x, sizeof bits);
    c.check_code(f,
                 encode(hif8_spec{}, unpack(x), rounding::hif8_hybrid{false},
                        {.saturation = saturation_mode::none}),
                 oracle::hif8_hybrid_from_float32(bits, {}), [&] { return contract::shown(x); });
  }
  EXPECT_GE(c.count(), 46U * 2000 * 4);
}

/// All binary16 numbers but the subnormal ones, for which the published rule does not say whether
/// its last bit is that of the stored or of the normalised mantissa.
TEST(hif8, hybrid_from_binary16_is_the_published_codec) {
  contract::checker c("hybrid, binary16");
  const oracle::format& f = oracle::by_name("hif8");
  const any_format& half = contract::format_named("float16");
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const bool subnormal = (bits & 0x7c00) == 0 && (bits & 0x3ff) != 0;
    if (subnormal) continue;
    for (const bool saturate : {false, true}) {
      const conversion_rules rules{.saturation =
                                       saturate ? saturation_mode::finite : saturation_mode::none};
      c.check_code(f, encode(hif8_spec{}, half.decode(bits), rounding::hif8_hybrid{false}, rules),
                   oracle::hif8_hybrid_from_float16(static_cast<std::uint16_t>(bits),
                                                    {.saturate = saturate}),
                   [&] {
                     return "float16 " + contract::shown(oracle::by_name("float16"), bits) +
                            (saturate ? ", finite" : "");
                   });
    }
  }
}

TEST(hif8, hybrid_from_subnormal_binary16_is_a_neighbour) {
  const oracle::format& f = oracle::by_name("hif8");
  const any_format& half = contract::format_named("float16");
  for (std::uint32_t bits = 1; bits < 0x400; ++bits) {
    const unpacked x = half.decode(bits);
    const double value = value_of(x);
    const std::uint64_t got = encode(hif8_spec{}, x, rounding::hif8_hybrid{}, {});
    const auto below = encode(f, value, oracle::mode::toward_negative, oracle::saturation::finite);
    const auto above = encode(f, value, oracle::mode::toward_positive, oracle::saturation::finite);
    EXPECT_TRUE(got == below || got == above) << contract::shown(value);
  }
}

/// bfloat16 is widened to binary32 first: no low bits are set, so inexact values always go up.
TEST(hif8, hybrid_from_bfloat16_is_that_of_the_float) {
  const any_format& brain = contract::format_named("bfloat16");
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const std::uint64_t got = encode(hif8_spec{}, brain.decode(bits), rounding::hif8_hybrid{false},
                                     {.saturation = saturation_mode::none});
    ASSERT_EQ(got, oracle::hif8_hybrid_from_float32(bits << 16, {})) << bits;
  }
}

/// With the guard, values stay as they are and saturation applies to all overflow.
TEST(hif8, guarded_hybrid_keeps_values_and_saturates) {
  const oracle::format& f = oracle::by_name("hif8");
  for (const oracle::code_info& info : f.codes) {
    if (info.kind != oracle::code_kind::finite) continue;
    const std::uint64_t code =
        encode(hif8_spec{}, unpack(static_cast<float>(info.value)), rounding::hif8_hybrid{}, {});
    EXPECT_EQ(code, info.code) << info.value;
  }
  std::mt19937 random(4);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = (std::uint32_t{100} + static_cast<std::uint32_t>(random() % 45)) << 23 |
                      static_cast<std::uint32_t>(random() & 0x7fffff);
    const float x = oracle::float_of(bits);
    const std::uint64_t code = encode(hif8_spec{}, unpack(x), rounding::hif8_hybrid{}, {});
    EXPECT_NE(code & 0x7f, 0x6fU) << contract::shown(x);
    if (x < 32768) {
      EXPECT_EQ(code, oracle::hif8_hybrid_from_float32(bits, {.guard = true}))
          << contract::shown(x);
    } else {
      EXPECT_EQ(code, 0x6eU) << contract::shown(x);
    }
  }
}

/// HiF8 has no mantissa bit below 2^-15: there the significand of every value is odd, and ties go
/// up in the mode that looks at it. Elsewhere it is the code (the rank) that is even or odd.
TEST(hif8, ties_to_even_significand_go_up_without_a_mantissa) {
  const oracle::format& f = oracle::by_name("hif8");
  for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
    const double low = f.stops[i].value;
    const double high = f.stops[i + 1].value;
    if (low < 0 || f.stops[i + 1].overflow) continue;
    const double tie = f.boundaries[i];
    const bool no_mantissa = low > 0 && high <= two_to(-15);
    const std::uint64_t wanted =
        no_mantissa ? f.stops[i + 1].code
                    : encode(f, tie, oracle::mode::ties_to_even, oracle::saturation::finite);
    EXPECT_EQ(code_of(hif8_spec{}, tie, rounding::ties_to_even_significand{}), wanted)
        << contract::shown(tie);
  }
}

/// formats.md D.4.
TEST(posit, published_vectors) {
  const double pi = 3.14159265;
  struct row {
    posit_spec s;
    double largest;
    std::uint64_t one, one_and_half, tenth, minus_tenth, pi, hundred, c, d, e;
  };
  const row rows[] = {
      {{8, 0}, two_to(6), 0x40, 0x50, 0x06, 0xfa, 0x69, 0x7f, 0x42, 0x7f, 0x7f},
      {{8, 1}, two_to(12), 0x40, 0x48, 0x15, 0xeb, 0x59, 0x79, 0x41, 0x7f, 0x7f},
      {{8, 2}, two_to(24), 0x40, 0x44, 0x25, 0xdb, 0x4d, 0x6a, 0x40, 0x77, 0x7f},
      {{16, 1}, two_to(28), 0x4000, 0x4800, 0x14cd, 0xeb33, 0x5922, 0x7920, 0x4100, 0x7ec0, 0x7fff},
      {{16, 2}, two_to(56), 0x4000, 0x4400, 0x24cd, 0xdb33, 0x4c91, 0x6a40, 0x4080, 0x7700, 0x7fc9},
  };
  for (const row& r : rows) {
    SCOPED_TRACE("posit<" + std::to_string(r.s.bits) + ", " + std::to_string(r.s.exponent_bits) +
                 ">");
    EXPECT_EQ(value_of(decode(r.s, describe(r.s).largest)), r.largest);
    EXPECT_EQ(value_of(decode(r.s, 1)), 1 / r.largest);
    EXPECT_EQ(code_of(r.s, 1), r.one);
    EXPECT_EQ(code_of(r.s, 1.5), r.one_and_half);
    EXPECT_EQ(code_of(r.s, 0.1), r.tenth);
    EXPECT_EQ(code_of(r.s, -0.1), r.minus_tenth);
    EXPECT_EQ(code_of(r.s, pi), r.pi);
    EXPECT_EQ(code_of(r.s, 100), r.hundred);
    EXPECT_EQ(code_of(r.s, 1.0625), r.c);
    EXPECT_EQ(code_of(r.s, 3072), r.d);
    EXPECT_EQ(code_of(r.s, 1e10), r.e);
  }
  // Where the cut falls into the regime the boundary is geometric.
  EXPECT_EQ(code_of(posit_spec{8, 2}, 4194304), 0x7eU);
  EXPECT_EQ(code_of(posit_spec{8, 2}, 4194305), 0x7fU);
}

/// formats.md D.5.
TEST(takum, published_vectors) {
  struct row {
    double x;
    std::uint64_t takum8, takum16;
  };
  for (const row& r :
       {row{1, 0x40, 0x4000}, row{1.5, 0x44, 0x4400}, row{2, 0x48, 0x4800}, row{3, 0x4a, 0x4a00},
        row{0.1, 0x2f, 0x2f33}, row{-0.1, 0xd1, 0xd0cd}, row{3.14159265, 0x4a, 0x4a48},
        row{100, 0x57, 0x5720}, row{1.0625, 0x40, 0x4080}, row{1e10, 0x69, 0x688b},
        row{1e-10, 0x17, 0x176e}}) {
    EXPECT_EQ(code_of(takum_spec{8}, r.x), r.takum8) << r.x;
    EXPECT_EQ(code_of(takum_spec{16}, r.x), r.takum16) << r.x;
  }
  EXPECT_EQ(value_of(decode(takum_spec{8}, 0x01)), two_to(-239));
  EXPECT_EQ(value_of(decode(takum_spec{8}, 0x7f)), two_to(239));
  EXPECT_EQ(value_of(decode(takum_spec{16}, 0x0001)), 17 * two_to(-259));
  EXPECT_EQ(value_of(decode(takum_spec{16}, 0x7fff)), 31 * two_to(250));
  // Saturating, in both directions.
  EXPECT_EQ(code_of(takum_spec{8}, 1e77), 0x7fU);
  EXPECT_EQ(code_of(takum_spec{8}, 1e-80), 0x01U);
  EXPECT_EQ(code_of(takum_spec{16}, -1e-80), 0xffffU);
}

/// Never zero, never NaR, whatever the mode and however small or large; NaR for NaN and infinities.
template <class Spec>
void expect_no_flush(const Spec& s) {
  const code_description d = describe(s);
  for (const contract::mode_pair& mode : contract::modes) {
    for (const contract::saturation_pair& policy : contract::saturations) {
      const conversion_rules rules{.saturation = policy.ours};
      EXPECT_EQ(encode(s, unpack(5e-324), mode.ours, rules), d.smallest);
      EXPECT_EQ(encode(s, unpack(-5e-324), mode.ours, rules), d.nan * 2 - 1);
      EXPECT_EQ(encode(s, unpack(1.7e308), mode.ours, rules), d.largest);
      EXPECT_EQ(encode(s, unpack(-1.7e308), mode.ours, rules), d.lowest);
      EXPECT_EQ(encode(s, unpack(contract::infinity), mode.ours, rules), d.nan);
      EXPECT_EQ(encode(s, unpack(-contract::infinity), mode.ours, rules), d.nan);
      EXPECT_EQ(encode(s, unpack(std::nan("")), mode.ours, rules), d.nan);
      EXPECT_EQ(encode(s, unpack(-0.0), mode.ours, rules), 0U);
    }
  }
}

TEST(posit, never_rounds_to_zero_or_nar) { expect_no_flush(posit_spec{8, 2}); }
TEST(takum, never_rounds_to_zero_or_nar) { expect_no_flush(takum_spec{16}); }

template <class Spec>
void expect_as_oracle(const Spec& s, const oracle::format& expected) {
  contract::checker c(expected.name);
  for (const oracle::code_info& info : expected.codes) {
    c.check(contract::same_value(value_of(decode(s, info.code)), info.value),
            [&] { return "decode " + contract::shown(expected, info.code); });
  }
  for (const double point : oracle::landmarks(expected)) {
    for (const double x : contract::doubles_at(point)) {
      for (const contract::mode_pair& mode : contract::modes) {
        c.check_code(expected, encode(s, unpack(x), mode.ours, {}),
                     encode(expected, x, mode.theirs, oracle::saturation::finite),
                     [&] { return contract::shown(x) + " in " + mode.name; });
      }
    }
  }
}

TEST(posit, other_sizes_are_as_the_oracle) {
  for (const int bits : {3, 4, 5, 6, 7, 9, 10, 12}) {
    for (int es = 0; es <= 3; ++es) {
      const std::string name = "posit<" + std::to_string(bits) + ", " + std::to_string(es) + ">";
      expect_as_oracle(posit_spec{bits, es}, oracle::posit(name, bits, es));
    }
  }
}

TEST(takum, other_sizes_are_as_the_oracle) {
  for (const int bits : {7, 9, 10, 11, 12, 13}) {
    const std::string name = "takum" + std::to_string(bits);
    expect_as_oracle(takum_spec{bits}, oracle::takum_linear(name, bits));
  }
}

/// What float can hold: formats.md D.4 and D.5.
TEST(tapered, carriers) {
  EXPECT_EQ(carrier_of(hif8_spec{}), carrier::bfloat16);
  EXPECT_EQ(carrier_of(posit_spec{8, 2}), carrier::bfloat16);
  EXPECT_EQ(carrier_of(posit_spec{16, 1}), carrier::binary32);
  EXPECT_EQ(carrier_of(posit_spec{16, 2}), carrier::binary32);
  EXPECT_EQ(carrier_of(posit_spec{32, 2}), carrier::binary32);
  EXPECT_EQ(carrier_of(takum_spec{8}), carrier::binary64);
  EXPECT_EQ(carrier_of(takum_spec{16}), carrier::binary64);
}

}  // namespace
