// SPDX-License-Identifier: MIT
#include "binade/analysis/html_report.hpp"
#include "binade/core/config.hpp"
#include "compare/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace compare_tool {
namespace {

using binade::any_packable;
using binade::comparison_result;

std::string family_of(const any_packable& p) {
  if (p.is_block_format) return "block formats";
  return p.element.visit([](const auto& s) -> std::string {
    using spec = std::remove_cvref_t<decltype(s)>;
    if constexpr (std::is_same_v<spec, binade::float_spec>) return "minifloats";
    if constexpr (std::is_same_v<spec, binade::integer_spec>) return "integers";
    if constexpr (std::is_same_v<spec, binade::codebook_view>) return "codebooks";
    return "tapered";
  });
}

/// The largest relative error of rounding to nearest within each binade.
binade::report_curve relative_error(const char* name) {
  const binade::any_format f = binade::find_packable(name).element;
  binade::report_curve curve;
  curve.name = name;
  constexpr int samples = 512;
  for (int octave = -24; octave < 24; ++octave) {
    double worst = 0;
    for (int i = 0; i < samples; ++i) {
      const double x = std::ldexp(1.0 + (i + 0.5) / samples, octave);
      const std::uint64_t code =
          f.encode(binade::unpack(x), f.default_rounding(), f.default_rules());
      const double y = binade::to_double(f.decode(code));
      worst = std::max(worst, std::fabs(x - y) / x);
    }
    curve.x.push_back(std::ldexp(1.5, octave));
    curve.y.push_back(worst);
  }
  return curve;
}

binade::report_values values_of(const char* name) {
  const binade::any_format f = binade::find_packable(name).element;
  const binade::code_description d = f.describe();
  binade::report_values v;
  v.format = name;
  for (std::int64_t key = f.order_key(d.lowest); key <= f.order_key(d.largest); ++key) {
    v.values.push_back(binade::to_double(f.decode(f.code_from_order_key(key))));
  }
  v.note = fmt::format("{} values in {} bits", v.values.size(), f.bit_count());
  return v;
}

/// SQNR against block size on the first tensors, a line for each scale rule.
binade::report_panel block_sizes(const char* name, std::vector<const char*> rules,
                                 const binade::comparison& comparison) {
  binade::report_panel panel;
  panel.title = name;
  for (const char* rule : rules) {
    binade::report_curve curve;
    curve.name = rule;
    for (const std::size_t size : {8U, 16U, 32U, 64U, 128U, 256U}) {
      binade::comparison_case c;
      c.format = binade::find_packable(name);
      c.block_size = size;
      for (const binade::scale_method m :
           {binade::scale_method::absmax, binade::scale_method::pow2_floor,
            binade::scale_method::pow2_ceil, binade::scale_method::pow2_rceil,
            binade::scale_method::pow2_even, binade::scale_method::mse_search}) {
        if (std::string_view(rule) == binade::to_string(m)) {
          binade::scale_rule r;
          r.method = m;
          c.rule = r;
        }
      }
      curve.x.push_back(static_cast<double>(size));
      curve.y.push_back(comparison.run(c).back().sqnr_db);
    }
    panel.curves.push_back(std::move(curve));
  }
  return panel;
}

/// At most `rows` rows of the tensor with the most elements: enough for a chart.
std::vector<binade::comparison_tensor> sample(const std::vector<binade::comparison_tensor>& tensors,
                                              std::size_t elements) {
  const auto& largest = *std::max_element(
      tensors.begin(), tensors.end(),
      [](const auto& a, const auto& b) { return a.values.size() < b.values.size(); });
  const std::size_t k = largest.shape.row_length();
  const std::size_t rows = std::clamp<std::size_t>(elements / k, 1, largest.values.size() / k);
  binade::comparison_tensor t;
  t.name = largest.name;
  t.shape = binade::tensor_shape{rows, k};
  t.values.assign(largest.values.begin(),
                  largest.values.begin() + static_cast<std::ptrdiff_t>(rows * k));
  return {std::move(t)};
}

}  // namespace

std::string html(const std::vector<comparison_result>& results, const run_description& run,
                 const std::vector<binade::comparison_tensor>& tensors) {
  binade::report r;
  r.title = "Low-precision formats on " + run.source;
  r.subtitle = run.tensors;
  r.facts = {{"source", run.source},
             {"seed", std::to_string(run.seed)},
             {"binade", fmt::format("{}.{}.{}", BINADE_VERSION_MAJOR, BINADE_VERSION_MINOR,
                                    BINADE_VERSION_PATCH)},
             {"CPU", run.cpu}};
  for (const comparison_result& c : results) {
    binade::report_row row;
    row.format = c.on_magnitudes ? c.format + " |x|" : c.format;
    row.family = family_of(binade::find_packable(c.format));
    row.scale = c.scale;
    row.granularity = c.granularity;
    row.rounding = c.rounding;
    row.tensor = c.tensor;
    row.bits_per_element = c.bits_per_element;
    row.sqnr_db = c.sqnr_db;
    row.max_error = c.max_error;
    row.clipped = c.clipped;
    row.underflow = c.underflow;
    row.gemm_relative_error = c.gemm_relative_error;
    row.quantize_gb_s = c.quantize_bytes_per_second / 1e9;
    row.dequantize_gb_s = c.dequantize_bytes_per_second / 1e9;
    r.rows.push_back(std::move(row));
  }
  for (const char* name : {"e4m3fn", "e5m2", "hif8", "posit8", "takum8"}) {
    r.relative_error.push_back(relative_error(name));
  }
  for (const char* name : {"e2m1fn", "e3m0", "e1m2", "int4", "nf4", "e2m3fn", "e3m2fn"}) {
    r.number_lines.push_back(values_of(name));
  }
  const binade::comparison chart(sample(tensors, 65536), run.seed, 1);
  r.block_sizes.push_back(block_sizes(
      "mxfp4", {"pow2_floor", "pow2_rceil", "pow2_even", "pow2_ceil", "mse_search"}, chart));
  r.block_sizes.push_back(
      block_sizes("mxfp8_e4m3", {"pow2_floor", "pow2_rceil", "pow2_even", "pow2_ceil"}, chart));
  r.block_sizes.push_back(block_sizes("nvfp4", {"absmax", "mse_search"}, chart));
  r.notes.emplace_back(
      "SQNR is 10 log10 of the sum of squares of the weights over the sum of squares of the "
      "errors, "
      "over all elements of all tensors. Bits count scales and tensor scale. Clipped: |x| above "
      "scale times the largest element; underflow: x is not 0 and became 0. The gemm error is the "
      "relative Frobenius error of x w^T for 64 rows x of standard normal numbers. Speeds "
      "count float32 and packed bytes together; vector kernels quantize minifloats of at most 8 "
      "bits, the reference code does the rest.");
  r.notes.emplace_back("SQNR against block size: the first rows of " + chart.tensors()[0].name +
                       ", " + std::to_string(chart.tensors()[0].values.size()) + " elements.");
  return binade::html_report(r);
}

}  // namespace compare_tool
