// SPDX-License-Identifier: MIT
#include "binade/format/interop_native.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>  // iota
#include <random>
#include <vector>

namespace {

using namespace binade;

#if defined(__FLT16_MANT_DIG__) && !defined(__CUDACC__)

static_assert(has_native_float16);
static_assert(native_number<_Float16> && !native_number<float> && !native_number<float16>);
static_assert(from_native(_Float16(1.5F)) == float16(1.5F));
static_assert(convert<e4m3fn>(_Float16(1.0625F)) == e4m3fn(1.0F));
static_assert(convert<e4m3fn>(_Float16(1.0625F), rounding::toward_positive{}) == e4m3fn(1.125F));
static_assert(unpack(_Float16(-2.0F)) == unpack(float16(-2.0F)));

TEST(interop_native, float16_keeps_every_bit_and_means_the_same_number) {
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const float16 ours = float16::from_bits(code);
    const _Float16 theirs = to_native(ours);
    std::uint16_t bits = 0;
    std::memcpy(&bits, &theirs, sizeof bits);
    EXPECT_EQ(bits, code);
    EXPECT_EQ(from_native(theirs).bits(), code);
    // The compiler's own conversion is the oracle of the value.
    const auto value = static_cast<float>(theirs);
    if (std::isnan(value)) {
      EXPECT_TRUE(isnan(ours)) << code;
    } else {
      EXPECT_EQ(float{ours}, value) << code;
      EXPECT_EQ(std::signbit(float{ours}), std::signbit(value)) << code;
    }
    EXPECT_EQ(convert<e5m2>(theirs).bits(), convert<e5m2>(ours).bits()) << code;
    EXPECT_EQ(convert<e4m3fn>(theirs, saturation::none{}).bits(),
              convert<e4m3fn>(ours, saturation::none{}).bits())
        << code;
  }
}

TEST(interop_native, rounding_to_float16_is_the_compilers) {
  std::mt19937 generator(1);
  for (int i = 0; i < 200000; ++i) {
    // binary32 values of float16's range, and some beyond it on both sides.
    const auto exponent = static_cast<std::uint32_t>(127 - 30 + generator() % 50);
    const float x =
        bit_cast<float>(static_cast<std::uint32_t>(generator() & 0x807fffff) | exponent << 23);
    const _Float16 theirs = static_cast<_Float16>(x);
    EXPECT_EQ(convert<float16>(x).bits(), from_native(theirs).bits()) << x;
  }
}

#else
TEST(interop_native, float16) {
  EXPECT_FALSE(has_native_float16);
  GTEST_SKIP() << "this compiler has no _Float16: not checked that it converts bit for bit";
}
#endif

#if !defined(__CUDACC__) &&          \
    (defined(__BFLT16_MANT_DIG__) || \
     (defined(__clang__) && __clang_major__ >= 17 && (defined(__SSE2__) || defined(__aarch64__))))

static_assert(has_native_bfloat16);
static_assert(native_number<__bf16>);

TEST(interop_native, bfloat16_keeps_every_bit_and_means_the_same_number) {
  // In memory all the time: clang 19 may otherwise keep a value in a float, and need a function of
  // libgcc 13 to store it.
  std::vector<std::uint16_t> codes(65536);
  std::iota(codes.begin(), codes.end(), std::uint16_t{0});
  std::vector<__bf16> all(codes.size());
  std::memcpy(all.data(), codes.data(), sizeof(__bf16) * all.size());
  std::vector<float> values(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) values[i] = static_cast<float>(all[i]);

  std::vector<__bf16> written(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bfloat16 ours = bfloat16::from_bits(codes[i]);
    written[i] = to_native(ours);
    EXPECT_EQ(from_native(all[i]).bits(), codes[i]);
    EXPECT_EQ(unpack(all[i]), unpack(ours)) << i;
    EXPECT_EQ(convert<e5m2>(all[i]).bits(), convert<e5m2>(ours).bits()) << i;
    if (std::isnan(values[i])) {
      EXPECT_TRUE(isnan(ours)) << i;
    } else {
      EXPECT_EQ(float{ours}, values[i]) << i;
    }
  }
  EXPECT_EQ(std::memcmp(written.data(), codes.data(), sizeof(__bf16) * all.size()), 0);
}

#else
TEST(interop_native, bfloat16) {
  EXPECT_FALSE(has_native_bfloat16);
  GTEST_SKIP() << "this compiler has no __bf16: not checked that it converts bit for bit";
}
#endif

}  // namespace
