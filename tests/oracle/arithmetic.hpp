// SPDX-License-Identifier: MIT
#pragma once

// Arithmetic as if exact, then rounded once: + - * / and fma in rationals, the square root by
// comparing squares. arithmetic() is the definition; fast_arithmetic() gives the same codes from
// binary64 operations whose rounding error is known exactly, for sweeps over many pairs.

#include "format.hpp"
#include "rational.hpp"
#include "round.hpp"

#include <cmath>
#include <stdexcept>

namespace oracle {

enum class operation { add, subtract, multiply, divide, square_root, fused_multiply_add };

inline constexpr operation all_operations[] = {
    operation::add,    operation::subtract,    operation::multiply,
    operation::divide, operation::square_root, operation::fused_multiply_add};

/// What IEEE 754 leaves to the context of an operation.
struct arithmetic_rules {
  bool division_by_zero_is_nan = false;   ///< P3109, posit, takum; otherwise an infinity.
  bool cancellation_is_negative = false;  ///< x + (-x) is -0: in toward_negative only.
};

/// The number that a code stands for. The sign of a NaN is not an operand's property: positive.
inline number number_of(const format& f, code_type code) {
  const code_info& info = decode(f, code);
  return info.kind == code_kind::nan ? number::nan() : number::of(info.value);
}

inline number negated(number x) {
  x.negative = !x.negative;
  x.value = -x.value;
  return x;
}

inline number exact_sum(const number& a, const number& b, arithmetic_rules rules) {
  if (is_nan(a) || is_nan(b)) return number::nan();
  if (is_infinite(a) && is_infinite(b)) return a.negative == b.negative ? a : number::nan();
  if (is_infinite(a)) return a;
  if (is_infinite(b)) return b;
  if (is_zero(a) && is_zero(b) && a.negative == b.negative) return a;
  const rational sum = exact(a) + exact(b);
  return sum == 0 ? number::zero(rules.cancellation_is_negative) : number::of(sum);
}

inline number exact_product(const number& a, const number& b) {
  const bool negative = a.negative != b.negative;
  if (is_nan(a) || is_nan(b)) return number::nan();
  if (is_infinite(a) || is_infinite(b)) {
    return is_zero(a) || is_zero(b) ? number::nan() : number::infinity(negative);
  }
  const rational product = exact(a) * exact(b);
  return product == 0 ? number::zero(negative) : number::of(product);
}

inline number exact_quotient(const number& a, const number& b, arithmetic_rules rules) {
  const bool negative = a.negative != b.negative;
  if (is_nan(a) || is_nan(b)) return number::nan();
  if (is_infinite(b)) return is_infinite(a) ? number::nan() : number::zero(negative);
  if (is_zero(b)) {
    const bool invalid = is_zero(a) || rules.division_by_zero_is_nan;
    return invalid ? number::nan() : number::infinity(negative);
  }
  if (is_infinite(a)) return number::infinity(negative);
  const rational quotient = exact(a) / exact(b);
  return quotient == 0 ? number::zero(negative) : number::of(quotient);
}

/// The square root; of -0 it is -0, of other negative numbers NaN.
inline number exact_root(const number& a) {
  if (is_nan(a) || is_zero(a)) return a;
  if (a.negative) return number::nan();
  return is_infinite(a) ? a : number::root_of(exact(a));
}

/// The exact result of an operation. Unused operands are ignored.
inline number exact_result(operation op, const number& a, const number& b, const number& c,
                           arithmetic_rules rules) {
  switch (op) {
    case operation::add:
      return exact_sum(a, b, rules);
    case operation::subtract:
      return exact_sum(a, negated(b), rules);
    case operation::multiply:
      return exact_product(a, b);
    case operation::divide:
      return exact_quotient(a, b, rules);
    case operation::square_root:
      return exact_root(a);
    case operation::fused_multiply_add:
      return exact_sum(exact_product(a, b), c, rules);
  }
  throw std::invalid_argument("oracle::exact_result: unknown operation");
}

/// op on codes of one format, the exact result rounded once into it.
///
/// A NaN result is the canonical NaN of positive sign: compare NaNs as a class.
inline code_type arithmetic(const format& f, operation op, code_type a, code_type b, code_type c,
                            const rounding& r, saturation policy) {
  const arithmetic_rules rules{f.division_by_zero_is_nan, r.how == mode::toward_negative};
  const number exact = exact_result(op, number_of(f, a), number_of(f, b), number_of(f, c), rules);
  return encode(f, exact, r, policy);
}

/// The same in the format's default rounding and saturation.
inline code_type arithmetic(const format& f, operation op, code_type a, code_type b,
                            code_type c = 0) {
  return arithmetic(f, op, a, b, c, default_rounding(f), default_saturation(f));
}

namespace arithmetic_detail {

inline int sign(double x) { return (x > 0) - (x < 0); }

/// a + b in the form value + error, both binary64, exact barring overflow (Knuth's two-sum).
inline nearby two_sum(double a, double b) {
  const double value = a + b;
  const double b_part = value - a;
  const double a_part = value - b_part;
  return {value, sign((a - a_part) + (b - b_part))};
}

/// For finite operands with at most 26 significand bits and magnitudes 0 or in [2^-260, 2^260],
/// which holds for every format here: then products are binary64 values, and the remainders that
/// fma computes are exact (at least 2^-627 if not 0).
inline nearby nearby_result(operation op, double a, double b, double c) {
  switch (op) {
    case operation::add:
      return two_sum(a, b);
    case operation::subtract:
      return two_sum(a, -b);
    case operation::multiply:
      return {a * b, 0};
    case operation::divide: {
      const double quotient = a / b;
      return {quotient, sign(std::fma(-quotient, b, a)) * sign(b)};
    }
    case operation::square_root: {
      const double root = std::sqrt(a);
      return {root, sign(std::fma(-root, root, a))};
    }
    case operation::fused_multiply_add:
      return two_sum(a * b, c);
  }
  throw std::invalid_argument("oracle::nearby_result: unknown operation");
}

}  // namespace arithmetic_detail

/// arithmetic() for deterministic modes, about 8 times faster.
///
/// Compile without -ffast-math and run in round-to-nearest without flushing subnormals.
inline code_type fast_arithmetic(const format& f, operation op, code_type a, code_type b,
                                 code_type c, const rounding& r, saturation policy) {
  const double x = f.codes[a].value;
  const double y = f.codes[b].value;
  const double z = f.codes[c].value;
  const bool uses_y = op != operation::square_root;
  const bool uses_z = op == operation::fused_multiply_add;
  const bool plain = std::isfinite(x) && (!uses_y || std::isfinite(y)) &&
                     (!uses_z || std::isfinite(z)) && (op != operation::divide || y != 0) &&
                     (op != operation::square_root || !(x < 0));
  // The sign of a cancelled sum depends on the mode.
  if (!plain || r.how == mode::toward_negative) return arithmetic(f, op, a, b, c, r, policy);
  return encode(f, arithmetic_detail::nearby_result(op, x, y, z), r, policy);
}

}  // namespace oracle
