// SPDX-License-Identifier: MIT
#include "binade/format/nearest_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace binade;

/// The same distance by trying every edit, without a table.
std::size_t by_recursion(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const std::string_view a1 = a.substr(1);
  const std::string_view b1 = b.substr(1);
  std::size_t best = by_recursion(a1, b1) + (a[0] == b[0] ? 0 : 1);
  best = std::min(best, by_recursion(a1, b) + 1);
  best = std::min(best, by_recursion(a, b1) + 1);
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, by_recursion(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

TEST(edit_distance, agrees_with_the_recursive_definition) {
  std::mt19937 generator(1);
  for (int i = 0; i < 3000; ++i) {
    std::array<std::string, 2> words;
    for (std::string& word : words) {
      const auto length = generator() % 7;
      for (unsigned j = 0; j < length; ++j) word += static_cast<char>('a' + generator() % 3);
    }
    EXPECT_EQ(edit_distance(words[0], words[1]), by_recursion(words[0], words[1]))
        << words[0] << " " << words[1];
  }
}

TEST(edit_distance, counts_letters) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("e4m3", "e3m4"), 2U);
  EXPECT_EQ(edit_distance("posti8", "posit8"), 1U);
  EXPECT_EQ(edit_distance("F8_E4M3", "f8-e4m3"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(same_name, ignores_case_and_separators) {
  EXPECT_TRUE(same_name("F8_E4M3", "f8-e4m3"));
  EXPECT_TRUE(same_name("", ""));
  EXPECT_FALSE(same_name("e4m3", "e4m3fn"));
  EXPECT_FALSE(same_name("e4m3", "e5m2"));
}

using list = std::vector<std::string_view>;
const list names = {"e5m2", "e4m3fn", "e4m3fnuz", "e4m3", "E4M3", "hif8", "posit8", "bfloat16"};

TEST(nearest_names, puts_the_nearest_first) {
  EXPECT_EQ(nearest_names("posti8", names), list{"posit8"});
  EXPECT_EQ(nearest_names("e4m3f", names), (list{"e4m3", "e4m3fn", "e4m3fnuz"}));
  EXPECT_EQ(nearest_names("e4m3f", names, 1), list{"e4m3"});
  EXPECT_EQ(nearest_names("BFLOAT", names), list{"bfloat16"});
  EXPECT_EQ(nearest_names("e5m3", names, 2), (list{"e5m2", "e4m3"}));
}

TEST(nearest_names, takes_a_beginning_for_near) {
  EXPECT_EQ(nearest_names("pos", names), list{"posit8"});
  // Of fewer than three letters a beginning says nothing.
  EXPECT_EQ(nearest_names("po", names), list{});
}

TEST(nearest_names, has_nothing_to_say_about_something_else) {
  EXPECT_EQ(nearest_names("banana", names), list{});
  EXPECT_EQ(nearest_names("", names), list{});
  EXPECT_EQ(nearest_names("e4m3", list{}), list{});
  EXPECT_EQ(nearest_names("posit8", names, 0), list{});
}

TEST(unknown_name_message, tells_what_to_do) {
  EXPECT_EQ(unknown_name_message("open", "format", "posti8", names),
            "open: no format is called \"posti8\"; did you mean posit8?");
  EXPECT_EQ(unknown_name_message("open", "format", "e4m3f", names),
            "open: no format is called \"e4m3f\"; did you mean e4m3, e4m3fn, e4m3fnuz?");
  const list two = {"up", "down"};
  EXPECT_EQ(unknown_name_message("f", "rule", "banana", two),
            "f: no rule is called \"banana\"; allowed are up, down");
  EXPECT_LT(unknown_name_message("f", "rule", std::string(100000, 'x'), two).size(), 200U);
}

}  // namespace
