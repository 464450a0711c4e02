// SPDX-License-Identifier: MIT

// EN-T (arXiv:2404.11887): an operand that a whole row of multipliers shares is recoded once, at
// the edge of the array, into radix-4 digits that all multipliers reuse. A digit 3 is -1 and a
// carry, so that with digits -1, 0, 1 and 2 a product is a sum of shifted copies. Two bits a digit
// and one for the sign leave n + 1 bits to pass on; a modified Booth encoder hands on 3 bits a
// digit.
//
// Only hardware shows area (8.7% to 12.2%) and energy (13.0% to 17.5%). The digits are as we read
// the paper.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace {

using papers::claim;

constexpr claim exact{.text = "pairs of INT8 whose product from digits is wrong",
                      .paper = 0,
                      .reason = "a count over all 65536"};
constexpr claim bits{.text = "bits that an encoded INT8 takes",
                     .paper = 9,
                     .reason = "a count: four digits of four values, and one sign"};
constexpr claim encoders{.text = "encodings in a product of 64 x 64 matrices",
                         .paper = 64 * 64,
                         .reason = "a count: one an element of the shared operand"};
constexpr claim product{.text = "elements of that product that differ from the library's",
                        .paper = 0,
                        .reason = "a count: sums of 64 products of INT8 are exact in binary32"};

/// The digits of an INT8, lowest first, each one of -1, 0, 1 and 2, and the carry out of the
/// highest, which weighs 256: for x < 0 the two's complement sign -256 takes it away or leaves it.
struct encoded {
  std::array<int, 4> digit{};
  int top = 0;
};

/// Recodes x; a digit of 3 becomes -1 and `carry`, which ripples upward.
encoded encode(std::int8_t x, int carry_of_three = 1) {
  encoded e;
  int carry = 0;
  for (int i = 0; i < 4; ++i) {
    const int d = ((static_cast<std::uint8_t>(x) >> (2 * i)) & 3) + carry;
    carry = d >= 3 ? carry_of_three : 0;
    e.digit[static_cast<std::size_t>(i)] = d >= 3 ? d - 4 : d;
  }
  e.top = carry - (x < 0 ? 1 : 0);
  return e;
}

/// What a processing element does: shifts and adds y as the digits say. -y and 2 y cost no adder.
std::int32_t multiply(const encoded& x, std::int8_t y) {
  std::int32_t sum = x.top * y * 256;
  for (std::size_t i = 0; i < 4; ++i) sum += x.digit[i] * y * (1 << (2 * i));
  return sum;
}

double wrong_products(int carry_of_three) {
  double count = 0;
  for (int x = -128; x < 128; ++x) {
    const encoded e = encode(static_cast<std::int8_t>(x), carry_of_three);
    for (int y = -128; y < 128; ++y) count += multiply(e, static_cast<std::int8_t>(y)) != x * y;
  }
  return count;
}

/// Bits that tell all encodings apart when each digit, and the top, is coded for itself.
double encoded_bits() {
  std::array<int, 5> lowest{}, highest{};
  for (int x = -128; x < 128; ++x) {
    const encoded e = encode(static_cast<std::int8_t>(x));
    for (std::size_t i = 0; i < 5; ++i) {
      const int d = i < 4 ? e.digit[i] : e.top;
      lowest[i] = std::min(lowest[i], d);
      highest[i] = std::max(highest[i], d);
    }
  }
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    sum += binade::bit_width(static_cast<std::uint32_t>(highest[i] - lowest[i]));
  }
  return sum;
}

struct matrix_product {
  double encodings = 0;
  double differences = 0;
};

/// A product of 64 x 64 matrices of INT8, encoding in front of the array or, with `reuse` 1, in
/// each multiplier, against the library's.
matrix_product multiply_matrices(std::size_t reuse, int carry_of_three) {
  constexpr std::size_t n = 64;
  const auto integers = [](std::uint64_t seed) {
    std::vector<binade::int8> x(n * n);
    binade::convert(papers::normal(n * n, seed, 40), x);
    return x;
  };
  const std::vector<binade::int8> x = integers(1), w = integers(2);
  std::vector<float> y(n * n);
  binade::gemm(binade::matrix_view(x.data(), n, n), binade::matrix_view(w.data(), n, n),
               binade::matrix_view(y.data(), n, n));
  const auto integer = [](binade::int8 v) { return static_cast<std::int8_t>(v.bits()); };
  std::vector<std::int32_t> sums(n * n);
  matrix_product p;
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t k = 0; k < n; ++k) {
      const encoded e = encode(integer(x[t * n + k]), carry_of_three);
      p.encodings += static_cast<double>(n / reuse);
      for (std::size_t o = 0; o < n; ++o) sums[t * n + o] += multiply(e, integer(w[o * n + k]));
    }
  }
  for (std::size_t i = 0; i < n * n; ++i) p.differences += static_cast<float>(sums[i]) != y[i];
  return p;
}

}  // namespace

int main() {
  papers::report report("EN-T", "arXiv:2404.11887");
  report.check(exact, {wrong_products(1), wrong_products(0), "no carry out of a digit 3"});
  constexpr double booth = 3 * 4;  // -2, -1, 0, 1 and 2 in each of four digits
  report.check(bits, {encoded_bits(), booth, "modified Booth"});
  const matrix_product once = multiply_matrices(64, 1);
  report.check(encoders, {once.encodings, multiply_matrices(1, 1).encodings,
                          "an encoder in each multiplier"});
  report.check(product, {once.differences, multiply_matrices(64, 0).differences,
                         "no carry out of a digit 3"});
  return report.status();
}
