// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/lookup.hpp"  // for_each_name, unknown_name_message
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace binade::inline v0 {

/// What a tensor may be packed into, chosen at run time: an element format with scales of some
/// granularity, or a block format.
struct any_packable {
  const format_names* names = nullptr;
  bool is_block_format = false;
  any_format element;       ///< of the block format too
  block_description block;  ///< if is_block_format

  template <packable F>
  [[nodiscard]] static constexpr any_packable of() noexcept {
    any_packable p;
    p.names = &F::names;
    if constexpr (block_scaled<F>) {
      p.is_block_format = true;
      p.block = F::describe();
      p.element = p.block.element;
    } else {
      p.element = any_format::of<F>();
    }
    return p;
  }

  /// The form of a tensor of this format: blocks along `axis`, or scales as `groups` says.
  ///
  /// Throws: error if granularity or axis do not fit the shape.
  [[nodiscard]] packed_description describe(const tensor_shape& shape, const granularity& groups,
                                            int axis = -1,
                                            group_kind kind = group_kind::symmetric) const {
    return is_block_format ? describe_blocks(block, shape, axis)
                           : describe_scaled(element, shape, groups, kind);
  }
};

namespace detail {

template <class... Fs>
constexpr std::array<any_packable, sizeof...(Fs)> make_packables(type_list<Fs...>) noexcept {
  return {any_packable::of<Fs>()...};
}

using all_packable_types = concatenate<all_formats, all_block_formats>::type;
inline constexpr auto packables = make_packables(all_packable_types{});

}  // namespace detail

/// Every element format and every block format, in the order of their catalogues.
[[nodiscard]] constexpr std::span<const any_packable> all_packables() noexcept {
  return detail::packables;
}

/// The entry that answers to `name`: ours first, then aliases and other stacks' names; case does
/// not matter.
///
/// Throws: error that lists the nearest names if there is none.
[[nodiscard]] inline const any_packable& find_packable(std::string_view name) {
  for (const any_packable& p : all_packables()) {
    if (same_name(p.names->name, name)) return p;
  }
  std::vector<std::string_view> known;
  for (const any_packable& p : all_packables()) {
    bool found = false;
    for_each_name(*p.names, [&](vocabulary, std::string_view n) {
      found = found || same_name(n, name);
      known.push_back(n);
    });
    if (found) return p;
  }
  BINADE_THROW(error{unknown_name_message("find_packable", "format", name, known)});
}

}  // namespace binade::inline v0
