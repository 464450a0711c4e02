// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/rounding.hpp"
#include "binade/format/saturation.hpp"
#include "binade/format/spec.hpp"
#include "binade/format/unpacked.hpp"

#include <cstdint>

namespace binade::inline v0 {

namespace detail {

/// Significant code bits without the sign.
BINADE_HD constexpr int magnitude_bits(const float_spec& s) noexcept {
  return s.exponent_bits + s.mantissa_bits;
}

/// Exponent of the smallest normal number.
BINADE_HD constexpr int min_exponent(const float_spec& s) noexcept {
  return s.has_zero ? 1 - s.bias : -s.bias;
}

/// The largest finite magnitude code.
BINADE_HD constexpr std::uint64_t largest_magnitude(const float_spec& s) noexcept {
  std::uint64_t code = low_mask(magnitude_bits(s));
  if (s.nan == nan_codes::ieee || s.infinity == infinity_codes::ieee) {
    return (low_mask(s.exponent_bits) << s.mantissa_bits) - 1;
  }
  if (s.nan == nan_codes::all_ones) --code;
  if (s.infinity == infinity_codes::largest) --code;
  return code;
}

BINADE_HD constexpr std::uint64_t sign_bit(const float_spec& s) noexcept {
  return s.is_signed ? std::uint64_t{1} << magnitude_bits(s) : 0;
}

/// The code for an input of class NaN.
BINADE_HD constexpr std::uint64_t encode_nan(const code_description& d, bool negative,
                                             std::uint64_t sign, nan_mode rule) noexcept {
  if (!d.has_nan) return rule == nan_mode::zero ? 0 : d.largest;
  return d.nan | (negative && d.nan_has_sign ? sign : 0);
}

/// Cuts the exact value x down to `fraction_bits` mantissa bits, fewer below `least_exponent`,
/// where the step stays that of `least_exponent`. `kept` counts the steps; the codes of formats
/// whose exponent field follows are kept + ((exponent - least_exponent) << fraction_bits).
BINADE_HD constexpr discarded_part cut(const unpacked& x, int fraction_bits,
                                       int least_exponent) noexcept {
  const int below = x.exponent < least_exponent ? least_exponent - x.exponent : 0;
  const int shift = 63 - fraction_bits + below;  // >= 11, since fraction_bits <= 52
  discarded_part d{};
  if (shift < 64) {
    d.kept = x.significand >> shift;
    d.fraction = x.significand << (64 - shift);
  } else {
    d.kept = 0;
    d.fraction = shift_right_jam(x.significand, shift - 64);
  }
  const std::uint64_t half = std::uint64_t{1} << 63;
  d.versus_half = d.fraction < half ? -1 : (d.fraction > half ? 1 : 0);
  d.negative = x.negative;
  return d;
}

}  // namespace detail

/// What the codes of the format mean.
[[nodiscard]] BINADE_HD constexpr code_description describe(const float_spec& s) noexcept {
  code_description d{};
  const std::uint64_t ones = low_mask(detail::magnitude_bits(s));
  const std::uint64_t sign = detail::sign_bit(s);
  d.code_bits = detail::magnitude_bits(s) + (s.is_signed ? 1 : 0);
  d.is_signed = s.is_signed;
  d.has_zero = s.has_zero;
  d.has_negative_zero = s.is_signed && s.nan != nan_codes::negative_zero;
  d.has_nan = s.nan != nan_codes::none;
  d.nan_has_sign = s.is_signed && d.has_nan && s.nan != nan_codes::negative_zero;
  d.has_infinity = s.infinity != infinity_codes::none;
  d.largest = detail::largest_magnitude(s);
  d.lowest = s.is_signed ? d.largest | sign : 0;
  d.smallest = s.has_zero ? 1 : 0;
  d.infinity = d.has_infinity ? d.largest + 1 : 0;
  switch (s.nan) {
    case nan_codes::ieee:
      d.nan = d.largest + 1 + (std::uint64_t{1} << (s.mantissa_bits - 1));
      break;
    case nan_codes::all_ones:
      d.nan = ones;
      break;
    case nan_codes::negative_zero:
      d.nan = sign;
      break;
    case nan_codes::none:
      break;
  }
  if (s.quiet_nan != 0) d.nan = s.quiet_nan;
  return d;
}

[[nodiscard]] BINADE_HD constexpr value_class classify(const float_spec& s,
                                                       std::uint64_t code) noexcept {
  const std::uint64_t sign = detail::sign_bit(s);
  const std::uint64_t magnitude = code & low_mask(detail::magnitude_bits(s));
  const std::uint64_t largest = detail::largest_magnitude(s);
  if (magnitude > largest) {
    const bool infinite = s.infinity != infinity_codes::none && magnitude == largest + 1;
    return infinite ? value_class::infinity : value_class::nan;
  }
  if (magnitude != 0 || !s.has_zero) return value_class::finite;
  if (s.nan == nan_codes::negative_zero && s.is_signed && (code & sign) != 0) {
    return value_class::nan;
  }
  return value_class::zero;
}

/// Exact value of a code; bits above the format's are ignored.
[[nodiscard]] BINADE_HD constexpr unpacked decode(const float_spec& s,
                                                  std::uint64_t code) noexcept {
  const std::uint64_t magnitude = code & low_mask(detail::magnitude_bits(s));
  const value_class kind = classify(s, code);
  const bool negative = (code & detail::sign_bit(s)) != 0;
  unpacked u = detail::make_special(kind, negative);
  if (kind == value_class::nan && s.nan == nan_codes::negative_zero) u.negative = false;
  if (kind == value_class::finite) {
    const auto field = static_cast<std::int32_t>(magnitude >> s.mantissa_bits);
    const std::uint64_t mantissa = magnitude & low_mask(s.mantissa_bits);
    if (field == 0 && s.has_zero) {
      u = detail::make_finite(negative, mantissa, 1 - s.bias - s.mantissa_bits);
    } else {
      u.significand = ((std::uint64_t{1} << s.mantissa_bits) | mantissa) << (63 - s.mantissa_bits);
      u.exponent = field - s.bias;
    }
  }
  u.source_fraction_bits = static_cast<std::uint8_t>(s.mantissa_bits);
  return u;
}

/// The code of x under a rounding policy and rules: rounded once as if the exponent had no upper
/// bound, then tested against the range. Source: OCP OFP8 1.0, 5.2; IEEE 754-2019, 4.3.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const float_spec& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules rules) noexcept {
  const code_description d = describe(s);
  std::uint64_t sign = x.negative ? detail::sign_bit(s) : 0;
  if (x.kind == value_class::nan) {
    return detail::encode_nan(d, x.negative, detail::sign_bit(s), rules.nan);
  }
  if (x.negative && !s.is_signed && x.kind != value_class::zero &&
      rules.negative == negative_mode::nan) {
    return d.has_nan ? d.nan : 0;
  }
  const bool negative = x.negative && s.is_signed;
  const bool infinite = x.kind == value_class::infinity;
  std::uint64_t code = 0;
  bool overflow = infinite;
  if (x.kind == value_class::finite) {
    const int least = detail::min_exponent(s);
    if (x.exponent - least > (1 << s.exponent_bits)) {
      overflow = true;
    } else {
      unpacked magnitude = x;
      magnitude.negative = negative;
      discarded_part part = detail::cut(magnitude, s.mantissa_bits, least);
      if (x.exponent > least) {  // beyond the range of formats without an exponent field
        part.kept += static_cast<std::uint64_t>(x.exponent - least) << s.mantissa_bits;
      }
      // Without a zero, code 0 is the first normal number: codes lie one below the step count.
      const std::uint64_t offset = s.has_zero ? 0 : 1;
      part.kept_is_odd = ((part.kept - offset) & 1) != 0;
      part.significand_is_odd = s.mantissa_bits == 0 ? part.kept != 0 : part.kept_is_odd;
      const std::uint64_t steps = rounding(part);
      code = steps < offset ? 0 : steps - offset;
      overflow = code > d.largest;
    }
  }
  if (overflow) {
    const bool to_largest =
        rules.saturation == saturation_mode::finite ||
        (rules.saturation == saturation_mode::propagate && !infinite) ||
        (rules.saturation == saturation_mode::none && !infinite && rounding.stays_finite(negative));
    if (to_largest || (!d.has_infinity && !d.has_nan)) {
      code = d.largest;
    } else if (d.has_infinity) {
      code = d.infinity;
    } else {
      return detail::encode_nan(d, negative, sign, rules.nan);
    }
  }
  if (code == 0 && !d.has_negative_zero) sign = 0;
  return code | sign;
}

/// A number that orders the codes that are not NaN by value; both zeros are 0 where there is a
/// zero.
[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const float_spec& s,
                                                         std::uint64_t code) noexcept {
  const auto magnitude =
      static_cast<std::int64_t>(code & low_mask(detail::magnitude_bits(s))) + (s.has_zero ? 0 : 1);
  return (code & detail::sign_bit(s)) != 0 ? -magnitude : magnitude;
}

/// The code whose order_key is `key` (+0 for 0).
[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const float_spec& s,
                                                                    std::int64_t key) noexcept {
  const std::int64_t offset = s.has_zero ? 0 : 1;
  if (key >= 0) return static_cast<std::uint64_t>(key - offset);
  return static_cast<std::uint64_t>(-key - offset) | detail::sign_bit(s);
}

/// The narrowest type that holds every value.
[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const float_spec& s) noexcept {
  const unpacked largest = decode(s, detail::largest_magnitude(s));
  const int least = detail::min_exponent(s) - (s.has_zero ? s.mantissa_bits : 0);
  if (s.mantissa_bits <= 7 && largest.exponent <= 127 && least >= -133) return carrier::bfloat16;
  if (s.mantissa_bits <= 23 && largest.exponent <= 127 && least >= -149) return carrier::binary32;
  return carrier::binary64;
}

}  // namespace binade::inline v0
