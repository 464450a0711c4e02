// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/convert.hpp"

#include <limits>
#include <string_view>  // hash

namespace binade::inline v0::detail {

/// Significand bits of the widest binade, and the exponent where the first such binade begins.
struct precision {
  int digits;
  int least_exponent;
};

constexpr precision precision_of(const float_spec& s) noexcept {
  if (s.exponent_bits == 0) return {s.mantissa_bits, 1 - s.bias - s.mantissa_bits};
  return {s.mantissa_bits + 1, min_exponent(s)};
}
constexpr precision precision_of(const hif8_spec&) noexcept { return {4, -3}; }
constexpr precision precision_of(const posit_spec& s) noexcept {
  const int fraction = s.bits - 3 - s.exponent_bits;
  return {fraction > 0 ? fraction + 1 : 1, -(1 << s.exponent_bits)};
}
constexpr precision precision_of(const takum_spec& s) noexcept { return {s.bits - 4, -1}; }
constexpr precision precision_of(const integer_spec& s) noexcept {
  return {s.is_signed ? s.bits - 1 : s.bits, 0};
}
template <codebook C>
constexpr precision precision_of(const C& s) noexcept {
  return {1, decode(s, describe(s).smallest).exponent};
}

constexpr bool is_integer_spec(const integer_spec&) noexcept { return true; }
template <class S>
constexpr bool is_integer_spec(const S&) noexcept {
  return false;
}
constexpr bool is_ieee_spec(const float_spec& s) noexcept {
  return s.nan == nan_codes::ieee && s.infinity == infinity_codes::ieee;
}
template <class S>
constexpr bool is_ieee_spec(const S&) noexcept {
  return false;
}
template <class S>
constexpr bool is_codebook_spec(const S&) noexcept {
  return false;
}
template <codebook C>
constexpr bool is_codebook_spec(const C&) noexcept {
  return true;
}

/// floor(n * lg 2) for decimal digits; exact for |n| <= 1000 (lg 2 = 0.30102999...).
constexpr int decimal_digits(int n) noexcept {
  const int scaled = n * 30103;
  return scaled >= 0 ? scaled / 100000 : -((-scaled + 99999) / 100000);
}

/// The largest k with 10^k <= x, for x >= 1.
constexpr int decimal_exponent(const unpacked& x) noexcept {
  int k = decimal_digits(x.exponent);
  unpacked next = unpack(1);
  for (int i = 0; i <= k; ++i) next = multiply(next, unpack(10));
  return compare_magnitudes(next, x) <= 0 ? k + 1 : k;
}

/// Distance from the value nearest 1 to the next, to the one below where there is none above.
template <format T>
constexpr unpacked gap_at_one() noexcept {
  const T one(1);
  const T above = next_up(one);
  return above == one ? add(unpack(one), negate(unpack(next_down(one))))
                      : add(unpack(above), negate(unpack(one)));
}

}  // namespace binade::inline v0::detail

/// Limits of every format, also of those a user defines.
///
/// infinity(), quiet_NaN() and signaling_NaN() are T{} where the format has none. Tapered formats:
/// digits counts the widest significand, min() is the smallest value that has it. Codebooks: digits
/// is 1, min() the smallest positive entry, epsilon() the gap next to the entry nearest 1.
template <binade::format T>
struct std::numeric_limits<T> {
 private:
  static constexpr auto spec = T::spec;
  static constexpr binade::code_description codes = describe(spec);
  static constexpr binade::detail::precision precision = binade::detail::precision_of(spec);
  static constexpr T value(std::uint64_t code) noexcept {
    return T::from_bits(static_cast<std::uint32_t>(code));
  }
  static constexpr binade::unpacked exact_min() noexcept {
    if (is_integer || binade::detail::is_codebook_spec(spec)) return unpack(value(codes.smallest));
    return binade::detail::make_finite(false, 1, precision.least_exponent);
  }

 public:
  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = codes.is_signed;
  static constexpr bool is_integer = binade::detail::is_integer_spec(spec);
  static constexpr bool is_exact = is_integer;
  static constexpr bool has_infinity = codes.has_infinity;
  static constexpr bool has_quiet_NaN = codes.has_nan;
  static constexpr bool has_signaling_NaN = false;
  static constexpr bool has_denorm_loss = false;
  static constexpr std::float_round_style round_style = std::round_to_nearest;
  static constexpr bool is_iec559 = binade::detail::is_ieee_spec(spec);
  static constexpr bool is_bounded = true;
  static constexpr bool is_modulo = false;
  static constexpr int digits = precision.digits;
  static constexpr int digits10 = binade::detail::decimal_digits(is_integer ? digits : digits - 1);
  static constexpr int max_digits10 = is_integer ? 0 : binade::detail::decimal_digits(digits) + 2;
  static constexpr int radix = 2;
  static constexpr int min_exponent = is_integer ? 0 : exact_min().exponent + 1;
  static constexpr int min_exponent10 =
      is_integer ? 0 : -binade::detail::decimal_digits(-(min_exponent - 1));
  static constexpr int max_exponent = is_integer ? 0 : unpack(value(codes.largest)).exponent + 1;
  static constexpr int max_exponent10 =
      is_integer ? 0 : binade::detail::decimal_exponent(unpack(value(codes.largest)));
  static constexpr bool traps = false;
  static constexpr bool tinyness_before = false;

  static constexpr T min() noexcept { return is_integer ? lowest() : T::from_exact(exact_min()); }
  static constexpr T max() noexcept { return value(codes.largest); }
  static constexpr T lowest() noexcept { return value(codes.lowest); }
  static constexpr T denorm_min() noexcept { return value(codes.smallest); }
  static constexpr std::float_denorm_style has_denorm =
      !is_integer && binade::compare_magnitudes(unpack(value(codes.smallest)), exact_min()) < 0
          ? std::denorm_present
          : std::denorm_absent;
  static constexpr T epsilon() noexcept {
    if (is_integer) return T{};
    return T::from_exact(binade::detail::gap_at_one<T>());
  }
  static constexpr T round_error() noexcept { return is_integer ? T{} : T(0.5F); }
  static constexpr T infinity() noexcept { return has_infinity ? value(codes.infinity) : T{}; }
  static constexpr T quiet_NaN() noexcept { return has_quiet_NaN ? value(codes.nan) : T{}; }
  static constexpr T signaling_NaN() noexcept { return T{}; }
};

/// Equal values hash alike: both zeros, and NaN of every sign and payload.
template <binade::format T>
struct std::hash<T> {
  [[nodiscard]] constexpr std::size_t operator()(T x) const noexcept {
    if (isnan(x)) return ~std::size_t{0};
    const auto key = static_cast<std::uint64_t>(order_key(T::spec, x.bits()));
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15U);  // 2^64 / golden ratio, odd
  }
};
