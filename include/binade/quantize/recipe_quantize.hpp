// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/quantize/recipe.hpp"
#include "binade/quantize/recipe_chunks.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace binade::inline v0 {

namespace detail {

/// One call of quantize with a recipe: scales and codes of all blocks by its definition, element by
/// element.
template <class T>
class recipe_quantizer {
 public:
  recipe_quantizer(const packed_span_view& out, const tensor_view<const T>& x,
                   const any_recipe& recipe)
      : out_(out), x_(x), recipe_(recipe), element_(out.description.element) {
    zero_code_ = element_.encode(unpacked{}, rounding::ties_to_even{}, {});
    const code_description d = element_.describe();
    largest_ = element_.decode(d.largest);
    signed_zero_ = d.has_negative_zero;
    has_nan_ = d.has_nan;
    sign_bit_ = std::uint64_t{1} << (d.code_bits - 1);
  }

  /// Looks at the whole tensor; needed before `run`.
  [[nodiscard]] float choose_tensor_scale() noexcept {
    if (recipe_.tensor == nullptr) return 1.0F;
    largest_magnitude all;
    for (std::size_t row = 0; row < x_.row_count(); ++row) scan(row, 0, x_.row_length(), all);
    tensor_amax_ = all.value(recipe_.amax);
    tensor_ = recipe_.tensor(recipe_, tensor_amax_);
    return bit_cast<float>(tensor_.stored.binary32_bits());
  }

  /// Quantizes all cells of one row of the grid of scales: a set of whole rows of x.
  [[nodiscard]] quantize_counts run(std::size_t grid_row) const {
    const packed_layout& layout = out_.description.layout;
    quantize_counts counts;
    for (std::size_t i = 0; i < layout.cells_per_row(); ++i) {
      quantize_cell(grid_row * layout.cells_per_row() + i, counts);
    }
    return counts;
  }

 private:
  /// Magnitudes of floats are ordered as their bits are.
  struct largest_magnitude {
    std::uint32_t bits = 0;
    bool has_nan = false;

    void include(const T& x) noexcept {
      const std::uint32_t b = reference::detail::float_bits(x) & 0x7fffffffU;
      if (b > reference::detail::infinity_bits) {
        has_nan = true;
      } else if (b > bits) {
        bits = b;
      }
    }
    [[nodiscard]] recipe_float value(amax_rule rule) const noexcept {
      const bool nan = has_nan && rule == amax_rule::propagates_nan;
      return recipe_float::rounded(decode(binary32_spec, nan ? 0x7fc00000U : bits))
          .rounded_like(recipe_float::of(T{}));
    }
  };

  void scan(std::size_t row, std::size_t begin, std::size_t end,
            largest_magnitude& m) const noexcept {
    const T* x = x_.row_data(row);
    for (std::size_t i = begin; i < end; ++i) {
      m.include(x[static_cast<std::ptrdiff_t>(i) * x_.inner_stride()]);
    }
  }

  template <class Function>
  void for_each_piece(std::size_t cell, Function&& f) const {
    out_.description.layout.for_each_piece(cell, f);
  }

  struct row_range {
    std::size_t first;
    std::size_t last;  ///< one behind
  };

  /// The rows that share the scales of `row`: itself, and with tile_rows its tile's.
  [[nodiscard]] row_range tile_of(std::size_t row) const noexcept {
    if (recipe_.tile_rows <= 1 || x_.rank() < 2) return {row, row + 1};
    const std::size_t rows = x_.extent(-2);
    const std::size_t in_matrix = row % rows;
    const std::size_t tile = in_matrix - in_matrix % recipe_.tile_rows;
    const std::size_t count = rows - tile < recipe_.tile_rows ? rows - tile : recipe_.tile_rows;
    const std::size_t first = row - in_matrix + tile;
    return {first, first + count};
  }

  /// The largest magnitude of a cell; with tile_rows, of the cells above and below it as well.
  [[nodiscard]] recipe_float cell_amax(std::size_t cell) const {
    largest_magnitude m;
    for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      const row_range tile = tile_of(row);
      for (std::size_t i = tile.first; i < tile.last; ++i) scan(i, begin, end, m);
    });
    return m.value(recipe_.amax);
  }

  void quantize_cell(std::size_t cell, quantize_counts& counts) const {
    std::array<float, max_block> buffer;
    scale_question question{cell_amax(cell), tensor_amax_, tensor_, {}};
    question.values = gather(cell, buffer);
    scale_choice choice = recipe_.scale(recipe_, question);
    if (recipe_.alternative != nullptr) {
      const scale_choice other = recipe_.alternative(recipe_, question);
      if (error(cell, other, question) < error(cell, choice, question)) choice = other;
    }
    store_scale_code(out_.scales, cell, out_.description.scale_bytes_each(), choice.code);
    const packed_layout& layout = out_.description.layout;
    const int bits = element_.bit_count();
    const unpacked limit = multiply(
        largest_, reference::with_tensor_scale(out_.description.scale.decode(choice.code),
                                               recipe_.tensor_scale, tensor_.stored.exact()));
    for_each_element(cell, [&](std::size_t row, std::size_t i, const T& x) {
      const std::uint64_t code = encode(x, choice, row * layout.row_length() + i);
      count(unpack(x), limit, code, counts);
      write_code(out_.codes.data() + row * layout.row_bytes(), i, bits,
                 static_cast<std::uint32_t>(code));
      if (i + 1 != layout.row_length()) return;
      for (std::size_t j = layout.row_length(); j < layout.row_codes(); ++j) {
        write_code(out_.codes.data() + row * layout.row_bytes(), j, bits, 0);
      }
    });
  }

  template <class Function>
  void for_each_element(std::size_t cell, Function&& f) const {
    for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      const T* x = x_.row_data(row);
      for (std::size_t i = begin; i < end; ++i) {
        f(row, i, x[static_cast<std::ptrdiff_t>(i) * x_.inner_stride()]);
      }
    });
  }

  /// The values of a small cell; nothing of a larger one.
  [[nodiscard]] std::span<const float> gather(std::size_t cell,
                                              std::array<float, max_block>& buffer) const {
    std::size_t n = 0;
    for_each_piece(cell,
                   [&](std::size_t, std::size_t begin, std::size_t end) { n += end - begin; });
    if (n > max_block) return {};
    n = 0;
    for_each_element(cell, [&](std::size_t, std::size_t, const T& x) {
      buffer[n++] = bit_cast<float>(reference::detail::float_bits(x));
    });
    return std::span<const float>(buffer.data(), n);
  }

  /// The code of an element, the index-th of the tensor.
  [[nodiscard]] std::uint64_t encode(const T& value, const scale_choice& choice,
                                     std::uint64_t index) const noexcept {
    const recipe_float x = recipe_float::of(value);
    if (recipe_.element != nullptr) return recipe_.element(recipe_, x, choice);
    const element_rule& rule = recipe_.elements;
    unpacked y =
        (rule.step == element_step::multiply ? x * choice.factor : x / choice.factor).exact();
    if (y.kind == value_class::nan) {
      if (rule.nan == nan_sign::positive) y.negative = false;
      if (!has_nan_) return rule.nan_code | (y.negative ? sign_bit_ : 0);
    }
    const std::uint64_t code = round(y, index);
    const bool is_zero = signed_zero_ && (code & ~sign_bit_) == zero_code_;
    if (!is_zero || rule.zeros == zero_rule::keep_sign) return code;
    const bool exact_zero = y.kind == value_class::zero;
    const bool negative = exact_zero ? rule.zeros == zero_rule::negative_zero : y.negative;
    return zero_code_ | (negative ? sign_bit_ : 0);
  }

  [[nodiscard]] std::uint64_t round(const unpacked& y, std::uint64_t index) const noexcept {
    return element_.visit([&](const auto& spec) -> std::uint64_t {
      const conversion_rules rules{.symmetric = out_.description.symmetric};
      if (recipe_.random) return binade::encode(spec, y, recipe_.random->at(index), rules);
      if (recipe_.elements.ties == tie_rule::toward_zero) {
        return binade::encode(spec, y, ties_toward_zero{}, rules);
      }
      return binade::encode(spec, y, rounding::ties_to_even{}, rules);
    });
  }

  /// The error of a cell under a scale: that of a row summed in the order of its elements, those of
  /// a tile's rows by halves, where a row below the matrix counts as zeros.
  [[nodiscard]] recipe_float error(std::size_t cell, const scale_choice& choice,
                                   const scale_question& question) const {
    recipe_float sum = 0.0F;
    for_each_piece(cell, [&](std::size_t row, std::size_t begin, std::size_t end) {
      const row_range tile = tile_of(row);
      std::array<recipe_float, max_tile_rows> sums;
      for (std::size_t i = tile.first; i < tile.last; ++i) {
        sums[i - tile.first] = row_error(i, begin, end, choice, question);
      }
      for (std::size_t n = std::bit_ceil(recipe_.tile_rows) / 2; n > 0; n /= 2) {
        for (std::size_t i = 0; i < n; ++i) sums[i] = sums[i] + sums[i + n];
      }
      sum = sum + sums[0];
    });
    return sum;
  }

  [[nodiscard]] recipe_float row_error(std::size_t row, std::size_t begin, std::size_t end,
                                       const scale_choice& choice,
                                       const scale_question& question) const {
    const recipe_float scale = recipe_float::rounded(out_.description.scale.decode(choice.code));
    const T* x = x_.row_data(row);
    recipe_float sum = 0.0F;
    for (std::size_t i = begin; i < end; ++i) {
      const T& value = x[static_cast<std::ptrdiff_t>(i) * x_.inner_stride()];
      const std::uint64_t code =
          encode(value, choice, row * out_.description.layout.row_length() + i);
      const recipe_float element = recipe_float::rounded(element_.decode(code));
      sum = sum + recipe_.error(recipe_, recipe_float::of(value), element, scale, question);
    }
    return sum;
  }

  void count(const unpacked& x, const unpacked& limit, std::uint64_t code,
             quantize_counts& counts) const noexcept {
    if (x.kind == value_class::nan) {
      ++counts.nan;
    } else if (x.kind == value_class::infinity) {
      ++counts.infinite;
    } else if (x.kind == value_class::finite && limit.kind == value_class::finite &&
               compare_magnitudes(x, limit) > 0) {
      ++counts.clipped;
    } else if (x.kind == value_class::finite && element_.classify(code) == value_class::zero) {
      ++counts.underflowed;
    }
  }

  packed_span_view out_;
  tensor_view<const T> x_;
  const any_recipe& recipe_;
  any_format element_;
  recipe_float tensor_amax_;
  tensor_choice tensor_;
  unpacked largest_;
  std::uint64_t zero_code_ = 0;
  std::uint64_t sign_bit_ = 0;
  bool signed_zero_ = false;
  bool has_nan_ = false;
};

/// Throws: error if `d` is not what the recipe makes, its random bits are not among those that
///         rounding::stochastic allows, or its tiles are too high.
inline void check_recipe(const any_recipe& r, const packed_description& d) {
  if (r.tile_rows == 0 || r.tile_rows > max_tile_rows) {
    BINADE_THROW(error{std::string("quantize: tile_rows of the recipe ") + r.name + " is " +
                       std::to_string(r.tile_rows) + "; it must be 1 to " +
                       std::to_string(max_tile_rows)});
  }
  const packed_description wanted = describe_packed(r, d.layout.shape());
  if (!(d.element == wanted.element) || !(d.scale == wanted.scale) || d.layout != wanted.layout ||
      d.tensor_scale != wanted.tensor_scale || d.group != wanted.group) {
    BINADE_THROW(error{std::string("quantize: the destination is not what the recipe ") + r.name +
                       " makes; take its form from describe_packed"});
  }
  quantize_options options;
  if (r.random) options.set(rounding::any(*r.random));
  check_options(d, options);
}

}  // namespace detail

/// Quantizes x into somebody's bytes, by a recipe.
///
/// Shapes: out.shape() == x.shape(); out.description == describe_packed(recipe, x.shape()).
/// NaN:    as the recipe's stack does it.
/// Error:  the stack's own bits, but for the sign of a NaN scale, which is dropped.
/// Throws: error if shapes, sizes or description do not fit; before it writes.
/// Cost:   allocates nothing; a few rounded operations in integers an element, but for
///         modelopt_nvfp4, which has vector kernels.
template <quantize_source T>
quantize_result quantize_into(const basic_packed_view<std::byte>& out, tensor_view<const T> x,
                              const any_recipe& recipe, executor_ref executor = {}) {
  detail::check_recipe(recipe, out.description);
  if (recipe.scale == nullptr) {
    return quantize_into(out, x, quantize_options(recipe.rule, executor));
  }
  detail::check_destination(out, x.shape());
  if (const auto done = detail::quantize_by_recipe_chunks(simd::active_quantize_kernels(), out, x,
                                                          recipe, executor)) {
    return *done;
  }
  detail::recipe_quantizer<T> q(out, x, recipe);
  quantize_result result;
  result.tensor_scale = q.choose_tensor_scale();
  const packed_layout& layout = out.description.layout;
  const std::size_t grid_rows =
      layout.scale_count() == 0 ? 0 : layout.scale_count() / layout.cells_per_row();
  std::atomic<std::size_t> counts[4]{};
  executor.for_each_chunk(grid_rows, 16, [&](std::size_t begin, std::size_t end) {
    quantize_counts part;
    for (std::size_t i = begin; i < end; ++i) part += q.run(i);
    counts[0] += part.nan;
    counts[1] += part.infinite;
    counts[2] += part.clipped;
    counts[3] += part.underflowed;
  });
  result.counts = {counts[0], counts[1], counts[2], counts[3]};
  return result;
}

/// Quantizes x by a recipe chosen at run time.
template <class T>
  requires quantize_source<std::remove_const_t<T>>
[[nodiscard]] any_packed_tensor quantize(tensor_view<T> x, const any_recipe& recipe,
                                         executor_ref executor = {}) {
  any_packed_tensor packed(describe_packed(recipe, x.shape()));
  const quantize_result result = quantize_into(
      packed.mutable_view(), tensor_view<const std::remove_const_t<T>>(x), recipe, executor);
  packed.set_tensor_scale(result.tensor_scale);
  packed.set_counts(result.counts);
  return packed;
}

/// Quantizes x by a recipe, as in `quantize(w, recipes::te_nvfp4{})`, into the packed tensor of the
/// recipe's format.
///
/// Blocks and groups run along the last axis.
template <recipe R, class T>
  requires quantize_source<std::remove_const_t<T>>
[[nodiscard]] packed_tensor<typename R::format_type> quantize(tensor_view<T> x, const R& recipe,
                                                              executor_ref executor = {}) {
  return packed_tensor<typename R::format_type>(quantize(x, recipe.describe(), executor));
}

}  // namespace binade::inline v0
