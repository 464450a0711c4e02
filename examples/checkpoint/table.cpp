// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/format/unpacked.hpp"
#include "checkpoint/codes.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bit>

namespace checkpoint_tool {
namespace {

using binade::any_format;

/// A C expression of exactly the value.
std::string c_literal(double x) {
  if (x != x) return "NAN";
  if (x - x != 0) return x > 0 ? "INFINITY" : "-INFINITY";
  return fmt::format("{:a}f", x);
}

std::string c_table(const any_format& f, std::uint64_t codes) {
  std::string out = fmt::format("/* {}: {} */\n#include <math.h>\nstatic const float {}[{}] = {{\n",
                                f.name(), f.names().description, f.name(), codes);
  for (std::uint64_t code = 0; code < codes; ++code) {
    out += fmt::format("    {}, /* {} {} */\n", c_literal(binade::to_double(f.decode(code))),
                       hex_text(f, code), value_text(f, code));
  }
  return out + "};\n";
}

/// A line for each code: the bits of its value as binary32, for $readmemh.
std::string verilog_table(const any_format& f, std::uint64_t codes) {
  std::string out =
      fmt::format("// {}: {}; binary32 of each code\n", f.name(), f.names().description);
  for (std::uint64_t code = 0; code < codes; ++code) {
    const auto bits = std::bit_cast<std::uint32_t>(binade::to_float(f.decode(code)));
    out += fmt::format("{:08x} // {} {}\n", bits, hex_text(f, code), value_text(f, code));
  }
  return out;
}

}  // namespace

int table(const table_arguments& a) {
  const any_format f = find_element(a.format);
  const int bits = f.describe().code_bits;
  if (bits > 16) {
    throw binade::error(fmt::format("binade table: {} has codes of {} bits; at most 16 are printed",
                                    f.name(), bits));
  }
  const std::uint64_t codes = std::uint64_t{1} << bits;
  const bool in_c = a.form == "c";
  if ((in_c || a.form == "verilog") && f.exact_in() == binade::carrier::binary64) {
    throw binade::error(
        fmt::format("binade table: values of {} are no floats; use text or csv", f.name()));
  }
  if (a.json) {
    nlohmann::json j = {{"format", f.name()}, {"codes", nlohmann::json::array()}};
    for (std::uint64_t code = 0; code < codes; ++code) {
      j["codes"].push_back({{"code", hex_text(f, code)},
                            {"fields", fields_text(f, code)},
                            {"value", value_text(f, code)}});
    }
    print(j.dump(2) + "\n");
  } else if (in_c) {
    print(c_table(f, codes));
  } else if (a.form == "verilog") {
    print(verilog_table(f, codes));
  } else if (a.form == "csv") {
    std::string out = "code,fields,value\n";
    for (std::uint64_t code = 0; code < codes; ++code) {
      out +=
          fmt::format("{},{},{}\n", hex_text(f, code), fields_text(f, code), value_text(f, code));
    }
    print(out);
  } else {
    std::vector<std::vector<std::string>> rows = {{"code", "fields", "value"}};
    for (std::uint64_t code = 0; code < codes; ++code) {
      rows.push_back({hex_text(f, code), fields_text(f, code), value_text(f, code)});
    }
    print(columns(rows, {2}));
  }
  return 0;
}

}  // namespace checkpoint_tool
