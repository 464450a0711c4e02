// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/format/codec_float.hpp"  // encode_nan

#include <cstdint>

namespace binade::inline v0 {

namespace detail {

/// All code bits: a codebook has 2^n entries.
template <codebook C>
BINADE_HD constexpr std::uint64_t codebook_mask(const C& s) noexcept {
  return static_cast<std::uint64_t>(s.size()) - 1;
}

/// Share of the gap that lies below x, as 0.64 fixed point: (x - from) / (to - from), all of one
/// sign or zero, |from| <= |x| < |to|.
BINADE_HD constexpr std::uint64_t position_between(const unpacked& x, const unpacked& from,
                                                   const unpacked& to) noexcept {
  const unpacked share = divide(add(x, negate(from)), add(to, negate(from)));
  if (share.kind == value_class::zero) return 0;
  return shift_right_jam(share.significand, -1 - share.exponent);
}

template <codebook C>
BINADE_HD constexpr unpacked codebook_value(const C& s, int index) noexcept {
  return unpack(bit_cast<float>(s.values[index]));
}

}  // namespace detail

/// What the codes of the format mean: they are numbered by ascending value.
template <codebook C>
[[nodiscard]] BINADE_HD constexpr code_description describe(const C& s) noexcept {
  code_description d{};
  d.code_bits = top_bit(static_cast<std::uint64_t>(s.size()));
  d.is_signed = detail::codebook_value(s, 0).negative;
  d.largest = detail::codebook_mask(s);
  d.lowest = 0;
  d.smallest = detail::codebook_mask(s);
  for (int i = s.size() - 1; i >= 0; --i) {
    const unpacked v = detail::codebook_value(s, i);
    if (v.kind == value_class::zero) d.has_zero = true;
    if (v.kind == value_class::finite && !v.negative) d.smallest = static_cast<std::uint64_t>(i);
  }
  return d;
}

template <codebook C>
[[nodiscard]] BINADE_HD constexpr unpacked decode(const C& s, std::uint64_t code) noexcept {
  return detail::codebook_value(s, static_cast<int>(code & detail::codebook_mask(s)));
}

template <codebook C>
[[nodiscard]] BINADE_HD constexpr value_class classify(const C& s, std::uint64_t code) noexcept {
  return decode(s, code).kind;
}

/// The code of x: values beyond the ends get the end, under every saturation policy; between two
/// entries the exact midpoint decides the nearest modes.
template <codebook C, class R>
[[nodiscard]] BINADE_HD constexpr std::uint64_t encode(const C& s, const unpacked& x,
                                                       const R& rounding,
                                                       conversion_rules rules) noexcept {
  if (x.kind == value_class::nan) {
    const unpacked zero = detail::make_special(value_class::zero, false);
    return rules.nan == nan_mode::zero ? encode(s, zero, rounding, rules)
                                       : detail::codebook_mask(s);
  }
  const unpacked first = detail::codebook_value(s, 0);
  const unpacked last = detail::codebook_value(s, s.size() - 1);
  if (x.kind == value_class::infinity) return x.negative ? 0 : detail::codebook_mask(s);
  if (compare_values(x, first) <= 0) return 0;
  if (compare_values(x, last) >= 0) return detail::codebook_mask(s);
  int below = 0;  // values[below] <= x < values[above]
  int above = s.size() - 1;
  while (above - below > 1) {
    const int middle = (below + above) / 2;
    if (compare_values(detail::codebook_value(s, middle), x) <= 0) {
      below = middle;
    } else {
      above = middle;
    }
  }
  const unpacked low = detail::codebook_value(s, below);
  const unpacked high = detail::codebook_value(s, above);
  if (compare_values(low, x) == 0) return static_cast<std::uint64_t>(below);
  // Policies speak of toward and away from zero; an entry on each side of zero counts as its own.
  const bool toward_is_low = !x.negative;
  const unpacked& toward = toward_is_low ? low : high;
  const unpacked& away = toward_is_low ? high : low;
  const int kept = toward_is_low ? below : above;
  discarded_part part{};
  part.kept = static_cast<std::uint64_t>(kept);
  part.negative = x.negative;
  part.kept_is_odd = part.significand_is_odd = (kept & 1) != 0;
  part.fraction = detail::position_between(x, toward, away);
  const int versus_middle = compare_values(scale_exponent(x, 1), add(low, high));
  part.versus_half = toward_is_low ? versus_middle : -versus_middle;
  const bool moves = rounding(part) != part.kept;
  return static_cast<std::uint64_t>(moves == toward_is_low ? above : below);
}

/// A number that orders the codes by value: the code.
template <codebook C>
[[nodiscard]] BINADE_HD constexpr std::int64_t order_key(const C& s, std::uint64_t code) noexcept {
  return static_cast<std::int64_t>(code & detail::codebook_mask(s));
}

template <codebook C>
[[nodiscard]] BINADE_HD constexpr std::uint64_t code_from_order_key(const C& s,
                                                                    std::int64_t key) noexcept {
  return static_cast<std::uint64_t>(key) & detail::codebook_mask(s);
}

/// Codebooks are lists of binary32 values.
template <codebook C>
[[nodiscard]] BINADE_HD constexpr carrier carrier_of(const C&) noexcept {
  return carrier::binary32;
}

}  // namespace binade::inline v0
