// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/kernel/simd/dispatch.hpp"  // target

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#endif

namespace binade::inline v0::simd {

/// A few rows of x times a panel of w, as floats.
///
/// Shapes: x[rows][x_stride], panel[length][width], out[rows][width].
struct float_tile {
  const float* x;
  std::size_t x_stride;
  const float* panel;
  std::size_t length;
  float* out;
};

/// The same as integers in blocks with scales; a unit is four bytes or two words of one row.
///
/// Shapes: x[rows][blocks][units], corrections and x_scales [rows][blocks],
///         panel[blocks][units][width], w_scales[blocks][width], out[rows][width].
struct integer_tile {
  const std::uint32_t* x;
  const std::int32_t* corrections;
  const float* x_scales;
  const std::uint32_t* panel;
  const float* w_scales;
  std::size_t blocks;
  std::size_t units;
  float multiplier;  ///< of the sums
  float* out;
};

/// A kernel for tiles of so many rows.
template <class Tile>
struct tile_kernel {
  int rows;
  void (*multiply)(const Tile&) noexcept;
};

/// The kernels of a target, those of more rows first; the last is for one. They need the default
/// floating-point environment.
struct product_tiles {
  std::size_t width;    ///< rows of w in a panel
  int byte_pair_limit;  ///< largest |a b + c d| that `bytes` add exactly; 0: there are no byte
                        ///< tiles
  tile_kernel<float_tile> floats[3];
  tile_kernel<integer_tile> words[3];
  tile_kernel<integer_tile> bytes[3];
};

}  // namespace binade::inline v0::simd

// The tiles of every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::products {

inline constexpr std::size_t lanes = 8;
inline constexpr int float_rows = 4;
inline constexpr int integer_rows = 4;
inline constexpr int byte_pair_limit = 0;
struct fvec {
  float v[lanes];
};
struct ivec {
  std::int32_t v[lanes];
};
inline fvec zero() noexcept { return {}; }
inline fvec broadcast(float x) noexcept {
  fvec r;
  for (float& v : r.v) v = x;
  return r;
}
inline fvec load_floats(const float* p) noexcept {
  fvec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline void store_floats(float* p, const fvec& x) noexcept { std::memcpy(p, x.v, sizeof x.v); }
inline fvec fma(const fvec& a, const fvec& b, const fvec& c) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return r;
}
inline fvec multiply(const fvec& a, const fvec& b) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = a.v[i] * b.v[i];
  return r;
}
inline fvec to_float(const ivec& x) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = static_cast<float>(x.v[i]);
  return r;
}
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  ivec r;
  for (std::int32_t& v : r.v) v = static_cast<std::int32_t>(x);
  return r;
}
inline ivec load_units(const std::uint32_t* p) noexcept {
  ivec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline ivec add_words(const ivec& sum, const ivec& a, const ivec& b) noexcept {
  const auto low = [](std::int32_t x) { return std::int32_t{static_cast<std::int16_t>(x)}; };
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    r.v[i] = sum.v[i] + low(a.v[i]) * low(b.v[i]) + (a.v[i] >> 16) * (b.v[i] >> 16);
  }
  return r;
}
inline ivec add_bytes(const ivec& sum, const ivec&, const ivec&) noexcept { return sum; }
#include "binade/kernel/simd/product_tile.inl"

}  // namespace binade::inline v0::simd::portable::products
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::products {

inline constexpr std::size_t lanes = 8;
inline constexpr int float_rows = 6;
inline constexpr int integer_rows = 3;
inline constexpr int byte_pair_limit = 0x7fff;  // vpmaddubsw saturates
using fvec = __m256;
using ivec = __m256i;
inline fvec zero() noexcept { return _mm256_setzero_ps(); }
inline fvec broadcast(float x) noexcept { return _mm256_set1_ps(x); }
inline fvec load_floats(const float* p) noexcept { return _mm256_loadu_ps(p); }
inline void store_floats(float* p, fvec x) noexcept { _mm256_storeu_ps(p, x); }
inline fvec fma(fvec a, fvec b, fvec c) noexcept { return _mm256_fmadd_ps(a, b, c); }
inline fvec multiply(fvec a, fvec b) noexcept { return _mm256_mul_ps(a, b); }
inline fvec to_float(ivec x) noexcept { return _mm256_cvtepi32_ps(x); }
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  return _mm256_set1_epi32(static_cast<int>(x));
}
inline ivec load_units(const std::uint32_t* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline ivec add_words(ivec sum, ivec a, ivec b) noexcept {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
inline ivec add_bytes(ivec sum, ivec a, ivec b) noexcept {
  const ivec pairs = _mm256_maddubs_epi16(a, b);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#include "binade/kernel/simd/product_tile.inl"

}  // namespace binade::inline v0::simd::avx2::products
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512_VNNI
namespace binade::inline v0::simd::avx512::products {

inline constexpr std::size_t lanes = 16;
inline constexpr int float_rows = 12;
inline constexpr int integer_rows = 6;
inline constexpr int byte_pair_limit = 0x7fffffff;
using fvec = __m512;
using ivec = __m512i;
inline fvec zero() noexcept { return _mm512_setzero_ps(); }
inline fvec broadcast(float x) noexcept { return _mm512_set1_ps(x); }
inline fvec load_floats(const float* p) noexcept { return _mm512_loadu_ps(p); }
inline void store_floats(float* p, fvec x) noexcept { _mm512_storeu_ps(p, x); }
inline fvec fma(fvec a, fvec b, fvec c) noexcept { return _mm512_fmadd_ps(a, b, c); }
inline fvec multiply(fvec a, fvec b) noexcept { return _mm512_mul_ps(a, b); }
inline fvec to_float(ivec x) noexcept { return _mm512_cvtepi32_ps(x); }
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  return _mm512_set1_epi32(static_cast<int>(x));
}
inline ivec load_units(const std::uint32_t* p) noexcept { return _mm512_loadu_si512(p); }
// As assembly, because g++ 12 copies the sum before and after the intrinsics: 13 to 30 % of gemm.
inline ivec add_words(ivec sum, ivec a, ivec b) noexcept {
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
inline ivec add_bytes(ivec sum, ivec a, ivec b) noexcept {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
#include "binade/kernel/simd/product_tile.inl"

}  // namespace binade::inline v0::simd::avx512::products
BINADE_END_TARGET
#endif

namespace binade::inline v0::simd {

/// The tiles of target `t`. Those of AVX-512 need VNNI as well; without it AVX2's stand in, which
/// have the same bits.
///
/// Throws: error if this machine does not run `t`.
[[nodiscard]] inline const product_tiles& product_tiles_for(target t) {
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  if (t == target::avx512 && __builtin_cpu_supports("avx512vnni") &&
      __builtin_cpu_supports("avx512vbmi2")) {
    return avx512::products::tiles;
  }
  if (t != target::portable) return avx2::products::tiles;
#endif
  return portable::products::tiles;
}

}  // namespace binade::inline v0::simd
