// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/comparison.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace compare_tool {

/// Where the numbers of a run come from.
struct run_description {
  std::string source;   ///< a file, "the embedded checkpoint", or a distribution
  std::string tensors;  ///< how many tensors and elements
  std::uint64_t seed = 1;
  std::string cpu;
};

/// An aligned table of the results over all tensors together; with `every_tensor` of each one too.
std::string terminal_table(const std::vector<binade::comparison_result>& results, bool every_tensor,
                           bool colour);

/// {"binade": version, "source": ..., "seed": ..., "results": [one object a format and tensor]}.
/// What was not measured, or is infinite, is null.
std::string json(const std::vector<binade::comparison_result>& results, const run_description& run);

/// A header line and one line a result.
std::string csv(const std::vector<binade::comparison_result>& results);

/// One self-contained page with charts.
std::string html(const std::vector<binade::comparison_result>& results, const run_description& run,
                 const std::vector<binade::comparison_tensor>& tensors);

/// The table of formats of the README, in Markdown.
std::string format_table();

/// The CPU's model name, or "unknown CPU".
std::string cpu_name();

}  // namespace compare_tool
