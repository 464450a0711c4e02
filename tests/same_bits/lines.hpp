// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/fnv1a.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace same_bits {

/// The bytes of a value: a code, or the bits of a float or double.
template <class T>
constexpr void add(binade::fnv1a& hash, const T& value) {
  if constexpr (requires { value.bits(); }) {
    hash.add_word(value.bits(), sizeof value);
  } else {
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof value);
    hash.add_word(word, sizeof value);
  }
}
template <class T>
void add(binade::fnv1a& hash, std::span<const T> values) {
  for (const T& value : values) add(hash, value);
}

/// Names and hashes, in the order in which they are put in.
class lines {
 public:
  void put(std::string name, std::uint64_t hash) { lines_.emplace_back(std::move(name), hash); }
  void put(std::string name, const binade::fnv1a& hash) { put(std::move(name), hash.value()); }
  [[nodiscard]] const std::vector<std::pair<std::string, std::uint64_t>>& get() const {
    return lines_;
  }

 private:
  std::vector<std::pair<std::string, std::uint64_t>> lines_;
};

/// Hashes by kind of result, to which several cases add.
class sums {
 public:
  binade::fnv1a& operator[](const char* kind) {
    for (auto& [known, hash] : sums_) {
      if (known == kind) return hash;
    }
    return sums_.emplace_back(kind, binade::fnv1a{}).second;
  }
  /// Puts KIND/name for each kind.
  void put_into(lines& out, const std::string& name) const {
    for (const auto& [kind, hash] : sums_) out.put(kind + "/" + name, hash);
  }

 private:
  std::vector<std::pair<std::string, binade::fnv1a>> sums_;
};

inline std::string hex(std::uint64_t x) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; x >>= 4) text[i] = "0123456789abcdef"[x & 15];
  return text;
}

}  // namespace same_bits
