// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/quantize_cell.hpp"

#include "binade/format/catalog.hpp"
#include "oracle/binary32.hpp"
#include "oracle/catalog.hpp"
#include "oracle/quantizer.hpp"
#include "oracle/round.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using binade::inf_mode;
using binade::quantize_counts;
using binade::unpack;
using binade::unpacked;
using binade::value_class;
using binade::reference::cell_range;
using binade::reference::encode_policies;
using binade::reference::group_scale;
using binade::reference::row_piece;

namespace reference = binade::reference;

using oracle::exact;
using oracle::rational;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float largest_float = std::numeric_limits<float>::max();

cell_range scanned(const std::vector<float>& x, inf_mode mode = inf_mode::saturate) {
  cell_range r;
  reference::scan(row_piece<float>{x.data(), 1, x.size(), 0, 1}, mode, r);
  return r;
}

TEST(quantize_cell, scan_finds_the_largest_of_each_sign) {
  const cell_range r = scanned({1.0F, -3.0F, 0.5F, -0.0F, 2.5F, -0x1p-149F});
  EXPECT_EQ(r.max_positive, 2.5F);
  EXPECT_EQ(r.max_negative, 3.0F);
  EXPECT_EQ(r.amax(), 3.0F);
  EXPECT_FALSE(r.has_nan);
  EXPECT_EQ(scanned({4.0F, -3.0F}).amax(), 4.0F);
  EXPECT_EQ(scanned({}).amax(), 0.0F);
  EXPECT_EQ(scanned({-0.0F}).max_negative, 0.0F);
  EXPECT_FALSE(std::signbit(scanned({-0.0F}).amax()));
  EXPECT_EQ(scanned({-0x1p-149F}).amax(), 0x1p-149F);
}

TEST(quantize_cell, scan_ignores_nan_and_reports_it) {
  const cell_range r = scanned({1.0F, -nan, 2.0F, oracle::float_of(0x7f800001U)});
  EXPECT_EQ(r.amax(), 2.0F);
  EXPECT_TRUE(r.has_nan);
}

TEST(quantize_cell, scan_takes_infinities_as_told) {
  const std::vector<float> x{1.0F, -infinity, 2.0F};
  EXPECT_EQ(scanned(x).max_negative, largest_float);
  EXPECT_EQ(scanned(x).max_positive, 2.0F);
  EXPECT_FALSE(scanned(x).has_nan);
  EXPECT_EQ(scanned(x, inf_mode::poison).amax(), 2.0F);
  EXPECT_TRUE(scanned(x, inf_mode::poison).has_nan);
}

TEST(quantize_cell, scan_widens_and_follows_the_stride) {
  const std::vector<float> x{1, 9, 2, 9, -3, 9};
  cell_range r;
  r.max_positive = 1.5F;
  reference::scan(row_piece<float>{x.data(), 2, 3, 0, 1}, inf_mode::saturate, r);
  EXPECT_EQ(r.max_positive, 2.0F);
  EXPECT_EQ(r.max_negative, 3.0F);
  reference::scan(row_piece<float>{&x[5], -4, 2, 0, 1}, inf_mode::saturate, r);
  EXPECT_EQ(r.max_positive, 9.0F);
  // Narrower sources.
  const std::vector<binade::bfloat16> b{binade::bfloat16(-2.0F), binade::bfloat16(7.0F)};
  cell_range s;
  reference::scan(row_piece<binade::bfloat16>{b.data(), 1, 2, 0, 1}, inf_mode::saturate, s);
  EXPECT_EQ(s.max_positive, 7.0F);
  EXPECT_EQ(s.max_negative, 2.0F);
  static_assert([] {
    constexpr float y[] = {1, -2};
    cell_range c;
    reference::scan(row_piece<float>{y, 1, 2, 0, 1}, inf_mode::saturate, c);
    return c.amax();
  }() == 2.0F);
}

TEST(quantize_cell, scaled_is_the_exact_quotient) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const float x = oracle::float_of(static_cast<std::uint32_t>(random()));
    const float s = std::fabs(oracle::float_of(static_cast<std::uint32_t>(random())));
    if (!std::isfinite(x) || !std::isfinite(s) || s == 0 || x == 0) continue;
    const unpacked y = reference::scaled(unpack(x), unpack(s));
    const rational q = exact(x) / exact(s);
    EXPECT_EQ(binade::to_double(y), oracle::nearest_double(q)) << x << " / " << s;
    EXPECT_EQ(binade::to_double(y, binade::rounding::toward_zero{}) == binade::to_double(y),
              abs(exact(oracle::nearest_double(q))) <= abs(q))
        << x << " / " << s << ": what is lost must leave a trace";
  }
}

TEST(quantize_cell, scaled_keeps_signs_and_classes) {
  const unpacked one = unpack(1.0F);
  const unpacked third = unpack(1.0F / 3);
  for (const unpacked& scale : {one, third}) {
    for (const float x : {0.0F, -0.0F, infinity, -infinity, nan, -nan}) {
      const unpacked y = reference::scaled(unpack(x), scale);
      EXPECT_EQ(y.kind, unpack(x).kind) << x;
      EXPECT_EQ(y.negative, std::signbit(x)) << x;
    }
  }
  // The scale of a block of zeros.
  const unpacked zero = reference::scaled(unpack(-0.0F), unpack(0.0F));
  EXPECT_EQ(zero.kind, value_class::zero);
  EXPECT_TRUE(zero.negative);
  EXPECT_EQ(reference::scaled(unpack(nan), unpack(0.0F)).kind, value_class::nan);
}

template <class F, class R = binade::rounding::ties_to_even>
std::vector<std::uint64_t> codes_of(const std::vector<float>& x, float scale,
                                    const encode_policies& policies, quantize_counts& counts,
                                    int element_exponent = 0, const R& rounding = {},
                                    std::int64_t zero_point = 0) {
  std::vector<std::uint64_t> codes(x.size());
  const group_scale s{unpack(scale), unpack(scale), zero_point};
  reference::encode_piece(F::spec, element_exponent, row_piece<float>{x.data(), 1, x.size(), 0, 1},
                          s, rounding, policies, counts,
                          [&codes](std::size_t i, std::uint64_t code) { codes[i] = code; });
  return codes;
}

TEST(quantize_cell, codes_are_the_nearest_to_the_exact_quotient) {
  std::mt19937 random(2);
  const oracle::format& f = oracle::by_name("e4m3fn");
  for (const float scale : {1.0F, 0.1F, 3.0F, 0x1p-126F, 0x1p100F}) {
    for (const int exponent : {0, -6, 5}) {
      std::vector<float> x;
      // Around every boundary times the scale: two roundings would miss some.
      for (const double b : f.boundaries) {
        const float near =
            oracle::nearest_float(rational(exact(b) * exact(scale) * oracle::two_to(exponent)));
        if (!std::isfinite(near)) continue;
        x.push_back(near);
        x.push_back(std::nextafter(near, infinity));
        x.push_back(std::nextafter(near, -infinity));
      }
      quantize_counts counts;
      const std::vector<std::uint64_t> codes =
          codes_of<binade::e4m3fn>(x, scale, {}, counts, exponent);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!std::isfinite(x[i])) continue;
        oracle::number q = oracle::number::zero(std::signbit(x[i]));
        if (x[i] != 0) {
          q = oracle::number::of(rational(exact(x[i]) / (exact(scale) * oracle::two_to(exponent))));
        }
        EXPECT_EQ(codes[i], encode(f, q, oracle::mode::ties_to_even, oracle::saturation::finite))
            << x[i] << " / " << scale << " / 2^" << exponent;
      }
    }
  }
}

TEST(quantize_cell, each_sign_has_its_scale) {
  const std::vector<float> x{3.0F, -3.0F, 0.0F, -0.0F};
  std::vector<std::uint64_t> codes(4);
  const group_scale s{unpack(1.0F), unpack(0.5F), 0};
  quantize_counts counts;
  reference::encode_piece(binade::e2m1fn::spec, 0, row_piece<float>{x.data(), 1, 4, 0, 1}, s,
                          binade::rounding::ties_to_even{}, {}, counts,
                          [&codes](std::size_t i, std::uint64_t code) { codes[i] = code; });
  EXPECT_EQ(codes, (std::vector<std::uint64_t>{5, 0xf, 0, 8}));  // 3, -6
}

TEST(quantize_cell, counts_each_element_once) {
  quantize_counts counts;
  encode_policies policies;
  const std::vector<float> x{nan, infinity, -infinity, 7.0F, 6.0F, 0.25F, -0.1F, 0.0F, 0.26F};
  static_cast<void>(codes_of<binade::e2m1fn>(x, 1.0F, policies, counts));
  EXPECT_EQ(counts, (quantize_counts{.nan = 1, .infinite = 2, .clipped = 1, .underflowed = 2}));
  // They add up over calls; a poisonous infinity is still an infinity.
  policies.infinities = inf_mode::poison;
  const auto codes = codes_of<binade::e4m3fn>({-infinity, infinity}, 1.0F, policies, counts);
  EXPECT_EQ(codes, (std::vector<std::uint64_t>{0xff, 0x7f}));
  EXPECT_EQ(counts.infinite, 4U);
}

TEST(quantize_cell, stochastic_rounding_uses_the_index_of_the_element) {
  // 0.5 ulp everywhere: the code tells the random bit.
  const std::vector<float> x(40, 1.25F);
  const binade::rounding::stochastic r{.seed = 9, .stream = 4, .bits = 1, .index = 100};
  std::vector<std::uint64_t> codes(40);
  const group_scale s{unpack(1.0F), unpack(1.0F), 0};
  quantize_counts counts;
  reference::encode_piece(binade::e2m1fn::spec, 0, row_piece<float>{x.data(), 1, 40, 7, 3}, s, r,
                          {}, counts,
                          [&codes](std::size_t i, std::uint64_t code) { codes[i] = code; });
  for (std::size_t i = 0; i < 40; ++i) {
    const std::uint32_t bit = oracle::random_bits(9, 4, 100 + 7 + 3 * i, 1);
    EXPECT_EQ(codes[i], 2U + bit) << i;  // 1 or 1.5
  }
}

TEST(quantize_cell, zero_points_shift_codes_after_rounding) {
  quantize_counts counts;
  // 2.5 and 3.5 round to even before 3 is added; the ends of the range hold the rest.
  const auto codes = codes_of<binade::uint4>({2.5F, 3.5F, -3.0F, -9.0F, 20.0F, 0.0F, 0.4F}, 1.0F,
                                             {}, counts, 0, binade::rounding::ties_to_even{}, 3);
  EXPECT_EQ(codes, (std::vector<std::uint64_t>{5, 7, 0, 0, 15, 3, 3}));
  EXPECT_EQ(counts.underflowed, 1U);  // 0.4
  encode_policies zero;
  zero.rules.nan = binade::nan_mode::zero;
  EXPECT_EQ(
      codes_of<binade::uint4>({nan}, 1.0F, zero, counts, 0, binade::rounding::ties_to_even{}, 3),
      (std::vector<std::uint64_t>{3}));
  encode_policies largest;
  largest.rules.nan = binade::nan_mode::largest;
  EXPECT_EQ(codes_of<binade::int4>({nan, -infinity}, 1.0F, largest, counts, 0,
                                   binade::rounding::ties_to_even{}, 3),
            (std::vector<std::uint64_t>{7, 8}));
}

TEST(quantize_cell, element_value_is_exact) {
  std::mt19937 random(3);
  for (int i = 0; i < 500; ++i) {
    const auto code = static_cast<std::uint32_t>(random()) & 0xffU;
    const float scale =
        oracle::float_of(0x3f000000U + static_cast<std::uint32_t>(random()) % 0xffffffU);
    const group_scale s{unpack(scale), unpack(2 * scale), 5};
    const auto integer = static_cast<std::int8_t>(code);
    const unpacked v = reference::element_value(binade::decode(binade::int8::spec, code), s, -6);
    const long difference = integer - 5;
    const rational expected = rational(difference) * exact(difference < 0 ? 2 * scale : scale) / 64;
    EXPECT_EQ(binade::to_double(v), oracle::nearest_double(expected)) << integer << " " << scale;
  }
  const group_scale nan_scale{unpack(nan), unpack(nan), 0};
  EXPECT_EQ(reference::element_value(unpack(0.0F), nan_scale, 0).kind, value_class::nan);
}

TEST(quantize_cell, tensor_scales_multiply_or_divide) {
  using enum binade::tensor_scale_kind;
  const unpacked x = unpack(3.0F);
  const unpacked t = unpack(0.3F);
  const rational exact_t = exact(0.3F);
  EXPECT_EQ(reference::with_tensor_scale(x, none, t), x);
  EXPECT_EQ(binade::to_double(reference::with_tensor_scale(x, multiplier, t)),
            oracle::nearest_double(rational(3 * exact_t)));
  EXPECT_EQ(binade::to_double(reference::with_tensor_scale(x, divisor, t)),
            oracle::nearest_double(rational(3 / exact_t)));
}

}  // namespace
