// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/format/rounding.hpp"
#include "binade/quantize/recipe_float.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/granularity.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

// A recipe is how one stack quantizes, as data and the few expressions whose order matters.

namespace binade::inline v0 {

struct any_recipe;

/// What a NaN does to the largest magnitude of its block or tensor.
enum class amax_rule : std::uint8_t {
  propagates_nan,  ///< the result is NaN, as torch.amax has it
  ignores_nan,     ///< as fmaxf and comparisons have it
};

/// What is done to an element before it is rounded to a code.
enum class element_step : std::uint8_t {
  multiply,  ///< x * factor, rounded to the wider of their widths
  divide,    ///< x / factor, likewise
};

/// Which neighbour an element half way between two codes gets.
enum class tie_rule : std::uint8_t { even, toward_zero };

/// The sign of an element that becomes zero.
enum class zero_rule : std::uint8_t {
  keep_sign,        ///< that of the scaled element
  sign_of_nonzero,  ///< likewise, but -0 becomes +0
  negative_zero,    ///< likewise, but every exact zero becomes -0
};

/// The sign of an element that is NaN.
enum class nan_sign : std::uint8_t { keep, positive };

/// How scaled elements become codes. Values beyond the range become the largest of their sign.
struct element_rule {
  element_step step = element_step::divide;
  tie_rule ties = tie_rule::even;
  zero_rule zeros = zero_rule::keep_sign;
  /// Code of NaN in an element format without NaN.
  std::uint8_t nan_code = 0;
  nan_sign nan = nan_sign::keep;  ///< in a format with NaN too
};

/// The tensor scale of a two-level recipe.
struct tensor_choice {
  recipe_float stored = 1.0F;  ///< multiplier or divisor of the packed tensor
  recipe_float factor = 1.0F;  ///< what the scales of blocks are computed with
};

/// What the scale of a block is computed from.
struct scale_question {
  recipe_float amax;                ///< of the block, in the width of the source
  recipe_float tensor_amax;         ///< likewise; 0 if the recipe has no tensor scale
  tensor_choice tensor;             ///< what the recipe chose for the tensor
  std::span<const float> values{};  ///< the block's, where it has at most `max_block` elements
};

/// The scale of a block.
struct scale_choice {
  std::uint64_t code = 0;      ///< of the stored scale, in its format
  recipe_float factor = 1.0F;  ///< what the element step takes
};

/// Blocks of at most this many elements show their values to the scale function.
inline constexpr std::size_t max_block = 128;

/// The most rows of a tile with one scale.
inline constexpr std::size_t max_tile_rows = 16;

using tensor_function = tensor_choice (*)(const any_recipe&, const recipe_float& amax) noexcept;
using scale_function = scale_choice (*)(const any_recipe&, const scale_question&) noexcept;
/// The code of an element where element_rule cannot say it.
using element_function = std::uint64_t (*)(const any_recipe&, const recipe_float& x,
                                           const scale_choice&) noexcept;
/// What an element adds to the error of a block: x became `element` * `scale`.
using error_function = recipe_float (*)(const any_recipe&, const recipe_float& x,
                                        const recipe_float& element, const recipe_float& scale,
                                        const scale_question&) noexcept;

/// A recipe chosen at run time: all that a typed recipe such as recipes::modelopt_nvfp4 describes.
struct any_recipe {
  const char* name = "";
  const char* follows = "";  ///< package, version and function, or the document that was read
  any_packable format;
  granularity groups;  ///< who shares a scale, if `format` is an element format
  tensor_scale_kind tensor_scale = tensor_scale_kind::none;
  amax_rule amax = amax_rule::propagates_nan;
  element_rule elements;
  tensor_function tensor = nullptr;
  scale_function scale = nullptr;  ///< null: the library's own quantizer with `rule`
  /// A second scale for each block; it is taken if its summed error is less than the first one's.
  scale_function alternative = nullptr;
  error_function error = nullptr;  ///< of an element, summed in binary32 in order of the elements
  element_function element = nullptr;  ///< instead of `elements`
  std::size_t tile_rows = 1;  ///< rows of a matrix whose blocks get one scale, stored once a row
  std::optional<rounding::stochastic> random;  ///< instead of `elements.ties`
  float parameter = 0;                         ///< a number that the recipe's functions read
  scale_rule rule{};
};

/// A recipe known at compile time: what it makes and its description.
template <class R>
concept recipe = packable<typename R::format_type> && requires(const R& r) {
  { r.describe() } noexcept -> std::same_as<any_recipe>;
};

namespace detail {

/// Rounds to nearest, ties to the code nearer to zero: comparisons with `>` at the midpoints.
struct ties_toward_zero {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + d.above_half();
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
};

/// The largest value of the recipe's element format.
constexpr recipe_float largest_element(const any_recipe& r) noexcept {
  return recipe_float::rounded(r.format.element.decode(r.format.element.describe().largest));
}

}  // namespace detail

/// The form of a tensor that `r` quantizes: blocks and groups run along the last axis.
///
/// Throws: error if the recipe's groups do not fit the shape.
[[nodiscard]] inline packed_description describe_packed(const any_recipe& r,
                                                        const tensor_shape& shape) {
  packed_description d = r.format.describe(shape, r.groups);
  d.tensor_scale = r.tensor_scale;
  return d;
}

}  // namespace binade::inline v0
