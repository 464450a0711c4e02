// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/format_id.hpp"
#include "binade/format/nearest_names.hpp"

#include <algorithm>  // find
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Formats by the names that this library and other stacks give them.

namespace binade::inline v0 {

/// Whose name for a format.
enum class vocabulary : std::uint8_t {
  binade,
  alias,  ///< further names in use
  torch,
  ml_dtypes,
  safetensors,
  mlir,
  cuda,            ///< C++ type
  cuda_data_type,  ///< cudaDataType_t
  onnx,            ///< TensorProto.DataType
};

inline constexpr std::array all_vocabularies = {
    vocabulary::binade,    vocabulary::alias,          vocabulary::torch,
    vocabulary::ml_dtypes, vocabulary::safetensors,    vocabulary::mlir,
    vocabulary::cuda,      vocabulary::cuda_data_type, vocabulary::onnx};

/// The name of a vocabulary itself, for people.
[[nodiscard]] constexpr std::string_view to_string(vocabulary v) noexcept {
  constexpr std::string_view names[] = {"binade",    "alias",          "torch",
                                        "ml_dtypes", "safetensors",    "MLIR",
                                        "CUDA",      "cudaDataType_t", "ONNX"};
  return names[static_cast<std::size_t>(v)];
}

/// What a vocabulary calls a format; empty if it has no name for it. Aliases come separated by
/// spaces.
[[nodiscard]] constexpr std::string_view name_in(const format_names& names, vocabulary v) noexcept {
  const char* name = nullptr;
  switch (v) {
    case vocabulary::binade:
      name = names.name;
      break;
    case vocabulary::alias:
      name = names.aliases;
      break;
    case vocabulary::torch:
      name = names.torch;
      break;
    case vocabulary::ml_dtypes:
      name = names.ml_dtypes;
      break;
    case vocabulary::safetensors:
      name = names.safetensors;
      break;
    case vocabulary::mlir:
      name = names.mlir;
      break;
    case vocabulary::cuda:
      name = names.cuda;
      break;
    case vocabulary::cuda_data_type:
      name = names.cuda_data_type;
      break;
    case vocabulary::onnx:
      name = names.onnx;
      break;
  }
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

/// Calls f(vocabulary, name) for each name of a format, each alias by itself.
template <class Function>
constexpr void for_each_name(const format_names& names, Function&& f) {
  for (const vocabulary v : all_vocabularies) {
    std::string_view rest = name_in(names, v);
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      if (space != 0) f(v, rest.substr(0, space));
      rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    }
  }
}

/// One meaning of a name.
struct name_match {
  format_id id;
  vocabulary where;
  std::string_view name;  ///< as that vocabulary spells it
};

namespace detail {

/// The name without the module in front of it, as people copy it from Python.
constexpr std::string_view without_module(std::string_view name) noexcept {
  for (const std::string_view module :
       {"torch.", "ml_dtypes.", "TensorProto.", "onnx.TensorProto.", "binade::"}) {
    if (name.size() > module.size() && same_name(name.substr(0, module.size()), module)) {
      return name.substr(module.size());
    }
  }
  return name;
}

}  // namespace detail

/// Every format that any vocabulary calls `name`, in the order of the vocabularies; empty if none
/// does. The case of letters does not count, nor does "torch.", "ml_dtypes." or "TensorProto." in
/// front.
[[nodiscard]] inline std::vector<name_match> find_formats(std::string_view name) {
  const std::string_view wanted = detail::without_module(name);
  std::vector<name_match> matches;
  for (const vocabulary v : all_vocabularies) {
    for (const format_id id : all_format_ids()) {
      for_each_name(format_info(id).names, [&](vocabulary where, std::string_view known) {
        if (where == v && same_name(wanted, known)) matches.push_back({id, where, known});
      });
    }
  }
  return matches;
}

/// The formats that someone who wrote `query` may have meant, at most three, nearest first, by this
/// library's names. Where only a foreign name or an alias comes near, it stands in front: "fp8_e4m3
/// (e4m3fn)".
[[nodiscard]] inline std::vector<std::string> nearest_formats(std::string_view query) {
  constexpr std::size_t count = 3;
  std::vector<std::string_view> names;
  std::vector<format_id> ids;
  for (const bool own : {true, false}) {
    for (const format_id id : all_format_ids()) {
      for_each_name(format_info(id).names, [&](vocabulary v, std::string_view name) {
        if ((v == vocabulary::binade) != own) return;
        names.push_back(name);
        ids.push_back(id);
      });
    }
  }
  const std::vector<std::string_view> near = nearest_names(query, names, names.size());
  std::vector<std::string> nearest;
  std::vector<format_id> seen;
  for (const std::string_view name : near) {
    if (nearest.size() == count) break;
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    const format_id id = ids[static_cast<std::size_t>(at)];
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
    seen.push_back(id);
    const std::string own = format_info(id).name;
    const bool own_is_near = std::find(near.begin(), near.end(), own) != near.end();
    nearest.push_back(own_is_near ? own : std::string(name) + " (" + own + ")");
  }
  return nearest;
}

namespace detail {

[[noreturn]] inline void throw_unknown_format(std::string_view name) {
  const std::vector<std::string> nearest = nearest_formats(name);
  const std::vector<std::string_view> suggestions(nearest.begin(), nearest.end());
  std::vector<std::string_view> names;
  for (const format_id id : all_format_ids()) names.emplace_back(format_info(id).name);
  BINADE_THROW(error{unknown_name_message("format_from_name", "format", name, suggestions, names)});
}

}  // namespace detail

/// The format that is called `name` in any vocabulary. Where one of them is this library's, its
/// format is meant.
///
/// Throws: error if there is none, with the nearest names; or if vocabularies disagree.
[[nodiscard]] inline format_id format_from_name(std::string_view name) {
  const std::vector<name_match> matches = find_formats(name);
  if (matches.empty()) detail::throw_unknown_format(detail::without_module(name));
  const name_match& first = matches.front();
  if (first.where == vocabulary::binade || first.where == vocabulary::alias) return first.id;
  for (const name_match& other : matches) {
    if (other.id == first.id) continue;
    BINADE_THROW(error{"format_from_name: \"" + std::string(name) + "\" is " +
                       format_info(first.id).name + " in " + std::string(to_string(first.where)) +
                       " but " + format_info(other.id).name + " in " +
                       std::string(to_string(other.where)) + "; use one of these two names"});
  }
  return first.id;
}

/// The format of an ONNX TensorProto.DataType number, if the catalogue has it.
[[nodiscard]] constexpr std::optional<format_id> format_from_onnx(int data_type) {
  for (const format_id id : all_format_ids()) {
    const int known = format_info(id).names.onnx_type;
    if (known >= 0 && known == data_type) return id;
  }
  return std::nullopt;
}

/// The format of a DLDataType with one lane, if the catalogue has it.
[[nodiscard]] constexpr std::optional<format_id> format_from_dlpack(int code, int bits) {
  for (const format_id id : all_format_ids()) {
    const format_information& info = format_info(id);
    const int known = info.names.dlpack_code;
    if (known >= 0 && known == code && info.bit_count == bits) return id;
  }
  return std::nullopt;
}

}  // namespace binade::inline v0
