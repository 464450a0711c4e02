// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"  // tensor_scales
#include "binade/kernel/reference/gemm.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/product_rows.hpp"
#include "binade/kernel/simd/product_targets.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace binade::inline v0::simd {

/// Calls f(first, kernel) for tiles that cover `rows` rows, the tallest first.
template <class Tile, std::size_t N, class Function>
void for_each_tile(const tile_kernel<Tile> (&kernels)[N], std::size_t rows, Function&& f) {
  std::size_t first = 0;
  for (const tile_kernel<Tile>& kernel : kernels) {
    const auto height = static_cast<std::size_t>(kernel.rows);
    for (; first + height <= rows; first += height) f(first, kernel);
  }
}

/// Copies the first rows and columns of a tile of results into y, with one NaN for all.
inline void store_tile(const float* tile, std::size_t width, const tensor_view<float>& y,
                       std::size_t first_row, std::size_t rows, std::size_t first_column) {
  const std::size_t columns = std::min(width, y.extent(1) - first_column);
  const std::ptrdiff_t stride = y.inner_stride();
  for (std::size_t r = 0; r < rows; ++r, tile += width) {
    float* out = y.row_data(first_row + r) + static_cast<std::ptrdiff_t>(first_column) * stride;
    for (std::size_t j = 0; j < columns; ++j) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, tile + j, sizeof bits);
      reference::store_result(bits, out + static_cast<std::ptrdiff_t>(j) * stride);
    }
  }
}

/// Puts rows side by side: out[k][width] = rows[width][length].
template <class T>
void transpose_rows(const T* rows, std::size_t length, std::size_t width, T* out) noexcept {
  constexpr std::size_t step = 16;  // so many columns of the result stay in the first-level cache
  for (std::size_t begin = 0; begin < length; begin += step) {
    const std::size_t end = std::min(begin + step, length);
    for (std::size_t r = 0; r < width; ++r) {
      for (std::size_t k = begin; k < end; ++k) {
        std::memcpy(&out[k * width + r], &rows[r * length + k], sizeof(T));
      }
    }
  }
}

/// Rows of w side by side, as float tiles read them.
class float_panel {
 public:
  float_panel(std::size_t length, std::size_t width)
      : length_(length),
        width_(width),
        codes_(length),
        rows_(length * width),
        panel_(length * width) {}

  /// Reads rows first, first + 1, ... of w, of which `rows` are left.
  void read(const float_rows& w, std::size_t first, std::size_t rows) {
    for (std::size_t r = 0; r < std::min(rows, width_); ++r) {
      w.read(first + r, rows_.data() + r * length_, codes_.data());
    }
    transpose_rows(rows_.data(), length_, width_, panel_.data());
  }
  [[nodiscard]] const float* data() const noexcept { return panel_.data(); }

 private:
  std::size_t length_;
  std::size_t width_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> rows_;
  std::vector<float> panel_;
};

/// gemm of operands that are read as floats.
inline void float_gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                       executor_ref executor, const product_tiles& tiles) {
  const std::size_t tokens = y.extent(0);
  const std::size_t in = x.shape().extent(1);
  std::vector<float> xs(tokens * in);
  const float_rows x_rows(x);
  executor.for_each_chunk(tokens, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint8_t> codes(in);
    const fp_environment_guard guard;
    for (std::size_t t = begin; t < end; ++t) x_rows.read(t, xs.data() + t * in, codes.data());
  });
  const float_rows w_rows(w);
  const std::size_t outs = y.extent(1);
  executor.for_each_chunk(
      (outs + tiles.width - 1) / tiles.width, 1, [&](std::size_t begin, std::size_t end) {
        float_panel panel(in, tiles.width);
        std::vector<float> results(static_cast<std::size_t>(tiles.floats[0].rows) * tiles.width);
        const fp_environment_guard guard;
        for (std::size_t p = begin; p < end; ++p) {
          panel.read(w_rows, p * tiles.width, outs - p * tiles.width);
          for_each_tile(
              tiles.floats, tokens, [&](std::size_t t, const tile_kernel<float_tile>& kernel) {
                kernel.multiply({xs.data() + t * in, in, panel.data(), in, results.data()});
                store_tile(results.data(), tiles.width, y, t, static_cast<std::size_t>(kernel.rows),
                           p * tiles.width);
              });
        }
      });
}

/// How both operands of an integer product are laid out.
struct integer_layout {
  bool bytes;         ///< units of four bytes; else of two words
  int bias;           ///< added to w's bytes, which are unsigned
  std::size_t units;  ///< of a block, whose last one may be filled up with zeros

  [[nodiscard]] std::size_t unit_elements() const noexcept { return bytes ? 4 : 2; }
};

/// The layout for these integers in blocks of `block`, if sums of 32 bits hold them.
[[nodiscard]] inline std::optional<integer_layout> choose_layout(const integer_codes& x,
                                                                 const integer_codes& w,
                                                                 std::size_t block,
                                                                 int byte_pair_limit) noexcept {
  constexpr std::uint64_t limit = std::uint64_t{1} << 31;
  const auto fits = [block](std::uint64_t a, std::uint64_t b) {
    return a == 0 || b == 0 || block + 4 <= (limit - 1) / (a * b);
  };
  integer_layout layout{};
  layout.bias = -w.least;
  const int biased = w.largest - w.least;
  layout.bytes = biased <= 255 && x.least >= -128 && x.largest <= 127 &&
                 2 * biased * x.magnitude() <= byte_pair_limit;
  if (!layout.bytes) layout.bias = 0;
  layout.units = (block + layout.unit_elements() - 1) / layout.unit_elements();
  const auto largest_w = static_cast<std::uint64_t>(layout.bytes ? biased : w.magnitude());
  if (!fits(static_cast<std::uint64_t>(x.magnitude()), largest_w)) return std::nullopt;
  return layout;
}

/// Rows of one operand of an integer product as units.
class unit_rows {
 public:
  unit_rows(const any_packed_view& packed, const integer_codes& codes, int bias,
            const integer_layout& layout)
      : packed_(packed),
        layout_(layout),
        has_pairs_(packed.description.element.bit_count() == 4 && layout.bytes &&
                   packed.description.layout.cell_length() % 4 == 0) {
    for (std::size_t code = 0; code < 256; ++code) {
      const std::uint32_t mask = layout.bytes ? 0xffU : 0xffffU;
      units_[code] = static_cast<std::uint32_t>(codes.value[code] + bias) & mask;
      integers_[code] = codes.value[code];
    }
    for (std::size_t pair = 0; has_pairs_ && pair < 256; ++pair) {
      pairs_[pair] = units_[pair % 16] | units_[pair / 16] << 8;
    }
    nothing_ = static_cast<std::uint32_t>(bias);
  }
  /// Writes the units of a row and, unless null, the sum of the integers of each block.
  ///
  /// Shapes: codes[row_length] (scratch), out[blocks][units], sums[blocks].
  void read(std::size_t row, std::uint8_t* codes, std::uint32_t* out,
            std::int32_t* sums) const noexcept {
    const packed_layout& layout = packed_.description.layout;
    const std::size_t block = layout.cell_length();
    const std::size_t n = layout.row_length();
    std::size_t begin = 0;
    if (has_pairs_ && sums == nullptr) {
      // Four elements in two bytes, but for a block that is not complete.
      const std::byte* bytes = packed_.codes.data() + row * layout.row_bytes();
      begin = n / block * block;
      for (std::size_t k = 0; k < begin; k += 4, bytes += 2) {
        *out++ = pairs_[std::to_integer<int>(bytes[0])] | pairs_[std::to_integer<int>(bytes[1])]
                                                              << 16;
      }
      if (begin == n) return;
    }
    read_codes(packed_, row, codes);
    for (; begin < n; begin += block) {
      const std::size_t end = std::min(begin + block, n);
      std::size_t k = begin;
      std::int32_t sum = 0;
      for (std::size_t unit = 0; unit < layout_.units; ++unit, ++out) {
        std::uint32_t packed = 0;
        if (layout_.bytes && k + 4 <= end) {
          packed = units_[codes[k]] | units_[codes[k + 1]] << 8 | units_[codes[k + 2]] << 16 |
                   units_[codes[k + 3]] << 24;
          sum += integers_[codes[k]] + integers_[codes[k + 1]] + integers_[codes[k + 2]] +
                 integers_[codes[k + 3]];
          k += 4;
        } else {
          const unsigned bits = layout_.bytes ? 8 : 16;
          for (unsigned shift = 0; shift < 32; shift += bits, ++k) {
            packed |= (k < end ? units_[codes[k]] : nothing_) << shift;
            sum += k < end ? integers_[codes[k]] : 0;
          }
        }
        *out = packed;
      }
      if (sums != nullptr) *sums++ = sum;
    }
  }

 private:
  const any_packed_view& packed_;
  integer_layout layout_;
  bool has_pairs_;
  std::uint32_t nothing_ = 0;
  std::uint32_t units_[256];
  std::uint32_t pairs_[256];
  std::int32_t integers_[256];
};

/// Applies the tensor scales to n sums.
inline void apply_each(const reference::tensor_scales& tensor, float* sums, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, sums + i, sizeof bits);
    bits = tensor.apply(bits);
    std::memcpy(sums + i, &bits, sizeof bits);
  }
}

/// gemm of operands whose blocks are summed in integers; false if sums of 32 bits do not hold them
/// and nothing was written.
inline bool integer_gemm(const any_packed_view& x, int x_k, const any_packed_view& w, int w_k,
                         const tensor_view<float>& y, executor_ref executor,
                         const product_tiles& tiles) {
  const packed_layout& x_layout = x.description.layout;
  const integer_codes x_codes(x.description.element, x_k);
  const integer_codes w_codes(w.description.element, w_k);
  const auto chosen =
      choose_layout(x_codes, w_codes, x_layout.cell_length(), tiles.byte_pair_limit);
  if (!chosen) return false;
  const integer_layout& layout = *chosen;
  const std::size_t tokens = y.extent(0);
  const std::size_t outs = y.extent(1);
  const std::size_t in = x_layout.row_length();
  const std::size_t blocks = x_layout.cells_per_row();
  const std::size_t row_units = blocks * layout.units;

  std::vector<std::uint32_t> xs(tokens * row_units);
  std::vector<std::int32_t> corrections(tokens * blocks);
  std::vector<float> x_scales(tokens * blocks);
  const unit_rows x_rows(x, x_codes, 0, layout);
  const block_scales x_block_scales(x, x_k);
  executor.for_each_chunk(tokens, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint8_t> codes(in);
    for (std::size_t t = begin; t < end; ++t) {
      x_rows.read(t, codes.data(), xs.data() + t * row_units, corrections.data() + t * blocks);
      x_block_scales.read(t, x_scales.data() + t * blocks);
    }
  });
  for (std::int32_t& sum : corrections) sum *= -layout.bias;

  const unit_rows w_rows(w, w_codes, layout.bias, layout);
  const block_scales w_block_scales(w, w_k);
  const reference::tensor_scales tensor(x, w);
  const auto& kernels = layout.bytes ? tiles.bytes : tiles.words;
  executor.for_each_chunk(
      (outs + tiles.width - 1) / tiles.width, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<std::uint8_t> codes(in);
        std::vector<std::uint32_t> w_units(row_units * tiles.width);
        std::vector<std::uint32_t> panel(row_units * tiles.width);
        std::vector<float> row_scales(blocks * tiles.width);
        std::vector<float> scales(blocks * tiles.width);
        std::vector<float> results(static_cast<std::size_t>(kernels[0].rows) * tiles.width);
        const fp_environment_guard guard;
        for (std::size_t p = begin; p < end; ++p) {
          const std::size_t first = p * tiles.width;
          for (std::size_t r = 0; r < std::min(tiles.width, outs - first); ++r) {
            w_rows.read(first + r, codes.data(), w_units.data() + r * row_units, nullptr);
            w_block_scales.read(first + r, row_scales.data() + r * blocks);
          }
          transpose_rows(w_units.data(), row_units, tiles.width, panel.data());
          transpose_rows(row_scales.data(), blocks, tiles.width, scales.data());
          for_each_tile(kernels, tokens,
                        [&](std::size_t t, const tile_kernel<integer_tile>& kernel) {
                          integer_tile tile{};
                          tile.x = xs.data() + t * row_units;
                          tile.corrections = corrections.data() + t * blocks;
                          tile.x_scales = x_scales.data() + t * blocks;
                          tile.panel = panel.data();
                          tile.w_scales = scales.data();
                          tile.blocks = blocks;
                          tile.units = layout.units;
                          tile.out = results.data();
                          tile.multiplier = tensor.only_multiplier();
                          kernel.multiply(tile);
                          const auto rows = static_cast<std::size_t>(kernel.rows);
                          if (tensor.has_divisor())
                            apply_each(tensor, results.data(), rows * tiles.width);
                          store_tile(results.data(), tiles.width, y, t, rows, first);
                        });
        }
      });
  return true;
}

/// gemm on the kernels of one target; operands and shapes were checked.
inline void gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor, const product_tiles& tiles) {
  const auto scales = reference::integer_scales(x, w);
  if (!scales) {
    float_gemm(x, w, y, executor, tiles);
  } else if (!integer_gemm(*x.packed(), scales->first, *w.packed(), scales->second, y, executor,
                           tiles)) {
    reference::integer_gemm(*x.packed(), scales->first, *w.packed(), scales->second, y, executor);
  }
}

}  // namespace binade::inline v0::simd
