// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/cuda/detail/block_gemm_kernel.cuh"
#include "binade/kernel/cuda/detail/tune.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/scale_layout.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#if defined(__CUDACC__)
#include <cuda.h>  // CUtensorMap
#include <cuda_runtime_api.h>
#endif

namespace binade::inline v0::cuda {

namespace detail {

/// Throws: error if block_gemm_plan has no such operand.
[[nodiscard]] inline block_scales block_scales_of(const packed_description& d, const char* name) {
  const packed_layout& l = d.layout;
  const bool is_matrix = l.shape().rank() == 2 && l.axis() == 1 && !d.is_block_format &&
                         d.element == any_format::of<e4m3fn>() &&
                         d.scale == any_format::binary32() && d.element_exponent == 0 &&
                         d.group == group_kind::symmetric &&
                         d.tensor_scale == tensor_scale_kind::none;
  if (is_matrix && l.cell_extent(1) == 128) {
    if (l.cell_extent(0) == 1) return block_scales::groups;
    if (l.cell_extent(0) == 128) return block_scales::tiles;
  }
  BINADE_THROW(error{std::string("block_gemm_plan: ") + name + " is " + to_string(l.shape()) +
                     " of " + d.names->name +
                     (d.is_block_format ? "" : " with scales " + to_string(l.groups())) +
                     "; allowed are matrices with codes along axis 1 of e4m3fn with binary32 "
                     "scales: groups of 128 along axis 1, and tiles of 128x128"});
}

/// Extents of a product, checked.
struct block_gemm_extents {
  block_scales x_scales;
  block_scales w_scales;
  std::size_t tokens;
  std::size_t out;
  std::size_t in;
};

/// Throws: error if block_gemm_plan has no such product.
[[nodiscard]] inline block_gemm_extents block_gemm_extents_of(const packed_description& x,
                                                              const packed_description& w) {
  const block_scales x_scales = block_scales_of(x, "x");
  const block_scales w_scales = block_scales_of(w, "w");
  const tensor_shape& xs = x.layout.shape();
  const tensor_shape& ws = w.layout.shape();
  const auto refuse = [&](const char* allowed) {
    BINADE_THROW(error{"block_gemm_plan: x " + to_string(xs) + " with scales " +
                       to_string(x.layout.groups()) + ", w " + to_string(ws) + " with scales " +
                       to_string(w.layout.groups()) + "; allowed: " + allowed});
  };
  if (xs.extent(1) != ws.extent(1)) refuse("the same `in`");
  for (const std::size_t extent : {xs.extent(0), ws.extent(0), xs.extent(1)}) {
    if (extent == 0 || extent >= std::size_t{1} << 30) refuse("extents of 1 to 2^30 - 1");
  }
  if (xs.extent(1) % 16 != 0 || ws.extent(0) % 8 != 0) {
    refuse("`in` a multiple of 16, `out` a multiple of 8");
  }
  if (x_scales == block_scales::groups && xs.extent(0) % 4 != 0) {
    refuse("groups of 128 in x with a number of tokens that is a multiple of 4");
  }
  return {x_scales, w_scales, xs.extent(0), ws.extent(0), xs.extent(1)};
}

}  // namespace detail

/// The order in which block_gemm_plan reads the scales of such an operand, the same as
/// cublaslt_scale_map's: what arrange_scales, or a quantization kernel, writes them in.
///
/// Throws: error if the plan has no such operand.
[[nodiscard]] inline scale_map block_gemm_scale_map(const packed_description& d) {
  const std::size_t rows = d.layout.grid().extent(0);
  const std::size_t columns = d.layout.grid().extent(1);
  if (detail::block_scales_of(d, "the operand") == detail::block_scales::groups) {
    return scale_layout::column_major{}.map(rows, columns);
  }
  return scale_layout::row_major{.multiple = 4}.map(rows, columns);
}

#if defined(__CUDACC__)

namespace detail {

using block_gemm_kernel_pointer = void (*)(block_gemm_arguments);

/// A kernel, and what its launch needs.
struct block_gemm_candidate {
  block_gemm_kernel_pointer kernel = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t threads = 0;
  std::size_t shared_bytes = 0;
};

inline constexpr std::size_t block_gemm_kernels = 3;

template <block_scales X, block_scales W, class Shape>
[[nodiscard]] block_gemm_candidate make_block_gemm_candidate() noexcept {
  return {&block_gemm_kernel<X, W, Shape>, Shape::rows, Shape::threads, Shape::shared_bytes};
}

/// In the order of their rows, the most first.
template <block_scales X, block_scales W>
[[nodiscard]] std::array<block_gemm_candidate, block_gemm_kernels>
block_gemm_candidates() noexcept {
  return {make_block_gemm_candidate<X, W, block_gemm_shape<2, 2>>(),
          make_block_gemm_candidate<X, W, block_gemm_shape<1, 3>>(),
          make_block_gemm_candidate<X, W, block_gemm_shape<1, 2>>()};
}

[[nodiscard]] inline std::array<block_gemm_candidate, block_gemm_kernels> block_gemm_candidates(
    block_scales x, block_scales w) noexcept {
  constexpr auto groups = block_scales::groups;
  constexpr auto tiles = block_scales::tiles;
  if (x == groups) {
    return w == groups ? block_gemm_candidates<groups, groups>()
                       : block_gemm_candidates<groups, tiles>();
  }
  return w == groups ? block_gemm_candidates<tiles, groups>()
                     : block_gemm_candidates<tiles, tiles>();
}

}  // namespace detail

/// y[tokens, out] = x[tokens, in] w[out, in]^T on Hopper's tensor cores, of e4m3fn with scales of
/// groups of 128 along k or of tiles of 128x128, in any mixture, prepared for one shape. The
/// members are those of cublaslt_plan.
///
/// Every step of 128 k is four instructions of 32 products, k ascending and from +0, whose sum g is
/// added to a float: y = fma(g, s_x * s_w, y), and where both operands have groups y = fma(g * s_x,
/// s_w, y), from y = +0. That is what accumulate::hopper_fp8 models, bit for bit, and does not
/// depend on the candidate. y as bfloat16 is that float rounded to nearest even.
class block_gemm_plan {
 public:
  /// Throws: error that says what was asked and what is allowed if there is no such product, or the
  ///         current device or the program's code for it is none of Hopper.
  /// Cost:   host time; nothing on the GPU.
  block_gemm_plan(const packed_description& x, const packed_description& w)
      : extents_(detail::block_gemm_extents_of(x, w)),
        candidates_(detail::block_gemm_candidates(extents_.x_scales, extents_.w_scales)) {
    int device = 0;
    require(cudaGetDevice(&device), "no current device");
    require(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device),
            "the number of multiprocessors");
    for (const detail::block_gemm_candidate& c : candidates_) {
      cudaFuncAttributes attributes = {};
      const cudaError_t e = cudaFuncGetAttributes(&attributes, c.kernel);
      // Without wgmma the kernels are empty and use no shared memory.
      if (e != cudaSuccess || attributes.sharedSizeBytes == 0) {
        BINADE_THROW(error{
            "block_gemm_plan: the current device runs no code of this program that was compiled "
            "for sm_90a; allowed are devices of compute capability 9.0, and code for sm_90a"});
      }
      require(cudaFuncSetAttribute(c.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(c.shared_bytes)),
              "shared memory");
    }
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
    require(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000,
                                             cudaEnableDefault, &found),
            "cuTensorMapEncodeTiled of the driver");
    if (found != cudaDriverEntryPointSuccess) {
      BINADE_THROW(
          error{"block_gemm_plan: the driver has no cuTensorMapEncodeTiled; allowed are "
                "drivers of CUDA 12.0 and later"});
    }
    encode_ = reinterpret_cast<decltype(encode_)>(entry);
    chosen_ = first_choice();
  }

  /// 0: it needs none.
  [[nodiscard]] std::size_t workspace_bytes() const noexcept { return 0; }
  [[nodiscard]] std::size_t tuning_workspace_bytes() const noexcept { return 0; }
  [[nodiscard]] std::size_t candidates() const noexcept { return candidates_.size(); }
  /// The number of the kernel in use, by the size of y until `tune` chose another.
  [[nodiscard]] std::size_t chosen() const noexcept { return chosen_; }
  /// Uses candidate `number` from now on, such as one that `tune` found before.
  ///
  /// Throws: error if there is no such candidate.
  void choose(std::size_t number) {
    if (number >= candidates_.size()) {
      BINADE_THROW(error{"block_gemm_plan::choose: candidate " + std::to_string(number) +
                         "; allowed are those below " + std::to_string(candidates_.size())});
    }
    chosen_ = number;
  }

  /// Enqueues the product. The views' bytes lie on the GPU at multiples of 16 bytes, as does y, the
  /// scales as block_gemm_scale_map says; y has `tokens` rows of `out`, of bfloat16 or float.
  ///
  /// Cost: one launch on `stream`, microseconds of host time; it allocates nothing and does not
  ///       synchronize.
  template <class Y>
    requires std::same_as<Y, bfloat16> || std::same_as<Y, float>
  status run(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, Y* y,
             std::span<std::byte> = {}) const noexcept {
    return run(stream, x, w, y, std::same_as<Y, float>, chosen_);
  }

  /// Times every candidate with these operands and keeps the fastest. y is overwritten.
  ///
  /// Cost: several products, and it synchronizes `stream`: not for a captured stream.
  template <class Y>
    requires std::same_as<Y, bfloat16> || std::same_as<Y, float>
  status tune(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, Y* y,
              std::span<std::byte> = {}) noexcept {
    return detail::choose_fastest(
        "block_gemm_plan::tune", stream, candidates_.size(),
        [&](std::size_t i) { return run(stream, x, w, y, std::same_as<Y, float>, i); }, chosen_);
  }

 private:
  static constexpr const char* run_name = "block_gemm_plan::run";

  /// Tiles of fewer rows where larger ones leave multiprocessors without work; with groups in both
  /// operands three warpgroups, which hide more of the scaling.
  [[nodiscard]] std::size_t first_choice() const noexcept {
    const std::size_t blocks = (extents_.tokens + 255) / 256 * ((extents_.out + 255) / 256 * 2);
    if (blocks < static_cast<std::size_t>(multiprocessors_)) return 2;
    const bool both = extents_.x_scales == detail::block_scales::groups &&
                      extents_.w_scales == detail::block_scales::groups;
    return both ? 1 : 0;
  }

  static void require(cudaError_t e, const char* what) {
    if (e == cudaSuccess) return;
    BINADE_THROW(error{std::string("block_gemm_plan: ") + what + ": " + cudaGetErrorString(e)});
  }

  /// A map of a matrix of rows[height][width] of bytes or floats, of which a copy takes a box.
  [[nodiscard]] status map(CUtensorMap& to, CUtensorMapDataType type, const void* data,
                           std::size_t width, std::size_t height, std::uint32_t box_width,
                           std::uint32_t box_height) const noexcept {
    const bool is_codes = type == CU_TENSOR_MAP_DATA_TYPE_UINT8;
    const cuuint64_t extents[2] = {width, height};
    const cuuint64_t strides[1] = {width * (is_codes ? 1 : sizeof(float))};
    const cuuint32_t box[2] = {box_width, box_height};
    const cuuint32_t every[2] = {1, 1};
    const CUresult r =
        encode_(&to, type, 2, const_cast<void*>(data), extents, strides, box, every,
                CU_TENSOR_MAP_INTERLEAVE_NONE,
                is_codes ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_NONE,
                CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (r == CUDA_SUCCESS) return {};
    return status::failed(status::domain::cuda, r, run_name, "cuTensorMapEncodeTiled");
  }

  /// Maps of an operand's codes, and of its scales if they are of groups.
  [[nodiscard]] status map_operand(CUtensorMap& codes, CUtensorMap& groups, const float*& tiles,
                                   const any_packed_view& v, detail::block_scales scales,
                                   std::size_t rows, std::uint32_t box_rows,
                                   std::uint32_t scale_rows) const noexcept {
    const std::size_t steps = (extents_.in + 127) / 128;
    const bool has_groups = scales == detail::block_scales::groups;
    const std::size_t count =
        has_groups ? rows * steps : (rows + 127) / 128 * ((steps + 3) / 4 * 4);
    if (v.codes.size() < rows * extents_.in || v.scales.size() < count * sizeof(float)) {
      return status::refused(run_name, "the size of an operand's codes", v.codes.size(),
                             "rows * in, with scales as block_gemm_scale_map says");
    }
    if (!detail::is_aligned(v.codes.data(), 16) || !detail::is_aligned(v.scales.data(), 16)) {
      return status::refused(run_name, "the address of an operand modulo 16",
                             reinterpret_cast<std::uintptr_t>(v.codes.data()) % 16,
                             "0, of its codes and its scales");
    }
    tiles = reinterpret_cast<const float*>(v.scales.data());
    const status s =
        map(codes, CU_TENSOR_MAP_DATA_TYPE_UINT8, v.codes.data(), extents_.in, rows, 128, box_rows);
    if (!s || !has_groups) return s;
    return map(groups, CU_TENSOR_MAP_DATA_TYPE_FLOAT32, v.scales.data(), rows, steps, scale_rows,
               1);
  }

  status run(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, void* y,
             bool is_float, std::size_t number) const noexcept {
    const detail::block_gemm_candidate& c = candidates_[number];
    if (y == nullptr || !detail::is_aligned(y, 16)) {
      return status::refused(run_name, "the address of y modulo 16",
                             reinterpret_cast<std::uintptr_t>(y) % 16, "0, in memory of the GPU");
    }
    constexpr std::uint32_t cluster = 2;
    detail::block_gemm_arguments p = {};
    status s = map_operand(p.x, p.x_groups, p.x_tiles, x, extents_.x_scales, extents_.tokens,
                           c.rows / cluster, c.rows);
    if (s)
      s = map_operand(p.w, p.w_groups, p.w_tiles, w, extents_.w_scales, extents_.out, 128, 128);
    if (!s) return s;
    p.y = y;
    p.is_float = is_float;
    p.tokens = static_cast<std::uint32_t>(extents_.tokens);
    p.out = static_cast<std::uint32_t>(extents_.out);
    p.steps = static_cast<std::uint32_t>((extents_.in + 127) / 128);
    p.tile_stride = (p.steps + 3) / 4 * 4;
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {cluster, 1, 1};
    const std::uint32_t places = (p.tokens + c.rows - 1) / c.rows * ((p.out + 255) / 256);
    cudaLaunchConfig_t launch = {};
    launch.gridDim =
        std::min(places, static_cast<std::uint32_t>(multiprocessors_) / cluster) * cluster;
    launch.blockDim = c.threads;
    launch.dynamicSmemBytes = c.shared_bytes;
    launch.stream = stream;
    launch.attrs = &attribute;
    launch.numAttrs = 1;
    const cudaError_t e = cudaLaunchKernelEx(&launch, c.kernel, p);
    if (e == cudaSuccess) return {};
    return status::failed(status::domain::cuda, e, run_name, cudaGetErrorString(e));
  }

  detail::block_gemm_extents extents_;
  std::array<detail::block_gemm_candidate, detail::block_gemm_kernels> candidates_;
  decltype(&cuTensorMapEncodeTiled) encode_ = nullptr;
  int multiprocessors_ = 0;
  std::size_t chosen_ = 0;
};

#endif

}  // namespace binade::inline v0::cuda
