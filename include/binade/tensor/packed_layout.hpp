// SPDX-License-Identifier: MIT
#pragma once

#include "binade/tensor/granularity.hpp"
#include "binade/tensor/shape.hpp"

#include <array>
#include <cstddef>

namespace binade::inline v0 {

/// Where the codes and scales of a packed tensor lie.
///
/// Codes are stored row by row, each row from a byte boundary, along `axis`: the tensor is stored
/// with that axis moved to the end. `cells` says how many neighbours along each stored axis share a
/// scale; scales are stored row-major over the grid of cells. In a block format a row is whole
/// blocks: what is missing in the last one is padding.
class packed_layout {
 public:
  packed_layout() = default;

  /// Blocks of `block_size` along `axis`.
  ///
  /// Throws: error if the shape has no such axis.
  [[nodiscard]] static packed_layout blocks(const tensor_shape& shape, int axis,
                                            std::size_t block_size, int code_bits) {
    packed_layout l;
    l.shape_ = shape;
    l.axis_ = shape.rank() == 0 ? 0 : normalize_axis(axis, shape.rank(), "quantize");
    l.stored_ = moved_last(shape, l.axis_);
    l.cells_.fill(1);
    l.cells_[l.last()] = block_size;
    l.finish(code_bits, true);
    return l;
  }
  /// Scales of any granularity, codes in the order of the tensor.
  ///
  /// Throws: error if the granularity does not fit the shape.
  [[nodiscard]] static packed_layout scaled(const tensor_shape& shape, const granularity& g,
                                            int code_bits) {
    packed_layout l;
    l.shape_ = l.stored_ = shape;
    l.axis_ = shape.rank() == 0 ? 0 : shape.rank() - 1;
    l.cells_ = g.cell_extents(shape);
    l.groups_ = g;
    l.finish(code_bits, false);
    return l;
  }

  [[nodiscard]] const tensor_shape& shape() const noexcept { return shape_; }
  /// The shape with the code axis last.
  [[nodiscard]] const tensor_shape& stored_shape() const noexcept { return stored_; }
  /// Number of cells along each stored axis.
  [[nodiscard]] const tensor_shape& grid() const noexcept { return grid_; }
  /// Who shares a scale; per_tensor, without meaning, in a block format.
  [[nodiscard]] const granularity& groups() const noexcept { return groups_; }
  /// The axis along which codes and blocks run.
  [[nodiscard]] int axis() const noexcept { return axis_; }
  /// Neighbours along stored axis `i` that share a scale.
  [[nodiscard]] std::size_t cell_extent(int i) const noexcept {
    return cells_[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] std::size_t row_count() const noexcept { return stored_.row_count(); }
  [[nodiscard]] std::size_t row_length() const noexcept { return stored_.row_length(); }
  /// Codes of a row, padding included.
  [[nodiscard]] std::size_t row_codes() const noexcept { return row_codes_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }
  [[nodiscard]] std::size_t code_bytes() const noexcept { return row_count() * row_bytes_; }
  [[nodiscard]] std::size_t scale_count() const noexcept { return grid_.size(); }
  [[nodiscard]] std::size_t cells_per_row() const noexcept { return grid_.row_length(); }
  /// Neighbours along a row that share a scale.
  [[nodiscard]] std::size_t cell_length() const noexcept { return cells_[last()]; }
  /// Index of the scale of the first element of stored row `row`; the element at j of that row has
  /// the scale that lies j / cell_length() further.
  [[nodiscard]] std::size_t first_cell_of_row(std::size_t row) const noexcept {
    std::size_t index = 0;
    std::size_t step = cells_per_row();
    for (int i = stored_.rank() - 2; i >= 0; --i) {
      const auto k = static_cast<std::size_t>(i);
      const std::size_t n = stored_.extents()[k];
      index += row % n / cells_[k] * step;
      row /= n;
      step *= grid_.extents()[k];
    }
    return index;
  }
  /// Calls f(row, begin, end) for each piece of a stored row that belongs to cell number `cell`.
  template <class Function>
  void for_each_piece(std::size_t cell, Function&& f) const {
    const std::size_t at = cell % cells_per_row();
    const std::size_t begin = at * cell_length();
    const std::size_t end =
        begin + cell_length() < row_length() ? begin + cell_length() : row_length();
    visit_rows(0, cell / cells_per_row(), grid_.row_count(), 0,
               [&](std::size_t row) { f(row, begin, end); });
  }
  /// Order of the logical axes in storage.
  [[nodiscard]] std::array<int, max_rank> stored_axes() const noexcept {
    std::array<int, max_rank> axes{};
    std::size_t n = 0;
    for (int i = 0; i < shape_.rank(); ++i) {
      if (i != axis_) axes[n++] = i;
    }
    axes[n] = axis_;
    return axes;
  }

  friend bool operator==(const packed_layout&, const packed_layout&) = default;

 private:
  [[nodiscard]] std::size_t last() const noexcept {
    return stored_.rank() == 0 ? 0 : static_cast<std::size_t>(stored_.rank() - 1);
  }
  [[nodiscard]] static tensor_shape moved_last(const tensor_shape& shape, int axis) {
    std::array<std::size_t, max_rank> extents{};
    std::size_t n = 0;
    for (int i = 0; i < shape.rank(); ++i) {
      if (i != axis) extents[n++] = shape.extents()[static_cast<std::size_t>(i)];
    }
    if (shape.rank() > 0) extents[n++] = shape.extents()[static_cast<std::size_t>(axis)];
    return tensor_shape(std::span<const std::size_t>(extents.data(), n));
  }
  void finish(int code_bits, bool whole_blocks) {
    std::array<std::size_t, max_rank> grid{};
    const auto rank = static_cast<std::size_t>(stored_.rank());
    for (std::size_t i = 0; i < rank; ++i) {
      const std::size_t n = stored_.extents()[i];
      grid[i] = n / cells_[i] + (n % cells_[i] != 0 ? 1 : 0);
    }
    if (rank == 0) cells_[0] = whole_blocks ? cells_[0] : 1;
    grid_ = tensor_shape(std::span<const std::size_t>(grid.data(), rank));
    row_codes_ = whole_blocks ? grid_.row_length() * cell_length() : stored_.row_length();
    row_bytes_ = (row_codes_ * static_cast<std::size_t>(code_bits) + 7) / 8;
  }
  /// Rows of the box that grid row `grid_row` covers, axis by axis from `axis` on.
  template <class Function>
  void visit_rows(int axis, std::size_t grid_row, std::size_t grid_rows, std::size_t row,
                  Function&& f) const {
    if (axis >= stored_.rank() - 1) {
      f(row);
      return;
    }
    const auto k = static_cast<std::size_t>(axis);
    const std::size_t below = grid_rows / grid_.extents()[k];
    const std::size_t at = grid_row / below;
    const std::size_t n = stored_.extents()[k];
    const std::size_t begin = at * cells_[k];
    const std::size_t end = begin + cells_[k] < n ? begin + cells_[k] : n;
    for (std::size_t i = begin; i < end; ++i) {
      visit_rows(axis + 1, grid_row % below, below, row * n + i, f);
    }
  }

  tensor_shape shape_;
  tensor_shape stored_;
  tensor_shape grid_;
  granularity groups_;
  std::array<std::size_t, max_rank> cells_{};
  int axis_ = 0;
  std::size_t row_codes_ = 0;
  std::size_t row_bytes_ = 0;
};

}  // namespace binade::inline v0
