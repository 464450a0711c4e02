// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/byte_reader.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/no_such_tensor.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/gguf_metadata.hpp"
#include "binade/io/gguf_tensor.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binade::inline v0 {

namespace detail {

inline constexpr std::string_view gguf_magic = "GGUF";
inline constexpr std::uint32_t gguf_version = 3;
inline constexpr std::uint32_t gguf_default_alignment = 32;
inline constexpr std::string_view gguf_alignment_key = "general.alignment";
inline constexpr std::uint32_t gguf_max_rank = 4;  // ggml's own limit

constexpr std::uint64_t padding(std::uint64_t position, std::uint64_t alignment) noexcept {
  return (alignment - position % alignment) % alignment;
}

/// The alignment that metadata ask for, 0 if what they say is no alignment.
inline std::uint32_t gguf_alignment(const gguf_value* value) {
  if (value == nullptr) return gguf_default_alignment;
  if (value->type() != gguf_type::u32) return 0;
  const auto alignment = static_cast<std::uint32_t>(value->as_unsigned());
  return (alignment & (alignment - 1)) == 0 ? alignment : 0;
}

}  // namespace detail

/// A GGUF file of version 2 or 3, opened and checked as a whole; metadata and tensors refer to the
/// mapped memory.
///
/// Checked before anything is handed out: magic and version (files of big-endian machines are
/// refused), types, counts and lengths against the bytes that are left, arrays nested at most four
/// deep, no duplicate keys or names, at most four dimensions, none of them negative, products that
/// do not overflow, rows of whole blocks, offsets that are multiples of the alignment, and data
/// that lie in the file and do not overlap. Gaps between tensors and bytes behind the last are
/// allowed. Types that `ggml_type` does not have are refused by their number.
///
/// The file must not shrink while it is mapped; see file_bytes.
/// Cost:   memory of the header's order, without the metadata's values; data is read when touched.
/// Source: the format's description in ggml, docs/gguf.md.
class gguf_file {
 public:
  /// Opens and checks a file.
  ///
  /// Throws: error naming file, byte offset, what was given and what is allowed.
  [[nodiscard]] static gguf_file open(const std::filesystem::path& path) {
    return gguf_file(file_bytes(path), path.string());
  }

  /// Checks a file that is already in memory and outlives the result; `label` names it in messages.
  ///
  /// Throws: as open.
  [[nodiscard]] static gguf_file from_bytes(std::span<const std::byte> bytes,
                                            const std::string& label = "memory") {
    return gguf_file(file_bytes(bytes), label);
  }

  /// All tensors, in the order of the header.
  [[nodiscard]] const std::vector<gguf_tensor>& tensors() const noexcept { return tensors_; }

  /// The file's key-value pairs, in its order.
  [[nodiscard]] const std::vector<gguf_key_value>& metadata() const noexcept { return metadata_; }

  /// Of which each tensor's offset is a multiple.
  [[nodiscard]] std::uint32_t alignment() const noexcept { return alignment_; }

  /// The tensor of that name.
  ///
  /// Throws: error with the nearest names if there is none.
  [[nodiscard]] const gguf_tensor& find(std::string_view name) const {
    if (const auto found = index_.find(name); found != index_.end()) return tensors_[found->second];
    BINADE_THROW(error{"gguf_file: " + label_ + ": " + detail::no_such_tensor(name, tensors_)});
  }

  /// The value of a key; null if there is none.
  [[nodiscard]] const gguf_value* find_metadata(std::string_view key) const noexcept {
    const auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : &metadata_[found->second].value;
  }

 private:
  gguf_file(file_bytes bytes, std::string label)
      : bytes_(std::move(bytes)), label_(std::move(label)) {
    detail::byte_reader in(bytes_.get(), "gguf_file", label_);
    if (detail::text_of(in.take(4, "the magic")) != detail::gguf_magic) {
      in.fail_at(0, "the file does not start with \"GGUF\"");
    }
    const auto version = in.read<std::uint32_t>("the version");
    if (version != 2 && version != detail::gguf_version) {
      in.fail_at(4, (version & 0xffffU) == 0 && version != 0
                        ? "the file is big-endian; only little-endian files are allowed"
                        : "version " + std::to_string(version) + "; allowed are 2 and 3");
    }
    const auto tensors = read_count(in, "tensors", 24);
    const auto pairs = read_count(in, "key-value pairs", 13);
    for (std::uint64_t i = 0; i < pairs; ++i) read_pair(in);
    alignment_ = detail::gguf_alignment(find_metadata(detail::gguf_alignment_key));
    if (alignment_ == 0) {
      in.fail("general.alignment must be a u32 that is a power of two");
    }
    std::vector<place> places;
    for (std::uint64_t i = 0; i < tensors; ++i) places.push_back(read_tensor(in));
    const std::uint64_t end_of_header = in.position();
    in.take(std::min(in.remaining(), detail::padding(end_of_header, alignment_)), "the padding");
    lay_out(in, places);
  }

  /// Where a tensor's data lie: bytes [begin, end) of the data.
  struct place {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t position;  // in the file, of its offset
  };

  /// A count of things that take `least` bytes each.
  static std::uint64_t read_count(detail::byte_reader& in, const char* what, std::uint64_t least) {
    const std::uint64_t at = in.position();
    const auto count = in.read<std::uint64_t>(what);
    if (count > in.remaining() / least) {
      in.fail_at(at, std::to_string(count) + " " + what + " do not fit in the " +
                         std::to_string(in.remaining()) + " bytes that follow");
    }
    return count;
  }
  static std::string read_name(detail::byte_reader& in) {
    return std::string(detail::read_gguf_value(in, gguf_type::string).as_string());
  }

  void read_pair(detail::byte_reader& in) {
    const std::uint64_t at = in.position();
    std::string key = read_name(in);
    if (!keys_.try_emplace(key, metadata_.size()).second) {
      in.fail_at(at, "duplicate key " + detail::in_quotes(key) + "; keys must differ");
    }
    const gguf_type type = detail::read_gguf_type(in);
    metadata_.push_back({std::move(key), detail::read_gguf_value(in, type)});
  }

  place read_tensor(detail::byte_reader& in) {
    const std::uint64_t at = in.position();
    gguf_tensor tensor;
    tensor.name = read_name(in);
    const auto who = [&tensor] { return "tensor " + detail::in_quotes(tensor.name) + " "; };
    if (!index_.try_emplace(tensor.name, tensors_.size()).second) {
      in.fail_at(at,
                 "duplicate tensor name " + detail::in_quotes(tensor.name) + "; names must differ");
    }
    const auto rank = in.read<std::uint32_t>("a tensor's dimensions");
    if (rank > detail::gguf_max_rank) {
      in.fail(who() + "has " + std::to_string(rank) + " dimensions; at most 4 are allowed");
    }
    for (std::uint32_t i = 0; i < rank; ++i) {
      const auto extent = in.read<std::int64_t>("a tensor's dimensions");
      if (extent < 0) {
        in.fail(who() + "has a dimension of " + std::to_string(extent) +
                "; it must not be negative");
      }
      tensor.shape.push_back(static_cast<std::uint64_t>(extent));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    const auto number = in.read<std::uint32_t>("a tensor's type");
    if (find_ggml_type(number) == nullptr) {
      in.fail(who() + "is of ggml type " + std::to_string(number) + ", which is not known here");
    }
    tensor.type = static_cast<ggml_type>(number);
    place where{in.read<std::uint64_t>("a tensor's offset"), 0, in.position()};
    const auto bytes = ggml_bytes(tensor.type, tensor.shape);
    if (!bytes) in.fail(who() + "of " + detail::ggml_size_text(tensor.type, tensor.shape));
    if (where.begin % alignment_ != 0) {
      in.fail(who() + "begins at " + std::to_string(where.begin) +
              " of the data; it must be a multiple of " + std::to_string(alignment_));
    }
    if (__builtin_add_overflow(where.begin, *bytes, &where.end)) {
      in.fail(who() + "begins at " + std::to_string(where.begin) + "; its end overflows 64 bits");
    }
    tensors_.push_back(std::move(tensor));
    return where;
  }

  /// Lays the tensors over the data, which begin where `in` stands.
  void lay_out(const detail::byte_reader& in, const std::vector<place>& places) {
    const auto data = in.all().subspan(static_cast<std::size_t>(in.position()));
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto [begin, end, position] = places[i];
      const auto who = [&] {
        return "tensor " + detail::in_quotes(tensors_[i].name) + " at [" + std::to_string(begin) +
               ", " + std::to_string(end) + ") of the data ";
      };
      if (begin == end) continue;
      if (end > data.size()) {
        in.fail_at(position, who() + "does not lie in the file, which has " +
                                 std::to_string(data.size()) + " bytes of data");
      }
      tensors_[i].data =
          data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      order.push_back(i);
    }
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return places[a].begin < places[b].begin; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (places[order[i]].begin >= places[order[i - 1]].end) continue;
      in.fail_at(places[order[i]].position,
                 "the data of tensors " + detail::in_quotes(tensors_[order[i - 1]].name) + " and " +
                     detail::in_quotes(tensors_[order[i]].name) + " overlap");
    }
  }

  file_bytes bytes_;
  std::string label_;
  std::vector<gguf_tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<gguf_key_value> metadata_;
  std::map<std::string, std::size_t, std::less<>> keys_;
  std::uint32_t alignment_ = 0;
};

}  // namespace binade::inline v0
