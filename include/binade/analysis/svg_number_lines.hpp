// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/svg.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace binade::inline v0::svg {

/// The representable values of one format.
struct number_line {
  std::string name, note;
  std::vector<double> values;
  int color = 0;
};

/// Number lines below each other, over one axis. On a log2 axis powers of two stand out, and values
/// that are not positive are left out.
struct number_lines {
  std::string title;
  double width = 720;
  axis x;
  std::vector<number_line> rows;
};

/// Draws number lines.
///
/// NaN:  values without a position are left out.
/// Post: one well-formed <svg> element.
[[nodiscard]] inline std::string draw(const number_lines& n) {
  std::vector<double> all;
  double names = 0, notes = 0;
  for (const auto& row : n.rows) {
    all.insert(all.end(), row.values.begin(), row.values.end());
    names = std::max(names, text_width(row.name));
    notes = std::max(notes, text_width(row.note));
  }
  const bool roomy = n.width >= 560;
  const double left = names + 16, right = n.width - (roomy && notes > 0 ? notes + 20 : 8);
  constexpr double pitch = 32;
  const double bottom = pitch * static_cast<double>(n.rows.size()) + 4;
  const double height = bottom + (n.x.label.empty() ? 24 : 42);
  scale sx = make_scale(n.x, all, 0.015);
  sx.from = left, sx.to = right;
  std::string out = open_svg(n.title, n.width, height);
  for (const tick& t : make_ticks(sx, std::max(3, static_cast<int>((right - left) / 52)))) {
    out += segment(sx(t.value), 2, sx(t.value), bottom, "grid");
    out += text(sx(t.value), bottom + 16, "middle", "soft", t.text);
  }
  out += text(right, height - 4, "end", "soft", escape(n.x.label));
  double y = pitch / 2;
  for (const auto& row : n.rows) {
    std::vector<double> values;
    for (const double v : row.values) {
      if (sx.has(v) && sx(v) >= left - 1 && sx(v) <= right + 1) values.push_back(v);
    }
    std::sort(values.begin(), values.end());
    std::string d, before;
    for (const double v : values) {
      int exponent = 0;
      const bool power = n.x.scale == axis_scale::log2 && std::frexp(v, &exponent) == 0.5;
      const double half = power || v == 0 ? 10 : 6;
      const std::string at = pixels(sx(v));
      if (at == before && !power) continue;
      before = at;
      d += "M" + at + " " + pixels(y - half) + "V" + pixels(y + half);
    }
    out += "<g class=\"item " + color_class(row.color) + "\"><title>" +
           escape(row.name + (row.note.empty() ? "" : ": " + row.note)) + "</title>";
    out += text(left - 12, y + 4, "end", "name", escape(row.name));
    if (!values.empty()) {
      out += segment(sx(values.front()), y, sx(values.back()), y, "leader");
      out += std::string("<path class=\"hit\" d=\"M") + pixels(left) + " " + pixels(y) + "H" +
             pixels(right) + "\"/><path class=\"values\" d=\"" + d + "\"/>";
    }
    if (roomy) out += text(right + 12, y + 4, "start", "soft", escape(row.note));
    out += "</g>\n";
    y += pitch;
  }
  return out + "</svg>\n";
}

}  // namespace binade::inline v0::svg
