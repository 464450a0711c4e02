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
  std::size_t block_lanes = 0;  ///< as in block_rows; decoded blocks are filled up with zeros

  /// Elements in a lane.
  [[nodiscard]] std::size_t lane_elements() const noexcept {
    return storage == row_storage::nibbles ? 8 : (storage == row_storage::bytes ? 4 : 2);
  }
  [[nodiscard]] std::size_t block_elements() const noexcept {
    return block_lanes * lane_elements();
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

/// The vector of an integer product, as the kernels read it.
class integer_vector {
 public:
  integer_vector(const any_packed_view& x, int k, const integer_codes& codes, const row_form& form,
                 std::size_t lanes) {
    const packed_layout& layout = x.description.layout;
    const std::size_t n = layout.row_length();
    const std::size_t block = layout.cell_length();
    const std::size_t blocks = layout.cells_per_row();
    const std::size_t padded = (blocks + 15) / 16 * 16;
    scales_.resize(padded, -1);
    corrections_.resize(padded);
    block_scales(x, k).read(0, scales_.data());
    std::vector<std::uint8_t> row(n);
    read_codes(x, 0, row.data());
    std::vector<std::int16_t> integers(padded * form.block_elements());
    for (std::size_t b = 0; b < blocks; ++b) {
      std::int16_t* out = integers.data() + b * form.block_elements();
      const std::size_t end = std::min((b + 1) * block, n);
      std::int32_t sum = 0;
      for (std::size_t i = b * block; i < end; ++i) {
        *out = codes.value[row[i]];
        sum += *out++;
      }
      corrections_[b] = static_cast<std::uint32_t>(-form.bias * sum);
    }
    store_units(integers, form.storage, 2 * lanes * form.lane_elements());
  }
  [[nodiscard]] const std::uint32_t* units() const noexcept { return units_.data(); }
  [[nodiscard]] const float* scales() const noexcept { return scales_.data(); }
  [[nodiscard]] const std::uint32_t* corrections() const noexcept { return corrections_.data(); }

 private:
  /// For nibbles even and odd elements of `step / 2` stand apart.
  void store_units(const std::vector<std::int16_t>& integers, row_storage storage,
                   std::size_t step) {
    const std::size_t n = integers.size();
    if (storage == row_storage::words) {
      units_.resize(n / 2);
      if (n != 0) std::memcpy(units_.data(), integers.data(), n * sizeof(std::int16_t));
      return;
    }
    units_.resize(n / 4);
    auto* bytes = reinterpret_cast<std::uint8_t*>(units_.data());
    if (storage == row_storage::bytes) {
      for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(integers[i]);
      return;
    }
    const std::size_t half = step / 4;
    for (std::size_t i = 0; i < n; i += 2 * half, bytes += 2 * half) {
      for (std::size_t j = 0; j < half; ++j) {
        bytes[j] = static_cast<std::uint8_t>(integers[i + 2 * j]);
        bytes[half + j] = static_cast<std::uint8_t>(integers[i + 2 * j + 1]);
      }
    }
  }

  std::vector<float> scales_;
  std::vector<std::uint32_t> corrections_;
  std::vector<std::uint32_t> units_;
};

/// Rows of integers decoded into bytes or words, as the kernels read them.
class decoded_rows {
 public:
  decoded_rows(const any_packed_view& packed, const integer_codes& codes, const row_form& form,
               std::size_t rows)
      : packed_(packed),
        form_(form),
        codes_(packed.description.layout.row_length()),
        row_bytes_(packed.description.layout.cells_per_row() * form.block_lanes * 4),
        bytes_(rows * row_bytes_) {
    for (std::size_t code = 0; code < 256; ++code) {
      values_[code] = static_cast<std::int16_t>(codes.value[code] + form.bias);
    }
  }
  void read(std::size_t first, std::size_t count) noexcept {
    const std::size_t block = packed_.description.layout.cell_length();
    for (std::size_t r = 0; r < count; ++r) {
      read_codes(packed_, first + r, codes_.data());
      std::byte* out = bytes_.data() + r * row_bytes_;
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
  }
  [[nodiscard]] const std::byte* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

 private:
  const any_packed_view& packed_;
  row_form form_;
  std::int16_t values_[256];
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
  const integer_vector vector(x, x_k, x_codes, form, kernels.lanes);
  const block_scales w_scales(w, w_k);
  scale_table table;
  const bool tabulated = w_scales.table(table);
  const reference::tensor_scales tensor(x, w);
  std::uint8_t nibble_values[16];
  for (int code = 0; code < 16; ++code) {
    nibble_values[code] = static_cast<std::uint8_t>(w_codes.value[code] + form.bias);
  }
  const auto& by_lanes = form.storage == row_storage::nibbles ? kernels.nibbles
                         : form.storage == row_storage::bytes ? kernels.bytes
                                                              : kernels.words;
  const auto multiply =
      by_lanes[std::bit_width(std::min(form.block_lanes, kernels.lanes)) - std::bit_width(2U)];
  const std::size_t rows = y.size();
  const std::size_t blocks = layout.cells_per_row();
  executor.for_each_chunk(
      rows, rows_of_piece(layout.row_bytes(), batch), [&](std::size_t begin, std::size_t end) {
        std::optional<decoded_rows> decoded;
        if (form.decoded) decoded.emplace(w, w_codes, form, batch);
        std::vector<float> scales(batch * blocks);
        float out[batch];
        block_rows t{};
        t.row_bytes = form.decoded ? decoded->row_bytes() : layout.row_bytes();
        t.nibble_values = nibble_values;
        t.flip = form.flip;
        t.x = vector.units();
        t.corrections = vector.corrections();
        t.x_scales = vector.scales();
        t.w_scales = scales.data();
        t.blocks = blocks;
        t.block_lanes = form.block_lanes;
        t.multiplier = tensor.only_multiplier();
        t.out = out;
        const fp_environment_guard guard;
        for (std::size_t first = begin; first < end; first += batch) {
          t.row_count = std::min(batch, end - first);
          if (tabulated) {
            const std::byte* codes = w.scales.data() + layout.first_cell_of_row(first);
            kernels.look_up(table, codes, t.row_count * blocks, scales.data());
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
            t.ahead = rows - first >= 2 * batch ? batch / 2 * t.row_bytes : 0;
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
