// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/convert.hpp"
#include "binade/kernel/dot.hpp"
#include "binade/kernel/gemm.hpp"
#include "binade/kernel/gemv.hpp"
#include "binade/kernel/reference/exact_dot.hpp"
#include "binade/metrics/error_statistics.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/quantize/recipe_quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "same_bits/inputs.hpp"
#include "same_bits/lines.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Quantization of tensors, and what is computed from packed ones.

namespace same_bits {

/// No multiple of any block size or vector width: rows end in short blocks.
inline constexpr std::size_t columns = 203;
inline constexpr std::size_t plain_rows = 9;

/// Enough for several blocks of any size in each partial sum of a product.
inline constexpr std::size_t wide_columns = 32 * stretch + 3;
inline constexpr std::size_t wide_rows = 5;

inline void add(binade::fnv1a& hash, const binade::any_packed_tensor& t) {
  for (const auto bytes : {t.codes(), t.scales(), t.negative_scales(), t.zero_points()}) {
    for (const std::byte b : bytes) hash.add_byte(static_cast<std::uint8_t>(b));
  }
  add(hash, t.tensor_scale());
  for (const std::size_t n :
       {t.counts().nan, t.counts().infinite, t.counts().clipped, t.counts().underflowed}) {
    hash.add_word(n, 8);
  }
}

/// Everything that is computed of tensors of one form. Each function adds to the sums of its kinds.
class tensor_case {
 public:
  explicit tensor_case(const binade::any_packable& format, binade::granularity groups = {},
                       binade::group_kind kind = binade::group_kind::symmetric)
      : format_(format), groups_(groups), kind_(kind) {}

  /// Quantization under several roundings and saturations, of plain and special numbers.
  void add_quantized(sums& s) const {
    namespace r = binade::rounding;
    add_quantized(s["quantize"], {});
    for (const r::any& rounding :
         {r::any(r::toward_zero{}), r::any(r::toward_positive{}), r::any(r::to_odd{}),
          r::any(r::stochastic{.seed = seed, .stream = 2, .bits = 16})}) {
      binade::quantize_options options;
      options.rounding = rounding;
      add_quantized(s["quantize_otherwise"], options);
    }
    binade::quantize_options options;
    options.saturation = binade::saturation_mode::none;
    add_quantized(s["quantize_otherwise"], options);
  }

  /// Quantization under every scale rule.
  void add_rules(sums& s) const {
    binade::quantize_options options;
    options.rule.emplace();
    for (const binade::scale_method method :
         {binade::scale_method::absmax, binade::scale_method::pow2_floor,
          binade::scale_method::pow2_ceil, binade::scale_method::pow2_rceil,
          binade::scale_method::pow2_even}) {
      options.rule->method = method;
      add_quantized(s["quantize_by_rule"], options);
    }
    options.rule->method = binade::scale_method::mse_search;
    add(s["quantize_by_search"], quantize(matrix(plain_).slice(0, 0, 1), options));
    add(s["quantize_by_search"], quantize(matrix(special_).slice(0, 0, 2), options));
  }

  void add_dequantized(sums& s) const {
    for (const misaligned<float>* source : {&plain_, &special_}) {
      const binade::any_packed_tensor t = quantize(*source, {});
      add_values<float>(s["dequantize"], t);
      add_values<double>(s["dequantize"], t);
      add_values<binade::bfloat16>(s["dequantize"], t);
    }
  }

  /// Products of packed operands with each other and with floats.
  void add_products(sums& s) const {
    for (const misaligned<float>* source : {&plain_, &special_}) {
      const binade::any_packed_tensor w = quantize(*source, {});
      const std::size_t rows = w.shape().extent(0);
      const view x = matrix(plain_).slice(0, 0, 3);
      const binade::any_packed_tensor packed_x = quantize(x, {});
      misaligned<float> y(3 * rows);
      const auto product = binade::matrix_view(y.get().data(), 3, rows);
      for (const binade::operand& left : {binade::operand(x), binade::operand(packed_x)}) {
        binade::gemm(left, w, product);
        add(s["gemm"], std::span<const float>(y.get()));
      }
      const view vector = matrix(plain_).row(1);
      const binade::any_packed_tensor packed_vector = quantize_vector(vector);
      const auto result = binade::vector_view(y.get().data(), rows);
      for (const binade::operand& left :
           {binade::operand(vector), binade::operand(packed_vector)}) {
        binade::gemv(left, w, result);
        add(s["gemv"], std::span<const float>(y.get()).first(rows));
        add(s["dot"], binade::dot(left, packed_vector));
      }
      for (std::size_t i = 0; i < rows; ++i) {
        add(s["exact_dot"], binade::exact_dot(packed_x.view(), 0, w.view(), i));
      }
    }
  }

  /// Products of many columns, and of the same columns in another order: their sums are the same
  /// but for the roundings.
  void add_wide_products(sums& s) const {
    const std::vector<std::uint32_t> bits = wide_matrix(wide_rows, wide_columns);
    add_wide_products(s, {"gemm_wide", "gemv_wide", "dot_wide"}, bits);
    add_wide_products(s, {"gemm_wide_reversed", "gemv_wide_reversed", "dot_wide_reversed"},
                      reversed_stretches(bits, wide_columns));
  }

  /// Quantization and back on threads, from bfloat16 and of a view with strides; sums of errors.
  void add_ways(sums& s, binade::executor_ref pool) const {
    binade::quantize_options options;
    options.executor = pool;
    const binade::any_packed_tensor w = quantize(plain_, options);
    add(s["ways"], w);
    misaligned<float> y(plain_.get().size());
    binade::dequantize<float>(w, binade::matrix_view(y.get().data(), plain_rows, columns), pool);
    add(s["ways"], std::span<const float>(y.get()));
    std::vector<binade::bfloat16> narrow(plain_.get().size());
    binade::convert(plain_.get(), narrow);
    add(s["ways"], quantize(binade::tensor_view<const binade::bfloat16>(
                                narrow.data(), binade::tensor_shape{plain_rows, columns}),
                            {}));
    add(s["ways"], quantize(matrix(plain_).transposed(), {}));

    binade::error_statistics errors;
    errors.add(plain_.get(), std::span<const float>(y.get()));
    add(s["errors"], errors.signal_energy());
    add(s["errors"], errors.error_energy());
  }

 private:
  using view = binade::tensor_view<const float>;

  struct product_names {
    const char* gemm;
    const char* gemv;
    const char* dot;
  };

  /// Rows 0 and 1 times all rows: packed operands and floats.
  void add_wide_products(sums& s, const product_names& names,
                         const std::vector<std::uint32_t>& bits) const {
    const misaligned<float> values(bits);
    const view all{values.get().data(), binade::tensor_shape{wide_rows, wide_columns}};
    const binade::any_packed_tensor w = quantize(all, {});
    misaligned<float> y(2 * wide_rows);
    const view x = all.slice(0, 0, 2);
    const binade::any_packed_tensor packed_x = quantize(x, {});
    for (const binade::operand& left : {binade::operand(x), binade::operand(packed_x)}) {
      binade::gemm(left, w, binade::matrix_view(y.get().data(), 2, wide_rows));
      add(s[names.gemm], std::span<const float>(y.get()));
    }
    const binade::any_packed_tensor packed_row = quantize_vector(all.row(1));
    for (const binade::operand& left : {binade::operand(all.row(0)), binade::operand(packed_row)}) {
      binade::gemv(left, w, binade::vector_view(y.get().data(), wide_rows));
      add(s[names.gemv], std::span<const float>(y.get()).first(wide_rows));
      for (std::size_t i = 0; i < wide_rows; ++i) {
        add(s[names.dot], binade::dot(left, quantize_vector(all.row(i))));
      }
    }
  }

  static view matrix(const misaligned<float>& values) {
    return {values.get().data(), binade::tensor_shape{values.get().size() / columns, columns}};
  }
  [[nodiscard]] binade::any_packed_tensor quantize(const misaligned<float>& x,
                                                   binade::quantize_options options) const {
    return quantize(matrix(x), std::move(options));
  }
  template <class T>
  [[nodiscard]] binade::any_packed_tensor quantize(binade::tensor_view<const T> x,
                                                   binade::quantize_options options) const {
    options.nan = has_nan_scale() ? std::nullopt : std::optional(binade::nan_mode::largest);
    return binade::quantize(x, format_.describe(x.shape(), groups_, -1, kind_), options);
  }
  [[nodiscard]] binade::any_packed_tensor quantize_vector(view x) const {
    return binade::quantize(x, format_.describe(x.shape(), vector_groups(), -1, kind_), {});
  }
  /// Tiles need two axes.
  [[nodiscard]] binade::granularity vector_groups() const {
    return groups_.form() == binade::granularity::kind::block ? binade::granularity{} : groups_;
  }
  /// Blocks with NaN become NaN then; otherwise formats without NaN need to be told what to do.
  [[nodiscard]] bool has_nan_scale() const {
    return format_.is_block_format && format_.block.scale.describe().has_nan;
  }
  void add_quantized(binade::fnv1a& hash, const binade::quantize_options& options) const {
    add(hash, quantize(plain_, options));
    add(hash, quantize(special_, options));
  }
  template <class T>
  static void add_values(binade::fnv1a& hash, const binade::any_packed_tensor& t) {
    misaligned<T> y(t.shape().size());
    binade::dequantize<T>(t, binade::tensor_view<T>(y.get().data(), t.shape()));
    add(hash, std::span<const T>(y.get()));
  }

  binade::any_packable format_;
  binade::granularity groups_;
  binade::group_kind kind_;
  misaligned<float> plain_{plain_matrix(plain_rows, columns)};
  misaligned<float> special_{special_matrix(columns)};
};

inline void block_format_lines(lines& out, const binade::any_packable& format,
                               binade::executor_ref pool) {
  sums s;
  const tensor_case c(format);
  c.add_quantized(s);
  c.add_rules(s);
  c.add_dequantized(s);
  c.add_products(s);
  c.add_wide_products(s);
  c.add_ways(s, pool);
  s.put_into(out, format.names->name);
}

/// Quantization by a recipe, from float and bfloat16.
inline void recipe_lines(lines& out, const binade::any_recipe& recipe) {
  binade::fnv1a hash;
  for (const auto& bits : {plain_matrix(plain_rows, columns), special_matrix(columns)}) {
    const misaligned<float> x(bits);
    const binade::tensor_shape shape{bits.size() / columns, columns};
    add(hash, binade::quantize(binade::tensor_view<const float>(x.get().data(), shape), recipe));
    std::vector<binade::bfloat16> narrow(bits.size());
    binade::convert(x.get(), narrow);
    add(hash, binade::quantize(binade::tensor_view<const binade::bfloat16>(narrow.data(), shape),
                               recipe));
  }
  out.put(std::string("recipe/") + recipe.name + "/" + recipe.format.names->name, hash);
}

/// An element format under scales of every granularity and kind, all in one line for each kind of
/// result.
inline void scaled_format_lines(lines& out, const binade::any_packable& format,
                                binade::executor_ref pool) {
  const binade::per_channel channels{.axis = 0};
  const binade::per_group groups{.axis = -1, .size = 32};
  std::vector<tensor_case> cases;
  cases.emplace_back(format, binade::per_tensor{});
  cases.emplace_back(format, channels);
  cases.emplace_back(format, groups);
  cases.emplace_back(format, binade::per_block{.rows = 3, .cols = 64});
  if (format.element.is_integer()) {
    cases.emplace_back(format, channels, binade::group_kind::affine);
  } else if (format.element.describe().is_signed) {
    cases.emplace_back(format, groups, binade::group_kind::separate_signs);
  }
  sums s;
  for (const tensor_case& c : cases) {
    c.add_quantized(s);
    c.add_dequantized(s);
    c.add_products(s);
  }
  cases[2].add_rules(s);
  cases[0].add_ways(s, pool);
  s.put_into(out, format.names->name);
}

}  // namespace same_bits
