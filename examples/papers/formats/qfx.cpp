// SPDX-License-Identifier: MIT

// QFX, "Trainable Fixed-Point Quantization for Deep Learning Acceleration on FPGAs"
// (arXiv:2401.17544): numbers are HLS's ap_fixed<W, I>, an integer of W bits times 2^-F with
// F = W - I; training learns F with a straight-through estimator; weights may be sums of K powers
// of two, so that products are shifts. What runs on the FPGA gives the numbers of the emulation.
//
// Only training shows the accuracies on CIFAR-10 and ImageNet, only an FPGA the DSPs saved.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using binade::int8;
using papers::claim, papers::relation;
namespace rounding = binade::rounding;

constexpr claim emulation{
    .text = "numbers of ap_fixed<8, 3> that differ between emulation and integers, all 4 modes",
    .paper = 0,
    .reason = "a count: the paper promises the same numbers"};
constexpr claim learned{
    .text = "fraction bits learned for N(0, 1) in 8 bits, less the best ones",
    .paper = 0,
    .reason = "a count: the rounded parameter is the integer of least error, from 2 and from 7.5"};
constexpr claim two_powers{
    .text = "largest relative error of a weight of 8 bits as 2 powers of two",
    .how = relation::at_most,
    .paper = 1.0 / 9,
    .reason = "the nearest power of two is off by 1/3 at most, and so is what remains"};

/// AP_RND: to nearest, ties toward plus infinity. A rounding policy of our own.
struct half_up {
  constexpr std::uint64_t operator()(const binade::discarded_part& d) const noexcept {
    return d.kept + (d.above_half() || (d.is_half() && !d.negative));
  }
  static constexpr bool stays_finite(bool) noexcept { return false; }
  static constexpr half_up at(std::uint64_t) noexcept { return {}; }
};
static_assert(binade::rounding_policy<half_up>);
using ap_rnd = half_up;
using ap_trn = rounding::toward_negative;

enum class overflow { ap_sat, ap_wrap };
enum class hls_rounding { down, nearest };

/// What wraps around: the low 8 bits of an integer that is wide enough.
struct int20 : binade::minifloat<int20, 20> {
  using minifloat::minifloat;
  static constexpr binade::integer_spec spec{.bits = 20, .is_signed = true};
};

/// The integer of x in ap_fixed<8, 8 - f>, by the library's conversions.
template <class R>
int8 to_fixed(double x, int f, R round, overflow mode) {
  const double scaled = std::ldexp(x, f);
  return mode == overflow::ap_sat ? binade::convert<int8>(scaled, round)
                                  : int8::from_bits(binade::convert<int20>(scaled, round).bits());
}

/// The same in integer arithmetic as HLS synthesizes it, for x = i 2^-16.
int hls_fixed(std::int32_t i, int f, hls_rounding round, overflow mode) {
  const int shift = 16 - f;
  const std::int32_t q = (i + (round == hls_rounding::nearest ? 1 << (shift - 1) : 0)) >> shift;
  return mode == overflow::ap_sat ? std::clamp(q, -128, 127) : static_cast<std::int8_t>(q);
}

/// How many numbers differ, with `nearest` for AP_RND.
template <class R>
double emulated_otherwise(R nearest) {
  constexpr int f = 5;
  double count = 0;
  for (std::int32_t i = -(1 << 20); i < (1 << 20); i += 61) {
    for (const std::int32_t x : {i, i & ~0x3ff}) {  // multiples of 2^-6: ties
      for (const overflow mode : {overflow::ap_sat, overflow::ap_wrap}) {
        const double value = std::ldexp(x, -16);
        const auto wrong = [](int8 ours, int hls) { return static_cast<int>(ours) == hls ? 0 : 1; };
        count +=
            wrong(to_fixed(value, f, nearest, mode), hls_fixed(x, f, hls_rounding::nearest, mode));
        count +=
            wrong(to_fixed(value, f, ap_trn{}, mode), hls_fixed(x, f, hls_rounding::down, mode));
      }
    }
  }
  return count;
}

struct loss_and_gradient {
  double loss = 0;
  double gradient = 0;  ///< by F
};

/// Mean of (x_q - x)^2 with x_q = 2^-F clip(round(x 2^F)). Straight through the rounding,
/// dx_q / dF = ln 2 (x - x_q) inside the range and, times `clipped`, -ln 2 x_q where x is clipped.
loss_and_gradient quantization(const std::vector<float>& x, int f, double clipped) {
  loss_and_gradient g;
  const auto n = static_cast<double>(x.size());
  for (const float v : x) {
    const int8 q = to_fixed(v, f, ap_rnd{}, overflow::ap_sat);
    const double quantized = std::ldexp(double{q}, -f), error = quantized - double{v};
    const bool inside = std::fabs(std::ldexp(v, f)) < 128;
    const double slope = inside ? -error : -quantized * clipped;
    g.loss += error * error / n;
    g.gradient += 2 * error * std::log(2.0) * slope / n;
  }
  return g;
}

/// The F that gradient descent finds, from `start`.
int learn(const std::vector<float>& x, double start, double clipped) {
  double f = start;
  for (int step = 0; step < 1500; ++step) {
    const int rounded = static_cast<int>(std::lround(f));
    f = std::clamp(f - 5 * quantization(x, rounded, clipped).gradient, 0.0, 12.0);
  }
  return static_cast<int>(std::lround(f));
}

/// How far the learned F is from the best one, over two starts.
double learned_less_best(const std::vector<float>& x, double clipped) {
  int best = 0;
  for (int f = 1; f <= 12; ++f) {
    if (quantization(x, f, 1).loss < quantization(x, best, 1).loss) best = f;
  }
  return std::abs(learn(x, 2, clipped) - best) + std::abs(learn(x, 7.5, clipped) - best);
}

/// The largest relative error of an integer weight as a sum of k signed powers of two, each the
/// nearest to what is left.
double powers_of_two_error(int k) {
  double largest = 0;
  for (int q = 1; q < 128; ++q) {
    int left = q;
    for (int i = 0; i < k && left != 0; ++i) {
      const int magnitude = std::abs(left);
      const int low = 1 << binade::top_bit(static_cast<std::uint64_t>(magnitude));
      const int power = 2 * magnitude < 3 * low ? low : 2 * low;
      left += left > 0 ? -power : power;
    }
    largest = std::max(largest, std::fabs(left) / q);
  }
  return largest;
}

}  // namespace

int main() {
  papers::report report("QFX", "arXiv:2401.17544");
  report.check(emulation, {emulated_otherwise(ap_rnd{}),
                           emulated_otherwise(rounding::ties_to_even{}), "ties to even"});
  const std::vector<float> x = papers::normal(4096, 1);
  report.check(learned, {learned_less_best(x, 1), learned_less_best(x, 0),
                         "no gradient from clipped numbers"});
  report.check(two_powers, {powers_of_two_error(2), powers_of_two_error(1), "1 power of two"});
  return report.status();
}
