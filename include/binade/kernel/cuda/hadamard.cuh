// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/kernel/cuda/float_operations.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/transform/hadamard.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

// The Hadamard transform of transform/hadamard.hpp on numbers in the registers of a warp.

namespace binade::inline v0::cuda {

/// A Hadamard transform of 16, 32, 64 or 128 neighbours, as kernels take it.
struct fused_hadamard {
  hadamard transform;

  /// Threads that hold a block of 16 numbers each.
  [[nodiscard]] BINADE_HD constexpr std::uint32_t lanes() const noexcept {
    return static_cast<std::uint32_t>(transform.size) / 16;
  }
};

/// In its place: the numbers as they are.
struct no_transform {
  [[nodiscard]] BINADE_HD constexpr std::uint32_t lanes() const noexcept { return 1; }
};

namespace detail {

/// Transforms of at most 128 numbers, and whole blocks of them in a row.
inline status check_transform(const char* function, const hadamard& t,
                              std::size_t columns) noexcept {
  if (!t.has_valid_size() || t.size > 128) {
    return status::refused(function, "the transform's size", static_cast<std::uint64_t>(t.size),
                           "16, 32, 64 and 128");
  }
  if (columns % static_cast<std::size_t>(t.size) != 0) {
    return status::refused(function, "the number of columns", columns,
                           "multiples of the transform's size");
  }
  return {};
}

/// Signs 16 * lane to 16 * lane + 15 of a transform.
BINADE_HD inline std::uint32_t sixteen_signs(const hadamard& t, std::uint32_t lane) noexcept {
  return t.signs[lane / 2] >> lane % 2 * 16 & 0xffff;
}

/// x[k] with its sign flipped where bit k of `signs` is set.
template <kernel_float T>
BINADE_HD inline void flip_signs(raw_sixteen<T>& raw, std::uint32_t signs) noexcept {
  BINADE_UNROLL(16)
  for (int w = 0; w < raw_sixteen<T>::words; ++w) {
    if constexpr (std::same_as<T, float>) {
      raw.word[w] ^= signs << (31 - w) & 0x80000000U;
    } else {
      raw.word[w] ^= (signs << (30 - 2 * w) & 0x80000000U) | (signs << (15 - 2 * w) & 0x8000U);
    }
  }
}

}  // namespace detail

#if defined(__CUDACC__)

/// x = H x / sqrt(size) for blocks of 16 * lanes numbers, 16 a thread, for people who fuse. The
/// threads of a block are neighbours in a warp, the first at a multiple of `lanes` in {1, 2, 4, 8};
/// all 32 threads take part. The signs of D are flipped already: see transform_block, whose bits
/// these are.
///
/// NaN: a NaN makes the block NaN.
__device__ inline void transform_in_registers(float (&x)[16], std::uint32_t lanes) {
  const float factor =
      detail::from_bits(hadamard{.size = static_cast<int>(16 * lanes)}.factor_bits(0));
  BINADE_UNROLL(16)
  for (int k = 0; k < 16; ++k) x[k] = detail::multiply(x[k], factor);
  BINADE_UNROLL(4)
  for (int h = 1; h < 16; h *= 2) {
    BINADE_UNROLL(8)
    for (int pair = 0; pair < 8; ++pair) {
      const int i = 2 * pair - (pair & (h - 1));
      const float left = x[i];
      const float right = x[i + h];
      x[i] = detail::multiply_add(right, 1.0F, left);
      x[i + h] = detail::multiply_add(right, -1.0F, left);
    }
  }
  for (std::uint32_t distance = 1; distance < lanes; distance *= 2) {
    const float sign = (threadIdx.x & distance) == 0 ? 1.0F : -1.0F;
    BINADE_UNROLL(16)
    for (int k = 0; k < 16; ++k) {
      x[k] = detail::multiply_add(x[k], sign,
                                  __shfl_xor_sync(0xffffffffU, x[k], static_cast<int>(distance)));
    }
  }
}

namespace detail {

/// The transformed numbers of the chunk that `raw` holds.
template <kernel_float T>
__device__ inline void load_transformed(raw_sixteen<T> raw, const fused_hadamard& t,
                                        std::uint32_t chunk, float (&x)[16]) {
  flip_signs(raw, sixteen_signs(t.transform, chunk & (t.lanes() - 1)));
  widen(raw, x);
  transform_in_registers(x, t.lanes());
}

}  // namespace detail

#endif

}  // namespace binade::inline v0::cuda
