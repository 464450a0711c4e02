// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/float_operations.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

namespace {

namespace detail = binade::cuda::detail;

TEST(float_operations, powers_of_two) {
  for (int e = -149; e <= 127; ++e) EXPECT_EQ(detail::exp2i(e), std::ldexp(1.0F, e)) << e;
}

TEST(float_operations, product_toward_zero) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    const float a = detail::from_bits(
        static_cast<std::uint32_t>((random() & 0x807fffffU) | (random() % 126 + 1) << 23));
    const float b = std::ldexp(1.0F, -static_cast<int>(random() % 127));
    const double exact = static_cast<double>(a) * static_cast<double>(b);
    const double got = static_cast<double>(detail::multiply_toward_zero(a, b));
    const double next = static_cast<double>(
        std::nextafter(static_cast<float>(got), std::signbit(a) ? -INFINITY : INFINITY));
    EXPECT_LE(std::fabs(got), std::fabs(exact)) << a << " * " << b;
    EXPECT_GT(std::fabs(next), std::fabs(exact)) << a << " * " << b;
  }
}

TEST(float_operations, bits_are_appended) {
  EXPECT_EQ(detail::append_upper_bits(0x12345678, 0xabcdef01, 4), 0x2345678aU);
  EXPECT_EQ(detail::append_upper_bits(0, 0xabcdef01, 8), 0xabU);
}

TEST(float_operations, order_of_bits) {
  EXPECT_EQ(detail::smaller(3, 5), 3U);
  EXPECT_EQ(detail::smaller(5, 3), 3U);
  EXPECT_EQ(detail::larger(3, 5), 5U);
  EXPECT_EQ(detail::larger(5, 3), 5U);
}

TEST(float_operations, on_the_host_are_the_compilers) {
  volatile float a = 1.1F;
  volatile float b = 3.3F;
  EXPECT_EQ(detail::multiply(a, b), a * b);
  EXPECT_EQ(detail::divide(a, b), a / b);
  EXPECT_EQ(detail::reciprocal(b), 1.0F / b);
  EXPECT_EQ(detail::multiply_add(a, b, -0.5F), std::fmaf(a, b, -0.5F));
}

}  // namespace
