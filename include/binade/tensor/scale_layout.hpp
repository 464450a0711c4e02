// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/error.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

// Orders in which kernels of other libraries want the scales of a matrix. The scales are themselves
// a matrix: row r has those of row (or row of tiles) r, column c those of its c-th group.

namespace binade::inline v0 {

/// Where each of rows x columns scales lies in an array. A kernel carries it; CPU and GPU call the
/// same `index`.
///
/// Post: no two places of the padded matrix have the same index, and all indices are below size().
class scale_map {
 public:
  constexpr scale_map() noexcept = default;

  /// Scale (r, c) at r * row_step + c * column_step, padded to the given extents.
  [[nodiscard]] BINADE_HD static constexpr scale_map strided(std::size_t padded_rows,
                                                             std::size_t padded_columns,
                                                             std::size_t row_step,
                                                             std::size_t column_step) noexcept {
    scale_map m;
    m.padded_rows_ = static_cast<std::uint32_t>(padded_rows);
    m.padded_columns_ = static_cast<std::uint32_t>(padded_columns);
    m.row_step_ = static_cast<std::uint32_t>(row_step);
    m.column_step_ = static_cast<std::uint32_t>(column_step);
    return m;
  }
  /// Tiles of 128 x 4 scales, see scale_layout::tiles_128x4; both extents in whole tiles.
  [[nodiscard]] BINADE_HD static constexpr scale_map tiled(std::size_t padded_rows,
                                                           std::size_t padded_columns) noexcept {
    scale_map m;
    m.padded_rows_ = static_cast<std::uint32_t>(padded_rows);
    m.padded_columns_ = static_cast<std::uint32_t>(padded_columns);
    m.row_step_ = m.padded_columns_;
    m.is_tiled_ = true;
    return m;
  }

  static constexpr std::size_t tile_rows = 128;
  static constexpr std::size_t tile_columns = 4;

  [[nodiscard]] BINADE_HD constexpr std::size_t index(std::size_t row,
                                                      std::size_t column) const noexcept {
    const auto r = static_cast<std::uint32_t>(row);
    const auto c = static_cast<std::uint32_t>(column);
    if (!is_tiled_) return std::uint64_t{r} * row_step_ + std::uint64_t{c} * column_step_;
    return std::uint64_t{r / 128} * row_step_ * 128 +
           (std::uint64_t{c / 4} * 512 + (r % 32 * 16 + r % 128 / 32 * 4 + c % 4));
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t padded_rows() const noexcept {
    return padded_rows_;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t padded_columns() const noexcept {
    return padded_columns_;
  }
  [[nodiscard]] BINADE_HD constexpr bool is_tiled() const noexcept { return is_tiled_; }
  /// Scales in the array, padding included.
  [[nodiscard]] BINADE_HD constexpr std::size_t size() const noexcept {
    return std::size_t{padded_rows_} * padded_columns_;
  }

  friend constexpr bool operator==(const scale_map&, const scale_map&) = default;

 private:
  std::uint32_t padded_rows_ = 0;
  std::uint32_t padded_columns_ = 0;
  std::uint32_t row_step_ = 0;
  std::uint32_t column_step_ = 0;
  bool is_tiled_ = false;
};

namespace detail {
BINADE_HD constexpr std::size_t round_up(std::size_t n, std::size_t multiple) noexcept {
  return (n + multiple - 1) / multiple * multiple;
}
}  // namespace detail

namespace scale_layout {

/// Row by row; each row is padded to a multiple of `multiple` scales, which is at least 1. cuBLASLt
/// wants multiples of 4 for 128x128 blocks.
struct row_major {
  std::size_t multiple = 1;
  [[nodiscard]] BINADE_HD constexpr scale_map map(std::size_t rows,
                                                  std::size_t columns) const noexcept {
    const std::size_t padded = detail::round_up(columns, multiple);
    return scale_map::strided(rows, padded, padded, 1);
  }
};

/// Column by column; each column is padded to a multiple of `multiple` scales, which is at least 1.
/// cuBLASLt wants this for 1x128 groups.
struct column_major {
  std::size_t multiple = 1;
  [[nodiscard]] BINADE_HD constexpr scale_map map(std::size_t rows,
                                                  std::size_t columns) const noexcept {
    const std::size_t padded = detail::round_up(rows, multiple);
    return scale_map::strided(padded, columns, 1, padded);
  }
};

/// Tiles of 128 rows and 4 columns, row of tiles by row of tiles. In a tile scale (r, c) lies at
/// r % 32 * 16 + r / 32 * 4 + c. What Blackwell's block-scaled products read.
/// Source: cuBLAS documentation, "1D block scaling factors layout".
struct tiles_128x4 {
  [[nodiscard]] BINADE_HD constexpr scale_map map(std::size_t rows,
                                                  std::size_t columns) const noexcept {
    return scale_map::tiled(detail::round_up(rows, scale_map::tile_rows),
                            detail::round_up(columns, scale_map::tile_columns));
  }
};

}  // namespace scale_layout

/// One of the layouts above.
template <class L>
concept scale_layout_type =
    std::same_as<L, scale_layout::row_major> || std::same_as<L, scale_layout::column_major> ||
    std::same_as<L, scale_layout::tiles_128x4>;

/// Puts scales that are stored row by row, as packed tensors store them, into the order of `map`.
///
/// Shapes: from[rows * columns], out[map.size()], both in scales of `each` bytes.
/// Post:   padding is zero bytes.
/// Throws: error, before it writes, if a size is wrong or the map is for fewer rows or columns.
inline void arrange_scales(std::span<const std::byte> from, std::size_t rows, std::size_t columns,
                           std::size_t each, const scale_map& map, std::span<std::byte> out) {
  if (from.size() != rows * columns * each || out.size() != map.size() * each ||
      map.padded_rows() < rows || map.padded_columns() < columns) {
    BINADE_THROW(error{
        "arrange_scales: " + std::to_string(from.size()) + " bytes of " + std::to_string(rows) +
        " x " + std::to_string(columns) + " scales of " + std::to_string(each) + " bytes into " +
        std::to_string(out.size()) + " bytes; needed are " + std::to_string(rows * columns * each) +
        " and " + std::to_string(map.size() * each) + ", and a map for as many rows and columns"});
  }
  if (out.empty()) return;
  std::memset(out.data(), 0, out.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      std::memcpy(out.data() + map.index(r, c) * each, from.data() + (r * columns + c) * each,
                  each);
    }
  }
}

}  // namespace binade::inline v0
