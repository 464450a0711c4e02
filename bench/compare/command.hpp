// SPDX-License-Identifier: MIT
#pragma once

#include "compare/cases.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace compare_tool {

/// The command line.
struct arguments {
  std::string file;
  std::string formats{default_formats()};
  std::string distribution;
  std::string pattern = "*";
  std::vector<std::size_t> block_sizes;
  int axis = -1;
  std::vector<std::string> roundings;
  std::uint64_t seed = 1;
  std::size_t rows = 1024;
  std::size_t cols = 1024;
  unsigned threads = 1;
  std::string json;
  std::string csv;
  std::string html;
  bool every_tensor = false;
  bool quiet = false;
  bool table = false;
};

/// What the program does, in a sentence.
const char* summary();

/// Declares the options on an application or a subcommand; parsing it fills `a`.
void declare(CLI::App& app, arguments& a);

/// Compares, and prints or writes the results.
///
/// Throws: binade::error.
void run(const arguments& a);

}  // namespace compare_tool
