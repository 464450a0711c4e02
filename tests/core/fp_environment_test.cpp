// SPDX-License-Identifier: MIT
#include "binade/core/fp_environment.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cstdint>
#include <cstring>
#include <thread>

namespace {

std::uint32_t bits_of(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, 4);
  return bits;
}
float float_of(std::uint32_t bits) {
  float x = 0;
  std::memcpy(&x, &bits, 4);
  return x;
}

// Arithmetic at run time, out of line so that it stays on its side of a guard; results as bits.
BINADE_NOINLINE std::uint32_t add(float a, float b) {
  const volatile float x = a, y = b;
  const volatile float sum = x + y;
  return bits_of(sum);
}
BINADE_NOINLINE std::uint32_t multiply(float a, float b) {
  const volatile float x = a, y = b;
  const volatile float product = x * y;
  return bits_of(product);
}

// The mode of scalar and SIMD arithmetic as an FE_ constant. glibc's fegetround reads x87's on x86.
int rounding_mode() {
#if BINADE_ARCH_X86_64
  const unsigned modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  return static_cast<int>(modes[_mm_getcsr() >> 13 & 3]);
#else
  return std::fegetround();
#endif
}

constexpr std::uint32_t kOne = 0x3f800000, kSmallestSubnormal = 1, kSmallestNormal = 0x00800000;

void expect_default_arithmetic(const char* where) {
  // 1 + 2^-30 lies nearest to 1, and -1 - 2^-30 to -1: one of them moves in a directed mode.
  EXPECT_EQ(add(1.0f, 0x1p-30f), kOne) << where;
  EXPECT_EQ(add(-1.0f, -0x1p-30f), kOne | 0x80000000) << where;
  // 1 + 2^-24 is a tie, to even; 1 + 3 * 2^-24 is one, upward to even.
  EXPECT_EQ(add(1.0f, 0x1p-24f), kOne) << where;
  EXPECT_EQ(add(1.0f, 0x3p-24f), kOne + 2) << where;
  // DAZ would read the operand as 0; FTZ would write the result as 0.
  EXPECT_EQ(multiply(float_of(kSmallestSubnormal), 0x1p23f), kSmallestNormal) << where;
  EXPECT_EQ(multiply(float_of(kSmallestNormal), 0.5f), kSmallestNormal / 2) << where;
}

struct FpEnvironment : testing::Test {
  void SetUp() override { ASSERT_EQ(std::fegetenv(&former), 0); }
  void TearDown() override { std::fesetenv(&former); }
  std::fenv_t former;
};

TEST_F(FpEnvironment, rounds_to_nearest_inside_and_as_before_outside) {
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST}) {
    ASSERT_EQ(std::fesetround(mode), 0);
    const std::uint32_t up = add(1.0f, 0x1p-30f);
    EXPECT_EQ(up, mode == FE_UPWARD ? kOne + 1 : kOne) << "the mode acts, mode " << mode;
    {
      const binade::fp_environment_guard guard;
      expect_default_arithmetic("inside");
    }
    EXPECT_EQ(rounding_mode(), mode);
    EXPECT_EQ(add(1.0f, 0x1p-30f), up) << "mode " << mode;
  }
}

TEST_F(FpEnvironment, guards_nest) {
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  {
    const binade::fp_environment_guard outer;
    std::fesetround(FE_DOWNWARD);
    {
      const binade::fp_environment_guard inner;
      expect_default_arithmetic("innermost");
    }
    EXPECT_EQ(rounding_mode(), FE_DOWNWARD);
  }
  EXPECT_EQ(rounding_mode(), FE_UPWARD);
}

TEST_F(FpEnvironment, hides_flags_raised_inside_and_keeps_those_from_before) {
  std::feclearexcept(FE_ALL_EXCEPT);
  std::feraiseexcept(FE_DIVBYZERO);
  {
    const binade::fp_environment_guard guard;
    EXPECT_EQ(add(1.0f, 0x1p-30f), kOne);  // raises inexact
    EXPECT_NE(std::fetestexcept(FE_INEXACT), 0) << "the addition was executed here";
  }
  EXPECT_EQ(std::fetestexcept(FE_ALL_EXCEPT), FE_DIVBYZERO);
}

TEST_F(FpEnvironment, belongs_to_one_thread) {
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  int seen = -1;
  std::thread other([&] {
    std::fesetround(FE_TOWARDZERO);
    const binade::fp_environment_guard guard;
    expect_default_arithmetic("other thread");
    seen = rounding_mode();
  });
  other.join();
  EXPECT_EQ(seen, FE_TONEAREST);
  EXPECT_EQ(rounding_mode(), FE_UPWARD);
}

#if BINADE_ARCH_X86_64
// All 2^10 settings of rounding, FTZ, DAZ and masks: default inside, the same register after.
// Flags are left out here, since a flag whose exception is unmasked would trap at once.
TEST_F(FpEnvironment, restores_every_setting_of_mxcsr) {
  const unsigned own = _mm_getcsr();
  for (unsigned setting = 0; setting < 1u << 10; ++setting) {
    const unsigned daz = (setting & 1) << 6;
    const unsigned masks = (setting >> 1 & 0x3f) << 7;
    const unsigned rounding = (setting >> 7 & 3) << 13;
    const unsigned ftz = (setting >> 9) << 15;
    const unsigned before = daz | masks | rounding | ftz;
    _mm_setcsr(before);
    unsigned inside = 0;
    {
      const binade::fp_environment_guard guard;
      inside = _mm_getcsr();
    }
    const unsigned after = _mm_getcsr();
    _mm_setcsr(own);
    ASSERT_EQ(inside, 0x1f80u) << "before " << before;
    ASSERT_EQ(after, before);
  }
}

TEST_F(FpEnvironment, keeps_subnormals_and_masks_exceptions_inside) {
  const unsigned own = _mm_getcsr();
  const unsigned hostile = 0x8000 | 0x6000 | 0x0040;  // FTZ, toward zero, DAZ, nothing masked
  const unsigned quiet = hostile | 0x1f80;            // the same, all masked
  _mm_setcsr(quiet);
  const std::uint32_t daz = multiply(float_of(kSmallestSubnormal), 0x1p23f);
  const std::uint32_t ftz = multiply(float_of(kSmallestNormal), 0.5f);
  _mm_setcsr(hostile);
  std::uint32_t infinite = 0;
  {
    const binade::fp_environment_guard guard;
    expect_default_arithmetic("under FTZ, DAZ, toward zero, unmasked");
    infinite = multiply(0x1.fffffep127f, 2.0f);  // overflow: would trap outside
  }
  const unsigned after = _mm_getcsr();
  _mm_setcsr(own);
  EXPECT_EQ(daz, 0u) << "the setting acts outside";
  EXPECT_EQ(ftz, 0u) << "the setting acts outside";
  EXPECT_EQ(infinite, 0x7f800000u);
  EXPECT_EQ(after, hostile);
}
#endif

}  // namespace
