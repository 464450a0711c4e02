// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/kernel/simd/float_encoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#elif BINADE_ARCH_AARCH64
#include <arm_neon.h>
#endif

// Every algorithm of this folder for every target of this machine's architecture. Within a region
// the compiler may use the target's instructions; nothing of a vector type leaves it.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable {

inline constexpr std::size_t lanes = 16;
struct vec {
  std::uint32_t v[lanes];
};
inline vec load(const float* p) noexcept {
  vec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
/// The same rounding in integers only: compilers turn the loop into vector selects.
template <bool ZeroHasSign>
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept : c_(c) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(const vec& x) const noexcept {
    const std::uint32_t least = c_.least >> 23;
    const std::uint32_t mantissa_bits = 23 - c_.shift;
    vec r;
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint32_t bits = x.v[i] & c_.magnitude;
      const std::uint32_t a = bits < c_.clamp ? bits : c_.clamp;
      const std::uint32_t e = a >> 23;
      const std::uint32_t below = e < least ? least - e : 0;
      const std::uint32_t shift = below > mantissa_bits ? 24 : c_.shift + below;
      // Below half of the least step the significand vanishes; binary32's subnormals do too.
      const std::uint32_t significand = below > mantissa_bits + 1 ? 0 : (a & 0x7fffffU) | 0x800000U;
      const std::uint32_t kept = significand >> shift;
      const std::uint32_t half_less_one = (1U << (shift - 1)) - 1;
      const std::uint32_t q = (significand + half_less_one + (kept & 1U)) >> shift;
      const std::uint32_t above = e > least ? e - least : 0;
      const std::uint32_t code = q + (above << mantissa_bits);
      const std::uint32_t sign = (x.v[i] >> c_.sign_shift) & c_.sign;
      r.v[i] = code | (ZeroHasSign || code != 0 ? sign : 0);
    }
    return r;
  }
  [[nodiscard]] bool any_special(const vec& a, const vec& b, const vec& c,
                                 const vec& d) const noexcept {
    std::uint32_t any = 0;
    for (const vec* x : {&a, &b, &c, &d}) {
      for (std::size_t i = 0; i < lanes; ++i)
        any |= (x->v[i] & c_.magnitude) >= c_.special ? 1U : 0;
    }
    return any != 0;
  }

 private:
  const float_encoder& c_;
};
inline void store4(std::uint8_t* p, const vec& a, const vec& b, const vec& c,
                   const vec& d) noexcept {
  for (const vec* x : {&a, &b, &c, &d}) {
    for (std::size_t i = 0; i < lanes; ++i) *p++ = static_cast<std::uint8_t>(x->v[i]);
  }
}

}  // namespace binade::inline v0::simd::portable
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2 {

inline constexpr std::size_t lanes = 8;
using vec = __m256i;
inline vec load(const float* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
/// Needs the default floating-point environment: the addition rounds in the current mode.
template <bool ZeroHasSign>
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept
      : clamp_(set(c.clamp)),
        special_less_one_(set((c.special - 1) ^ flip)),
        least_(set(c.least)),
        factor_(_mm256_castsi256_ps(set(c.factor))),
        magnitude_(set(c.magnitude)),
        code_bits_(set(c.code_bits)),
        shift_(set(c.shift)),
        sign_shift_(set(c.sign_shift)),
        only_nan_is_special_(c.only_nan_is_special()) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec a = _mm256_min_epu32(_mm256_and_si256(x, set(0x7fffffff)), clamp_);
    const vec m = _mm256_and_si256(_mm256_max_epu32(a, least_), set(0x7f800000));
    const vec sum = _mm256_castps_si256(
        _mm256_fmadd_ps(_mm256_castsi256_ps(m), factor_, _mm256_castsi256_ps(a)));
    const vec code =
        _mm256_and_si256(_mm256_add_epi32(sum, _mm256_srlv_epi32(m, shift_)), code_bits_);
    const vec sign = _mm256_andnot_si256(code_bits_, _mm256_srlv_epi32(x, sign_shift_));
    if constexpr (ZeroHasSign) return _mm256_or_si256(code, sign);
    const vec zero = _mm256_cmpeq_epi32(code, _mm256_setzero_si256());
    return _mm256_or_si256(code, _mm256_andnot_si256(zero, sign));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    if (only_nan_is_special_) {
      return _mm256_movemask_ps(_mm256_or_ps(has_nan(a, b), has_nan(c, d))) != 0;
    }
    const vec any = _mm256_or_si256(_mm256_or_si256(is_special(a), is_special(b)),
                                    _mm256_or_si256(is_special(c), is_special(d)));
    return _mm256_movemask_epi8(any) != 0;
  }

 private:
  static constexpr std::uint32_t flip = 0x80000000U;  // unsigned order as signed order
  static vec set(std::uint32_t v) noexcept { return _mm256_set1_epi32(static_cast<int>(v)); }
  static BINADE_ALWAYS_INLINE __m256 has_nan(vec a, vec b) noexcept {
    return _mm256_cmp_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _CMP_UNORD_Q);
  }
  [[nodiscard]] vec is_special(vec x) const noexcept {
    const vec a = _mm256_xor_si256(_mm256_and_si256(x, magnitude_), set(flip));
    return _mm256_cmpgt_epi32(a, special_less_one_);
  }
  vec clamp_, special_less_one_, least_;
  __m256 factor_;
  vec magnitude_, code_bits_, shift_, sign_shift_;
  bool only_nan_is_special_;
};
inline void store4(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
  const vec order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(bytes, order));
}

}  // namespace binade::inline v0::simd::avx2
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512 {

inline constexpr std::size_t lanes = 16;
using vec = __m512i;
inline vec load(const float* p) noexcept { return _mm512_loadu_si512(p); }
/// Rounds by embedded rounding control: any floating-point environment will do. (Flushed subnormal
/// inputs lie far below half of the least step, see has_float_encoder.)
template <bool ZeroHasSign>
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept
      : clamp_(_mm512_castsi512_ps(set(c.clamp))),
        special_(set(c.special)),
        least_(set(c.least)),
        factor_(_mm512_castsi512_ps(set(c.factor))),
        magnitude_(set(c.magnitude)),
        code_bits_(set(c.code_bits)),
        shift_(set(c.shift)),
        sign_shift_(set(c.sign_shift)),
        only_nan_is_special_(c.only_nan_is_special()) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    constexpr int smaller_magnitude = 0xa;  // without the sign
    const __m512 a = _mm512_range_ps(_mm512_castsi512_ps(x), clamp_, smaller_magnitude);
    const vec m =
        _mm512_and_si512(_mm512_max_epu32(_mm512_castps_si512(a), least_), set(0x7f800000));
    const vec sum = _mm512_castps_si512(_mm512_fmadd_round_ps(
        _mm512_castsi512_ps(m), factor_, a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    const vec code = _mm512_add_epi32(sum, _mm512_srlv_epi32(m, shift_));
    const vec sign = _mm512_srlv_epi32(x, sign_shift_);
    // Each bit from the code where it belongs to the magnitude, else from the sign.
    constexpr int select = 0xca;
    if constexpr (ZeroHasSign) return _mm512_ternarylogic_epi32(code_bits_, code, sign, select);
    const __mmask16 nonzero = _mm512_test_epi32_mask(code, code_bits_);
    return _mm512_maskz_ternarylogic_epi32(nonzero, code_bits_, code, sign, select);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    if (only_nan_is_special_) return (has_nan(a, b) | has_nan(c, d)) != 0;
    const vec ab =
        _mm512_max_epu32(_mm512_and_si512(a, magnitude_), _mm512_and_si512(b, magnitude_));
    const vec cd =
        _mm512_max_epu32(_mm512_and_si512(c, magnitude_), _mm512_and_si512(d, magnitude_));
    return _mm512_cmpge_epu32_mask(_mm512_max_epu32(ab, cd), special_) != 0;
  }

 private:
  static vec set(std::uint32_t v) noexcept { return _mm512_set1_epi32(static_cast<int>(v)); }
  static BINADE_ALWAYS_INLINE __mmask16 has_nan(vec a, vec b) noexcept {
    return _mm512_cmp_ps_mask(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), _CMP_UNORD_Q);
  }
  __m512 clamp_;
  vec special_, least_;
  __m512 factor_;
  vec magnitude_, code_bits_, shift_, sign_shift_;
  bool only_nan_is_special_;
};
inline void store4(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec bytes = _mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d));
  const vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, bytes));
}

}  // namespace binade::inline v0::simd::avx512
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace binade::inline v0::simd::neon {

inline constexpr std::size_t lanes = 4;
using vec = uint32x4_t;
inline vec load(const float* p) noexcept { return vreinterpretq_u32_f32(vld1q_f32(p)); }
/// Needs the default floating-point environment: the addition rounds in the current mode.
template <bool ZeroHasSign>
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept
      : clamp_(vdupq_n_u32(c.clamp)),
        least_(vdupq_n_u32(c.least)),
        factor_(vreinterpretq_f32_u32(vdupq_n_u32(c.factor))),
        magnitude_(vdupq_n_u32(c.magnitude)),
        code_bits_(vdupq_n_u32(c.code_bits)),
        shift_(vdupq_n_s32(-static_cast<std::int32_t>(c.shift))),
        sign_shift_(vdupq_n_s32(-static_cast<std::int32_t>(c.sign_shift))),
        special_(c.special) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec a = vminq_u32(vandq_u32(x, vdupq_n_u32(0x7fffffff)), clamp_);
    const vec m = vandq_u32(vmaxq_u32(a, least_), vdupq_n_u32(0x7f800000));
    const vec sum = vreinterpretq_u32_f32(
        vfmaq_f32(vreinterpretq_f32_u32(a), vreinterpretq_f32_u32(m), factor_));
    const vec code = vaddq_u32(sum, vshlq_u32(m, shift_));
    const vec sign = vshlq_u32(x, sign_shift_);
    const vec all = vbslq_u32(code_bits_, code, sign);
    if constexpr (ZeroHasSign) return all;
    return vandq_u32(all, vtstq_u32(code, code_bits_));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    const vec ab = vmaxq_u32(vandq_u32(a, magnitude_), vandq_u32(b, magnitude_));
    const vec cd = vmaxq_u32(vandq_u32(c, magnitude_), vandq_u32(d, magnitude_));
    return vmaxvq_u32(vmaxq_u32(ab, cd)) >= special_;
  }

 private:
  vec clamp_, least_;
  float32x4_t factor_;
  vec magnitude_, code_bits_;
  int32x4_t shift_, sign_shift_;  // negative: to the right
  std::uint32_t special_;
};
/// The low byte of each lane.
BINADE_ALWAYS_INLINE uint8x16_t low_bytes(vec a, vec b, vec c, vec d) noexcept {
  const uint16x8_t ab = vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
  const uint16x8_t cd = vuzp1q_u16(vreinterpretq_u16_u32(c), vreinterpretq_u16_u32(d));
  return vuzp1q_u8(vreinterpretq_u8_u16(ab), vreinterpretq_u8_u16(cd));
}
inline void store4(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  vst1q_u8(p, low_bytes(a, b, c, d));
}

}  // namespace binade::inline v0::simd::neon
BINADE_END_TARGET
#endif
