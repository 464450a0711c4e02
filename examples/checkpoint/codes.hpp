// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/any_format.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace checkpoint_tool {

/// A code written as 0x7e or 0b1111110; nothing if the text is another number.
[[nodiscard]] std::optional<std::uint64_t> parse_code(const std::string& text);

/// The element format of that name, in any stack's vocabulary; "f32" and "float32" are binary32.
[[nodiscard]] binade::any_format find_element(const std::string& name);

/// A number written in decimal or hexadecimal, as inf or nan, rounded to binary64.
///
/// Throws: binade::error naming what is no number.
[[nodiscard]] double parse_number(const std::string& text);

[[nodiscard]] std::string hex_text(const binade::any_format& format, std::uint64_t code);
/// Its bits with | between the fields, from the top bit down.
[[nodiscard]] std::string fields_text(const binade::any_format& format, std::uint64_t code);
/// The value as the shortest decimal that reads back as the same binary64.
[[nodiscard]] std::string value_text(const binade::any_format& format, std::uint64_t code);

}  // namespace checkpoint_tool
