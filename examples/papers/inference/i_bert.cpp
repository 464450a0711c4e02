// SPDX-License-Identifier: MIT

// I-BERT: Integer-only BERT Quantization (arXiv:2101.01321): GELU, softmax and square root.
// A number is an integer times a scale that is known before inference. Polynomials a (x + b)^2 + c
// need one product of integers. Floating point below makes constants and errors, never a result.
//
// Not checked here: accuracy on GLUE (needs the model), 2.4x to 4.0x on a T4 (needs the GPU).

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using papers::claim, papers::relation;

constexpr const char* last_digit = "half a unit of the last printed digit";
constexpr claim gelu_l2{.text = "i-GELU, root mean square error on [-4, 4]",
                        .paper = 8.2e-3,
                        .tolerance = 0.05e-3,
                        .reason = last_digit};
constexpr claim gelu_largest{.text = "i-GELU, largest error on [-4, 4]",
                             .paper = 1.8e-2,
                             .tolerance = 0.05e-2,
                             .reason = last_digit};
constexpr claim exp_largest{.text = "i-exp, largest error on (-ln 2, 0]",
                            .paper = 1.9e-3,
                            .tolerance = 0.05e-3,
                            .reason = last_digit};
constexpr claim softmax_largest{
    .text = "i-softmax of scores from 8-bit operands, largest error",
    .how = relation::at_most,
    .paper = 1.0 / 256,
    .tolerance = 4.4e-3,
    .reason = "8 bits rounded down, and the relative error of i-exp, 2.2e-3, above and below"};
constexpr claim root_updates{.text = "updates of the integer square root of positive INT32",
                             .how = relation::at_most,
                             .paper = 4,
                             .reason = "a count, over all numbers next to squares"};
constexpr papers::finding root_updates_found{
    .value = 5, .tolerance = 0, .reason = "just below a square it takes five, as for 2^30 + 2^16"};

/// The value q * scale.
struct scaled {
  std::int64_t q;
  double scale;
  [[nodiscard]] double value() const { return static_cast<double>(q) * scale; }
};

std::int64_t fixed(double constant) { return static_cast<std::int64_t>(std::floor(constant)); }

/// a (x + b)^2 + c: the paper's algorithm 1.
scaled i_poly(scaled x, double a, double b, double c) {
  const double scale = a * x.scale * x.scale;
  const std::int64_t sum = x.q + fixed(b / x.scale);
  return {sum * sum + fixed(c / scale), scale};
}

/// x (1 + erf(x / sqrt(2))) / 2: algorithm 2.
scaled i_gelu(scaled x) {
  constexpr double a = -0.2888, b = -1.769;
  const double scale = x.scale / std::sqrt(2.0);
  scaled erf = i_poly({std::min(std::abs(x.q), fixed(-b / scale)), scale}, a, b, 1);
  if (x.q < 0) erf.q = -erf.q;
  return {x.q * (erf.q + fixed(1 / erf.scale)), x.scale * erf.scale / 2};
}

/// a (r + b)^2 + c, close to exp(r) for -ln 2 < r <= 0.
struct exp_polynomial {
  double a, b, c;
};
/// The released code has it as 0.35815147 r^2 + 0.96963238 r + 1.
constexpr exp_polynomial released{0.35815147, 0.96963238 / (2 * 0.35815147),
                                  1 - 0.96963238 * 0.96963238 / (4 * 0.35815147)};
constexpr exp_polynomial printed{0.3585, 1.353, 0.344};
constexpr exp_polynomial wrong{0.3585, 1.353 / 2, 0.344};

/// exp(x) for x <= 0: algorithm 3, with 30 fraction bits for the shift by z.
scaled i_exp(scaled x, const exp_polynomial& p) {
  const std::int64_t ln2 = fixed(std::log(2.0) / x.scale);
  const std::int64_t q = std::max(x.q, -30 * ln2);
  const std::int64_t z = -q / ln2;
  const scaled r = i_poly({q + z * ln2, x.scale}, p.a, p.b, p.c);
  return {(r.q << (30 - z)), r.scale / 0x1p30};
}

/// Eight bits of softmax: exponentials in 16 bits, one division a row.
std::vector<double> i_softmax(const std::vector<std::int64_t>& x, double scale,
                              const exp_polynomial& p) {
  const std::int64_t largest = *std::max_element(x.begin(), x.end());
  const int shift = binade::top_bit(static_cast<std::uint64_t>(i_exp({0, scale}, p).q)) - 15;
  std::vector<std::int64_t> exps;
  std::int64_t sum = 0;
  for (const std::int64_t q : x) {
    exps.push_back(i_exp({q - largest, scale}, p).q >> shift);
    sum += exps.back();
  }
  const std::int64_t factor = (std::int64_t{1} << 32) / sum;
  std::vector<double> y;
  for (const std::int64_t e : exps) y.push_back(static_cast<double>((e * factor) >> 24) / 256);
  return y;
}
struct root {
  std::int64_t value;
  int updates;
};
/// floor(sqrt(n)) by Newton's method from 2^(bits of n / `part`): algorithm 4.
root i_sqrt(std::int64_t n, int part) {
  if (n == 0) return {0, 0};
  const int bits = binade::bit_width(static_cast<std::uint64_t>(n));
  std::int64_t x = std::int64_t{1} << ((bits + part - 1) / part);
  for (int updates = 0;; ++updates) {
    const std::int64_t next = (x + n / x) / 2;
    if (next >= x) return {x, updates};
    x = next;
  }
}

struct distance {
  double l2 = 0, largest = 0;
};
/// The distance of f, of scaled integers, and g over a grid of [from, to].
template <class F, class G>
distance between(F&& f, G&& g, double from, double to) {
  constexpr double scale = 0x1p-15;
  distance d;
  for (scaled x{fixed(from / scale), scale}; x.value() <= to; ++x.q) {
    const double error = f(x) - g(x.value());
    d.l2 += error * error * scale / (to - from);
    d.largest = std::max(d.largest, std::fabs(error));
  }
  d.l2 = std::sqrt(d.l2);
  return d;
}

double h_gelu(scaled x) { return x.value() * std::clamp(1.702 * x.value() + 3, 0.0, 6.0) / 6; }
double gelu(double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }

/// Largest error of softmax over scores q k / sqrt(64) of 8-bit queries and keys.
double softmax_error(const exp_polynomial& p) {
  constexpr std::size_t n = 128, width = 64;
  constexpr double scale = 0.05 * 0.05 / 8;
  std::vector<float> scores(n * n);  // integers, exact in float
  const auto packed = [](const std::vector<float>& x) {
    return binade::quantize<binade::int8>(binade::matrix_view(x.data(), n, width),
                                          binade::scaling::given{1.0F});
  };
  const auto q = packed(papers::normal(n * width, 27, 30));
  const auto k = packed(papers::normal(n * width, 28, 30));
  binade::gemm(q, k, binade::matrix_view(scores.data(), n, n));
  double largest = 0;
  for (std::size_t row = 0; row < n; ++row) {
    const std::vector<std::int64_t> x(&scores[row * n], &scores[row * n] + n);
    const std::vector<double> y = i_softmax(x, scale, p);
    double sum = 0;
    for (const std::int64_t e : x) sum += std::exp(static_cast<double>(e) * scale);
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = std::exp(static_cast<double>(x[i]) * scale) / sum;
      largest = std::max(largest, std::fabs(y[i] - exact));
    }
  }
  return largest;
}

/// The most updates of any n below 2^31 next to a square. NaN if a root is wrong.
double most_updates(int part) {
  int most = 0;
  for (std::int64_t k = 1; k <= 46340; ++k) {
    for (const std::int64_t n : {k * k - 1, k * k, k * k + k}) {
      const root r = i_sqrt(n, part);
      if (r.value * r.value > n || (r.value + 1) * (r.value + 1) <= n) return NAN;
      most = std::max(most, r.updates);
    }
  }
  return most;
}

}  // namespace

int main() {
  papers::report report("I-BERT", "arXiv:2101.01321");
  const distance i = between([](scaled x) { return i_gelu(x).value(); }, gelu, -4, 4);
  const distance h = between(h_gelu, gelu, -4, 4);
  report.check(gelu_l2, {i.l2, h.l2, "h-GELU"});
  report.check(gelu_largest, {i.largest, h.largest, "h-GELU"});
  const auto exp_error = [](const exp_polynomial& p) {
    return between([&](scaled x) { return i_exp(x, p).value(); },
                   [](double x) { return std::exp(x); }, -std::log(2.0), 0)
        .largest;
  };
  report.check(exp_largest, {exp_error(released), exp_error(printed), "constants as printed"});
  report.check(softmax_largest, {softmax_error(released), softmax_error(wrong), "b halved"});
  report.refute(root_updates, root_updates_found,
                {most_updates(2), most_updates(1), "a start at 2^bits, not at 2^(bits / 2)"});
  return report.status();
}
