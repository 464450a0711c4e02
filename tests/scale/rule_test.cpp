// SPDX-License-Identifier: MIT
#include "binade/scale/rule.hpp"

#include "binade/format/any_format.hpp"
#include "binade/format/catalog.hpp"
#include "oracle/binary32.hpp"
#include "oracle/catalog.hpp"
#include "oracle/quantizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using binade::any_format;
using binade::element_range;
using binade::pow2_rule;
using binade::range_of;
using binade::scale_method;
using binade::scale_rule;
using binade::unpacked;

namespace scaling = binade::scaling;

using oracle::exact;
using oracle::float_of;
using oracle::rational;
using oracle::two_to;

double value(const unpacked& x) { return binade::to_double(x); }

/// The element formats of the MX family, with the facts that the rules need.
struct element_case {
  any_format format;
  int exponent;  ///< implied power of two: OCP's int8 is int8 / 64
  double largest;
  int emax;           ///< formats.md Ad
  int mantissa_bits;  ///< formats.md Ad: the element's
};

const element_case elements[] = {
    {any_format::of<binade::e5m2>(), 0, 57344, 15, 2},
    {any_format::of<binade::e4m3fn>(), 0, 448, 8, 3},
    {any_format::of<binade::e3m2fn>(), 0, 28, 4, 2},
    {any_format::of<binade::e2m3fn>(), 0, 7.5, 2, 3},
    {any_format::of<binade::e2m1fn>(), 0, 6, 2, 1},
    {any_format::of<binade::int8>(), -6, 127.0 / 64, 0, 6},
};

int exponent(scale_method m, const element_case& e, float amax) {
  return binade::pow2_exponent(binade::make_pow2_rule(m, range_of(e.format, e.exponent)),
                               binade::unpack(amax));
}

/// Whether E is what the rule's definition says of amax; exact, since all of it is dyadic and every
/// double here is far inside its range.
bool is_right(scale_method m, const element_case& e, float amax, int E) {
  const double a = amax;
  const auto power = [](int n) { return std::ldexp(1.0, n); };
  switch (m) {
    case scale_method::pow2_floor:  // E + emax = floor(lg amax)
      return power(E + e.emax) <= a && a < power(E + e.emax + 1);
    case scale_method::pow2_ceil:  // E + emax = ceil(lg amax)
      return power(E + e.emax - 1) < a && a <= power(E + e.emax);
    case scale_method::pow2_rceil:  // the smallest E with amax <= largest * 2^E
      return a <= e.largest * power(E) && a > e.largest * power(E - 1);
    case scale_method::pow2_even: {  // floor after half a unit of the element has been added
      int exponent_of_a = 0;
      std::frexp(a, &exponent_of_a);  // a = f * 2^exponent, f in [1/2, 1)
      const double rounded = a + power(exponent_of_a - 1 - e.mantissa_bits - 1);
      return power(E + e.emax) <= rounded && rounded < power(E + e.emax + 1);
    }
    default:
      return false;
  }
}

constexpr scale_method methods[] = {scale_method::pow2_floor, scale_method::pow2_ceil,
                                    scale_method::pow2_rceil, scale_method::pow2_even};

void expect_right(const element_case& e, float amax) {
  for (const scale_method m : methods) {
    const int E = exponent(m, e, amax);
    ASSERT_TRUE(is_right(m, e, amax, E))
        << to_string(m) << " of " << e.format.name() << ", amax "
        << oracle::bit_text(oracle::bits_of(amax), 32) << ": got 2^" << E;
  }
}

TEST(rule, powers_of_two_are_right_around_every_threshold) {
  for (const element_case& e : elements) {
    for (const int k : {-140, -126, -30, 0, 1, 40, 127}) {
      // The thresholds inside a binade: its start, the element's largest mantissa, and the point
      // from which half a unit carries.
      int of_largest = 0;
      const double f = std::frexp(e.largest, &of_largest) * 2;
      for (const double threshold : {1.0, f, 2 - std::ldexp(1.0, -e.mantissa_bits - 1)}) {
        const auto center = static_cast<float>(std::ldexp(threshold, k));
        float below = center;
        float above = center;
        for (int step = 0; step < 64; ++step) {  // far more than the 44 floats that log2 confuses
          if (below > 0) expect_right(e, below);
          if (std::isfinite(above)) expect_right(e, above);
          below = std::nextafter(below, 0.0F);
          above = std::nextafter(above, std::numeric_limits<float>::infinity());
        }
      }
    }
  }
}

TEST(rule, powers_of_two_are_right_on_mantissas_of_a_whole_binade) {
  // Every 61st of the 2^23 mantissas, a stride that divides no power of two.
  for (const element_case& e : elements) {
    for (std::uint32_t mantissa = 0; mantissa < 1U << 23; mantissa += 61) {
      expect_right(e, float_of(0x3f800000U | mantissa));
    }
  }
}

TEST(rule, powers_of_two_are_right_for_subnormal_amax) {
  for (const element_case& e : elements) {
    for (std::uint32_t bits = 1; bits < 5000; ++bits) expect_right(e, float_of(bits));
    for (std::uint32_t bits = 1; bits < 1U << 23; bits = bits * 2 + 1) {
      expect_right(e, float_of(bits));
      expect_right(e, float_of(bits - bits / 2));
    }
  }
}

TEST(rule, the_44_floats_below_a_power_of_two_belong_to_the_binade_below) {
  // U5 of the peers' mistakes: a log2 in binary32 rounds these up.
  for (const int k : {-100, 1, 3, 10, 100}) {
    float x = std::ldexp(1.0F, k);
    EXPECT_EQ(exponent(scale_method::pow2_floor, elements[4], x), k - 2);
    for (int i = 0; i < 44; ++i) {
      x = std::nextafter(x, 0.0F);
      EXPECT_EQ(exponent(scale_method::pow2_floor, elements[4], x), k - 3) << k << ", " << i + 1;
    }
  }
}

TEST(rule, rceil_changes_after_the_largest_element) {
  for (const element_case& e : elements) {
    for (const int k : {-60, 0, 60}) {
      const auto top = static_cast<float>(std::ldexp(e.largest, k));
      EXPECT_EQ(exponent(scale_method::pow2_rceil, e, top), k) << e.format.name();
      const float next = std::nextafter(top, std::numeric_limits<float>::infinity());
      EXPECT_EQ(exponent(scale_method::pow2_rceil, e, next), k + 1) << e.format.name();
    }
  }
}

TEST(rule, known_thresholds) {
  // formats.md Ad: EVEN's threshold for E2M1 is 1.75.
  EXPECT_EQ(exponent(scale_method::pow2_even, elements[4], 1.75F), -1);
  EXPECT_EQ(exponent(scale_method::pow2_even, elements[4], std::nextafter(1.75F, 0.0F)), -2);
  // amax*(64/127) rounds above 1 for amax = 127/64: the exact rule does not.
  EXPECT_EQ(exponent(scale_method::pow2_rceil, elements[5], 127.0F / 64), 0);
  EXPECT_EQ(exponent(scale_method::pow2_rceil, elements[4], 6.0F), 0);
  EXPECT_EQ(exponent(scale_method::pow2_ceil, elements[4], 4.0F), 0);
  EXPECT_EQ(exponent(scale_method::pow2_ceil, elements[4], std::nextafter(4.0F, 5.0F)), 1);
}

TEST(rule, as_data_for_binary32) {
  // DESIGN.md section 3: E = ((bits(amax) + c) >> 23) - 127 - emax.
  for (const element_case& e : elements) {
    const element_range r = range_of(e.format, e.exponent);
    const auto largest = static_cast<float>(e.largest);
    const std::uint32_t c[] = {0, 0x7fffff, 0x7fffff - (oracle::bits_of(largest) & 0x7fffffU),
                               1U << (22 - e.mantissa_bits)};
    for (std::size_t i = 0; i < 4; ++i) {
      const pow2_rule rule = binade::make_pow2_rule(methods[i], r);
      EXPECT_EQ(rule.added_to_binary32(), c[i]) << to_string(methods[i]) << " " << e.format.name();
      EXPECT_EQ(rule.emax, e.emax) << e.format.name();
      for (std::uint32_t bits = 0x00800000; bits < 0x7f000000; bits += 0x00012345) {
        const int E = static_cast<int>((bits + rule.added_to_binary32()) >> 23) - 127 - rule.emax;
        ASSERT_EQ(E, binade::pow2_exponent(rule, binade::unpack(float_of(bits))))
            << to_string(methods[i]) << " " << e.format.name() << " " << oracle::bit_text(bits, 32);
      }
    }
  }
}

TEST(rule, range_of_every_format_is_its_target) {
  binade::for_each_type(binade::all_formats{}, [&]<class F>() {
    if (F::bit_count > 16) return;
    const std::string name = F::names.name;
    const oracle::format& f = oracle::element_by_name(name);
    const oracle::target expected = oracle::target_of(f);
    const element_range r = range_of(any_format::of<F>());
    EXPECT_EQ(value(r.target), expected.value.get_d()) << name;
    // A codebook has no mantissa.
    if (name != "nf4" && name != "dynamic8") {
      EXPECT_EQ(r.mantissa_bits, expected.mantissa_bits) << name;
    }
    EXPECT_EQ(value(range_of(any_format::of<F>(), -6).target), expected.value.get_d() / 64) << name;
  });
  // Spelled out where it is no largest value.
  EXPECT_EQ(value(range_of(any_format::of<binade::hif8>()).target), 15.0);
  EXPECT_EQ(value(range_of(any_format::of<binade::posit8>()).target), 15.0);
  EXPECT_EQ(value(range_of(any_format::of<binade::takum8>()).target), 1.875);
  EXPECT_EQ(value(range_of(any_format::of<binade::nf4>()).target), 1.0);
}

TEST(rule, desired_scale_is_the_exact_one) {
  const element_range r = range_of(any_format::of<binade::e2m1fn>());
  const auto desired = [&](const scale_rule& rule, float amax) {
    return binade::desired_scale(rule, r, binade::unpack(amax));
  };
  EXPECT_EQ(value(desired(scaling::exponent_bias{3}, 100.0F)), 0.125);
  EXPECT_EQ(value(desired(scaling::exponent_bias{-3}, 100.0F)), 8.0);
  EXPECT_EQ(value(desired(scaling::given{0.3F}, 100.0F)), static_cast<double>(0.3F));
  EXPECT_EQ(value(desired(scaling::pow2_floor{}, 7.0F)), 1.0);
  EXPECT_EQ(value(desired(scaling::pow2_ceil{}, 7.0F)), 2.0);
  EXPECT_EQ(value(desired(scaling::absmax{}, 3.0F)), 0.5);
  EXPECT_EQ(value(desired(scaling::mse_search{}, 3.0F)), 0.5);
  // absmax is not rounded yet: a quotient decides as the exact one would.
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const float amax = float_of(0x30000000U + static_cast<std::uint32_t>(random()) % 0x20000000U);
    const rational q = exact(amax) / 6;
    const unpacked d = desired(scaling::absmax{}, amax);
    EXPECT_EQ(value(d), oracle::nearest_double(q)) << amax;
    EXPECT_EQ(binade::to_float(d), oracle::nearest_float(q)) << amax;
  }
}

TEST(rule, scales_are_encoded_to_nearest_within_the_positive_range) {
  struct scale_format {
    any_format format;
    const char* name;
    double smallest;
    double largest;
  };
  const scale_format formats[] = {
      {any_format::of<binade::e8m0fnu>(), "e8m0fnu", 0x1p-127, 0x1p127},
      {any_format::of<binade::ue4m3>(), "ue4m3", 0x1p-9, 448},
      {any_format::of<binade::ue5m3>(), "ue5m3", 0x1p-17, 114688},
      {any_format::of<binade::float16>(), "float16", 0x1p-24, 65504},
      {any_format::of<binade::bfloat16>(), "bfloat16", 0x1p-133, 0x1.fep127},
  };
  for (const scale_format& f : formats) {
    const oracle::format& table = oracle::by_name(f.name);
    const auto encode = [&](double x) { return binade::encode_scale(f.format, binade::unpack(x)); };
    std::mt19937_64 random(2);
    for (int i = 0; i < 2000; ++i) {
      const double x =
          std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 300) - 200);
      if (x <= f.smallest || x >= f.largest) continue;
      EXPECT_EQ(encode(x),
                oracle::encode(table, x, oracle::mode::ties_to_even, oracle::saturation::finite))
          << f.name << " " << x;
    }
    const auto code = [&](double x) { return oracle::code_of(table, x); };
    for (const double low : {f.smallest, f.smallest / 2, f.smallest / 1024, 0x1p-1000}) {
      EXPECT_EQ(encode(low), code(f.smallest)) << f.name << " " << low;
    }
    for (const double high : {f.largest, f.largest * 2, 0x1p1000}) {
      EXPECT_EQ(encode(high), code(f.largest)) << f.name << " " << high;
    }
    const std::uint64_t zero = binade::encode_zero_scale(f.format);
    EXPECT_EQ(zero, 0U) << f.name;  // the value 0, or 2^-127 where there is none
  }
  // binary32: no subnormal scale, no infinite one.
  const any_format wide = any_format::binary32();
  const auto encode32 = [&](double x) {
    return float_of(static_cast<std::uint32_t>(binade::encode_scale(wide, binade::unpack(x))));
  };
  EXPECT_EQ(encode32(0x1p-126), 0x1p-126F);
  EXPECT_EQ(encode32(0x1p-127), 0x1p-126F);
  EXPECT_EQ(encode32(0x1p-140), 0x1p-126F);
  EXPECT_EQ(encode32(0x1.0000018p-126), 0x1.000002p-126F);
  EXPECT_EQ(encode32(0x1p128), std::numeric_limits<float>::max());
  EXPECT_EQ(encode32(0.1), 0.1F);
  EXPECT_EQ(binade::encode_zero_scale(wide), oracle::bits_of(1.0F));
}

TEST(rule, methods_and_their_names) {
  EXPECT_EQ(scale_rule{}.method, scale_method::absmax);
  EXPECT_EQ(scale_rule(scaling::current{}).method, scale_method::absmax);
  const struct {
    scale_rule rule;
    const char* name;
    bool pow2;
  } all[] = {{scaling::absmax{}, "absmax", false},
             {scaling::pow2_floor{}, "pow2_floor", true},
             {scaling::pow2_ceil{}, "pow2_ceil", true},
             {scaling::pow2_rceil{}, "pow2_rceil", true},
             {scaling::pow2_even{}, "pow2_even", true},
             {scaling::mse_search{}, "mse_search", false},
             {scaling::exponent_bias{2}, "exponent_bias", false},
             {scaling::given{2.0F}, "given", false}};
  for (const auto& c : all) {
    EXPECT_STREQ(to_string(c.rule.method), c.name);
    EXPECT_EQ(binade::is_pow2(c.rule.method), c.pow2) << c.name;
  }
  EXPECT_EQ(scale_rule(scaling::exponent_bias{2}).bias, 2);
  EXPECT_EQ(scale_rule(scaling::given{2.0F}).scale, 2.0F);
  // A rule is data at compile time too.
  static_assert(
      binade::pow2_exponent(binade::make_pow2_rule(scale_method::pow2_rceil,
                                                   range_of(any_format::of<binade::e4m3fn>())),
                            binade::unpack(448.0F)) == 0);
}

}  // namespace
