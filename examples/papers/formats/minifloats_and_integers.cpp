// SPDX-License-Identifier: MIT

// Low-precision minifloats and integers (arXiv:2311.12359): weights of 3 to 8 bits in every split
// of exponent and mantissa, none of whose codes is infinite or NaN, against symmetric integers, a
// scale a channel. Which is better at which width is a question of the tails of the data and of how
// the range is chosen.
//
// Only networks show the accuracies, only an FPGA the cost of the multipliers.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "../weights.hpp"
#include "binade/format/exmy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

using binade::exmy;
using papers::relation;

constexpr papers::claim heavy_tails{
    .text = "widths of 3 to 8 bits at which some minifloat beats the integer, Student's t(5)",
    .paper = 6,
    .reason = "a count: minifloats compare favourably at every width"};
constexpr papers::claim layer{
    .text = "the same for weights: 32 channels of each of a transformer's four matrices",
    .paper = 6,
    .reason = "a count"};
constexpr papers::finding tie_at_3{
    .value = 5,
    .tolerance = 0,
    .reason = "at 3 bits E1M1 is the best minifloat, and its grid is the integer's"};
constexpr papers::claim uniform_tie{
    .text = "dB that the best minifloat of 4 bits gains on the integer, uniform numbers",
    .how = relation::at_most,
    .paper = 0,
    .reason = "one exponent bit is the integer's grid; more exponent bits only waste"};
constexpr papers::claim saturating{
    .text = "dB that giving the top exponent to numbers gains over reserving it, E2M1, t(5)",
    .how = relation::at_least,
    .paper = 0,
    .reason = "an ordering: at 4 bits the reserved codes are 4 of 16"};

constexpr std::size_t channels = 16, length = 512;

/// Channels of `length` numbers each.
struct channels_of {
  std::vector<float> x;
  std::size_t length;
};

struct result {
  double db = -1e9;
  int exponent_bits = 0;
};

/// Signal to noise with the scales of each channel that leave the least error.
template <class F>
double sqnr(const channels_of& c) {
  const std::size_t rows = c.x.size() / c.length;
  const auto view = binade::matrix_view(c.x, rows, c.length);
  std::vector<float> y(c.x.size());
  binade::dequantize(
      binade::quantize<F>(view, binade::per_channel{.axis = 0}, binade::scaling::mse_search{}),
      binade::matrix_view(y, rows, c.length));
  return binade::metrics::sqnr_db(c.x, y);
}

template <int Bits, int ExponentBits = 1>
result best_minifloat(const channels_of& x) {
  result best{sqnr<exmy<ExponentBits, Bits - 1 - ExponentBits>>(x), ExponentBits};
  if constexpr (ExponentBits < std::min(Bits - 1, 5)) {
    const result other = best_minifloat<Bits, ExponentBits + 1>(x);
    if (other.db > best.db) best = other;
  }
  return best;
}

struct row {
  int bits;
  double integer;
  result minifloat;
};

std::vector<row> table(const char* name, const channels_of& x) {
  const std::vector<row> rows = {{3, sqnr<binade::int3>(x), best_minifloat<3>(x)},
                                 {4, sqnr<binade::int4>(x), best_minifloat<4>(x)},
                                 {5, sqnr<binade::int5>(x), best_minifloat<5>(x)},
                                 {6, sqnr<binade::int6>(x), best_minifloat<6>(x)},
                                 {7, sqnr<binade::int7>(x), best_minifloat<7>(x)},
                                 {8, sqnr<binade::int8>(x), best_minifloat<8>(x)}};
  std::printf("%s\n", name);
  for (const row& r : rows) {
    std::printf("  %d bits: integer %.2f dB, E%dM%d %.2f dB\n", r.bits, r.integer,
                r.minifloat.exponent_bits, r.bits - 1 - r.minifloat.exponent_bits, r.minifloat.db);
  }
  return rows;
}

double gain(const row& r) { return r.minifloat.db - r.integer; }

/// E2M1 with the largest exponent reserved for infinity and NaN.
struct e2m1_ieee : binade::minifloat<e2m1_ieee, 4> {
  using minifloat::minifloat;
  static constexpr binade::float_spec spec{.exponent_bits = 2,
                                           .mantissa_bits = 1,
                                           .bias = 1,
                                           .nan = binade::nan_codes::ieee,
                                           .infinity = binade::infinity_codes::ieee};
  static constexpr binade::format_names names{.name = "e2m1_ieee"};
};

/// Student's t with 5 degrees of freedom: a normal number over the root of a mean of five squares.
channels_of student(std::uint64_t seed) {
  std::vector<float> x(channels * length);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double squares = 0;
    for (std::uint64_t k = 1; k <= 5; ++k) {
      const double z = binade::standard_normal(seed, k, i);
      squares += z * z / 5;
    }
    x[i] = static_cast<float>(binade::standard_normal(seed, 0, i) / std::sqrt(squares));
  }
  return {x, length};
}

}  // namespace

int main() {
  papers::report report("Low-precision minifloats and integers", "arXiv:2311.12359");
  const channels_of heavy_x = student(1);
  const auto heavy = table("t(5)", heavy_x);
  table("N(0, 1)", {papers::normal(channels * length, 2), length});
  const auto uniform = table("uniform", {papers::uniform(channels * length, 3, -1, 1), length});
  const auto wins = [](const std::vector<row>& rows) {
    return static_cast<double>(
        std::count_if(rows.begin(), rows.end(), [](const row& r) { return gain(r) > 0; }));
  };
  report.check(heavy_tails, {wins(heavy), wins(uniform), "uniform numbers"});
  channels_of weights{{}, 256};
  for (const papers::weight& w : papers::transformer_weights()) {
    if (w.cols != weights.length) continue;
    weights.x.insert(weights.x.end(), w.values.begin(), w.values.begin() + 32 * 256);
  }
  report.refute(layer, tie_at_3,
                {wins(table("weights", weights)), wins(uniform), "uniform numbers"});
  report.check(uniform_tie, {gain(uniform[1]), gain(heavy[1]), "t(5)"});
  report.check(saturating, {sqnr<exmy<2, 1>>(heavy_x) - sqnr<e2m1_ieee>(heavy_x),
                            sqnr<exmy<2, 1>>(heavy_x) - sqnr<exmy<2, 2>>(heavy_x), "a bit more"});
  return report.status();
}
