// SPDX-License-Identifier: MIT
#pragma once

// The contract of the value types' operations: arithmetic as if exact and rounded once, and what
// depends on the order of the values. As in typed_contract.hpp the calls of each type go into a
// table, so that the tests are compiled once.

#include "binade/format/convert.hpp"
#include "binade/format/limits.hpp"
#include "contract_support.hpp"
#include "oracle/arithmetic.hpp"

#include <climits>
#include <compare>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace contract {

using unary_call = std::uint32_t (*)(std::uint32_t);
using binary_call = std::uint32_t (*)(std::uint32_t, std::uint32_t);

struct operation_calls {
  const char* name;
  binary_call add, subtract, multiply, divide;
  binary_call add_to, subtract_from, multiply_by, divide_by;  // the compound assignments
  std::uint32_t (*fused)(std::uint32_t, std::uint32_t, std::uint32_t);
  unary_call square_root, negate, plus, abs, fabs, next_up, next_down;
  binary_call copysign, nextafter;
  bool (*equal)(std::uint32_t, std::uint32_t);
  std::partial_ordering (*compare)(std::uint32_t, std::uint32_t);
  bool (*less)(std::uint32_t, std::uint32_t);
  bool (*isnan)(std::uint32_t);
  bool (*isinf)(std::uint32_t);
  bool (*isfinite)(std::uint32_t);
  bool (*signbit)(std::uint32_t);
  int (*ilogb)(std::uint32_t);
  std::size_t (*hash)(std::uint32_t);
  std::pair<std::uint32_t, std::uint32_t> (*neighbours)(double);
  std::vector<std::uint32_t> (*values)();
  std::vector<std::uint32_t> (*codes)();
};

template <class F>
operation_calls operation_calls_of() {
  using u32 = std::uint32_t;
  operation_calls t{};
  t.name = F::names.name;
  t.add = [](u32 a, u32 b) -> u32 { return (F::from_bits(a) + F::from_bits(b)).bits(); };
  t.subtract = [](u32 a, u32 b) -> u32 { return (F::from_bits(a) - F::from_bits(b)).bits(); };
  t.multiply = [](u32 a, u32 b) -> u32 { return (F::from_bits(a) * F::from_bits(b)).bits(); };
  t.divide = [](u32 a, u32 b) -> u32 { return (F::from_bits(a) / F::from_bits(b)).bits(); };
  t.add_to = [](u32 a, u32 b) -> u32 {
    F x = F::from_bits(a);
    x += F::from_bits(b);
    return x.bits();
  };
  t.subtract_from = [](u32 a, u32 b) -> u32 {
    F x = F::from_bits(a);
    x -= F::from_bits(b);
    return x.bits();
  };
  t.multiply_by = [](u32 a, u32 b) -> u32 {
    F x = F::from_bits(a);
    x *= F::from_bits(b);
    return x.bits();
  };
  t.divide_by = [](u32 a, u32 b) -> u32 {
    F x = F::from_bits(a);
    x /= F::from_bits(b);
    return x.bits();
  };
  t.fused = [](u32 a, u32 b, u32 c) -> u32 {
    return fma(F::from_bits(a), F::from_bits(b), F::from_bits(c)).bits();
  };
  t.square_root = [](u32 a) -> u32 { return sqrt(F::from_bits(a)).bits(); };
  t.negate = [](u32 a) -> u32 { return (-F::from_bits(a)).bits(); };
  t.plus = [](u32 a) -> u32 { return (+F::from_bits(a)).bits(); };
  t.abs = [](u32 a) -> u32 { return abs(F::from_bits(a)).bits(); };
  t.fabs = [](u32 a) -> u32 { return fabs(F::from_bits(a)).bits(); };
  t.next_up = [](u32 a) -> u32 { return next_up(F::from_bits(a)).bits(); };
  t.next_down = [](u32 a) -> u32 { return next_down(F::from_bits(a)).bits(); };
  t.copysign = [](u32 a, u32 b) -> u32 {
    return copysign(F::from_bits(a), F::from_bits(b)).bits();
  };
  t.nextafter = [](u32 a, u32 b) -> u32 {
    return nextafter(F::from_bits(a), F::from_bits(b)).bits();
  };
  t.equal = [](u32 a, u32 b) { return F::from_bits(a) == F::from_bits(b); };
  t.compare = [](u32 a, u32 b) { return F::from_bits(a) <=> F::from_bits(b); };
  t.less = [](u32 a, u32 b) { return F::from_bits(a) < F::from_bits(b); };
  t.isnan = [](u32 a) { return isnan(F::from_bits(a)); };
  t.isinf = [](u32 a) { return isinf(F::from_bits(a)); };
  t.isfinite = [](u32 a) { return isfinite(F::from_bits(a)); };
  t.signbit = [](u32 a) { return signbit(F::from_bits(a)); };
  t.ilogb = [](u32 a) { return ilogb(F::from_bits(a)); };
  t.hash = [](u32 a) { return std::hash<F>{}(F::from_bits(a)); };
  t.neighbours = [](double x) {
    const binade::neighbours<F> n(x);
    return std::pair<u32, u32>(n.below.bits(), n.above.bits());
  };
  t.values = [] {
    std::vector<u32> list;
    binade::for_each_value<F>([&list](F x) { list.push_back(x.bits()); });
    return list;
  };
  t.codes = [] {
    std::vector<u32> list;
    binade::for_each_code<F>([&list](F x) { list.push_back(x.bits()); });
    return list;
  };
  return t;
}

template <class List>
std::vector<operation_calls> operation_calls_of_list() {
  std::vector<operation_calls> table;
  binade::for_each_type(List{}, [&table]<class F>() { table.push_back(operation_calls_of<F>()); });
  return table;
}

inline std::string operations_name(const ::testing::TestParamInfo<operation_calls>& info) {
  return info.param.name;
}
inline void PrintTo(const operation_calls& t, std::ostream* out) { *out << t.name; }

class operations_contract : public ::testing::TestWithParam<operation_calls> {
 protected:
  const operation_calls& t = GetParam();
  const binade::any_format& f = format_named(t.name);
  const oracle::format& expected = oracle_of(f);
  const oracle::rounding mode = default_rounding(expected);
  /// Arithmetic keeps infinities in narrow formats: x / 0 is infinity, else NaN, else the largest.
  const oracle::saturation policy =
      f.bit_count() <= 8 ? oracle::saturation::propagate : oracle::saturation::none;
  checker c{t.name};

  [[nodiscard]] bool is_nan(std::uint64_t code) const {
    return code < expected.codes.size() && expected.codes[code].kind == oracle::code_kind::nan;
  }
  template <class Describe>
  void check(std::uint64_t got, std::uint64_t wanted, Describe&& describe) {
    // NaN results are compared as a class: the sign of a produced NaN is nobody's promise.
    c.check((is_nan(got) && is_nan(wanted)) || got == wanted, [&] {
      return describe() + " gives " + shown(expected, got) + ", expected " +
             shown(expected, wanted);
    });
  }
  /// The code of the exact value x under the policies of arithmetic.
  [[nodiscard]] std::uint64_t rounded(double x) const { return encode(expected, x, mode, policy); }
  void check_pair(code_type a, code_type b) {
    using oracle::operation;
    const auto pair = [&](const char* sign) {
      return [this, a, b, sign] { return shown(expected, a) + sign + shown(expected, b); };
    };
    const auto wanted = [&](operation op) {
      return fast_arithmetic(expected, op, a, b, 0, mode, policy);
    };
    check(t.add(a, b), wanted(operation::add), pair(" + "));
    check(t.subtract(a, b), wanted(operation::subtract), pair(" - "));
    check(t.multiply(a, b), wanted(operation::multiply), pair(" * "));
    check(t.divide(a, b), wanted(operation::divide), pair(" / "));
  }
  void check_triple(code_type a, code_type b, code_type d) {
    const code_type wanted =
        fast_arithmetic(expected, oracle::operation::fused_multiply_add, a, b, d, mode, policy);
    check(t.fused(a, b, d), wanted, [&] {
      return "fma " + shown(expected, a) + ", " + shown(expected, b) + ", " + shown(expected, d);
    });
  }
  /// Codes for pairs of wide formats: the corners, and seeded random ones.
  [[nodiscard]] std::vector<code_type> sampled_codes(std::size_t count) const {
    const auto size = static_cast<code_type>(expected.code_count());
    std::set<code_type> codes;
    for (const code_type corner : {0U, size / 2, size - 1}) {
      for (code_type i = 0; i < 5; ++i) codes.insert((corner + i + size - 2) % size);
    }
    if (expected.positive_infinity) {
      for (code_type i = 0; i < 5; ++i) codes.insert((*expected.positive_infinity + i - 2) % size);
    }
    std::mt19937 random(12345);  // fixed: the same codes in every run
    while (codes.size() < std::min<std::size_t>(count, size))
      codes.insert(static_cast<code_type>(random() % size));
    return {codes.begin(), codes.end()};
  }
};

TEST_P(operations_contract, pairs_are_rounded_once) {
  // All pairs of at most 8 bits (65,536 and fewer); 9,216 pairs of the wider formats, the corners
  // of the code space among them.
  const std::size_t count = f.bit_count() <= 8 ? expected.code_count() : 96;
  const std::vector<code_type> codes = sampled_codes(count);
  for (const code_type a : codes) {
    for (const code_type b : codes) check_pair(a, b);
  }
  const std::size_t n = std::min(count, expected.code_count());
  EXPECT_GE(c.count(), n * n * 4);
}

TEST_P(operations_contract, fma_is_rounded_once) {
  const std::vector<code_type> codes = sampled_codes(f.bit_count() <= 4 ? 16 : 24);
  for (const code_type a : codes) {
    for (const code_type b : codes) {
      for (const code_type d : codes) check_triple(a, b, d);
    }
  }
  // Sums that cancel, where a product rounded first would show.
  std::mt19937 random(777);
  const auto size = static_cast<code_type>(expected.code_count());
  for (int i = 0; i < 4000; ++i) {
    const code_type a = static_cast<code_type>(random() % size);
    const code_type b = static_cast<code_type>(random() % size);
    const std::uint32_t product = t.negate(t.multiply(a, b));
    check_triple(a, b, product);
    check_triple(a, b, t.next_up(product));
  }
}

TEST_P(operations_contract, square_roots_are_rounded_once) {
  for (code_type a = 0; a < expected.code_count(); ++a) {
    if (expected.code_count() > 65536 && a % 11 != 0) continue;
    const code_type wanted =
        fast_arithmetic(expected, oracle::operation::square_root, a, 0, 0, mode, policy);
    check(t.square_root(a), wanted, [&] { return "sqrt " + shown(expected, a); });
  }
}

TEST_P(operations_contract, compound_assignments_are_the_operators) {
  const std::vector<code_type> codes = sampled_codes(24);
  for (const code_type a : codes) {
    for (const code_type b : codes) {
      c.check(t.add_to(a, b) == t.add(a, b) && t.subtract_from(a, b) == t.subtract(a, b) &&
                  t.multiply_by(a, b) == t.multiply(a, b) && t.divide_by(a, b) == t.divide(a, b),
              [&] { return shown(expected, a) + " op= " + shown(expected, b); });
    }
  }
}

TEST_P(operations_contract, signs) {
  for (code_type a = 0; a < expected.code_count(); ++a) {
    const oracle::code_info& info = expected.codes[a];
    const auto describe = [&](const char* call) {
      return [this, call, a] { return std::string(call) + " " + shown(expected, a); };
    };
    check(t.plus(a), a, describe("+"));
    if (info.kind == oracle::code_kind::nan) {
      const bool negative = expected.nan_has_sign && (a & expected.sign_bit()) != 0;
      c.check(is_nan(t.negate(a)) && is_nan(t.abs(a)) && t.signbit(a) == negative &&
                  !t.signbit(t.abs(a)) &&
                  (!expected.nan_has_sign || t.signbit(t.negate(a)) != negative),
              describe("signs of"));
      continue;
    }
    check(t.negate(a), rounded(-info.value), describe("-"));
    const bool negative = std::signbit(info.value);
    check(t.abs(a), negative ? rounded(-info.value) : a, describe("abs"));
    check(t.fabs(a), negative ? rounded(-info.value) : a, describe("fabs"));
    c.check(t.signbit(a) == negative, describe("signbit"));
  }
}

TEST_P(operations_contract, classes_and_exponents) {
  for (const oracle::code_info& info : expected.codes) {
    const bool nan = info.kind == oracle::code_kind::nan;
    const bool infinite = info.kind == oracle::code_kind::infinity;
    const int exponent =
        nan || info.value == 0 ? INT_MIN : (infinite ? INT_MAX : std::ilogb(info.value));
    c.check(t.isnan(info.code) == nan && t.isinf(info.code) == infinite &&
                t.isfinite(info.code) == (!nan && !infinite) && t.ilogb(info.code) == exponent,
            [&] { return "classes and ilogb of " + shown(expected, info.code); });
  }
  EXPECT_EQ(c.count(), code_count(f));
}

/// How the values compare: NaN with nothing, but NaR is the least and equals itself.
inline std::partial_ordering expected_order(const oracle::format& f, code_type a, code_type b) {
  const bool nan_a = f.codes[a].kind == oracle::code_kind::nan;
  const bool nan_b = f.codes[b].kind == oracle::code_kind::nan;
  if (f.never_rounds_to_zero && (nan_a || nan_b)) {
    if (nan_a && nan_b) return std::partial_ordering::equivalent;
    return nan_a ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  return f.codes[a].value <=> f.codes[b].value;
}

TEST_P(operations_contract, pairs_compare_by_value) {
  const std::vector<code_type> codes = sampled_codes(256);
  for (const code_type a : codes) {
    for (const code_type b : codes) {
      const std::partial_ordering wanted = expected_order(expected, a, b);
      const bool equal = wanted == std::partial_ordering::equivalent;
      c.check(t.compare(a, b) == wanted && t.equal(a, b) == equal &&
                  t.less(a, b) == (wanted == std::partial_ordering::less) &&
                  (!equal || t.hash(a) == t.hash(b)),
              [&] { return shown(expected, a) + " <=> " + shown(expected, b); });
    }
  }
  const std::size_t n = std::min<std::size_t>(256, code_count(f));
  EXPECT_GE(c.count(), n * n);
}

TEST_P(operations_contract, different_values_hash_differently) {
  std::set<std::size_t> hashes;
  std::size_t values = 0;
  for (const oracle::code_info& info : expected.codes) {
    if (info.kind == oracle::code_kind::nan || expected.negative_zero == info.code) continue;
    hashes.insert(t.hash(info.code));
    ++values;
  }
  if (expected.nan) {
    hashes.insert(t.hash(*expected.nan));
    ++values;
  }
  EXPECT_EQ(hashes.size(), values);
}

/// All values with the infinities, ascending, as codes; zero is the positive one.
inline std::vector<code_type> ascending(const oracle::format& f) {
  std::vector<code_type> codes;
  if (f.negative_infinity) codes.push_back(*f.negative_infinity);
  for (const oracle::stop& s : f.stops) {
    if (!s.overflow) codes.push_back(s.code);
  }
  if (f.positive_infinity) codes.push_back(*f.positive_infinity);
  return codes;
}

TEST_P(operations_contract, next_values_follow_the_order) {
  const std::vector<code_type> order = ascending(expected);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const code_type below = order[i == 0 ? 0 : i - 1];
    const code_type above = order[i + 1 == order.size() ? i : i + 1];
    const auto check_at = [&](code_type x) {
      const auto describe = [&](const char* call) {
        return [this, call, x] { return std::string(call) + " " + shown(expected, x); };
      };
      check(t.next_up(x), above, describe("next_up"));
      check(t.next_down(x), below, describe("next_down"));
      check(t.nextafter(x, order.front()), i == 0 ? x : below, describe("nextafter down from"));
      check(t.nextafter(x, order.back()), i + 1 == order.size() ? x : above,
            describe("nextafter up from"));
      check(t.nextafter(x, order[i]), order[i], describe("nextafter to itself"));
      if (expected.nan) {
        c.check(is_nan(t.nextafter(x, *expected.nan)) && is_nan(t.nextafter(*expected.nan, x)),
                describe("nextafter with NaN"));
      }
    };
    check_at(order[i]);
    // -0 has the neighbours of +0. (nextafter between the zeros gives its second argument.)
    if (expected.negative_zero && expected.codes[order[i]].value == 0) {
      check_at(*expected.negative_zero);
      check(t.nextafter(order[i], *expected.negative_zero), *expected.negative_zero,
            [] { return std::string("nextafter from +0 to -0"); });
    }
  }
  if (expected.nan) {
    EXPECT_TRUE(is_nan(t.next_up(*expected.nan)));
    EXPECT_TRUE(is_nan(t.next_down(*expected.nan)));
  }
  EXPECT_GE(c.count(), finite_values(f) * 5);
}

TEST_P(operations_contract, copysign_takes_the_sign_of_its_second_argument) {
  const std::vector<code_type> codes = sampled_codes(256);
  for (const code_type a : codes) {
    for (const code_type b : codes) {
      if (is_nan(a) || is_nan(b)) continue;
      const double size = expected.codes[a].value;
      const bool flip = std::signbit(size) != std::signbit(expected.codes[b].value);
      check(t.copysign(a, b), flip ? rounded(-size) : a,
            [&] { return "copysign " + shown(expected, a) + ", " + shown(expected, b); });
    }
  }
}

TEST_P(operations_contract, for_each_value_ascends_and_for_each_code_is_complete) {
  std::vector<std::uint32_t> wanted;
  for (const oracle::stop& s : expected.stops) {
    if (!s.overflow) wanted.push_back(s.code);
  }
  EXPECT_EQ(t.values(), wanted);
  EXPECT_EQ(wanted.size(), finite_values(f));
  const std::vector<std::uint32_t> codes = t.codes();
  ASSERT_EQ(codes.size(), code_count(f));
  for (std::size_t i = 0; i < codes.size(); ++i) ASSERT_EQ(codes[i], i);
}

TEST_P(operations_contract, neighbours_enclose) {
  // Infinity is a neighbour where the format has one.
  const oracle::saturation beyond =
      expected.positive_infinity ? oracle::saturation::none : oracle::saturation::propagate;
  for (const double point : sampled_landmarks(expected)) {
    for (const double x : doubles_at(point)) {
      const auto [below, above] = t.neighbours(x);
      const auto describe = [&](const char* side) {
        return [side, x] { return std::string("neighbour ") + side + " " + shown(x); };
      };
      check(below, encode(expected, x, oracle::mode::toward_negative, beyond), describe("below"));
      check(above, encode(expected, x, oracle::mode::toward_positive, beyond), describe("above"));
      const double low = expected.codes[below].value;
      const double high = expected.codes[above].value;
      const bool next_to_zero =
          expected.never_rounds_to_zero && std::fabs(x) < expected.codes[1].value;
      const bool inside =
          !next_to_zero && x >= expected.extreme(true).value && x <= expected.extreme(false).value;
      c.check(!inside || (low <= x && x <= high), describe("around"));
    }
  }
}

TEST_P(operations_contract, bits_come_back) {
  for (code_type code = 0; code < expected.code_count(); ++code) {
    ASSERT_EQ(t.plus(code), code);
    // Bits above the format's are ignored.
    ASSERT_EQ(t.plus(code | ~(static_cast<code_type>(expected.code_count()) - 1)), code);
  }
}

}  // namespace contract
