// SPDX-License-Identifier: MIT
#include "binade/tensor/block_format.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using binade::any_format;
using binade::block_description;

// A user's own block formats: what the base leaves out, and everything changed.
struct plain : binade::block_format<plain> {
  using element = binade::e3m2fn;
  using scale = binade::ue5m3;
  static constexpr std::size_t block_size = 24;
  static constexpr binade::format_names names{.name = "plain"};
};
struct changed : binade::block_format<changed> {
  using element = binade::int6;
  using scale = binade::binary32_scale;
  static constexpr std::size_t block_size = 7;
  static constexpr int element_exponent = -4;
  static constexpr bool has_tensor_scale = true;
  static constexpr bool symmetric = true;
  static constexpr binade::block_scaling rule = binade::block_scaling::pow2_floor;
  static constexpr binade::format_names names{.name = "changed"};
};

static_assert(binade::block_scaled<plain> && binade::block_scaled<changed>);
static_assert(!binade::block_scaled<binade::e4m3fn> && !binade::block_scaled<int>);
static_assert(!binade::format<plain>);

TEST(block_format, describes_itself_with_the_defaults_of_the_base) {
  constexpr block_description d = plain::describe();
  EXPECT_TRUE(d.element == any_format::of<binade::e3m2fn>());
  EXPECT_TRUE(d.scale == any_format::of<binade::ue5m3>());
  EXPECT_EQ(d.size, 24U);
  EXPECT_EQ(d.element_exponent, 0);
  EXPECT_FALSE(d.has_tensor_scale);
  EXPECT_FALSE(d.symmetric);
  EXPECT_EQ(d.rule, binade::block_scaling::absmax);
  EXPECT_EQ(d.names, &plain::names);
}

TEST(block_format, describes_what_a_struct_changes) {
  constexpr block_description d = changed::describe();
  EXPECT_TRUE(d.element == any_format::of<binade::int6>());
  EXPECT_TRUE(d.scale == any_format::binary32());
  EXPECT_EQ(d.size, 7U);
  EXPECT_EQ(d.element_exponent, -4);
  EXPECT_TRUE(d.has_tensor_scale);
  EXPECT_TRUE(d.symmetric);
  EXPECT_EQ(d.rule, binade::block_scaling::pow2_floor);
  EXPECT_EQ(std::string(d.names->name), "changed");
}

}  // namespace
