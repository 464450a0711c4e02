// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/nearest_names.hpp"
#include "binade/io/detail/in_quotes.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0::detail {

/// `no tensor is called "name"` with the nearest names of `tensors`, or how many there are and the
/// first ones. A message may not cost minutes: neither endless names nor endless lists are
/// compared.
template <class Tensors>
std::string no_such_tensor(std::string_view name, const Tensors& tensors) {
  std::vector<std::string_view> names;
  for (const auto& tensor : tensors) {
    if (names.size() == 10000) break;
    if (tensor.name.size() <= 256 && name.size() <= 256) names.push_back(tensor.name);
  }
  std::string message = "no tensor is called " + in_quotes(name);
  std::vector<std::string_view> shown = nearest_names(name, names);
  const char* before = "; the nearest names are ";
  if (shown.empty()) {
    message += "; the file has " + std::to_string(tensors.size()) + " tensors";
    before = ", the first ones are ";
    names.resize(std::min<std::size_t>(3, names.size()));
    shown = names;
  }
  for (const std::string_view n : shown) {
    message += before + in_quotes(n);
    before = ", ";
  }
  return message;
}

}  // namespace binade::inline v0::detail
