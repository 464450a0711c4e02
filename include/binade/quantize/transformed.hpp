// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/kernel/simd/hadamard.hpp"
#include "binade/quantize/options.hpp"
#include "binade/quantize/quantizer.hpp"
#include "binade/quantize/row_part.hpp"
#include "binade/quantize/surveyed_range.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"
#include "binade/transform/hadamard.hpp"

#include <atomic>
#include <cstddef>

namespace binade::inline v0::detail {

/// A tensor cut into tiles along its rows which can be quantized one by one: every scale belongs to
/// one tile. A tensor whose rows follow each other without gaps, in memory and in codes, counts as
/// one row.
class quantize_tiles {
 public:
  static constexpr std::size_t elements = 16384;  ///< whose floats a task has on its stack

  struct part {
    std::size_t row;
    std::size_t begin;
    std::size_t size;
  };

  quantize_tiles(const packed_description& d, bool is_contiguous) noexcept
      : rows_(d.layout.row_count()), length_(d.layout.row_length()) {
    const packed_layout& layout = d.layout;
    const auto bits = static_cast<std::size_t>(d.element.bit_count());
    cell_ = layout.cell_length();
    serves_ = d.group == group_kind::symmetric && layout.axis() == layout.shape().rank() - 1 &&
              cell_ != 0 && elements % cell_ == 0;
    for (int i = 0; i < layout.stored_shape().rank() - 1; ++i) {
      if (layout.cell_extent(i) != 1) serves_ = false;
    }
    if (serves_ && is_contiguous && length_ % cell_ == 0 && length_ * bits % 8 == 0) {
      length_ *= rows_;
      rows_ = rows_ == 0 ? 0 : 1;
    }
  }

  /// False: a scale belongs to more than one tile.
  [[nodiscard]] bool serves() const noexcept { return serves_; }
  [[nodiscard]] std::size_t count() const noexcept { return rows_ * per_row(); }
  /// Tiles to a task.
  [[nodiscard]] std::size_t grain() const noexcept {
    const std::size_t task = 8 * elements;
    return length_ == 0 || length_ >= task ? 8 : (task + length_ - 1) / length_;
  }
  [[nodiscard]] part operator[](std::size_t i) const noexcept {
    const std::size_t begin = i % per_row() * elements;
    return {i / per_row(), begin, length_ - begin < elements ? length_ - begin : elements};
  }
  /// Linear index of its first element.
  [[nodiscard]] std::size_t index(const part& at) const noexcept {
    return at.row * length_ + at.begin;
  }

 private:
  [[nodiscard]] std::size_t per_row() const noexcept { return (length_ + elements - 1) / elements; }

  std::size_t rows_;
  std::size_t length_;
  std::size_t cell_;
  bool serves_;
};

/// Adds up what several threads count.
class count_collector {
 public:
  void add(const quantize_counts& c) noexcept {
    nan_ += c.nan;
    infinite_ += c.infinite;
    clipped_ += c.clipped;
    underflowed_ += c.underflowed;
  }
  [[nodiscard]] quantize_counts all() const noexcept {
    return {nan_, infinite_, clipped_, underflowed_};
  }

 private:
  std::atomic<std::size_t> nan_{0};
  std::atomic<std::size_t> infinite_{0};
  std::atomic<std::size_t> clipped_{0};
  std::atomic<std::size_t> underflowed_{0};
};

/// One call of quantize with a transform, tile by tile: each is transformed in the first-level
/// cache and goes on from there.
template <transformable T>
class tile_transformer {
 public:
  /// Needs: tiles.serves().
  tile_transformer(const quantize_tiles& tiles, const basic_packed_view<std::byte>& out,
                   const tensor_view<const T>& x, const hadamard& t, simd::target kernels)
      : tiles_(tiles), out_(out), x_(x), transform_(t, hadamard_direction::forward, kernels) {}

  /// Calls f(destination, floats, index of the first element) for every tile.
  template <class Function>
  void for_each_tile(executor_ref executor, const Function& f) const {
    executor.for_each_chunk(tiles_.count(), tiles_.grain(), [&](std::size_t i, std::size_t end) {
      alignas(64) float y[quantize_tiles::elements];
      for (; i < end; ++i) {
        const quantize_tiles::part at = tiles_[i];
        const std::ptrdiff_t stride = x_.inner_stride();
        transform_(x_.row_data(at.row) + static_cast<std::ptrdiff_t>(at.begin) * stride, stride, y,
                   1, at.size);
        f(part_of_row(out_, at.row, at.begin, at.size),
          tensor_view<const float>(&y[0], tensor_shape{at.size}), tiles_.index(at));
      }
    });
  }

 private:
  const quantize_tiles& tiles_;
  const basic_packed_view<std::byte>& out_;
  const tensor_view<const T>& x_;
  simd::detail::row_transformer<T, float> transform_;
};

/// The range of the transformed x.
template <transformable T>
surveyed_range survey_transformed(const tile_transformer<T>& tiles, const quantize_options& options,
                                  const simd::quantize_kernels& kernels) {
  range_collector all;
  tiles.for_each_tile(options.executor, [&](const basic_packed_view<std::byte>& tile,
                                            const tensor_view<const float>& y, std::size_t) {
    all.add(quantizer<float>(tile, y, options, kernels).survey({}));
  });
  return all.all();
}

}  // namespace binade::inline v0::detail
