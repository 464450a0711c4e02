// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog.hpp"
#include "binade/quantize/recipe.hpp"
#include "binade/tensor/granularity.hpp"

#include <cstddef>
#include <cstdint>

// Recipes of FP8 with binary32 scales: a tensor, a channel, a run of 128 or a tile of 128 x 128.

namespace binade::inline v0 {

/// Whether the scales of an FP8 recipe are any number or powers of two.
enum class fp8_scales : std::uint8_t { binary32, power_of_two };

namespace detail {

/// The largest finite number of the width of `x`.
constexpr recipe_float largest_of_width(const recipe_float& x) noexcept {
  return recipe_float::rounded(decode(x.spec(), describe(x.spec()).largest));
}

/// x without its mantissa; 0, infinity and NaN stay. Subnormal numbers become zero.
constexpr recipe_float without_mantissa(const recipe_float& x) noexcept {
  return recipe_float::rounded(decode(binary32_spec, x.binary32_bits() & 0xff800000U));
}

inline scale_choice compressed_tensors_fp8_scale(const any_recipe& r,
                                                 const scale_question& q) noexcept {
  recipe_float s = q.amax / largest_element(r).rounded_like(q.amax);
  const int digits = q.amax.spec().mantissa_bits;
  if (s.is_zero()) s = recipe_float::power_of_two(-digits).rounded_like(q.amax);
  return {s.binary32_bits(), s};
}

inline scale_choice te_reference_scale(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float amax = max_or_nan(q.amax.widened(), 0.0F);
  recipe_float s = largest_element(r) / amax;
  if (s.is_infinite()) s = largest_of_width(q.amax);
  if (r.parameter != 0) {
    // frexp gives NaN the exponent 0, which makes the scale 1/2.
    s = s.is_nan() ? recipe_float(0.5F) : without_mantissa(s);
    if (amax.is_infinite()) s = 0.0F;
  }
  if (amax.is_zero()) s = 1.0F;
  return {(recipe_float(1.0F) / s).binary32_bits(), s};
}

/// Transformer Engine's compute_scale_from_amax: 1 for amax 0, infinity or NaN.
inline recipe_float te_kernel_scale(const any_recipe& r, const recipe_float& amax,
                                    fp8_scales scales) noexcept {
  if (amax.is_zero() || amax.is_infinite() || amax.is_nan()) return 1.0F;
  recipe_float s = largest_element(r) / amax.widened();
  if (s.is_infinite()) s = largest_of_width(amax);
  return scales == fp8_scales::power_of_two ? without_mantissa(s) : s;
}

template <fp8_scales Scales>
scale_choice te_kernel_choice(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float s = te_kernel_scale(r, q.amax, Scales);
  return {(recipe_float(1.0F) / s).binary32_bits(), s};
}

inline scale_choice te_given_scale(const any_recipe& r, const scale_question&) noexcept {
  const recipe_float s = r.parameter;
  return {(recipe_float(1.0F) / s).binary32_bits(), s};
}

/// amax, at least 1e-4, over the largest element; or the next power of two that is not below it.
template <fp8_scales Scales>
scale_choice deepseek_scale(const any_recipe& r, const scale_question& q) noexcept {
  recipe_float s = max_or_nan(q.amax.widened(), 1e-4F) / largest_element(r);
  if (Scales == fp8_scales::power_of_two) {
    const std::uint32_t bits = s.binary32_bits() & 0x7fffffffU;
    std::uint32_t field = (bits >> 23) + ((bits & 0x7fffffU) != 0 ? 1 : 0);
    if (field < 1) field = 1;
    if (field > 254) field = 254;
    s = recipe_float::rounded(decode(binary32_spec, field << 23));
  }
  return {s.binary32_bits(), recipe_float(1.0F) / s};
}

template <class F>
constexpr any_recipe fp8_recipe(const char* name, const char* follows,
                                const granularity& groups) noexcept {
  any_recipe r;
  r.name = name;
  r.follows = follows;
  r.format = any_packable::of<F>();
  r.groups = groups;
  return r;
}

/// Runs of 128 elements for one row, tiles for more.
constexpr granularity tiles_of_128(std::size_t rows) noexcept {
  if (rows == 1) return per_group{.axis = -1, .size = 128};
  return per_block{.rows = rows, .cols = 128};
}

}  // namespace detail

namespace recipes {

/// compressed-tensors' FP8: amax / 448 and x / scale, both in the width of the weights; a zero
/// scale becomes that width's epsilon. Any granularity: per_tensor, per_channel, per_block.
/// Source: compressed-tensors, quantization/utils/helpers.py and lifecycle/forward_helpers.py.
struct compressed_tensors_fp8 {
  using format_type = e4m3fn;
  granularity groups = per_tensor{};
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp8_recipe<e4m3fn>(
        "compressed_tensors_fp8",
        "compressed-tensors 0.20.0, calculate_qparams and FloatQuantizationCompressor", groups);
    r.scale = detail::compressed_tensors_fp8_scale;
    return r;
  }
};

/// Transformer Engine's current scaling: 448 / amax for the tensor, x times it; stored is the
/// reciprocal.
///
/// NaN:    as its Python reference: amax NaN makes the scale NaN (1/2 for powers of two).
/// Source: Transformer Engine, pytorch/custom_recipes/reference_current_scaling.py.
template <format F = e4m3fn>
struct te_float8_current {
  using format_type = F;
  fp8_scales scales = fp8_scales::binary32;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp8_recipe<F>("te_float8_current",
                                         "Transformer Engine 2.20.2, reference_current_scaling.py",
                                         per_tensor{});
    r.elements.step = element_step::multiply;
    r.parameter = scales == fp8_scales::power_of_two ? 1 : 0;
    r.scale = detail::te_reference_scale;
    return r;
  }
};

/// Transformer Engine's delayed scaling under the scale that its history gave: (448 / amax) /
/// 2^margin, the previous scale where amax is 0 or not finite; x is multiplied by it.
///
/// Its JAX quantizer made the vectors. Where (448 / amax) overflows, the scale is the largest
/// float, as in its PyTorch part; in its JAX part, infinity. Source: Transformer Engine,
/// jax/quantize/quantizer.py and pytorch/quantization.py.
template <format F = e4m3fn>
struct te_float8_delayed {
  using format_type = F;
  float amax = 0;  ///< of the history, by its most recent or largest entry
  float previous_scale = 1;
  int margin = 0;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp8_recipe<F>(
        "te_float8_delayed", "Transformer Engine 2.20.2, jax DelayedScaleQuantizer", per_tensor{});
    r.elements.step = element_step::multiply;
    r.amax = amax_rule::ignores_nan;
    const recipe_float a = amax;
    r.parameter = previous_scale;
    if (a > 0.0F && !a.is_infinite()) {
      recipe_float s = detail::largest_element(r) / a / recipe_float::power_of_two(margin);
      if (s.is_infinite()) s = detail::largest_of_width(s);
      r.parameter = bit_cast<float>(s.binary32_bits());
    }
    r.scale = detail::te_given_scale;
    return r;
  }
};

/// Transformer Engine's block scaling: runs of 128 (`rows` = 1, activations) or tiles of 128 x 128
/// (`rows` = 128, weights); 448 / amax, its mantissa cut off unless `scales` says otherwise.
///
/// NaN:    ignored by the scale.
/// Source: Transformer Engine (d0067d0da), common/recipe/recipe_common.cuh, read and not run.
template <format F = e4m3fn>
struct te_float8_blockwise_as_read {
  using format_type = F;
  std::size_t rows = 1;
  fp8_scales scales = fp8_scales::power_of_two;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp8_recipe<F>("te_float8_blockwise_as_read",
                                         "Transformer Engine d0067d0da, recipe_common.cuh",
                                         detail::tiles_of_128(rows));
    r.elements.step = element_step::multiply;
    r.amax = amax_rule::ignores_nan;
    r.scale = scales == fp8_scales::power_of_two
                  ? detail::te_kernel_choice<fp8_scales::power_of_two>
                  : detail::te_kernel_choice<fp8_scales::binary32>;
    return r;
  }
};

/// DeepSeek's FP8 as DeepGEMM casts it: amax, at least 1e-4, over 448; x times the reciprocal. Runs
/// of 128 (`rows` = 1, activations) or tiles of 128 x 128 (`rows` = 128, weights); powers of two as
/// in DeepSeek-V3.1.
/// NaN:    makes the scale NaN (2^127 for powers of two).
/// Source: DeepGEMM, deep_gemm/utils/math.py.
struct deepseek_fp8 {
  using format_type = e4m3fn;
  std::size_t rows = 1;
  fp8_scales scales = fp8_scales::binary32;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp8_recipe<e4m3fn>(
        "deepseek_fp8", "sgl-deep-gemm 0.2.5, per_token_cast_to_fp8 and per_block_cast_to_fp8",
        detail::tiles_of_128(rows));
    r.elements.step = element_step::multiply;
    r.scale = scales == fp8_scales::power_of_two ? detail::deepseek_scale<fp8_scales::power_of_two>
                                                 : detail::deepseek_scale<fp8_scales::binary32>;
    return r;
  }
};

}  // namespace recipes
}  // namespace binade::inline v0
