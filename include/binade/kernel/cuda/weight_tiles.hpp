// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/weight_codec.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <cmath>  // ldexp
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace binade::inline v0::cuda {

/// k's of a tile, the unit in which kernels read weights. `in` is a multiple of it.
inline constexpr std::size_t weight_tile_depth = 64;
/// Rows of a tile.
inline constexpr std::size_t weight_tile_rows = 16;
/// `out` is padded with zero rows to a multiple of this.
inline constexpr std::size_t weight_row_step = 128;

/// Where the parts of repacked weights w[out, in] lie, for kernels and for the repacking.
///
/// A tile is 16 rows x 64 k. Lane l of the warp that reads it holds rows g = l / 4 and g + 8, and
/// of both the codes k = 32 j + 8 (l % 4) + {0..7} for j = 0, 1: what a lane feeds to four
/// tensor-core instructions, with no code read twice.
struct weight_shape {
  weight_kind kind = weight_kind::nvfp4;
  std::size_t out = 0;
  std::size_t in = 0;
  std::size_t group = 0;  ///< k's that share a float scale; of int4 and e4m3fn alone

  [[nodiscard]] BINADE_HD constexpr std::size_t padded_out() const noexcept {
    return (out + weight_row_step - 1) / weight_row_step * weight_row_step;
  }
  /// Tiles along k, and of the padded rows.
  [[nodiscard]] BINADE_HD constexpr std::size_t tiles_in() const noexcept {
    return in / weight_tile_depth;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t tiles_out() const noexcept {
    return padded_out() / weight_tile_rows;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t tile_words() const noexcept {
    return kind == weight_kind::e4m3fn ? 256 : 128;
  }
  [[nodiscard]] BINADE_HD constexpr bool has_block_scales() const noexcept {
    return kind == weight_kind::nvfp4 || kind == weight_kind::mxfp4;
  }
  /// 32-bit words of the scales of a tile (block formats), or of 16 rows of a group.
  [[nodiscard]] BINADE_HD constexpr std::size_t scale_words() const noexcept {
    return kind == weight_kind::mxfp4 ? 8 : 16;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t groups() const noexcept {
    return has_block_scales() ? tiles_in() : (in + group - 1) / group;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t code_bytes() const noexcept {
    return tiles_out() * tiles_in() * tile_words() * 4;
  }
  [[nodiscard]] BINADE_HD constexpr std::size_t scale_bytes() const noexcept {
    return tiles_out() * groups() * scale_words() * 4;
  }

  /// The stored word that holds w[row, k], w[row, k + 1], ...; k is a multiple of a word's codes.
  [[nodiscard]] BINADE_HD constexpr std::size_t code_word(std::size_t row,
                                                          std::size_t k) const noexcept {
    const std::size_t tile = row / weight_tile_rows * tiles_in() + k / weight_tile_depth;
    const std::size_t lane = row % 8 * 4 + k % 32 / 8;
    const std::size_t lower = row % weight_tile_rows / 8;
    const std::size_t half = k % weight_tile_depth / 32;
    if (kind == weight_kind::e4m3fn) {
      return tile * 256 + half * 128 + lane * 4 + lower * 2 + k % 8 / 4;
    }
    return tile * 128 + lane * 4 + half * 2 + lower;
  }
  /// The byte of the scale of the block of w[row, k].
  [[nodiscard]] BINADE_HD constexpr std::size_t scale_byte(std::size_t row,
                                                           std::size_t k) const noexcept {
    const std::size_t tile = row / weight_tile_rows * tiles_in() + k / weight_tile_depth;
    const std::size_t lane_pair = kind == weight_kind::mxfp4 ? row % 8 : row % 8 * 2 + k % 32 / 16;
    const std::size_t at = row % weight_tile_rows / 8 * 2 + k % weight_tile_depth / 32;
    return (tile * scale_words() + lane_pair) * 4 + at;
  }
  /// The index of the float scale of w[row, k].
  [[nodiscard]] BINADE_HD constexpr std::size_t scale_float(std::size_t row,
                                                            std::size_t k) const noexcept {
    const std::size_t strip = row / weight_tile_rows * groups() + k / group;
    return strip * 16 + row % 8 * 2 + row % weight_tile_rows / 8;
  }
};

/// Repacked weights in memory that a GPU reads; what weight_tiles holds, copied there.
struct weight_tiles_view {
  weight_shape shape;
  const std::byte* codes = nullptr;    ///< [shape.code_bytes()], at a multiple of 16
  const std::byte* scales = nullptr;   ///< [shape.scale_bytes()], at a multiple of 8
  const float* row_factors = nullptr;  ///< [shape.padded_out()]
};

/// Weights in the order of the weight-only kernels, on the host.
struct weight_tiles {
  weight_shape shape;
  std::vector<std::byte> codes;
  std::vector<std::byte> scales;
  /// A row's sums are multiplied by it: the tensor scale and what the decoding leaves out. NaN for
  /// a row that has one, as every product with it is NaN.
  std::vector<float> row_factors;
  /// What restore_weights needs beside these.
  packed_description description;
  float tensor_scale = 1;
  int largest_scale = 0;  ///< code of the largest MXFP4 scale

  [[nodiscard]] weight_tiles_view view() const noexcept {
    return {shape, codes.data(), scales.data(), row_factors.data()};
  }
};

namespace detail {

/// NVFP4 weights are decoded to 2^-7 times the value without its tensor scale.
inline constexpr float nvfp4_row_factor = 128;
/// The stored scale byte of the largest MXFP4 scale, the exponent field of a bfloat16: elements are
/// decoded to 2^-126 times their value, so it makes up for that.
inline constexpr int mxfp4_top = 126 + 127;
/// How many binades below the largest an MXFP4 scale may lie: 0.5 * 2^-132 is the least bfloat16.
inline constexpr int mxfp4_span = 132;
inline constexpr std::uint32_t e8m0_nan = 0xff;

[[nodiscard]] inline weight_shape shape_of_weights(const any_packed_view& w) {
  const packed_description& d = w.description;
  const tensor_shape& s = w.shape();
  const auto refuse = [&](const std::string& what) {
    BINADE_THROW(error{
        "repack_weights: " + what +
        "; allowed are w[out, in] with `in` a multiple of 64, of nvfp4, "
        "mxfp4, int4 (symmetric, binary32 scales, 32 or a multiple of 64 k a scale, or whole rows) "
        "or e4m3fn (binary32 scales, a multiple of 64 k a scale, or whole rows)"});
  };
  if (s.rank() != 2 || s.size() == 0 || d.layout.axis() != 1 ||
      s.extent(1) % weight_tile_depth != 0) {
    refuse("w is " + to_string(s) + " with codes along axis " + std::to_string(d.layout.axis()));
  }
  weight_shape result{.out = s.extent(0), .in = s.extent(1)};
  const std::size_t cell = d.layout.cell_length();
  const auto is = [&d](const any_format& element, const any_format& scale) {
    return d.element == element && d.scale == scale && d.group == group_kind::symmetric &&
           d.element_exponent == 0;
  };
  if (is(any_format::of<e2m1fn>(), any_format::of<ue4m3>()) && d.is_block_format && cell == 16) {
    result.kind = weight_kind::nvfp4;
  } else if (is(any_format::of<e2m1fn>(), any_format::of<e8m0fnu>()) && d.is_block_format &&
             cell == 32) {
    result.kind = weight_kind::mxfp4;
  } else if (is(any_format::of<int4>(), any_format::binary32())) {
    result.kind = weight_kind::int4;
  } else if (is(any_format::of<e4m3fn>(), any_format::binary32())) {
    result.kind = weight_kind::e4m3fn;
  } else {
    refuse(std::string("w is of ") + d.names->name);
  }
  if (result.has_block_scales()) return result;
  result.group = cell;
  const bool half_a_tile = cell == 32 && result.kind == weight_kind::int4;
  if (!half_a_tile && cell % weight_tile_depth != 0) {
    refuse(std::to_string(cell) + " k share a scale");
  }
  return result;
}

/// The largest MXFP4 scale code but NaN.
///
/// Throws: error if the others lie too far below it.
[[nodiscard]] inline int largest_scale(const any_packed_view& w) {
  int most = 0;
  for (const std::byte b : w.scales) {
    const int code = static_cast<int>(b);
    if (code != static_cast<int>(e8m0_nan) && code > most) most = code;
  }
  const std::size_t blocks = w.description.layout.cells_per_row();
  for (std::size_t i = 0; i < w.scales.size(); ++i) {
    const int code = static_cast<int>(w.scales[i]);
    const std::byte* codes =
        w.codes.data() + i / blocks * w.description.layout.row_bytes() + i % blocks * 16;
    bool is_zero = true;
    for (std::size_t at = 0; at < 16; ++at)
      is_zero &= (codes[at] & std::byte{0x77}) == std::byte{0};
    // A block of zeros has any scale whose code can be kept.
    if (most - code > (is_zero ? mxfp4_top : mxfp4_span)) {
      BINADE_THROW(error{"repack_weights: MXFP4 scales 2^" + std::to_string(most - 127) +
                         " and 2^" + std::to_string(code - 127) + " in one tensor; allowed are " +
                         std::to_string(mxfp4_span) + " binades between blocks that are not zero"});
    }
  }
  return most;
}

/// An E8M0 code as the exponent field of a bfloat16, below the largest scale's; and back.
[[nodiscard]] constexpr std::uint32_t rebase_scale(std::uint32_t code, int largest) noexcept {
  return code == e8m0_nan
             ? e8m0_nan
             : static_cast<std::uint32_t>(static_cast<int>(code) + mxfp4_top - largest);
}
[[nodiscard]] constexpr std::uint32_t original_scale(std::uint32_t byte, int largest) noexcept {
  return byte == e8m0_nan
             ? e8m0_nan
             : static_cast<std::uint32_t>(static_cast<int>(byte) - mxfp4_top + largest);
}

/// Whether a word of packed codes of an element format holds a NaN.
[[nodiscard]] constexpr bool has_nan(weight_kind kind, std::uint32_t codes) noexcept {
  if (kind != weight_kind::e4m3fn) return false;
  for (int i = 0; i < 32; i += 8) {
    if ((codes >> i & 0x7f) == 0x7f) return true;
  }
  return false;
}

/// Calls f(row, k, address of the packed codes) for each word of codes.
template <class Bytes, class Function>
void for_each_word(const weight_shape& shape, std::size_t row_bytes, Bytes* codes, Function&& f) {
  const std::size_t step = shape.kind == weight_kind::e4m3fn ? 4 : 8;
  for (std::size_t row = 0; row < shape.out; ++row) {
    for (std::size_t k = 0; k < shape.in; k += step) {
      f(row, k, codes + row * row_bytes + k / step * 4);
    }
  }
}

}  // namespace detail

/// Puts packed weights in the order in which the weight-only kernels read them. Once, offline.
///
/// Shapes: w[out, in], in a multiple of 64; rows are padded to a multiple of 128.
/// NaN:    a row with a NaN element or scale gets the row factor NaN.
/// Error:  exact but for a tensor scale stored as a divisor, whose reciprocal is rounded.
/// Post:   restore_weights(result) is w, bit for bit.
/// Throws: error if w is of no format or shape that the kernels take, or its MXFP4 scales lie more
///         than 132 binades apart.
[[nodiscard]] inline weight_tiles repack_weights(const any_packed_view& w) {
  weight_tiles t;
  t.shape = detail::shape_of_weights(w);
  t.description = w.description;
  t.tensor_scale = w.tensor_scale;
  const weight_shape& s = t.shape;
  const packed_layout& layout = w.description.layout;
  t.codes.resize(s.code_bytes());
  t.scales.resize(s.scale_bytes());

  float factor = 1;
  if (w.description.tensor_scale == tensor_scale_kind::multiplier) factor = w.tensor_scale;
  if (w.description.tensor_scale == tensor_scale_kind::divisor) factor = 1 / w.tensor_scale;
  if (s.kind == weight_kind::nvfp4) factor *= detail::nvfp4_row_factor;
  if (s.kind == weight_kind::mxfp4) {
    t.largest_scale = detail::largest_scale(w);
    factor *= std::ldexp(1.0F, t.largest_scale - 127);
  }
  t.row_factors.assign(s.padded_out(), 0.0F);
  for (std::size_t row = 0; row < s.out; ++row) t.row_factors[row] = factor;
  const float nan = std::numeric_limits<float>::quiet_NaN();

  detail::for_each_word(s, layout.row_bytes(), w.codes.data(),
                        [&](std::size_t row, std::size_t k, const std::byte* from) {
                          std::uint32_t codes = 0;
                          std::memcpy(&codes, from, 4);
                          if (detail::has_nan(s.kind, codes)) t.row_factors[row] = nan;
                          codes = store_codes(s.kind, codes);
                          std::memcpy(t.codes.data() + s.code_word(row, k) * 4, &codes, 4);
                        });
  for (std::size_t row = 0; row < s.out; ++row) {
    const std::size_t first = layout.first_cell_of_row(row);
    for (std::size_t c = 0; c * layout.cell_length() < s.in; ++c) {
      const std::size_t k = c * layout.cell_length();
      std::uint32_t code = w.scale_code(first + c);
      if (!s.has_block_scales()) {
        std::memcpy(t.scales.data() + s.scale_float(row, k) * 4, &code, 4);
        continue;
      }
      if (w.description.scale.classify(code) == value_class::nan) t.row_factors[row] = nan;
      if (s.kind == weight_kind::mxfp4) code = detail::rebase_scale(code, t.largest_scale);
      t.scales[s.scale_byte(row, k)] = static_cast<std::byte>(code);
    }
  }
  return t;
}

/// The packed weights that `t` was made from: the inverse of repack_weights.
[[nodiscard]] inline any_packed_tensor restore_weights(const weight_tiles& t) {
  any_packed_tensor result(t.description);
  result.set_tensor_scale(t.tensor_scale);
  const weight_shape& s = t.shape;
  const packed_layout& layout = t.description.layout;
  const basic_packed_view<std::byte> w = result.mutable_view();
  detail::for_each_word(s, layout.row_bytes(), w.codes.data(),
                        [&](std::size_t row, std::size_t k, std::byte* to) {
                          std::uint32_t word = 0;
                          std::memcpy(&word, t.codes.data() + s.code_word(row, k) * 4, 4);
                          word = packed_codes(s.kind, word);
                          std::memcpy(to, &word, 4);
                        });
  for (std::size_t row = 0; row < s.out; ++row) {
    const std::size_t first = layout.first_cell_of_row(row);
    for (std::size_t c = 0; c * layout.cell_length() < s.in; ++c) {
      const std::size_t k = c * layout.cell_length();
      if (!s.has_block_scales()) {
        std::memcpy(w.scales.data() + (first + c) * 4, t.scales.data() + s.scale_float(row, k) * 4,
                    4);
        continue;
      }
      auto code = static_cast<std::uint32_t>(t.scales[s.scale_byte(row, k)]);
      if (s.kind == weight_kind::mxfp4) code = detail::original_scale(code, t.largest_scale);
      w.scales[first + c] = static_cast<std::byte>(code);
    }
  }
  return result;
}

}  // namespace binade::inline v0::cuda
