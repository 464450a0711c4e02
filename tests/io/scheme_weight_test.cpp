// SPDX-License-Identifier: MIT
#include "binade/io/scheme_weight.hpp"

#include "binade/quantize/dequantize.hpp"
#include "io/scheme_fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

using binade::safetensors_dtype;
using binade::safetensors_tensor;
using ::testing::HasSubstr;

template <class T>
std::vector<T> values_of(const binade::scheme_weight& w) {
  const binade::any_packed_view view = w.view();
  std::vector<T> values(view.shape().size());
  binade::dequantize(view, binade::tensor_view<T>(values.data(), view.shape()));
  return values;
}

class every_fixture : public ::testing::TestWithParam<std::string> {};

TEST_P(every_fixture, is_recognised_whole) {
  const fixtures::fixture f(GetParam());
  EXPECT_TRUE(f.contents.problems.empty());
  ASSERT_EQ(f.contents.weights.size(), f.values.tensors().size());
  std::size_t parts = 0;
  for (const binade::scheme_weight& w : f.contents.weights) {
    EXPECT_EQ(w.scheme->name, GetParam()) << w.name;
    EXPECT_NO_THROW(static_cast<void>(f.values.find(w.name)));
    for (const safetensors_tensor* part : {w.codes, w.scales, w.tensor_scale, w.input_scale}) {
      parts += part != nullptr ? 1 : 0;
    }
  }
  EXPECT_EQ(parts + f.contents.others.size(), f.file.tensors().size());
}

// The package's own values. compressed-tensors rounds to the type of the weights, bfloat16;
// ModelOpt rounds the product of both scales of NVFP4 to binary32 and then that with the element
// (of two digits), where we round once: two roundings of relative error 2^-24 each against one.
TEST_P(every_fixture, has_the_values_that_the_package_reads) {
  const fixtures::fixture f(GetParam());
  const bool in_bfloat16 = GetParam().starts_with("compressed_tensors");
  const double bound = GetParam() == "modelopt_nvfp4" ? 3 * 0x1p-24 : 0;
  for (const binade::scheme_weight& w : f.contents.weights) {
    const safetensors_tensor& tensor = f.values.find(w.name);
    ASSERT_EQ(binade::tensor_shape(tensor.shape), w.description.layout.shape()) << w.name;
    const std::vector<float> theirs = binade::read_f32(tensor);
    const std::vector<float> exact = values_of<float>(w);
    const auto rounded =
        in_bfloat16 ? values_of<binade::bfloat16>(w) : std::vector<binade::bfloat16>(theirs.size());
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      const float ours = in_bfloat16 ? static_cast<float>(rounded[i]) : exact[i];
      ASSERT_LE(std::fabs(static_cast<double>(ours) - theirs[i]), bound * std::fabs(theirs[i]))
          << w.name << " element " << i << ": ours " << ours << ", theirs " << theirs[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(all, every_fixture, ::testing::ValuesIn(fixtures::all),
                         [](const auto& p) { return p.param; });

/// Tensors of zeros of these shapes.
struct made {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<safetensors_tensor> tensors;

  made& add(const std::string& name, safetensors_dtype dtype, std::vector<std::uint64_t> shape) {
    bytes.emplace_back(*binade::detail::tensor_bytes(binade::bits_of(dtype), shape));
    tensors.push_back({name, dtype, std::move(shape), bytes.back()});
    return *this;
  }
  [[nodiscard]] std::string scheme(const binade::scheme_config& config = {}) const {
    const binade::scheme_contents c = binade::find_weights(tensors, config);
    return c.weights.size() == 1 ? c.weights[0].scheme->name : "";
  }
};

TEST(find_weights, the_configuration_decides_where_two_schemes_fit) {
  made m;
  m.add("a.weight", safetensors_dtype::f8_e4m3, {4, 64});
  m.add("a.weight_scale", safetensors_dtype::u8, {4, 2});
  EXPECT_EQ(m.scheme(), "modelopt_mxfp8");
  EXPECT_EQ(m.scheme({.family = "compressed_tensors", .algorithm = "", .tile = {}}),
            "compressed_tensors_mxfp8");
}

TEST(find_weights, shapes_tell_scales_apart_without_a_configuration) {
  const auto scheme = [](std::vector<std::uint64_t> scales) {
    made m;
    m.add("a.weight", safetensors_dtype::f8_e4m3, {256, 384});
    m.add("a.weight_scale", safetensors_dtype::f32, std::move(scales));
    return m.scheme();
  };
  EXPECT_EQ(scheme({}), "modelopt_fp8");
  EXPECT_EQ(scheme({1}), "compressed_tensors_fp8_tensor");
  EXPECT_EQ(scheme({256, 1}), "compressed_tensors_fp8_channel");
  EXPECT_EQ(scheme({2, 3}), "compressed_tensors_fp8_block");
  EXPECT_EQ(scheme({3, 2}), "");
}

TEST(find_weights, a_tile_of_the_configuration_counts) {
  made m;
  m.add("a.weight", safetensors_dtype::f8_e4m3, {64, 64});
  m.add("a.weight_scale_inv", safetensors_dtype::f32, {2, 4});
  EXPECT_EQ(m.scheme(), "");
  EXPECT_EQ(m.scheme({.family = "deepseek",
                      .algorithm = "",
                      .tile = binade::per_block{.rows = 32, .cols = 16}}),
            "deepseek_fp8");
}

TEST(find_weights, says_what_does_not_fit) {
  made m;
  m.add("a.weight", safetensors_dtype::u8, {4, 16});
  m.add("a.weight_scale", safetensors_dtype::f8_e4m3, {4, 3});
  m.add("a.weight_scale_2", safetensors_dtype::f32, {});
  binade::scheme_contents c = binade::find_weights(m.tensors);
  ASSERT_EQ(c.problems.size(), 1U);
  EXPECT_EQ(c.problems[0].tensor, "a.weight");
  EXPECT_THAT(c.problems[0].message, HasSubstr("[4, 2] scales for modelopt_nvfp4"));
  EXPECT_EQ(c.others.size(), 3U);
  made without;
  without.add("a.weight", safetensors_dtype::u8, {4, 16});
  without.add("a.weight_scale", safetensors_dtype::f8_e4m3, {4, 2});
  c = binade::find_weights(without.tensors);
  ASSERT_EQ(c.problems.size(), 1U);
  EXPECT_THAT(c.problems[0].message, HasSubstr("a.weight_scale_2"));
}

TEST(find_weights, takes_odd_shapes_for_what_they_are) {
  const auto weights = [](const made& m) { return binade::find_weights(m.tensors).weights.size(); };
  made vector;
  vector.add("a.weight", safetensors_dtype::u8, {16})
      .add("a.weight_scale", safetensors_dtype::u8, {1});
  EXPECT_EQ(weights(vector), 0U);
  made many;
  many.add("a.weight", safetensors_dtype::f8_e4m3, std::vector<std::uint64_t>(20, 1))
      .add("a.weight_scale", safetensors_dtype::f32, {});
  EXPECT_EQ(weights(many), 0U);
  made blocks;
  blocks.add("a_blocks", safetensors_dtype::u8, {2, 3, 15})
      .add("a_scales", safetensors_dtype::u8, {2, 3});
  EXPECT_EQ(weights(blocks), 0U);
  made alone;
  alone.add("a.weight", safetensors_dtype::f32, {4, 16});
  EXPECT_EQ(binade::find_weights(alone.tensors).others.size(), 1U);
  EXPECT_TRUE(binade::find_weights({}).weights.empty());
}

TEST(find_weights, a_view_refers_to_the_file) {
  const fixtures::fixture f("modelopt_nvfp4");
  const binade::scheme_weight& w = f.contents.weights.front();
  EXPECT_EQ(w.view().codes.data(), w.codes->data.data());
  EXPECT_EQ(w.view().scales.data(), w.scales->data.data());
  EXPECT_EQ(w.view().tensor_scale, binade::read_f32(*w.tensor_scale)[0]);
  EXPECT_EQ(w.size_bytes(), w.codes->data.size() + w.scales->data.size() + 8);
}

}  // namespace
