// SPDX-License-Identifier: MIT
#include "binade/quantize/recipes.hpp"

#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using binade::any_packable;
using binade::any_recipe;
using quantize_test::error_of;

// --- Which inputs tell recipes apart -------------------------------------------------------------

/// A row of numbers, and the bits that each recipe makes of it: its first scale, a colon, its codes
/// and, where there is one, the tensor scale.
struct separation {
  std::vector<float> x;
  std::vector<std::string> bits;
};

/// All recipes of a format and the simplest inputs that tell every two of them apart.
struct table {
  std::string format;
  std::vector<std::string> recipes;
  std::vector<separation> rows;
  std::vector<std::pair<std::string, std::string>> same;  ///< by definition
};

const table mxfp4_table{
    "mxfp4",
    {"ocp_mx", "nvidia_mx_as_read", "cublas_mx_as_read", "torchao_floor", "torchao_ceil",
     "torchao_even", "torchao_rceil", "compressed_tensors_mxfp4", "modelopt_mxfp4", "ggml_mxfp4",
     "fp_quant_mxfp4", "fp_quant_mxfp4_quest", "quartet_as_read", "microxcaling"},
    {
        {{0},
         {"00:0", "00:0", "00:0", "00:0", "00:0", "00:0", "00:0", "00:0", "00:8", "00:0",
          "00:8:3faaaaab", "64:8", "64:8", "00:0"}},
        {{3},
         {"7e:7", "7e:7", "7e:7", "7e:7", "7f:5", "7e:7", "7e:7", "7e:7", "7e:7", "7e:7",
          "7e:6:3faaaaab", "7d:7", "7d:7", "7e:7"}},
        {{5},
         {"7f:6", "7f:6", "7f:6", "7f:6", "80:4", "7f:6", "7f:6", "7f:6", "7f:6", "7f:6",
          "7f:6:3faaaaab", "7d:7", "7d:7", "7f:7"}},
        {{7},
         {"7f:7", "80:6", "80:6", "7f:7", "80:6", "80:6", "80:6", "80:6", "80:5", "7f:7",
          "7f:7:3faaaaab", "7e:7", "7e:7", "7f:7"}},
        {{-0.0F},
         {"00:8", "00:8", "00:8", "00:8", "00:8", "00:8", "00:8", "00:0", "00:8", "00:0",
          "00:8:3faaaaab", "64:8", "64:8", "00:0"}},
        {{1, 3.2F},
         {"7e:47", "7f:25", "7f:25", "7e:47", "7f:25", "7e:47", "7f:25", "7e:47", "7f:25", "7e:47",
          "7e:36:3faaaaab", "7d:67", "7d:67", "7e:47"}},
        {{0x1p-126F},
         {"00:4", "00:0", "00:4", "00:2", "00:2", "00:2", "00:0", "00:4", "00:4", "ff:0",
          "00:3:3faaaaab", "64:0", "64:0", "00:4"}},
        {{0x1.800002p+6F},
         {"83:7", "84:5", "84:5", "83:7", "84:5", "83:7", "83:7", "83:7", "83:7", "83:7",
          "83:6:3faaaaab", "82:7", "82:7", "83:7"}},
    },
    {{"fp_quant_mxfp4_quest", "quartet_as_read"}}};

const table nvfp4_table{
    "nvfp4",
    {"exact", "torchao_nvfp4", "torchao_nvfp4_one_level", "compressed_tensors_nvfp4",
     "modelopt_nvfp4", "te_nvfp4", "te_nvfp4_stochastic_as_read", "te_nvfp4_4over6", "ggml_nvfp4",
     "fp_quant_nvfp4"},
    {
        {{0},
         {"00:0:3f800000", "7f:c:00000000", "08:0", "20:0:3f800000", "7f:7:00000000",
          "00:0:3f800000", "00:0:3f800000", "00:0:3f800000", "00:0", "00:8:3f800000"}},
        {{6, 1.2F},
         {"7e:72:3b124925", "7e:72:3b124925", "38:72", "7e:72:43e00000", "7e:72:3b124925",
          "7e:72:3b124925", "7e:73:3b124925", "7e:72:3b124925", "38:72", "38:72:3f800000"}},
        {{5},
         {"7e:7:3af3cf3d", "7e:7:3af3cf3d", "35:7", "7e:7:44066667", "7e:7:3af3cf3d",
          "7e:7:3af3cf3e", "7e:7:3af3cf3e", "7e:7:3af3cf3e", "35:7", "35:7:3f800000"}},
        {{0x1p-126F},
         {"23:7:00800000", "7e:7:00000c31", "08:0", "20:0:3f800000", "7e:7:00000c31",
          "33:6:00200000", "33:6:00200000", "38:6:00200000", "00:0", "00:7:3f800000"}},
    },
    {}};

const table mxfp8_e4m3_table{
    "mxfp8_e4m3",
    {"ocp_mx", "nvidia_mx_as_read", "cublas_mx_as_read", "torchao_floor", "torchao_ceil",
     "torchao_even", "torchao_rceil", "compressed_tensors_mxfp8", "modelopt_mxfp8", "microxcaling"},
    {
        {{3},
         {"78:7c", "78:7c", "78:7c", "78:7c", "79:74", "78:7c", "78:7c", "78:7c", "78:7c",
          "78:7c"}},
        {{7},
         {"79:7e", "79:7e", "79:7e", "79:7e", "7a:76", "79:7e", "79:7e", "7a:76", "79:7e",
          "79:7e"}},
        {{-0.0F},
         {"00:80", "00:80", "00:80", "00:80", "00:80", "00:80", "00:80", "00:80", "00:80",
          "00:00"}},
        {{1.8F},
         {"77:7e", "78:76", "78:76", "77:7e", "78:76", "77:7e", "78:76", "78:76", "78:76",
          "77:7e"}},
        {{500},
         {"7f:7e", "80:78", "80:78", "7f:7e", "80:78", "80:78", "80:78", "80:78", "80:78",
          "7f:7e"}},
        {{0x1p-126F},
         {"00:40", "00:00", "00:40", "00:38", "00:38", "00:38", "00:00", "00:40", "00:40",
          "00:40"}},
        {{0x1.c00002p+12F},
         {"83:7e", "84:76", "84:76", "83:7e", "84:76", "83:7e", "83:7e", "84:76", "83:7e",
          "83:7e"}},
    },
    {}};

const table e4m3fn_table{
    "e4m3fn",
    {"compressed_tensors_fp8", "te_float8_current", "te_float8_delayed",
     "te_float8_blockwise_as_read", "deepseek_fp8"},
    {
        {{0}, {"34000000:00", "3f800000:00", "3f800000:00", "3f800000:00", "346facad:00"}},
        {{1}, {"3b124925:7e", "3b124925:7e", "3f800000:38", "3b800000:78", "3b124925:7e"}},
    },
    {}};

const std::vector<const table*> tables{&mxfp4_table, &nvfp4_table, &mxfp8_e4m3_table,
                                       &e4m3fn_table};

std::string hex(std::uint32_t code, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "%0*x", digits, code);
  return text;
}

std::string bits_of(const any_recipe& recipe, const std::vector<float>& x) {
  const auto q = binade::quantize(binade::matrix_view(x, 1, x.size()), recipe);
  const binade::any_packed_view v = q;
  std::string text = hex(v.scale_code(0), static_cast<int>(2 * v.description.scale_bytes_each()));
  text += ':';
  const int digits = v.description.element.bit_count() > 4 ? 2 : 1;
  for (std::size_t i = 0; i < x.size(); ++i) text += hex(v.code(0, i), digits);
  if (v.description.tensor_scale != binade::tensor_scale_kind::none) {
    text += ':';
    text += hex(oracle::bits_of(q.tensor_scale()), 8);
  }
  return text;
}

std::string shown(const std::vector<float>& x) {
  std::string text;
  for (const float v : x) {
    text += text.empty() ? "" : ", ";
    text += quantize_test::shown(v);
  }
  return text;
}

TEST(recipes, bits_of_the_separating_inputs) {
  for (const table* t : tables) {
    for (const separation& row : t->rows) {
      ASSERT_EQ(row.bits.size(), t->recipes.size());
      for (std::size_t i = 0; i < row.bits.size(); ++i) {
        const any_recipe& r = binade::find_recipe(t->recipes[i], binade::find_packable(t->format));
        EXPECT_EQ(bits_of(r, row.x), row.bits[i]) << r.name << " of " << shown(row.x);
      }
    }
  }
}

TEST(recipes, every_two_of_a_format_are_told_apart) {
  for (const table* t : tables) {
    for (std::size_t i = 0; i < t->recipes.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        bool differ = false;
        for (const separation& row : t->rows) differ = differ || row.bits[i] != row.bits[j];
        bool same = false;
        for (const auto& [a, b] : t->same)
          same = same || (a == t->recipes[j] && b == t->recipes[i]);
        EXPECT_NE(differ, same) << t->recipes[j] << " and " << t->recipes[i];
      }
    }
  }
}

TEST(recipes, tables_hold_every_recipe_of_their_format) {
  for (const table* t : tables) {
    std::vector<std::string> names;
    for (const any_recipe& r : binade::all_recipes()) {
      if (r.format.names->name == t->format) names.emplace_back(r.name);
    }
    EXPECT_EQ(names, t->recipes) << t->format;
  }
}

// --- The list ------------------------------------------------------------------------------------

TEST(recipes, names_are_unique_and_stand_together) {
  std::set<std::pair<std::string_view, std::string_view>> entries;
  for (const any_recipe& r : binade::all_recipes()) {
    EXPECT_TRUE(entries.emplace(r.name, r.format.names->name).second)
        << r.name << " of " << r.format.names->name << " occurs twice";
    EXPECT_NE(std::string_view(r.follows), "") << r.name;
  }
  const std::vector<std::string_view> names = binade::recipe_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

TEST(recipes, are_found_by_name_and_format) {
  EXPECT_STREQ(binade::find_recipe("ModelOpt-NVFP4").name, "modelopt_nvfp4");
  EXPECT_STREQ(binade::find_recipe("torchao_even").format.names->name, "mxfp4");
  const any_recipe& r = binade::find_recipe("torchao_even", any_packable::of<binade::mxfp8_e5m2>());
  EXPECT_STREQ(r.format.names->name, "mxfp8_e5m2");
  EXPECT_EQ(error_of([] { (void)binade::find_recipe("modelopt_nvpf4"); }),
            "find_recipe: no recipe is called \"modelopt_nvpf4\"; did you mean modelopt_nvfp4, "
            "modelopt_mxfp4, modelopt_mxfp8?");
  EXPECT_EQ(
      error_of([] { (void)binade::find_recipe("ocp_mx", any_packable::of<binade::nvfp4>()); }),
      "find_recipe: ocp_mx does not make nvfp4; it makes mxfp4, mxfp6_e2m3, mxfp6_e3m2, "
      "mxfp8_e4m3, mxfp8_e5m2, mxint8");
}

}  // namespace
