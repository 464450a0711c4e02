// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/tensor/scale_layout.hpp"

#include <cstddef>
#include <cstdint>

namespace binade::inline v0::cuda::detail {

/// n / divisor for n < 2^31 by a multiplication.
/// Source: Granlund and Montgomery, Division by Invariant Integers using Multiplication, 1994.
class quick_divider {
 public:
  constexpr quick_divider() noexcept = default;
  /// Needs 1 <= divisor < 2^31.
  constexpr explicit quick_divider(std::uint32_t divisor) noexcept : divisor_(divisor) {
    if (divisor == 1) return;
    const int up = 31 + bit_width(divisor - 1);
    multiplier_ = static_cast<std::uint32_t>(((std::uint64_t{1} << up) + divisor - 1) / divisor);
    shift_ = up - 32;
  }
  [[nodiscard]] BINADE_HD constexpr std::uint32_t quotient(std::uint32_t n) const noexcept {
    if (divisor_ == 1) return n;
    return static_cast<std::uint32_t>(std::uint64_t{n} * multiplier_ >> 32) >> shift_;
  }
  [[nodiscard]] BINADE_HD constexpr std::uint32_t divisor() const noexcept { return divisor_; }

 private:
  std::uint32_t divisor_ = 1;
  std::uint32_t multiplier_ = 0;
  int shift_ = 0;
};

/// Which 16 neighbours of a matrix a thread takes.
struct chunk_position {
  std::uint32_t row;
  std::uint32_t chunk;  ///< columns [16 * chunk, 16 * chunk + 16)
};

/// Deals the chunks of a matrix, and of the padding of its scales, to the threads of a grid.
///
/// Threads that share a group are neighbours in a warp, the first at a multiple of their number.
/// Without tiles neighbours go along a row. With tiles a warp takes 4 columns of scales and such
/// rows of a tile that their scales fill 32 bytes without a gap.
/// Post: every chunk of the padded matrix belongs to one number below count().
class chunk_map {
 public:
  constexpr chunk_map() noexcept = default;
  /// Needs `per_group` in {1, 2, 4, 8, 16} chunks a group; 16 are dealt as without tiles.
  constexpr chunk_map(const scale_map& scales, std::uint32_t per_group) noexcept
      : is_tiled_(scales.is_tiled() && per_group <= 8),
        log2_lanes_(static_cast<std::uint32_t>(
            countr_zero(std::uint64_t{scale_map::tile_columns} * per_group))) {
    const std::size_t chunks = scales.padded_columns() * per_group;
    count_ = scales.padded_rows() * chunks;
    if (count_ == 0) return;
    columns_ =
        quick_divider(static_cast<std::uint32_t>(is_tiled_ ? chunks >> log2_lanes_ : chunks));
  }

  /// Chunks of the padded matrix; at most 2^31 - 1 are allowed.
  [[nodiscard]] BINADE_HD constexpr std::size_t count() const noexcept { return count_; }

  /// Needs number < 2^31; beyond count() the row lies below the matrix.
  [[nodiscard]] BINADE_HD constexpr chunk_position operator[](std::uint32_t number) const noexcept {
    if (!is_tiled_) {
      const std::uint32_t row = columns_.quotient(number);
      return {row, number - row * columns_.divisor()};
    }
    const std::uint32_t lane = number % 32;
    const std::uint32_t set = columns_.quotient(number / 32);
    const std::uint32_t tile_column = number / 32 - set * columns_.divisor();
    const std::uint32_t log2_rows = 5 - log2_lanes_;  // of a warp
    const std::uint32_t in_tile = set & ((128U >> log2_rows) - 1);
    const std::uint32_t r = lane >> log2_lanes_;
    // With four rows or more a warp takes rows that lie 32 apart, whose scales are neighbours.
    const std::uint32_t row = log2_rows < 2 ? (in_tile << log2_rows) + r
                                            : r % 4 * 32 + (in_tile << (log2_rows - 2)) + r / 4;
    return {(set >> (7 - log2_rows)) * 128 + row,
            (tile_column << log2_lanes_) + (lane & ((1U << log2_lanes_) - 1))};
  }

 private:
  std::size_t count_ = 0;
  quick_divider columns_;
  bool is_tiled_ = false;
  std::uint32_t log2_lanes_ = 2;  // of the lanes of a warp that lie in a row
};

}  // namespace binade::inline v0::cuda::detail
