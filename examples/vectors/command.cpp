// SPDX-License-Identifier: MIT
#include "vectors/command.hpp"

#include "binade/core/error.hpp"
#include "binade/io/check_conformance.hpp"
#include "binade/io/read_conformance.hpp"
#include "binade/io/write_conformance.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

namespace vectors_tool {
namespace {

void declare_write(CLI::App& app, write_arguments& a) {
  app.add_option("-f,--format", a.format,
                 "format to convert to, by any stack's name; with --recipe the one that it makes");
  CLI::Option* recipe = app.add_option("--recipe", a.recipe, "a recipe instead of a conversion");
  app.add_option("--rows", a.rows, "rows of a recipe's tensors")->needs(recipe);
  app.add_option("--columns", a.columns, "columns of a recipe's tensors")->needs(recipe);
  app.add_option("-s,--source", a.source, "float32, float64, float16 or bfloat16");
  app.add_option("-r,--rounding", a.rounding, "default: the format's own")->excludes(recipe);
  app.add_option("--saturation", a.saturation,
                 "finite, propagate or none; default: the format's own")
      ->excludes(recipe);
  app.add_option("--seed", a.seed, "seed of random inputs and of stochastic rounding");
  app.add_option("--stream", a.stream, "stream of stochastic rounding");
  app.add_option("--bits", a.random_bits, "random bits of stochastic rounding");
  app.add_option("--variant", a.random_variant,
                 "of stochastic rounding: add_truncate, centered, round_then_add");
  app.add_flag("--unguarded", a.unguarded, "hif8_hybrid as published");
  app.add_option("--random", a.random_inputs, "number of random inputs");
  app.add_option("-o,--output", a.output, "file; default: standard output");
  app.add_flag("--json", a.json, "as JSON; also if the file's name ends with .json");
}

/// The case that the command line names, read by the same rules as a file's header.
binade::conversion_case case_of(const write_arguments& a) {
  const bool stochastic = binade::same_name(a.rounding, "stochastic");
  const bool hybrid = binade::same_name(a.rounding, "hif8_hybrid");
  binade::conformance_vectors named;
  named.label = "binade-vectors";
  named.header = {{"format", a.format},
                  {"source", a.source},
                  {"rounding", a.rounding.empty() ? "ties_to_even" : a.rounding},
                  {"saturation", a.saturation.empty() ? "finite" : a.saturation}};
  if (stochastic) {
    named.header.push_back({"stochastic_seed", std::to_string(a.seed)});
    named.header.push_back({"stochastic_stream", std::to_string(a.stream)});
    named.header.push_back({"stochastic_bits", a.random_bits});
    named.header.push_back({"stochastic_variant", a.random_variant});
  }
  if (hybrid) named.header.push_back({"hif8_guard", a.unguarded ? "no" : "yes"});
  binade::conversion_case c = binade::conversion_of(named);
  if (a.rounding.empty()) c.rounding = c.format.default_rounding();
  if (a.saturation.empty()) c.saturation = c.format.default_rules().saturation;
  return c;
}

/// The recipe that the command line names, likewise.
binade::recipe_case recipe_of(const write_arguments& a) {
  binade::conformance_vectors named;
  named.label = "binade-vectors";
  named.header = {
      {"recipe", a.recipe}, {"source", a.source}, {"rows", a.rows}, {"columns", a.columns}};
  if (!a.format.empty()) named.header.push_back({"format", a.format});
  return binade::recipe_of(named);
}

void write(const write_arguments& a) {
  if (a.format.empty() && a.recipe.empty()) {
    throw binade::error("binade-vectors: neither --format nor --recipe is given");
  }
  const binade::conformance_sampling sampling{a.seed, a.random_inputs};
  const binade::conformance_vectors vectors = a.recipe.empty()
                                                  ? binade::make_vectors(case_of(a), sampling)
                                                  : binade::make_vectors(recipe_of(a), sampling);
  const bool json = a.json || a.output.ends_with(".json");
  const std::string text = json ? binade::to_json(vectors) : binade::to_text(vectors);
  if (a.output == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(a.output, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw binade::error("binade-vectors: cannot write " + a.output);
}

/// Whether all files have our outputs.
bool check(const check_arguments& a) {
  bool same = true;
  for (const std::string& path : a.files) {
    const binade::conformance_result result = binade::check_vectors(
        binade::read_conformance(path),
        a.any_nan ? binade::nan_comparison::any_nan : binade::nan_comparison::exact);
    std::printf("%s: %zu vectors, %zu differ\n", path.c_str(), result.vectors, result.different);
    if (result.first) std::printf("%s\n", result.first->text.c_str());
    same = same && result.different == 0;
  }
  return same;
}

}  // namespace

const char* summary() {
  return "Writes conformance vectors of conversions and recipes, and checks files of such vectors.";
}

void declare(CLI::App& app, arguments& a) {
  app.require_subcommand(1);
  a.write_command = app.add_subcommand("write", "write vectors of a conversion or a recipe");
  declare_write(*a.write_command, a.to_write);
  a.check_command = app.add_subcommand("check", "compare files with what binade makes");
  a.check_command->add_option("FILE", a.to_check.files, "text or JSON files")->required();
  a.check_command->add_flag("--any-nan", a.to_check.any_nan, "every NaN code equals every other");
}

int run(const arguments& a) {
  if (a.write_command->parsed()) write(a.to_write);
  return a.check_command->parsed() && !check(a.to_check) ? 1 : 0;
}

}  // namespace vectors_tool
