// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/decode_table.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;

TEST(decode_table, holds_both_halves_and_says_whether_the_lower_one_matters) {
  simd::decode_table t{};
  t.set(3, 0x3f800000);
  EXPECT_FALSE(t.has_low);
  t.set(4, 0x3f800001);
  EXPECT_TRUE(t.has_low);
  EXPECT_EQ(t.value[3], 0x3f800000U);
  EXPECT_EQ(t.high[4], 0x3f80);
  EXPECT_EQ(t.low[4], 1);
}

}  // namespace
