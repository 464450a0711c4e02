// SPDX-License-Identifier: MIT
#pragma once

// The published definitions of the format families, each as a function that fills a `format` table
// code by code. Read each against its source; none is written for speed.

#include "format.hpp"
#include "rational.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oracle {

/// Value of a binary code with a biased exponent field, whatever its width: the code is
/// exponent * 2^mantissa_bits + mantissa; exponent 0 is subnormal, others have a hidden one.
/// The pattern is not bounded above, which gives the value of the virtual code past the largest.
inline double biased_value(code_type code, int mantissa_bits, int bias) {
  const code_type step = code_type{1} << mantissa_bits;
  const auto exponent = static_cast<int>(code / step);
  const std::int64_t mantissa = code % step;
  if (exponent == 0) return dyadic(mantissa, 1 - bias - mantissa_bits);
  return dyadic(std::int64_t{step} + mantissa, exponent - bias - mantissa_bits);
}

/// Which codes at the top of the code space are no numbers.
enum class specials {
  ieee,  ///< Exponent all ones: mantissa 0 is infinity, others NaN (canonical: top mantissa bit).
  fn,    ///< Only the all-ones code (under either sign) is NaN.
  all,   ///< Every code is a number.
  fnuz,  ///< All numbers, no negative zero; its code is the NaN.
};

/// IEEE-like minifloat: [sign] | exponent | mantissa. Source: IEEE 754-2019, 3.4; OCP OFP8 and MX.
///
/// `nan` overrides the canonical NaN of the ieee variant.
inline format minifloat(std::string name, int exponent_bits, int mantissa_bits, int bias,
                        specials variant, bool is_signed = true,
                        std::optional<code_type> nan = std::nullopt) {
  format f;
  f.name = std::move(name);
  f.is_signed = is_signed;
  f.bits = exponent_bits + mantissa_bits + (is_signed ? 1 : 0);

  const code_type half = code_type{1} << (exponent_bits + mantissa_bits);  // codes of one sign
  const code_type infinity = half - (code_type{1} << mantissa_bits);       // exponent all ones
  code_type largest = half - 1;
  if (variant == specials::ieee) largest = infinity - 1;
  if (variant == specials::fn) largest = half - 2;

  if (variant == specials::ieee) f.nan = infinity + (code_type{1} << (mantissa_bits - 1));
  if (variant == specials::fn) f.nan = half - 1;
  if (variant == specials::fnuz) f.nan = half;
  if (nan) f.nan = nan;
  f.nan_has_sign = is_signed && (variant == specials::ieee || variant == specials::fn);

  for (const bool negative : {false, true}) {
    if (negative && !is_signed) break;
    for (code_type c = 0; c < half; ++c) {
      const code_type code = negative ? half + c : c;
      if (c > largest) {
        const bool is_infinity = variant == specials::ieee && c == infinity;
        f.codes.push_back(is_infinity ? infinite_code(code, negative) : nan_code(code));
      } else if (negative && c == 0 && variant == specials::fnuz) {
        f.codes.push_back(nan_code(code));
      } else {
        const double magnitude = biased_value(c, mantissa_bits, bias);
        f.codes.push_back(finite_code(code, negative ? -magnitude : magnitude));
      }
    }
  }
  const code_type next = largest + 1;
  finish(f, overflow_stop{biased_value(next, mantissa_bits, bias), next % 2 != 0});
  return f;
}

/// IEEE P3109 binary<K>p<P><s|u><e|f>: K bits, precision P. Source: formats.md D.1.
///
/// One NaN: 2^(K-1) if signed, else all ones. Extended formats have infinities at the largest code
/// of each sign that is not the NaN. No negative zero.
inline format p3109(int k, int p, bool is_signed, bool extended) {
  format f;
  f.name = "binary" + std::to_string(k) + "p" + std::to_string(p) + (is_signed ? "s" : "u") +
           (extended ? "e" : "f");
  f.bits = k;
  f.is_signed = is_signed;
  f.division_by_zero_is_nan = true;
  // Signed: 2^(K-P-1), which is 1/2 for P = K and counts as 0.
  const int bias = is_signed ? (p == k ? 0 : 1 << (k - p - 1)) : 1 << (k - p);

  const code_type count = code_type{1} << k;
  f.nan = is_signed ? count / 2 : count - 1;
  const code_type positives = *f.nan;  // codes 0 .. positives-1 are not negative
  const code_type largest = extended ? positives - 2 : positives - 1;
  for (code_type code = 0; code < count; ++code) {
    const bool negative = code > positives;
    const code_type magnitude = negative ? code - positives : code;
    if (code == *f.nan) {
      f.codes.push_back(nan_code(code));
    } else if (magnitude > largest) {
      f.codes.push_back(infinite_code(code, negative));
    } else {
      const double value = biased_value(magnitude, p - 1, bias);
      f.codes.push_back(finite_code(code, negative ? -value : value));
    }
  }
  finish(f, overflow_stop{biased_value(largest + 1, p - 1, bias), (largest + 1) % 2 != 0});
  return f;
}

/// OCP MX E8M0 scale: code c is 2^(c-127), 0xFF is NaN; no sign, no zero. Source: formats.md C.6.
inline format e8m0(std::string name) {
  format f;
  f.name = std::move(name);
  f.bits = 8;
  f.is_signed = false;
  f.nan = 0xFF;
  for (code_type code = 0; code < 0xFF; ++code) {
    f.codes.push_back(finite_code(code, dyadic(1, static_cast<int>(code) - 127)));
  }
  f.codes.push_back(nan_code(0xFF));
  finish(f, overflow_stop{dyadic(1, 128), true});
  return f;
}

/// HiFloat8, from its dot-prefix table. Source: arXiv 2409.16626; formats.md Ac.
inline format hif8(std::string name) {
  struct row {
    std::string prefix;
    int exponent_bits;  // sign of the exponent, then its magnitude without the leading one
    int mantissa_bits;
  };
  static const std::vector<row> rows = {
      {"11", 4, 1}, {"10", 3, 2}, {"01", 2, 3}, {"001", 1, 3}, {"0001", 0, 3}};

  format f;
  f.name = std::move(name);
  f.bits = 8;
  f.nan = 0x80;
  f.ties_away_by_default = true;
  for (code_type code = 0; code < 256; ++code) {
    const bool negative = code >= 0x80;
    const std::string text = bit_text(code, 7);
    if (code == 0x80) {
      f.codes.push_back(nan_code(code));
      continue;
    }
    if (code % 0x80 == 0x6F) {
      f.codes.push_back(infinite_code(code, negative));
      continue;
    }
    double magnitude = 0;
    if (text.substr(0, 4) == "0000") {
      const int m = binary(text.substr(4));
      magnitude = m == 0 ? 0.0 : dyadic(1, m - 23);
    } else {
      for (const row& r : rows) {
        if (text.compare(0, r.prefix.size(), r.prefix) != 0) continue;
        const auto exponent_bits = static_cast<std::size_t>(r.exponent_bits);
        const std::string field = text.substr(r.prefix.size(), exponent_bits);
        int exponent = 0;
        if (!field.empty()) {
          exponent = binary(std::string(1, '1').append(field.substr(1)));
          if (field[0] == '1') exponent = -exponent;
        }
        const int m = binary(text.substr(r.prefix.size() + exponent_bits));
        magnitude = dyadic((1 << r.mantissa_bits) + m, exponent - r.mantissa_bits);
      }
    }
    f.codes.push_back(finite_code(code, negative ? -magnitude : magnitude));
  }
  // 0x6F, the infinity, holds the place of 1.5 * 2^15.
  finish(f, overflow_stop{dyadic(3, 14), true});
  return f;
}

/// Value of an n-bit posit code that is not NaR. Source: Posit Standard 2022; formats.md D.4.
inline double posit_value(code_type code, int n, int es) {
  if (code == 0) return 0;
  if (bit_text(code, n)[0] == '1') return -posit_value((code_type{1} << n) - code, n, es);
  const std::string text = bit_text(code, n - 1);
  const char r = text[0];
  const std::size_t run = std::min(text.find(r == '1' ? '0' : '1'), text.size());
  const int k = r == '1' ? static_cast<int>(run) - 1 : -static_cast<int>(run);
  std::string rest = run < text.size() ? text.substr(run + 1) : "";
  const auto exponent_bits = static_cast<std::size_t>(es);
  while (rest.size() < exponent_bits) rest += '0';
  const int exponent = binary(rest.substr(0, exponent_bits));
  const std::string fraction = rest.substr(exponent_bits);
  const auto length = static_cast<int>(fraction.size());
  return dyadic((1 << length) + binary(fraction), k * (1 << es) + exponent - length);
}

/// Value of an n-bit linear takum code that is not NaR. Source: arXiv 2404.18603, Definition 8;
/// formats.md D.5. The fields are read from the code as it stands, negative ones too.
inline double takum_value(code_type code, int n) {
  if (code == 0) return 0;
  if (n < 12) return takum_value(code << (12 - n), 12);
  const std::string text = bit_text(code, n);
  const int s = binary(text.substr(0, 1));
  const int d = binary(text.substr(1, 1));
  const int regime = binary(text.substr(2, 3));
  const int r = d == 1 ? regime : 7 - regime;
  const auto characteristic_bits = static_cast<std::size_t>(r);
  const int c =
      (d == 1 ? (1 << r) - 1 : -(2 << r) + 1) + binary(text.substr(5, characteristic_bits));
  const std::string fraction = text.substr(5 + characteristic_bits);
  const auto length = static_cast<int>(fraction.size());
  // ((1 - 3S) + f) * 2^((-1)^S (c + S))
  const int significand = (1 - 3 * s) * (1 << length) + binary(fraction);
  return dyadic(significand, (s == 1 ? -(c + 1) : c) - length);
}

/// A two's complement tapered format: NaR is 10..0, and codes order like signed integers.
///
/// value(code, bits) decodes a code of any width. Between the codes u and u+1 the nearest modes
/// change at the code 2u+1 that has one more bit.
template <class Value>
format tapered(std::string name, int n, Value value) {
  format f;
  f.name = std::move(name);
  f.bits = n;
  f.never_rounds_to_zero = true;
  f.division_by_zero_is_nan = true;
  f.nan = code_type{1} << (n - 1);
  for (code_type code = 0; code < code_type{1} << n; ++code) {
    f.codes.push_back(code == *f.nan ? nan_code(code) : finite_code(code, value(code, n)));
  }
  finish(f, std::nullopt);
  const code_type wide_mask = (code_type{2} << n) - 1;
  for (std::size_t i = 0; i < f.boundaries.size(); ++i) {
    f.boundaries[i] = value((2 * f.stops[i].code + 1) & wide_mask, n + 1);
    if (!(f.stops[i].value < f.boundaries[i] && f.boundaries[i] < f.stops[i + 1].value)) {
      throw std::logic_error("oracle::tapered: boundary out of place in " + f.name);
    }
  }
  return f;
}

inline format posit(std::string name, int n, int es) {
  return tapered(std::move(name), n,
                 [es](code_type code, int bits) { return posit_value(code, bits, es); });
}

inline format takum_linear(std::string name, int n) {
  return tapered(std::move(name), n, takum_value);
}

/// Two's complement or unsigned integer of the full range.
inline format integer(std::string name, int bits, bool is_signed) {
  format f;
  f.name = std::move(name);
  f.bits = bits;
  f.is_signed = is_signed;
  const std::int64_t count = std::int64_t{1} << bits;
  for (std::int64_t code = 0; code < count; ++code) {
    const bool negative = is_signed && code >= count / 2;
    f.codes.push_back(finite_code(static_cast<code_type>(code),
                                  static_cast<double>(negative ? code - count : code)));
  }
  finish(f, std::nullopt);
  return f;
}

/// Sign and an m-bit magnitude k of value k / 2^m, with -0: the elements of block floating point.
/// Source: formats.md D.7, MSFP.
inline format sign_magnitude(std::string name, int m) {
  format f;
  f.name = std::move(name);
  f.bits = m + 1;
  for (const int sign : {1, -1}) {
    for (int k = 0; k < 1 << m; ++k) {
      const double value = sign * dyadic(k, -m);  // -1 * 0.0 is -0.0
      f.codes.push_back(finite_code(static_cast<code_type>(f.codes.size()), value));
    }
  }
  finish(f, std::nullopt);
  return f;
}

/// A list of values; entry i is the value of code i, in any order. Parity is the sorted index.
inline format codebook(std::string name, int bits, const std::vector<double>& values) {
  format f;
  f.name = std::move(name);
  f.bits = bits;
  for (const double value : values) {
    f.codes.push_back(finite_code(static_cast<code_type>(f.codes.size()), value));
  }
  finish(f, std::nullopt, parity::sorted_index);
  return f;
}

}  // namespace oracle
