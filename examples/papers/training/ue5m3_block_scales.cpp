// SPDX-License-Identifier: MIT

// Elucidating the Design Space of FP4 training (arXiv:2509.17791): blocks of 16 E2M1 elements need
// a scale format with range. E4M3 scales lose small tensors unless a tensor scale moves them
// (NVFP4); UE5M3, which spends the sign on a fifth exponent bit, needs none.
//
// Only training shows the rest of the paper: which of thousands of combinations of gradient
// estimators, rotations, rounding and loss scaling converge.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <cstddef>
#include <cstdio>
#include <limits>
#include <vector>

namespace {

using papers::relation;

constexpr papers::claim one_level{
    .text = "relative MSE of UE5M3 scales over that of two-level E4M3 scales, at sigma = 1",
    .paper = 1,
    .tolerance = 0.02,
    .reason = "both scales have 3 mantissa bits; 2^17 samples of the ratio's two terms leave 1%"};
constexpr papers::claim small{
    .text = "the same at sigma = 1e-3, where E4M3 without a tensor scale is below its range",
    .paper = 1,
    .tolerance = 0.02,
    .reason = "amax / 6 is still above 2^-14, UE5M3's smallest normal number"};
constexpr papers::claim least{
    .text = "powers of ten that sigma may fall below 1 while the error less than doubles",
    .how = relation::at_least,
    .paper = 4,
    .reason = "scales of 1e-4 / 3 are four times 2^-17, UE5M3's smallest value"};
constexpr papers::claim largest{.text = "largest UE5M3 scale if every code is a number",
                                .paper = 122880,
                                .reason = "1.875 * 2^16, a fact of the code table",
                                .digits = 6};
constexpr papers::finding one_code_is_nan{
    .value = 114688,
    .tolerance = 0,
    .reason = "the type that NVIDIA ships, which the library follows, reserves 0xff for NaN"};

/// NVFP4 without its tensor scale, its block scale in `Scale`.
template <binade::format Scale>
struct one_level_fp4 : binade::block_format<one_level_fp4<Scale>> {
  using element = binade::e2m1fn;
  using scale = Scale;
  static constexpr std::size_t block_size = 16;
  static constexpr binade::format_names names{.name = "one_level_fp4"};
};
using ue5m3_fp4 = one_level_fp4<binade::ue5m3>;
using ue4m3_fp4 = one_level_fp4<binade::ue4m3>;

constexpr std::size_t samples = 1 << 17;

template <class F>
double error_at(double sigma) {
  const std::vector<float> x = papers::normal(samples, 9, sigma);
  return binade::metrics::relative_mse(x, papers::through<F>(x));
}

/// Powers of ten from sigma = 1 down to the first at which the error is twice that at sigma = 1.
template <class F>
double decades() {
  const double limit = 2 * error_at<F>(1);
  double n = 0;
  for (double sigma = 1; n < 12 && error_at<F>(sigma) < limit; sigma /= 10) ++n;
  return n - 1;
}

}  // namespace

int main() {
  papers::report report("Elucidating the Design Space of FP4 training: UE5M3 block scales",
                        "arXiv:2509.17791");
  std::printf("relative MSE   UE5M3      E4M3       E4M3 and tensor scale\n");
  for (const double sigma : {1.0, 1e-2, 1e-3, 1e-4}) {
    std::printf("sigma %-8g %.3g  %.3g  %.3g\n", sigma, error_at<ue5m3_fp4>(sigma),
                error_at<ue4m3_fp4>(sigma), error_at<binade::nvfp4>(sigma));
  }
  const double at_1 = error_at<binade::nvfp4>(1), at_1000th = error_at<binade::nvfp4>(1e-3);
  report.check(one_level,
               {error_at<ue5m3_fp4>(1) / at_1, error_at<one_level_fp4<binade::e8m0fnu>>(1) / at_1,
                "scales of powers of two"});
  report.check(small, {error_at<ue5m3_fp4>(1e-3) / at_1000th, error_at<ue4m3_fp4>(1e-3) / at_1000th,
                       "E4M3 scales"});
  report.check(least, {decades<ue5m3_fp4>(), decades<ue4m3_fp4>(), "E4M3 scales"});
  report.refute(largest, one_code_is_nan,
                {double{std::numeric_limits<binade::ue5m3>::max()},
                 double{std::numeric_limits<binade::ue4m3>::max()}, "UE4M3"});
  return report.status();
}
