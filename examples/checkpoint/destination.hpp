// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/output_file.hpp"
#include "binade/io/scheme.hpp"
#include "binade/io/scheme_ggml.hpp"
#include "binade/io/write_gguf.hpp"
#include "binade/io/write_safetensors.hpp"
#include "binade/io/write_safetensors_model.hpp"
#include "checkpoint/checkpoint.hpp"

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

/// A quantized weight that will be written: by a scheme of safetensors files or as ggml's blocks.
struct planned_weight {
  std::string name;
  binade::packed_description description;
  const binade::any_scheme* scheme = nullptr;
  const binade::any_ggml_block* block = nullptr;
  std::optional<float> tensor_scale;  ///< as it is written; without it the view's is converted
  std::optional<float> input_scale;   ///< as it is written
  binade::safetensors_dtype input_dtype = binade::safetensors_dtype::f32;
};

/// What a checkpoint that is written holds, and says of itself.
struct destination_plan {
  std::vector<planned_weight> weights;
  std::vector<binade::safetensors_entry> plain;  ///< all other tensors
  std::vector<std::string> kept;                 ///< matrices that are not quantized, by name
  binade::safetensors_metadata metadata;         ///< of a safetensors file
  std::uint64_t max_shard = 0;                   ///< bytes of a file in a folder; 0: no limit
};

/// Metadata of a source without what was said of its quantization.
[[nodiscard]] binade::safetensors_metadata plain_metadata(const checkpoint& source);

/// A checkpoint that is written: OUT.gguf, OUT.safetensors, which carries its quantization_config
/// in the metadata, or a folder with model.safetensors (or shards and their index), config.json
/// (the source's with another quantization_config) and for ModelOpt hf_quant_config.json.
///
/// Files get their names when all are complete. Until then they are deleted by the destructor, and
/// by SIGINT, SIGTERM and SIGHUP.
class destination {
 public:
  /// Throws: binade::error if `path` is the source, the kind of file cannot hold the plan, or the
  ///         system cannot write.
  destination(const std::filesystem::path& path, const checkpoint& source, destination_plan plan);
  ~destination();
  destination(const destination&) = delete;
  destination& operator=(const destination&) = delete;

  /// The bytes of weight number i of the plan; a tensor scale is converted as the scheme wants it.
  void write_weight(std::size_t i, const binade::any_packed_view& view);
  /// The next bytes of another tensor.
  void append(std::string_view name, std::span<const std::byte> bytes);
  /// The same from a mapped file, in slices of which no page stays in memory.
  void append_mapped(std::string_view name, std::span<const std::byte> bytes);
  void commit();

 private:
  void open_safetensors(const std::filesystem::path& path, const checkpoint& source);
  void open_gguf(const std::filesystem::path& path, const checkpoint& source);
  void write_config(const std::filesystem::path& folder, const checkpoint& source);
  void write_text(const std::filesystem::path& path, const std::string& text);
  [[nodiscard]] std::vector<std::filesystem::path> unfinished() const;

  destination_plan plan_;
  std::unique_ptr<binade::safetensors_writer> safetensors_;
  std::unique_ptr<binade::safetensors_model_writer> folder_;
  std::vector<std::unique_ptr<binade::output_file>> texts_;
  std::unique_ptr<binade::gguf_writer> gguf_;
};

/// Whether this is the name of a GGUF file.
[[nodiscard]] bool is_gguf(const std::filesystem::path& path);

/// Deletes these files if the program is interrupted, in place of those named before.
///
/// Throws: binade::error if their names take more than 256 KiB.
void delete_on_interrupt(std::span<const std::filesystem::path> paths);

/// Throws: binade::error if `output` is `source` or a file in it.
void check_output(const std::filesystem::path& source, const std::filesystem::path& output);

/// The names of matrices as configurations list them: without ".weight" at the end.
[[nodiscard]] std::vector<std::string> layers_of(std::span<const std::string> weights);

}  // namespace checkpoint_tool
