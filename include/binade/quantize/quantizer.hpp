// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/kernel/reference/sums.hpp"  // add_squared_difference
#include "binade/quantize/chunk_quantizer.hpp"
#include "binade/quantize/options.hpp"
#include "binade/quantize/row_part.hpp"
#include "binade/quantize/source_rows.hpp"
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
/// Order of calls: the constructor; set_transform and survey if wanted; set_tensor_scale if there
/// is one; keep_scales if wanted; prepare; then run for every task, on any threads.
template <class T>
class quantizer {
 public:
  quantizer(const packed_span_view& out, const tensor_view<const T>& x,
            const quantize_options& options,
            const simd::quantize_kernels& kernels = simd::active_quantize_kernels())
      : out_(out), description_(out.description), options_(options), x_(description_.layout, x) {
    range_ = range_of(description_.element, description_.element_exponent);
    policies_.rounding = options.rounding.value_or(description_.element.default_rounding());
    policies_.rules = description_.element.default_rules();
    if (options.saturation) policies_.rules.saturation = *options.saturation;
    policies_.rules.nan = options.nan.value_or(nan_mode::largest);
    policies_.rules.negative = options.negative;
    policies_.rules.symmetric = description_.symmetric;
    policies_.infinities = options.infinities;
    rule_ = options.rule.value_or(default_rule(description_.rule));
    if constexpr (vector_source<T>) {
      if (x_.inner_stride() == 1) {
        plan_ = make_vector_plan(kernels, description_, policies_, rule_, range_);
        detail::set_tensor_scale(plan_, 1.0F, description_, range_);
      }
    }
    stretches_ = stretches(description_.layout, is_one_row());
  }

  /// Has x transformed, chunk by chunk on the way. False if only whole tensors can be transformed
  /// before this call: then nothing has changed.
  ///
  /// Needs: rows of whole blocks of the transform.
  [[nodiscard]] bool set_transform(const hadamard& t) {
    if constexpr (vector_source<T>) {
      if (!uses_chunks() || !chunk_quantizer<T>::serves_transformed(description_.layout)) {
        return false;
      }
      transform_.emplace(t, hadamard_direction::forward,
                         simd::hadamard_kernels_for(plan_.kernels->compiled_for));
      return true;
    }
    return false;
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
                                look_at_source(x_.piece(at.row, at.begin, at.end), r);
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

  /// Whether `prepare` wants to know the range of all elements: the scale follows from it.
  [[nodiscard]] bool wants_survey() const noexcept {
    return shares_scale() && !keep_scales_ && !has_fixed_scale();
  }

  /// Decides how the work is cut up. One scale for all elements is found here, from `all`, so that
  /// any number of threads may encode under it; its code is written. `all` may be unknown unless
  /// wants_survey().
  void prepare(const surveyed_range& all) {
    if constexpr (vector_source<T>) {
      if (plan_.kernels == nullptr) return;
      if (shares_scale()) {
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
      } else if (!keep_scales_ && uses_chunks()) {
        chunks_.emplace(plan_, out_, transform_ ? &*transform_ : nullptr);
      }
    }
  }

  /// Whether vectors do all of the work, under scales that they find; needed with a transform.
  [[nodiscard]] bool runs_chunks() const noexcept { return chunks_.has_value(); }

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
        encode_piece_by_vectors(at.row, at.begin, x_.piece(at.row, at.begin, at.end), shared_scale_,
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
  /// Whether chunks of x can be quantized on their own; needs vector_source<T>.
  [[nodiscard]] bool uses_chunks() const noexcept {
    return plan_.kernels != nullptr && !shares_scale() &&
           rule_.method != scale_method::mse_search &&
           chunk_quantizer<T>::serves(description_.layout);
  }

  /// Whether vectors encode all elements under one scale.
  [[nodiscard]] bool shares_scale() const noexcept {
    return plan_.kernels != nullptr && !description_.is_block_format &&
           description_.layout.scale_count() == 1 && rule_.method != scale_method::mse_search;
  }
  /// Whether the scale does not depend on the elements.
  [[nodiscard]] bool has_fixed_scale() const noexcept {
    return rule_.method == scale_method::given || rule_.method == scale_method::exponent_bias;
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

  /// Widens a range by a piece of x, transformed if it is to be.
  void look_at_source(const reference::row_piece<T>& p, surveyed_range& r) const {
    if constexpr (vector_source<T>) {
      if (transform_) {
        const fp_environment_guard guard;
        chunk_floats<T> transformed(&*transform_);
        for (std::size_t i = 0; i < p.n; i += transformed_elements) {
          reference::row_piece<float> part;
          part.n = p.n - i < transformed_elements ? p.n - i : transformed_elements;
          part.x = transformed(*plan_.kernels, p.x + i, part.n);
          look_at(part, r);
        }
        return;
      }
    }
    look_at(p, r);
  }
  /// Widens a range by a piece.
  template <class Source>
  void look_at(const reference::row_piece<Source>& p, surveyed_range& r) const noexcept {
    if constexpr (vector_source<Source>) {
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
                                         f(row, begin, x_.piece(row, begin, end));
                                       });
  }

  /// The scale's code for a group with largest magnitude `amax`.
  [[nodiscard]] std::uint64_t scale_code(float amax) const noexcept {
    const bool fixed = has_fixed_scale();
    if (amax == 0 && !fixed) return encode_zero_scale(description_.scale);
    unpacked target = unpack(amax);
    if (description_.tensor_scale != tensor_scale_kind::none && !fixed) {
      target = description_.tensor_scale == tensor_scale_kind::multiplier
                   ? divide(target, tensor_scale_)
                   : multiply(target, tensor_scale_);
    }
    scale_rule rule = rule_;
    if (rule.method == scale_method::mse_search) {
      rule.method =
          has_only_exponents(description_.scale) ? scale_method::pow2_rceil : scale_method::absmax;
    }
    return encode_scale(description_.scale, desired_scale(rule, range_, target));
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
    if (has_only_exponents(description_.scale)) {
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
      simd::magnitude_range seen{0, 0};
      if (range.has_special) {
        seen = vector_amax(k, p.x + i, n);
        if (seen.largest >= reference::detail::infinity_bits) {
          n = n < careful ? n : careful;
          seen = vector_amax(k, p.x + i, n);
        }
        if (seen.largest >= reference::detail::infinity_bits) {
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
      if (range.has_zero && seen.smallest == 0) {
        counts.underflowed -= k.count_zero_values(floats, n);
      }
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
    const reference::row_piece<T> p = x_.piece(at.row, at.begin, at.end);
    const std::size_t step = chunks_->chunk();
    for (std::size_t i = 0; i < p.n; i += step) {
      const std::size_t n = p.n - i < step ? p.n - i : step;
      const std::size_t j = at.begin + i;
      chunks_->run(
          p.x + i, n, row_codes(at.row), j, first_cell + j / layout.cell_length(),
          p.n - i - n >= step, counts, scale_definition{*this},
          [&](std::size_t cell, const float* floats, std::size_t size, quantize_counts& c) {
            if (transform_) {
              const std::size_t begin = (cell - first_cell) * layout.cell_length();
              quantize_floats(part_of_row(out_, at.row, begin, size), floats, c);
            } else {
              quantize_cell(cell, c);
            }
          });
    }
    if (at.end == stretches_.row_length())
      write_padding(first_cell + (at.end - 1) / layout.cell_length());
  }

  /// Quantizes a block of transformed elements by the definition.
  void quantize_floats(const packed_span_view& to, const float* x, quantize_counts& counts) const {
    const tensor_view<const float> view(x, to.description.layout.shape());
    quantizer<float> one(to, view, options_, *plan_.kernels);
    one.set_tensor_scale(plan_.tensor);
    counts += one.run(0);
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
  source_rows<T> x_;
  element_range range_;
  reference::encode_policies policies_;
  scale_rule rule_;
  unpacked tensor_scale_ = unpack(1);
  bool keep_scales_ = false;
  vector_plan plan_;
  stretches stretches_;
  std::optional<simd::hadamard_blocks> transform_;
  std::optional<chunk_quantizer<std::conditional_t<vector_source<T>, T, float>>> chunks_;
  std::optional<single_scale> shared_;
  reference::group_scale shared_scale_;
  surveyed_range shared_range_;
};

}  // namespace detail
}  // namespace binade::inline v0
