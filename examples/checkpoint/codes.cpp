// SPDX-License-Identifier: MIT
#include "checkpoint/codes.hpp"

#include "binade/core/error.hpp"
#include "binade/format/code_text.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/tensor/packable.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace checkpoint_tool {

std::optional<std::uint64_t> parse_code(const std::string& text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const bool is_binary = text.starts_with("0b") || text.starts_with("0B");
  if ((!is_hex && !is_binary) || text.find_first_of(".pP") != std::string::npos)
    return std::nullopt;
  std::uint64_t code = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data() + 2, end, code, is_hex ? 16 : 2);
  if (problem != std::errc{} || last != end) return std::nullopt;
  return code;
}

binade::any_format find_element(const std::string& name) {
  for (const char* float32 : {"f32", "float32", "binary32"}) {
    if (binade::same_name(name, float32)) return binade::any_format::binary32();
  }
  const binade::any_packable& found = binade::find_packable(name);
  if (found.is_block_format) {
    throw binade::error("binade: " + name +
                        " is a block format; needed is one of elements, such as " +
                        found.element.name());
  }
  return found.element;
}

double parse_number(const std::string& text) {
  char* end = nullptr;
  const double x = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') {
    throw binade::error(
        "binade: \"" + text +
        "\" is no number; allowed are 448, -1e-3, 0x1.8p3, inf, nan, and codes such "
        "as 0x7e or 0b0111");
  }
  return x;
}

std::string hex_text(const binade::any_format& format, std::uint64_t code) {
  return fmt::format("0x{:0{}x}", code, (format.describe().code_bits + 3) / 4);
}

std::string fields_text(const binade::any_format& format, std::uint64_t code) {
  const int bits = format.describe().code_bits;
  const binade::code_fields fields = format.visit([&](const auto& spec) {
    if constexpr (requires { binade::fields_of(spec, code); }) {
      return binade::fields_of(spec, code);
    } else {
      return binade::code_fields{.width = {bits}, .count = 1};
    }
  });
  std::string text;
  int below = bits;
  for (int i = 0; i < fields.count; ++i) {
    if (i != 0) text += '|';
    for (int end = below - fields.width[i]; below > end;) {
      text += (code >> --below & 1) != 0 ? '1' : '0';
    }
  }
  return text;
}

std::string value_text(const binade::any_format& format, std::uint64_t code) {
  return fmt::format("{}", binade::to_double(format.decode(code)));
}

}  // namespace checkpoint_tool
