// SPDX-License-Identifier: MIT
#include "binade/analysis/svg.hpp"

#include "xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace svg = binade::svg;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();

// A character in UTF-8, from the definition of the encoding.
std::string utf8(std::uint32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80U | (c >> shift & 0x3fU)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0U | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xe0U | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | c >> 18), tail(12), tail(6), tail(0)};
}

TEST(escape, every_character) {
  for (std::uint32_t c = 0; c < 0x110000; ++c) {
    // XML 1.0, production 2; a carriage return is allowed there, but a reader would change it.
    const bool allowed = c == '\t' || c == '\n' || (c >= 0x20 && c < 0xd800) ||
                         (c >= 0xe000 && (c & 0xfffeU) != 0xfffeU);
    const std::string text = utf8(c);
    std::string expected = allowed ? text : "&#xFFFD;";
    if (c == '&') expected = "&amp;";
    if (c == '<') expected = "&lt;";
    if (c == '>') expected = "&gt;";
    if (c == '"') expected = "&quot;";
    if (c == '\'') expected = "&#39;";
    const std::string got = svg::escape(text);
    if (c >= 0xd800 && c < 0xe000) {
      ASSERT_EQ(got, "&#xFFFD;&#xFFFD;&#xFFFD;") << c;  // no bytes of UTF-8 at all
    } else if (!allowed) {
      ASSERT_EQ(got.substr(0, 8), "&#xFFFD;") << c;
    } else {
      ASSERT_EQ(got, expected) << c;
    }
    ASSERT_EQ(xml::text_problem(got), "") << c;
  }
}

TEST(escape, broken_utf8_keeps_its_neighbours) {
  EXPECT_EQ(svg::escape("a\x80z"), "a&#xFFFD;z");
  EXPECT_EQ(svg::escape("a\xffz"), "a&#xFFFD;z");
  EXPECT_EQ(svg::escape("a\xc3"), "a&#xFFFD;");
  EXPECT_EQ(svg::escape("\xc3<b"), "&#xFFFD;&lt;b");
  EXPECT_EQ(svg::escape("\xc0\x80"), "&#xFFFD;&#xFFFD;");                // overlong
  EXPECT_EQ(svg::escape("\xf4\x90\x80\x80x").substr(0, 8), "&#xFFFD;");  // above U+10FFFF
  EXPECT_EQ(svg::escape(""), "");
  EXPECT_EQ(svg::escape(R"(<a b="c">&'x'</a>)"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;x&#39;&lt;/a&gt;");
}

TEST(number, shortens_rounds_and_names_what_is_no_number) {
  EXPECT_EQ(svg::number(1.5, 2), "1.5");
  EXPECT_EQ(svg::number(20.449, 2), "20.45");
  EXPECT_EQ(svg::number(100, 0), "100");
  EXPECT_EQ(svg::number(-0.25, 2), "&#8722;0.25");
  EXPECT_EQ(svg::number(-0.0, 2), "0");
  EXPECT_EQ(svg::number(-0.001, 2), "0");
  EXPECT_EQ(svg::number(nan, 2), "&#8211;");
  EXPECT_EQ(svg::number(infinity, 2), "&#8734;");
  EXPECT_EQ(svg::number(-infinity, 2), "&#8722;&#8734;");
  EXPECT_EQ(svg::number(largest, 0).size(), 309U);
  EXPECT_EQ(svg::number(1, 1000), "1");
}

TEST(fixed, keeps_its_decimals) {
  EXPECT_EQ(svg::fixed(31, 1), "31.0");
  EXPECT_EQ(svg::fixed(-1.25, 2), "&#8722;1.25");
  EXPECT_EQ(svg::fixed(-0.001, 2), "0.00");
  EXPECT_EQ(svg::fixed(0, 0), "0");
  EXPECT_EQ(svg::fixed(nan, 2), "&#8211;");
  EXPECT_EQ(svg::fixed(-infinity, 2), "&#8722;&#8734;");
}

TEST(pixels, are_plain_and_bounded) {
  EXPECT_EQ(svg::pixels(12.34), "12.3");
  EXPECT_EQ(svg::pixels(-7), "-7");
  EXPECT_EQ(svg::pixels(-0.01), "0");
  EXPECT_EQ(svg::pixels(nan), "0");
  EXPECT_EQ(svg::pixels(infinity), "1000000");
  EXPECT_EQ(svg::pixels(-1e300), "-1000000");
}

TEST(style, has_both_schemes_and_closes_what_it_opens) {
  const std::string css = svg::style();
  EXPECT_EQ(std::count(css.begin(), css.end(), '{'), std::count(css.begin(), css.end(), '}'));
  EXPECT_NE(css.find("prefers-color-scheme:dark"), std::string::npos);
  for (const char* property : {"--paper:", "--ink:", "--soft:", "--rule:", "--axis:", "--c0:",
                               "--c1:", "--c2:", "--c3:", "--c4:", "--c5:", "--c6:", "--c7:"}) {
    const std::size_t first = css.find(property);
    ASSERT_NE(first, std::string::npos) << property;
    EXPECT_NE(css.find(property, first + 1), std::string::npos) << property << " has one scheme";
  }
  for (const char* elsewhere : {"url(", "@import", "http", "</"}) {
    EXPECT_EQ(css.find(elsewhere), std::string::npos) << elsewhere;
  }
}

// WCAG 2.1: relative luminance, and contrast of at least 4.5 for text.
double luminance(const std::string& color) {
  const auto channel = [&color](std::size_t i) {
    const bool brief = color.size() == 4;
    std::string digits = color.substr(brief ? 1 + i : 1 + 2 * i, brief ? 1 : 2);
    if (brief) digits += digits;
    const double c = std::stoi(digits, nullptr, 16) / 255.0;
    return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2);
}

TEST(style, text_is_readable_on_its_background) {
  const std::string css = svg::style();
  const std::size_t dark = css.find("@media");
  for (const std::size_t scheme : {std::size_t{0}, dark}) {
    const auto color_of = [&](const std::string& name) {
      const std::size_t at = css.find("--" + name + ":", scheme) + name.size() + 3;
      return css.substr(at, css.find(';', at) - at);
    };
    const double paper = luminance(color_of("paper"));
    for (const char* name : {"ink", "soft", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"}) {
      const double text = luminance(color_of(name));
      const double contrast = (std::max(paper, text) + 0.05) / (std::min(paper, text) + 0.05);
      EXPECT_GE(contrast, 4.5) << name << " " << color_of(name) << " on " << color_of("paper");
    }
  }
}

TEST(scale, maps_bounds_to_pixels) {
  svg::scale s = svg::make_scale({"", svg::axis_scale::log2, 1, 256}, {}, 0.1);
  s.from = 10, s.to = 90;
  EXPECT_DOUBLE_EQ(s(1), 10);
  EXPECT_DOUBLE_EQ(s(16), 50);
  EXPECT_DOUBLE_EQ(s(256), 90);
  EXPECT_FALSE(s.has(0));
  EXPECT_FALSE(s.has(-1));
  EXPECT_FALSE(s.has(nan));
  EXPECT_FALSE(s.has(infinity));
  EXPECT_TRUE(svg::scale::has(-1, svg::axis_scale::linear));
}

TEST(make_scale, covers_the_data_with_a_margin) {
  const std::vector<double> data{3, nan, 7, infinity, -infinity, 5};
  const svg::scale s = svg::make_scale({}, data, 0.25);
  EXPECT_DOUBLE_EQ(s.low, 2);
  EXPECT_DOUBLE_EQ(s.high, 8);
  const svg::scale fixed = svg::make_scale({"", svg::axis_scale::linear, 0}, data, 0);
  EXPECT_DOUBLE_EQ(fixed.low, 0);
  EXPECT_DOUBLE_EQ(fixed.high, 7);
  const std::vector<double> powers{-4, 0, 4, 1024};
  const svg::scale logs = svg::make_scale({"", svg::axis_scale::log2}, powers, 0);
  EXPECT_DOUBLE_EQ(logs.low, 2);
  EXPECT_DOUBLE_EQ(logs.high, 10);
}

TEST(make_scale, is_finite_and_ascending_for_any_data) {
  const std::vector<std::vector<double>> data{
      {},        {nan},        {infinity}, {0},           {5, 5}, {-largest, largest},
      {largest}, {largest, 0}, {5e-324},   {1e300, 1e300}};
  for (const auto kind : {svg::axis_scale::linear, svg::axis_scale::log2, svg::axis_scale::log10}) {
    for (const auto& values : data) {
      for (const svg::axis& a :
           {svg::axis{"", kind}, svg::axis{"", kind, 5, 5}, svg::axis{"", kind, 7, 3},
            svg::axis{"", kind, infinity, nan}, svg::axis{"", kind, -largest, largest}}) {
        const svg::scale s = svg::make_scale(a, values, 0.1);
        EXPECT_LT(s.low, s.high);
        EXPECT_TRUE(std::isfinite(s.low) && std::isfinite(s.high));
      }
    }
  }
}

TEST(make_ticks, are_round_few_and_inside) {
  std::mt19937_64 engine(7);
  std::uniform_real_distribution<double> exponent(-12, 12), fraction(-1, 1);
  for (int i = 0; i < 20000; ++i) {
    svg::scale s;
    s.low = fraction(engine) * std::pow(10.0, exponent(engine));
    s.high = s.low + std::pow(10.0, exponent(engine));
    if (!(s.high - s.low > 1e-6 * std::fabs(s.low))) continue;
    const int most = 3 + i % 12;
    const auto ticks = svg::make_ticks(s, most);
    ASSERT_LE(ticks.size(), static_cast<std::size_t>(most)) << s.low << " .. " << s.high;
    // Steps grow by 2 or 2.5, so that at least a third of the ticks fit, less one at the borders.
    ASSERT_GE(static_cast<double>(ticks.size()), (most - 1) / 2.5 - 1) << s.low << " " << s.high;
    const double slack = 1e-8 * (s.high - s.low);
    for (std::size_t k = 0; k < ticks.size(); ++k) {
      ASSERT_GE(ticks[k].value, s.low - slack);
      ASSERT_LE(ticks[k].value, s.high + slack);
      ASSERT_GT(ticks[k].width, 0);
      if (k == 0) continue;
      const double step = ticks[k].value - ticks[k - 1].value;
      double mantissa = step / std::pow(10.0, std::floor(std::log10(step * (1 + 1e-6))));
      ASSERT_TRUE(std::fabs(mantissa - 1) < 1e-3 || std::fabs(mantissa - 2) < 1e-3 ||
                  std::fabs(mantissa - 5) < 1e-3)
          << step;
    }
  }
}

TEST(make_ticks, of_logarithmic_scales_are_powers) {
  const auto texts = [](svg::axis_scale kind, double low, double high, int most) {
    svg::scale s;
    s.kind = kind, s.low = low, s.high = high;
    std::string all;
    for (const auto& t : svg::make_ticks(s, most)) all += t.text + " ";
    return all;
  };
  EXPECT_EQ(texts(svg::axis_scale::log2, 3, 8, 9), "8 16 32 64 128 256 ");
  EXPECT_EQ(texts(svg::axis_scale::log2, 3, 8, 4), "16 64 256 ");
  EXPECT_EQ(texts(svg::axis_scale::log2, -9, 9, 5),
            "2<tspan class=\"sup\" dy=\"-4\">&#8722;8</tspan> 2<tspan class=\"sup\" "
            "dy=\"-4\">0</tspan> 2<tspan class=\"sup\" dy=\"-4\">8</tspan> ");
  EXPECT_EQ(texts(svg::axis_scale::log10, 0, 3, 9), "1 10 100 1000 ");
  EXPECT_EQ(texts(svg::axis_scale::linear, 0, 1, 6), "0 0.2 0.4 0.6 0.8 1 ");
}

TEST(markup, is_well_formed) {
  const std::string drawing = svg::open_svg("a < \"b\" & 'c'", 100, 50) +
                              svg::segment(1, 2, 3, 4, "axis") +
                              svg::text(5, 6, "end", "soft", svg::escape("<x>")) + "</svg>";
  const xml::document d = xml::read(drawing);
  EXPECT_EQ(d.problem, "");
  EXPECT_EQ(d.named("path")[0].attribute("d"), "M1 2L3 4");
  EXPECT_EQ(d.named("text")[0].text, "&lt;x&gt;");
  EXPECT_EQ(d.elements[0].attribute("aria-label"), "a &lt; &quot;b&quot; &amp; &#39;c&#39;");
  EXPECT_EQ(svg::color_class(9), "c1");
  EXPECT_EQ(svg::color_class(-1), "c7");
}

TEST(box, overlap) {
  const svg::box b{0, 0, 10, 10};
  EXPECT_EQ(b.overlap({5, 8, 20, 20}), 10);
  EXPECT_EQ(b.overlap({10, 0, 20, 10}), 0);
  EXPECT_EQ(b.overlap({-5, -5, 15, 15}), 100);
}

TEST(text_width, counts_characters_not_bytes) {
  EXPECT_EQ(svg::text_width(""), 0);
  EXPECT_GT(svg::text_width("WWWW"), svg::text_width("iiii"));
  EXPECT_DOUBLE_EQ(svg::text_width("\xc3\xa9"), svg::text_width("e"));
  EXPECT_DOUBLE_EQ(svg::text_width("ab") + svg::text_width("cd"), svg::text_width("abcd"));
}

// Least squares under a gap: a group that touches stands around the mean of what it wanted.
TEST(spread, moves_as_little_as_it_can) {
  std::vector<double> far{10, 0, 5};
  svg::spread(far, 2, -100, 100);
  EXPECT_EQ(far, (std::vector<double>{10, 0, 5}));
  std::vector<double> equal{4, 4, 4};
  svg::spread(equal, 2, -100, 100);
  EXPECT_EQ(equal, (std::vector<double>{2, 4, 6}));
  std::vector<double> chain{0, 1, 10};
  svg::spread(chain, 2, -100, 100);
  EXPECT_EQ(chain, (std::vector<double>{-0.5, 1.5, 10}));
  std::vector<double> low{0, 0, 0};
  svg::spread(low, 2, 0, 100);
  EXPECT_EQ(low, (std::vector<double>{0, 2, 4}));
  std::vector<double> high{9, 9, 9};
  svg::spread(high, 2, 0, 9);
  EXPECT_EQ(high, (std::vector<double>{5, 7, 9}));
  std::vector<double> none;
  svg::spread(none, 2, 0, 9);
  EXPECT_TRUE(none.empty());
}

TEST(spread, keeps_gap_order_and_bounds) {
  std::mt19937 engine(3);
  std::uniform_real_distribution<double> anywhere(0, 300);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<double> wanted(static_cast<std::size_t>(1 + trial % 15));
    for (double& y : wanted) y = std::floor(anywhere(engine) / 10) * 10;
    std::vector<double> got = wanted;
    svg::spread(got, 15, 0, 300);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_GE(got[i], -1e-9);
      ASSERT_LE(got[i], 300 + 1e-9);
      for (std::size_t k = 0; k < got.size(); ++k) {
        if (i == k) continue;
        ASSERT_GE(std::fabs(got[i] - got[k]), 15 - 1e-9);
        if (wanted[i] < wanted[k]) {
          ASSERT_LT(got[i], got[k]);
        }
      }
    }
  }
}

}  // namespace
