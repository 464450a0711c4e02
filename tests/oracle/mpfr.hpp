// SPDX-License-Identifier: MIT
#pragma once

// A second opinion on the first oracle: MPFR's own correctly rounded arithmetic, set to the
// precision and the exponent range of a minifloat, for the four modes that MPFR shares with binade.
// Only formats with a biased exponent field and subnormals can be described to it. The arithmetic
// that tests call, for every format, is arithmetic() of arithmetic.hpp.

#include "arithmetic.hpp"
#include "format.hpp"
#include "rational.hpp"
#include "round.hpp"

#include <mpfr.h>

#include <stdexcept>

namespace oracle {

/// A minifloat as MPFR sees it: M + 1 bits of precision, and the exponent of the smallest
/// subnormal.
struct mpfr_shape {
  int precision = 0;          ///< at least 2: for one bit MPFR defines ties otherwise
  int smallest_exponent = 0;  ///< the smallest positive value is 2^smallest_exponent

  static mpfr_shape of(int mantissa_bits, int bias) {
    return {mantissa_bits + 1, 1 - bias - mantissa_bits};
  }
};

/// The MPFR mode of ours; throws for those that it lacks.
inline mpfr_rnd_t mpfr_mode(mode m) {
  switch (m) {
    case mode::ties_to_even:
      return MPFR_RNDN;
    case mode::toward_zero:
      return MPFR_RNDZ;
    case mode::toward_positive:
      return MPFR_RNDU;
    case mode::toward_negative:
      return MPFR_RNDD;
    default:
      throw std::invalid_argument("oracle::mpfr_mode: MPFR has no such mode");
  }
}

inline constexpr mode mpfr_modes[] = {mode::ties_to_even, mode::toward_zero, mode::toward_positive,
                                      mode::toward_negative};

/// An MPFR variable that frees itself.
class mpfr_variable {
 public:
  explicit mpfr_variable(mpfr_prec_t precision) { mpfr_init2(value_, precision); }
  ~mpfr_variable() { mpfr_clear(value_); }
  mpfr_variable(const mpfr_variable&) = delete;
  mpfr_variable& operator=(const mpfr_variable&) = delete;

  [[nodiscard]] mpfr_ptr get() { return value_; }

 private:
  mpfr_t value_;
};

/// op(a, b, c) computed by MPFR and rounded once, with subnormals and without an upper limit.
///
/// The operands are any binary64 values; the result is exact in binary64 and may be NaN, an
/// infinity (of a division or from such operands) or a signed zero.
inline double mpfr_arithmetic(mpfr_shape shape, operation op, double a, double b, double c,
                              mode m) {
  const mpfr_exp_t old_min = mpfr_get_emin();
  const mpfr_rnd_t rounding_mode = mpfr_mode(m);
  mpfr_variable x(53);
  mpfr_variable y(53);
  mpfr_variable z(53);
  mpfr_variable result(shape.precision);
  mpfr_set_d(x.get(), a, MPFR_RNDN);
  mpfr_set_d(y.get(), b, MPFR_RNDN);
  mpfr_set_d(z.get(), c, MPFR_RNDN);

  // Exponents of operands need not obey the narrow range; MPFR applies it to the result only.
  int ternary = 0;
  switch (op) {
    case operation::add:
      ternary = mpfr_add(result.get(), x.get(), y.get(), rounding_mode);
      break;
    case operation::subtract:
      ternary = mpfr_sub(result.get(), x.get(), y.get(), rounding_mode);
      break;
    case operation::multiply:
      ternary = mpfr_mul(result.get(), x.get(), y.get(), rounding_mode);
      break;
    case operation::divide:
      ternary = mpfr_div(result.get(), x.get(), y.get(), rounding_mode);
      break;
    case operation::square_root:
      ternary = mpfr_sqrt(result.get(), x.get(), rounding_mode);
      break;
    case operation::fused_multiply_add:
      ternary = mpfr_fma(result.get(), x.get(), y.get(), z.get(), rounding_mode);
      break;
  }
  // MPFR writes significands in [1/2, 1), hence the 1. Both calls use `ternary`, the direction of
  // the first rounding, so that the result is as if rounded once.
  mpfr_set_emin(shape.smallest_exponent + 1);
  ternary = mpfr_check_range(result.get(), ternary, rounding_mode);
  mpfr_subnormalize(result.get(), ternary, rounding_mode);
  mpfr_set_emin(old_min);
  return mpfr_get_d(result.get(), MPFR_RNDN);
}

/// One conversion: x * 1, which is x with its sign.
inline double mpfr_convert(mpfr_shape shape, double x, mode m) {
  return mpfr_arithmetic(shape, operation::multiply, x, 1, 0, m);
}

}  // namespace oracle
