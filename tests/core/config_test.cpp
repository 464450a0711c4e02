// SPDX-License-Identifier: MIT
#include "binade/core/config.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>
#if BINADE_ARCH_X86_64
#include <immintrin.h>
#endif

namespace {

// What a region's `sum_of_squares` has to return, from the closed form of 0^2 + 1^2 + ... + 15^2.
constexpr std::int32_t kSumOfSquares = 15 * 16 * 31 / 6;

BINADE_BEGIN_TARGET_PORTABLE
namespace portable {
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  std::int32_t sum = 0;
  for (int i = 0; i < 16; ++i) sum += x[i] * x[i];
  return sum;
}
}  // namespace portable
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace avx2 {
BINADE_ALWAYS_INLINE __m256i squares(const std::int32_t* x) noexcept {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
  return _mm256_mullo_epi32(v, v);
}
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  const __m256i s = _mm256_add_epi32(squares(x), squares(x + 8));
  std::int32_t lanes[8];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), s);
  std::int32_t sum = 0;
  for (const std::int32_t lane : lanes) sum += lane;
  // BMI 2, LZCNT and POPCNT belong to the target: all three leave the sum alone.
  sum = static_cast<std::int32_t>(_pdep_u32(static_cast<std::uint32_t>(sum), ~0u));
  return sum + static_cast<std::int32_t>(_lzcnt_u32(1u)) - 31 + _mm_popcnt_u32(0u);
}
}  // namespace avx2
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace avx512 {
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  const __m512i v = _mm512_loadu_si512(x);
  // The reduction, the conversion and the compaction are built on undefined vectors in the
  // intrinsic headers, about which g++ warns outside a region.
  const __m512i squares = _mm512_cvttps_epi32(_mm512_cvtepi32_ps(_mm512_mullo_epi32(v, v)));
  const __m128i bytes = _mm512_cvtepi32_epi8(v);
  return _mm512_reduce_add_epi32(_mm512_permutexvar_epi32(v, squares)) +
         (_mm_extract_epi8(bytes, 15) - 15);
}
}  // namespace avx512
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512_VNNI
namespace avx512_vnni {
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  const __m512i v = _mm512_loadu_si512(x);  // each square fits the dot product's lowest byte pair
  const __m512i reversed = _mm512_permutexvar_epi8(_mm512_setzero_si512(), v);  // VBMI: all x[0]
  return _mm512_reduce_add_epi32(_mm512_dpbusd_epi32(reversed, v, v));
}
}  // namespace avx512_vnni
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512_BF16
namespace avx512_bf16 {
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  const __m512 v = _mm512_cvtepi32_ps(_mm512_loadu_si512(x));
  // 0..15 are bfloat16 values; each dot product of pairs is exact in float.
  const __m512bh pairs = _mm512_cvtne2ps_pbh(_mm512_setzero_ps(), v);
  return static_cast<std::int32_t>(
      _mm512_reduce_add_ps(_mm512_dpbf16_ps(_mm512_setzero_ps(), pairs, pairs)));
}
}  // namespace avx512_bf16
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace neon {
inline std::int32_t sum_of_squares(const std::int32_t* x) noexcept {
  return portable::sum_of_squares(x);
}
}  // namespace neon
BINADE_END_TARGET
#endif

struct TargetRegions : testing::Test {
  std::int32_t x[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
};

TEST_F(TargetRegions, portable_computes) { EXPECT_EQ(portable::sum_of_squares(x), kSumOfSquares); }

#if BINADE_ARCH_X86_64
TEST_F(TargetRegions, avx2_computes) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "not checked: this CPU has no AVX2";
  EXPECT_EQ(avx2::sum_of_squares(x), kSumOfSquares);
}

TEST_F(TargetRegions, avx512_computes) {
  if (!__builtin_cpu_supports("avx512bw")) GTEST_SKIP() << "not checked: this CPU has no AVX-512";
  EXPECT_EQ(avx512::sum_of_squares(x), kSumOfSquares);
}

TEST_F(TargetRegions, avx512_vnni_computes) {
  if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vbmi")) {
    GTEST_SKIP() << "not checked: this CPU has no AVX-512 VNNI and VBMI";
  }
  EXPECT_EQ(avx512_vnni::sum_of_squares(x), kSumOfSquares);
}

TEST_F(TargetRegions, avx512_bf16_computes) {
  if (!__builtin_cpu_supports("avx512bf16")) {
    GTEST_SKIP() << "not checked: this CPU has no AVX-512 BF16";
  }
  EXPECT_EQ(avx512_bf16::sum_of_squares(x), kSumOfSquares);
}
#elif BINADE_ARCH_AARCH64
TEST_F(TargetRegions, neon_computes) { EXPECT_EQ(neon::sum_of_squares(x), kSumOfSquares); }
#endif

BINADE_HD constexpr int twice(int x) { return 2 * x; }
static_assert(twice(21) == 42, "BINADE_HD leaves a host function usable in constant expressions");

BINADE_ALWAYS_INLINE int inlined(int x) { return x + 1; }
BINADE_NOINLINE int called(int x) { return inlined(x); }

TEST(Functions, attributes_leave_linkage_and_type_alone) {
  static_assert(std::is_same_v<decltype(&inlined), int (*)(int)>);
  static_assert(std::is_same_v<decltype(&called), int (*)(int)>);
  EXPECT_EQ(called(41), 42);
}

TEST(Version, is_three_integers) {
  static_assert(BINADE_VERSION_MAJOR >= 0 && BINADE_VERSION_MINOR >= 0 &&
                BINADE_VERSION_PATCH >= 0);
  static_assert(BINADE_VERSION_MAJOR * 10000 + BINADE_VERSION_MINOR * 100 + BINADE_VERSION_PATCH >=
                100);
}

TEST(Architecture, at_most_one_is_set_and_fits_the_pointer) {
  static_assert(BINADE_ARCH_X86_64 + BINADE_ARCH_AARCH64 <= 1);
  static_assert(BINADE_ARCH_X86_64 == 0 || BINADE_ARCH_X86_64 == 1);
}

// The pin is whatever this test was compiled with; without one it is 0.
TEST(TargetPin, is_the_number_of_the_name) {
#if defined(BINADE_TARGET)
  EXPECT_GE(BINADE_TARGET_PINNED, BINADE_TARGET_portable);
  EXPECT_LE(BINADE_TARGET_PINNED, BINADE_TARGET_neon);
#else
  EXPECT_EQ(BINADE_TARGET_PINNED, 0);
#endif
}

}  // namespace
