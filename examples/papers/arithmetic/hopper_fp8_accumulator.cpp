// SPDX-License-Identifier: MIT

// The accumulator of Hopper's FP8 matrix instructions. DeepSeek-V3 (arXiv:2412.19437,
// section 3.3.2) found that it keeps about 14 bits: sums over K = 4096 of random matrices lose up
// to 2%, and adding partial sums to a float every 128 products repairs that. "Benchmarking and
// Dissecting the Nvidia Hopper GPU" (arXiv:2402.13499) times these instructions.
//
// accumulate::hopper_fp8 is what an H100 was measured to do, bit for bit: products and accumulator
// are aligned to the largest exponent, cut to 13 fraction bits toward zero, added. Operands are
// E4M3: uniform in [0, 1), where every cut has the same sign, and standard normal.
//
// Only a GPU shows speed; tests/project/wgmma.cu compares the model with one.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "binade/kernel/accumulate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

using papers::relation;
using matrix = std::vector<float>;
namespace accumulate = binade::accumulate;

constexpr papers::claim bits{
    .text = "significant bits of a sum: 1 + n for the least n at which adding 2^-n to 1 is lost",
    .paper = 14,
    .reason = "a count"};
constexpr papers::claim loss{
    .text = "largest relative error of sums over K = 4096, operands uniform in [0, 1)",
    .paper = 0.02,
    .tolerance = 0.01,
    .reason = "the paper says nearly 2%, and neither distribution nor sizes of its matrices"};
constexpr papers::finding uniform_loss{
    .value = 0.07,
    .tolerance = 0.005,
    .reason = "more than three times as much: the sum only grows, and with it what is cut"};
constexpr papers::claim typical{
    .text = "the same, operands standard normal, relative to the sums' root mean square",
    .paper = 0.02,
    .tolerance = 0.01,
    .reason = "as above"};
constexpr papers::finding normal_loss{
    .value = 0.0095,
    .tolerance = 0.0003,
    .reason = "half: cuts toward zero grow with the sum, here as the root of K; 2% lies between"};
constexpr papers::claim promotion{
    .text = "largest error with promotion to float every 128 products, uniform operands",
    .how = relation::at_most,
    .paper = 33 * (1 + 8 + 16 + 16) / 32.0 * 0x1p-13,
    .reason =
        "the bound: 4 instructions cut 33 terms each below 2^-13 of 1, 8, 16 and 16, which are "
        "under the sum so far, and the sum is 32"};
constexpr std::size_t k = 4096, rows = 16, columns = 16;

/// The largest error of the sums of a product by `model`, over their root mean square.
template <class Model>
double error_of(const matrix& a, const matrix& b, const Model& model) {
  std::vector<binade::e4m3fn> qa(a.size()), qb(b.size());
  binade::convert(a, qa);
  binade::convert(b, qb);
  matrix y(rows * columns), exact(rows * columns);
  const auto x = binade::matrix_view(qa, rows, k);
  const auto w = binade::matrix_view(qb, columns, k);
  binade::gemm(x, w, binade::matrix_view(y, rows, columns), model);
  binade::gemm(x, w, binade::matrix_view(exact, rows, columns), accumulate::exact{});
  double squares = 0, largest = 0;
  for (const float v : exact) squares += double{v} * double{v};
  const double rms = std::sqrt(squares / static_cast<double>(exact.size()));
  for (std::size_t i = 0; i < y.size(); ++i) {
    largest = std::max(largest, std::fabs(double{y[i]} - double{exact[i]}) / rms);
  }
  return largest;
}

/// The least n for which 1 + 2^-n is 1, plus 1, up to 25.
template <class Model>
double significant_bits(const Model& model) {
  for (int n = 1; n < 25; ++n) {
    std::vector<binade::e5m2> a(64, binade::e5m2(0)), b(64, binade::e5m2(1));
    a[0] = binade::e5m2(1);
    a[32] = binade::e5m2(std::ldexp(1.0, -(n / 2)));  // the second instruction
    b[32] = binade::e5m2(std::ldexp(1.0, n / 2 - n));
    if (binade::dot(a, b, model) == 1.0F) return n;
  }
  return 25;
}

}  // namespace

int main() {
  papers::report report("Hopper's FP8 accumulator", "arXiv:2412.19437, arXiv:2402.13499");
  constexpr accumulate::hopper_fp8 fast{}, promoted{.promote_every = 128};
  constexpr accumulate::hopper_fp8 mma_sync{.instruction =
                                                binade::accumulate::fp8_instruction::mma_sync};
  report.check(bits, {significant_bits(fast), significant_bits(mma_sync), "mma.sync, in float"});

  // Of uniform operands, all sums are within 3% of their root mean square.
  const matrix a = papers::uniform(rows * k, 1, 0, 1), b = papers::uniform(columns * k, 2, 0, 1);
  const double without = error_of(a, b, fast), with = error_of(a, b, promoted);
  report.refute(loss, uniform_loss, {without, with, "promotion every 128"});
  const matrix c = papers::normal(rows * k, 3), d = papers::normal(columns * k, 4);
  report.refute(typical, normal_loss,
                {error_of(c, d, fast), error_of(c, d, promoted), "promotion every 128"});
  report.check(promotion, {with, without, "no promotion"});
  std::printf("float accumulation of the same: %.3g\n", error_of(a, b, accumulate::sequential{}));
  return report.status();
}
