// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/codec_codebook.hpp"
#include "binade/format/codec_float.hpp"
#include "binade/format/codec_integer.hpp"
#include "binade/format/codec_tapered.hpp"

#include <concepts>
#include <cstdint>

namespace binade::inline v0 {

/// A format as data: what the codec functions take.
///   describe(s)                          what the codes mean
///   classify(s, code)                    zero, finite, infinity or NaN
///   decode(s, code)                      the exact value
///   encode(s, value, rounding, rules)    the code of an exact value
///   order_key(s, code), code_from_order_key(s, key)    codes in order of value
///   carrier_of(s)                        the narrowest built-in type that holds every value
template <class S>
concept format_spec = requires(const S& s, std::uint64_t code, std::int64_t key, unpacked x) {
  { describe(s) } -> std::same_as<code_description>;
  { classify(s, code) } -> std::same_as<value_class>;
  { decode(s, code) } -> std::same_as<unpacked>;
  { encode(s, x, rounding::any{}, conversion_rules{}) } -> std::same_as<std::uint64_t>;
  { order_key(s, code) } -> std::same_as<std::int64_t>;
  { code_from_order_key(s, key) } -> std::same_as<std::uint64_t>;
  { carrier_of(s) } -> std::same_as<carrier>;
};

static_assert(format_spec<float_spec> && format_spec<integer_spec> && format_spec<hif8_spec> &&
              format_spec<posit_spec> && format_spec<takum_spec> && format_spec<codebook_spec<16>>);

/// The specs of the built-in floating-point types.
inline constexpr float_spec binary32_spec{.exponent_bits = 8,
                                          .mantissa_bits = 23,
                                          .bias = 127,
                                          .nan = nan_codes::ieee,
                                          .infinity = infinity_codes::ieee};
inline constexpr float_spec binary64_spec{.exponent_bits = 11,
                                          .mantissa_bits = 52,
                                          .bias = 1023,
                                          .nan = nan_codes::ieee,
                                          .infinity = infinity_codes::ieee};

/// Rounds an exact value to a built-in type; overflow gives infinity unless the rules say
/// otherwise.
template <class R = rounding::ties_to_even>
[[nodiscard]] BINADE_HD constexpr float to_float(
    const unpacked& x, const R& rounding = {},
    conversion_rules rules = {.saturation = saturation_mode::none}) noexcept {
  constexpr float_spec spec = binary32_spec;
  return bit_cast<float>(static_cast<std::uint32_t>(encode(spec, x, rounding, rules)));
}

template <class R = rounding::ties_to_even>
[[nodiscard]] BINADE_HD constexpr double to_double(
    const unpacked& x, const R& rounding = {},
    conversion_rules rules = {.saturation = saturation_mode::none}) noexcept {
  constexpr float_spec spec = binary64_spec;
  return bit_cast<double>(encode(spec, x, rounding, rules));
}

}  // namespace binade::inline v0
