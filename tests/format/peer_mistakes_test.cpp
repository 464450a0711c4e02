// SPDX-License-Identifier: MIT

// What other libraries get wrong (formats.md, part B), one test a row: each input that one of them
// mishandles, with the right answer. The name of a test is the peer and the row.

#include "binade/core/parallel.hpp"
#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"
#include "binade/format/limits.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_span.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace binade;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_float = std::numeric_limits<float>::quiet_NaN();

float float_of(std::uint32_t bits) { return bit_cast<float>(bits); }

/// One row quantized into a block format, with its values back.
struct round_trip {
  std::vector<float> values;
  std::vector<std::uint32_t> codes;
  std::vector<std::uint32_t> scales;
  quantize_counts counts;
  std::size_t size_bytes = 0;
};

template <class Block, class... Options>
round_trip through(const std::vector<float>& x, const Options&... options) {
  const auto q = quantize<Block>(matrix_view(x, 1, x.size()), options...);
  round_trip r;
  r.values.resize(x.size());
  dequantize(q, matrix_view(r.values, 1, x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) r.codes.push_back(q.view().code(0, i));
  const std::size_t blocks = q.description().layout.scale_count();
  for (std::size_t i = 0; i < blocks; ++i) r.scales.push_back(q.view().scale_code(i));
  r.counts = q.counts();
  r.size_bytes = q.size_bytes();
  return r;
}

/// 32 elements: those given, then zeros.
std::vector<float> block_of(std::vector<float> x, std::size_t size = 32) {
  x.resize(size, 0.0F);
  return x;
}

// ----------------------------------------------------------------------------------- Universal

TEST(peer_mistakes, universal_u1_double_rounding) {
  EXPECT_EQ(float{e4m3fn(1.0625 + 0x1p-40)}, 1.125F);
  EXPECT_EQ(float{bfloat16(1 + 0x1p-8 + 0x1p-40)}, 1.0078125F);
}

TEST(peer_mistakes, universal_u2_mxint8_has_emax_0) {
  const round_trip floor = through<mxint8>(block_of({1.99F, 1.0F}), scaling::pow2_floor{});
  EXPECT_EQ(floor.scales[0], 127U);  // 2^0
  EXPECT_EQ(floor.values[0], 1.984375F);
  EXPECT_EQ(floor.values[1], 1.0F);
  // By default nothing clips: 1.99 > 127/64 takes the next exponent.
  const round_trip own = through<mxint8>(block_of({1.99F, 1.0F}));
  EXPECT_EQ(own.scales[0], 128U);
  EXPECT_EQ(own.values[0], 2.0F);
  EXPECT_EQ(own.values[1], 1.0F);
  EXPECT_EQ(own.counts.clipped, 0U);
}

TEST(peer_mistakes, universal_u3_mxfp8_e5m2_saturates) {
  for (const float amax : {1.9F, 1.76F, 1.9999F, 3.9F, 1.9F * 0x1p100F, 3.4e38F}) {
    const round_trip q = through<mxfp8_e5m2>(block_of({amax, -amax, 1.0F}), scaling::pow2_floor{});
    const float step = std::ldexp(1.0F, std::ilogb(amax));
    EXPECT_EQ(q.codes[0], 0x7bU) << amax;  // 57344, not infinity
    EXPECT_EQ(q.values[0], 1.75F * step) << amax;
    EXPECT_EQ(q.values[1], -1.75F * step) << amax;
    EXPECT_EQ(q.counts.clipped, 2U) << amax;
    // The largest element may be negative.
    const round_trip negative =
        through<mxfp8_e5m2>(block_of({amax / 8, -amax}), scaling::pow2_floor{});
    EXPECT_EQ(negative.scales[0], q.scales[0]) << amax;
    EXPECT_EQ(negative.codes[1], 0xfbU) << amax;
  }
}

TEST(peer_mistakes, universal_u4_small_blocks_divide_by_the_stored_scale) {
  // The exponent that the rule asks for is below -127: the stored scale is 2^-127.
  const std::vector<float> x = block_of({5.3e-38F, 0.0F, -1e-39F, 1e-45F});
  const round_trip q = through<mxfp8_e5m2>(x);
  EXPECT_EQ(q.scales[0], 0U);
  const double scale = std::ldexp(1.0, -127);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float element = float{e5m2(double{x[i]} / scale)};  // a division by 2^-127 is exact
    EXPECT_EQ(double{q.values[i]}, element * scale) << i;
  }
  EXPECT_NEAR(q.values[0], 5.3e-38F, 5.3e-38F / 8);  // half a step of 2 mantissa bits
  EXPECT_EQ(q.values[1], 0.0F);
}

/// The exponent of amax comes from its bits: std::log2(nextbelow(2^k)) is k for up to 44 floats.
template <class Block>
void expect_floor_below_powers(int emax) {
  for (int k = -100; k <= 127; ++k) {
    float x = std::ldexp(1.0F, k);
    for (int i = 0; i < 44; ++i) {
      x = std::nextafter(x, 0.0F);
      const round_trip q = through<Block>({x}, scaling::pow2_floor{});
      const int wanted = k - 1 - emax + 127;
      ASSERT_EQ(q.scales[0], static_cast<std::uint32_t>(wanted < 0 ? 0 : wanted))
          << Block::names.name << ", " << i + 1 << " floats below 2^" << k;
    }
  }
}

TEST(peer_mistakes, universal_u5_exponents_come_from_bits) {
  EXPECT_EQ(through<mxfp4>({std::nextafter(8.0F, 0.0F)}, scaling::pow2_floor{}).scales[0], 127U);
  expect_floor_below_powers<mxfp4>(2);
  expect_floor_below_powers<mxfp8_e4m3>(8);
  expect_floor_below_powers<mxint8>(0);
}

TEST(peer_mistakes, universal_u6_infinity_and_nan_in_a_block) {
  // Infinity counts as the largest float, then saturates; its neighbours keep their meaning.
  const round_trip q = through<mxfp8_e4m3>(block_of({inf, -inf, 1e38F}));
  EXPECT_EQ(q.scales[0], 127U + 120);  // the smallest E with FLT_MAX <= 448 * 2^E
  EXPECT_EQ(q.codes[0], 0x7eU);
  EXPECT_EQ(q.codes[1], 0xfeU);
  // 1e38 in E4M3 under the scale of the largest float, 2^120: within half a step of 3 bits.
  EXPECT_NEAR(q.values[2], 1e38F, 1e38F / 16);
  EXPECT_EQ(q.counts.infinite, 2U);
  // NaN poisons its block, visibly, and no other.
  std::vector<float> x(64, 1.0F);
  x[3] = nan_float;
  const round_trip poisoned = through<mxfp8_e4m3>(x);
  EXPECT_EQ(poisoned.scales[0], 0xffU);
  EXPECT_TRUE(std::isnan(poisoned.values[0]) && std::isnan(poisoned.values[3]));
  EXPECT_EQ(poisoned.codes[0], 0U);
  EXPECT_EQ(poisoned.values[32], 1.0F);
  EXPECT_EQ(poisoned.counts.nan, 1U);
  // On request infinities do the same.
  EXPECT_EQ(through<mxfp4>(block_of({inf, 1.0F}), inf::poison{}).scales[0], 0xffU);
}

TEST(peer_mistakes, universal_u7_e8m0_rounds_values_not_logarithms) {
  EXPECT_EQ(e8m0fnu(0.0F).bits(), 0x00);
  EXPECT_TRUE(isnan(e8m0fnu(-1.0F)));
  // The threshold between 1 and 2 is 1.5, not sqrt(2).
  EXPECT_EQ(float{e8m0fnu(1.45F)}, 1.0F);
  EXPECT_EQ(float{e8m0fnu(1.51F)}, 2.0F);
  // The same at compile time and at run time, for subnormal floats too.
  constexpr float tie = 0x1.8p-127F;
  constexpr e8m0fnu constant(tie);
  volatile float hidden = tie;
  EXPECT_EQ(constant.bits(), e8m0fnu(float{hidden}).bits());
  EXPECT_EQ(constant.bits(), 0);  // the tie between 2^-127 (code 0) and 2^-126 (code 1): even
}

TEST(peer_mistakes, universal_u8_numeric_limits_of_e4m3) {
  using l = std::numeric_limits<e4m3fn>;
  static_assert(l::digits10 == 0 && l::max_digits10 == 3);
  static_assert(l::min_exponent == -5 && l::max_exponent == 9);
  static_assert(!l::has_signaling_NaN);
  EXPECT_EQ(l::digits, 4);
}

TEST(peer_mistakes, universal_u9_names_mean_the_published_formats) {
  EXPECT_EQ(float{std::numeric_limits<e4m3fn>::max()}, 448.0F);
  EXPECT_EQ(float{std::numeric_limits<e5m2>::max()}, 57344.0F);
  EXPECT_EQ(float{std::numeric_limits<e2m1fn>::max()}, 6.0F);
  EXPECT_FALSE(std::numeric_limits<e2m1fn>::has_infinity);
  EXPECT_FALSE(std::numeric_limits<e2m1fn>::has_quiet_NaN);
}

TEST(peer_mistakes, universal_u10_blocks_are_packed) {
  const std::vector<float> x(32, 1.0F);
  EXPECT_EQ(through<mxfp4>(x).size_bytes, 17U);
  EXPECT_EQ(through<mxfp8_e4m3>(x).size_bytes, 33U);
  EXPECT_EQ(through<mxfp8_e5m2>(x).size_bytes, 33U);
  EXPECT_EQ(through<mxfp6_e2m3>(x).size_bytes, 25U);
  EXPECT_EQ(through<mxfp6_e3m2>(x).size_bytes, 25U);
  EXPECT_EQ(through<mxint8>(x).size_bytes, 33U);
  EXPECT_EQ(through<nvfp4>(x).size_bytes, 2U * 9 + 4);  // and the tensor scale
}

/// A literal, without the compiler's opinion on it.
bool equals(e2m1fn a, double literal) { return a == literal; }

TEST(peer_mistakes, universal_u11_literals_are_not_rounded_before_a_comparison) {
  EXPECT_FALSE(e2m1fn(1.5F) == 1.6F);
  EXPECT_FALSE(equals(e2m1fn(1.5F), 1.6));
  EXPECT_TRUE(equals(e2m1fn(1.5F), 1.5));
}

TEST(peer_mistakes, universal_u12_saturation_is_no_part_of_the_type) {
  static_assert(std::is_same_v<decltype(convert<e4m3fn>(1.0F, saturation::finite{})),
                               decltype(convert<e4m3fn>(1.0F, saturation::none{}))>);
  EXPECT_EQ(convert<e4m3fn>(1e9F, saturation::finite{}).bits(), 0x7e);
  EXPECT_EQ(convert<e4m3fn>(1e9F, saturation::none{}).bits(), 0x7f);
}

// ----------------------------------------------------------------------------------- ml_dtypes

TEST(peer_mistakes, ml_dtypes_m1_saturation_includes_infinity) {
  EXPECT_EQ(convert<e4m3fn>(inf, saturation::finite{}).bits(), 0x7e);
  EXPECT_EQ(convert<e4m3fn>(-inf, saturation::finite{}).bits(), 0xfe);
  EXPECT_EQ(convert<e5m2>(inf, saturation::finite{}).bits(), 0x7b);
  EXPECT_EQ(convert<e5m2>(-inf, saturation::finite{}).bits(), 0xfb);
}

TEST(peer_mistakes, ml_dtypes_m2_one_nan_whatever_the_source) {
  EXPECT_EQ(e5m2(float16::from_bits(0x7d00)).bits(), 0x7f);
  EXPECT_EQ(e5m2(nan_float).bits(), 0x7f);
  EXPECT_EQ(e5m2(std::nan("")).bits(), 0x7f);
  EXPECT_EQ(e5m2(bfloat16::from_bits(0x7f81)).bits(), 0x7f);
  EXPECT_EQ(e5m2(float16::from_bits(0xfd00)).bits(), 0xff);
}

TEST(peer_mistakes, ml_dtypes_m3_nan_to_formats_without_nan) {
  for (const float x : {nan_float, -nan_float}) {
    EXPECT_EQ(e2m1fn(x).bits(), 0x7);
    EXPECT_EQ(e2m3fn(x).bits(), 0x1f);
    EXPECT_EQ(e3m2fn(x).bits(), 0x1f);
    EXPECT_EQ(convert<e2m1fn>(x, nan::zero{}).bits(), 0x0);
  }
  // In bulk it can be an error: a tensor's NaN does not vanish unnoticed.
  const std::vector<float> x = {1.0F, nan_float};
  EXPECT_THROW(static_cast<void>(quantize<e2m1fn>(vector_view(x))), error);
  EXPECT_NO_THROW(static_cast<void>(quantize<e2m1fn>(vector_view(x), nan::zero{})));
}

TEST(peer_mistakes, ml_dtypes_m4_e8m0_zero_and_ties) {
  EXPECT_EQ(convert<e8m0fnu>(0.0F, saturation::finite{}).bits(), 0x00);
  EXPECT_EQ(convert<e8m0fnu>(0.0F, saturation::none{}).bits(), 0x00);
  // 3 lies between 2 (0x80) and 4 (0x81), 6 between 4 and 8 (0x82): even codes; up on request.
  EXPECT_EQ(e8m0fnu(3.0F).bits(), 0x80);
  EXPECT_EQ(e8m0fnu(6.0F).bits(), 0x82);
  EXPECT_EQ(convert<e8m0fnu>(3.0F, rounding::ties_to_even_significand{}).bits(), 0x81);
  EXPECT_EQ(convert<e8m0fnu>(6.0F, rounding::ties_to_even_significand{}).bits(), 0x82);
}

TEST(peer_mistakes, ml_dtypes_m5_constexpr_and_explicit) {
  static_assert(e4m3fn(0.3F).bits() == 0x2a);
  static_assert(!std::is_convertible_v<float, e4m3fn>);
  static_assert(!std::is_convertible_v<takum8, float>);
  static_assert(!std::is_convertible_v<e4m3fn, float16> && !std::is_convertible_v<e4m3fn, e5m2>);
  SUCCEED();
}

// ------------------------------------------------------------------------------------- CUTLASS

TEST(peer_mistakes, cutlass_c1_numeric_limits) {
  using ue8m0 = std::numeric_limits<e8m0fnu>;
  static_assert(ue8m0::quiet_NaN().bits() == 0xff && !ue8m0::has_infinity && ue8m0::digits == 1);
  static_assert(ue8m0::lowest().bits() == 0x00 && ue8m0::max().bits() == 0xfe);
  using scale = std::numeric_limits<ue4m3>;
  static_assert(!scale::is_signed && scale::quiet_NaN().bits() == 0x7f);
  static_assert(scale::lowest().bits() == 0x00);
  using fp8 = std::numeric_limits<e4m3fn>;
  static_assert(fp8::digits == 4 && fp8::min().bits() == 0x08 && fp8::denorm_min().bits() == 0x01);
  EXPECT_EQ(float{std::numeric_limits<e2m3fn>::lowest()}, -7.5F);
  EXPECT_EQ(float{std::numeric_limits<e3m2fn>::lowest()}, -28.0F);
}

TEST(peer_mistakes, cutlass_c2_nan_is_not_finite) {
  EXPECT_FALSE(isfinite(e4m3fn(nan_float)));
  EXPECT_FALSE(isfinite(e5m2(nan_float)));
  EXPECT_FALSE(isfinite(e5m2::from_bits(0x7c)));
  EXPECT_TRUE(isnan(e4m3fn(nan_float)));
}

TEST(peer_mistakes, cutlass_c3_infinity_and_negative_numbers_in_unsigned_formats) {
  EXPECT_EQ(convert<e8m0fnu>(inf, saturation::finite{}).bits(), 0xfe);
  EXPECT_EQ(convert<e8m0fnu>(inf, saturation::none{}).bits(), 0xff);
  EXPECT_EQ(ue4m3(-1.0F).bits(), 0x7f);
  EXPECT_EQ(convert<ue4m3>(-1.0F, negative::abs{}).bits(), 0x38);
}

TEST(peer_mistakes, cutlass_c4_doubles_do_not_pass_through_float) {
  EXPECT_EQ(float{e4m3fn(1.0625 + 0x1p-40)}, 1.125F);
  EXPECT_EQ(convert<e8m0fnu>(2 + 0x1p-40, rounding::toward_positive{}).bits(), 0x81);
  EXPECT_EQ(convert<e8m0fnu>(2.0, rounding::toward_positive{}).bits(), 0x80);
}

TEST(peer_mistakes, cutlass_c5_rounding_leaves_the_environment_and_has_a_mode_without_saturation) {
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  const float scaled = float{e4m3fn(1.0625F)};
  const auto integer = int8(2.5F).bits();
  const int mode = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(mode, FE_UPWARD);
  EXPECT_EQ(scaled, 1.0F);  // and the environment does not reach the result
  EXPECT_EQ(integer, 2);
  EXPECT_EQ(convert<e4m3fn>(1e9F, saturation::none{}).bits(), 0x7f);
}

TEST(peer_mistakes, cutlass_c5_packed_references_go_backwards) {
  std::vector<std::byte> bytes(4);
  packed_iterator<e2m1fn> i(bytes.data(), 5);
  for (int offset = -5; offset <= 2; ++offset) {
    i[offset] = e2m1fn::from_bits(static_cast<std::uint32_t>(offset + 8));
  }
  for (int offset = -5; offset <= 2; ++offset) {
    EXPECT_EQ(e2m1fn{i[offset]}.bits(), offset + 8);
    EXPECT_EQ(e2m1fn{*(i + offset)}.bits(), offset + 8);
  }
}

// -------------------------------------------------------------------------------- CUDA headers

TEST(peer_mistakes, cuda_nan_has_one_form_from_float_and_double) {
  EXPECT_EQ(e4m3fn(-nan_float).bits(), 0xff);
  EXPECT_EQ(e4m3fn(-std::nan("")).bits(), 0xff);
  EXPECT_EQ(e5m2(float_of(0x7fa00000)).bits(), 0x7f);
  EXPECT_EQ(e5m2(std::nan("0x4000000000000")).bits(), 0x7f);
}

TEST(peer_mistakes, cuda_e8m0_of_negative_numbers_is_nan_unless_asked) {
  EXPECT_TRUE(isnan(e8m0fnu(-4.0F)));
  EXPECT_EQ(convert<e8m0fnu>(-4.0F, negative::abs{}).bits(), 0x81);
}

// ------------------------------------------------------------------------------------- cpfloat

TEST(peer_mistakes, cpfloat_p1_e4m3_ends_at_448) {
  EXPECT_EQ(float{e4m3fn(470.0F)}, 448.0F);
  EXPECT_TRUE(isnan(convert<e4m3fn>(470.0F, saturation::none{})));
  EXPECT_EQ(float{convert<e4m3fn>(464.0F, saturation::none{})}, 448.0F);
  EXPECT_TRUE(isnan(convert<e4m3fn>(std::nextafter(464.0F, inf), saturation::none{})));
}

TEST(peer_mistakes, cpfloat_p2_every_nan_payload_stays_nan) {
  for (const std::uint32_t bits : {0x7fffffffU, 0x7f800001U, 0xffffffffU, 0xff800001U}) {
    EXPECT_TRUE(isnan(e4m3fn(float_of(bits)))) << bits;
    EXPECT_TRUE(isnan(e5m2(float_of(bits)))) << bits;
    EXPECT_TRUE(isnan(bfloat16(float_of(bits)))) << bits;
    EXPECT_TRUE(isnan(float16(float_of(bits)))) << bits;
    EXPECT_TRUE(isnan(hif8(float_of(bits)))) << bits;
  }
}

TEST(peer_mistakes, cpfloat_p3_nonsense_options_are_refused) {
  const std::vector<float> x(32, 1.0F);
  for (const int bits : {0, 3, 33, -1}) {
    EXPECT_THROW(static_cast<void>(
                     quantize<mxfp4>(matrix_view(x, 1, 32), rounding::stochastic{.bits = bits})),
                 error)
        << bits;
  }
  EXPECT_THROW(static_cast<void>(quantize<e4m3fn>(matrix_view(x, 1, 32), scaling::given{-1.0F})),
               error);
  EXPECT_THROW(
      static_cast<void>(quantize<e4m3fn>(matrix_view(x, 1, 32), scaling::given{nan_float})), error);
}

TEST(peer_mistakes, cpfloat_p4_rounding_up_a_tiny_negative_number_keeps_the_sign) {
  EXPECT_EQ(convert<e5m2>(-1e-30F, rounding::toward_positive{}).bits(), 0x80);
  EXPECT_EQ(convert<e4m3fn>(-1e-45F, rounding::toward_positive{}).bits(), 0x80);
  EXPECT_EQ(convert<e4m3fn>(1e-45F, rounding::toward_negative{}).bits(), 0x00);
  EXPECT_EQ(convert<e4m3fn>(1e-45F, rounding::toward_positive{}).bits(), 0x01);
}

TEST(peer_mistakes, cpfloat_p5_randomness_does_not_depend_on_threads) {
  std::vector<float> x(200 * 64);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1.0F + static_cast<float>(i % 97) / 1000;
  const rounding::stochastic mode{.seed = 11, .stream = 5};
  const auto alone = quantize<mxfp4>(matrix_view(x, 200, 64), mode);
  threads pool(3);
  const auto shared = quantize<mxfp4>(matrix_view(x, 200, 64), mode, executor_ref(pool));
  EXPECT_TRUE(std::equal(alone.codes().begin(), alone.codes().end(), shared.codes().begin(),
                         shared.codes().end()));
}

// -------------------------------------------------------------------------------------- FloatX

TEST(peer_mistakes, floatx_f1_large_numbers_nan_and_subnormals_from_float) {
  EXPECT_EQ(float{e5m2(1e6F)}, 57344.0F);
  EXPECT_EQ(float{float16(1e6F)}, inf);
  EXPECT_TRUE(isnan(e5m2(nan_float)));
  for (std::uint32_t code = 0; code < 0x400; ++code) {  // every subnormal of binary16
    const float value = std::ldexp(static_cast<float>(code), -24);
    EXPECT_EQ(float16(value).bits(), code);
    EXPECT_EQ(float{float16::from_bits(code)}, value);
  }
}

TEST(peer_mistakes, floatx_f2_nan_with_a_low_payload_is_no_infinity) {
  EXPECT_TRUE(isnan(e5m2(float_of(0x7f800001))));
  EXPECT_TRUE(isnan(float16(float_of(0x7f800001))));
  EXPECT_FALSE(isinf(bfloat16(float_of(0x7f800001))));
  EXPECT_TRUE(isnan(convert<e5m2>(float16::from_bits(0x7c01))));
}

TEST(peer_mistakes, floatx_f3_size_is_the_formats) {
  static_assert(sizeof(e4m3fn) == 1 && sizeof(e2m1fn) == 1 && sizeof(hif8) == 1);
  static_assert(sizeof(float16) == 2 && sizeof(e5m6) == 2 && sizeof(tfloat32) == 4);
  SUCCEED();
}

// ---------------------------------------------------------------------------- mxDataGenerator

TEST(peer_mistakes, mxdatagenerator_a1_464_is_a_tie_that_stays) {
  EXPECT_EQ(convert<e4m3fn>(464.0F, saturation::none{}).bits(), 0x7e);
  EXPECT_EQ(convert<ue5m3>(118784.0F, saturation::none{}).bits(), 0xfe);
}

TEST(peer_mistakes, mxdatagenerator_a2_negative_overflow_is_negative) {
  EXPECT_EQ(convert<e4m3fn>(-1e9F, saturation::none{}).bits(), 0xff);
  EXPECT_EQ(convert<e5m2>(-1e9F, saturation::none{}).bits(), 0xfc);
}

TEST(peer_mistakes, mxdatagenerator_a3_negative_zero_stays_negative) {
  EXPECT_EQ(e4m3fn(-0.0F).bits(), 0x80);
  EXPECT_EQ(e2m1fn(-0.0F).bits(), 0x8);
  const round_trip q = through<mxfp4>(block_of({-0.0F, 1.0F}));
  EXPECT_TRUE(std::signbit(q.values[0]));
  const round_trip zeros = through<mxfp4>(block_of({-0.0F, 0.0F}));
  EXPECT_TRUE(std::signbit(zeros.values[0]));
  EXPECT_FALSE(std::signbit(zeros.values[1]));
}

TEST(peer_mistakes, mxdatagenerator_a4_negative_nan_is_one_byte) {
  EXPECT_EQ(std::uint32_t{convert<e4m3fn>(-nan_float, saturation::finite{}).bits()}, 0xffU);
  EXPECT_EQ(std::uint32_t{convert<float16>(-nan_float, saturation::finite{}).bits()}, 0xfe00U);
}

// ---------------------------------------------------------------------------------------- ggml

TEST(peer_mistakes, ggml_gg1_ue4m3_uses_its_top_binade_and_rounds_to_even) {
  EXPECT_EQ(float{ue4m3(255.0F)}, 256.0F);
  EXPECT_EQ(float{ue4m3(300.0F)}, 288.0F);
  EXPECT_EQ(float{ue4m3(320.0F)}, 320.0F);
  EXPECT_EQ(ue4m3(7.6F * 0x1p-9F).bits(), 0x08);  // the carry into the normal numbers
  EXPECT_EQ(float{ue4m3(1.0625F)}, 1.0F);
  EXPECT_EQ(float{ue4m3(1.1875F)}, 1.25F);
  EXPECT_TRUE(isnan(ue4m3::from_bits(0x7f)));
}

TEST(peer_mistakes, ggml_gg1_tiny_blocks_have_the_smallest_scale) {
  for (const float x : {1e-45F, 1e-44F, 1e-40F, 3e-39F}) {
    EXPECT_EQ(through<mxfp4>(block_of({x})).scales[0], 0U) << x;
    EXPECT_EQ(through<mxfp4>(block_of({x}), scaling::pow2_floor{}).scales[0], 0U) << x;
    EXPECT_EQ(through<mxfp8_e4m3>(block_of({-x})).scales[0], 0U) << x;
  }
}

TEST(peer_mistakes, ggml_gg1_ties_go_to_even_codes) {
  EXPECT_EQ(float{e2m1fn(2.5F)}, 2.0F);
  EXPECT_EQ(float{e2m1fn(3.5F)}, 4.0F);
  EXPECT_EQ(float{e2m1fn(0.25F)}, 0.0F);
  EXPECT_EQ(float{e2m1fn(0.75F)}, 1.0F);
}

// -------------------------------------------------------------------------------------- gfloat

TEST(peer_mistakes, gfloat_g1_scale_of_the_float_below_a_power_of_two) {
  const float x = std::nextafter(0x1p10F, 0.0F);
  EXPECT_EQ(through<mxfp8_e4m3>({x}, scaling::pow2_floor{}).scales[0], 127U + 9 - 8);
}

TEST(peer_mistakes, gfloat_g2_all_zero_block_has_the_smallest_scale) {
  const round_trip q = through<mxfp8_e4m3>(std::vector<float>(32, 0.0F));
  EXPECT_EQ(q.scales[0], 0U);
  for (const float x : q.values) EXPECT_EQ(x, 0.0F);
}

TEST(peer_mistakes, gfloat_g3_add_truncate_is_biased_toward_zero) {
  const rounding::stochastic mode{.bits = 4};
  for (std::uint64_t k = 0; k < 64; ++k) {  // d = k / 64
    int ups = 0;
    for (std::uint64_t r = 0; r < 16; ++r) ups += mode.rounds_up(k << 58, r);
    EXPECT_EQ(ups, static_cast<int>(k / 4)) << k;  // floor(16 d): never more than 16 d
  }
}

// --------------------------------------------------------------------------------- microxcaling

TEST(peer_mistakes, microxcaling_x1_nearest_means_ties_to_even) {
  // amax 6 gives the scale 1: these are ties of E2M1.
  const round_trip q =
      through<mxfp4>(block_of({6, 0.25F, 0.75F, 1.25F, 1.75F, 2.5F, 3.5F, 5, -2.5F}));
  EXPECT_EQ(q.scales[0], 127U);
  const std::vector<float> wanted = {6, 0, 1, 1, 2, 2, 4, 4, -2};
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(q.values[i], wanted[i]) << i;
}

TEST(peer_mistakes, microxcaling_x2_nan_is_found) {
  for (const std::uint32_t bits : {0x7f800001U, 0x7fc00000U, 0xffffffffU}) {
    EXPECT_EQ(through<mxfp6_e3m2>(block_of({1.0F, float_of(bits)})).scales[0], 0xffU) << bits;
  }
}

TEST(peer_mistakes, microxcaling_x3_infinity_is_no_nan) {
  const round_trip q = through<mxfp8_e5m2>(block_of({inf}));
  EXPECT_NE(q.scales[0], 0xffU);
  EXPECT_EQ(q.counts.infinite, 1U);
  EXPECT_EQ(q.counts.nan, 0U);
}

TEST(peer_mistakes, microxcaling_x4_far_smaller_elements_underflow) {
  const round_trip q = through<mxfp4>(block_of({3e38F, 1e-38F, -1e-45F, 1.0F}));
  EXPECT_EQ(q.values[1], 0.0F);
  EXPECT_EQ(q.values[2], 0.0F);
  EXPECT_TRUE(std::signbit(q.values[2]));
  EXPECT_EQ(q.counts.underflowed, 3U);
}

// ------------------------------------------------------------------------- HiF8 in other codebases

TEST(peer_mistakes, mindspore_hif8_rounds_and_keeps_the_top) {
  EXPECT_EQ(float{hif8(1.9F)}, 1.875F);
  EXPECT_EQ(float{hif8(1.95F)}, 2.0F);
  EXPECT_EQ(float{hif8(15.5F)}, 16.0F);
  EXPECT_EQ(float{convert<hif8>(40000.0F, saturation::none{})}, 32768.0F);
  EXPECT_TRUE(isinf(convert<hif8>(40960.0F, saturation::none{})));
}

TEST(peer_mistakes, mindspore_hif8_minus_zero_is_zero) {
  EXPECT_EQ((-hif8(0.0F)).bits(), 0x00);
  EXPECT_FALSE(isnan(-hif8(0.0F)));
  EXPECT_EQ(hif8(-0.0F).bits(), 0x00);
  EXPECT_EQ((hif8(0.0F) * hif8(-1.0F)).bits(), 0x00);
}

TEST(peer_mistakes, en_dtypes_hif8_saturates_from_40960_on) {
  for (const float x : {40960.0F, 45000.0F, 49151.0F, 49152.0F, 1e30F, inf}) {
    EXPECT_EQ(convert<hif8>(x, saturation::finite{}).bits(), 0x6e) << x;
    EXPECT_EQ(convert<hif8>(-x, saturation::finite{}).bits(), 0xee) << x;
  }
}

// ------------------------------------------------------------------------------------- APFloat

TEST(peer_mistakes, apfloat_infinity_to_formats_without_it_is_the_largest_value) {
  for (const float x : {inf, nan_float}) {
    EXPECT_EQ(e2m1fn(x).bits(), 0x7);
    EXPECT_EQ(e2m3fn(x).bits(), 0x1f);
    EXPECT_EQ(e3m2fn(x).bits(), 0x1f);
  }
  EXPECT_EQ(e2m1fn(-inf).bits(), 0xf);
}

}  // namespace
