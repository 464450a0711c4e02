// SPDX-License-Identifier: MIT

// FP8 versus INT8 for efficient deep learning inference (arXiv:2303.17951). The split of 8 bits
// that suits a tensor follows from its outliers: integers where it is well behaved, as networks'
// layers mostly are, 2 or 3 exponent bits for more of a tail, 4 only for strong outliers. And
// tensors whose values lie on an FP8 grid, as those of networks trained with FP8 do, convert to
// INT8 well.
//
// Only models show the accuracy tables, only hardware the gates: +53% for an FP8 MAC with a narrow
// accumulator, +183% with one in binary32.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "../weights.hpp"
#include "binade/analysis/expected_error.hpp"
#include "binade/format/exmy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using papers::relation;

constexpr const char* ordering = "an ordering";

constexpr papers::claim uniform{
    .text = "dB that INT8 is better than FP8-E4, uniform numbers, best ranges",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim normal{.text = "dB that INT8 is better than FP8-E4, N(0, 1), best ranges",
                               .how = relation::at_least,
                               .paper = 0,
                               .reason = ordering};
constexpr papers::claim normal_e2{
    .text = "dB that FP8-E2 is better than INT8, N(0, 1), best ranges",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim outliers{
    .text = "dB that FP8-E4 is better than INT8, Student's t(2), best ranges",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim layers{
    .text = "dB that INT8 is better than FP8-E4 for weights, scale a channel, the least of 4",
    .how = relation::at_least,
    .paper = 6,
    .reason = "networks' weights are well behaved: between uniform, 15 dB, and N(0, 1), 9 dB"};
constexpr papers::claim conversion{
    .text = "dB lost by INT8 if weights were rounded to FP8-E2 before, the mean of 4",
    .how = relation::at_most,
    .paper = 3.01,
    .tolerance = 0.3,
    .reason =
        "10 log10(2), if two grids of like steps add their errors; a channel's largest element "
        "places the grids differently"};
constexpr papers::claim e4_conversion{
    .text = "dB that INT8 is below FP8-E4 numbers that it is made from, over their own error",
    .how = relation::at_least,
    .paper = 6,
    .reason =
        "INT8's steps are finer than most of E4's: 40 dB against 31.5 dB, as the tables have it"};

template <class F, class D>
double best_db(const D& distribution, double bound) {
  const auto grid = binade::magnitudes(binade::any_format::of<F>());
  return -10 * std::log10(binade::least_expected_mse(grid, distribution, bound).mse);
}

using e4 = binade::exmy<4, 3>;
using e2 = binade::exmy<2, 5>;
using binade::int8;

using papers::weight, papers::sqnr_by_rows;

template <class F>
weight through(const weight& w) {
  weight y = w;
  binade::dequantize(binade::quantize<F>(binade::matrix_view(w.values, w.rows, w.cols),
                                         binade::per_channel{.axis = 0}),
                     binade::matrix_view(y.values, w.rows, w.cols));
  return y;
}

/// What INT8 loses against the original if the numbers go through F first.
template <class F>
double lost_after(const weight& w) {
  return sqnr_by_rows<int8>(w) -
         binade::metrics::sqnr_db(w.values, through<int8>(through<F>(w)).values);
}

/// How far the error that INT8 makes on F's numbers lies below the error that F made, in dB.
template <class F>
double below_own_error(const weight& w) {
  return sqnr_by_rows<int8>(through<F>(w)) - sqnr_by_rows<F>(w);
}

/// The weight with one element in 256 fifty times as large.
weight with_outliers(weight w) {
  const std::vector<float> factors = papers::uniform(w.values.size(), 1, 0, 256);
  for (std::size_t i = 0; i < factors.size(); ++i) w.values[i] *= factors[i] < 1 ? 50.0F : 1.0F;
  return w;
}

}  // namespace

int main() {
  papers::report report("FP8 versus INT8", "arXiv:2303.17951");
  const binade::uniform_distribution u;
  const binade::normal_distribution n;
  const binade::student_distribution t{2};
  const double heavy = best_db<e4>(t, 1000) - best_db<int8>(t, 1000);
  const double gaussian = best_db<int8>(n, 40) - best_db<e4>(n, 40);
  report.check(uniform, {best_db<int8>(u, 1) - best_db<e4>(u, 1), -heavy, "t(2)"});
  report.check(normal, {gaussian, -heavy, "t(2)"});
  report.check(normal_e2, {best_db<e2>(n, 40) - best_db<int8>(n, 40),
                           best_db<e2>(u, 1) - best_db<int8>(u, 1), "uniform numbers"});
  report.check(outliers, {heavy, -gaussian, "N(0, 1)"});

  double ahead = INFINITY, ahead_wild = INFINITY, lost = 0, lost_e4 = INFINITY;
  double below = INFINITY, below_wild = -INFINITY;
  for (const weight& w : papers::transformer_weights()) {
    const weight wild = with_outliers(w);
    ahead = std::min(ahead, sqnr_by_rows<int8>(w) - sqnr_by_rows<e4>(w));
    ahead_wild = std::min(ahead_wild, sqnr_by_rows<int8>(wild) - sqnr_by_rows<e4>(wild));
    lost += lost_after<e2>(w) / 4;
    lost_e4 = std::min(lost_e4, lost_after<e4>(w));
    below = std::min(below, below_own_error<e4>(w));
    below_wild = std::max(below_wild, below_own_error<e4>(wild));
  }
  report.check(layers, {ahead, ahead_wild, "outliers"});
  report.check(conversion, {lost, lost_e4, "rounded to FP8-E4 before"});
  report.check(e4_conversion, {below, below_wild, "outliers"});
  return report.status();
}
