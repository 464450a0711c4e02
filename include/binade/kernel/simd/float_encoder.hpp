// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/codec_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/simd/special_codes.hpp"

#include <cstdint>

namespace binade::inline v0::simd {

/// What an add-and-shift encoder needs to know of a minifloat of at most 16 bits and a saturation
/// mode, for rounding to nearest even from binary32. One kernel serves every such format.
///
/// With m = 2^max(exponent of x, least exponent), adding m * 2^(23 - M) rounds |x| to a multiple of
/// m * 2^-M, in the mode of the addition, and leaves their number q in the low bits of the sum. The
/// code is q + (biased exponent of m << M) - ((emin + 127) << M); the last term, modulo the range
/// of codes, is an even number of units of the sum's last place, so that `factor` holds it too.
struct float_encoder {
  std::uint32_t clamp;       ///< larger magnitudes count as this one (bits of a float)
  std::uint32_t special;     ///< from these bits on `codes` has the code: NaN, infinity, overflow
  std::uint32_t least;       ///< bits of the smallest normal number, 2^emin
  std::uint32_t factor;      ///< bits of 2^(23 - M), and what the code's exponent needs
  std::uint32_t shift;       ///< 23 - M
  std::uint32_t code_bits;   ///< the bits of a code that are its magnitude
  std::uint32_t magnitude;   ///< bits that count: without the sign, or all if it means NaN
  std::uint32_t sign_shift;  ///< moves bit 31 of a float to the code's sign
  std::uint32_t sign;        ///< the code's sign bit
  bool zero_has_sign;        ///< -0 is a code

  special_codes codes;  ///< of elements that are special

  /// Whether NaN alone is special.
  [[nodiscard]] constexpr bool only_nan_is_special() const noexcept {
    return magnitude == 0x7fffffff && special == 0x7f800001;
  }
  [[nodiscard]] constexpr bool is_special(std::uint32_t bits) const noexcept {
    return (bits & magnitude) >= special;
  }
  [[nodiscard]] constexpr std::uint32_t encode_special(float x) const noexcept {
    return codes(bit_cast<std::uint32_t>(x));
  }
};

/// Whether the formula above holds for a minifloat of 9 to 16 bits: a mantissa bit, so that the
/// parity of q is that of the code; a zero; and a least step far above binary32's subnormal
/// numbers, so that flushing those to zero changes nothing.
[[nodiscard]] constexpr bool has_wide_float_encoder(const float_spec& s) noexcept {
  const int bits = describe(s).code_bits;
  return bits > 8 && bits <= 16 && s.mantissa_bits >= 1 && s.has_zero &&
         detail::min_exponent(s) - s.mantissa_bits > -120;
}

/// The same for a minifloat of at most 8 bits.
[[nodiscard]] constexpr bool has_float_encoder(const float_spec& s) noexcept {
  return describe(s).code_bits <= 8 && s.mantissa_bits >= 1 && s.has_zero &&
         detail::min_exponent(s) - s.mantissa_bits > -120;
}

[[nodiscard]] constexpr float_encoder make_float_encoder(const float_spec& s,
                                                         conversion_rules rules) noexcept {
  constexpr std::uint32_t infinity = 0x7f800000;
  const code_description d = describe(s);
  float_encoder e{};
  const std::uint32_t largest = bit_cast<std::uint32_t>(to_float(decode(s, d.largest)));
  e.clamp = largest;
  e.special = infinity + 1;
  if (rules.saturation == saturation_mode::propagate) e.special = infinity;
  if (rules.saturation == saturation_mode::none) {
    // The first float that leaves the range: just above, or at, the midpoint to the next step.
    std::uint32_t low = largest;
    std::uint32_t high = infinity;
    while (high - low > 1) {
      const std::uint32_t middle = low + (high - low) / 2;
      const bool outside =
          encode(s, unpack(bit_cast<float>(middle)), rounding::ties_to_even{}, rules) != d.largest;
      (outside ? high : low) = middle;
    }
    if (d.has_infinity || d.has_nan) e.special = high;
  }
  const auto mantissa = static_cast<std::uint32_t>(s.mantissa_bits);
  const auto exponent = static_cast<std::uint32_t>(detail::min_exponent(s) + 127);
  e.least = exponent << 23;
  e.shift = 23 - mantissa;
  e.sign = s.is_signed ? 1U << (d.code_bits - 1) : 0;
  e.code_bits = static_cast<std::uint32_t>(low_mask(d.code_bits)) & ~e.sign;
  e.factor = ((127 + e.shift) << 23) + ((0U - (exponent << mantissa)) & e.code_bits);
  e.magnitude = s.is_signed || rules.negative == negative_mode::abs ? 0x7fffffffU : 0xffffffffU;
  e.sign_shift = static_cast<std::uint32_t>(32 - d.code_bits);
  e.zero_has_sign = d.has_negative_zero;
  e.codes = make_special_codes(s, rounding::ties_to_even{}, rules);
  return e;
}

}  // namespace binade::inline v0::simd
