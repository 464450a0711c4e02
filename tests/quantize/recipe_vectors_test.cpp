// SPDX-License-Identifier: MIT

// Every recipe that carries a stack's name against what that stack's package made.

#include "quantize/recipe_vectors.hpp"

#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/recipes.hpp"
#include "oracle/binary32.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace recipes = binade::recipes;

using binade::any_recipe;
using recipe_vectors::file;
using recipe_vectors::tensor_case;

/// DeepSeek's casts with smaller groups, to keep the vectors small.
any_recipe deepseek(const binade::granularity& groups, binade::fp8_scales scales) {
  any_recipe r = recipes::deepseek_fp8{.scales = scales}.describe();
  r.groups = groups;
  return r;
}

const std::map<std::string, any_recipe>& recipes_by_file() {
  using binade::fp8_scales;
  using binade::mxfp4;
  using binade::mxfp6_e2m3;
  using binade::mxfp6_e3m2;
  using binade::mxfp8_e4m3;
  using binade::mxfp8_e5m2;
  using binade::recipes::four_over_six_error;
  static const std::map<std::string, any_recipe> list{
      {"compressed_tensors_fp8_block",
       recipes::compressed_tensors_fp8{.groups = binade::per_block{.rows = 2, .cols = 32}}
           .describe()},
      {"compressed_tensors_fp8_channel",
       recipes::compressed_tensors_fp8{.groups = binade::per_channel{.axis = 0}}.describe()},
      {"compressed_tensors_fp8_tensor", recipes::compressed_tensors_fp8{}.describe()},
      {"compressed_tensors_mxfp4", recipes::compressed_tensors_mxfp4{}.describe()},
      {"compressed_tensors_mxfp8", recipes::compressed_tensors_mxfp8{}.describe()},
      {"compressed_tensors_nvfp4", recipes::compressed_tensors_nvfp4{}.describe()},
      {"deepseek_fp8_runs",
       deepseek(binade::per_group{.axis = -1, .size = 32}, fp8_scales::binary32)},
      {"deepseek_fp8_runs_pow2",
       deepseek(binade::per_group{.axis = -1, .size = 32}, fp8_scales::power_of_two)},
      {"deepseek_fp8_tiles",
       deepseek(binade::per_block{.rows = 16, .cols = 16}, fp8_scales::binary32)},
      {"deepseek_fp8_tiles_pow2",
       deepseek(binade::per_block{.rows = 16, .cols = 16}, fp8_scales::power_of_two)},
      {"fp_quant_mxfp4", recipes::fp_quant_mxfp4{}.describe()},
      {"fp_quant_mxfp4_quest", recipes::fp_quant_mxfp4_quest{}.describe()},
      {"fp_quant_nvfp4", recipes::fp_quant_nvfp4{}.describe()},
      {"ggml_mxfp4", recipes::ggml_mxfp4{}.describe()},
      {"ggml_nvfp4", recipes::ggml_nvfp4{}.describe()},
      {"ggml_q4_0", recipes::ggml_q4_0{}.describe()},
      {"ggml_q8_0", recipes::ggml_q8_0{}.describe()},
      {"microxcaling_mxfp4", recipes::microxcaling<mxfp4>{}.describe()},
      {"microxcaling_mxfp6_e2m3", recipes::microxcaling<mxfp6_e2m3>{}.describe()},
      {"microxcaling_mxfp6_e3m2", recipes::microxcaling<mxfp6_e3m2>{}.describe()},
      {"microxcaling_mxfp8", recipes::microxcaling<mxfp8_e4m3>{}.describe()},
      {"microxcaling_mxfp8_e5m2", recipes::microxcaling<mxfp8_e5m2>{}.describe()},
      {"modelopt_mxfp4", recipes::modelopt_mxfp4{}.describe()},
      {"modelopt_mxfp8", recipes::modelopt_mxfp8{}.describe()},
      {"modelopt_nvfp4", recipes::modelopt_nvfp4{}.describe()},
      {"te_fp8_current", recipes::te_float8_current{}.describe()},
      {"te_fp8_current_pow2",
       recipes::te_float8_current{.scales = fp8_scales::power_of_two}.describe()},
      {"te_fp8_current_e5m2", recipes::te_float8_current<binade::e5m2>{}.describe()},
      {"te_fp8_current_e5m2_pow2",
       recipes::te_float8_current<binade::e5m2>{.scales = fp8_scales::power_of_two}.describe()},
      {"te_fp8_delayed", recipes::te_float8_delayed{}.describe()},
      {"te_fp8_delayed_e5m2", recipes::te_float8_delayed<binade::e5m2>{}.describe()},
      {"te_nvfp4", recipes::te_nvfp4{}.describe()},
      {"te_nvfp4_2d", recipes::te_nvfp4{.tile_rows = 16}.describe()},
      {"te_nvfp4_2d_4over6_mae_256",
       recipes::te_nvfp4_4over6{.largest_scale = 256, .tile_rows = 16}.describe()},
      {"te_nvfp4_2d_4over6_mae_448", recipes::te_nvfp4_4over6{.tile_rows = 16}.describe()},
      {"te_nvfp4_2d_4over6_mse_256",
       recipes::te_nvfp4_4over6{
           .largest_scale = 256, .error = four_over_six_error::squared, .tile_rows = 16}
           .describe()},
      {"te_nvfp4_2d_4over6_mse_448",
       recipes::te_nvfp4_4over6{.error = four_over_six_error::squared, .tile_rows = 16}.describe()},
      {"te_nvfp4_4over6_mae_256", recipes::te_nvfp4_4over6{.largest_scale = 256}.describe()},
      {"te_nvfp4_4over6_mae_448", recipes::te_nvfp4_4over6{}.describe()},
      {"te_nvfp4_4over6_mse_256",
       recipes::te_nvfp4_4over6{.largest_scale = 256, .error = four_over_six_error::squared}
           .describe()},
      {"te_nvfp4_4over6_mse_448",
       recipes::te_nvfp4_4over6{.error = four_over_six_error::squared}.describe()},
      {"torchao_mxfp4_ceil", recipes::torchao_ceil<mxfp4>{}.describe()},
      {"torchao_mxfp4_even", recipes::torchao_even<mxfp4>{}.describe()},
      {"torchao_mxfp4_floor", recipes::torchao_floor<mxfp4>{}.describe()},
      {"torchao_mxfp4_rceil", recipes::torchao_rceil<mxfp4>{}.describe()},
      {"torchao_mxfp6_e2m3_ceil", recipes::torchao_ceil<mxfp6_e2m3>{}.describe()},
      {"torchao_mxfp6_e2m3_even", recipes::torchao_even<mxfp6_e2m3>{}.describe()},
      {"torchao_mxfp6_e2m3_floor", recipes::torchao_floor<mxfp6_e2m3>{}.describe()},
      {"torchao_mxfp6_e2m3_rceil", recipes::torchao_rceil<mxfp6_e2m3>{}.describe()},
      {"torchao_mxfp6_e3m2_ceil", recipes::torchao_ceil<mxfp6_e3m2>{}.describe()},
      {"torchao_mxfp6_e3m2_even", recipes::torchao_even<mxfp6_e3m2>{}.describe()},
      {"torchao_mxfp6_e3m2_floor", recipes::torchao_floor<mxfp6_e3m2>{}.describe()},
      {"torchao_mxfp6_e3m2_rceil", recipes::torchao_rceil<mxfp6_e3m2>{}.describe()},
      {"torchao_mxfp8_ceil", recipes::torchao_ceil<mxfp8_e4m3>{}.describe()},
      {"torchao_mxfp8_e5m2_ceil", recipes::torchao_ceil<mxfp8_e5m2>{}.describe()},
      {"torchao_mxfp8_e5m2_even", recipes::torchao_even<mxfp8_e5m2>{}.describe()},
      {"torchao_mxfp8_e5m2_floor", recipes::torchao_floor<mxfp8_e5m2>{}.describe()},
      {"torchao_mxfp8_e5m2_rceil", recipes::torchao_rceil<mxfp8_e5m2>{}.describe()},
      {"torchao_mxfp8_even", recipes::torchao_even<mxfp8_e4m3>{}.describe()},
      {"torchao_mxfp8_floor", recipes::torchao_floor<mxfp8_e4m3>{}.describe()},
      {"torchao_mxfp8_rceil", recipes::torchao_rceil<mxfp8_e4m3>{}.describe()},
      {"torchao_nvfp4", recipes::torchao_nvfp4{}.describe()},
      {"torchao_nvfp4_one_level", recipes::torchao_nvfp4_one_level{}.describe()},
  };
  return list;
}

std::filesystem::path folder() { return "tests/vectors/recipes"; }

template <class T, class Bits>
binade::any_packed_tensor quantize_bits(const tensor_case& c, const any_recipe& recipe) {
  std::vector<T> x(c.x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = binade::bit_cast<T>(static_cast<Bits>(c.x[i]));
  }
  return binade::quantize(binade::matrix_view(x, c.rows, c.columns), recipe);
}

binade::any_packed_tensor quantize_case(const tensor_case& c, const any_recipe& recipe) {
  return c.is_bfloat16 ? quantize_bits<binade::bfloat16, std::uint16_t>(c, recipe)
                       : quantize_bits<float, std::uint32_t>(c, recipe);
}

bool is_float_nan(std::uint32_t bits) { return (bits & 0x7fffffffU) > 0x7f800000U; }

/// The one allowed difference: the sign and payload of a NaN that is a scale.
bool same_scale(const file& f, std::uint32_t got, std::uint32_t expected) {
  if (got == expected) return true;
  if (f.scale == "e4m3fn") return (got & 0x7f) == 0x7f && (expected & 0x7f) == 0x7f;
  return (f.scale == "float32" || f.scale == "source") && is_float_nan(got) &&
         is_float_nan(expected);
}

/// Scales of the file, one for each stored scale of the library in order.
std::vector<std::uint32_t> stored_scales(const file& f, const tensor_case& c,
                                         const any_recipe& recipe) {
  std::vector<std::uint32_t> scales;
  if (recipe.tile_rows > 1) {  // one a tile there, one a row here
    const std::size_t per_row = c.columns / f.block_columns;
    for (std::size_t row = 0; row < c.rows; ++row) {
      for (std::size_t i = 0; i < per_row; ++i) {
        scales.push_back(c.scales.at(row / f.block_rows * per_row + i));
      }
    }
    return scales;
  }
  scales = c.scales;
  if (f.scale == "source" && c.is_bfloat16) {
    for (std::uint32_t& s : scales) s <<= 16;
  }
  return scales;
}

TEST(recipe_vectors, every_file_has_a_recipe) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    files.insert(entry.path().stem().string());
  }
  for (const std::string& name : files) {
    EXPECT_TRUE(recipes_by_file().contains(name)) << name << ".txt has no recipe in this test";
  }
  for (const auto& [name, recipe] : recipes_by_file()) {
    EXPECT_TRUE(files.contains(name)) << "no vectors for " << name;
  }
}

void expect_scales(const file& f, const tensor_case& c, const any_recipe& recipe,
                   const binade::any_packed_view& got) {
  const std::vector<std::uint32_t> scales = stored_scales(f, c, recipe);
  ASSERT_EQ(scales.size(), got.description.layout.scale_count());
  for (std::size_t i = 0; i < scales.size(); ++i) {
    EXPECT_TRUE(same_scale(f, got.scale_code(i), scales[i]))
        << "scale " << i << ": got " << std::hex << got.scale_code(i) << ", expected " << scales[i];
  }
}

/// Whether the block of element i holds NaN or infinity.
bool is_in_nonfinite_block(const file& f, const tensor_case& c, std::size_t i) {
  const std::uint32_t infinity = c.is_bfloat16 ? 0x7f80 : 0x7f800000;
  const std::size_t rows = f.block_rows == 0 ? c.rows : f.block_rows;
  const std::size_t columns = f.block_columns == 0 ? c.columns : f.block_columns;
  const std::size_t first_row = i / c.columns / rows * rows;
  const std::size_t first_column = i % c.columns / columns * columns;
  for (std::size_t row = first_row; row < first_row + rows; ++row) {
    for (std::size_t column = first_column; column < first_column + columns; ++column) {
      if ((c.x[row * c.columns + column] & (infinity | (infinity - 1))) >= infinity) return true;
    }
  }
  return false;
}

/// The other allowed difference: what becomes of NaN where no definition says it. PyTorch's vector
/// and scalar code give NaN different signs and payloads; quantizers to E2M1 make a sign, and
/// torchao's NVFP4 the code 3 or 4, of them; E5M2 has three NaNs.
bool is_same_nan(const file& f, const tensor_case& c, std::size_t i, std::uint32_t got,
                 std::uint32_t expected, std::uint32_t sign) {
  const bool of_tensor = f.recipe == "torchao_nvfp4" && is_float_nan(c.tensor_scale);
  if (!of_tensor && !is_in_nonfinite_block(f, c, i)) return false;
  const auto is_nan_code = [sign](std::uint32_t code) { return (code & ~sign) - 3 < 2; };
  if (f.recipe.starts_with("torchao_nvfp4") && is_nan_code(got) && is_nan_code(expected)) {
    return true;
  }
  if (f.element == "e5m2" && (got & 0x7f) > 0x7c && (expected & 0x7f) > 0x7c) return true;
  return (got & ~sign) == (expected & ~sign);
}

void expect_codes(const file& f, const tensor_case& c, const binade::any_packed_view& got) {
  ASSERT_EQ(c.codes.size(), c.x.size());
  const int bits = got.description.element.bit_count();
  const std::uint32_t mask = (1U << bits) - 1;
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    const std::uint32_t code = got.code(i / c.columns, i % c.columns);
    const std::uint32_t expected = (c.codes[i] + static_cast<std::uint32_t>(f.offset)) & mask;
    if (code == expected || is_same_nan(f, c, i, code, expected, 1U << (bits - 1))) continue;
    ADD_FAILURE() << "row " << i / c.columns << ", column " << i % c.columns << ", x = " << std::hex
                  << c.x[i] << ": got " << quantize_test::binary(code, bits) << ", expected "
                  << quantize_test::binary(expected, bits);
  }
}

/// Triton's interpreter truncates scales that are subnormal in E4M3, so that these are not
/// compared.
bool has_subnormal_scale(const file& f, const tensor_case& c, const binade::any_packed_view& got,
                         std::size_t i) {
  if (got.description.tensor_scale != binade::tensor_scale_kind::divisor) return false;
  const std::size_t per_row = c.columns / f.block_columns;
  const std::size_t cell = i / c.columns * per_row + i % c.columns / f.block_columns;
  return got.scale_code(cell) < 8;
}

void expect_values(const file& f, const tensor_case& c, const binade::any_packed_view& got) {
  ASSERT_EQ(c.values.size(), c.x.size());
  std::vector<float> values(c.x.size());
  binade::dequantize(got, binade::matrix_view(values, c.rows, c.columns));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (has_subnormal_scale(f, c, got, i)) continue;
    EXPECT_EQ(oracle::bits_of(values[i]), c.values[i])
        << "row " << i / c.columns << ", column " << i % c.columns << ", x = " << std::hex << c.x[i]
        << ": got " << quantize_test::shown(values[i]) << ", expected "
        << quantize_test::shown(oracle::float_of(c.values[i]));
  }
}

/// The multiplier that Transformer Engine's kernels compute from the amax that it stores.
std::uint32_t decode_scale(float largest, float amax) {
  if (oracle::bits_of(amax) == 0) return oracle::bits_of(1.0F);
  const float encode = std::min(oracle::divide32(largest, amax), quantize_test::largest_float);
  return oracle::bits_of(oracle::divide32(1.0F, encode));
}

void expect_tensor_scale(const file& f, const tensor_case& c, float got) {
  std::uint32_t expected = c.tensor_scale;
  if (f.tensor_scale == "none") return;
  if (f.tensor_scale == "amax") {
    const float amax = oracle::float_of(c.tensor_scale);
    if (c.tensor_scale >= 0x7f800000U) return;
    expected = decode_scale(f.tensor_scale_range, amax);
  }
  const std::uint32_t bits = oracle::bits_of(got);
  EXPECT_TRUE(bits == expected || (is_float_nan(bits) && is_float_nan(expected)))
      << "tensor scale: got " << std::hex << bits << ", expected " << expected;
}

any_recipe delayed(const recipe_vectors::delayed_scale& d, const std::string& element) {
  const float amax = oracle::float_of(d.amax);
  const float previous = oracle::float_of(d.previous_scale);
  if (element == "e5m2") {
    return recipes::te_float8_delayed<binade::e5m2>{
        .amax = amax, .previous_scale = previous, .margin = d.margin}
        .describe();
  }
  return recipes::te_float8_delayed{.amax = amax, .previous_scale = previous, .margin = d.margin}
      .describe();
}

/// The recipe with what the case adds to it.
any_recipe recipe_of(const file& f, const tensor_case& c, const any_recipe& recipe) {
  if (f.recipe == "fp_quant_nvfp4") {
    return recipes::fp_quant_nvfp4{.global_scale = oracle::float_of(c.tensor_scale)}.describe();
  }
  if (c.delayed) return delayed(*c.delayed, f.element);
  return recipe;
}

class recipe_file : public ::testing::TestWithParam<std::string> {};

TEST_P(recipe_file, bits_are_those_of_the_package) {
  const file f = recipe_vectors::read(folder() / (GetParam() + ".txt"));
  ASSERT_FALSE(f.cases.empty());
  for (const tensor_case& c : f.cases) {
    SCOPED_TRACE(f.package + ", case " + c.name + (c.is_bfloat16 ? " bfloat16" : " float32"));
    ASSERT_EQ(c.x.size(), c.rows * c.columns);
    const any_recipe recipe = recipe_of(f, c, recipes_by_file().at(GetParam()));
    const binade::any_packed_tensor got = quantize_case(c, recipe);
    if (f.packing == "none") {
      expect_values(f, c, got);
    } else {
      expect_scales(f, c, recipe, got);
      expect_codes(f, c, got);
    }
    expect_tensor_scale(f, c, got.tensor_scale());
  }
}

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const auto& [name, recipe] : recipes_by_file()) list.push_back(name);
  return list;
}

INSTANTIATE_TEST_SUITE_P(packages, recipe_file, ::testing::ValuesIn(names()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
