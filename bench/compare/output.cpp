// SPDX-License-Identifier: MIT
#include "compare/output.hpp"

#include "binade/core/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace compare_tool {
namespace {

using binade::comparison_result;

std::string number(double x, int decimals) {
  if (std::isnan(x)) return "-";
  if (std::isinf(x)) return x > 0 ? "exact" : "-inf";
  return fmt::format("{:.{}f}", x, decimals);
}

/// A fraction as a percentage; tiny ones keep a digit that is not 0.
std::string percent(double x) {
  if (std::isnan(x)) return "-";
  if (x == 0) return "0";
  return x < 0.0001 ? fmt::format("{:.1e}", 100 * x) : fmt::format("{:.3f}", 100 * x);
}

std::string gigabytes(double bytes_per_second) { return number(bytes_per_second / 1e9, 3); }

struct column {
  const char* title;
  bool left;
  std::string (*cell)(const comparison_result&);
};

constexpr column columns[] = {
    {"format", true, [](const comparison_result& r) { return r.format; }},
    {"scales", true, [](const comparison_result& r) { return r.granularity; }},
    {"rule", true, [](const comparison_result& r) { return r.scale; }},
    {"rounding", true, [](const comparison_result& r) { return r.rounding; }},
    {"tensor", true, [](const comparison_result& r) { return r.tensor; }},
    {"bits", false, [](const comparison_result& r) { return number(r.bits_per_element, 3); }},
    {"SQNR dB", false, [](const comparison_result& r) { return number(r.sqnr_db, 3); }},
    {"max error", false,
     [](const comparison_result& r) { return fmt::format("{:.3g}", r.max_error); }},
    {"clipped %", false, [](const comparison_result& r) { return percent(r.clipped); }},
    {"underflow %", false, [](const comparison_result& r) { return percent(r.underflow); }},
    {"gemm error", false,
     [](const comparison_result& r) { return number(r.gemm_relative_error, 5); }},
    {"quant GB/s", false,
     [](const comparison_result& r) { return gigabytes(r.quantize_bytes_per_second); }},
    {"deq GB/s", false,
     [](const comparison_result& r) { return gigabytes(r.dequantize_bytes_per_second); }},
};

/// As 2^n if it is a power of two far from 1, else in decimals.
std::string short_value(double x) {
  int exponent = 0;
  const bool power = std::frexp(x, &exponent) == 0.5;
  if (power && (exponent < -2 || exponent > 20)) return fmt::format("2^{}", exponent - 1);
  return fmt::format("{:.10g}", x);
}

nlohmann::json finite_or_null(double x) {
  return std::isfinite(x) ? nlohmann::json(x) : nlohmann::json(nullptr);
}

}  // namespace

std::string terminal_table(const std::vector<comparison_result>& results, bool every_tensor,
                           bool colour) {
  constexpr std::size_t count = std::size(columns);
  std::vector<std::vector<std::string>> rows;
  bool magnitudes = false;
  bool roundings_differ = false;
  for (const comparison_result& r : results) {
    roundings_differ = roundings_differ || (r.rounding != "ties_to_even" && r.format != "hif8");
  }
  for (const comparison_result& r : results) {
    if (r.tensor != "*" && !every_tensor) continue;
    std::vector<std::string> row;
    for (const column& c : columns) row.push_back(c.cell(r));
    if (r.on_magnitudes) {
      row[0] += " |x|";
      magnitudes = true;
    }
    rows.push_back(std::move(row));
  }
  std::size_t widths[count];
  for (std::size_t i = 0; i < count; ++i) {
    widths[i] = std::string_view(columns[i].title).size();
    for (const auto& row : rows) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  const auto line = [&](auto&& cell, const char* begin, const char* end) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view title = columns[i].title;
      if (title == "tensor" && !every_tensor) continue;
      if (title == "rounding" && !roundings_differ) continue;
      const std::string value = cell(i);
      text += columns[i].left ? fmt::format("{:<{}}  ", value, widths[i])
                              : fmt::format("{:>{}}  ", value, widths[i]);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += begin + text + end + "\n";
  };
  line([](std::size_t i) { return std::string(columns[i].title); }, colour ? "\x1b[1m" : "",
       colour ? "\x1b[0m" : "");
  for (const auto& row : rows) line([&](std::size_t i) { return row[i]; }, "", "");
  if (magnitudes) out += "|x|: the format is unsigned, so magnitudes were quantized\n";
  return out;
}

std::string json(const std::vector<comparison_result>& results, const run_description& run) {
  nlohmann::ordered_json root;
  root["binade"] =
      fmt::format("{}.{}.{}", BINADE_VERSION_MAJOR, BINADE_VERSION_MINOR, BINADE_VERSION_PATCH);
  root["source"] = run.source;
  root["seed"] = run.seed;
  root["cpu"] = run.cpu;
  auto& list = root["results"] = nlohmann::ordered_json::array();
  for (const comparison_result& r : results) {
    nlohmann::ordered_json o;
    o["format"] = r.format;
    o["scale"] = r.scale;
    o["granularity"] = r.granularity;
    o["rounding"] = r.rounding;
    o["tensor"] = r.tensor;
    o["on_magnitudes"] = r.on_magnitudes;
    o["elements"] = r.elements;
    o["bits_per_element"] = finite_or_null(r.bits_per_element);
    o["sqnr_db"] = finite_or_null(r.sqnr_db);
    o["mse"] = finite_or_null(r.mse);
    o["max_error"] = finite_or_null(r.max_error);
    o["cosine_similarity"] = finite_or_null(r.cosine_similarity);
    o["clipped"] = finite_or_null(r.clipped);
    o["underflow"] = finite_or_null(r.underflow);
    o["gemm_relative_error"] = finite_or_null(r.gemm_relative_error);
    o["quantize_bytes_per_second"] = finite_or_null(r.quantize_bytes_per_second);
    o["dequantize_bytes_per_second"] = finite_or_null(r.dequantize_bytes_per_second);
    list.push_back(std::move(o));
  }
  return root.dump(2) + "\n";
}

std::string csv(const std::vector<comparison_result>& results) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
  };
  std::string out =
      "format,scale,granularity,rounding,tensor,on_magnitudes,elements,bits_per_element,sqnr_db,"
      "mse,max_error,cosine_similarity,clipped,underflow,gemm_relative_error,"
      "quantize_bytes_per_second,dequantize_bytes_per_second\n";
  for (const comparison_result& r : results) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", r.format, r.scale,
                       quoted(r.granularity), r.rounding, quoted(r.tensor), r.on_magnitudes ? 1 : 0,
                       r.elements, r.bits_per_element, r.sqnr_db, r.mse, r.max_error,
                       r.cosine_similarity, r.clipped, r.underflow, r.gemm_relative_error,
                       r.quantize_bytes_per_second, r.dequantize_bytes_per_second);
  }
  return out;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) {
      const std::size_t colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  }
  return "unknown CPU";
}

std::string format_table() {
  const auto cell = [](const char* text) { return text == nullptr ? "" : std::string(text); };
  std::string out =
      "| format | bits | largest | smallest normal | smallest | inf | NaN | torch | what it is |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  std::string blocks =
      "| block format | bits an element | elements | block | scale | tensor scale | what it is |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const binade::any_packable& p : binade::all_packables()) {
    const binade::format_names& names = *p.names;
    if (p.is_block_format) {
      const double bits = p.element.bit_count() + static_cast<double>(p.block.scale.bit_count()) /
                                                      static_cast<double>(p.block.size);
      blocks += fmt::format("| `{}` | {:g} | `{}` | {} | `{}` | {} | {} |\n", names.name, bits,
                            p.element.name(), p.block.size, p.block.scale.name(),
                            p.block.has_tensor_scale ? "float32" : "", names.description);
      continue;
    }
    const binade::code_description d = p.element.describe();
    const double largest = binade::to_double(p.element.decode(d.largest));
    const double smallest = binade::to_double(p.element.decode(d.smallest));
    const bool floating = p.element.visit([](const auto& s) {
      return std::is_same_v<std::remove_cvref_t<decltype(s)>, binade::float_spec>;
    });
    std::string normal;
    if (floating) {
      normal = p.element.visit([](const auto& s) -> std::string {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(s)>, binade::float_spec>) {
          if (s.exponent_bits > 0) {
            return short_value(std::ldexp(1.0, binade::detail::min_exponent(s)));
          }
        }
        return "";
      });
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n", names.name,
                       p.element.bit_count(), short_value(largest), normal, short_value(smallest),
                       d.has_infinity ? "yes" : "", d.has_nan ? "yes" : "", cell(names.torch),
                       names.description);
  }
  return out + "\n" + blocks;
}

}  // namespace compare_tool
