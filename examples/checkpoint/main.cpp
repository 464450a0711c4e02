// SPDX-License-Identifier: MIT

// binade: reads, names, checks, quantizes, repacks and compares checkpoints in low precision. It
// ends with 0, with 1 if the answer is no (checkpoints differ, bits cannot be kept), with 2 on an
// error.

#include "binade/core/config.hpp"
#include "checkpoint/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  CLI::App app{"reads, checks, quantizes, repacks and compares checkpoints in low precision"};
  app.name("binade");
  app.set_version_flag("--version", fmt::format("binade {}.{}.{}", BINADE_VERSION_MAJOR,
                                                BINADE_VERSION_MINOR, BINADE_VERSION_PATCH));
  checkpoint_tool::arguments a;
  checkpoint_tool::declare(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    return a.command();
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
