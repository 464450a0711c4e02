// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/convert_kernels.hpp"

#include "kernel/simd/convert_support.hpp"

#include <type_traits>

namespace {

using namespace binade;
using namespace binade::test;

TEST(convert_kernels, an_absent_target_is_an_error_and_does_not_fall_back) {
  const auto name = []<class K>(K) -> const char* {
    if constexpr (std::is_same_v<K, simd::portable::codes::conversions>) return "portable";
#if BINADE_ARCH_X86_64
    if constexpr (std::is_same_v<K, simd::avx2::codes::conversions>) return "avx2";
    if constexpr (std::is_same_v<K, simd::avx512::codes::conversions>) return "avx512";
#endif
    return "";
  };
  for (const simd::target t : all_targets) {
    if (simd::is_available(t)) {
      EXPECT_STREQ(simd::conversion_for(t, name), to_string(t));
    } else {
      EXPECT_THROW(static_cast<void>(simd::conversion_for(t, name)), error);
    }
  }
}

}  // namespace
