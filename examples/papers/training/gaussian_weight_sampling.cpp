// SPDX-License-Identifier: MIT

// Gaussian Weight Sampling for pseudo-quantization training (arXiv:2505.11170): the forward pass
// sees w + R * max|w| * 2^(1 - b) in bfloat16, with R = round(N(0, 1) / 2), a maximum for each 32 x
// 32 block and b learned from 6 toward 4 bits.
//
// Only training shows the rest: that models so trained keep their loss when cast to FP6, and that
// the noise costs 1.40% of the time on a GPU.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <vector>

namespace {

using binade::bfloat16;

constexpr std::size_t size = 512, block = 32;

/// P(|N(0, 1)| / 2 < x).
double within(double x) { return std::erf(2 * x / std::numbers::sqrt2); }

constexpr const char* sampled = "four standard deviations of a share of 2^18 samples";

constexpr papers::claim zero{.text = "P(R = 0), which leaves a weight unperturbed",
                             .paper = 0.6827,
                             .tolerance = 4 * 0.465 / 512,
                             .reason = sampled};
constexpr papers::claim one{
    .text = "P(|R| = 1)", .paper = 0.3146, .tolerance = 4 * 0.465 / 512, .reason = sampled};
constexpr papers::claim two{
    .text = "P(|R| >= 2)", .paper = 0.0027, .tolerance = 4 * 0.052 / 512, .reason = sampled};
constexpr papers::claim nine_bits{
    .text = "the most bits b at which w + R * step loses no noise in bfloat16",
    .paper = 9,
    .reason =
        "a count: where the largest weight is, an ulp is at most 2^-7 of it, and a step above half "
        "an "
        "ulp is not lost"};
constexpr papers::claim noise{
    .text = "root mean square of the noise over the step",
    .paper = 0.571,
    .tolerance = 0.004,
    .reason = "sqrt(0.3146 + 4 * 0.0027 + ...) from the normal law; 2^18 samples"};

int sample(std::size_t i) {
  return static_cast<int>(std::nearbyint(binade::standard_normal(11, 0, i) / 2));
}

/// The share of weights whose R has magnitude `r`, or at least that.
template <class Draw>
double share(int r, bool or_more, const Draw& draw) {
  double n = 0;
  for (std::size_t i = 0; i < size * size; ++i) {
    const int magnitude = std::abs(draw(i));
    n += magnitude == r || (or_more && magnitude > r) ? 1 : 0;
  }
  return n / (size * size);
}

/// The largest b for which F tells w + step and w - step from w, for all bfloat16 w and largest
/// weights in one binade, w below or at the largest. A largest weight of exactly a power of two is
/// left out: at b = 9 its step is half an ulp, and a tie.
template <binade::format F>
double most_bits() {
  for (int b = 1; b < 24; ++b) {
    for (std::uint32_t top = bfloat16(1.0F).bits() + 1; top < bfloat16(2.0F).bits(); ++top) {
      const float step = std::ldexp(float{bfloat16::from_bits(top)}, 1 - b);
      for (std::uint32_t code = bfloat16(1.0F).bits(); code <= top; ++code) {
        const float w = bfloat16::from_bits(code);
        if (float{F(w + step)} == w || float{F(w - step)} == w) return b - 1;
      }
    }
  }
  return 24;
}

/// The noise that reaches the forward pass, over the step of its block.
double noise_over_step(int bits, double factor) {
  const std::vector<float> w = papers::normal(size * size, 12, 0.02);
  double sum = 0;
  for (std::size_t row = 0; row < size; row += block) {
    for (std::size_t column = 0; column < size; column += block) {
      float largest = 0;
      const auto each = [&](auto f) {
        for (std::size_t i = row; i < row + block; ++i) {
          for (std::size_t j = column; j < column + block; ++j) f(i * size + j);
        }
      };
      each([&](std::size_t i) { largest = std::max(largest, std::fabs(w[i])); });
      const double step = std::ldexp(double{largest}, 1 - bits);
      each([&](std::size_t i) {
        const double seen = float{bfloat16(double{w[i]} + sample(i) * step * factor)};
        const double r = (seen - double{float{bfloat16(w[i])}}) / step;
        sum += r * r;
      });
    }
  }
  return std::sqrt(sum / (size * size));
}

}  // namespace

int main() {
  papers::report report("Gaussian weight sampling", "arXiv:2505.11170");
  const auto rounded_normal = [](std::size_t i) {
    return static_cast<int>(std::nearbyint(binade::standard_normal(11, 0, i)));
  };
  std::printf("normal law: %.4f %.4f %.4f\n", within(0.5), within(1.5) - within(0.5),
              1 - within(1.5));
  const char* off = "R = round(N(0, 1))";
  report.check(zero, {share(0, false, sample), share(0, false, rounded_normal), off});
  report.check(one, {share(1, false, sample), share(1, false, rounded_normal), off});
  report.check(two, {share(2, true, sample), share(2, true, rounded_normal), off});
  report.check(nine_bits, {most_bits<bfloat16>(), most_bits<binade::float16>(), "float16"});
  report.check(noise, {noise_over_step(6, 1), noise_over_step(6, 0.5), "half the step"});
  return report.status();
}
