// SPDX-License-Identifier: MIT
#include "binade/io/scheme_parts.hpp"

#include "io/scheme_fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

using binade::tensor_scale_kind;
using ::testing::HasSubstr;

// Reading and writing are each other's reverse: the tensors of the package, name by name.
TEST(describe_parts, says_what_the_packages_wrote) {
  for (const std::string& name : fixtures::all) {
    const fixtures::fixture f(name);
    for (const binade::scheme_weight& w : f.contents.weights) {
      const auto parts = binade::describe_parts(*w.scheme, w.name, w.description);
      ASSERT_EQ(parts.size(), w.tensor_scale == nullptr ? 2U : 3U);
      const binade::safetensors_tensor* theirs[] = {w.codes, w.scales, w.tensor_scale};
      for (std::size_t i = 0; i < parts.size(); ++i) {
        EXPECT_EQ(parts[i].name, theirs[i]->name);
        EXPECT_EQ(parts[i].dtype, theirs[i]->dtype) << parts[i].name;
        EXPECT_EQ(parts[i].shape, theirs[i]->shape) << parts[i].name;
      }
    }
  }
}

TEST(fault_of, tells_what_a_scheme_cannot_hold) {
  const auto fault = [](const char* scheme, const binade::packed_description& d) {
    return binade::fault_of(binade::find_scheme(scheme), d);
  };
  const auto form = [](const char* scheme, binade::tensor_shape shape) {
    return describe_packed(binade::find_scheme(scheme), shape);
  };
  const binade::packed_description nvfp4 = form("modelopt_nvfp4", {4, 64});
  const binade::packed_description mxfp4 = form("modelopt_mxfp4", {4, 64});
  const binade::packed_description channel = form("compressed_tensors_fp8_channel", {4, 64});
  EXPECT_EQ(fault("compressed_tensors_nvfp4", nvfp4), "");
  EXPECT_EQ(fault("gpt_oss_mxfp4", mxfp4), "");
  EXPECT_THAT(fault("gpt_oss_mxfp4", nvfp4), HasSubstr("holds mxfp4, not nvfp4"));
  EXPECT_THAT(fault("modelopt_fp8", channel), HasSubstr("not channels"));
  EXPECT_THAT(fault("modelopt_nvfp4", form("modelopt_nvfp4", {64})), HasSubstr("two axes"));
  EXPECT_THAT(fault("modelopt_nvfp4", form("modelopt_nvfp4", {4, 60})), HasSubstr("60 elements"));
  EXPECT_THAT(
      fault("modelopt_nvfp4", binade::describe_blocks(binade::nvfp4::describe(), {64, 64}, 0)),
      HasSubstr("last axis"));
  // One scale is a tensor's, a channel's and a tile's alike.
  EXPECT_EQ(fault("modelopt_fp8", form("compressed_tensors_fp8_block", {100, 128})), "");
  EXPECT_THROW(
      static_cast<void>(binade::describe_parts(binade::find_scheme("modelopt_fp8"), "a", nvfp4)),
      binade::error);
}

TEST(convert_tensor_scale, is_the_rounded_reciprocal_between_the_conventions) {
  using enum tensor_scale_kind;
  EXPECT_EQ(binade::convert_tensor_scale(3.0F, multiplier, multiplier), 3.0F);
  EXPECT_EQ(binade::convert_tensor_scale(3.0F, multiplier, divisor), 1.0F / 3.0F);
  EXPECT_EQ(binade::convert_tensor_scale(0x1p-20F, divisor, multiplier), 0x1p20F);
  EXPECT_EQ(binade::convert_tensor_scale(7.0F, none, multiplier), 1.0F);
  EXPECT_EQ(binade::convert_tensor_scale(3.0F, multiplier, none), 3.0F);
  EXPECT_EQ(binade::convert_tensor_scale(0.0F, multiplier, divisor),
            std::numeric_limits<float>::infinity());
  // As said: the way back may end next to where it began. Found by trying 1 + k / 2^23.
  int differ = 0;
  for (std::uint32_t bits = 0x3f800000; bits < 0x3f801000; ++bits) {
    const auto x = std::bit_cast<float>(bits);
    const float back = binade::convert_tensor_scale(
        binade::convert_tensor_scale(x, multiplier, divisor), divisor, multiplier);
    const auto distance =
        static_cast<int>(std::bit_cast<std::uint32_t>(back)) - static_cast<int>(bits);
    EXPECT_LE(std::abs(distance), 1) << x;
  }
  for (std::uint32_t bits = 0x3fc00000; bits < 0x3fc01000; ++bits) {
    const auto x = std::bit_cast<float>(bits);
    const float back = binade::convert_tensor_scale(
        binade::convert_tensor_scale(x, multiplier, divisor), divisor, multiplier);
    differ += back != x ? 1 : 0;
  }
  EXPECT_GT(differ, 0);
}

}  // namespace
