// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/tensor/packed_layout.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace binade::inline v0::detail {

/// The source of quantize as rows in storage order: along the axis on which codes lie.
template <class T>
class source_rows {
 public:
  source_rows(const packed_layout& layout, const tensor_view<const T>& x)
      : layout_(layout), x_(stored_view(layout, x)) {
    const int rank = layout.shape().rank();
    const auto axes = layout.stored_axes();
    const auto step_of = [&](int axis) {
      std::uint64_t step = 1;
      for (int j = axis + 1; j < rank; ++j) step *= layout.shape().extent(j);
      return step;
    };
    index_step_ = step_of(layout.axis());
    for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
      index_steps_[i] = step_of(axes[i]);
    }
  }

  [[nodiscard]] std::ptrdiff_t inner_stride() const noexcept { return x_.inner_stride(); }
  [[nodiscard]] bool is_contiguous() const noexcept { return x_.is_contiguous(); }

  /// Elements [begin, end) of a row, with their logical indices.
  [[nodiscard]] reference::row_piece<T> piece(std::size_t row, std::size_t begin,
                                              std::size_t end) const noexcept {
    reference::row_piece<T> p;
    p.stride = x_.inner_stride();
    p.x = x_.row_data(row) + static_cast<std::ptrdiff_t>(begin) * p.stride;
    p.n = end - begin;
    p.index_step = index_step_;
    p.index = begin * index_step_;
    for (int i = layout_.shape().rank() - 2; i >= 0; --i) {
      const auto k = static_cast<std::size_t>(i);
      const std::size_t n = layout_.stored_shape().extents()[k];
      p.index += row % n * index_steps_[k];
      row /= n;
    }
    return p;
  }

 private:
  [[nodiscard]] static tensor_view<const T> stored_view(const packed_layout& layout,
                                                        const tensor_view<const T>& x) {
    const auto rank = static_cast<std::size_t>(layout.shape().rank());
    const auto axes = layout.stored_axes();
    return rank == 0 ? x : x.permuted(std::span<const int>(axes.data(), rank));
  }

  const packed_layout& layout_;
  tensor_view<const T> x_;
  std::uint64_t index_step_ = 1;
  std::uint64_t index_steps_[max_rank]{};  // of an element of a stored axis, in logical indices
};

}  // namespace binade::inline v0::detail
