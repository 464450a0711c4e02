// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"  // standard_normal
#include "binade/metrics/error_statistics.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/quantize/recipe_quantize.hpp"
#include "binade/tensor/packable.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// A tensor to compare formats on.
struct comparison_tensor {
  std::string name;
  tensor_shape shape;
  std::vector<float> values;
};

/// One way to quantize.
struct comparison_case {
  any_packable format;
  granularity groups;                     ///< element formats
  std::optional<std::size_t> block_size;  ///< block formats: instead of the format's own
  int axis = -1;                          ///< along which blocks run
  std::optional<scale_rule> rule;         ///< the format's own if empty
  std::optional<rounding::any> rounding;  ///< likewise
  group_kind group = group_kind::symmetric;
  /// Somebody's recipe for `format` instead of rule, rounding, group, axis and block size.
  std::optional<any_recipe> recipe;
  executor_ref executor;
};

/// What a case did to one tensor, or to all of them together (`tensor` is "*").
///
/// Units: clipped and underflow are fractions of the elements; speeds in bytes of binary32 input or
///        output plus packed bytes, a second. NaN: not measured.
struct comparison_result {
  std::string format;
  std::string scale;
  std::string granularity;
  std::string rounding;
  std::string tensor;
  bool on_magnitudes = false;  ///< the format is unsigned: |x| was quantized
  std::size_t elements = 0;
  double bits_per_element = 0;
  double sqnr_db = 0;
  double mse = 0;
  double max_error = 0;
  double cosine_similarity = 0;
  double clipped = 0;
  double underflow = 0;
  double gemm_relative_error = std::numeric_limits<double>::quiet_NaN();
  double quantize_bytes_per_second = 0;
  double dequantize_bytes_per_second = 0;
};

/// Compares ways to quantize on a set of tensors.
///
/// The relative Frobenius error of y = x w^T uses `gemm_rows` rows x of seeded standard normal
/// numbers, in binary64; a tensor [.., k] counts as a matrix w with k columns.
class comparison {
 public:
  comparison(std::vector<comparison_tensor> tensors, std::uint64_t seed, std::size_t gemm_rows = 64)
      : tensors_(std::move(tensors)), seed_(seed), gemm_rows_(gemm_rows) {
    std::size_t longest = 0;
    for (const comparison_tensor& t : tensors_) longest = std::max(longest, t.shape.row_length());
    x_.resize(gemm_rows_ * longest);
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = standard_normal(seed_, gemm_stream, i);
    for (const comparison_tensor& t : tensors_) reference_.push_back(product_norm(t, t.values));
  }

  [[nodiscard]] const std::vector<comparison_tensor>& tensors() const noexcept { return tensors_; }

  /// Results for each tensor, then for all of them together.
  ///
  /// Throws: error if the case does not fit the tensors.
  [[nodiscard]] std::vector<comparison_result> run(const comparison_case& c) const {
    std::vector<comparison_result> results;
    totals all;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      totals one;
      measure(c, i, one);
      all += one;
      results.push_back(finish(c, tensors_[i].name, one));
    }
    results.push_back(finish(c, "*", all));
    return results;
  }

 private:
  // Streams of the generator, apart from those that stochastic rounding uses by default.
  static constexpr std::uint64_t gemm_stream = 0x67656d6d;  // "gemm"

  struct totals {
    error_statistics errors;
    double bytes = 0;
    double clipped = 0;
    double product_error = 0;
    double product = 0;
    double quantize_seconds = 0;
    double dequantize_seconds = 0;

    totals& operator+=(const totals& o) {
      errors += o.errors;
      bytes += o.bytes;
      clipped += o.clipped;
      product_error += o.product_error;
      product += o.product;
      quantize_seconds += o.quantize_seconds;
      dequantize_seconds += o.dequantize_seconds;
      return *this;
    }
  };

  /// Sum of squares of x w^T.
  [[nodiscard]] double product_norm(const comparison_tensor& t, const std::vector<float>& w) const {
    const std::size_t k = t.shape.row_length();
    const std::size_t rows = k == 0 ? 0 : w.size() / k;
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const float* wr = w.data() + row * k;
      for (std::size_t i = 0; i < gemm_rows_; ++i) {
        const double* xi = x_.data() + i * k;
        double partial[8] = {};
        std::size_t j = 0;
        for (; j + 8 <= k; j += 8) {
          for (std::size_t l = 0; l < 8; ++l) {
            partial[l] += xi[j + l] * static_cast<double>(wr[j + l]);
          }
        }
        for (; j < k; ++j) partial[0] += xi[j] * static_cast<double>(wr[j]);
        double dot = 0;
        for (const double p : partial) dot += p;
        sum += dot * dot;
      }
    }
    return sum;
  }

  void measure(const comparison_case& c, std::size_t index, totals& t) const {
    const comparison_tensor& tensor = tensors_[index];
    const std::size_t n = tensor.values.size();
    const bool magnitudes = !c.format.element.describe().is_signed && c.group != group_kind::affine;
    std::vector<float> x = tensor.values;
    if (magnitudes) {
      for (float& v : x) v = std::fabs(v);
    }
    any_packable format = c.format;
    if (c.block_size) format.block.size = *c.block_size;
    quantize_options options;
    options.rule = c.rule;
    options.rounding = c.rounding;
    options.executor = c.executor;
    packed_description d = format.describe(tensor.shape, c.groups, c.axis, c.group);

    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    const tensor_view<const float> view(x.data(), tensor.shape);
    const any_packed_tensor packed =
        c.recipe ? quantize(view, *c.recipe, c.executor) : quantize(view, std::move(d), options);
    const auto middle = clock::now();
    std::vector<float> y(n);
    dequantize<float>(packed, tensor_view<float>(y.data(), tensor.shape), c.executor);
    const auto end = clock::now();

    t.errors.add(std::span<const float>(x), std::span<const float>(y));
    t.bytes = static_cast<double>(packed.size_bytes());
    t.clipped = static_cast<double>(packed.counts().clipped);
    t.quantize_seconds = std::chrono::duration<double>(middle - start).count();
    t.dequantize_seconds = std::chrono::duration<double>(end - middle).count();
    // x (w - w^)^T: the product is linear, so its error is the product of the error.
    std::vector<float>& error = y;
    for (std::size_t i = 0; i < n; ++i) error[i] = x[i] - y[i];
    t.product_error = product_norm(tensor, error);
    t.product = magnitudes ? product_norm(tensor, x) : reference_[index];
  }

  [[nodiscard]] static comparison_result finish(const comparison_case& c, const std::string& name,
                                                const totals& t) {
    comparison_result r;
    r.format = c.format.names->name;
    r.scale = scale_name(c);
    r.granularity = groups_name(c);
    r.rounding = c.recipe
                     ? "the recipe's"
                     : to_string(c.rounding.value_or(c.format.element.default_rounding()).mode);
    r.tensor = name;
    r.on_magnitudes = !c.format.element.describe().is_signed && c.group != group_kind::affine;
    const auto n = static_cast<double>(t.errors.count());
    r.elements = t.errors.count();
    r.bits_per_element = n == 0 ? 0 : 8 * t.bytes / n;
    r.sqnr_db = t.errors.sqnr_db();
    r.mse = t.errors.mse();
    r.max_error = t.errors.max_abs_error();
    r.cosine_similarity = t.errors.cosine_similarity();
    r.clipped = n == 0 ? 0 : t.clipped / n;
    r.underflow = n == 0 ? 0 : static_cast<double>(t.errors.underflowed()) / n;
    r.gemm_relative_error = std::sqrt(t.product_error / t.product);
    const double moved = 4 * n + t.bytes;
    r.quantize_bytes_per_second = moved / t.quantize_seconds;
    r.dequantize_bytes_per_second = moved / t.dequantize_seconds;
    return r;
  }

  [[nodiscard]] static std::string scale_name(const comparison_case& c) {
    if (c.recipe) return c.recipe->name;
    if (c.rule) return to_string(c.rule->method);
    if (c.group == group_kind::affine) return "affine";
    if (!c.format.is_block_format) return "absmax";
    switch (c.format.block.rule) {
      case block_scaling::pow2_floor:
        return "pow2_floor";
      case block_scaling::pow2_rceil:
        return "pow2_rceil";
      case block_scaling::absmax:
        break;
    }
    return "absmax";
  }
  [[nodiscard]] static std::string groups_name(const comparison_case& c) {
    if (!c.format.is_block_format) return to_string(c.groups);
    return "blocks of " + std::to_string(c.block_size.value_or(c.format.block.size));
  }

  std::vector<comparison_tensor> tensors_;
  std::uint64_t seed_;
  std::size_t gemm_rows_;
  std::vector<double> x_;
  std::vector<double> reference_;
};

}  // namespace binade::inline v0
