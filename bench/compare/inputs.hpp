// SPDX-License-Identifier: MIT
#pragma once

#include "binade/analysis/comparison.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace compare_tool {

/// The tensors of a safetensors file whose names match `pattern` (with * and ?), as binary32.
///
/// Throws: binade::error if the file is broken, no tensor matches, or a tensor is empty, is no
///         matrix or vector of floats, or holds NaN or infinity.
std::vector<binade::comparison_tensor> read_tensors(const std::string& path,
                                                    std::string_view pattern);

/// The same from the file that the program carries.
std::vector<binade::comparison_tensor> embedded_tensors(std::string_view pattern);

/// Names that make_distribution knows.
std::span<const std::string_view> distribution_names();

/// rows x cols seeded numbers: normal, laplace, student_t (5 degrees of freedom), log_normal,
/// uniform, outliers (normal, one in 1000 times 30).
///
/// Throws: binade::error for an unknown name, with the nearest ones.
binade::comparison_tensor make_distribution(std::string_view name, std::uint64_t seed,
                                            std::size_t rows, std::size_t cols);

/// Whether `name` matches `pattern`, in which * stands for any text and ? for any character.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace compare_tool
