// SPDX-License-Identifier: MIT
#pragma once

// binary32 and binary64 arithmetic by definition: the exact result, rounded once.

#include "rational.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace oracle {

inline std::uint32_t bits_of(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline float float_of(std::uint32_t bits) {
  float x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// floor(q), exactly.
inline mpz_class floor_of(const rational& q) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
  return result;
}

/// floor(log2 q) for q > 0, by comparison with powers of two.
inline int floor_log2(const rational& q) {
  // The lengths of numerator and denominator give it to within one.
  int e = static_cast<int>(mpz_sizeinbase(q.get_num_mpz_t(), 2)) -
          static_cast<int>(mpz_sizeinbase(q.get_den_mpz_t(), 2));
  while (two_to(e) > q) --e;
  while (two_to(e + 1) <= q) ++e;
  return e;
}

/// The integer nearest to q, ties to the even one.
inline mpz_class nearest_integer(const rational& q) {
  mpz_class n = floor_of(q);
  const rational rest = q - n;
  const rational half(1, 2);
  if (rest > half || (rest == half && mpz_odd_p(n.get_mpz_t()) != 0)) ++n;
  return n;
}

/// q rounded to nearest even in a binary format with `digits` significant bits and exponents from
/// `least` to `greatest`, as a binary64; infinity beyond the range. Zero is +0.
inline double nearest_binary(const rational& q, int digits, int least, int greatest) {
  if (q == 0) return 0.0;
  const rational magnitude = abs(q);
  int e = floor_log2(magnitude);
  if (e < least) e = least;
  const int unit = e - digits + 1;
  const mpz_class n = nearest_integer(magnitude / two_to(unit));
  const rational rounded = rational(n) * two_to(unit);
  const double sign = q < 0 ? -1.0 : 1.0;
  if (rounded >= two_to(greatest + 1)) return sign * std::numeric_limits<double>::infinity();
  return sign * std::ldexp(n.get_d(), unit);
}

/// q as a float, rounded to nearest even. Source: IEEE 754-2019, 4.3.1.
inline float nearest_float(const rational& q) {
  return static_cast<float>(nearest_binary(q, 24, -126, 127));
}

/// q as a double, rounded to nearest even.
inline double nearest_double(const rational& q) { return nearest_binary(q, 53, -1022, 1023); }

/// a * b + c with one rounding, for finite arguments; an exact zero is +0.
inline float fma32(float a, float b, float c) {
  return nearest_float(exact(a) * exact(b) + exact(c));
}
inline float add32(float a, float b) { return nearest_float(exact(a) + exact(b)); }
inline float multiply32(float a, float b) { return nearest_float(exact(a) * exact(b)); }
inline float divide32(float a, float b) { return nearest_float(exact(a) / exact(b)); }

}  // namespace oracle
