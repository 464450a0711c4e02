// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/convert.hpp"
#include "binade/kernel/reference/packed_values.hpp"
#include "binade/kernel/simd/quantize_targets.hpp"
#include "binade/quantize/vector_plan.hpp"  // make_scale_decoder
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace binade::inline v0::detail {

/// What vector kernels write.
template <class T>
concept vector_target =
    std::same_as<T, float> || std::same_as<T, float16> || std::same_as<T, bfloat16>;

/// Writes the values of a packed tensor by vector kernels.
///
/// They serve codes of 4 and 8 bits whose values are bfloat16 numbers, without zero points, under
/// scales along rows; and of two-level formats those whose first product is exact. Narrow targets
/// get the product rounded to odd in binary32 first, which leaves the second rounding right. A
/// group whose scale is negative, infinite, NaN or (for narrow targets) extreme goes to the
/// definition.
class vector_dequantizer {
 public:
  /// Whether kernels serve, and their tables.
  vector_dequantizer(const any_packed_view& packed, const simd::quantize_kernels& kernels)
      : packed_(packed), kernels_(kernels) {
    const packed_description& d = packed.description;
    const int bits = d.element.bit_count();
    if ((bits != 4 && bits != 8) || d.group != group_kind::symmetric ||
        d.tensor_scale == tensor_scale_kind::divisor || d.scale_bytes_each() == 2) {
      return;
    }
    const std::uint32_t codes = std::uint32_t{1} << bits;
    if (!fill(d.element, d.element_exponent, codes, values_)) return;
    for (std::uint32_t code = 0; code < codes; ++code) {
      if ((bit_cast<std::uint32_t>(values_[code]) & 0xffffU) != 0) return;
    }
    if (d.scale_bytes_each() == 1 && !choose_decoder(d.scale)) return;
    least_scale_ = d.element.describe().has_infinity ? 1 : 0;
    const int tensor =
        d.tensor_scale == tensor_scale_kind::none ? 0 : unpack(packed.tensor_scale).exponent;
    const int smallest =
        d.element.decode(d.element.describe().smallest).exponent + d.element_exponent;
    const auto exponent_bits = [](int e) {
      return static_cast<std::uint32_t>(e < -126 ? 1 : (e > 127 ? 255 : e + 127)) << 23;
    };
    least_narrow_ = exponent_bits(-94 - tensor - smallest);
    greatest_narrow_ = exponent_bits(60 - tensor);
    serves_ = d.tensor_scale == tensor_scale_kind::none ||
              (is_small(d.scale) && packed.tensor_scale > 0 &&
               unpack(packed.tensor_scale).kind == value_class::finite);
  }

  [[nodiscard]] bool serves() const noexcept { return serves_; }

  /// Writes elements [begin, end) of a stored row to y. `store(j, value)` rounds an exact value to
  /// y[j].
  template <vector_target T, class Store>
  void run(std::size_t row, std::size_t begin, std::size_t end, T* y, bool streams,
           const Store& store) const {
    const packed_layout& layout = packed_.description.layout;
    const std::size_t length = layout.cell_length();
    const std::size_t first_cell = layout.first_cell_of_row(row);
    // Many groups to a chunk, or a chunk within a group.
    const bool many = length % 16 == 0 && (length & (length - 1)) == 0 && length <= chunk;
    for (std::size_t i = begin; i < end;) {
      std::size_t n = chunk < end - i ? chunk : end - i;
      const std::size_t rest_of_group = length - i % length;
      if (!many && rest_of_group < n) n = rest_of_group;
      run_chunk(row, i, n, first_cell + i / length, many, y, streams, store);
      i += n;
    }
  }

  static constexpr std::size_t chunk = 4096;

 private:
  template <class T, class Store>
  void run_chunk(std::size_t row, std::size_t i, std::size_t n, std::size_t cell, bool many, T* y,
                 bool streams, const Store& store) const {
    const packed_layout& layout = packed_.description.layout;
    const int bits = packed_.description.element.bit_count();
    const std::byte* codes = packed_.codes.data() + row * layout.row_bytes();
    const std::size_t length = many ? layout.cell_length() : n;
    const std::size_t groups = (n + length - 1) / length;
    float scale[chunk / 16 + 4];
    const simd::magnitude_range range = read_scales(cell, groups, scale);
    for (std::size_t g = groups; g < groups + 4; ++g) scale[g] = scale[groups - 1];
    simd::decoded_run run;
    run.values = values_;
    run.scale = scale;
    run.tensor = packed_.tensor_scale;
    run.has_tensor = packed_.description.tensor_scale != tensor_scale_kind::none;
    run.shift = many ? countr_zero(static_cast<std::uint64_t>(length)) : 63;
    const std::size_t first_bit = i * static_cast<std::size_t>(bits);
    const bool aligned = first_bit % 8 == 0;
    if (aligned) {
      const std::byte* from = codes + first_bit / 8;
      if constexpr (std::same_as<T, float>) {
        run.streams = streams && reinterpret_cast<std::uintptr_t>(y + i) % 64 == 0;
        kernels_.decode_scaled_run(from, y + i, n, bits, run);
      } else {
        float floats[chunk];
        run.to_odd = true;
        kernels_.decode_scaled_run(from, floats, n, bits, run);
        convert(std::span<const float>(floats, n), std::span<T>(y + i, n));
      }
    }
    // Regular scales are a range of numbers, and perhaps 0.
    const bool all_regular = is_regular<T>(bit_cast<float>(range.largest)) &&
                             is_regular<T>(bit_cast<float>(range.smallest)) &&
                             (range.smallest != 0 || std::same_as<T, float>);
    if (aligned && all_regular) return;
    for (std::size_t g = 0; g < groups; ++g) {
      if (aligned && is_regular<T>(scale[g])) continue;
      const reference::group_scale exact = reference::scale_of_group(packed_, cell + g);
      const std::size_t group_end = (g + 1) * length < n ? (g + 1) * length : n;
      for (std::size_t j = i + g * length; j < i + group_end; ++j) {
        const unpacked element = packed_.description.element.decode(read_code(codes, j, bits));
        store(j, reference::element_value(element, exact, packed_.description.element_exponent));
      }
    }
  }
  /// A scale format whose products with elements of at most 8 bits are exact binary32 numbers.
  [[nodiscard]] static bool is_small(const any_format& scale) {
    return scale.visit([](const auto& s) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
        return s.mantissa_bits <= 10 && s.exponent_bits <= 5;
      } else {
        return false;
      }
    });
  }
  simd::magnitude_range read_scales(std::size_t cell, std::size_t n, float* scale) const noexcept {
    if (packed_.description.scale_bytes_each() == 1) {
      return kernels_.decode_scales(packed_.scales.data() + cell, n, decoder_, scale);
    }
    std::memcpy(scale, packed_.scales.data() + cell * sizeof(float), n * sizeof(float));
    simd::magnitude_range r;
    for (std::size_t g = 0; g < n; ++g) {
      // With the sign, so that negative scales are beyond infinity.
      const std::uint32_t bits = bit_cast<std::uint32_t>(scale[g]);
      r.largest = bits > r.largest ? bits : r.largest;
      r.smallest = bits < r.smallest ? bits : r.smallest;
    }
    return r;
  }
  /// Unsigned formats whose numbers but code 0 are normal in binary32, and whose NaN is the last
  /// code.
  [[nodiscard]] bool choose_decoder(const any_format& scale) {
    return scale.visit([this](const auto& s) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
        const unpacked smallest = decode(s, describe(s).smallest == 0 ? 1 : describe(s).smallest);
        decoder_ = make_scale_decoder(s);
        return !s.is_signed && s.mantissa_bits <= 10 && s.infinity == infinity_codes::none &&
               s.bias <= 127 && smallest.exponent >= -126;
      } else {
        return false;
      }
    });
  }
  /// The values of codes times 2^exponent; false if one is no binary32 number. NaN is canonical, as
  /// a product with a NaN is.
  [[nodiscard]] static bool fill(const any_format& format, int exponent, std::uint32_t codes,
                                 float* values) {
    return format.visit([&](const auto& s) {
      bool exact = true;
      for (std::uint32_t code = 0; code < codes; ++code) {
        exact &= value_of(s, code, exponent, &values[code]);
      }
      return exact;
    });
  }
  template <class Spec>
  static bool value_of(const Spec& s, std::uint32_t code, int exponent, float* value) noexcept {
    const unpacked u = scale_exponent(decode(s, code), exponent);
    if (u.kind == value_class::finite && u.exponent >= -126 && u.exponent <= 127) {
      // A normal number, put together: far quicker than rounding.
      const auto field = static_cast<std::uint32_t>(u.exponent + 127) << 23;
      const auto fraction = static_cast<std::uint32_t>(u.significand >> 40) & 0x7fffffU;
      *value = bit_cast<float>((u.negative ? 0x80000000U : 0U) | field | fraction);
      return (u.significand & low_mask(40)) == 0;
    }
    *value = u.kind == value_class::nan ? bit_cast<float>(0x7fc00000U) : to_float(u);
    return u.kind != value_class::finite || compare_values(unpack(*value), u) == 0;
  }
  /// A number that is not negative, and not 0 if elements may be infinite. Where the product's
  /// error counts, it is a normal number: then the smallest product but 0 stays above 2^-120.
  template <class T>
  [[nodiscard]] bool is_regular(float scale) const noexcept {
    const std::uint32_t bits = bit_cast<std::uint32_t>(scale);
    if (bits < least_scale_ || bits >= 0x7f800000U) return false;
    return std::same_as<T, float> || bits == 0 ||
           (bits >= least_narrow_ && bits <= greatest_narrow_);
  }

  const any_packed_view& packed_;
  const simd::quantize_kernels& kernels_;
  bool serves_ = false;
  std::uint32_t least_scale_ = 0;
  std::uint32_t least_narrow_ = 0;
  std::uint32_t greatest_narrow_ = 0;
  float values_[256] = {};
  simd::scale_decoder decoder_;
};

}  // namespace binade::inline v0::detail
