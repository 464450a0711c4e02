// SPDX-License-Identifier: MIT
#include "compare/inputs.hpp"

#include "binade/core/error.hpp"
#include "binade/core/random.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/io/safetensors.hpp"
#include "embedded/use_lite_slice.hpp"

#include <array>
#include <cmath>

namespace compare_tool {
namespace {

constexpr std::array<std::string_view, 6> distributions{"normal",     "laplace", "student_t",
                                                        "log_normal", "uniform", "outliers"};

std::vector<binade::comparison_tensor> select(const binade::safetensors_file& file,
                                              const std::string& source, std::string_view pattern) {
  std::vector<binade::comparison_tensor> tensors;
  for (const binade::safetensors_tensor& t : file.tensors()) {
    if (!matches(pattern, t.name)) continue;
    const std::string where = "compare: tensor \"" + t.name + "\" of " + source;
    binade::comparison_tensor out;
    out.name = t.name;
    out.shape = binade::tensor_shape(t.shape);
    if (out.shape.size() == 0) {
      throw binade::error(where + " is empty: shape " + to_string(out.shape) +
                          "; needed is at least one element");
    }
    if (out.shape.rank() == 0) {
      throw binade::error(where + " is a scalar; needed is at least one axis");
    }
    out.values = binade::read_f32(t);
    for (std::size_t i = 0; i < out.values.size(); ++i) {
      if (!std::isfinite(out.values[i])) {
        throw binade::error(where + " holds " + (std::isnan(out.values[i]) ? "NaN" : "infinity") +
                            " at element " + std::to_string(i) + "; needed are finite values");
      }
    }
    tensors.push_back(std::move(out));
  }
  if (tensors.empty()) {
    std::string names;
    for (const auto& t : file.tensors()) names += (names.empty() ? "" : ", ") + t.name;
    throw binade::error("compare: no tensor of " + source + " matches \"" + std::string(pattern) +
                        "\"; it has " + (names.empty() ? "none" : names));
  }
  return tensors;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= name.size(); ++skip) {
      if (matches(pattern.substr(1), name.substr(skip))) return true;
    }
    return false;
  }
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches(pattern.substr(1), name.substr(1));
}

std::vector<binade::comparison_tensor> read_tensors(const std::string& path,
                                                    std::string_view pattern) {
  return select(binade::safetensors_file::open(path), path, pattern);
}

std::vector<binade::comparison_tensor> embedded_tensors(std::string_view pattern) {
  const auto file =
      binade::safetensors_file::from_bytes(embedded::use_lite_slice(), "the embedded checkpoint");
  return select(file, "the embedded checkpoint", pattern);
}

std::span<const std::string_view> distribution_names() { return distributions; }

binade::comparison_tensor make_distribution(std::string_view name, std::uint64_t seed,
                                            std::size_t rows, std::size_t cols) {
  using binade::standard_normal;
  using binade::uniform01;
  constexpr std::uint64_t stream = 1;
  const auto value = [&](std::uint64_t i) -> double {
    if (name == "normal") return standard_normal(seed, stream, i);
    if (name == "log_normal") return std::exp(standard_normal(seed, stream, i));
    if (name == "uniform") return 2 * uniform01(seed, stream, i) - 1;
    if (name == "laplace") {
      const double u = uniform01(seed, stream, i) - 0.5;
      return std::copysign(std::log1p(-2 * std::fabs(u) * (1 - 0x1p-53)), u);
    }
    if (name == "student_t") {  // normal over the root of a mean of 5 squares
      double squares = 0;
      for (std::uint64_t k = 0; k < 5; ++k) {
        const double z = standard_normal(seed, stream + 1 + k, i);
        squares += z * z;
      }
      return standard_normal(seed, stream, i) / std::sqrt(squares / 5);
    }
    const bool outlier = uniform01(seed, stream + 1, i) < 0.001;  // "outliers"
    return standard_normal(seed, stream, i) * (outlier ? 30 : 1);
  };
  bool known = false;
  for (const std::string_view d : distributions) known = known || d == name;
  if (!known) {
    throw binade::error(
        binade::unknown_name_message("compare", "distribution", name, distributions));
  }
  binade::comparison_tensor t;
  t.name = std::string(name);
  t.shape = binade::tensor_shape{rows, cols};
  t.values.resize(rows * cols);
  for (std::size_t i = 0; i < t.values.size(); ++i) t.values[i] = static_cast<float>(value(i));
  return t;
}

}  // namespace compare_tool
