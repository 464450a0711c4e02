// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>  // common_type, is_same

// A format as a run-time value. lookup.hpp finds one by a name.

namespace binade::inline v0 {

/// An element format at run time: its place in all_formats. The number may change between versions
/// and is not for files; names are.
enum class format_id : std::uint16_t {};

/// Number of element formats; their ids are 0 .. format_count - 1.
inline constexpr int format_count = all_formats::size;

/// What there is to know about a format without its type.
struct format_information {
  const char* name;
  const char* description;  ///< one line for people
  int bit_count;            ///< bits of a packed code
  int storage_bytes;        ///< bytes of the value type
  carrier exact_in;         ///< the narrowest type that holds every value
  code_description codes;
  format_names names;                ///< what other stacks call it
  rounding::any default_rounding;    ///< what a conversion uses where it names none
  conversion_rules default_rules{};  ///< likewise
};

namespace detail {

template <format F>
constexpr format_information information_of() noexcept {
  return {.name = F::names.name,
          .description = F::names.description,
          .bit_count = F::bit_count,
          .storage_bytes = static_cast<int>(sizeof(F)),
          .exact_in = F::exact_in(),
          .codes = describe(F::spec),
          .names = F::names,
          .default_rounding = typename default_policies<F>::rounding{},
          .default_rules = default_policies<F>::rules};
}

template <class... Fs>
constexpr std::array<format_information, sizeof...(Fs)> make_information(
    type_list<Fs...>) noexcept {
  return {information_of<Fs>()...};
}

inline constexpr auto format_table = make_information(all_formats{});

/// Index of F in a list, or -1.
template <class F, class... Fs>
BINADE_HD constexpr int index_in(type_list<Fs...>) noexcept {
  int index = -1;
  int i = 0;
  ((index = std::is_same_v<F, Fs> ? i : index, ++i), ...);
  return index;
}

template <class Function, class... Fs>
constexpr decltype(auto) visit_type(type_list<Fs...>, std::size_t index, Function&& f) {
  using result = std::common_type_t<decltype(f.template operator()<Fs>())...>;
  using entry = result (*)(Function&);
  constexpr entry entries[] = {
      [](Function& g) -> result { return g.template operator()<Fs>(); }...};
  return entries[index](f);
}

}  // namespace detail

/// A format of the catalogue, which alone have an id.
template <class F>
concept catalogued_format = format<F> && detail::index_in<F>(all_formats{}) >= 0;

/// The id of a format of the catalogue.
template <catalogued_format F>
[[nodiscard]] BINADE_HD constexpr format_id id_of() noexcept {
  constexpr int index = detail::index_in<F>(all_formats{});
  return static_cast<format_id>(index);
}

/// What is known about a format.
///
/// Throws: error if there is no such id.
[[nodiscard]] constexpr const format_information& format_info(format_id id) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= detail::format_table.size()) {
    BINADE_THROW(error{"format_info: there is no format " + std::to_string(index) +
                       "; allowed are 0 to " + std::to_string(format_count - 1)});
  }
  return detail::format_table[index];
}

/// The ids of all formats, in the order of the catalogue.
[[nodiscard]] constexpr std::array<format_id, format_count> all_format_ids() noexcept {
  std::array<format_id, format_count> ids{};
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<format_id>(i);
  return ids;
}

/// f.template operator()<F>() for the format F of an id: from run time back to a type. It compiles
/// f once for each format, so f is a small thing, or a step that many others share.
///
/// Throws: error if there is no such id; what f throws.
template <class Function>
constexpr decltype(auto) visit_format(format_id id, Function&& f) {
  static_cast<void>(format_info(id));
  return detail::visit_type(all_formats{}, static_cast<std::size_t>(id), f);
}

}  // namespace binade::inline v0
