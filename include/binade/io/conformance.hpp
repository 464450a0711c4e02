// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/fnv1a.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Conformance vectors: inputs and the codes that they must become, for any function from codes to
// codes. conformance_conversion.hpp has the conversions; write_ and read_conformance.hpp the files.

namespace binade::inline v0 {

/// A code and how many hexadecimal digits it is written with.
struct conformance_word {
  std::uint64_t code = 0;
  int digits = 0;

  friend constexpr bool operator==(const conformance_word&, const conformance_word&) = default;
};

/// The word of a code of `bits` bits.
[[nodiscard]] constexpr conformance_word make_word(std::uint64_t code, int bits) noexcept {
  return {code, (bits + 3) / 4};
}

/// The digits of a word, in lower case with leading zeros.
[[nodiscard]] inline std::string to_string(const conformance_word& word) {
  std::string text(static_cast<std::size_t>(word.digits), '0');
  std::uint64_t rest = word.code;
  for (std::size_t i = text.size(); i-- > 0; rest >>= 4) text[i] = "0123456789abcdef"[rest & 15];
  return text;
}

/// What goes in and what must come out.
struct conformance_vector {
  std::vector<conformance_word> inputs;
  std::vector<conformance_word> outputs;
  std::size_t line = 0;  ///< of the file that it was read from

  /// Whether both are the same vector, wherever they stand.
  friend bool operator==(const conformance_vector& a, const conformance_vector& b) {
    return a.inputs == b.inputs && a.outputs == b.outputs;
  }
};

/// The words, separated by one space.
[[nodiscard]] inline std::string to_string(std::span<const conformance_word> words) {
  std::string text;
  for (const conformance_word& word : words) {
    if (!text.empty()) text += ' ';
    text += to_string(word);
  }
  return text;
}

/// `3f800000 -> 38`: a vector as a line of a text file.
[[nodiscard]] inline std::string to_string(const conformance_vector& v) {
  return to_string(std::span(v.inputs)) + " -> " + to_string(std::span(v.outputs));
}

/// A line of a header.
struct conformance_entry {
  std::string key;
  std::string value;
  std::size_t line = 0;  ///< of the file that it was read from

  friend bool operator==(const conformance_entry& a, const conformance_entry& b) {
    return a.key == b.key && a.value == b.value;
  }
};
using conformance_header = std::vector<conformance_entry>;

/// The entry of a key, or null.
[[nodiscard]] inline const conformance_entry* find_entry(const conformance_header& header,
                                                         std::string_view key) noexcept {
  for (const conformance_entry& entry : header) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

/// A header with the vectors that it describes.
struct conformance_vectors {
  std::string label;  ///< the file's name, for messages
  conformance_header header;
  std::vector<conformance_vector> vectors;
};

namespace detail {

/// "LABEL:LINE: ", without the line where there is none.
inline std::string place_in(std::string_view label, std::size_t line) {
  return std::string(label) + (line == 0 ? "" : ":" + std::to_string(line)) + ": ";
}
[[noreturn]] inline void fail_in(std::string_view label, std::size_t line,
                                 const std::string& what) {
  BINADE_THROW(error{place_in(label, line) + what});
}

}  // namespace detail

/// FNV-1a of the vectors as lines of a text file, each with its newline: the same for the text and
/// the JSON file.
[[nodiscard]] inline std::uint64_t hash_of(std::span<const conformance_vector> vectors) {
  fnv1a hash;
  for (const conformance_vector& v : vectors) hash.add_text(to_string(v)).add_byte('\n');
  return hash.value();
}

/// A function that vectors can be made for and checked against. Conversions are one; a quantizer
/// becomes one by a row of elements as inputs, and codes and scales as outputs.
struct conformance_subject {
  conformance_header header;  ///< what names the function and its parameters
  conformance_header facts;   ///< what else is worth knowing of it

  /// What is wrong with the inputs of a vector; empty if they are the function's.
  std::function<std::string(std::span<const conformance_word> inputs)> input_fault;

  /// The outputs for the inputs, in which is no fault, of vector number `index`.
  std::function<std::vector<conformance_word>(std::span<const conformance_word> inputs,
                                              std::uint64_t index)>
      apply;

  /// What input word i stands for, such as "1.5".
  std::function<std::string(std::size_t i, std::uint64_t code)> input_text;
  /// What output word i stands for, such as "1.5" or "scale 2: 0.25".
  std::function<std::string(std::size_t i, std::uint64_t code)> output_text;
  /// Whether code `code` of output word i is a NaN.
  std::function<bool(std::size_t i, std::uint64_t code)> is_nan;
};

/// Vectors of a subject for the given inputs: vector i has index i.
///
/// Throws: error if inputs are not the subject's.
[[nodiscard]] inline conformance_vectors make_vectors(
    const conformance_subject& subject, std::span<const std::vector<conformance_word>> inputs) {
  conformance_vectors made;
  made.header = subject.header;
  made.header.insert(made.header.end(), subject.facts.begin(), subject.facts.end());
  made.vectors.reserve(inputs.size());
  for (const std::vector<conformance_word>& input : inputs) {
    const std::uint64_t index = made.vectors.size();
    const std::string fault = subject.input_fault(input);
    if (!fault.empty()) {
      BINADE_THROW(error{"make_vectors: inputs[" + std::to_string(index) + "]: " + fault});
    }
    made.vectors.push_back({input, subject.apply(input, index), 0});
  }
  return made;
}

}  // namespace binade::inline v0
