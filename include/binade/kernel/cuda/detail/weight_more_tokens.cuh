// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/detail/weight_block.cuh"
#include "binade/kernel/cuda/detail/weight_fragments.cuh"

#if defined(__CUDACC__)

#include <cuda_runtime_api.h>

#include <cooperative_groups.h>
#include <cstddef>
#include <cstdint>

namespace binade::inline v0::cuda::detail {

// --- wgmma ---------------------------------------------------------------------------------------

/// Where wgmma finds b[tokens][64 k] in shared memory: rows of 128 bytes whose 16-byte chunks are
/// exchanged within groups of 8 rows. Source: PTX ISA, "Matrix descriptor format", 128-byte
/// swizzle.
__device__ inline std::uint64_t swizzled_descriptor(const void* shared) noexcept {
  const auto address = static_cast<std::uint64_t>(__cvta_generic_to_shared(shared));
  return (address & 0x3ffff) >> 4 | std::uint64_t{1} << 16 | std::uint64_t{1024 >> 4} << 32 |
         std::uint64_t{1} << 62;
}

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

__device__ inline void wgmma_begin() noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
__device__ inline void wgmma_commit() noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}
__device__ inline void wgmma_wait() noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#endif
}

// --- x in shared memory --------------------------------------------------------------------------

/// Whether a stage of shared memory is full, or empty: a barrier that flips its phase each time
/// that all who are counted arrive.
class phase_barrier {
 public:
  __device__ explicit phase_barrier(std::uint64_t* shared) noexcept
      : address_(static_cast<std::uint32_t>(__cvta_generic_to_shared(shared))) {}
  __device__ void begin(std::uint32_t arrivals) const noexcept {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address_), "r"(arrivals)
                 : "memory");
  }
  __device__ void arrive() const noexcept {
    asm volatile("{.reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0];}" ::"r"(address_)
                 : "memory");
  }
  /// Waits until phase `phase` is over; of a new barrier phase 1 is.
  __device__ void wait(std::uint32_t phase) const noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    std::uint32_t done = 0;
    while (done == 0) {
      asm volatile(
          "{.reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;"
          "selp.u32 %0, 1, 0, p;}"
          : "=r"(done)
          : "r"(address_), "r"(phase)
          : "memory");
    }
#endif
  }

 private:
  std::uint32_t address_;
};

/// Copies 64 k of `tokens` tokens to rows of shared memory as swizzled_descriptor has them, by one
/// warp. A lane reads 8 k of a token, four pairs of bfloat16s; pair v of lane t of a quad goes to
/// where instruction v / 2 of that half of the tile meets the weights of the same k.
template <int Tokens>
__device__ void copy_x(const weight_gemm_arguments& p, std::uint32_t tile,
                       unsigned char* to) noexcept {
  const std::uint32_t lane = threadIdx.x % 32;
  const std::uint32_t chunk = lane % 8;
  const bfloat16* const x = p.x + tile * weight_tile_depth + chunk * 8;
  ::uint4 v[Tokens / 4];
#pragma unroll
  for (std::uint32_t i = 0; i < Tokens / 4; ++i) {
    const std::size_t token = min(i * 4 + lane / 8, p.tokens - 1);
    v[i] = __ldg(reinterpret_cast<const ::uint4*>(x + token * p.x_stride));
  }
#pragma unroll
  for (std::uint32_t i = 0; i < Tokens / 4; ++i) {
    const std::uint32_t row = i * 4 + lane / 8;
    const std::uint32_t pairs[4] = {v[i].x, v[i].y, v[i].z, v[i].w};
#pragma unroll
    for (std::uint32_t k = 0; k < 4; ++k) {
      const std::uint32_t place = (chunk / 4 * 4 + k) ^ row % 8;
      *reinterpret_cast<std::uint32_t*>(to + row * 128 + place * 16 + chunk % 4 * 4) = pairs[k];
    }
  }
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// --- The kernel ----------------------------------------------------------------------------------

/// Warps of a block that copy x; the others multiply.
inline constexpr int copying_warps = 4;

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
      phase_barrier(full + threadIdx.x).begin(1);
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
      for (std::uint32_t step = warp - Block::across; step < steps; step += copying_warps) {
        phase_barrier(empty + step % Stages).wait(step / Stages % 2 ^ 1);
        copy_x<Block::tokens>(p, begin + step, memory + step % Stages * stage_bytes);
        __syncwarp();
        if (lane == 0) phase_barrier(full + step % Stages).arrive();
      }
    } else {
      const std::uint32_t strip = row_block * Block::across + warp;
      using fragment = weight_fragment<Kind, HalfScales>;
      fragment w[Block::depth];
      const auto load_w = [&](fragment& to, std::uint32_t step) {
        if (step < steps) to.load(p.w, strip, begin + step, p.tiles_a_group);
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
