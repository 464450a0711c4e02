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
#endif

namespace binade::inline v0::simd {

/// What a row's sum of exp comes to.
struct softmax_total {
  float inverse;     ///< of the sum's significand
  float exponent;    ///< of the sum: an integer
  bool has_special;  ///< a NaN or +infinity was among the arguments
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
#endif

namespace binade::inline v0::simd {

/// The kernels of softmax of a target; [1] take x - shift for x. They need the default
/// floating-point environment.
struct softmax_kernels {
  target compiled_for;
  softmax_total (*sum_of_exp[2])(const float* x, std::size_t n, float shift) noexcept;
  void (*write[2])(const float* x, float* y, std::size_t n, float shift,
                   const softmax_total& total) noexcept;
  float (*largest)(const float* x, std::size_t n) noexcept;
};

/// The kernels of target `t`.
///
/// Throws: error if this machine does not run them: nothing falls back.
[[nodiscard]] inline const softmax_kernels& softmax_kernels_for(target t) {
  namespace portable_t = portable::blocks::transforms;
  static constexpr softmax_kernels portable_kernels{
      target::portable,
      {portable_t::sum_of_exp<false>, portable_t::sum_of_exp<true>},
      {portable_t::write_softmax<false>, portable_t::write_softmax<true>},
      portable_t::largest_of};
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  namespace avx2_t = avx2::blocks::transforms;
  static constexpr softmax_kernels avx2_kernels{
      target::avx2,
      {avx2_t::sum_of_exp<false>, avx2_t::sum_of_exp<true>},
      {avx2_t::write_softmax<false>, avx2_t::write_softmax<true>},
      avx2_t::largest_of};
  namespace avx512_t = avx512::blocks::transforms;
  static constexpr softmax_kernels avx512_kernels{
      target::avx512,
      {avx512_t::sum_of_exp<false>, avx512_t::sum_of_exp<true>},
      {avx512_t::write_softmax<false>, avx512_t::write_softmax<true>},
      avx512_t::largest_of};
  if (t == target::avx2) return avx2_kernels;
  if (t == target::avx512) return avx512_kernels;
#endif
  return portable_kernels;
}

}  // namespace binade::inline v0::simd
