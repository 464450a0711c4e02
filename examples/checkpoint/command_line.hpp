// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/commands.hpp"
#include "compare/command.hpp"
#include "vectors/command.hpp"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace checkpoint_tool {

/// All that the command line may say.
struct arguments {
  ls_arguments ls;
  inspect_arguments inspect;
  convert_arguments convert;
  table_arguments table;
  compare_tool::arguments compare;
  quantize_arguments quantize;
  dequantize_arguments dequantize;
  repack_arguments repack;
  diff_arguments diff;
  swizzle_arguments swizzle;
  vectors_tool::arguments vectors;
  std::string shell;             ///< of `completions`
  std::function<int()> command;  ///< what was asked for
};

/// Declares every subcommand; parsing `app` fills `a`.
void declare(CLI::App& app, arguments& a);

/// An option or an argument as help texts show it.
struct option_text {
  std::vector<std::string> names;  ///< -o and --output, or FILE
  bool is_positional = false;
  bool takes_value = false;
  std::string description;
};

/// A command with its options, as declared.
struct command_text {
  std::string name;  ///< with those above it, as in "binade quantize"
  std::string description;
  std::vector<option_text> options;
  std::vector<command_text> subcommands;
};

/// What `app` declares, without CLI11's types.
command_text describe(const CLI::App& app);

/// The manual page binade(1).
std::string man_page(const command_text& program);

/// A script that completes commands and options in bash, zsh or fish.
///
/// Throws: binade::error if `shell` is another one.
std::string completions(const command_text& program, const std::string& shell);

}  // namespace checkpoint_tool
