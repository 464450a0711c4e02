// SPDX-License-Identifier: MIT

// The oracles against the vectors that formats.md prints in D.4 to D.9: posits, takums, codebooks,
// integers, logarithms, HiF8.

#include "oracle/catalog.hpp"
#include "oracle/hif8_hybrid.hpp"
#include "oracle/round.hpp"
#include "oracle/test_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

namespace {

using namespace oracle_test;

// ---- D.4: posit ----

struct vector_row {
  const char* name;
  std::vector<code_type> codes;
};

TEST(PublishedPosits, vectors) {
  const std::vector<double> inputs = {1, 1.5, 0.1, -0.1, 3.14159265, 100, 1.0625, 3072, 1e10};
  const std::vector<vector_row> rows = {
      {"posit8_0", {0x40, 0x50, 0x06, 0xfa, 0x69, 0x7f, 0x42, 0x7f, 0x7f}},
      {"posit8_1", {0x40, 0x48, 0x15, 0xeb, 0x59, 0x79, 0x41, 0x7f, 0x7f}},
      {"posit8", {0x40, 0x44, 0x25, 0xdb, 0x4d, 0x6a, 0x40, 0x77, 0x7f}},
      {"posit16_1", {0x4000, 0x4800, 0x14cd, 0xeb33, 0x5922, 0x7920, 0x4100, 0x7ec0, 0x7fff}},
      {"posit16", {0x4000, 0x4400, 0x24cd, 0xdb33, 0x4c91, 0x6a40, 0x4080, 0x7700, 0x7fc9}},
  };
  for (const vector_row& row : rows) {
    const format& f = by_name(row.name);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_EQ(nearest(f, inputs[i]), row.codes[i]) << row.name << ", " << inputs[i];
    }
  }
}

TEST(PublishedPosits, ranges_and_rounding_at_the_ends) {
  const struct {
    const char* name;
    int exponent_of_max;
  } rows[] = {
      {"posit8_0", 6}, {"posit8_1", 12}, {"posit8", 24}, {"posit16_1", 28}, {"posit16", 56}};
  for (const auto& row : rows) {
    const format& f = by_name(row.name);
    EXPECT_EQ(f.extreme(false).value, power(row.exponent_of_max)) << row.name;
    EXPECT_EQ(decode(f, 1).value, power(-row.exponent_of_max)) << row.name;
    for (const mode m : oracle::deterministic_modes) {
      for (const saturation s : oracle::all_saturations) {
        EXPECT_EQ(encode(f, 1e300, m, s), f.sign_bit() - 1) << row.name;
        EXPECT_EQ(encode(f, -1e300, m, s), f.sign_bit() + 1) << row.name;
        EXPECT_EQ(encode(f, 1e-300, m, s), 1U) << row.name;
        EXPECT_EQ(encode(f, -1e-300, m, s), 2 * f.sign_bit() - 1) << row.name;
        EXPECT_EQ(encode(f, -0.0, m, s), 0U) << row.name;
        EXPECT_EQ(encode(f, kInfinity, m, s), f.sign_bit()) << row.name;
        EXPECT_EQ(encode(f, -kInfinity, m, s), f.sign_bit()) << row.name;
        EXPECT_EQ(encode(f, kNan, m, s), f.sign_bit()) << row.name;
      }
    }
  }
  EXPECT_EQ(nearest(by_name("posit8"), 4194304), 0x7EU);
  EXPECT_EQ(nearest(by_name("posit8"), 4194305), 0x7FU);
}

TEST(PublishedPosits, every_positive_posit8) {
  std::vector<double> expected = {0};
  for (const int e : {-24, -20, -18, -16, -15, -14, -13}) expected.push_back(power(e));
  for (const int e : {-12, -11, -10, -9}) {
    for (const double s : {1.0, 1.5}) expected.push_back(s * power(e));
  }
  for (int e = -8; e <= -5; ++e) {
    for (int i = 4; i < 8; ++i) expected.push_back(i * power(e - 2));
  }
  for (int e = -4; e <= 3; ++e) {
    for (int i = 8; i < 16; ++i) expected.push_back(i * power(e - 3));
  }
  for (int e = 4; e <= 7; ++e) {
    for (int i = 4; i < 8; ++i) expected.push_back(i * power(e - 2));
  }
  for (const double v : {256, 384, 512, 768, 1024, 1536, 2048, 3072}) expected.push_back(v);
  for (const int e : {12, 13, 14, 15, 16, 18, 20, 24}) expected.push_back(power(e));
  ASSERT_EQ(expected.size(), 128U);
  const format& f = by_name("posit8");
  for (code_type code = 0; code < 128; ++code) {
    EXPECT_EQ(decode(f, code).value, expected[code]) << shown(f, code);
  }
}

/// How many codes of f have a finite value that g lacks.
int missing_values(const format& f, const format& g) {
  int count = 0;
  for (const oracle::code_info& info : f.codes) {
    if (info.kind != code_kind::finite) continue;
    count += decode(g, nearest(g, info.value)).value != info.value ? 1 : 0;
  }
  return count;
}

TEST(PublishedPosits, which_floats_hold_every_value) {
  for (const char* name : {"posit8_0", "posit8_1", "posit8"}) {
    EXPECT_EQ(missing_values(by_name(name), by_name("bfloat16")), 0) << name;
  }
  EXPECT_EQ(missing_values(by_name("posit8_0"), by_name("float16")), 0);
  EXPECT_EQ(missing_values(by_name("posit8_1"), by_name("float16")), 0);
  EXPECT_EQ(missing_values(by_name("posit8"), by_name("float16")), 8);
  for (const char* name : {"posit16_1", "posit16"}) {
    EXPECT_GT(missing_values(by_name(name), by_name("bfloat16")), 0) << name;
    EXPECT_GT(missing_values(by_name(name), by_name("float16")), 0) << name;
    for (const oracle::code_info& info : by_name(name).codes) {
      if (info.kind != code_kind::finite) continue;
      EXPECT_EQ(double{static_cast<float>(info.value)}, info.value) << name;
    }
  }
}

// ---- D.5: takum ----

TEST(PublishedTakums, vectors) {
  const std::vector<double> inputs = {1,          1.5, 2,      3,    0.1,  -0.1,
                                      3.14159265, 100, 1.0625, 1e10, 1e-10};
  const std::vector<vector_row> rows = {
      {"takum8", {0x40, 0x44, 0x48, 0x4a, 0x2f, 0xd1, 0x4a, 0x57, 0x40, 0x69, 0x17}},
      {"takum16",
       {0x4000, 0x4400, 0x4800, 0x4a00, 0x2f33, 0xd0cd, 0x4a48, 0x5720, 0x4080, 0x688b, 0x176e}},
  };
  for (const vector_row& row : rows) {
    const format& f = by_name(row.name);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_EQ(nearest(f, inputs[i]), row.codes[i]) << row.name << ", " << inputs[i];
    }
  }
}

TEST(PublishedTakums, ranges) {
  const format& t8 = by_name("takum8");
  EXPECT_EQ(decode(t8, 0x01).value, power(-239));
  EXPECT_EQ(decode(t8, 0x7F).value, power(239));
  const format& t16 = by_name("takum16");
  EXPECT_EQ(decode(t16, 0x0001).value, 17 * power(-259));
  EXPECT_EQ(decode(t16, 0x7FFF).value, 31 * power(250));
  const auto not_floats = [](const format& f) {
    int count = 0;
    for (const oracle::code_info& info : f.codes) {
      if (info.kind != code_kind::finite) continue;
      count += double{static_cast<float>(info.value)} != info.value ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(not_floats(t8), 26);
  EXPECT_EQ(not_floats(t16), 7552);
  EXPECT_EQ(nearest(t8, 1e77), 0x7FU);
  EXPECT_EQ(nearest(t8, 1e-80), 0x01U);
  EXPECT_EQ(nearest(t8, -1e77), 0x81U);
  EXPECT_EQ(nearest(t8, kInfinity, saturation::none), 0x80U);
}

TEST(PublishedTakums, every_positive_takum8) {
  std::vector<double> expected = {0};
  const auto run = [&](int first, int last, int step) {
    for (int e = first; e <= last; e += step) expected.push_back(power(e));
  };
  const auto binades = [&](int first, int last, int values) {
    for (int e = first; e <= last; ++e) {
      for (int i = 0; i < values; ++i) expected.push_back((1 + double(i) / values) * power(e));
    }
  };
  run(-239, -127, 16);
  run(-119, -63, 8);
  run(-59, -31, 4);
  run(-29, -15, 2);
  run(-14, -8, 1);
  binades(-7, -4, 2);
  binades(-3, -2, 4);
  binades(-1, -1, 8);
  binades(0, 0, 8);
  binades(1, 2, 4);
  binades(3, 6, 2);
  ASSERT_EQ(expected.size(), 0x58U);
  for (std::size_t c = 0x58; c < 0x80; ++c) expected.push_back(1 / expected[0x80 - c]);
  const format& f = by_name("takum8");
  for (code_type code = 0; code < 128; ++code) {
    EXPECT_EQ(decode(f, code).value, expected[code]) << shown(f, code);
  }
  EXPECT_EQ(decode(f, 0x2F).value, 1.5 * power(-4));
  EXPECT_EQ(decode(f, 0x37).value, 1.75 * power(-2));
  EXPECT_EQ(decode(f, 0x3F).value, 0.9375);
  EXPECT_EQ(decode(f, 0x47).value, 1.875);
  EXPECT_EQ(decode(f, 0x4F).value, 7.0);
  EXPECT_EQ(decode(f, 0x57).value, 96.0);
}

// ---- D.6: codebooks ----

TEST(PublishedCodebooks, nf4) {
  const std::uint32_t bits[] = {0xbf800000, 0xbf3239b1, 0xbf066b30, 0xbeca32a0,
                                0xbe91a24d, 0xbe3d353f, 0xbdba7871, 0x00000000,
                                0x3da2faff, 0x3e24cae3, 0x3e7c04dd, 0x3ead033a,
                                0x3ee1a4b8, 0x3f1007ab, 0x3f3913b3, 0x3f800000};
  const format& f = by_name("nf4");
  for (code_type code = 0; code < 16; ++code) {
    float expected = 0;
    std::memcpy(&expected, &bits[code], sizeof expected);
    EXPECT_EQ(decode(f, code).value, double{expected}) << code;
  }
  const double vectors[][2] = {{0.5, 12}, {-0.5, 2}, {0.04, 8}, {1, 15}, {-1, 0}, {7, 15}, {-7, 0}};
  for (const auto& [x, code] : vectors) EXPECT_EQ(nearest(f, x), code) << x;
  // bitsandbytes' thresholds are binary32 literals; each lies within one of their ulps of ours.
  const float thresholds[] = {-0.8480964004993439F,   -0.6106329262256622F,  -0.4599952697753906F,
                              -0.33967943489551544F,  -0.23460740596055984F, -0.13791173323988914F,
                              -0.045525018125772476F, 0.03979014977812767F,  0.1202552504837513F,
                              0.2035212516784668F,    0.2920137718319893F,   0.3893125355243683F,
                              0.5016634166240692F,    0.6427869200706482F,   0.8614784181118011F};
  ASSERT_EQ(f.boundaries.size(), std::size(thresholds));
  for (std::size_t i = 0; i < std::size(thresholds); ++i) {
    const float t = thresholds[i];
    const double ulp = double{std::nextafter(t, INFINITY)} - t;
    EXPECT_LE(std::fabs(f.boundaries[i] - t), ulp) << i;
  }
}

TEST(PublishedCodebooks, dynamic8) {
  const format& f = by_name("dynamic8");
  const struct {
    code_type code;
    double value;
  } values[] = {{127, 0},         {255, 1},          {128, 5.5e-7},     {129, 3.25e-6},
                {130, 7.75e-6},   {190, 0.09859375}, {191, 0.10703125}, {254, 0.99296875},
                {0, -0.99296875}, {126, -5.5e-7}};
  for (const auto& [code, value] : values) {
    EXPECT_EQ(decode(f, code).value, double{static_cast<float>(value)}) << code;
  }
  const double vectors[][2] = {{.5, 219}, {.1, 190}, {1e-7, 127}, {-1, 0}, {0, 127}, {1, 255}};
  for (const auto& [x, code] : vectors) EXPECT_EQ(nearest(f, x), code) << x;
  EXPECT_EQ(decode(f, 219).value, double{0.50078125F});
  for (code_type k = 1; k <= 127; ++k) {
    EXPECT_EQ(decode(f, 127 - k).value, -decode(f, 127 + k).value) << k;
  }
  EXPECT_EQ(f.stops.size(), 256U);
}

TEST(PublishedCodebooks, other_lists) {
  const std::vector<float> nf3_values = {-1.0F,
                                         -0.5350227355957031F,
                                         -0.2469314038753510F,
                                         0.0F,
                                         0.1833375245332718F,
                                         0.3819939494132996F,
                                         0.6229856610298157F,
                                         1.0F};
  const format nf3 =
      oracle::codebook("nf3", 3, std::vector<double>(nf3_values.begin(), nf3_values.end()));
  EXPECT_EQ(nearest(nf3, 0.5), 5U);
  // bitsandbytes' FP4 in its own code order: 0.5 is code 5, -0.26 rounds to -1/4, code 15.
  const double sixth = static_cast<float>(1.0 / 6);
  const double third = static_cast<float>(1.0 / 3);
  const format fp4 =
      oracle::codebook("fp4", 4,
                       {0, 0.005208333F, 2 * third, 1, third, 0.5, sixth, 0.25, -0.0,
                        -double{0.005208333F}, -2 * third, -1, -third, -0.5, -sixth, -0.25});
  EXPECT_EQ(nearest(fp4, 0.5), 5U);
  EXPECT_EQ(nearest(fp4, -0.26), 15U);
  EXPECT_EQ(nearest(fp4, 9), 3U);
  // Ties go by the sorted index, whatever the codes are: 0, 1, 2, 3 have the codes 1, 2, 0, 3.
  const format shuffled = oracle::codebook("shuffled", 2, {2, 0, 1, 3});
  EXPECT_EQ(nearest(shuffled, 0.5), 1U);
  EXPECT_EQ(nearest(shuffled, 1.5), 0U);
  EXPECT_EQ(nearest(shuffled, 2.5), 0U);
}

// ---- D.7: integer codes of the block formats ----

/// Codes of x / 2^exponent rounded to nearest-even and clamped to +-limit.
std::vector<int> integer_codes(const std::vector<rational>& xs, int exponent, int limit) {
  const format f = oracle::integer("int17", 17, true);
  std::vector<int> codes;
  for (const rational& x : xs) {
    const rational scaled = x / oracle::two_to(exponent);
    const code_type code = encode(f, number::of(scaled), mode::ties_to_even, saturation::finite);
    codes.push_back(std::max(-limit, std::min(limit, static_cast<int>(decode(f, code).value))));
  }
  return codes;
}

TEST(PublishedIntegers, msfp_and_bfp_and_dfp16) {
  const std::vector<rational> x = {1,
                                   oracle::ratio(-3, 10),
                                   oracle::ratio(39, 10),
                                   oracle::ratio(1, 100),
                                   oracle::ratio(-5, 2),
                                   oracle::ratio(174, 100),
                                   oracle::ratio(126, 1000),
                                   oracle::ratio(-124, 1000)};
  EXPECT_EQ(integer_codes(x, -1, 7), (std::vector<int>{2, -1, 7, 0, -5, 3, 0, 0}));
  EXPECT_EQ(integer_codes(x, -5, 127), (std::vector<int>{32, -10, 125, 0, -80, 56, 4, -4}));
  // Two's complement on 4 bits, step 1/2: the same codes on this vector.
  const std::vector<int> expected = {2, -1, 7, 0, -5, 3, 0, 0};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const format& f = by_name("int4");
    const number doubled = number::of(rational(x[i] * 2));
    EXPECT_EQ(decode(f, encode(f, doubled, mode::ties_to_even, saturation::finite)).value,
              expected[i]);
  }
  const rational near_four = oracle::ratio(399999, 100000);
  EXPECT_EQ(integer_codes({1, oracle::ratio(-3, 10), near_four}, -13, 32767),
            (std::vector<int>{8192, -2458, 32767}));
  EXPECT_EQ(integer_codes({1, oracle::ratio(-3, 10), near_four, oracle::ratio(1, 10000), -4,
                           oracle::ratio(5, 2)},
                          -12, 32767),
            (std::vector<int>{4096, -1229, 16384, 0, -16384, 10240}));
}

TEST(PublishedIntegers, abfp_tile) {
  const auto to_bfloat16 = [](const rational& q) {
    const format& f = by_name("bfloat16");
    return oracle::exact(
        decode(f, encode(f, number::of(q), mode::ties_to_even, saturation::none)).value);
  };
  const rational s_x = to_bfloat16(2);
  const rational s_w = to_bfloat16(oracle::ratio(9, 10));
  EXPECT_EQ(s_x.get_str(), "2");
  EXPECT_EQ(s_w.get_d(), 0.8984375);
  const rational x[] = {1, oracle::ratio(-1, 2), oracle::ratio(1, 4), 2};
  const rational w[] = {oracle::ratio(3, 10), oracle::ratio(6, 10), oracle::ratio(-9, 10),
                        oracle::ratio(1, 10)};
  const int expected[][2] = {{64, 42}, {-32, 85}, {16, -127}, {127, 14}};
  int sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int a = integer_codes({rational(127 * x[i] / s_x)}, 0, 127)[0];
    const int b = integer_codes({rational(127 * w[i] / s_w)}, 0, 127)[0];
    EXPECT_EQ(a, expected[i][0]);
    EXPECT_EQ(b, expected[i][1]);
    sum += a * b;
  }
  EXPECT_EQ(sum, -286);
  const rational y = rational(sum) / (127 * 127);
  const rational step = rational(4) / 127;
  const int codes[] = {-1, -1, -2, -5};
  // The last is 5/8 of the first; formats.md prints -.03537154.
  const double outputs[] = {-.05659449, -.02829724, -.02829724, -.03537156};
  for (int i = 0; i < 4; ++i) {
    const int gain = 1 << i;
    const int code = integer_codes({rational(gain * y / step)}, 0, 127)[0];
    EXPECT_EQ(code, codes[i]);
    const rational out = code * step / gain * s_x * s_w;
    EXPECT_LE(std::fabs(out.get_d() - outputs[i]), 0.5e-8 + 1e-15);  // eight decimals
  }
}

// ---- D.8: LogFMT, as a codebook of its levels ----

TEST(PublishedLogarithms, logfmt_codes) {
  const std::vector<double> x = {1, -.5, .25, 3, 0, .001, -2.9, .0011};
  const double lo = std::log(0.001);
  const double hi = std::log(3.0);
  const struct {
    int bits;
    double step;
    std::vector<code_type> codes;
  } rows[] = {{8, .0635425997, {0x6e, 0xe3, 0x58, 0x7f, 0x00, 0x01, 0xfe, 0x02}},
              {4, 1.33439459, {0x06, 0x0e, 0x05, 0x07, 0x00, 0x01, 0x0f, 0x01}}};
  EXPECT_NEAR(lo, -6.90775528, 0.5e-8 + 1e-15);
  for (const auto& row : rows) {
    const int levels = (1 << (row.bits - 1)) - 1;
    const double step = (hi - lo) / (levels - 1);
    EXPECT_NEAR(step, row.step, 0.5e-8);  // the printed digits
    // No input here lies near enough to a boundary for the rounding of exp and log to matter.
    std::vector<double> magnitudes = {0};
    for (int k = 1; k <= levels; ++k) {
      magnitudes.push_back(static_cast<float>(std::exp(lo + step * (k - 1))));
    }
    const format f = oracle::codebook("logfmt", row.bits, magnitudes);
    const code_type sign = code_type{1} << (row.bits - 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const code_type k = nearest(f, std::fabs(x[i]));
      EXPECT_EQ(x[i] < 0 ? k + sign : k, row.codes[i]) << row.bits << " bits, " << x[i];
    }
  }
}

// ---- D.9: HiF8 ----

TEST(PublishedHif8, ties_away_vectors) {
  const struct {
    double x;
    code_type kept;
    code_type saturated;
  } rows[] = {
      {1.0625, 0x09, 0x09},     {9, 0x29, 0x29},
      {15.5, 0x40, 0x40},       {40959.99, 0x6E, 0x6E},
      {40960, 0x6F, 0x6E},      {1.5 * power(-16), 0x7E, 0x7E},
      {power(-23), 0x01, 0x01}, {std::nextafter(power(-23), 0.0), 0x00, 0x00},
      {-1e-9, 0x00, 0x00},      {kNan, 0x80, 0x80},
      {kInfinity, 0x6F, 0x6E},  {-kInfinity, 0xEF, 0xEE},
      {-40960, 0xEF, 0xEE},
  };
  const format& f = by_name("hif8");
  for (const auto& row : rows) {
    EXPECT_EQ(encode(f, row.x, mode::ties_to_away, saturation::none), row.kept) << row.x;
    EXPECT_EQ(encode(f, row.x, mode::ties_to_away, saturation::finite), row.saturated) << row.x;
  }
  EXPECT_EQ(default_rounding(f).how, mode::ties_to_away);
  // With ties to even, 40960 is a tie between 0x6E and 0x6F and stays.
  EXPECT_EQ(encode(f, 40960, mode::ties_to_even, saturation::none), 0x6EU);
}

std::uint32_t float_bits(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

code_type hybrid(double x, oracle::hif8_hybrid_options options = {}) {
  return oracle::hif8_hybrid_from_float32(float_bits(static_cast<float>(x)), options);
}

TEST(PublishedHif8, hybrid_vectors_from_float) {
  EXPECT_EQ(hybrid(32), 0x45U);
  EXPECT_EQ(hybrid(power(-10)), 0x75U);
  EXPECT_EQ(hybrid(power(-20)), 0x04U);
  EXPECT_EQ(hybrid(32768), 0x6FU);
  EXPECT_EQ(hybrid(32768, {.saturate = true}), 0x6FU);
  EXPECT_EQ(hybrid(-32768, {.saturate = true}), 0xEFU);
  EXPECT_EQ(hybrid(8), 0x28U);
  EXPECT_EQ(hybrid(40960), 0x6FU);
  EXPECT_EQ(hybrid(40960, {.saturate = true}), 0x6EU);
  EXPECT_EQ(hybrid(1.0625), 0x09U);
  EXPECT_EQ(hybrid(kNan), 0x80U);
  // e = -23: F14 = 8192 + (mantissa >> 10) against the low 14 bits of the mantissa.
  EXPECT_EQ(hybrid(power(-23)), 0x01U);
  EXPECT_EQ(oracle::hif8_hybrid_from_float32((104U << 23) | 0x3FFF), 0x00U);  // 8207 < 16383
  EXPECT_EQ(oracle::hif8_hybrid_from_float32((104U << 23) | 0x2009), 0x00U);  // 8200 < 8201
  EXPECT_EQ(oracle::hif8_hybrid_from_float32((104U << 23) | 0x2008), 0x01U);  // 8200 >= 8200
  EXPECT_EQ(hybrid(power(-24) * 1.9375), 0x00U);
  EXPECT_EQ(hybrid(-power(-24)), 0x00U);
  // The guard keeps what HiF8 has, and changes nothing else.
  EXPECT_EQ(hybrid(32, {.guard = true}), 0x44U);
  EXPECT_EQ(hybrid(32768, {.guard = true}), 0x6EU);
  EXPECT_EQ(hybrid(36, {.guard = true}), hybrid(36));
}

TEST(PublishedHif8, hybrid_compares_the_discarded_field_with_the_low_bits_everywhere) {
  const format& f = by_name("hif8");
  int gaps = 0;
  for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
    const double low = f.stops[i].value;
    const double high = f.stops[i + 1].value;
    if (low <= 0 || low >= 32768 || std::abs(std::ilogb(low)) < 4) continue;
    ++gaps;
    const code_type down = f.stops[i].code;
    const code_type up = f.stops[i + 1].code;
    const auto at = [](double x, std::uint32_t low_bits) {
      return oracle::hif8_hybrid_from_float32(float_bits(static_cast<float>(x)) | low_bits);
    };
    EXPECT_EQ(at(low, 1), down) << low;           // F14 = 0 < 1
    EXPECT_EQ(at(low, 0), up) << low;             // 0 >= 0
    EXPECT_EQ(at(low, 0x1800), down) << low;      // F14 <= 0x1800 >> 7
    const double middle = (low + high) / 2;       // the top bit of the field: F14 >= 0x2000
    EXPECT_EQ(at(middle, 0x1800), up) << middle;  // and below 0x2080
    EXPECT_EQ(at(middle, 0x3FFF), down) << middle;
    const std::uint32_t last = float_bits(static_cast<float>(high)) - 1;
    EXPECT_EQ(oracle::hif8_hybrid_from_float32(last), up) << high;  // all ones: equal
  }
  EXPECT_EQ(gaps, 7 + (8 + 7) * 2 + 8 * 4);  // binades of one, two and four values
}

TEST(PublishedHif8, hybrid_from_half) {
  // 33 = 2^5 * (1 + 32/1024): the field is 8 bits, its top two are 00; LSB 0, so 0 >= 1 fails.
  const format& half = by_name("float16");
  const auto from_half = [&](double x) {
    return oracle::hif8_hybrid_from_float16(static_cast<std::uint16_t>(nearest(half, x)));
  };
  EXPECT_EQ(from_half(32), 0x44U);
  EXPECT_EQ(from_half(33), 0x44U);
  EXPECT_EQ(from_half(34), 0x45U);                // field 64 = 01 000000
  EXPECT_EQ(from_half(32 + 2 + 1 / 32.), 0x44U);  // LSB 1: 01 >= 11 fails
  EXPECT_EQ(from_half(32 + 6 + 1 / 32.), 0x45U);  // 11 >= 11
  EXPECT_EQ(from_half(power(-23)), 0x01U);        // 2 + 0 >= 1
  EXPECT_EQ(from_half(power(-24)), 0x00U);
  EXPECT_EQ(from_half(3 * power(-24)), 0x01U);  // stored 0...011, LSB 1: 2 + 1 >= 3
  EXPECT_EQ(from_half(8), 0x28U);
}

}  // namespace
