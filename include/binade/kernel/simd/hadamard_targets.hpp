// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/kernel/simd/dispatch.hpp"  // target
#include "binade/kernel/simd/quantize_targets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#elif BINADE_ARCH_AARCH64
#include <arm_neon.h>
#endif

namespace binade::inline v0::simd {

/// When a transform multiplies by its factors: first in H D x, last in its inverse.
enum class hadamard_products : std::uint8_t { first, last, none };

/// The kernels of the transform of a target. They need the default floating-point environment.
struct hadamard_kernels {
  using blocks_function = void (*)(const float* x, float* out, std::size_t n,
                                   const float* factors) noexcept;
  target compiled_for;
  blocks_function forward[5];  ///< by log2(size) - 4
  blocks_function inverse[5];
};

}  // namespace binade::inline v0::simd

// The transform for every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::blocks::transforms {
#include "binade/kernel/simd/float_vectors_portable.inl"
//
#include "binade/kernel/simd/hadamard.inl"
}  // namespace binade::inline v0::simd::portable::blocks::transforms
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::blocks::transforms {
#include "binade/kernel/simd/float_vectors_avx2.inl"
//
#include "binade/kernel/simd/hadamard.inl"
}  // namespace binade::inline v0::simd::avx2::blocks::transforms
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512::blocks::transforms {
#include "binade/kernel/simd/float_vectors_avx512.inl"
//
#include "binade/kernel/simd/hadamard.inl"
}  // namespace binade::inline v0::simd::avx512::blocks::transforms
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace binade::inline v0::simd::neon::blocks::transforms {
#include "binade/kernel/simd/float_vectors_neon.inl"
//
#include "binade/kernel/simd/hadamard.inl"
}  // namespace binade::inline v0::simd::neon::blocks::transforms
BINADE_END_TARGET
#endif

namespace binade::inline v0::simd {

/// The kernels of target `t`.
///
/// Throws: error if this machine does not run them: nothing falls back.
[[nodiscard]] inline const hadamard_kernels& hadamard_kernels_for(target t) {
  static constexpr hadamard_kernels portable_kernels =
      portable::blocks::transforms::hadamard_kernels_as(target::portable);
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  static constexpr hadamard_kernels avx2_kernels =
      avx2::blocks::transforms::hadamard_kernels_as(target::avx2);
  static constexpr hadamard_kernels avx512_kernels =
      avx512::blocks::transforms::hadamard_kernels_as(target::avx512);
  if (t == target::avx2) return avx2_kernels;
  if (t == target::avx512) return avx512_kernels;
#elif BINADE_ARCH_AARCH64
  static constexpr hadamard_kernels neon_kernels =
      neon::blocks::transforms::hadamard_kernels_as(target::neon);
  if (t == target::neon) return neon_kernels;
#endif
  return portable_kernels;
}

}  // namespace binade::inline v0::simd
