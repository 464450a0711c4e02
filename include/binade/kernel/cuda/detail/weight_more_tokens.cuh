// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/detail/weight_block.cuh"
#include "binade/kernel/cuda/detail/weight_fragments.cuh"
#include "binade/kernel/cuda/detail/wgmma.cuh"

#if defined(__CUDACC__)

#include <cuda_runtime_api.h>

#include <cooperative_groups.h>
#include <cstddef>
#include <cstdint>

namespace binade::inline v0::cuda::detail {

// --- wgmma ---------------------------------------------------------------------------------------

/// d = a[64, 16] b[8 * Columns, 16]^T, or that added to d; a in registers, as for mma.sync. It runs
/// on: d and a are the tensor core's until wgmma_wait.
template <int Columns>
__device__ void wgmma(float (&d)[Columns][4], const std::uint32_t (&a)[4], std::uint64_t b,
                      bool add) noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const int add_to_d = add ? 1 : 0;
  if constexpr (Columns == 4) {
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %21, 0;"
        "wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, "
        "%9, %10, %11, %12, %13, %14, %15}, {%16, %17, %18, %19}, %20, p, 1, 1, 0;}"
        : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]),
          "+f"(d[1][2]), "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]),
          "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add_to_d));
  } else {
    static_assert(Columns == 8);
    asm volatile(
        "{.reg .pred p; setp.ne.b32 p, %37, 0;"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, "
        "%9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, "
        "%27, %28, %29, %30, %31}, {%32, %33, %34, %35}, %36, p, 1, 1, 0;}"
        : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]),
          "+f"(d[1][2]), "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]),
          "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]),
          "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
          "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]),
          "+f"(d[7][2]), "+f"(d[7][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add_to_d));
  }
#endif
}

// --- x in shared memory --------------------------------------------------------------------------

/// Warps of a block that copy x; the others multiply.
inline constexpr int copying_warps = 4;

/// One warp's share of copying 64 k of x to rows of shared memory as swizzled_descriptor has them:
/// the tokens of every copying_warps-th group of four. A lane has 8 k of a token, four pairs of
/// bfloat16s; pair v of lane t of a quad goes to where instruction v / 2 of that half of the tile
/// meets the weights of the same k.
template <int Tokens>
class x_share {
 public:
  __device__ void load(const weight_gemm_arguments& p, std::uint32_t share,
                       std::uint32_t tile) noexcept {
    const bfloat16* const x = p.x + tile * weight_tile_depth + threadIdx.x % 8 * 8;
#pragma unroll
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::size_t token = min(row(share, i), p.tokens - 1);
      v_[i] = __ldg(reinterpret_cast<const ::uint4*>(x + token * p.x_stride));
    }
  }
  __device__ void store(std::uint32_t share, unsigned char* to) const noexcept {
    const std::uint32_t chunk = threadIdx.x % 8;
#pragma unroll
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::uint32_t pairs[4] = {v_[i].x, v_[i].y, v_[i].z, v_[i].w};
#pragma unroll
      for (std::uint32_t k = 0; k < 4; ++k) {
        const std::uint32_t place = (chunk / 4 * 4 + k) ^ row(share, i) % 8;
        *reinterpret_cast<std::uint32_t*>(to + row(share, i) * 128 + place * 16 + chunk % 4 * 4) =
            pairs[k];
      }
    }
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
  }

 private:
  static constexpr std::uint32_t rows = Tokens / 4 / copying_warps;
  [[nodiscard]] __device__ static std::uint32_t row(std::uint32_t share, std::uint32_t i) noexcept {
    return (i * copying_warps + share) * 4 + threadIdx.x % 32 / 8;
  }

  ::uint4 v_[rows];
};

// --- The kernel ----------------------------------------------------------------------------------

/// Tiles of x that a warp has read before it needs them.
inline constexpr std::uint32_t x_tiles_ahead = 3;

/// More tokens: warpgroups of 64 rows share x, which other warps bring to `Stages` tiles of shared
/// memory; the blocks of a cluster split k and add what they have.
///
/// Compiled without wgmma it is empty, and uses no static shared memory.
template <weight_kind Kind, bool HalfScales, class Block, int Stages>
__global__ void __launch_bounds__(Block::threads + 32 * copying_warps, 1)
    more_tokens_kernel(const __grid_constant__ weight_gemm_arguments p) {
  static_assert(Block::strips == 1 && Block::along == 1 && Block::across % 4 == 0);
  if constexpr (compiled_capability().wgmma) {
    let_next_kernel_start();
    extern __shared__ __align__(1024) unsigned char memory[];
    __shared__ std::uint64_t full[Stages];
    __shared__ std::uint64_t empty[Stages];
    if (threadIdx.x < Stages) {
      phase_barrier(full + threadIdx.x).begin(copying_warps);
      phase_barrier(empty + threadIdx.x).begin(Block::across);
    }
    __syncthreads();
    namespace cg = cooperative_groups;
    const cg::cluster_group cluster = cg::this_cluster();
    const std::uint32_t rank = cluster.block_rank();
    const std::uint32_t blocks = cluster.num_blocks();
    const std::uint32_t row_block = blockIdx.x / blocks;
    const std::uint32_t warp = threadIdx.x / 32;
    const std::uint32_t lane = threadIdx.x % 32;
    const auto tiles = static_cast<std::uint32_t>(p.w.shape.tiles_in());
    const std::uint32_t begin = first_tile(tiles, rank, blocks);
    const std::uint32_t steps = first_tile(tiles, rank + 1, blocks) - begin;
    constexpr std::uint32_t stage_bytes = Block::tokens * 128;

    float sums[1][Block::columns][4] = {};
    if (warp >= Block::across) {
      wait_for_previous_kernel();
      const std::uint32_t share = warp - Block::across;
      x_share<Block::tokens> x[x_tiles_ahead];
#pragma unroll
      for (std::uint32_t d = 0; d < x_tiles_ahead; ++d) {
        if (d < steps) x[d].load(p, share, begin + d);
      }
      for (std::uint32_t first = 0; first < steps; first += x_tiles_ahead) {
#pragma unroll
        for (std::uint32_t d = 0; d < x_tiles_ahead; ++d) {
          const std::uint32_t step = first + d;
          if (step >= steps) break;
          phase_barrier(empty + step % Stages).wait(step / Stages % 2 ^ 1);
          x[d].store(share, memory + step % Stages * stage_bytes);
          __syncwarp();
          if (lane == 0) phase_barrier(full + step % Stages).arrive();
          if (step + x_tiles_ahead < steps) x[d].load(p, share, begin + step + x_tiles_ahead);
        }
      }
    } else {
      const std::uint32_t strip = row_block * Block::across + warp;
      using fragment = weight_fragment<Kind, HalfScales>;
      fragment w[Block::depth];
      group_cursor cursor(begin, p.tiles_a_group);
      // Of the next step.
      const auto load_w = [&](fragment& to, std::uint32_t step) {
        if (step < steps) to.load(p.w, strip, begin + step, cursor.group());
        cursor.advance();
      };
#pragma unroll
      for (std::uint32_t d = 0; d < Block::depth; ++d) load_w(w[d], d);
      // Of two tiles in turn: while the tensor core has one, the next is decoded. (With float
      // scales that was slower on an H100.)
      std::uint32_t a[2][2][2][4];
      const auto decode = [](const fragment& from, std::uint32_t(&to)[2][2][4]) {
        from.decode(0, to[0]);
        from.decode(1, to[1]);
      };
      static_assert(Block::depth % 2 == 0);
      if (fragment::folds_scales) decode(w[0], a[0]);
      for (std::uint32_t first = 0; first < steps; first += Block::depth) {
#pragma unroll
        for (std::uint32_t d = 0; d < Block::depth; ++d) {
          const std::uint32_t step = first + d;
          if (step >= steps) break;
          auto& now = a[d % 2];
          auto& next = a[(d + 1) % 2];
          if (!fragment::folds_scales) decode(w[d], now);
          phase_barrier(full + step % Stages).wait(step / Stages % 2);
          const std::uint64_t x = swizzled_descriptor(memory + step % Stages * stage_bytes);
          if constexpr (fragment::folds_scales) {
            wgmma_begin();
#pragma unroll
            for (int i = 0; i < 4; ++i) {
              wgmma<Block::columns>(sums[0], now[i / 2][i % 2], x + 2 * i, true);
            }
            wgmma_commit();
            decode(w[(d + 1) % Block::depth], next);
            load_w(w[d], step + Block::depth);
            wgmma_wait();
          } else {
            float parts[Block::columns][4];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
              if (half == 0 || HalfScales) wgmma_begin();
              wgmma<Block::columns>(parts, now[half][0], x + 4 * half, half == 1 && !HalfScales);
              wgmma<Block::columns>(parts, now[half][1], x + 4 * half + 2, true);
              if (half == 0 && !HalfScales) continue;  // one sum for both
              wgmma_commit();
              wgmma_wait();
#pragma unroll
              for (int c = 0; c < Block::columns; ++c) w[d].add_scaled(half, parts[c], sums[0][c]);
            }
            load_w(w[d], step + Block::depth);
          }
          if (lane == 0) phase_barrier(empty + step % Stages).arrive();
        }
      }
      wait_for_previous_kernel();
    }
    __syncthreads();
    float* const partial = reinterpret_cast<float*>(memory);
    if (warp < Block::across) store_sums<Block>(sums, partial);
    cluster.sync();
    constexpr std::uint32_t threads = Block::threads + 32 * copying_warps;
    for (std::uint32_t i = threadIdx.x + rank * threads; i < Block::tokens * Block::rows;
         i += threads * blocks) {
      float* const at = partial + i / Block::rows * Block::pitch + i % Block::rows;
      float sum = *cluster.map_shared_rank(at, 0);
      for (std::uint32_t other = 1; other < blocks; ++other) {
        sum += *cluster.map_shared_rank(at, other);
      }
      write_sum(p, i / Block::rows, row_block * Block::rows + i % Block::rows, sum);
    }
    cluster.sync();
  }
}

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
