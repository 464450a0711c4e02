// SPDX-License-Identifier: MIT
#include "binade/format/lookup.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace binade;

std::string message_for(std::string_view name) {
  try {
    static_cast<void>(format_from_name(name));
  } catch (const error& e) {
    return e.what();
  }
  return "no error";
}

TEST(lookup, finds_every_name_of_every_vocabulary) {
  int names = 0;
  for (const format_id id : all_format_ids()) {
    for_each_name(format_info(id).names, [&](vocabulary v, std::string_view name) {
      ++names;
      std::string upper(name);
      std::string lower(name);
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      for (const std::string& spelling : {std::string(name), upper, lower}) {
        EXPECT_EQ(format_from_name(spelling), id) << spelling;
        bool found = false;
        for (const name_match& match : find_formats(spelling)) {
          EXPECT_EQ(match.id, id) << spelling;
          if (match.where == v) {
            found = true;
            EXPECT_EQ(match.name, name);
          }
        }
        EXPECT_TRUE(found) << spelling << " in " << to_string(v);
      }
    });
  }
  EXPECT_GT(names, 200);
}

TEST(lookup, says_which_vocabularies_matched) {
  const std::vector<name_match> matches = find_formats("FLOAT8_E4M3FN");
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].id, id_of<e4m3fn>());
  EXPECT_EQ(matches[0].where, vocabulary::torch);
  EXPECT_EQ(matches[0].name, "float8_e4m3fn");
  EXPECT_EQ(matches[1].where, vocabulary::ml_dtypes);
  EXPECT_TRUE(find_formats("nothing").empty());
  EXPECT_TRUE(find_formats("").empty());
  EXPECT_TRUE(find_formats("torch.").empty());
}

TEST(lookup, plain_e4m3_is_what_most_people_mean_and_ml_dtypes_name_is_theirs) {
  EXPECT_EQ(format_from_name("e4m3"), id_of<e4m3fn>());
  EXPECT_EQ(format_from_name("fp8"), id_of<e4m3fn>());
  EXPECT_EQ(format_from_name("F8_E4M3"), id_of<e4m3fn>());
  EXPECT_EQ(format_from_name("float8_e4m3"), id_of<e4m3_ieee>());
  EXPECT_EQ(format_from_name("f8E4M3"), id_of<e4m3_ieee>());
}

TEST(lookup, takes_names_as_people_copy_them) {
  EXPECT_EQ(format_from_name("torch.float8_e5m2"), id_of<e5m2>());
  EXPECT_EQ(format_from_name("ml_dtypes.float6_e2m3fn"), id_of<e2m3fn>());
  EXPECT_EQ(format_from_name("TensorProto.FLOAT4E2M1"), id_of<e2m1fn>());
  EXPECT_EQ(format_from_name("binade::hif8"), id_of<hif8>());
  EXPECT_EQ(format_from_name("fp8-e5m2"), id_of<e5m2>());
  EXPECT_EQ(format_from_name("posit16_2"), id_of<posit16>());
  EXPECT_EQ(format_from_name("binary8p3se"), (id_of<p3109<8, 3>>()));
}

TEST(lookup, suggests_the_nearest_formats) {
  EXPECT_EQ(message_for("e4m3f"),
            "format_from_name: no format is called \"e4m3f\"; did you mean e4m3fn, e4m3fnuz, "
            "ue4m3?");
  EXPECT_EQ(message_for("posti8"),
            "format_from_name: no format is called \"posti8\"; did you mean posit8?");
  // Where only an alias comes near, it stands in front of the name.
  EXPECT_EQ(message_for("bf61"),
            "format_from_name: no format is called \"bf61\"; did you mean bf16 (bfloat16), bf8 "
            "(e5m2), F16 (float16)?");
  // No format is named twice.
  for (const std::string_view query : {"float8", "bf", "int", "float8_e4m3fnu", "e2m"}) {
    const std::vector<std::string> nearest = nearest_formats(query);
    EXPECT_LE(nearest.size(), 3U) << query;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) EXPECT_NE(nearest[i], nearest[j]) << query;
    }
  }
}

TEST(lookup, lists_all_formats_where_none_is_near) {
  const std::string message = message_for("banana");
  for (const format_id id : all_format_ids()) {
    EXPECT_NE(message.find(format_info(id).name), std::string::npos) << format_info(id).name;
  }
  EXPECT_NE(message_for("").find("allowed are"), std::string::npos);
}

TEST(lookup, by_onnx_number) {
  for (const auto& [number, id] :
       std::initializer_list<std::pair<int, format_id>>{{2, id_of<uint8>()},
                                                        {3, id_of<int8>()},
                                                        {10, id_of<float16>()},
                                                        {16, id_of<bfloat16>()},
                                                        {17, id_of<e4m3fn>()},
                                                        {18, id_of<e4m3fnuz>()},
                                                        {19, id_of<e5m2>()},
                                                        {20, id_of<e5m2fnuz>()},
                                                        {21, id_of<uint4>()},
                                                        {22, id_of<int4>()},
                                                        {23, id_of<e2m1fn>()},
                                                        {24, id_of<e8m0fnu>()},
                                                        {25, id_of<uint2>()},
                                                        {26, id_of<int2>()}}) {
    EXPECT_EQ(format_from_onnx(number), id) << number;
  }
  for (const int number : {-1, 0, 1, 4, 11, 27, 1000}) {
    EXPECT_FALSE(format_from_onnx(number).has_value()) << number;
  }
}

TEST(lookup, by_dlpack_code_and_bits) {
  EXPECT_EQ(format_from_dlpack(0, 4), id_of<int4>());
  EXPECT_EQ(format_from_dlpack(1, 8), id_of<uint8>());
  EXPECT_EQ(format_from_dlpack(2, 16), id_of<float16>());
  EXPECT_EQ(format_from_dlpack(4, 16), id_of<bfloat16>());
  EXPECT_EQ(format_from_dlpack(10, 8), id_of<e4m3fn>());
  EXPECT_EQ(format_from_dlpack(15, 6), id_of<e2m3fn>());
  EXPECT_EQ(format_from_dlpack(17, 4), id_of<e2m1fn>());
  for (const auto& [code, bits] : std::initializer_list<std::pair<int, int>>{
           {2, 32}, {10, 4}, {17, 8}, {0, 16}, {3, 8}, {-1, 8}, {18, 8}}) {
    EXPECT_FALSE(format_from_dlpack(code, bits).has_value()) << code << " " << bits;
  }
}

TEST(name_in, gives_the_name_or_nothing) {
  EXPECT_EQ(name_in(e4m3fn::names, vocabulary::binade), "e4m3fn");
  EXPECT_EQ(name_in(e4m3fn::names, vocabulary::cuda), "__nv_fp8_e4m3");
  EXPECT_EQ(name_in(e4m3fn::names, vocabulary::onnx), "FLOAT8E4M3FN");
  EXPECT_EQ(name_in(hif8::names, vocabulary::torch), "");
  std::vector<std::string_view> aliases;
  for_each_name(bfloat16::names, [&aliases](vocabulary v, std::string_view name) {
    if (v == vocabulary::alias) aliases.push_back(name);
  });
  EXPECT_EQ(aliases, (std::vector<std::string_view>{"bf16", "e8m7"}));
}

TEST(for_each_name, takes_aliases_apart_whatever_the_spaces) {
  std::vector<std::string_view> found;
  for_each_name({.name = "x", .aliases = "  a  bb "},
                [&found](vocabulary, std::string_view name) { found.push_back(name); });
  EXPECT_EQ(found, (std::vector<std::string_view>{"x", "a", "bb"}));
}

static_assert(format_from_onnx(17) == id_of<e4m3fn>());
static_assert(to_string(vocabulary::onnx) == "ONNX" && to_string(vocabulary::binade) == "binade");
static_assert(all_vocabularies.size() == 9);

}  // namespace
