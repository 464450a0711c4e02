// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace checkpoint_tool {

/// Rows of text as columns; of those in `right` the text ends at the right. The first row is a
/// title.
[[nodiscard]] std::string columns(const std::vector<std::vector<std::string>>& rows,
                                  const std::vector<std::size_t>& right = {});

/// As in 4.5 MB.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

/// To standard output.
void print(const std::string& text);

/// Whether `name` matches one of the patterns, in which * stands for any text and ? for a
/// character.
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, const std::string& name);

}  // namespace checkpoint_tool
