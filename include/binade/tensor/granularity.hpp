// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/tensor/shape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace binade::inline v0 {

// Which elements share a scale.

/// One scale for the tensor.
struct per_tensor {};

/// One scale for each index along `axis`.
struct per_channel {
  int axis = 0;
};

/// One scale for each run of `size` elements along `axis`; the last run of a row may be shorter.
struct per_group {
  int axis = -1;
  std::size_t size = 128;
};

/// One scale for each tile of the last two axes; tiles at the edges may be smaller.
struct per_block {
  std::size_t rows = 128;
  std::size_t cols = 128;
};

/// Any of them, chosen at run time.
class granularity {
 public:
  enum class kind : std::uint8_t { tensor, channel, group, block };

  constexpr granularity() noexcept = default;
  constexpr granularity(per_tensor) noexcept {}
  constexpr granularity(per_channel c) noexcept : kind_(kind::channel), axis_(c.axis) {}
  constexpr granularity(per_group g) noexcept
      : kind_(kind::group), axis_(g.axis), rows_(g.size), cols_(g.size) {}
  constexpr granularity(per_block b) noexcept : kind_(kind::block), rows_(b.rows), cols_(b.cols) {}

  /// Which of the four it is.
  [[nodiscard]] constexpr kind form() const noexcept { return kind_; }

  /// How many neighbours along each axis of `shape` share a scale.
  ///
  /// Throws: error if an axis does not exist, a size is 0, or per_block meets a rank below 2.
  [[nodiscard]] std::array<std::size_t, max_rank> cell_extents(const tensor_shape& shape) const {
    std::array<std::size_t, max_rank> cells{};
    const auto rank = static_cast<std::size_t>(shape.rank());
    const auto whole = [&shape](std::size_t i) {
      const std::size_t n = shape.extents()[i];
      return n == 0 ? 1 : n;
    };
    for (std::size_t i = 0; i < rank; ++i) {
      cells[i] = kind_ == kind::tensor || kind_ == kind::channel ? whole(i) : 1;
    }
    if (kind_ == kind::channel) {
      cells[static_cast<std::size_t>(normalize_axis(axis_, shape.rank(), "per_channel"))] = 1;
    } else if (kind_ == kind::group) {
      if (rows_ == 0) {
        BINADE_THROW(error{"per_group: size is 0; allowed are sizes of at least 1"});
      }
      cells[static_cast<std::size_t>(normalize_axis(axis_, shape.rank(), "per_group"))] = rows_;
    } else if (kind_ == kind::block) {
      if (rank < 2 || rows_ == 0 || cols_ == 0) {
        BINADE_THROW(error{"per_block: rows " + std::to_string(rows_) + " and cols " +
                           std::to_string(cols_) + " in a tensor of rank " +
                           std::to_string(shape.rank()) +
                           "; allowed are at least 1 row and 1 column and rank 2 or more"});
      }
      cells[rank - 2] = rows_;
      cells[rank - 1] = cols_;
    }
    return cells;
  }

  /// As in "groups of 128" or "tiles of 128x128".
  friend std::string to_string(const granularity& g) {
    switch (g.kind_) {
      case kind::channel:
        return "channels along axis " + std::to_string(g.axis_);
      case kind::group:
        return "groups of " + std::to_string(g.rows_) +
               (g.axis_ == -1 ? "" : " along axis " + std::to_string(g.axis_));
      case kind::block:
        return "tiles of " + std::to_string(g.rows_) + "x" + std::to_string(g.cols_);
      case kind::tensor:
        break;
    }
    return "one a tensor";
  }

  friend constexpr bool operator==(const granularity&, const granularity&) = default;

 private:
  kind kind_ = kind::tensor;
  int axis_ = 0;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

}  // namespace binade::inline v0
