// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/names.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/quantize/recipe_quantize.hpp"
#include "binade/quantize/recipes_fp8.hpp"
#include "binade/quantize/recipes_ggml.hpp"
#include "binade/quantize/recipes_mx.hpp"
#include "binade/quantize/recipes_nvfp4.hpp"
#include "binade/quantize/recipes_research.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The list of all recipes. One that carries a stack's plain name gives the bits that the stack's
// own package gave (tests/vectors/recipes); the suffix _as_read marks those that were read in a
// source and not run.

namespace binade::inline v0 {

namespace detail {

template <template <class> class R>
using of_mx_formats =
    type_list<R<mxfp4>, R<mxfp6_e2m3>, R<mxfp6_e3m2>, R<mxfp8_e4m3>, R<mxfp8_e5m2>>;

using all_recipe_types = concatenate<
    type_list<recipes::exact>, of_mx_formats<recipes::ocp_mx>, type_list<recipes::ocp_mx<mxint8>>,
    of_mx_formats<recipes::nvidia_mx_as_read>, of_mx_formats<recipes::cublas_mx_as_read>,
    of_mx_formats<recipes::torchao_floor>, of_mx_formats<recipes::torchao_ceil>,
    of_mx_formats<recipes::torchao_even>, of_mx_formats<recipes::torchao_rceil>,
    type_list<
        recipes::torchao_nvfp4, recipes::torchao_nvfp4_one_level, recipes::compressed_tensors_mxfp4,
        recipes::compressed_tensors_mxfp8, recipes::compressed_tensors_nvfp4,
        recipes::compressed_tensors_fp8, recipes::modelopt_mxfp4, recipes::modelopt_mxfp8,
        recipes::modelopt_nvfp4, recipes::te_nvfp4, recipes::te_nvfp4_stochastic_as_read,
        recipes::te_nvfp4_4over6, recipes::te_float8_current<e4m3fn>,
        recipes::te_float8_current<e5m2>, recipes::te_float8_delayed<e4m3fn>,
        recipes::te_float8_delayed<e5m2>, recipes::te_float8_blockwise_as_read<e4m3fn>,
        recipes::te_float8_blockwise_as_read<e5m2>, recipes::deepseek_fp8, recipes::ggml_mxfp4,
        recipes::ggml_nvfp4, recipes::ggml_q8_0, recipes::ggml_q4_0, recipes::fp_quant_mxfp4,
        recipes::fp_quant_mxfp4_quest, recipes::fp_quant_nvfp4, recipes::quartet_as_read>,
    of_mx_formats<recipes::microxcaling>>::type;

template <class... Rs>
constexpr std::array<any_recipe, sizeof...(Rs)> make_recipes(type_list<Rs...>) noexcept {
  return {Rs{}.describe()...};
}

inline constexpr auto recipe_list = make_recipes(all_recipe_types{});

}  // namespace detail

/// Every recipe in its default form, once for each format that it makes; entries of one name stand
/// together.
[[nodiscard]] constexpr std::span<const any_recipe> all_recipes() noexcept {
  return detail::recipe_list;
}

/// The names of all recipes, each once.
[[nodiscard]] inline std::vector<std::string_view> recipe_names() {
  std::vector<std::string_view> names;
  for (const any_recipe& r : all_recipes()) {
    if (names.empty() || names.back() != r.name) names.emplace_back(r.name);
  }
  return names;
}

/// The recipe of this name, for the first of its formats; case does not matter.
///
/// Throws: error that lists the nearest names if there is none.
[[nodiscard]] inline const any_recipe& find_recipe(std::string_view name) {
  for (const any_recipe& r : all_recipes()) {
    if (same_name(r.name, name)) return r;
  }
  BINADE_THROW(error{unknown_name_message("find_recipe", "recipe", name, recipe_names())});
}

/// The recipe of this name that makes `format`.
///
/// Throws: error that lists the nearest names if there is none, or the formats that it makes.
[[nodiscard]] inline const any_recipe& find_recipe(std::string_view name,
                                                   const any_packable& format) {
  std::string made;
  for (const any_recipe& r : all_recipes()) {
    if (!same_name(r.name, name)) continue;
    if (r.format.names == format.names) return r;
    made += made.empty() ? "" : ", ";
    made += r.format.names->name;
  }
  if (made.empty()) return find_recipe(name);
  BINADE_THROW(error{"find_recipe: " + std::string(name) + " does not make " + format.names->name +
                     "; it makes " + made});
}

}  // namespace binade::inline v0
