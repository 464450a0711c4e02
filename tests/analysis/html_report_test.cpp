// SPDX-License-Identifier: MIT
#include "binade/analysis/html_report.hpp"

#include "xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace {

using binade::html_report;
using binade::report;
using binade::report_row;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

report_row row(const std::string& format, const std::string& scale, const std::string& tensor,
               double bits, double sqnr) {
  report_row r;
  r.format = format;
  r.family = bits < 5 ? "block" : "minifloat";
  r.scale = scale;
  r.granularity = "per_tensor";
  r.rounding = "ties_to_even";
  r.tensor = tensor;
  r.bits_per_element = bits;
  r.sqnr_db = sqnr;
  r.max_error = 0.0123456;
  r.clipped = 0;
  r.underflow = 0.0625;
  r.gemm_relative_error = 1e-6;
  r.quantize_gb_s = 1.5;
  return r;
}

report full_report() {
  report r;
  r.title = "Formats";
  r.subtitle = "A comparison";
  r.facts = {{"Seed", "1"}, {"CPU", "some CPU"}};
  for (const char* tensor : {"*", "layer0.weight", "layer1.weight"}) {
    r.rows.push_back(row("mxfp4", "pow2_floor", tensor, 4.25, 18.6));
    r.rows.push_back(row("mxfp4", "pow2_ceil", tensor, 4.25, 16.8));
    r.rows.push_back(row("nvfp4", "two_level", tensor, 4.5, 20.4));
    r.rows.push_back(row("e4m3fn", "absmax", tensor, 8, 31.5));
    r.rows.push_back(row("e5m2", "absmax", tensor, 8, 25.6));
    r.rows.push_back(row("float32", "", tensor, 32, infinity));
  }
  r.relative_error = {{"e4m3fn", {0.5, 1, 2}, {0.06, 0.06, 0.06}}, {"hif8", {0.5, 1}, {0.1, 0.06}}};
  r.number_lines = {{"e2m1fn", "15 values", {-6, -1, 0, 1, 6}}, {"nothing", "", {}}};
  r.block_sizes = {{"e2m1fn", {{"pow2_floor", {8, 16, 32}, {20, 19, 18}}}},
                   {"e4m3fn", {{"pow2_floor", {8, 16, 32}, {32, 31, 30}}}}};
  r.notes = {"A note"};
  return r;
}

xml::document read(const std::string& page) {
  xml::document d = xml::read(page, xml::dialect::html);
  EXPECT_EQ(d.problem, "");
  // Nothing is fetched: no element and no attribute that could, and no address but the two that
  // name SVG, which browsers do not open.
  for (const auto& e : d.elements) {
    for (const char* name : {"img", "link", "iframe", "object", "embed", "image", "use", "base"}) {
      EXPECT_NE(e.name, name);
    }
    for (const auto& [key, value] : e.attributes) {
      EXPECT_NE(key, "src");
      EXPECT_NE(key.substr(0, 2), "on") << key;
      EXPECT_EQ(key.find("href"), std::string::npos);
      if (key != "xmlns") {
        EXPECT_EQ(value.find("://"), std::string::npos) << value;
      }
    }
  }
  for (const char* name : {"style", "script"}) {
    const auto found = d.named(name);
    EXPECT_EQ(found.size(), 1U) << name;
    for (const char* address : {"://", "url(", "@import", "fetch", "eval", "innerHTML"}) {
      EXPECT_EQ(found[0].text.find(address), std::string::npos) << name << " " << address;
    }
    EXPECT_EQ(std::count(found[0].text.begin(), found[0].text.end(), '{'),
              std::count(found[0].text.begin(), found[0].text.end(), '}'));
  }
  return d;
}

std::vector<std::string> texts_of(const std::vector<xml::element>& elements) {
  std::vector<std::string> texts;
  for (const auto& e : elements) texts.push_back(e.text);
  return texts;
}

TEST(html_report, has_all_sections) {
  const auto d = read(html_report(full_report()));
  EXPECT_EQ(texts_of(d.named("h1")), std::vector<std::string>{"Formats"});
  EXPECT_EQ(texts_of(d.named("h2")),
            (std::vector<std::string>{"Quality against size", "Precision against magnitude",
                                      "Which values exist", "Block size and scale rule",
                                      "Tensor by tensor", "All results"}));
  EXPECT_EQ(texts_of(d.named("dd")), (std::vector<std::string>{"1", "some CPU"}));
  EXPECT_EQ(texts_of(d.named("figcaption")), (std::vector<std::string>{"e2m1fn", "e4m3fn"}));
  // Each of the 7 figures in two widths; a plot's inner drawings have no class.
  EXPECT_EQ(d.of_class("chart").size(), 14U);
  EXPECT_EQ(d.of_class("wide-chart").size(), d.of_class("narrow").size());
}

TEST(html_report, leaves_out_what_has_no_data) {
  const auto d = read(html_report({}));
  EXPECT_TRUE(d.named("section").empty());
  EXPECT_TRUE(d.named("svg").empty());
  EXPECT_TRUE(d.named("table").empty());
  EXPECT_TRUE(d.named("footer").empty());
  report one;
  one.rows.push_back({});  // no number at all
  EXPECT_EQ(read(html_report(one)).named("table").size(), 1U);
}

TEST(html_report, shows_names_as_text) {
  const std::string evil = "</script></title><img src=x onerror=\"alert(1)\">&\xff\x02'\"";
  report r = full_report();
  r.title = r.subtitle = evil;
  r.facts = {{evil, evil}};
  r.notes = {evil};
  for (auto& one : r.rows) {
    one.format = one.family = one.scale = one.granularity = one.rounding = evil;
    if (one.tensor != "*") one.tensor += evil;
  }
  for (auto& curve : r.relative_error) curve.name = evil;
  for (auto& line : r.number_lines) line.format = line.note = evil;
  for (auto& panel : r.block_sizes) {
    panel.title = evil;
    panel.curves[0].name = evil;
  }
  read(html_report(r));
}

TEST(html_report, numbers_that_are_none) {
  report r = full_report();
  for (const double odd : {nan, infinity, -infinity, 0.0, -1e300, 1e300, 5e-324}) {
    for (int i = 0; i < 2; ++i) {
      report_row one = row("odd", "absmax", i == 0 ? "*" : "layer0.weight", odd, odd);
      one.max_error = one.clipped = one.underflow = one.gemm_relative_error = odd;
      one.quantize_gb_s = one.dequantize_gb_s = odd;
      r.rows.push_back(one);
    }
    r.relative_error.push_back({"odd", {odd, 1}, {odd, odd}});
    r.number_lines.push_back({"odd", "", {odd, odd}});
    r.block_sizes.push_back({"odd", {{"odd", {odd}, {odd}}}});
  }
  const std::string page = html_report(r);
  const auto d = read(page);
  for (const auto& e : d.named("td")) {
    EXPECT_EQ(e.text.find("nan"), std::string::npos);
    EXPECT_EQ(e.text.find("inf"), std::string::npos);
  }
  for (const auto& e : d.named("path")) {
    EXPECT_EQ(e.attribute("d").find_first_of("nif"), std::string::npos) << e.attribute("d");
  }
}

TEST(html_report, table_cells) {
  const auto d = read(html_report(full_report()));
  const auto tables = d.named("table");
  ASSERT_EQ(tables.size(), 2U);
  // 6 overall rows of 12 cells, 12 rows of one tensor of 13 cells.
  const auto cells = d.named("td");
  ASSERT_EQ(cells.size(), 6U * 12 + 12U * 13);
  EXPECT_EQ(d.named("th").size(), 12U + 13U);
  const std::vector<xml::element> first(cells.begin(), cells.begin() + 12);
  EXPECT_EQ(texts_of(first),
            (std::vector<std::string>{"mxfp4", "pow2_floor", "per_tensor", "ties_to_even", "4.25",
                                      "18.60", "0.0123", "0", "6.25&#8201;%", "&lt; 0.01&#8201;%",
                                      "1.50", "&#8211;"}));
  const std::vector<std::string> sorted{"",          "",  "",       "",      "4.25", "18.6",
                                        "0.0123456", "0", "0.0625", "1e-06", "1.5",  ""};
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(first[i].attribute("data-v"), sorted[i]) << i;
  }
  EXPECT_EQ(cells[5 * 12 + 5].text, "&#8734;");
  EXPECT_EQ(cells[5 * 12 + 5].attribute("data-v"), "Infinity");
  EXPECT_EQ(cells[6 * 12 + 1].text, "layer0.weight");
}

TEST(html_report, marks_what_no_other_row_beats) {
  const auto d = read(html_report(full_report()));
  std::vector<std::string> front;
  for (const auto& e : d.of_class("front")) front.push_back(e.attribute("data-key"));
  EXPECT_EQ(front, (std::vector<std::string>{"mxfp4/pow2_floor/per_tensor/ties_to_even",
                                             "nvfp4/two_level/per_tensor/ties_to_even",
                                             "e4m3fn/absmax/per_tensor/ties_to_even"}));
  EXPECT_EQ(texts_of(d.named("strong")), (std::vector<std::string>{"nvfp4", "e4m3fn"}));
  EXPECT_EQ(texts_of(d.named("b")), (std::vector<std::string>{"20.4 ", "31.5 "}));
}

TEST(html_report, names_say_what_differs) {
  const std::string page = html_report(full_report());
  EXPECT_NE(page.find(">mxfp4 pow2_floor<"), std::string::npos);
  EXPECT_EQ(page.find(">nvfp4 two_level<"), std::string::npos);
  EXPECT_NE(page.find("exact on this data: float32."), std::string::npos);
}

TEST(html_report, every_point_has_its_row) {
  const auto d = read(html_report(full_report()));
  std::vector<std::string> keys;
  for (const auto& e : d.named("tr")) keys.push_back(e.attribute("data-key"));
  const auto points = d.of_class("point");
  EXPECT_EQ(points.size(), 2U * 5);  // two widths, the exact one is not drawn
  for (const auto& e : points) {
    EXPECT_NE(std::find(keys.begin(), keys.end(), e.attribute("data-key")), keys.end());
  }
}

TEST(html_report, rows_of_single_tensors_stand_for_all_if_there_is_nothing_else) {
  report r = full_report();
  std::erase_if(r.rows, [](const report_row& one) { return one.tensor == "*"; });
  const auto d = read(html_report(r));
  EXPECT_EQ(d.named("table").size(), 1U);
  EXPECT_EQ(d.named("td").size(), 12U * 13);
  EXPECT_TRUE(d.named("details").empty());
}

TEST(html_report, many_formats_and_tensors_stay_readable) {
  report r;
  for (int format = 0; format < 60; ++format) {
    for (int tensor = -1; tensor < 200; ++tensor) {
      r.rows.push_back(row("format_" + std::to_string(format), "absmax",
                           tensor < 0 ? "*" : "tensor_" + std::to_string(tensor), 2 + format % 15,
                           format));
    }
  }
  const auto d = read(html_report(r));
  EXPECT_EQ(d.of_class("point").size(), 120U);
  // 6 panels of 24 bars in two widths.
  EXPECT_EQ(d.of_class("bar").size(), 2U * 6 * 24);
}

}  // namespace
