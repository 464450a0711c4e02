// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/scheme.hpp"
#include "binade/io/scheme_ggml.hpp"
#include "binade/quantize/recipe.hpp"
#include "checkpoint/commands.hpp"

namespace checkpoint_tool {

/// How weights are quantized and laid out.
struct quantize_target {
  binade::any_recipe recipe;
  const binade::any_scheme* scheme = nullptr;     ///< of safetensors files
  const binade::any_ggml_block* block = nullptr;  ///< of GGUF files
};

/// The target that the command line names. A recipe without a scheme of its name gets the first one
/// that holds its format.
///
/// Throws: binade::error if a name is unknown or no scheme holds what the recipe makes.
[[nodiscard]] quantize_target find_target(const quantize_arguments& a);

/// Why the target cannot hold a matrix of this shape; empty if it can.
[[nodiscard]] std::string fault_of(const quantize_target& target,
                                   const binade::tensor_shape& shape);

}  // namespace checkpoint_tool
