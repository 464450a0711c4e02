// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/lookup.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/io/conformance.hpp"
#include "binade/io/conformance_conversion.hpp"
#include "binade/io/conformance_recipe.hpp"
#include "binade/io/detail/header_reader.hpp"
#include "binade/io/detail/in_quotes.hpp"

#include <algorithm>  // find
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// From the header of a file of conformance vectors to the function that they are about.

namespace binade::inline v0 {

namespace detail {

/// The format that the header names, in any stack's words.
inline any_format read_format(const header_reader& reader) {
  const conformance_entry& entry = reader.required("format");
  const std::vector<name_match> matches = find_formats(entry.value);
  if (matches.empty()) {
    const std::vector<std::string> nearest = nearest_formats(entry.value);
    const std::vector<std::string_view> suggestions(nearest.begin(), nearest.end());
    std::vector<std::string_view> names;
    for (const format_id id : all_format_ids()) names.emplace_back(format_info(id).name);
    reader.fail_unknown(entry,
                        unknown_name_message(entry.key, "format", entry.value, suggestions, names));
  }
  const bool is_ours =
      matches[0].where == vocabulary::binade || matches[0].where == vocabulary::alias;
  for (const name_match& match : matches) {
    if (match.id != matches[0].id && !is_ours) {
      reader.fail(entry, std::string("stacks differ on this name: it is ") +
                             format_info(matches[0].id).name + " or " + format_info(match.id).name +
                             "; use one of these two");
    }
  }
  return visit_format(matches[0].id, []<class F>() { return any_format::of<F>(); });
}

inline rounding::stochastic read_random(const header_reader& reader) {
  using rounding::stochastic_variant;
  constexpr std::array variants = {stochastic_variant::add_truncate, stochastic_variant::centered,
                                   stochastic_variant::round_then_add};
  rounding::stochastic random;
  random.seed = reader.number(reader.required("stochastic_seed"));
  random.stream = reader.number(reader.required("stochastic_stream"));
  const conformance_entry& bits = reader.required("stochastic_bits");
  const std::uint64_t n = reader.number(bits);
  if (n < 1 || n > 32 || (n & (n - 1)) != 0) {
    reader.fail(bits, in_quotes(bits.value) + "; allowed are 1, 2, 4, 8, 16 and 32");
  }
  random.bits = static_cast<int>(n);
  random.variant = reader.choose(reader.required("stochastic_variant"), "variant", variants,
                                 [](stochastic_variant v) { return to_string(v); });
  return random;
}

inline void check_keys(const conformance_vectors& file, const conformance_subject& subject) {
  std::vector<std::string_view> known = {"version", "generator", "comment",
                                         "seed",    "vectors",   "hash"};
  for (const conformance_header* keys : {&subject.header, &subject.facts}) {
    for (const conformance_entry& entry : *keys) known.push_back(entry.key);
  }
  for (const conformance_entry& entry : file.header) {
    const std::string_view key = std::string_view(entry.key).substr(0, 64);
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      fail_in(file.label, entry.line, unknown_name_message("header", "key", key, known));
    }
    const conformance_entry* fact = find_entry(subject.facts, entry.key);
    if (fact != nullptr && fact->value != entry.value) {
      fail_in(file.label, entry.line,
              entry.key + " is " + in_quotes(entry.value) + " but ours is \"" + fact->value + "\"");
    }
  }
}

}  // namespace detail

/// The conversion that a header names: the keys of header_of(conversion_case). A format may have
/// any stack's name; names are compared as same_name does.
///
/// Throws: error naming file, line and key if a key is missing or its value is none.
[[nodiscard]] inline conversion_case conversion_of(const conformance_vectors& file) {
  using rounding::mode;
  constexpr std::array modes = {
      mode::ties_to_even,    mode::ties_to_even_significand, mode::ties_to_away, mode::toward_zero,
      mode::toward_positive, mode::toward_negative,          mode::to_odd,       mode::stochastic,
      mode::hif8_hybrid};
  constexpr std::array saturations = {saturation_mode::finite, saturation_mode::propagate,
                                      saturation_mode::none};
  constexpr std::array<std::string_view, 2> answers = {"yes", "no"};
  const detail::header_reader reader(file);
  conversion_case c;
  c.format = detail::read_format(reader);
  c.source = reader.source();
  const conformance_entry& name = reader.required("rounding");
  c.rounding.mode = reader.choose(name, "rounding", modes, [](mode m) { return to_string(m); });
  c.saturation = reader.choose(reader.required("saturation"), "saturation", saturations,
                               [](saturation_mode s) { return to_string(s); });
  if (c.rounding.mode == mode::stochastic) c.rounding.random = detail::read_random(reader);
  if (c.rounding.mode == mode::hif8_hybrid) {
    if (!c.format.is_hif8()) {
      reader.fail(name, std::string("hif8_hybrid rounding for ") + c.format.name() +
                            "; it is defined for hif8");
    }
    c.rounding.guard = reader.choose(reader.required("hif8_guard"), "answer", answers,
                                     [](std::string_view a) { return a; }) == "yes";
  }
  return c;
}

/// The recipe that a header names: the keys of header_of(recipe_case), of which "format" may be
/// missing where the recipe makes one format.
///
/// Throws: error naming file, line and key if a key is missing or its value is none.
[[nodiscard]] inline recipe_case recipe_of(const conformance_vectors& file) {
  const detail::header_reader reader(file);
  const conformance_entry& name = reader.required("recipe");
  recipe_case c;
  c.recipe = reader.choose(name, "recipe", all_recipes(),
                           [](const any_recipe& r) { return std::string_view(r.name); });
  if (const conformance_entry* format = reader.find("format")) {
    std::vector<any_recipe> made;
    for (const any_recipe& r : all_recipes()) {
      if (same_name(r.name, c.recipe.name)) made.push_back(r);
    }
    c.recipe = reader.choose(*format, "format of this recipe", made, [](const any_recipe& r) {
      return std::string_view(r.format.names->name);
    });
  }
  c.source = reader.source();
  if (!is_quantize_source(c.source)) {
    reader.fail(reader.required("source"),
                std::string(c.source.name) + "; recipes read float32, float16 and bfloat16");
  }
  const auto extent = [&reader](const char* key) {
    const conformance_entry& entry = reader.required(key);
    const std::uint64_t n = reader.number(entry);
    if (n < 1 || n > 4096)
      reader.fail(entry, detail::in_quotes(entry.value) + "; allowed are 1 to 4096");
    return static_cast<std::size_t>(n);
  };
  c.rows = extent("rows");
  c.columns = extent("columns");
  return c;
}

/// The subject of a file, from its header: a recipe if it has the key "recipe", else a conversion.
///
/// Throws: error naming file and line if the header does not name one, has a key that is neither
///         the subject's nor one of version, generator, comment, seed, vectors and hash, or states
///         as a fact what is not so.
[[nodiscard]] inline conformance_subject subject_of(const conformance_vectors& file) {
  conformance_subject subject = find_entry(file.header, "recipe") != nullptr
                                    ? make_subject(recipe_of(file))
                                    : make_subject(conversion_of(file));
  detail::check_keys(file, subject);
  return subject;
}

}  // namespace binade::inline v0
