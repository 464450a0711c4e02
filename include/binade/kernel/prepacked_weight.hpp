// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/gemm.hpp"
#include "binade/kernel/reference/dot.hpp"  // tensor_scales
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/gemm.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace binade::inline v0 {

/// What a prepacked weight is to be multiplied with.
enum class activations : std::uint8_t {
  same_format,  ///< activations of its own format
  floats,       ///< activations that are not packed, or any others that gemm reads as floats
};

/// The w of `gemm(x, w, y)`, laid out once as the kernels read it, for many x. It owns its memory.
///
/// Where gemm would multiply blocks of integers (w of a block format with integer elements,
/// `activations::same_format`) it holds integers and scales: bytes, or words where products of
/// bytes would not be exact, and 8 bytes a block. Otherwise it holds w as floats.
class prepacked_weight {
 public:
  /// Shapes: w[out, in].
  /// Throws: error if w is no matrix, its blocks do not run along `in`, or blocks are so long that
  ///         their integers exceed sums of 32 bits.
  /// Cost:   the layout of w; the executor splits its rows.
  explicit prepacked_weight(const operand& w, activations x = activations::same_format,
                            executor_ref executor = {})
      : prepacked_weight(w, x, executor,
                         simd::product_tiles_for(simd::active_kernels().compiled_for)) {}

  /// The same for the kernels of one target.
  prepacked_weight(const operand& w, activations x, executor_ref executor,
                   const simd::product_tiles& tiles)
      : tiles_(&tiles), of_(x), element_(w.element()), shape_(w.shape()), packed_(w.packed()) {
    reference::check_operand("prepacked_weight", "w", w, 2);
    if (packed_) {
      plan(packed_->description);
      packed_->codes = packed_->scales = packed_->negative_scales = packed_->zero_points = {};
    }
    const std::size_t outs = shape_.extent(0);
    const std::size_t panels = simd::panel_count(outs, tiles);
    const std::size_t piece = simd::panels_of_piece(panels);
    if (plan_) {
      const simd::integer_side side = plan_->w_side(*w.packed(), tiles);
      integers_ = simd::integer_panel_memory(side, panels, tiles.width);
      std::vector<simd::power_range> powers(panels);
      executor.for_each_chunk(panels, piece, [&](std::size_t begin, std::size_t end) {
        powers[begin] = simd::read_integer_panels(side, outs, begin, end - begin, tiles.width,
                                                  integers_, begin);
      });
      for (const simd::power_range& range : powers) powers_.include(range);
    } else {
      const simd::float_side side(w, tiles);
      floats_.resize(panels * floats_of_panel());
      executor.for_each_chunk(panels, piece, [&](std::size_t begin, std::size_t end) {
        simd::read_float_panels(side, shape_, begin, end - begin, tiles.width,
                                floats_.data() + begin * floats_of_panel());
      });
    }
  }

  [[nodiscard]] const tensor_shape& shape() const noexcept { return shape_; }
  /// The format of w's elements.
  [[nodiscard]] const any_format& element() const noexcept { return element_; }
  /// What w was, without its bytes, if it was packed.
  [[nodiscard]] const std::optional<any_packed_view>& packed() const noexcept { return packed_; }
  [[nodiscard]] activations made_for() const noexcept { return of_; }
  /// The target whose kernels read it.
  [[nodiscard]] simd::target target() const noexcept { return tiles_->compiled_for; }
  /// Bytes of the layout.
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return integers_.size_bytes() + floats_.size() * sizeof(float);
  }

  /// y = x w^T; what `gemm(x, *this, y, executor)` does.
  void multiply(const operand& x, const tensor_view<float>& y, executor_ref executor) const {
    reference::check_operand("gemm", "x", x, 2);
    reference::check_gemm_shapes(x.shape(), shape_, y.shape());
    check_format(x);
    const std::size_t panels = simd::panel_count(y.extent(1), *tiles_);
    const std::size_t piece = simd::panels_of_piece(panels);
    if (plan_) {
      const simd::integer_activations xs(*x.packed(), *plan_, executor, *tiles_);
      const reference::tensor_scales tensor(*x.packed(), *packed_);
      executor.for_each_chunk(panels, piece, [&](std::size_t begin, std::size_t end) {
        xs.multiply(begin, end - begin, integers_.from(begin, powers_), tensor, y);
      });
    } else {
      const simd::float_activations xs(x, executor, *tiles_);
      executor.for_each_chunk(panels, piece, [&](std::size_t begin, std::size_t end) {
        xs.multiply(begin, end - begin, floats_.data() + begin * floats_of_panel(), y);
      });
    }
  }

 private:
  /// Decides for integers where gemm does.
  void plan(const packed_description& w) {
    const auto scales = reference::integer_scales(w, w);
    if (!scales || of_ != activations::same_format) return;
    plan_ = simd::integer_plan::make(w, scales->first, w, scales->second, *tiles_);
    if (plan_) return;
    BINADE_THROW(error{"prepacked_weight: w has blocks of " +
                       std::to_string(w.layout.cell_length()) + " elements of " + element_.name() +
                       ", whose products exceed sums of 32 bits"});
  }
  /// Throws: error unless gemm would multiply x by w as this layout does.
  void check_format(const operand& x) const {
    const auto fail = [&](const std::string& needed) {
      BINADE_THROW(error{"gemm: x is of " + describe(x.element(), x.packed()) + " but w is of " +
                         describe(element_, packed_) + ", prepacked for " + needed});
    };
    const bool in_integers =
        packed_ && x.packed() &&
        reference::integer_scales(x.packed()->description, packed_->description).has_value();
    if (!plan_) {
      if (in_integers) fail("activations that are read as floats");
      return;
    }
    if (!in_integers || !(x.element() == element_)) fail("activations of the same format");
  }
  [[nodiscard]] static std::string describe(const any_format& element,
                                            const std::optional<any_packed_view>& packed) {
    std::string text(element.name());
    if (packed && packed->description.is_block_format) {
      text += " in blocks of " + std::to_string(packed->description.layout.cell_length());
    }
    return text;
  }
  [[nodiscard]] std::size_t floats_of_panel() const noexcept {
    return shape_.extent(1) * tiles_->width;
  }

  const simd::product_tiles* tiles_;
  activations of_;
  any_format element_;
  tensor_shape shape_;
  std::optional<any_packed_view> packed_;
  std::optional<simd::integer_plan> plan_;
  simd::integer_panel_memory integers_;
  simd::power_range powers_;
  simd::line_vector<float> floats_;
};

/// y[tokens, out] = x[tokens, in] w[out, in]^T with w prepacked: the bits of `gemm` with the w that
/// it was made from.
///
/// Shapes: x[tokens, in], w[out, in], y[tokens, out]; y shares no memory with them.
/// NaN:    as for `gemm`.
/// Error:  of the formulas of `gemm`, bit for bit.
/// Throws: error if shapes do not fit or x is not what w was prepacked for; before it writes.
/// Cost:   allocates x as the kernels read it.
inline void gemm(const operand& x, const prepacked_weight& w, const tensor_view<float>& y,
                 executor_ref executor = {}) {
  w.multiply(x, y, executor);
}

}  // namespace binade::inline v0
