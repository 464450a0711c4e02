// SPDX-License-Identifier: MIT
#include "binade/tensor/block_catalog.hpp"

#include "binade/tensor/packed_tensor.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using binade::block_description;
using binade::block_scaling;

struct facts {
  std::string element;
  std::string scale;
  std::size_t size;
  int element_exponent;
  bool has_tensor_scale;
  bool symmetric;
  block_scaling rule;
  std::size_t bytes_of_a_block;  ///< codes and scale
};

// From the specifications: OCP Microscaling Formats 1.0, table 1; formats.md C.7, C.8, D.7.
const std::map<std::string, facts>& known() {
  using enum block_scaling;
  static const std::map<std::string, facts> table = {
      {"mxfp8_e4m3", {"e4m3fn", "e8m0fnu", 32, 0, false, false, pow2_rceil, 33}},
      {"mxfp8_e5m2", {"e5m2", "e8m0fnu", 32, 0, false, false, pow2_rceil, 33}},
      {"mxfp6_e2m3", {"e2m3fn", "e8m0fnu", 32, 0, false, false, pow2_rceil, 25}},
      {"mxfp6_e3m2", {"e3m2fn", "e8m0fnu", 32, 0, false, false, pow2_rceil, 25}},
      {"mxfp4", {"e2m1fn", "e8m0fnu", 32, 0, false, false, pow2_rceil, 17}},
      {"mxint8", {"int8", "e8m0fnu", 32, -6, false, true, pow2_rceil, 33}},
      {"nvfp4", {"e2m1fn", "ue4m3", 16, 0, true, false, absmax, 9}},
      {"nvint4", {"int4", "ue4m3", 16, 0, true, true, absmax, 9}},
      {"msfp12", {"e0m3", "e8m0fnu", 16, 0, false, false, pow2_floor, 9}},
      {"msfp16", {"e0m7", "e8m0fnu", 16, 0, false, false, pow2_floor, 17}},
      {"bfp_int4_b16", {"int4", "e8m0fnu", 16, -2, false, false, pow2_floor, 9}},
      {"bfp_int8_b16", {"int8", "e8m0fnu", 16, -6, false, false, pow2_floor, 17}},
      {"int8_g32", {"int8", "float32", 32, 0, false, true, absmax, 36}},
      {"int8_g128", {"int8", "float32", 128, 0, false, true, absmax, 132}},
      {"int4_g32", {"int4", "float32", 32, 0, false, true, absmax, 20}},
      {"int4_g128", {"int4", "float32", 128, 0, false, true, absmax, 68}},
      {"int8_g32_float16", {"int8", "float16", 32, 0, false, true, absmax, 34}},
      {"int4_g32_float16", {"int4", "float16", 32, 0, false, true, absmax, 18}},
  };
  return table;
}

TEST(block_catalog, every_entry_is_what_its_specification_says) {
  std::set<std::string> seen;
  binade::for_each_type(binade::all_block_formats{}, [&]<class F>() {
    const std::string name = F::names.name;
    EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
    const auto found = known().find(name);
    ASSERT_NE(found, known().end()) << name << ": write down here what its source says";
    const facts& expected = found->second;
    const block_description d = F::describe();
    EXPECT_EQ(d.element.name(), expected.element) << name;
    EXPECT_EQ(d.scale.name(), expected.scale) << name;
    EXPECT_EQ(d.size, expected.size) << name;
    EXPECT_EQ(d.element_exponent, expected.element_exponent) << name;
    EXPECT_EQ(d.has_tensor_scale, expected.has_tensor_scale) << name;
    EXPECT_EQ(d.symmetric, expected.symmetric) << name;
    EXPECT_EQ(d.rule, expected.rule) << name;
    EXPECT_EQ(std::string(d.names->name), name);
    EXPECT_NE(std::string(F::names.description), "") << name;
    EXPECT_TRUE(binade::packable<F>) << name;
  });
  EXPECT_EQ(seen.size(), known().size());
}

TEST(block_catalog, blocks_take_exactly_the_bytes_of_the_specification) {
  // U10 of the peers' mistakes: a block of MXFP4 has 17 bytes, not 33.
  binade::for_each_type(binade::all_block_formats{}, [&]<class F>() {
    const std::string name = F::names.name;
    const block_description b = F::describe();
    const std::size_t tensor = b.has_tensor_scale ? 4 : 0;
    const std::size_t each = known().at(name).bytes_of_a_block;
    for (const std::size_t blocks : {1U, 3U}) {
      const binade::any_packed_tensor t(binade::describe_blocks(b, {blocks * b.size}));
      EXPECT_EQ(t.size_bytes(), blocks * each + tensor) << name << " " << blocks;
    }
    const binade::any_packed_tensor rows(binade::describe_blocks(b, {5, 2 * b.size}));
    EXPECT_EQ(rows.size_bytes(), 10 * each + tensor) << name;
    EXPECT_DOUBLE_EQ(rows.bits_per_element(), static_cast<double>(8 * (10 * each + tensor)) /
                                                  static_cast<double>(10 * b.size))
        << name;
  });
}

TEST(block_catalog, sizes_of_one_s_own) {
  using wide = binade::bfp<binade::int5, 64>;
  EXPECT_EQ(std::string(wide::names.name), "bfp_int5_b64");
  EXPECT_EQ(wide::describe().element_exponent, -3);
  using group = binade::integer_group<binade::int3, 1000, binade::bfloat16>;
  EXPECT_EQ(std::string(group::names.name), "int3_g1000_bfloat16");
  EXPECT_EQ(group::describe().size, 1000U);
  EXPECT_TRUE(group::describe().scale == binade::any_format::of<binade::bfloat16>());
}

}  // namespace
