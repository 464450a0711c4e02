// SPDX-License-Identifier: MIT
#include "binade/format/interop_cuda.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

namespace {

#if __has_include(<cuda_fp4.h>)

using namespace binade;

static_assert(has_cuda_types);

/// The same type in both worlds, and the policies with which the toolkit's constructor from float
/// rounds.
template <class Format, class Cuda>
struct same_type {
  using ours = Format;
  using theirs = Cuda;
  static Format encode(float x) {
    if constexpr (std::same_as<Format, e8m0fnu>) {
      return convert<Format>(x, rounding::toward_positive{}, negative::abs{});
    } else {
      return convert<Format>(x);
    }
  }
};

template <class Pair>
class interop_cuda : public testing::Test {};
using types = testing::Types<same_type<e4m3fn, __nv_fp8_e4m3>, same_type<e5m2, __nv_fp8_e5m2>,
                             same_type<e8m0fnu, __nv_fp8_e8m0>, same_type<e2m3fn, __nv_fp6_e2m3>,
                             same_type<e3m2fn, __nv_fp6_e3m2>, same_type<e2m1fn, __nv_fp4_e2m1>,
                             same_type<float16, __half>, same_type<bfloat16, __nv_bfloat16>>;
TYPED_TEST_SUITE(interop_cuda, types);

template <class Cuda>
std::uint32_t bits_of(const Cuda& x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof x);  // the types are little-endian integers of one or two bytes
  return bits;
}

TYPED_TEST(interop_cuda, bits_pass_both_ways) {
  using F = typename TypeParam::ours;
  using Cuda = typename TypeParam::theirs;
  static_assert(std::same_as<decltype(from_cuda(Cuda{})), F>);
  static_assert(std::same_as<decltype(to_cuda(F{})), Cuda>);
  for (std::uint32_t code = 0; code < std::uint32_t{1} << F::bit_count; ++code) {
    const Cuda theirs = to_cuda(F::from_bits(code));
    EXPECT_EQ(bits_of(theirs), code);
    EXPECT_EQ(from_cuda(theirs).bits(), code);
    EXPECT_EQ(unpack(theirs), unpack(F::from_bits(code))) << code;
  }
}

TYPED_TEST(interop_cuda, every_code_is_the_same_number) {
  using F = typename TypeParam::ours;
  for (std::uint32_t code = 0; code < std::uint32_t{1} << F::bit_count; ++code) {
    const F ours = F::from_bits(code);
    const auto value = static_cast<float>(to_cuda(ours));
    if (std::isnan(value)) {
      EXPECT_TRUE(isnan(ours)) << code;
    } else {
      EXPECT_EQ(float{ours}, value) << code;
      EXPECT_EQ(std::signbit(float{ours}), std::signbit(value)) << code;
    }
  }
}

TYPED_TEST(interop_cuda, a_million_floats_become_the_same_codes) {
  using F = typename TypeParam::ours;
  using Cuda = typename TypeParam::theirs;
  constexpr auto codes = describe(F::spec);
  const int top = std::ilogb(float{F::from_bits(codes.largest)});
  const int bottom = std::ilogb(float{F::from_bits(codes.smallest)});
  std::mt19937_64 generator(1);
  int nans = 0;
  for (int i = 0; i < 1000000; ++i) {
    auto bits = static_cast<std::uint32_t>(generator());
    if (i % 4 != 0) {  // three in four within the format's range and two binades around it
      const auto span = static_cast<std::uint64_t>(top - bottom + 5);
      const int exponent = bottom - 2 + static_cast<int>(generator() % span);
      const int field = exponent < -126 ? 0 : (exponent > 127 ? 254 : exponent + 127);
      bits = (bits & 0x807fffff) | static_cast<std::uint32_t>(field) << 23;
      // Half of these have few bits, so that ties turn up.
      if (i % 8 < 4) bits &= ~((std::uint32_t{1} << (generator() % 24)) - 1);
    }
    const float x = bit_cast<float>(bits);
    const F ours = TypeParam::encode(x);
    const std::uint32_t theirs = bits_of(Cuda(x));
    if (std::isnan(x) && codes.has_nan) {
      // The toolkit drops the sign of a float's NaN, or keeps its payload: any NaN will do.
      ++nans;
      EXPECT_TRUE(isnan(ours)) << std::hex << bits;
      EXPECT_TRUE(isnan(F::from_bits(theirs))) << std::hex << bits;
      continue;
    }
    ASSERT_EQ(ours.bits(), theirs) << std::hexfloat << x << ", bits " << std::hex << bits;
  }
  EXPECT_TRUE(!codes.has_nan || nans > 100);
}

TYPED_TEST(interop_cuda, special_floats_become_the_same_codes) {
  using Cuda = typename TypeParam::theirs;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float x :
       {0.0F, -0.0F, infinity, -infinity, std::numeric_limits<float>::max(),
        -std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(),
        -std::numeric_limits<float>::denorm_min(), 1.0F, -1.0F}) {
    EXPECT_EQ(TypeParam::encode(x).bits(), bits_of(Cuda(x))) << x;
  }
  if (!describe(TypeParam::ours::spec).has_nan) {
    EXPECT_EQ(TypeParam::encode(std::nanf("")).bits(), bits_of(Cuda(std::nanf(""))));
  }
}

TYPED_TEST(interop_cuda, convert_takes_the_toolkits_types) {
  using F = typename TypeParam::ours;
  using Cuda = typename TypeParam::theirs;
  static_assert(number<Cuda>);
  for (std::uint32_t code = 0; code < std::uint32_t{1} << F::bit_count; ++code) {
    const F ours = F::from_bits(code);
    const Cuda theirs = to_cuda(ours);
    EXPECT_EQ(convert<e3m4>(theirs).bits(), convert<e3m4>(ours).bits()) << code;
    EXPECT_EQ(convert<e3m4>(theirs, rounding::toward_zero{}, saturation::none{}).bits(),
              convert<e3m4>(ours, rounding::toward_zero{}, saturation::none{}).bits())
        << code;
    EXPECT_EQ(posit16(theirs).bits(), convert<posit16>(ours).bits()) << code;
  }
}

TEST(interop_cuda_narrow, upper_bits_of_narrow_types_are_dropped) {
  __nv_fp4_e2m1 four;
  const std::uint8_t all = 0xff;
  std::memcpy(&four, &all, 1);
  EXPECT_EQ(from_cuda(four).bits(), 0x0f);
  __nv_fp6_e3m2 six;
  std::memcpy(&six, &all, 1);
  EXPECT_EQ(from_cuda(six).bits(), 0x3f);
}

#else

TEST(interop_cuda_missing, needs_the_toolkit) {
  EXPECT_FALSE(binade::has_cuda_types);
  GTEST_SKIP() << "the CUDA toolkit's headers are not in the include path: not checked that its "
                  "types have the same codes";
}

#endif

}  // namespace
