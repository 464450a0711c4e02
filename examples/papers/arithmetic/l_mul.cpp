// SPDX-License-Identifier: MIT

// L-Mul: a floating-point product by one integer addition.
// Luo and Sun, "Addition is All You Need for Energy-efficient Language Models", arXiv:2410.00907.
//
// Of two numbers (1 + x) 2^a and (1 + y) 2^b, x and y of m bits, L-Mul makes
// (1 + x + y + 2^-l(m)) 2^(a + b): the product x y is replaced by a constant. On the codes that is
// an addition, whose carry goes into the exponent.
//
// Not checked here: accuracy of models with L-Mul attention (needs the models), energy (hardware).

#include "../claim.hpp"
#include "binade/binade.hpp"

#include <cmath>
#include <cstdint>

namespace {

using papers::relation;
namespace rounding = binade::rounding;

/// A number with M mantissa bits and the exponent range of binary32.
template <int M>
struct with_mantissa : binade::minifloat<with_mantissa<M>, 9 + M> {
  using base = binade::minifloat<with_mantissa<M>, 9 + M>;
  using base::base;
  static constexpr binade::float_spec spec{.exponent_bits = 8, .mantissa_bits = M, .bias = 127};
};

/// The paper's l(m), below its equation 4.
constexpr int published_l(int m) { return m <= 3 ? m : (m == 4 ? 3 : 4); }

constexpr int no_offset = 64;

/// The product by addition of codes: x + y - bias + 2^(m - l), sign apart.
template <class F>
F l_mul(F x, F y, int l = published_l(F::spec.mantissa_bits)) {
  constexpr int m = F::spec.mantissa_bits;
  constexpr std::int64_t sign = std::int64_t{1} << (F::bit_count - 1);
  const std::int64_t a = x.bits();
  const std::int64_t b = y.bits();
  const std::int64_t offset = l == no_offset ? 0 : std::int64_t{1} << (m - l);
  const std::int64_t sum = (a & ~sign) + (b & ~sign) - (std::int64_t{F::spec.bias} << m) + offset;
  return F::from_bits(static_cast<std::uint32_t>(((a ^ b) & sign) | (sum < 0 ? 0 : sum)));
}

// For binary32 the two constants are the one of the paper's inline assembly.
static_assert((127 << 23) - (1 << (23 - published_l(23))) == 0x3f780000);

struct error_of_products {
  double rms = 0;
  double mean = 0;
};

/// The error of multiply(x, y) over a grid of [1, 2) x [1, 2).
template <class Multiply>
error_of_products measure(Multiply&& multiply) {
  constexpr int n = 512;
  error_of_products e;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const double x = 1 + (i + 0.5) / n;
      const double y = 1 + (j + 0.5) / n;
      const double error = multiply(x, y) - x * y;
      e.rms += error * error / (n * n);
      e.mean += error / (n * n);
    }
  }
  e.rms = std::sqrt(e.rms);
  return e;
}

/// L-Mul of operands with M mantissa bits.
template <int M, class R>
error_of_products measure_l_mul(R round, int l = published_l(M)) {
  using F = with_mantissa<M>;
  return measure([&](double x, double y) {
    return double{l_mul(binade::convert<F>(x, round), binade::convert<F>(y, round), l)};
  });
}

/// Products of FP8 numbers as the paper counts their error: operands cut to the mantissa, the
/// product itself exact.
template <class F>
error_of_products measure_truncated() {
  return measure([](double x, double y) {
    return double{binade::convert<F>(x, rounding::toward_zero{})} *
           double{binade::convert<F>(y, rounding::toward_zero{})};
  });
}

/// Products as FP8 hardware makes them: everything rounded to nearest even.
template <class F>
error_of_products measure_nearest() {
  return measure([](double x, double y) { return double{F(x) * F(y)}; });
}

}  // namespace

int main() {
  papers::report report("L-Mul", "arXiv:2410.00907");
  constexpr const char* order = "an order: the ratio of root mean square errors is below 1";
  constexpr rounding::toward_zero cut;
  constexpr rounding::ties_to_even nearest;
  const papers::claim three_cut{
      .text = "3-bit L-Mul beats E5M2 products (operands truncated): error ratio",
      .how = relation::at_most,
      .paper = 1,
      .reason = order};
  const papers::claim four_cut{
      .text = "4-bit L-Mul is as good as E4M3 products (operands truncated): error ratio",
      .how = relation::at_most,
      .paper = 1,
      .reason = order};
  const papers::claim three_nearest{
      .text = "3-bit L-Mul beats E5M2 products (nearest even, as FP8 hardware): error ratio",
      .how = relation::at_most,
      .paper = 1,
      .reason = order};
  const papers::claim four_nearest{
      .text = "4-bit L-Mul is as good as E4M3 products (nearest even): error ratio",
      .how = relation::at_most,
      .paper = 1,
      .tolerance = 0.1,
      .reason = "'comparable' read as within a tenth"};
  const papers::claim unbiased{
      .text = "the constant stands for the product of mantissas: mean error of wide operands",
      .paper = 0,
      .tolerance = 0.02,
      .reason = "without it the mean is -1/12, and 1/16 of a binade (of mean 1.53) is added"};

  const double e5m2_cut = measure_truncated<binade::e5m2>().rms;
  const double e4m3_cut = measure_truncated<binade::e4m3fn>().rms;
  const double e5m2_nearest = measure_nearest<binade::e5m2>().rms;
  const double e4m3_nearest = measure_nearest<binade::e4m3fn>().rms;
  report.check(three_cut, {measure_l_mul<3>(cut).rms / e5m2_cut,
                           measure_l_mul<3>(cut, 1).rms / e5m2_cut, "l(3) = 1 in place of 3"});
  report.check(four_cut, {measure_l_mul<4>(cut).rms / e4m3_cut,
                          measure_l_mul<4>(cut, 1).rms / e4m3_cut, "l(4) = 1 in place of 3"});
  report.check(three_nearest,
               {measure_l_mul<3>(nearest).rms / e5m2_nearest,
                measure_l_mul<3>(nearest, 1).rms / e5m2_nearest, "l(3) = 1 in place of 3"});
  report.refute(four_nearest,
                {.value = 1.53,
                 .tolerance = 0.02,
                 .reason = "nearest operands have no bias for the constant to cancel: L-Mul is "
                           "better without it, and worse than E4M3 even then (the control)"},
                {measure_l_mul<4>(nearest).rms / e4m3_nearest,
                 measure_l_mul<4>(nearest, no_offset).rms / e4m3_nearest, "no constant"});
  report.check(unbiased, {measure_l_mul<23>(nearest).mean,
                          measure_l_mul<23>(nearest, no_offset).mean, "no constant"});
  return report.status();
}
