// SPDX-License-Identifier: MIT

// Faster Inference of LLMs using FP8 on the Intel Gaudi (arXiv:2503.09975), with the constants of
// Intel Neural Compressor: scale = amax / (full scale * backoff), rounded up to a power of two or
// to one of the few that Gaudi 2 applies through the exponent bias of its E4M3 (largest value 240).
//
// Only hardware shows the throughput (more than 90% of the peak), only models the accuracy.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using papers::relation;
using gaudi2 = binade::e4m3_ieee;  // with saturation: the finite codes of Gaudi 2's E4M3

constexpr double full_scale = 240, weight_backoff = 0.5, activation_backoff = 0.25;

constexpr papers::claim bias_view{
    .text =
        "codes that differ between an exponent bias of 3, 7, 11, 15 and division by 2^(7 - bias)",
    .paper = 0,
    .reason = "both are one rounding of the same number"};
constexpr papers::claim descale{
    .text =
        "outputs that change if a product is descaled in the exponent and not by multiplication",
    .paper = 0,
    .reason = "scales of powers of two are exact"};
constexpr papers::claim pow2_cost{
    .text = "dB that scales of powers of two lose to real ones, N(0, 1)",
    .paper = 0,
    .tolerance = 0.25,
    .reason =
        "a floating-point grid is the same in each binade: only the range ends elsewhere, and "
        "the phase of amax in its binade moves the ratio by 0.1 dB on either side"};
constexpr papers::claim hw_cost{
    .text = "most dB that Gaudi 2's four scales lose to other powers of two, sigma = 2^-4 to 2^7",
    .paper = 0,
    .tolerance = 0.3,
    .reason =
        "up to 3 binades unused at the top: of 18 binades the numbers keep 14, and the share "
        "of N(0, 1) that is subnormal then is below 2^-8"};
constexpr papers::claim range{
    .text = "dB that maxabs scaling gains over unit scale for activations of N(0, 100^2)",
    .how = relation::at_least,
    .paper = 0,
    .reason = "an ordering: unit scale clips what is above 240"};
constexpr papers::claim headroom{
    .text = "share of activations clipped that are 3 times what calibration saw, backoff 1/4",
    .paper = 0,
    .reason = "amax lands on a quarter of the range or less"};

/// 2^ceil(log2 s), by the bits of s.
double pow2_up(double s) {
  int e = 0;
  const double m = std::frexp(s, &e);
  return std::ldexp(1.0, m == 0.5 ? e - 1 : e);
}

/// Gaudi 2's scales 2^-8, 2^-4, 1, 2^4, which are exponent biases 15, 11, 7, 3.
double hardware_scale(double s) {
  const double exponent = 4 * std::ceil(std::log2(pow2_up(s)) / 4);
  return std::exp2(std::clamp(exponent, -8.0, 4.0));
}

double real_scale(const std::vector<float>& x, double backoff) {
  const auto largest = std::max_element(
      x.begin(), x.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  return std::fabs(double{*largest}) / (full_scale * backoff);
}

binade::scaling::given given(double s) { return {static_cast<float>(s)}; }

double sqnr(const std::vector<float>& x, double scale) {
  return papers::sqnr_through<gaudi2>(x, given(scale));
}

/// E4M3 of 240 with another exponent bias.
template <int Bias>
struct biased : binade::minifloat<biased<Bias>, 8> {
  using base = binade::minifloat<biased<Bias>, 8>;
  using base::base;
  static constexpr binade::float_spec spec{.exponent_bits = 4,
                                           .mantissa_bits = 3,
                                           .bias = Bias,
                                           .nan = binade::nan_codes::ieee,
                                           .infinity = binade::infinity_codes::ieee};
  static constexpr binade::format_names names{.name = "biased"};
};

template <int Bias>
std::size_t differing_codes(const std::vector<float>& x, int scale_exponent) {
  std::size_t n = 0;
  for (const float v : x) {
    const auto scaled = gaudi2(std::ldexp(v, -scale_exponent));
    n += binade::encode<biased<Bias>>(v) != scaled.bits() ? 1U : 0U;
  }
  return n;
}

/// x w^T of quantized operands, each with its scale; `exponent` is added to the outputs' at the
/// end.
std::vector<float> product(const std::vector<float>& x, double s_x, const std::vector<float>& w,
                           double s_w, int exponent) {
  constexpr std::size_t rows = 16, k = 256;
  const auto q_x = binade::quantize<gaudi2>(binade::matrix_view(x, rows, k), given(s_x));
  const auto q_w = binade::quantize<gaudi2>(binade::matrix_view(w, rows, k), given(s_w));
  std::vector<float> y(rows * rows);
  binade::gemm(q_x, q_w, binade::matrix_view(y, rows, rows));
  for (float& v : y) v = std::ldexp(v, exponent);
  return y;
}

/// Outputs that differ between scales s_x, s_w and the scales 1, 1 of operands divided before, with
/// their product put into the exponent.
double differing_outputs(double s_x, double s_w) {
  const std::vector<float> x = papers::normal(16 * 256, 3, 5),
                           w = papers::normal(16 * 256, 4, 0.02);
  std::vector<float> x_s = x, w_s = w;
  for (float& v : x_s) v = static_cast<float>(double{v} / s_x);
  for (float& v : w_s) v = static_cast<float>(double{v} / s_w);
  const std::vector<float> a = product(x, s_x, w, s_w, 0);
  const std::vector<float> b = product(x_s, 1, w_s, 1, std::ilogb(s_x) + std::ilogb(s_w));
  double n = 0;
  for (std::size_t i = 0; i < a.size(); ++i) n += a[i] != b[i] ? 1 : 0;
  return n;
}

/// The most dB lost, over weights of N(0, 4^e).
double hardware_loss(int first, int last) {
  double most = 0;
  for (int e = first; e <= last; ++e) {
    const std::vector<float> w = papers::normal(1 << 14, 6, std::exp2(e));
    const double s = real_scale(w, weight_backoff);
    most = std::max(most, sqnr(w, pow2_up(s)) - sqnr(w, hardware_scale(s)));
  }
  return most;
}

double clipped(const std::vector<float>& x, double scale) {
  return binade::metrics::clipped_fraction(x, full_scale * scale);
}

}  // namespace

int main() {
  papers::report report("Gaudi FP8 scaling methods", "arXiv:2503.09975");
  const std::vector<float> x = papers::normal(1 << 17, 1);
  const double wrong = static_cast<double>(differing_codes<8>(x, 0));
  report.check(bias_view,
               {static_cast<double>(differing_codes<3>(x, 4) + differing_codes<7>(x, 0) +
                                    differing_codes<11>(x, -4) + differing_codes<15>(x, -8)),
                wrong, "bias 8 for a scale of 1"});
  report.check(descale, {differing_outputs(0x1p-3, 0x1p-11), differing_outputs(0.15, 0.0006),
                         "scales that are no powers of two"});

  const std::vector<float> w = papers::normal(1 << 17, 2);
  const double s = real_scale(w, weight_backoff);
  report.check(pow2_cost, {sqnr(w, s) - sqnr(w, pow2_up(s)), sqnr(w, s) - sqnr(w, pow2_up(s) / 16),
                           "2^-4 of that: clips"});
  report.check(hw_cost, {hardware_loss(-4, 7), hardware_loss(-16, -16),
                         "sigma = 2^-16, below all four scales"});
  const std::vector<float> wide = papers::normal(1 << 17, 5, 100);
  const double s_wide = real_scale(wide, activation_backoff);
  report.check(range, {sqnr(wide, hardware_scale(s_wide)) - sqnr(wide, 1),
                       sqnr(w, hardware_scale(s_wide)) - sqnr(w, 1),
                       "the scale of other activations on N(0, 1)"});
  std::vector<float> shifted = w;
  for (float& v : shifted) v *= 3;
  report.check(headroom, {clipped(shifted, pow2_up(real_scale(w, activation_backoff))),
                          clipped(shifted, real_scale(w, 1)), "backoff 1"});
  return report.status();
}
