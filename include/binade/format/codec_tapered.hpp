// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/codec_float.hpp"    // cut
#include "binade/format/codec_integer.hpp"  // order_key

#include <cstdint>

// HiF8, posits and takums: the number of mantissa bits depends on the exponent.

namespace binade::inline v0 {

namespace detail {

/// (2^rise * (1 + f) - 1) / (2^gap - 1) as 0.64 fixed point with sticky bit 0: the linear position
/// of a value between two neighbours 2^a and 2^(a + gap), where f = `fraction` / 2^64 and
/// 0 <= rise < gap <= 32. By long division: this is the path of stochastic rounding at the tapered
/// ends only.
BINADE_HD constexpr std::uint64_t linear_position(std::uint64_t fraction, int rise,
                                                  int gap) noexcept {
  const std::uint64_t divisor = low_mask(gap);
  std::uint64_t rest = rise == 0 ? 0 : (fraction >> (64 - rise)) + low_mask(rise);
  std::uint64_t bits = fraction << rise;
  std::uint64_t quotient = 0;
  for (int i = 0; i < 64; ++i) {
    rest = (rest << 1) | (bits >> 63);
    bits <<= 1;
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  return quotient | (rest != 0 ? 1 : 0);
}

/// A body of code bits cut out of the infinitely long bit string `header | fraction`.
struct bit_string {
  std::uint64_t bits;  ///< the string, top-aligned, bit 0 sticky
  int exponent_low;    ///< exponent bits of the header that may fall beyond the cut
  int header_length;   ///< bits before the fraction
};

/// The discarded part when a bit string is cut to `length` bits (posits and takums round the
/// string: the boundary of the nearest modes is where its next bit becomes 1).
template <class R>
BINADE_HD constexpr discarded_part cut_string(const bit_string& s, const unpacked& x, int length,
                                              const R& rounding) noexcept {
  discarded_part d{};
  d.kept = s.bits >> (64 - length);
  d.fraction = s.bits << length;
  const std::uint64_t half = std::uint64_t{1} << 63;
  d.versus_half = d.fraction < half ? -1 : (d.fraction > half ? 1 : 0);
  d.negative = x.negative;
  d.kept_is_odd = d.significand_is_odd = (d.kept & 1) != 0;
  const int lost_exponent_bits = s.header_length - length;
  if (lost_exponent_bits > 0 && d.fraction != 0 && needs_linear_fraction(rounding)) {
    const auto rise =
        static_cast<int>(static_cast<unsigned>(s.exponent_low) & low_mask(lost_exponent_bits));
    d.fraction = linear_position(x.significand << 1, rise, 1 << lost_exponent_bits);
  }
  return d;
}

/// Magnitude code of a two's complement format without overflow: never 0, never beyond `largest`.
BINADE_HD constexpr std::uint64_t clamp_body(std::uint64_t body, std::uint64_t largest) noexcept {
  return body == 0 ? 1 : (body > largest ? largest : body);
}

/// What posits and takums share: two's complement codes, 0 = zero, 10..0 = NaR.
BINADE_HD constexpr code_description describe_twos_complement(int bits) noexcept {
  code_description d{};
  d.code_bits = bits;
  d.is_signed = true;
  d.has_zero = true;
  d.has_nan = true;
  d.nan_is_ordered = true;
  d.nan = std::uint64_t{1} << (bits - 1);
  d.largest = d.nan - 1;
  d.lowest = d.nan + 1;
  d.smallest = 1;
  return d;
}

BINADE_HD constexpr value_class classify_twos_complement(int bits, std::uint64_t code) noexcept {
  code &= low_mask(bits);
  if (code == 0) return value_class::zero;
  return code == std::uint64_t{1} << (bits - 1) ? value_class::nan : value_class::finite;
}

BINADE_HD constexpr std::uint64_t with_sign(std::uint64_t body, bool negative, int bits) noexcept {
  return (negative ? ~body + 1 : body) & low_mask(bits);
}

/// Body (magnitude code) of a two's complement code, and its sign.
BINADE_HD constexpr std::uint64_t body_of(std::uint64_t code, int bits, bool& negative) noexcept {
  negative = ((code >> (bits - 1)) & 1) != 0;
  return (negative ? ~code + 1 : code) & low_mask(bits);
}

BINADE_HD constexpr bit_string posit_string(const posit_spec& s, const unpacked& x) noexcept {
  const int scale = 1 << s.exponent_bits;
  const int regime = x.exponent >= 0 ? x.exponent / scale : -((-x.exponent + scale - 1) / scale);
  const int low = x.exponent - regime * scale;
  // A regime of k >= 0 is k + 1 ones and a zero, of k < 0 it is -k zeros and a one.
  const int length = regime >= 0 ? regime + 2 : 1 - regime;
  const std::uint64_t run = regime >= 0 ? low_mask(regime + 1) << 1 : 1;
  const int header = length + s.exponent_bits;
  bit_string b{};
  b.bits = (run << (64 - length)) |
           (s.exponent_bits == 0 ? 0 : static_cast<std::uint64_t>(low) << (64 - header)) |
           shift_right_jam(x.significand << 1, header);
  b.exponent_low = low;
  b.header_length = header;
  return b;
}

BINADE_HD constexpr bit_string takum_string(const unpacked& x) noexcept {
  // The characteristic c is stored as D, the length r of C (complemented if D = 0), and C.
  const int c = x.exponent;
  const int r =
      c >= 0 ? top_bit(static_cast<std::uint64_t>(c) + 1) : top_bit(static_cast<std::uint64_t>(-c));
  const int low = c >= 0 ? c + 1 - (1 << r) : c + (2 << r) - 1;
  const std::uint64_t direction_and_length =
      c >= 0 ? 8U | static_cast<unsigned>(r) : 7U - static_cast<unsigned>(r);
  bit_string b{};
  b.header_length = 4 + r;
  b.exponent_low = low;
  b.bits = (direction_and_length << 60) |
           (r == 0 ? 0 : static_cast<std::uint64_t>(low) << (60 - r)) |
           shift_right_jam(x.significand << 1, 4 + r);
  return b;
}

/// Encodes a finite nonzero value, zero, NaN and infinity (NaR) given its bit string.
template <class R, class S>
BINADE_HD constexpr std::uint64_t encode_twos_complement(int bits, const unpacked& x,
                                                         const R& rounding, int least_exponent,
                                                         int largest_exponent,
                                                         const S& string_of) noexcept {
  const code_description d = describe_twos_complement(bits);
  if (x.kind == value_class::nan || x.kind == value_class::infinity) return d.nan;
  if (x.kind == value_class::zero) return 0;
  std::uint64_t body = 0;
  if (x.exponent > largest_exponent) {
    body = d.largest;
  } else if (x.exponent < least_exponent) {
    body = d.smallest;
  } else {
    body = clamp_body(rounding(cut_string(string_of(x), x, bits - 1, rounding)), d.largest);
  }
  return with_sign(body, x.negative, bits);
}

/// HiF8 magnitudes in order of value: 0, seven denormals, then the normal binades; 127 is infinity,
/// in the place of 1.5 * 2^15.
BINADE_HD constexpr int hif8_mantissa_bits(int exponent) noexcept {
  const int size = exponent < 0 ? -exponent : exponent;
  return exponent < -15 ? 0 : (size >= 8 ? 1 : (size >= 4 ? 2 : 3));
}

/// Rank of 2^exponent, for exponents -22..15.
BINADE_HD constexpr int hif8_rank_of_binade(int exponent) noexcept {
  if (exponent < -15) return exponent + 23;
  if (exponent < -7) return 8 + 2 * (exponent + 15);
  if (exponent < -3) return 24 + 4 * (exponent + 7);
  if (exponent < 4) return 40 + 8 * (exponent + 3);
  if (exponent < 8) return 96 + 4 * (exponent - 4);
  return 112 + 2 * (exponent - 8);
}

/// Exponent of the value of a rank in 1..127, and its mantissa bits.
struct hif8_fields {
  int exponent;
  int mantissa;
};
BINADE_HD constexpr hif8_fields hif8_fields_of_rank(int rank) noexcept {
  int exponent = 15;
  while (hif8_rank_of_binade(exponent) > rank) --exponent;
  return {exponent, rank - hif8_rank_of_binade(exponent)};
}

BINADE_HD constexpr std::uint64_t hif8_code_of_rank(int rank) noexcept {
  if (rank < 8) return static_cast<std::uint64_t>(rank);
  const hif8_fields f = hif8_fields_of_rank(rank);
  const int size = f.exponent < 0 ? -f.exponent : f.exponent;
  const int sign = f.exponent < 0 ? 1 : 0;
  int code = 0;
  if (size >= 8) {
    code = 0x60 | sign << 4 | (size & 7) << 1 | f.mantissa;
  } else if (size >= 4) {
    code = 0x40 | sign << 4 | (size & 3) << 2 | f.mantissa;
  } else if (size >= 2) {
    code = 0x20 | sign << 4 | (size & 1) << 3 | f.mantissa;
  } else if (size == 1) {
    code = 0x10 | sign << 3 | f.mantissa;
  } else {
    code = 0x08 | f.mantissa;
  }
  return static_cast<std::uint64_t>(code);
}

BINADE_HD constexpr int hif8_rank_of_code(std::uint64_t magnitude) noexcept {
  const auto code = static_cast<int>(magnitude);
  if (code < 0x08) return code;
  int size = 0;
  int negative = 0;
  int mantissa = code & 7;
  if (code >= 0x60) {
    size = 8 | ((code >> 1) & 7);
    negative = (code >> 4) & 1;
    mantissa = code & 1;
  } else if (code >= 0x40) {
    size = 4 | ((code >> 2) & 3);
    negative = (code >> 4) & 1;
    mantissa = code & 3;
  } else if (code >= 0x20) {
    size = 2 | ((code >> 3) & 1);
    negative = (code >> 4) & 1;
  } else if (code >= 0x10) {
    size = 1;
    negative = (code >> 3) & 1;
  }
  return hif8_rank_of_binade(negative != 0 ? -size : size) + mantissa;
}

inline constexpr int hif8_infinity_rank = 127;

/// Whether the published hybrid rule moves a value with |exponent| >= 4 away from zero.
/// Source: arXiv 2409.16626, section 3 (SSR): binary32 sources compare the top 14 discarded bits
/// with the low 14; binary16 sources the top 2 with 2 * low bit + 1.
BINADE_HD constexpr bool hif8_hybrid_rounds_up(const unpacked& x) noexcept {
  const bool half_source = x.source_fraction_bits == 10;
  const int source_bits = half_source ? 10 : 23;
  const int compared = half_source ? 2 : 14;
  const std::uint64_t mantissa = (x.significand << 1) >> (64 - source_bits);
  const std::uint64_t low = half_source ? 2 * (mantissa & 1) + 1 : mantissa & low_mask(compared);
  if (x.exponent == -23) {  // the hidden bit is the first discarded one
    const std::uint64_t top =
        (mantissa >> (source_bits - compared + 1)) + (std::uint64_t{1} << (compared - 1));
    return top >= low;
  }
  const int discarded = source_bits - hif8_mantissa_bits(x.exponent);
  return ((mantissa & low_mask(discarded)) >> (discarded - compared)) >= low;
}

}  // namespace detail

// ------------------------------------------------------------------------------------------ posit

[[nodiscard]] BINADE_HD constexpr code_description describe(const posit_spec& s) noexcept {
  return detail::describe_twos_complement(s.bits);
}

[[nodiscard]] BINADE_HD constexpr value_class classify(const posit_spec& s,
                                                       std::uint64_t code) noexcept {
  return detail::classify_twos_complement(s.bits, code);
}

[[nodiscard]] BINADE_HD constexpr unpacked decode(const posit_spec& s,
                                                  std::uint64_t code) noexcept {
  const value_class kind = classify(s, code);
  if (kind != value_class::finite) return detail::make_special(kind, false);
  bool negative = false;
  const std::uint64_t body = detail::body_of(code, s.bits, negative);
  const std::uint64_t string = body << (65 - s.bits);  // the bits after the sign, top-aligned
  const bool ones = (string >> 63) != 0;
  const int run = ones ? countl_zero(~string) : countl_zero(string);
  const int regime = ones ? run - 1 : -run;
  const std::uint64_t tail = run >= 62 ? 0 : string << (run + 1);
  const auto low = static_cast<int>(s.exponent_bits == 0 ? 0 : tail >> (64 - s.exponent_bits));
  unpacked u;
  u.kind = value_class::finite;
  u.negative = negative;
  u.exponent = regime * (1 << s.exponent_bits) + low;
  u.significand = (std::uint64_t{1} << 63) | ((tail << s.exponent_bits) >> 1);
  return u;
}

/// The code of x: the bit string rounded, never to zero and never beyond the largest value.
/// Infinity and NaN become NaR under every saturation policy. Source: Posit Standard (2022), 4.1.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const posit_spec& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules) noexcept {
  const int largest = (s.bits - 2) * (1 << s.exponent_bits);
  return detail::encode_twos_complement(
      s.bits, x, rounding, -largest, largest - 1,
      [&s](const unpacked& value) { return detail::posit_string(s, value); });
}

[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const posit_spec& s,
                                                         std::uint64_t code) noexcept {
  return order_key(integer_spec{s.bits, true}, code);
}

[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const posit_spec& s,
                                                                    std::int64_t key) noexcept {
  return static_cast<std::uint64_t>(key) & low_mask(s.bits);
}

[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const posit_spec& s) noexcept {
  const int largest = (s.bits - 2) * (1 << s.exponent_bits);
  const int mantissa_bits = s.bits - 3 - s.exponent_bits;
  if (largest > 126) return carrier::binary64;
  return mantissa_bits <= 7 ? carrier::bfloat16 : carrier::binary32;
}

// ------------------------------------------------------------------------------------------ takum

[[nodiscard]] BINADE_HD constexpr code_description describe(const takum_spec& s) noexcept {
  return detail::describe_twos_complement(s.bits);
}

[[nodiscard]] BINADE_HD constexpr value_class classify(const takum_spec& s,
                                                       std::uint64_t code) noexcept {
  return detail::classify_twos_complement(s.bits, code);
}

[[nodiscard]] BINADE_HD constexpr unpacked decode(const takum_spec& s,
                                                  std::uint64_t code) noexcept {
  const value_class kind = classify(s, code);
  if (kind != value_class::finite) return detail::make_special(kind, false);
  bool negative = false;
  const std::uint64_t body = detail::body_of(code, s.bits, negative);
  const std::uint64_t string = body << (65 - s.bits);
  const bool direction = (string >> 63) != 0;
  const auto field = static_cast<int>((string >> 60) & 7);
  const int r = direction ? field : 7 - field;
  const auto low = static_cast<int>(r == 0 ? 0 : (string << 4) >> (64 - r));
  unpacked u;
  u.kind = value_class::finite;
  u.negative = negative;
  u.exponent = direction ? (1 << r) - 1 + low : 1 - (2 << r) + low;
  u.significand = (std::uint64_t{1} << 63) | ((string << (4 + r)) >> 1);
  return u;
}

/// The code of x: the bit string rounded, never to zero and never beyond the largest value.
/// Infinity and NaN become NaR under every saturation policy. Source: arXiv 2404.18603, section 5.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const takum_spec& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules) noexcept {
  return detail::encode_twos_complement(s.bits, x, rounding, -255, 254, [](const unpacked& value) {
    return detail::takum_string(value);
  });
}

[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const takum_spec& s,
                                                         std::uint64_t code) noexcept {
  return order_key(integer_spec{s.bits, true}, code);
}

[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const takum_spec& s,
                                                                    std::int64_t key) noexcept {
  return static_cast<std::uint64_t>(key) & low_mask(s.bits);
}

[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const takum_spec&) noexcept {
  return carrier::binary64;
}

// ------------------------------------------------------------------------------------------- HiF8

[[nodiscard]] BINADE_HD constexpr code_description describe(const hif8_spec&) noexcept {
  code_description d{};
  d.code_bits = 8;
  d.is_signed = true;
  d.has_zero = true;
  d.has_nan = true;
  d.has_infinity = true;
  d.nan = 0x80;
  d.infinity = 0x6f;
  d.largest = 0x6e;
  d.lowest = 0xee;
  d.smallest = 0x01;
  return d;
}

[[nodiscard]] BINADE_HD constexpr value_class classify(const hif8_spec&,
                                                       std::uint64_t code) noexcept {
  code &= 0xff;
  if (code == 0) return value_class::zero;
  if (code == 0x80) return value_class::nan;
  return (code & 0x7f) == 0x6f ? value_class::infinity : value_class::finite;
}

[[nodiscard]] BINADE_HD constexpr unpacked decode(const hif8_spec& s, std::uint64_t code) noexcept {
  const value_class kind = classify(s, code);
  unpacked u = detail::make_special(kind, kind != value_class::nan && (code & 0x80) != 0);
  if (kind != value_class::finite) return u;
  const detail::hif8_fields f = detail::hif8_fields_of_rank(detail::hif8_rank_of_code(code & 0x7f));
  u.exponent = f.exponent;
  u.significand = (std::uint64_t{1} << 63) | (static_cast<std::uint64_t>(f.mantissa)
                                              << (63 - detail::hif8_mantissa_bits(f.exponent)));
  return u;
}

/// The code of x; -0 and what rounds to it become +0. Source: arXiv 2409.16626, section 3.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const hif8_spec& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules rules) noexcept {
  const code_description d = describe(s);
  if (x.kind == value_class::nan) return d.nan;
  if (x.kind == value_class::zero) return 0;
  const bool infinite = x.kind == value_class::infinity;
  const detail::hybrid_choice hybrid = detail::hybrid_of(rounding);
  int rank = detail::hif8_infinity_rank;
  bool saturates = true;
  if (!infinite && x.exponent <= 15) {
    const int width = detail::hif8_mantissa_bits(x.exponent);
    discarded_part part =
        x.exponent < -22 ? detail::cut(x, 0, -22) : detail::cut(x, width, x.exponent);
    if (x.exponent >= -22) {
      part.kept += static_cast<std::uint64_t>(detail::hif8_rank_of_binade(x.exponent)) -
                   (std::uint64_t{1} << width);
    }
    part.kept_is_odd = (part.kept & 1) != 0;
    part.significand_is_odd = width == 0 ? part.kept != 0 : part.kept_is_odd;
    const int size = x.exponent < 0 ? -x.exponent : x.exponent;
    const bool beyond =
        x.exponent == 15 && (part.versus_half >= 0 || part.kept >= detail::hif8_infinity_rank);
    if (hybrid.active && size >= 4 && !beyond) {
      const bool stays = x.exponent < -23 || (hybrid.guard && part.exact());
      rank = static_cast<int>(part.kept) + (!stays && detail::hif8_hybrid_rounds_up(x) ? 1 : 0);
      saturates = hybrid.guard;
    } else {
      rank = static_cast<int>(rounding(part));
    }
  }
  std::uint64_t code = 0;
  if (rank < detail::hif8_infinity_rank) {
    code = detail::hif8_code_of_rank(rank);
  } else {
    const bool to_largest =
        saturates && (rules.saturation == saturation_mode::finite ||
                      (rules.saturation == saturation_mode::propagate && !infinite) ||
                      (rules.saturation == saturation_mode::none && !infinite &&
                       rounding.stays_finite(x.negative)));
    code = to_largest ? d.largest : d.infinity;
  }
  return code == 0 ? 0 : code | (x.negative ? 0x80 : 0);
}

[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const hif8_spec&,
                                                         std::uint64_t code) noexcept {
  const int rank = detail::hif8_rank_of_code(code & 0x7f);
  return (code & 0x80) != 0 ? -rank : rank;
}

[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const hif8_spec&,
                                                                    std::int64_t key) noexcept {
  const std::uint64_t code = detail::hif8_code_of_rank(static_cast<int>(key < 0 ? -key : key));
  return key < 0 ? code | 0x80 : code;
}

[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const hif8_spec&) noexcept {
  return carrier::bfloat16;
}

}  // namespace binade::inline v0
