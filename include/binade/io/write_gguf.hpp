// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/tensor_slots.hpp"
#include "binade/io/gguf.hpp"
#include "binade/io/gguf_metadata.hpp"
#include "binade/io/gguf_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0 {

/// What a GGUF file's header says of a tensor.
///
/// Shapes: as gguf_tensor.
struct gguf_entry {
  std::string name;
  ggml_type type = ggml_type::f32;
  std::vector<std::uint64_t> shape;
};

namespace detail {

/// Builds the header of a GGUF file; errors name the file.
class gguf_header_writer {
 public:
  explicit gguf_header_writer(const std::filesystem::path& path) : path_(path) {}

  /// The header without the padding behind it. `offsets` becomes where each tensor lies in the
  /// file, and at last where the padding of the last one ends.
  std::vector<std::byte> make(std::span<const gguf_key_value> metadata,
                              std::span<const gguf_entry> tensors,
                              std::vector<std::uint64_t>& offsets) {
    put(std::as_bytes(std::span(gguf_magic)));
    put_number(gguf_version);
    put_number<std::uint64_t>(tensors.size());
    put_number<std::uint64_t>(metadata.size());
    const gguf_value* alignment_value = nullptr;
    std::set<std::string_view> names;
    for (const auto& [key, value] : metadata) {
      if (!names.insert(key).second) fail("two keys are " + in_quotes(key) + "; keys must differ");
      if (key == gguf_alignment_key) alignment_value = &value;
      put_pair(key, value);
    }
    const std::uint64_t alignment = gguf_alignment(alignment_value);
    if (alignment == 0) fail("general.alignment must be a u32 that is a power of two");
    names.clear();
    offsets.assign(1, 0);
    for (const auto& tensor : tensors) {
      if (!names.insert(tensor.name).second) {
        fail("two tensors are called " + in_quotes(tensor.name) + "; names must differ");
      }
      offsets.push_back(put_tensor(tensor, offsets.back(), alignment));
    }
    for (std::uint64_t& offset : offsets) {
      offset += header_.size() + padding(header_.size(), alignment);
    }
    return std::move(header_);
  }

 private:
  void put(std::span<const std::byte> bytes) {
    header_.insert(header_.end(), bytes.begin(), bytes.end());
  }
  template <class T>
  void put_number(T value) {
    put(std::as_bytes(std::span(&value, 1)));
  }
  void put_string(std::string_view text) {
    put_number<std::uint64_t>(text.size());
    put(std::as_bytes(std::span(text)));
  }
  void put_pair(std::string_view key, const gguf_value& value) {
    put_string(key);
    put_number(value.type());
    if (value.type() == gguf_type::array) {
      put_number(value.element_type());
      put_number(value.size());
    }
    put(value.bytes());
  }
  /// Where the padding of a tensor's data ends.
  std::uint64_t put_tensor(const gguf_entry& tensor, std::uint64_t offset,
                           std::uint64_t alignment) {
    const std::string who = "tensor " + in_quotes(tensor.name) + " ";
    if (tensor.shape.size() > gguf_max_rank) {
      fail(who + "has " + std::to_string(tensor.shape.size()) +
           " dimensions; at most 4 are allowed");
    }
    const auto bytes = ggml_bytes(tensor.type, tensor.shape);
    // What ggml counts with is signed.
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;
    if (!bytes || *bytes > most || offset > most) {
      fail(who + "of " + ggml_size_text(tensor.type, tensor.shape));
    }
    put_string(tensor.name);
    put_number(static_cast<std::uint32_t>(tensor.shape.size()));
    for (std::size_t i = tensor.shape.size(); i-- > 0;) put_number(tensor.shape[i]);
    put_number(tensor.type);
    put_number(offset);
    const std::uint64_t end = offset + *bytes;
    return end + padding(end, alignment);
  }
  [[noreturn]] void fail(const std::string& what) const {
    BINADE_THROW(error{"write_gguf: " + path_.string() + ": " + what});
  }

  const std::filesystem::path& path_;
  std::vector<std::byte> header_;
};

}  // namespace detail

/// Writes a GGUF file of version 3 tensor by tensor, in any order and in pieces.
///
/// Metadata and tensors keep the order in which they are given, as in the gguf package, whose files
/// these equal byte by byte: data are padded with zeros to the alignment, the last tensor's too.
/// The file gets its name in `commit`. Cost:   memory of the header's order. Source: GGUFWriter in
/// the gguf package.
class gguf_writer {
 public:
  /// Writes the header.
  ///
  /// Throws: error if a key or a name is used twice, general.alignment is no alignment, a tensor
  ///         has more than four dimensions or rows that do not fill whole blocks, or the system
  ///         cannot write.
  gguf_writer(const std::filesystem::path& path, std::span<const gguf_key_value> metadata,
              std::span<const gguf_entry> tensors)
      : slots_(path, "write_gguf") {
    std::vector<std::uint64_t> offsets;
    const std::vector<std::byte> header =
        detail::gguf_header_writer(path).make(metadata, tensors, offsets);
    slots_.file().write_at(0, header);
    std::uint64_t end = header.size();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::uint64_t bytes = *ggml_bytes(tensors[i].type, tensors[i].shape);
      slots_.add(tensors[i].name, offsets[i], bytes);
      end = offsets[i] + bytes;
    }
    // What is never written is zeros, up to the last byte that is.
    const std::byte zero{};
    if (end < offsets.back()) slots_.file().write_at(offsets.back() - 1, std::span(&zero, 1));
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

/// Writes a file of tensors that are in memory, or mapped; otherwise as gguf_writer.
///
/// Throws: as gguf_writer, and if a tensor's bytes do not fit its shape.
inline void write_gguf(const std::filesystem::path& path, std::span<const gguf_key_value> metadata,
                       std::span<const gguf_tensor> tensors) {
  std::vector<gguf_entry> entries;
  entries.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    detail::check_size("write_gguf", tensor);
    entries.push_back({tensor.name, tensor.type, tensor.shape});
  }
  gguf_writer writer(path, metadata, entries);
  for (const auto& tensor : tensors) writer.append(tensor.name, tensor.data);
  writer.commit();
}

}  // namespace binade::inline v0
