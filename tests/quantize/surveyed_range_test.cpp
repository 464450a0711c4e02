// SPDX-License-Identifier: MIT
#include "binade/quantize/surveyed_range.hpp"

#include "binade/core/parallel.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace binade;

TEST(surveyed_range, a_collector_has_the_range_of_all_parts) {
  detail::range_collector collector;
  EXPECT_EQ(collector.all().amax(), 0.0F);
  EXPECT_FALSE(collector.all().has_zero);
  threads pool(2);
  pool.execute(1000, [&](std::size_t i) {
    detail::surveyed_range r;
    r.has_zero = false;
    r.max_positive = static_cast<float>(i * 7 % 1000);
    r.max_negative = i == 500 ? 2000.0F : 1.0F;
    r.has_special = i == 3;
    collector.add(r);
  });
  const detail::surveyed_range all = collector.all();
  EXPECT_EQ(all.max_positive, 999.0F);
  EXPECT_EQ(all.max_negative, 2000.0F);
  EXPECT_TRUE(all.has_special);
  EXPECT_FALSE(all.has_nan);
  EXPECT_FALSE(all.has_zero);
}

TEST(surveyed_range, what_is_unknown_may_hold_anything) {
  const detail::surveyed_range r = detail::surveyed_range::unknown();
  EXPECT_EQ(r.amax(), std::numeric_limits<float>::max());
  EXPECT_TRUE(r.has_special);
  EXPECT_TRUE(r.has_zero);
}

}  // namespace
