// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/output_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace binade::inline v0::detail {

/// The data of a file whose header is written already: each tensor has its place, and fills it from
/// front to back, whatever the others do.
class tensor_slots {
 public:
  tensor_slots(std::filesystem::path path, std::string function)
      : function_(function), file_(std::move(path), std::move(function)) {}

  [[nodiscard]] output_file& file() noexcept { return file_; }
  [[nodiscard]] const output_file& file() const noexcept { return file_; }

  /// Gives a tensor the bytes [offset, offset + size) of the file. Names differ.
  void add(std::string name, std::uint64_t offset, std::uint64_t size) {
    slots_.emplace(std::move(name), slot{offset, size, 0});
  }

  /// Writes the next bytes of a tensor.
  void append(std::string_view name, std::span<const std::byte> bytes) {
    const auto found = slots_.find(name);
    if (found == slots_.end()) fail("no tensor is called " + in_quotes(name));
    slot& s = found->second;
    if (bytes.size() > s.size - s.filled) {
      fail("tensor " + in_quotes(name) + " takes " + std::to_string(s.size) + " bytes and has " +
           std::to_string(s.filled) + "; " + std::to_string(bytes.size()) + " more were given");
    }
    file_.write_at(s.offset + s.filled, bytes);
    s.filled += bytes.size();
  }

  void commit() {
    for (const auto& [name, s] : slots_) {
      if (s.filled == s.size) continue;
      fail("tensor " + in_quotes(name) + " takes " + std::to_string(s.size) + " bytes; only " +
           std::to_string(s.filled) + " were given");
    }
    file_.commit();
  }

 private:
  struct slot {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t filled;
  };

  [[noreturn]] void fail(const std::string& what) const {
    BINADE_THROW(error{function_ + ": " + file_.path().string() + ": " + what});
  }

  std::string function_;
  output_file file_;
  std::map<std::string, slot, std::less<>> slots_;
};

}  // namespace binade::inline v0::detail
