// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0 {

/// A policy object that says what becomes of values beyond the range, of NaN or of the sign.
template <class T>
concept rule_policy = requires {
  requires std::same_as<std::remove_cvref_t<decltype(T::mode)>, saturation_mode> ||
               std::same_as<std::remove_cvref_t<decltype(T::mode)>, nan_mode> ||
               std::same_as<std::remove_cvref_t<decltype(T::mode)>, negative_mode>;
};

/// What a conversion may be told: a rounding policy and rule policies, in any order.
template <class T>
concept conversion_policy = rounding_policy<T> || rule_policy<T>;

/// Where a conversion may end: a format, binary32 or binary64.
template <class T>
concept conversion_target = format<T> || std::same_as<T, float> || std::same_as<T, double>;

namespace detail {

template <class T>
struct target_policies : default_policies<T> {};
template <std::floating_point T>
struct target_policies<T> {
  using rounding = rounding::ties_to_even;
  static constexpr conversion_rules rules{.saturation = saturation_mode::none};
};

template <conversion_target To>
BINADE_HD constexpr conversion_rules default_rules() noexcept {
  constexpr conversion_rules rules = target_policies<To>::rules;
  return rules;
}

template <class Policy>
BINADE_HD constexpr void apply_rule(conversion_rules& rules, const Policy&) noexcept {
  if constexpr (!rounding_policy<Policy>) {
    constexpr auto mode = Policy::mode;
    if constexpr (std::same_as<decltype(mode), const saturation_mode>) {
      rules.saturation = mode;
    } else if constexpr (std::same_as<decltype(mode), const nan_mode>) {
      rules.nan = mode;
    } else {
      rules.negative = mode;
    }
  }
}

/// The rounding policy among the arguments, or the target's own.
template <class To>
BINADE_HD constexpr auto choose_rounding() noexcept {
  return typename target_policies<To>::rounding{};
}
template <class To, class First, class... Rest>
BINADE_HD constexpr auto choose_rounding(const First& first, const Rest&... rest) noexcept {
  if constexpr (rounding_policy<First>) {
    return first;
  } else {
    return choose_rounding<To>(rest...);
  }
}

template <class To, class R>
BINADE_HD constexpr To pack_value(const unpacked& x, const R& rounding,
                                  conversion_rules rules) noexcept {
  if constexpr (std::same_as<To, float>) {
    return to_float(x, rounding, rules);
  } else if constexpr (std::same_as<To, double>) {
    return to_double(x, rounding, rules);
  } else {
    return To::from_exact(x, rounding, rules);
  }
}

/// *out = pack_value<To>(...), written as bits: under -ffast-math compilers choose freely between
/// a float +0 and -0.
template <class To, class R>
BINADE_HD constexpr void pack_value_into(To* out, const unpacked& x, const R& rounding,
                                         conversion_rules rules) noexcept {
  if constexpr (std::floating_point<To>) {
    if (!__builtin_is_constant_evaluated()) {
      constexpr float_spec spec = std::same_as<To, float> ? binary32_spec : binary64_spec;
      using word = std::conditional_t<std::same_as<To, float>, std::uint32_t, std::uint64_t>;
      const auto bits = static_cast<word>(encode(spec, x, rounding, rules));
      __builtin_memcpy(out, &bits, sizeof bits);
      return;
    }
  }
  *out = pack_value<To>(x, rounding, rules);
}

}  // namespace detail

/// x as a `To`, rounded once.
///
/// Policies: at most one rounding policy, and rule policies (saturation::*, nan::*, negative::*);
///           what is not named is the target's default.
/// NaN:      the target's canonical NaN with the source's sign where it has one on NaN; in formats
///           without NaN the largest positive value, or 0 with nan::zero.
/// Error:    correctly rounded.
template <conversion_target To, number From, conversion_policy... Policies>
[[nodiscard]] BINADE_HD constexpr To convert(const From& x, const Policies&... policies) noexcept {
  static_assert((0 + ... + (rounding_policy<Policies> ? 1 : 0)) <= 1,
                "convert takes at most one rounding policy");
  conversion_rules rules = detail::default_rules<To>();
  (detail::apply_rule(rules, policies), ...);
  return detail::pack_value<To>(unpack(x), detail::choose_rounding<To>(policies...), rules);
}

/// The code of x in format F: convert<F>(x, policies...).bits().
template <format F, number From, conversion_policy... Policies>
[[nodiscard]] BINADE_HD constexpr typename F::storage_type encode(
    const From& x, const Policies&... policies) noexcept {
  return convert<F>(x, policies...).bits();
}

/// The exact value of a code of format F, in binary32 if every value of F is a float, else
/// binary64.
template <format F>
[[nodiscard]] BINADE_HD constexpr auto decode(std::uint32_t code) noexcept {
  constexpr bool wide = F::exact_in() == carrier::binary64;
  return static_cast<std::conditional_t<wide, double, float>>(F::from_bits(code));
}

/// The values of F on both sides of x: below <= x <= above, equal where x is a value of F. Beyond
/// the range they are the end of the range and the infinity if F has one, else the end twice.
/// Posits and takums, which never round to 0, have their smallest value on both sides next to 0.
template <format F>
struct neighbours {
  F below;
  F above;

  BINADE_HD constexpr explicit neighbours(const unpacked& x) noexcept
      : below(F::from_exact(x, rounding::toward_negative{}, rules())),
        above(F::from_exact(x, rounding::toward_positive{}, rules())) {}
  template <number T>
  BINADE_HD constexpr explicit neighbours(const T& x) noexcept : neighbours(unpack(x)) {}

 private:
  BINADE_HD static constexpr conversion_rules rules() noexcept {
    constexpr bool has_infinity = describe(F::spec).has_infinity;
    return {.saturation = has_infinity ? saturation_mode::none : saturation_mode::propagate};
  }
};

/// Calls f(value) for each code, NaN included, in order of code.
template <format F, class Function>
constexpr void for_each_code(Function&& f) {
  constexpr int width = describe(F::spec).code_bits;
  for (std::uint32_t code = 0; code < (std::uint32_t{1} << width); ++code) f(F::from_bits(code));
}

/// Calls f(value) for each finite value, in ascending order; -0 is left out.
template <format F, class Function>
constexpr void for_each_value(Function&& f) {
  constexpr auto spec = F::spec;
  constexpr code_description d = describe(spec);
  for (std::int64_t key = order_key(spec, d.lowest); key <= order_key(spec, d.largest); ++key) {
    f(F::from_bits(static_cast<std::uint32_t>(code_from_order_key(spec, key))));
  }
}

}  // namespace binade::inline v0
