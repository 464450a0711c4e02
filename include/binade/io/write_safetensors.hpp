// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/tensor_slots.hpp"
#include "binade/io/safetensors_tensor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// What a file's header says of a tensor.
///
/// Shapes: as safetensors_tensor.
struct safetensors_entry {
  std::string name;
  safetensors_dtype dtype = safetensors_dtype::f32;
  std::vector<std::uint64_t> shape;
};

namespace detail {

[[noreturn]] inline void fail_to_write(const std::filesystem::path& path, const std::string& what) {
  BINADE_THROW(error{"write_safetensors: " + path.string() + ": " + what});
}

/// `text` as JSON in the official writer's spelling.
inline std::string json_literal(const std::filesystem::path& path, const std::string& text) {
  const nlohmann::json value = text;
  const std::string replaced = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string ignored = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::ignore);
  if (replaced != ignored) fail_to_write(path, in_quotes(text) + " is not UTF-8");
  return replaced;
}

/// The header for tensors in this order, checked and padded.
inline std::string safetensors_header(const std::filesystem::path& path,
                                      std::span<const safetensors_entry> tensors,
                                      const safetensors_metadata& metadata) {
  std::string header = "{";
  for (const auto& [key, value] : metadata) {
    header += header.size() == 1 ? "\"__metadata__\":{" : ",";
    header += json_literal(path, key) + ":" + json_literal(path, value);
  }
  if (!metadata.empty()) header += "}";
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  for (const auto& tensor : tensors) {
    const std::string name = json_literal(path, tensor.name);
    if (!names.insert(tensor.name).second) {
      fail_to_write(path,
                    "two tensors are called " + in_quotes(tensor.name) + "; names must differ");
    }
    if (tensor.name == "__metadata__") {
      fail_to_write(path, "a tensor is called \"__metadata__\"; the format reserves that name");
    }
    if (tensor.shape.size() > safetensors_max_rank) {
      fail_to_write(path, "tensor " + in_quotes(tensor.name) + " has " +
                              std::to_string(tensor.shape.size()) +
                              " dimensions; at most 64 are allowed");
    }
    const auto bytes = tensor_bytes(bits_of(tensor.dtype), tensor.shape);
    if (!bytes || __builtin_add_overflow(offset, *bytes, &end)) {
      fail_to_write(path, "tensor " + in_quotes(tensor.name) + " of " +
                              std::string(name_of(tensor.dtype)) + shape_text(tensor.shape) +
                              " overflows 64 bits or does not fill whole bytes");
    }
    header.append(header.size() == 1 ? "" : ",").append(name).append(":{\"dtype\":\"");
    header.append(name_of(tensor.dtype)).append("\",\"shape\":[");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      header.append(i == 0 ? "" : ",").append(std::to_string(tensor.shape[i]));
    }
    header.append("],\"data_offsets\":[").append(std::to_string(offset)).append(",");
    header.append(std::to_string(end)).append("]}");
    offset = end;
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > safetensors_max_header) {
    fail_to_write(path, "the header takes " + std::to_string(header.size()) +
                            " bytes; at most 100000000 are allowed");
  }
  return header;
}

}  // namespace detail

/// Writes a file tensor by tensor, in any order and in pieces, byte by byte as the official writer
/// would have written it: tensors by element type, the last of the enumeration first, then by name;
/// the header padded with spaces to a multiple of 8 bytes.
///
/// With several metadata keys that writer's order is random; here they are sorted. Empty `metadata`
/// is left out; transformers asks for "format". The file gets its name in `commit`, so data may
/// come from the very file that is replaced.
/// Cost:   memory of the header's order.
/// Source: `prepare` in the official writer, which fixes the order.
class safetensors_writer {
 public:
  /// Writes the header of the tensors, which may come in any order.
  ///
  /// Throws: error if a name is used twice, is "__metadata__" or is not UTF-8, if a tensor has more
  ///         than 64 dimensions or does not fill whole bytes, or if the system cannot write.
  safetensors_writer(const std::filesystem::path& path, std::vector<safetensors_entry> tensors,
                     const safetensors_metadata& metadata = {{"format", "pt"}})
      : slots_(path, "write_safetensors") {
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
      return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
    });
    const std::string header = detail::safetensors_header(path, tensors, metadata);
    const std::uint64_t header_size = header.size();
    slots_.file().write_at(0, std::as_bytes(std::span(&header_size, 1)));
    slots_.file().write_at(8, std::as_bytes(std::span(header)));
    std::uint64_t offset = 8 + header_size;
    for (auto& tensor : tensors) {
      const std::uint64_t bytes = *detail::tensor_bytes(bits_of(tensor.dtype), tensor.shape);
      slots_.add(std::move(tensor.name), offset, bytes);
      offset += bytes;
    }
  }

  /// Writes the next bytes of a tensor: the first ones at the first call, and so on.
  ///
  /// Throws: error if there is no such tensor, if it would become longer than its shape allows, or
  ///         if the system cannot write.
  void append(std::string_view name, std::span<const std::byte> bytes) {
    slots_.append(name, bytes);
  }

  /// Gives the file its name.
  ///
  /// Throws: error if a tensor is not complete or the system cannot write.
  void commit() { slots_.commit(); }

  /// The name that the file has until `commit`.
  [[nodiscard]] const std::filesystem::path& unfinished() const noexcept {
    return slots_.file().unfinished();
  }

 private:
  detail::tensor_slots slots_;
};

/// Writes a file of tensors that are in memory, or mapped; otherwise as safetensors_writer.
///
/// Throws: as safetensors_writer, and if a tensor's bytes do not fit its shape.
inline void write_safetensors(const std::filesystem::path& path,
                              std::span<const safetensors_tensor> tensors,
                              const safetensors_metadata& metadata = {{"format", "pt"}}) {
  std::vector<safetensors_entry> entries;
  entries.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    detail::check_size("write_safetensors", tensor);
    entries.push_back({tensor.name, tensor.dtype, tensor.shape});
  }
  safetensors_writer writer(path, std::move(entries), metadata);
  for (const auto& tensor : tensors) writer.append(tensor.name, tensor.data);
  writer.commit();
}

}  // namespace binade::inline v0
