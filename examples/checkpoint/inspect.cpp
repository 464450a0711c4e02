// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/format/unpacked.hpp"
#include "checkpoint/codes.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/policies.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace checkpoint_tool {
namespace {

using binade::any_format;
using binade::value_class;

const char* class_text(value_class c) {
  switch (c) {
    case value_class::zero:
      return "zero";
    case value_class::infinity:
      return "infinity";
    case value_class::nan:
      return "NaN";
    case value_class::finite:
      break;
  }
  return "finite";
}

nlohmann::json describe_code(const any_format& f, std::uint64_t code) {
  return {{"code", hex_text(f, code)},
          {"fields", fields_text(f, code)},
          {"class", class_text(f.classify(code))},
          {"value", value_text(f, code)}};
}

/// The codes of the values next to a finite one.
nlohmann::json neighbours(const any_format& f, std::uint64_t code) {
  nlohmann::json j = nlohmann::json::object();
  const value_class c = f.classify(code);
  if (c != value_class::finite && c != value_class::zero) return j;
  const binade::code_description d = f.describe();
  const std::int64_t key = f.order_key(code);
  if (key > f.order_key(d.lowest)) j["below"] = describe_code(f, f.code_from_order_key(key - 1));
  if (key < f.order_key(d.largest)) j["above"] = describe_code(f, f.code_from_order_key(key + 1));
  return j;
}

/// What the number becomes under every rounding, and every saturation where it matters.
nlohmann::json every_policy(const any_format& f, double x) {
  nlohmann::json list = nlohmann::json::array();
  for (const binade::rounding::mode mode : deterministic_modes) {
    binade::rounding::any rounding;
    rounding.mode = mode;
    std::uint64_t first = 0;
    for (const binade::saturation_mode saturation : saturation_modes) {
      const std::uint64_t code = f.encode(binade::unpack(x), rounding, {.saturation = saturation});
      const bool is_first = saturation == saturation_modes[0];
      if (!is_first && code == first) continue;
      if (is_first) first = code;
      nlohmann::json j = describe_code(f, code);
      j["rounding"] = binade::to_string(mode);
      j["saturation"] = binade::to_string(saturation);
      const double y = binade::to_double(f.decode(code));
      if (std::isfinite(x) && std::isfinite(y)) j["error"] = y - x;
      list.push_back(std::move(j));
    }
  }
  return list;
}

std::string text(const nlohmann::json& j, const char* key) {
  return j.contains(key) ? j[key].get<std::string>() : std::string();
}

std::string for_people(const nlohmann::json& j) {
  std::string out = fmt::format("{}: {}\n", text(j, "format"), text(j, "description"));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& title, const nlohmann::json& c) {
    rows.push_back(
        {"  " + title, text(c, "code"), text(c, "fields"), text(c, "value"),
         c.contains("error") ? fmt::format("error {:.6g}", c["error"].get<double>()) : ""});
  };
  if (j.contains("policies")) {
    for (const auto& p : j["policies"]) {
      add(text(p, "rounding") + " " + text(p, "saturation"), p);
    }
  } else {
    add(text(j["exact"], "class"), j["exact"]);
  }
  for (const char* side : {"below", "above"}) {
    if (j["neighbours"].contains(side)) add(side, j["neighbours"][side]);
  }
  return out + columns(rows);
}

}  // namespace

int inspect(const inspect_arguments& a) {
  const std::optional<std::uint64_t> code = parse_code(a.what);
  nlohmann::json results = nlohmann::json::array();
  for (const std::string& name : a.formats) {
    const any_format f = find_element(name);
    nlohmann::json j = {{"format", f.name()}, {"description", f.names().description}};
    if (code) {
      const int bits = f.describe().code_bits;
      if (bits < 64 && *code >> bits != 0) {
        throw binade::error(fmt::format("binade inspect: {} is no code of {}; it has {} bits",
                                        a.what, f.name(), bits));
      }
      j["exact"] = describe_code(f, *code);
      j["neighbours"] = neighbours(f, *code);
    } else {
      const double x = parse_number(a.what);
      j["policies"] = every_policy(f, x);
      j["neighbours"] =
          neighbours(f, f.encode(binade::unpack(x), f.default_rounding(), f.default_rules()));
    }
    results.push_back(std::move(j));
  }
  if (a.json) {
    print(results.dump(2) + "\n");
  } else {
    for (const auto& j : results) print(for_people(j));
  }
  return 0;
}

}  // namespace checkpoint_tool
