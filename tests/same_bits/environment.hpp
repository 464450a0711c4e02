// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <cfenv>
#include <cstdint>
#include <string>
#include <vector>

#if BINADE_ARCH_X86_64
#include <xmmintrin.h>
#endif

namespace same_bits {

/// A state of the control register that a program may call the library in.
struct environment {
  const char* name;
  int rounding;        ///< an argument of fesetround
  bool flush_to_zero;  ///< subnormal numbers are taken and given as zero
};

inline constexpr environment environments[] = {
    {"as_started", -1, false},
    {"nearest", FE_TONEAREST, false},
    {"upward", FE_UPWARD, false},
    {"downward", FE_DOWNWARD, false},
    {"toward_zero", FE_TOWARDZERO, false},
    {"flush_to_zero", FE_TONEAREST, true},
    {"upward_and_flush_to_zero", FE_UPWARD, true},
};

/// Whether this machine has a switch for flush_to_zero.
inline constexpr bool can_flush_to_zero = BINADE_ARCH_X86_64 || BINADE_ARCH_AARCH64;

/// Changes the calling thread's environment; "as_started" leaves it as it is.
inline void enter(const environment& e) {
  if (e.rounding >= 0) std::fesetround(e.rounding);
#if BINADE_ARCH_X86_64
  constexpr unsigned switches = 0x8040;  // FTZ and DAZ: Intel SDM volume 1, 10.2.3
  if (e.rounding >= 0) {
    _mm_setcsr((_mm_getcsr() & ~switches) | (e.flush_to_zero ? switches : 0));
  }
#elif BINADE_ARCH_AARCH64
  constexpr std::uint64_t flush = std::uint64_t{1} << 24;  // FZ: Arm ARM, FPCR
  std::uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  control = (control & ~flush) | (e.flush_to_zero ? flush : 0);
  asm volatile("msr fpcr, %0" ::"r"(control));
#endif
}

}  // namespace same_bits
