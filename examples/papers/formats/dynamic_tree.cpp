// SPDX-License-Identifier: MIT

// 8-Bit Approximations for Parallelism in Deep Learning (arXiv:1511.04561): the dynamic tree, a
// sign, a run of zeros that counts decimal exponents, a one, and a linear fraction of the bits that
// remain. Gradients travel between machines in it, divided by their largest magnitude.
//
// Only training shows MNIST, CIFAR and ImageNet unharmed, only a cluster the factor 2 of transfers
// (the bytes are checked) and the 50 of 96 GPUs.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace {

using binade::dynamic8, binade::e5m2, binade::int8;
using papers::claim, papers::relation;

constexpr claim values{.text = "numbers of the dynamic tree", .paper = 256, .reason = "a count"};
constexpr claim decades{.text = "decades from its smallest to its largest number",
                        .paper = 7,
                        .tolerance = 1,
                        .reason = "a run of 6 zeros and a fraction of no bit, 5.5e-7"};
constexpr claim relative_error{
    .text = "mean relative error on N(0, 1), over that of 8-bit linear",
    .how = relation::at_most,
    .paper = 0.6,
    .reason =
        "the paper prints no number for N(0, 1): half the error of linear, with 0.1 to spare"};
constexpr claim heavy_tails{
    .text = "squared error on gradients with heavy tails, over that of 8-bit linear",
    .how = relation::at_most,
    .paper = 1,
    .reason = "an order, the reason for the format. It does not hold on N(0, 1) (the control)"};
constexpr claim bytes{.text = "bytes of binary16 gradients over those sent",
                      .how = relation::at_least,
                      .paper = 2,
                      .tolerance = 0.005,
                      .reason = "8 bits for 16, and a scale of 4 bytes in 2048"};

constexpr std::size_t n = std::size_t{1} << 18;
constexpr binade::per_group blocks{.size = 2048};

/// Mean of |x - y| / |x|.
template <class F>
double mean_relative_error(const std::vector<float>& x) {
  const std::vector<float> y = papers::through<F>(x, blocks);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::fabs((x[i] - y[i]) / x[i]);
  return sum / static_cast<double>(x.size());
}

template <class F>
double squared_error(const std::vector<float>& x) {
  return binade::metrics::relative_mse(x, papers::through<F>(x, blocks));
}

template <class F>
double count_values() {
  double count = 0;
  binade::for_each_value<F>([&count](F) { ++count; });
  return count;
}

template <class F>
double count_decades() {
  using limits = std::numeric_limits<F>;
  return std::log10(double{limits::max()} / double{limits::denorm_min()});
}

template <class F>
double compression(const std::vector<float>& x) {
  const auto sent = binade::quantize<F>(binade::vector_view(x), blocks);
  return 2 * static_cast<double>(x.size()) / static_cast<double>(sent.size_bytes());
}

}  // namespace

int main() {
  papers::report report("8-bit approximations, dynamic tree", "arXiv:1511.04561");
  const std::vector<float> gaussian = papers::normal(n, 1);
  std::vector<float> heavy = gaussian;  // each row of gradients has its own magnitude
  const std::vector<float> spread = papers::normal(n, 2, 3);
  for (std::size_t i = 0; i < n; ++i) heavy[i] *= std::exp(spread[i]);

  report.check(values, {count_values<dynamic8>(), count_values<e5m2>(), "E5M2"});
  report.check(decades, {count_decades<dynamic8>(), count_decades<int8>(), "8-bit linear"});
  const double linear = mean_relative_error<int8>(gaussian);
  report.check(relative_error, {mean_relative_error<dynamic8>(gaussian) / linear,
                                mean_relative_error<e5m2>(gaussian) / linear, "E5M2"});
  report.check(heavy_tails,
               {squared_error<dynamic8>(heavy) / squared_error<int8>(heavy),
                squared_error<dynamic8>(gaussian) / squared_error<int8>(gaussian), "N(0, 1)"});
  report.check(
      bytes, {compression<dynamic8>(gaussian), compression<binade::float16>(gaussian), "binary16"});
  return report.status();
}
