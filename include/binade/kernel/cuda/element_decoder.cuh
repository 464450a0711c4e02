// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/element_encoder.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/tensor/block_format.hpp"  // binary32_scale

#include <concepts>
#include <cstdint>

// Codes and their scale to floats, in registers, rounded once.

namespace binade::inline v0::cuda {
namespace detail {

/// part * tensor of a group as decoding needs it; `is_regular` where products are right in
/// binary32.
struct decode_scale {
  float part = 1;
  float tensor = 1;
  bool is_regular = true;
};

/// Code k of packed words in the top bits.
template <int Bits>
BINADE_HD inline std::uint32_t code_at_the_top(const std::uint32_t* word, int k) noexcept {
  const int at = k * Bits;
  const int over = at % 32 + Bits - 32;  // bits in the next word
  if (over <= 0) return word[at / 32] << -over;
  return word[at / 32 + 1] << (32 - over) | word[at / 32] >> over;
}

/// The value of a code that stands in the top bits.
template <class F>
BINADE_HD inline float value_of_top(std::uint32_t top) noexcept {
  using rule = step_rule<F>;
  constexpr int down = 32 - rule::bits - rule::shift;
  constexpr std::uint32_t mask = 0x80000000U | static_cast<std::uint32_t>(low_mask(rule::bits - 1))
                                                   << rule::shift;
  const auto moved = static_cast<std::uint32_t>(static_cast<std::int32_t>(top) >> down);
  return multiply(from_bits(moved & mask), from_steps<F>());
}

/// Whether four packed codes of 8 bits have an infinity or NaN among them.
template <class F>
BINADE_HD inline bool has_special(std::uint32_t four) noexcept {
  constexpr auto first = static_cast<std::uint32_t>(describe(F::spec).largest + 1);
  if constexpr (first >= 0x80) {
    return false;
  } else {
    return (((four & 0x7f7f7f7fU) + 0x01010101U * (0x80 - first)) & 0x80808080U) != 0;
  }
}

/// The values of N codes without infinities and NaN.
template <class F, int N>
BINADE_HD inline void decode_values(const std::uint32_t* word, float (&v)[N]) noexcept {
  if constexpr (encodes_in_hardware<F>()) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
    BINADE_UNROLL(16)
    for (int k = 0; k < N; k += 2) {
      const auto two = static_cast<std::uint16_t>(word[k / 4] >> k % 4 * 8);
      std::uint32_t halves = 0;
      if constexpr (std::same_as<F, e4m3fn>) {
        asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(halves) : "h"(two));
      } else {
        asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(halves) : "h"(two));
      }
      v[k] = widen_half(halves & 0xffff);
      v[k + 1] = widen_half(halves >> 16);
    }
#endif
  } else {
    BINADE_UNROLL(16)
    for (int k = 0; k < N; ++k) {
      v[k] = value_of_top<F>(code_at_the_top<step_rule<F>::bits>(word, k));
    }
  }
}

/// a * b rounded to odd: a second rounding to fewer bits is then as good as one.
BINADE_HD inline float multiply_to_odd(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  const float p = multiply_toward_zero(a, b);
  return from_bits(bits_of(p) | (__builtin_fabsf(multiply_add(a, b, -p)) > 0 ? 1U : 0U));
#else
  const double exact = static_cast<double>(a) * static_cast<double>(b);
  const float p = static_cast<float>(exact);
  if (static_cast<double>(p) == exact) return p;
  const bool away = (exact < 0) != (static_cast<double>(p) > exact);
  return from_bits((bits_of(p) - (away ? 1U : 0U)) | 1U);
#endif
}

/// v[k] * scale, so that another rounding to T is as good as one. `Exact`: the products are
/// binary32 numbers.
template <class T, bool Exact, int N>
BINADE_HD inline void scale_values(float (&v)[N], float scale) noexcept {
  if constexpr (std::same_as<T, bfloat16> && !Exact) {
    // A second rounding goes wrong only where the first one ends half-way between two bfloat16.
    float p[N];
    std::uint32_t nearest = ~0U;
    BINADE_UNROLL(16)
    for (int k = 0; k < N; ++k) {
      p[k] = multiply(v[k], scale);
      nearest = smaller(nearest, (bits_of(p[k]) << 16) - 0x80000000U);
    }
    if (nearest == 0) {
      BINADE_UNROLL(16)
      for (int k = 0; k < N; ++k) p[k] = multiply_to_odd(v[k], scale);
    }
    BINADE_UNROLL(16)
    for (int k = 0; k < N; ++k) v[k] = p[k];
  } else {
    BINADE_UNROLL(16)
    for (int k = 0; k < N; ++k) {
      v[k] = Exact || std::same_as<T, float> ? multiply(v[k], scale) : multiply_to_odd(v[k], scale);
    }
  }
}

/// Two numbers as T, the first in the low half; T has 16 bits.
template <class T>
BINADE_HD inline std::uint32_t narrow_two(float low, float high) noexcept {
#if defined(__CUDA_ARCH__)
  std::uint32_t two;
  if constexpr (std::same_as<T, bfloat16>) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(high), "f"(low));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(high), "f"(low));
  }
  return two;
#else
  return T(low).bits() | static_cast<std::uint32_t>(T(high).bits()) << 16;
#endif
}

template <class F, int N>
struct unit_codes {
  static constexpr int words = N * F::bit_count / 32;
  std::uint32_t word[words];
};
template <class T, int N>
struct unit_numbers {
  static constexpr int words = N * static_cast<int>(sizeof(T)) / 4;
  std::uint32_t word[words];
};

/// The values by the definition; out of line, since it is rare.
template <class F, class T, int N>
BINADE_HD BINADE_NOINLINE unit_numbers<T, N> define_numbers(const unit_codes<F, N>& codes,
                                                            float part, float tensor) noexcept {
  constexpr float_spec element = F::spec;
  const unpacked scale = binade::multiply(unpack(part), unpack(tensor));
  unit_numbers<T, N> d{};
  for (int k = 0; k < N; ++k) {
    const std::uint32_t code = code_at_the_top<F::bit_count>(codes.word, k) >> (32 - F::bit_count);
    const unpacked value = binade::multiply(decode(element, code), scale);
    if constexpr (std::same_as<T, float>) {
      d.word[k] = bits_of(to_float(value));
    } else {
      constexpr float_spec spec = T::spec;
      constexpr conversion_rules rules = default_policies<T>::rules;
      const std::uint64_t bits = encode(spec, value, rounding::ties_to_even{}, rules);
      d.word[k / 2] |= static_cast<std::uint32_t>(bits << k % 2 * 16);
    }
  }
  return d;
}

}  // namespace detail

/// The values of N codes of one group as words of T, for people who fuse: codes in registers,
/// numbers out. `Scale` is the format of the group's scale.
///
/// NaN:    an element or scale that is NaN gives T's canonical NaN.
/// Error:  element * part * tensor, rounded once: the bits of `dequantize` on the CPU.
template <quantize_element F, kernel_float T, class Scale, int N>
BINADE_HD inline void decode_in_registers(const std::uint32_t* codes, const detail::decode_scale& s,
                                          std::uint32_t* out) noexcept {
  static_assert(N % 8 == 0);
  constexpr bool may_be_special =
      describe(F::spec).largest + 1 < (std::uint64_t{1} << (F::bit_count - 1));
  bool is_plain = s.is_regular;
  if constexpr (may_be_special) {
    static_assert(F::bit_count == 8);
    BINADE_UNROLL(4)
    for (int w = 0; w < N / 4; ++w) is_plain = is_plain && !detail::has_special<F>(codes[w]);
  }
  if (!is_plain) {
    detail::unit_codes<F, N> copy;  // the codes themselves stay in registers
    BINADE_UNROLL(4)
    for (int w = 0; w < copy.words; ++w) copy.word[w] = codes[w];
    const detail::unit_numbers<T, N> d = detail::define_numbers<F, T, N>(copy, s.part, s.tensor);
    BINADE_UNROLL(16)
    for (int w = 0; w < d.words; ++w) out[w] = d.word[w];
    return;
  }
  float v[N];
  detail::decode_values<F>(codes, v);
  if constexpr (std::same_as<Scale, binary32_scale> || std::same_as<Scale, e8m0fnu>) {
    detail::scale_values<T, std::same_as<Scale, e8m0fnu>>(v, s.tensor);
  } else {
    BINADE_UNROLL(16)
    for (int k = 0; k < N; ++k) v[k] = detail::multiply(v[k], s.part);  // exact
    detail::scale_values<T, false>(v, s.tensor);
  }
  BINADE_UNROLL(16)
  for (int k = 0; k < N; k += 2) {
    if constexpr (std::same_as<T, float>) {
      out[k] = detail::bits_of(v[k]);
      out[k + 1] = detail::bits_of(v[k + 1]);
    } else {
      out[k / 2] = detail::narrow_two<T>(v[k], v[k + 1]);
    }
  }
}

}  // namespace binade::inline v0::cuda
