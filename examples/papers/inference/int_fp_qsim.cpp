// SPDX-License-Identifier: MIT

// INT-FP-QSim (arXiv:2307.03712) simulates language models with weights and activations of mixed
// precisions. Its number formats are configurations of `compare`: 4-bit floats E1M2 and E2M1 by the
// formula of "The Power of the Exponent", narrow symmetric integers, E4M3, float16 and bfloat16,
// with the largest magnitude or a percentile of it as range.
//
// Only models show the accuracies that the simulator was written for.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "binade/analysis/comparison.hpp"
#include "binade/format/exmy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using papers::relation;

constexpr const char* exact =
    "both round once to the nearest point of one grid, except where the formula's logarithms err "
    "by their last bits";

constexpr papers::claim e1m2_formula{
    .text = "elements of 2^16 at which E1M2 under a scale differs from the simulator's formula",
    .paper = 0,
    .reason = exact};
constexpr papers::claim e2m1_formula{
    .text = "elements of 2^16 at which E2M1 under a scale differs from the simulator's formula",
    .paper = 0,
    .reason = exact};
constexpr papers::claim narrow{
    .text = "smallest INT8 code, symmetric and narrow", .paper = -127, .reason = "a definition"};
constexpr papers::claim configurations{
    .text =
        "dB between neighbours in the order float16, bfloat16, INT8, E4M3, E2M1 on N(0, 1), the "
        "least of all",
    .how = relation::at_least,
    .paper = 0,
    .reason = "an ordering by mantissa bits"};
constexpr papers::claim percentile{
    .text = "dB that the 99th percentile as range gains over the largest magnitude, INT4, N(0, 1)",
    .how = relation::at_least,
    .paper = 0,
    .reason = "an ordering: at 4 bits the steps cost more than what is clipped"};

/// The simulator's quantizer: exponent bits 3 - m, m mantissa bits, range c.
double formula(double x, int m, double c) {
  const double bias = std::exp2(3 - m) - std::log2(c) + std::log2(2 - std::exp2(-m)) - 1;
  const double clipped = std::clamp(x, -c, c);
  const double p = std::max(1.0, std::floor(std::log2(std::fabs(clipped)) + bias));
  const double step = std::exp2(p - m - bias);
  return step * std::nearbyint(clipped / step);
}

/// The largest magnitude that a share of x does not exceed.
float range_of(std::vector<float> x, double share) {
  for (float& v : x) v = std::fabs(v);
  const auto at =
      x.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(x.size() - 1));
  std::nth_element(x.begin(), at, x.end());
  return *at;
}

/// Elements that the format under the scale c / largest and the formula with range c * `wrong` put
/// more than a float's rounding apart.
template <class F>
double differing(const std::vector<float>& x, int m, double wrong) {
  const float c = range_of(x, 1);
  const float largest = std::numeric_limits<F>::max();
  const std::vector<float> y = papers::through<F>(x, binade::scaling::given{c / largest});
  double n = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double wanted = formula(double{x[i]}, m, double{c} * wrong);
    n += std::fabs(double{y[i]} - wanted) > 1e-6 * double{c} ? 1 : 0;
  }
  return n;
}

/// What `compare` reports for each format on one tensor, as `compare --formats a,b,...` does.
std::vector<double> compare_sqnr(const std::vector<float>& x,
                                 const std::vector<std::string>& names) {
  std::vector<binade::comparison_tensor> tensors;
  tensors.push_back({"x", binade::tensor_shape{std::size_t{64}, x.size() / 64}, x});
  const binade::comparison comparison(std::move(tensors), 1);
  std::vector<double> db;
  for (const std::string& name : names) {
    binade::comparison_case c;
    c.format = binade::find_packable(name);
    db.push_back(comparison.run(c).back().sqnr_db);
    std::printf("  %-10s %6.2f dB\n", name.c_str(), db.back());
  }
  return db;
}

double least_step_down(const std::vector<double>& db) {
  double least = INFINITY;
  for (std::size_t i = 1; i < db.size(); ++i) least = std::min(least, db[i - 1] - db[i]);
  return least;
}

template <class F>
double percentile_gain(const std::vector<float>& x, double share) {
  const float largest = std::numeric_limits<F>::max();
  const auto with = [&](double s) {
    return papers::sqnr_through<F>(x, binade::scaling::given{range_of(x, s) / largest});
  };
  return with(share) - with(1);
}

}  // namespace

int main() {
  papers::report report("INT-FP-QSim", "arXiv:2307.03712");
  const std::vector<float> x = papers::normal(1 << 16, 1);
  const char* off = "a range 10% too large";
  report.check(e1m2_formula, {differing<binade::exmy<1, 2>>(x, 2, 1),
                              differing<binade::exmy<1, 2>>(x, 2, 1.1), off});
  report.check(e2m1_formula, {differing<binade::exmy<2, 1>>(x, 1, 1),
                              differing<binade::exmy<2, 1>>(x, 1, 1.1), off});

  // Twice the range: what clips shows the smallest code.
  const auto lowest = [&x](auto... options) {
    std::vector<float> y(x.size());
    const auto view = binade::vector_view(x);
    binade::dequantize(
        binade::quantize<binade::int8>(view, binade::scaling::given{1e-3F}, options...),
        binade::vector_view(y));
    return std::nearbyint(double{*std::min_element(y.begin(), y.end())} * 1e3);
  };
  std::vector<binade::int8> plain(1);
  binade::convert(std::vector<float>{-1e3F}, plain);
  report.check(narrow, {lowest(), double{plain[0]}, "a conversion without scale"});

  report.check(
      configurations,
      {least_step_down(compare_sqnr(x, {"float16", "bfloat16", "int8", "e4m3fn", "e2m1fn"})),
       least_step_down(compare_sqnr(papers::with_outliers(1 << 16, 1, 1024, 100),
                                    {"float16", "bfloat16", "int8", "e4m3fn", "e2m1fn"})),
       "outliers 100 times the rest"});
  report.check(percentile, {percentile_gain<binade::int4>(x, 0.99),
                            percentile_gain<binade::int8>(x, 0.99), "INT8"});
  return report.status();
}
