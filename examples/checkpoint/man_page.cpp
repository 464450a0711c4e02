// SPDX-License-Identifier: MIT
#include "binade/core/config.hpp"
#include "checkpoint/command_line.hpp"

#include <fmt/format.h>

namespace checkpoint_tool {
namespace {

/// Text in which roff sees no markup.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else {
      if (c == '-') out += '\\';
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

void add_options(const command_text& command, std::string& out) {
  for (const option_text& o : command.options) {
    std::string names;
    for (const std::string& name : o.names) names += (names.empty() ? "" : ", ") + name;
    out += fmt::format(".TP\n.B {}\n{}\n", escaped(names), escaped(o.description));
  }
}

void add_commands(const command_text& command, std::string& out) {
  for (const command_text& c : command.subcommands) {
    out += fmt::format(".SS {}\n{}\n", escaped(c.name), escaped(c.description));
    add_options(c, out);
    add_commands(c, out);
  }
}

}  // namespace

std::string man_page(const command_text& program) {
  std::string out = fmt::format(
      ".TH BINADE 1 \"\" \"binade {}.{}.{}\"\n.SH NAME\nbinade \\- {}\n.SH SYNOPSIS\n.B binade\n"
      ".I COMMAND\n[\n.I OPTIONS\n]\n.SH COMMANDS\n",
      BINADE_VERSION_MAJOR, BINADE_VERSION_MINOR, BINADE_VERSION_PATCH,
      escaped(program.description));
  add_commands(program, out);
  out +=
      ".SH EXIT STATUS\n0 if all went well; 1 if the answer is no: checkpoints differ, or bits "
      "cannot be kept; 2 on an error.\n.SH FILES\nAn output is written as OUT.part and renamed "
      "when "
      "it is complete. A file OUT.safetensors carries its quantization_config in the metadata; a "
      "folder gets model.safetensors and config.json.\n";
  return out;
}

}  // namespace checkpoint_tool
