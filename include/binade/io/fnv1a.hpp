// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace binade::inline v0 {

/// The 64-bit FNV-1a hash of a sequence of bytes, for telling whether two of them are the same: it
/// is short to write in any language, and no protection against somebody who wants a collision.
///
/// Source: Fowler, Noll, Vo; draft-eastlake-fnv: h = (h xor byte) * 0x100000001b3, from
///         0xcbf29ce484222325.
class fnv1a {
 public:
  constexpr fnv1a& add_byte(std::uint8_t byte) noexcept {
    value_ = (value_ ^ byte) * 0x100000001b3U;
    return *this;
  }
  /// The `bytes` low bytes of a word, the lowest first.
  constexpr fnv1a& add_word(std::uint64_t word, int bytes) noexcept {
    for (int i = 0; i < bytes; ++i) add_byte(static_cast<std::uint8_t>(word >> (8 * i)));
    return *this;
  }
  constexpr fnv1a& add_text(std::string_view text) noexcept {
    for (const char c : text) add_byte(static_cast<std::uint8_t>(c));
    return *this;
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace binade::inline v0
