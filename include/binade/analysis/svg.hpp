// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What every chart needs: text and numbers as markup, colours, axes, and places for labels.
namespace binade::inline v0::svg {

/// `text` for XML: markup escaped, bytes that are not UTF-8 and characters that XML forbids
/// replaced by U+FFFD.
[[nodiscard]] inline std::string escape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) -> std::uint32_t {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    const std::uint32_t lead = byte(0);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t code = length == 1 ? lead : lead & (0x7fU >> length);
    bool good = lead < 0x80 || (lead >= 0xc2 && lead < 0xf5);
    for (std::size_t k = 1; k < length; ++k) {
      good = good && (byte(k) & 0xc0U) == 0x80U;
      code = code << 6 | (byte(k) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> first{0, 0, 0x80, 0x800, 0x10000};
    good = good && code >= first[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
           (code >= 0x20 || code == '\t' || code == '\n') && (code & 0xfffeU) != 0xfffeU;
    switch (good ? lead : 0) {
      case 0:
        out += "&#xFFFD;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += text.substr(i, length);
    }
    i += good ? length : 1;
  }
  return out;
}

namespace detail {

/// A finite number with `decimals` decimals; ASCII, whatever the locale.
inline std::string padded_digits(double value, int decimals) {
  std::array<char, 400> buffer;  // the longest double has 309 digits before the point
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, std::clamp(decimals, 0, 60))
                       .ptr;
  return {buffer.data(), end};
}

/// The same without trailing zeros.
inline std::string digits(double value, int decimals) {
  std::string text = padded_digits(value, decimals);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}
}  // namespace detail

/// A number for display, with `decimals` decimals at most and no trailing zeros.
///
/// NaN: an en dash. Infinities and the minus sign have their own characters, as references.
[[nodiscard]] inline std::string number(double value, int decimals) {
  if (std::isnan(value)) return "&#8211;";
  if (std::isinf(value)) return value < 0 ? "&#8722;&#8734;" : "&#8734;";
  const std::string text = detail::digits(value, decimals);
  return text.starts_with('-') ? "&#8722;" + text.substr(1) : text;
}

/// The same with exactly `decimals` decimals, so that digits stand below each other.
[[nodiscard]] inline std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return number(value, 0);
  const std::string text = detail::padded_digits(std::fabs(value), decimals);
  const bool negative = value < 0 && text.find_first_of("123456789") != std::string::npos;
  return (negative ? "&#8722;" : "") + text;
}

/// A number as a coordinate: in pixels to a tenth, within what a drawing can show.
///
/// NaN: 0.
[[nodiscard]] inline std::string pixels(double value) {
  return std::isnan(value) ? "0" : detail::digits(std::clamp(value, -1e6, 1e6), 1);
}

/// The style sheet of all charts. A page that sets the same properties elsewhere may override them.
[[nodiscard]] inline std::string style() {
  const std::array<std::pair<const char*, const char*>, 8> colors{{{"#1f63b5", "#7ab2f2"},
                                                                   {"#c04a12", "#f59a67"},
                                                                   {"#0f7b6c", "#55cbb6"},
                                                                   {"#7d4aa8", "#c39ce8"},
                                                                   {"#8f6900", "#dfb445"},
                                                                   {"#b3315f", "#f28fb0"},
                                                                   {"#55606e", "#a9b5c4"},
                                                                   {"#1a7594", "#74c7e3"}}};
  std::string light = "--paper:#fff;--ink:#1b1f24;--soft:#626b76;--rule:#e3e6ea;--axis:#9aa3ad;";
  std::string dark = "--paper:#14171c;--ink:#e8ebef;--soft:#9aa5b1;--rule:#2b3038;--axis:#68727e;";
  std::string classes;
  for (std::size_t i = 0; i < colors.size(); ++i) {
    const std::string name = std::string("c") + std::to_string(i);
    light += "--" + name + ":" + colors[i].first + ";";
    dark += "--" + name + ":" + colors[i].second + ";";
    classes += ".chart ." + name + "{--c:var(--" + name + ")}\n";
  }
  return ":root{" + light + "}\n@media (prefers-color-scheme:dark){:root{" + dark + "}}\n" +
         classes +
         R"(.chart{display:block;width:100%;height:auto;overflow:visible;font-family:"Helvetica Neue",
"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;font-size:12px;font-variant-numeric:tabular-nums}
.chart text{fill:var(--ink)}
.chart .soft{fill:var(--soft)}
.chart .sup{font-size:9px}
.chart .name{fill:var(--c);stroke:var(--paper);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.chart .grid{stroke:var(--rule);fill:none;shape-rendering:crispEdges}
.chart .axis{stroke:var(--axis);fill:none;shape-rendering:crispEdges}
.chart .leader{stroke:var(--c);stroke-width:.75;opacity:.55;fill:none}
.chart .line{stroke:var(--c);stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}
.chart .connection{stroke-width:1.25;opacity:.6}
.chart .reference{--c:var(--soft);stroke-width:1;stroke-dasharray:2 4}
.chart .hit{stroke:transparent;stroke-width:14;fill:none}
.chart .mark{fill:var(--c);stroke:var(--paper);stroke-width:1.25}
.chart .bar{fill:var(--c)}
.chart .values{stroke:var(--c);stroke-width:1;fill:none}
.chart .item{transition:opacity .15s}
.chart:has(.item:hover) .item:not(:hover){opacity:.22}
)";
}

/// The class of one of the 8 colours.
[[nodiscard]] inline std::string color_class(int color) {
  return std::string("c") + std::to_string(color & 7);
}

/// The start of a drawing; "</svg>" ends it. `title` is read aloud, not drawn.
[[nodiscard]] inline std::string open_svg(const std::string& title, double width, double height) {
  return "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
         pixels(width) + " " + pixels(height) + "\" width=\"" + pixels(width) + "\" height=\"" +
         pixels(height) + "\" role=\"img\" aria-label=\"" + escape(title) + "\">\n";
}

/// One line of text; `anchor` is start, middle or end, `markup` is escaped already.
[[nodiscard]] inline std::string text(double x, double y, const char* anchor,
                                      const std::string& classes, const std::string& markup) {
  return std::string("<text x=\"") + pixels(x) + "\" y=\"" + pixels(y) + "\" text-anchor=\"" +
         anchor + "\" class=\"" + classes + "\">" + markup + "</text>\n";
}

/// A straight line.
[[nodiscard]] inline std::string segment(double x0, double y0, double x1, double y1,
                                         const char* classes) {
  return std::string("<path class=\"") + classes + "\" d=\"M" + pixels(x0) + " " + pixels(y0) +
         "L" + pixels(x1) + " " + pixels(y1) + "\"/>\n";
}

/// How numbers become positions.
enum class axis_scale : std::uint8_t { linear, log2, log10 };

/// One axis; a bound that is NaN follows from the data.
struct axis {
  std::string label;
  axis_scale scale = axis_scale::linear;
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
};

/// The map from an axis' numbers to pixels.
struct scale {
  axis_scale kind = axis_scale::linear;
  double low = 0, high = 1;  // after the logarithm
  double from = 0, to = 1;   // pixels

  [[nodiscard]] static double transform(double v, axis_scale kind) noexcept {
    if (kind == axis_scale::linear) return v;
    return kind == axis_scale::log2 ? std::log2(v) : std::log10(v);
  }
  /// Whether a number has a position: finite, and positive on a logarithmic axis.
  [[nodiscard]] static bool has(double v, axis_scale kind) noexcept {
    return std::isfinite(v) && (kind == axis_scale::linear || v > 0);
  }
  [[nodiscard]] bool has(double v) const noexcept { return has(v, kind); }
  [[nodiscard]] double operator()(double v) const noexcept {
    return from + (transform(v, kind) - low) / (high - low) * (to - from);
  }
};

/// A scale of the axis' own bounds, or else the data's with `margin` times its range on either
/// side.
///
/// NaN:  numbers without a position are ignored; without data the range is 0 to 1.
/// Post: low < high, both finite.
[[nodiscard]] inline scale make_scale(const axis& a, std::span<const double> data, double margin) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double v : data) {
    if (!scale::has(v, a.scale)) continue;
    low = std::min(low, scale::transform(v, a.scale));
    high = std::max(high, scale::transform(v, a.scale));
  }
  if (low > high) low = 0, high = 1;
  // Cut to what leaves high - low finite.
  low = std::clamp(low, -1e300, 1e300), high = std::clamp(high, -1e300, 1e300);
  const double pad = low == high ? std::max(0.5, std::fabs(low) / 2) : (high - low) * margin;
  low -= pad, high += pad;
  if (scale::has(a.min, a.scale)) low = scale::transform(a.min, a.scale);
  if (scale::has(a.max, a.scale)) high = scale::transform(a.max, a.scale);
  if (!(low < high)) high = low + std::max(1.0, std::fabs(low));
  scale s;
  s.kind = a.scale, s.low = low, s.high = high;
  return s;
}

/// A number on an axis, with its text as markup and that text's width in pixels.
struct tick {
  double value = 0;
  std::string text;
  double width = 0;
};

/// Round numbers on the scale: multiples of 1, 2 or 5 times a power of ten, or powers of the
/// logarithm's base.
///
/// Post: `most` at most, ascending.
[[nodiscard]] inline std::vector<tick> make_ticks(const scale& s, int most) {
  std::vector<tick> ticks;
  const double span = s.high - s.low;
  double step = 1;
  if (s.kind == axis_scale::linear) {
    step = std::pow(10.0, std::floor(std::log10(span / most)));
    for (const double factor : {2.0, 2.5, 2.0}) {
      if (span / step > most - 1) step *= factor;
    }
  } else {
    while (span / step > most - 1) step *= 2;
  }
  const double base = s.kind == axis_scale::log2 ? 2 : 10;
  const bool plain = s.low > -0.7 && s.high < (base == 2 ? 14 : 5);  // 1 .. 16384, 1 .. 100000
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const double first = std::ceil(s.low / step - 1e-9);
  for (int i = 0; i < most && (first + i) * step <= s.high + 1e-9 * span; ++i) {
    const double v = (first + i) * step;
    if (s.kind == axis_scale::linear) {
      ticks.push_back({v, number(v, decimals), 0});
      ticks.back().width = 7.0 * static_cast<double>(detail::digits(v, decimals).size());
    } else if (plain) {
      ticks.push_back({std::pow(base, v), number(std::pow(base, v), 0), 0});
      ticks.back().width = 7.0 * static_cast<double>(ticks.back().text.size());
    } else {
      ticks.push_back(
          {std::pow(base, v),
           number(base, 0) + "<tspan class=\"sup\" dy=\"-4\">" + number(v, 0) + "</tspan>", 0});
      ticks.back().width =
          (base == 2 ? 7.0 : 14.0) + 5.5 * static_cast<double>(detail::digits(v, 0).size());
    }
  }
  return ticks;
}

/// A rectangle in pixels; y grows downwards.
struct box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  /// The area that both cover.
  [[nodiscard]] double overlap(const box& other) const noexcept {
    const double w = std::min(x1, other.x1) - std::max(x0, other.x0);
    const double h = std::min(y1, other.y1) - std::max(y0, other.y0);
    return w > 0 && h > 0 ? w * h : 0;
  }
};

/// Width of UTF-8 text in 12-pixel sans serif: an estimate on the wide side, since fonts differ.
[[nodiscard]] inline double text_width(std::string_view text) noexcept {
  double width = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80U) continue;  // inside a character
    const bool narrow = std::string_view("ijlt.,:;'|!f()[] ").find(c) != std::string_view::npos;
    const bool wide = std::string_view("mwMW@%").find(c) != std::string_view::npos;
    width += wide ? 10.2 : narrow ? 4.2 : c >= 'A' && c <= 'Z' ? 8.2 : 6.9;
  }
  return width;
}

/// Moves positions apart until neighbours keep `gap`; who has to move stays around the middle of
/// its group.
///
/// Post: order kept; all within [low, high] if they fit there.
inline void spread(std::span<double> positions, double gap, double low, double high) {
  if (positions.empty()) return;
  std::vector<std::size_t> order(positions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [positions](std::size_t a, std::size_t b) {
    return std::pair(positions[a], a) < std::pair(positions[b], b);
  });
  // Less its rank times the gap, a position needs only to be no lower than the one before it: pool
  // neighbours that are, and give each pool its mean.
  struct pool {
    double sum, count;
  };
  std::vector<pool> pools;
  for (std::size_t k = 0; k < order.size(); ++k) {
    pools.push_back({positions[order[k]] - static_cast<double>(k) * gap, 1});
    while (pools.size() > 1) {
      const pool last = pools.back();
      pool& before = pools[pools.size() - 2];
      if (before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum, before.count += last.count;
      pools.pop_back();
    }
  }
  const double last = static_cast<double>(order.size() - 1) * gap;
  std::size_t k = 0;
  for (const pool& p : pools) {
    const double base = std::clamp(p.sum / p.count, low, std::max(low, high - last));
    for (double i = 0; i < p.count; ++i, ++k) {
      positions[order[k]] = base + static_cast<double>(k) * gap;
    }
  }
}

}  // namespace binade::inline v0::svg
