// SPDX-License-Identifier: MIT

// Revisiting BFloat16 Training (arXiv:2010.06192): training on 16-bit units alone. Rounding weight
// updates to nearest cancels them once they are below half a unit of the weight; stochastic
// rounding of the weight, or Kahan's compensated sum in bfloat16, brings them back.
//
// Only training shows the seven applications (0.1% below to 0.2% above 32 bits).

#include "../claim.hpp"
#include "../tensors.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using binade::bfloat16;
using papers::claim, papers::relation;
namespace rounding = binade::rounding;

constexpr claim stall{.text = "1 after 4096 nearest updates of 2^-10",
                      .paper = 1,
                      .reason = "2^-10 is below half a unit of 1, which is 2^-8: exact"};
constexpr claim stochastic_mean{
    .text = "1 after 4096 stochastic updates of 2^-10, mean of 500 runs",
    .paper = 5,
    .tolerance = 0.05,
    .reason = "four deviations of the mean: 0.26 / sqrt(500) each"};
constexpr claim kahan_sum{.text = "1 after 4096 compensated updates of 2^-10",
                          .paper = 5,
                          .tolerance = 0.03125,
                          .reason = "one unit of bfloat16 in [4, 8)"};
constexpr claim nearest_floor{
    .text = "least squares: loss after nearest weight updates, over that of 32 bits",
    .how = relation::at_least,
    .paper = 10,
    .reason = "the paper prints no number: 'degrades' read as an order of magnitude"};
constexpr claim passes_do_not_matter{
    .text = "least squares: loss with only forward and backward rounded, over that of 32 bits",
    .how = relation::at_most,
    .paper = 2,
    .reason = "the paper: negligible beside the effect on weight updates"};
constexpr claim stochastic_floor{
    .text = "least squares: loss after stochastic weight updates, over that of 32 bits",
    .how = relation::at_most,
    .paper = 2,
    .reason = "the paper: matches 32-bit training"};
constexpr claim kahan_floor{
    .text = "least squares: loss after compensated weight updates, over that of 32 bits",
    .how = relation::at_most,
    .paper = 2,
    .reason = "the paper: matches 32-bit training"};

/// How w + u becomes the new weight, in binary32 or with all state in bfloat16.
struct exact_update {
  static float add(float w, float u, float&, std::uint64_t) { return w + u; }
};
struct nearest_update {
  static float add(float w, float u, float&, std::uint64_t) { return bfloat16(w) + bfloat16(u); }
};
struct stochastic_update {
  std::uint64_t seed = 0;
  float add(float w, float u, float&, std::uint64_t step) const {
    const rounding::stochastic random{.seed = seed, .bits = 16, .index = step};
    return binade::convert<bfloat16>(double{w} + double{bfloat16(u)}, random);
  }
};
/// The paper's algorithm 1: c holds what the last sum lost.
struct kahan_update {
  static float add(float w, float u, float& c, std::uint64_t) {
    const bfloat16 weight(w);
    const bfloat16 y = bfloat16(u) - bfloat16(c);
    const bfloat16 sum = weight + y;
    c = (sum - weight) - y;
    return sum;
  }
};

/// 1 after 4096 updates of 2^-10.
template <class Update>
double walk(const Update& update) {
  float w = 1, c = 0;
  for (std::uint64_t i = 0; i < 4096; ++i) w = update.add(w, 0x1p-10F, c, i);
  return double{w};
}

double mean_of_walks(std::uint64_t runs) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < runs; ++seed) sum += walk(stochastic_update{seed});
  return sum / static_cast<double>(runs);
}

/// What a forward or backward operation in T makes of x.
template <class T>
float pass(float x) {
  return T(x);
}

constexpr std::size_t width = 10, samples = 256;
constexpr std::uint64_t steps = 20000;

/// Mean loss of the last tenth of SGD, one sample a step, on a least-squares problem of 10
/// dimensions with solution in [1, 2) and noise in its targets.
template <class Passes, class Update>
double train(const Update& update) {
  const std::vector<float> x = papers::normal(samples * width, 1);
  const std::vector<float> solution = papers::uniform(width, 2, 1, 2);
  const std::vector<float> noise = papers::normal(samples, 3, 0.2);
  std::vector<float> w(width), c(width);
  const auto residual = [&](std::size_t row) {
    double error = double{noise[row]};
    for (std::size_t j = 0; j < width; ++j) {
      error += double{x[row * width + j]} * (double{w[j]} - double{solution[j]});
    }
    return error;
  };
  double loss = 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::size_t row = binade::random_bits(4, 0, step, 8);
    float prediction = 0, target = 0;
    for (std::size_t j = 0; j < width; ++j) {
      prediction += pass<Passes>(pass<Passes>(x[row * width + j]) * w[j]);
      target += x[row * width + j] * solution[j];
    }
    const float error = pass<Passes>(pass<Passes>(prediction) - target + noise[row]);
    for (std::size_t j = 0; j < width; ++j) {
      const float gradient = pass<Passes>(error * pass<Passes>(x[row * width + j]));
      w[j] = update.add(w[j], -0.001F * gradient, c[j], step * width + j);
    }
    if (step >= steps - steps / 10) {
      const double e = residual(binade::random_bits(5, 0, step, 8));
      loss += e * e / (static_cast<double>(steps) / 10);
    }
  }
  return loss;
}

}  // namespace

int main() {
  papers::report report("Revisiting BFloat16 Training", "arXiv:2010.06192");
  const double none = walk(exact_update{}), stalled = walk(nearest_update{});
  report.check(stall, {stalled, none, "binary32"});
  report.check(stochastic_mean, {mean_of_walks(500), stalled, "nearest"});
  report.check(kahan_sum, {walk(kahan_update{}), stalled, "no compensation"});

  const double full = train<float>(exact_update{});
  const double nearest = train<float>(nearest_update{}) / full;
  report.check(nearest_floor, {nearest, 1, "binary32 weights"});
  report.check(passes_do_not_matter,
               {train<bfloat16>(exact_update{}) / full, nearest, "weight updates rounded instead"});
  report.check(stochastic_floor, {train<bfloat16>(stochastic_update{7}) / full,
                                  train<bfloat16>(nearest_update{}) / full, "nearest"});
  report.check(kahan_floor, {train<bfloat16>(kahan_update{}) / full,
                             train<bfloat16>(nearest_update{}) / full, "no compensation"});
  return report.status();
}
