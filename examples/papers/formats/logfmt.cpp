// SPDX-License-Identifier: MIT

// LogFMT-n and E5M6 of "Insights into DeepSeek-V3" (arXiv:2505.09343), section 3.2, for activations
// on their way between experts: a sign and n - 1 bits that count equal steps of the logarithm over
// the range of a 1 x 128 tile. The paper rounds half-way between levels and not half-way between
// logarithms, to be unbiased.
//
// Only a GPU shows the cost of encoding (50% to 100%), only training that LogFMT-8 is as good as
// E4M3 and LogFMT-10 as a BF16 combine. The paper prints no errors of formats: orders are checked.

#include "binade/quantize/logfmt.hpp"

#include "../claim.hpp"
#include "../tensors.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

using binade::logfmt_boundary;
using papers::claim, papers::relation;

constexpr const char* order = "an order: the ratio of errors is below 1";
constexpr claim beats_e4m3{
    .text = "LogFMT-8 is more precise than E4M3 at equal bits: ratio of squared errors, N(0, 1)",
    .how = relation::at_most,
    .paper = 1,
    .reason = order};
constexpr claim beats_e5m2{.text = "LogFMT-8 is more precise than E5M2: ratio of squared errors",
                           .how = relation::at_most,
                           .paper = 1,
                           .reason = order};
constexpr claim as_bfloat16{.text = "LogFMT-10 is as good as BF16: ratio of squared errors",
                            .how = relation::at_most,
                            .paper = 1,
                            .tolerance = 1,
                            .reason = "'as good' read as within half a bit"};
constexpr papers::finding not_as_bfloat16{
    .value = 4.36,
    .tolerance = 0.15,
    .reason =
        "511 levels over some 12 binades are 42 a binade, BF16 has 128: a bit and more "
        "(training may not need it)"};
constexpr claim e5m6_in_binary16{
    .text = "E5M6 numbers that are no binary16 numbers",
    .paper = 0,
    .reason = "a count: the same exponents, six mantissa bits out of ten"};
constexpr claim unbiased{
    .text = "rounding half-way between levels is unbiased: change of mean magnitude, LogFMT-4",
    .paper = 0,
    .tolerance = 0.002,
    .reason = "2^18 samples of relative deviation below 0.5 leave 0.001"};
constexpr papers::finding biased{
    .value = -0.084,
    .tolerance = 0.002,
    .reason =
        "with unequal gaps nearest rounding shrinks: more numbers lie in the lower half of "
        "a gap. Boundaries half-way between logarithms inflate (the control)"};

constexpr std::size_t n = std::size_t{1} << 18;

std::vector<float> through_logfmt(const std::vector<float>& x, const binade::logfmt_options& o) {
  std::vector<float> y(x.size());
  binade::dequantize(binade::quantize_logfmt(x, o), y);
  return y;
}

double logfmt_error(const std::vector<float>& x, const binade::logfmt_options& o) {
  return binade::metrics::relative_mse(x, through_logfmt(x, o));
}

template <class F>
double tile_error(const std::vector<float>& x) {
  return binade::metrics::relative_mse(x, papers::through<F>(x, binade::per_group{.size = 128}));
}

/// How much larger the magnitudes are after LogFMT-4, relative to their sum.
double shift_of_mean(const std::vector<float>& x, logfmt_boundary boundary) {
  const std::vector<float> y = through_logfmt(x, {.bits = 4, .boundary = boundary});
  double before = 0, after = 0;
  for (std::size_t i = 0; i < n; ++i) {
    before += std::fabs(x[i]);
    after += std::fabs(y[i]);
  }
  return after / before - 1;
}

/// Numbers of F that binary16 rounds.
template <class F>
double not_in_binary16() {
  double count = 0;
  binade::for_each_value<F>([&](F v) { count += float{binade::float16(v)} == float{v} ? 0 : 1; });
  return count;
}

}  // namespace

int main() {
  papers::report report("LogFMT and E5M6", "arXiv:2505.09343");
  const std::vector<float> x = papers::normal(n, 1);
  const double log8 = logfmt_error(x, {}), log10 = logfmt_error(x, {.bits = 10});
  const double e4m3 = tile_error<binade::e4m3fn>(x), e5m2 = tile_error<binade::e5m2>(x);
  const double bf16 = tile_error<binade::bfloat16>(x), e5m6 = tile_error<binade::e5m6>(x);
  std::printf(
      "squared errors on N(0, 1), tiles of 128: LogFMT-8 %.3g, E4M3 %.3g, E5M2 %.3g; "
      "LogFMT-10 %.3g, E5M6 %.3g, BF16 %.3g\n",
      log8, e4m3, e5m2, log10, e5m6, bf16);
  report.check(beats_e4m3, {log8 / e4m3, logfmt_error(x, {.bits = 7}) / e4m3, "LogFMT-7"});
  report.check(beats_e5m2, {log8 / e5m2, logfmt_error(x, {.bits = 6}) / e5m2, "LogFMT-6"});
  report.refute(as_bfloat16, not_as_bfloat16,
                {log10 / bf16, logfmt_error(x, {.bits = 9}) / bf16, "LogFMT-9"});
  report.check(e5m6_in_binary16,
               {not_in_binary16<binade::e5m6>(), not_in_binary16<binade::bfloat16>(), "BF16"});
  report.refute(unbiased, biased,
                {shift_of_mean(x, logfmt_boundary::linear),
                 shift_of_mean(x, logfmt_boundary::logarithmic), "logarithmic boundaries"});
  return report.status();
}
