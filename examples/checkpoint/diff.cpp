// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/io/scheme_parts.hpp"
#include "binade/metrics/metrics.hpp"
#include "binade/quantize/dequantize.hpp"
#include "checkpoint/checkpoint.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace checkpoint_tool {
namespace {

/// How one tensor of the first checkpoint differs from that of the second one.
struct difference {
  std::string name;
  bool same = true;
  std::string note;  ///< what cannot be compared, or which tensor is missing
  std::optional<std::size_t> codes;
  std::optional<std::size_t> scales;
  std::optional<std::size_t> first_code;
  bool tensor_scale_differs = false;
  std::optional<double> max_difference;
  std::optional<double> sqnr_db;
  std::optional<std::size_t> values;  ///< that differ
};

std::vector<float> values_of(const checkpoint& c, const std::string& name) {
  if (const stored_weight* w = c.find_weight(name)) {
    binade::any_packed_tensor storage;
    const binade::any_packed_view view = w->load(storage);
    std::vector<float> values(view.shape().size());
    binade::dequantize(view, binade::tensor_view<float>(values.data(), view.shape()));
    release(*w);
    return values;
  }
  return binade::read_f32(*c.find_plain(name));
}

/// Shape of a tensor's values; nothing if it has no floating-point values.
std::optional<std::vector<std::uint64_t>> shape_of(const checkpoint& c, const std::string& name) {
  if (const stored_weight* w = c.find_weight(name)) {
    const auto extents = w->description.layout.shape().extents();
    return std::vector<std::uint64_t>(extents.begin(), extents.end());
  }
  const binade::safetensors_tensor* t = c.find_plain(name);
  if (!is_float(t->dtype)) return std::nullopt;
  return t->shape;
}

/// NaN equals NaN.
void compare_values(const std::vector<float>& a, const std::vector<float>& b, difference& d) {
  std::size_t differ = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    ++differ;
    const double x = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    largest = std::isnan(x) ? std::numeric_limits<double>::infinity() : std::max(largest, x);
  }
  d.values = differ;
  d.max_difference = largest;
  if (differ != 0) {
    d.sqnr_db = binade::metrics::sqnr_db(binade::vector_view(a), binade::vector_view(b));
  }
  d.same = d.same && differ == 0;
}

/// Codes and scales one by one, wherever they lie in the file.
void compare_bits(const stored_weight& a, const stored_weight& b, difference& d) {
  binade::any_packed_tensor storage[2];
  const binade::any_packed_view x = a.load(storage[0]);
  const binade::any_packed_view y = b.load(storage[1]);
  const binade::packed_layout& layout = x.description.layout;
  if (!(x.description.element == y.description.element) ||
      layout.grid() != y.description.layout.grid() ||
      layout.shape() != y.description.layout.shape() ||
      !(x.description.scale == y.description.scale)) {
    d.same = false;
    d.note =
        fmt::format("{} {} and {} {} have no codes in common", a.scheme, to_string(layout.shape()),
                    b.scheme, to_string(y.description.layout.shape()));
    return;
  }
  std::size_t codes = 0;
  if (!std::ranges::equal(x.codes, y.codes)) {
    for (std::size_t row = 0; row < layout.row_count(); ++row) {
      for (std::size_t i = 0; i < layout.row_length(); ++i) {
        if (x.code(row, i) == y.code(row, i)) continue;
        if (codes++ == 0) d.first_code = row * layout.row_length() + i;
      }
    }
  }
  std::size_t scales = 0;
  for (std::size_t i = 0; i < layout.scale_count(); ++i) {
    scales += x.scale_code(i) != y.scale_code(i) ? 1 : 0;
  }
  d.codes = codes;
  d.scales = scales;
  const auto from = x.description.tensor_scale;
  const auto to = y.description.tensor_scale;
  // A multiplier and a divisor agree if either is the rounded reciprocal of the other.
  d.tensor_scale_differs =
      binade::convert_tensor_scale(x.tensor_scale, from, to) != y.tensor_scale &&
      binade::convert_tensor_scale(y.tensor_scale, to, from) != x.tensor_scale;
  d.same = codes == 0 && scales == 0 && !d.tensor_scale_differs;
}

difference compare(const checkpoint& a, const checkpoint& b, const std::string& name, bool bits) {
  difference d;
  d.name = name;
  const stored_weight* x = a.find_weight(name);
  const stored_weight* y = b.find_weight(name);
  const binade::safetensors_tensor* p = a.find_plain(name);
  const binade::safetensors_tensor* q = b.find_plain(name);
  if ((x == nullptr && p == nullptr) || (y == nullptr && q == nullptr)) {
    d.same = false;
    d.note = (x == nullptr && p == nullptr) ? "only in the second" : "only in the first";
    return d;
  }
  if (p != nullptr && q != nullptr && p->dtype == q->dtype) {
    d.same = p->shape == q->shape && std::ranges::equal(p->data, q->data);
    if (d.same || bits) {
      if (!d.same) d.note = "bytes or shapes differ";
      return d;
    }
    d.same = true;
  }
  if (x != nullptr && y != nullptr) {
    compare_bits(*x, *y, d);
    if (bits || d.same) return d;
    d.same = true;
    d.note.clear();
  } else if (bits) {
    d.same = false;
    d.note = "element types or schemes differ";
    return d;
  }
  const auto shapes = std::pair(shape_of(a, name), shape_of(b, name));
  if (!shapes.first || shapes.first != shapes.second) {
    d.same = false;
    d.note = "shapes or element types differ";
    return d;
  }
  compare_values(values_of(a, name), values_of(b, name), d);
  return d;
}

nlohmann::json to_json(const difference& d) {
  nlohmann::json j = {{"name", d.name}, {"same", d.same}};
  if (!d.note.empty()) j["note"] = d.note;
  if (d.codes) j["codes"] = *d.codes;
  if (d.scales) j["scales"] = *d.scales;
  if (d.codes) j["tensor_scale_differs"] = d.tensor_scale_differs;
  if (d.first_code) j["first_code"] = *d.first_code;
  if (d.values) j["values"] = *d.values;
  // JSON has no infinity: null.
  if (d.max_difference) j["max_difference"] = *d.max_difference;
  if (d.sqnr_db) j["sqnr_db"] = *d.sqnr_db;
  return j;
}

std::vector<std::string> row_of(const difference& d) {
  const auto count = [](const std::optional<std::size_t>& n) {
    return n ? std::to_string(*n) : std::string();
  };
  const auto number = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.6g}", *x) : std::string();
  };
  std::string note = d.note;
  if (d.tensor_scale_differs) note += note.empty() ? "tensor scale" : ", tensor scale";
  return {d.name,          count(d.codes),           count(d.scales),   count(d.first_code),
          count(d.values), number(d.max_difference), number(d.sqnr_db), note};
}

}  // namespace

int diff(const diff_arguments& a) {
  const checkpoint first = open_checkpoint(a.first);
  const checkpoint second = open_checkpoint(a.second);
  std::set<std::string> names;
  for (const checkpoint* c : {&first, &second}) {
    for (const stored_weight& w : c->weights) names.insert(w.name);
    for (const binade::safetensors_tensor& t : c->plain) names.insert(t.name);
    if (c->problems.empty()) continue;
    throw binade::error("binade diff: " + c->path + ": " + c->problems.front().tensor + ": " +
                        c->problems.front().message);
  }
  std::size_t differ = 0;
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {
      {"tensor", "codes", "scales", "first code", "values", "max |dx|", "SQNR dB", ""}};
  for (const std::string& name : names) {
    const difference d = compare(first, second, name, a.bits);
    list.push_back(to_json(d));
    if (d.same) continue;
    ++differ;
    rows.push_back(row_of(d));
  }
  if (a.json) {
    const nlohmann::json j = {{"first", a.first},         {"second", a.second}, {"bits", a.bits},
                              {"compared", names.size()}, {"differ", differ},   {"tensors", list}};
    print(j.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    if (differ != 0) print(columns(rows, {1, 2, 3, 4, 5, 6}));
    print(fmt::format("{} of {} tensors differ{}\n", differ, names.size(),
                      a.bits ? " in their bits" : " in their values"));
  }
  return differ == 0 ? 0 : 1;
}

}  // namespace checkpoint_tool
