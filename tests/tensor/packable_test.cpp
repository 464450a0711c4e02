// SPDX-License-Identifier: MIT
#include "binade/tensor/packable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using namespace binade;
using ::testing::HasSubstr;

TEST(packable, lists_both_catalogues_in_order) {
  const auto all = all_packables();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(all_formats::size + all_block_formats::size));
  EXPECT_STREQ(all.front().names->name, "e5m2");
  EXPECT_FALSE(all.front().is_block_format);
  EXPECT_STREQ(all[static_cast<std::size_t>(all_formats::size)].names->name, "mxfp8_e4m3");
  EXPECT_TRUE(all.back().is_block_format);
}

TEST(packable, names_are_unique_and_find_their_entry) {
  std::set<std::string> names;
  for (const any_packable& p : all_packables()) {
    EXPECT_TRUE(names.insert(p.names->name).second) << p.names->name;
    EXPECT_EQ(&find_packable(p.names->name), &p) << p.names->name;
  }
}

TEST(packable, finds_aliases_and_other_stacks_names_in_any_case) {
  EXPECT_STREQ(find_packable("fp8").names->name, "e4m3fn");
  EXPECT_STREQ(find_packable("E4M3").names->name, "e4m3fn");
  EXPECT_STREQ(find_packable("float8_e5m2").names->name, "e5m2");
  EXPECT_STREQ(find_packable("F8_E8M0").names->name, "e8m0fnu");
  EXPECT_STREQ(find_packable("f4E2M1FN").names->name, "e2m1fn");
  EXPECT_STREQ(find_packable("__nv_fp8_e4m3").names->name, "e4m3fn");
  EXPECT_STREQ(find_packable("mxfp6").names->name, "mxfp6_e2m3");
}

TEST(packable, an_unknown_name_lists_the_nearest) {
  try {
    static_cast<void>(find_packable("nvfp5"));
    FAIL() << "nvfp5 was found";
  } catch (const error& e) {
    EXPECT_THAT(e.what(), HasSubstr("\"nvfp5\""));
    EXPECT_THAT(e.what(), HasSubstr("did you mean nvfp4"));
  }
  EXPECT_THROW(static_cast<void>(find_packable("")), error);
}

TEST(packable, describes_tensors_as_the_typed_calls_do) {
  const tensor_shape shape{3, 40};
  const packed_description block = find_packable("nvfp4").describe(shape, per_tensor{});
  EXPECT_TRUE(block.is_block_format);
  EXPECT_EQ(block.layout.scale_count(), 3U * 3);      // 40 elements are 2.5 blocks of 16
  EXPECT_EQ(block.layout.code_bytes(), 3U * 48 / 2);  // stored as 3 whole blocks of 4 bits
  EXPECT_EQ(block.tensor_scale, tensor_scale_kind::multiplier);

  const packed_description scaled = find_packable("hif8").describe(shape, per_channel{.axis = 1});
  EXPECT_FALSE(scaled.is_block_format);
  EXPECT_EQ(scaled.layout.scale_count(), 40U);
  EXPECT_EQ(scaled.layout.code_bytes(), 120U);
  EXPECT_THROW(static_cast<void>(find_packable("hif8").describe(shape, per_channel{.axis = 2})),
               error);
  EXPECT_THROW(static_cast<void>(find_packable("mxfp4").describe(shape, per_tensor{}, 2)), error);
}

}  // namespace
