// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/kernel/reference/sums.hpp"  // add_squared_difference
#include "binade/quantize/chunk_quantizer.hpp"
#include "binade/quantize/options.hpp"
#include "binade/quantize/stretches.hpp"
#include "binade/quantize/surveyed_range.hpp"
#include "binade/quantize/vector_plan.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
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
///
/// Order of calls: the constructor; set_tensor_scale if there is one; keep_scales if wanted;
/// prepare; then run for every task, on any threads.
template <class T>
class quantizer {
 public:
  quantizer(const packed_span_view& out, const tensor_view<const T>& x,
            const quantize_options& options,
            const simd::quantize_kernels& kernels = simd::active_quantize_kernels())
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
    if constexpr (vector_source<T>) {
      if (x_.inner_stride() == 1) {
        plan_ = make_vector_plan(kernels, description_, policies_, rule_, range_);
        detail::set_tensor_scale(plan_, 1.0F, description_, range_);
      }
    }
    stretches_ = stretches(description_.layout, is_one_row());
  }

  /// Looks at all elements.
  [[nodiscard]] surveyed_range survey(executor_ref executor) const {
    range_collector all;
    executor.for_each_chunk(stretches_.count(), stretches_.grain(),
                            [&](std::size_t i, std::size_t end) {
                              surveyed_range r;
                              r.has_zero = false;
                              for (; i < end; ++i) {
                                const stretches::part at = stretches_[i];
                                look_at(piece(at.row, at.begin, at.end), r);
                              }
                              all.add(r);
                            });
    return all.all();
  }

  /// The tensor scale for a tensor with largest magnitude `amax`. Error: one rounding.
  [[nodiscard]] float tensor_scale_for(float amax) const noexcept {
    if (amax == 0) return 1.0F;
    const unpacked scale_top = description_.scale.decode(description_.scale.describe().largest);
    const unpacked top = multiply(range_.target, scale_top);
    const std::uint64_t code = encode_scale(any_format::binary32(), divide(unpack(amax), top));
    return bit_cast<float>(static_cast<std::uint32_t>(code));
  }

  void set_tensor_scale(float s) noexcept {
    tensor_scale_ = unpack(s);
    detail::set_tensor_scale(plan_, s, description_, range_);
  }

  /// Groups take the scales and zero points that the destination holds already.
  void keep_scales() noexcept { keep_scales_ = true; }

  /// Whether `prepare` wants to know the range of all elements.
  [[nodiscard]] bool wants_survey() const noexcept {
    return plan_.kernels != nullptr && !description_.is_block_format &&
           description_.layout.scale_count() == 1 && rule_.method != scale_method::mse_search;
  }

  /// Decides how the work is cut up. One scale for all elements is found here, from `all`, so that
  /// any number of threads may encode under it; its code is written.
  void prepare(const surveyed_range& all) {
    if constexpr (vector_source<T>) {
      if (plan_.kernels == nullptr) return;
      if (wants_survey()) {
        const std::uint64_t code = keep_scales_ ? out_.scale_code(0) : scale_code(all.amax());
        const unpacked step =
            scale_exponent(description_.scale.decode(code), description_.element_exponent);
        shared_.emplace(plan_, step);
        if (!shared_->serves) {
          shared_.reset();
          return;
        }
        shared_->run.counts_clipped = compare_magnitudes(divide(unpack(all.amax()), step),
                                                         unpack(plan_.elements.largest)) > 0;
        shared_scale_.positive = shared_scale_.negative = full_scale(code);
        shared_range_ = all;
        if (!keep_scales_) {
          store_scale_code(out_.scales, 0, description_.scale_bytes_each(), code);
        }
      } else if (!keep_scales_ && rule_.method != scale_method::mse_search &&
                 chunk_quantizer<T>::serves(description_.layout)) {
        chunks_.emplace(plan_, out_);
      }
    }
  }

  /// Number of tasks; a grain of them is worth a thread's while.
  [[nodiscard]] std::size_t task_count() const noexcept {
    if (description_.layout.scale_count() == 0) return 0;
    if (shared_ || chunks_) return stretches_.count();
    return description_.layout.scale_count() / description_.layout.cells_per_row();
  }
  [[nodiscard]] std::size_t grain() const noexcept {
    return shared_ || chunks_ ? stretches_.grain() : 16;
  }

  /// Quantizes the elements of one task.
  [[nodiscard]] quantize_counts run(std::size_t task) const {
    quantize_counts counts;
    if constexpr (vector_source<T>) {
      if (shared_) {
        const stretches::part at = stretches_[task];
        encode_piece_by_vectors(at.row, at.begin, piece(at.row, at.begin, at.end), shared_scale_,
                                *shared_, shared_range_, counts);
        return counts;
      }
      if (chunks_) {
        run_chunks(stretches_[task], counts);
        return counts;
      }
    }
    const std::size_t per_row = description_.layout.cells_per_row();
    for (std::size_t i = 0; i < per_row; ++i) quantize_cell(task * per_row + i, counts);
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

  /// Whether the tensor is one long row to the vector kernels.
  [[nodiscard]] bool is_one_row() const noexcept {
    const packed_layout& layout = description_.layout;
    const auto bits = static_cast<std::size_t>(description_.element.bit_count());
    const std::size_t length = layout.row_length();
    if (plan_.kernels == nullptr || layout.row_count() < 2 || !x_.is_contiguous() ||
        layout.row_codes() != length || length * bits % 8 != 0) {
      return false;
    }
    if (layout.scale_count() == 1) return true;
    if constexpr (vector_source<T>) {
      return chunk_quantizer<T>::serves(layout) && length % layout.cell_length() == 0;
    }
    return false;
  }

  /// Widens a range by a piece.
  void look_at(const reference::row_piece<T>& p, surveyed_range& r) const noexcept {
    if constexpr (vector_source<T>) {
      // The signs count only for groups that no kernel serves.
      if (plan_.kernels != nullptr) {
        const simd::magnitude_range seen = vector_amax(*plan_.kernels, p.x, p.n);
        if (seen.smallest == 0) r.has_zero = true;
        if (seen.largest < reference::detail::infinity_bits) {
          const float amax = bit_cast<float>(seen.largest);
          if (amax > r.max_positive) r.max_positive = amax;
          return;
        }
      }
    }
    r.has_special = r.has_zero = true;
    reference::scan(p, options_.infinities, r);
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

  /// The definition's codes of a piece; `store(i, code)`.
  template <class Store>
  void encode_piece(const reference::row_piece<T>& p, const reference::group_scale& scale,
                    quantize_counts& counts, Store&& store) const {
    description_.element.visit([&](const auto& s) {
      const auto encode = [&](const auto& rounding) {
        reference::encode_piece(s, description_.element_exponent, p, scale, rounding, policies_,
                                counts, store);
      };
      // The usual mode gets a loop of its own; all others share one.
      if (policies_.rounding.mode == rounding::mode::ties_to_even) {
        encode(rounding::ties_to_even{});
      } else {
        encode(policies_.rounding);
      }
    });
  }
  /// Writes them to position `begin` of a row onwards.
  void write_piece(std::size_t row, std::size_t begin, const reference::row_piece<T>& p,
                   const reference::group_scale& scale, quantize_counts& counts) const {
    std::byte* bytes = row_codes(row);
    const int bits = description_.element.bit_count();
    encode_piece(p, scale, counts, [&](std::size_t i, std::uint64_t code) {
      write_code(bytes, begin + i, bits, static_cast<std::uint32_t>(code));
    });
  }
  [[nodiscard]] std::byte* row_codes(std::size_t row) const noexcept {
    return out_.codes.data() + row * description_.layout.row_bytes();
  }

  /// Sum of squared errors of a cell under a scale, in ascending order of storage, one fma a
  /// square; what is or becomes NaN or infinite does not count.
  [[nodiscard]] double squared_error(std::size_t cell, const reference::group_scale& scale) const {
    double sum = 0;
    quantize_counts unused;
    for_each_piece(cell, [&](std::size_t, std::size_t, const reference::row_piece<T>& p) {
      encode_piece(p, scale, unused, [&](std::size_t i, std::uint64_t code) {
        const unpacked v = reference::element_value(description_.element.decode(code), scale,
                                                    description_.element_exponent);
        const unpacked x = unpack(p.x[static_cast<std::ptrdiff_t>(i) * p.stride]);
        const auto is_number = [](const unpacked& u) {
          return u.kind == value_class::finite || u.kind == value_class::zero;
        };
        if (!is_number(x) || !is_number(v)) return;
        reference::add_squared_difference(to_double(x), to_double(v), &sum);
      });
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
    surveyed_range range;
    range.has_zero = false;
    for_each_piece(cell, [&](std::size_t, std::size_t, const reference::row_piece<T>& p) {
      look_at(p, range);
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
    encode_cell(cell, code, scale, range, counts);
    write_padding(cell);
  }

  /// Encodes a cell under its scale: by vectors if they serve, else by the definition.
  void encode_cell(std::size_t cell, [[maybe_unused]] std::uint64_t scale_code,
                   const reference::group_scale& scale,
                   [[maybe_unused]] const surveyed_range& range, quantize_counts& counts) const {
    if constexpr (vector_source<T>) {
      if (plan_.kernels != nullptr) {
        const single_scale one(plan_, scale_exponent(description_.scale.decode(scale_code),
                                                     description_.element_exponent));
        if (one.serves) {
          for_each_piece(cell,
                         [&](std::size_t row, std::size_t begin, const reference::row_piece<T>& p) {
                           encode_piece_by_vectors(row, begin, p, scale, one, range, counts);
                         });
          return;
        }
      }
    }
    for_each_piece(cell, [&](std::size_t row, std::size_t begin, const reference::row_piece<T>& p) {
      write_piece(row, begin, p, scale, counts);
    });
  }

  /// The same codes and counts as write_piece, from the vector kernels; runs with a NaN or an
  /// infinity go to the definition.
  void encode_piece_by_vectors(std::size_t row, std::size_t begin, const reference::row_piece<T>& p,
                               const reference::group_scale& scale, const single_scale& one,
                               const surveyed_range& range, quantize_counts& counts) const
    requires vector_source<T>
  {
    const simd::quantize_kernels& k = *plan_.kernels;
    chunk_floats<T> widened;
    // Most chunks are clean even where a tensor is not.
    constexpr std::size_t careful = 64;
    std::size_t n = 0;
    for (std::size_t i = 0; i < p.n; i += n) {
      n = p.n - i < chunk_elements ? p.n - i : chunk_elements;
      if (range.has_special &&
          vector_amax(k, p.x + i, n).largest >= reference::detail::infinity_bits) {
        n = n < careful ? n : careful;
        if (vector_amax(k, p.x + i, n).largest >= reference::detail::infinity_bits) {
          reference::row_piece<T> part = p;
          part.x += i;
          part.n = n;
          write_piece(row, begin + i, part, scale, counts);
          continue;
        }
      }
      const float* floats = widened(k, p.x + i, n);
      simd::scaled_run run = one.run;
      if constexpr (std::same_as<T, float>) {
        if (p.n - i >= 2 * n) run.ahead = p.x + i + n;
      }
      const simd::run_counts c = encode_into_row(plan_, floats, n, run, row_codes(row), begin + i);
      counts.clipped += c.clipped;
      counts.underflowed += c.zeros;
      if (range.has_zero) counts.underflowed -= k.count_zero_values(floats, n);
    }
  }

  /// Quantizes whole blocks of a row, chunk by chunk.
  void run_chunks(const stretches::part& at, quantize_counts& counts) const
    requires vector_source<T>
  {
    struct scale_definition {
      const quantizer& self;
      [[nodiscard]] std::uint64_t code(float amax) const noexcept { return self.scale_code(amax); }
      [[nodiscard]] unpacked step(std::uint64_t code) const noexcept {
        return scale_exponent(self.description_.scale.decode(code),
                              self.description_.element_exponent);
      }
    };
    const packed_layout& layout = description_.layout;
    const std::size_t first_cell = at.row * layout.cells_per_row();
    const reference::row_piece<T> p = piece(at.row, at.begin, at.end);
    const std::size_t step = chunks_->chunk();
    for (std::size_t i = 0; i < p.n; i += step) {
      const std::size_t n = p.n - i < step ? p.n - i : step;
      const std::size_t j = at.begin + i;
      chunks_->run(p.x + i, n, row_codes(at.row), j, first_cell + j / layout.cell_length(),
                   p.n - i - n >= step, counts, scale_definition{*this},
                   [this](std::size_t cell, quantize_counts& c) { quantize_cell(cell, c); });
    }
    if (at.end == stretches_.row_length())
      write_padding(first_cell + (at.end - 1) / layout.cell_length());
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
  vector_plan plan_;
  stretches stretches_;
  std::optional<chunk_quantizer<std::conditional_t<vector_source<T>, T, float>>> chunks_;
  std::optional<single_scale> shared_;
  reference::group_scale shared_scale_;
  surveyed_range shared_range_;
};

}  // namespace detail
}  // namespace binade::inline v0
