// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/error.hpp"

#include <cstdint>
#include <string>

namespace binade::inline v0::simd {

/// What a kernel is compiled for.
enum class target : std::uint8_t { portable, avx2, avx512, neon };

/// All of them, whether this machine runs them or not.
inline constexpr target all_targets[] = {target::portable, target::avx2, target::avx512,
                                         target::neon};

[[nodiscard]] constexpr const char* to_string(target t) noexcept {
  switch (t) {
    case target::avx2:
      return "avx2";
    case target::avx512:
      return "avx512";
    case target::neon:
      return "neon";
    case target::portable:
      break;
  }
  return "portable";
}

/// Whether this machine runs code for the target.
[[nodiscard]] inline bool is_available(target t) noexcept {
#if BINADE_ARCH_X86_64
  if (t == target::avx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
  }
  if (t == target::avx512) {
    return is_available(target::avx2) && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
#endif
#if BINADE_ARCH_AARCH64
  if (t == target::neon) return true;
#endif
  return t == target::portable;
}

/// A target that this machine runs: proof for those who choose kernels by it.
struct kernels {
  target compiled_for;
};

/// The kernels of target `t`.
///
/// Throws: error if this machine does not run them: nothing falls back.
[[nodiscard]] inline const kernels& kernels_for(target t) {
  static constexpr kernels portable_kernels{target::portable};
  if (!is_available(t)) {
    BINADE_THROW(error{std::string("kernels_for: this machine does not run ") + to_string(t)});
  }
#if BINADE_ARCH_X86_64
  static constexpr kernels avx2_kernels{target::avx2};
  static constexpr kernels avx512_kernels{target::avx512};
  if (t == target::avx2) return avx2_kernels;
  if (t == target::avx512) return avx512_kernels;
#elif BINADE_ARCH_AARCH64
  static constexpr kernels neon_kernels{target::neon};
  if (t == target::neon) return neon_kernels;
#endif
  return portable_kernels;
}

/// The kernels that bulk calls use: the widest target of this machine, chosen once, or the one that
/// BINADE_TARGET names.
[[nodiscard]] inline const kernels& active_kernels() {
#if BINADE_TARGET_PINNED == 1
  return kernels_for(target::portable);
#elif BINADE_TARGET_PINNED == 2
  return kernels_for(target::avx2);
#elif BINADE_TARGET_PINNED == 3
  return kernels_for(target::avx512);
#elif BINADE_TARGET_PINNED == 4
  return kernels_for(target::neon);
#else
  static const kernels& chosen = kernels_for(is_available(target::avx512) ? target::avx512
                                             : is_available(target::avx2) ? target::avx2
                                             : is_available(target::neon) ? target::neon
                                                                          : target::portable);
  return chosen;
#endif
}

}  // namespace binade::inline v0::simd
