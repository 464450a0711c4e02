// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// One struct and one function a subcommand. A function returns the program's exit status: 0, or 1
// if the answer is no (files differ, a weight cannot be kept bit for bit); errors are thrown.

namespace checkpoint_tool {

struct ls_arguments {
  std::string file;
  bool json = false;
};
int ls(const ls_arguments& a);

struct inspect_arguments {
  std::string what;
  std::vector<std::string> formats;
  bool json = false;
};
int inspect(const inspect_arguments& a);

struct convert_arguments {
  std::string number;
  std::string from;
  std::string to;
  std::string rounding;
  std::string saturation;
  std::uint64_t seed = 1;
  bool json = false;
};
int convert(const convert_arguments& a);

struct table_arguments {
  std::string format;
  std::string form = "text";
  bool json = false;
};
int table(const table_arguments& a);

struct quantize_arguments {
  std::string source;
  std::string recipe;
  std::string format;
  std::string scheme;
  std::string scales;
  bool pow2_scales = false;
  std::vector<std::string> skip;
  std::string output;
  std::uint64_t max_shard = 0;  ///< bytes; 0: no limit
  unsigned threads = 0;
  bool dry_run = false;
  bool json = false;
};
int quantize(const quantize_arguments& a);

struct dequantize_arguments {
  std::string source;
  std::string type = "f32";
  std::string output;
  std::uint64_t max_shard = 0;  ///< bytes; 0: no limit
  unsigned threads = 0;
  bool json = false;
};
int dequantize(const dequantize_arguments& a);

struct repack_arguments {
  std::string source;
  std::string family;
  std::string output;
  std::uint64_t max_shard = 0;  ///< bytes; 0: no limit
  bool json = false;
};
int repack(const repack_arguments& a);

struct diff_arguments {
  std::string first;
  std::string second;
  bool bits = false;
  bool json = false;
};
int diff(const diff_arguments& a);

struct swizzle_arguments {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::string direction = "pack";
  std::string input;
  std::string output;
  bool json = false;
};
int swizzle(const swizzle_arguments& a);

}  // namespace checkpoint_tool
