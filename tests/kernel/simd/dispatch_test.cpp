// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/dispatch.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;
using simd::target;

TEST(dispatch, the_portable_target_is_always_there) {
  EXPECT_TRUE(simd::is_available(target::portable));
  EXPECT_EQ(simd::kernels_for(target::portable).compiled_for, target::portable);
}

TEST(dispatch, an_absent_target_is_an_error_and_does_not_fall_back) {
  for (const target t : simd::all_targets) {
    if (simd::is_available(t)) {
      EXPECT_EQ(simd::kernels_for(t).compiled_for, t);
    } else {
      EXPECT_THROW(static_cast<void>(simd::kernels_for(t)), error);
    }
  }
}

TEST(dispatch, bulk_calls_use_the_widest_target) {
  const target active = simd::active_kernels().compiled_for;
  EXPECT_TRUE(simd::is_available(active));
  for (const target t : simd::all_targets) {
    if (t > active) {
      EXPECT_FALSE(simd::is_available(t)) << to_string(t);
    }
  }
}

}  // namespace
