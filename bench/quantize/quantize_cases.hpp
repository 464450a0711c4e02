// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// quantize/<source>/<format>[@granularity][/given_scale][/threads2], into a tensor that is there.
[[nodiscard]] case_list quantize_cases();

/// dequantize/<format>[@granularity]/<target>.
[[nodiscard]] case_list dequantize_cases();

}  // namespace bench
