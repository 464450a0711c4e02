// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/kernel/reference/softmax.hpp"      // constants
#include "binade/kernel/simd/dispatch.hpp"          // target
#include "binade/kernel/simd/hadamard_targets.hpp"  // float vectors

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#elif BINADE_ARCH_AARCH64
#include <arm_neon.h>
#endif

namespace binade::inline v0::simd {

/// What a row's sum of exp comes to.
struct softmax_total {
  float inverse;     ///< of the sum's significand
  float exponent;    ///< of the sum: an integer
  bool has_special;  ///< a NaN or +infinity was among the arguments
};

/// The kernels of softmax of a target; [1] take x - shift for x. They need the default
/// floating-point environment.
struct softmax_kernels {
  target compiled_for;
  softmax_total (*sum_of_exp[2])(const float* x, std::size_t n, float shift) noexcept;
  void (*write[2])(const float* x, float* y, std::size_t n, float shift,
                   const softmax_total& total) noexcept;
  float (*largest)(const float* x, std::size_t n) noexcept;
};

}  // namespace binade::inline v0::simd

// Softmax for every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::blocks::transforms {
#include "binade/kernel/simd/softmax.inl"
}  // namespace binade::inline v0::simd::portable::blocks::transforms
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::blocks::transforms {
#include "binade/kernel/simd/softmax.inl"
}  // namespace binade::inline v0::simd::avx2::blocks::transforms
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512::blocks::transforms {
#include "binade/kernel/simd/softmax.inl"
}  // namespace binade::inline v0::simd::avx512::blocks::transforms
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace binade::inline v0::simd::neon::blocks::transforms {
#include "binade/kernel/simd/softmax.inl"
}  // namespace binade::inline v0::simd::neon::blocks::transforms
BINADE_END_TARGET
#endif

namespace binade::inline v0::simd {

/// The kernels of target `t`.
///
/// Throws: error if this machine does not run them: nothing falls back.
[[nodiscard]] inline const softmax_kernels& softmax_kernels_for(target t) {
  static constexpr softmax_kernels portable_kernels =
      portable::blocks::transforms::softmax_kernels_as(target::portable);
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  static constexpr softmax_kernels avx2_kernels =
      avx2::blocks::transforms::softmax_kernels_as(target::avx2);
  static constexpr softmax_kernels avx512_kernels =
      avx512::blocks::transforms::softmax_kernels_as(target::avx512);
  if (t == target::avx2) return avx2_kernels;
  if (t == target::avx512) return avx512_kernels;
#elif BINADE_ARCH_AARCH64
  static constexpr softmax_kernels neon_kernels =
      neon::blocks::transforms::softmax_kernels_as(target::neon);
  if (t == target::neon) return neon_kernels;
#endif
  return portable_kernels;
}

}  // namespace binade::inline v0::simd
