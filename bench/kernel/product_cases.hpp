// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// gemm/<w>/<x>[/prepacked][/packing]: matrices of 1024; prepacked: w is a prepacked_weight;
/// packing: x is quantized inside the time. With peers.
[[nodiscard]] case_list gemm_cases();

/// gemv/<w>/<x>: a matrix of 4096 times a vector, which is quantized inside the time where it is
/// packed; dot/<w>/<x>. With peers.
[[nodiscard]] case_list gemv_cases();

}  // namespace bench
