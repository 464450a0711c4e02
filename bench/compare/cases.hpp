// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/comparison.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace compare_tool {

/// What the command line says about every format.
struct case_options {
  std::vector<std::size_t> block_sizes;  ///< empty: each format's own
  int axis = -1;
  std::vector<std::string> roundings;  ///< likewise
  std::uint64_t seed = 1;
};

/// The cases that a list such as "mxfp4:pow2_floor,nvfp4,e4m3fn@128" asks for:
/// format[@scales][:rule], where scales are tensor, channel, a group size or ROWSxCOLS, and a rule
/// may be a recipe, as in "nvfp4:modelopt_nvfp4"; a recipe has its own rounding and blocks. "all":
/// every catalogue entry.
///
/// Throws: binade::error that names what is unknown and the nearest names.
std::vector<binade::comparison_case> parse_cases(std::string_view list,
                                                 const case_options& options);

/// What `compare` runs if nobody says which formats.
std::string_view default_formats();

/// Names that --rounding and the part after ":" know.
std::vector<std::string_view> rounding_names();
std::vector<std::string_view> rule_names();

}  // namespace compare_tool
