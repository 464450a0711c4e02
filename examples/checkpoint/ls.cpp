// SPDX-License-Identifier: MIT
#include "binade/quantize/validate.hpp"
#include "checkpoint/checkpoint.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace checkpoint_tool {
namespace {

/// One line of the list.
struct line {
  std::string name;
  std::string type;
  std::vector<std::uint64_t> shape;
  std::string scheme;
  double bits = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> warnings;
};

std::vector<std::string> warnings_of(const stored_weight& w) {
  binade::any_packed_tensor storage;
  std::vector<std::string> warnings;
  for (const binade::finding& f : binade::validate(w.load(storage))) {
    warnings.push_back(f.count == 1 ? f.message
                                    : fmt::format("{} ({} in all)", f.message, f.count));
  }
  const auto shape = w.description.layout.shape().extents();
  if (shape.size() == 2 && (shape[0] % 16 != 0 || shape[1] % 16 != 0)) {
    warnings.push_back("odd shape: tensor cores want multiples of 16");
  }
  return warnings;
}

double bits_each(std::uint64_t bytes, std::uint64_t elements) {
  return elements == 0 ? 0.0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(elements);
}

std::vector<line> list(const checkpoint& c) {
  std::vector<line> lines;
  for (const stored_weight& w : c.weights) {
    const auto extents = w.description.layout.shape().extents();
    lines.push_back({w.name,
                     w.description.names->name,
                     {extents.begin(), extents.end()},
                     w.scheme,
                     bits_each(w.bytes, w.description.layout.shape().size()),
                     w.bytes,
                     warnings_of(w)});
    release(w);
  }
  for (const binade::safetensors_tensor& t : c.plain) {
    lines.push_back({t.name,
                     std::string(binade::name_of(t.dtype)),
                     t.shape,
                     "",
                     bits_each(t.data.size(), t.size()),
                     t.data.size(),
                     {}});
  }
  for (const binade::scheme_problem& p : c.problems) {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const line& l) { return l.name == p.tensor; });
    if (found != lines.end()) {
      found->warnings.push_back(p.message);
    } else {
      lines.push_back({p.tensor, "", {}, "", 0, 0, {p.message}});
    }
  }
  std::sort(lines.begin(), lines.end(),
            [](const line& a, const line& b) { return a.name < b.name; });
  return lines;
}

std::string shape_text(const line& l) {
  std::string text;
  for (const std::uint64_t n : l.shape) text += (text.empty() ? "" : "x") + std::to_string(n);
  return text.empty() ? "scalar" : text;
}

}  // namespace

int ls(const ls_arguments& a) {
  const checkpoint c = open_checkpoint(a.file);
  const std::vector<line> lines = list(c);
  std::map<std::string, std::size_t> schemes;
  std::uint64_t bytes = 0;
  std::uint64_t elements = 0;
  std::size_t warnings = 0;
  for (const line& l : lines) {
    if (!l.scheme.empty()) ++schemes[l.scheme];
    bytes += l.bytes;
    std::uint64_t n = l.bytes == 0 ? 0 : 1;
    for (const std::uint64_t extent : l.shape) n *= extent;
    elements += n;
    warnings += l.warnings.size();
  }
  if (a.json) {
    nlohmann::json j = {{"file", a.file},
                        {"tensors", nlohmann::json::array()},
                        {"schemes", schemes},
                        {"bytes", bytes},
                        {"bits_per_element", bits_each(bytes, elements)},
                        {"warnings", warnings},
                        {"metadata", c.metadata}};
    for (const line& l : lines) {
      j["tensors"].push_back(
          {{"name", l.name},
           {"type", l.type},
           {"shape", l.shape},
           {"scheme", l.scheme.empty() ? nlohmann::json() : nlohmann::json(l.scheme)},
           {"bits_per_element", l.bits},
           {"bytes", l.bytes},
           {"warnings", l.warnings}});
    }
    // A name that is not UTF-8 shall not end the program.
    print(j.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"tensor", "type", "shape", "bits", "bytes", "scheme"}};
  std::string notes;
  for (const line& l : lines) {
    rows.push_back({l.name, l.type, shape_text(l), fmt::format("{:.4g}", l.bits),
                    bytes_text(l.bytes), l.scheme});
    for (const std::string& w : l.warnings) notes += "warning: " + l.name + ": " + w + "\n";
  }
  print(columns(rows, {3, 4}));
  std::string summary;
  for (const auto& [scheme, count] : schemes) summary += fmt::format("; {} {}", count, scheme);
  print(fmt::format("{} tensors{}; {}, {:.4g} bits an element\n", lines.size(), summary,
                    bytes_text(bytes), bits_each(bytes, elements)));
  print(notes);
  return 0;
}

}  // namespace checkpoint_tool
