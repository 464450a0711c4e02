// SPDX-License-Identifier: MIT
#pragma once

#if defined(__CUDACC__)

#include <cuda_runtime_api.h>

#include <cstdint>

// Hopper's instructions for warpgroups, what orders them, and the barriers and copies that feed
// them. All are of the PTX ISA; the comments name its words.

namespace binade::inline v0::cuda::detail {

/// An address in shared memory as instructions take it.
__device__ inline std::uint32_t shared_address(const void* shared) noexcept {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
}

/// Where wgmma finds a matrix in shared memory whose rows are 128 bytes along k, their 16-byte
/// chunks exchanged within groups of 8 rows. Source: PTX ISA, "Matrix descriptor format", 128-byte
/// swizzle.
__device__ inline std::uint64_t swizzled_descriptor(const void* shared) noexcept {
  const auto address = static_cast<std::uint64_t>(shared_address(shared));
  return (address & 0x3ffff) >> 4 | std::uint64_t{1} << 16 | std::uint64_t{1024 >> 4} << 32 |
         std::uint64_t{1} << 62;
}

/// d = a[64, 32] b[128, 32]^T of e4m3fn, or that added to d; a and b by descriptors. It runs on: d
/// is the tensor core's until wgmma_wait.
__device__ inline void wgmma_e4m3(float (&d)[16][4], std::uint64_t a, std::uint64_t b,
                                  bool add) noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const int add_to_d = add ? 1 : 0;
  asm volatile(
      "{.reg .pred p; setp.ne.b32 p, %66, "
      "0;wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {%0, %1, %2, %3, %4, %5, %6, %7, "
      "%8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, "
      "%26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, "
      "%44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, "
      "%62, %63}, %64, %65, p, 1, 1;}"
      : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]),
        "+f"(d[1][2]), "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]),
        "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]),
        "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]),
        "+f"(d[7][2]), "+f"(d[7][3]), "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]), "+f"(d[8][3]),
        "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]), "+f"(d[10][0]), "+f"(d[10][1]),
        "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]),
        "+f"(d[11][3]), "+f"(d[12][0]), "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]),
        "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]), "+f"(d[14][0]),
        "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]),
        "+f"(d[15][2]), "+f"(d[15][3])
      : "l"(a), "l"(b), "r"(add_to_d));
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
/// Keeps reads of d behind what stands before.
template <int N>
__device__ void keep_in_order(float (&d)[N][4]) noexcept {
#pragma unroll
  for (int i = 0; i < N * 4; ++i) asm volatile("" : "+f"(d[i / 4][i % 4])::"memory");
}

/// Registers a thread that all warps of a warpgroup give back, or take.
template <int Registers>
__device__ void release_registers() noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
#endif
}
template <int Registers>
__device__ void take_registers() noexcept {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
#endif
}

/// Whether a stage of shared memory is full, or empty: a barrier that flips its phase each time
/// that all who are counted arrive, and all bytes that were announced.
class phase_barrier {
 public:
  __device__ explicit phase_barrier(std::uint64_t* shared) noexcept
      : address_(shared_address(shared)) {}
  [[nodiscard]] __device__ std::uint32_t address() const noexcept { return address_; }
  __device__ void begin(std::uint32_t arrivals) const noexcept {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address_), "r"(arrivals)
                 : "memory");
  }
  __device__ void arrive() const noexcept {
    asm volatile("{.reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0];}" ::"r"(address_)
                 : "memory");
  }
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  /// Arrives at the same barrier of block `rank` of the cluster.
  __device__ void arrive_at(std::uint32_t rank) const noexcept {
    asm volatile(
        "{.reg .b32 there; mapa.shared::cluster.u32 there, %0, %1;"
        "mbarrier.arrive.shared::cluster.b64 _, [there];}" ::"r"(address_),
        "r"(rank)
        : "memory");
  }
  /// Arrives, and announces `bytes` that copies bring.
  __device__ void expect(std::uint32_t bytes) const noexcept {
    asm volatile(
        "{.reg .b64 state; mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1;}" ::"r"(
            address_),
        "r"(bytes)
        : "memory");
  }
#endif
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

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

/// Makes barriers that this thread began known to the cluster and to copies.
__device__ inline void publish_barriers() noexcept {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
/// Waits for all threads of the cluster.
__device__ inline void wait_for_cluster() noexcept {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}
__device__ inline std::uint32_t rank_in_cluster() noexcept {
  std::uint32_t rank = 0;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

/// Copies the box of `map` (a CUtensorMap of two axes) that begins at element `x` of row `y` to
/// shared memory; its bytes, zeros beyond the matrix, count at `full`.
__device__ inline void copy_box(const void* map, std::uint32_t x, std::uint32_t y, const void* to,
                                phase_barrier full) noexcept {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3}], [%4];" ::"r"(shared_address(to)),
      "l"(map), "r"(x), "r"(y), "r"(full.address())
      : "memory");
}
/// The same to the same place, and with the same barrier, of all blocks in `blocks`, a set of bits.
__device__ inline void copy_box_to(std::uint16_t blocks, const void* map, std::uint32_t x,
                                   std::uint32_t y, const void* to, phase_barrier full) noexcept {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(shared_address(to)),
      "l"(map), "r"(x), "r"(y), "r"(full.address()), "h"(blocks)
      : "memory");
}

#endif

}  // namespace binade::inline v0::cuda::detail

#endif  // defined(__CUDACC__)
