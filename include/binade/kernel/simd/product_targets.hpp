// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/core/config.hpp"
#include "binade/kernel/simd/dispatch.hpp"  // target

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#endif

namespace binade::inline v0::simd {

/// A few rows of x times a panel of w, as floats, added to sums.
///
/// Shapes: x[length][rows], panel[length][width], sums[rows][width].
struct float_tile {
  const float* x;
  const float* panel;
  std::size_t length;
  float* sums;
  std::size_t ahead = 0;  ///< so many floats behind x the next tile's are, which are prefetched
};

/// The same as integers in blocks with scales; a unit is four bytes or two words of one row.
///
/// Shapes: x[blocks][units][rows], x_scales[blocks][rows], panel[blocks][units][width],
///         w_scales and corrections [blocks][width] (of bytes only), sums[rows][width].
struct integer_tile {
  const std::uint32_t* x;
  const float* x_scales;
  const std::uint32_t* panel;
  const float* w_scales;
  const std::uint32_t* corrections;
  std::size_t blocks;
  std::size_t units;
  float* sums;
  std::size_t ahead = 0;  ///< so many units behind x the next tile's are, which are prefetched
};

/// A kernel for tiles of so many rows.
template <class Tile>
struct tile_kernel {
  int rows;
  void (*multiply)(const Tile&) noexcept;
};

/// Those of more rows first; the last is for one.
template <class Tile>
struct tile_kernels {
  tile_kernel<Tile> by_rows[3];
};
using float_kernels = tile_kernels<float_tile>;
using integer_kernels = tile_kernels<integer_tile>;

/// How two block scales are multiplied.
enum class scale_product : std::uint8_t {
  floats,  ///< as floats
  powers,  ///< by adding bits, all being powers of two: without one of two multiplications a block
};

/// What codes stand for. Of 4 and 6 bits: the low and, for words, the high byte. Of 8 bits: the
/// code itself as a signed number, for bytes after the exclusive or with `flip`.
struct code_values {
  std::uint8_t low[64];
  std::uint8_t high[64];
  std::uint8_t flip;
};
using expand_function = void (*)(const code_values&, const std::byte* codes, std::size_t n,
                                 std::byte* out) noexcept;

/// How a target puts rows into panels: what the functions of product_pack.inl do.
struct product_packing {
  void (*interleave)(const void* rows, std::size_t length, std::size_t width, void* out) noexcept;
  void (*correct)(const std::uint32_t* panel, std::size_t blocks, std::size_t units,
                  std::uint32_t bias, std::uint32_t* corrections) noexcept;
  expand_function expand[2][3];  ///< to bytes, to words; from 4, 6, 8 bits
};

/// The kernels of a target. They need the default floating-point environment.
struct product_tiles {
  target compiled_for;
  std::size_t width;    ///< rows of w in a panel
  int byte_pair_limit;  ///< largest |a b + c d| that `bytes` add exactly; 0: there are no byte
                        ///< tiles
  float_kernels floats;
  integer_kernels words[2];  ///< by scale_product
  integer_kernels bytes[2];
  void (*finish_row)(const float* sums, float multiplier, float* out) noexcept;  ///< of width
  product_packing packing;
};

}  // namespace binade::inline v0::simd

// The tiles of every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::products {
#include "binade/kernel/simd/product_portable.inl"
//
#include "binade/kernel/simd/product_tile.inl"
}  // namespace binade::inline v0::simd::portable::products
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::products {
#include "binade/kernel/simd/product_avx2.inl"
//
#include "binade/kernel/simd/product_pack.inl"
//
#include "binade/kernel/simd/product_tile.inl"
}  // namespace binade::inline v0::simd::avx2::products
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512_VNNI
namespace binade::inline v0::simd::avx512::products {
#include "binade/kernel/simd/product_avx512.inl"
//
#include "binade/kernel/simd/product_pack.inl"
//
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
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")) {
    return avx512::products::tiles;
  }
  if (t != target::portable) return avx2::products::tiles;
#endif
  return portable::products::tiles;
}

}  // namespace binade::inline v0::simd
