// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/conformance.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/tracked_iterator.hpp"
#include "binade/io/file_bytes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binade::inline v0 {

namespace detail {

/// Takes in header entries and vectors, whatever the file's notation, and checks each.
class conformance_collector {
 public:
  explicit conformance_collector(std::string label) { file_.label = std::move(label); }

  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    fail_in(file_.label, line, what);
  }

  void add_entry(std::string_view key, std::string_view value, std::size_t line) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (key.empty() || key.find_first_not_of(letters) != std::string_view::npos) {
      fail(line, in_quotes(key) + " is no key; keys consist of a-z, 0-9 and _");
    }
    if (const conformance_entry* known = find_entry(file_.header, key)) {
      fail(line,
           std::string(key) + " is given a second time, after line " + std::to_string(known->line));
    }
    if (file_.header.size() == max_entries) {
      fail(line, "the header has more than " + std::to_string(max_entries) + " keys");
    }
    file_.header.push_back({std::string(key), std::string(value), line});
  }

  void add_vector(std::string_view inputs, std::string_view outputs, std::size_t line) {
    conformance_vector v;
    v.inputs = words(inputs, "inputs", line);
    v.outputs = words(outputs, "outputs", line);
    v.line = line;
    file_.vectors.push_back(std::move(v));
  }

  /// The whole, if it is what its header says.
  [[nodiscard]] conformance_vectors finish() {
    if (file_.vectors.empty()) fail(0, "the file has no vectors");
    if (const conformance_entry* count = find_entry(file_.header, "vectors")) {
      if (count->value != std::to_string(file_.vectors.size())) {
        fail(count->line, "vectors is " + in_quotes(count->value) + " but the file has " +
                              std::to_string(file_.vectors.size()));
      }
    }
    if (const conformance_entry* hash = find_entry(file_.header, "hash")) {
      const std::string ours = to_string(make_word(hash_of(file_.vectors), 64));
      if (hash->value != ours) {
        fail(hash->line, "hash is " + in_quotes(hash->value) + " but that of the vectors is \"" +
                             ours + "\": they were changed");
      }
    }
    return std::move(file_);
  }

 private:
  static constexpr std::size_t max_entries = 64;

  [[nodiscard]] std::vector<conformance_word> words(std::string_view text, const char* what,
                                                    std::size_t line) const {
    std::vector<conformance_word> found;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      found.push_back(word(text.substr(0, end), line));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (found.empty()) fail(line, std::string("the vector has no ") + what);
    return found;
  }

  [[nodiscard]] conformance_word word(std::string_view text, std::size_t line) const {
    conformance_word w;
    for (const char c : text) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0 || ++w.digits > 16) {
        w.digits = 0;
        break;
      }
      w.code = w.code << 4 | static_cast<std::uint64_t>(digit);
    }
    if (w.digits == 0) {
      fail(line, in_quotes(text) + " is no code; codes are 1 to 16 hexadecimal digits");
    }
    return w;
  }

  conformance_vectors file_;
};

/// Reads the text notation.
inline conformance_vectors read_conformance_text(std::string_view text, std::string label) {
  conformance_collector collector(std::move(label));
  bool in_header = true;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    constexpr std::string_view arrow = " -> ";
    constexpr std::string_view colon = ": ";
    const std::size_t arrow_at = line.find(arrow);
    const std::size_t colon_at = line.find(colon);
    if (arrow_at != std::string_view::npos && (!in_header || arrow_at < colon_at)) {
      in_header = false;
      collector.add_vector(line.substr(0, arrow_at), line.substr(arrow_at + arrow.size()), number);
    } else if (in_header && colon_at != std::string_view::npos) {
      collector.add_entry(line.substr(0, colon_at), line.substr(colon_at + colon.size()), number);
    } else {
      collector.fail(number, in_quotes(line) + (in_header ? " is neither \"KEY: VALUE\" nor"
                                                            " \"INPUTS -> OUTPUTS\""
                                                          : " is not \"INPUTS -> OUTPUTS\""));
    }
  }
  return collector.finish();
}

/// Takes a JSON file in by SAX events and stops at the first one that does not belong there.
class conformance_json_reader {
 public:
  conformance_json_reader(std::string_view text, std::string label)
      : collector_(std::move(label)), counted_(text.data()), reached_(text.data()) {
    const char* const end = text.data() + text.size();
    nlohmann::json::sax_parse(tracked_iterator{text.data(), &reached_},
                              tracked_iterator{end, &reached_}, this);
    if (!problem_.empty()) collector_.fail(problem_line_, problem_);
  }
  [[nodiscard]] conformance_vectors finish() { return collector_.finish(); }

  // The events, as nlohmann-json names them.
  bool null() { return wrong("null"); }
  bool boolean(bool value) { return put(value ? "yes" : "no", "a boolean"); }
  bool number_integer(std::int64_t value) { return put(std::to_string(value), "a number"); }
  bool number_unsigned(std::uint64_t value) { return put(std::to_string(value), "a number"); }
  bool number_float(double, const std::string& text) { return put(text, "a number"); }
  bool string(const std::string& value) {
    if (place_ == place::words) {
      if (word_count_ == 2) return wrong("a third string");
      words_[word_count_++] = value;
      return true;
    }
    return put(value, "a string");
  }
  bool binary(nlohmann::json::binary_t&) { return wrong("binary data"); }
  bool start_object(std::size_t) { return go(place::start, place::top, "an object"); }
  bool end_object() { return go(place::top, place::done, "the end of an object"); }
  bool start_array(std::size_t) {
    word_count_ = 0;
    return place_ == place::vectors ? go(place::vectors, place::words, "")
                                    : go(place::before_vectors, place::vectors, "an array");
  }
  bool end_array() {
    if (place_ == place::words) {
      if (word_count_ != 2) return wrong("a vector with one string or none");
      collector_.add_vector(words_[0], words_[1], line());
      return go(place::words, place::vectors, "");
    }
    return go(place::vectors, place::top, "the end of an array");
  }
  bool key(const std::string& name) {
    key_ = name;
    place_ = name == "vectors" ? place::before_vectors : place::value;
    if (name == "vectors" && std::exchange(has_vectors_, true))
      return wrong("a second \"vectors\"");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& reason) {
    std::string text = reason.what();
    if (const auto column = text.find("column "); column != std::string::npos) {
      if (const auto colon = text.find(": ", column); colon != std::string::npos) {
        text.erase(0, colon + 2);
      }
    }
    return stop("the file is not valid JSON in UTF-8: " + in_quotes(text));
  }

 private:
  enum class place : std::uint8_t { start, top, value, before_vectors, vectors, words, done };

  bool put(const std::string& value, const char* given) {
    if (place_ != place::value) return wrong(given);
    if (key_ != "title") collector_.add_entry(key_, value, line());
    place_ = place::top;
    return true;
  }
  bool go(place from, place to, const char* given) {
    if (place_ != from) return wrong(given);
    place_ = to;
    return true;
  }
  bool wrong(const std::string& given) {
    static constexpr const char* expected[] = {
        "the file must be one object",
        "a key must follow",
        "the value of a key must be a string, a number or a boolean",
        "\"vectors\" must be an array",
        "a vector must be an array of two strings, inputs and outputs",
        "a vector must be an array of two strings, inputs and outputs",
        "nothing may follow the object"};
    return stop(given + " given; " + expected[static_cast<std::size_t>(place_)]);
  }
  bool stop(std::string what) {
    problem_ = std::move(what);
    problem_line_ = line();
    return false;
  }
  /// The line of the current token.
  [[nodiscard]] std::size_t line() {
    line_ += static_cast<std::size_t>(std::count(counted_, reached_, '\n'));
    counted_ = reached_;
    return line_;
  }

  conformance_collector collector_;
  const char* counted_;  // newlines before here are in line_
  const char* reached_;
  std::size_t line_ = 1;
  place place_ = place::start;
  std::string key_;
  bool has_vectors_ = false;
  std::string words_[2];
  std::size_t word_count_ = 0;
  std::string problem_;
  std::size_t problem_line_ = 0;
};

}  // namespace detail

/// Reads a file of conformance vectors that is in memory, in either notation of
/// write_conformance.hpp, by whom ever it was written; `label` names it in messages.
///
/// In JSON the value of a key may be a number or a boolean (yes, no) too. "title" says nothing.
/// Post:   the file is what its header says if that has "vectors" (how many) or "hash".
/// Throws: error naming file and line, what was given and what is allowed.
/// Cost:   memory of the file's order.
[[nodiscard]] inline conformance_vectors parse_conformance(std::string_view text,
                                                           const std::string& label = "memory") {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  // The JSON parser takes a NUL for the end of its input.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    const auto before = text.begin() + static_cast<std::ptrdiff_t>(nul);
    detail::fail_in(label, 1 + static_cast<std::size_t>(std::count(text.begin(), before, '\n')),
                    "the file contains a NUL byte; it must be text");
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && text[first] == '{';
  return is_json ? detail::conformance_json_reader(text, label).finish()
                 : detail::read_conformance_text(text, label);
}

/// The same of a file.
///
/// Throws: as above; error naming the file and the system's reason if it cannot be read.
[[nodiscard]] inline conformance_vectors read_conformance(const std::filesystem::path& path) {
  const file_bytes file(path);
  const auto bytes = file.get();
  return parse_conformance({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           path.string());
}

}  // namespace binade::inline v0
