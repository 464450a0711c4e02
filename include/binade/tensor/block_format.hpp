// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/any_format.hpp"
#include "binade/format/names.hpp"

#include <concepts>
#include <cstddef>

namespace binade::inline v0 {

/// binary32 as the scale format of a block format.
struct binary32_scale {};

/// What a block format gets if a call names no scale rule.
enum class block_scaling : std::uint8_t {
  absmax,      ///< largest element lands on the largest code
  pow2_floor,  ///< OCP MX 1.0, 6.3
  pow2_rceil,  ///< smallest exponent that does not clip
};

/// A block format as data: `size` neighbours along an axis share a scale, and
/// value = element * 2^element_exponent * scale (* tensor scale).
struct block_description {
  any_format element;
  any_format scale;
  std::size_t size = 0;
  int element_exponent = 0;
  bool has_tensor_scale = false;
  bool symmetric = false;  ///< integer elements stop at -largest
  block_scaling rule = block_scaling::absmax;
  const format_names* names = nullptr;
};

/// Base of every block format: a struct with `element`, `scale`, `block_size` and `names`, and what
/// of the members below differs.
template <class Derived>
struct block_format {
  using block_format_tag = void;
  static constexpr int element_exponent = 0;
  static constexpr bool has_tensor_scale = false;
  static constexpr bool symmetric = false;
  static constexpr block_scaling rule = block_scaling::absmax;

  [[nodiscard]] static constexpr block_description describe() noexcept {
    block_description d;
    d.element = any_format::of<typename Derived::element>();
    if constexpr (std::same_as<typename Derived::scale, binary32_scale>) {
      d.scale = any_format::binary32();
    } else {
      d.scale = any_format::of<typename Derived::scale>();
    }
    d.size = Derived::block_size;
    d.element_exponent = Derived::element_exponent;
    d.has_tensor_scale = Derived::has_tensor_scale;
    d.symmetric = Derived::symmetric;
    d.rule = Derived::rule;
    d.names = &Derived::names;
    return d;
  }
};

template <class T>
concept block_scaled = requires {
  typename T::block_format_tag;
  typename T::element;
  typename T::scale;
};

}  // namespace binade::inline v0
