// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/status.cuh"

#include <algorithm>
#include <array>
#include <cstddef>

#if __has_include(<cuda_runtime_api.h>)

#include <cuda_runtime_api.h>

namespace binade::inline v0::cuda::detail {

/// Candidates of a plan at most.
inline constexpr int most_candidates = 32;

/// Sets `chosen` to the fastest of `count` candidates; run(i) enqueues candidate i on `stream`.
/// They take turns, so that a clock that sinks with the heat favours none, and the sums of their
/// times count.
template <class Run>
[[nodiscard]] status choose_fastest(const char* function, cudaStream_t stream, std::size_t count,
                                    const Run& run, std::size_t& chosen) noexcept {
  constexpr int turns = 8;
  constexpr int calls = 6;
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  cudaError_t e = cudaEventCreate(&begin);
  if (e == cudaSuccess) e = cudaEventCreate(&end);
  std::array<float, most_candidates> total = {};
  status result;
  // The first turn warms up.
  for (int turn = 0; turn <= turns; ++turn) {
    for (std::size_t i = 0; i < count && e == cudaSuccess && result; ++i) {
      e = cudaEventRecord(begin, stream);
      for (int k = 0; k < calls && result; ++k) result = run(i);
      if (e == cudaSuccess) e = cudaEventRecord(end, stream);
      if (e == cudaSuccess) e = cudaEventSynchronize(end);
      float ms = 0;
      if (e == cudaSuccess) e = cudaEventElapsedTime(&ms, begin, end);
      if (turn != 0) total[i] += ms;
    }
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  if (e == cudaSuccess && result) {
    const auto end_of_all = total.begin() + static_cast<std::ptrdiff_t>(count);
    chosen = static_cast<std::size_t>(std::min_element(total.begin(), end_of_all) - total.begin());
  }
  if (e == cudaSuccess) return result;
  return status::failed(status::domain::cuda, e, function, "timing");
}

}  // namespace binade::inline v0::cuda::detail

#endif
