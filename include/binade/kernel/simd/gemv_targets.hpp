// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/kernel/simd/dispatch.hpp"  // target
#include "binade/kernel/simd/product_targets.hpp"
#include "binade/kernel/simd/quantize_targets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#endif

namespace binade::inline v0::simd {

/// One or two rows of floats, or of codes of which element k is worth
/// values[code] * scales[k >> shift], with `has_tensor` times `tensor`: only the last product may
/// be inexact.
///
/// Shapes: x[length rounded up to 64], -0 behind its elements, 64 by 64 in the order that the
///         kernel wants; scales for so many, and 16 more that count for nothing.
struct row_pair {
  std::size_t row_count;
  const std::byte* rows[2];
  const float* x;
  std::size_t length;
  const float* values;  ///< of all codes; their lower 16 bits are 0
  const float* scales[2];
  int shift;
  float tensor;
  bool has_tensor;
  std::size_t ahead;  ///< prefetched so many bytes before it is read
};

/// How integers of w lie in rows.
enum class row_storage : std::uint8_t {
  nibbles,  ///< codes of 4 bits; a table says what biased byte each stands for
  bytes,    ///< biased, after the exclusive or with `flip`
  words,    ///< signed, without bias
};

/// Rows of w times x; both made of integers in blocks, which take `block_lanes` lanes of four
/// bytes: 2, 4, 8, ... as long as a vector has more, or so many whole vectors.
///
/// Shapes: rows[row_count][row_bytes], w_scales[row_count][blocks], out[row_count]; for blocks up
/// to
///         a multiple of 16: x_scales, -1 behind the last, corrections, 0 there, and
///         x[vectors of a row][lanes], 0 there, for nibbles first those of even, then those of odd
///         elements; or w_scale_codes in place of w_scales, which after the shift are the floats
///         w_scales over what x_scales were multiplied by.
struct block_rows {
  const std::byte* rows;
  std::size_t row_bytes;
  std::size_t row_count;
  std::size_t ahead;  ///< prefetched so many bytes before it is read
  const std::uint8_t* nibble_values;
  std::uint8_t flip;
  const std::uint32_t* x;
  const std::uint32_t* corrections;
  const float* x_scales;
  const float* w_scales;
  const std::byte* w_scale_codes;
  std::uint32_t scale_shift;
  std::size_t blocks;
  std::size_t block_lanes;
  float multiplier;  ///< of the sums
  float* out;
};

/// A kernel, and unless null how it wants x and what goes with it: of 16 blocks lane i of every
/// block together in a vector, block b in its lane lane_of_block[b].
struct block_kernel {
  void (*multiply)(const block_rows&) noexcept;
  const std::uint8_t* lane_of_block;
};
/// Kernels for blocks of 2, 4, 8 and, or more, 16 lanes.
struct block_kernels {
  block_kernel nibbles[4];
  block_kernel bytes[4];
  block_kernel words[4];
};

/// A kernel for rows times floats, and in which order it wants each 64 elements of x: the element
/// for every place; null: as they are.
struct row_kernel {
  void (*multiply)(const row_pair&, std::uint32_t* out) noexcept;
  const std::uint8_t* order;
};
/// Those of a target.
struct code_kernels {
  row_kernel floats;
  row_kernel codes8;
  row_kernel symmetric8;  ///< codes whose upper half are the negative values of the lower
  row_kernel codes4;
  row_kernel wide4;  ///< groups have a multiple of 32 elements, or the whole row
};

/// What every byte stands for: floats whose lower 16 bits are 0, and their upper bytes.
struct scale_table {
  float value[256];
  std::uint8_t first[256];
  std::uint8_t second[256];
};

}  // namespace binade::inline v0::simd

// The kernels of every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::blocks {
inline vec fused(const vec& a, const vec& b, const vec& c) noexcept {
  return each_lane([&](std::size_t i) {
    return bit_cast<std::uint32_t>(
        __builtin_fmaf(as_float(a.v[i]), as_float(b.v[i]), as_float(c.v[i])));
  });
}
#include "binade/kernel/simd/gemv_floats.inl"
}  // namespace binade::inline v0::simd::portable::blocks

namespace binade::inline v0::simd::portable::products {
#include "binade/kernel/simd/gemv_portable.inl"
//
#include "binade/kernel/simd/gemv_integers.inl"
}  // namespace binade::inline v0::simd::portable::products
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::blocks {
inline vec fused(vec a, vec b, vec c) noexcept {
  return _mm256_castps_si256(
      _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _mm256_castsi256_ps(c)));
}
#include "binade/kernel/simd/gemv_floats.inl"
}  // namespace binade::inline v0::simd::avx2::blocks

namespace binade::inline v0::simd::avx2::products {
#include "binade/kernel/simd/gemv_avx2.inl"
//
#include "binade/kernel/simd/gemv_integers.inl"
}  // namespace binade::inline v0::simd::avx2::products
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512::blocks {
inline vec fused(vec a, vec b, vec c) noexcept {
  return _mm512_castps_si512(
      _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), _mm512_castsi512_ps(c)));
}
#include "binade/kernel/simd/gemv_floats.inl"
}  // namespace binade::inline v0::simd::avx512::blocks
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512_VNNI
namespace binade::inline v0::simd::avx512::products {
#include "binade/kernel/simd/gemv_avx512.inl"
//
#include "binade/kernel/simd/gemv_codes_avx512.inl"
//
#include "binade/kernel/simd/gemv_integers.inl"
}  // namespace binade::inline v0::simd::avx512::products
BINADE_END_TARGET
#endif

namespace binade::inline v0::simd {

/// The kernels of matrix times vector of a target. They need the default floating-point
/// environment.
struct gemv_kernels {
  std::size_t lanes;    ///< of four bytes in a vector
  int byte_pair_limit;  ///< as in product_tiles; 0: w's integers have to be words
  code_kernels rows;
  void (*look_up)(const scale_table&, const std::byte* codes, std::size_t n, float* out) noexcept;
  bool (*are_between)(const std::byte* codes, std::size_t n, std::uint8_t lowest,
                      std::uint8_t highest) noexcept;
  block_kernels by_floats;  ///< w's scales are floats
  block_kernels by_codes;   ///< w's scales are codes
  const product_packing* packing;
};

/// The kernels of target `t`. Those of AVX-512 for integers need VNNI and VBMI as well; without
/// them AVX2's stand in, which have the same bits.
///
/// Throws: error if this machine does not run `t`.
[[nodiscard]] inline const gemv_kernels& gemv_kernels_for(target t) {
  namespace portable_i = portable::products;
  static constexpr gemv_kernels portable_kernels{portable_i::lanes,
                                                 portable_i::byte_pair_limit,
                                                 portable::blocks::row_kernels,
                                                 portable_i::look_up,
                                                 portable_i::are_between,
                                                 portable_i::block_kernels_of<false>,
                                                 portable_i::block_kernels_of<true>,
                                                 &portable_i::tiles.packing};
  const product_tiles& tiles = product_tiles_for(t);  // throws if t is absent
#if BINADE_ARCH_X86_64
  namespace avx2_i = avx2::products;
  static constexpr gemv_kernels avx2_kernels{avx2_i::lanes,
                                             avx2_i::byte_pair_limit,
                                             avx2::blocks::row_kernels,
                                             avx2_i::look_up,
                                             avx2_i::are_between,
                                             avx2_i::block_kernels_of<false>,
                                             avx2_i::block_kernels_of<true>,
                                             &avx2_i::tiles.packing};
  namespace avx512_i = avx512::products;
  static constexpr gemv_kernels avx512_kernels{avx512_i::lanes,
                                               avx512_i::byte_pair_limit,
                                               avx512_i::row_kernels,
                                               avx512_i::look_up,
                                               avx512_i::are_between,
                                               avx512_i::block_kernels_of<false>,
                                               avx512_i::block_kernels_of<true>,
                                               &avx512_i::tiles.packing};
  if (&tiles == &avx512_i::tiles) return avx512_kernels;
  if (&tiles == &avx2_i::tiles) return avx2_kernels;
#else
  static_cast<void>(tiles);
#endif
  return portable_kernels;
}

}  // namespace binade::inline v0::simd
