// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/detail/wgmma.cuh"

#include <cstddef>
#include <cstdint>

namespace binade::inline v0::cuda::detail {

/// Which codes of an operand share a scale: 128 of a row, or a tile of 128x128.
enum class block_scales : std::uint8_t { groups, tiles };

}  // namespace binade::inline v0::cuda::detail

#if defined(__CUDACC__)

#include <cuda.h>  // CUtensorMap
#include <cuda_runtime_api.h>

namespace binade::inline v0::cuda::detail {

/// What the kernel gets, sizes checked. Scales of groups come by copies, of tiles by reads.
struct block_gemm_arguments {
  CUtensorMap x;
  CUtensorMap w;
  CUtensorMap x_groups;
  CUtensorMap w_groups;
  const float* x_tiles = nullptr;
  const float* w_tiles = nullptr;
  void* y = nullptr;
  std::uint32_t tokens = 0;
  std::uint32_t out = 0;
  std::uint32_t steps = 0;        ///< of 128 k
  std::uint32_t tile_stride = 0;  ///< scales from a row of tiles to the next
  bool is_float = false;          ///< y is of float, else of bfloat16
};

/// How a cluster of two blocks divides y: each has 128 columns of its own and both the same rows,
/// of which each brings half to the shared memory of both. `Warpgroups` of a block multiply,
/// `Waves` times 64 rows each; one more copies.
template <int Waves, int Warpgroups>
struct block_gemm_shape {
  static constexpr int waves = Waves;
  static constexpr std::uint32_t depth = 128;  ///< bytes of k a step
  static constexpr std::uint32_t cluster = 2;
  static constexpr std::uint32_t multipliers = Warpgroups;
  static constexpr std::uint32_t rows = 64 * Waves * multipliers;
  static constexpr std::uint32_t columns = 128;
  static constexpr std::uint32_t stages = 200 * 1024 / ((rows + columns) * depth);
  static constexpr std::uint32_t threads = 128 * (multipliers + 1);
  /// A thread of those that multiply; those that copy keep 24, and all together have 65536.
  static constexpr int registers = multipliers == 2 ? 240 : 160;
  static constexpr std::uint32_t x_bytes = rows * depth;
  static constexpr std::uint32_t w_bytes = columns * depth;
  static constexpr std::uint32_t stage_bytes = x_bytes + w_bytes;
  static constexpr std::uint32_t stage_scales = rows + columns;
  static constexpr std::size_t shared_bytes =
      std::size_t{stages} * (stage_bytes + stage_scales * sizeof(float));
};

/// Which part of y a cluster makes: `row` and `column` are those of the cluster's first elements.
struct block_gemm_place {
  std::uint32_t row;
  std::uint32_t column;
};

/// The places in an order in which clusters that run at once share rows of x and w: bands of 8
/// tiles of rows, within a band column by column.
template <class Shape>
class block_gemm_order {
 public:
  __device__ explicit block_gemm_order(const block_gemm_arguments& p) noexcept
      : rows_((p.tokens + Shape::rows - 1) / Shape::rows), columns_((p.out + width - 1) / width) {}
  [[nodiscard]] __device__ std::uint32_t size() const noexcept { return rows_ * columns_; }
  [[nodiscard]] __device__ block_gemm_place operator[](std::uint32_t i) const noexcept {
    const std::uint32_t first = i / (band * columns_) * band;
    const std::uint32_t height = min(band, rows_ - first);
    const std::uint32_t within = i - first * columns_;
    return {(first + within % height) * Shape::rows, within / height * width};
  }

 private:
  static constexpr std::uint32_t width = Shape::columns * Shape::cluster;
  static constexpr std::uint32_t band = 8;
  std::uint32_t rows_;
  std::uint32_t columns_;
};

/// The stages of shared memory, as a ring.
template <class Shape>
class block_gemm_ring {
 public:
  __device__ block_gemm_ring(unsigned char* memory, std::uint64_t* full,
                             std::uint64_t* empty) noexcept
      : memory_(memory), full_(full), empty_(empty) {}
  [[nodiscard]] __device__ unsigned char* x() const noexcept {
    return memory_ + stage_ * Shape::stage_bytes;
  }
  [[nodiscard]] __device__ unsigned char* w() const noexcept { return x() + Shape::x_bytes; }
  [[nodiscard]] __device__ float* x_scales() const noexcept {
    return reinterpret_cast<float*>(memory_ + Shape::stages * Shape::stage_bytes) +
           stage_ * Shape::stage_scales;
  }
  [[nodiscard]] __device__ float* w_scales() const noexcept { return x_scales() + Shape::rows; }
  [[nodiscard]] __device__ phase_barrier full() const noexcept {
    return phase_barrier(full_ + stage_);
  }
  [[nodiscard]] __device__ phase_barrier empty() const noexcept {
    return phase_barrier(empty_ + stage_);
  }
  [[nodiscard]] __device__ std::uint32_t phase() const noexcept { return phase_; }
  __device__ void advance() noexcept {
    if (++stage_ < Shape::stages) return;
    stage_ = 0;
    phase_ ^= 1;
  }

 private:
  unsigned char* memory_;
  std::uint64_t* full_;
  std::uint64_t* empty_;
  std::uint32_t stage_ = 0;
  std::uint32_t phase_ = 0;
};

/// What one thread does: brings all steps of all places of its cluster.
template <block_scales X, block_scales W, class Shape>
__device__ void bring_blocks(const block_gemm_arguments& p, block_gemm_ring<Shape> ring,
                             std::uint32_t first, std::uint32_t clusters) noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const std::uint32_t rank = rank_in_cluster();
  const block_gemm_order<Shape> order(p);
  constexpr std::uint32_t bytes = Shape::stage_bytes +
                                  (X == block_scales::groups ? Shape::rows * 4 : 0) +
                                  (W == block_scales::groups ? Shape::columns * 4 : 0);
  constexpr std::uint32_t half = Shape::rows / Shape::cluster;
  for (std::uint32_t i = first; i < order.size(); i += clusters) {
    const block_gemm_place place = order[i];
    const std::uint32_t column = place.column + rank * Shape::columns;
    for (std::uint32_t step = 0; step < p.steps; ++step, ring.advance()) {
      ring.empty().wait(ring.phase() ^ 1);
      ring.full().expect(bytes);
      const std::uint32_t k = step * Shape::depth;
      copy_box_to(3, &p.x, k, place.row + rank * half, ring.x() + rank * half * Shape::depth,
                  ring.full());
      copy_box(&p.w, k, column, ring.w(), ring.full());
      if constexpr (X == block_scales::groups) {
        copy_box(&p.x_groups, place.row, step, ring.x_scales(), ring.full());
      }
      if constexpr (W == block_scales::groups) {
        copy_box(&p.w_groups, column, step, ring.w_scales(), ring.full());
      }
    }
  }
#endif
}

/// A thread's scales of the 64 rows of a wave: of its rows lane / 4 and 8 below.
struct row_scales {
  float upper;
  float lower;
};

/// Keeps what is computed from x behind what stands before.
__device__ inline void keep_in_order(float& x) noexcept { asm volatile("" : "+f"(x)::"memory"); }

/// A thread's scales of w: of its columns 8 c + 2 (lane % 4) + {0, 1}.
template <block_scales W>
struct column_scales {
  static constexpr int count = W == block_scales::groups ? 16 : 1;
  float2 of[count];

  /// Of scales[128] in shared memory, if they are of groups.
  __device__ void load(const float* scales) noexcept {
    if constexpr (W == block_scales::groups) {
#pragma unroll
      for (int c = 0; c < count; ++c) {
        of[c] = reinterpret_cast<const float2*>(scales)[4 * c + threadIdx.x % 4];
      }
    }
  }
  /// Keeps what is computed from them behind what stands before.
  __device__ void keep_loaded() noexcept {
#pragma unroll
    for (float2& column : of) {
      keep_in_order(column.x);
      keep_in_order(column.y);
    }
  }
};

/// totals += parts times both scales; what `scaling` in accumulate::hopper_fp8 calls `in_turn`
/// where both operands have groups, else `product`.
template <block_scales X, block_scales W>
__device__ void add_scaled(float (&totals)[16][4], const float (&parts)[16][4], row_scales x,
                           const column_scales<W>& w) noexcept {
  if constexpr (W == block_scales::tiles) {
    x = {__fmul_rn(x.upper, w.of[0].x), __fmul_rn(x.lower, w.of[0].x)};
  }
#pragma unroll
  for (int c = 0; c < 16; ++c) {
    const float2 column = w.of[W == block_scales::groups ? c : 0];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float row = i < 2 ? x.upper : x.lower;
      const float of_w = i % 2 == 0 ? column.x : column.y;
      if constexpr (W == block_scales::tiles) {
        totals[c][i] = __fmaf_rn(parts[c][i], row, totals[c][i]);
      } else if constexpr (X == block_scales::tiles) {
        totals[c][i] = __fmaf_rn(parts[c][i], __fmul_rn(row, of_w), totals[c][i]);
      } else {
        totals[c][i] = __fmaf_rn(__fmul_rn(parts[c][i], row), of_w, totals[c][i]);
      }
    }
  }
}

/// Exchanges among the four lanes of a quad: word j of lane q becomes word q of lane j.
__device__ inline void transpose_quad(std::uint32_t (&word)[4]) noexcept {
#pragma unroll
  for (unsigned step = 1; step <= 2; step *= 2) {
    const bool is_upper = (threadIdx.x & step) != 0;
#pragma unroll
    for (unsigned j = 0; j < 4; ++j) {
      if ((j & step) != 0) continue;
      std::uint32_t& low = word[j];
      std::uint32_t& high = word[j | step];
      const std::uint32_t got = __shfl_xor_sync(0xffffffffU, is_upper ? low : high, step);
      (is_upper ? low : high) = got;
    }
  }
}

/// Writes a wave's sums: rows from `row` on, columns from `column` on.
__device__ inline void write_block(const block_gemm_arguments& p, std::uint32_t row,
                                   std::uint32_t column, const float (&totals)[16][4]) noexcept {
  const std::uint32_t lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const std::uint32_t token = row + threadIdx.x % 128 / 32 * 16 + lane / 4 + 8 * half;
    const std::size_t begin = static_cast<std::size_t>(token) * p.out;
#pragma unroll
    for (int four = 0; four < 16; four += 4) {
      if (p.is_float) {
#pragma unroll
        for (int c = four; c < four + 4; ++c) {
          const std::uint32_t at = column + 8 * c + lane % 4 * 2;
          if (token >= p.tokens || at >= p.out) continue;
          *reinterpret_cast<float2*>(static_cast<float*>(p.y) + begin + at) = {
              totals[c][2 * half], totals[c][2 * half + 1]};
        }
        continue;
      }
      std::uint32_t pairs[4];
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;"
            : "=r"(pairs[c])
            : "f"(totals[four + c][2 * half + 1]), "f"(totals[four + c][2 * half]));
      }
      transpose_quad(pairs);
      const std::uint32_t at = column + 8 * (four + lane % 4);
      if (token >= p.tokens || at >= p.out) continue;
      *reinterpret_cast<::uint4*>(static_cast<std::uint16_t*>(p.y) + begin + at) = {
          pairs[0], pairs[1], pairs[2], pairs[3]};
    }
  }
}

/// What a warpgroup does: multiplies all steps of its waves of all places of its cluster.
template <block_scales X, block_scales W, class Shape>
__device__ void multiply_blocks(const block_gemm_arguments& p, block_gemm_ring<Shape> ring,
                                std::uint32_t first, std::uint32_t clusters) noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int waves = Shape::waves;
  // With registers enough, scales of w are read before they are needed.
  constexpr bool early = Shape::multipliers == 2;
  const std::uint32_t lane = threadIdx.x % 32;
  // Of the block's rows, this warpgroup's first one, and this thread's.
  const std::uint32_t group_row = __shfl_sync(0xffffffffU, threadIdx.x / 128, 0) * 64 * waves;
  const std::uint32_t row = group_row + threadIdx.x % 128 / 32 * 16 + lane / 4;
  const block_gemm_order<Shape> order(p);
  for (std::uint32_t i = first; i < order.size(); i += clusters) {
    block_gemm_place place = order[i];
    place.column += rank_in_cluster() * Shape::columns;
    // What is beyond the matrix is multiplied too, by the scales of the last tiles that are not.
    const float* const w_tile =
        p.w_tiles + static_cast<std::size_t>(min(place.column, p.out - 1) / 128) * p.tile_stride;
    const float* const x_tile =
        p.x_tiles +
        static_cast<std::size_t>(min(place.row + group_row, p.tokens - 1) / 128) * p.tile_stride;
    const auto tile_scale = [&](block_scales s, const float* of, std::uint32_t step) {
      return s == block_scales::tiles ? __ldg(of + min(step, p.steps - 1)) : 0.0F;
    };
    float next_w = tile_scale(W, w_tile, 0);
    float next_x = tile_scale(X, x_tile, 0);
    float totals[waves][16][4] = {};
    for (std::uint32_t step = 0; step < p.steps; ++step, ring.advance()) {
      const float w_tile_scale = next_w;
      const float x_tile_scale = next_x;
      next_w = tile_scale(W, w_tile, step + 1);
      next_x = tile_scale(X, x_tile, step + 1);
      ring.full().wait(ring.phase());
      const auto release = [&] {
        __syncwarp();
        if (lane < Shape::cluster) ring.empty().arrive_at(lane);
      };
#pragma unroll
      for (int wave = 0; wave < waves; ++wave) {
        const std::uint64_t a =
            swizzled_descriptor(ring.x() + (group_row + 64 * wave) * Shape::depth);
        const std::uint64_t b = swizzled_descriptor(ring.w());
        row_scales x_scales = {x_tile_scale, x_tile_scale};
        if constexpr (X == block_scales::groups) {
          const float* const at = ring.x_scales() + row + 64 * wave;
          x_scales = {at[0], at[8]};
        }
        column_scales<W> w_scales = {{{w_tile_scale, w_tile_scale}}};
        if (early) w_scales.load(ring.w_scales());
        float parts[16][4];
        wgmma_begin();
#pragma unroll
        for (int k = 0; k < 4; ++k) wgmma_e4m3(parts, a + 2 * k, b + 2 * k, k != 0);
        wgmma_commit();
        wgmma_wait();
        keep_in_order(parts);
        keep_in_order(x_scales.upper);
        keep_in_order(x_scales.lower);
        w_scales.keep_loaded();
        if (wave == waves - 1 && (early || W == block_scales::tiles)) release();
        if (!early) w_scales.load(ring.w_scales());
        add_scaled<X, W>(totals[wave], parts, x_scales, w_scales);
        if (wave == waves - 1 && !early && W == block_scales::groups) release();
      }
    }
#pragma unroll
    for (int wave = 0; wave < waves; ++wave) {
      write_block(p, place.row + group_row + 64 * wave, place.column, totals[wave]);
    }
  }
#endif
}

/// y = x w^T of operands with scales of 128 codes of a row, or of tiles of 128x128. Blocks stay and
/// take one place after another.
///
/// Compiled without wgmma it is empty, and uses no static shared memory.
template <block_scales X, block_scales W, class Shape>
__global__ void __launch_bounds__(Shape::threads, 1)
    block_gemm_kernel(const __grid_constant__ block_gemm_arguments p) {
  if constexpr (compiled_capability().wgmma) {
    extern __shared__ __align__(1024) unsigned char memory[];
    __shared__ std::uint64_t full[Shape::stages];
    __shared__ std::uint64_t empty[Shape::stages];
    if (threadIdx.x == 0) {
      for (std::uint32_t s = 0; s < Shape::stages; ++s) {
        phase_barrier(full + s).begin(1);
        phase_barrier(empty + s).begin(Shape::cluster * Shape::multipliers * 4);
      }
      publish_barriers();
    }
    wait_for_cluster();
    const block_gemm_ring<Shape> ring(memory, full, empty);
    const std::uint32_t first = blockIdx.x / Shape::cluster;
    const std::uint32_t clusters = gridDim.x / Shape::cluster;
    if (threadIdx.x / 128 == Shape::multipliers) {
      release_registers<24>();
      if (threadIdx.x % 128 == 0) bring_blocks<X, W, Shape>(p, ring, first, clusters);
    } else {
      take_registers<Shape::registers>();
      multiply_blocks<X, W, Shape>(p, ring, first, clusters);
    }
    // The other block's copies and arrivals must find this one.
    __syncwarp();
    wait_for_cluster();
  }
}

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
