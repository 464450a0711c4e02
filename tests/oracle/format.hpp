// SPDX-License-Identifier: MIT
#pragma once

// What a format is, for the oracles: the table of its codes and what encoding must know of them.
// The published definitions that fill such tables are in families.hpp, the names in catalog.hpp.

#include "rational.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace oracle {

using code_type = std::uint32_t;

enum class code_kind { finite, infinity, nan };

/// What one code means. `value` is exact: every value of every format here is a binary64.
struct code_info {
  code_type code = 0;
  code_kind kind = code_kind::finite;
  double value = 0;  ///< -0.0 for a negative zero; +-inf; NaN.
};

/// One place where rounding may stop: a finite value, or the first value past the largest one.
struct stop {
  double value = 0;
  code_type code = 0;     ///< Meaningless where overflow is set.
  bool odd = false;       ///< For ties_to_even and to_odd.
  bool overflow = false;  ///< A virtual value: it continues the pattern, the format lacks it.
};

/// What is beyond the largest finite magnitude when the pattern of the codes goes on.
struct overflow_stop {
  double magnitude = 0;
  bool odd = false;  ///< The low bit of the code that the pattern gives it.
};

struct format {
  std::string name;
  int bits = 0;
  bool is_signed = true;
  std::vector<code_info> codes;  ///< Every code, in code order.

  std::optional<code_type> nan;  ///< The canonical NaN (or NaR), of positive sign.
  bool nan_has_sign = false;     ///< Then the top bit of a NaN is its sign.
  std::optional<code_type> positive_infinity;
  std::optional<code_type> negative_infinity;
  std::optional<code_type> negative_zero;

  /// All stops in increasing order. Zero is one stop; its code is the positive zero.
  std::vector<stop> stops;
  /// boundaries[i] decides between stops[i] and stops[i+1] in the nearest modes: their midpoint,
  /// or for posit and takum the value of the code between them that has one more bit.
  std::vector<double> boundaries;
  /// Posit and takum: a non-zero number never becomes zero, in any mode.
  bool never_rounds_to_zero = false;
  /// x / 0 is NaN and not an infinity (P3109, posit, takum).
  bool division_by_zero_is_nan = false;
  /// The mode that the format uses when none is named is ties_to_away (HiF8).
  bool ties_away_by_default = false;

  [[nodiscard]] std::size_t code_count() const { return codes.size(); }
  [[nodiscard]] code_type sign_bit() const { return code_type{1} << (bits - 1); }

  /// The stop of the largest (or, negative, the most negative) finite value.
  [[nodiscard]] const stop& extreme(bool negative) const {
    if (negative) return stops.front().overflow ? stops[1] : stops.front();
    return stops.back().overflow ? stops[stops.size() - 2] : stops.back();
  }
};

/// The meaning of a code. Throws if the format has no such code.
inline const code_info& decode(const format& f, code_type code) {
  if (code >= f.codes.size()) throw std::out_of_range("oracle::decode: no such code in " + f.name);
  return f.codes[code];
}

/// The exact midpoint of two values. Throws if it is no binary64.
inline double midpoint(double a, double b) {
  const double sum = a + b;
  // Dekker: the difference between the sum and the larger addend is exact, so it equals the other
  // addend if and only if the sum is exact too.
  const bool exact_sum = std::fabs(a) >= std::fabs(b) ? sum - a == b : sum - b == a;
  if (!exact_sum || !std::isfinite(sum)) {
    throw std::range_error("oracle::midpoint: not a binary64 value");
  }
  return sum / 2;
}

/// How the code order relates to parity.
enum class parity { low_bit_of_code, sorted_index };

/// Derives from `codes` the infinities, the negative zero, the sorted stops and the midpoints.
inline void finish(format& f, std::optional<overflow_stop> beyond,
                   parity rule = parity::low_bit_of_code) {
  for (std::size_t c = 0; c < f.codes.size(); ++c) {
    const code_info& info = f.codes[c];
    if (info.code != c) throw std::logic_error("oracle::finish: codes out of order in " + f.name);
    if (info.kind == code_kind::nan) continue;
    const bool negative = std::signbit(info.value);
    if (info.kind == code_kind::infinity) {
      (negative ? f.negative_infinity : f.positive_infinity) = info.code;
    } else if (info.value == 0 && negative) {
      f.negative_zero = info.code;
    } else {
      f.stops.push_back({info.value, info.code, (info.code & 1) != 0, false});
    }
  }
  std::sort(f.stops.begin(), f.stops.end(),
            [](const stop& a, const stop& b) { return a.value < b.value; });
  if (rule == parity::sorted_index) {
    for (std::size_t i = 0; i < f.stops.size(); ++i) f.stops[i].odd = i % 2 != 0;
  }
  if (beyond) {
    f.stops.push_back({beyond->magnitude, 0, beyond->odd, true});
    if (f.is_signed) f.stops.insert(f.stops.begin(), {-beyond->magnitude, 0, beyond->odd, true});
  }
  for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
    if (!(f.stops[i].value < f.stops[i + 1].value)) {
      throw std::logic_error("oracle::finish: a value has two codes in " + f.name);
    }
    f.boundaries.push_back(midpoint(f.stops[i].value, f.stops[i + 1].value));
  }
}

inline code_info finite_code(code_type code, double value) {
  return {code, code_kind::finite, value};
}
inline code_info infinite_code(code_type code, bool negative) {
  const double infinity = std::numeric_limits<double>::infinity();
  return {code, code_kind::infinity, negative ? -infinity : infinity};
}
inline code_info nan_code(code_type code) {
  return {code, code_kind::nan, std::numeric_limits<double>::quiet_NaN()};
}

/// The low `count` bits of a code as text, highest first: the form in which the prefix codes
/// (HiF8, posit, takum) are defined and read here.
inline std::string bit_text(code_type code, int count) {
  std::string text;
  for (int i = count - 1; i >= 0; --i) text += ((code >> i) & 1) != 0 ? '1' : '0';
  return text;
}

/// The number that binary text spells; 0 for empty text.
inline int binary(const std::string& text) {
  int value = 0;
  for (const char digit : text) value = value * 2 + (digit - '0');
  return value;
}

}  // namespace oracle
