// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes_ggml.hpp"

#include "binade/quantize/recipe_quantize.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

// The bits of whole tensors are compared with ggml's own in recipe_vectors_test.cpp.

namespace {

using namespace quantize_test;

using binade::any_recipe;
using binade::recipe_float;
using binade::scale_choice;

TEST(recipes_ggml, rounding_finds_what_the_search_finds) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float scale =
        std::ldexp(1.0F + static_cast<float>(bits % 8) / 8, static_cast<int>(random() % 252) - 127);
    // Around each boundary, on it, and anywhere.
    const float boundaries[] = {0.25F, 0.75F, 1.25F, 1.75F, 2.5F, 3.5F, 5, 7.9F};
    float x = scale * boundaries[random() % 8];
    if (random() % 4 == 0) x = std::nextafter(x, random() % 2 == 0 ? 0.0F : infinity);
    if (random() % 8 == 0) x = scale * static_cast<float>(random() % 1000) / 100;
    if (random() % 32 == 0) x *= 0x1p30F;
    if (!std::isfinite(x)) continue;
    const scale_choice choice{0, scale};
    EXPECT_EQ(binade::detail::ggml_e2m1(any_recipe{}, x, choice),
              binade::detail::ggml_search(x, scale))
        << shown(x) << " under scale " << shown(scale);
  }
}

TEST(recipes_ggml, block_scales_are_rounded_half_up) {
  const struct {
    float x;
    std::uint64_t code;
  } cases[] = {{0, 0},          {1, 0x38},      {1.0625F, 0x39},  {1.0624F, 0x38},
               {1.9375F, 0x40}, {255, 0x7e},    {256, 0x7e},      {1e30F, 0x7e},
               {247, 0x77},     {0x1p-10F, 1},  {0x1p-11F, 0},    {0x1.8p-9F, 2},
               {0x1p-6F, 8},    {0x1.fp-7F, 7}, {infinity, 0x7e}, {not_a_number, 0}};
  for (const auto& c : cases) EXPECT_EQ(binade::detail::ggml_ue4m3(c.x), c.code) << shown(c.x);
}

TEST(recipes_ggml, bytes_are_cut_as_x86_cuts_them) {
  using binade::detail::truncated_byte;
  EXPECT_EQ(truncated_byte(127.9F), 127U);
  EXPECT_EQ(truncated_byte(-127.9F), 129U);
  EXPECT_EQ(truncated_byte(-0.9F), 0U);
  EXPECT_EQ(truncated_byte(300.0F), 44U);
  EXPECT_EQ(truncated_byte(0x1p31F), 0U);
  EXPECT_EQ(truncated_byte(infinity), 0U);
  EXPECT_EQ(truncated_byte(not_a_number), 0U);
}

TEST(recipes_ggml, the_largest_element_of_q4_0_becomes_minus_8) {
  for (const float sign : {1.0F, -1.0F}) {
    const std::vector<float> x{0, 3 * sign, -4 * sign, 4 * sign};
    const auto q =
        binade::quantize(binade::tensor_view<const float>(x), binade::recipes::ggml_q4_0{});
    const binade::any_packed_view v = q;
    EXPECT_EQ(v.code(0, 0), 0U);
    EXPECT_EQ(v.code(0, 2), 8U);  // -8
    EXPECT_EQ(v.code(0, 3), 7U);  // 8 does not exist
    EXPECT_EQ(v.code(0, 1), 6U);
  }
}

}  // namespace
