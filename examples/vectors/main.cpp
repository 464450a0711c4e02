// SPDX-License-Identifier: MIT

// binade-vectors writes conformance vectors of a conversion or a recipe, as text or JSON, and
// checks files of such vectors, whoever wrote them. It ends with 0, with 1 if a file differs, with
// 2 on an error.

#include "vectors/command.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  CLI::App app{vectors_tool::summary()};
  app.name("binade-vectors");
  vectors_tool::arguments a;
  vectors_tool::declare(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    return vectors_tool::run(a);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
