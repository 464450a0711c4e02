// SPDX-License-Identifier: MIT
#include "binade/format/names.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <concepts>
#include <cstring>
#include <initializer_list>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The enumerators are the toolkit's own where its header is there.
#if __has_include(<library_types.h>)
#include <library_types.h>
#endif

namespace {

using namespace binade;

std::vector<format_names> catalogue() {
  std::vector<format_names> names;
  for_each_type(all_formats{}, [&names]<class F>() { names.push_back(F::names); });
  return names;
}

/// What one stack calls our formats: pairs (ours, theirs).
using table = std::vector<std::pair<std::string, std::string>>;

/// The catalogue's names in one vocabulary must be exactly those of the table.
void expect_table(const char* vocabulary, const char* format_names::* member,
                  const table& expected) {
  std::map<std::string, std::string> wanted(expected.begin(), expected.end());
  for (const format_names& names : catalogue()) {
    const char* got = names.*member;
    const auto found = wanted.find(names.name);
    if (found == wanted.end()) {
      EXPECT_EQ(got, nullptr) << vocabulary << " calls " << names.name << " " << got;
    } else {
      EXPECT_STREQ(got, found->second.c_str()) << vocabulary << ": " << names.name;
      wanted.erase(found);
    }
  }
  for (const auto& [ours, theirs] : wanted) ADD_FAILURE() << vocabulary << ": no format " << ours;
}

// The tables follow the stacks' own lists, one row an enumerator or type.

TEST(names, torch) {
  table expected = {{"e4m3fn", "float8_e4m3fn"},   {"e4m3fnuz", "float8_e4m3fnuz"},
                    {"e5m2", "float8_e5m2"},       {"e5m2fnuz", "float8_e5m2fnuz"},
                    {"e8m0fnu", "float8_e8m0fnu"}, {"e2m1fn", "float4_e2m1fn_x2"},
                    {"float16", "float16"},        {"bfloat16", "bfloat16"}};
  for (int bits = 2; bits <= 8; ++bits) {  // torch has int1 and uint1 too, which we have not
    for (const std::string kind : {"int", "uint"}) {
      expected.emplace_back(kind + std::to_string(bits), kind + std::to_string(bits));
    }
  }
  expect_table("torch", &format_names::torch, expected);
}

TEST(names, ml_dtypes) {
  expect_table("ml_dtypes", &format_names::ml_dtypes,
               {{"bfloat16", "bfloat16"},
                {"e3m4", "float8_e3m4"},
                {"e4m3_ieee", "float8_e4m3"},
                {"e4m3b11fnuz", "float8_e4m3b11fnuz"},
                {"e4m3fn", "float8_e4m3fn"},
                {"e4m3fnuz", "float8_e4m3fnuz"},
                {"e5m2", "float8_e5m2"},
                {"e5m2fnuz", "float8_e5m2fnuz"},
                {"ue5m3", "float8_e5m3fnu"},
                {"e8m0fnu", "float8_e8m0fnu"},
                {"e2m1fn", "float4_e2m1fn"},
                {"e2m3fn", "float6_e2m3fn"},
                {"e3m2fn", "float6_e3m2fn"},
                {"int2", "int2"},
                {"int4", "int4"},
                {"uint2", "uint2"},
                {"uint4", "uint4"}});
}

TEST(names, safetensors) {
  expect_table("safetensors", &format_names::safetensors,
               {{"e2m1fn", "F4"},
                {"e2m3fn", "F6_E2M3"},
                {"e3m2fn", "F6_E3M2"},
                {"e5m2", "F8_E5M2"},
                {"e4m3fn", "F8_E4M3"},
                {"e8m0fnu", "F8_E8M0"},
                {"e4m3fnuz", "F8_E4M3FNUZ"},
                {"e5m2fnuz", "F8_E5M2FNUZ"},
                {"float16", "F16"},
                {"bfloat16", "BF16"},
                {"int8", "I8"},
                {"uint8", "U8"}});
}

TEST(names, mlir) {
  table expected = {
      {"e5m2", "f8E5M2"},         {"e4m3_ieee", "f8E4M3"},    {"e4m3fn", "f8E4M3FN"},
      {"e5m2fnuz", "f8E5M2FNUZ"}, {"e4m3fnuz", "f8E4M3FNUZ"}, {"e4m3b11fnuz", "f8E4M3B11FNUZ"},
      {"e3m4", "f8E3M4"},         {"e8m0fnu", "f8E8M0FNU"},   {"ue5m3", "f8E5M3FNU"},
      {"e2m3fn", "f6E2M3FN"},     {"e3m2fn", "f6E3M2FN"},     {"e2m1fn", "f4E2M1FN"},
      {"float16", "f16"},         {"bfloat16", "bf16"},       {"tfloat32", "tf32"}};
  for (int bits = 2; bits <= 8; ++bits) {
    expected.emplace_back("int" + std::to_string(bits), "i" + std::to_string(bits));
    expected.emplace_back("uint" + std::to_string(bits), "ui" + std::to_string(bits));
  }
  expect_table("MLIR", &format_names::mlir, expected);
}

TEST(names, cuda_types) {
  expect_table("CUDA", &format_names::cuda,
               {{"e4m3fn", "__nv_fp8_e4m3"},
                {"e5m2", "__nv_fp8_e5m2"},
                {"e8m0fnu", "__nv_fp8_e8m0"},
                {"e2m3fn", "__nv_fp6_e2m3"},
                {"e3m2fn", "__nv_fp6_e3m2"},
                {"e2m1fn", "__nv_fp4_e2m1"},
                {"float16", "__half"},
                {"bfloat16", "__nv_bfloat16"}});
}

TEST(names, cuda_data_types) {
  expect_table("cudaDataType_t", &format_names::cuda_data_type,
               {{"float16", "CUDA_R_16F"},
                {"bfloat16", "CUDA_R_16BF"},
                {"int4", "CUDA_R_4I"},
                {"uint4", "CUDA_R_4U"},
                {"int8", "CUDA_R_8I"},
                {"uint8", "CUDA_R_8U"},
                {"e4m3fn", "CUDA_R_8F_E4M3"},
                {"ue4m3", "CUDA_R_8F_UE4M3"},
                {"e5m2", "CUDA_R_8F_E5M2"},
                {"e8m0fnu", "CUDA_R_8F_UE8M0"},
                {"ue5m3", "CUDA_R_8F_UE5M3"},  // from CUDA 13.4 on
                {"e2m3fn", "CUDA_R_6F_E2M3"},
                {"e3m2fn", "CUDA_R_6F_E3M2"},
                {"e2m1fn", "CUDA_R_4F_E2M1"}});
#if __has_include(<library_types.h>)
  // That these are enumerators of the toolkit is for the compiler to see.
  EXPECT_EQ(std::set<int>({CUDA_R_16F, CUDA_R_16BF, CUDA_R_4I, CUDA_R_4U, CUDA_R_8I, CUDA_R_8U,
                           CUDA_R_8F_E4M3, CUDA_R_8F_E5M2, CUDA_R_8F_UE8M0, CUDA_R_6F_E2M3,
                           CUDA_R_6F_E3M2, CUDA_R_4F_E2M1})
                .size(),
            12U);
  EXPECT_EQ(int{CUDA_R_8F_UE4M3}, int{CUDA_R_8F_E4M3});
#else
  GTEST_SKIP() << "CUDA's library_types.h is not installed: not checked that its enumerators exist";
#endif
}

TEST(names, onnx) {
  expect_table("ONNX", &format_names::onnx,
               {{"uint8", "UINT8"},
                {"int8", "INT8"},
                {"float16", "FLOAT16"},
                {"bfloat16", "BFLOAT16"},
                {"e4m3fn", "FLOAT8E4M3FN"},
                {"e4m3fnuz", "FLOAT8E4M3FNUZ"},
                {"e5m2", "FLOAT8E5M2"},
                {"e5m2fnuz", "FLOAT8E5M2FNUZ"},
                {"uint4", "UINT4"},
                {"int4", "INT4"},
                {"e2m1fn", "FLOAT4E2M1"},
                {"e8m0fnu", "FLOAT8E8M0"},
                {"uint2", "UINT2"},
                {"int2", "INT2"}});
  const std::map<std::string, int> numbers = {
      {"uint8", 2},     {"int8", 3},     {"float16", 10},  {"bfloat16", 16}, {"e4m3fn", 17},
      {"e4m3fnuz", 18}, {"e5m2", 19},    {"e5m2fnuz", 20}, {"uint4", 21},    {"int4", 22},
      {"e2m1fn", 23},   {"e8m0fnu", 24}, {"uint2", 25},    {"int2", 26}};
  for (const format_names& names : catalogue()) {
    const auto found = numbers.find(names.name);
    EXPECT_EQ(names.onnx_type, found == numbers.end() ? -1 : found->second) << names.name;
  }
}

TEST(names, dlpack) {
  std::map<std::string, int> codes = {
      {"float16", 2}, {"bfloat16", 4},  {"e3m4", 7},   {"e4m3_ieee", 8}, {"e4m3b11fnuz", 9},
      {"e4m3fn", 10}, {"e4m3fnuz", 11}, {"e5m2", 12},  {"e5m2fnuz", 13}, {"e8m0fnu", 14},
      {"e2m3fn", 15}, {"e3m2fn", 16},   {"e2m1fn", 17}};
  for (int bits = 2; bits <= 8; ++bits) {
    codes["int" + std::to_string(bits)] = 0;
    codes["uint" + std::to_string(bits)] = 1;
  }
  for (const format_names& names : catalogue()) {
    const auto found = codes.find(names.name);
    EXPECT_EQ(names.dlpack_code, found == codes.end() ? -1 : found->second) << names.name;
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// All names of a format, in whatever vocabulary.
std::vector<std::string> all_names_of(const format_names& names) {
  std::vector<std::string> all = {names.name};
  std::istringstream aliases(names.aliases);
  for (std::string alias; aliases >> alias;) all.push_back(alias);
  for (const char* name : {names.torch, names.ml_dtypes, names.safetensors, names.mlir, names.cuda,
                           names.cuda_data_type, names.onnx}) {
    if (name != nullptr) all.emplace_back(name);
  }
  return all;
}

TEST(names, mean_one_format_each_whatever_the_case_of_letters) {
  std::map<std::string, std::string> owners;
  for (const format_names& names : catalogue()) {
    for (const std::string& name : all_names_of(names)) {
      EXPECT_FALSE(name.empty()) << names.name;
      EXPECT_EQ(name.find_first_of(" ,|\"'"), std::string::npos) << name;
      const auto [at, inserted] = owners.emplace(lower(name), names.name);
      EXPECT_EQ(at->second, names.name) << "both are called " << name;
    }
  }
  EXPECT_GT(owners.size(), 150U);
}

TEST(names, are_fit_for_code_and_tables) {
  for (const format_names& names : catalogue()) {
    const std::string name = names.name;
    EXPECT_EQ(name, lower(name));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos)
        << name;
    const std::string description = names.description;
    EXPECT_FALSE(description.empty()) << name;
    EXPECT_LE(description.size(), 60U) << name << ": one short line";
    EXPECT_EQ(description.find('\n'), std::string::npos) << name;
  }
}

TEST(type_list, is_concatenated_and_visited_in_order) {
  using joined = detail::concatenate<type_list<char>, type_list<>, type_list<short, int>>::type;
  static_assert(std::same_as<joined, type_list<char, short, int>>);
  static_assert(joined::size == 3 && type_list<>::size == 0);
  std::vector<std::size_t> sizes;
  for_each_type(joined{}, [&sizes]<class T>() { sizes.push_back(sizeof(T)); });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{sizeof(char), sizeof(short), sizeof(int)}));
}

}  // namespace
