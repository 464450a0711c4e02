// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/safetensors.hpp"
#include "binade/io/scheme_config.hpp"
#include "binade/io/scheme_weight.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// Checkpoints that other packages wrote, with the values that these read in them
/// (tests/vectors/checkpoint_*.py).
namespace fixtures {

inline const std::string folder = "tests/vectors/checkpoints/";

/// Every one in a safetensors file; each is called as its scheme.
inline const std::vector<std::string> all = {"deepseek_fp8",
                                             "gpt_oss_mxfp4",
                                             "modelopt_nvfp4",
                                             "modelopt_mxfp4",
                                             "modelopt_mxfp8",
                                             "modelopt_fp8",
                                             "compressed_tensors_nvfp4",
                                             "compressed_tensors_mxfp4",
                                             "compressed_tensors_mxfp8",
                                             "compressed_tensors_fp8_tensor",
                                             "compressed_tensors_fp8_channel",
                                             "compressed_tensors_fp8_block"};

inline std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A fixture, opened.
struct fixture {
  explicit fixture(const std::string& name)
      : file(binade::safetensors_file::open(folder + name + "/model.safetensors")),
        values(binade::safetensors_file::open(folder + name + ".values.safetensors")),
        config(binade::read_scheme_config(text_of(folder + name + "/config.json"))),
        contents(binade::find_weights(file.tensors(), config)) {}

  binade::safetensors_file file;
  binade::safetensors_file values;
  binade::scheme_config config;
  binade::scheme_contents contents;
};

}  // namespace fixtures
