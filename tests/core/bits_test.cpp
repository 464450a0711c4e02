// SPDX-License-Identifier: MIT
#include "binade/core/bits.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// Oracles: count one bit after the other.
int slow_countl_zero(std::uint64_t x, int width) {
  int n = 0;
  while (n < width && (x >> (width - 1 - n) & 1) == 0) ++n;
  return n;
}
int slow_countr_zero(std::uint64_t x, int width) {
  int n = 0;
  while (n < width && (x >> n & 1) == 0) ++n;
  return n;
}
int slow_popcount(std::uint64_t x) {
  int n = 0;
  for (int i = 0; i < 64; ++i) n += static_cast<int>(x >> i & 1);
  return n;
}

// Every word with at most two set bits, its complement, and words from a linear recurrence.
std::vector<std::uint64_t> samples() {
  std::vector<std::uint64_t> all{0, ~std::uint64_t{0}};
  for (int i = 0; i < 64; ++i) {
    for (int j = 0; j <= i; ++j) {
      all.push_back(std::uint64_t{1} << i | std::uint64_t{1} << j);
      all.push_back(~all.back());
    }
  }
  std::uint64_t x = 1;
  for (int i = 0; i < 1000; ++i) {
    x = x * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX constants
    all.push_back(x >> (i % 64));
  }
  return all;
}

std::string binary(std::uint64_t x) { return "x = " + std::bitset<64>(x).to_string(); }

TEST(Counts, agree_with_counting_bit_by_bit) {
  for (const std::uint64_t x : samples()) {
    EXPECT_EQ(binade::countl_zero(x), slow_countl_zero(x, 64)) << binary(x);
    EXPECT_EQ(binade::countr_zero(x), slow_countr_zero(x, 64)) << binary(x);
    EXPECT_EQ(binade::popcount(x), slow_popcount(x)) << binary(x);
    EXPECT_EQ(binade::bit_width(x), 64 - slow_countl_zero(x, 64)) << binary(x);
    if (x != 0) {
      EXPECT_EQ(binade::top_bit(x), 63 - slow_countl_zero(x, 64)) << binary(x);
    }
    const auto half = static_cast<std::uint32_t>(x);
    EXPECT_EQ(binade::countl_zero(half), slow_countl_zero(half, 32)) << binary(half);
    EXPECT_EQ(binade::countr_zero(half), slow_countr_zero(half, 32)) << binary(half);
    EXPECT_EQ(binade::popcount(half), slow_popcount(half)) << binary(half);
    EXPECT_EQ(binade::bit_width(half), 32 - slow_countl_zero(half, 32)) << binary(half);
  }
}

TEST(Counts, of_zero_are_the_width) {
  EXPECT_EQ(binade::countl_zero(std::uint32_t{0}), 32);
  EXPECT_EQ(binade::countl_zero(std::uint64_t{0}), 64);
  EXPECT_EQ(binade::countr_zero(std::uint32_t{0}), 32);
  EXPECT_EQ(binade::countr_zero(std::uint64_t{0}), 64);
  EXPECT_EQ(binade::bit_width(std::uint64_t{0}), 0);
}

// Both 64-bit types of a 64-bit platform, of which std::uint64_t is one.
static_assert(binade::countl_zero(1ul) == 8 * sizeof(long) - 1 && binade::countl_zero(1ull) == 63);
template <class T>
concept countable = requires(T x) { binade::countl_zero(x); };
static_assert(!countable<std::uint8_t> && !countable<std::uint16_t> && !countable<int>,
              "the width has to be chosen by the caller");

TEST(LowMask, has_n_bits) {
  for (int n = 0; n <= 64; ++n) {
    std::uint64_t expected = 0;
    for (int i = 0; i < n; ++i) expected |= std::uint64_t{1} << i;
    EXPECT_EQ(binade::low_mask(n), expected) << "n = " << n;
  }
}

TEST(ShiftRightJam, keeps_the_quotient_and_whether_it_was_exact) {
  for (const std::uint64_t x : samples()) {
    for (int n = 0; n <= 70; ++n) {
      std::uint64_t quotient = x;
      bool lost = false;
      for (int i = 0; i < n; ++i) {  // one bit at a time
        lost = lost || quotient % 2 != 0;
        quotient /= 2;
      }
      const std::uint64_t expected = lost && quotient % 2 == 0 ? quotient + 1 : quotient;
      EXPECT_EQ(binade::shift_right_jam(x, n), expected) << binary(x) << ", n = " << n;
      EXPECT_EQ(binade::shift_right_jam(x, n) == 0, x == 0) << binary(x) << ", n = " << n;
    }
  }
  EXPECT_EQ(binade::shift_right_jam(8, 0x7fffffff), 1u);
}

TEST(BitCast, copies_bytes) {
  const float values[] = {0.0f, -0.0f, 1.0f, -1.5f, 0x1p-149f, 0x1.fffffep127f};
  for (const float value : values) {
    std::uint32_t expected = 0;
    std::memcpy(&expected, &value, 4);
    EXPECT_EQ(binade::bit_cast<std::uint32_t>(value), expected) << value;
  }
  // A signalling NaN stays as it is.
  const std::uint64_t signalling = 0x7ff0000000000001u;
  EXPECT_EQ(binade::bit_cast<std::uint64_t>(binade::bit_cast<double>(signalling)), signalling);
}

struct pair_of_bytes {
  std::uint8_t low, high;
};
static_assert(binade::bit_cast<std::uint16_t>(pair_of_bytes{0x34, 0x12}) == 0x1234);
static_assert(binade::bit_cast<std::uint32_t>(1.0f) == 0x3f800000);
template <class To, class From>
concept castable = requires(From x) { binade::bit_cast<To>(x); };
static_assert(castable<std::uint64_t, double> && !castable<std::uint32_t, double>);

// All of it in constant expressions, and without throwing.
static_assert(binade::countl_zero(0x10u) == 27 && binade::countr_zero(0x10u) == 4 &&
              binade::popcount(0xf0f0u) == 8 && binade::bit_width(0x10u) == 5 &&
              binade::low_mask(9) == 0x1ff && binade::top_bit(0x8000000000000000u) == 63 &&
              binade::shift_right_jam(0b1001, 2) == 0b11);
static_assert(noexcept(binade::countl_zero(1u)) && noexcept(binade::countr_zero(1u)) &&
              noexcept(binade::popcount(1u)) && noexcept(binade::bit_width(1u)) &&
              noexcept(binade::low_mask(1)) && noexcept(binade::top_bit(1)) &&
              noexcept(binade::shift_right_jam(1, 1)) &&
              noexcept(binade::bit_cast<std::uint32_t>(1.0f)));

}  // namespace
