// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// hadamard/<source>/<size>: beside a copy of the same bytes; quantize/f32/nvfp4/given_scale/
/// hadamard<size>: the transform fused with the quantizer.
[[nodiscard]] case_list hadamard_cases();

/// softmax/f32: one row of all elements; softmax/f32/three_pass: by the same kernels, with the
/// largest element subtracted, as usual.
[[nodiscard]] case_list softmax_cases();

}  // namespace bench
