// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/dot.hpp"  // tensor_scales
#include "binade/kernel/reference/gemv.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/gemm.hpp"  // choose_layout
#include "binade/kernel/simd/gemv_targets.hpp"
#include "binade/kernel/simd/product_rows.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
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

/// products[row] = sum of x[k] w[row, k] for operands that are read as floats, k as in `dot`.
inline void float_gemv(const operand& x, const operand& w, const tensor_view<float>& y,
                       executor_ref executor, const gemv_kernels& kernels) {
  const std::size_t in = x.shape().row_length();
  const std::size_t padded = (in + 63) / 64 * 64;
  std::vector<float> xs(padded);
  {
    std::vector<std::uint8_t> codes(in);
    const float_rows x_rows(x);
    const fp_environment_guard guard;
    x_rows.read(0, xs.data(), codes.data());
  }
  std::fill(xs.begin() + static_cast<std::ptrdiff_t>(in), xs.end(), -0.0F);
  const code_rows coded(w);
  const float_rows decoded(w);
  const std::size_t row_bytes =
      coded.serves() ? w.packed()->description.layout.row_bytes() : in * sizeof(float);
  executor.for_each_chunk(
      y.size(), rows_of_piece(row_bytes, 1), [&](std::size_t begin, std::size_t end) {
        constexpr std::size_t ahead = 4096;
        std::vector<float> scales(coded.serves() ? coded.scale_count(padded) : 0);
        std::vector<float> floats(coded.serves() ? 0 : in);
        std::vector<std::uint8_t> codes(coded.serves() ? 0 : in);
        float_row t{};
        t.x = xs.data();
        t.length = in;
        t.row = reinterpret_cast<const std::byte*>(floats.data());
        const auto multiply =
            coded.serves() ? (coded.bits() == 4 ? kernels.codes4 : kernels.codes8) : kernels.floats;
        const fp_environment_guard guard;
        std::uint32_t sum = 0;
        for (std::size_t row = begin; row < end; ++row) {
          if (coded.serves()) {
            coded.read(row, t, scales.data(), kernels);
            t.ahead = (y.size() - row - 1) * row_bytes >= ahead ? ahead : 0;
          } else {
            decoded.read(row, floats.data(), codes.data());
          }
          multiply(t, &sum);
          reference::store_result(sum, &y(row));
        }
      });
}

/// How rows of integers are handed to a kernel.
struct row_form {
  row_storage storage = row_storage::words;
  bool decoded = true;  ///< row by row into bytes or words; else they stay as they are stored
  std::uint8_t flip = 0;
  int bias = 0;

  /// Elements in a lane.
  [[nodiscard]] std::size_t lane_elements() const noexcept {
    return storage == row_storage::nibbles ? 8 : (storage == row_storage::bytes ? 4 : 2);
  }
};

/// The form for these integers in blocks of `block`, if sums of 32 bits hold them and blocks are
/// whole pairs of lanes.
[[nodiscard]] inline std::optional<row_form> choose_form(const integer_codes& x,
                                                         const integer_codes& w, int bits,
                                                         std::size_t block,
                                                         int byte_pair_limit) noexcept {
  const auto layout = choose_layout(x, w, block, byte_pair_limit);
  if (!layout) return std::nullopt;
  row_form form;
  form.bias = layout->bias;
  if (layout->bytes) {
    form.storage = row_storage::bytes;
    if (bits == 4 && block % 8 == 0) {
      form.storage = row_storage::nibbles;
      form.decoded = false;
    } else if (bits == 8) {
      form.flip = static_cast<std::uint8_t>(w.value[0] + form.bias);
      form.decoded = false;
      for (int code = 0; code < 256; ++code) {
        form.decoded |= (code ^ form.flip) != w.value[code] + form.bias;
      }
      if (form.decoded) form.flip = 0;
    }
  }
  if (block % (2 * form.lane_elements()) != 0) return std::nullopt;
  return form;
}

/// The vector of an integer product, as the kernels read it.
class integer_vector {
 public:
  integer_vector(const any_packed_view& x, int k, const integer_codes& codes, const row_form& form,
                 std::size_t lanes)
      : scales_(x.description.layout.cells_per_row()), corrections_(scales_.size()) {
    const packed_layout& layout = x.description.layout;
    const std::size_t n = layout.row_length();
    std::vector<std::uint8_t> row(n);
    read_codes(x, 0, row.data());
    block_scales(x, k).read(0, scales_.data(), 1);
    std::vector<std::int16_t> integers(n);
    for (std::size_t i = 0; i < n; ++i) integers[i] = codes.value[row[i]];
    for (std::size_t b = 0; b < scales_.size(); ++b) {
      const std::size_t end = std::min((b + 1) * layout.cell_length(), n);
      std::int32_t sum = 0;
      for (std::size_t i = b * layout.cell_length(); i < end; ++i) sum += integers[i];
      corrections_[b] = -form.bias * sum;
    }
    const std::size_t step = form.lane_elements() * lanes;
    const std::size_t parts = form.storage == row_storage::nibbles ? 2 : 1;
    units_.resize((scales_.size() * layout.cell_length() + step - 1) / step * parts * lanes);
    if (form.storage == row_storage::words) {
      std::memcpy(units_.data(), integers.data(), n * sizeof(std::int16_t));
      return;
    }
    auto* bytes = reinterpret_cast<std::uint8_t*>(units_.data());
    if (parts == 1) {
      for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(integers[i]);
      return;
    }
    const std::size_t half = step / 2;
    for (std::size_t begin = 0; begin < n; begin += step, bytes += step) {
      const std::size_t end = std::min(step, n - begin);
      for (std::size_t i = 0; i < end; ++i) {
        bytes[i % 2 * half + i / 2] = static_cast<std::uint8_t>(integers[begin + i]);
      }
    }
  }
  [[nodiscard]] const std::uint32_t* units() const noexcept { return units_.data(); }
  [[nodiscard]] const float* scales() const noexcept { return scales_.data(); }
  [[nodiscard]] const std::int32_t* corrections() const noexcept { return corrections_.data(); }

 private:
  std::vector<float> scales_;
  std::vector<std::int32_t> corrections_;
  std::vector<std::uint32_t> units_;
};

/// Rows of integers decoded into bytes or words, as the kernels read them.
class decoded_rows {
 public:
  decoded_rows(const any_packed_view& packed, const integer_codes& codes, const row_form& form,
               std::size_t lanes)
      : packed_(packed), form_(form), codes_(packed.description.layout.row_length()) {
    const std::size_t each = form.storage == row_storage::bytes ? 1 : 2;
    row_bytes_ =
        (packed.description.layout.row_codes() * each + 4 * lanes - 1) / (4 * lanes) * (4 * lanes);
    bytes_.resize(lanes * row_bytes_);
    for (int code = 0; code < 256; ++code) {
      values_[code] = static_cast<std::int16_t>(codes.value[code] + form.bias);
    }
  }
  void read(std::size_t first, std::size_t count) noexcept {
    for (std::size_t r = 0; r < count; ++r) {
      std::byte* out = bytes_.data() + r * row_bytes_;
      read_codes(packed_, first + r, codes_.data());
      const std::size_t n = codes_.size();
      const std::uint8_t* codes = codes_.data();
      if (form_.storage == row_storage::bytes) {
        for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(values_[codes[i]]);
      } else {
        for (std::size_t i = 0; i < n; ++i) std::memcpy(out + 2 * i, &values_[codes[i]], 2);
      }
    }
  }
  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

 private:
  const any_packed_view& packed_;
  row_form form_;
  std::int16_t values_[256];
  std::vector<std::uint8_t> codes_;
  std::size_t row_bytes_ = 0;
  std::vector<std::byte> bytes_;
};

/// The block scales of rows side by side.
class scale_panel {
 public:
  scale_panel(const any_packed_view& packed, int k, const gemv_kernels& kernels)
      : packed_(packed), scales_(packed, k), kernels_(kernels), tabulated_(scales_.table(table_)) {}

  [[nodiscard]] std::size_t size() const noexcept {
    const std::size_t step = 4 * kernels_.lanes;
    return (blocks() + step - 1) / step * step * kernels_.lanes;
  }
  /// Shapes: out[size()].
  void read(std::size_t first, std::size_t count, float* out) const noexcept {
    if (tabulated_) {
      const std::byte* codes = packed_.scales.data() + first * blocks();
      kernels_.look_up_scales({codes, count, blocks(), &table_, out});
      return;
    }
    for (std::size_t r = 0; r < count; ++r) scales_.read(first + r, out + r, kernels_.lanes);
  }

 private:
  [[nodiscard]] std::size_t blocks() const noexcept {
    return packed_.description.layout.cells_per_row();
  }

  const any_packed_view& packed_;
  block_scales scales_;
  const gemv_kernels& kernels_;
  scale_table table_;
  bool tabulated_;
};

/// gemv of operands whose blocks are summed in integers; false if no kernel serves and nothing was
/// written.
inline bool integer_gemv(const any_packed_view& x, int x_k, const any_packed_view& w, int w_k,
                         const tensor_view<float>& y, executor_ref executor,
                         const gemv_kernels& kernels) {
  const packed_layout& layout = w.description.layout;
  const integer_codes x_codes(x.description.element, x_k);
  const integer_codes w_codes(w.description.element, w_k);
  const auto chosen = choose_form(x_codes, w_codes, w.description.element.bit_count(),
                                  layout.cell_length(), kernels.byte_pair_limit);
  if (!chosen) return false;
  const row_form& form = *chosen;
  const integer_vector vector(x, x_k, x_codes, form, kernels.lanes);
  const scale_panel w_scales(w, w_k, kernels);
  const reference::tensor_scales tensor(x, w);
  std::uint8_t nibble_values[16];
  for (int code = 0; code < 16; ++code) {
    nibble_values[code] = static_cast<std::uint8_t>(w_codes.value[code] + form.bias);
  }
  const std::size_t block_lanes = layout.cell_length() / form.lane_elements();
  const auto& by_merging = form.storage == row_storage::nibbles ? kernels.nibbles
                           : form.storage == row_storage::bytes ? kernels.bytes
                                                                : kernels.words;
  const auto multiply = by_merging[block_lanes % 8 == 0 ? 2 : (block_lanes % 4 == 0 ? 1 : 0)];
  const std::size_t rows = y.size();
  executor.for_each_chunk(
      rows, rows_of_piece(layout.row_bytes(), kernels.lanes),
      [&](std::size_t begin, std::size_t end) {
        std::optional<decoded_rows> decoded;
        if (form.decoded) decoded.emplace(w, w_codes, form, kernels.lanes);
        std::vector<float> scales(w_scales.size());
        float out[16];
        block_rows t{};
        t.row_bytes = form.decoded ? decoded->row_bytes() : layout.row_bytes();
        t.nibble_values = nibble_values;
        t.flip = form.flip;
        t.x = vector.units();
        t.corrections = vector.corrections();
        t.x_scales = vector.scales();
        t.w_scales = scales.data();
        t.blocks = layout.cells_per_row();
        t.block_lanes = block_lanes;
        t.multiplier = tensor.only_multiplier();
        t.out = out;
        const fp_environment_guard guard;
        for (std::size_t first = begin; first < end; first += kernels.lanes) {
          t.row_count = std::min(kernels.lanes, end - first);
          w_scales.read(first, t.row_count, scales.data());
          if (form.decoded) {
            decoded->read(first, t.row_count);
            t.rows = decoded->data();
          } else {
            t.rows = w.codes.data() + first * t.row_bytes;
            t.ahead = rows - first >= 2 * kernels.lanes ? kernels.lanes * t.row_bytes : 0;
          }
          multiply(t);
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
