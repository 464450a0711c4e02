// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/softmax.hpp"

#include "binade/core/parallel.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

// Every target against the definition, which tests/kernel/reference checks against MPFR.

namespace {

using binade::tensor_view;
using binade::simd::target;
using quantize_test::data;
using quantize_test::kind;

constexpr const auto& targets = binade::simd::all_targets;

void expect_the_definitions_bits(const tensor_view<const float>& x, const std::string& what,
                                 binade::executor_ref executor = {}) {
  std::vector<float> expected(x.size());
  binade::reference::softmax(x, tensor_view<float>(expected.data(), x.shape()));
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    std::vector<float> y(x.size() + 2, 7);
    binade::simd::softmax(x, tensor_view<float>(y.data() + 1, x.shape()), executor,
                          binade::simd::softmax_kernels_for(t));
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(binade::bit_cast<std::uint32_t>(y[i + 1]),
                binade::bit_cast<std::uint32_t>(expected[i]))
          << what << ", " << to_string(t) << ", element " << i << ": got "
          << quantize_test::shown(y[i + 1]) << ", expected " << quantize_test::shown(expected[i]);
    }
    EXPECT_EQ(y.front(), 7);
    EXPECT_EQ(y.back(), 7);
  }
}

TEST(simd_softmax, every_length_and_magnitude_has_the_definitions_bits) {
  for (std::size_t n = 0; n <= 300; n += n < 140 ? 1 : 37) {
    for (const float scale : {1.0F, 60.0F, 7e4F, 1e37F}) {
      std::vector<float> x = data(kind::bell, 2 * n, n + 1);
      for (float& v : x) v *= scale;
      expect_the_definitions_bits({x.data(), {2, n}},
                                  std::to_string(n) + " of about " + std::to_string(scale));
    }
    const std::vector<float> wild = data(kind::wild, n, n + 1);
    expect_the_definitions_bits(tensor_view<const float>(wild), "wild, " + std::to_string(n));
  }
}

TEST(simd_softmax, special_values_have_the_definitions_bits) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float largest = std::numeric_limits<float>::max();
  const std::vector<float> clean = data(kind::bell, 100);
  for (std::size_t at = 0; at < 100; at += 7) {
    for (const float v : {infinity, -infinity, largest, -largest, -0.0F, 0x1p-149F, 0x1p16F,
                          std::numeric_limits<float>::signaling_NaN()}) {
      std::vector<float> x = clean;
      x[at] = v;
      expect_the_definitions_bits(tensor_view<const float>(x), quantize_test::shown(v));
    }
  }
  for (const float v : {-infinity, -largest, largest, 0.0F, -0x1.1p16F, 0x1.1p16F}) {
    const std::vector<float> x(70, v);
    expect_the_definitions_bits(tensor_view<const float>(x), "all of " + quantize_test::shown(v));
  }
}

TEST(simd_softmax, strides_threads_and_the_environment_do_not_change_bits) {
  const std::vector<float> x = data(kind::bell, 300 * 200);
  binade::threads pool(3);
  std::fesetround(FE_UPWARD);
  expect_the_definitions_bits({x.data(), {300, 200}}, "threads", pool);
  expect_the_definitions_bits({x.data(), {150, 180}, {400, 1}}, "rows apart", pool);
  std::fesetround(FE_TONEAREST);
  expect_the_definitions_bits({x.data(), {50, 180}, {400, 2}}, "every second");
}

TEST(simd_softmax, in_place_is_allowed) {
  for (const target t : targets) {
    if (!binade::simd::is_available(t)) continue;
    std::vector<float> x = data(kind::bell, 333);
    std::vector<float> expected(333);
    binade::reference::softmax(tensor_view<const float>(x), tensor_view<float>(expected));
    binade::simd::softmax(tensor_view<const float>(x), tensor_view<float>(x), {},
                          binade::simd::softmax_kernels_for(t));
    EXPECT_EQ(x, expected) << to_string(t);
  }
}

}  // namespace
