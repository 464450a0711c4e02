// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/conformance.hpp"
#include "binade/io/conformance_subject.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace binade::inline v0 {

/// How NaN codes are compared. Stacks may agree on NaN and differ in its sign or payload.
enum class nan_comparison : std::uint8_t {
  exact,    ///< as all codes
  any_nan,  ///< every NaN equals every other
};

/// One output that is not ours.
struct conformance_difference {
  std::size_t vector = 0;  ///< its number, from 0
  std::size_t line = 0;    ///< of the file
  std::size_t output = 0;  ///< which of the vector's outputs, from 0
  conformance_word theirs;
  conformance_word ours;
  std::string text;  ///< for people: place, inputs and both outputs, as codes and decoded
};

struct conformance_result {
  std::size_t vectors = 0;
  std::size_t different = 0;  ///< vectors with a difference
  std::optional<conformance_difference> first;
};

namespace detail {

inline std::string difference_text(const conformance_vectors& file,
                                   const conformance_subject& subject, const conformance_vector& v,
                                   const conformance_difference& d) {
  // Of many inputs, as of a block, the first ones.
  constexpr std::size_t shown = 4;
  std::string text = place_in(file.label, d.line) + "input ";
  for (std::size_t i = 0; i < v.inputs.size() && i < shown; ++i) {
    text += (i == 0 ? "" : ", ") + to_string(v.inputs[i]);
    text += " (" + subject.input_text(i, v.inputs[i].code) + ")";
  }
  if (v.inputs.size() > shown) text += ", ... of " + std::to_string(v.inputs.size());
  text += ": theirs " + to_string(d.theirs) + " (" + subject.output_text(d.output, d.theirs.code);
  text += "), ours " + to_string(d.ours) + " (" + subject.output_text(d.output, d.ours.code) + ")";
  return text;
}

}  // namespace detail

/// Compares the outputs of a file with what the subject makes of its inputs.
///
/// Throws: error naming file and line if inputs or outputs have another number or width than the
///         subject's.
[[nodiscard]] inline conformance_result check_vectors(const conformance_vectors& file,
                                                      const conformance_subject& subject,
                                                      nan_comparison nans = nan_comparison::exact) {
  conformance_result result;
  for (const conformance_vector& v : file.vectors) {
    const std::size_t index = result.vectors++;
    const std::string fault = subject.input_fault(v.inputs);
    if (!fault.empty()) {
      detail::fail_in(file.label, v.line, "\"" + to_string(v) + "\": " + fault);
    }
    const std::vector<conformance_word> ours = subject.apply(v.inputs, index);
    const auto same_form = [&] {
      if (v.outputs.size() != ours.size()) return false;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        if (v.outputs[i].digits != ours[i].digits) return false;
      }
      return true;
    };
    if (!same_form()) {
      detail::fail_in(file.label, v.line,
                      "the outputs \"" + to_string(std::span(v.outputs)) +
                          "\" have another form than \"" + to_string(std::span(ours)) + "\"");
    }
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const conformance_word& theirs = v.outputs[i];
      if (theirs == ours[i]) continue;
      if (nans == nan_comparison::any_nan && subject.is_nan(i, theirs.code) &&
          subject.is_nan(i, ours[i].code)) {
        continue;
      }
      ++result.different;
      if (!result.first) {
        result.first.emplace(conformance_difference{index, v.line, i, theirs, ours[i], ""});
        result.first->text = detail::difference_text(file, subject, v, *result.first);
      }
      break;
    }
  }
  return result;
}

/// The same with the subject that the file's header names.
///
/// Throws: as subject_of too.
[[nodiscard]] inline conformance_result check_vectors(const conformance_vectors& file,
                                                      nan_comparison nans = nan_comparison::exact) {
  return check_vectors(file, subject_of(file), nans);
}

}  // namespace binade::inline v0
