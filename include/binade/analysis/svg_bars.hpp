// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0::svg {

/// Horizontal bars: a panel for each column, a bar for each row, over one range that includes 0.
struct bars {
  std::string title;
  double width = 720;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> values;  // [column][row]; NaN or nothing: no bar
  int decimals = 1;
  int color = 0;
};

namespace detail {

/// `text` as markup, its middle replaced by an ellipsis where it is wider than `width`: the ends of
/// tensor names are what tells them apart.
inline std::string shorten(std::string_view text, double width) {
  if (text_width(text) <= width) return escape(text);
  const auto inside = [text](std::size_t i) {  // a UTF-8 sequence
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U;
  };
  std::size_t head = 0, tail = text.size();
  for (bool front = true;; front = !front) {
    std::size_t h = head, t = tail;
    if (front) {
      do ++h;
      while (inside(h));
    } else {
      do --t;
      while (t > 0 && inside(t));
    }
    if (h >= t || text_width(text.substr(0, h)) + text_width(text.substr(t)) + 12 > width) break;
    head = h, tail = t;
  }
  return escape(text.substr(0, head)) + "&#8230;" + escape(text.substr(tail));
}

}  // namespace detail

/// Draws bars.
///
/// NaN:  an en dash instead of a bar; an infinite value fills its panel.
/// Post: one well-formed <svg> element.
[[nodiscard]] inline std::string draw(const bars& b) {
  double longest = 0, low = 0, high = 0;
  for (const auto& row : b.rows) longest = std::max(longest, text_width(row));
  for (const auto& column : b.values) {
    for (const double v : column) {
      if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
  }
  if (low == high) high = 1;
  const double left = std::min(longest, std::min(b.width * 0.38, 260.0)) + 14;
  constexpr double gap = 22, pitch = 21, value_width = 40;
  const std::size_t columns = b.columns.size();
  const double room = std::max(1.0, std::floor((b.width - left + gap) / (112 + gap)));
  const std::size_t most =
      std::max<std::size_t>(1, std::min(columns, static_cast<std::size_t>(room)));
  const std::size_t bands = std::max<std::size_t>(1, (columns + most - 1) / most);
  const std::size_t per_band = std::max<std::size_t>(1, (columns + bands - 1) / bands);
  const double panel =
      (b.width - left - gap * static_cast<double>(per_band - 1)) / static_cast<double>(per_band);
  const double band = 26 + pitch * static_cast<double>(b.rows.size());
  const double height = band * static_cast<double>(bands) + 18 * static_cast<double>(bands - 1);
  const double length = panel - value_width;
  const double zero = length * (0 - low) / (high - low);

  std::string out = open_svg(b.title, b.width, height);
  for (std::size_t k = 0; k < std::max<std::size_t>(1, columns); ++k) {
    const double top = static_cast<double>(k / per_band) * (band + 18);
    const double x = left + static_cast<double>(k % per_band) * (panel + gap) + zero;
    if (k < columns) {
      out += text(x - zero, top + 12, "start", "head", escape(b.columns[k]));
    }
    for (std::size_t r = 0; r < b.rows.size(); ++r) {
      const double y = top + 24 + pitch * static_cast<double>(r);
      if (k % per_band == 0) {
        out += std::string("<g><title>") + escape(b.rows[r]) + "</title>" +
               text(left - 12, y + 8, "end", "soft", detail::shorten(b.rows[r], left - 13)) +
               "</g>\n";
      }
      if (k >= columns || k >= b.values.size() || r >= b.values[k].size()) continue;
      const double v = b.values[k][r];
      const double reach =
          std::isnan(v) ? 0 : std::clamp(length * v / (high - low), -zero, length - zero);
      out += "<g class=\"" + color_class(b.color) + "\"><title>" +
             escape(b.columns[k] + ", " + b.rows[r]) + ": " + number(v, b.decimals + 1) +
             "</title><path class=\"bar\" d=\"M" + pixels(x) + " " + pixels(y) + "h" +
             pixels(reach) + "v9h" + pixels(-reach) + "z\"/>" +
             text(x + std::max(0.0, reach) + 5, y + 8.5, "start", "value", fixed(v, b.decimals)) +
             "</g>\n";
    }
    if (!b.rows.empty() && k < columns) {
      out += segment(x, top + 20, x, top + band - 2, "axis");
    }
  }
  return out + "</svg>\n";
}

}  // namespace binade::inline v0::svg
