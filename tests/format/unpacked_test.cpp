// SPDX-License-Identifier: MIT

#include "binade/format/unpacked.hpp"

#include "contract_support.hpp"

#include <climits>
#include <random>

namespace {

using namespace binade;
using contract::same_value;
using contract::value_of;

double double_of(std::uint64_t bits) {
  double x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// Bit patterns that reach every field value: each exponent with mantissas of all zeros, all ones,
/// one bit at each end, and a random one.
template <class Bits>
std::vector<Bits> patterns(int exponent_bits, int mantissa_bits) {
  std::mt19937_64 random(1);
  std::vector<Bits> all;
  const Bits ones = (Bits{1} << mantissa_bits) - 1;
  for (Bits sign = 0; sign < 2; ++sign) {
    for (Bits exponent = 0; exponent < Bits{1} << exponent_bits; ++exponent) {
      for (const Bits mantissa : {Bits{0}, ones, Bits{1}, Bits{1} << (mantissa_bits - 1),
                                  static_cast<Bits>(random()) & ones}) {
        all.push_back(sign << (exponent_bits + mantissa_bits) | exponent << mantissa_bits |
                      mantissa);
      }
    }
  }
  return all;
}

void expect_unpacked(const unpacked& got, double x, int fraction_bits) {
  EXPECT_TRUE(same_value(value_of(got), x)) << contract::shown(x);
  EXPECT_EQ(got.negative, std::signbit(x)) << contract::shown(x);  // NaN keeps its sign
  EXPECT_EQ(got.source_fraction_bits, fraction_bits);
  const bool finite = std::isfinite(x) && x != 0;
  EXPECT_EQ(got.kind == value_class::finite, finite) << contract::shown(x);
  if (finite) {
    EXPECT_EQ(got.significand >> 63, 1U) << contract::shown(x);
    EXPECT_EQ(got.exponent, std::ilogb(x)) << contract::shown(x);
  }
}

TEST(unpacked, floats_of_every_exponent_are_exact) {
  for (const std::uint32_t bits : patterns<std::uint32_t>(8, 23)) {
    const float x = oracle::float_of(bits);
    expect_unpacked(unpack(x), x, 23);
  }
}

TEST(unpacked, doubles_of_every_exponent_are_exact) {
  for (const std::uint64_t bits : patterns<std::uint64_t>(11, 52)) {
    const double x = double_of(bits);
    expect_unpacked(unpack(x), x, 52);
  }
}

template <class T>
void expect_integer(T x) {
  const unpacked got = unpack(x);
  const bool negative = x < T{0};
  // The magnitude of the lowest value is computed modulo 2^64.
  const auto magnitude =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
  EXPECT_EQ(got.negative, negative) << +x;
  EXPECT_EQ(got.source_fraction_bits, 0);
  if (magnitude == 0) {
    EXPECT_EQ(got.kind, value_class::zero);
    return;
  }
  ASSERT_EQ(got.kind, value_class::finite) << +x;
  EXPECT_EQ(got.significand >> (63 - got.exponent), magnitude) << +x;
  EXPECT_EQ(got.significand << got.exponent << 1, 0U) << +x;  // nothing below the units
}

TEST(unpacked, integers_of_every_type_are_exact) {
  for (int x = SCHAR_MIN; x <= SCHAR_MAX; ++x) {
    expect_integer(static_cast<signed char>(x));
    expect_integer(static_cast<unsigned char>(x));
    expect_integer(static_cast<short>(x * 257));
    expect_integer(static_cast<unsigned short>(x * 257));
    expect_integer(x * (1 << 24));
    expect_integer(static_cast<unsigned>(x) * 0x1010101U);
    expect_integer(std::int64_t{x} * (INT64_C(1) << 56));
    expect_integer(static_cast<std::uint64_t>(x) * 0x101010101010101U);
  }
  expect_integer(INT64_MIN);
  expect_integer(INT64_MAX);
  expect_integer(UINT64_MAX);
  expect_integer(INT_MIN);
  EXPECT_EQ(unpack(true).exponent, 0);
  EXPECT_EQ(unpack(false).kind, value_class::zero);
}

/// What compare_values and compare_magnitudes must say of two doubles.
int sign_of(double difference) { return (difference > 0) - (difference < 0); }

TEST(unpacked, comparisons_order_by_value) {
  const std::vector<double> values = {-1e300, -3,     -2,  -1.5, -1,  -0.5, -5e-324, -0.0,
                                      0.0,    5e-324, 0.5, 1.0,  1.5, 2,    3,       1e300};
  for (const double a : values) {
    for (const double b : values) {
      const int order = a < b ? -1 : a > b;
      EXPECT_EQ(compare_values(unpack(a), unpack(b)), order) << a << ", " << b;
      EXPECT_EQ(compare_magnitudes(unpack(a), unpack(b)),
                sign_of(std::fabs(a) == std::fabs(b) ? 0 : (std::fabs(a) < std::fabs(b) ? -1 : 1)))
          << a << ", " << b;
    }
  }
}

TEST(unpacked, scale_exponent_is_exact_and_leaves_specials_alone) {
  for (const double x : {1.0, -3.5, 5e-324, 1e300}) {
    for (const int n : {-40, -1, 0, 1, 40}) {
      const unpacked scaled = scale_exponent(unpack(x), n);
      EXPECT_EQ(scaled.exponent, std::ilogb(x) + n);
      EXPECT_EQ(scaled.significand, unpack(x).significand);
      EXPECT_EQ(scaled.negative, x < 0);
    }
  }
  for (const double x : {0.0, -0.0, contract::infinity, -contract::infinity}) {
    EXPECT_EQ(scale_exponent(unpack(x), 5), unpack(x)) << x;
  }
  EXPECT_EQ(scale_exponent(unpack(std::nan("")), 5).kind, value_class::nan);
}

TEST(unpacked, is_usable_in_constant_expressions) {
  static_assert(unpack(1.5F).exponent == 0 && unpack(1.5F).significand == 3ULL << 62);
  static_assert(unpack(-8).negative && unpack(-8).exponent == 3);
  static_assert(unpack(0.0).kind == value_class::zero);
  static_assert(compare_values(unpack(2), unpack(3.0)) == -1);
  static_assert(scale_exponent(unpack(1), -127).exponent == -127);
  static_assert(unpacked{}.kind == value_class::zero);
  EXPECT_EQ(unpack(2), unpack(std::uint8_t{2}));
}

}  // namespace
