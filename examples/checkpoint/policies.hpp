// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/format/rounding.hpp"
#include "binade/format/saturation.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace checkpoint_tool {

inline constexpr std::array deterministic_modes = {
    binade::rounding::mode::ties_to_even,    binade::rounding::mode::ties_to_away,
    binade::rounding::mode::toward_zero,     binade::rounding::mode::toward_positive,
    binade::rounding::mode::toward_negative, binade::rounding::mode::to_odd};

inline constexpr std::array saturation_modes = {binade::saturation_mode::finite,
                                                binade::saturation_mode::propagate,
                                                binade::saturation_mode::none};

/// The member of `list` whose name this is.
///
/// Throws: binade::error with the nearest names.
template <class Mode>
[[nodiscard]] Mode find_mode(std::span<const Mode> list, const char* kind,
                             const std::string& name) {
  std::vector<std::string_view> names;
  for (const Mode m : list) {
    if (binade::same_name(binade::to_string(m), name)) return m;
    names.emplace_back(binade::to_string(m));
  }
  throw binade::error(binade::unknown_name_message("binade", kind, name, names));
}

}  // namespace checkpoint_tool
