// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/float_operations.cuh"
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

/// The exact scale part * tensor of a group, and what its elements are multiplied by.
///
/// `part` has at most 10 significant bits. Where `is_regular` is false the quotients cannot be
/// found in binary32: the definition takes over.
struct group_scale {
  /// What is known when a kernel is compiled.
  enum class form : std::uint8_t {
    power,    ///< a power of two with an exponent in [-127, 127]; part is 1
    single,   ///< part is 1
    product,  ///< any
  };
  float part = 1;
  float tensor = 1;
  float inverse = 1;  ///< about 1 / (part * tensor); exactly if that is a power of two
  form kind = form::power;
  /// A power of two, or with an exponent in [-100, 100]; in [-80, 100] if single.
  bool is_regular = true;
};

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

/// The code of one element by the definition.
template <class F, class R>
BINADE_HD BINADE_NOINLINE std::uint32_t encode_by_definition(float x, float part, float tensor,
                                                             const R& rounding) noexcept {
  constexpr float_spec spec = F::spec;
  constexpr conversion_rules rules = default_policies<F>::rules;
  const unpacked scale = binade::multiply(unpack(part), unpack(tensor));
  return static_cast<std::uint32_t>(
      encode(spec, reference::scaled(unpack(x), scale), rounding, rules));
}

/// 16 codes by the definition. An array as an argument would keep x in memory in all other cases
/// too, so that there is a call for each element.
template <class F, class R>
BINADE_HD inline packed_sixteen<F> encode_all_by_definition(const float (&x)[sixteen],
                                                            const group_scale& s, const R& rounding,
                                                            std::uint64_t step) noexcept {
  packed_sixteen<F> p{};
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    const std::uint64_t code = encode_by_definition<F>(
        x[k], s.part, s.tensor, rounding.at(static_cast<std::uint64_t>(k) * step));
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

/// Whether a NaN, an extreme scale or an overflow of a corrected quotient call for the definition.
BINADE_HD inline bool is_irregular(std::uint32_t amax, const group_scale& s) noexcept {
  if (s.kind == group_scale::form::single) {
    return !s.is_regular || !(multiply(from_bits(amax), s.inverse) < 0x1p126F);
  }
  return !s.is_regular || amax > 0x7f800000U;
}

template <class F, bool IsShort>
BINADE_HD inline packed_sixteen<F> encode_nearest(const float (&x)[sixteen],
                                                  const group_scale& s) noexcept {
  using rule = step_rule<F>;
  constexpr int up = 32 - rule::shift;
  if (IsShort &&
      s.kind ==
          group_scale::form::power) {  // exact quotients, with room for all their bits in the steps
    if constexpr (encodes_in_hardware<F>()) {
#if defined(__CUDA_ARCH__)
      packed_sixteen<F> p;
      BINADE_UNROLL(16)
      for (int w = 0; w < 4; ++w) {
        p.word[w] =
            convert_four<F>(multiply(x[4 * w], s.inverse), multiply(x[4 * w + 1], s.inverse),
                            multiply(x[4 * w + 2], s.inverse), multiply(x[4 * w + 3], s.inverse));
      }
      return p;
#endif
    } else {
      std::uint32_t rounded[sixteen];
      BINADE_UNROLL(16)
      for (int k = 0; k < sixteen; ++k) {
        rounded[k] = round_steps<F>(steps_of<F>(multiply(x[k], s.inverse)));
      }
      return pack_sixteen<F>(rounded, x);
    }
  }
  std::uint32_t t[sixteen];
  float y[sixteen];
  std::uint32_t nearest = ~0U;  // how near a quotient comes to a tie, in units at the top
  // The quotient of a single scale is corrected to the nearest one, so that exact ties, which short
  // numbers have often, need no more care; only inexact quotients that end on a tie do.
  const bool is_nearest = s.kind == group_scale::form::single;
  const std::uint32_t window = is_nearest ? 0 : rule::window;
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    y[k] = multiply(x[k], s.inverse);
    // With these signs a zero keeps its own.
    if (is_nearest) {
      y[k] = multiply_add(-multiply_add(y[k], s.tensor, -x[k]), s.inverse, y[k]);
    }
    t[k] = steps_of<F>(y[k]);
    nearest = smaller(nearest, (t[k] << up) - ((rule::half - window) << up));
  }
  if (nearest <= (2 * window) << up) {
    BINADE_UNROLL(16)
    for (int k = 0; k < sixteen; ++k) {
      t[k] = round_steps<F>(settle_nearest<F>(t[k], __builtin_fabsf(x[k]), s));
    }
    return pack_sixteen<F>(t, x);
  }
  if constexpr (encodes_in_hardware<F>()) {
#if defined(__CUDA_ARCH__)
    packed_sixteen<F> p;
    BINADE_UNROLL(16)
    for (int w = 0; w < packed_sixteen<F>::words; ++w) {
      p.word[w] = convert_four<F>(y[4 * w], y[4 * w + 1], y[4 * w + 2], y[4 * w + 3]);
    }
    return p;
#endif
  } else {
    BINADE_UNROLL(16)
    for (int k = 0; k < sixteen; ++k) t[k] += rule::half;  // there is no tie
  }
  return pack_sixteen<F>(t, x);
}

template <class F, bool IsShort>
BINADE_HD inline packed_sixteen<F> encode_stochastic(const float (&x)[sixteen],
                                                     const group_scale& s,
                                                     const random_sixteen& random) noexcept {
  using rule = step_rule<F>;
  std::uint32_t rounded[sixteen];
  BINADE_UNROLL(16)
  for (int k = 0; k < sixteen; ++k) {
    const float y = __builtin_fabsf(multiply(x[k], s.inverse));
    std::uint32_t t = bits_of(multiply_toward_zero(y, to_steps<F>()));
    if (s.kind != group_scale::form::power) t = settle_stochastic<F>(t, __builtin_fabsf(x[k]), s);
    const std::uint32_t r = random.word[k / 4] >> (k % 4 * 8) & 0xff;
    rounded[k] = smaller(t, rule::largest) + (r << (rule::shift - 8));
  }
  return pack_sixteen<F>(rounded, x);
}

}  // namespace detail

/// The codes of 16 neighbours of one group, for people who fuse: x in registers, codes out.
///
/// `IsShort`: every x has at most 11 significant bits, as bfloat16 and float16 numbers have. For
/// stochastic rounding element k has the index of `rounding` plus k * `step`. `amax` are the bits
/// of the largest magnitude of x, above those of infinity if there is a NaN. NaN:    the format's
/// NaN with its sign; in a format without NaN the largest positive value. Error:  the code of the
/// exact quotient x / (part * tensor), rounded once: the bits of
///         `quantize` on the CPU.
template <quantize_element F, bool IsShort, class R>
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
      return detail::encode_all_by_definition<F>(x, scale, rounding, step);
    }
    return detail::encode_stochastic<F, IsShort>(
        x, scale, detail::random_bytes(rounding.seed, rounding.stream, rounding.index));
  } else {
    if (detail::is_irregular(amax, scale)) {
      return detail::encode_all_by_definition<F>(x, scale, rounding, step);
    }
    return detail::encode_nearest<F, IsShort>(x, scale);
  }
}

}  // namespace binade::inline v0::cuda
