// SPDX-License-Identifier: MIT

// Mixed Precision Training of Convolutional Neural Networks using Integer Operations
// (arXiv:1802.00930). DFP-16: a tensor is 16-bit integers and one 8-bit exponent. Products add the
// exponents; sums of products stay in 32-bit integers as long as they cannot overflow and spill to
// binary32 before; a result is shifted back to 16 bits.
//
// Only training shows ResNet-50 and others at the accuracy of binary32, and the factor 1.8.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using papers::claim, papers::relation;

/// A format of our own: the integers of DFP-16.
struct int16 : binade::minifloat<int16, 16> {
  using minifloat::minifloat;
  static constexpr binade::integer_spec spec{.bits = 16, .is_signed = true};
  static constexpr binade::format_names names{.name = "int16"};
};

constexpr claim round_trip{
    .text = "DFP-16 of N(0, 1): relative squared error",
    .how = relation::at_most,
    .paper = 0x1p-24 / 12,
    .tolerance = 0.01 * 0x1p-24 / 12,
    .reason = "amax of 2^18 numbers is in [4, 8): steps of 2^-12, squared and over 12, 1%"};
constexpr claim full_chain{.text = "products of 16-bit integers that 32 bits hold for certain",
                           .paper = 2,
                           .reason = "a count: 2 * 32767^2 < 2^31"};
constexpr claim short_chain{.text = "products of 15-bit integers that 32 bits hold for certain",
                            .paper = 8,
                            .reason = "a count: 8 * 16383^2 < 2^31"};
constexpr claim spill{
    .text = "of 64 dot products of 2^16 numbers of N(0, 1), those that overflow with chains of 288",
    .paper = 0,
    .reason = "a count: such a chain is within 2^31 / (sqrt(288) 2^24) = 7.5 deviations"};
constexpr claim product_error{
    .text = "largest error of these dot products, over the product of the norms",
    .how = relation::at_most,
    .paper = 1.6e-6,
    .reason = "four deviations sqrt(2 * 2^-24 / 12) / sqrt(2^16): the rounding of the operands"};
constexpr claim down{.text = "down-converted integers that are not the quantizer's",
                     .paper = 0,
                     .reason = "a count: the shift R of the paper is the exponent rule of OCP"};

/// A tensor of DFP-16.
struct dfp16 {
  std::vector<std::int16_t> i;
  int exponent;
};

/// The library's quantizer: one power of two a tensor, the largest integer below 2^15.
dfp16 to_dfp16(const std::vector<float>& x) {
  const auto packed =
      binade::quantize<int16>(binade::vector_view(x), binade::scaling::pow2_floor{});
  dfp16 y{std::vector<std::int16_t>(x.size()), packed.view().scale(0).exponent};
  for (std::size_t k = 0; k < x.size(); ++k) {
    y.i[k] = static_cast<std::int16_t>(packed.view().code(0, k));
  }
  return y;
}

/// Products of `bits`-bit integers that a 32-bit sum holds whatever their values.
double safe_chain(int bits) {
  const std::int64_t largest = (1 << (bits - 1)) - 1;
  return static_cast<double>(std::numeric_limits<std::int32_t>::max() / (largest * largest));
}

/// A dot product in chains of 32-bit sums, each spilled to binary32.
struct chained_sum {
  double value = 0;
  bool overflows = false;
};
chained_sum dot(const dfp16& a, const dfp16& b, std::size_t chain) {
  chained_sum sum;
  float total = 0;
  for (std::size_t begin = 0; begin < a.i.size(); begin += chain) {
    std::int64_t exact = 0;
    for (std::size_t k = begin; k < std::min(begin + chain, a.i.size()); ++k) {
      exact += a.i[k] * b.i[k];
      sum.overflows = sum.overflows || exact != static_cast<std::int32_t>(exact);
    }
    total += static_cast<float>(static_cast<std::int32_t>(exact));
  }
  sum.value = std::ldexp(total, a.exponent + b.exponent);
  return sum;
}

struct survey {
  double overflows = 0;
  double largest_error = 0;
};
survey dot_products(std::size_t chain) {
  survey s;
  for (std::uint64_t run = 0; run < 64; ++run) {
    const std::vector<float> x = papers::normal(1 << 16, 2 * run);
    const std::vector<float> w = papers::normal(1 << 16, 2 * run + 1);
    double exact = 0, xx = 0, ww = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      exact += double{x[k]} * double{w[k]};
      xx += double{x[k]} * double{x[k]};
      ww += double{w[k]} * double{w[k]};
    }
    const chained_sum sum = dot(to_dfp16(x), to_dfp16(w), chain);
    s.overflows += sum.overflows ? 1 : 0;
    s.largest_error = std::max(s.largest_error, std::fabs(sum.value - exact) / std::sqrt(xx * ww));
  }
  return s;
}

/// The integers that differ when 32-bit sums are shifted by R = 17 - (leading zeros of the largest)
/// and rounded, and when the library quantizes them. Ties go to even or, with `odd_at_ties` 1, up.
double down_converted_otherwise(int odd_at_ties) {
  std::vector<float> sums = papers::normal(4096, 9);
  std::int64_t largest = 0;
  for (float& s : sums) {
    s = std::floor(s * 0x1p15F) * 4;  // integers of 20 bits, ties among them
    largest = std::max(largest, std::abs(static_cast<std::int64_t>(s)));
  }
  const int shift = 17 - binade::countl_zero(static_cast<std::uint32_t>(largest));
  const dfp16 expected = to_dfp16(sums);
  double count = expected.exponent == shift ? 0 : NAN;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const auto s = static_cast<std::int64_t>(sums[k]);
    const std::int64_t half = (std::int64_t{1} << shift) / 2;
    const std::int64_t odd = ((s >> shift) & 1) | odd_at_ties;
    const std::int64_t rounded =
        std::clamp<std::int64_t>((s + half - 1 + odd) >> shift, -32767, 32767);
    count += rounded == expected.i[k] ? 0 : 1;
  }
  return count;
}

}  // namespace

int main() {
  papers::report report("Dynamic fixed point, DFP-16", "arXiv:1802.00930");
  const std::vector<float> x = papers::normal(1 << 18, 1);
  const auto error = [&x](const std::vector<float>& y) {
    return binade::metrics::relative_mse(x, y);
  };
  constexpr binade::scaling::pow2_floor rule;
  report.check(round_trip, {error(papers::through<int16>(x, rule)),
                            error(papers::through<binade::int8>(x, rule)), "8 bits"});
  report.check(full_chain, {safe_chain(16), safe_chain(15), "15 bits"});
  report.check(short_chain, {safe_chain(15), safe_chain(16), "16 bits"});
  const survey chained = dot_products(288), whole = dot_products(1 << 16);
  report.check(spill, {chained.overflows, whole.overflows, "no spill"});
  report.check(product_error, {chained.largest_error, whole.largest_error, "no spill"});
  report.check(down, {down_converted_otherwise(0), down_converted_otherwise(1), "ties up"});
  return report.status();
}
