// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/matrix.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace {

namespace detail = binade::cuda::detail;
using binade::bfloat16;
using binade::bit_cast;
using binade::float16;
using binade::cuda::device_matrix;

TEST(device_matrix, is_dense_unless_told_otherwise) {
  float x[6] = {};
  const device_matrix<float> m(x, 2, 3);
  EXPECT_EQ(m.stride, 3U);
  const device_matrix<const float> c = m;
  EXPECT_EQ(c.data, x);
  EXPECT_EQ(c.rows, 2U);
  EXPECT_EQ(device_matrix<float>(x, 1, 3, 6).stride, 6U);
}

TEST(device_matrix, is_checked) {
  float x[6] = {};
  EXPECT_TRUE(detail::check_matrix("f", device_matrix<float>(x, 2, 3)).ok());
  EXPECT_TRUE(detail::check_matrix("f", device_matrix<float>(nullptr, 0, 3)).ok());
  EXPECT_FALSE(detail::check_matrix("f", device_matrix<float>(nullptr, 2, 3)).ok());
  EXPECT_FALSE(detail::check_matrix("f", device_matrix<float>(x, 2, 3, 2)).ok());
  const std::size_t much = std::size_t{1} << 31;
  EXPECT_FALSE(detail::check_matrix("f", device_matrix<float>(x, much, 1)).ok());
  EXPECT_FALSE(detail::check_matrix("f", device_matrix<float>(x, 1, much)).ok());
  EXPECT_FALSE(detail::check_matrix("f", device_matrix<float>(x, 1, 1, 2 * much)).ok());
}

/// 16 neighbours from bit patterns: two a word where they are narrow.
template <class T>
detail::raw_sixteen<T> raw(const std::uint32_t (&bits)[16]) {
  detail::raw_sixteen<T> r{};
  for (std::size_t k = 0; k < 16; ++k) {
    if constexpr (sizeof(T) == 4) {
      r.word[k] = bits[k];
    } else {
      r.word[k / 2] |= bits[k] << k % 2 * 16;
    }
  }
  return r;
}

TEST(raw_sixteen, widens_every_bfloat16_and_float16) {
  for (std::uint32_t first = 0; first < 0x10000; first += 16) {
    std::uint32_t bits[16];
    for (std::uint32_t k = 0; k < 16; ++k) bits[k] = first + k;
    float x[16];
    const auto wide = raw<bfloat16>(bits);
    detail::widen(wide, detail::largest_magnitude(wide), x);
    for (std::uint32_t k = 0; k < 16; ++k) {
      EXPECT_EQ(bit_cast<std::uint32_t>(x[k]), bits[k] << 16) << bits[k];
    }
    const auto half = raw<float16>(bits);
    detail::widen(half, detail::largest_magnitude(half), x);
    for (std::uint32_t k = 0; k < 16; ++k) {
      const auto expected = static_cast<float>(float16::from_bits(bits[k]));
      EXPECT_EQ(std::signbit(x[k]), (bits[k] & 0x8000) != 0) << bits[k];
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(x[k])) << bits[k];
      } else {
        EXPECT_EQ(x[k], expected) << bits[k];
      }
    }
  }
}

TEST(raw_sixteen, largest_magnitude_lets_nan_through_and_largest_number_does_not) {
  std::uint32_t bits[16] = {0x3f80, 0xc120, 0x0001, 0x8000};  // 1, -10, a subnormal number, -0
  float x[16];
  const auto plain = raw<bfloat16>(bits);
  EXPECT_EQ(detail::largest_magnitude(plain), 0x41200000U);
  detail::widen(plain, x);
  EXPECT_EQ(detail::largest_number(x), 0x41200000U);
  bits[15] = 0xffc0;
  const auto poisoned = raw<bfloat16>(bits);
  EXPECT_GT(detail::largest_magnitude(poisoned), 0x7f800000U);
  detail::widen(poisoned, x);
  EXPECT_EQ(detail::largest_number(x), 0x41200000U);
  std::uint32_t halves[16] = {0xfc00, 0x3c00};  // -infinity, 1
  EXPECT_EQ(detail::largest_magnitude(raw<float16>(halves)), 0x7f800000U);
  halves[2] = 0x7e01;
  EXPECT_GT(detail::largest_magnitude(raw<float16>(halves)), 0x7f800000U);
  std::uint32_t words[16] = {0x3f800000, 0xff7fffff};
  EXPECT_EQ(detail::largest_magnitude(raw<float>(words)), 0x7f7fffffU);
}

}  // namespace
