// SPDX-License-Identifier: MIT
#include "compare/command.hpp"

#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "compare/inputs.hpp"
#include "compare/output.hpp"
#include "compare/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <unistd.h>  // isatty

namespace compare_tool {
namespace {

template <class Names>
std::string joined(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

void write(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw binade::error("compare: cannot write " + path);
}

}  // namespace

const char* summary() {
  return "Compares low-precision number formats on the weights of a safetensors file or on seeded "
         "distributions: bits, SQNR, clipping, underflow, the error of a matrix product, speed.";
}

void declare(CLI::App& app, arguments& a) {
  app.add_option("FILE", a.file, "safetensors file; default: weights that the program carries");
  app.add_option("-f,--formats", a.formats,
                 "formats, separated by commas: NAME[@SCALES][:RULE], or all. SCALES of element "
                 "formats: tensor, channel, a group size, ROWSxCOLS. RULE: " +
                     joined(rule_names()));
  app.add_option("-d,--dist", a.distribution,
                 "seeded numbers instead of a file: " + joined(distribution_names()));
  app.add_option("-t,--tensor", a.pattern, "only tensors whose names match (* and ?)");
  app.add_option("-b,--block", a.block_sizes, "block and group sizes instead of the formats' own")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("-a,--axis", a.axis, "axis along which blocks run; default -1, the last");
  app.add_option("-r,--rounding", a.roundings,
                 "roundings, separated by commas: " + joined(rounding_names()))
      ->delimiter(',');
  app.add_option("-s,--seed", a.seed, "seed of distributions, stochastic rounding and the gemm");
  app.add_option("--rows", a.rows, "rows of --dist")->check(CLI::PositiveNumber);
  app.add_option("--cols", a.cols, "columns of --dist")->check(CLI::PositiveNumber);
  app.add_option("--threads", a.threads, "threads that quantize and dequantize")
      ->check(CLI::PositiveNumber);
  app.add_option("--json", a.json,
                 "write the results as JSON to this file (- for standard output)");
  app.add_option("--csv", a.csv, "write the results as CSV to this file (-)");
  app.add_option("--html", a.html, "write a report with charts to this file (-)");
  app.add_flag("--per-tensor", a.every_tensor, "a table row for each tensor too");
  app.add_flag("-q,--quiet", a.quiet, "no table");
  app.add_flag("--format-table", a.table, "print the table of all formats in Markdown, and stop");
}

void run(const arguments& a) {
  if (a.table) {
    write("-", format_table());
    return;
  }
  if (!a.file.empty() && !a.distribution.empty()) {
    throw binade::error("compare: both a file and --dist are given; choose one");
  }
  case_options options;
  options.block_sizes = a.block_sizes;
  options.axis = a.axis;
  options.roundings = a.roundings;
  options.seed = a.seed;
  std::vector<binade::comparison_case> cases = parse_cases(a.formats, options);

  run_description description;
  description.seed = a.seed;
  description.cpu = cpu_name();
  std::vector<binade::comparison_tensor> tensors;
  if (!a.distribution.empty()) {
    tensors.push_back(make_distribution(a.distribution, a.seed, a.rows, a.cols));
    description.source = "seeded " + a.distribution + " numbers";
  } else if (!a.file.empty()) {
    tensors = read_tensors(a.file, a.pattern);
    description.source = a.file.substr(a.file.rfind('/') + 1);
  } else {
    tensors = embedded_tensors(a.pattern);
    description.source = "Universal Sentence Encoder Lite";
  }
  std::size_t elements = 0;
  for (const auto& t : tensors) elements += t.values.size();
  description.tensors = fmt::format("{} tensor{}, {} elements", tensors.size(),
                                    tensors.size() == 1 ? "" : "s", elements);

  binade::threads pool(a.threads);
  const binade::comparison comparison(std::move(tensors), a.seed);
  std::vector<binade::comparison_result> results;
  {
    const progress bar;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      bar.show(i, cases.size(), cases[i].format.names->name);
      if (a.threads > 1) cases[i].executor = binade::executor_ref(pool);
      for (auto& r : comparison.run(cases[i])) results.push_back(std::move(r));
    }
  }
  if (!a.quiet && a.json != "-" && a.csv != "-" && a.html != "-") {
    const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    fmt::print("{}: {}; seed {}; {}\n", description.source, description.tensors, a.seed,
               description.cpu);
    write("-", terminal_table(results, a.every_tensor, colour));
  }
  if (!a.json.empty()) write(a.json, json(results, description));
  if (!a.csv.empty()) write(a.csv, csv(results));
  if (!a.html.empty()) write(a.html, html(results, description, comparison.tensors()));
}

}  // namespace compare_tool
