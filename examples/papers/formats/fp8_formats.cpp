// SPDX-License-Identifier: MIT

// FP8 Formats for Deep Learning (arXiv:2209.05433): E4M3 for weights and activations, which gives
// up infinity and all but one NaN for one more binade, E5M2 for gradients, and one scale a tensor
// that stays outside the format: q = saturate(x * s), products unscaled by 1 / (s_a s_b).
//
// Only training shows the rest: that FP8 reaches the accuracy of 16 bits with the same
// hyperparameters.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace {

using binade::e4m3_ieee, binade::e4m3fn, binade::e5m2;
using papers::relation;

constexpr papers::claim e4m3_largest{
    .text = "largest E4M3 value", .paper = 448, .reason = "a fact of the code table"};
constexpr papers::claim e4m3_added{.text = "E4M3 values that IEEE's conventions would spend",
                                   .paper = 7,
                                   .reason = "256 to 448 in steps of 32: a count"};
constexpr papers::claim e4m3_binades{
    .text = "binades of E4M3, subnormals included", .paper = 18, .reason = "a count"};
constexpr papers::claim e5m2_binades{
    .text = "binades of E5M2, subnormals included", .paper = 32, .reason = "a count"};
constexpr papers::claim e4m3_for_weights{
    .text = "dB that E4M3 is better than E5M2 on N(0, 1) with a scale a tensor",
    .paper = 6.02,
    .tolerance = 0.15,
    .reason =
        "a mantissa bit halves every step; 2^18 samples leave 0.05 dB, and the place of amax in "
        "its binade 0.1 dB"};
constexpr papers::claim e5m2_for_gradients{
    .text = "dB that unscaled E5M2 is better than E4M3 on N(0, 2^-24)",
    .how = relation::at_least,
    .paper = 0,
    .reason = "an ordering: gradients need range"};
constexpr papers::claim scale_is_enough{
    .text = "dB of E4M3 on N(0, 2^-24) with a scale a tensor, against N(0, 1) without",
    .paper = 0,
    .tolerance = 0.15,
    .reason =
        "the scale only moves the numbers within E4M3's normal range; phase of amax as above"};
constexpr papers::claim unscaled_product{
    .text = "largest relative error of a product unscaled after FP8 against dequantized operands",
    .how = relation::at_most,
    .paper = 0x1p-23 * (256 + 3),
    .reason = "256 sums in float of products of positive numbers, and three roundings of scales"};

template <class F>
double binades() {
  using limits = std::numeric_limits<F>;
  return ilogb(limits::max()) - ilogb(limits::denorm_min()) + 1;
}

template <class F>
double values_above_240() {
  double n = 0;
  binade::for_each_value<F>([&n](F v) { n += double{v} > 240 ? 1 : 0; });
  return n;
}

/// The largest relative error of y = (q_a q_b) / (s_a s_b) for rows of positive numbers; `s_b` off
/// by `wrong`.
double product_error(float wrong) {
  constexpr std::size_t k = 256;
  const std::vector<float> a = papers::uniform(k, 5, 0.001, 0.002);
  const std::vector<float> b = papers::uniform(k, 6, 10, 5000);
  // Scales of powers of two, as the paper's x * s; given(s) divides.
  const float s_a = 0x1p-17F, s_b = 0x1p4F;
  const auto q_a = papers::through<e4m3fn>(a, binade::scaling::given{s_a});
  const auto q_b = papers::through<e4m3fn>(b, binade::scaling::given{s_b});
  std::vector<e4m3fn> c_a(k), c_b(k);
  std::vector<float> x_a(k), x_b(k);
  for (std::size_t i = 0; i < k; ++i) {
    x_a[i] = a[i] / s_a;
    x_b[i] = b[i] / s_b;
  }
  binade::convert(x_a, c_a);
  binade::convert(x_b, c_b);
  const double unscaled = double{binade::dot(c_a, c_b)} * double{s_a} * double{s_b * wrong};
  double exact = 0;
  for (std::size_t i = 0; i < k; ++i) exact += double{q_a[i]} * double{q_b[i]};
  return std::fabs(unscaled - exact) / exact;
}

}  // namespace

int main() {
  papers::report report("FP8 Formats for Deep Learning", "arXiv:2209.05433");
  report.check(e4m3_largest, {double{std::numeric_limits<e4m3fn>::max()},
                              double{std::numeric_limits<e4m3_ieee>::max()}, "IEEE's E4M3"});
  report.check(e4m3_added,
               {values_above_240<e4m3fn>(), values_above_240<e4m3_ieee>(), "IEEE's E4M3"});
  report.check(e4m3_binades, {binades<e4m3fn>(), binades<e4m3_ieee>(), "IEEE's E4M3"});
  report.check(e5m2_binades, {binades<e5m2>(), binades<e4m3fn>(), "E4M3"});

  constexpr std::size_t n = 1 << 18;
  const std::vector<float> weights = papers::normal(n, 1);
  const std::vector<float> gradients = papers::normal(n, 2, 0x1p-12);
  constexpr binade::scaling::given none{1.0F};
  const auto sqnr = [](auto format, const std::vector<float>& x, auto... scale) {
    return papers::sqnr_through<decltype(format)>(x, scale...);
  };
  const double e4m3_weights = sqnr(e4m3fn{}, weights);
  report.check(e4m3_for_weights, {e4m3_weights - sqnr(e5m2{}, weights),
                                  sqnr(e4m3fn{}, gradients, none) - sqnr(e5m2{}, gradients, none),
                                  "small numbers, no scale"});
  report.check(e5m2_for_gradients,
               {sqnr(e5m2{}, gradients, none) - sqnr(e4m3fn{}, gradients, none),
                sqnr(e5m2{}, gradients) - sqnr(e4m3fn{}, gradients), "both with a scale a tensor"});
  const double unscaled = sqnr(e4m3fn{}, weights, none);
  report.check(scale_is_enough, {sqnr(e4m3fn{}, gradients) - unscaled,
                                 sqnr(e4m3fn{}, gradients, none) - unscaled, "no scale"});
  report.check(unscaled_product,
               {product_error(1.0F), product_error(1.001F), "a scale off by one in 1000"});
  return report.status();
}
