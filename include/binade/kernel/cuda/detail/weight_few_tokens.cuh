// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/detail/weight_block.cuh"
#include "binade/kernel/cuda/detail/weight_fragments.cuh"

#if defined(__CUDACC__)

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace binade::inline v0::cuda::detail {

/// sums += the products of a tile of weights of each strip with x; x_of(half, column) gives the
/// lane's 8 k of token 8 * column + lane / 4. With float scales the products that share one are
/// summed first.
template <class Block, class Fragment, class Source>
__device__ void add_tile(weight_sums<Block>& sums, const Fragment (&w)[Block::strips],
                         const Source& x_of) noexcept {
  weight_sums<Block> parts = {};
  weight_sums<Block>& to = Fragment::folds_scales ? sums : parts;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    std::uint32_t a[Block::strips][2][4];
#pragma unroll
    for (int s = 0; s < Block::strips; ++s) w[s].decode(half, a[s]);
#pragma unroll
    for (int c = 0; c < Block::columns; ++c) {
      const ::uint4 b = x_of(half, c);
#pragma unroll
      for (int s = 0; s < Block::strips; ++s) multiply_add(to[s][c], a[s][0], b.x, b.y);
#pragma unroll
      for (int s = 0; s < Block::strips; ++s) multiply_add(to[s][c], a[s][1], b.z, b.w);
    }
    if (!Fragment::folds_scales && (half == 1 || Fragment::has_half_scales)) {
#pragma unroll
      for (int s = 0; s < Block::strips; ++s) {
#pragma unroll
        for (int c = 0; c < Block::columns; ++c) w[s].add_scaled(half, parts[s][c], sums[s][c]);
      }
    }
  }
}

/// Few tokens: each warp reads its own x, through the L1 cache.
template <weight_kind Kind, bool HalfScales, class Block>
__global__ void __launch_bounds__(Block::threads, Block::residents)
    few_tokens_kernel(const __grid_constant__ weight_gemm_arguments p) {
  let_next_kernel_start();
  extern __shared__ __align__(128) float partial[];
  const std::uint32_t warp = threadIdx.x / 32;
  const std::uint32_t lane = threadIdx.x % 32;
  const auto tiles = static_cast<std::uint32_t>(p.w.shape.tiles_in());
  const std::uint32_t strip = (blockIdx.x * Block::across + warp % Block::across) * Block::strips;
  const std::uint32_t slice = warp / Block::across;
  const std::uint32_t begin = first_tile(tiles, slice, Block::along);
  const std::uint32_t end = first_tile(tiles, slice + 1, Block::along);

  using fragment = weight_fragment<Kind, HalfScales>;
  fragment w[Block::depth][Block::strips];
  ::uint4 x[Block::depth][Block::columns][2];
  const ::uint4* from[Block::columns];
  for (int c = 0; c < Block::columns; ++c) {
    const std::uint32_t token = min(c * 8 + lane / 4, p.tokens - 1);
    from[c] = reinterpret_cast<const ::uint4*>(p.x + static_cast<std::size_t>(token) * p.x_stride) +
              lane % 4;
  }
  group_cursor cursor(begin, p.tiles_a_group);
  // Of the next tile.
  const auto load_w = [&](fragment(&to)[Block::strips], std::uint32_t tile) {
#pragma unroll
    for (std::uint32_t s = 0; s < Block::strips; ++s) {
      to[s].load(p.w, strip + s, tile, cursor.group());
    }
    cursor.advance();
  };
  const auto load_x = [&](::uint4(&to)[Block::columns][2], std::uint32_t tile) {
#pragma unroll
    for (int c = 0; c < Block::columns; ++c) {
      to[c][0] = __ldg(from[c] + tile * 8);
      to[c][1] = __ldg(from[c] + tile * 8 + 4);
    }
  };

#pragma unroll
  for (std::uint32_t d = 0; d < Block::depth; ++d) {
    if (begin + d < end) load_w(w[d], begin + d);
  }
  wait_for_previous_kernel();
#pragma unroll
  for (std::uint32_t d = 0; d < Block::depth; ++d) {
    if (begin + d < end) load_x(x[d], begin + d);
  }
  weight_sums<Block> sums = {};
  for (std::uint32_t first = begin; first < end; first += Block::depth) {
#pragma unroll
    for (std::uint32_t d = 0; d < Block::depth; ++d) {
      const std::uint32_t tile = first + d;
      if (tile >= end) break;
      add_tile<Block>(sums, w[d], [&](int half, int column) { return x[d][column][half]; });
      if (tile + Block::depth < end) {
        load_w(w[d], tile + Block::depth);
        load_x(x[d], tile + Block::depth);
      }
    }
  }
  store_sums<Block>(sums, partial);
  __syncthreads();
  for (std::uint32_t i = threadIdx.x; i < Block::tokens * Block::rows; i += Block::threads) {
    const float* at = partial + i / Block::rows * Block::pitch + i % Block::rows;
    float sum = *at;
    for (int k = 1; k < Block::along; ++k) sum += at[k * Block::tokens * Block::pitch];
    write_sum(p, i / Block::rows, blockIdx.x * Block::rows + i % Block::rows, sum);
  }
}

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
