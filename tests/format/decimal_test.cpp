// SPDX-License-Identifier: MIT
#include "binade/format/decimal.hpp"

#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"  // for_each_value
#include "exact_decimal.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <gmpxx.h>
#include <random>
#include <string>

namespace {

using namespace binade;
using integer = detail::big_integer<40>;

mpz_class to_gmp(const integer& x) {
  mpz_class result;
  mpz_import(result.get_mpz_t(), static_cast<std::size_t>(x.size), -1, 4, 0, 0, x.words);
  return result;
}

/// A number of up to 600 bits whose words are often 0 or all ones, where carries go wrong.
integer random_integer(std::mt19937_64& generator) {
  integer x;
  const auto words = generator() % 19;
  for (std::uint64_t i = 0; i < words; ++i) {
    const std::uint64_t kind = generator() % 4;
    x.words[i] = kind == 0 ? 0 : (kind == 1 ? 0xffffffff : static_cast<std::uint32_t>(generator()));
    if (x.words[i] != 0) x.size = static_cast<int>(i) + 1;
  }
  return x;
}

TEST(big_integer, computes_as_gmp_does) {
  std::mt19937_64 generator(1);
  for (int i = 0; i < 20000; ++i) {
    const integer x = random_integer(generator);
    const mpz_class before = to_gmp(x);
    SCOPED_TRACE("x = " + before.get_str(16));

    const auto factor = static_cast<std::uint32_t>(generator() | 1);
    const auto addend = static_cast<std::uint32_t>(generator());
    integer y = x;
    y.multiply_add(factor, addend);
    ASSERT_EQ(to_gmp(y), before * factor + addend) << factor << " " << addend;

    const int fives = static_cast<int>(generator() % 100);
    mpz_class power;
    mpz_ui_pow_ui(power.get_mpz_t(), 5, static_cast<unsigned long>(fives));
    y = x;
    y.multiply_by_5s(fives);
    ASSERT_EQ(to_gmp(y), before * power) << fives;

    y = x;
    const std::uint32_t rest = y.divide(factor);
    ASSERT_EQ(to_gmp(y), before / factor) << factor;
    ASSERT_EQ(mpz_class(rest), before % factor) << factor;
    ASSERT_TRUE(y.size == 0 || y.words[y.size - 1] != 0);

    const auto shift = static_cast<unsigned>(generator() % 200);
    y = x;
    y.shift_left(static_cast<int>(shift));
    ASSERT_EQ(to_gmp(y), mpz_class(before << shift)) << shift;

    const integer z = random_integer(generator);
    const mpz_class other = to_gmp(z);
    ASSERT_EQ(x.less_than(z), before < other) << other.get_str(16);
    if (!x.less_than(z)) {
      y = x;
      y.subtract(z);
      ASSERT_EQ(to_gmp(y), mpz_class(before - other)) << other.get_str(16);
      ASSERT_TRUE(y.size == 0 || y.words[y.size - 1] != 0);
    }

    const auto bits = before == 0 ? 0 : static_cast<int>(mpz_sizeinbase(before.get_mpz_t(), 2));
    ASSERT_EQ(x.bit_count(), bits);
    if (bits > 0) {
      const int position = static_cast<int>(generator() % 64) + bits - 64;  // may be negative
      const mpz_class window = position >= 0
                                   ? mpz_class(before >> static_cast<unsigned>(position))
                                   : mpz_class(before << static_cast<unsigned>(-position));
      ASSERT_EQ(x.bits_at(position), window.get_ui()) << position;
      const mpz_class below =
          position > 0 ? mpz_class(before % (mpz_class(1) << static_cast<unsigned>(position))) : 0;
      ASSERT_EQ(x.any_bit_below(position), below != 0) << position;
    }
  }
}

TEST(big_integer, holds_machine_words) {
  for (const std::uint64_t x : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffffffff},
                                std::uint64_t{0x100000000}, ~std::uint64_t{0}}) {
    EXPECT_EQ(to_gmp(integer(x)), mpz_class(x)) << x;
  }
}

/// The value of an unpacked number.
oracle::rational exact(const unpacked& x) {
  if (x.kind == value_class::zero) return 0;
  const oracle::rational value =
      oracle::rational(mpz_class(x.significand)) * oracle::two_to(x.exponent - 63);
  return x.negative ? oracle::rational(-value) : value;
}

TEST(make_sticky, keeps_62_bits_and_the_mark) {
  // 2^63 + 3 has its lowest bits under the mark: they become it.
  EXPECT_EQ(detail::make_sticky(false, (std::uint64_t{1} << 63) | 3, 0, false).significand,
            (std::uint64_t{1} << 63) | 2);
  EXPECT_EQ(detail::make_sticky(false, 1, 5, false), scale_exponent(unpack(1), 5));
  EXPECT_EQ(detail::make_sticky(true, 3, -5, false), negate(scale_exponent(unpack(3), -5)));
  EXPECT_EQ(detail::make_sticky(false, 1, 0, true).significand, (std::uint64_t{1} << 63) | 2);
  // The mark outlives the shift in `add`: a sum with a smaller number still shows it.
  const unpacked marked = detail::make_sticky(false, 1, 0, true);
  EXPECT_EQ(add(marked, negate(unpack(1))).kind, value_class::finite);
  // Exponents that do not fit are clamped.
  EXPECT_EQ(detail::make_sticky(false, 1, std::int64_t{1} << 60, true).exponent, 1 << 20);
  EXPECT_EQ(detail::make_sticky(false, 1, -(std::int64_t{1} << 60), true).exponent, -(1 << 20));
}

template <class F>
auto reader_of(const std::string& digits) {
  constexpr auto limits = detail::decimal_limits::of(F::spec);
  detail::decimal_reader<limits.words> reader(limits);
  for (const char c : digits) reader.append(static_cast<unsigned>(c - '0'));
  return reader;
}

/// Checks that value() is the number truncated to 62 bits, with the mark if that loses something.
template <class F>
void check_reader(const std::string& digits, int position) {
  const oracle::rational number = oracle::rational_of(
      digits + "e" + std::to_string(position - static_cast<int>(digits.size()) + 1));
  const unpacked got = reader_of<F>(digits).value(false, position);
  ASSERT_EQ(got.kind, value_class::finite);
  unpacked low = got;
  low.significand &= ~std::uint64_t{3};
  const oracle::rational unit = oracle::two_to(got.exponent - 61);  // the lowest of 62 bits
  const oracle::rational kept = exact(low);
  ASSERT_EQ(got.significand & 1, 0U) << digits << " at " << position;
  if ((got.significand & 2) == 0) {
    ASSERT_EQ(kept, number) << digits << " at " << position;
  } else {
    ASSERT_LT(kept, number) << digits << " at " << position;
    ASSERT_LT(number, kept + unit) << digits << " at " << position;
  }
}

template <class F>
class decimal_of_format : public testing::Test {};
using formats = testing::Types<e4m3fn, e8m0fnu, e2m1fn, hif8, posit16, takum8, takum16, nf4,
                               dynamic8, int8, uint2, bfloat16, tfloat32>;
TYPED_TEST_SUITE(decimal_of_format, formats);

TYPED_TEST(decimal_of_format, reader_truncates_exact_numbers) {
  constexpr auto limits = detail::decimal_limits::of(TypeParam::spec);
  std::mt19937_64 generator(2);
  for (int i = 0; i < 3000; ++i) {
    std::string digits;
    const auto length = 1 + generator() % static_cast<std::uint64_t>(limits.kept_digits);
    for (std::uint64_t j = 0; j < length; ++j) {
      digits += static_cast<char>('0' + generator() % 10);
    }
    if (digits[0] == '0') digits[0] = '7';
    const int range = limits.highest_position - limits.lowest_position + 1;
    const int position =
        limits.lowest_position + static_cast<int>(generator() % static_cast<unsigned>(range));
    check_reader<TypeParam>(digits, position);
    if (this->HasFatalFailure()) return;
  }
  // The longest and the most extreme numbers, for which the words must suffice.
  for (const int position : {limits.lowest_position, 0, limits.highest_position}) {
    check_reader<TypeParam>(std::string(static_cast<std::size_t>(limits.kept_digits), '9'),
                            position);
    check_reader<TypeParam>("1", position);
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(decimal_of_format, limits_hold_every_value_and_boundary) {
  constexpr auto limits = detail::decimal_limits::of(TypeParam::spec);
  constexpr auto codes = describe(TypeParam::spec);
  // A number at the upper limit is beyond every boundary; one at the lower is less than 2^-33 of
  // the smallest magnitude, the least that stochastic rounding can tell from 0, and half of that.
  const auto largest =
      exact(unpack(TypeParam::from_bits(static_cast<std::uint32_t>(codes.largest))));
  const auto lowest = exact(unpack(TypeParam::from_bits(static_cast<std::uint32_t>(codes.lowest))));
  const auto above = oracle::rational_of("1e" + std::to_string(limits.highest_position + 1));
  EXPECT_GT(above, 2 * largest);
  EXPECT_GT(above, -2 * lowest);
  oracle::rational smallest = largest;
  for_each_value<TypeParam>([&](TypeParam x) {
    const oracle::rational size = abs(exact(unpack(x)));
    if (size != 0 && size < smallest) smallest = size;
  });
  EXPECT_LT(oracle::rational_of("1e" + std::to_string(limits.lowest_position)),
            smallest * oracle::two_to(-34));

  // Digits of each value, and of each midpoint with 33 bits of stochastic thresholds below it.
  std::size_t most = 0;
  oracle::rational before = 0;
  bool first = true;
  for_each_value<TypeParam>([&](TypeParam x) {
    const oracle::rational value = exact(unpack(x));
    if (!first && (TypeParam::bit_count <= 8 || x.bits() % 61 == 1)) {
      const oracle::rational threshold = before + (value - before) * oracle::two_to(-33);
      std::size_t digits = 0;
      for (const char c : oracle::exact_text(threshold)) {
        if (c >= '0' && c <= '9' && (digits != 0 || c != '0')) ++digits;
      }
      most = digits > most ? digits : most;
    }
    first = false;
    before = value;
  });
  EXPECT_LE(most, static_cast<std::size_t>(limits.kept_digits));
}

TYPED_TEST(decimal_of_format, exact_decimal_has_all_digits) {
  static constexpr auto limits = detail::decimal_limits::of(TypeParam::spec);
  for_each_value<TypeParam>([](TypeParam x) {
    const unpacked value = unpack(x);
    if (value.kind == value_class::zero) return;
    const auto d = detail::exact_decimal<limits.words, limits.significant_digits>(value);
    ASSERT_GT(d.count, 0);
    EXPECT_NE(d.digits[0], 0) << int(x.bits());
    EXPECT_NE(d.digits[d.count - 1], 0) << int(x.bits());
    std::string text;
    for (int i = 0; i < d.count; ++i) text += static_cast<char>('0' + d.digits[i]);
    text += "e" + std::to_string(d.exponent - d.count + 1);
    EXPECT_EQ(oracle::rational_of(text), abs(exact(value))) << text;
  });
}

TEST(decimal_reader, digits_beyond_the_limit_leave_a_mark) {
  constexpr auto kept =
      static_cast<std::size_t>(detail::decimal_limits::of(e4m3fn::spec).kept_digits);
  const std::string one = "1" + std::string(kept - 1, '0');
  const unpacked exact_one = reader_of<e4m3fn>(one + std::string(100000, '0')).value(false, 0);
  EXPECT_EQ(exact_one, scale_exponent(unpack(1), 0));
  const unpacked more = reader_of<e4m3fn>(one + std::string(100000, '0') + "1").value(false, 0);
  EXPECT_EQ(compare_magnitudes(more, exact_one), 1);
}

TEST(decimal_reader, far_exponents_are_huge_or_tiny) {
  const auto reader = reader_of<e4m3fn>("5");
  EXPECT_GT(reader.value(false, std::int64_t{1} << 50).exponent, 1000);
  EXPECT_LT(reader.value(false, -(std::int64_t{1} << 50)).exponent, -1000);
  EXPECT_TRUE(reader.value(true, std::int64_t{1} << 50).negative);
}

}  // namespace
