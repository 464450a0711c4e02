// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/codec.hpp"

#include <concepts>
#include <cstdint>

// What the encoders in 32-bit lanes need to know of formats and modes that float_encoder does not
// serve. Floats whose bits, cut to `magnitude`, are at least `special` are left to the definition.

namespace binade::inline v0::simd {

/// The definition, for elements that are special.
struct code_definition {
  std::uint32_t (*encode)(float x, conversion_rules rules) noexcept = nullptr;
  conversion_rules rules{};
};

/// Formats with binary32's exponents, of 2 to 16 mantissa bits (bfloat16, tfloat32): the code is
/// the upper part of the float, rounded.
struct upper_encoder {
  static constexpr std::uint32_t magnitude = 0x7fffffff;
  std::uint32_t special;
  std::uint32_t clamp;  ///< larger magnitudes count as this one
  std::uint32_t shift;  ///< bits that are dropped
  std::uint32_t add;    ///< rounds: below one half of the last bit that stays ...
  std::uint32_t odd;    ///< ... and 1 if an odd one adds one more
  code_definition definition;

  [[nodiscard]] bool is_special(std::uint32_t bits) const noexcept {
    return (bits & magnitude) >= special;
  }
  [[nodiscard]] std::uint32_t encode_special(float x) const noexcept {
    return definition.encode(x, definition.rules);
  }
};

[[nodiscard]] constexpr bool has_upper_encoder(const float_spec& s) noexcept {
  return s.exponent_bits == 8 && s.bias == 127 && s.is_signed && s.mantissa_bits >= 2 &&
         s.mantissa_bits <= 16 && s.nan == nan_codes::ieee && s.infinity == infinity_codes::ieee;
}

/// Needs R to be ties_to_even or toward_zero.
template <class R>
[[nodiscard]] constexpr upper_encoder make_upper_encoder(const float_spec& s, const R&,
                                                         code_definition definition) noexcept {
  constexpr std::uint32_t infinity = 0x7f800000;
  constexpr bool nearest = std::same_as<R, rounding::ties_to_even>;
  static_assert(nearest || std::same_as<R, rounding::toward_zero>);
  const saturation_mode saturation = definition.rules.saturation;
  upper_encoder e{};
  e.shift = static_cast<std::uint32_t>(23 - s.mantissa_bits);
  e.special = saturation == saturation_mode::none && nearest ? infinity + 1 : infinity;
  if (saturation == saturation_mode::finite) e.special = infinity + 1;
  e.clamp = saturation == saturation_mode::none ? infinity : infinity - (1U << e.shift);
  e.add = nearest ? (1U << (e.shift - 1)) - 1 : 0;
  e.odd = nearest ? 1 : 0;
  e.definition = definition;
  return e;
}

enum class rounds_integers : std::uint8_t { to_nearest, toward_zero };

/// Integers of at most 8 bits, rounded to nearest even or toward zero.
struct integer_encoder {
  static constexpr std::uint32_t magnitude = 0x7fffffff;
  static constexpr std::uint32_t special = 0x7f800001;  ///< NaN
  std::uint32_t clamp;                                  ///< the larger end of the range, as a float
  std::int32_t lowest, largest;                         ///< the range
  std::uint32_t code_mask;
  bool keeps_sign;  ///< else the magnitude counts
  code_definition definition;

  [[nodiscard]] bool is_special(std::uint32_t bits) const noexcept {
    return (bits & magnitude) >= special;
  }
  [[nodiscard]] std::uint32_t encode_special(float x) const noexcept {
    return definition.encode(x, definition.rules);
  }
};

[[nodiscard]] constexpr integer_encoder make_integer_encoder(const integer_spec& s,
                                                             code_definition definition) noexcept {
  const conversion_rules rules = definition.rules;
  const code_description d = describe(s);
  integer_encoder e{};
  e.largest = static_cast<std::int32_t>(d.largest);
  e.lowest = 0;
  if (s.is_signed) e.lowest = rules.symmetric ? -e.largest : -e.largest - 1;
  e.clamp = bit_cast<std::uint32_t>(to_float(unpack(s.is_signed ? -e.lowest : e.largest)));
  e.code_mask = static_cast<std::uint32_t>(low_mask(s.bits));
  e.keeps_sign = s.is_signed || rules.negative == negative_mode::nan;
  e.definition = definition;
  return e;
}

/// Codebooks of 16 values, in any deterministic mode: the code is the number of boundaries at or
/// below x.
struct codebook_encoder {
  static constexpr std::uint32_t magnitude = 0x7fffffff;
  static constexpr std::uint32_t special = 0x7f800001;
  /// boundary[k], k > 0: the least float whose code is k or more, its bits in `ordered` form.
  std::int32_t boundary[16];
  code_definition definition;

  /// The bits of a float as an integer that orders floats by value, -0 just below +0.
  [[nodiscard]] static constexpr std::int32_t ordered(std::uint32_t bits) noexcept {
    const auto x = static_cast<std::int32_t>(bits);
    return x ^ ((x >> 31) & 0x7fffffff);
  }
  [[nodiscard]] bool is_special(std::uint32_t bits) const noexcept {
    return (bits & magnitude) >= special;
  }
  [[nodiscard]] std::uint32_t encode_special(float x) const noexcept {
    return definition.encode(x, definition.rules);
  }
};

/// The least floats whose codes are 1 to `count` - 1 or more, as ordered bits, from the definition;
/// boundary[0] is -infinity.
inline void find_boundaries(const code_definition& definition, std::uint32_t count,
                            std::int32_t* boundary) noexcept {
  constexpr std::int32_t infinity = 0x7f800000;
  boundary[0] = ~infinity;
  for (std::uint32_t k = 1; k < count; ++k) {
    std::int64_t below = std::int64_t{~infinity} - 1;
    std::int64_t at = std::int64_t{infinity} + 1;  // no float has the code
    while (at - below > 1) {
      const std::int64_t middle = below + (at - below) / 2;
      // `ordered` is its own inverse.
      const auto bits =
          static_cast<std::uint32_t>(codebook_encoder::ordered(static_cast<std::uint32_t>(middle)));
      (definition.encode(bit_cast<float>(bits), definition.rules) >= k ? at : below) = middle;
    }
    boundary[k] = static_cast<std::int32_t>(at);
  }
}

[[nodiscard]] inline codebook_encoder make_codebook_encoder(code_definition definition) noexcept {
  codebook_encoder e{};
  e.definition = definition;
  find_boundaries(definition, 16, e.boundary);
  return e;
}

/// Codebooks of 256 values. The upper half of a float leaves two codes at most: boundaries differ
/// in it.
struct wide_codebook_table {
  std::int32_t boundary[256];
  std::uint8_t first[65536];  ///< by upper half, -2^15 first: the least of its codes
  bool is_valid;              ///< the upper halves differ
  /// The halves of the boundaries, and the upper ones in the order of a bisection: that of
  /// middle[level][i] parts the codes that begin with the `level` bits i.
  alignas(64) std::uint16_t upper[256];
  alignas(64) std::uint16_t lower[256];
  alignas(64) std::uint16_t middle[8][128];

  /// The code of a float that is not NaN, given its ordered bits.
  [[nodiscard]] std::uint32_t encode(std::int32_t x) const noexcept {
    const std::uint32_t code = first[(x >> 16) + 0x8000];
    return code + (code != 255 && x >= boundary[(code + 1) & 255] ? 1U : 0U);
  }
};
struct wide_codebook_encoder {
  const wide_codebook_table* table;
  code_definition definition;
};

[[nodiscard]] inline wide_codebook_table make_wide_codebook_table(
    const code_definition& definition) noexcept {
  wide_codebook_table t{};
  find_boundaries(definition, 256, t.boundary);
  t.is_valid = true;
  for (std::uint32_t i = 0; i < 256; ++i) {
    t.upper[i] = static_cast<std::uint16_t>(t.boundary[i] >> 16);
    t.lower[i] = static_cast<std::uint16_t>(t.boundary[i]);
  }
  for (std::uint32_t level = 0; level < 8; ++level) {
    for (std::uint32_t i = 0; i < 1U << level; ++i) {
      t.middle[level][i] = t.upper[(2 * i + 1) << (7 - level)];
    }
  }
  std::uint32_t code = 0;
  for (std::int32_t upper = -0x8000; upper < 0x8000; ++upper) {
    // The code of the least float of this upper half.
    while (code < 255 && t.boundary[code + 1] <= upper * 65536) ++code;
    t.first[upper + 0x8000] = static_cast<std::uint8_t>(code);
    if (code < 254 && t.boundary[code + 2] >> 16 <= upper) t.is_valid = false;
  }
  return t;
}

/// Formats of 9 to 16 bits whose codes are in the order of their values as two's complement
/// integers, evenly spaced within each binade of a range about 1: posits and takums.
struct binade_table {
  std::uint32_t first;  ///< the floats of the range, but for zero and the sign: [first, end)
  std::uint32_t end;
  /// By exponent: the code of the power of two << 8, and the number of fraction bits that a code
  /// does not hold.
  std::uint32_t entry[256];
};
struct binade_encoder {
  const binade_table* table;
  std::uint32_t code_mask;
  std::uint32_t add;  ///< all ones rounds to nearest: the bits to add, of those below one half ...
  std::uint32_t odd;  ///< ... and 1 if an odd code adds one more
  code_definition definition;

  [[nodiscard]] bool is_special(std::uint32_t bits) const noexcept {
    const std::uint32_t m = bits & 0x7fffffffU;
    return m != 0 && (m < table->first || m >= table->end);
  }
  [[nodiscard]] std::uint32_t encode_special(float x) const noexcept {
    return definition.encode(x, definition.rules);
  }
};

/// `truncation` is the definition of rounding toward zero.
[[nodiscard]] inline binade_table make_binade_table(const code_definition& truncation) noexcept {
  binade_table t{};
  const auto code = [&](std::uint32_t bits) {
    return truncation.encode(bit_cast<float>(bits), truncation.rules);
  };
  // Whether the binade has a power of two of codes, at least two; then its entry is set.
  const auto is_even = [&](std::uint32_t exponent) {
    const std::uint32_t start = exponent << 23;
    const std::uint32_t least = code(start);
    const std::uint32_t count = code(start | 0x7fffffU) - least + 1;
    if (count < 2 || (count & (count - 1)) != 0) return false;
    const std::uint32_t step = 0x800000U / count;
    t.entry[exponent] = least << 8 | static_cast<std::uint32_t>(countr_zero(step));
    return code(start + step - 1) == least && code(start + step) == least + 1;
  };
  std::uint32_t low = 127;
  while (low > 1 && is_even(low - 1)) --low;
  std::uint32_t high = 127;
  while (high < 255 && is_even(high)) ++high;
  t.first = low << 23;
  t.end = high << 23;
  return t;
}

/// Needs R to be ties_to_even or toward_zero.
template <class R>
[[nodiscard]] constexpr binade_encoder make_binade_encoder(const binade_table& table, int code_bits,
                                                           const R&,
                                                           code_definition definition) noexcept {
  constexpr bool nearest = std::same_as<R, rounding::ties_to_even>;
  static_assert(nearest || std::same_as<R, rounding::toward_zero>);
  return {.table = &table,
          .code_mask = static_cast<std::uint32_t>(low_mask(code_bits)),
          .add = nearest ? ~std::uint32_t{0} : 0,
          .odd = nearest ? 1U : 0U,
          .definition = definition};
}

}  // namespace binade::inline v0::simd
