// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

#include <cstddef>
#include <string>

// Other libraries that do the same work, one file each. What is not installed adds no case.

namespace bench {

/// The conversions of the CUDA toolkit's host headers, one value at a time as they come.
[[nodiscard]] case_list cuda_encode_cases();
[[nodiscard]] case_list cuda_decode_cases();

/// The kernels that OpenBLAS chose, or why there are none to compare with.
[[nodiscard]] std::string openblas_core();

/// sgemm and sgemv; none where OpenBLAS took its SSE3 kernels ("Prescott"), which is what it does
/// on a CPU that it does not know.
[[nodiscard]] case_list openblas_gemm_cases();
[[nodiscard]] case_list openblas_gemv_cases();

[[nodiscard]] std::string onednn_version();

/// Products of float, bfloat16, and unsigned by signed bytes.
[[nodiscard]] case_list onednn_gemm_cases();

}  // namespace bench
