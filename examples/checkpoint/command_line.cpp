// SPDX-License-Identifier: MIT
#include "checkpoint/command_line.hpp"

#include "checkpoint/console.hpp"

#include <CLI/CLI.hpp>

namespace checkpoint_tool {
namespace {

void add_json(CLI::App& app, bool& json) { app.add_flag("--json", json, "print JSON"); }

void add_threads(CLI::App& app, unsigned& threads) {
  app.add_option("--threads", threads, "threads; default: one for each of the machine")
      ->check(CLI::PositiveNumber);
}

void add_max_shard(CLI::App& app, std::uint64_t& bytes) {
  app.add_option("--max-shard-size", bytes, "split a folder's file, such as 5GB; default: one file")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::PositiveNumber);
}

CLI::App& add(CLI::App& app, arguments& a, const char* name, const char* description,
              std::function<int()> run) {
  CLI::App* command = app.add_subcommand(name, description);
  command->callback([&a, run = std::move(run)] { a.command = run; });
  return *command;
}

void declare_files(CLI::App& app, arguments& a) {
  CLI::App& ls_app = add(app, a, "ls", "list tensors, schemes, bits an element and warnings",
                         [&a] { return ls(a.ls); });
  ls_app.add_option("FILE", a.ls.file, "safetensors or GGUF file, or a folder")->required();
  add_json(ls_app, a.ls.json);

  CLI::App& diff_app = add(app, a, "diff", "compare two checkpoints; 1 if they differ",
                           [&a] { return diff(a.diff); });
  diff_app.add_option("A", a.diff.first, "file or folder")->required();
  diff_app.add_option("B", a.diff.second, "file or folder")->required();
  diff_app.add_flag("--bits", a.diff.bits,
                    "codes and scales alone: what is stored, wherever it lies in the file");
  add_json(diff_app, a.diff.json);
}

void declare_numbers(CLI::App& app, arguments& a) {
  CLI::App& inspect_app =
      add(app, a, "inspect", "show a code, or a number under every policy, with its neighbours",
          [&a] { return inspect(a.inspect); });
  inspect_app.add_option("WHAT", a.inspect.what, "a code such as 0x7e, or a number such as 448")
      ->required();
  inspect_app.add_option("-f,--format", a.inspect.formats, "formats, separated by commas")
      ->required()
      ->delimiter(',');
  add_json(inspect_app, a.inspect.json);

  CLI::App& convert_app =
      add(app, a, "convert", "convert one value", [&a] { return convert(a.convert); });
  convert_app.add_option("NUMBER", a.convert.number, "a number, or with --from a code")->required();
  convert_app.add_option("--to", a.convert.to, "format")->required();
  convert_app.add_option("--from", a.convert.from,
                         "format of the code, or that the number is rounded to first");
  convert_app.add_option("-r,--rounding", a.convert.rounding, "default: the format's own");
  convert_app.add_option("--saturation", a.convert.saturation, "finite, propagate or none");
  convert_app.add_option("-s,--seed", a.convert.seed, "seed of stochastic rounding");
  add_json(convert_app, a.convert.json);

  CLI::App& table_app =
      add(app, a, "table", "print all codes of a format", [&a] { return table(a.table); });
  table_app.add_option("FORMAT", a.table.format, "format")->required();
  table_app.add_option("--as", a.table.form, "text, csv, c or verilog")
      ->check(CLI::IsMember({"text", "csv", "c", "verilog"}));
  add_json(table_app, a.table.json);
}

void declare_quantize(CLI::App& app, arguments& a) {
  quantize_arguments& q = a.quantize;
  CLI::App& c = add(app, a, "quantize", "quantize the matrices of a checkpoint",
                    [&a] { return quantize(a.quantize); });
  c.add_option("SRC", q.source, "safetensors or GGUF file, or a folder")->required();
  c.add_option("--to", q.recipe, "recipe, such as modelopt_nvfp4")->required();
  c.add_option("--format", q.format, "where a recipe makes several formats");
  c.add_option("--scheme", q.scheme, "layout of the file; default: the recipe's");
  c.add_option("--scales", q.scales, "of FP8: tensor, channel or 128x128");
  c.add_flag("--pow2-scales", q.pow2_scales, "of deepseek_fp8: powers of two, as DeepSeek-V3.1");
  c.add_option("--skip", q.skip, "keep tensors whose names match (* and ?); may be repeated");
  c.add_option("-o,--output", q.output, "OUT.safetensors, OUT.gguf or a folder");
  add_max_shard(c, q.max_shard);
  c.add_flag("--dry-run", q.dry_run, "say what would happen, write nothing");
  add_threads(c, q.threads);
  add_json(c, q.json);
}

void declare_others(CLI::App& app, arguments& a) {
  CLI::App& d = add(app, a, "dequantize", "write the values of quantized weights",
                    [&a] { return dequantize(a.dequantize); });
  d.add_option("SRC", a.dequantize.source, "safetensors or GGUF file, or a folder")->required();
  d.add_option("--to", a.dequantize.type, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  d.add_option("-o,--output", a.dequantize.output, "OUT.safetensors, OUT.gguf or a folder")
      ->required();
  add_max_shard(d, a.dequantize.max_shard);
  add_threads(d, a.dequantize.threads);
  add_json(d, a.dequantize.json);

  CLI::App& r = add(app, a, "repack", "move codes and scales to another scheme, bit for bit",
                    [&a] { return repack(a.repack); });
  r.add_option("SRC", a.repack.source, "safetensors or GGUF file, or a folder")->required();
  r.add_option("--to", a.repack.family, "modelopt, compressed_tensors, gpt_oss, deepseek or gguf")
      ->required()
      ->check(CLI::IsMember({"modelopt", "compressed_tensors", "gpt_oss", "deepseek", "gguf"}));
  r.add_option("-o,--output", a.repack.output, "OUT.safetensors, OUT.gguf or a folder")->required();
  add_max_shard(r, a.repack.max_shard);
  add_json(r, a.repack.json);

  swizzle_arguments& w = a.swizzle;
  CLI::App& s = add(app, a, "swizzle", "put block scales into tiles of 128 x 4, and back",
                    [&a] { return swizzle(a.swizzle); });
  constexpr std::size_t most = std::size_t{1} << 31;
  s.add_option("IN", w.input, "scales, a byte each")->required();
  s.add_option("OUT", w.output, "file")->required();
  s.add_option("--rows", w.rows, "rows of scales")
      ->required()
      ->check(CLI::Range(std::size_t{1}, most));
  s.add_option("--cols", w.columns, "scales in a row")
      ->required()
      ->check(CLI::Range(std::size_t{1}, most));
  s.add_option("--direction", w.direction, "pack (row by row into tiles) or unpack")
      ->check(CLI::IsMember({"pack", "unpack"}));
  add_json(s, w.json);
}

}  // namespace

void declare(CLI::App& app, arguments& a) {
  app.require_subcommand(1);
  declare_files(app, a);
  declare_numbers(app, a);
  CLI::App& compare_app = add(app, a, "compare", compare_tool::summary(), [&a] {
    compare_tool::run(a.compare);
    return 0;
  });
  compare_tool::declare(compare_app, a.compare);
  declare_quantize(app, a);
  declare_others(app, a);
  CLI::App& vectors_app = add(app, a, "vectors", vectors_tool::summary(),
                              [&a] { return vectors_tool::run(a.vectors); });
  vectors_tool::declare(vectors_app, a.vectors);

  CLI::App& shells =
      add(app, a, "completions", "print a script that completes commands in a shell", [&app, &a] {
        print(completions(describe(app), a.shell));
        return 0;
      });
  shells.add_option("SHELL", a.shell, "bash, zsh or fish")->required();
  add(app, a, "man", "print the manual page", [&app] {
    print(man_page(describe(app)));
    return 0;
  });
}

command_text describe(const CLI::App& app) {
  command_text text;
  text.name = app.get_name();
  for (const CLI::App* above = app.get_parent(); above != nullptr; above = above->get_parent()) {
    text.name = above->get_name() + " " + text.name;
  }
  text.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    option_text o;
    o.is_positional = option->get_positional();
    if (o.is_positional) o.names.push_back(option->get_name());
    for (const std::string& name : option->get_snames()) o.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) o.names.push_back("--" + name);
    o.takes_value = option->get_items_expected_max() != 0;
    o.description = option->get_description();
    text.options.push_back(std::move(o));
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    text.subcommands.push_back(describe(*command));
  }
  return text;
}

}  // namespace checkpoint_tool
