// SPDX-License-Identifier: MIT

// Minifloats of any widths without infinity and NaN. The oracle evaluates fields in binary64.

#include "binade/format/exmy.hpp"

#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/format/limits.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace {

using namespace binade;

double value_of(int exponent_bits, int mantissa_bits, std::uint32_t code) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int mantissa = static_cast<int>(code & ((1U << mantissa_bits) - 1));
  const int exponent = static_cast<int>(code >> mantissa_bits & ((1U << exponent_bits) - 1));
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                    : std::ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
  return code >> (exponent_bits + mantissa_bits) != 0 ? -magnitude : magnitude;
}

template <int E, int M>
void check_all_codes() {
  using format = exmy<E, M>;
  double largest = 0;
  for_each_code<format>([&](format x) {
    const double wanted = value_of(E, M, x.bits());
    EXPECT_EQ(static_cast<double>(x), wanted)
        << format::names.name << " code " << std::bitset<1 + E + M>(x.bits());
    EXPECT_EQ(std::signbit(static_cast<float>(x)), std::signbit(wanted)) << std::size_t{x.bits()};
    EXPECT_EQ(convert<format>(wanted).bits(), x.bits()) << wanted;
    largest = std::fmax(largest, wanted);
  });
  EXPECT_EQ(static_cast<double>(std::numeric_limits<format>::max()), largest);
  EXPECT_FALSE(std::numeric_limits<format>::has_infinity);
  EXPECT_FALSE(std::numeric_limits<format>::has_quiet_NaN);
  EXPECT_EQ(static_cast<double>(format(std::numeric_limits<float>::infinity())), largest);
  EXPECT_EQ(static_cast<double>(format(std::numeric_limits<float>::quiet_NaN())), largest);
}

TEST(exmy, every_code_is_the_number_its_fields_say) {
  check_all_codes<1, 1>();
  check_all_codes<2, 0>();
  check_all_codes<1, 6>();
  check_all_codes<3, 4>();
  check_all_codes<4, 3>();
  check_all_codes<5, 2>();
  check_all_codes<6, 1>();
  check_all_codes<7, 0>();
  check_all_codes<5, 6>();
  check_all_codes<8, 7>();
}

template <class A, class B>
void check_same_codes() {
  static_assert(A::bit_count == B::bit_count);
  for_each_code<A>([](A a) {
    EXPECT_EQ(static_cast<float>(a), static_cast<float>(B::from_bits(a.bits())))
        << B::names.name << " code " << std::bitset<8>(a.bits());
  });
}

TEST(exmy, catalogue_formats_without_infinity_and_nan_have_the_same_codes) {
  check_same_codes<exmy<2, 5>, e2m5>();
  check_same_codes<exmy<2, 3>, e2m3fn>();
  check_same_codes<exmy<3, 2>, e3m2fn>();
  check_same_codes<exmy<2, 1>, e2m1fn>();
  check_same_codes<exmy<3, 0>, e3m0>();
  check_same_codes<exmy<1, 2>, e1m2>();
}

TEST(exmy, names) {
  EXPECT_STREQ((exmy<4, 3>::names.name), "exmy_e4m3");
  EXPECT_STREQ((exmy<5, 10>::names.name), "exmy_e5m10");
  static_assert(sizeof(exmy<2, 1>) == 1 && sizeof(exmy<5, 6>) == 2);
}

}  // namespace
