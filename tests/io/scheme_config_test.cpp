// SPDX-License-Identifier: MIT
#include "binade/io/scheme_config.hpp"

#include "io/scheme_fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using ::testing::HasSubstr;

TEST(scheme_config, reads_what_the_packages_wrote) {
  for (const std::string& name : fixtures::all) {
    const binade::scheme_config c =
        binade::read_scheme_config(fixtures::text_of(fixtures::folder + name + "/config.json"));
    EXPECT_EQ(c.family, binade::find_scheme(name).family) << name;
    EXPECT_FALSE(c.algorithm.empty()) << name;
    const bool has_tiles = name == "deepseek_fp8" || name == "compressed_tensors_fp8_block";
    ASSERT_EQ(c.tile.has_value(), has_tiles) << name;
    if (has_tiles) {
      EXPECT_EQ(c.tile->rows, 128U);
      EXPECT_EQ(c.tile->cols, 128U);
    }
  }
}

TEST(scheme_config, reads_modelopts_side_file) {
  for (const std::string name : {"nvfp4", "mxfp8", "fp8"}) {
    const binade::scheme_config c = binade::read_scheme_config(
        fixtures::text_of(fixtures::folder + "modelopt_" + name + "/hf_quant_config.json"));
    EXPECT_EQ(c.family, "modelopt") << name;
    EXPECT_TRUE(binade::same_name(c.algorithm, name)) << c.algorithm;
  }
}

TEST(scheme_config, reads_back_what_it_makes) {
  for (const binade::any_scheme& s : binade::all_schemes()) {
    const std::vector<std::string> ignored{"lm_head"};
    const nlohmann::json made = binade::make_quantization_config(s, ignored);
    EXPECT_THAT(made.dump(), HasSubstr("lm_head")) << s.name;
    EXPECT_EQ(binade::read_scheme_config(made.dump()).family, s.family) << s.name;
    const nlohmann::json inside = {{"model_type", "llama"}, {"quantization_config", made}};
    EXPECT_EQ(binade::read_scheme_config(inside.dump()).family, s.family) << s.name;
    if (std::string(s.family) == "modelopt") {
      const nlohmann::json side = binade::make_hf_quant_config(s, ignored);
      EXPECT_EQ(binade::read_scheme_config(side.dump()).family, s.family) << s.name;
    }
  }
}

// The members that a loader looks at are those that the package itself wrote.
TEST(scheme_config, says_what_the_packages_say) {
  for (const std::string& name : fixtures::all) {
    if (!name.starts_with("compressed_tensors")) continue;
    const nlohmann::json theirs = nlohmann::json::parse(
        fixtures::text_of(fixtures::folder + name + "/config.json"))["quantization_config"];
    const nlohmann::json ours =
        binade::make_quantization_config(binade::find_scheme(name), std::vector<std::string>{});
    EXPECT_EQ(ours["format"], theirs["format"]) << name;
    EXPECT_EQ(ours["quant_method"], theirs["quant_method"]) << name;
    const nlohmann::json& weights = theirs["config_groups"]["group_0"]["weights"];
    for (const auto& [key, value] : ours["config_groups"]["group_0"]["weights"].items()) {
      EXPECT_EQ(value, weights[key]) << name << ": " << key;
    }
  }
}

TEST(scheme_config, says_nothing_where_nothing_is_said) {
  EXPECT_EQ(binade::read_scheme_config("{}").family, "");
  EXPECT_EQ(binade::read_scheme_config(R"({"quantization_config": 3})").family, "");
  EXPECT_EQ(binade::read_scheme_config(R"({"quant_method": "gptq"})").family, "");
  EXPECT_FALSE(
      binade::read_scheme_config(R"({"quant_method": "fp8", "weight_block_size": [0, 128]})").tile);
  EXPECT_FALSE(
      binade::read_scheme_config(R"({"quant_method": "fp8", "weight_block_size": [1]})").tile);
  EXPECT_EQ(binade::read_scheme_config(
                R"({"quant_method": "compressed-tensors", "config_groups": {"a": 1, "b": {}}})")
                .family,
            "compressed_tensors");
}

TEST(scheme_config, broken_text_is_an_error_that_names_the_file) {
  for (const char* text : {"", "{", "[1]", "null", "{\"a\": \xff}"}) {
    try {
      static_cast<void>(binade::read_scheme_config(text, "dir/config.json"));
      ADD_FAILURE() << text;
    } catch (const binade::error& e) {
      EXPECT_THAT(e.what(), HasSubstr("dir/config.json"));
    }
  }
}

}  // namespace
