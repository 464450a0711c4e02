// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/format/unpacked.hpp"
#include "checkpoint/codes.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/policies.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace checkpoint_tool {
namespace {

binade::rounding::any find_rounding(const convert_arguments& a, const binade::any_format& to) {
  if (a.rounding.empty()) return to.default_rounding();
  binade::rounding::any rounding;
  std::vector<binade::rounding::mode> modes(deterministic_modes.begin(), deterministic_modes.end());
  modes.push_back(binade::rounding::mode::stochastic);
  rounding.mode = find_mode<binade::rounding::mode>(modes, "rounding", a.rounding);
  rounding.random.seed = a.seed;
  return rounding;
}

}  // namespace

int convert(const convert_arguments& a) {
  const binade::any_format to = find_element(a.to);
  binade::conversion_rules rules = to.default_rules();
  if (!a.saturation.empty()) {
    rules.saturation =
        find_mode<binade::saturation_mode>(saturation_modes, "saturation", a.saturation);
  }
  binade::unpacked x;
  const std::optional<std::uint64_t> given = parse_code(a.number);
  if (given && a.from.empty()) {
    throw binade::error("binade convert: " + a.number +
                        " is a code; --from must say of which format");
  }
  if (!a.from.empty()) {
    const binade::any_format from = find_element(a.from);
    const std::uint64_t code = given ? *given
                                     : from.encode(binade::unpack(parse_number(a.number)),
                                                   from.default_rounding(), from.default_rules());
    x = from.decode(code);
  } else {
    x = binade::unpack(parse_number(a.number));
  }
  const binade::rounding::any rounding = find_rounding(a, to);
  const std::uint64_t code = to.encode(x, rounding.at(0), rules);
  if (a.json) {
    const nlohmann::json j = {{"format", to.name()},
                              {"code", hex_text(to, code)},
                              {"fields", fields_text(to, code)},
                              {"value", value_text(to, code)},
                              {"rounding", binade::to_string(rounding.mode)},
                              {"saturation", binade::to_string(rules.saturation)}};
    print(j.dump(2) + "\n");
  } else {
    print(
        fmt::format("{} {} {}\n", hex_text(to, code), fields_text(to, code), value_text(to, code)));
  }
  return 0;
}

}  // namespace checkpoint_tool
