// SPDX-License-Identifier: MIT

// Exact arithmetic on unpacked values. That every format's operators are rounded once is the
// contract in format_contract_operations_*_test.cpp; here the exact values themselves are compared
// with rationals, in every rounding mode, at widths that the formats do not reach.

#include "binade/format/arithmetic.hpp"

#include "binade/format/codec.hpp"
#include "contract_support.hpp"
#include "oracle/arithmetic.hpp"

#include <random>

namespace {

using namespace binade;
using contract::value_of;

/// Doubles of 1 to 53 significand bits whose exponents are close, far apart, and at the ends.
std::vector<double> operands(std::uint64_t seed, int count, int exponent_range, int max_bits) {
  std::mt19937_64 random(seed);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    const int bits = 1 + static_cast<int>(random() % static_cast<std::uint64_t>(max_bits));
    const std::uint64_t significand = (random() >> (64 - bits)) | 1U << 0;
    const int exponent =
        static_cast<int>(random() % static_cast<std::uint64_t>(2 * exponent_range + 1)) -
        exponent_range;
    const double x = std::ldexp(static_cast<double>(significand), exponent - bits);
    values.push_back((random() & 1) != 0 ? -x : x);
  }
  return values;
}

/// The float (as a format of 24 bits, without an exponent limit that matters here) that a rational
/// rounds to: by the definition of each mode, from the two neighbours.
double rounded_rational(const oracle::rational& q, oracle::mode how) {
  if (q == 0) return 0;
  double below = static_cast<float>(q.get_d());
  if (oracle::exact(below) > q) below = std::nextafterf(static_cast<float>(below), -INFINITY);
  if (oracle::exact(below) == q) return below;
  double above = std::nextafterf(static_cast<float>(below), INFINITY);
  if (oracle::exact(above) <= q) {
    below = above;
    above = std::nextafterf(static_cast<float>(below), INFINITY);
    if (oracle::exact(below) == q) return below;
  }
  const auto odd = [](double x) {
    const auto f = static_cast<float>(x);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &f, sizeof bits);
    return (bits & 1) != 0;
  };
  const oracle::rational twice = 2 * q - oracle::exact(below) - oracle::exact(above);
  const double outer = q > 0 ? above : below;
  const double inner = q > 0 ? below : above;
  switch (how) {
    case oracle::mode::toward_zero:
      return inner;
    case oracle::mode::toward_positive:
      return above;
    case oracle::mode::toward_negative:
      return below;
    case oracle::mode::to_odd:
      return odd(below) ? below : above;
    case oracle::mode::ties_to_even:
      return twice == 0 ? (odd(below) ? above : below) : (twice < 0 ? below : above);
    default:
      return twice == 0 ? outer : (twice < 0 ? below : above);
  }
}

void expect_rounded(contract::checker& c, const unpacked& got, const oracle::rational& exact,
                    const char* operation, double a, double b) {
  for (const contract::mode_pair& mode : contract::modes) {
    const double rounded = to_float(got, mode.ours);
    const double wanted = rounded_rational(exact, mode.theirs);
    c.check(rounded == wanted, [&] {
      return std::string(operation) + " " + contract::shown(a) + ", " + contract::shown(b) +
             " in " + mode.name + " gives " + contract::shown(rounded) + ", expected " +
             contract::shown(wanted);
    });
  }
}

TEST(arithmetic, sums_products_and_quotients_round_as_the_exact_ones) {
  contract::checker c("arithmetic");
  // Exponents within +-60: results stay normal floats. Sums of numbers 2^120 apart need the sticky
  // bit; numbers a few bits apart cancel.
  for (const int range : {2, 30, 60}) {
    const std::vector<double> as = operands(1 + static_cast<std::uint64_t>(range), 700, range, 53);
    const std::vector<double> bs = operands(2 + static_cast<std::uint64_t>(range), 700, range, 53);
    for (std::size_t i = 0; i < as.size(); ++i) {
      const double a = as[i];
      const double b = i % 7 == 0 ? -std::nextafter(a, INFINITY) : bs[i];
      const oracle::rational x = oracle::exact(a);
      const oracle::rational y = oracle::exact(b);
      if (x + y != 0 && abs(x + y) > oracle::two_to(-100)) {
        expect_rounded(c, add(unpack(a), unpack(b)), x + y, "add", a, b);
      }
      expect_rounded(c, multiply(unpack(a), unpack(b)), x * y, "multiply", a, b);
      expect_rounded(c, divide(unpack(a), unpack(b)), x / y, "divide", a, b);
    }
  }
  EXPECT_GE(c.count(), 700U * 3 * 2 * 6);
}

TEST(arithmetic, divisors_of_at_most_32_bits_take_the_short_way_and_agree) {
  contract::checker c("divide");
  const std::vector<double> as = operands(11, 2000, 20, 53);
  const std::vector<double> bs = operands(12, 2000, 20, 32);
  for (std::size_t i = 0; i < as.size(); ++i) {
    expect_rounded(c, divide(unpack(as[i]), unpack(bs[i])),
                   oracle::exact(as[i]) / oracle::exact(bs[i]), "divide", as[i], bs[i]);
  }
}

/// multiply_add takes factors of at most 63 bits together: 31 and 32 here.
TEST(arithmetic, multiply_add_rounds_as_the_exact_sum) {
  contract::checker c("multiply_add");
  const std::vector<double> as = operands(21, 3000, 12, 31);
  const std::vector<double> bs = operands(22, 3000, 12, 32);
  const std::vector<double> cs = operands(23, 3000, 24, 53);
  for (std::size_t i = 0; i < as.size(); ++i) {
    const oracle::rational product = oracle::exact(as[i]) * oracle::exact(bs[i]);
    // Every third addend nearly cancels the product.
    const double d = i % 3 == 0 ? -product.get_d() : cs[i];
    const oracle::rational exact = product + oracle::exact(d);
    const unpacked got = multiply_add(unpack(as[i]), unpack(bs[i]), unpack(d));
    if (exact == 0) {
      EXPECT_EQ(got.kind, value_class::zero);
    } else if (abs(exact) > oracle::two_to(-120)) {
      expect_rounded(c, got, exact, "multiply_add", as[i], bs[i]);
    }
  }
}

TEST(arithmetic, square_roots_round_as_the_exact_ones) {
  contract::checker c("square_root");
  std::vector<double> xs = operands(31, 3000, 100, 53);
  for (int k = 1; k < 300; ++k) {
    const double square = double{static_cast<float>(k)} * k;
    for (const double x : contract::doubles_at(square)) xs.push_back(x);  // exact roots and beside
  }
  const oracle::format floats = [] {  // a 12-bit format that the library lacks: 1-8-3
    return oracle::minifloat("e8m3", 8, 3, 127, oracle::specials::ieee);
  }();
  const float_spec spec{.exponent_bits = 8,
                        .mantissa_bits = 3,
                        .bias = 127,
                        .nan = nan_codes::ieee,
                        .infinity = infinity_codes::ieee};
  for (const double x : xs) {
    const double size = std::fabs(x);
    const oracle::number root = oracle::number::root_of(oracle::exact(size));
    const unpacked got = square_root(unpack(size));
    for (const contract::mode_pair& mode : contract::modes) {
      c.check_code(floats, encode(spec, got, mode.ours, {}),
                   encode(floats, root, mode.theirs, oracle::saturation::finite),
                   [&] { return "sqrt " + contract::shown(size) + " in " + mode.name; });
    }
    // The nearest double is the hardware's root.
    c.check(to_double(got) == std::sqrt(size), [&] { return "sqrt " + contract::shown(size); });
  }
}

/// In binary64, round to nearest even, the processor is a second oracle.
TEST(arithmetic, agrees_with_binary64_hardware) {
  const std::vector<double> as = operands(41, 20000, 500, 53);
  const std::vector<double> bs = operands(42, 20000, 500, 53);
  for (std::size_t i = 0; i < as.size(); ++i) {
    const double a = as[i];
    const double b = bs[i];
    ASSERT_EQ(to_double(add(unpack(a), unpack(b))), a + b)
        << contract::shown(a) << contract::shown(b);
    ASSERT_EQ(to_double(multiply(unpack(a), unpack(b))), a * b)
        << contract::shown(a) << contract::shown(b);
    ASSERT_EQ(to_double(divide(unpack(a), unpack(b))), a / b)
        << contract::shown(a) << contract::shown(b);
  }
}

/// Zeros, infinities and NaN: IEEE 754-2019, 6 and 7, which the processor follows.
TEST(arithmetic, specials_follow_ieee_754) {
  const double values[] = {
      0.0, -0.0, 1.0, -1.0, -2.5, contract::infinity, -contract::infinity, std::nan("")};
  const auto expect = [](const unpacked& got, double wanted, const char* what, double a, double b) {
    EXPECT_TRUE(contract::same_value(to_double(got), wanted))
        << what << " " << a << ", " << b << ": " << to_double(got) << ", expected " << wanted;
  };
  for (const double a : values) {
    expect(negate(unpack(a)), -a, "negate", a, 0);
    EXPECT_EQ(negate(unpack(a)).negative, !std::signbit(a));
    expect(square_root(unpack(a)), std::sqrt(a), "square_root", a, 0);
    for (const double b : values) {
      expect(add(unpack(a), unpack(b)), a + b, "add", a, b);
      expect(multiply(unpack(a), unpack(b)), a * b, "multiply", a, b);
      expect(divide(unpack(a), unpack(b)), a / b, "divide", a, b);
      for (const double d : values) {
        expect(multiply_add(unpack(a), unpack(b), unpack(d)), std::fma(a, b, d), "fma", a, b);
      }
    }
  }
}

TEST(arithmetic, is_usable_in_constant_expressions) {
  static_assert(add(unpack(1.5), unpack(-0.25)) == add(unpack(1.0), unpack(0.25)));
  static_assert(to_double(multiply(unpack(3), unpack(0.5F))) == 1.5);
  static_assert(to_double(divide(unpack(1), unpack(4))) == 0.25);
  static_assert(to_double(square_root(unpack(2.25))) == 1.5);
  static_assert(to_double(multiply_add(unpack(2), unpack(3), unpack(-6))) == 0);
  static_assert(!multiply_add(unpack(2), unpack(3), unpack(-6)).negative);
  EXPECT_EQ(to_double(negate(unpack(7))), -7);
}

}  // namespace
