// SPDX-License-Identifier: MIT
#pragma once

// Exact numbers for the oracles. Nothing here rounds: a `number` is a NaN, an infinity, a rational
// (GMP) or the square root of a rational, and it can be compared exactly with any binary64 value.
// `nearby` is the fast form of the same thing. Every threshold that decides a rounding in any
// format of the catalogue is a binary64 value, so these comparisons are all that encoding needs.
//
// The oracles include nothing of include/: a defect there cannot hide here. They need -lgmp only: a
// rational is shown with get_str(), since operator<< would need GMP's C++ library too.

#include <cmath>
#include <cstdint>
#include <gmpxx.h>
#include <stdexcept>
#include <utility>

namespace oracle {

using rational = mpq_class;

/// numerator / denominator in lowest terms, as GMP wants it.
inline rational ratio(long numerator, long denominator) {
  rational q(numerator, denominator);
  q.canonicalize();
  return q;
}

/// 2^n, n of either sign. Exact.
inline rational two_to(int n) {
  const mpz_class one = 1;
  if (n >= 0) return rational(mpz_class(one << static_cast<unsigned>(n)));
  return rational(one, mpz_class(one << static_cast<unsigned>(-n)));
}

/// The exact value of a finite binary64. Throws on NaN and infinity.
inline rational exact(double x) {
  if (!std::isfinite(x)) throw std::domain_error("oracle::exact: not a finite number");
  return rational(x);
}

/// significand * 2^exponent, |significand| <= 2^53, as a binary64. Throws if that is not exact.
inline double dyadic(std::int64_t significand, int exponent) {
  const auto whole = static_cast<double>(significand);
  const double result = std::ldexp(whole, exponent);
  // Scaling loses bits only in the subnormal range, and then scaling back does not restore them.
  const bool in_53_bits = std::fabs(whole) <= 0x1p53;
  if (!in_53_bits || std::ldexp(result, -exponent) != whole) {
    throw std::range_error("oracle::dyadic: not a binary64 value");
  }
  return result;
}

/// The binary32 value nearest to q, as a binary64. Throws on a tie, which no table here has.
inline double nearest_binary32(const rational& q) {
  const float middle = static_cast<float>(q.get_d());
  double best = middle;
  for (const float side : {-INFINITY, INFINITY}) {
    const double candidate = std::nextafter(middle, side);
    const rational distance = abs(exact(candidate) - q);
    const rational best_distance = abs(exact(best) - q);
    if (distance == best_distance) throw std::range_error("oracle::nearest_binary32: a tie");
    if (distance < best_distance) best = candidate;
  }
  return best;
}

/// Number classes that rounding tells apart.
enum class number_kind { nan, infinity, finite, root };

/// An exact number of the extended reals, with the sign of zeros, infinities and NaNs.
///
/// kind root means the non-negative square root of `value`; kind finite means `value` itself.
struct number {
  number_kind kind = number_kind::finite;
  bool negative = false;  ///< The sign; for a non-zero finite number it is the sign of `value`.
  rational value = 0;

  static number nan(bool negative = false) { return {number_kind::nan, negative, 0}; }
  static number infinity(bool negative) { return {number_kind::infinity, negative, 0}; }
  static number zero(bool negative) { return {number_kind::finite, negative, 0}; }
  static number of(const rational& q) { return {number_kind::finite, q < 0, q}; }
  static number of(double x) {
    if (std::isnan(x)) return nan(std::signbit(x));
    if (std::isinf(x)) return infinity(std::signbit(x));
    return {number_kind::finite, std::signbit(x), exact(x)};
  }
  static number of(std::int64_t i) { return of(rational(static_cast<long>(i))); }
  static number of(std::uint64_t i) { return of(rational(static_cast<unsigned long>(i))); }
  static number root_of(const rational& q) {
    if (q < 0) throw std::domain_error("oracle::number::root_of: negative radicand");
    return q == 0 ? zero(false) : number{number_kind::root, false, q};
  }
};

/// A real number known by its nearest binary64 and the side it lies on.
///
/// The number is `value` if tail is 0. Otherwise it is not a binary64 value, `value` is the
/// binary64 nearest to it (either one at a tie), and tail is the sign of (number - value). Rounding
/// to nearest is monotone, so no binary64 value lies between the number and `value`: the number
/// compares with every binary64 t as `value` does, and with t = value as tail says.
struct nearby {
  double value = 0;
  int tail = 0;
};

// Both classes answer the same five questions; encode() in round.hpp asks nothing else.

inline bool is_nan(const number& x) { return x.kind == number_kind::nan; }
inline bool is_infinite(const number& x) { return x.kind == number_kind::infinity; }
inline bool is_zero(const number& x) { return x.kind == number_kind::finite && x.value == 0; }
inline bool is_negative(const number& x) { return x.negative; }

inline bool is_nan(const nearby& x) { return std::isnan(x.value); }
inline bool is_infinite(const nearby& x) { return std::isinf(x.value); }
inline bool is_zero(const nearby& x) { return x.value == 0 && x.tail == 0; }
inline bool is_negative(const nearby& x) {
  return x.value == 0 && x.tail != 0 ? x.tail < 0 : std::signbit(x.value);
}

/// The sign of (x - threshold), for a finite x. Exact.
inline int compare(const number& x, double threshold) {
  const rational t = exact(threshold);
  if (x.kind == number_kind::finite) return cmp(x.value, t);
  if (t < 0) return 1;
  return cmp(x.value, rational(t * t));
}
inline int compare(const nearby& x, double threshold) {
  if (x.value != threshold) return x.value < threshold ? -1 : 1;
  return x.tail;
}

/// The exact value of a finite x. Throws if it is known by comparison only.
inline rational exact(const number& x) {
  if (x.kind != number_kind::finite) throw std::domain_error("oracle::exact: not a rational");
  return x.value;
}
inline rational exact(const nearby& x) {
  if (x.tail != 0) throw std::domain_error("oracle::exact: known by comparison only");
  return exact(x.value);
}

}  // namespace oracle
