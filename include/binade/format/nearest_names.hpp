// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>  // any_of, min, sort
#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>  // swap
#include <vector>

namespace binade::inline v0 {

namespace detail {

constexpr char name_letter(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' || c == ' ' ? '_' : c;
}

}  // namespace detail

/// Whether two names are equal but for the case of letters, and for hyphens and spaces in place of
/// underscores.
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (detail::name_letter(a[i]) != detail::name_letter(b[i])) return false;
  }
  return true;
}

/// How many letters must be inserted, deleted, replaced or swapped with their neighbour to make `b`
/// of `a`; letters that `same_name` takes as equal count as equal.
///
/// Cost:   a.size() * b.size() steps.
/// Source: the restricted distance of Damerau (1964), by Wagner and Fischer's table (1974).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = detail::name_letter(a[i - 1]);
      const char y = detail::name_letter(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == detail::name_letter(b[j - 2]) &&
          y == detail::name_letter(a[i - 2])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

/// The names that someone who wrote `query` may have meant, the nearest first, at most `count`.
///
/// A name is near if its edit distance is at most a third of the letters of `query`, rounded up. A
/// name that begins with `query` (of at least three letters) is near too: only its end is missing.
/// Equally near names keep the order of the list, shorter missing ends first; of names that are the
/// same to `same_name` the first one is given.
[[nodiscard]] inline std::vector<std::string_view> nearest_names(
    std::string_view query, std::span<const std::string_view> names, std::size_t count = 3) {
  struct candidate {
    std::size_t edits;
    std::size_t missing;
    std::size_t index;
    auto operator<=>(const candidate&) const = default;
  };
  std::vector<candidate> near;
  for (std::size_t i = 0; i < names.size(); ++i) {
    candidate c{edit_distance(query, names[i]), 0, i};
    const bool begins = query.size() >= 3 && names[i].size() > query.size() &&
                        same_name(query, names[i].substr(0, query.size()));
    if (begins) c = {1, names[i].size() - query.size(), i};
    if (c.edits <= (query.size() + 2) / 3) near.push_back(c);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string_view> nearest;
  for (const candidate& c : near) {
    if (nearest.size() == count) break;
    const bool known = std::any_of(nearest.begin(), nearest.end(), [&](std::string_view name) {
      return same_name(name, names[c.index]);
    });
    if (!known) nearest.push_back(names[c.index]);
  }
  return nearest;
}

/// The message for a name that nobody knows: `function: no KIND is called "query"; did you mean A,
/// B?`, or `; allowed are` all of `names` if there is nothing to suggest.
[[nodiscard]] inline std::string unknown_name_message(std::string_view function,
                                                      std::string_view kind, std::string_view query,
                                                      std::span<const std::string_view> suggestions,
                                                      std::span<const std::string_view> names) {
  constexpr std::size_t shown = 60;
  std::string message(function);
  message.append(": no ").append(kind).append(" is called \"").append(query.substr(0, shown));
  message += query.size() > shown ? "...\"" : "\"";
  message += suggestions.empty() ? "; allowed are " : "; did you mean ";
  bool first = true;
  for (const std::string_view name : suggestions.empty() ? names : suggestions) {
    if (!first) message += ", ";
    message += name;
    first = false;
  }
  if (!suggestions.empty()) message += '?';
  return message;
}

/// The same with the nearest of `names` as suggestions.
[[nodiscard]] inline std::string unknown_name_message(std::string_view function,
                                                      std::string_view kind, std::string_view query,
                                                      std::span<const std::string_view> names) {
  return unknown_name_message(function, kind, query, nearest_names(query, names), names);
}

}  // namespace binade::inline v0
