// SPDX-License-Identifier: MIT
#include "binade/io/write_conformance.hpp"

#include "binade/io/conformance_conversion.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace {

using binade::conformance_vectors;
using binade::make_word;

const std::string version = std::to_string(BINADE_VERSION_MAJOR) + "." +
                            std::to_string(BINADE_VERSION_MINOR) + "." +
                            std::to_string(BINADE_VERSION_PATCH);

conformance_vectors small() {
  return {"small",
          {{"format", "e4m3fn"}, {"vectors", "stale"}},
          {{{make_word(0x3f800000, 32)}, {make_word(0x38, 8)}, 0},
           {{make_word(1, 32), make_word(2, 32)}, {make_word(3, 4), make_word(4, 4)}, 0}}};
}

std::string hash_text() {
  return to_string(make_word(
      binade::fnv1a{}.add_text("3f800000 -> 38\n00000001 00000002 -> 3 4\n").value(), 64));
}

TEST(to_text, writes_header_and_vectors) {
  EXPECT_EQ(to_text(small()),
            "# binade conformance vectors 1\nformat: e4m3fn\nvectors: 2\nversion: " + version +
                "\nhash: " + hash_text() + "\n3f800000 -> 38\n00000001 00000002 -> 3 4\n");
}

TEST(to_json, writes_the_same_as_an_object) {
  const auto root = nlohmann::json::parse(to_json(small()));
  const auto pair = [](const char* a, const char* b) { return nlohmann::json::array({a, b}); };
  const nlohmann::json expected = {
      {"title", "binade conformance vectors 1"},
      {"format", "e4m3fn"},
      {"version", version},
      {"hash", hash_text()},
      {"vectors",
       nlohmann::json::array({pair("3f800000", "38"), pair("00000001 00000002", "3 4")})}};
  EXPECT_EQ(root, expected);
}

TEST(to_json, escapes_what_a_value_holds) {
  conformance_vectors v = small();
  v.header.push_back({"comment", "\"\\\x01\xff"});
  const auto root = nlohmann::json::parse(to_json(v));
  EXPECT_EQ(root.at("comment").get<std::string>().substr(0, 3), "\"\\\x01");
}

TEST(to_text, names_version_and_hash_of_a_conversion) {
  const conformance_vectors v = make_vectors(binade::conversion_case{}, {.seed = 7});
  const std::string text = to_text(v);
  for (const char* line : {"\nformat: e4m3fn\n", "\nsource: float32\n",
                           "\nrounding: ties_to_even\n", "\nsaturation: finite\n", "\nseed: 7\n",
                           "\nlargest: 448\n", "\n3f800000 -> 38\n", "\n7f800000 -> 7e\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

}  // namespace
