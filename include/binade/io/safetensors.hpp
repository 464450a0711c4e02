// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/no_such_tensor.hpp"
#include "binade/io/detail/tracked_iterator.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/safetensors_tensor.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace binade::inline v0 {

namespace detail {

/// Takes the header in by SAX events. It stores nothing but well-formed entries, and stops at the
/// first event that the format does not allow there: nesting beyond it is never followed.
class safetensors_header_reader {
 public:
  struct entry {
    std::string name;
    safetensors_dtype dtype{};
    std::vector<std::uint64_t> shape;
    std::array<std::uint64_t, 2> offsets{};
    std::uint64_t position = 0;  // in the file, of the last byte of its name
  };

  std::map<std::string, std::size_t, std::less<>> index;
  std::vector<entry> entries;
  safetensors_metadata metadata;
  std::string problem;
  std::uint64_t problem_position = 0;

  explicit safetensors_header_reader(std::string_view header)
      : begin_(header.data()), reached_(header.data()) {
    const tracked_iterator first{begin_, &reached_};
    const tracked_iterator last{begin_ + header.size(), &reached_};
    nlohmann::json::sax_parse(first, last, this);
  }

  // The events, as nlohmann-json names them.
  bool null() { return wrong("null"); }
  bool boolean(bool) { return wrong("a boolean"); }
  bool number_integer(std::int64_t value) { return wrong_number(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return wrong_number(in_quotes(text)); }
  bool number_unsigned(std::uint64_t value) {
    if (place_ == place::shape) {
      auto& shape = entries.back().shape;
      if (shape.size() == safetensors_max_rank) {
        return fail("shape of " + in_quotes(entries.back().name) +
                    " has more than 64 dimensions; at most 64 are allowed");
      }
      shape.push_back(value);
      return true;
    }
    if (place_ == place::offsets && offset_count_ < 2) {
      entries.back().offsets[offset_count_++] = value;
      return true;
    }
    return wrong_number(std::to_string(value));
  }
  bool string(std::string& value) {
    if (place_ == place::metadata) {
      *metadata_value_ = std::move(value);
      return true;
    }
    if (place_ != place::dtype) return wrong("a string");
    const auto dtype = safetensors_dtype_of(value);
    if (!dtype) {
      std::string allowed;
      for (const auto& row : safetensors_dtypes) allowed.append(" ").append(row.name);
      return fail("unknown dtype " + in_quotes(value) + "; allowed are" + allowed);
    }
    entries.back().dtype = *dtype;
    place_ = place::entry;
    return true;
  }
  bool binary(nlohmann::json::binary_t&) { return wrong("binary data"); }
  bool start_object(std::size_t) {
    if (place_ == place::start)
      place_ = place::top;
    else if (place_ == place::metadata_start)
      place_ = place::metadata;
    else if (place_ == place::entry_start)
      place_ = place::entry;
    else
      return wrong("an object");
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ == place::shape_start)
      place_ = place::shape;
    else if (place_ == place::offsets_start)
      place_ = place::offsets;
    else
      return wrong("an array");
    return true;
  }
  bool end_array() {
    if (place_ == place::offsets && offset_count_ != 2) {
      return fail("data_offsets of " + in_quotes(entries.back().name) + " has " +
                  std::to_string(offset_count_) + " numbers; it must be [begin, end]");
    }
    place_ = place::entry;
    return true;
  }
  bool end_object() {
    if (place_ == place::entry && fields_ != 7U) {
      return fail("entry " + in_quotes(entries.back().name) +
                  " must have dtype, shape and data_offsets; one is missing");
    }
    place_ = place_ == place::top ? place::done : place::top;
    return true;
  }
  bool key(std::string& name) {
    if (place_ == place::metadata) {
      const auto [value, is_new] = metadata.try_emplace(name);
      if (!is_new) return fail("duplicate metadata key " + in_quotes(name));
      metadata_value_ = &value->second;
      return true;
    }
    if (place_ == place::entry) return field(name);
    if (name == "__metadata__") {
      if (has_metadata_) return fail("duplicate key \"__metadata__\"");
      has_metadata_ = true;
      place_ = place::metadata_start;
      return true;
    }
    if (!index.try_emplace(name, entries.size()).second) {
      return fail("duplicate tensor name " + in_quotes(name) + "; names must differ");
    }
    entries.emplace_back();
    entries.back().name = name;
    entries.back().position = position();
    fields_ = 0;
    offset_count_ = 0;
    place_ = place::entry_start;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& reason) {
    std::string text = reason.what();
    if (const auto column = text.find("column "); column != std::string::npos) {
      if (const auto colon = text.find(": ", column); colon != std::string::npos) {
        text.erase(0, colon + 2);
      }
    }
    return fail("header is not valid JSON in UTF-8: " + in_quotes(text));
  }

 private:
  enum class place : std::uint8_t {
    start,
    top,
    metadata_start,
    metadata,
    entry_start,
    entry,
    dtype,
    shape_start,
    shape,
    offsets_start,
    offsets,
    done,
  };

  bool field(const std::string& name) {
    constexpr std::array<std::string_view, 3> names{"dtype", "shape", "data_offsets"};
    constexpr std::array places{place::dtype, place::shape_start, place::offsets_start};
    const auto found = std::find(names.begin(), names.end(), name);
    const auto where = [this] { return " in entry " + in_quotes(entries.back().name); };
    if (found == names.end()) {
      return fail("unknown field " + in_quotes(name) + where() +
                  "; allowed are dtype, shape, data_offsets");
    }
    const auto i = static_cast<std::size_t>(found - names.begin());
    if ((fields_ >> i & 1U) != 0) return fail("duplicate field " + in_quotes(name) + where());
    fields_ |= 1U << i;
    place_ = places[i];
    return true;
  }
  bool wrong(const std::string& given) {
    static constexpr std::array<const char*, 12> expected{
        "the header must be an object",
        "an entry must be an object",
        "__metadata__ must be an object",
        "a metadata value must be a string",
        "a tensor's entry must be an object",
        "a field's name must follow",
        "dtype must be a string",
        "shape must be an array",
        "a dimension must be an integer in 0..18446744073709551615",
        "data_offsets must be an array",
        "data_offsets must be two integers in 0..18446744073709551615",
        "nothing may follow the header's object"};
    const std::string where =
        entries.empty() ? "" : " (entry " + in_quotes(entries.back().name) + ")";
    return fail(given + " given" + where + "; " + expected[static_cast<std::size_t>(place_)]);
  }
  bool wrong_number(const std::string& given) {
    --reached_;  // a number ends where the parser has seen the character behind it
    return wrong(given);
  }
  bool fail(std::string what) {
    problem = std::move(what);
    problem_position = position();
    return false;
  }
  /// The last byte of the current token.
  [[nodiscard]] std::uint64_t position() const {
    return 7 + static_cast<std::uint64_t>(reached_ - begin_);
  }

  const char* begin_;
  const char* reached_;
  place place_ = place::start;
  unsigned fields_ = 0;  // of the current entry: bit 0 dtype, 1 shape, 2 data_offsets
  std::size_t offset_count_ = 0;
  bool has_metadata_ = false;
  std::string* metadata_value_ = nullptr;
};

}  // namespace detail

/// A safetensors file, opened and checked as a whole; its tensors refer to the mapped memory.
///
/// Every rule of the format is checked before anything is handed out: header length (at most
/// 100,000,000 and inside the file), JSON and UTF-8, '{' first, padding of spaces only, no
/// duplicate names, exactly the three fields an entry has, products that do not overflow, byte
/// counts, and data ranges that cover the buffer without hole or overlap. Two checks are stricter
/// than the official reader's: fields that the format does not know, and more than 64 dimensions,
/// are errors.
///
/// The file must not shrink while it is mapped: the system answers a read behind its new end with a
/// signal, not with an error. `write_safetensors` replaces files instead of changing them.
/// Cost:   memory of the header's order; data is read when it is touched.
/// Source: the format's description in the safetensors project.
class safetensors_file {
 public:
  /// Opens and checks a file.
  ///
  /// Throws: error naming file, byte offset, what was given and what is allowed.
  [[nodiscard]] static safetensors_file open(const std::filesystem::path& path) {
    return safetensors_file(file_bytes(path), path.string());
  }

  /// Checks a file that is already in memory and outlives the result; `label` names it in messages.
  ///
  /// Throws: as open.
  [[nodiscard]] static safetensors_file from_bytes(std::span<const std::byte> bytes,
                                                   const std::string& label = "memory") {
    return safetensors_file(file_bytes(bytes), label);
  }

  /// All tensors, in the order of their data.
  [[nodiscard]] const std::vector<safetensors_tensor>& tensors() const noexcept { return tensors_; }

  /// The file's own key-value pairs.
  [[nodiscard]] const safetensors_metadata& metadata() const noexcept { return metadata_; }

  /// The tensor of that name.
  ///
  /// Throws: error with the nearest names if there is none.
  [[nodiscard]] const safetensors_tensor& find(std::string_view name) const {
    if (const auto found = index_.find(name); found != index_.end()) return tensors_[found->second];
    BINADE_THROW(
        error{"safetensors_file: " + label_ + ": " + detail::no_such_tensor(name, tensors_)});
  }

 private:
  safetensors_file(file_bytes bytes, std::string label)
      : bytes_(std::move(bytes)), label_(std::move(label)) {
    const std::span<const std::byte> all = bytes_.get();
    if (all.size() < 8) {
      fail(0, "the file has " + std::to_string(all.size()) +
                  " bytes; a safetensors file starts with the header's length in 8 bytes");
    }
    std::uint64_t header_size = 0;
    std::memcpy(&header_size, all.data(), 8);
    const std::uint64_t rest = all.size() - 8;
    if (header_size > std::min(rest, detail::safetensors_max_header)) {
      fail(0, "the header's length is " + std::to_string(header_size) +
                  "; at most 100000000 and the " + std::to_string(rest) +
                  " bytes that follow are allowed");
    }
    const std::string_view padded(reinterpret_cast<const char*>(all.data()) + 8,
                                  static_cast<std::size_t>(header_size));
    if (!padded.starts_with('{')) fail(8, "the header does not start with '{'");
    // The JSON parser takes a NUL for the end of its input.
    if (const auto nul = padded.find('\0'); nul != std::string_view::npos) {
      fail(8 + nul, "the header contains a NUL byte; JSON does not allow it");
    }
    const std::string_view header = padded.substr(0, padded.find_last_not_of(' ') + 1);
    if (!header.ends_with('}')) {
      fail(8 + header.size() - 1, "the header must end with '}' and be padded with spaces only");
    }
    detail::safetensors_header_reader reader(header);
    if (!reader.problem.empty()) fail(reader.problem_position, reader.problem);
    place(reader, all.subspan(8 + padded.size()), 8 + header_size);
  }

  /// Checks sizes and ranges, and lays the tensors over the buffer, which starts at `origin`.
  void place(detail::safetensors_header_reader& reader, std::span<const std::byte> buffer,
             std::uint64_t origin) {
    auto& entries = reader.entries;
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::tie(a.offsets, a.position) < std::tie(b.offsets, b.position);
    });
    std::uint64_t covered = 0;
    tensors_.reserve(entries.size());
    for (auto& entry : entries) {
      const auto [begin, end] = entry.offsets;
      const auto who = [&entry] {
        return "tensor " + detail::in_quotes(entry.name) + " at [" +
               std::to_string(entry.offsets[0]) + ", " + std::to_string(entry.offsets[1]) + ") ";
      };
      if (begin > end || end > buffer.size()) {
        fail(entry.position, who() + "does not lie in the buffer; it has " +
                                 std::to_string(buffer.size()) + " bytes");
      }
      if (begin != covered) {
        fail(origin + std::min(begin, covered),
             who() + (begin < covered ? "overlaps another" : "leaves a hole before it") +
                 "; it must begin at " + std::to_string(covered) +
                 ", where the one before it ends");
      }
      const auto bytes = detail::tensor_bytes(bits_of(entry.dtype), entry.shape);
      if (!bytes || *bytes != end - begin) {
        fail(entry.position, who() + "has " + std::to_string(end - begin) + " bytes; " +
                                 std::string(name_of(entry.dtype)) +
                                 detail::shape_text(entry.shape) +
                                 (bytes ? " takes " + std::to_string(*bytes)
                                        : " overflows 64 bits or does not fill whole bytes"));
      }
      reader.index.find(entry.name)->second = tensors_.size();
      tensors_.push_back(
          {std::move(entry.name), entry.dtype, std::move(entry.shape),
           buffer.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))});
      covered = end;
    }
    if (covered != buffer.size()) {
      fail(origin + covered, "the tensors end here, but " +
                                 std::to_string(buffer.size() - covered) +
                                 " bytes follow; the buffer must be covered exactly");
    }
    index_ = std::move(reader.index);
    metadata_ = std::move(reader.metadata);
  }

  [[noreturn]] void fail(std::uint64_t position, const std::string& what) const {
    BINADE_THROW(
        error{"safetensors_file: " + label_ + ": byte " + std::to_string(position) + ": " + what});
  }

  file_bytes bytes_;
  std::string label_;
  std::vector<safetensors_tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  safetensors_metadata metadata_;
};

}  // namespace binade::inline v0
