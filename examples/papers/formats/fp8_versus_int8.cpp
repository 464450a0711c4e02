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
#include "binade/analysis/expected_error.hpp"
#include "binade/format/exmy.hpp"

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
constexpr papers::claim conversion{
    .text = "dB lost by INT8 if N(0, 1) was rounded to FP8-E2 before, scale a channel",
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

constexpr std::size_t channels = 64, length = 1024;

template <class F>
std::vector<float> by_channels(const std::vector<float>& x) {
  std::vector<float> y(x.size());
  binade::dequantize(
      binade::quantize<F>(binade::matrix_view(x, channels, length), binade::per_channel{.axis = 0}),
      binade::matrix_view(y, channels, length));
  return y;
}

/// What INT8 loses against the original if the numbers go through F first.
template <class F>
double lost_after(const std::vector<float>& x) {
  return binade::metrics::sqnr_db(x, by_channels<int8>(x)) -
         binade::metrics::sqnr_db(x, by_channels<int8>(by_channels<F>(x)));
}

/// How far the error that INT8 makes on F's numbers lies below the error that F made, in dB.
template <class F>
double below_own_error(const std::vector<float>& x) {
  const std::vector<float> y = by_channels<F>(x);
  return binade::metrics::sqnr_db(y, by_channels<int8>(y)) - binade::metrics::sqnr_db(x, y);
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

  const std::vector<float> x = papers::normal(channels * length, 1);
  const std::vector<float> wild = papers::with_outliers(channels * length, 1, 256, 50);
  report.check(conversion, {lost_after<e2>(x), lost_after<e4>(x), "rounded to FP8-E4 before"});
  report.check(e4_conversion, {below_own_error<e4>(x), below_own_error<e4>(wild), "outliers"});
  return report.status();
}
