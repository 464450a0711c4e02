// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace vectors_tool {

/// The command line of `write`.
struct write_arguments {
  std::string format;
  std::string recipe;
  std::string rows = "2";
  std::string columns = "128";
  std::string source = "float32";
  std::string rounding;
  std::string saturation;
  std::string random_bits = "8";
  std::string random_variant = "add_truncate";
  std::uint64_t seed = 1;
  std::uint64_t stream = 0;
  std::size_t random_inputs = 512;
  bool unguarded = false;
  std::string output = "-";
  bool json = false;
};

/// The command line of `check`.
struct check_arguments {
  std::vector<std::string> files;
  bool any_nan = false;
};

struct arguments {
  write_arguments to_write;
  check_arguments to_check;
  CLI::App* write_command = nullptr;
  CLI::App* check_command = nullptr;
};

/// What the program does, in a sentence.
const char* summary();

/// Declares the subcommands on an application or a subcommand; parsing it fills `a`.
void declare(CLI::App& app, arguments& a);

/// Does what was asked for. Returns 1 if a file differs, else 0.
///
/// Throws: binade::error.
int run(const arguments& a);

}  // namespace vectors_tool
