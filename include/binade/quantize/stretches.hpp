// SPDX-License-Identifier: MIT
#pragma once

#include "binade/tensor/packed_layout.hpp"

#include <cstddef>

namespace binade::inline v0::detail {

/// The rows of a stored tensor, cut into parts that are each worth a task. A tensor whose rows
/// follow each other without gaps, in memory and in codes, counts as one row.
class stretches {
 public:
  struct part {
    std::size_t row;
    std::size_t begin;
    std::size_t end;
  };

  stretches() = default;
  /// Post: no part cuts a run of elements that share a scale, but of one longer than a part.
  stretches(const packed_layout& layout, bool as_one_row)
      : rows_(layout.row_count()), length_(layout.row_length()) {
    if (as_one_row) {
      length_ *= rows_;
      rows_ = 1;
    }
    const std::size_t cell = layout.cell_length();
    if (layout.scale_count() != 1 && cell != 0 && cell <= whole) part_ = whole / cell * cell;
  }

  [[nodiscard]] std::size_t row_length() const noexcept { return length_; }
  [[nodiscard]] std::size_t count() const noexcept { return rows_ * per_row(); }
  /// Parts to a task: short rows go several to one.
  [[nodiscard]] std::size_t grain() const noexcept {
    return length_ == 0 || length_ >= part_ ? 1 : (part_ + length_ - 1) / length_;
  }
  [[nodiscard]] part operator[](std::size_t i) const noexcept {
    const std::size_t begin = i % per_row() * part_;
    return {i / per_row(), begin, length_ - begin < part_ ? length_ : begin + part_};
  }

 private:
  static constexpr std::size_t whole = std::size_t{1} << 16;
  [[nodiscard]] std::size_t per_row() const noexcept { return (length_ + part_ - 1) / part_; }

  std::size_t rows_ = 0;
  std::size_t length_ = 0;
  std::size_t part_ = whole;
};

}  // namespace binade::inline v0::detail
