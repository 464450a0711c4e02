// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/format/codec.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/reference/packed_values.hpp"
#include "binade/kernel/reference/sums.hpp"       // store
#include "binade/kernel/simd/gemv_targets.hpp"    // row_pair, scale_table
#include "binade/kernel/simd/scaled_encoder.hpp"  // decoded_run

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

// The rows of operands read through tables: the same numbers as reference::float_rows and
// reference::integer_rows give, faster.

namespace binade::inline v0::simd {

/// The codes of a row, one a byte, for elements of at most 8 bits.
inline void read_codes(const any_packed_view& packed, std::size_t row, std::uint8_t* out) noexcept {
  const packed_layout& layout = packed.description.layout;
  const int bits = packed.description.element.bit_count();
  const std::byte* bytes = packed.codes.data() + row * layout.row_bytes();
  const std::size_t n = layout.row_length();
  if (bits == 8) {
    if (n != 0) std::memcpy(out, bytes, n);
  } else if (bits == 4) {
    for (std::size_t i = 0; i + 1 < n; i += 2) {
      const auto pair = static_cast<unsigned>(bytes[i / 2]);
      out[i] = static_cast<std::uint8_t>(pair & 15U);
      out[i + 1] = static_cast<std::uint8_t>(pair >> 4);
    }
    if (n % 2 != 0) out[n - 1] = static_cast<std::uint8_t>(bytes[n / 2] & std::byte{15});
  } else {
    std::size_t i = 0;
    if (bits == 6) {
      for (; i + 4 <= n; i += 4, bytes += 3) {
        const std::uint32_t four = static_cast<std::uint32_t>(bytes[0]) |
                                   static_cast<std::uint32_t>(bytes[1]) << 8 |
                                   static_cast<std::uint32_t>(bytes[2]) << 16;
        for (unsigned j = 0; j < 4; ++j) {
          out[i + j] = static_cast<std::uint8_t>(four >> (6 * j) & 63U);
        }
      }
    }
    for (std::size_t j = 0; i + j < n; ++j) {
      out[i + j] = static_cast<std::uint8_t>(read_code(bytes, j, bits));
    }
  }
}

/// out[i] = values[codes[i]] * scale, rounded once: the product is exact in binary64, so that only
/// its conversion rounds. Needs an fp_environment_guard.
BINADE_NOINLINE inline void scale_values(const std::uint8_t* codes, const double* values,
                                         double scale, float* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(values[codes[i]] * scale);
}

/// The rows of an operand as floats, each element rounded once.
class float_rows {
 public:
  explicit float_rows(const operand& o) : reference_(o) {
    if (!o.packed() || !is_exact_in_binary64(o.packed()->description)) return;
    packed_ = &*o.packed();
    const packed_description& d = packed_->description;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << d.element.bit_count(); ++code) {
      values_[code] = to_binary64(scale_exponent(d.element.decode(code), d.element_exponent));
    }
  }
  /// Needs an fp_environment_guard.
  ///
  /// Shapes: out[row_length], codes[row_length] (scratch).
  void read(std::size_t row, float* out, std::uint8_t* codes) const {
    if (packed_ == nullptr) {
      reference_.read(row, out);
      return;
    }
    read_codes(*packed_, row, codes);
    reference::for_each_group_of_row(
        *packed_, row,
        [&](std::size_t, std::size_t begin, std::size_t end, const reference::group_scale& scale) {
          scale_values(codes + begin, values_, to_binary64(scale.positive), out + begin,
                       end - begin);
        });
  }

 private:
  /// Whether an element, its scale and the tensor's multiply to at most 53 bits: a code of at most
  /// 8 bits has no more significant ones, a codebook's value and a wider scale have those of a
  /// float. Their exponents are far inside binary64's range.
  [[nodiscard]] static bool is_exact_in_binary64(const packed_description& d) noexcept {
    if (d.element.bit_count() > 8 || d.group != group_kind::symmetric) return false;
    if (d.scale.bit_count() > 32 || d.tensor_scale == tensor_scale_kind::divisor) return false;
    const int element_bits = d.element.is_codebook() ? 24 : 8;
    const int scale_bits = d.scale.bit_count() <= 8 ? 8 : 24;
    const int tensor_bits = d.tensor_scale == tensor_scale_kind::none ? 0 : 24;
    return element_bits + scale_bits + tensor_bits <= 53;
  }
  [[nodiscard]] static double to_binary64(const unpacked& x) noexcept {
    return bit_cast<double>(static_cast<std::uint64_t>(
        encode(binary64_spec, x, rounding::ties_to_even{}, {.saturation = saturation_mode::none})));
  }

  reference::float_rows reference_;
  const any_packed_view* packed_ = nullptr;
  double values_[256]{};
};

/// The integers of a format's codes, from reference::integer_rows.
struct integer_codes {
  std::int16_t value[256]{};
  int least = 0;
  int largest = 0;

  integer_codes(const any_format& element, int k) noexcept {
    for (std::uint32_t code = 0; code < std::uint32_t{1} << element.bit_count(); ++code) {
      value[code] = reference::integer_value(element, code, k);
      least = std::min<int>(least, value[code]);
      largest = std::max<int>(largest, value[code]);
    }
  }
  [[nodiscard]] int magnitude() const noexcept { return std::max(-least, largest); }
};

/// A vector kernel for codes that stand side by side, and what it needs to know of their values.
struct code_expansion {
  code_values values{};
  expand_function expand = nullptr;  ///< null: there is none

  code_expansion() = default;
  /// For codes of which each becomes a byte or a word, units[code].
  code_expansion(const std::uint16_t (&units)[256], int bits, bool bytes,
                 const product_packing& packing) noexcept {
    if (bits != 4 && bits != 6 && bits != 8) return;
    values.flip = static_cast<std::uint8_t>(bytes ? units[0] : 0);
    for (std::uint32_t code = 0; code < std::uint32_t{1} << bits; ++code) {
      if (bits < 8) {
        values.low[code] = static_cast<std::uint8_t>(units[code]);
        values.high[code] = static_cast<std::uint8_t>(units[code] >> 8);
      } else {
        const auto flipped = static_cast<std::uint8_t>(code ^ values.flip);
        const auto extended = static_cast<std::uint16_t>(static_cast<std::int8_t>(flipped));
        if (units[code] != (bytes ? flipped : extended)) return;
      }
    }
    expand = packing.expand[bytes ? 0 : 1][bits / 2 - 2];
  }
};

/// The block scales of a packed tensor as floats, the elements' 2^-k included.
class block_scales {
 public:
  block_scales(const any_packed_view& packed, int k)
      : packed_(packed),
        exponent_(packed.description.element_exponent - k),
        are_floats_(exponent_ == 0 && packed.description.scale == any_format::binary32()) {
    const any_format& scale = packed.description.scale;
    if (scale.bit_count() > 8 || packed.description.layout.scale_count() < 256) return;
    table_.resize(std::size_t{1} << scale.bit_count());
    for (std::uint32_t code = 0; code < table_.size(); ++code) {
      reference::store(scale_exponent(scale.decode(code), exponent_), &table_[code]);
    }
  }
  /// The scales of a stored row.
  void read(std::size_t row, float* out) const noexcept {
    const packed_layout& layout = packed_.description.layout;
    const std::size_t first = layout.first_cell_of_row(row);
    const std::size_t n = layout.cells_per_row();
    if (are_floats_) {
      if (n != 0)
        std::memcpy(out, packed_.scales.data() + first * sizeof(float), n * sizeof(float));
    } else if (table_.empty()) {
      for (std::size_t i = 0; i < n; ++i) {
        reference::store(scale_exponent(packed_.scale(first + i), exponent_), out + i);
      }
    } else if (packed_.description.scale.bit_count() == 8) {
      const std::byte* codes = packed_.scales.data() + first;
      for (std::size_t i = 0; i < n; ++i) out[i] = table_[std::to_integer<std::size_t>(codes[i])];
    } else {
      for (std::size_t i = 0; i < n; ++i) out[i] = table_[packed_.scale_code(first + i)];
    }
  }
  /// Fills a table of the scales; false if there is none, since they are few or wide, or the lower
  /// half of one is not 0.
  [[nodiscard]] bool table(scale_table& out) const noexcept {
    if (table_.empty()) return false;
    for (std::size_t code = 0; code < 256; ++code) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &table_[code % table_.size()], sizeof bits);
      if ((bits & 0xffffU) != 0) return false;
      std::memcpy(&out.value[code], &bits, sizeof bits);
      out.first[code] = static_cast<std::uint8_t>(bits >> 24);
      out.second[code] = static_cast<std::uint8_t>(bits >> 16);
    }
    return true;
  }

 private:
  const any_packed_view& packed_;
  int exponent_;
  bool are_floats_;
  std::vector<float> table_;
};

/// The rows of a packed tensor as row_pair describes them, if it does: codes of 4 or 8 bits whose
/// values have at most 8 significant bits, without zero points, under scales that are floats, along
/// rows in groups of 2^n >= 16 elements or whole rows.
class code_rows {
 public:
  explicit code_rows(const operand& o) {
    if (!o.packed()) return;
    const packed_description& d = o.packed()->description;
    const std::size_t group = d.layout.cell_length();
    const bool whole_rows = group >= d.layout.row_length();
    bits_ = d.element.bit_count();
    if ((bits_ != 4 && bits_ != 8) || d.group != group_kind::symmetric ||
        d.tensor_scale == tensor_scale_kind::divisor ||
        (!whole_rows && (group % 16 != 0 || (group & (group - 1)) != 0))) {
      return;
    }
    value_range elements;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << bits_; ++code) {
      const unpacked value = scale_exponent(d.element.decode(code), d.element_exponent);
      reference::store(value, &values_[code]);
      elements.include(value);
    }
    if (!elements.fits(8)) return;
    has_tensor_ = d.tensor_scale == tensor_scale_kind::multiplier;
    if (d.scale.bit_count() <= 8) {
      value_range scales;
      for (std::uint32_t code = 0; code < std::uint32_t{1} << d.scale.bit_count(); ++code) {
        scales.include(d.scale.decode(code));
      }
      if (!scales.fits(8) || (has_tensor_ && !elements.times(scales).fits(24))) return;
    } else if (has_tensor_ || !(d.scale == any_format::binary32())) {
      return;
    }
    shift_ = whole_rows ? 63 : countr_zero(static_cast<std::uint64_t>(group));
    scales_.emplace(*o.packed(), d.element_exponent);
    tabulated_ = scales_->table(table_);
    packed_ = &*o.packed();
  }
  [[nodiscard]] bool serves() const noexcept { return packed_ != nullptr; }
  [[nodiscard]] int bits() const noexcept { return bits_; }
  /// The codes of a row, and how they are decoded.
  ///
  /// Shapes: scales[cells of a row + 4], which the decoding refers to.
  [[nodiscard]] std::pair<const std::byte*, decoded_run> decoding(std::size_t row,
                                                                  float* scales) const noexcept {
    scales_->read(row, scales);
    decoded_run run;
    run.values = values_;
    run.scale = scales;
    run.tensor = packed_->tensor_scale;
    run.has_tensor = has_tensor_;
    run.shift = shift_;
    return {packed_->codes.data() + row * packed_->description.layout.row_bytes(), run};
  }
  /// Number of scales that a kernel may read of a row of `padded` elements.
  [[nodiscard]] std::size_t scale_count(std::size_t padded) const noexcept {
    return std::max<std::size_t>((padded >> shift_) + 16,
                                 packed_->description.layout.cells_per_row());
  }
  /// The kernel for these rows.
  [[nodiscard]] row_kernel kernel(const code_kernels& kernels) const noexcept {
    if (bits_ == 8) return is_symmetric() ? kernels.symmetric8 : kernels.codes8;
    return shift_ >= 5 ? kernels.wide4 : kernels.codes4;
  }
  /// Describes all rows but for x, its length and what is prefetched.
  void describe(row_pair& t) const noexcept {
    t.values = values_;
    t.shift = shift_;
    t.tensor = packed_->tensor_scale;
    t.has_tensor = has_tensor_;
  }
  /// Makes `row` row r of a pair.
  ///
  /// Shapes: scales[scale_count(...)], which the pair refers to.
  void read(std::size_t row, row_pair& t, std::size_t r, float* scales,
            const gemv_kernels& kernels) const noexcept {
    const packed_layout& layout = packed_->description.layout;
    if (tabulated_) {
      kernels.look_up(table_, packed_->scales.data() + layout.first_cell_of_row(row),
                      layout.cells_per_row(), scales);
    } else {
      scales_->read(row, scales);
    }
    t.rows[r] = packed_->codes.data() + row * layout.row_bytes();
    t.scales[r] = scales;
  }

 private:
  /// What the finite values of a format need: so many significant bits, between two exponents.
  struct value_range {
    int bits = 0;
    int lowest = 0;  ///< exponent of the lowest bit
    int highest = 0;

    void include(const unpacked& v) noexcept {
      if (v.kind != value_class::finite) return;
      const int zeros = countr_zero(v.significand);
      const int low = v.exponent - 63 + zeros;
      lowest = bits == 0 ? low : std::min(lowest, low);
      highest = bits == 0 ? v.exponent : std::max(highest, v.exponent);
      bits = std::max(bits, 64 - zeros);
    }
    /// That of the products with values of another.
    [[nodiscard]] value_range times(const value_range& other) const noexcept {
      return {bits + other.bits, lowest + other.lowest, highest + other.highest + 1};
    }
    /// Whether all are floats of at most so many bits.
    [[nodiscard]] bool fits(int most_bits) const noexcept {
      return bits <= most_bits && lowest >= -149 && highest <= 127;
    }
  };

  /// Whether values[code + 128] differs from values[code] in the sign alone, or both are NaN.
  [[nodiscard]] bool is_symmetric() const noexcept {
    for (std::size_t code = 0; code < 128; ++code) {
      std::uint32_t bits[2];
      std::memcpy(&bits[0], &values_[code], sizeof bits[0]);
      std::memcpy(&bits[1], &values_[code + 128], sizeof bits[1]);
      const bool nan = (bits[0] & bits[1] & 0x7fffffffU) > 0x7f800000U;
      if (!nan && (bits[0] ^ 0x80000000U) != bits[1]) return false;
    }
    return true;
  }

  const any_packed_view* packed_ = nullptr;
  std::optional<block_scales> scales_;
  scale_table table_;
  bool tabulated_ = false;
  int bits_ = 0;
  int shift_ = 63;
  bool has_tensor_ = false;
  float values_[256]{};
};

}  // namespace binade::inline v0::simd
