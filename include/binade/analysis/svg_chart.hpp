// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Charts as SVG elements, from plain data. They need the style sheet of svg::style() around them.
// Labels stand beside what they name: each is put where it covers the least of what is drawn.
namespace binade::inline v0::svg {

/// How a line is drawn: data is solid, a connection between points is thin, a reference is thin,
/// dotted and grey, and no range follows from it.
enum class line_kind : std::uint8_t { data, connection, reference };

/// Where a line's name stands: at its right end, beside it, or nowhere.
enum class label_at : std::uint8_t { end, along, nowhere };

/// A polyline. It breaks where a coordinate has no position on its axis.
struct line {
  std::string name;
  std::vector<double> x, y;
  int color = 0;  // 0..7
  line_kind kind = line_kind::data;
  label_at label = label_at::end;
};

/// A marked point. Low ranks are labelled first; a label without room is left out, and the tip
/// still names the point. Whatever carries the same key lights up together in a report.
struct point {
  double x = 0, y = 0;
  std::string label, tip, key;
  int color = 0;  // 0..7; it also picks the marker's shape
  int rank = 0;
};

/// A colour's name, where direct labels cannot tell it.
struct legend_entry {
  std::string name;
  int color = 0;
};

/// Lines and points over two axes.
struct chart {
  std::string title;  // read aloud, not drawn
  double width = 720, height = 420;
  axis x, y;
  std::vector<line> lines;
  std::vector<point> points;
  std::vector<legend_entry> legend;
};

namespace detail {

struct place {
  double x, y;
};
using stretch = std::vector<place>;  // of a line, without a break

/// Circle, square, diamond and triangle of about equal weight, around a place.
inline std::string marker(double x, double y, int color) {
  const std::string at = std::string("M") + pixels(x) + " " + pixels(y);
  constexpr std::array shapes{"m-4.4 0a4.4 4.4 0 1 0 8.8 0a4.4 4.4 0 1 0-8.8 0z",
                              "m-3.9-3.9h7.8v7.8h-7.8z", "m0-5.4l5.4 5.4l-5.4 5.4l-5.4-5.4z",
                              "m0-5.2l5 8.8h-10z"};
  return "<path class=\"mark\" d=\"" + at + shapes[static_cast<std::size_t>(color & 3)] + "\"/>";
}

/// What is drawn already, and what covering it costs.
class drawn_space {
 public:
  explicit drawn_space(box bounds) : bounds_(bounds) {}

  void add(const box& b, double weight) { taken_.push_back({b, weight}); }
  void add_path(place a, place b, double weight) {
    const double length = std::hypot(b.x - a.x, b.y - a.y);
    const int steps = static_cast<int>(std::min(200.0, length / 5)) + 1;
    for (int i = 0; i <= steps; ++i) {
      const double x = a.x + (b.x - a.x) * i / steps;
      const double y = a.y + (b.y - a.y) * i / steps;
      if (x >= bounds_.x0 && x <= bounds_.x1 && y >= bounds_.y0 && y <= bounds_.y1) {
        add({x - 2.5, y - 2.5, x + 2.5, y + 2.5}, weight);
      }
    }
  }
  [[nodiscard]] double cost(const box& b) const {
    if (b.x0 < bounds_.x0 || b.y0 < bounds_.y0 || b.x1 > bounds_.x1 || b.y1 > bounds_.y1) {
      return std::numeric_limits<double>::infinity();
    }
    double sum = 0;
    for (const auto& [other, weight] : taken_) sum += weight * b.overlap(other);
    return sum;
  }

 private:
  box bounds_;
  std::vector<std::pair<box, double>> taken_;
};
// Covering a label costs most, a marker less, a line least.
inline constexpr double label_weight = 50, marker_weight = 12, line_weight = 0.2;
// What a label may cost and still be drawn: it may stand on lines, hardly on anything else.
inline constexpr double label_budget = 90;

/// Labels points on rings around them, by rank; a leader joins what stands apart.
inline std::string label_points(std::span<const point> points, const scale& sx, const scale& sy,
                                drawn_space& space) {
  std::vector<const point*> order;
  for (const point& p : points) {
    if (!sx.has(p.x) || !sy.has(p.y)) continue;
    order.push_back(&p);
    const double x = sx(p.x), y = sy(p.y);
    space.add({x - 5, y - 5, x + 5, y + 5}, marker_weight);
  }
  std::sort(order.begin(), order.end(), [](const point* a, const point* b) {
    return a->rank != b->rank ? a->rank < b->rank : a < b;  // neighbours in one array
  });
  std::string out;
  for (const point* p : order) {
    if (p->label.empty()) continue;
    const double x = sx(p->x), y = sy(p->y), width = text_width(p->label);
    double best = label_budget, best_x = 0, best_y = 0;
    const char* best_anchor = nullptr;
    for (const double radius : {9.0, 14.0, 20.0, 28.0, 38.0, 50.0, 64.0, 80.0, 100.0, 125.0}) {
      for (int k = 0; k < 24; ++k) {
        const double angle = k * std::numbers::pi / 12;
        const double cx = x + radius * std::cos(angle), cy = y - radius * std::sin(angle);
        const bool right = std::cos(angle) > 0.25, left = std::cos(angle) < -0.25;
        const double x0 = right ? cx : left ? cx - width : cx - width / 2;
        const box b{x0 - 1, cy - 7, x0 + width + 1, cy + 7};
        double cost = 0.45 * radius + 2 * (1 - std::cos(angle)) + space.cost(b);
        for (int i = 1; radius > 14 && i < 8 && cost < best; ++i) {
          const double part = 8 / radius + (1 - 8 / radius) * i / 8;  // 8: outside its own marker
          const double lx = x + (cx - x) * part, ly = y + (cy - y) * part;
          cost += 0.3 * space.cost({lx - 1.5, ly - 1.5, lx + 1.5, ly + 1.5});
        }
        if (cost < best) {
          best = cost, best_x = cx, best_y = cy;
          best_anchor = right ? "start" : left ? "end" : "middle";
        }
      }
    }
    if (best_anchor == nullptr) continue;
    const double x0 = *best_anchor == 's'   ? best_x
                      : *best_anchor == 'e' ? best_x - width
                                            : best_x - width / 2;
    space.add({x0, best_y - 7, x0 + width, best_y + 6}, label_weight);
    if (std::hypot(best_x - x, best_y - y) > 15) {
      space.add_path({x, y}, {best_x, best_y}, 4);
      const double part = 6 / std::hypot(best_x - x, best_y - y);
      out += "<g class=\"" + color_class(p->color) + "\">" +
             segment(x + (best_x - x) * part, y + (best_y - y) * part, best_x, best_y, "leader") +
             "</g>";
    }
    out += "<g class=\"" + color_class(p->color) + "\" data-key=\"" + escape(p->key) + "\">" +
           text(best_x, best_y + 4, best_anchor, "name", escape(p->label)) + "</g>";
  }
  return out;
}

/// The stretches of a line that have positions.
inline std::vector<stretch> stretches(const line& l, const scale& sx, const scale& sy) {
  std::vector<stretch> parts(1);
  for (std::size_t i = 0; i < std::min(l.x.size(), l.y.size()); ++i) {
    if (sx.has(l.x[i]) && sy.has(l.y[i])) {
      parts.back().push_back(
          {std::clamp(sx(l.x[i]), -1e5, 1e5), std::clamp(sy(l.y[i]), -1e5, 1e5)});
    } else if (!parts.back().empty()) {
      parts.emplace_back();
    }
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

/// One chart on its way to text: the frame first, since it fixes the scales.
class chart_drawing {
 public:
  explicit chart_drawing(const chart& c) : c_(c) {}

  std::string draw() {
    fit_scales();
    std::string out = open_svg(c_.title, c_.width, c_.height);
    out += head();  // first, since it says where the plot begins
    out += frame();
    drawn_space space({left_, top_, right_ + 10, bottom_});
    out += lines(space);
    for (const point& p : c_.points) {
      if (!sx_.has(p.x) || !sy_.has(p.y)) continue;
      out += "<g class=\"point " + color_class(p.color) + "\" data-key=\"" + escape(p.key) +
             "\"><title>" + escape(p.tip.empty() ? p.label : p.tip) + "</title>" +
             marker(sx_(p.x), sy_(p.y), p.color) + "</g>\n";
    }
    return out + label_points(c_.points, sx_, sy_, space) + "</svg>\n";
  }

 private:
  void fit_scales() {
    std::vector<double> xs, ys;
    const auto add = [&](double x, double y) {
      if (!scale::has(x, c_.x.scale) || !scale::has(y, c_.y.scale)) return;
      xs.push_back(x), ys.push_back(y);
    };
    for (const line& l : c_.lines) {
      if (l.kind == line_kind::reference) continue;
      for (std::size_t i = 0; i < std::min(l.x.size(), l.y.size()); ++i) add(l.x[i], l.y[i]);
    }
    for (const point& p : c_.points) add(p.x, p.y);
    sx_ = make_scale(c_.x, xs, c_.points.empty() ? 0.0 : 0.05);
    sy_ = make_scale(c_.y, ys, 0.06);
    empty_ = xs.empty();
  }

  /// The y axis' name, and the legend, in the same row if it fits there.
  std::string head() {
    std::string out = text(0, 12, "start", "soft", escape(c_.y.label));
    top_ = 12;
    double total = 0;
    for (const auto& entry : c_.legend) total += text_width(entry.name) + 28;
    double x = c_.width - total;
    if (x < text_width(c_.y.label) + 20) x = 0, top_ += c_.legend.empty() ? 0 : 20;
    for (const auto& entry : c_.legend) {
      const double width = text_width(entry.name) + 28;
      if (x > 0 && x + width > c_.width + 1) x = 0, top_ += 18;
      out += "<g class=\"" + color_class(entry.color) + "\">" +
             marker(x + 8, top_ - 4, entry.color) +
             text(x + 17, top_, "start", "soft", escape(entry.name)) + "</g>\n";
      x += width;
    }
    top_ += 14;
    return out;
  }

  /// Axes and grid.
  std::string frame() {
    double end_labels = 0;
    for (const line& l : c_.lines) {
      if (l.label == label_at::end) end_labels = std::max(end_labels, text_width(l.name));
    }
    bottom_ = c_.height - (c_.x.label.empty() ? 22 : 40);
    right_ = c_.width - (end_labels > 0 ? end_labels + 14 : 10);
    const auto y_ticks = make_ticks(sy_, std::max(3, static_cast<int>((bottom_ - top_) / 44)));
    left_ = 20;
    for (const tick& t : y_ticks) left_ = std::max(left_, t.width + 10);
    sx_.from = left_, sx_.to = right_, sy_.from = bottom_, sy_.to = top_;
    std::string out;
    for (const tick& t : y_ticks) {
      out += segment(left_, sy_(t.value), right_, sy_(t.value), "grid");
      out += text(left_ - 8, sy_(t.value) + 4, "end", "soft", t.text);
    }
    out += segment(left_, bottom_, right_, bottom_, "axis");
    const double x_pitch = sx_.kind == axis_scale::linear ? 58 : 42;
    for (const tick& t :
         make_ticks(sx_, std::max(3, static_cast<int>((right_ - left_) / x_pitch)))) {
      out += segment(sx_(t.value), bottom_, sx_(t.value), bottom_ + 4, "axis");
      out += text(sx_(t.value), bottom_ + 18, "middle", "soft", t.text);
    }
    out += text(right_, c_.height - 4, "end", "soft", escape(c_.x.label));
    if (empty_) {
      out += text((left_ + right_) / 2, (top_ + bottom_) / 2, "middle", "soft", "no data");
    }
    return out;
  }

  /// Lines with their labels: those at ends spread apart, those beside lines on the emptiest place.
  std::string lines(drawn_space& space) {
    std::vector<std::vector<stretch>> paths;
    std::vector<place> last(c_.lines.size(), {right_, std::numeric_limits<double>::quiet_NaN()});
    std::vector<double> ends;
    for (std::size_t i = 0; i < c_.lines.size(); ++i) {
      paths.push_back(stretches(c_.lines[i], sx_, sy_));
      for (const stretch& part : paths[i]) {
        for (std::size_t k = 0; k < part.size(); ++k) {
          if (inside(part[k])) last[i] = part[k];
          if (k > 0) space.add_path(part[k - 1], part[k], line_weight);
        }
      }
      if (c_.lines[i].label == label_at::end && !std::isnan(last[i].y)) ends.push_back(last[i].y);
    }
    spread(ends, 15, top_, bottom_);

    std::string marks, names;
    std::size_t end = 0;
    for (std::size_t i = 0; i < c_.lines.size(); ++i) {
      const line& l = c_.lines[i];
      if (paths[i].empty()) continue;
      const bool reference = l.kind == line_kind::reference;
      const char* const classes = reference ? "soft" : "name";
      const std::string item = "<g class=\"item " + color_class(l.color) + "\">";
      marks += item + path(l, paths[i]);
      if (l.label == label_at::end && !std::isnan(last[i].y)) {
        const double y = ends[end++];
        if (std::fabs(y - last[i].y) > 3 || last[i].x < right_ - 2) {
          marks += segment(last[i].x + 2, last[i].y, right_ + 6, y, "leader");
        }
        marks += text(right_ + 8, y + 4, "start", classes, escape(l.name));
      } else if (l.label == label_at::along) {
        const place at = beside(paths[i], text_width(l.name), space);
        if (!std::isnan(at.y)) {
          names += item + text(at.x, at.y + 4, "middle", classes, escape(l.name)) + "</g>\n";
        }
      }
      marks += "</g>\n";
    }
    return marks + names;
  }

  [[nodiscard]] bool inside(place p) const {
    return p.x >= left_ - 1 && p.x <= right_ + 1 && p.y >= top_ - 1 && p.y <= bottom_ + 1;
  }

  /// The line itself, cut to the plot by an inner drawing.
  [[nodiscard]] std::string path(const line& l, const std::vector<stretch>& parts) const {
    std::string d;
    for (const stretch& part : parts) {
      for (std::size_t k = 0; k < part.size(); ++k) {
        d.append(k == 0 ? "M" : "L").append(pixels(part[k].x - left_));
        d.append(" ").append(pixels(part[k].y - top_));
      }
      if (part.size() == 1) d += "h0";  // a lone place becomes a dot
    }
    constexpr std::array classes{"line", "line connection", "line reference"};
    return (l.name.empty() ? "" : std::string("<title>") + escape(l.name) + "</title>") +
           "<svg x=\"" + pixels(left_) + "\" y=\"" + pixels(top_) + "\" width=\"" +
           pixels(right_ - left_) + "\" height=\"" + pixels(bottom_ - top_) + "\">" +
           (l.kind == line_kind::data ? "<path class=\"hit\" d=\"" + d + "\"/>" : "") +
           "<path class=\"" + classes[static_cast<std::size_t>(l.kind)] + "\" d=\"" + d +
           "\"/></svg>\n";
  }

  /// The middle of a label of that width beside a line; NaN if there is no room.
  [[nodiscard]] place beside(const std::vector<stretch>& parts, double width,
                             drawn_space& space) const {
    double best = std::numeric_limits<double>::infinity();
    place at{0, std::numeric_limits<double>::quiet_NaN()};
    for (const stretch& part : parts) {
      for (std::size_t k = 0; k + 1 < part.size(); ++k) {
        const double dx = part[k + 1].x - part[k].x, dy = part[k + 1].y - part[k].y;
        const int steps = static_cast<int>(std::min(60.0, std::hypot(dx, dy) / 8)) + 1;
        for (int step = 0; step < steps; ++step) {
          const double side = width / 2 + 8;
          for (const auto& [x, y] :
               {place{0, -11}, place{0, 12}, place{side, 0}, place{-side, 0}}) {
            const place p{part[k].x + dx * step / steps + x, part[k].y + dy * step / steps + y};
            const box b{p.x - width / 2 - 2, p.y - 7, p.x + width / 2 + 2, p.y + 6};
            // A wider look around: who stands beside two lines names neither.
            const box around{b.x0 - 8, b.y0 - 8, b.x1 + 8, b.y1 + 8};
            const double cost = 10 * space.cost(b) + std::min(1e9, 2.5 * space.cost(around)) +
                                0.02 * std::fabs(p.x - (left_ + right_) / 2);
            if (cost < best) best = cost, at = p;
          }
        }
      }
    }
    if (!std::isnan(at.y)) {
      space.add({at.x - width / 2, at.y - 6, at.x + width / 2, at.y + 5}, label_weight);
    }
    return at;
  }

  const chart& c_;
  scale sx_, sy_;
  double left_ = 0, top_ = 0, right_ = 0, bottom_ = 0;
  bool empty_ = true;
};

}  // namespace detail

/// Draws a chart.
///
/// NaN:  points without a position are left out, lines break there; without data the axes say so.
/// Post: one well-formed <svg> element.
[[nodiscard]] inline std::string draw(const chart& c) { return detail::chart_drawing(c).draw(); }

}  // namespace binade::inline v0::svg
