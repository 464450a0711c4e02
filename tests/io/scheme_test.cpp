// SPDX-License-Identifier: MIT
#include "binade/io/scheme.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using binade::tensor_scale_kind;
namespace schemes = binade::schemes;

// What is a multiplier and what a divisor is part of the type.
static_assert(schemes::modelopt_nvfp4::tensor_scale::kind == tensor_scale_kind::multiplier);
static_assert(schemes::compressed_tensors_nvfp4::tensor_scale::kind == tensor_scale_kind::divisor);
static_assert(schemes::gpt_oss_mxfp4::tensor_scale::kind == tensor_scale_kind::none);
static_assert(binade::scheme<schemes::deepseek_fp8>);
static_assert(!binade::scheme<int>);

TEST(scheme, names_are_unique_and_begin_with_their_family) {
  std::set<std::string> names;
  for (const binade::any_scheme& s : binade::all_schemes()) {
    EXPECT_TRUE(names.insert(s.name).second) << s.name;
    EXPECT_TRUE(std::string(s.name).starts_with(s.family)) << s.name;
    EXPECT_EQ(&binade::find_scheme(s.name), &s);
    EXPECT_EQ(*s.names.tensor_scale != '\0', s.tensor_scale != tensor_scale_kind::none) << s.name;
  }
  EXPECT_EQ(names.size(), 12U);
}

TEST(scheme, an_unknown_name_is_an_error_with_the_nearest) {
  EXPECT_EQ(binade::find_scheme("ModelOpt-NVFP4").name, std::string("modelopt_nvfp4"));
  try {
    static_cast<void>(binade::find_scheme("modelopt_nvfp5"));
    FAIL();
  } catch (const binade::error& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("modelopt_nvfp4"));
  }
}

TEST(scheme, siblings_replace_the_last_part_of_a_weights_name) {
  EXPECT_EQ(binade::sibling_name("a.b.weight", "input_scale"), "a.b.input_scale");
  EXPECT_EQ(binade::sibling_name("weight", "scale"), "scale");
  EXPECT_EQ(binade::sibling_name("a.overweight", "scale"), "a.overweight.scale");
  EXPECT_EQ(binade::sibling_name("embedding", "scale"), "embedding.scale");
}

TEST(scheme, describes_the_form_of_a_weight) {
  const binade::packed_description d =
      describe_packed(binade::find_scheme("compressed_tensors_nvfp4"), binade::tensor_shape{4, 64});
  EXPECT_EQ(d.tensor_scale, tensor_scale_kind::divisor);
  EXPECT_EQ(d.layout.scale_count(), 16U);
  EXPECT_EQ(d.layout.code_bytes(), 128U);
  const binade::packed_description tiles =
      describe_packed(binade::find_scheme("deepseek_fp8"), binade::tensor_shape{130, 140});
  EXPECT_EQ(to_string(tiles.layout.grid()), "[2, 2]");
}

}  // namespace
