// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/convert.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace binade;

TEST(reference_convert, is_the_scalar_conversion_of_each_element) {
  const float x[] = {0.1F, -3.3F, 1e9F, 0.0F, -0.0F};
  hif8 out[5];
  reference::convert(x, out, 5, rounding::toward_positive{}, conversion_rules{});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(out[i].bits(), convert<hif8>(x[i], rounding::toward_positive{}).bits()) << x[i];
  }
}

TEST(reference_convert, stochastic_rounding_counts_elements_from_the_index) {
  const std::vector<double> x(100, 1.04);
  std::vector<e4m3fn> out(x.size());
  const rounding::stochastic policy{.seed = 3, .stream = 4, .bits = 16, .index = 1000};
  reference::convert(x.data(), out.data(), x.size(), policy, conversion_rules{}, 7);
  int up = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const rounding::stochastic one{.seed = 3, .stream = 4, .bits = 16, .index = 1007 + i};
    EXPECT_EQ(out[i].bits(), convert<e4m3fn>(x[i], one).bits()) << i;
    up += out[i] > e4m3fn(1.04) ? 1 : 0;
  }
  EXPECT_GT(up, 0);
  EXPECT_LT(up, 100);
}

TEST(reference_convert, runs_at_compile_time) {
  constexpr auto bits = [] {
    const float x[] = {448.0F, 0.3F};
    e4m3fn out[2]{};
    reference::convert(x, out, 2, rounding::ties_to_even{}, conversion_rules{});
    return out[0].bits() * 256 + out[1].bits();
  }();
  static_assert(bits == 0x7e2a);
}

}  // namespace
