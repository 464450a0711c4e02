// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#if BINADE_ARCH_X86_64
#include <xmmintrin.h>  // _mm_getcsr, _mm_setcsr
#elif BINADE_ARCH_AARCH64
#include <cstdint>
#else
#include <cfenv>
#endif

namespace binade::inline v0 {

/// Gives the calling thread the default floating-point environment while it lives: round to
/// nearest even, subnormals kept on input and output (no FTZ, no DAZ), every exception masked.
///
/// It acts on the control register of scalar and SIMD code (x86-64: MXCSR, so not on x87's long
/// double; AArch64: FPCR; elsewhere what <cfenv> reaches). The compiler does not know that
/// arithmetic depends on that register and may move it across the guard: call the guarded code
/// through a pointer or a BINADE_NOINLINE function. Guards nest; each thread needs its own.
///
/// Post: destruction restores the register and the exception flags of the construction, so flags
///       that guarded code raises are not seen outside.
/// Cost: two writes of the register, some ten cycles each.
class fp_environment_guard {
 public:
#if BINADE_ARCH_X86_64
  [[nodiscard]] fp_environment_guard() noexcept : saved_(_mm_getcsr()) {
    // Intel SDM volume 1, 10.2.3: six exception masks, rounding control 00, FTZ 0, DAZ 0, no flags.
    write(0x1F80);
  }
  ~fp_environment_guard() { write(saved_); }
#elif BINADE_ARCH_AARCH64
  [[nodiscard]] fp_environment_guard() noexcept {
    asm volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(saved_control_), "=r"(saved_status_));
    // Arm ARM, FPCR: rounding mode 00, no flush to zero, no trap enabled, no default NaN.
    write(0, saved_status_);
  }
  ~fp_environment_guard() { write(saved_control_, saved_status_); }
#else
  [[nodiscard]] fp_environment_guard() noexcept {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~fp_environment_guard() { std::fesetenv(&saved_); }
#endif
  fp_environment_guard(const fp_environment_guard&) = delete;
  fp_environment_guard& operator=(const fp_environment_guard&) = delete;

 private:
#if BINADE_ARCH_X86_64
  static void write(unsigned value) noexcept {
    asm volatile("" ::: "memory");  // loads and stores stay on their side
    _mm_setcsr(value);
    asm volatile("" ::: "memory");
  }
  unsigned saved_;
#elif BINADE_ARCH_AARCH64
  static void write(std::uint64_t control, std::uint64_t status) noexcept {
    asm volatile("msr fpcr, %0\n\tmsr fpsr, %1" ::"r"(control), "r"(status) : "memory");
  }
  std::uint64_t saved_control_;
  std::uint64_t saved_status_;
#else
  std::fenv_t saved_;
#endif
};

}  // namespace binade::inline v0
