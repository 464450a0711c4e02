// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace binade::inline v0::detail {

/// The little-endian T at the start of `bytes`, which holds as many bytes at least.
template <class T>
[[nodiscard]] T load_little(std::span<const std::byte> bytes) noexcept {
  static_assert(std::endian::native == std::endian::little, "the readers map files as they are");
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Walks over the bytes of a file and never behind their end. Errors name the function, the file
/// and the byte.
class byte_reader {
 public:
  byte_reader(std::span<const std::byte> bytes, std::string function, std::string label)
      : bytes_(bytes), function_(std::move(function)), label_(std::move(label)) {}

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] std::uint64_t remaining() const noexcept { return bytes_.size() - position_; }
  [[nodiscard]] std::span<const std::byte> all() const noexcept { return bytes_; }

  /// The next n bytes; `what` says what they hold.
  std::span<const std::byte> take(std::uint64_t n, const char* what) {
    if (n > remaining()) {
      fail("the file ends inside " + std::string(what) + ": " + std::to_string(n) +
           " bytes are needed, " + std::to_string(remaining()) + " are left");
    }
    const auto taken =
        bytes_.subspan(static_cast<std::size_t>(position_), static_cast<std::size_t>(n));
    position_ += n;
    return taken;
  }
  template <class T>
  T read(const char* what) {
    return load_little<T>(take(sizeof(T), what));
  }

  [[noreturn]] void fail(const std::string& what) const { fail_at(position_, what); }
  [[noreturn]] void fail_at(std::uint64_t position, const std::string& what) const {
    BINADE_THROW(
        error{function_ + ": " + label_ + ": byte " + std::to_string(position) + ": " + what});
  }

 private:
  std::span<const std::byte> bytes_;
  std::string function_;
  std::string label_;
  std::uint64_t position_ = 0;
};

/// Bytes as text.
[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace binade::inline v0::detail
