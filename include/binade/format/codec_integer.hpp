// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/codec_float.hpp"  // cut, encode_nan

#include <cstdint>

namespace binade::inline v0 {

/// What the codes of the format mean.
[[nodiscard]] BINADE_HD constexpr code_description describe(const integer_spec& s) noexcept {
  code_description d{};
  d.code_bits = s.bits;
  d.is_signed = s.is_signed;
  d.has_zero = true;
  d.largest = low_mask(s.is_signed ? s.bits - 1 : s.bits);
  d.lowest = s.is_signed ? d.largest + 1 : 0;
  d.smallest = 1;
  return d;
}

/// A number that orders the codes by value: the value itself.
[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const integer_spec& s,
                                                         std::uint64_t code) noexcept {
  const auto value = static_cast<std::int64_t>(code & low_mask(s.bits));
  const bool negative = s.is_signed && ((code >> (s.bits - 1)) & 1) != 0;
  return negative ? value - (std::int64_t{1} << s.bits) : value;
}

/// The code whose order_key is `key`.
[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const integer_spec& s,
                                                                    std::int64_t key) noexcept {
  return static_cast<std::uint64_t>(key) & low_mask(s.bits);
}

[[nodiscard]] BINADE_HD constexpr value_class classify(const integer_spec& s,
                                                       std::uint64_t code) noexcept {
  return (code & low_mask(s.bits)) == 0 ? value_class::zero : value_class::finite;
}

/// Exact value of a code; bits above the format's are ignored.
[[nodiscard]] BINADE_HD constexpr unpacked decode(const integer_spec& s,
                                                  std::uint64_t code) noexcept {
  return unpack(order_key(s, code));
}

/// The code of x: rounded to an integer, then clamped to the range under every saturation policy.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const integer_spec& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules rules) noexcept {
  const code_description d = describe(s);
  if (x.kind == value_class::nan) return detail::encode_nan(d, false, 0, rules.nan);
  if (x.kind == value_class::zero) return 0;
  if (x.negative && !s.is_signed && rules.negative == negative_mode::nan) return 0;
  const bool negative = x.negative && s.is_signed;
  const std::uint64_t limit = negative && !rules.symmetric ? d.lowest : d.largest;
  std::uint64_t magnitude = limit;
  if (x.kind == value_class::finite && x.exponent < s.bits) {
    unpacked value = x;
    value.negative = negative;
    // The step is 1 at every exponent: as many fraction bits as the exponent needs, none below 1.
    discarded_part part =
        x.exponent > 0 ? detail::cut(value, x.exponent, x.exponent) : detail::cut(value, 0, 0);
    part.kept_is_odd = part.significand_is_odd = (part.kept & 1) != 0;
    magnitude = rounding(part);
    if (magnitude > limit) magnitude = limit;
  }
  const std::uint64_t code = negative ? ~magnitude + 1 : magnitude;
  return code & low_mask(s.bits);
}

/// The narrowest type that holds every value: integers of at most 8 bits fit in bfloat16.
[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const integer_spec& s) noexcept {
  return s.bits <= 8 ? carrier::bfloat16 : (s.bits <= 24 ? carrier::binary32 : carrier::binary64);
}

}  // namespace binade::inline v0
