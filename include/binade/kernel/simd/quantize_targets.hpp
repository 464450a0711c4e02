// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/simd/dispatch.hpp"  // target
#include "binade/kernel/simd/scaled_encoder.hpp"
#include "binade/kernel/simd/targets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#elif BINADE_ARCH_AARCH64
#include <arm_neon.h>
#endif

// The algorithms of quantization for every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::blocks {
#include "binade/kernel/simd/quantize_portable.inl"
//
#include "binade/kernel/simd/amax.inl"
#include "binade/kernel/simd/block_scales.inl"
#include "binade/kernel/simd/decode_run.inl"
#include "binade/kernel/simd/encode_run.inl"
}  // namespace binade::inline v0::simd::portable::blocks
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::blocks {
#include "binade/kernel/simd/quantize_avx2.inl"
//
#include "binade/kernel/simd/amax.inl"
#include "binade/kernel/simd/block_scales.inl"
#include "binade/kernel/simd/decode_run.inl"
#include "binade/kernel/simd/encode_run.inl"
}  // namespace binade::inline v0::simd::avx2::blocks
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512::blocks {
#include "binade/kernel/simd/quantize_avx512.inl"
//
#include "binade/kernel/simd/amax.inl"
#include "binade/kernel/simd/block_scales.inl"
#include "binade/kernel/simd/decode_run.inl"
#include "binade/kernel/simd/encode_run.inl"
}  // namespace binade::inline v0::simd::avx512::blocks
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace binade::inline v0::simd::neon::blocks {
#include "binade/kernel/simd/quantize_neon.inl"
//
#include "binade/kernel/simd/amax.inl"
#include "binade/kernel/simd/block_scales.inl"
#include "binade/kernel/simd/decode_run.inl"
#include "binade/kernel/simd/encode_run.inl"
}  // namespace binade::inline v0::simd::neon::blocks
BINADE_END_TARGET
#endif

namespace binade::inline v0::simd {

/// The kernels of quantization of a target. All need the default floating-point environment; what
/// they do stands with their definitions.
struct quantize_kernels {
  target compiled_for;
  decltype(&portable::blocks::amax) amax;
  decltype(&portable::blocks::block_amax) block_amax;
  decltype(&portable::blocks::count_zero_values) count_zero_values;
  decltype(&portable::blocks::widen) widen;
  decltype(&portable::blocks::pow2_scales) pow2_scales;
  decltype(&portable::blocks::quotient_scales) quotient_scales;
  decltype(&portable::blocks::finish_scales) finish_scales;
  decltype(&portable::blocks::decode_scales) decode_scales;
  decltype(&portable::blocks::encode_scaled_run) encode_scaled_run;
  decltype(&portable::blocks::decode_scaled_run) decode_scaled_run;
};

/// The kernels of target `t`.
///
/// Throws: error if this machine does not run them: nothing falls back.
[[nodiscard]] inline const quantize_kernels& quantize_kernels_for(target t) {
  static constexpr quantize_kernels portable_kernels{target::portable,
                                                     portable::blocks::amax,
                                                     portable::blocks::block_amax,
                                                     portable::blocks::count_zero_values,
                                                     portable::blocks::widen,
                                                     portable::blocks::pow2_scales,
                                                     portable::blocks::quotient_scales,
                                                     portable::blocks::finish_scales,
                                                     portable::blocks::decode_scales,
                                                     portable::blocks::encode_scaled_run,
                                                     portable::blocks::decode_scaled_run};
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  static constexpr quantize_kernels avx2_kernels{target::avx2,
                                                 avx2::blocks::amax,
                                                 avx2::blocks::block_amax,
                                                 avx2::blocks::count_zero_values,
                                                 avx2::blocks::widen,
                                                 avx2::blocks::pow2_scales,
                                                 avx2::blocks::quotient_scales,
                                                 avx2::blocks::finish_scales,
                                                 avx2::blocks::decode_scales,
                                                 avx2::blocks::encode_scaled_run,
                                                 avx2::blocks::decode_scaled_run};
  static constexpr quantize_kernels avx512_kernels{target::avx512,
                                                   avx512::blocks::amax,
                                                   avx512::blocks::block_amax,
                                                   avx512::blocks::count_zero_values,
                                                   avx512::blocks::widen,
                                                   avx512::blocks::pow2_scales,
                                                   avx512::blocks::quotient_scales,
                                                   avx512::blocks::finish_scales,
                                                   avx512::blocks::decode_scales,
                                                   avx512::blocks::encode_scaled_run,
                                                   avx512::blocks::decode_scaled_run};
  if (t == target::avx2) return avx2_kernels;
  if (t == target::avx512) return avx512_kernels;
#elif BINADE_ARCH_AARCH64
  static constexpr quantize_kernels neon_kernels{target::neon,
                                                 neon::blocks::amax,
                                                 neon::blocks::block_amax,
                                                 neon::blocks::count_zero_values,
                                                 neon::blocks::widen,
                                                 neon::blocks::pow2_scales,
                                                 neon::blocks::quotient_scales,
                                                 neon::blocks::finish_scales,
                                                 neon::blocks::decode_scales,
                                                 neon::blocks::encode_scaled_run,
                                                 neon::blocks::decode_scaled_run};
  if (t == target::neon) return neon_kernels;
#endif
  return portable_kernels;
}

/// Those of the target that bulk calls use.
[[nodiscard]] inline const quantize_kernels& active_quantize_kernels() {
  return quantize_kernels_for(active_kernels().compiled_for);
}

}  // namespace binade::inline v0::simd
