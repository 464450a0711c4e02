// SPDX-License-Identifier: MIT

// FP8 Quantization: the Power of the Exponent (arXiv:2208.09225). Formats of 8 bits in which every
// code is a number, with a range c of one's choice (a real-valued exponent bias): which split into
// exponent and mantissa is best depends on how heavy the tails are. The expected error is an
// integral over the cells of the grid. Range and mantissa bits can also be learned: the gradient
// takes rounding as the identity (straight-through), the mantissa bits are rounded in the forward
// pass.
//
// The paper draws these errors as figures; their values are not quoted here, only the orderings.
// Only models show the accuracies of post-training quantization and training in table 1.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "binade/analysis/expected_error.hpp"
#include "binade/format/exmy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numbers>
#include <vector>

namespace {

using papers::relation;

constexpr const char* ordering = "an ordering of closed-form integrals";

constexpr papers::claim uniform_int8{
    .text = "dB that INT8 is better than the best FP8 split, uniform numbers",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim normal_e2m5{
    .text = "dB that 2 exponent bits are better than INT8 and all other splits, N(0, 1)",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim heavy_fp8{
    .text = "dB that 4 exponent bits are better than INT8 and all other splits, Student's t(2)",
    .how = relation::at_least,
    .paper = 0,
    .reason = ordering};
constexpr papers::claim mantissa_bit{
    .text = "dB that a mantissa bit is worth from E5M2 to E3M4, N(0, 1)",
    .paper = 6.02,
    .tolerance = 0.1,
    .reason = "steps halve: 20 log10(2) is the theory, and subnormals touch E3M4"};
constexpr papers::claim learned_range{
    .text = "dB that the learned range misses of the best one, E3M4 on N(0, 1)",
    .paper = 0,
    .tolerance = 0.2,
    .reason = "the error is flat there, and the largest of 2^14 samples, 4 sigma, ends what pulls"};
constexpr papers::claim learned_bits{.text = "mantissa bits learned on N(0, 1) with range, from 3",
                                     .paper = 5,
                                     .reason = "the split that the expected error ranks first"};

using magnitudes = std::vector<double>;
/// E5M2, E4M3, E3M4, E2M5 and INT8.
const std::array<magnitudes, 5> grids = {
    binade::magnitudes(binade::any_format::of<binade::exmy<5, 2>>()),
    binade::magnitudes(binade::any_format::of<binade::exmy<4, 3>>()),
    binade::magnitudes(binade::any_format::of<binade::exmy<3, 4>>()),
    binade::magnitudes(binade::any_format::of<binade::exmy<2, 5>>()),
    binade::magnitudes(binade::any_format::of<binade::int8>())};

/// -10 log10 of the least expected error of each.
template <class D>
std::array<double, 5> table(const char* name, const D& distribution, double bound) {
  std::array<double, 5> db{};
  std::printf("%-18s", name);
  for (std::size_t i = 0; i < db.size(); ++i) {
    db[i] = -10 * std::log10(binade::least_expected_mse(grids[i], distribution, bound).mse);
    std::printf(" %6.2f", db[i]);
  }
  std::printf("\n");
  return db;
}

/// How much `which` is better than the best of the others.
double lead(const std::array<double, 5>& db, std::size_t which) {
  double others = -1e9;
  for (std::size_t i = 0; i < db.size(); ++i) {
    if (i != which) others = std::max(others, db[i]);
  }
  return db[which] - others;
}

/// x under the split with M mantissa bits and range c, which is the scale c / largest.
std::vector<float> quantized(const std::vector<float>& x, int m, double c) {
  const binade::scaling::given s{
      static_cast<float>(c / grids[static_cast<std::size_t>(m - 2)].back())};
  if (m == 2) return papers::through<binade::exmy<5, 2>>(x, s);
  if (m == 3) return papers::through<binade::exmy<4, 3>>(x, s);
  if (m == 4) return papers::through<binade::exmy<3, 4>>(x, s);
  return papers::through<binade::exmy<2, 5>>(x, s);
}

struct learned {
  double m, c;
};

/// Gradient descent on log E(x - q)^2. An element's step is s = 2^(p - M - b) with
/// p = max(1, floor(log2|x| + b)), and q = s round(x / s): so dq/ds = (q - x) / s, and with floor
/// as the identity s depends on M alone unless p = 1, where b = 2^E - log2 c + log2(2 - 2^-M) - 1
/// and E = 7 - M come in. Where x clips, q is c.
learned learn(const std::vector<float>& x, learned l, bool learn_bits) {
  for (int step = 0; step < 300; ++step) {
    const int m = static_cast<int>(std::nearbyint(l.m));
    const std::vector<float> q = quantized(x, m, l.c);
    const double tail = std::exp2(-m);
    const double db_dm = -std::exp2(7 - m) * std::numbers::ln2 + tail / (2 - tail);
    const double least_normal = l.c / (2 - tail) * std::exp2(2 - std::exp2(7 - m));
    double squares = 0, to_c = 0, to_m = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = double{q[i]} - double{x[i]}, size = std::fabs(double{x[i]});
      squares += e * e;
      if (size > l.c) {
        to_c += 2 * e * std::copysign(1.0, double{x[i]});
      } else {
        const bool subnormal = size < least_normal;
        to_c += subnormal ? 2 * e * e / l.c : 0;
        to_m -= 2 * e * e * std::numbers::ln2 * (subnormal ? 1 + db_dm : 1);
      }
    }
    l.c *= std::exp(-0.02 * l.c * to_c / squares);
    if (learn_bits) l.m = std::clamp(l.m - 0.02 * to_m / squares, 2.0, 5.0);
  }
  return l;
}

}  // namespace

int main() {
  papers::report report("FP8 Quantization: the Power of the Exponent", "arXiv:2208.09225");
  std::printf("%-18s   E5M2   E4M3   E3M4   E2M5   INT8\n", "-10 log10 E");
  const auto uniform = table("uniform", binade::uniform_distribution{}, 1);
  const auto normal = table("normal", binade::normal_distribution{}, 40);
  table("t(8), below 100", binade::student_distribution{8}, 100);
  const auto heavy = table("t(2), below 1000", binade::student_distribution{2}, 1000);
  report.check(uniform_int8, {lead(uniform, 4), lead(normal, 4), "N(0, 1)"});
  report.check(normal_e2m5, {lead(normal, 3), lead(heavy, 3), "t(2)"});
  report.check(heavy_fp8, {lead(heavy, 1), lead(normal, 1), "N(0, 1)"});
  report.check(mantissa_bit,
               {(normal[2] - normal[0]) / 2, (normal[4] - normal[2]) / 2, "from E3M4 to INT8"});

  const std::vector<float> x = papers::normal(1 << 14, 3);
  const binade::scale_and_mse best =
      binade::least_expected_mse(grids[2], binade::normal_distribution{}, 40);
  const auto miss = [&](double c) {
    const double scale = c / grids[2].back();
    return 10 *
           std::log10(binade::expected_mse(grids[2], scale, binade::normal_distribution{}, 40) /
                      best.mse);
  };
  std::printf("best range %.3f", best.scale * grids[2].back());
  const learned range = learn(x, {4, 1}, false), both = learn(x, {3, 2}, true);
  std::printf(" learned %.3f, M learned %.3f with range %.3f\n", range.c, both.m, both.c);
  report.check(learned_range, {miss(range.c), miss(1), "not learned: a range of 1"});
  report.check(learned_bits,
               {std::nearbyint(both.m), learn(x, {3, 2}, false).m, "bits not learned"});
  return report.status();
}
