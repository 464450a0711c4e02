// SPDX-License-Identifier: MIT

#include "binade/format/codec.hpp"

#include "contract_support.hpp"

#include <random>

namespace {

using namespace binade;

static_assert(format_spec<float_spec> && format_spec<integer_spec> && format_spec<hif8_spec> &&
              format_spec<posit_spec> && format_spec<takum_spec> &&
              format_spec<codebook_spec<256>> && format_spec<codebook_view>);
static_assert(!format_spec<int> && !format_spec<any_format>);

double double_of(std::uint64_t bits) {
  double x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// Doubles that are hard to narrow: floats, midpoints of floats and their neighbours, at every
/// binary32 exponent, subnormal and overflowing ones too.
std::vector<double> hard_to_narrow() {
  std::mt19937_64 random(5);
  std::vector<double> values;
  for (int exponent = -152; exponent <= 128; ++exponent) {
    for (int i = 0; i < 8; ++i) {
      const double x = std::ldexp(1 + std::ldexp(static_cast<double>(random() >> 40), -24),
                                  exponent);  // a float or the midpoint of two
      for (const double y : contract::doubles_at(x)) {
        values.push_back(y);
        values.push_back(-y);
      }
    }
  }
  for (const double x : oracle::special_inputs()) values.push_back(x);
  return values;
}

TEST(codec, to_float_is_the_nearest_float) {
  for (const double x : hard_to_narrow()) {
    const float wanted = static_cast<float>(x);  // the processor rounds to nearest even
    EXPECT_TRUE(contract::same_value(to_float(unpack(x)), wanted)) << contract::shown(x);
  }
}

TEST(codec, to_float_follows_mode_and_saturation) {
  namespace r = rounding;
  const double above = 1 + contract::two_to(-40);
  const double largest = std::numeric_limits<float>::max();
  EXPECT_EQ(to_float(unpack(above), r::toward_positive{}), 1 + 0x1p-23F);
  EXPECT_EQ(to_float(unpack(above), r::toward_zero{}), 1.0F);
  EXPECT_EQ(to_float(unpack(-above), r::toward_negative{}), -1 - 0x1p-23F);
  EXPECT_EQ(to_float(unpack(above), r::to_odd{}), 1 + 0x1p-23F);
  EXPECT_EQ(to_float(unpack(1e300)), INFINITY);
  EXPECT_EQ(to_float(unpack(1e300), r::toward_zero{}), largest);
  EXPECT_EQ(to_float(unpack(1e300), r::ties_to_even{}, {.saturation = saturation_mode::finite}),
            largest);
  EXPECT_EQ(to_float(unpack(-INFINITY), r::ties_to_even{}, {.saturation = saturation_mode::finite}),
            -largest);
  EXPECT_EQ(
      to_float(unpack(-INFINITY), r::ties_to_even{}, {.saturation = saturation_mode::propagate}),
      -INFINITY);
}

TEST(codec, to_double_is_exact_for_doubles_and_rounds_wider_values) {
  for (const double x : hard_to_narrow()) {
    EXPECT_TRUE(contract::same_value(to_double(unpack(x)), x)) << contract::shown(x);
  }
  // 2^63 + 1 needs 64 bits: the tie 2^53 + 1 goes to even, anything above it up.
  EXPECT_EQ(to_double(unpack((UINT64_C(1) << 53) + 1)), contract::two_to(53));
  EXPECT_EQ(to_double(unpack((UINT64_C(1) << 53) + 3)), contract::two_to(53) + 4);
  EXPECT_EQ(to_double(unpack((UINT64_C(1) << 63) + 1025)), contract::two_to(63) + 2048);
  EXPECT_EQ(to_double(unpack(UINT64_MAX)), contract::two_to(64));
  EXPECT_EQ(to_double(scale_exponent(unpack(1), -1074)), 5e-324);
  EXPECT_EQ(to_double(scale_exponent(unpack(1), -1075)), 0);
  EXPECT_EQ(to_double(scale_exponent(unpack(3), -1076)), 5e-324);  // a tie would be 2^-1075
  EXPECT_EQ(to_double(scale_exponent(unpack(1), 1024)), contract::infinity);
}

TEST(codec, nan_keeps_its_sign_and_becomes_quiet) {
  for (const std::uint32_t bits : {0x7f800001U, 0x7fffffffU, 0xff800001U, 0xffc12345U}) {
    const float got = to_float(unpack(oracle::float_of(bits)));
    std::uint32_t got_bits = 0;
    std::memcpy(&got_bits, &got, sizeof got);
    EXPECT_EQ(got_bits, (bits & 0x80000000U) | 0x7fc00000U);
  }
}

/// The specs of the built-in types are the built-in types.
TEST(codec, builtin_specs_decode_as_the_builtin_types) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    EXPECT_TRUE(contract::same_value(contract::value_of(decode(binary32_spec, bits >> 32)),
                                     oracle::float_of(static_cast<std::uint32_t>(bits >> 32))));
    EXPECT_TRUE(
        contract::same_value(contract::value_of(decode(binary64_spec, bits)), double_of(bits)));
    if (classify(binary64_spec, bits) != value_class::nan) {
      EXPECT_EQ(encode(binary64_spec, unpack(double_of(bits)), rounding::ties_to_even{}, {}), bits);
    }
  }
  EXPECT_EQ(describe(binary32_spec).code_bits, 32);
  EXPECT_EQ(describe(binary64_spec).code_bits, 64);
}

TEST(codec, is_usable_in_constant_expressions) {
  static_assert(to_float(unpack(1.0 + 0x1p-40)) == 1.0F);
  static_assert(to_double(unpack(0.1F)) == 0.1F);
  static_assert(encode(float_spec{.exponent_bits = 4, .mantissa_bits = 3, .bias = 7}, unpack(1),
                       rounding::ties_to_even{}, {}) == 0x38);
  SUCCEED();
}

}  // namespace
