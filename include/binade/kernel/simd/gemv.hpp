// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"  // tensor_scales
#include "binade/kernel/reference/gemv.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/gemm.hpp"  // choose_layout
#include "binade/kernel/simd/gemv_scales.hpp"
#include "binade/kernel/simd/gemv_targets.hpp"
#include "binade/kernel/simd/product_panels.hpp"  // line_vector
#include "binade/kernel/simd/product_rows.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace binade::inline v0::simd {

/// Rows of w, in multiples of `step`, that a piece of work takes: some 256 KB.
[[nodiscard]] inline std::size_t rows_of_piece(std::size_t row_bytes, std::size_t step) noexcept {
  constexpr std::size_t bytes = std::size_t{1} << 18;
  const std::size_t step_bytes = std::max<std::size_t>(row_bytes, 1) * step;
  return step * std::clamp<std::size_t>(bytes / step_bytes, 1, 64);
}

/// x as floats, 64 by 64 in a kernel's order, -0 behind the last.
[[nodiscard]] inline line_vector<float> float_vector(const operand& x, const std::uint8_t* order) {
  const std::size_t in = x.shape().row_length();
  const std::size_t padded = (in + 63) / 64 * 64;
  std::vector<float> row(padded, -0.0F);
  std::vector<std::uint8_t> codes(in);
  const float_rows rows(x);
  {
    const fp_environment_guard guard;
    rows.read(0, row.data(), codes.data());
  }
  line_vector<float> ordered(padded);
  for (std::size_t i = 0; i < padded; ++i) {
    const std::size_t from = order != nullptr ? i / 64 * 64 + order[i % 64] : i;
    std::memcpy(ordered.data() + i, row.data() + from, sizeof(float));
  }
  return ordered;
}

/// products[row] = sum of x[k] w[row, k] for operands that are read as floats, k as in `dot`.
inline void float_gemv(const operand& x, const operand& w, const tensor_view<float>& y,
                       executor_ref executor, const gemv_kernels& kernels) {
  const std::size_t in = x.shape().row_length();
  const code_rows coded(w);
  const bool is_coded = coded.serves();
  const float_rows decoded(w);
  const row_kernel kernel = is_coded ? coded.kernel(kernels.rows) : kernels.rows.floats;
  const line_vector<float> xs = float_vector(x, kernel.order);
  row_pair rows{};
  rows.x = xs.data();
  rows.length = in;
  if (is_coded) coded.describe(rows);
  const std::size_t row_bytes =
      is_coded ? w.packed()->description.layout.row_bytes() : in * sizeof(float);
  // Two rows of 4-bit codes are read at once: what follows short ones is the next two.
  constexpr std::size_t short_row = 4096;
  const bool two_at_once = is_coded && coded.bits() == 4 && row_bytes <= short_row;
  const std::size_t ahead = std::max<std::size_t>(two_at_once ? 2 * row_bytes : 0, 2048);
  executor.for_each_chunk(
      y.size(), rows_of_piece(row_bytes, 2), [&](std::size_t begin, std::size_t end) {
        const std::size_t scale_count = is_coded ? coded.scale_count((in + 63) / 64 * 64) : 0;
        std::vector<float> scales(2 * scale_count);
        std::vector<float> floats(is_coded ? 0 : 2 * in);
        std::vector<std::uint8_t> codes(is_coded ? 0 : in);
        row_pair t = rows;
        std::uint32_t sums[2];
        const fp_environment_guard guard;
        for (std::size_t first = begin; first < end; first += 2) {
          t.row_count = std::min<std::size_t>(2, end - first);
          for (std::size_t r = 0; r < t.row_count; ++r) {
            if (is_coded) {
              coded.read(first + r, t, r, scales.data() + r * scale_count, kernels);
            } else {
              float* row = floats.data() + r * in;
              decoded.read(first + r, row, codes.data());
              t.rows[r] = reinterpret_cast<const std::byte*>(row);
            }
          }
          t.ahead = is_coded && (y.size() - first) * row_bytes >= ahead + 2 * row_bytes ? ahead : 0;
          kernel.multiply(t, sums);
          for (std::size_t r = 0; r < t.row_count; ++r) {
            reference::store_result(sums[r], &y(first + r));
          }
        }
      });
}

/// How rows of integers are handed to a kernel.
struct row_form {
  row_storage storage = row_storage::words;
  bool decoded = true;  ///< row by row into bytes or words; else they stay as they are stored
  std::uint8_t flip = 0;
  int bias = 0;
  std::size_t block_lanes = 0;  ///< as in block_rows; decoded blocks are filled up with zeros

  /// Elements in a lane.
  [[nodiscard]] std::size_t lane_elements() const noexcept {
    return storage == row_storage::nibbles ? 8 : (storage == row_storage::bytes ? 4 : 2);
  }
  [[nodiscard]] std::size_t block_elements() const noexcept {
    return block_lanes * lane_elements();
  }
  [[nodiscard]] const block_kernel& kernel_of(const block_kernels& kernels,
                                              std::size_t lanes) const noexcept {
    const auto& by_lanes = storage == row_storage::nibbles ? kernels.nibbles
                           : storage == row_storage::bytes ? kernels.bytes
                                                           : kernels.words;
    return by_lanes[std::bit_width(std::min(block_lanes, lanes)) - std::bit_width(2U)];
  }
};

/// The least number of lanes, at least n, that a block can take on vectors of `lanes`.
[[nodiscard]] inline std::size_t allowed_block_lanes(std::size_t n, std::size_t lanes) noexcept {
  if (n > lanes) return (n + lanes - 1) / lanes * lanes;
  return std::bit_ceil(std::max<std::size_t>(n, 2));
}

/// The form for these integers in blocks of `block`, if sums of 32 bits hold them.
[[nodiscard]] inline std::optional<row_form> choose_form(const integer_codes& x,
                                                         const integer_codes& w, int bits,
                                                         std::size_t block,
                                                         const gemv_kernels& kernels) noexcept {
  const auto layout = choose_layout(x, w, block, kernels.byte_pair_limit);
  if (!layout) return std::nullopt;
  row_form form;
  form.bias = layout->bias;
  const auto fits = [&] {  // whether blocks can stay as they are stored
    const std::size_t n = block / form.lane_elements();
    return block % form.lane_elements() == 0 && allowed_block_lanes(n, kernels.lanes) == n;
  };
  if (layout->bytes) {
    form.storage = row_storage::nibbles;
    form.decoded = bits != 4 || !fits();
    if (form.decoded) {
      form.storage = row_storage::bytes;
      form.flip = static_cast<std::uint8_t>(w.value[0] + form.bias);
      form.decoded = bits != 8 || !fits();
      for (int code = 0; code < 256; ++code) {
        form.decoded |= (code ^ form.flip) != w.value[code] + form.bias;
      }
      if (form.decoded) form.flip = 0;
    }
  }
  const std::size_t n = (block + form.lane_elements() - 1) / form.lane_elements();
  form.block_lanes = allowed_block_lanes(n, kernels.lanes);
  return form;
}

/// The vector of an integer product, as a kernel reads it.
class integer_vector {
 public:
  integer_vector(const any_packed_view& x, int k, const integer_codes& codes, const row_form& form,
                 const std::uint8_t* lane_of_block, std::size_t lanes)
      : integer_vector(x.description.layout, form) {
    const packed_layout& layout = x.description.layout;
    const std::size_t n = layout.row_length();
    const std::size_t block = layout.cell_length();
    std::vector<std::uint8_t> row(n);
    read_codes(x, 0, row.data());
    std::vector<float> scales(blocks_);
    block_scales(x, k).read(0, scales.data());
    for (std::size_t b = 0; b < blocks_; ++b) {
      const std::size_t lane = lane_of_block != nullptr ? lane_of_block[b % 16] : b % 16;
      const std::size_t at = b / 16 * 16 + lane;
      std::memcpy(scales_.data() + at, scales.data() + b, sizeof(float));
      std::int32_t sum = 0;
      const std::size_t end = std::min((b + 1) * block, n);
      for (std::size_t i = b * block, unit = 0; i < end; i += form.lane_elements(), ++unit) {
        const std::size_t unit_lane = lane_of_block != nullptr
                                          ? (b / 16 * form.block_lanes + unit) * 16 + lane
                                          : b * form.block_lanes + unit;
        sum += store_unit(row.data() + i, std::min(end - i, form.lane_elements()), codes,
                          form.storage, unit_lane, lanes);
      }
      corrections_[at] = static_cast<std::uint32_t>(-form.bias * sum);
    }
  }
  [[nodiscard]] const std::uint32_t* units() const noexcept { return units_.data(); }
  [[nodiscard]] const float* scales() const noexcept { return scales_.data(); }
  [[nodiscard]] const std::uint32_t* corrections() const noexcept { return corrections_.data(); }
  /// The scales times the factor of w's, if that is exact; else null.
  [[nodiscard]] const float* scales_for(const shifted_scales& w) noexcept {
    if (!w.serves()) return nullptr;
    return w.apply_factor(scales_.data(), padded_, scaled_.data()) ? scaled_.data() : nullptr;
  }

 private:
  integer_vector(const packed_layout& layout, const row_form& form)
      : blocks_(layout.cells_per_row()),
        padded_((blocks_ + 15) / 16 * 16),
        scales_(padded_, -1.0F),
        scaled_(padded_),
        corrections_(padded_, 0U),
        units_(padded_ * form.block_lanes * (form.storage == row_storage::nibbles ? 2 : 1), 0U) {}

  /// Stores n integers in a lane, and returns their sum. Of those for nibbles the even and the odd
  /// ones stand in two vectors.
  std::int32_t store_unit(const std::uint8_t* x, std::size_t n, const integer_codes& codes,
                          row_storage storage, std::size_t lane, std::size_t lanes) noexcept {
    auto* bytes = reinterpret_cast<std::uint8_t*>(units_.data());
    std::int32_t sum = 0;
    if (storage == row_storage::nibbles)
      bytes += (lane / lanes * lanes + lane) * 4;
    else
      bytes += lane * 4;
    for (std::size_t i = 0; i < n; ++i) {
      const std::int16_t value = codes.value[x[i]];
      sum += value;
      if (storage == row_storage::words) {
        std::memcpy(bytes + 2 * i, &value, sizeof value);
      } else {
        const std::size_t at = storage == row_storage::nibbles ? i / 2 + i % 2 * 4 * lanes : i;
        bytes[at] = static_cast<std::uint8_t>(value);
      }
    }
    return sum;
  }

  std::size_t blocks_;
  std::size_t padded_;
  line_vector<float> scales_;
  line_vector<float> scaled_;
  line_vector<std::uint32_t> corrections_;
  line_vector<std::uint32_t> units_;
};

/// Rows of integers decoded into bytes or words, as the kernels read them.
class decoded_rows {
 public:
  decoded_rows(const any_packed_view& packed, const integer_codes& codes, const row_form& form,
               const product_packing& packing, std::size_t rows)
      : packed_(packed),
        form_(form),
        codes_(packed.description.layout.row_length()),
        row_bytes_(packed.description.layout.cells_per_row() * form.block_lanes * 4),
        bytes_(rows * row_bytes_) {
    const bool bytes = form.storage == row_storage::bytes;
    for (std::size_t code = 0; code < 256; ++code) {
      const int value = codes.value[code] + form.bias;
      values_[code] = static_cast<std::uint16_t>(bytes ? value & 0xff : value);
    }
    if (packed.description.layout.cell_length() == form.block_elements()) {
      const int bits = packed.description.element.bit_count();
      expansion_ = code_expansion(values_, bits, bytes, packing);
    }
  }
  void read(std::size_t first, std::size_t count) noexcept {
    const packed_layout& layout = packed_.description.layout;
    for (std::size_t r = 0; r < count; ++r) {
      std::byte* out = bytes_.data() + r * row_bytes_;
      if (expansion_.expand != nullptr) {
        expansion_.expand(expansion_.values,
                          packed_.codes.data() + (first + r) * layout.row_bytes(), codes_.size(),
                          out);
      } else {
        read_codes(packed_, first + r, codes_.data());
        store_row(out);
      }
    }
  }
  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

 private:
  /// Stores the integers of codes_, block by block.
  void store_row(std::byte* out) const noexcept {
    const std::size_t block = packed_.description.layout.cell_length();
    for (std::size_t begin = 0; begin < codes_.size(); begin += block) {
      const std::size_t n = std::min(block, codes_.size() - begin);
      const std::uint8_t* codes = codes_.data() + begin;
      if (form_.storage == row_storage::bytes) {
        for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(values_[codes[i]]);
      } else {
        for (std::size_t i = 0; i < n; ++i) std::memcpy(out + 2 * i, &values_[codes[i]], 2);
      }
      out += form_.block_lanes * 4;
    }
  }

  const any_packed_view& packed_;
  row_form form_;
  std::uint16_t values_[256];
  code_expansion expansion_;
  std::vector<std::uint8_t> codes_;
  std::size_t row_bytes_;
  std::vector<std::byte> bytes_;
};

/// gemv of operands whose blocks are summed in integers; false if no kernel serves and nothing was
/// written.
inline bool integer_gemv(const any_packed_view& x, int x_k, const any_packed_view& w, int w_k,
                         const tensor_view<float>& y, executor_ref executor,
                         const gemv_kernels& kernels) {
  constexpr std::size_t batch = 8;  // rows whose scales stay in the first-level cache
  const packed_layout& layout = w.description.layout;
  const integer_codes x_codes(x.description.element, x_k);
  const integer_codes w_codes(w.description.element, w_k);
  const auto chosen = choose_form(x_codes, w_codes, w.description.element.bit_count(),
                                  layout.cell_length(), kernels);
  if (!chosen) return false;
  const row_form& form = *chosen;
  const block_kernel& by_floats = form.kernel_of(kernels.by_floats, kernels.lanes);
  const block_kernel& by_codes = form.kernel_of(kernels.by_codes, kernels.lanes);
  integer_vector vector(x, x_k, x_codes, form, by_floats.lane_of_block, kernels.lanes);
  const block_scales w_scales(w, w_k);
  scale_table table;
  const bool tabulated = w_scales.table(table);
  const shifted_scales shifted = tabulated ? shifted_scales(table) : shifted_scales();
  const float* const x_scales_for_codes = vector.scales_for(shifted);
  const reference::tensor_scales tensor(x, w);
  std::uint8_t nibble_values[16];
  for (int code = 0; code < 16; ++code) {
    nibble_values[code] = static_cast<std::uint8_t>(w_codes.value[code] + form.bias);
  }
  const std::size_t rows = y.size();
  const std::size_t blocks = layout.cells_per_row();
  executor.for_each_chunk(
      rows, rows_of_piece(layout.row_bytes(), batch), [&](std::size_t begin, std::size_t end) {
        std::optional<decoded_rows> decoded;
        if (form.decoded) decoded.emplace(w, w_codes, form, *kernels.packing, batch);
        std::vector<float> scales(batch * blocks);
        float out[batch];
        block_rows t{};
        t.row_bytes = form.decoded ? decoded->row_bytes() : layout.row_bytes();
        t.nibble_values = nibble_values;
        t.flip = form.flip;
        t.x = vector.units();
        t.corrections = vector.corrections();
        t.w_scales = scales.data();
        t.scale_shift = shifted.shift();
        t.blocks = blocks;
        t.block_lanes = form.block_lanes;
        t.multiplier = tensor.only_multiplier();
        t.out = out;
        const fp_environment_guard guard;
        for (std::size_t first = begin; first < end; first += batch) {
          t.row_count = std::min(batch, end - first);
          const std::byte* codes = nullptr;
          bool coded = false;
          if (tabulated) {
            codes = w.scales.data() + layout.first_cell_of_row(first);
            coded = x_scales_for_codes != nullptr &&
                    kernels.are_between(codes, t.row_count * blocks, shifted.lowest(),
                                        shifted.highest());
            if (!coded) kernels.look_up(table, codes, t.row_count * blocks, scales.data());
          } else {
            for (std::size_t r = 0; r < t.row_count; ++r) {
              w_scales.read(first + r, scales.data() + r * blocks);
            }
          }
          if (form.decoded) {
            decoded->read(first, t.row_count);
            t.rows = decoded->data();
          } else {
            t.rows = w.codes.data() + first * t.row_bytes;
            t.ahead =
                rows - first >= 2 * batch ? std::min(batch * t.row_bytes, std::size_t{8192}) : 0;
          }
          t.w_scale_codes = codes;
          t.x_scales = coded ? x_scales_for_codes : vector.scales();
          (coded ? by_codes : by_floats).multiply(t);
          if (tensor.has_divisor()) apply_each(tensor, out, t.row_count);
          for (std::size_t r = 0; r < t.row_count; ++r) {
            std::uint32_t bits = 0;
            std::memcpy(&bits, out + r, sizeof bits);
            reference::store_result(bits, &y(first + r));
          }
        }
      });
  return true;
}

/// y[row] = the `dot` of the vector x and each row of w, a matrix or a vector, on the kernels of
/// one target; operands and shapes were checked.
inline void gemv(const operand& x, const operand& w, const tensor_view<float>& y,
                 executor_ref executor, const gemv_kernels& kernels) {
  const auto scales = reference::integer_scales(x, w);
  if (!scales) {
    float_gemv(x, w, y, executor, kernels);
  } else if (!integer_gemv(*x.packed(), scales->first, *w.packed(), scales->second, y, executor,
                           kernels)) {
    reference::gemv(x, w, y, executor);
  }
}

}  // namespace binade::inline v0::simd
