// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/rounding.hpp"
#include "binade/kernel/simd/float_encoder.hpp"

#include <cstdint>

namespace binade::inline v0::simd {

/// What stochastic rounding of a minifloat of at most 8 bits needs to know: the significand is
/// truncated to the code's bits and `random.bits` more, the element's random integer is added, and
/// those bits are dropped.
struct stochastic_encoder {
  float_encoder floats;  ///< `special` here: from these bits on the definition decides
  rounding::stochastic random;
  float_spec spec;
  conversion_rules rules;

  /// The code of the element with this index.
  [[nodiscard]] std::uint8_t encode_special(float x, std::uint64_t index) const noexcept {
    return static_cast<std::uint8_t>(encode(spec, unpack(x), random.at(index), rules));
  }
};

/// Whether kernels round so: a least exponent that leaves nothing of binary32's subnormal numbers.
[[nodiscard]] constexpr bool has_stochastic_encoder(const float_spec& s) noexcept {
  return has_float_encoder(s) && s.mantissa_bits <= 7 && binade::detail::min_exponent(s) > -80;
}
[[nodiscard]] constexpr bool has_stochastic_encoder(const rounding::stochastic& r) noexcept {
  return r.variant == rounding::stochastic_variant::add_truncate && (r.bits == 8 || r.bits == 16);
}

[[nodiscard]] constexpr stochastic_encoder make_stochastic_encoder(
    const float_spec& s, const rounding::stochastic& random, conversion_rules rules) noexcept {
  stochastic_encoder e{make_float_encoder(s, rules), random, s, rules};
  const code_description d = describe(s);
  // What lies above the largest value may leave the range by chance.
  if (rules.saturation == saturation_mode::none && (d.has_infinity || d.has_nan)) {
    e.floats.special = e.floats.clamp + 1;
  }
  return e;
}

}  // namespace binade::inline v0::simd
