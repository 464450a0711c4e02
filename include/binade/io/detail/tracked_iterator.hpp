// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iterator>

namespace binade::inline v0::detail {

/// Walks over a text's characters and tells how far the JSON parser has come.
struct tracked_iterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  const char** reached = nullptr;

  reference operator*() const { return *at; }
  tracked_iterator& operator++() {
    *reached = ++at;
    return *this;
  }
  tracked_iterator operator++(int) {
    tracked_iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const tracked_iterator& a, const tracked_iterator& b) {
    return a.at == b.at;
  }
};

}  // namespace binade::inline v0::detail
