// SPDX-License-Identifier: MIT
#pragma once

#include "binade/quantize/recipe.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <cstdint>

// Recipes of NVFP4: 16 elements and an E4M3 scale a block, a binary32 scale a tensor. The order of
// the expressions is part of each.

namespace binade::inline v0 {

namespace detail {

/// The code of a block scale: nearest even, at most 448.
constexpr std::uint64_t ue4m3_code(const recipe_float& x) noexcept {
  return encode(ue4m3::spec, x.exact(), rounding::ties_to_even{}, conversion_rules{});
}
constexpr recipe_float ue4m3_value(std::uint64_t code) noexcept {
  return recipe_float::rounded(decode(ue4m3::spec, code));
}
constexpr recipe_float reciprocal(const recipe_float& x) noexcept { return recipe_float(1.0F) / x; }
inline constexpr float largest_binary32 = 0x1.fffffep127F;

inline tensor_choice amax_over_2688(const any_recipe&, const recipe_float& amax) noexcept {
  const recipe_float s = amax.widened() / 2688.0F;
  return {s, s};
}

inline scale_choice modelopt_nvfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  const recipe_float tensor = q.tensor.factor;
  recipe_float s = q.amax.widened() / (recipe_float(6.0F) * tensor);
  if (s.is_zero()) s = 1.0F;
  const std::uint64_t code = ue4m3_code(clamped(s, 0x1p-9F, 448.0F));
  return {code, ue4m3_value(code) * tensor};
}

inline scale_choice torchao_nvfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  const recipe_float tensor = q.tensor.factor;
  const recipe_float s = q.amax.widened() / 6.0F / tensor;
  const std::uint64_t code = ue4m3_code(clamped(s, 0x1p-6F, 448.0F));
  return {code, reciprocal(tensor) / (s.is_nan() ? s : ue4m3_value(code))};
}

/// x times the factor, to nearest even. NaN runs through integer additions meant for numbers: that
/// of a block scale, which has more payload bits, comes out as 4, any other one as 3.
inline std::uint64_t torchao_nvfp4_element(const any_recipe&, const recipe_float& x,
                                           const scale_choice& choice) noexcept {
  const recipe_float y = x * choice.factor;
  if (y.is_nan()) {
    const bool of_scale = choice.factor.is_nan() && !x.is_nan();
    return (of_scale ? 4U : 3U) | (y.is_negative() ? 8U : 0U);
  }
  return encode(e2m1fn::spec, y.exact(), rounding::ties_to_even{}, conversion_rules{});
}

/// 1 / amax times 2688, which is how PyTorch divides a number by a tensor, in the width of the
/// source; 1 where that is NaN or infinite.
inline tensor_choice compressed_tensors_global(const any_recipe&,
                                               const recipe_float& amax) noexcept {
  const recipe_float least = recipe_float::power_of_two(-126).rounded_like(amax);
  const recipe_float one = recipe_float(1.0F).rounded_like(amax);
  recipe_float g = one / max_or_nan(amax, least) * recipe_float(2688.0F).rounded_like(amax);
  if (g.is_nan() || g.is_infinite()) g = 1.0F;
  return {g.widened(), g.widened()};
}

inline scale_choice compressed_tensors_nvfp4_scale(const any_recipe&,
                                                   const scale_question& q) noexcept {
  const recipe_float local = q.amax / recipe_float(6.0F).rounded_like(q.amax);
  std::uint64_t code = ue4m3_code(q.tensor.factor * local);
  if (code == 0) code = ue4m3_code(0.125F);
  return {code, ue4m3_value(code) / q.tensor.factor};
}

/// The encode scale is largest / amax, at most the largest float, and 1 for amax 0 or infinity; the
/// decode scale, which is stored, is its reciprocal. `parameter` is the largest block scale.
inline tensor_choice te_tensor(const any_recipe& r, const recipe_float& amax) noexcept {
  recipe_float s = min_or_nan(recipe_float(r.parameter) * 6.0F / amax.widened(), largest_binary32);
  if (amax.is_zero() || s.is_zero()) s = 1.0F;
  return {reciprocal(s), s};
}

inline scale_choice te_choice(const recipe_float& s, const scale_question& q) noexcept {
  const std::uint64_t code = ue4m3_code(min_or_nan(s, 448.0F));
  return {code, min_or_nan(reciprocal(ue4m3_value(code) * q.tensor.stored), largest_binary32)};
}

inline scale_choice te_nvfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  const recipe_float multiplier = q.tensor.factor * reciprocal(6.0F);
  return te_choice(q.amax.widened() * multiplier, q);
}

inline scale_choice te_map_to_6(const any_recipe&, const scale_question& q) noexcept {
  return te_choice(q.amax.widened() / 6.0F * q.tensor.factor, q);
}
inline scale_choice te_map_to_4(const any_recipe&, const scale_question& q) noexcept {
  return te_choice(q.amax.widened() / 6.0F * q.tensor.factor * 1.5F, q);
}

inline recipe_float te_difference(const any_recipe& r, const recipe_float& x,
                                  const recipe_float& element, const recipe_float& scale,
                                  const scale_question& q) noexcept {
  const recipe_float value =
      element * scale * q.tensor_amax.widened() / (recipe_float(6.0F) * r.parameter);
  return value - x.widened();
}
inline recipe_float te_absolute_error(const any_recipe& r, const recipe_float& x,
                                      const recipe_float& element, const recipe_float& scale,
                                      const scale_question& q) noexcept {
  return magnitude(te_difference(r, x, element, scale, q));
}
inline recipe_float te_squared_error(const any_recipe& r, const recipe_float& x,
                                     const recipe_float& element, const recipe_float& scale,
                                     const scale_question& q) noexcept {
  const recipe_float d = te_difference(r, x, element, scale, q);
  return d * d;
}

constexpr any_recipe nvfp4_recipe(const char* name, const char* follows,
                                  tensor_scale_kind kind) noexcept {
  any_recipe r;
  r.name = name;
  r.follows = follows;
  r.format = any_packable::of<nvfp4>();
  r.tensor_scale = kind;
  r.elements.zeros = zero_rule::sign_of_nonzero;
  return r;
}

}  // namespace detail

namespace recipes {

/// The library's own: scales by DESIGN.md's rule, every element the nearest one, decided exactly.
struct exact {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "exact";
    r.follows = "this library: quantize<nvfp4> without a recipe";
    r.format = any_packable::of<nvfp4>();
    r.tensor_scale = tensor_scale_kind::multiplier;
    return r;
  }
};

/// ModelOpt's NVFP4: a zero block has scale 1; x is divided by the product of both scales.
///
/// NaN:    in a block, it makes the block's scale and the tensor scale NaN; elements become 6.
/// Source: ModelOpt, torch/quantization/qtensor/nvfp4_tensor.py.
struct modelopt_nvfp4 {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r =
        detail::nvfp4_recipe("modelopt_nvfp4", "nvidia-modelopt 0.47.0, NVFP4QTensor.quantize",
                             tensor_scale_kind::multiplier);
    r.elements.nan_code = 7;
    r.elements.nan = nan_sign::positive;
    r.tensor = detail::amax_over_2688;
    r.scale = detail::modelopt_nvfp4_scale;
    return r;
  }
};

/// torchao's NVFP4 with per_tensor_amax_to_scale: block scales are never subnormal; x is multiplied
/// by a reciprocal.
///
/// NaN:    makes the tensor scale NaN; the codes then follow a payload that no definition fixes.
/// Source: torchao, prototype/mx_formats/nvfp4_tensor.py.
struct torchao_nvfp4 {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::nvfp4_recipe("torchao_nvfp4", "torchao 0.18.0, nvfp4_quantize",
                                        tensor_scale_kind::multiplier);
    r.element = detail::torchao_nvfp4_element;
    r.tensor = detail::amax_over_2688;
    r.scale = detail::torchao_nvfp4_scale;
    return r;
  }
};

/// torchao's NVFP4 without a tensor scale.
/// Source: as torchao_nvfp4.
struct torchao_nvfp4_one_level {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = torchao_nvfp4{}.describe();
    r.name = "torchao_nvfp4_one_level";
    r.tensor_scale = tensor_scale_kind::none;
    r.tensor = nullptr;
    return r;
  }
};

/// compressed-tensors' NVFP4: the tensor scale is a divisor, (1 / amax) 2688 in the width of the
/// weights; a block scale that rounds to 0 becomes 0.125.
/// Source: compressed-tensors, quantization/utils/helpers.py and quant_args.py.
struct compressed_tensors_nvfp4 {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r =
        detail::nvfp4_recipe("compressed_tensors_nvfp4",
                             "compressed-tensors 0.20.0, generate_gparam and calculate_qparams",
                             tensor_scale_kind::divisor);
    r.elements.nan = nan_sign::positive;
    r.tensor = detail::compressed_tensors_global;
    r.scale = detail::compressed_tensors_nvfp4_scale;
    return r;
  }
};

/// Transformer Engine's NVFP4: amax_b * (S * (1/6)), elements times the reciprocal of the product
/// of the decode scales.
///
/// Its Hadamard transform is not part of it. `tile_rows` = 16 gives the 16 x 16 blocks of weights,
/// whose scale is stored in each of its rows.
/// Source: Transformer Engine, common/cast/nvfp4/core_nvfp4.cuh and its reference_nvfp4.py.
struct te_nvfp4 {
  using format_type = nvfp4;
  std::size_t tile_rows = 1;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::nvfp4_recipe("te_nvfp4", "Transformer Engine 2.20.2, reference_nvfp4.py",
                                        tensor_scale_kind::multiplier);
    r.elements.step = element_step::multiply;
    r.elements.nan = nan_sign::positive;
    r.tile_rows = tile_rows;
    r.parameter = 448;
    r.tensor = detail::te_tensor;
    r.scale = detail::te_nvfp4_scale;
    return r;
  }
};

/// te_nvfp4 with the stochastic rounding of its kernels: 8 random bits an element, here the
/// library's instead of theirs, added to the discarded fraction.
/// Source: Transformer Engine (d0067d0da), common/cast/nvfp4/core_nvfp4.cuh, read and not run.
struct te_nvfp4_stochastic_as_read {
  using format_type = nvfp4;
  rounding::stochastic random{};
  std::size_t tile_rows = 1;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = te_nvfp4{.tile_rows = tile_rows}.describe();
    r.name = "te_nvfp4_stochastic_as_read";
    r.follows = "Transformer Engine d0067d0da, core_nvfp4.cuh";
    r.elements.zeros = zero_rule::keep_sign;
    r.random = random;
    return r;
  }
};

/// Which error chooses between the two scales of te_nvfp4_4over6.
enum class four_over_six_error : std::uint8_t { absolute, squared };

/// Transformer Engine's four-over-six: of the scales that map amax to 6 and to 4 the one with the
/// smaller error; a tie takes 6. `largest_scale`, 448 or 256, is what the largest block's scale
/// becomes. `tile_rows` as in te_nvfp4: a tile chooses once, by the errors of its rows added by
/// halves.
/// Source: Transformer Engine, common/cast/nvfp4/quantize_4over6_nvfp4.cuh, and as te_nvfp4.
struct te_nvfp4_4over6 {
  using format_type = nvfp4;
  float largest_scale = 448;
  four_over_six_error error = four_over_six_error::absolute;
  std::size_t tile_rows = 1;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = te_nvfp4{.tile_rows = tile_rows}.describe();
    r.name = "te_nvfp4_4over6";
    r.parameter = largest_scale;
    r.scale = detail::te_map_to_6;
    r.alternative = detail::te_map_to_4;
    r.error = error == four_over_six_error::squared ? detail::te_squared_error
                                                    : detail::te_absolute_error;
    return r;
  }
};

}  // namespace recipes
}  // namespace binade::inline v0
