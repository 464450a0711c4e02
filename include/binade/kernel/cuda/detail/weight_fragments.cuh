// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/weight_codec.hpp"
#include "binade/kernel/cuda/weight_tiles.hpp"

#if defined(__CUDACC__)

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

// What a warp does with a tile of repacked weights, in registers.

namespace binade::inline v0::cuda::detail {

/// d += a[16, 16] b[16, 8] of bfloat16s, summed in binary32 by the tensor core.
__device__ inline void multiply_add(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                    std::uint32_t b1) noexcept {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Of two bfloat16s at once, rounded to nearest even, subnormals kept. (mul and add of bfloat16 came
// with sm_90; nothing here rounds.)
__device__ inline std::uint32_t multiply_pairs(std::uint32_t x, std::uint32_t y) noexcept {
  std::uint32_t z = 0;
  asm("mul.rn.bf16x2 %0, %1, %2;" : "=r"(z) : "r"(x), "r"(y));
  return z;
}
__device__ inline std::uint32_t add_pairs(std::uint32_t x, std::uint32_t y) noexcept {
  std::uint32_t z = 0;
  asm("add.rn.bf16x2 %0, %1, %2;" : "=r"(z) : "r"(x), "r"(y));
  return z;
}

/// A read of 16 bytes that are used once.
__device__ inline ::uint4 read_once(const void* address) noexcept {
  ::uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
}

/// Which group of float scales a tile has, of tiles that are taken one after another.
class group_cursor {
 public:
  __device__ group_cursor(std::uint32_t tile, std::uint32_t tiles_a_group) noexcept
      : tiles_a_group_(tiles_a_group),
        group_(tile / tiles_a_group),
        left_((group_ + 1) * tiles_a_group - tile) {}
  [[nodiscard]] __device__ std::uint32_t group() const noexcept { return group_; }
  __device__ void advance() noexcept {
    if (--left_ != 0) return;
    left_ = tiles_a_group_;
    ++group_;
  }

 private:
  std::uint32_t tiles_a_group_;
  std::uint32_t group_;
  std::uint32_t left_;
};

/// A lane's part of a tile of 16 rows and 64 k, as it lies in memory.
///
/// HalfScales: float scales that change within the tile, every 32 k.
template <weight_kind Kind, bool HalfScales = false>
class weight_fragment {
 public:
  static constexpr bool folds_scales = Kind == weight_kind::nvfp4 || Kind == weight_kind::mxfp4;
  static constexpr bool has_half_scales = HalfScales;
  static constexpr int vectors = Kind == weight_kind::e4m3fn ? 2 : 1;

  /// Reads tile `tile`, which is of group `group`, of the 16 rows `strip`.
  __device__ void load(const weight_tiles_view& w, std::uint32_t strip, std::uint32_t tile,
                       std::uint32_t group) noexcept {
    const std::uint32_t lane = threadIdx.x % 32;
    const std::size_t at = static_cast<std::size_t>(strip) * w.shape.tiles_in() + tile;
    const std::byte* codes = w.codes + (at * vectors * 32 + lane) * 16;
    for (int i = 0; i < vectors; ++i) codes_[i] = read_once(codes + i * 512);
    if constexpr (folds_scales) {
      constexpr std::uint32_t words = Kind == weight_kind::nvfp4 ? 16 : 8;
      const std::uint32_t word = Kind == weight_kind::nvfp4 ? lane / 2 : lane / 4;
      scales_[0] = __ldg(reinterpret_cast<const std::uint32_t*>(w.scales) + at * words + word);
    } else {
      const std::uint32_t first = HalfScales ? 2 * tile : group;
      const float2* from = reinterpret_cast<const float2*>(w.scales) +
                           (static_cast<std::size_t>(strip) * w.shape.groups() + first) * 8 +
                           lane / 4;
      for (int i = 0; i < (HalfScales ? 2 : 1); ++i) floats_[i] = __ldg(from + 8 * i);
    }
  }

  /// The operands of two tensor-core instructions: half `half` of the tile's k.
  __device__ void decode(int half, std::uint32_t (&a)[2][4]) const noexcept {
    std::uint32_t scales[2] = {0, 0};  // of rows g and g + 8, each twice
    if constexpr (folds_scales) {
      std::uint32_t both = scale_pair(Kind, scales_[0], half);
      if constexpr (Kind == weight_kind::nvfp4) {
        both = multiply_pairs(multiply_pairs(both, 0x7f007f00), 0x77807780);  // 2^127, 2^112
      }
      scales[0] = __byte_perm(both, 0, 0x1010);
      scales[1] = __byte_perm(both, 0, 0x3232);
    }
    for (int row = 0; row < 2; ++row) {
      for (int pair = 0; pair < 4; ++pair) {
        a[pair / 2][pair % 2 * 2 + row] = decode_pair(half, row, pair, scales[row]);
      }
    }
  }

  /// sums = fma(scale, parts, sums), then parts = 0, for rows g (first two) and g + 8.
  __device__ void add_scaled(int half, float (&parts)[4], float (&sums)[4]) const noexcept {
    const float2 scales = floats_[HalfScales ? half : 0];
    for (int i = 0; i < 4; ++i) {
      sums[i] = __fmaf_rn(i < 2 ? scales.x : scales.y, parts[i], sums[i]);
      parts[i] = 0;
    }
  }

 private:
  [[nodiscard]] __device__ std::uint32_t decode_pair(int half, int row, int pair,
                                                     std::uint32_t scale) const noexcept {
    if constexpr (Kind == weight_kind::e4m3fn) {
      const ::uint4& v = codes_[half];
      const std::uint32_t word = row == 0 ? (pair < 2 ? v.x : v.y) : (pair < 2 ? v.z : v.w);
      return multiply_pairs(e4m3_pair(word, pair % 2), 0x7b807b80);  // 2^120
    } else {
      const ::uint4& v = codes_[0];
      const std::uint32_t word = half == 0 ? (row == 0 ? v.x : v.y) : (row == 0 ? v.z : v.w);
      if constexpr (Kind == weight_kind::int4) {
        return add_pairs(int4_pair(word, pair), 0xc308c308);  // -136
      } else {
        return multiply_pairs(e2m1_pair(word, pair), scale);
      }
    }
  }

  ::uint4 codes_[vectors];
  std::uint32_t scales_[1];
  float2 floats_[HalfScales ? 2 : 1];
};

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
