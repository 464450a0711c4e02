// SPDX-License-Identifier: MIT
#include "binade/analysis/svg_number_lines.hpp"

#include "xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace {

namespace svg = binade::svg;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

xml::document read(const svg::number_lines& n) {
  xml::document d = xml::read(draw(n));
  EXPECT_EQ(d.problem, "");
  return d;
}

// Strokes of a row: "M x y V y" each.
std::vector<std::string> strokes(const std::string& path) {
  std::vector<std::string> found;
  for (std::size_t i = path.find('M'); i != std::string::npos;) {
    const std::size_t next = path.find('M', i + 1);
    found.push_back(path.substr(i, next - i));
    i = next;
  }
  return found;
}

double height(const std::string& stroke) {
  const std::size_t space = stroke.find(' ');
  return std::stod(stroke.substr(stroke.find('V') + 1)) - std::stod(stroke.substr(space));
}

TEST(number_lines, one_stroke_for_each_value) {
  svg::number_lines n;
  n.rows.push_back(
      {"e2m1fn", "15 values", {-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6}});
  n.rows.push_back({"twice", "", {1, 1, 2, 2}});
  const auto rows = read(n).of_class("values");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(strokes(rows[0].attribute("d")).size(), 15U);
  EXPECT_EQ(strokes(rows[1].attribute("d")).size(), 2U);
}

TEST(number_lines, powers_of_two_stand_out_on_a_logarithmic_axis) {
  svg::number_lines n;
  n.x.scale = svg::axis_scale::log2;
  n.rows.push_back({"e2m1fn", "", {-6, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6}});
  const auto found = strokes(read(n).of_class("values")[0].attribute("d"));
  ASSERT_EQ(found.size(), 7U);  // the positive ones
  const std::vector<bool> power{true, true, false, true, false, true, false};
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(height(found[i]) > height(found[2]), power[i]) << found[i];
  }
}

TEST(number_lines, leaves_out_what_has_no_position) {
  svg::number_lines n;
  n.rows.push_back({"odd", "note", {nan, infinity, -infinity, 1, 2}});
  n.rows.push_back({"none", "", {nan}});
  n.rows.push_back({"empty", "", {}});
  const auto d = read(n);
  const auto rows = d.of_class("values");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(strokes(rows[0].attribute("d")).size(), 2U);
  EXPECT_EQ(d.of_class("name").size(), 3U);
  read({});
}

TEST(number_lines, names_are_text_and_notes_need_room) {
  svg::number_lines n;
  n.title = n.x.label = "<&\">";
  n.rows.push_back({"<b>", "a \"note\"", {0, 1}});
  const auto texts_of = [&n] {
    std::vector<std::string> texts;
    for (const auto& e : read(n).named("text")) texts.push_back(e.text);
    return texts;
  };
  const auto has = [](const std::vector<std::string>& texts, const std::string& text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  };
  EXPECT_TRUE(has(texts_of(), "&lt;b&gt;"));
  EXPECT_TRUE(has(texts_of(), "a &quot;note&quot;"));
  n.width = 350;
  EXPECT_FALSE(has(texts_of(), "a &quot;note&quot;"));
  EXPECT_EQ(read(n).named("title")[0].text, "&lt;b&gt;: a &quot;note&quot;");
}

}  // namespace
