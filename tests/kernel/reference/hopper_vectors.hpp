// SPDX-License-Identifier: MIT
#pragma once

// Reads tests/vectors/hopper_fp8: what an H100 gave.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace hopper_vectors {

/// A title's words with what stands below it; rows lie one after another.
struct block {
  std::vector<std::string> title;
  std::size_t depth = 0;
  std::vector<std::uint8_t> a;
  std::vector<std::uint8_t> b;
  std::vector<std::uint32_t> c;         // instructions.txt only
  std::vector<std::uint32_t> a_scales;  // gemm.txt only
  std::vector<std::uint32_t> b_scales;
  std::vector<std::uint32_t> d;

  [[nodiscard]] const std::uint8_t* a_row(std::size_t i) const { return a.data() + i * depth; }
  [[nodiscard]] const std::uint8_t* b_row(std::size_t j) const { return b.data() + j * depth; }
};

/// Reads a file of such blocks line by line.
class reader {
 public:
  explicit reader(const std::string& name)
      : name_(name), file_("tests/vectors/hopper_fp8/" + name) {
    EXPECT_TRUE(file_.good()) << name << " cannot be read";
  }
  /// The words of the next title; empty at the end.
  [[nodiscard]] std::vector<std::string> title() {
    std::vector<std::string> words;
    while (words.empty() && std::getline(file_, line_)) {
      if (!line_.starts_with('#')) words = split();
    }
    return words;
  }
  [[nodiscard]] std::vector<std::uint8_t> codes(std::size_t rows, std::size_t depth) {
    std::vector<std::uint8_t> result;
    for (std::size_t i = 0; i < rows; ++i) {
      std::getline(file_, line_);
      EXPECT_EQ(line_.size(), 2 * depth) << name_ << ": " << line_;
      for (std::size_t k = 0; k + 1 < line_.size(); k += 2) {
        result.push_back(static_cast<std::uint8_t>(std::stoul(line_.substr(k, 2), nullptr, 16)));
      }
    }
    return result;
  }
  [[nodiscard]] std::vector<std::uint32_t> floats(std::size_t rows, std::size_t columns) {
    std::vector<std::uint32_t> result;
    for (std::size_t i = 0; i < rows; ++i) {
      std::getline(file_, line_);
      for (const std::string& word : split()) {
        result.push_back(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
      }
    }
    EXPECT_EQ(result.size(), rows * columns) << name_ << ": " << line_;
    return result;
  }

 private:
  [[nodiscard]] std::vector<std::string> split() const {
    std::vector<std::string> words;
    std::istringstream stream(line_);
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
  }

  std::string name_;
  std::ifstream file_;
  std::string line_;
};

/// Rows and columns of the tiles in instructions.txt.
inline constexpr std::size_t tile = 8;

/// Titles: instruction, kind of operands, formats of a and b, instructions in the chain.
inline std::vector<block> read_instructions() {
  reader file("instructions.txt");
  std::vector<block> blocks;
  for (block t; !(t.title = file.title()).empty(); blocks.push_back(t)) {
    t.depth = 32 * std::stoul(t.title.at(4));
    t.a = file.codes(tile, t.depth);
    t.b = file.codes(tile, t.depth);
    t.c = file.floats(tile, tile);
    t.d = file.floats(tile, tile);
  }
  return blocks;
}

/// Rows and columns of the results in gemm.txt.
inline constexpr std::size_t gemm_tile = 4;

/// Titles: mode, depth, groups of a row.
inline std::vector<block> read_gemms() {
  reader file("gemm.txt");
  std::vector<block> blocks;
  for (block t; !(t.title = file.title()).empty(); blocks.push_back(t)) {
    t.depth = std::stoul(t.title.at(1));
    const std::size_t groups = std::stoul(t.title.at(2));
    t.a = file.codes(gemm_tile, t.depth);
    t.b = file.codes(gemm_tile, t.depth);
    t.a_scales = file.floats(gemm_tile, groups);
    t.b_scales = file.floats(gemm_tile, groups);
    t.d = file.floats(gemm_tile, gemm_tile);
  }
  return blocks;
}

}  // namespace hopper_vectors
