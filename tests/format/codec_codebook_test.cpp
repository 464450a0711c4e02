// SPDX-License-Identifier: MIT

#include "binade/format/codec_codebook.hpp"

#include "binade/format/catalog_codebook.hpp"
#include "contract_support.hpp"

namespace {

using namespace binade;
using contract::value_of;

constexpr std::uint32_t bits_of(float x) { return bit_cast<std::uint32_t>(x); }

template <codebook C, class Mode = rounding::ties_to_even>
std::uint64_t code_of(const C& s, double x, const Mode& mode = {}, conversion_rules rules = {}) {
  return encode(s, unpack(x), mode, rules);
}

/// The sixteen thresholds of the published encoder (formats.md D.6): midpoints as decimal literals
/// that are cast to binary32. Away from them the codes are the published ones.
TEST(codec_codebook, nf4_encodes_as_published_off_the_thresholds) {
  const double thresholds[] = {-0.8480964004993439,   -0.6106329262256622,  -0.4599952697753906,
                               -0.33967943489551544,  -0.23460740596055984, -0.13791173323988914,
                               -0.045525018125772476, 0.03979014977812767,  0.1202552504837513,
                               0.2035212516784668,    0.2920137718319893,   0.3893125355243683,
                               0.5016634166240692,    0.6427869200706482,   0.8614784181118011};
  for (double x = -1.25; x <= 1.25; x += 0x1p-10) {
    std::uint64_t published = 0;
    for (const double t : thresholds) published += x > double{static_cast<float>(t)};
    EXPECT_EQ(code_of(nf4::spec, x), published) << contract::shown(x);
  }
  for (std::size_t i = 0; i < 15; ++i) {
    // The literals have 10 correct digits; the exact midpoint is closer to them than 1e-9.
    EXPECT_EQ(code_of(nf4::spec, thresholds[i] - 1e-7), i);
    EXPECT_EQ(code_of(nf4::spec, thresholds[i] + 1e-7), i + 1);
  }
}

TEST(codec_codebook, published_vectors) {
  EXPECT_EQ(code_of(nf4::spec, 0.5), 12U);
  EXPECT_EQ(code_of(nf4::spec, -0.5), 2U);
  EXPECT_EQ(code_of(nf4::spec, 0.04), 8U);
  EXPECT_EQ(code_of(nf4::spec, 1), 15U);
  EXPECT_EQ(code_of(nf4::spec, -1), 0U);
  EXPECT_EQ(code_of(nf4::spec, 0), 7U);
  EXPECT_EQ(code_of(nf4::spec, -0.0), 7U);
  EXPECT_EQ(code_of(dynamic8::spec, .5), 219U);
  EXPECT_EQ(code_of(dynamic8::spec, .1), 190U);
  EXPECT_EQ(code_of(dynamic8::spec, 1e-7), 127U);
  EXPECT_EQ(code_of(dynamic8::spec, -1), 0U);
  EXPECT_EQ(code_of(dynamic8::spec, 1), 255U);
}

/// formats.md D.6, which prints them to the digits compared here.
TEST(codec_codebook, dynamic8_values) {
  const auto value = [](std::uint64_t c) { return value_of(decode(dynamic8::spec, c)); };
  struct row {
    std::uint64_t code;
    double value;
  };
  for (const row& r : {row{128, 5.5e-7}, row{129, 3.25e-6}, row{130, 7.75e-6}, row{190, 0.09859375},
                       row{191, 0.10703125}, row{254, 0.99296875}, row{0, -0.99296875}, row{255, 1},
                       row{127, 0}}) {
    EXPECT_EQ(value(r.code), static_cast<float>(r.value)) << r.code;
  }
  for (std::uint64_t c = 1; c < 127; ++c) EXPECT_EQ(value(127 + c), -value(127 - c));
}

/// Codebooks of any 2^n entries: all positive, all negative, without zero, of two entries.
TEST(codec_codebook, made_up_lists_encode_as_the_oracle) {
  const std::vector<std::vector<float>> lists = {
      {-1, 1},
      {0.5F, 0.75F, 3, 100},
      {-8, -4.5F, -4, -0.125F},
      {-3, -1, 1, 3},
      {-1e4F, -1e-4F, 1e-4F, 1e4F},
      {-0.7F, -0.1F, 0, 0.1F, 0.3F, 0.30001F, 0.7F, 1},
  };
  for (const std::vector<float>& list : lists) {
    std::vector<std::uint32_t> patterns;
    for (const float x : list) patterns.push_back(bits_of(x));
    const codebook_view s{patterns.data(), static_cast<int>(patterns.size())};
    int bits = 0;
    while ((1 << bits) < s.count) ++bits;
    const oracle::format expected = oracle::codebook("list of " + std::to_string(s.count), bits,
                                                     std::vector<double>(list.begin(), list.end()));
    contract::checker c(expected.name);
    for (const double point : oracle::landmarks(expected)) {
      for (const double x : contract::doubles_at(point)) {
        for (const contract::mode_pair& mode : contract::modes) {
          c.check_code(expected, encode(s, unpack(x), mode.ours, {}),
                       encode(expected, x, mode.theirs, oracle::saturation::finite),
                       [&] { return contract::shown(x) + " in " + mode.name; });
        }
      }
    }
    EXPECT_GT(c.count(), 100U);
    const code_description d = describe(s);
    EXPECT_EQ(d.code_bits, bits);
    EXPECT_EQ(d.is_signed, list.front() < 0);
    EXPECT_EQ(d.largest, list.size() - 1);
    EXPECT_EQ(d.lowest, 0U);
    EXPECT_EQ(d.has_zero, std::find(list.begin(), list.end(), 0.0F) != list.end());
    std::size_t smallest = list.size() - 1;
    while (smallest > 0 && list[smallest - 1] > 0) --smallest;
    EXPECT_EQ(d.smallest, smallest);
  }
}

/// The order of the codes is the order of the values, so parity is the index.
TEST(codec_codebook, ties_go_to_the_even_index) {
  constexpr codebook_spec<4> s{{bits_of(-3), bits_of(-1), bits_of(1), bits_of(3)}};
  EXPECT_EQ(code_of(s, -2), 0U);
  EXPECT_EQ(code_of(s, 0), 2U);
  EXPECT_EQ(code_of(s, 2), 2U);
  EXPECT_EQ(code_of(s, -2, rounding::ties_to_away{}), 0U);
  EXPECT_EQ(code_of(s, 2, rounding::ties_to_away{}), 3U);
  EXPECT_EQ(code_of(s, 2, rounding::toward_zero{}), 2U);
  EXPECT_EQ(code_of(s, -2, rounding::toward_zero{}), 1U);
}

TEST(codec_codebook, nan_is_the_largest_value_or_zero) {
  const double nan = std::nan("");
  EXPECT_EQ(code_of(nf4::spec, nan), 15U);
  EXPECT_EQ(code_of(nf4::spec, nan, rounding::ties_to_even{}, {.nan = nan_mode::zero}), 7U);
  EXPECT_EQ(code_of(dynamic8::spec, nan, rounding::ties_to_even{}, {.nan = nan_mode::zero}), 127U);
}

/// The discarded fraction is a share of the gap, whatever the entries: P(up) = d for d = k / 256.
TEST(codec_codebook, stochastic_rounding_uses_the_share_of_the_gap) {
  constexpr codebook_spec<4> s{{bits_of(-5), bits_of(-1), bits_of(2), bits_of(5)}};
  for (int k = 1; k < 256; k += 17) {
    const double x = 2 + 3 * k / 256.0;
    int ups = 0;
    constexpr int trials = 4096;
    for (int i = 0; i < trials; ++i) {
      const rounding::stochastic mode{.seed = 1, .bits = 8, .index = static_cast<std::uint64_t>(i)};
      ups += code_of(s, x, mode) == 3;
    }
    // A binomial count: 5 standard deviations of at most sqrt(trials) / 2 are 160.
    EXPECT_NEAR(ups, trials * k / 256.0, 160) << k;
  }
}

}  // namespace
