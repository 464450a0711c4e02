// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/no_such_tensor.hpp"
#include "binade/io/detail/tracked_iterator.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/safetensors.hpp"
#include "binade/io/safetensors_tensor.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// In which file each tensor of a model is: what `model.safetensors.index.json` says.
using safetensors_weight_map = std::map<std::string, std::string, std::less<>>;

namespace detail {

/// Takes an index in by SAX events: the object "weight_map" of strings. Other members, such as
/// "metadata", are passed over.
class safetensors_index_reader {
 public:
  safetensors_weight_map weights;
  std::string problem;
  std::uint64_t problem_position = 0;

  explicit safetensors_index_reader(std::string_view text)
      : begin_(text.data()), reached_(text.data()) {
    const tracked_iterator first{begin_, &reached_};
    const tracked_iterator last{begin_ + text.size(), &reached_};
    nlohmann::json::sax_parse(first, last, this);
    if (problem.empty() && !found_) fail("the index has no \"weight_map\"");
  }

  // The events, as nlohmann-json names them.
  bool null() { return other(); }
  bool boolean(bool) { return other(); }
  bool number_integer(std::int64_t) { return other(); }
  bool number_unsigned(std::uint64_t) { return other(); }
  bool number_float(double, const std::string&) { return other(); }
  bool binary(nlohmann::json::binary_t&) { return other(); }
  bool string(std::string& value) {
    if (!in_map()) return other();
    if (!is_plain_name(value)) {
      return fail("file " + in_quotes(value) +
                  "; it must be the name of a file beside the index, without a folder");
    }
    *file_ = std::move(value);
    return true;
  }
  bool start_object(std::size_t) {
    if (depth_ == 1 && map_is_next_) {
      map_is_next_ = false;
      found_ = true;
      in_weights_ = true;
      ++depth_;
      return true;
    }
    return start();
  }
  bool end_object() { return end(); }
  bool start_array(std::size_t) {
    if (depth_ == 0) return fail("the index must be an object");
    return start();
  }
  bool end_array() { return end(); }
  bool key(std::string& name) {
    if (in_map()) {
      const auto [at, is_new] = weights.try_emplace(name);
      if (!is_new) return fail("duplicate tensor name " + in_quotes(name) + "; names must differ");
      file_ = &at->second;
    }
    if (depth_ == 1) {
      map_is_next_ = name == "weight_map";
      if (map_is_next_ && found_) return fail("duplicate key \"weight_map\"");
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) {
    return fail("the index is not valid JSON in UTF-8");
  }

 private:
  static constexpr int max_depth = 64;  // ours; real indices have 2

  [[nodiscard]] bool in_map() const noexcept { return in_weights_ && depth_ == 2; }
  static bool is_plain_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
           name.find('\\') == std::string::npos && name.find('\0') == std::string::npos;
  }

  bool other() {
    if (depth_ == 0) return fail("the index must be an object");
    if (in_map()) return fail("in \"weight_map\", a file's name must be a string");
    if (depth_ == 1 && map_is_next_) return fail("\"weight_map\" must be an object");
    return true;
  }
  bool start() {
    if (depth_ > 0 && !other()) return false;
    if (++depth_ > max_depth) return fail("the index is nested deeper than 64 levels");
    return true;
  }
  bool end() {
    if (--depth_ == 1) in_weights_ = false;
    return true;
  }
  bool fail(std::string what) {
    problem = std::move(what);
    problem_position = reached_ == begin_ ? 0 : static_cast<std::uint64_t>(reached_ - begin_) - 1;
    return false;
  }

  const char* begin_;
  const char* reached_;
  int depth_ = 0;
  bool map_is_next_ = false;
  bool in_weights_ = false;
  bool found_ = false;
  std::string* file_ = nullptr;
};

}  // namespace detail

/// Reads an index that is in memory; `label` names it in messages.
///
/// Names of files may have no folder in them, so that an index cannot point at other people's
/// files.
/// Throws: error naming the index, the byte, what was given and what is allowed.
/// Source: the index that transformers writes.
[[nodiscard]] inline safetensors_weight_map read_safetensors_index(
    std::span<const std::byte> bytes, const std::string& label = "memory") {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto fail = [&label](std::uint64_t position, const std::string& what) {
    BINADE_THROW(error{"read_safetensors_index: " + label + ": byte " + std::to_string(position) +
                       ": " + what});
  };
  // The JSON parser takes a NUL for the end of its input.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) fail(nul, "a NUL byte");
  detail::safetensors_index_reader reader(text);
  if (!reader.problem.empty()) fail(reader.problem_position, reader.problem);
  return std::move(reader.weights);
}

/// The tensors of a model, whether it lies in one safetensors file or in many.
///
/// Files are mapped, all of them for as long as the model lives. Tensors that the index does not
/// name are left out; of one that stands in several files the index tells which counts.
/// Cost:   memory of the headers' order; data is read when it is touched.
class safetensors_model {
 public:
  /// Opens a safetensors file, an index (a file called "....json") or a folder, which has one of
  /// "model.safetensors.index.json" and "model.safetensors".
  ///
  /// Throws: error naming file and byte; error if the index names a tensor that its file has not.
  [[nodiscard]] static safetensors_model open(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
      return path.extension() == ".json" ? of_index(path) : of_file(path);
    }
    const auto index = path / "model.safetensors.index.json";
    const auto file = path / "model.safetensors";
    if (std::filesystem::exists(index, ignored)) return of_index(index);
    if (std::filesystem::exists(file, ignored)) return of_file(file);
    BINADE_THROW(error{"safetensors_model: " + path.string() +
                       ": the folder has neither model.safetensors.index.json nor "
                       "model.safetensors"});
  }

  /// All tensors, file by file, in the order of their data.
  [[nodiscard]] const std::vector<safetensors_tensor>& tensors() const noexcept { return tensors_; }

  /// The files, in the order of their names, and their own metadata.
  [[nodiscard]] const std::vector<safetensors_file>& files() const noexcept { return files_; }

  /// The tensor of that name.
  ///
  /// Throws: error with the nearest names if there is none.
  [[nodiscard]] const safetensors_tensor& find(std::string_view name) const {
    if (const auto found = index_.find(name); found != index_.end()) return tensors_[found->second];
    BINADE_THROW(
        error{"safetensors_model: " + label_ + ": " + detail::no_such_tensor(name, tensors_)});
  }

 private:
  explicit safetensors_model(std::string label) : label_(std::move(label)) {}

  static safetensors_model of_file(const std::filesystem::path& path) {
    safetensors_model model(path.string());
    model.files_.push_back(safetensors_file::open(path));
    for (const auto& tensor : model.files_.back().tensors()) model.add(tensor);
    return model;
  }

  static safetensors_model of_index(const std::filesystem::path& path) {
    safetensors_model model(path.string());
    const file_bytes bytes(path);
    const safetensors_weight_map weights = read_safetensors_index(bytes.get(), path.string());
    std::map<std::string_view, std::size_t> missing;  // tensors by file
    for (const auto& [name, file] : weights) ++missing[file];
    for (auto& [file, count] : missing) {
      model.files_.push_back(safetensors_file::open(path.parent_path() / file));
      for (const auto& tensor : model.files_.back().tensors()) {
        const auto named = weights.find(tensor.name);
        if (named == weights.end() || named->second != file) continue;
        model.add(tensor);
        --count;
      }
      if (count == 0) continue;
      for (const auto& [name, in] : weights) {
        if (in != file || model.index_.contains(name)) continue;
        BINADE_THROW(error{"safetensors_model: " + path.string() + ": the index says that " +
                           detail::in_quotes(name) + " is in " + detail::in_quotes(file) +
                           ", which has no tensor of that name"});
      }
    }
    return model;
  }

  void add(const safetensors_tensor& tensor) {
    index_.emplace(tensor.name, tensors_.size());
    tensors_.push_back(tensor);
  }

  std::string label_;
  std::vector<safetensors_file> files_;
  std::vector<safetensors_tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace binade::inline v0
