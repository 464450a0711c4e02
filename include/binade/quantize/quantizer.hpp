// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/kernel/reference/sums.hpp"  // add_squared_difference
#include "binade/kernel/simd/dispatch.hpp"
#include "binade/quantize/options.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace binade::inline v0 {

/// Element types that `quantize` reads: each is a subset of binary32.
template <class T>
concept quantize_source =
    std::same_as<T, float> || (format<T> && T::exact_in() != carrier::binary64);

namespace detail {

using packed_span_view = basic_packed_view<std::byte>;

inline void store_scale_code(std::span<std::byte> bytes, std::size_t i, std::size_t each,
                             std::uint64_t code) noexcept {
  std::memcpy(bytes.data() + i * each, &code, each);  // little-endian
}

/// One call of quantize: the source in storage order, the destination, and what was decided.
template <class T>
class quantizer {
 public:
  quantizer(const packed_span_view& out, const tensor_view<const T>& x,
            const quantize_options& options)
      : out_(out), description_(out.description), options_(options) {
    const packed_layout& layout = description_.layout;
    rank_ = layout.shape().rank();
    const auto axes = layout.stored_axes();
    x_ = rank_ == 0
             ? x
             : x.permuted(std::span<const int>(axes.data(), static_cast<std::size_t>(rank_)));
    index_step_ = 1;
    for (int i = layout.axis() + 1; i < rank_; ++i) index_step_ *= layout.shape().extent(i);
    // Linear logical index of the first element of a stored row, axis by axis.
    for (int i = 0; i < rank_; ++i) {
      std::uint64_t step = 1;
      for (int j = axes[static_cast<std::size_t>(i)] + 1; j < rank_; ++j) {
        step *= layout.shape().extent(j);
      }
      index_steps_[static_cast<std::size_t>(i)] = step;
    }
    range_ = range_of(description_.element, description_.element_exponent);
    policies_.rounding = options.rounding.value_or(description_.element.default_rounding());
    policies_.rules = description_.element.default_rules();
    if (options.saturation) policies_.rules.saturation = *options.saturation;
    policies_.rules.nan = options.nan.value_or(nan_mode::largest);
    policies_.rules.negative = options.negative;
    policies_.rules.symmetric = description_.symmetric;
    policies_.infinities = options.infinities;
    rule_ = options.rule.value_or(default_rule());
    choose_kernel();
  }

  /// The tensor scale that follows from the data. Error: one rounding.
  [[nodiscard]] float compute_tensor_scale() const {
    reference::cell_range all;
    const packed_layout& layout = description_.layout;
    for (std::size_t row = 0; row < layout.row_count(); ++row) {
      reference::scan(piece(row, 0, layout.row_length()), options_.infinities, all);
    }
    if (all.amax() == 0) return 1.0F;
    const unpacked scale_top = description_.scale.decode(description_.scale.describe().largest);
    const unpacked top = multiply(range_.target, scale_top);
    const std::uint64_t code =
        encode_scale(any_format::binary32(), divide(unpack(all.amax()), top));
    return bit_cast<float>(static_cast<std::uint32_t>(code));
  }

  [[nodiscard]] bool has_nan() const {
    reference::cell_range all;
    const packed_layout& layout = description_.layout;
    for (std::size_t row = 0; row < layout.row_count() && !all.has_nan; ++row) {
      reference::scan(piece(row, 0, layout.row_length()), options_.infinities, all);
    }
    return all.has_nan;
  }

  void set_tensor_scale(float s) noexcept { tensor_scale_ = unpack(s); }

  /// Groups take the scales and zero points that the destination holds already.
  void keep_scales() noexcept { keep_scales_ = true; }

  /// Quantizes all cells of one grid row: a set of whole stored rows.
  [[nodiscard]] quantize_counts run(std::size_t grid_row) const {
    quantize_counts counts;
    const std::size_t per_row = description_.layout.cells_per_row();
    for (std::size_t i = 0; i < per_row; ++i) quantize_cell(grid_row * per_row + i, counts);
    return counts;
  }

 private:
  [[nodiscard]] scale_rule default_rule() const noexcept {
    switch (description_.rule) {
      case block_scaling::pow2_floor:
        return scaling::pow2_floor{};
      case block_scaling::pow2_rceil:
        return scaling::pow2_rceil{};
      case block_scaling::absmax:
        break;
    }
    return scaling::absmax{};
  }

  [[nodiscard]] reference::row_piece<T> piece(std::size_t row, std::size_t begin,
                                              std::size_t end) const noexcept {
    const packed_layout& layout = description_.layout;
    reference::row_piece<T> p;
    p.stride = x_.inner_stride();
    p.x = x_.row_data(row) + static_cast<std::ptrdiff_t>(begin) * p.stride;
    p.n = end - begin;
    p.index_step = index_step_;
    std::uint64_t index = begin * index_step_;
    for (int i = rank_ - 2; i >= 0; --i) {
      const auto k = static_cast<std::size_t>(i);
      const std::size_t n = layout.stored_shape().extents()[k];
      index += row % n * index_steps_[k];
      row /= n;
    }
    p.index = index;
    return p;
  }

  template <class Function>
  void for_each_piece(std::size_t cell, Function&& f) const {
    description_.layout.for_each_piece(cell,
                                       [&](std::size_t row, std::size_t begin, std::size_t end) {
                                         f(row, begin, piece(row, begin, end));
                                       });
  }

  /// The scale's code for a group with largest magnitude `amax`.
  [[nodiscard]] std::uint64_t scale_code(float amax) const noexcept {
    const bool fixed =
        rule_.method == scale_method::given || rule_.method == scale_method::exponent_bias;
    if (amax == 0 && !fixed) return encode_zero_scale(description_.scale);
    unpacked target = unpack(amax);
    if (description_.tensor_scale != tensor_scale_kind::none && !fixed) {
      target = description_.tensor_scale == tensor_scale_kind::multiplier
                   ? divide(target, tensor_scale_)
                   : multiply(target, tensor_scale_);
    }
    scale_rule rule = rule_;
    if (rule.method == scale_method::mse_search) {
      rule.method = exponents_only() ? scale_method::pow2_rceil : scale_method::absmax;
    }
    return encode_scale(description_.scale, desired_scale(rule, range_, target));
  }

  [[nodiscard]] bool exponents_only() const noexcept {
    return description_.scale.visit([](const auto& s) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
        return s.mantissa_bits == 0;
      } else {
        return false;
      }
    });
  }

  /// The exact multiplier that a scale code stands for, the tensor scale included.
  [[nodiscard]] unpacked full_scale(std::uint64_t code) const noexcept {
    return reference::with_tensor_scale(description_.scale.decode(code), description_.tensor_scale,
                                        tensor_scale_);
  }

  /// Encodes a cell; `store(row, i, code)`.
  template <class Store>
  void encode_cell(std::size_t cell, const reference::group_scale& scale, quantize_counts& counts,
                   Store&& store) const {
    const auto encode = [&](const auto& s, const auto& rounding) {
      for_each_piece(
          cell, [&](std::size_t row, std::size_t begin, const reference::row_piece<T>& p) {
            reference::encode_piece(
                s, description_.element_exponent, p, scale, rounding, policies_, counts,
                [&](std::size_t i, std::uint64_t code) { store(row, begin + i, p, i, code); });
          });
    };
    description_.element.visit([&](const auto& s) {
      // The usual mode gets a loop of its own; all others share one.
      if (policies_.rounding.mode == rounding::mode::ties_to_even) {
        encode(s, rounding::ties_to_even{});
      } else {
        encode(s, policies_.rounding);
      }
    });
  }

  /// Sum of squared errors of a cell under a scale, in ascending order of storage, one fma a
  /// square; what is or becomes NaN or infinite does not count.
  [[nodiscard]] double squared_error(std::size_t cell, const reference::group_scale& scale) const {
    double sum = 0;
    quantize_counts unused;
    encode_cell(cell, scale, unused,
                [&](std::size_t, std::size_t, const reference::row_piece<T>& p, std::size_t i,
                    std::uint64_t code) {
                  const unpacked v = reference::element_value(description_.element.decode(code),
                                                              scale, description_.element_exponent);
                  const unpacked x = unpack(p.x[static_cast<std::ptrdiff_t>(i) * p.stride]);
                  const auto is_number = [](const unpacked& u) {
                    return u.kind == value_class::finite || u.kind == value_class::zero;
                  };
                  if (!is_number(x) || !is_number(v)) return;
                  reference::add_squared_difference(to_double(x), to_double(v), &sum);
                });
    return sum;
  }

  [[nodiscard]] std::uint64_t search(std::size_t cell, float amax) const {
    const fp_environment_guard guard;
    const std::uint64_t start = scale_code(amax);
    std::uint64_t best = start;
    double least = 0;
    bool first = true;
    const auto consider = [&](std::uint64_t code) {
      const unpacked full = full_scale(code);
      if (full.kind != value_class::finite) return;
      const double e = squared_error(cell, {full, full});
      if (first || e < least) {
        least = e;
        best = code;
      }
      first = false;
    };
    // From the largest candidate down: a tie keeps the larger scale.
    if (exponents_only()) {
      const unpacked middle = description_.scale.decode(start);
      for (int step = 1; step >= -1; --step) {
        consider(encode_scale(description_.scale, scale_exponent(middle, step)));
      }
    } else {
      unpacked target = unpack(amax);
      if (description_.tensor_scale != tensor_scale_kind::none) {
        target = description_.tensor_scale == tensor_scale_kind::multiplier
                     ? divide(target, tensor_scale_)
                     : multiply(target, tensor_scale_);
      }
      const unpacked top = desired_scale(scaling::absmax{}, range_, target);
      std::uint64_t last = ~std::uint64_t{0};
      for (int k = 128; k >= 65; --k) {
        const unpacked part = multiply(unpack(static_cast<float>(to_float(top))), unpack(k));
        const std::uint64_t code = encode_scale(description_.scale, scale_exponent(part, -7));
        if (code != last) consider(code);
        last = code;
      }
    }
    return best;
  }

  void quantize_cell(std::size_t cell, quantize_counts& counts) const {
    reference::cell_range range;
    for_each_piece(cell, [&](std::size_t, std::size_t, const reference::row_piece<T>& p) {
      reference::scan(p, options_.infinities, range);
    });
    const std::size_t each = description_.scale_bytes_each();
    const bool poisoned = range.has_nan && description_.is_block_format && !options_.nan;
    if (poisoned) {
      store_scale_code(out_.scales, cell, each, description_.scale.describe().nan);
      write_poisoned(cell, counts);
      return;
    }
    reference::group_scale scale;
    std::uint64_t code = 0;
    if (keep_scales_) {
      code = out_.scale_code(cell);
      const bool own = description_.group == group_kind::separate_signs;
      scale.positive = full_scale(code);
      scale.negative = own ? full_scale(out_.negative_scale_code(cell)) : scale.positive;
      scale.zero_point = out_.zero_point(cell);
    } else if (description_.group == group_kind::affine) {
      code = affine_scale(cell, range, scale);
    } else if (description_.group == group_kind::separate_signs) {
      code = scale_code(range.max_positive);
      const std::uint64_t negative = scale_code(range.max_negative);
      store_scale_code(out_.negative_scales, cell, each, negative);
      scale.positive = full_scale(code);
      scale.negative = full_scale(negative);
    } else {
      const float amax = range.amax();
      code = rule_.method == scale_method::mse_search && amax != 0 ? search(cell, amax)
                                                                   : scale_code(amax);
      scale.positive = scale.negative = full_scale(code);
    }
    store_scale_code(out_.scales, cell, each, code);
    if (encode_cell_by_vectors(cell, scale, counts)) {
      write_padding(cell);
      return;
    }
    const packed_layout& layout = description_.layout;
    const int bits = description_.element.bit_count();
    encode_cell(cell, scale, counts,
                [&](std::size_t row, std::size_t j, const reference::row_piece<T>&, std::size_t,
                    std::uint64_t element) {
                  write_code(out_.codes.data() + row * layout.row_bytes(), j, bits,
                             static_cast<std::uint32_t>(element));
                });
    write_padding(cell);
  }

  /// Looks whether a vector kernel serves this call: contiguous binary32 into a signed minifloat of
  /// at most 8 bits, nearest even, clamped, one scale a group.
  void choose_kernel() {
    if constexpr (std::same_as<T, float>) {
      const bool clamps = policies_.rules.saturation != saturation_mode::none;
      if (x_.inner_stride() != 1 || description_.group != group_kind::symmetric || !clamps ||
          policies_.rounding.mode != rounding::mode::ties_to_even) {
        return;
      }
      description_.element.visit([this](const auto& s) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
          if (!s.is_signed || !simd::has_float_encoder(s)) return;
          encoder_ = simd::make_float_encoder(s, policies_.rules);
          kernel_ = simd::active_kernels().encode_scaled;
        }
      });
    }
  }

  /// The same codes and counts as encode_cell, from the vector kernel; false if it does not serve.
  bool encode_cell_by_vectors([[maybe_unused]] std::size_t cell,
                              [[maybe_unused]] const reference::group_scale& scale,
                              [[maybe_unused]] quantize_counts& counts) const {
    if constexpr (std::same_as<T, float>) {
      if (kernel_ == nullptr || scale.positive.kind != value_class::finite) return false;
      const unpacked step = scale_exponent(scale.positive, description_.element_exponent);
      const unpacked reciprocal = divide(unpack(1), step);
      if (reciprocal.exponent < -126 || reciprocal.exponent > 126) return false;
      struct definition {
        const quantizer* self;
        const reference::group_scale* scale;
        quantize_counts* counts;
      } const context{this, &scale, &counts};
      simd::scaled_request request;
      request.multiplier = to_float(reciprocal);
      // The reciprocal and the product are each off by at most 2^-24 of themselves.
      const bool exact = step.significand == std::uint64_t{1} << 63;
      request.margin = exact ? 0.0F : 0x1p-22F;
      request.context = &context;
      request.exact = [](const void* c, float x) noexcept -> std::uint8_t {
        const auto& d = *static_cast<const definition*>(c);
        std::uint64_t code = 0;
        const reference::row_piece<float> one{.x = &x, .n = 1};
        reference::encode_piece(d.self->encoder_.spec, d.self->description_.element_exponent, one,
                                *d.scale, rounding::ties_to_even{}, d.self->policies_, *d.counts,
                                [&code](std::size_t, std::uint64_t q) { code = q; });
        return static_cast<std::uint8_t>(code);
      };
      for_each_piece(
          cell, [&](std::size_t row, std::size_t begin, const reference::row_piece<T>& p) {
            constexpr std::size_t chunk = 1024;
            std::uint8_t codes[chunk];
            for (std::size_t i = 0; i < p.n; i += chunk) {
              const std::size_t n = p.n - i < chunk ? p.n - i : chunk;
              const simd::scaled_counts c = kernel_(p.x + i, codes, n, encoder_, request);
              counts.clipped += c.clipped;
              counts.underflowed += c.underflowed;
              write_codes(row, begin + i, codes, n);
            }
          });
      return true;
    }
    return false;
  }

  /// Packs n codes of a row from position j on.
  void write_codes(std::size_t row, std::size_t j, const std::uint8_t* codes,
                   std::size_t n) const noexcept {
    std::byte* bytes = out_.codes.data() + row * description_.layout.row_bytes();
    const int bits = description_.element.bit_count();
    if (bits == 8) {
      std::memcpy(bytes + j, codes, n);
      return;
    }
    std::size_t i = 0;
    if (bits == 4 && j % 2 == 0) {
      for (; i + 2 <= n; i += 2) {
        bytes[(j + i) / 2] = static_cast<std::byte>(codes[i] | codes[i + 1] << 4);
      }
    }
    for (; i < n; ++i) write_code(bytes, j + i, bits, codes[i]);
  }

  /// Scale and zero point of an affine group: the range [min(x, 0), max(x, 0)] onto all codes.
  [[nodiscard]] std::uint64_t affine_scale(std::size_t cell, const reference::cell_range& range,
                                           reference::group_scale& scale) const {
    const code_description d = description_.element.describe();
    const std::int64_t largest = description_.element.order_key(d.largest);
    const std::int64_t lowest = description_.element.order_key(d.lowest);
    const unpacked width = add(unpack(range.max_positive), unpack(range.max_negative));
    const std::uint64_t code =
        width.kind == value_class::zero
            ? encode_zero_scale(description_.scale)
            : encode_scale(description_.scale, divide(width, unpack(largest - lowest)));
    scale.positive = scale.negative = full_scale(code);
    // zero = lowest + nearest_even(-min / scale), so that min lands on the lowest code.
    constexpr integer_spec wide{40, true};
    const unpacked offset = reference::scaled(unpack(range.max_negative), scale.positive);
    std::int64_t zero = lowest + order_key(wide, encode(wide, offset, rounding::ties_to_even{},
                                                        conversion_rules{}));
    if (zero > largest) zero = largest;
    scale.zero_point = zero;
    out_.zero_points[cell] = static_cast<std::byte>(description_.element.code_from_order_key(zero));
    return code;
  }

  void write_poisoned(std::size_t cell, quantize_counts& counts) const {
    const packed_layout& layout = description_.layout;
    const int bits = description_.element.bit_count();
    for_each_piece(cell, [&](std::size_t row, std::size_t begin, const reference::row_piece<T>& p) {
      for (std::size_t i = 0; i < p.n; ++i) {
        const std::uint32_t magnitude =
            reference::detail::float_bits(p.x[static_cast<std::ptrdiff_t>(i) * p.stride]) &
            0x7fffffffU;
        if (magnitude > reference::detail::infinity_bits) ++counts.nan;
        if (magnitude == reference::detail::infinity_bits) ++counts.infinite;
        write_code(out_.codes.data() + row * layout.row_bytes(), begin + i, bits, 0);
      }
    });
    write_padding(cell);
  }

  /// Zero codes after the last element of a row, where the cell is the row's last.
  void write_padding(std::size_t cell) const {
    const packed_layout& layout = description_.layout;
    if (!description_.is_block_format || (cell + 1) % layout.cells_per_row() != 0) return;
    const std::size_t row = cell / layout.cells_per_row();
    const int bits = description_.element.bit_count();
    for (std::size_t j = layout.row_length(); j < layout.row_codes(); ++j) {
      write_code(out_.codes.data() + row * layout.row_bytes(), j, bits, 0);
    }
  }

  packed_span_view out_;
  const packed_description& description_;
  const quantize_options& options_;
  tensor_view<const T> x_;
  int rank_ = 0;
  std::uint64_t index_step_ = 1;
  std::uint64_t index_steps_[max_rank]{};
  element_range range_;
  reference::encode_policies policies_;
  scale_rule rule_;
  unpacked tensor_scale_ = unpack(1);
  bool keep_scales_ = false;
  simd::float_encoder encoder_{};
  decltype(simd::kernels::encode_scaled) kernel_ = nullptr;
};

}  // namespace detail
}  // namespace binade::inline v0
