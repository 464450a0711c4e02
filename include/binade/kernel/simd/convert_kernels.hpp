// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/simd/convert_targets.hpp"
#include "binade/kernel/simd/dispatch.hpp"

namespace binade::inline v0::simd {

/// The kernel that `select` takes from the conversions of target `t`, which it gets as a
/// `conversions` object.
///
/// Throws: error if this machine does not run them: nothing falls back.
template <class Select>
[[nodiscard]] auto conversion_for(target t, const Select& select) {
  static_cast<void>(kernels_for(t));  // throws if t is absent
#if BINADE_ARCH_X86_64
  if (t == target::avx2) return select(avx2::codes::conversions{});
  if (t == target::avx512) return select(avx512::codes::conversions{});
#elif BINADE_ARCH_AARCH64
  if (t == target::neon) return select(neon::codes::conversions{});
#endif
  return select(portable::codes::conversions{});
}

}  // namespace binade::inline v0::simd
