// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/detail/report_assets.hpp"
#include "binade/analysis/svg.hpp"
#include "binade/analysis/svg_bars.hpp"
#include "binade/analysis/svg_chart.hpp"
#include "binade/analysis/svg_number_lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// One format on one tensor, or on all of them together (`tensor` is "*"). A number that is NaN was
/// not measured.
struct report_row {
  std::string format;
  std::string family;  // what the format is coloured by, such as "block" or "tapered"
  std::string scale, granularity, rounding;
  std::string tensor = "*";
  double bits_per_element = std::numeric_limits<double>::quiet_NaN();
  double sqnr_db = std::numeric_limits<double>::quiet_NaN();
  double max_error = std::numeric_limits<double>::quiet_NaN();
  double clipped = std::numeric_limits<double>::quiet_NaN();    // fraction of the elements
  double underflow = std::numeric_limits<double>::quiet_NaN();  // fraction of the elements
  double gemm_relative_error = std::numeric_limits<double>::quiet_NaN();
  double quantize_gb_s = std::numeric_limits<double>::quiet_NaN();
  double dequantize_gb_s = std::numeric_limits<double>::quiet_NaN();
};

/// A named line; x and y are equally long.
struct report_curve {
  std::string name;
  std::vector<double> x, y;
};

/// Lines of SQNR in dB over block size, one for each scale rule of one format.
struct report_panel {
  std::string title;
  std::vector<report_curve> curves;
};

/// All representable values of a small format, and what the margin says about them.
struct report_values {
  std::string format, note;
  std::vector<double> values;
};

/// All that a report shows. A section without data is left out.
struct report {
  std::string title, subtitle;
  std::vector<std::pair<std::string, std::string>> facts;  // source, seed, version, CPU, ...
  std::vector<report_row> rows;
  std::vector<report_curve> relative_error;  // x: magnitude, y: largest relative error around it
  std::vector<report_values> number_lines;
  std::vector<report_panel> block_sizes;
  std::vector<std::string> notes;  // below the table, a paragraph each
};

namespace detail {

/// One page on its way to text.
class report_page {
 public:
  explicit report_page(const report& r) : r_(r) {
    for (const auto& row : r_.rows) {
      if (row.tensor == "*") overall_.push_back(&row);
      if (std::find(families_.begin(), families_.end(), row.family) == families_.end()) {
        families_.push_back(row.family);
      }
    }
    if (overall_.empty()) {
      for (const auto& row : r_.rows) overall_.push_back(&row);
    }
    find_front();
  }

  std::string draw() {
    using svg::escape;
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>" +
        escape(r_.title) + "</title>\n<style>\n" + svg::style() + std::string(report_css) +
        "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>" + escape(r_.title) + "</h1>\n";
    if (!r_.subtitle.empty())
      out += std::string("<p class=\"lede\">") + escape(r_.subtitle) + "</p>\n";
    if (!r_.facts.empty()) {
      out += "<dl class=\"facts\">\n";
      for (const auto& [name, value] : r_.facts) {
        out +=
            std::string("<div><dt>") + escape(name) + "</dt><dd>" + escape(value) + "</dd></div>\n";
      }
      out += "</dl>\n";
    }
    out += "</header>\n" + best() + quality() + relative_error() + values() + block_sizes() +
           tensors() + results();
    if (!r_.notes.empty()) {
      out += "<footer>\n";
      for (const auto& note : r_.notes) out += std::string("<p>") + escape(note) + "</p>\n";
      out += "</footer>\n";
    }
    return out + "</main>\n<script>" + std::string(report_js) + "</script>\n</body>\n</html>\n";
  }

 private:
  /// What tells a row from the others of its format: the settings in which those differ.
  [[nodiscard]] std::string name_of_row(const report_row& row) const {
    std::string name = row.format;
    for (const auto member :
         {&report_row::scale, &report_row::granularity, &report_row::rounding}) {
      const bool differs =
          std::any_of(overall_.begin(), overall_.end(), [&](const report_row* other) {
            return other->format == row.format && other->*member != row.*member;
          });
      if (differs && !(row.*member).empty()) name += " " + row.*member;
    }
    return name;
  }
  [[nodiscard]] int color_of(const std::string& family) const {
    return static_cast<int>(std::find(families_.begin(), families_.end(), family) -
                            families_.begin());
  }
  [[nodiscard]] static std::string key_of(const report_row& row) {
    return row.format + "/" + row.scale + "/" + row.granularity + "/" + row.rounding;
  }
  [[nodiscard]] bool on_front(const report_row* row) const {
    return std::find(front_.begin(), front_.end(), row) != front_.end();
  }

  /// The rows that no other beats in both bits and SQNR.
  void find_front() {
    std::vector<const report_row*> order;
    for (const auto* row : overall_) {
      if (std::isfinite(row->bits_per_element) && std::isfinite(row->sqnr_db)) order.push_back(row);
    }
    std::sort(order.begin(), order.end(), [](const report_row* a, const report_row* b) {
      return a->bits_per_element != b->bits_per_element ? a->bits_per_element < b->bits_per_element
             : a->sqnr_db != b->sqnr_db                 ? a->sqnr_db > b->sqnr_db
                                                        : a < b;  // neighbours in one array
    });
    for (const auto* row : order) {
      if (front_.empty() || row->sqnr_db > front_.back()->sqnr_db) front_.push_back(row);
    }
  }

  [[nodiscard]] std::string best() const {
    struct size_class {
      const char* name;
      double from, to;
    };
    std::string items;
    for (const auto& [name, from, to] :
         {size_class{"Best at about 4 bits", 3.5, 5}, size_class{"Best at about 6 bits", 5, 7},
          size_class{"Best at about 8 bits", 7, 9}}) {
      const report_row* found = nullptr;
      for (const auto* row : front_) {
        if (row->bits_per_element >= from && row->bits_per_element < to) found = row;
      }
      if (found == nullptr) continue;
      items += std::string("<li><span>") + name + "</span><b>" + svg::fixed(found->sqnr_db, 1) +
               " <small>dB</small></b><strong>" + svg::escape(name_of_row(*found)) +
               "</strong><br><span>" + svg::number(found->bits_per_element, 3) +
               " bits per element</span></li>\n";
    }
    return items.empty() ? "" : "<ul class=\"best\">\n" + items + "</ul>\n";
  }

  /// A section with words on the left and figures on the right.
  [[nodiscard]] static std::string section(const char* title, const std::string& words,
                                           const std::string& figures,
                                           const char* classes = "figures") {
    return std::string("<section>\n<div><h2>") + title + "</h2>\n<p>" + words +
           "</p></div>\n<div class=\"" + classes + "\">\n" + figures + "</div>\n</section>\n";
  }
  /// A drawing in two widths, of which the style sheet shows one.
  template <class Drawing>
  [[nodiscard]] static std::string figure(Drawing drawing, double width,
                                          const std::string& caption = "") {
    drawing.width = width;
    std::string out = "<figure>";
    if (!caption.empty())
      out += std::string("<figcaption>") + svg::escape(caption) + "</figcaption>";
    out += "<div class=\"wide-chart\">" + svg::draw(drawing) + "</div>";
    drawing.width = 350;
    return out + "<div class=\"narrow\">" + svg::draw(drawing) + "</div></figure>\n";
  }
  static constexpr double full_width = 824;

  [[nodiscard]] std::string quality() const {
    svg::chart c;
    c.title = "SQNR against bits per element";
    c.x.label = "bits per element, scales included";
    c.y.label = "SQNR (dB)";
    std::string exact;
    for (const auto* row : overall_) {
      if (std::isinf(row->sqnr_db)) exact += (exact.empty() ? "" : ", ") + name_of_row(*row);
      svg::point p;
      p.x = row->bits_per_element, p.y = row->sqnr_db;
      p.label = name_of_row(*row);
      p.key = key_of(*row);
      p.color = color_of(row->family);
      p.rank = on_front(row) ? 0 : 1;
      p.tip = p.label + "\n" + plain(row->sqnr_db, 2) + " dB at " +
              plain(row->bits_per_element, 3) + " bits";
      c.points.push_back(p);
    }
    if (c.points.empty()) return "";
    c.height = 460 + std::min(240.0, 5 * static_cast<double>(c.points.size()));
    svg::line front{"", {}, {}, 6, svg::line_kind::connection, svg::label_at::nowhere};
    for (const auto* row : front_) {
      front.x.push_back(row->bits_per_element), front.y.push_back(row->sqnr_db);
    }
    // 20 log10(2) dB a bit: what halving every error is worth.
    const double slope = 20 * std::log10(2.0);
    const svg::line rule{"6.02 dB per bit",         {0, 64},
                         {0, 64 * slope},           6,
                         svg::line_kind::reference, svg::label_at::along};
    c.lines = {rule, front};
    if (families_.size() > 1) {
      for (const auto& family : families_) c.legend.push_back({family, color_of(family)});
    }
    return section(
        "Quality against size",
        "Higher is closer to the original, further left is smaller. Nothing lies above "
        "and left of the grey line, so only formats on it are worth their bits. The "
        "dotted line gains 6.02 dB with each bit, the limit for Gaussian data." +
            (exact.empty() ? ""
                           : std::string("</p><p>Not drawn, because exact on this data: ") +
                                 svg::escape(exact) + "."),
        figure(c, full_width));
  }

  [[nodiscard]] std::string relative_error() const {
    if (r_.relative_error.empty()) return "";
    svg::chart c;
    c.title = "Largest relative error against magnitude";
    c.height = 400;
    c.x = {"magnitude of x", svg::axis_scale::log2};
    c.y = {"largest relative error", svg::axis_scale::log2};
    int color = 0;
    for (const auto& curve : r_.relative_error) {
      c.lines.push_back(
          {curve.name, curve.x, curve.y, color++, svg::line_kind::data, svg::label_at::along});
    }
    return section(
        "Precision against magnitude",
        "Lower is more precise. A flat stretch means the same relative error everywhere, "
        "a staircase means precision tapering off away from 1, and a line that rises to "
        "2<sup>0</sup> has left the format&#8217;s range.",
        figure(c, full_width));
  }

  [[nodiscard]] std::string values() const {
    if (r_.number_lines.empty()) return "";
    svg::number_lines linear, logarithmic;
    linear.title = "Representable values, divided by the largest";
    linear.x.label = "value / largest value";
    logarithmic.title = "Representable magnitudes";
    logarithmic.x = {"magnitude", svg::axis_scale::log2};
    for (const auto& format : r_.number_lines) {
      svg::number_line row{format.format, format.note, {}, 0};
      double largest = 0;
      for (const double v : format.values) {
        if (!std::isfinite(v)) continue;
        row.values.push_back(std::fabs(v));
        largest = std::max(largest, std::fabs(v));
      }
      logarithmic.rows.push_back(row);
      row.values.clear();
      for (const double v : format.values) row.values.push_back(v / largest);
      linear.rows.push_back(row);
    }
    return section("Which values exist",
                   "Each stroke is one value that the format can hold. Above, all values over the "
                   "format&#8217;s own range: what a scale makes of it. Below, the magnitudes on a "
                   "logarithmic axis; tall strokes are powers of two, so strokes between two of "
                   "them are the precision there.",
                   figure(linear, full_width) + figure(logarithmic, full_width));
  }

  [[nodiscard]] std::string block_sizes() const {
    std::string figures;
    const bool alone = r_.block_sizes.size() == 1;
    for (const auto& panel : r_.block_sizes) {
      svg::chart c;
      c.title = "SQNR against block size, " + panel.title;
      c.height = alone ? 380 : 300;
      c.x = {"elements per block", svg::axis_scale::log2};
      c.y.label = "SQNR (dB)";
      int color = 0;
      for (const auto& curve : panel.curves) {
        c.lines.push_back({curve.name, curve.x, curve.y, color++});
      }
      figures += figure(c, alone ? full_width : full_width / 2 - 20, panel.title);
    }
    if (figures.empty()) return "";
    return section("Block size and scale rule",
                   "Smaller blocks fit their scale better and pay for more scales. Read along a "
                   "line for the price of a larger block, across lines for the choice of the rule.",
                   figures, alone ? "figures" : "figures two");
  }

  [[nodiscard]] std::string tensors() const {
    constexpr std::size_t most_columns = 6, most_rows = 24;
    svg::bars b;
    b.title = "SQNR of each tensor";
    std::vector<std::string> measured;  // keys of what has rows for single tensors
    for (const auto& row : r_.rows) {
      if (row.tensor == "*") continue;
      measured.push_back(key_of(row));
      if (std::find(b.rows.begin(), b.rows.end(), row.tensor) == b.rows.end() &&
          b.rows.size() < most_rows) {
        b.rows.push_back(row.tensor);
      }
    }
    if (b.rows.size() < 2) return "";
    const auto keep_measured = [&measured](std::vector<const report_row*> rows) {
      std::erase_if(rows, [&measured](const report_row* row) {
        return std::find(measured.begin(), measured.end(), key_of(*row)) == measured.end();
      });
      return rows;
    };
    std::vector<const report_row*> columns = keep_measured(overall_);
    const std::vector<const report_row*> best = keep_measured(front_);
    if (columns.size() > most_columns) columns = best;
    if (columns.size() > most_columns) {
      // Evenly over the front, from its smallest to its largest.
      for (std::size_t i = 0; i < most_columns; ++i) {
        columns[i] = best[i * (best.size() - 1) / (most_columns - 1)];
      }
      columns.resize(most_columns);
    }
    for (const auto* column : columns) {
      b.columns.push_back(name_of_row(*column));
      b.values.emplace_back(b.rows.size(), std::numeric_limits<double>::quiet_NaN());
      for (const auto& row : r_.rows) {
        const auto place = std::find(b.rows.begin(), b.rows.end(), row.tensor) - b.rows.begin();
        if (key_of(row) == key_of(*column) && place < std::ssize(b.rows)) {
          b.values.back()[static_cast<std::size_t>(place)] = row.sqnr_db;
        }
      }
    }
    return section(
        "Tensor by tensor",
        "SQNR in dB: longer is better. A format whose bars differ much within its column "
        "depends on the tensor&#8217;s distribution.",
        figure(b, full_width));
  }

  [[nodiscard]] static std::string plain(double value, int decimals) {
    if (std::isnan(value)) return "?";
    return std::isinf(value) ? "infinite" : svg::detail::digits(value, decimals);
  }

  /// A numeric cell: the text to read, and the number to sort by.
  [[nodiscard]] static std::string cell(double value, const std::string& text,
                                        const char* classes = "") {
    std::array<char, 32> exact{};
    const auto end = std::to_chars(exact.data(), exact.data() + exact.size(), value).ptr;
    std::string sorted(exact.data(), end);
    if (std::isnan(value)) sorted.clear();
    if (std::isinf(value)) sorted = value < 0 ? "-Infinity" : "Infinity";
    return "<td data-v=\"" + sorted + "\"" + classes + ">" + text + "</td>";
  }
  /// Three significant digits.
  [[nodiscard]] static std::string brief(double value) {
    if (!std::isfinite(value)) return svg::number(value, 0);
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3)
            .ptr;
    return {text.data(), end};
  }
  [[nodiscard]] static std::string percent(double value) {
    if (std::isnan(value) || value == 0) return svg::number(value, 0);
    return value < 0.00005 ? "&lt; 0.01&#8201;%" : svg::fixed(100 * value, 2) + "&#8201;%";
  }

  [[nodiscard]] std::string table(const std::vector<const report_row*>& rows,
                                  bool with_tensor) const {
    struct heading {
      const char* name;
      const char* classes;
    };
    std::string out = "<div class=\"scroll\"><table>\n<thead><tr>";
    for (const auto& [name, classes] :
         {heading{"Format", "t"}, heading{"Tensor", "t"}, heading{"Scale rule", "t"},
          heading{"Granularity", "t"}, heading{"Rounding", "t"}, heading{"Bits", ""},
          heading{"SQNR, dB", ""}, heading{"Max<br>error", ""}, heading{"Clipped", ""},
          heading{"Underflow", ""}, heading{"GEMM<br>error", ""}, heading{"Quantize<br>GB/s", ""},
          heading{"Dequantize<br>GB/s", ""}}) {
      if (std::string_view(name) == "Tensor" && !with_tensor) continue;
      out += std::string("<th scope=\"col\"") + (*classes != 0 ? " class=\"t\"" : "") +
             "><button type=\"button\">" + name + "</button></th>";
    }
    out += "</tr></thead>\n<tbody>\n";
    double top = 0;
    int bit_decimals = 0;  // as many as the bits need, up to 3
    for (const auto* row : rows) {
      if (std::isfinite(row->sqnr_db)) top = std::max(top, row->sqnr_db);
      const std::string bits = plain(row->bits_per_element, 3);
      if (const auto point = bits.find('.'); point != std::string::npos) {
        bit_decimals = std::max(bit_decimals, static_cast<int>(bits.size() - point) - 1);
      }
    }
    for (const auto* row : rows) {
      const double part = row->sqnr_db > 0 ? 100 * std::min(1.0, row->sqnr_db / top) : 0;
      out += std::string("<tr") + (!with_tensor && on_front(row) ? " class=\"front\"" : "") +
             " data-key=\"" + svg::escape(key_of(*row)) + "\">";
      for (const auto member : {&report_row::format, &report_row::tensor, &report_row::scale,
                                &report_row::granularity, &report_row::rounding}) {
        if (member == &report_row::tensor && !with_tensor) continue;
        out += std::string("<td class=\"t\">") + svg::escape(row->*member) + "</td>";
      }
      out += cell(row->bits_per_element, svg::fixed(row->bits_per_element, bit_decimals));
      out +=
          cell(row->sqnr_db,
               "<i style=\"--part:" + svg::pixels(part) + "%\"></i>" + svg::fixed(row->sqnr_db, 2),
               " class=\"meter\"");
      out += cell(row->max_error, brief(row->max_error));
      out += cell(row->clipped, percent(row->clipped));
      out += cell(row->underflow, percent(row->underflow));
      out += cell(row->gemm_relative_error, percent(row->gemm_relative_error));
      out += cell(row->quantize_gb_s, svg::fixed(row->quantize_gb_s, 2));
      out += cell(row->dequantize_gb_s, svg::fixed(row->dequantize_gb_s, 2)) + "</tr>\n";
    }
    return out + "</tbody>\n</table></div>\n";
  }

  [[nodiscard]] std::string results() const {
    if (r_.rows.empty()) return "";
    std::vector<const report_row*> single;
    for (const auto& row : r_.rows) {
      if (row.tensor != "*") single.push_back(&row);
    }
    const bool has_overall = single.size() < r_.rows.size();
    std::string out =
        "<section class=\"wide\">\n<h2>All results</h2>\n<p>A click on a heading sorts. SQNR and "
        "errors are over all elements of all tensors together; a diamond marks what no other "
        "format beats in both size and SQNR. GEMM error: relative Frobenius error of a product "
        "with random activations. A dash was not measured.</p>\n";
    out += table(overall_, !has_overall);
    if (has_overall && !single.empty()) {
      out += std::string("<details><summary>Each tensor by itself, ") +
             std::to_string(single.size()) + " rows</summary>\n" + table(single, true) +
             "</details>\n";
    }
    return out + "</section>\n";
  }

  const report& r_;
  std::vector<const report_row*> overall_, front_;
  std::vector<std::string> families_;
};

}  // namespace detail

/// Makes one self-contained HTML page of a report: no script, style, font or picture is loaded from
/// anywhere.
///
/// NaN:  a dash in tables, left out of charts.
/// Post: whatever the names in the report contain, they are shown as text.
[[nodiscard]] inline std::string html_report(const report& r) {
  return detail::report_page(r).draw();
}

}  // namespace binade::inline v0
