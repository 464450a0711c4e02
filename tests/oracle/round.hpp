// SPDX-License-Identifier: MIT
#pragma once

// Rounding by exact search: find the two neighbours of x among a format's values, choose one by the
// mode, and only then ask whether the choice is out of range. DESIGN.md section 4 and formats.md
// Aa, Ab, D.4, D.5 are the rules; nothing here knows how a format lays out its bits.

#include "format.hpp"
#include "rational.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace oracle {

template <class T>
concept exact_number = std::same_as<T, number> || std::same_as<T, nearby>;

enum class mode {
  ties_to_even,
  ties_to_away,
  toward_zero,
  toward_positive,
  toward_negative,
  to_odd,
  stochastic,
};

inline constexpr mode deterministic_modes[] = {mode::ties_to_even,    mode::ties_to_away,
                                               mode::toward_zero,     mode::toward_positive,
                                               mode::toward_negative, mode::to_odd};

/// How n random bits R decide, with d = (|x| - lo) / (hi - lo) the discarded fraction.
enum class stochastic_variant {
  add_truncate,    ///< away from zero iff floor(d 2^n) + R >= 2^n
  centered,        ///< iff floor(d 2^(n+1)) + 2R + 1 >= 2^(n+1)
  round_then_add,  ///< iff RNE(d 2^n) + R >= 2^n
};

/// A rounding mode with what it needs. A plain mode converts.
struct rounding {
  mode how = mode::ties_to_even;
  stochastic_variant variant = stochastic_variant::add_truncate;
  int bits = 0;              ///< n, 1..32
  std::uint64_t random = 0;  ///< R, below 2^n

  rounding(mode m) : how(m) {}
  rounding(stochastic_variant v, int n, std::uint64_t r)
      : how(mode::stochastic), variant(v), bits(n), random(r) {}
};

enum class saturation {
  finite,     ///< Overflow and infinities become the largest finite value.
  propagate,  ///< Overflow too; infinities stay: Inf, else NaN, else the largest finite value.
  none,       ///< Overflow and infinities: Inf, else NaN, else the largest finite value.
};

inline constexpr saturation all_saturations[] = {saturation::finite, saturation::propagate,
                                                 saturation::none};

/// The policies that a format uses when a conversion names none (DESIGN.md section 4, Defaults).
/// Formats of 9 to 15 bits (e5m6) count as wide.
inline rounding default_rounding(const format& f) {
  return f.ties_away_by_default ? mode::ties_to_away : mode::ties_to_even;
}
inline saturation default_saturation(const format& f) {
  return f.bits <= 8 ? saturation::finite : saturation::none;
}

/// The canonical NaN, with its sign where NaN has one; without NaN the largest positive value.
inline code_type nan_result(const format& f, bool negative) {
  if (!f.nan) return f.extreme(false).code;
  return negative && f.nan_has_sign ? *f.nan + f.sign_bit() : *f.nan;
}

/// Inf if the format has it, else NaN, else the largest finite value.
inline code_type infinity_result(const format& f, bool negative) {
  const std::optional<code_type> code = negative ? f.negative_infinity : f.positive_infinity;
  if (code) return *code;
  if (f.nan) return nan_result(f, negative);
  return f.extreme(negative).code;
}

/// What a finite number becomes that is too large after rounding with unbounded exponent.
///
/// Under saturation::none the modes that never move a number outwards still give the largest
/// finite value; to_odd and stochastic are treated like the nearest modes.
inline code_type overflow_result(const format& f, bool negative, mode how, saturation policy) {
  const bool inward = how == mode::toward_zero || (how == mode::toward_negative && !negative) ||
                      (how == mode::toward_positive && negative);
  if (policy == saturation::none && !inward) return infinity_result(f, negative);
  return f.extreme(negative).code;
}

/// Whether a number at the exact fraction d in (0, 1) of its gap goes away from zero.
inline bool goes_away(const rational& d, const rounding& r) {
  if (r.bits < 1 || r.bits > 32 || r.random >> r.bits != 0) {
    throw std::invalid_argument("oracle::goes_away: bits outside 1..32 or random bits too large");
  }
  const mpz_class random = static_cast<unsigned long>(r.random);
  const auto floor = [](const rational& q) {
    mpz_class result;
    mpz_fdiv_q(result.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
    return result;
  };
  const rational scaled = d * two_to(r.bits);
  const rational one = two_to(r.bits);
  switch (r.variant) {
    case stochastic_variant::add_truncate:
      return floor(scaled) + random >= one;
    case stochastic_variant::centered:
      return floor(scaled * 2) + 2 * random + 1 >= one * 2;
    case stochastic_variant::round_then_add: {
      mpz_class nearest = floor(scaled);
      const rational rest = scaled - nearest;
      const rational half(1, 2);
      if (rest > half || (rest == half && mpz_odd_p(nearest.get_mpz_t()) != 0)) ++nearest;
      return nearest + random >= one;
    }
  }
  throw std::invalid_argument("oracle::goes_away: unknown variant");
}

/// Chooses between the neighbours stops[i] < x < stops[i + 1]; returns the index chosen.
///
/// The stochastic modes need an x whose exact() does not throw.
template <exact_number Number>
std::size_t choose(const format& f, const Number& x, std::size_t i, const rounding& r) {
  const std::size_t below = i;
  const std::size_t above = i + 1;
  const std::size_t inner = is_negative(x) ? above : below;  // nearer to zero
  const std::size_t outer = is_negative(x) ? below : above;
  if (f.never_rounds_to_zero && f.stops[inner].value == 0) return outer;
  switch (r.how) {
    case mode::toward_zero:
      return inner;
    case mode::toward_positive:
      return above;
    case mode::toward_negative:
      return below;
    case mode::to_odd:
      return f.stops[above].odd ? above : below;
    case mode::ties_to_even:
    case mode::ties_to_away: {
      const int side = compare(x, f.boundaries[i]);
      if (side != 0) return side < 0 ? below : above;
      if (r.how == mode::ties_to_away) return outer;
      return f.stops[above].odd ? below : above;
    }
    case mode::stochastic: {
      const rational lo = exact(f.stops[inner].value);
      const rational hi = exact(f.stops[outer].value);
      return goes_away((exact(x) - lo) / (hi - lo), r) ? outer : inner;
    }
  }
  throw std::invalid_argument("oracle::choose: unknown mode");
}

/// Where a finite x lies in f: the index of the first stop that is not below it.
template <exact_number Number>
std::size_t find_stop(const format& f, const Number& x) {
  const auto at = std::partition_point(f.stops.begin(), f.stops.end(),
                                       [&](const stop& s) { return compare(x, s.value) > 0; });
  return static_cast<std::size_t>(at - f.stops.begin());
}

/// encode(f, x, r, policy), given `at` = find_stop(f, x), which is not looked at unless x is
/// finite: for many modes and policies at one x.
template <exact_number Number>
code_type encode_at(const format& f, const Number& x, std::size_t at, const rounding& r,
                    saturation policy) {
  const bool negative = is_negative(x);
  if (is_nan(x)) return nan_result(f, negative);
  if (negative && !f.is_signed && !is_zero(x)) {
    return f.nan ? *f.nan : f.stops.front().code;
  }
  if (is_infinite(x)) {
    if (policy == saturation::finite && !f.never_rounds_to_zero) return f.extreme(negative).code;
    return infinity_result(f, negative);
  }
  if (is_zero(x) && negative && f.negative_zero) return *f.negative_zero;

  const stop* chosen = nullptr;
  if (at == f.stops.size()) {
    chosen = &f.stops.back();
  } else if (at == 0 || compare(x, f.stops[at].value) == 0) {
    chosen = &f.stops[at];
  } else {
    chosen = &f.stops[choose(f, x, at - 1, r)];
  }
  if (chosen->overflow) return overflow_result(f, negative, r.how, policy);
  if (chosen->value == 0 && negative && f.negative_zero) return *f.negative_zero;
  return chosen->code;
}

/// The code of x in f, rounded once.
///
/// NaN gives the canonical NaN, or without one the largest positive value. A negative number in an
/// unsigned format gives NaN, or without one zero. Zero keeps its sign where the format has -0; in
/// e8m0, which has no zero, zero and all numbers below 2^-127 give code 0. A zero that comes from
/// rounding has the sign of x.
/// Posit and takum never overflow and never underflow: |x| beyond the largest value gives it, and
/// 0 < |x| below the smallest gives that, in every mode, the directed ones included. Infinities
/// give NaR under every policy.
template <exact_number Number>
code_type encode(const format& f, const Number& x, const rounding& r, saturation policy) {
  const bool finite = !is_nan(x) && !is_infinite(x);
  return encode_at(f, x, finite ? find_stop(f, x) : 0, r, policy);
}

/// The same for a binary64 (or any float), fast: one binary search over binary64 values.
inline code_type encode(const format& f, double x, const rounding& r, saturation policy) {
  return encode(f, nearby{x, 0}, r, policy);
}

}  // namespace oracle
