// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/safetensors_tensor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace binade::inline v0 {

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
                                      std::span<const safetensors_tensor* const> tensors,
                                      const safetensors_metadata& metadata) {
  std::string header = "{";
  for (const auto& [key, value] : metadata) {
    header += header.size() == 1 ? "\"__metadata__\":{" : ",";
    header += json_literal(path, key) + ":" + json_literal(path, value);
  }
  if (!metadata.empty()) header += "}";
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const auto* tensor : tensors) {
    const std::string name = json_literal(path, tensor->name);
    if (!names.insert(tensor->name).second) {
      fail_to_write(path,
                    "two tensors are called " + in_quotes(tensor->name) + "; names must differ");
    }
    if (tensor->name == "__metadata__") {
      fail_to_write(path, "a tensor is called \"__metadata__\"; the format reserves that name");
    }
    if (tensor->shape.size() > safetensors_max_rank) {
      fail_to_write(path, "tensor " + in_quotes(tensor->name) + " has " +
                              std::to_string(tensor->shape.size()) +
                              " dimensions; at most 64 are allowed");
    }
    check_size("write_safetensors", *tensor);
    header.append(header.size() == 1 ? "" : ",").append(name).append(":{\"dtype\":\"");
    header.append(name_of(tensor->dtype)).append("\",\"shape\":[");
    for (std::size_t i = 0; i < tensor->shape.size(); ++i) {
      header.append(i == 0 ? "" : ",").append(std::to_string(tensor->shape[i]));
    }
    header.append("],\"data_offsets\":[").append(std::to_string(offset)).append(",");
    offset += tensor->data.size();
    header.append(std::to_string(offset)).append("]}");
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

/// Writes a file byte by byte as the official writer does: tensors by element type, the last of the
/// enumeration first, then by name; the header padded with spaces to a multiple of 8 bytes.
///
/// With several metadata keys that writer's order is random; here they are sorted. Empty `metadata`
/// is left out; transformers asks for "format". The file gets its name when it is complete, so a
/// tensor may refer to the very file that is replaced.
/// Throws: error if a name is used twice, is "__metadata__" or is not UTF-8, if a tensor has more
///         than 64 dimensions or bytes that do not fit its shape, or if the system cannot write.
/// Source: `prepare` in the official writer, which fixes the order.
inline void write_safetensors(const std::filesystem::path& path,
                              std::span<const safetensors_tensor> tensors,
                              const safetensors_metadata& metadata = {{"format", "pt"}}) {
  std::vector<const safetensors_tensor*> order;
  order.reserve(tensors.size());
  for (const auto& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->dtype != b->dtype ? a->dtype > b->dtype : a->name < b->name;
  });
  const std::string header = detail::safetensors_header(path, order, metadata);

  std::filesystem::path unfinished = path;
  unfinished += ".part";
  std::FILE* const file = std::fopen(unfinished.string().c_str(), "wb");
  if (file == nullptr) {
    detail::fail_to_write(path, "cannot be created: " + std::generic_category().message(errno));
  }
  const std::uint64_t header_size = header.size();
  bool written = std::fwrite(&header_size, 8, 1, file) == 1 &&
                 std::fwrite(header.data(), 1, header.size(), file) == header.size();
  for (const auto* tensor : order) {
    const std::size_t size = tensor->data.size();
    written = written && (size == 0 || std::fwrite(tensor->data.data(), 1, size, file) == size);
  }
  written = std::fclose(file) == 0 && written;
  std::error_code problem = written ? std::error_code() : std::make_error_code(std::errc::io_error);
  if (written) std::filesystem::rename(unfinished, path, problem);
  if (problem) {
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
    detail::fail_to_write(path, "cannot be written: " + problem.message());
  }
}

}  // namespace binade::inline v0
