// SPDX-License-Identifier: MIT
#include "binade/analysis/svg_bars.hpp"

#include "xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace {

namespace svg = binade::svg;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

xml::document read(const svg::bars& b) {
  xml::document d = xml::read(draw(b));
  EXPECT_EQ(d.problem, "");
  return d;
}

// Signed length of a bar: "M x y h length v 9 h ... z".
double length(const xml::element& bar) {
  const std::string path = bar.attribute("d");
  return std::stod(path.substr(path.find('h') + 1));
}

TEST(bars, lengths_are_proportional_over_all_panels) {
  svg::bars b;
  b.rows = {"a", "b", "c"};
  b.columns = {"x", "y"};
  b.values = {{10, 20, 40}, {5, 0, -10}};
  const auto d = read(b);
  const auto found = d.of_class("bar");
  ASSERT_EQ(found.size(), 6U);
  const double unit = length(found[2]) / 40;
  ASSERT_GT(unit, 0);
  const std::vector<double> values{10, 20, 40, 5, 0, -10};
  // Lengths are rounded to a tenth of a pixel.
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(length(found[i]), values[i] * unit, 0.1);
  std::vector<std::string> shown;
  for (const auto& e : d.of_class("value")) shown.push_back(e.text);
  EXPECT_EQ(shown, (std::vector<std::string>{"10.0", "20.0", "40.0", "5.0", "0.0", "&#8722;10.0"}));
}

TEST(bars, values_that_are_no_numbers) {
  svg::bars b;
  b.rows = {"a", "b", "c", "d"};
  b.columns = {"x", "empty", "missing"};
  b.values = {{nan, infinity, -infinity, 8}, {}};
  const auto d = read(b);
  const auto found = d.of_class("bar");
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(length(found[0]), 0);
  EXPECT_EQ(length(found[1]), length(found[3]));
  EXPECT_EQ(length(found[2]), 0);
  EXPECT_EQ(d.of_class("value")[0].text, "&#8211;");
  EXPECT_EQ(d.of_class("value")[1].text, "&#8734;");
  EXPECT_EQ(d.of_class("head").size(), 3U);
}

TEST(bars, nothing_to_draw) {
  read({});
  svg::bars b;
  b.rows = {"a"};
  read(b);
  b.columns = {"x"};
  read(b);
  b.rows.clear();
  read(b);
  b.rows = {"a"};
  b.values = {{0}};
  EXPECT_EQ(length(read(b).of_class("bar")[0]), 0);
}

TEST(bars, panels_wrap_and_stay_inside) {
  for (const double width : {60.0, 350.0, 720.0, 1200.0}) {
    svg::bars b;
    b.width = width;
    b.rows = {"model.layers.0.self_attn.q_proj.weight", "b"};
    for (int i = 0; i < 9; ++i) {
      b.columns.push_back("column " + std::to_string(i));
      b.values.push_back({1.0 * i, 9});
    }
    const auto d = read(b);
    EXPECT_EQ(d.of_class("bar").size(), 18U);
    EXPECT_EQ(d.of_class("head").size(), 9U);
    if (width < 300) continue;
    for (const auto& e : d.of_class("value")) EXPECT_LT(std::stod(e.attribute("x")), width);
    for (const auto& e : d.of_class("soft")) {
      std::string text = e.text;  // the ellipsis, which is a reference, counts 12 pixels
      const std::size_t gap = text.find("&#8230;");
      if (gap != std::string::npos) text.erase(gap, 7);
      const double room = std::stod(e.attribute("x")) - (gap != std::string::npos ? 12 : 0);
      EXPECT_LE(svg::text_width(text), room) << e.text;
    }
  }
}

TEST(shorten, keeps_both_ends) {
  using svg::detail::shorten;
  const std::string name = "model.layers.17.mlp.experts.3.down_proj.weight";
  EXPECT_EQ(shorten(name, 1000), name);
  std::size_t before = name.size();
  for (double width = svg::text_width(name) - 1; width > 60; width -= 7) {
    const std::string text = shorten(name, width);
    const std::size_t gap = text.find("&#8230;");
    ASSERT_NE(gap, std::string::npos) << text;
    const std::string head = text.substr(0, gap), tail = text.substr(gap + 7);
    EXPECT_TRUE(name.starts_with(head)) << text;
    EXPECT_TRUE(name.ends_with(tail)) << text;
    EXPECT_LE(svg::text_width(head) + svg::text_width(tail) + 12, width) << text;
    EXPECT_LE(head.size() + tail.size(), before);
    before = head.size() + tail.size();
  }
  // Characters of several bytes stay whole, markup is escaped, and there is an end to all of it.
  for (double width = 0; width < 120; ++width) {
    const std::string text =
        shorten("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80<&>\xc3\xa9\xe2\x82\xac", width);
    EXPECT_EQ(text.find("&#xFFFD;"), std::string::npos) << text;
    EXPECT_EQ(xml::text_problem(text), "") << text;
    (void)shorten("\x80\x80\x80\x80\x80\x80", width);
  }
  EXPECT_EQ(shorten("", 0), "");
}

}  // namespace
