// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/error.hpp"

#include <string>

#if defined(__CUDACC__)
#include <cuda_runtime_api.h>
#endif

namespace binade::inline v0::cuda {

/// What device code was compiled for, and so which paths it takes. A program may hold code for
/// several architectures; each piece has its own.
///
/// Conversions that exist on Blackwell alone have been compiled but never run: they are used only
/// where BINADE_CUDA_UNRUN_CONVERSIONS is defined. Like BINADE_TARGET it has one value in a
/// program.
struct capability {
  int architecture = 0;                 ///< 90 for sm_90 and sm_90a; 0 on the host
  bool fp8_conversions = false;         ///< E4M3 and E5M2 from and to float16, from float (sm_89)
  bool narrow_conversions = false;      ///< E2M1, E2M3, E3M2, E8M0 from float (sm_100f, sm_120f)
  bool stochastic_conversions = false;  ///< cvt.rs (sm_100a, sm_103a)
  bool wgmma = false;                   ///< warpgroup matrix instructions (sm_90a)

  friend constexpr bool operator==(const capability&, const capability&) = default;
};

/// The capability of the code that asks: in a kernel that of the pass that compiled it, on the host
/// none. Constant, so that device code can choose by `if constexpr`.
[[nodiscard]] BINADE_HD constexpr capability compiled_capability() noexcept {
  capability c;
#if defined(__CUDA_ARCH__)
  c.architecture = __CUDA_ARCH__ / 10;
  c.fp8_conversions = __CUDA_ARCH__ >= 890;
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  c.wgmma = true;
#endif
#if defined(BINADE_CUDA_UNRUN_CONVERSIONS) && defined(__CUDA_ARCH_FAMILY_SPECIFIC__)
  c.narrow_conversions = __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000;
#endif
#if defined(BINADE_CUDA_UNRUN_CONVERSIONS) && defined(__CUDA_ARCH_SPECIFIC__)
  c.stochastic_conversions = __CUDA_ARCH_SPECIFIC__ >= 1000 && __CUDA_ARCH_SPECIFIC__ < 1100;
#endif
#endif
  return c;
}

/// For people: "sm_90: FP8 conversions and wgmma in hardware; all else portable".
[[nodiscard]] inline std::string to_string(const capability& c) {
  if (c.architecture == 0) return "host: all portable";
  std::string paths;
  const auto add = [&paths](bool has, const char* what) {
    if (has) paths += (paths.empty() ? "" : ", ") + std::string(what);
  };
  add(c.fp8_conversions, "FP8 conversions");
  add(c.narrow_conversions, "FP6, FP4 and E8M0 conversions (never run)");
  add(c.stochastic_conversions, "stochastic conversions (never run)");
  add(c.wgmma, "wgmma");
  return "sm_" + std::to_string(c.architecture) + ": " +
         (paths.empty() ? "all portable" : paths + " in hardware; all else portable");
}

#if defined(__CUDACC__)

namespace detail {

template <class = void>
__global__ void report_capability(capability* out) {
  *out = compiled_capability();
}

inline void require(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  BINADE_THROW(
      error{"cuda::loaded_capability: " + std::string(what) + ": " + cudaGetErrorString(status)});
}

}  // namespace detail

/// The capability of the code that the current device runs, out of all that the program holds.
///
/// Throws: error if there is no device, or the program holds no code for it.
/// Cost:   an allocation, a launch and a synchronization of `stream`: ask once.
[[nodiscard]] inline capability loaded_capability(cudaStream_t stream) {
  int device = 0;
  detail::require(cudaGetDevice(&device), "no current device");
  int major = 0;
  int minor = 0;
  detail::require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
                  "compute capability");
  detail::require(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device),
                  "compute capability");
  const std::string target = "sm_" + std::to_string(major) + std::to_string(minor);
  cudaFuncAttributes attributes{};
  detail::require(cudaFuncGetAttributes(&attributes, &detail::report_capability<>),
                  ("the program may hold no code for this device; compile for " + target).c_str());
  capability result;
  capability* memory = nullptr;
  detail::require(cudaMalloc(&memory, sizeof result), "cudaMalloc");
  detail::report_capability<><<<1, 1, 0, stream>>>(memory);
  cudaError_t status = cudaGetLastError();
  if (status == cudaSuccess) {
    status = cudaMemcpyAsync(&result, memory, sizeof result, cudaMemcpyDeviceToHost, stream);
  }
  if (status == cudaSuccess) status = cudaStreamSynchronize(stream);
  cudaFree(memory);
  detail::require(status, "the report kernel");
  return result;
}

#endif

}  // namespace binade::inline v0::cuda
