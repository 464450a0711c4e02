// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/kernel/cuda/weight_tiles.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#include "binade/kernel/cuda/detail/weight_few_tokens.cuh"
#include "binade/kernel/cuda/detail/weight_more_tokens.cuh"

#include <cuda_runtime_api.h>
#endif

namespace binade::inline v0::cuda {

/// Tokens that a weight-only product takes at most. Above that the weights are better dequantized
/// once, for a library's product.
inline constexpr std::size_t most_weight_gemm_tokens = 64;

/// When a weight-only product may read the weights.
enum class weights_ready : std::uint8_t {
  /// After all earlier work of the stream.
  in_stream_order,
  /// While the last kernel before it in the stream still runs, which does not write the weights. x
  /// is read and y written in stream order all the same. Saves the time in which one kernel ends
  /// and the next begins.
  before_previous_kernel_ends,
};

namespace detail {

inline constexpr const char* weight_gemm_name = "weight_gemm";

/// What is wrong with the arguments of weight_gemm.
[[nodiscard]] inline status check_weight_gemm(const device_matrix<const bfloat16>& x,
                                              const weight_tiles_view& w,
                                              const device_matrix<bfloat16>& y) noexcept {
  if (const status s = check_matrix(weight_gemm_name, x); !s) return s;
  if (const status s = check_matrix(weight_gemm_name, y); !s) return s;
  const auto refused = [](const char* what, std::size_t given, const char* allowed) {
    return status::refused(weight_gemm_name, what, given, allowed);
  };
  if (w.shape.in == 0 || w.shape.in % weight_tile_depth != 0 || w.shape.in >= 1U << 24) {
    return refused("`in` of the weights", w.shape.in, "multiples of 64 below 2^24");
  }
  if (w.shape.out == 0 || w.shape.out >= 1U << 24) {
    return refused("`out` of the weights", w.shape.out, "1 to 2^24 - 1");
  }
  const std::size_t group = w.shape.group;
  const bool has_half = w.shape.kind == weight_kind::int4 && group == 32;
  if (!w.shape.has_block_scales() && !has_half && (group == 0 || group % weight_tile_depth != 0)) {
    return refused("the number of k that share a scale", group, "multiples of 64, for int4 32 too");
  }
  if (x.rows > most_weight_gemm_tokens) return refused("the number of tokens", x.rows, "0 to 64");
  if (x.columns != w.shape.in) return refused("`in` of x", x.columns, "that of the weights");
  if (y.rows != x.rows) return refused("the number of tokens of y", y.rows, "that of x");
  if (y.columns != w.shape.out) return refused("`out` of y", y.columns, "that of the weights");
  if (!has_aligned_rows(x)) {
    return refused("the stride of x, or its address modulo 16,", x.stride,
                   "multiples of 8 from an address that is a multiple of 16");
  }
  if (x.stride >= 1U << 25) return refused("the stride of x", x.stride, "strides below 2^25");
  if (w.codes == nullptr || w.scales == nullptr || w.row_factors == nullptr) {
    return refused("a pointer of the weights", 0, "memory of the GPU");
  }
  if (!is_aligned(w.codes, 16) || !is_aligned(w.scales, 8)) {
    return refused("the address of the weights' codes modulo 16, or of their scales modulo 8,",
                   reinterpret_cast<std::uintptr_t>(w.codes) % 16, "0");
  }
  return {};
}

}  // namespace detail

#if defined(__CUDACC__)

namespace detail {

[[nodiscard]] inline status launched(cudaError_t e, const char* what) noexcept {
  if (e == cudaSuccess) return {};
  return status::failed(status::domain::cuda, e, weight_gemm_name, what);
}

/// Launches a kernel of `blocks` clusters of `cluster` blocks.
template <class Kernel>
[[nodiscard]] status launch_weight_kernel(Kernel* kernel, const weight_gemm_arguments& p,
                                          std::size_t blocks, unsigned cluster, unsigned threads,
                                          std::size_t shared_bytes, weights_ready ready,
                                          cudaStream_t stream) noexcept {
  cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       static_cast<int>(shared_bytes));
  if (e != cudaSuccess) {
    return launched(e, "the program may hold no code for this device, which needs sm_90 or later");
  }
  cudaLaunchAttribute attributes[2] = {};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed =
      ready == weights_ready::before_previous_kernel_ends ? 1 : 0;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim = {cluster, 1, 1};
  cudaLaunchConfig_t launch = {};
  launch.gridDim = static_cast<unsigned>(blocks) * cluster;
  launch.blockDim = threads;
  launch.dynamicSmemBytes = shared_bytes;
  launch.stream = stream;
  launch.attrs = attributes;
  launch.numAttrs = cluster == 1 ? 1 : 2;
  e = cudaLaunchKernelEx(&launch, kernel, p);
  return launched(e, "the launch of a weight-only product");
}

template <weight_kind Kind, bool HalfScales, class Block>
[[nodiscard]] status launch_few_tokens(const weight_gemm_arguments& p, weights_ready ready,
                                       cudaStream_t stream) noexcept {
  constexpr std::size_t shared_bytes = sizeof(float) * Block::along * Block::tokens * Block::pitch;
  return launch_weight_kernel(&few_tokens_kernel<Kind, HalfScales, Block>, p,
                              p.w.shape.padded_out() / Block::rows, 1, Block::threads, shared_bytes,
                              ready, stream);
}

template <weight_kind Kind, bool HalfScales, class Block, int Stages>
[[nodiscard]] status launch_more_tokens(const weight_gemm_arguments& p, weights_ready ready,
                                        cudaStream_t stream) noexcept {
  const auto kernel = &more_tokens_kernel<Kind, HalfScales, Block, Stages>;
  cudaFuncAttributes attributes = {};
  const cudaError_t e = cudaFuncGetAttributes(&attributes, kernel);
  if (e != cudaSuccess || attributes.sharedSizeBytes == 0) {
    return status::refused(weight_gemm_name, "the number of tokens", p.tokens,
                           "1 to 32 in code that was not compiled for sm_90a");
  }
  constexpr std::size_t shared_bytes = std::max<std::size_t>(
      sizeof(float) * Block::tokens * Block::pitch, std::size_t{128} * Block::tokens * Stages);
  return launch_weight_kernel(kernel, p, p.w.shape.padded_out() / Block::rows, 2,
                              Block::threads + 32 * copying_warps, shared_bytes, ready, stream);
}

/// The shapes of blocks that were fastest of those tried on an H100, 8192x8192.
template <weight_kind Kind, bool HalfScales = false>
[[nodiscard]] status launch_weight_gemm(const weight_gemm_arguments& p, weights_ready ready,
                                        cudaStream_t stream) noexcept {
  constexpr bool is_wide = Kind == weight_kind::e4m3fn;
  constexpr bool is_folded = weight_fragment<Kind>::folds_scales;
  if (p.tokens <= 8) {
    using block = weight_block<is_wide ? 1 : 2, 1, 1, 8, is_wide ? 2 : 4, is_wide ? 4 : 2>;
    return launch_few_tokens<Kind, HalfScales, block>(p, ready, stream);
  }
  if (p.tokens <= 16) {
    using block = weight_block<2, 2, 1, 8, is_folded ? 3 : 2, 2>;
    return launch_few_tokens<Kind, HalfScales, block>(p, ready, stream);
  }
  if (p.tokens <= 32) {
    using block = weight_block<is_folded ? 2 : 1, 4, 1, 8, 1, 2>;
    return launch_few_tokens<Kind, HalfScales, block>(p, ready, stream);
  }
  using block = weight_block<1, 8, 8, 1, is_folded ? 12 : 6>;
  return launch_more_tokens<Kind, HalfScales, block, 8>(p, ready, stream);
}

}  // namespace detail

/// y[tokens, out] = x[tokens, in] w[out, in]^T with w repacked by repack_weights, which is decoded
/// in registers to bfloat16, exactly.
///
///   sum = the sums of slices of the tiles of 64 k, added slices ascending;
///   a slice is summed tiles ascending, from +0, four instructions of 16 k a tile, which are
///     k = 32 (i / 2) + 4 (i % 2) + 8 t + {0..3}, t = 0..3, for i = 0..3;
///   y = bfloat16(sum * row_factor), rounded to nearest even.
///
/// There are 8 slices for at most 32 tokens, else 2; slice s begins with tile floor(T s / slices)
/// of T. With float scales (int4, e4m3fn) the instructions that share one, of a tile at most, sum
/// from +0, and sum = fma(scale, that, sum). What an instruction does with its 16 products and the
/// sum is the tensor core's, and not published.
///
/// Shapes: x[tokens, in], tokens 0 to 64, y[tokens, out]; in a multiple of 64.
/// NaN:    as in arithmetic; a NaN in a row of w makes all y of that row NaN.
/// Error:  of binary32 sums in that order; the same bits in every run on the same GPU.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
inline status weight_gemm(cudaStream_t stream, const device_matrix<const bfloat16>& x,
                          const weight_tiles_view& w, const device_matrix<bfloat16>& y,
                          weights_ready ready = weights_ready::in_stream_order) noexcept {
  if (const status s = detail::check_weight_gemm(x, w, y); !s || x.rows == 0) return s;
  detail::weight_gemm_arguments p;
  p.w = w;
  p.x = x.data;
  p.y = y.data;
  p.tokens = static_cast<std::uint32_t>(x.rows);
  p.x_stride = static_cast<std::uint32_t>(x.stride);
  p.y_stride = static_cast<std::uint32_t>(y.stride);
  p.tiles_a_group = static_cast<std::uint32_t>(std::max<std::size_t>(1, w.shape.group / 64));
  switch (w.shape.kind) {
    case weight_kind::nvfp4:
      return detail::launch_weight_gemm<weight_kind::nvfp4>(p, ready, stream);
    case weight_kind::mxfp4:
      return detail::launch_weight_gemm<weight_kind::mxfp4>(p, ready, stream);
    case weight_kind::e4m3fn:
      return detail::launch_weight_gemm<weight_kind::e4m3fn>(p, ready, stream);
    case weight_kind::int4:
      break;
  }
  return w.shape.group == 32 ? detail::launch_weight_gemm<weight_kind::int4, true>(p, ready, stream)
                             : detail::launch_weight_gemm<weight_kind::int4>(p, ready, stream);
}

#endif

}  // namespace binade::inline v0::cuda
