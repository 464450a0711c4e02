// SPDX-License-Identifier: MIT

// Floating-Point Multiply-Add with Approximate Normalization for Low-cost Matrix Engines
// (arXiv:2408.11997): in a column of multiply-adds of BF16 products the sum is not shifted by its
// number of leading zeros. If one of its top k bits is set it stays, else if one of the next lambda
// bits is, it moves by k, else by k + lambda; so it may keep leading zeros, and lose low bits
// later. Names an-k-lambda are the paper's. The sum here has 16 bits, twice those of a BF16
// significand.
//
// Only synthesis shows area (16% less) and power (13% less), only transformers the 1% of accuracy
// that the most efficient configuration costs. The paper prints no error of a dot product: bounds
// are ours.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "binade/kernel/accumulate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using binade::bfloat16;
using papers::claim, papers::relation;

constexpr claim small_shifts{
    .text = "fraction of additions whose exact normalization moves at most 3 bits to the left",
    .how = relation::at_least,
    .paper = 0.95,
    .reason = "the paper's premise: long shifts are rare"};
constexpr claim an_1_2{
    .text = "error of columns of 1024 multiply-adds with an-1-2, over that of exact normalization",
    .how = relation::at_most,
    .paper = 1.05,
    .reason = "'without sacrificing accuracy' read as within 5%"};
constexpr claim an_2_2{
    .text = "error of columns of 1024 multiply-adds with an-2-2, over that of exact normalization",
    .how = relation::at_most,
    .paper = 1.2,
    .reason = "the cheapest: a leading zero that stays costs half a bit at times"};

constexpr int width = 16;  ///< bits of the partial sum: twice those of BF16
constexpr int exact_normalization = 0;

/// What moves a sum to the left: an-k-lambda, or exact if k is 0.
struct normalizer {
  int k = exact_normalization;
  int lambda = 0;

  [[nodiscard]] int shift(std::uint64_t sum) const {
    const int zeros = width - binade::bit_width(sum);
    if (k == exact_normalization) return zeros;
    return zeros < k ? 0 : (zeros < k + lambda ? k : k + lambda);
  }
};

/// The value (-1)^negative * significand * 2^exponent with leading zeros allowed.
struct partial_sum {
  bool negative = false;
  std::uint64_t significand = 0;
  int exponent = -1000;
};

/// How often an addition needs each left shift.
using shift_counts = std::array<double, width + 1>;

/// sum + a b: aligned by exponents as they are, bits shifted out are lost.
partial_sum multiply_add(bfloat16 a, bfloat16 b, partial_sum sum, const normalizer& n,
                         shift_counts& counts) {
  const binade::unpacked product = binade::multiply(unpack(a), unpack(b));
  if (product.kind != binade::value_class::finite) return sum;
  std::uint64_t x = product.significand >> (64 - width);  // 16 bits of it are used
  const int x_exponent = product.exponent - (width - 1);
  const int exponent = std::max(x_exponent, sum.exponent);
  x >>= std::min(exponent - x_exponent, 63);
  const std::uint64_t y = sum.significand >> std::min(exponent - sum.exponent, 63);
  const auto signed_of = [](bool negative, std::uint64_t v) {
    return negative ? -static_cast<std::int64_t>(v) : static_cast<std::int64_t>(v);
  };
  const std::int64_t total = signed_of(product.negative, x) + signed_of(sum.negative, y);
  partial_sum r{total < 0, static_cast<std::uint64_t>(std::abs(total)), exponent};
  if ((r.significand >> width) != 0) {
    r.significand >>= 1;
    ++r.exponent;
    ++counts[0];
    return r;
  }
  ++counts[static_cast<std::size_t>(width - binade::bit_width(r.significand))];
  const int left = n.shift(r.significand);
  r.significand <<= left;
  r.exponent -= left;
  return r;
}

struct survey {
  double error = 0;         ///< root mean square
  double short_shifts = 0;  ///< fraction of left shifts of at most 3
};

/// 512 columns of 1024 products of N(0, 1). With `cancel` 1 each product is followed by nearly its
/// negative.
survey columns(const normalizer& n, int cancel = 0) {
  constexpr std::size_t length = 1024;
  survey s;
  shift_counts counts{};
  for (std::uint64_t run = 0; run < 512; ++run) {
    std::vector<float> x = papers::normal(length, 2 * run), w = papers::normal(length, 2 * run + 1);
    for (std::size_t i = 1; cancel == 1 && i < length; i += 2) {
      x[i] = x[i - 1];
      w[i] = w[i - 1] * -1.01F;
    }
    std::vector<bfloat16> a(length), b(length);
    binade::convert(x, a);
    binade::convert(w, b);
    partial_sum sum;
    for (std::size_t i = 0; i < length; ++i) sum = multiply_add(a[i], b[i], sum, n, counts);
    const double exact = double{binade::dot(a, b, binade::accumulate::exact{})};
    const double significand = static_cast<double>(sum.significand) * (sum.negative ? -1 : 1);
    s.error += std::pow(std::ldexp(significand, sum.exponent) - exact, 2);
  }
  s.error = std::sqrt(s.error / 512);
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  s.short_shifts = std::accumulate(counts.begin(), counts.begin() + 4, 0.0) / all;
  return s;
}

}  // namespace

int main() {
  papers::report report("Approximate normalization", "arXiv:2408.11997");
  const survey exact = columns({}), never = columns({.k = width});
  report.check(small_shifts,
               {exact.short_shifts, columns({}, 1).short_shifts, "products that cancel in pairs"});
  report.check(an_1_2, {columns({1, 2}).error / exact.error, never.error / exact.error,
                        "no shift to the left"});
  report.check(an_2_2, {columns({2, 2}).error / exact.error, never.error / exact.error,
                        "no shift to the left"});
  return report.status();
}
