// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"  // tensor_scales
#include "binade/kernel/reference/gemm.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/product_panels.hpp"
#include "binade/kernel/simd/product_targets.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

// Blocks for the caches: a piece of work multiplies `rows_at_once` rows of x, some steps of k at a
// time, by a few panels of w. The steps of a panel fit in the first-level cache beside those of a
// tile's rows; those of all the rows, the panels and the sums in the second-level one. Sums wait in
// memory between steps, which takes nothing from their order.

namespace binade::inline v0::simd {

inline constexpr std::size_t rows_at_once = 192;  ///< a multiple of every tile's rows

/// Panels that a piece of work takes: few enough pieces to share what is read of x, enough of them
/// to share between threads.
[[nodiscard]] inline std::size_t panels_of_piece(std::size_t panels) noexcept {
  return std::clamp<std::size_t>(panels / 16, 1, 4);
}

/// The tiles that cover a number of rows, the tallest first.
class tile_cover {
 public:
  template <class Tile>
  tile_cover(std::size_t rows, const tile_kernels<Tile>& kernels) {
    for (std::size_t i = 0; i < 3; ++i) {
      height_[i] = static_cast<std::size_t>(kernels.by_rows[i].rows);
      count_[i] = rows / height_[i];
      rows %= height_[i];
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_[0] + count_[1] + count_[2]; }

  struct place {
    std::size_t first;
    std::size_t kernel;
    std::size_t rows;
  };
  [[nodiscard]] place operator[](std::size_t i) const noexcept {
    place p{0, 0, height_[0]};
    for (; i >= count_[p.kernel]; p.rows = height_[++p.kernel]) {
      i -= count_[p.kernel];
      p.first += count_[p.kernel] * p.rows;
    }
    p.first += i * p.rows;
    return p;
  }

 private:
  std::size_t height_[3];
  std::size_t count_[3];
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

/// What becomes of sums: they are multiplied, or the tensor scales are applied in full.
struct sum_finish {
  float multiplier = 1;
  const reference::tensor_scales* divides = nullptr;  ///< unless there is nothing to divide by
};

/// Finishes a tile of sums and stores its first columns in y.
inline void store_tile(float* sums, const product_tiles& tiles, const sum_finish& finish,
                       const tensor_view<float>& y, std::size_t first_row, std::size_t rows,
                       std::size_t first_column) {
  const std::size_t columns = std::min(tiles.width, y.extent(1) - first_column);
  const std::ptrdiff_t stride = y.inner_stride();
  for (std::size_t r = 0; r < rows; ++r, sums += tiles.width) {
    float* out = y.row_data(first_row + r) + static_cast<std::ptrdiff_t>(first_column) * stride;
    if (finish.divides != nullptr) apply_each(*finish.divides, sums, columns);
    if (stride == 1 && columns == tiles.width) {
      tiles.finish_row(sums, finish.multiplier, out);
      continue;
    }
    tiles.finish_row(sums, finish.multiplier, sums);
    for (std::size_t j = 0; j < columns; ++j) {
      std::memcpy(out + static_cast<std::ptrdiff_t>(j) * stride, sums + j, sizeof(float));
    }
  }
}

/// Steps [begin, end) of k of a tile times a panel.
struct tile_step {
  std::size_t row;   ///< first one in x
  std::size_t rows;  ///< of the tile
  std::size_t next;  ///< as many if as tall a tile follows, else 0
  std::size_t panel;
  std::size_t begin;
  std::size_t end;
  float* sums;
};

/// Multiplies all of x by panels [first, first + count) of w and stores their columns of y.
/// multiply(step, kernel) adds products to sums.
template <class Tile, class Multiply>
void multiply_panels(std::size_t first, std::size_t count, std::size_t steps,
                     std::size_t steps_at_once, const tile_kernels<Tile>& kernels,
                     const product_tiles& tiles, const sum_finish& finish,
                     const tensor_view<float>& y, const Multiply& multiply) {
  const std::size_t tokens = y.extent(0);
  const std::size_t sums_of_panel = std::min(tokens, rows_at_once) * tiles.width;
  line_vector<float> sums(sums_of_panel * count);
  for (std::size_t begin = 0; begin < tokens; begin += rows_at_once) {
    const tile_cover cover(std::min(rows_at_once, tokens - begin), kernels);
    const auto for_each_tile = [&](auto&& f) {
      for (std::size_t p = 0; p < count; ++p) {
        for (std::size_t i = 0; i < cover.size(); ++i) {
          const tile_cover::place at = cover[i];
          f(p, at, sums.data() + p * sums_of_panel + at.first * tiles.width);
        }
      }
    };
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t k = 0; k < steps; k += steps_at_once) {
      const std::size_t end = std::min(k + steps_at_once, steps);
      for_each_tile([&](std::size_t p, const tile_cover::place& at, float* tile_sums) {
        const std::size_t row = begin + at.first;
        const std::size_t next = row + 2 * at.rows <= tokens ? at.rows : 0;
        multiply(tile_step{row, at.rows, next, p, k, end, tile_sums},
                 kernels.by_rows[at.kernel].multiply);
      });
    }
    for_each_tile([&](std::size_t p, const tile_cover::place& at, float* tile_sums) {
      store_tile(tile_sums, tiles, finish, y, begin + at.first, at.rows, (first + p) * tiles.width);
    });
  }
}

/// About `most` steps at once, of nearly the same number each time.
[[nodiscard]] inline std::size_t even_steps(std::size_t steps, std::size_t most) noexcept {
  const std::size_t parts =
      std::max<std::size_t>((steps + most - 1) / std::max<std::size_t>(most, 1), 1);
  return std::max<std::size_t>((steps + parts - 1) / parts, 1);
}

/// Number of panels that `outs` rows of w make.
[[nodiscard]] inline std::size_t panel_count(std::size_t outs,
                                             const product_tiles& tiles) noexcept {
  return (outs + tiles.width - 1) / tiles.width;
}

/// All of x as floats, tile by tile.
class float_activations {
 public:
  float_activations(const operand& x, executor_ref executor, const product_tiles& tiles)
      : in_(x.shape().extent(1)), tiles_(tiles), values_(x.shape().size()) {
    const float_side side(x, tiles);
    const tile_cover cover(x.shape().extent(0), tiles.floats);
    executor.for_each_chunk(cover.size(), 4, [&](std::size_t begin, std::size_t end) {
      float_side::scratch scratch(side, cover[begin].rows);
      const fp_environment_guard guard;
      for (std::size_t i = begin; i < end; ++i) {
        const tile_cover::place at = cover[i];
        side.read(at.first, at.rows, at.rows, values_.data() + at.first * in_, scratch);
      }
    });
  }
  /// Multiplies by `count` panels of w from `first` on, panels[count][in][width].
  void multiply(std::size_t first, std::size_t count, const float* panels,
                const tensor_view<float>& y) const {
    const fp_environment_guard guard;
    multiply_panels(first, count, in_, even_steps(in_, 192), tiles_.floats, tiles_, {}, y,
                    [&](const tile_step& s, const auto& kernel) {
                      kernel({values_.data() + s.row * in_ + s.begin * s.rows,
                              panels + (s.panel * in_ + s.begin) * tiles_.width, s.end - s.begin,
                              s.sums, s.next * in_});
                    });
  }

 private:
  std::size_t in_;
  const product_tiles& tiles_;
  line_vector<float> values_;
};

/// Reads panels [first, first + count) of w: out[count][in][width].
inline void read_float_panels(const float_side& w, const tensor_shape& shape, std::size_t first,
                              std::size_t count, std::size_t width, float* out) {
  float_side::scratch scratch(w, width);
  const fp_environment_guard guard;
  for (std::size_t p = first; p < first + count; ++p, out += shape.extent(1) * width) {
    w.read(p * width, std::min(width, shape.extent(0) - p * width), width, out, scratch);
  }
}

/// gemm of operands that are read as floats.
inline void float_gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                       executor_ref executor, const product_tiles& tiles) {
  const float_activations activations(x, executor, tiles);
  const float_side side(w, tiles);
  const std::size_t panels = panel_count(y.extent(1), tiles);
  executor.for_each_chunk(panels, panels_of_piece(panels), [&](std::size_t begin, std::size_t end) {
    line_vector<float> values((end - begin) * w.shape().extent(1) * tiles.width);
    read_float_panels(side, w.shape(), begin, end - begin, tiles.width, values.data());
    activations.multiply(begin, end - begin, values.data(), y);
  });
}

/// The integers of both operands of a product, if sums of 32 bits hold them.
struct integer_plan {
  integer_codes x;
  integer_codes w;
  int x_scale;  ///< integer = element * 2^x_scale
  int w_scale;
  integer_layout layout;

  [[nodiscard]] static std::optional<integer_plan> make(const packed_description& x, int x_scale,
                                                        const packed_description& w, int w_scale,
                                                        const product_tiles& tiles) {
    const integer_codes xs(x.element, x_scale);
    const integer_codes ws(w.element, w_scale);
    const auto layout = choose_layout(ws, xs, w.layout.cell_length(), tiles.byte_pair_limit);
    if (!layout) return std::nullopt;
    return integer_plan{xs, ws, x_scale, w_scale, *layout};
  }
  [[nodiscard]] integer_side x_side(const any_packed_view& packed,
                                    const product_tiles& tiles) const {
    return {packed, x_scale, x, layout.bias, 0, layout, tiles};
  }
  [[nodiscard]] integer_side w_side(const any_packed_view& packed,
                                    const product_tiles& tiles) const {
    return {packed, w_scale, w, 0, layout.bias, layout, tiles};
  }
};

/// Panels of w as integers.
///
/// Shapes: units[panels][blocks][units][width], scales and corrections [panels][blocks][width].
struct integer_panels {
  const std::uint32_t* units;
  const float* scales;
  const std::uint32_t* corrections;
  power_range powers;  ///< of the scales
};

/// Memory of panels of w.
class integer_panel_memory {
 public:
  integer_panel_memory() = default;
  integer_panel_memory(const integer_side& w, std::size_t panels, std::size_t width)
      : panel_units_(w.row_units() * width),
        panel_scales_(w.blocks() * width),
        units_(panels * panel_units_),
        scales_(panels * panel_scales_),
        corrections_(panels * panel_scales_) {}

  /// Where panel number i stands.
  [[nodiscard]] integer_columns at(std::size_t i) noexcept {
    return {units_.data() + i * panel_units_, scales_.data() + i * panel_scales_,
            corrections_.data() + i * panel_scales_};
  }
  /// The panels from number i on.
  [[nodiscard]] integer_panels from(std::size_t i, const power_range& powers) const noexcept {
    return {units_.data() + i * panel_units_, scales_.data() + i * panel_scales_,
            corrections_.data() + i * panel_scales_, powers};
  }
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return 4 * (units_.size() + scales_.size() + corrections_.size());
  }

 private:
  std::size_t panel_units_ = 0;
  std::size_t panel_scales_ = 0;
  line_vector<std::uint32_t> units_;
  line_vector<float> scales_;
  line_vector<std::uint32_t> corrections_;
};

/// Reads panels [first, first + count) of w, a matrix of `outs` rows, into those of `out` from
/// number `to` on.
///
/// Post: returns the range of their scales.
inline power_range read_integer_panels(const integer_side& w, std::size_t outs, std::size_t first,
                                       std::size_t count, std::size_t width,
                                       integer_panel_memory& out, std::size_t to) {
  integer_side::scratch scratch(w, width);
  power_range powers;
  for (std::size_t p = first; p < first + count; ++p, ++to) {
    w.read(p * width, std::min(width, outs - p * width), width, out.at(to), powers, scratch);
  }
  return powers;
}

/// All of x as integers, tile by tile.
class integer_activations {
 public:
  integer_activations(const any_packed_view& x, const integer_plan& plan, executor_ref executor,
                      const product_tiles& tiles)
      : tiles_(tiles), layout_(plan.layout) {
    const integer_side side = plan.x_side(x, tiles);
    const std::size_t tokens = x.shape().extent(0);
    blocks_ = side.blocks();
    units_.resize(tokens * blocks_ * layout_.units);
    scales_.resize(tokens * blocks_);
    const tile_cover cover(tokens, kernels(scale_product::floats));
    std::vector<power_range> powers(cover.size());
    executor.for_each_chunk(cover.size(), 4, [&](std::size_t begin, std::size_t end) {
      integer_side::scratch scratch(side, cover[begin].rows);
      for (std::size_t i = begin; i < end; ++i) {
        const tile_cover::place at = cover[i];
        side.read(at.first, at.rows, at.rows,
                  {units_.data() + at.first * blocks_ * layout_.units,
                   scales_.data() + at.first * blocks_, nullptr},
                  powers[i], scratch);
      }
    });
    for (const power_range& range : powers) powers_.include(range);
    if (!powers_.multiplies(power_range::of_one())) return;
    unbiased_scales_.resize(scales_.size());
    for (std::size_t i = 0; i < scales_.size(); ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &scales_[i], sizeof bits);
      bits -= bit_cast<std::uint32_t>(1.0F);
      std::memcpy(&unbiased_scales_[i], &bits, sizeof bits);
    }
  }
  /// Multiplies by `count` panels of w from `first` on.
  void multiply(std::size_t first, std::size_t count, const integer_panels& panels,
                const reference::tensor_scales& tensor, const tensor_view<float>& y) const {
    const bool adds = powers_.multiplies(panels.powers);
    const float* scales = adds ? unbiased_scales_.data() : scales_.data();
    sum_finish finish;
    finish.multiplier = tensor.only_multiplier();
    if (tensor.has_divisor()) finish.divides = &tensor;
    const std::size_t most =
        std::max<std::size_t>(128 / std::max<std::size_t>(layout_.units, 1), 1);
    const std::size_t width = tiles_.width;
    const fp_environment_guard guard;
    multiply_panels(first, count, blocks_, even_steps(blocks_, most),
                    kernels(adds ? scale_product::powers : scale_product::floats), tiles_, finish,
                    y, [&](const tile_step& s, const auto& kernel) {
                      const std::size_t x_at = s.row * blocks_ + s.begin * s.rows;
                      const std::size_t w_at = (s.panel * blocks_ + s.begin) * width;
                      integer_tile tile{};
                      tile.x = units_.data() + x_at * layout_.units;
                      tile.x_scales = scales + x_at;
                      tile.panel = panels.units + w_at * layout_.units;
                      tile.w_scales = panels.scales + w_at;
                      tile.corrections = panels.corrections + w_at;
                      tile.blocks = s.end - s.begin;
                      tile.units = layout_.units;
                      tile.sums = s.sums;
                      tile.ahead = s.next * blocks_ * layout_.units;
                      kernel(tile);
                    });
  }

 private:
  [[nodiscard]] const integer_kernels& kernels(scale_product how) const noexcept {
    return (layout_.bytes ? tiles_.bytes : tiles_.words)[static_cast<std::size_t>(how)];
  }

  const product_tiles& tiles_;
  integer_layout layout_;
  std::size_t blocks_ = 0;
  line_vector<std::uint32_t> units_;
  line_vector<float> scales_;
  line_vector<float> unbiased_scales_;  ///< their bits without the exponent's bias
  power_range powers_;
};

/// gemm of operands whose blocks are summed in integers.
inline void integer_gemm(const any_packed_view& x, const any_packed_view& w,
                         const integer_plan& plan, const tensor_view<float>& y,
                         executor_ref executor, const product_tiles& tiles) {
  const integer_activations activations(x, plan, executor, tiles);
  const integer_side side = plan.w_side(w, tiles);
  const reference::tensor_scales tensor(x, w);
  const std::size_t panels = panel_count(y.extent(1), tiles);
  executor.for_each_chunk(panels, panels_of_piece(panels), [&](std::size_t begin, std::size_t end) {
    integer_panel_memory memory(side, end - begin, tiles.width);
    const power_range powers =
        read_integer_panels(side, y.extent(1), begin, end - begin, tiles.width, memory, 0);
    activations.multiply(begin, end - begin, memory.from(0, powers), tensor, y);
  });
}

/// gemm on the kernels of one target; operands and shapes were checked.
inline void gemm(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor, const product_tiles& tiles) {
  const auto scales = reference::integer_scales(x, w);
  if (!scales) {
    float_gemm(x, w, y, executor, tiles);
    return;
  }
  const auto plan = integer_plan::make(x.packed()->description, scales->first,
                                       w.packed()->description, scales->second, tiles);
  if (plan) {
    integer_gemm(*x.packed(), *w.packed(), *plan, y, executor, tiles);
  } else {
    reference::integer_gemm(*x.packed(), scales->first, *w.packed(), scales->second, y, executor);
  }
}

}  // namespace binade::inline v0::simd
