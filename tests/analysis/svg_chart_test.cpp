// SPDX-License-Identifier: MIT
#include "binade/analysis/svg_chart.hpp"

#include "xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace svg = binade::svg;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();

// Well-formed, and no coordinate that is no number.
xml::document read(const std::string& drawing) {
  xml::document d = xml::read(drawing);
  EXPECT_EQ(d.problem, "");
  for (const auto& e : d.elements) {
    for (const auto& [key, value] : e.attributes) {
      if (key == "aria-label" || key == "data-key" || key == "class") continue;
      EXPECT_EQ(value.find("nan"), std::string::npos) << key << "=" << value;
      EXPECT_EQ(value.find("inf"), std::string::npos) << key << "=" << value;
    }
  }
  return d;
}

struct position {
  double x, y;
};

// The start of a path's data.
position start_of(const std::string& d) {
  position p{};
  char m = 0;
  std::istringstream(d) >> m >> p.x >> p.y;
  EXPECT_EQ(m, 'M') << d;
  return p;
}

std::size_t count(const std::string& text, char c) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

svg::point at(double x, double y, const std::string& label) {
  svg::point p;
  p.x = x, p.y = y, p.label = label;
  return p;
}

TEST(chart, without_data_says_so) {
  for (const auto kind : {svg::axis_scale::linear, svg::axis_scale::log2, svg::axis_scale::log10}) {
    svg::chart c;
    c.x.scale = c.y.scale = kind;
    c.lines.push_back({});
    c.lines.push_back({"nothing to see", {nan, infinity}, {1, 2}});
    c.points.push_back(at(nan, 1, "lost"));
    c.points.push_back(at(1, -infinity, "lost"));
    const auto d = read(draw(c));
    EXPECT_TRUE(d.of_class("mark").empty());
    EXPECT_TRUE(d.of_class("line").empty());
    const auto texts = d.named("text");
    EXPECT_TRUE(
        std::any_of(texts.begin(), texts.end(), [](const auto& t) { return t.text == "no data"; }));
  }
}

TEST(chart, names_are_text_whatever_they_contain) {
  const std::string evil = "</svg><script>alert(\"1\")</script>&\xff\x01'";
  svg::chart c;
  c.title = c.x.label = c.y.label = evil;
  c.lines.push_back({evil, {0, 1}, {0, 1}});
  c.lines.push_back({evil, {0, 1}, {1, 0}, 1, svg::line_kind::data, svg::label_at::along});
  svg::point p = at(0.5, 0.2, evil);
  p.tip = p.key = evil;
  c.points.push_back(p);
  c.legend.push_back({evil, 3});
  const auto d = read(draw(c));
  EXPECT_TRUE(d.named("script").empty());
  EXPECT_EQ(d.named("title").size(), 3U);
}

TEST(chart, points_stand_where_their_numbers_are) {
  svg::chart c;
  c.width = 500, c.height = 400;
  c.x = {"", svg::axis_scale::log2, 1, 16};
  c.y = {"", svg::axis_scale::linear, 0, 10};
  for (const double x : {1.0, 4.0, 16.0}) {
    svg::point p = at(x, 5, "");
    p.tip = "tip";
    c.points.push_back(p);
  }
  c.points[0].y = 0;
  c.points[2].y = 10;
  const auto d = read(draw(c));
  const auto marks = d.of_class("mark");
  ASSERT_EQ(marks.size(), 3U);
  std::vector<position> p;
  for (const auto& m : marks) p.push_back(start_of(m.attribute("d")));
  // log2(4) is the middle of log2(1) and log2(16), and 5 that of 0 and 10; both to a tenth of a
  // pixel, so that sums of two are off by 0.15 at most.
  EXPECT_NEAR(p[0].x + p[2].x, 2 * p[1].x, 0.3);
  EXPECT_NEAR(p[0].y + p[2].y, 2 * p[1].y, 0.3);
  EXPECT_GT(p[0].y, p[2].y);
  EXPECT_LT(p[0].x, p[2].x);
  EXPECT_EQ(d.named("title")[0].text, "tip");
}

TEST(chart, lines_break_where_there_is_no_number) {
  svg::chart c;
  c.y.scale = svg::axis_scale::log2;
  c.lines.push_back({"a", {0, 1, 2, 3, 4, 5, 6}, {1, 2, nan, 4, 0, 2, 1}});
  c.lines.push_back({"b", {0, 1}, {1, 2, 3, 4}});
  const auto d = read(draw(c));
  const auto lines = d.of_class("line");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(count(lines[0].attribute("d"), 'M'), 3U);
  EXPECT_EQ(count(lines[0].attribute("d"), 'L'), 2U);
  EXPECT_EQ(count(lines[0].attribute("d"), 'h'), 1U);  // the lone 4
  EXPECT_EQ(count(lines[1].attribute("d"), 'L'), 1U);  // as long as the shorter of x and y
}

TEST(chart, no_range_follows_from_a_reference) {
  svg::chart c;
  c.lines.push_back({"data", {0, 10}, {0, 10}});
  const std::string alone = draw(c);
  c.lines.push_back(
      {"", {-1000, 1000}, {-6000, 6000}, 6, svg::line_kind::reference, svg::label_at::nowhere});
  const auto d = read(draw(c));
  const auto lines = d.of_class("line");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(alone.find(lines[0].attribute("d")), std::string::npos);
  ASSERT_EQ(d.of_class("reference").size(), 1U);
  // It is cut by a drawing of its own, which is as large as the plot.
  EXPECT_GE(d.named("svg").size(), 3U);
}

TEST(chart, huge_numbers_stay_in_the_drawing) {
  svg::chart c;
  c.x = {"", svg::axis_scale::linear, 0, 1};
  c.lines.push_back({"far", {-largest, 0.5, largest}, {-largest, 0, largest}});
  c.points.push_back(at(largest, largest, "far"));
  const std::string drawing = draw(c);
  read(drawing);
  EXPECT_LT(drawing.size(), 20000U);
}

struct placed {
  std::string text;
  svg::box box;
};

// Where the labels of a chart are, from its markup: 9 pixels above the baseline, 3 below.
std::vector<placed> labels_of(const xml::document& d) {
  std::vector<placed> labels;
  for (const auto& e : d.of_class("name")) {
    const double x = std::stod(e.attribute("x")), y = std::stod(e.attribute("y"));
    const double width = svg::text_width(e.text);
    const std::string anchor = e.attribute("text-anchor");
    const double left = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
    labels.push_back({e.text, {left, y - 9, left + width, y + 3}});
  }
  return labels;
}

void expect_apart(const std::vector<placed>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      // Coordinates are rounded to a tenth of a pixel, and a label may cost what a budget of 90 at
      // 50 a square pixel buys.
      EXPECT_LT(labels[i].box.overlap(labels[k].box), 4.0)
          << labels[i].text << " over " << labels[k].text;
    }
  }
}

TEST(chart, labels_of_few_points_are_all_there_and_apart) {
  std::mt19937 engine(11);
  std::uniform_real_distribution<double> anywhere(0, 1);
  for (int trial = 0; trial < 40; ++trial) {
    svg::chart c;
    for (int i = 0; i < 12; ++i) {
      c.points.push_back(at(anywhere(engine), anywhere(engine), "format_" + std::to_string(i)));
    }
    const auto labels = labels_of(read(draw(c)));
    EXPECT_EQ(labels.size(), 12U);
    expect_apart(labels);
  }
}

TEST(chart, labels_of_a_crowd_are_apart_and_those_of_low_rank_come_first) {
  svg::chart c;
  for (int i = 0; i < 200; ++i) {
    svg::point p = at(8, 30 + 0.001 * i, "crowded_" + std::to_string(i));
    p.rank = i == 150 ? 0 : 1;
    c.points.push_back(p);
  }
  c.points.push_back(at(4, 10, "alone"));
  c.points.push_back(at(16, 60, "also alone"));
  const auto d = read(draw(c));
  const auto labels = labels_of(d);
  expect_apart(labels);
  EXPECT_GT(labels.size(), 10U);
  EXPECT_LT(labels.size(), 200U);
  EXPECT_EQ(d.of_class("mark").size(), 202U);
  const auto has = [&labels](const std::string& name) {
    return std::any_of(labels.begin(), labels.end(),
                       [&name](const placed& l) { return l.text == name; });
  };
  EXPECT_TRUE(has("crowded_150"));
  EXPECT_TRUE(has("alone"));
}

TEST(chart, labels_at_ends_are_all_there_and_apart) {
  svg::chart c;
  for (int i = 0; i < 9; ++i) {
    c.lines.push_back({"rule_" + std::to_string(i), {0, 1}, {0, 1 + 0.001 * i}, i});
  }
  const auto labels = labels_of(read(draw(c)));
  EXPECT_EQ(labels.size(), 9U);
  expect_apart(labels);
  for (const auto& l : labels) EXPECT_LE(l.box.x1, c.width + 1) << l.text;
}

TEST(chart, labels_beside_lines_do_not_stand_on_lines) {
  svg::chart c;
  c.lines.push_back({"above", {0, 10}, {2, 2}, 0, svg::line_kind::data, svg::label_at::along});
  c.lines.push_back({"below", {0, 10}, {1, 1}, 1, svg::line_kind::data, svg::label_at::along});
  const auto d = read(draw(c));
  const auto labels = labels_of(d);
  ASSERT_EQ(labels.size(), 2U);
  const auto plots = d.named("svg");
  const double top = std::stod(plots[1].attribute("y"));
  for (const auto& e : d.of_class("line")) {
    const double y = start_of(e.attribute("d")).y + top;
    for (const auto& l : labels) {
      EXPECT_TRUE(l.box.y1 < y || l.box.y0 > y) << l.text << " on the line at " << y;
    }
  }
}

TEST(chart, a_legend_wraps_where_it_is_narrow) {
  svg::chart c;
  c.width = 240;
  for (int i = 0; i < 8; ++i) c.legend.push_back({"family number " + std::to_string(i), i});
  const auto d = read(draw(c));
  const auto marks = d.of_class("mark");
  ASSERT_EQ(marks.size(), 8U);
  for (const auto& m : marks) EXPECT_LT(start_of(m.attribute("d")).x, c.width);
  EXPECT_GT(start_of(marks[7].attribute("d")).y, start_of(marks[0].attribute("d")).y);
}

TEST(chart, shapes_go_with_colors) {
  svg::chart c;
  for (int i = 0; i < 4; ++i) {
    c.points.push_back(at(i, i, ""));
    c.points.back().color = i;
  }
  std::vector<std::string> shapes;
  for (const auto& m : read(draw(c)).of_class("mark")) {
    const std::string path = m.attribute("d");
    shapes.push_back(path.substr(path.find('m')));
  }
  std::sort(shapes.begin(), shapes.end());
  EXPECT_EQ(std::unique(shapes.begin(), shapes.end()), shapes.end());
}

}  // namespace
