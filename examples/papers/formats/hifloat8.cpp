// SPDX-License-Identifier: MIT

// Ascend HiFloat8 (arXiv:2409.16626): 8 bits with tapered precision, by a prefix code that says how
// wide the exponent is; rounding with ties away (TA) forward; hybrid rounding (HR) backward, which
// is TA below 2^4 in either direction and else takes its randomness from the low bits of the
// number; and, for inference, a search of the powers of two that activations and weights of a layer
// are multiplied by (algorithm 1).
//
// Only training shows that HiF8 reaches FP16's accuracy (tables 5 to 8), and that HR beats TA
// there.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using binade::hif8;
using papers::relation;

constexpr papers::claim binades{.text = "powers of two from the smallest to the largest value",
                                .paper = 38,
                                .reason = "a count"};
constexpr papers::claim wide{
    .text = "exponents with a 3-bit mantissa", .paper = 7, .reason = "a count"};
constexpr papers::claim middle{
    .text = "exponents with a 2-bit mantissa", .paper = 8, .reason = "a count"};
constexpr papers::claim narrow{
    .text = "exponents of normal numbers with a 1-bit mantissa", .paper = 16, .reason = "a count"};
constexpr papers::claim overflow{.text = "the least float that TA rounds to infinity",
                                 .paper = 40960,
                                 .reason = "1.25 * 2^15, exactly",
                                 .digits = 5};
constexpr papers::claim near_one{
    .text = "dB that E4M3 is better than HiF8 on N(0, 1)",
    .paper = 0,
    .tolerance = 0.1,
    .reason = "both have 3-bit mantissas in +-[2^-3, 2^4), which leaves out what is tiny"};
constexpr papers::claim unbiased{
    .text = "mean of HR over all floats in [33, 33 + 2^-4)",
    .paper = 33 + 0x1p-5,
    .tolerance = 8 * 0x1p-8,
    .reason =
        "fraction and threshold share 7 bits, which moves the mean by at most 64 of 2^14 parts of "
        "the gap of 8"};
constexpr papers::claim unbiased_bf16{
    .text = "mean of HR where the low bits are zero, as they are in what came from bfloat16: at 33",
    .paper = 33,
    .tolerance = 8 * 0x1p-8,
    .reason = "as above"};
constexpr papers::finding always_up{
    .value = 40,
    .tolerance = 0,
    .reason = "the threshold is the low 14 bits: at 0 every number that is not a value moves away"};
constexpr papers::claim search{
    .text = "dB at the output of a layer that algorithm 1 gains over a direct cast",
    .how = relation::at_least,
    .paper = 0,
    .reason = "the search includes the direct cast"};

/// Exponents of normal numbers that have 2^bits values.
template <binade::format F>
double exponents_with(int bits) {
  std::array<int, 64> values{};
  binade::for_each_value<F>([&](F v) {
    const auto u = unpack(v);
    if (!u.negative && u.kind == binade::value_class::finite && u.exponent >= -15) {
      ++values[static_cast<std::size_t>(u.exponent + 15)];
    }
  });
  double n = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool lacks_one = i == 30;  // the code that would be 1.5 * 2^15 is infinity
    n += values[i] + (lacks_one ? 1 : 0) == 1 << bits ? 1 : 0;
  }
  return n;
}

/// The least float from 2^15 on that becomes infinity.
template <class Rounding>
double least_infinite(const Rounding& rounding) {
  float x = 32768.0F;
  const auto is_infinite = [&](float v) {
    return isinf(binade::convert<hif8>(v, rounding, binade::saturation::none{}));
  };
  for (float step = 16384.0F; step >= 0x1p-9F; step /= 2) {
    if (!is_infinite(x + step)) x += step;
  }
  return double{std::nextafter(x, 65536.0F)};
}

template <class Rounding>
double mean_from(float first, std::uint32_t count, const Rounding& rounding) {
  double sum = 0;
  std::uint32_t bits = binade::bit_cast<std::uint32_t>(first);
  for (std::uint32_t i = 0; i < count; ++i) {
    sum += double{binade::convert<hif8>(binade::bit_cast<float>(bits + i), rounding)};
  }
  return sum / count;
}

/// Algorithm 1 on y = x w^T: activations and weights are multiplied by 2^e_a and 2^e_w before the
/// cast, and the pair with the least squared error of y is taken. The scale of exponent_bias{b} is
/// 2^-b, by which numbers are divided.
class layer {
 public:
  layer() : x_(papers::normal(tokens * in, 7, 30)), w_(papers::normal(out * in, 8, 0.02)) {
    product(x_, w_, y_);
  }
  [[nodiscard]] double sqnr(int e_a, int e_w) const {
    std::vector<float> y;
    product(papers::through<hif8>(x_, binade::scaling::exponent_bias{e_a}),
            papers::through<hif8>(w_, binade::scaling::exponent_bias{e_w}), y);
    return binade::metrics::sqnr_db(y_, y);
  }
  [[nodiscard]] std::array<int, 2> best() const {
    std::array<int, 2> best{0, 0};
    double largest = sqnr(0, 0);
    for (int e_a = -4; e_a <= 5; ++e_a) {
      for (int e_w = -4; e_w <= 5; ++e_w) {
        const double db = sqnr(e_a, e_w);
        if (db > largest) {
          largest = db;
          best = {e_a, e_w};
        }
      }
    }
    return best;
  }

 private:
  static constexpr std::size_t tokens = 32, in = 128, out = 64;
  static void product(const std::vector<float>& x, const std::vector<float>& w,
                      std::vector<float>& y) {
    y.resize(tokens * out);
    binade::gemm(binade::matrix_view(x, tokens, in), binade::matrix_view(w, out, in),
                 binade::matrix_view(y, tokens, out));
  }
  std::vector<float> x_, w_, y_;
};

}  // namespace

int main() {
  papers::report report("HiFloat8", "arXiv:2409.16626");
  using limits = std::numeric_limits<hif8>;
  using e5m2_limits = std::numeric_limits<binade::e5m2>;
  report.check(binades,
               {ilogb(limits::max()) - ilogb(limits::denorm_min()) + 1.0,
                ilogb(e5m2_limits::max()) - ilogb(e5m2_limits::denorm_min()) + 1.0, "E5M2"});
  report.check(wide, {exponents_with<hif8>(3), exponents_with<binade::e4m3fn>(3), "E4M3"});
  report.check(middle, {exponents_with<hif8>(2), exponents_with<binade::e4m3fn>(2), "E4M3"});
  report.check(narrow, {exponents_with<hif8>(1), exponents_with<binade::e4m3fn>(1), "E4M3"});
  report.check(overflow,
               {least_infinite(binade::rounding::ties_to_away{}),
                least_infinite(binade::rounding::toward_zero{}), "toward zero: none below 2^16"});

  const std::vector<float> x = papers::normal(1 << 18, 1);
  constexpr binade::scaling::given none{1.0F};
  const double hif8_db = papers::sqnr_through<hif8>(x, none);
  report.check(near_one, {papers::sqnr_through<binade::e4m3fn>(x, none) - hif8_db,
                          papers::sqnr_through<binade::e5m2>(x, none) - hif8_db, "E5M2"});

  constexpr binade::rounding::hif8_hybrid hybrid{};
  report.check(unbiased, {mean_from(33.0F, 1 << 14, hybrid),
                          mean_from(33.0F, 1 << 14, binade::rounding::ties_to_away{}), "TA"});
  report.refute(
      unbiased_bf16, always_up,
      {mean_from(33.0F, 1, hybrid), mean_from(33.0F, 1 << 14, hybrid), "low bits of all values"});

  const layer l;
  const auto [e_a, e_w] = l.best();
  const double direct = l.sqnr(0, 0);
  report.check(search, {l.sqnr(e_a, e_w) - direct, l.sqnr(-e_a, -e_w) - direct, "signs exchanged"});
  return report.status();
}
