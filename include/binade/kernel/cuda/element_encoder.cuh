// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/float_operations.cuh"
#include "binade/kernel/cuda/short_quotients.cuh"
#include "binade/kernel/reference/quantize_cell.hpp"  // scaled
#include "binade/kernel/simd/float_encoder.hpp"       // has_float_encoder

#include <concepts>
#include <cstdint>

// Sixteen floats and the scale they share to codes, in registers, with the bits of the definition
// (kernel/reference/quantize_cell.hpp).
//
// |x| / scale times 2^(-126 - e), where 2^e is the format's smallest normal number, is a binary32
// number whose exponent and upper mantissa bits are the magnitude of the code, for subnormal codes
// too; the bits below say how to round ("steps"). Where the quotient comes from a reciprocal it is
// off by some units; within `window` of a boundary its side is found from a residual, whose sign a
// fused multiply-add gives right.

namespace binade::inline v0::cuda {

/// Element formats that the kernels write: signed minifloats of 4, 6 or 8 bits with both zeros.
template <class F>
concept quantize_element =
    format<F> && std::same_as<std::remove_cvref_t<decltype(F::spec)>, float_spec> &&
    simd::has_float_encoder(F::spec) && describe(F::spec).is_signed &&
    describe(F::spec).has_negative_zero &&
    (F::bit_count == 4 || F::bit_count == 6 || F::bit_count == 8);

/// Codes of one group's 16 neighbours, packed as the library packs them.
template <class F>
struct packed_sixteen {
  static constexpr int words = F::bit_count / 2;
  std::uint32_t word[words];
};

namespace detail {

inline constexpr int sixteen = 16;

/// How the bits of steps follow from a format.
template <class F>
struct step_rule {
  static constexpr int mantissa_bits = F::spec.mantissa_bits;
  static constexpr int shift = 23 - mantissa_bits;
  static constexpr int least = binade::detail::min_exponent(F::spec);
  static constexpr int bits = F::bit_count;
  static constexpr std::uint32_t half = 1U << (shift - 1);
  static constexpr std::uint32_t whole = 1U << shift;
  static constexpr std::uint32_t largest =
      static_cast<std::uint32_t>(describe(F::spec).largest << shift);
  /// Error of approximate steps: 2^-24 from the scale's product, 2^-23 from its reciprocal and
  /// 2^-24 from the quotient, which are 4 units at most, and half a unit below the normal numbers.
  static constexpr std::uint32_t window = 8;
  static_assert(least <= 0 && least >= -60);
};

/// 2^(-126 - e) and its reciprocal.
template <class F>
BINADE_HD inline float to_steps() noexcept {
  return exp2i(-126 - step_rule<F>::least);
}
template <class F>
BINADE_HD inline float from_steps() noexcept {
  return exp2i(126 + step_rule<F>::least);
}

/// The magnitude's code at bit `shift`, from exact steps and nearest even.
template <class F>
BINADE_HD inline std::uint32_t round_steps(std::uint32_t t) noexcept {
  using rule = step_rule<F>;
  return t + (rule::half - 1) + (t >> rule::shift & 1);
}

/// x - part * tensor * v, rounded once, v being what steps stand for.
template <class F>
BINADE_HD inline float residual(float magnitude, std::uint32_t steps,
                                const group_scale& s) noexcept {
  const float v = multiply(from_bits(steps), from_steps<F>());  // exact, and the next product too
  return multiply_add(s.kind == group_scale::form::product ? -multiply(v, s.part) : -v, s.tensor,
                      magnitude);
}

/// Steps off by at most `window` to steps that round to nearest as the exact ones do.
template <class F>
BINADE_HD inline std::uint32_t settle_nearest(std::uint32_t t, float magnitude,
                                              const group_scale& s) noexcept {
  using rule = step_rule<F>;
  const std::uint32_t tie = (t & ~(rule::whole - 1)) | rule::half;
  if (t + rule::window - tie > 2 * rule::window) return t;
  const float d = residual<F>(magnitude, tie, s);
  return d > 0 ? tie + 1 : (d < 0 ? tie - 1 : tie);
}

/// The same for stochastic rounding with 8 bits, which asks for whole multiples of 1 / 256 of a
/// step.
template <class F>
BINADE_HD inline std::uint32_t settle_stochastic(std::uint32_t t, float magnitude,
                                                 const group_scale& s) noexcept {
  using rule = step_rule<F>;
  constexpr std::uint32_t unit = rule::whole >> 8;
  const std::uint32_t whole = (t + rule::window) & ~(unit - 1);
  if (whole == 0 || t + rule::window - whole > 2 * rule::window) return t;
  return residual<F>(magnitude, whole, s) < 0 ? whole - 1 : whole;
}

/// Puts 16 codes together; magnitude k stands at bit `shift` of rounded[k].
template <class F>
BINADE_HD inline packed_sixteen<F> pack_sixteen(const std::uint32_t (&rounded)[sixteen],
                                                const float (&signs)[sixteen]) noexcept {
  using rule = step_rule<F>;
  constexpr int up = 32 - rule::bits - rule::shift;  // the magnitude up to below the sign
  packed_sixteen<F> p;
  if constexpr (rule::bits == 6) {
    std::uint64_t window = 0;
    int have = 0;
    int word = 0;
    BINADE_UNROLL(16)
    for (int k = 0; k < sixteen; ++k) {
      const std::uint32_t code = (rounded[k] << up | (bits_of(signs[k]) & 0x80000000U)) >> 26;
      window |= static_cast<std::uint64_t>(code) << have;
      have += 6;
      if (have >= 32) {
        p.word[word++] = static_cast<std::uint32_t>(window);
        window >>= 32;
        have -= 32;
      }
    }
  } else {
    constexpr int each = 32 / rule::bits;
    BINADE_UNROLL(16)
    for (int w = 0; w < packed_sixteen<F>::words; ++w) {
      std::uint32_t packed = 0;
      BINADE_UNROLL(8)
      for (int k = each - 1; k >= 0; --k) {
        const int i = w * each + k;
        packed = append_upper_bits(packed, rounded[i] << up | (bits_of(signs[i]) & 0x80000000U),
                                   rule::bits);
      }
      p.word[w] = packed;
    }
  }
  return p;
}

/// Bits [8 k, 8 k + 8) are R of element k of 16 from `index` on; see rounding::stochastic.
struct random_sixteen {
  std::uint32_t word[4];
};
BINADE_HD inline random_sixteen random_bytes(std::uint64_t seed, std::uint64_t stream,
                                             std::uint64_t index) noexcept {
  const philox_block first = random_block(seed, stream, index / 16);
  random_sixteen r;
  const auto offset = static_cast<std::uint32_t>(index % 16);
  if (offset == 0) {
    for (int i = 0; i < 4; ++i) r.word[i] = first.word[i];
    return r;
  }
  const philox_block second = random_block(seed, stream, index / 16 + 1);
  for (std::uint32_t i = 0; i < 4; ++i) {
    std::uint32_t word = 0;
    for (std::uint32_t b = 0; b < 4; ++b) {
      const std::uint32_t at = offset + 4 * i + b;
      const std::uint32_t from = at < 16 ? first.word[at / 4 % 4] : second.word[at / 4 % 4];
      word |= (from >> at % 4 * 8 & 0xff) << 8 * b;
    }
    r.word[i] = word;
  }
  return r;
}

/// Sixteen numbers as an argument of what is rare and stands out of line: passed as a copy, they
/// stay in registers everywhere else.
struct copy_of_sixteen {
  float x[sixteen];

  BINADE_HD explicit copy_of_sixteen(const float (&from)[sixteen]) noexcept {
    BINADE_UNROLL(16)
    for (int k = 0; k < sixteen; ++k) x[k] = from[k];
  }
};

/// 16 codes by the definition.
template <class F, class R>
BINADE_HD BINADE_NOINLINE packed_sixteen<F> encode_by_definition(copy_of_sixteen from, float part,
                                                                 float tensor, R rounding,
                                                                 std::uint64_t step) noexcept {
  constexpr float_spec spec = F::spec;
  constexpr conversion_rules rules = default_policies<F>::rules;
  const unpacked scale = binade::multiply(unpack(part), unpack(tensor));
  packed_sixteen<F> p{};
  for (int k = 0; k < sixteen; ++k) {
    const std::uint64_t code = encode(spec, reference::scaled(unpack(from.x[k]), scale),
                                      rounding.at(static_cast<std::uint64_t>(k) * step), rules);
    const int at = k * F::bit_count;
    p.word[at / 32] |= static_cast<std::uint32_t>(code << at % 32);
    if (at % 32 + F::bit_count > 32) {
      p.word[at / 32 + 1] |= static_cast<std::uint32_t>(code >> (32 - at % 32));
    }
  }
  return p;
}

template <class F>
BINADE_HD constexpr bool encodes_in_hardware() noexcept {
  return compiled_capability().fp8_conversions &&
         (std::same_as<F, e4m3fn> || std::same_as<F, e5m2>);
}

#if defined(__CUDA_ARCH__)
/// Four codes of quotients by the GPU's own conversion: nearest even, saturating.
template <class F>
__device__ inline std::uint32_t convert_four(float a, float b, float c, float d) noexcept {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
#if __CUDA_ARCH__ >= 890
  if constexpr (std::same_as<F, e4m3fn>) {
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
  } else {
    asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
  }
#endif
  return low | std::uint32_t{high} << 16;
}
#endif

/// y = x / scale, and its magnitude in steps at most those of the largest element.
template <class F>
BINADE_HD inline std::uint32_t steps_of(float y) noexcept {
  const float t = multiply(__builtin_fabsf(y), to_steps<F>());
  return smaller(bits_of(t), step_rule<F>::largest);
}

/// Whether a NaN, an extreme scale or a quotient that overflows calls for the definition.
BINADE_HD inline bool is_irregular(std::uint32_t amax, const group_scale& s) noexcept {
  if (s.kind == group_scale::form::single) {
    return !s.is_regular || !(multiply(from_bits(amax), s.inverse) < 0x1p126F);
  }
  return !s.is_regular || amax > 0x7f800000U;
}

/// E2M1 codes as binary16 has them: with 1 at the least normal number, a code stands from bit 9 on.
template <class F>
BINADE_HD constexpr bool codes_lie_in_halves() noexcept {
  return F::bit_count == 4 && F::spec.mantissa_bits == 1 && step_rule<F>::least == 0;
}

/// Eight E2M1 codes of quotients times 2^-14, with what is added in each half before the bits below
/// a code are cut off: half a step, or random numbers.
template <class F>
BINADE_HD inline std::uint32_t encode_eight_halves(const float (&y)[8],
                                                   const std::uint32_t (&added)[4]) noexcept {
  constexpr std::uint32_t most = 0x00010001U * (step_rule<F>::largest >> (step_rule<F>::shift - 9));
  std::uint32_t code[4];
  BINADE_UNROLL(4)
  for (int j = 0; j < 4; ++j) {
    const std::uint32_t t = cut_to_halves(y[j], y[j + 4]);
    const std::uint32_t magnitude = (smaller_magnitudes(t, most) << 3) + added[j];
    code[j] = select_bits(0x70007000U, magnitude, t);
  }
  return pack_eight(code);
}

/// Scales such quotients.
BINADE_HD inline void scale_to_halves(group_scale& s) noexcept {
  s.inverse = multiply(s.inverse, 0x1p-14F);
  s.tensor = multiply(s.tensor, 0x1p14F);
}

/// Nearest codes where some quotient may lie on a tie, or so near that it takes a residual to tell
/// its side.
template <class F>
BINADE_HD BINADE_NOINLINE packed_sixteen<F> encode_near_ties(copy_of_sixteen from,
                                                             group_scale s) noexcept {
  std::uint32_t rounded[sixteen];
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    const std::uint32_t t = steps_of<F>(multiply(from.x[k], s.inverse));
    rounded[k] = round_steps<F>(settle_nearest<F>(t, __builtin_fabsf(from.x[k]), s));
  }
  return pack_sixteen<F>(rounded, from.x);
}

/// E2M1 codes of short numbers under a scale with ties: quotients that lie on one are exact, the
/// others further off than what their steps cut off.
template <class F, int Bits>
BINADE_HD BINADE_NOINLINE packed_sixteen<F> encode_short_ties(copy_of_sixteen from,
                                                              group_scale s) noexcept {
  const split_inverse<Bits> inverse(s);
  std::uint32_t rounded[sixteen];
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    rounded[k] = round_steps<F>(steps_of<F>(quotient(from.x[k], inverse)));
  }
  return pack_sixteen<F>(rounded, from.x);
}

/// Nearest E2M1 codes of short numbers.
template <class F, int Bits>
BINADE_HD inline packed_sixteen<F> encode_short_halves(const float (&x)[sixteen],
                                                       const group_scale& s) noexcept {
  group_scale scaled = s;
  scale_to_halves(scaled);
  const split_inverse<Bits> inverse(scaled);
  if (inverse.has_ties) return encode_short_ties<F, Bits>(copy_of_sixteen(x), s);
  packed_sixteen<F> p;
  BINADE_UNROLL(2)
  for (int w = 0; w < 2; ++w) {
    float y[8];
    BINADE_UNROLL(8)
    for (int k = 0; k < 8; ++k) y[k] = quotient(x[8 * w + k], inverse);
    constexpr std::uint32_t half = 0x08000800U;
    p.word[w] = encode_eight_halves<F>(y, {half, half, half, half});
  }
  return p;
}

/// Factors that give quotients certainly below and above the exact ones.
struct inverse_bounds {
  float below;
  float above;
  BINADE_HD explicit inverse_bounds(float inverse) noexcept
      : below(multiply(inverse, 1 - 0x1p-20F)), above(multiply(inverse, 1 + 0x1p-20F)) {}
};

/// Nearest E2M1 codes: where those of both bounds agree, they are right.
template <class F>
BINADE_HD inline packed_sixteen<F> encode_bounded_halves(const float (&x)[sixteen],
                                                         const group_scale& s) noexcept {
  const inverse_bounds inverse(multiply(s.inverse, 0x1p-14F));
  constexpr std::uint32_t half = 0x08000800U;
  packed_sixteen<F> p;
  std::uint32_t difference = 0;
  BINADE_UNROLL(2)
  for (int w = 0; w < 2; ++w) {
    float below[8];
    float above[8];
    BINADE_UNROLL(8)
    for (int k = 0; k < 8; ++k) {
      below[k] = multiply(x[8 * w + k], inverse.below);
      above[k] = multiply(x[8 * w + k], inverse.above);
    }
    p.word[w] = encode_eight_halves<F>(below, {half, half, half, half});
    difference |= p.word[w] ^ encode_eight_halves<F>(above, {half, half, half, half});
  }
  return difference == 0 ? p : encode_near_ties<F>(copy_of_sixteen(x), s);
}

#if defined(__CUDA_ARCH__)
/// Nearest codes by the GPU's own conversion, of exact quotients, short numbers, or any.
template <class F, int Bits>
__device__ inline packed_sixteen<F> convert_sixteen(const float (&x)[sixteen],
                                                    const group_scale& s) noexcept {
  packed_sixteen<F> p;
  if (s.kind == group_scale::form::power) {
    BINADE_UNROLL(4)
    for (int w = 0; w < 4; ++w) {
      p.word[w] =
          convert_four<F>(multiply(x[4 * w], s.inverse), multiply(x[4 * w + 1], s.inverse),
                          multiply(x[4 * w + 2], s.inverse), multiply(x[4 * w + 3], s.inverse));
    }
    return p;
  }
  if (Bits <= 11 && s.kind == group_scale::form::single) {
    const split_inverse<Bits <= 11 ? Bits : 11> inverse(s);
    // What was cut off of a quotient that does not lie on a tie; quotients are finite.
    const std::uint32_t rest = inverse.has_ties ? 0 : 1;
    BINADE_UNROLL(4)
    for (int w = 0; w < 4; ++w) {
      float y[4];
      BINADE_UNROLL(4)
      for (int k = 0; k < 4; ++k) y[k] = from_bits(bits_of(quotient(x[4 * w + k], inverse)) | rest);
      p.word[w] = convert_four<F>(y[0], y[1], y[2], y[3]);
    }
    return p;
  }
  const inverse_bounds inverse(s.inverse);
  std::uint32_t difference = 0;
  BINADE_UNROLL(4)
  for (int w = 0; w < 4; ++w) {
    const float* v = x + 4 * w;
    p.word[w] = convert_four<F>(multiply(v[0], inverse.below), multiply(v[1], inverse.below),
                                multiply(v[2], inverse.below), multiply(v[3], inverse.below));
    difference |=
        p.word[w] ^ convert_four<F>(multiply(v[0], inverse.above), multiply(v[1], inverse.above),
                                    multiply(v[2], inverse.above), multiply(v[3], inverse.above));
  }
  return difference == 0 ? p : encode_near_ties<F>(copy_of_sixteen(x), s);
}
#endif

template <class F, int Bits>
BINADE_HD inline packed_sixteen<F> encode_nearest(const float (&x)[sixteen],
                                                  const group_scale& s) noexcept {
  using rule = step_rule<F>;
  constexpr int up = 32 - rule::shift;
  constexpr bool is_short = Bits <= 11;
#if defined(__CUDA_ARCH__)
  if constexpr (encodes_in_hardware<F>()) return convert_sixteen<F, Bits>(x, s);
#endif
  if constexpr (codes_lie_in_halves<F>()) {
    if (s.kind != group_scale::form::power) {
      if constexpr (is_short) {
        return encode_short_halves<F, Bits>(x, s);
      } else {
        return encode_bounded_halves<F>(x, s);
      }
    }
  }
  std::uint32_t t[sixteen];
  if (is_short && s.kind == group_scale::form::power) {
    // Exact quotients, with room for all their bits in the steps.
    BINADE_UNROLL(16)
    for (int k = 0; k < sixteen; ++k) {
      t[k] = round_steps<F>(steps_of<F>(multiply(x[k], s.inverse)));
    }
    return pack_sixteen<F>(t, x);
  }
  std::uint32_t nearest = ~0U;  // how near a quotient comes to a tie, in units at the top
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    t[k] = steps_of<F>(multiply(x[k], s.inverse));
    nearest = smaller(nearest, (t[k] << up) - ((rule::half - rule::window) << up));
  }
  if (nearest <= (2 * rule::window) << up) return encode_near_ties<F>(copy_of_sixteen(x), s);
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) t[k] += rule::half;  // there is no tie
  return pack_sixteen<F>(t, x);
}

/// Whether x / scale of short numbers tells the boundaries of stochastic rounding, which have
/// mantissa_bits + 9 bits, apart.
template <class F, int Bits>
BINADE_HD constexpr bool separates_random_boundaries(group_scale::form kind) noexcept {
  const int bits = F::spec.mantissa_bits + 9 + (kind == group_scale::form::product ? 28 : 24);
  return kind != group_scale::form::power && bits <= 46 - Bits;
}

template <class F, int Bits>
BINADE_HD inline packed_sixteen<F> encode_stochastic(const float (&x)[sixteen],
                                                     const group_scale& s,
                                                     const random_sixteen& random) noexcept {
  using rule = step_rule<F>;
  const bool is_cut = separates_random_boundaries<F, Bits>(s.kind);
  if constexpr (codes_lie_in_halves<F>() && Bits == 8) {
    if (is_cut) {
      group_scale scaled = s;
      scale_to_halves(scaled);
      const split_inverse<Bits> inverse(scaled);
      packed_sixteen<F> p;
      BINADE_UNROLL(2)
      for (int w = 0; w < 2; ++w) {
        float y[8];
        BINADE_UNROLL(8)
        for (int k = 0; k < 8; ++k) y[k] = quotient(x[8 * w + k], inverse);
        // Bytes j and j + 4, each at bits 4 to 11 of a half.
        const std::uint32_t first = low_halves(random.word[2 * w], random.word[2 * w + 1]);
        const std::uint32_t second = high_halves(random.word[2 * w], random.word[2 * w + 1]);
        constexpr std::uint32_t mask = 0x0ff00ff0;
        const std::uint32_t added[4] = {first << 4 & mask, first >> 4 & mask, second << 4 & mask,
                                        second >> 4 & mask};
        p.word[w] = encode_eight_halves<F>(y, added);
      }
      return p;
    }
  }
  const split_inverse<Bits <= 11 ? Bits : 11> inverse(is_cut ? s : group_scale{});
  std::uint32_t rounded[sixteen];
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    const float q = is_cut ? quotient(x[k], inverse) : multiply(x[k], s.inverse);
    std::uint32_t t = bits_of(multiply_toward_zero(__builtin_fabsf(q), to_steps<F>()));
    if (s.kind != group_scale::form::power && !is_cut) {
      t = settle_stochastic<F>(t, __builtin_fabsf(x[k]), s);
    }
    const std::uint32_t r = random.word[k / 4] >> (k % 4 * 8) & 0xff;
    rounded[k] = smaller(t, rule::largest) + (r << (rule::shift - 8));
  }
  return pack_sixteen<F>(rounded, x);
}

}  // namespace detail

/// The codes of 16 neighbours of one group, for people who fuse: x in registers, codes out.
///
/// `Bits`: every x has at most so many significant bits: 8 of bfloat16, 11 of float16, or 24. For
/// stochastic rounding element k has the index of `rounding` plus k * `step`. `amax` are the bits
/// of the largest magnitude of x, above those of infinity if there is a NaN.
/// NaN:    the format's NaN with its sign; in a format without NaN the largest positive value.
/// Error:  the code of the exact quotient x / (part * tensor), rounded once: the bits of
///         `quantize` on the CPU.
template <quantize_element F, int Bits, class R>
[[nodiscard]] BINADE_HD inline packed_sixteen<F> encode_sixteen(const float (&x)[16],
                                                                std::uint32_t amax,
                                                                const group_scale& scale,
                                                                const R& rounding,
                                                                std::uint64_t step = 1) noexcept {
  static_assert(std::same_as<R, rounding::ties_to_even> || std::same_as<R, rounding::stochastic>,
                "the kernels round to nearest even or stochastically");
  if constexpr (std::same_as<R, rounding::stochastic>) {
    const bool is_usual =
        rounding.bits == 8 && rounding.variant == rounding::stochastic_variant::add_truncate;
    if (!is_usual || step != 1 || detail::is_irregular(amax, scale)) {
      return detail::encode_by_definition<F>(detail::copy_of_sixteen(x), scale.part, scale.tensor,
                                             rounding, step);
    }
    return detail::encode_stochastic<F, Bits>(
        x, scale, detail::random_bytes(rounding.seed, rounding.stream, rounding.index));
  } else {
    if (detail::is_irregular(amax, scale)) {
      return detail::encode_by_definition<F>(detail::copy_of_sixteen(x), scale.part, scale.tensor,
                                             rounding, step);
    }
    return detail::encode_nearest<F, Bits>(x, scale);
  }
}

}  // namespace binade::inline v0::cuda
