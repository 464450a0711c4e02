// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/softmax_targets.hpp"

#include "binade/core/fp_environment.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace {

using binade::simd::target;
using quantize_test::data;
using quantize_test::kind;

constexpr const auto& targets = binade::simd::all_targets;

TEST(softmax_targets, sums_have_the_definitions_bits) {
  for (std::size_t n = 1; n <= 200; n += n < 70 ? 1 : 13) {
    const std::vector<float> x = data(kind::bell, n + 1, n);
    for (const bool shifted : {false, true}) {
      const float shift = shifted ? 0.75F : 0.0F;
      const auto expected = binade::reference::softmax_sum(
          n, [&](std::size_t k) { return binade::bit_cast<std::uint32_t>(x[k + 1] - shift); });
      for (const target t : targets) {
        if (!binade::simd::is_available(t)) continue;
        const auto& kernels = binade::simd::softmax_kernels_for(t);
        EXPECT_EQ(kernels.compiled_for, t);
        const binade::fp_environment_guard guard;
        const auto got = kernels.sum_of_exp[shifted ? 1 : 0](x.data() + 1, n, shift);
        EXPECT_EQ(got.inverse, 1.0F / binade::bit_cast<float>(expected.m)) << to_string(t) << n;
        EXPECT_EQ(got.exponent, static_cast<float>(expected.e)) << to_string(t) << n;
        EXPECT_FALSE(got.has_special);
      }
    }
  }
}

TEST(softmax_targets, nan_and_positive_infinity_are_seen_wherever_they_are) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    const auto sum = binade::simd::softmax_kernels_for(t).sum_of_exp[0];
    for (std::size_t at = 0; at < 150; ++at) {
      for (const float v : {infinity, nan, -nan, -infinity, std::numeric_limits<float>::max()}) {
        std::vector<float> x(150);
        x[at] = v;
        const binade::fp_environment_guard guard;
        const bool is_special = (binade::bit_cast<std::uint32_t>(v) & 0x7fffffffU) > 0x7f7fffffU &&
                                binade::bit_cast<std::uint32_t>(v) != 0xff800000U;
        EXPECT_EQ(sum(x.data(), 150, 0).has_special, is_special) << to_string(t) << ", at " << at;
      }
    }
  }
}

TEST(softmax_targets, the_largest_is_found_wherever_it_is) {
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    const auto largest = binade::simd::softmax_kernels_for(t).largest;
    for (std::size_t n = 1; n <= 140; ++n) {
      std::vector<float> x = data(kind::wild, n, n);
      EXPECT_EQ(largest(x.data(), n), *std::ranges::max_element(x)) << to_string(t) << ", " << n;
      for (float& v : x) v = v > 0 ? -v : v;
      EXPECT_EQ(largest(x.data(), n), *std::ranges::max_element(x)) << to_string(t) << ", " << n;
    }
  }
}

}  // namespace
