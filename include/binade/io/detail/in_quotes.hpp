// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace binade::inline v0::detail {

/// `text` as a JSON string literal of printable ASCII, cut after 80 bytes: what a message may quote
/// from a file that nobody has vetted.
inline std::string in_quotes(std::string_view text) {
  const bool cut = text.size() > 80;
  const nlohmann::json shown = std::string(text.substr(0, 80)) + (cut ? "..." : "");
  return shown.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace binade::inline v0::detail
