// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// encode/f32/e4m3fn/<target>: the bulk conversion compiled for another SIMD target, in a shared
/// library of its own since a program has one target. Libraries that were not built, or whose
/// instructions this machine lacks, add no case.
[[nodiscard]] case_list target_cases();

}  // namespace bench
