// SPDX-License-Identifier: MIT

// A Study of BFLOAT16 for Deep Learning Training (arXiv:1905.12322): bfloat16 is the upper half of
// binary32, so that a conversion is an addition and a shift, products are exact in binary32, and
// its range is that of binary32: no loss scaling, which binary16 needs.
//
// Only training shows that networks reach the accuracy of binary32 with the same hyperparameters.

#include "../claim.hpp"
#include "../tensors.hpp"
#include "binade/kernel/accumulate.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using binade::bfloat16, binade::float16;
using papers::claim, papers::relation;

constexpr claim by_addition{
    .text = "binary32 numbers whose bfloat16 is not made by adding 0x7fff and the low bit",
    .paper = 0,
    .reason = "a count, over the boundaries of all codes and 2^20 random numbers"};
constexpr claim exact_products{.text = "pairs of bfloat16 significands whose product float rounds",
                               .paper = 0,
                               .reason = "a count: 8 + 8 bits fit in 24"};
constexpr claim binades{.text = "binades of normal bfloat16 numbers",
                        .paper = 254,
                        .reason = "a count: the exponents of binary32"};
constexpr claim lost_gradients{
    .text = "fraction of gradients of N(0, 2^-60) that become zero without loss scaling",
    .paper = 0,
    .reason = "they are multiples of 2^-78, and bfloat16 is normal from 2^-126 on"};
constexpr claim accumulation{
    .text =
        "error of dot products of 4096 bfloat16 numbers summed in binary32, over that of the "
        "operands",
    .how = relation::at_most,
    .paper = 0.1,
    .reason = "sqrt(4096) roundings of 2^-24 against one of 2^-9, read as a tenth at most"};

std::uint32_t by_shift(float x, std::uint32_t add = 0x7fff) {
  const std::uint32_t bits = binade::bit_cast<std::uint32_t>(x);
  return (bits + add + ((bits >> 16) & 1)) >> 16;
}

/// Numbers that `by_shift` converts otherwise than the library.
double converted_otherwise(std::uint32_t add) {
  double count = 0;
  const auto compare = [&](std::uint32_t bits) {
    const float x = binade::bit_cast<float>(bits);
    if (std::isnan(x)) return;
    count += by_shift(x, add) == bfloat16(x).bits() ? 0 : 1;
  };
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    for (const std::uint32_t low : {0U, 1U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      compare(code << 16 | low);
    }
  }
  for (std::uint64_t i = 0; i < (1 << 20); ++i) compare(binade::random_bits(1, 0, i, 32));
  return count;
}

/// Pairs of significands of T in [1, 2) whose product is not exact in float.
template <class T>
double rounded_products() {
  double count = 0;
  for (T a(1); a < T(2); a = next_up(a)) {
    for (T b(1); b < T(2); b = next_up(b)) {
      count += double{float{a} * float{b}} == double{float{a}} * double{float{b}} ? 0 : 1;
    }
  }
  return count;
}

/// A significand of 14 bits, of which products need 28.
struct e8m13 : binade::minifloat<e8m13, 22> {
  using minifloat::minifloat;
  static constexpr binade::float_spec spec{.exponent_bits = 8, .mantissa_bits = 13, .bias = 127};
};

template <class T>
double normal_binades() {
  return ilogb(std::numeric_limits<T>::max()) - ilogb(std::numeric_limits<T>::min()) + 1;
}

template <class T>
double lost(const std::vector<float>& x) {
  double count = 0;
  for (const float v : x) count += v != 0 && T(v) == T(0) ? 1 : 0;
  return count / static_cast<double>(x.size());
}

/// Root mean square error of sums of products of bfloat16 numbers, over that from rounding the
/// operands.
template <class Sum>
double error_of_sums(Sum&& sum) {
  constexpr std::size_t k = 4096, runs = 64;
  double of_sum = 0, of_operands = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    const std::vector<float> x = papers::normal(k, 2 * run), w = papers::normal(k, 2 * run + 1);
    std::vector<bfloat16> a(k), b(k);
    binade::convert(x, a);
    binade::convert(w, b);
    double exact = 0, rounded = 0;
    for (std::size_t i = 0; i < k; ++i) {
      exact += double{x[i]} * double{w[i]};
      rounded += double{a[i]} * double{b[i]};
    }
    of_sum += std::pow(sum(a, b) - rounded, 2);
    of_operands += std::pow(rounded - exact, 2);
  }
  return std::sqrt(of_sum / of_operands);
}

}  // namespace

int main() {
  papers::report report("A Study of BFLOAT16", "arXiv:1905.12322");
  report.check(by_addition,
               {converted_otherwise(0x7fff), converted_otherwise(0x8000), "0x8000: ties away"});
  report.check(exact_products,
               {rounded_products<bfloat16>(), rounded_products<e8m13>(), "14-bit significands"});
  report.check(binades, {normal_binades<bfloat16>(), normal_binades<float16>(), "binary16"});
  const std::vector<float> gradients = papers::normal(1 << 16, 3, 0x1p-30);
  report.check(lost_gradients, {lost<bfloat16>(gradients), lost<float16>(gradients), "binary16"});

  using operands = std::vector<bfloat16>;
  const auto in_binary32 = [](const operands& a, const operands& b) {
    return double{binade::dot(a, b, binade::accumulate::sequential{})};
  };
  const auto in_bfloat16 = [](const operands& a, const operands& b) {
    bfloat16 sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum = fma(a[i], b[i], sum);
    return double{sum};
  };
  report.check(accumulation,
               {error_of_sums(in_binary32), error_of_sums(in_bfloat16), "sums in bfloat16"});
  return report.status();
}
