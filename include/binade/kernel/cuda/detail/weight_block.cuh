// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/cuda/weight_tiles.hpp"

#if defined(__CUDACC__)

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

// What the weight-only kernels share: their arguments, and how sums become results.

namespace binade::inline v0::cuda::detail {

/// What the weight-only kernels get, sizes checked.
struct weight_gemm_arguments {
  weight_tiles_view w;
  const bfloat16* x = nullptr;
  bfloat16* y = nullptr;
  std::uint32_t tokens = 0;
  std::uint32_t x_stride = 0;
  std::uint32_t y_stride = 0;
  std::uint32_t tiles_a_group = 1;
};

/// How a block of threads divides its part of y: Across x Along warps, each of them Strips strips
/// of 16 rows wide; the warps that share rows split k. Columns of 8 tokens.
template <int Strips, int Columns, int Across, int Along, int Depth, int Residents = 1>
struct weight_block {
  static constexpr int strips = Strips;
  static constexpr int columns = Columns;
  static constexpr int across = Across;
  static constexpr int along = Along;
  static constexpr int depth = Depth;          ///< tiles that a warp reads ahead
  static constexpr int residents = Residents;  ///< blocks of a multiprocessor at least
  static constexpr int threads = 32 * Across * Along;
  static constexpr int rows = 16 * Strips * Across;
  static constexpr int tokens = 8 * Columns;
  /// Floats of a token's sums in shared memory: padded, so that a warp meets each bank once.
  static constexpr int pitch = rows + 4;
};

template <class Block>
using weight_sums = float[Block::strips][Block::columns][4];

/// First tile of slice `slice` of `slices` of a row of tiles.
__device__ inline std::uint32_t first_tile(std::uint32_t tiles, std::uint32_t slice,
                                           std::uint32_t slices) noexcept {
  return tiles * slice / slices;
}

/// Writes a warp's sums to partial[slice][token][pitch].
template <class Block>
__device__ void store_sums(const weight_sums<Block>& sums, float* partial) noexcept {
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  float* own = partial + warp / Block::across * Block::tokens * Block::pitch;
#pragma unroll
  for (int s = 0; s < Block::strips; ++s) {
#pragma unroll
    for (int c = 0; c < Block::columns; ++c) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = (warp % Block::across * Block::strips + s) * 16 + i / 2 * 8 + lane / 4;
        const int token = c * 8 + lane % 4 * 2 + i % 2;
        own[token * Block::pitch + row] = sums[s][c][i];
      }
    }
  }
}

/// Writes y[token, row].
__device__ inline void write_sum(const weight_gemm_arguments& p, std::uint32_t token,
                                 std::uint32_t row, float sum) noexcept {
  if (token >= p.tokens || row >= p.w.shape.out) return;
  const __nv_bfloat16 value = __float2bfloat16_rn(sum * __ldg(p.w.row_factors + row));
  reinterpret_cast<__nv_bfloat16*>(p.y)[static_cast<std::size_t>(token) * p.y_stride + row] = value;
}

__device__ inline void wait_for_previous_kernel() noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ inline void let_next_kernel_start() noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
