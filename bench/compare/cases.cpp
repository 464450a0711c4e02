// SPDX-License-Identifier: MIT
#include "compare/cases.hpp"

#include "binade/core/error.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/quantize/recipes.hpp"

#include <charconv>
#include <optional>
#include <span>

namespace compare_tool {
namespace {

using binade::scale_method;
using binade::rounding::mode;

constexpr scale_method methods[] = {scale_method::absmax,    scale_method::pow2_floor,
                                    scale_method::pow2_ceil, scale_method::pow2_rceil,
                                    scale_method::pow2_even, scale_method::mse_search};
constexpr mode modes[] = {mode::ties_to_even,    mode::ties_to_away,    mode::toward_zero,
                          mode::toward_positive, mode::toward_negative, mode::to_odd,
                          mode::stochastic,      mode::hif8_hybrid};

[[noreturn]] void unknown(const char* what, std::string_view name,
                          const std::vector<std::string_view>& names) {
  throw binade::error(binade::unknown_name_message("compare", what, name, names));
}

std::optional<binade::scale_rule> parse_rule(std::string_view name) {
  for (const scale_method m : methods) {
    if (binade::same_name(name, binade::to_string(m))) {
      binade::scale_rule rule;
      rule.method = m;
      return rule;
    }
  }
  return std::nullopt;
}

/// The recipe of this name for a format.
binade::any_recipe parse_recipe(std::string_view name, const binade::any_packable& format) {
  std::vector<std::string_view> names = rule_names();
  bool known = false;
  for (const std::string_view recipe : binade::recipe_names()) {
    names.push_back(recipe);
    known = known || binade::same_name(name, recipe);
  }
  if (!known) unknown("scale rule or recipe", name, names);
  return binade::find_recipe(name, format);
}

binade::rounding::any parse_rounding(std::string_view name, std::uint64_t seed) {
  for (const mode m : modes) {
    if (binade::same_name(name, binade::to_string(m))) {
      binade::rounding::any r;
      r.mode = m;
      r.random.seed = seed;
      return r;
    }
  }
  unknown("rounding", name, rounding_names());
}

std::size_t parse_size(std::string_view text, std::string_view whole) {
  std::size_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{} || end != text.data() + text.size() || n == 0) {
    throw binade::error("compare: \"" + std::string(whole) +
                        "\" does not say who shares a scale; allowed are tensor, channel, a group "
                        "size such as 128 and a tile such as 128x128");
  }
  return n;
}

binade::granularity parse_granularity(std::string_view text) {
  if (text.empty() || text == "tensor") return binade::per_tensor{};
  if (text == "channel") return binade::per_channel{.axis = 0};
  const std::size_t cross = text.find('x');
  if (cross == std::string_view::npos) {
    return binade::per_group{.axis = -1, .size = parse_size(text, text)};
  }
  return binade::per_block{.rows = parse_size(text.substr(0, cross), text),
                           .cols = parse_size(text.substr(cross + 1), text)};
}

/// Unsigned integers need a zero point to hold negative values.
binade::group_kind usual_group(const binade::any_packable& format) {
  const bool is_signed = format.element.describe().is_signed;
  return !format.is_block_format && format.element.is_integer() && !is_signed
             ? binade::group_kind::affine
             : binade::group_kind::symmetric;
}

/// The case for each block size and each rounding that the options name.
void add_cases(const binade::any_packable& format, const binade::granularity& groups,
               std::optional<binade::scale_rule> rule, const case_options& options,
               std::vector<binade::comparison_case>& cases) {
  binade::comparison_case c;
  c.format = format;
  c.groups = groups;
  c.rule = rule;
  c.axis = options.axis;
  c.group = usual_group(format);
  const auto add_roundings = [&] {
    if (options.roundings.empty()) cases.push_back(c);
    for (const std::string& name : options.roundings) {
      c.rounding = parse_rounding(name, options.seed);
      cases.push_back(c);
    }
  };
  if (options.block_sizes.empty()) add_roundings();
  for (const std::size_t size : options.block_sizes) {
    if (format.is_block_format) {
      c.block_size = size;
    } else {
      c.groups = binade::per_group{.axis = options.axis, .size = size};
    }
    add_roundings();
  }
}

}  // namespace

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const scale_method m : methods) names.emplace_back(binade::to_string(m));
  return names;
}

std::vector<std::string_view> rounding_names() {
  std::vector<std::string_view> names;
  for (const mode m : modes) names.emplace_back(binade::to_string(m));
  return names;
}

std::string_view default_formats() {
  return "bfloat16,e4m3fn,e5m2,e3m4,hif8,posit8,takum8,int8,e4m3fn@128,e4m3fn@128x128,int8@128,"
         "mxfp8_e4m3,mxfp8_e5m2,mxint8,mxfp6_e2m3,mxfp6_e3m2,mxfp4,mxfp4:pow2_floor,mxfp4:pow2_"
         "even,"
         "mxfp4:mse_search,nvfp4,nvint4,msfp12,int4_g32,nf4@64,dynamic8@256,e2m1fn,int4";
}

std::vector<binade::comparison_case> parse_cases(std::string_view list,
                                                 const case_options& options) {
  std::vector<binade::comparison_case> cases;
  if (list == "all") {
    for (const binade::any_packable& format : binade::all_packables()) {
      add_cases(format, binade::per_tensor{}, std::nullopt, options, cases);
    }
    return cases;
  }
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    std::string_view scaling;
    if (const std::size_t colon = item.find(':'); colon != std::string_view::npos) {
      scaling = item.substr(colon + 1);
      item = item.substr(0, colon);
    }
    std::string_view scales;
    if (const std::size_t at = item.find('@'); at != std::string_view::npos) {
      scales = item.substr(at + 1);
      item = item.substr(0, at);
    }
    const binade::any_packable& format = binade::find_packable(item);
    if (format.is_block_format && !scales.empty()) {
      throw binade::error("compare: " + std::string(item) + "@" + std::string(scales) +
                          ": a block format's scales follow its blocks; use --block");
    }
    const std::optional<binade::scale_rule> rule = parse_rule(scaling);
    if (rule || scaling.empty()) {
      add_cases(format, parse_granularity(scales), rule, options, cases);
    } else {
      binade::comparison_case c;
      c.format = format;
      c.recipe = parse_recipe(scaling, format);
      if (!scales.empty()) c.recipe->groups = parse_granularity(scales);
      c.groups = c.recipe->groups;
      cases.push_back(c);
    }
  }
  if (cases.empty()) throw binade::error("compare: --formats is empty; name at least one, or all");
  return cases;
}

}  // namespace compare_tool
