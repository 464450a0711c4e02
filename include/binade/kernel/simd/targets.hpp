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
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept : c_(c) {}
  [[nodiscard]] vec encode(const vec& x) const noexcept {
    const std::uint32_t least = c_.least >> 23;
    const std::uint32_t mantissa_bits = 23 - c_.shift;
    vec r;
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint32_t bits = x.v[i] & c_.magnitude;
      const std::uint32_t a = bits < c_.clamp ? bits : c_.clamp;
      const std::uint32_t e = a >> 23;
      const std::uint32_t below = e < least ? least - e : 0;
      const std::uint32_t shift = below > 7 ? c_.shift + 8 : c_.shift + below;  // at most 30
      // Below half of the least step the significand vanishes; binary32's subnormals do too.
      const std::uint32_t significand = below > mantissa_bits + 1 ? 0 : (a & 0x7fffffU) | 0x800000U;
      const std::uint32_t kept = significand >> shift;
      const std::uint32_t half_less_one = (1U << (shift - 1)) - 1;
      const std::uint32_t q = (significand + half_less_one + (kept & 1U)) >> shift;
      const std::uint32_t above = e > least ? e - least : 0;
      const std::uint32_t code = q + (above << mantissa_bits);
      const std::uint32_t sign = (x.v[i] >> c_.sign_shift) & c_.sign;
      r.v[i] = code | (code != 0 || c_.zero_has_sign ? sign : 0);
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
#include "binade/kernel/simd/encode_float.inl"

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
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept
      : clamp_(set(c.clamp)),
        special_less_one_(set((c.special - 1) ^ flip)),
        least_(set(c.least)),
        factor_(_mm256_castsi256_ps(set(c.factor))),
        subtract_(set(c.subtract)),
        magnitude_(set(c.magnitude)),
        sign_(set(c.sign)),
        zero_sign_(set(c.zero_has_sign ? c.sign : 0)),
        shift_(_mm_cvtsi32_si128(static_cast<int>(c.shift))),
        sign_shift_(_mm_cvtsi32_si128(static_cast<int>(c.sign_shift))) {}
  [[nodiscard]] vec encode(vec x) const noexcept {
    const vec a = _mm256_min_epu32(_mm256_and_si256(x, magnitude_), clamp_);
    const vec m = _mm256_and_si256(_mm256_max_epu32(a, least_), set(0x7f800000));
    const vec sum = _mm256_castps_si256(
        _mm256_fmadd_ps(_mm256_castsi256_ps(m), factor_, _mm256_castsi256_ps(a)));
    vec code = _mm256_sub_epi32(_mm256_add_epi32(sum, _mm256_srl_epi32(m, shift_)), subtract_);
    code = _mm256_and_si256(code, set(0xff));
    const vec sign = _mm256_srl_epi32(x, sign_shift_);
    const vec zero = _mm256_cmpeq_epi32(code, _mm256_setzero_si256());
    const vec kept = _mm256_blendv_epi8(sign_, zero_sign_, zero);
    return _mm256_or_si256(code, _mm256_and_si256(sign, kept));
  }
  [[nodiscard]] bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    const vec any = _mm256_or_si256(_mm256_or_si256(is_special(a), is_special(b)),
                                    _mm256_or_si256(is_special(c), is_special(d)));
    return _mm256_movemask_epi8(any) != 0;
  }

 private:
  static constexpr std::uint32_t flip = 0x80000000U;  // unsigned order as signed order
  static vec set(std::uint32_t v) noexcept { return _mm256_set1_epi32(static_cast<int>(v)); }
  [[nodiscard]] vec is_special(vec x) const noexcept {
    const vec a = _mm256_xor_si256(_mm256_and_si256(x, magnitude_), set(flip));
    return _mm256_cmpgt_epi32(a, special_less_one_);
  }
  vec clamp_, special_less_one_, least_;
  __m256 factor_;
  vec subtract_, magnitude_, sign_, zero_sign_;
  __m128i shift_, sign_shift_;
};
inline void store4(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
  const vec order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(bytes, order));
}
#include "binade/kernel/simd/encode_float.inl"

/// Decides which lanes an approximate product settles. The barriers keep -ffast-math from folding
/// differences that are exact as they stand.
struct lane_masks {
  std::uint32_t doubtful;
  std::uint32_t clipped;
  std::uint32_t underflowed;
};
class scaler {
 public:
  scaler(const float_encoder& c, const scaled_request& r) noexcept
      : multiplier_(_mm256_set1_ps(r.multiplier)),
        margin_(_mm256_set1_ps(r.margin)),
        least_(_mm256_set1_epi32(static_cast<int>(c.least))),
        factor_(_mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(c.factor)))),
        half_step_(
            _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>((127 - 24 + c.shift) << 23)))),
        largest_(_mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(c.clamp)))),
        code_mask_(_mm256_set1_epi32(static_cast<int>(0xffU & ~c.sign))) {}
  [[nodiscard]] vec multiply(vec x) const noexcept {
    return _mm256_castps_si256(_mm256_mul_ps(_mm256_castsi256_ps(x), multiplier_));
  }
  [[nodiscard]] lane_masks masks(vec x, vec scaled, vec code) const noexcept {
    const __m256 absolute = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256 y = _mm256_and_ps(_mm256_castsi256_ps(scaled), absolute);
    const __m256 a = _mm256_min_ps(y, largest_);
    const __m256 m = _mm256_castsi256_ps(_mm256_and_si256(
        _mm256_max_epi32(_mm256_castps_si256(a), least_), _mm256_set1_epi32(0x7f800000)));
    const __m256 bias = _mm256_mul_ps(m, factor_);
    __m256 kept = _mm256_sub_ps(_mm256_fmadd_ps(m, factor_, a), bias);
    asm("" : "+x"(kept));
    __m256 rest = _mm256_and_ps(_mm256_sub_ps(a, kept), absolute);
    asm("" : "+x"(rest));
    const __m256 distance =
        _mm256_and_ps(_mm256_sub_ps(rest, _mm256_mul_ps(m, half_step_)), absolute);
    const __m256 reach = _mm256_mul_ps(y, margin_);
    const __m256 top = _mm256_and_ps(_mm256_sub_ps(y, largest_), absolute);
    const vec magnitude = _mm256_and_si256(x, _mm256_castps_si256(absolute));
    // Infinity and NaN, by integers.
    const vec special = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f7fffff));
    const vec near = _mm256_castps_si256(_mm256_or_ps(_mm256_cmp_ps(distance, reach, _CMP_LT_OQ),
                                                      _mm256_cmp_ps(top, reach, _CMP_LT_OQ)));
    const vec zero = _mm256_cmpeq_epi32(_mm256_and_si256(code, code_mask_), _mm256_setzero_si256());
    const vec not_zero = _mm256_cmpgt_epi32(magnitude, _mm256_setzero_si256());
    return {bits_of(_mm256_or_si256(special, near)),
            bits_of(_mm256_castps_si256(_mm256_cmp_ps(y, largest_, _CMP_GT_OQ))),
            bits_of(_mm256_and_si256(zero, not_zero))};
  }

 private:
  static std::uint32_t bits_of(vec mask) noexcept {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(mask)));
  }
  __m256 multiplier_, margin_;
  vec least_;
  __m256 factor_, half_step_, largest_;
  vec code_mask_;
};
#include "binade/kernel/simd/encode_scaled.inl"

}  // namespace binade::inline v0::simd::avx2
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512 {

inline constexpr std::size_t lanes = 16;
using vec = __m512i;
inline vec load(const float* p) noexcept { return _mm512_loadu_si512(p); }
/// Rounds by embedded rounding control: any floating-point environment will do. (Flushed subnormal
/// inputs lie far below half of the least step, see has_float_encoder.)
class encoder {
 public:
  explicit encoder(const float_encoder& c) noexcept
      : clamp_(set(c.clamp)),
        special_(set(c.special)),
        least_(set(c.least)),
        factor_(_mm512_castsi512_ps(set(c.factor))),
        subtract_(set(c.subtract)),
        magnitude_(set(c.magnitude)),
        sign_(set(c.sign)),
        zero_sign_(set(c.zero_has_sign ? c.sign : 0)),
        shift_(_mm_cvtsi32_si128(static_cast<int>(c.shift))),
        sign_shift_(_mm_cvtsi32_si128(static_cast<int>(c.sign_shift))) {}
  [[nodiscard]] vec encode(vec x) const noexcept {
    const vec a = _mm512_min_epu32(_mm512_and_si512(x, magnitude_), clamp_);
    const vec m = _mm512_and_si512(_mm512_max_epu32(a, least_), set(0x7f800000));
    const vec sum = _mm512_castps_si512(
        _mm512_fmadd_round_ps(_mm512_castsi512_ps(m), factor_, _mm512_castsi512_ps(a),
                              _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    vec code = _mm512_sub_epi32(_mm512_add_epi32(sum, _mm512_srl_epi32(m, shift_)), subtract_);
    code = _mm512_and_si512(code, set(0xff));
    const vec sign = _mm512_srl_epi32(x, sign_shift_);
    const __mmask16 zero = _mm512_testn_epi32_mask(code, code);
    const vec kept = _mm512_mask_mov_epi32(sign_, zero, zero_sign_);
    return _mm512_ternarylogic_epi32(code, sign, kept, 0xf8);  // code | (sign & kept)
  }
  [[nodiscard]] bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    const vec ab =
        _mm512_max_epu32(_mm512_and_si512(a, magnitude_), _mm512_and_si512(b, magnitude_));
    const vec cd =
        _mm512_max_epu32(_mm512_and_si512(c, magnitude_), _mm512_and_si512(d, magnitude_));
    return _mm512_cmpge_epu32_mask(_mm512_max_epu32(ab, cd), special_) != 0;
  }

 private:
  static vec set(std::uint32_t v) noexcept { return _mm512_set1_epi32(static_cast<int>(v)); }
  vec clamp_, special_, least_;
  __m512 factor_;
  vec subtract_, magnitude_, sign_, zero_sign_;
  __m128i shift_, sign_shift_;
};
inline void store4(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec bytes = _mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d));
  const vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, bytes));
}
#include "binade/kernel/simd/encode_float.inl"

/// Decides which lanes an approximate product settles. Embedded rounding keeps -ffast-math from
/// folding differences that are exact as they stand.
struct lane_masks {
  std::uint32_t doubtful;
  std::uint32_t clipped;
  std::uint32_t underflowed;
};
class scaler {
 public:
  scaler(const float_encoder& c, const scaled_request& r) noexcept
      : multiplier_(_mm512_set1_ps(r.multiplier)),
        margin_(_mm512_set1_ps(r.margin)),
        least_(_mm512_set1_epi32(static_cast<int>(c.least))),
        factor_(_mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(c.factor)))),
        half_step_(
            _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>((127 - 24 + c.shift) << 23)))),
        largest_(_mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(c.clamp)))),
        code_mask_(_mm512_set1_epi32(static_cast<int>(0xffU & ~c.sign))) {}
  [[nodiscard]] vec multiply(vec x) const noexcept {
    return _mm512_castps_si512(_mm512_mul_round_ps(_mm512_castsi512_ps(x), multiplier_, nearest));
  }
  [[nodiscard]] lane_masks masks(vec x, vec scaled, vec code) const noexcept {
    const vec absolute = _mm512_set1_epi32(0x7fffffff);
    const __m512 y = _mm512_castsi512_ps(_mm512_and_si512(scaled, absolute));
    const __m512 a = _mm512_castsi512_ps(
        _mm512_min_epu32(_mm512_castps_si512(y), _mm512_castps_si512(largest_)));
    const __m512 m = _mm512_castsi512_ps(_mm512_and_si512(
        _mm512_max_epu32(_mm512_castps_si512(a), least_), _mm512_set1_epi32(0x7f800000)));
    const __m512 bias = _mm512_mul_round_ps(m, factor_, nearest);
    const __m512 kept =
        _mm512_sub_round_ps(_mm512_fmadd_round_ps(m, factor_, a, nearest), bias, nearest);
    const __m512 rest = magnitude_of(_mm512_sub_round_ps(a, kept, nearest));
    const __m512 half = _mm512_mul_round_ps(m, half_step_, nearest);
    const __m512 distance = magnitude_of(_mm512_sub_round_ps(rest, half, nearest));
    const __m512 reach = _mm512_mul_round_ps(y, margin_, nearest);
    const __m512 top = magnitude_of(_mm512_sub_round_ps(y, largest_, nearest));
    const vec magnitude = _mm512_and_si512(x, absolute);
    // Infinity and NaN, by integers.
    const __mmask16 special = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f7fffff));
    const __mmask16 near = static_cast<__mmask16>(_mm512_cmp_ps_mask(distance, reach, _CMP_LT_OQ) |
                                                  _mm512_cmp_ps_mask(top, reach, _CMP_LT_OQ));
    return {static_cast<std::uint32_t>(special | near), _mm512_cmp_ps_mask(y, largest_, _CMP_GT_OQ),
            _mm512_mask_testn_epi32_mask(_mm512_test_epi32_mask(magnitude, magnitude), code,
                                         code_mask_)};
  }

 private:
  static constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  static __m512 magnitude_of(__m512 x) noexcept {
    return _mm512_castsi512_ps(
        _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)));
  }
  __m512 multiplier_, margin_;
  vec least_;
  __m512 factor_, half_step_, largest_;
  vec code_mask_;
};
#include "binade/kernel/simd/encode_scaled.inl"

}  // namespace binade::inline v0::simd::avx512
BINADE_END_TARGET
#endif
