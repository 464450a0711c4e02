// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/nearest_names.hpp"
#include "binade/io/conformance.hpp"
#include "binade/io/conformance_conversion.hpp"  // conformance_sources
#include "binade/io/detail/in_quotes.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace binade::inline v0::detail {

/// Reads values of the header of a file of conformance vectors; errors name file, line and key.
class header_reader {
 public:
  explicit header_reader(const conformance_vectors& file) : file_(file) {}

  [[noreturn]] void fail(const conformance_entry& at, const std::string& what) const {
    fail_in(file_.label, at.line, at.key + ": " + what);
  }
  [[noreturn]] void fail_unknown(const conformance_entry& at, const std::string& message) const {
    fail_in(file_.label, at.line, message);
  }

  [[nodiscard]] const conformance_entry* find(std::string_view key) const {
    const conformance_entry* entry = find_entry(file_.header, key);
    // A message may not cost minutes: endless names are compared with none.
    if (entry != nullptr && entry->value.size() > 64) {
      fail(*entry, in_quotes(entry->value) + " is too long");
    }
    return entry;
  }
  [[nodiscard]] const conformance_entry& required(std::string_view key) const {
    const conformance_entry* entry = find(key);
    if (entry == nullptr) {
      fail_in(file_.label, 0, "the header has no \"" + std::string(key) + "\"");
    }
    return *entry;
  }

  /// The first item whose name the entry holds.
  template <class Items, class Name>
  [[nodiscard]] auto choose(const conformance_entry& entry, std::string_view kind,
                            const Items& items, Name&& name) const {
    std::vector<std::string_view> names;
    for (const auto& item : items) {
      if (same_name(name(item), entry.value)) return item;
      names.emplace_back(name(item));
    }
    fail_unknown(entry, unknown_name_message(entry.key, kind, entry.value, names));
  }

  [[nodiscard]] conformance_source source() const {
    return choose(required("source"), "source", conformance_sources,
                  [](const conformance_source& s) { return s.name; });
  }

  [[nodiscard]] std::uint64_t number(const conformance_entry& entry) const {
    std::uint64_t n = 0;
    const char* const end = entry.value.data() + entry.value.size();
    const auto [last, problem] = std::from_chars(entry.value.data(), end, n);
    if (problem != std::errc{} || last != end) {
      fail(entry, in_quotes(entry.value) + "; allowed are integers from 0 to 2^64 - 1");
    }
    return n;
  }

 private:
  const conformance_vectors& file_;
};

}  // namespace binade::inline v0::detail
