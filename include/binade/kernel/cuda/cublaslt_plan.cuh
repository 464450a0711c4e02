// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/cuda/detail/tune.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/scale_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#endif

// Without cuBLASLt's header, or with one before 13.0, which does not know these scale modes, this
// header offers has_cublaslt alone.

namespace binade::inline v0::cuda {

/// Whether this header was compiled with cuBLASLt 13.0 or later.
inline constexpr bool has_cublaslt =
#if defined(CUBLAS_VERSION) && CUBLAS_VERSION >= 130000
    true;
#else
    false;
#endif

}  // namespace binade::inline v0::cuda

#if defined(CUBLAS_VERSION) && CUBLAS_VERSION >= 130000

namespace binade::inline v0::cuda {

namespace detail {

/// Makes a status of cuBLAS an error that says what was asked.
inline void require_cublaslt(cublasStatus_t s, const std::string& asked) {
  if (s == CUBLAS_STATUS_SUCCESS) return;
  BINADE_THROW(error{"cublaslt_plan: " + asked + ": " + cublasLtGetStatusString(s)});
}

template <class Handle, cublasStatus_t (*Destroy)(Handle)>
struct cublaslt_deleter {
  void operator()(Handle h) const noexcept { Destroy(h); }
};
template <class Handle, cublasStatus_t (*Destroy)(Handle)>
using cublaslt_owner =
    std::unique_ptr<std::remove_pointer_t<Handle>, cublaslt_deleter<Handle, Destroy>>;

/// How cuBLASLt reads a packed operand.
struct cublaslt_form {
  cudaDataType_t type;
  cublasLtMatmulMatrixScale_t scale_mode;
};

/// Throws: error if cuBLASLt has no such operand.
[[nodiscard]] inline cublaslt_form form_of(const packed_description& d, const char* name) {
  const auto refuse = [&] {
    BINADE_THROW(error{
        std::string("cublaslt_plan: ") + name + " is " + to_string(d.layout.shape()) + " of " +
        d.names->name + (d.is_block_format ? "" : " with scales " + to_string(d.layout.groups())) +
        "; allowed are matrices with codes along axis 1 of e4m3fn or e5m2 with binary32 scales: "
        "one "
        "a tensor, channels along axis 0, groups of 128 along axis 1, tiles of 128x128; and "
        "mxfp8_e4m3, mxfp8_e5m2 and nvfp4"});
  };
  if (d.layout.shape().rank() != 2 || d.layout.axis() != 1) refuse();
  const bool is_e4m3 = d.element == any_format::of<e4m3fn>();
  if (d.is_block_format) {
    if (d.names == &nvfp4::names) return {CUDA_R_4F_E2M1, CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3};
    if (d.names != &mxfp8_e4m3::names && d.names != &mxfp8_e5m2::names) refuse();
    return {is_e4m3 ? CUDA_R_8F_E4M3 : CUDA_R_8F_E5M2, CUBLASLT_MATMUL_MATRIX_SCALE_VEC32_UE8M0};
  }
  if ((!is_e4m3 && !(d.element == any_format::of<e5m2>())) ||
      !(d.scale == any_format::binary32()) || d.group != group_kind::symmetric) {
    refuse();
  }
  const cudaDataType_t type = is_e4m3 ? CUDA_R_8F_E4M3 : CUDA_R_8F_E5M2;
  const std::size_t rows = d.layout.cell_extent(0);
  const std::size_t columns = d.layout.cell_extent(1);
  const std::size_t in = d.layout.shape().extent(1);
  if (d.layout.groups().form() == granularity::kind::tensor) {
    return {type, CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F};
  }
  if (rows == 1 && columns == in && d.layout.groups().form() == granularity::kind::channel) {
    return {type, CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F};
  }
  if (rows == 1 && columns == 128) return {type, CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F};
  if (rows != 128 || columns != 128) refuse();
  return {type, CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F};
}

}  // namespace detail

/// The order in which cuBLASLt reads the scales of such an operand: what arrange_scales, or a
/// quantization kernel, writes them in.
///
/// Throws: error if cuBLASLt has no such operand.
[[nodiscard]] inline scale_map cublaslt_scale_map(const packed_description& d) {
  const std::size_t rows = d.layout.grid().extent(0);
  const std::size_t columns = d.layout.grid().extent(1);
  switch (detail::form_of(d, "the operand").scale_mode) {
    case CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F:
      return scale_layout::column_major{}.map(rows, columns);
    case CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F:
      return scale_layout::row_major{.multiple = 4}.map(rows, columns);
    case CUBLASLT_MATMUL_MATRIX_SCALE_VEC32_UE8M0:
    case CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3:
      return scale_layout::tiles_128x4{}.map(rows, columns);
    default:
      return scale_layout::row_major{}.map(rows, columns);
  }
}

/// How Hopper sums FP8 products.
enum class fp8_accumulation : std::uint8_t {
  full,  ///< partial sums of 128 products are added in binary32
  fast,  ///< 14 bits or so throughout; of tensor and channel scales alone
};

struct cublaslt_options {
  fp8_accumulation accumulation = fp8_accumulation::full;
  /// Whether algorithms may split k and add the parts in several steps.
  enum class split : std::uint8_t { allowed, never } split_k = split::never;
  std::size_t workspace_bytes = std::size_t{32} << 20;  ///< at most; NVIDIA's advice for Hopper
  int candidates = 8;                                   ///< heuristics that `tune` chooses from
};

/// y[tokens, out] = x[tokens, in] w[out, in]^T by cuBLASLt, prepared for one shape and form of the
/// operands, with y in bfloat16. Keep it: making one asks cuBLASLt's heuristics.
///
/// FP8 with scales a tensor runs on sm_89 and later; with scales a channel, groups of 128 and tiles
/// of 128x128 on sm_90 alone; mxfp8 and nvfp4 on sm_100 and later, which was compiled but never
/// run.
class cublaslt_plan {
 public:
  /// Throws: error that says what was asked and what is allowed if cuBLASLt does not offer it.
  /// Cost:   host time of the heuristics; nothing on the GPU.
  cublaslt_plan(cublasLtHandle_t handle, const packed_description& x, const packed_description& w,
                const cublaslt_options& options = {})
      : handle_(handle),
        x_(detail::form_of(x, "x")),
        w_(detail::form_of(w, "w")),
        tokens_(x.layout.shape().extent(0)),
        out_(w.layout.shape().extent(0)),
        in_(w.layout.shape().extent(1)) {
    asked_ = "x " + to_string(x.layout.shape()) + " of " + text(x) + ", w " +
             to_string(w.layout.shape()) + " of " + text(w);
    check(x.layout.shape().extent(1), options);
    describe(options);
    find(options);
  }

  /// What `run` needs at least of workspace, at a multiple of 256 bytes.
  [[nodiscard]] std::size_t workspace_bytes() const noexcept {
    return candidates_[chosen_].workspace_bytes;
  }
  /// What `tune` needs.
  [[nodiscard]] std::size_t tuning_workspace_bytes() const noexcept {
    std::size_t most = 0;
    for (const candidate& c : candidates_) most = std::max(most, c.workspace_bytes);
    return most;
  }
  [[nodiscard]] std::size_t candidates() const noexcept { return candidates_.size(); }
  /// The number of the heuristic in use; 0 until `tune` chose another.
  [[nodiscard]] std::size_t chosen() const noexcept { return chosen_; }
  /// Uses candidate `number` from now on, such as one that `tune` found before.
  ///
  /// Throws: error if there is no such candidate.
  void choose(std::size_t number) {
    if (number >= candidates_.size()) {
      BINADE_THROW(error{"cublaslt_plan::choose: candidate " + std::to_string(number) +
                         "; allowed are those below " + std::to_string(candidates_.size())});
    }
    chosen_ = number;
  }

  /// Enqueues the product. The views' bytes lie on the GPU, their scales as cublaslt_scale_map
  /// says; y has `tokens` rows of `out`.
  ///
  /// Cost: cuBLASLt's launches on `stream`; it allocates nothing and does not synchronize.
  status run(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, bfloat16* y,
             std::span<std::byte> workspace) const noexcept {
    return run(stream, x, w, y, workspace, chosen_);
  }

  /// Times every candidate with these operands and keeps the fastest. y is overwritten.
  ///
  /// Cost: several products, and it synchronizes `stream`: not for a captured stream.
  status tune(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, bfloat16* y,
              std::span<std::byte> workspace) noexcept {
    return detail::choose_fastest(
        "cublaslt_plan::tune", stream, candidates_.size(),
        [&](std::size_t i) { return run(stream, x, w, y, workspace, i); }, chosen_);
  }

 private:
  using product_owner = detail::cublaslt_owner<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
  using layout_owner = detail::cublaslt_owner<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
  using preference_owner =
      detail::cublaslt_owner<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

  /// A heuristic's answer.
  struct candidate {
    cublasLtMatmulAlgo_t algorithm;
    std::size_t workspace_bytes;
  };

  [[nodiscard]] static std::string text(const packed_description& d) {
    std::string t = d.names->name;
    if (!d.is_block_format) t += " with scales: " + to_string(d.layout.groups());
    return t;
  }

  void refuse(const std::string& allowed) const {
    BINADE_THROW(error{"cublaslt_plan: " + asked_ + "; allowed: " + allowed});
  }

  void check(std::size_t in_of_x, const cublaslt_options& options) const {
    if (in_of_x != in_) refuse("the same `in`");
    if (tokens_ == 0 || out_ == 0 || in_ == 0) refuse("extents of at least 1");
    if (in_ % (x_.type == CUDA_R_4F_E2M1 ? 32 : 16) != 0 || out_ % 8 != 0) {
      refuse("`in` a multiple of 16 (nvfp4: of 32), `out` a multiple of 8");
    }
    if (x_.type == CUDA_R_8F_E5M2 && w_.type == CUDA_R_8F_E5M2) refuse("e5m2 times e4m3fn at most");
    constexpr auto groups = CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F;
    constexpr auto tiles = CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
    const bool both_in_128 = (x_.scale_mode == groups || x_.scale_mode == tiles) &&
                             (w_.scale_mode == groups || w_.scale_mode == tiles);
    if (x_.scale_mode != w_.scale_mode && !both_in_128) {
      refuse("the same kind of scales, or groups of 128 with tiles of 128x128");
    }
    if (x_.scale_mode == tiles && w_.scale_mode == tiles) {
      refuse("tiles of 128x128 in one operand, groups of 128 in the other");
    }
    if (x_.scale_mode == groups && tokens_ % 4 != 0) {
      refuse("groups of 128 in x with a number of tokens that is a multiple of 4");
    }
    const bool is_coarse = x_.scale_mode == CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F ||
                           x_.scale_mode == CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F;
    if (options.accumulation == fp8_accumulation::fast && !is_coarse) {
      refuse("fast accumulation with scales a tensor or a channel");
    }
    if (options.candidates < 1 || options.candidates > detail::most_candidates) {
      refuse("1 to " + std::to_string(detail::most_candidates) + " candidates");
    }
  }

  template <class T>
  void set(cublasLtMatmulDescAttributes_t what, T value) {
    detail::require_cublaslt(
        cublasLtMatmulDescSetAttribute(product_.get(), what, &value, sizeof value), asked_);
  }

  [[nodiscard]] layout_owner make_layout(cudaDataType_t type, std::size_t rows,
                                         std::size_t columns) const {
    cublasLtMatrixLayout_t layout = nullptr;
    detail::require_cublaslt(
        cublasLtMatrixLayoutCreate(&layout, type, rows, columns, static_cast<std::int64_t>(rows)),
        asked_);
    return layout_owner(layout);
  }

  /// In cuBLASLt's columns: D[out, tokens] = A[in, out]^T B[in, tokens], A being w and B x.
  void describe(const cublaslt_options& options) {
    cublasLtMatmulDesc_t product = nullptr;
    detail::require_cublaslt(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                             asked_);
    product_.reset(product);
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, w_.scale_mode);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, x_.scale_mode);
    set(CUBLASLT_MATMUL_DESC_FAST_ACCUM,
        static_cast<std::int8_t>(options.accumulation == fp8_accumulation::fast ? 1 : 0));
    // The heuristics refuse scales of several numbers without an address; they do not read there.
    alignas(16) static constexpr std::byte somewhere[16] = {};
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, static_cast<const void*>(somewhere));
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, static_cast<const void*>(somewhere));
    a_ = make_layout(w_.type, in_, out_);
    b_ = make_layout(x_.type, in_, tokens_);
    d_ = make_layout(CUDA_R_16BF, out_, tokens_);
  }

  void find(const cublaslt_options& options) {
    cublasLtMatmulPreference_t made = nullptr;
    detail::require_cublaslt(cublasLtMatmulPreferenceCreate(&made), asked_);
    const preference_owner preference(made);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      detail::require_cublaslt(
          cublasLtMatmulPreferenceSetAttribute(made, what, &value, sizeof value), asked_);
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, options.workspace_bytes);
    if (options.split_k == cublaslt_options::split::never) {
      prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
             static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
    }
    cublasLtMatmulHeuristicResult_t found[detail::most_candidates];
    int count = 0;
    const cublasStatus_t s =
        cublasLtMatmulAlgoGetHeuristic(handle_, product_.get(), a_.get(), b_.get(), d_.get(),
                                       d_.get(), made, options.candidates, found, &count);
    if (s != CUBLAS_STATUS_SUCCESS || count == 0) {
      refuse(std::string("what this GPU has: scales a tensor on sm_89 and later, a channel and in "
                         "128s on sm_90, mxfp8 and nvfp4 on sm_100 and later (cuBLASLt: ") +
             cublasLtGetStatusString(s) + ")");
    }
    for (int i = 0; i < count; ++i) {
      candidates_.push_back({found[i].algo, found[i].workspaceSize});
    }
  }

  status run(cudaStream_t stream, const any_packed_view& x, const any_packed_view& w, bfloat16* y,
             std::span<std::byte> workspace, std::size_t number) const noexcept {
    constexpr const char* name = "cublaslt_plan::run";
    if (workspace.size() < candidates_[number].workspace_bytes) {
      return status::refused(name, "the size of the workspace", workspace.size(),
                             "what workspace_bytes() says");
    }
    // The scale pointers are part of cuBLASLt's description; a copy of it keeps the plan const.
    cublasLtMatmulDescOpaque_t product = *product_;
    const void* w_scales = w.scales.data();
    const void* x_scales = x.scales.data();
    cublasStatus_t s = cublasLtMatmulDescSetAttribute(
        &product, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, &w_scales, sizeof w_scales);
    if (s == CUBLAS_STATUS_SUCCESS) {
      s = cublasLtMatmulDescSetAttribute(&product, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, &x_scales,
                                         sizeof x_scales);
    }
    const float alpha = multiplier(x) * multiplier(w);
    const float beta = 0;
    if (s == CUBLAS_STATUS_SUCCESS) {
      s = cublasLtMatmul(handle_, &product, &alpha, w.codes.data(), a_.get(), x.codes.data(),
                         b_.get(), &beta, y, d_.get(), y, d_.get(), &candidates_[number].algorithm,
                         workspace.data(), workspace.size(), stream);
    }
    if (s == CUBLAS_STATUS_SUCCESS) return {};
    return status::failed(status::domain::cublas, s, name, cublasLtGetStatusString(s));
  }

  [[nodiscard]] static float multiplier(const any_packed_view& v) noexcept {
    if (v.description.tensor_scale == tensor_scale_kind::none) return 1;
    return v.description.tensor_scale == tensor_scale_kind::multiplier ? v.tensor_scale
                                                                       : 1 / v.tensor_scale;
  }

  cublasLtHandle_t handle_;
  detail::cublaslt_form x_;
  detail::cublaslt_form w_;
  std::size_t tokens_;
  std::size_t out_;
  std::size_t in_;
  std::string asked_;
  product_owner product_;
  layout_owner a_;
  layout_owner b_;
  layout_owner d_;
  std::vector<candidate> candidates_;
  std::size_t chosen_ = 0;
};

}  // namespace binade::inline v0::cuda

#endif
