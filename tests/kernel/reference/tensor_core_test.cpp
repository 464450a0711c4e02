// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/tensor_core.hpp"

#include "binade/format/catalog_float.hpp"
#include "kernel/reference/hopper_vectors.hpp"
#include "oracle/binary32.hpp"
#include "oracle/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using binade::reference::alignment;
using binade::reference::tensor_core_factor;
using oracle::rational;

constexpr std::size_t depth = binade::reference::fp8_instruction_depth;
using factors = std::array<tensor_core_factor, depth>;
constexpr std::uint32_t everything = 0xffffffff;

std::string hex(std::uint32_t bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", bits);
  return text;
}

tensor_core_factor factor(float x, int least = -14) {
  return binade::reference::make_tensor_core_factor(binade::unpack(x), least);
}

/// Factors of some values; the rest are zeros.
factors list(const std::vector<float>& values, int least = -14) {
  factors f{};
  for (std::size_t i = 0; i < values.size(); ++i) f[i] = factor(values[i], least);
  return f;
}

std::uint32_t bits(float x) { return oracle::bits_of(x); }

/// wgmma from c with products a[i] * b[i], factors of E5M2 or of E4M3 (`least` -14 or -6).
std::uint32_t wgmma(float c, const std::vector<float>& a, const std::vector<float>& b,
                    int least = -14) {
  return binade::reference::hopper_wgmma_fp8(list(a, least).data(), list(b, least).data(), bits(c));
}

// --- The GPU's own results -----------------------------------------------------------------------

TEST(tensor_core, gives_what_an_h100_gave) {
  const std::vector<hopper_vectors::block> blocks = hopper_vectors::read_instructions();
  std::set<std::string> seen;
  std::size_t checked = 0;
  for (const hopper_vectors::block& t : blocks) {
    const bool is_wgmma = t.title.at(0) == "wgmma";
    const auto factor_of = [&](const std::string& format, std::uint8_t code) {
      const bool is_e4m3 = format == "e4m3fn";
      const binade::unpacked x =
          is_e4m3 ? unpack(binade::e4m3fn::from_bits(code)) : unpack(binade::e5m2::from_bits(code));
      return binade::reference::make_tensor_core_factor(x, is_wgmma && is_e4m3 ? -6 : -14);
    };
    int shown = 0;
    for (std::size_t i = 0; i < hopper_vectors::tile; ++i) {
      for (std::size_t j = 0; j < hopper_vectors::tile; ++j) {
        const std::size_t at = i * hopper_vectors::tile + j;
        std::uint32_t sum = t.c[at];
        for (std::size_t k = 0; k < t.depth; k += depth) {
          factors a{};
          factors b{};
          for (std::size_t m = 0; m < depth; ++m) {
            a[m] = factor_of(t.title.at(2), t.a_row(i)[k + m]);
            b[m] = factor_of(t.title.at(3), t.b_row(j)[k + m]);
          }
          sum = is_wgmma ? binade::reference::hopper_wgmma_fp8(a.data(), b.data(), sum)
                         : binade::reference::hopper_mma_sync_fp8(a.data(), b.data(), sum);
        }
        ++checked;
        if (sum == t.d[at] || ++shown > 3) continue;
        ADD_FAILURE() << t.title.at(0) << " " << t.title.at(1) << " of " << t.title.at(2) << " and "
                      << t.title.at(3) << ", sum " << i << ", " << j << " from " << hex(t.c[at])
                      << ": got " << hex(sum) << ", expected " << hex(t.d[at]);
      }
    }
    seen.insert(t.title.at(0) + t.title.at(1));
  }
  EXPECT_EQ(seen.size(), 2U * 14U) << "kinds of operands, by instruction";
  EXPECT_EQ(checked, (14U * 4 + 4 + 14) * 64);
}

// --- The definition, in rational arithmetic ------------------------------------------------------

/// The float that the four steps give, from finite values.
std::uint32_t by_definition(const std::vector<std::pair<float, float>>& products, int least_a,
                            int least_b, float c, alignment keep) {
  struct term {
    rational value;
    int exponent;
  };
  std::vector<term> terms;
  const auto exponent = [](float x, int least) {
    return std::max(oracle::floor_log2(abs(oracle::exact(x))), least);
  };
  for (const auto& [x, y] : products) {
    if (x == 0 || y == 0) continue;
    terms.push_back(
        {oracle::exact(x) * oracle::exact(y), exponent(x, least_a) + exponent(y, least_b)});
  }
  if (c != 0) terms.push_back({oracle::exact(c), exponent(c, -126)});
  if (terms.empty()) return 0;
  const auto cut = [](const rational& value, int unit_exponent) {
    const rational unit = oracle::two_to(unit_exponent);
    const rational magnitude = rational(oracle::floor_of(abs(value) / unit)) * unit;
    return value < 0 ? rational(-magnitude) : magnitude;
  };
  int top = terms[0].exponent;
  for (const term& t : terms) top = std::max(top, t.exponent);
  rational sum = 0;
  for (const term& t : terms) sum += cut(t.value, top - keep.term_bits);
  if (sum == 0) return 0;
  sum = cut(sum, std::max(oracle::floor_log2(abs(sum)) - keep.result_bits, -149));
  const float result = oracle::nearest_float(sum);
  EXPECT_EQ(oracle::exact(result), sum) << "the cut sum is no float";
  return bits(result);
}

TEST(tensor_core, an_aligned_sum_follows_its_definition) {
  std::mt19937_64 random(1);
  const oracle::format& e4m3 = oracle::by_name("e4m3fn");
  const oracle::format& e5m2 = oracle::by_name("e5m2");
  const auto value = [&](const oracle::format& f, std::uint64_t mask) {
    for (;;) {
      const oracle::code_info& info =
          decode(f, static_cast<oracle::code_type>(random() & (0x80U | mask)));
      if (info.kind == oracle::code_kind::finite) return static_cast<float>(info.value);
    }
  };
  const std::array<alignment, 4> kept{{{13, 13}, {25, 23}, {8, 13}, {20, 10}}};
  for (int trial = 0; trial < 4000; ++trial) {
    const bool a_is_e4m3 = trial % 2 != 0;
    const bool b_is_e4m3 = trial % 4 < 2;
    const int least_a = a_is_e4m3 ? -6 : -14;
    const int least_b = b_is_e4m3 ? -6 : -14;
    const std::uint64_t mask = trial % 3 == 0 ? 0x0f : 0x7f;  // a third of them small and subnormal
    const auto selected = static_cast<std::uint32_t>(trial % 5 == 0 ? everything : random());
    factors a{};
    factors b{};
    std::vector<std::pair<float, float>> products;
    for (std::size_t k = 0; k < depth; ++k) {
      const float x = value(a_is_e4m3 ? e4m3 : e5m2, mask);
      const float y = value(b_is_e4m3 ? e4m3 : e5m2, mask);
      a[k] = factor(x, least_a);
      b[k] = factor(y, least_b);
      if ((selected >> k & 1) != 0) products.emplace_back(x, y);
    }
    // Accumulators near the products, or anywhere.
    const std::uint64_t field = trial % 7 == 0 ? random() % 255 : 105 + random() % 40;
    const float c =
        oracle::float_of(static_cast<std::uint32_t>((random() & 0x807fffff) | field << 23));
    for (const alignment keep : kept) {
      EXPECT_EQ(hex(binade::reference::aligned_sum(a.data(), b.data(), selected, bits(c), keep)),
                hex(by_definition(products, least_a, least_b, c, keep)))
          << "trial " << trial << ", from " << c;
    }
  }
}

// --- The description, line by line ---------------------------------------------------------------

TEST(tensor_core, factors_are_significand_and_exponent) {
  const auto expect = [](const tensor_core_factor& f, int significand, int exponent) {
    EXPECT_EQ(f.significand, significand);
    EXPECT_EQ(f.exponent, exponent);
    EXPECT_EQ(f.kind, binade::value_class::finite);
  };
  expect(factor(1.0F), 8, 0);
  expect(factor(-448.0F), -14, 8);
  expect(factor(0x1p-9F, -6), 1, -6);  // the smallest of E4M3
  expect(factor(0x1p-9F), 8, -9);      // the same as binary16
  expect(factor(-0x3p-16F), -6, -14);  // subnormal in E5M2
  EXPECT_EQ(factor(-0.0F).significand, 0);
  EXPECT_EQ(factor(-0.0F).kind, binade::value_class::zero);
  EXPECT_EQ(factor(-std::numeric_limits<float>::infinity()).significand, -1);
  EXPECT_EQ(factor(std::numeric_limits<float>::quiet_NaN()).kind, binade::value_class::nan);
}

TEST(tensor_core, terms_are_cut_toward_zero_13_bits_below_the_largest) {
  EXPECT_EQ(wgmma(1, {0x1p-7F}, {0x1p-6F}), bits(1 + 0x1p-13F));
  EXPECT_EQ(wgmma(1, {0x1p-7F}, {0x1p-7F}), bits(1));
  EXPECT_EQ(wgmma(1, {0x1.8p-7F}, {0x1p-6F}), bits(1 + 0x1p-13F));  // 1.5 steps become 1
  EXPECT_EQ(wgmma(1, {-0x1.8p-7F}, {0x1p-6F}), bits(1 - 0x1p-13F));
  EXPECT_EQ(wgmma(1, {-0x1.cp-7F}, {0x1p-7F}), bits(1));
  // The accumulator too.
  EXPECT_EQ(wgmma(1, {0x1p7F}, {0x1p7F}), bits(0x1p14F));
  EXPECT_EQ(wgmma(-0x1.fffp0F, {0x1p7F}, {0x1p5F}), bits(0x1p12F - 0x1.8p0F));
  // Each term for itself, before the sum: 32 of them may vanish.
  const std::vector<float> small(31, 0x1p-7F);
  std::vector<float> a = small;
  a.push_back(1);
  std::vector<float> b = small;
  b.push_back(1);
  EXPECT_EQ(wgmma(0, a, b), bits(1));
}

TEST(tensor_core, exponents_are_added_and_not_adjusted) {
  // 1.5 * 1.5 = 2.25 has exponent 0: beside it 2^-13 is kept.
  EXPECT_EQ(wgmma(0, {1.5F, -1.5F, 0x1p-7F}, {1.5F, 1.5F, 0x1p-6F}), bits(0x1p-13F));
  // An accumulator of 2.25 has exponent 1: it is not.
  EXPECT_EQ(wgmma(2.25F, {-1.5F, 0x1p-7F}, {1.5F, 0x1p-6F}), bits(0));
  // A subnormal factor has the least exponent: 2^-9 * 2^6 counts as 2^0 in E4M3, 2^-3 in E5M2.
  const std::vector<float> x{0x1p-9F, -0x1p-9F, 0x1p-6F};
  const std::vector<float> y{0x1p6F, 0x1p6F, 0x1p-6F};
  EXPECT_EQ(wgmma(0, x, {0x1p6F, 0x1p6F, 0x1p-8F}, -6), bits(0));
  EXPECT_EQ(wgmma(0, x, {0x1p6F, 0x1p6F, 0x1p-8F}), bits(0x1p-14F));
  EXPECT_EQ(wgmma(0, x, y, -6), bits(0x1p-12F));
}

TEST(tensor_core, zeros_do_not_set_the_alignment) {
  EXPECT_EQ(wgmma(0, {0, 0x1p-7F}, {448, 0x1p-14F}), bits(0x1p-21F));
  // 2^-19 - 2^-33 is whole; with 2^-21 added, the result's last bit is 2^-32.
  EXPECT_EQ(wgmma(0x1.fff8p-20F, {0, 0x1p-7F}, {448, 0x1p-14F}), bits(0x1.4p-19F - 0x1p-32F));
}

TEST(tensor_core, the_result_keeps_13_bits_after_its_point) {
  // 1 + 2^-13 four times is 4 + 2^-11, which stays; five times is 5 + 5 * 2^-13, cut to 5 + 2^-11.
  const std::vector<float> four{1, 1, 1, 1, 0x1p-6F, 0x1p-6F, 0x1p-6F, 0x1p-6F};
  const std::vector<float> times_four{1, 1, 1, 1, 0x1p-7F, 0x1p-7F, 0x1p-7F, 0x1p-7F};
  EXPECT_EQ(wgmma(0, four, times_four), bits(4 + 0x1p-11F));
  std::vector<float> five = four;
  std::vector<float> times_five = times_four;
  five.insert(five.end(), {1, 0x1p-6F});
  times_five.insert(times_five.end(), {1, 0x1p-7F});
  EXPECT_EQ(wgmma(0, five, times_five), bits(5 + 0x1p-11F));
  // Also of an accumulator to which nothing is added.
  EXPECT_EQ(wgmma(0x1.fffffep100F, {}, {}), bits(0x1.fff8p100F));
  EXPECT_EQ(wgmma(-0x1.fffffep-126F, {}, {}), bits(-0x1.fff8p-126F));
  EXPECT_EQ(wgmma(0x1.fffffep127F, {57344}, {57344}), bits(0x1.fff8p127F));
  // Subnormal ones have the exponent -126, and nothing below 2^-139.
  EXPECT_EQ(wgmma(0x1.8p-139F, {}, {}), bits(0x1p-139F));
  EXPECT_EQ(wgmma(-0x1.8p-140F, {}, {}), 0U);
}

TEST(tensor_core, the_order_of_products_has_no_meaning) {
  std::mt19937_64 random(2);
  factors a{};
  factors b{};
  for (std::size_t k = 0; k < depth; ++k) {
    a[k] = factor(std::ldexp(1.0F + static_cast<float>(random() % 4) / 4,
                             static_cast<int>(random() % 28) - 14));
    b[k] = factor(k % 2 == 0 ? -1.25F : 1.75F);
  }
  const std::uint32_t sum = binade::reference::hopper_wgmma_fp8(a.data(), b.data(), 0x3fc00000);
  EXPECT_NE(sum, 0U);
  for (int trial = 0; trial < 100; ++trial) {
    const auto i = static_cast<std::size_t>(random() % depth);
    const auto j = static_cast<std::size_t>(random() % depth);
    std::swap(a[i], a[j]);
    std::swap(b[i], b[j]);
    EXPECT_EQ(hex(binade::reference::hopper_wgmma_fp8(a.data(), b.data(), 0x3fc00000)), hex(sum));
  }
}

TEST(tensor_core, a_sum_of_zero_is_positive) {
  EXPECT_EQ(wgmma(-0.0F, {-0.0F, 0.0F}, {1, -1}), 0U);
  EXPECT_EQ(wgmma(-1, {1}, {1}), 0U);
  EXPECT_EQ(wgmma(0x1p-20F, {1, -1}, {1, 1}), 0U);
}

TEST(tensor_core, special_values) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr std::uint32_t nan_bits = 0x7fffffff;
  EXPECT_EQ(wgmma(0, {-nan}, {0}), nan_bits);
  EXPECT_EQ(wgmma(nan, {1}, {1}), nan_bits);
  EXPECT_EQ(wgmma(0, {inf}, {0}), nan_bits);
  EXPECT_EQ(wgmma(0, {-0.0F}, {inf}), nan_bits);
  EXPECT_EQ(wgmma(0, {inf, -inf}, {1, 1}), nan_bits);
  EXPECT_EQ(wgmma(-inf, {inf}, {1}), nan_bits);
  EXPECT_EQ(wgmma(inf, {nan}, {1}), nan_bits);
  EXPECT_EQ(wgmma(0, {inf}, {-1}), bits(-inf));
  EXPECT_EQ(wgmma(-inf, {1}, {57344}), bits(-inf));
  EXPECT_EQ(wgmma(inf, {-inf}, {-inf}), bits(inf));
}

TEST(tensor_core, mma_sync_adds_a_nearly_exact_sum_to_a_float) {
  const auto mma = [](float c, const std::vector<float>& a, const std::vector<float>& b) {
    return binade::reference::hopper_mma_sync_fp8(list(a).data(), list(b).data(), bits(c));
  };
  // The addition to c is rounded to nearest.
  EXPECT_EQ(mma(1, {0x1.8p-12F}, {0x1p-12F}), bits(1 + 0x1p-23F));
  // Products of k mod 4 in {0, 1} come first: 2^25 at k = 0 and at k = 2.
  const float large = 0x1p12F;
  EXPECT_EQ(mma(0, {large, 1, -large}, {0x1p13F, 1, 0x1p13F}), bits(0));  // 2^25 + 1 is cut to 2^25
  EXPECT_EQ(mma(0, {large, -large, 1}, {0x1p13F, 0x1p13F, 1}), bits(1));
  EXPECT_EQ(mma(std::numeric_limits<float>::quiet_NaN(), {1}, {1}), 0x7fffffffU);
}

TEST(tensor_core, float_operations_round_once) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 20000; ++trial) {
    const auto any = [&](std::uint64_t low, std::uint64_t count) {
      return static_cast<std::uint32_t>((random() & 0x807fffff) | (low + random() % count) << 23);
    };
    const std::uint32_t a = any(trial % 3 == 0 ? 0 : 100, 40);
    const std::uint32_t b = any(100, 40);
    const std::uint32_t c = any(trial % 3 == 0 ? 0 : 90, 60);
    EXPECT_EQ(hex(binade::reference::gpu_add(a, c)),
              hex(bits(oracle::add32(oracle::float_of(a), oracle::float_of(c)))))
        << hex(a) << " + " << hex(c);
    EXPECT_EQ(
        hex(binade::reference::gpu_multiply_add(a, b, c)),
        hex(bits(oracle::fma32(oracle::float_of(a), oracle::float_of(b), oracle::float_of(c)))))
        << hex(a) << " * " << hex(b) << " + " << hex(c);
  }
  EXPECT_EQ(binade::reference::gpu_add(0x7f800000, 0xff800000), 0x7fffffffU);
  EXPECT_EQ(binade::reference::gpu_add(0xffc00001, 0), 0x7fffffffU);
  EXPECT_EQ(binade::reference::gpu_multiply(0x80000000, 0x3f800000), 0x80000000U);
  EXPECT_EQ(binade::reference::gpu_multiply_add(0x7f800000, 0, 0), 0x7fffffffU);
  EXPECT_EQ(binade::reference::gpu_multiply_add(0x7f7fffff, 0x40000000, 0), 0x7f800000U);
  EXPECT_EQ(binade::reference::gpu_multiply_add(0x80000000, 0x3f800000, 0x80000000), 0x80000000U);
}

constexpr std::uint32_t at_compile_time() {
  factors a{};
  factors b{};
  a[3] = binade::reference::make_tensor_core_factor(binade::unpack(3.0F), -6);
  b[3] = binade::reference::make_tensor_core_factor(binade::unpack(-0.5F), -6);
  return binade::reference::hopper_wgmma_fp8(a.data(), b.data(), 0x3f800000);
}
static_assert(at_compile_time() == 0xbf000000);

}  // namespace
