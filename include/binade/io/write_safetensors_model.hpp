// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/output_file.hpp"
#include "binade/io/write_safetensors.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// Writes the safetensors files of a model into a folder, as transformers names them:
/// "model.safetensors", or if that would have more than `max_shard` bytes of tensors
/// "model-00001-of-00003.safetensors" and so on with "model.safetensors.index.json".
///
/// A shard takes tensors in their order until the next one would not fit; a tensor of more bytes
/// has a shard of its own. Files get their names in `commit`, the index after all others.
/// Cost:   memory of the headers' order; one open file a shard.
/// Source: the split of huggingface_hub, and the index that transformers writes.
class safetensors_model_writer {
 public:
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  /// Creates the unfinished files in a folder that exists.
  ///
  /// Throws: error as safetensors_writer; if two tensors have one name; if the folder has a model
  ///         of the other kind (an index, if one file is written, and the other way round), which
  ///         would stay beside this one.
  explicit safetensors_model_writer(const std::filesystem::path& folder,
                                    const std::vector<safetensors_entry>& tensors,
                                    const safetensors_metadata& metadata = {{"format", "pt"}},
                                    std::uint64_t max_shard = no_limit)
      : folder_(folder) {
    const std::vector<std::vector<safetensors_entry>> shards = split(tensors, max_shard);
    const bool is_one = shards.size() == 1;
    const char* const other = is_one ? index_name : "model.safetensors";
    std::error_code ignored;
    if (std::filesystem::exists(folder / other, ignored)) {
      fail(std::string("has a ") + other + ", and now " +
           (is_one ? "one file" : std::to_string(shards.size()) + " files") +
           " would be written beside it; name another folder");
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const std::string name = is_one ? "model.safetensors" : shard_name(i, shards.size());
      for (const safetensors_entry& tensor : shards[i]) {
        if (!shard_of_.emplace(tensor.name, i).second) {
          fail("two tensors are called " + detail::in_quotes(tensor.name) + "; names must differ");
        }
      }
      files_.push_back(std::make_unique<safetensors_writer>(folder / name, shards[i], metadata));
      names_.push_back(name);
    }
    if (is_one) return;
    index_ = std::make_unique<output_file>(folder / index_name, "write_safetensors");
    const std::string text = index_text();
    index_->write_at(0, std::as_bytes(std::span(text)));
  }

  /// Writes the next bytes of a tensor: the first ones at the first call, and so on.
  ///
  /// Throws: as safetensors_writer.
  void append(std::string_view name, std::span<const std::byte> bytes) {
    const auto found = shard_of_.find(name);
    if (found == shard_of_.end()) fail("no tensor is called " + detail::in_quotes(name));
    files_[found->second]->append(name, bytes);
  }

  /// Gives the files their names, the index last.
  ///
  /// Throws: as safetensors_writer; files before the one that failed have their names then.
  void commit() {
    for (const auto& file : files_) file->commit();
    if (index_) index_->commit();
  }

  /// The names that the files have until `commit`.
  [[nodiscard]] std::vector<std::filesystem::path> unfinished() const {
    std::vector<std::filesystem::path> names;
    for (const auto& file : files_) names.push_back(file->unfinished());
    if (index_) names.push_back(index_->unfinished());
    return names;
  }

 private:
  static constexpr const char* index_name = "model.safetensors.index.json";

  std::vector<std::vector<safetensors_entry>> split(const std::vector<safetensors_entry>& tensors,
                                                    std::uint64_t max_shard) {
    std::vector<std::vector<safetensors_entry>> shards(1);
    std::uint64_t filled = 0;
    for (const safetensors_entry& tensor : tensors) {
      // What is no number of bytes is refused by the file's own writer.
      const std::uint64_t bytes =
          detail::tensor_bytes(bits_of(tensor.dtype), tensor.shape).value_or(0);
      if (filled != 0 && bytes > max_shard - std::min(filled, max_shard)) {
        shards.emplace_back();
        filled = 0;
      }
      shards.back().push_back(tensor);
      filled += bytes;
      total_ += bytes;
    }
    return shards;
  }

  static std::string shard_name(std::size_t i, std::size_t n) {
    char name[80];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, n);
    return name;
  }

  [[nodiscard]] std::string index_text() const {
    nlohmann::json map = nlohmann::json::object();
    for (const auto& [tensor, shard] : shard_of_) map[tensor] = names_[shard];
    const nlohmann::json index = {{"metadata", {{"total_size", total_}}}, {"weight_map", map}};
    return index.dump(2) + "\n";
  }

  [[noreturn]] void fail(const std::string& what) const {
    BINADE_THROW(error{"write_safetensors: " + folder_.string() + ": " + what});
  }

  std::filesystem::path folder_;
  std::vector<std::unique_ptr<safetensors_writer>> files_;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> shard_of_;
  std::unique_ptr<output_file> index_;
  std::uint64_t total_ = 0;
};

}  // namespace binade::inline v0
