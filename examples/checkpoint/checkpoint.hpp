// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/scheme_ggml.hpp"
#include "binade/io/scheme_weight.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace checkpoint_tool {

/// What stands in front of the keys of a safetensors file's metadata in a GGUF file.
inline constexpr std::string_view gguf_metadata_prefix = "safetensors.";

/// The key of a GGUF file's architecture, which safetensors files keep in their metadata, and what
/// it says where none is known.
inline constexpr std::string_view architecture_key = "general.architecture";
inline constexpr std::string_view unknown_architecture = "unknown";

/// A quantized weight of any kind of file.
struct stored_weight {
  std::string name;
  std::string scheme;
  binade::packed_description description;
  std::size_t bytes = 0;  ///< of all its tensors
  std::optional<float> input_scale;
  binade::safetensors_dtype input_dtype = binade::safetensors_dtype::f32;
  /// What the input's scale is; that of a tensor scale stands in the description.
  binade::tensor_scale_kind input_scale_kind = binade::tensor_scale_kind::none;
  std::optional<binade::scheme_weight> parts;     ///< in safetensors files
  const binade::any_ggml_block* block = nullptr;  ///< in GGUF files
  std::span<const std::byte> data;                ///< of the blocks
  float tensor_scale = 1.0F;

  /// The weight as it lies in the file. ggml's blocks are taken apart into `storage`, which must
  /// outlive the view.
  [[nodiscard]] binade::any_packed_view load(binade::any_packed_tensor& storage) const;
};

/// What is in the files of a checkpoint, which stay open: sizes and names are read, data is not.
struct checkpoint {
  std::string path;
  std::vector<stored_weight> weights;
  std::vector<binade::safetensors_tensor> plain;  ///< tensors that are no part of a weight
  std::vector<binade::scheme_problem> problems;
  binade::safetensors_metadata metadata;
  std::string config;  ///< text of config.json, if there is one
  std::shared_ptr<const void> files;

  /// The weight or the plain tensor of that name, or null.
  [[nodiscard]] const stored_weight* find_weight(const std::string& name) const;
  [[nodiscard]] const binade::safetensors_tensor* find_plain(const std::string& name) const;
};

/// Opens a safetensors or GGUF file, or a folder of safetensors files with its configuration.
///
/// Throws: binade::error.
[[nodiscard]] checkpoint open_checkpoint(const std::filesystem::path& path);

/// Whether the elements are floating-point numbers of 16 bits or more.
[[nodiscard]] bool is_float(binade::safetensors_dtype dtype);

/// Tells the system that the bytes of a mapped file will be needed soon.
void prefetch(std::span<const std::byte> mapped);

/// Tells the system that the bytes of a mapped file will not be needed again.
void release(std::span<const std::byte> mapped);
void release(const stored_weight& weight);

}  // namespace checkpoint_tool
