// SPDX-License-Identifier: MIT
#pragma once

// Reader of tests/vectors/recipes/*.txt and recipe_inputs.txt, whose form tests/vectors/README.md
// describes.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace recipe_vectors {

/// What delayed scaling knew; bit patterns of floats, and a number.
struct delayed_scale {
  std::uint32_t amax = 0;
  std::uint32_t previous_scale = 0;
  int margin = 0;
};

/// One tensor and what a package made of it; bit patterns all.
struct tensor_case {
  std::string name;
  bool is_bfloat16 = false;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<std::uint32_t> x;
  std::vector<std::uint32_t> codes;   ///< one an element, row-major
  std::vector<std::uint32_t> values;  ///< dequantized elements, where a package gives no codes
  std::vector<std::uint32_t> scales;
  std::uint32_t tensor_scale = 0;
  std::optional<delayed_scale> delayed{};
};

struct file {
  std::string recipe;
  std::string package;
  std::string element;
  std::string packing;
  std::size_t packing_block = 0;
  std::string scale;
  std::string tensor_scale;
  float tensor_scale_range = 0;  ///< tensor_scale "amax": the value that amax was scaled to
  std::size_t block_rows = 0;    ///< 0: all
  std::size_t block_columns = 0;
  int offset = 0;  ///< what the package's codes stand above this library's
  std::vector<tensor_case> cases;
};

/// The tensors of recipe_inputs.txt by their names: hexadecimal digits.
inline std::map<std::string, std::string> read_inputs(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::map<std::string, std::string> inputs;
  std::string name;
  std::string type;
  std::string rows;
  std::string columns;
  std::string digits;
  while (in >> name >> type >> rows >> columns >> digits) inputs[name] = digits;
  return inputs;
}

inline std::vector<std::uint32_t> hex_words(const std::string& text, std::size_t digits) {
  std::vector<std::uint32_t> words;
  for (std::size_t i = 0; i + digits <= text.size(); i += digits) {
    words.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(i, digits), nullptr, 16)));
  }
  return words;
}

/// The codes of elements from the bytes that hold them.
inline std::vector<std::uint32_t> unpacked_codes(const file& f, const std::string& text,
                                                 std::size_t count) {
  const std::vector<std::uint32_t> bytes = hex_words(text, 2);
  if (f.packing == "byte") return bytes;
  std::vector<std::uint32_t> codes(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t byte = i / 2;
    bool high = i % 2 != 0;
    if (f.packing == "split_half") {
      const std::size_t half = f.packing_block / 2;
      const std::size_t within = i % f.packing_block;
      byte = i / f.packing_block * half + within % half;
      high = within >= half;
    }
    codes[i] = bytes.at(byte) >> (high ? 4 : 0) & 15;
  }
  return codes;
}

inline std::size_t scale_digits(const file& f, const tensor_case& c) {
  if (f.scale == "float32") return 8;
  if (f.scale == "float16" || f.scale == "bfloat16") return 4;
  if (f.scale == "source") return c.is_bfloat16 ? 4 : 8;
  return 2;
}

/// Reads a recipe file in `tests/vectors/recipes`; the inputs lie one folder above.
inline file read(const std::filesystem::path& path) {
  static const auto inputs = read_inputs(path.parent_path().parent_path() / "recipe_inputs.txt");
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  file f;
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string key;
    if (!(words >> key) || key.front() == '#') continue;
    const auto extent = [&words] {
      std::string text;
      words >> text;
      return text == "all" ? std::size_t{0} : static_cast<std::size_t>(std::stoul(text));
    };
    if (key == "recipe") {
      words >> f.recipe;
    } else if (key == "package") {
      std::string name;
      std::string version;
      words >> name >> version;
      f.package.append(name).append(" ").append(version);
    } else if (key == "element") {
      words >> f.element >> f.packing;
      if (f.packing == "split_half") words >> f.packing_block;
    } else if (key == "block") {
      f.block_rows = extent();
      f.block_columns = extent();
    } else if (key == "scale") {
      words >> f.scale;
    } else if (key == "option") {
      std::string what;
      words >> what;
      if (what == "offset") words >> f.offset;
    } else if (key == "case") {
      tensor_case c;
      std::string type;
      words >> c.name >> type >> c.rows >> c.columns;
      c.is_bfloat16 = type == "bfloat16";
      f.cases.push_back(c);
    } else if (key == "delayed") {
      delayed_scale d;
      words >> std::hex >> d.amax >> d.previous_scale >> std::dec >> d.margin;
      f.cases.back().delayed = d;
    } else if (key == "tensor_scale" && f.cases.empty()) {
      words >> f.tensor_scale;
      if (f.tensor_scale == "amax") words >> f.tensor_scale_range;
    } else if (key == "x" || key == "codes" || key == "scales" || key == "values" ||
               key == "tensor_scale") {
      tensor_case& c = f.cases.back();
      std::string text;
      words >> text;
      if (key == "x") c.x = hex_words(inputs.at(text), c.is_bfloat16 ? 4 : 8);
      if (key == "codes") c.codes = unpacked_codes(f, text, c.rows * c.columns);
      if (key == "scales") c.scales = hex_words(text, scale_digits(f, c));
      if (key == "values") c.values = hex_words(text, 8);
      if (key == "tensor_scale") c.tensor_scale = hex_words(text, 8).at(0);
    }
  }
  return f;
}

}  // namespace recipe_vectors
