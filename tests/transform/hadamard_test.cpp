// SPDX-License-Identifier: MIT
#include "binade/transform/hadamard.hpp"

#include "binade/core/bits.hpp"
#include "oracle/binary32.hpp"
#include "oracle/philox.hpp"
#include "oracle/rational.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace {

using binade::hadamard;
using oracle::bits_of;
using oracle::exact;
using oracle::float_of;
using oracle::rational;
using oracle::two_to;

constexpr int sizes[] = {16, 32, 64, 128, 256};

std::vector<float> on_bits(const hadamard& t, const std::vector<float>& x, bool inverse = false) {
  std::vector<std::uint32_t> bits;
  for (const float v : x) bits.push_back(bits_of(v));
  if (inverse) {
    binade::inverse_transform_block(t, bits.data());
  } else {
    binade::transform_block(t, bits.data());
  }
  std::vector<float> y;
  for (const std::uint32_t v : bits) y.push_back(float_of(v));
  return y;
}

std::vector<float> back(const hadamard& t, const std::vector<float>& x) {
  return on_bits(t, x, true);
}

/// The sign of H[i][j], from H[2n] = {{H[n], H[n]}, {H[n], -H[n]}}.
int sylvester(int n, int i, int j) {
  if (n == 1) return 1;
  const int half = n / 2;
  const int corner = i >= half && j >= half ? -1 : 1;
  return corner * sylvester(half, i % half, j % half);
}

bool is_negative(const hadamard& t, int i) {
  return (t.signs[static_cast<std::size_t>(i / 32)] >> (i % 32) & 1) != 0;
}

/// 1 / sqrt(2^k), from below: the relative error is less than 2^-200.
rational inverse_root(int k) {
  if (k % 2 == 0) return two_to(-k / 2);
  const mpz_class radicand = mpz_class(1) << 401U;
  mpz_class root;
  mpz_sqrt(root.get_mpz_t(), radicand.get_mpz_t());  // sqrt(2) 2^200
  return rational(root) * two_to(-200 - (k + 1) / 2);
}

int log2_of(int size) { return static_cast<int>(std::lround(std::log2(size))); }

/// The definition as a recursion: transformed halves, then their sums and differences.
std::vector<float> sums_of_halves(std::span<const float> x) {
  if (x.size() == 1) return {x[0]};
  const std::vector<float> a = sums_of_halves(x.first(x.size() / 2));
  const std::vector<float> b = sums_of_halves(x.last(x.size() / 2));
  std::vector<float> y;
  for (std::size_t i = 0; i < a.size(); ++i) y.push_back(oracle::add32(a[i], b[i]));
  for (std::size_t i = 0; i < a.size(); ++i) y.push_back(oracle::add32(a[i], -b[i]));
  return y;
}

std::vector<float> factors(const hadamard& t) {
  std::vector<float> d;
  for (int i = 0; i < t.size; ++i) {
    const float magnitude = oracle::nearest_float(inverse_root(log2_of(t.size)));
    d.push_back(is_negative(t, i) ? -magnitude : magnitude);
  }
  return d;
}

std::vector<float> times(const std::vector<float>& x, const std::vector<float>& d) {
  std::vector<float> y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(oracle::multiply32(x[i], d[i]));
  return y;
}

std::vector<float> normal_values(int n, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> bell(0, scale);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& v : x) v = bell(random);
  return x;
}

void expect_equal(const std::vector<float>& got, const std::vector<float>& expected, int size) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    // Zeros of the exact oracle have no sign.
    if (got[i] == 0 && expected[i] == 0) continue;
    ASSERT_EQ(bits_of(got[i]), bits_of(expected[i]))
        << "size " << size << ", element " << i << ": got " << got[i] << ", expected "
        << expected[i];
  }
}

TEST(hadamard, factors_are_nearest_to_the_inverse_root_of_the_size) {
  for (const int size : sizes) {
    const hadamard t{.size = size, .signs = {0x80000005}};
    for (int i = 0; i < size; ++i) {
      EXPECT_EQ(float_of(t.factor_bits(i)), factors(t)[static_cast<std::size_t>(i)])
          << "size " << size << ", element " << i;
    }
    EXPECT_EQ(t.factor_bits(0) >> 31, 1U);
    EXPECT_EQ(t.factor_bits(1) >> 31, 0U);
  }
}

TEST(hadamard, sizes_are_powers_of_two_from_16_to_256) {
  for (int size = -1; size <= 1024; ++size) {
    const bool valid = size == 16 || size == 32 || size == 64 || size == 128 || size == 256;
    EXPECT_EQ(hadamard{.size = size}.has_valid_size(), valid) << size;
  }
}

TEST(hadamard, random_signs_are_the_random_bits_of_the_elements) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 0x123456789abcdef0ULL}) {
    for (const std::uint64_t stream : {0ULL, 7ULL, 0xfedcba9876543210ULL}) {
      const hadamard t = binade::random_hadamard(256, seed, stream);
      for (int i = 0; i < 256; ++i) {
        const auto index = static_cast<std::uint64_t>(i);
        EXPECT_EQ(is_negative(t, i), oracle::random_bits(seed, stream, index, 1) == 1) << i;
      }
    }
  }
}

TEST(hadamard, a_unit_vector_gives_a_column_of_the_matrix) {
  for (const int size : sizes) {
    const hadamard t = binade::random_hadamard(size, 5);
    const std::vector<float> d = factors(t);
    for (int j = 0; j < size; j += size / 16 + 1) {
      std::vector<float> x(static_cast<std::size_t>(size));
      x[static_cast<std::size_t>(j)] = 1;
      const std::vector<float> y = on_bits(t, x);
      for (int i = 0; i < size; ++i) {
        const float sign = sylvester(size, i, j) > 0 ? 1.0F : -1.0F;
        EXPECT_EQ(y[static_cast<std::size_t>(i)], sign * d[static_cast<std::size_t>(j)])
            << "size " << size << ", row " << i << ", column " << j;
      }
    }
  }
}

TEST(hadamard, every_operation_is_rounded_in_the_stated_order) {
  for (const int size : sizes) {
    for (const float scale : {1.0F, 0x1p-140F, 0x1p100F}) {
      const hadamard t = binade::random_hadamard(size, 11);
      const std::vector<float> x = normal_values(size, 3, scale);
      expect_equal(on_bits(t, x), sums_of_halves(times(x, factors(t))), size);
      expect_equal(back(t, x), times(sums_of_halves(x), factors(t)), size);
    }
  }
}

/// What the documentation promises: 1.01 (log2(size) + 2) 2^-24 sum|x| / sqrt(size) + size 2^-149.
///
/// Every element of the result is a sum of products, each of which was rounded at most log2(size)
/// times by sums, once as a product, and once in D: (1 + 2^-24)^(log2(size) + 2) - 1 is below 1.01
/// (log2(size) + 2) 2^-24. Sums have no error in the subnormal range, and a product there is off by
/// at most 2^-150, grown by less than 2 on its way.
rational bound(const std::vector<float>& x) {
  rational sum = 0;
  for (const float v : x) sum += abs(exact(v));
  const int size = static_cast<int>(x.size());
  const int k = log2_of(size);
  return rational(101, 100) * (k + 2) * two_to(-24) * sum * inverse_root(k) + size * two_to(-149);
}

TEST(hadamard, error_stays_below_the_bound) {
  for (const int size : sizes) {
    for (const float scale : {1.0F, 0x1p-140F, 0x1p100F}) {
      const hadamard t = binade::random_hadamard(size, 2);
      std::vector<float> x = normal_values(size, 4, scale);
      x[1] *= 1000;
      const std::vector<float> y = on_bits(t, x);
      const std::vector<float> z = back(t, x);
      for (int i = 0; i < size; ++i) {
        rational forward = 0;
        rational backward = 0;
        for (int j = 0; j < size; ++j) {
          const rational term = sylvester(size, i, j) * exact(x[static_cast<std::size_t>(j)]);
          forward += is_negative(t, j) ? rational(-term) : term;
          backward += is_negative(t, i) ? rational(-term) : term;
        }
        const rational root = inverse_root(log2_of(size));
        // 2^-190 of the bound is more than the root is off by.
        const rational limit = bound(x) * (1 + two_to(-150));
        EXPECT_LE(abs(exact(y[static_cast<std::size_t>(i)]) - forward * root), limit) << size;
        EXPECT_LE(abs(exact(z[static_cast<std::size_t>(i)]) - backward * root), limit) << size;
      }
    }
  }
}

TEST(hadamard, integers_keep_their_length_and_come_back_exactly) {
  // Quotients of integers below 2^10 by 4, 8 and 16 and sums of 256 of them have at most 24 digits.
  for (const int size : {16, 64, 256}) {
    const hadamard t = binade::random_hadamard(size, 77, 1);
    std::mt19937 random(8);
    std::vector<float> x(static_cast<std::size_t>(size));
    for (float& v : x) v = static_cast<float>(static_cast<int>(random() % 2047) - 1023);
    const std::vector<float> y = on_bits(t, x);
    rational before = 0;
    rational after = 0;
    for (const float v : x) before += exact(v) * exact(v);
    for (const float v : y) after += exact(v) * exact(v);
    EXPECT_EQ(before, after) << size;
    EXPECT_EQ(back(t, y), x) << size;
    EXPECT_EQ(on_bits(t, back(t, x)), x) << size;
  }
}

TEST(hadamard, the_inverse_undoes_the_transform_up_to_rounding) {
  for (const int size : sizes) {
    const hadamard t = binade::random_hadamard(size, 6);
    const std::vector<float> x = normal_values(size, 9);
    const std::vector<float> y = on_bits(t, x);
    const std::vector<float> z = back(t, y);
    // An error of at most bound(x) in every y makes one of at most sqrt(size) times that in z.
    const rational limit =
        bound(y) + bound(x) * size * inverse_root(log2_of(size)) * (1 + two_to(-150));
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_LE(abs(exact(z[i]) - exact(x[i])), limit) << "size " << size << ", element " << i;
    }
  }
}

TEST(hadamard, special_values) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const int size : sizes) {
    const hadamard t{.size = size};
    const auto n = static_cast<std::size_t>(size);
    std::vector<float> x(n, 1.0F);
    x[3] = float_of(0xffc12345);
    for (const float v : on_bits(t, x)) EXPECT_EQ(bits_of(v), 0x7fc00000U) << size;
    for (const float v : back(t, x)) EXPECT_EQ(bits_of(v), 0x7fc00000U) << size;
    x[3] = -infinity;
    const std::vector<float> y = on_bits(t, x);
    for (int i = 0; i < size; ++i) {
      EXPECT_EQ(y[static_cast<std::size_t>(i)], sylvester(size, i, 3) > 0 ? -infinity : infinity);
    }
    x[2] = infinity;
    std::size_t nan = 0;
    for (const float v : on_bits(t, x)) {
      if (std::isnan(v)) {
        ++nan;
        EXPECT_EQ(bits_of(v), 0x7fc00000U) << size;
      } else {
        EXPECT_TRUE(std::isinf(v)) << size;
      }
    }
    EXPECT_EQ(nan, n / 2);
    // -0 - -0 is +0, so one zero stays negative.
    const std::vector<float> zeros = on_bits(t, std::vector<float>(n, -0.0F));
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(bits_of(zeros[i]), i == 0 ? 0x80000000U : 0U);
  }
}

/// The machine's own arithmetic, one operation at a time.
struct machine_arithmetic {
  using value = float;
  [[nodiscard]] static value from_bits(std::uint32_t bits) { return float_of(bits); }
  [[nodiscard]] static value add(value a, value b) {
    volatile float sum = a + b;
    return sum;
  }
  [[nodiscard]] static value subtract(value a, value b) {
    volatile float difference = a - b;
    return difference;
  }
  [[nodiscard]] static value multiply(value a, value b) {
    volatile float product = a * b;
    return product;
  }
};

TEST(hadamard, other_arithmetic_gives_the_same_bits) {
  for (const int size : sizes) {
    const hadamard t = binade::random_hadamard(size, 21);
    const std::vector<float> x = normal_values(size, 5);
    std::vector<float> y = x;
    binade::transform_block(t, y.data(), machine_arithmetic{});
    EXPECT_EQ(on_bits(t, x), y) << size;
    y = x;
    binade::inverse_transform_block(t, y.data(), machine_arithmetic{});
    EXPECT_EQ(back(t, x), y) << size;
  }
}

constexpr std::uint32_t first_of_ones(int size) {
  std::uint32_t x[256];
  for (int i = 0; i < size; ++i) x[i] = 0x3f800000;
  binade::transform_block(hadamard{.size = size}, x);
  return x[0];
}
static_assert(first_of_ones(16) == 0x40800000U);  // 16 / sqrt(16)
static_assert(first_of_ones(64) == 0x41000000U);  // 64 / sqrt(64)

TEST(hadamard, bits_never_change) {
  // x[i] = (i + 1) / 3 and the signs of seed 1; FNV-1a of the results' bits.
  const std::uint32_t golden[5][2] = {{0xb0d622a6, 0x466a63c4},
                                      {0x95181c99, 0x196f74a5},
                                      {0xc987eacb, 0x3a4053e1},
                                      {0xc6317824, 0x38fae79f},
                                      {0x4cc38900, 0x529ed441}};
  for (std::size_t s = 0; s < 5; ++s) {
    const hadamard t = binade::random_hadamard(sizes[s], 1);
    std::vector<float> x;
    for (int i = 0; i < t.size; ++i) x.push_back(static_cast<float>(i + 1) / 3.0F);
    for (const bool inverse : {false, true}) {
      std::uint32_t hash = 0x811c9dc5U;
      for (const float v : on_bits(t, x, inverse)) {
        for (int shift = 0; shift < 32; shift += 8) {
          hash = (hash ^ (bits_of(v) >> shift & 0xffU)) * 0x01000193U;
        }
      }
      EXPECT_EQ(hash, golden[s][inverse ? 1 : 0])
          << "size " << t.size << (inverse ? ", inverse" : "") << ": got 0x" << std::hex << hash;
    }
  }
}

}  // namespace
