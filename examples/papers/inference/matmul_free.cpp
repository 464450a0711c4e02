// SPDX-License-Identifier: MIT

// Scalable MatMul-free Language Modeling (arXiv:2406.02528): dense layers with weights -1, 0 and 1
// and one scale, so that a product with 8-bit activations only adds and subtracts.
//   s = mean |W|, W_q = clip(round(W / s), -1, 1) s; after RMSNorm, a scale a token for x.
//
// Only training shows language models as good as transformers, only a GPU 61% less memory in
// training, only an FPGA the 13 W.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using binade::int2, binade::int8;
using papers::claim, papers::relation;

constexpr claim zeros{.text = "fraction of zeros among ternary weights of N(0, 1)",
                      .paper = 0.310,
                      .tolerance = 0.002,
                      .reason = "P(|z| < sqrt(2 / pi) / 2) = 0.3101; 2^20 samples leave 0.0005"};
constexpr claim only_adds{
    .text = "outputs of a layer, by additions and subtractions, that differ from its product",
    .paper = 0,
    .reason = "a count: sums of 1024 8-bit integers are exact"};
constexpr claim memory{.text = "bytes of binary16 weights over ternary ones",
                       .how = relation::at_least,
                       .paper = 8,
                       .tolerance = 0.001,
                       .reason = "2 bits for 16, and one scale"};

constexpr std::size_t rows = 1024, cols = 1024;
using ternary = binade::packed_tensor<int2>;

/// The paper's s, not below 1e-5.
float mean_magnitude(const std::vector<float>& w) {
  double sum = 0;
  for (const float v : w) sum += std::fabs(v);
  return static_cast<float>(std::max(sum / static_cast<double>(w.size()), 1e-5));
}

float largest_magnitude(const std::vector<float>& w) {
  float largest = 0;
  for (const float v : w) largest = std::max(largest, std::fabs(v));
  return largest;
}

ternary to_ternary(const std::vector<float>& w, float scale) {
  return binade::quantize<int2>(binade::matrix_view(w.data(), rows, cols),
                                binade::scaling::given{scale});
}

int weight(const ternary& w, std::size_t row, std::size_t i) {
  const std::uint32_t code = w.view().code(row, i);
  return code == 3 ? -1 : static_cast<int>(code);
}

double fraction_of_zeros(const ternary& w) {
  double count = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < cols; ++i) count += weight(w, r, i) == 0 ? 1 : 0;
  }
  return count / (rows * cols);
}

/// x over its root mean square: RMSNorm without weights.
std::vector<float> rms_norm(std::vector<float> x) {
  double sum = 1e-8;
  for (const float v : x) sum += double{v} * double{v} / static_cast<double>(x.size());
  for (float& v : x) v = static_cast<float>(v / std::sqrt(sum));
  return x;
}

/// Additions where the weight is 1, with `subtract` subtractions where it is -1. The scales come
/// last: the library rounds each weight and activation with its scale, so both are 1 here.
double differs_from_product(const std::vector<float>& w, int subtract) {
  std::vector<float> x = rms_norm(papers::normal(cols, 5));
  const float amax = largest_magnitude(x);
  std::vector<float> integers(cols);
  for (std::size_t i = 0; i < cols; ++i) integers[i] = x[i] * (127 / amax);
  constexpr binade::scaling::given one{1.0F};
  const auto activations = binade::quantize<int8>(binade::vector_view(integers), one);
  std::vector<float> scaled = w;
  const float mean = mean_magnitude(w);
  for (float& v : scaled) v /= mean;
  const ternary weights = to_ternary(scaled, 1.0F);
  std::vector<float> y(rows);
  binade::gemv(activations, weights, binade::vector_view(y));
  double differences = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < cols; ++i) {
      const auto a = static_cast<std::int8_t>(activations.view().code(0, i));
      if (weight(weights, r, i) == 1) sum += a;
      if (weight(weights, r, i) == -1) sum -= a * subtract;
    }
    differences += static_cast<float>(sum) == y[r] ? 0 : 1;
  }
  return differences;
}

}  // namespace

int main() {
  papers::report report("MatMul-free LM", "arXiv:2406.02528");
  const std::vector<float> w = papers::normal(rows * cols, 1);
  const float mean = mean_magnitude(w), amax = largest_magnitude(w);
  const ternary weights = to_ternary(w, mean);
  report.check(zeros, {fraction_of_zeros(weights), fraction_of_zeros(to_ternary(w, amax)),
                       "largest magnitude as scale"});
  report.check(only_adds,
               {differs_from_product(w, 1), differs_from_product(w, 0), "no subtractions"});
  const double as_binary16 = 2.0 * rows * cols;
  const auto in_int8 = binade::quantize<int8>(binade::matrix_view(w.data(), rows, cols));
  report.check(memory, {as_binary16 / static_cast<double>(weights.size_bytes()),
                        as_binary16 / static_cast<double>(in_int8.size_bytes()), "INT8"});
  return report.status();
}
