// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/io/conformance.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace binade::inline v0 {

/// The first line of a text file, and the value of the first key of a JSON file.
inline constexpr const char* conformance_title = "binade conformance vectors 1";

namespace detail {

/// The header of a file: the vectors' own, the version, their number, their hash.
inline conformance_header file_header(const conformance_vectors& v) {
  conformance_header header = v.header;
  const auto set = [&header](const char* key, std::string value) {
    for (conformance_entry& entry : header) {
      if (entry.key == key) {
        entry.value = std::move(value);
        return;
      }
    }
    header.push_back({key, std::move(value)});
  };
  set("version", std::to_string(BINADE_VERSION_MAJOR) + "." + std::to_string(BINADE_VERSION_MINOR) +
                     "." + std::to_string(BINADE_VERSION_PATCH));
  set("vectors", std::to_string(v.vectors.size()));
  set("hash", to_string(make_word(hash_of(v.vectors), 64)));
  return header;
}

}  // namespace detail

/// The vectors as a text file:
///
///     # binade conformance vectors 1
///     format: e4m3fn
///     source: float32
///     ...
///     hash: 0123456789abcdef
///     3f800000 -> 38
///
/// Lines of keys and values, then a line for each vector: the inputs and the outputs in
/// hexadecimal, each with all its digits. `hash` is hash_of the vectors. Lines that are empty or
/// begin with # say nothing; what is on the first line is such a comment.
[[nodiscard]] inline std::string to_text(const conformance_vectors& v) {
  std::string text = "# " + std::string(conformance_title) + "\n";
  for (const conformance_entry& entry : detail::file_header(v)) {
    text += entry.key + ": " + entry.value + "\n";
  }
  for (const conformance_vector& vector : v.vectors) text += to_string(vector) + "\n";
  return text;
}

/// The same as a JSON file: an object with the keys of the text file, whose values are strings, and
/// "vectors", an array of pairs of strings ["3f800000", "38"].
[[nodiscard]] inline std::string to_json(const conformance_vectors& v) {
  const auto quoted = [](const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  };
  std::string text = "{\n  \"title\": " + quoted(conformance_title);
  for (const conformance_entry& entry : detail::file_header(v)) {
    if (entry.key != "vectors") text += ",\n  " + quoted(entry.key) + ": " + quoted(entry.value);
  }
  text += ",\n  \"vectors\": [";
  const char* before = "\n    ";
  for (const conformance_vector& vector : v.vectors) {
    text += before + ("[" + quoted(to_string(std::span(vector.inputs)))) + ", " +
            quoted(to_string(std::span(vector.outputs))) + "]";
    before = ",\n    ";
  }
  return text + "\n  ]\n}\n";
}

}  // namespace binade::inline v0
