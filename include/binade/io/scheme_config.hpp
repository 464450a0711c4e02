// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/scheme.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// What config.json and hf_quant_config.json say about the weights beside them.

namespace binade::inline v0 {

/// What a configuration says; empty where it says nothing.
struct scheme_config {
  std::string family;     ///< as any_scheme::family
  std::string algorithm;  ///< in the stack's words, such as "NVFP4" or "nvfp4-pack-quantized"
  std::optional<per_block> tile;  ///< of FP8 weights
};

namespace detail {

/// The text under a key; empty if there is none.
inline std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The two extents of a tile under a key.
inline std::optional<per_block> tile_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() || found->size() != 2) return std::nullopt;
  per_block tile;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& n = (*found)[i];
    if (!n.is_number_unsigned() || n.get<std::size_t>() == 0) return std::nullopt;
    (i == 0 ? tile.rows : tile.cols) = n.get<std::size_t>();
  }
  return tile;
}

inline scheme_config read_quantization(const nlohmann::json& q) {
  scheme_config config;
  const std::string method = text_at(q, "quant_method");
  if (method == "fp8") {
    config.family = "deepseek";
    config.algorithm = text_at(q, "fmt");
    config.tile = tile_at(q, "weight_block_size");
  } else if (method == "mxfp4") {
    config.family = "gpt_oss";
    config.algorithm = method;
  } else if (method == "compressed-tensors") {
    config.family = "compressed_tensors";
    config.algorithm = text_at(q, "format");
    if (const auto groups = q.find("config_groups"); groups != q.end() && groups->is_object()) {
      for (const auto& group : *groups) {
        if (!group.is_object() || !group.contains("weights")) continue;
        const auto& weights = group["weights"];
        if (weights.is_object()) config.tile = tile_at(weights, "block_structure");
      }
    }
  } else if (method == "modelopt" || q.contains("quant_algo")) {
    config.family = "modelopt";
    config.algorithm = text_at(q, "quant_algo");
  }
  return config;
}

}  // namespace detail

/// Reads the text of a config.json, of a hf_quant_config.json, or of the object
/// "quantization_config" alone; `label` names it in messages.
///
/// Throws: error if the text is not a JSON object.
[[nodiscard]] inline scheme_config read_scheme_config(std::string_view text,
                                                      const std::string& label = "config.json") {
  const nlohmann::json root = nlohmann::json::parse(text, nullptr, false);
  if (!root.is_object()) {
    BINADE_THROW(error{"read_scheme_config: " + label + " is " +
                       (root.is_discarded() ? "not valid JSON" : "no JSON object") +
                       "; needed is an object"});
  }
  for (const char* key : {"quantization_config", "quantization"}) {
    if (const auto found = root.find(key); found != root.end() && found->is_object()) {
      return detail::read_quantization(*found);
    }
  }
  return detail::read_quantization(root);
}

namespace detail {

/// compressed-tensors' "weights" or "input_activations" of a scheme.
inline nlohmann::json compressed_tensors_arguments(const any_scheme& s, bool of_inputs) {
  nlohmann::json a = {{"num_bits", s.format.element.bit_count()},
                      {"type", "float"},
                      {"symmetric", true},
                      {"dynamic", of_inputs}};
  if (s.format.is_block_format) {
    const bool two_levels = s.tensor_scale != tensor_scale_kind::none;
    a["strategy"] = two_levels ? "tensor_group" : "group";
    a["group_size"] = s.format.block.size;
    a["scale_dtype"] = two_levels ? "torch.float8_e4m3fn" : "torch.uint8";
    if (two_levels && of_inputs) a["dynamic"] = "local";
    return a;
  }
  switch (s.groups.form()) {
    case granularity::kind::channel:
      a["strategy"] = of_inputs ? "token" : "channel";
      break;
    case granularity::kind::block:
      a["strategy"] = of_inputs ? "group" : "block";
      if (of_inputs) {
        a["group_size"] = 128;
      } else {
        a["block_structure"] = {128, 128};
      }
      break;
    default:
      a["strategy"] = "tensor";
  }
  return a;
}

/// compressed-tensors' name for how codes are stored.
inline const char* compressed_tensors_format(const any_scheme& s) {
  if (!s.format.is_block_format) return "float-quantized";
  if (s.tensor_scale != tensor_scale_kind::none) return "nvfp4-pack-quantized";
  return s.format.element.bit_count() == 4 ? "mxfp4-pack-quantized" : "mxfp8-quantized";
}

/// ModelOpt's name for a scheme of its own.
inline const char* modelopt_algorithm(const any_scheme& s) {
  if (!s.format.is_block_format) return "FP8";
  if (s.tensor_scale != tensor_scale_kind::none) return "NVFP4";
  return s.format.element.bit_count() == 4 ? "MXFP4" : "MXFP8";
}

}  // namespace detail

/// The object "quantization_config" of a config.json for weights in this scheme. `ignored` are the
/// layers that stay as they were, without ".weight".
[[nodiscard]] inline nlohmann::json make_quantization_config(const any_scheme& s,
                                                             std::span<const std::string> ignored) {
  const std::string_view family = s.family;
  nlohmann::json q;
  if (family == "deepseek") {
    q = {{"quant_method", "fp8"},
         {"fmt", "e4m3"},
         {"activation_scheme", "dynamic"},
         {"weight_block_size", {128, 128}}};
    if (!ignored.empty()) q["modules_to_not_convert"] = ignored;
    return q;
  }
  if (family == "gpt_oss") {
    q["quant_method"] = "mxfp4";
    if (!ignored.empty()) q["modules_to_not_convert"] = ignored;
    return q;
  }
  const bool is_modelopt = family == "modelopt";
  nlohmann::json group = {{"targets", {"Linear"}},
                          {"weights", detail::compressed_tensors_arguments(s, false)}};
  // Weights alone were quantized: no scale of an input is known.
  if (!is_modelopt) group["format"] = detail::compressed_tensors_format(s);
  q["config_groups"]["group_0"] = std::move(group);
  q["ignore"] = ignored;
  if (is_modelopt) {
    q["quant_method"] = "modelopt";
    q["quant_algo"] = detail::modelopt_algorithm(s);
  } else {
    q["quant_method"] = "compressed-tensors";
    q["format"] = detail::compressed_tensors_format(s);
    q["quantization_status"] = "compressed";
  }
  return q;
}

/// ModelOpt's hf_quant_config.json for weights in a scheme of its own.
[[nodiscard]] inline nlohmann::json make_hf_quant_config(const any_scheme& s,
                                                         std::span<const std::string> ignored) {
  nlohmann::json q;
  q["producer"] = {{"name", "binade"}};
  q["quantization"] = {{"quant_algo", detail::modelopt_algorithm(s)},
                       {"kv_cache_quant_algo", nullptr},
                       {"exclude_modules", ignored}};
  if (s.format.is_block_format) q["quantization"]["group_size"] = s.format.block.size;
  return q;
}

}  // namespace binade::inline v0
