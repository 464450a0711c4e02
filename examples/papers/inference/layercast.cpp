// SPDX-License-Identifier: MIT

// Give Me FP32 or Give Me Death? (arXiv:2506.09501): the order in which a GPU adds depends on batch
// size and split of the reduction, and in BF16 that changes which token wins. LayerCast keeps
// weights in BF16 but widens them layer by layer and computes in FP32.
//
// Only models show 9% of accuracy and 9000 tokens between runs in BF16. Here: logits of one layer
// whose reduction is split in 1, 2, 4, 8 and 16.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using binade::bfloat16;
using papers::claim, papers::relation;

constexpr claim spread{
    .text = "spread of logits over the splits: LayerCast's over BF16's",
    .how = relation::at_most,
    .paper = 0x1p-12,
    .reason =
        "the paper: near determinism. Units in the last place differ by 2^16; a factor of 16 "
        "is left for FP32's longer chains of roundings"};
constexpr claim flips{.text = "tokens of 256 that a split changes with LayerCast",
                      .paper = 0,
                      .reason = "a count: gaps of the best two logits are far above 2^-20"};
constexpr claim flips_bf16{.text = "tokens of 256 that a split changes in BF16",
                           .how = relation::at_least,
                           .paper = 1,
                           .reason = "the paper: BF16 decoding diverges"};
constexpr claim memory{.text = "bytes of FP32 weights over LayerCast's",
                       .how = relation::at_least,
                       .paper = 2,
                       .reason = "16 bits for 32"};

constexpr std::size_t tokens = 256, width = 2048, vocabulary = 256;

/// Logits with the reduction over `width` in `splits` pieces, each summed in FP32 in ascending
/// order; pieces are rounded to `Partial`, added in it, and activations are held in `Activation`.
template <class Activation, class Partial>
std::vector<float> logits(const std::vector<float>& x, const std::vector<bfloat16>& w,
                          std::size_t splits) {
  std::vector<Activation> activations(x.size());
  binade::convert(x, activations);
  const auto xs = binade::matrix_view(activations.data(), tokens, width);
  const auto ws = binade::matrix_view(w.data(), vocabulary, width);
  std::vector<float> piece(tokens * vocabulary);
  std::vector<Partial> sum(tokens * vocabulary, Partial(0.0F));
  const std::size_t n = width / splits;
  for (std::size_t i = 0; i < splits; ++i) {
    binade::gemm(xs.slice(1, i * n, (i + 1) * n), ws.slice(1, i * n, (i + 1) * n),
                 binade::matrix_view(piece.data(), tokens, vocabulary));
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = sum[k] + Partial(piece[k]);
  }
  return {sum.begin(), sum.end()};
}

struct survey {
  double spread = 0;   ///< mean over the logits of largest minus smallest
  double changed = 0;  ///< tokens
};

template <class Activation, class Partial>
survey over_splits(const std::vector<float>& x, const std::vector<bfloat16>& w) {
  std::vector<std::vector<float>> all;
  for (std::size_t splits = 1; splits <= 16; splits *= 2) {
    all.push_back(logits<Activation, Partial>(x, w, splits));
  }
  survey s;
  for (std::size_t t = 0; t < tokens; ++t) {
    std::vector<std::ptrdiff_t> winners;
    for (const auto& y : all) {
      const auto row = y.begin() + static_cast<std::ptrdiff_t>(t * vocabulary);
      winners.push_back(std::max_element(row, row + vocabulary) - row);
    }
    s.changed += std::count(winners.begin(), winners.end(), winners[0]) == 5 ? 0 : 1;
    for (std::size_t o = 0; o < vocabulary; ++o) {
      float low = all[0][t * vocabulary + o], high = low;
      for (const auto& y : all) {
        low = std::min(low, y[t * vocabulary + o]);
        high = std::max(high, y[t * vocabulary + o]);
      }
      s.spread += double{high - low} / (tokens * vocabulary);
    }
  }
  return s;
}

}  // namespace

int main() {
  papers::report report("LayerCast", "arXiv:2506.09501");
  const std::vector<float> x = papers::normal(tokens * width, 1);
  std::vector<bfloat16> w(vocabulary * width);
  binade::convert(papers::normal(w.size(), 2, 1 / std::sqrt(double{width})), w);
  const survey layercast = over_splits<float, float>(x, w);
  const survey partials = over_splits<float, bfloat16>(x, w);
  const survey bf16 = over_splits<bfloat16, bfloat16>(x, w);
  report.check(spread, {layercast.spread / bf16.spread, partials.spread / bf16.spread,
                        "FP32 but for partial sums"});
  report.check(flips, {layercast.changed, partials.changed, "FP32 but for partial sums"});
  report.check(flips_bf16, {bf16.changed, layercast.changed, "LayerCast"});
  constexpr double fp32_bytes = sizeof(float);
  report.check(memory, {fp32_bytes / sizeof(w[0]), fp32_bytes / sizeof(x[0]), "FP32 weights"});
  return report.status();
}
