// SPDX-License-Identifier: MIT
#include "checkpoint/target.hpp"

#include "binade/core/error.hpp"
#include "binade/io/scheme_parts.hpp"
#include "binade/quantize/recipes.hpp"
#include "checkpoint/destination.hpp"  // is_gguf

#include <string>
#include <string_view>

namespace checkpoint_tool {
namespace {

binade::granularity parse_scales(const std::string& text) {
  if (text == "tensor") return binade::per_tensor{};
  if (text == "channel") return binade::per_channel{.axis = 0};
  if (text == "128x128") return binade::per_block{.rows = 128, .cols = 128};
  throw binade::error("binade quantize: --scales \"" + text +
                      "\"; allowed are tensor, channel and 128x128");
}

binade::any_recipe find_recipe(const quantize_arguments& a) {
  binade::any_recipe recipe = a.format.empty()
                                  ? binade::find_recipe(a.recipe)
                                  : binade::find_recipe(a.recipe, binade::find_packable(a.format));
  const bool is_deepseek = std::string_view(recipe.name) == "deepseek_fp8";
  if (a.pow2_scales && !is_deepseek) {
    throw binade::error("binade quantize: --pow2-scales is for deepseek_fp8 alone");
  }
  if (is_deepseek) {  // weights, not activations
    const auto scales =
        a.pow2_scales ? binade::fp8_scales::power_of_two : binade::fp8_scales::binary32;
    recipe = binade::recipes::deepseek_fp8{.rows = 128, .scales = scales}.describe();
  }
  if (!a.scales.empty()) {
    if (recipe.format.is_block_format) {
      throw binade::error(std::string("binade quantize: --scales is for FP8; ") + recipe.name +
                          " makes " + recipe.format.names->name +
                          ", whose blocks have a fixed size");
    }
    recipe.groups = parse_scales(a.scales);
  }
  return recipe;
}

/// Whose scheme is likely meant by a recipe of that name.
bool is_family_of(const binade::any_scheme& s, const binade::any_recipe& recipe) {
  return std::string_view(recipe.name).starts_with(s.family);
}

}  // namespace

std::string fault_of(const quantize_target& target, const binade::tensor_shape& shape) {
  const std::size_t block = target.block != nullptr                ? target.block->elements
                            : target.recipe.format.is_block_format ? target.recipe.format.block.size
                                                                   : 1;
  if (shape.rank() < 2) return "no matrix";
  if (shape.size() == 0) return "empty";
  if (shape.row_length() % block != 0) {
    return "rows of " + std::to_string(shape.row_length()) + " are not whole blocks of " +
           std::to_string(block);
  }
  if (target.block != nullptr) return "";
  return binade::fault_of(*target.scheme, describe_packed(target.recipe, shape));
}

quantize_target find_target(const quantize_arguments& a) {
  quantize_target target;
  target.recipe = find_recipe(a);
  const binade::packed_description sample =
      describe_packed(target.recipe, binade::tensor_shape{256, 256});
  const std::string made =
      std::string(target.recipe.name) + " makes " + target.recipe.format.names->name + ", which ";
  if (is_gguf(a.output)) {
    target.block = binade::find_ggml_block(sample);
    if (!a.scheme.empty()) throw binade::error("binade quantize: GGUF files have no --scheme");
    if (target.block == nullptr) throw binade::error("binade quantize: " + made + "ggml lacks");
    return target;
  }
  if (!a.scheme.empty()) {
    target.scheme = &binade::find_scheme(a.scheme);
    const std::string fault = binade::fault_of(*target.scheme, sample);
    if (!fault.empty()) throw binade::error("binade quantize: " + fault);
    return target;
  }
  for (const binade::any_scheme& s : binade::all_schemes()) {
    if (!binade::fault_of(s, sample).empty()) continue;
    if (target.scheme == nullptr ||
        (is_family_of(s, target.recipe) && !is_family_of(*target.scheme, target.recipe))) {
      target.scheme = &s;
    }
  }
  if (target.scheme == nullptr) {
    const bool in_gguf = binade::find_ggml_block(sample) != nullptr;
    throw binade::error("binade quantize: " + made + "no scheme of safetensors files holds" +
                        (in_gguf ? "; name an output that ends with .gguf" : ""));
  }
  return target;
}

}  // namespace checkpoint_tool
