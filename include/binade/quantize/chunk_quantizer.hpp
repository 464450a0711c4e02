// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/kernel/simd/hadamard.hpp"  // hadamard_blocks
#include "binade/quantize/vector_plan.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/packing.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace binade::inline v0::detail {

/// Elements that vector kernels take at a time: their floats stay in the first-level cache between
/// the pass that finds the scales and the one that encodes.
inline constexpr std::size_t chunk_elements = 4096;
inline constexpr std::size_t least_block = 16;
/// With a transform: a chunk, its floats transformed and the next chunk are there at once.
inline constexpr std::size_t transformed_elements = 2048;

/// Source types that vector kernels read.
template <class T>
concept vector_source =
    std::same_as<T, float> || std::same_as<T, float16> || std::same_as<T, bfloat16>;

/// A chunk as binary32: where it is, or in a buffer if it is to be widened or transformed.
template <vector_source T>
class chunk_floats {
 public:
  /// Needs with a transform: chunks of whole blocks of it, the default floating-point environment.
  explicit chunk_floats(const simd::hadamard_blocks* transform = nullptr) noexcept
      : transform_(transform) {}

  [[nodiscard]] const float* operator()(const simd::quantize_kernels& kernels, const T* x,
                                        std::size_t n) noexcept {
    const float* from = floats_;
    if constexpr (std::same_as<T, float>) {
      from = x;
    } else {
      static_assert(sizeof(T) == sizeof(std::uint16_t) && std::is_standard_layout_v<T>);
      kernels.widen(
          reinterpret_cast<const std::uint16_t*>(x), floats_, n,
          std::same_as<T, bfloat16> ? simd::half_kind::bfloat16 : simd::half_kind::float16);
    }
    if (transform_ == nullptr) return from;
    (*transform_)(from, floats_, n);
    return floats_;
  }

 private:
  const simd::hadamard_blocks* transform_;
  alignas(64) float floats_[chunk_elements];
};

/// Largest and smallest magnitude of x[n].
template <vector_source T>
simd::magnitude_range vector_amax(const simd::quantize_kernels& kernels, const T* x,
                                  std::size_t n) noexcept {
  if constexpr (std::same_as<T, float>) {
    return kernels.amax(x, n);
  } else {
    chunk_floats<T> floats;
    simd::magnitude_range all;
    for (std::size_t i = 0; i < n; i += chunk_elements) {
      const std::size_t m = n - i < chunk_elements ? n - i : chunk_elements;
      const simd::magnitude_range r = kernels.amax(floats(kernels, x + i, m), m);
      if (r.largest > all.largest) all.largest = r.largest;
      if (r.smallest < all.smallest) all.smallest = r.smallest;
    }
    return all;
  }
}

/// Packs n codes of a row from position j on.
inline void write_codes(std::byte* row, std::size_t j, int bits, const std::byte* codes,
                        std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    write_code(row, j + i, bits, static_cast<std::uint32_t>(codes[i]));
  }
}

/// Encodes n <= chunk_elements floats without NaN and infinity into a row from position j on.
inline simd::run_counts encode_into_row(const vector_plan& plan, const float* x, std::size_t n,
                                        const simd::scaled_run& run, std::byte* row,
                                        std::size_t j) noexcept {
  const int bits = plan.elements.bits;
  const std::size_t first_bit = j * static_cast<std::size_t>(bits);
  const auto encode = plan.kernels->encode_scaled_run;
  if ((bits == 8 || bits == 6 || bits == 4) && first_bit % 8 == 0) {
    return encode(x, row + first_bit / 8, n, bits, plan.elements, run);
  }
  std::byte codes[chunk_elements];
  const simd::run_counts counts = encode(x, codes, n, 8, plan.elements, run);
  write_codes(row, j, bits, codes, n);
  return counts;
}

/// Quantizes chunks of blocks that lie along a row: their scales in one pass, their codes in a
/// second one. What the vectors do not do right goes to the definition, block by block.
template <vector_source T>
class chunk_quantizer {
 public:
  /// With a transform its blocks are whole in every row and in every chunk.
  chunk_quantizer(const vector_plan& plan, const basic_packed_view<std::byte>& out,
                  const simd::hadamard_blocks* transform) noexcept
      : plan_(plan),
        transform_(transform),
        scales_(out.scales.data()),
        scale_bytes_(out.description.scale_bytes_each()),
        block_(out.description.layout.cell_length()) {}

  /// Blocks that are whole vectors and fit in a chunk.
  [[nodiscard]] static bool serves(const packed_layout& layout) noexcept {
    for (int i = 0; i < layout.stored_shape().rank() - 1; ++i) {
      if (layout.cell_extent(i) != 1) return false;
    }
    return layout.cell_length() % least_block == 0 && layout.cell_length() <= chunk_elements;
  }
  /// The same with a transform: its blocks do not straddle chunks either.
  [[nodiscard]] static bool serves_transformed(const packed_layout& layout) noexcept {
    return serves(layout) && transformed_elements % layout.cell_length() == 0;
  }
  /// Elements of a chunk: whole blocks.
  [[nodiscard]] std::size_t chunk() const noexcept {
    return transform_ != nullptr ? transformed_elements : chunk_elements - chunk_elements % block_;
  }

  /// Quantizes x[n], which is position j of a row onwards; its blocks are number `cell` and the
  /// next. `scale_of(amax)` gives the code of a scale that has no kernel and `define(cell, floats,
  /// n, counts)` quantizes a block by the definition. x[i + chunk()] is fetched if `more` follow.
  template <class ScaleOf, class Define>
  void run(const T* x, std::size_t n, std::byte* row, std::size_t j, std::size_t cell, bool more,
           quantize_counts& counts, const ScaleOf& scale_of, const Define& define) const {
    const simd::quantize_kernels& k = *plan_.kernels;
    chunk_floats<T> as_floats(transform_);
    const float* floats = as_floats(k, x, n);
    block_values blocks;
    const std::size_t count = (n + block_ - 1) / block_;
    // The first pass fetches as much of the next chunk as suits its time, the second one the rest.
    const float* ahead = more ? reinterpret_cast<const float*>(x + n) : nullptr;
    const simd::magnitude_range range = k.block_amax(floats, n, block_, blocks.amax, ahead);
    for (std::size_t i = 0; i < spare; ++i) blocks.amax[count + i] = 0;
    const bool regular = find_scales(blocks, count, scale_of) && range.largest < infinity_bits;
    std::memcpy(scales_ + cell * scale_bytes_, stored_scales(blocks), count * scale_bytes_);
    if (!regular) replace_irregular(blocks, count);
    repeat_scales(blocks, count);

    simd::scaled_run run;
    run.inverse = blocks.inverse;
    run.scale = blocks.scale;
    run.tensor = plan_.tensor;
    run.form = plan_.form;
    run.shift = shift();
    run.ahead = ahead != nullptr ? ahead + n / 4 : nullptr;
    run.ahead_quarters = sizeof(T) - 1;
    const simd::run_counts c = encode_into_row(plan_, floats, n, run, row, j);
    counts.clipped += c.clipped;
    counts.underflowed += c.zeros;
    if (range.smallest == 0) counts.underflowed -= k.count_zero_values(floats, n);
    if (regular) return;
    for (std::size_t b = 0; b < count; ++b) {
      const std::size_t begin = b * block_;
      if (blocks.amax[b] < infinity_bits) continue;
      const std::size_t m = n - begin < block_ ? n - begin : block_;
      // The vectors counted this block too: what they make of it alone is taken back.
      std::byte unused[chunk_elements];
      simd::scaled_run alone = run;
      alone.inverse = blocks.inverse + (begin >> run.shift);
      alone.scale = blocks.scale + (begin >> run.shift);
      const simd::run_counts wrong =
          k.encode_scaled_run(floats + begin, unused, m, 8, plan_.elements, alone);
      counts.clipped -= wrong.clipped;
      counts.underflowed -= wrong.zeros;
      counts.underflowed += k.count_zero_values(floats + begin, m);
      define(cell + b, floats + begin, m, counts);
    }
  }

 private:
  static constexpr std::uint32_t infinity_bits = 0x7f800000;
  /// Kernels read and write whole vectors of scales, and up to 4 behind the last.
  static constexpr std::size_t spare = 20;
  static constexpr std::size_t capacity = chunk_elements / least_block + 2 * spare;
  struct block_values {
    std::uint32_t amax[capacity];
    float scale[capacity];
    float inverse[capacity];
    std::byte codes[4 * capacity];
  };

  /// Scales and reciprocals of `count` blocks and 4 more; false if a block has none that serves.
  template <class ScaleOf>
  bool find_scales(block_values& b, std::size_t count, const ScaleOf& scale_of) const {
    const simd::quantize_kernels& k = *plan_.kernels;
    switch (plan_.path) {
      case scale_path::pow2:
        return k.pow2_scales(b.amax, count + 4, plan_.pow2, b.codes, b.inverse);
      case scale_path::quotient:
        return k.quotient_scales(b.amax, count + 4, plan_.target, least_scale(), greatest_scale,
                                 b.scale, b.inverse);
      case scale_path::small: {
        const float top[4] = {plan_.target, 0, 0, 0};
        const float inverse[4] = {plan_.inverse_top, 0, 0, 0};
        simd::scaled_run run;
        run.inverse = inverse;
        run.scale = top;
        run.tensor = plan_.tensor;
        run.form = simd::scale_form::product;
        run.counts_clipped = false;
        float amax[capacity];
        std::memcpy(amax, b.amax, sizeof amax);
        k.encode_scaled_run(amax, b.codes, count, 8, plan_.scales, run);
        k.finish_scales(b.amax, count + 4, plan_.scale_values, plan_.tensor, b.codes, b.scale,
                        b.inverse);
        return true;
      }
      case scale_path::one_by_one:
        break;
    }
    bool regular = true;
    for (std::size_t i = 0; i < count + 4; ++i) {
      b.inverse[i] = b.scale[i] = 1;
      if (i >= count || b.amax[i] >= infinity_bits) continue;
      const std::uint64_t code = scale_of.code(bit_cast<float>(b.amax[i]));
      std::memcpy(b.codes + i * scale_bytes_, &code, scale_bytes_);  // little-endian
      if (b.amax[i] == 0) continue;  // zeros are zeros under every scale
      const single_scale one(plan_, scale_of.step(code));
      if (one.serves_form) {
        b.inverse[i] = one.inverse[0];
        b.scale[i] = one.scale[0];
      } else {
        b.amax[i] = infinity_bits;
        regular = false;
      }
    }
    return regular;
  }

  [[nodiscard]] const void* stored_scales(const block_values& b) const noexcept {
    return plan_.path == scale_path::quotient ? static_cast<const void*>(b.scale) : b.codes;
  }

  /// Marks the blocks that the kernels were not right about by an infinite amax, with harmless
  /// scales.
  void replace_irregular(block_values& b, std::size_t count) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (is_regular(b, i)) continue;
      b.amax[i] = infinity_bits;
      b.inverse[i] = b.scale[i] = 1;
    }
  }
  [[nodiscard]] bool is_regular(const block_values& b, std::size_t i) const noexcept {
    const std::uint32_t amax = b.amax[i];
    if (amax == 0 || amax >= infinity_bits) return amax == 0;
    if (plan_.path == scale_path::pow2) {
      std::byte code[2 * spare];
      float inverse[2 * spare];
      const std::uint32_t one[2 * spare] = {amax};
      return plan_.kernels->pow2_scales(one, 1, plan_.pow2, code, inverse);
    }
    if (plan_.path == scale_path::quotient) {
      return b.scale[i] >= least_scale() && b.scale[i] <= greatest_scale;
    }
    return true;
  }
  static constexpr float greatest_scale = 0x1p100F;
  [[nodiscard]] float least_scale() const noexcept {
    return to_float(scale_exponent(unpack(1), plan_.least_exponent()));
  }

  /// Element i has scale number i >> shift(): blocks whose size is no power of two have theirs once
  /// for every 16 elements.
  [[nodiscard]] bool repeats() const noexcept { return (block_ & (block_ - 1)) != 0; }
  [[nodiscard]] int shift() const noexcept {
    return countr_zero(static_cast<std::uint64_t>(repeats() ? least_block : block_));
  }
  void repeat_scales(block_values& b, std::size_t count) const noexcept {
    if (!repeats()) return;
    const std::size_t times = block_ / least_block;
    for (std::size_t i = count * times; i-- > 0;) {
      b.inverse[i] = b.inverse[i / times];
      b.scale[i] = b.scale[i / times];
    }
    for (std::size_t i = 0; i < 4; ++i)
      b.inverse[count * times + i] = b.scale[count * times + i] = 1;
  }

  const vector_plan& plan_;
  const simd::hadamard_blocks* transform_;
  std::byte* scales_;
  std::size_t scale_bytes_;
  std::size_t block_;
};

}  // namespace binade::inline v0::detail
