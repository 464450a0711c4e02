// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"  // square_root
#include "binade/quantize/recipe.hpp"
#include "binade/quantize/recipes_mx.hpp"     // e8m0_code, clamped_exponent
#include "binade/quantize/recipes_nvfp4.hpp"  // ue4m3_code, ue4m3_value
#include "binade/tensor/block_catalog.hpp"

#include <cstdint>

// Recipes of research code: microxcaling, Quartet and FP-Quant, without the rotation that the
// latter two put in front.

namespace binade::inline v0 {

namespace detail {

inline scale_choice microxcaling_scale(const any_recipe& r, const scale_question& q) noexcept {
  if (q.amax.is_nan() || q.amax.is_infinite()) return {255, q.amax / q.amax};
  const recipe_float amax = q.amax.is_zero() ? recipe_float::power_of_two(-126) : q.amax;
  const int e = floor_log2f(amax) - range_of(r.format.element).target.exponent;
  const int clamped = clamped_exponent(e, 127);
  return {e8m0_code(clamped), recipe_float::power_of_two(clamped)};
}

/// |x| at its own exponent plus 1/2, cut: ties go away from zero, and so does the number just below
/// half the smallest element, since the sum is rounded.
inline std::uint64_t microxcaling_element(const any_recipe& r, const recipe_float& x,
                                          const scale_choice& choice) noexcept {
  const recipe_float y = x / choice.factor;
  const any_format& element = r.format.element;
  const code_description d = element.describe();
  if (y.is_nan()) return d.has_nan ? d.nan : 0;
  recipe_float size = magnitude(y);
  if (!size.is_infinite() && !size.is_zero()) {
    const unpacked smallest = element.decode(d.smallest);
    const int digits = range_of(element).mantissa_bits;
    const int least = smallest.exponent + digits;  // exponent of the smallest normal element
    const int own = floor_log2f(size);
    const int step = (own < least ? least : own) - digits;
    const recipe_float steps = size / recipe_float::power_of_two(step) + recipe_float(0.5F);
    const unpacked u = steps.exact();
    const std::uint64_t whole = u.exponent < 0 ? 0 : u.significand >> (63 - u.exponent);
    size = recipe_float::rounded(detail::make_finite(false, whole, step));
  }
  const std::uint64_t code = element.encode(size.exact(), rounding::ties_to_even{}, {});
  return y < 0.0F ? code | (std::uint64_t{1} << (d.code_bits - 1)) : code;
}

/// 2^floor(log2(c std + 1e-8)), std of the population and in binary32 operations.
inline scale_choice quest_scale(const any_recipe& r, const scale_question& q) noexcept {
  recipe_float squares = 0.0F;
  recipe_float sum = 0.0F;
  for (const float v : q.values) {
    squares = squares + recipe_float(v) * recipe_float(v);
    sum = sum + recipe_float(v);
  }
  const recipe_float mean = sum / 32.0F;
  const recipe_float variance = squares / 32.0F - mean * mean;
  const recipe_float std = recipe_float::rounded(square_root(variance.exact()));
  const recipe_float scale = recipe_float(r.parameter) * std + recipe_float(1e-8F);
  if (scale.is_nan() || scale.is_infinite()) return {255, scale};
  const int e = clamped_exponent(floor_log2f(scale), 127);
  return {e8m0_code(e), recipe_float::power_of_two(e)};
}

inline tensor_choice four_thirds(const any_recipe&, const recipe_float&) noexcept {
  return {recipe_float(1.0F) / 0.75F, 1.0F};
}

/// 2^(floor(log2 amax) - 2) / (3/4): the power of two is stored, 4/3 is the tensor scale.
inline scale_choice fp_quant_mxfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  if (q.amax.is_nan() || q.amax.is_infinite()) return {255, q.amax};
  if (q.amax.is_zero()) return {0, 0.0F};
  const int e = clamped_exponent(floor_log2f(q.amax) - 2, 127);
  return {e8m0_code(e), recipe_float::power_of_two(e) / 0.75F};
}

inline tensor_choice given_divisor(const any_recipe& r, const recipe_float&) noexcept {
  return {r.parameter, r.parameter};
}

inline scale_choice fp_quant_nvfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  const std::uint64_t code = ue4m3_code(q.tensor.factor * q.amax / 6.0F);
  return {code, ue4m3_value(code)};
}

/// x times the tensor scale over the block scale, ties toward zero; what is not positive, zero and
/// NaN included, gets the sign bit.
inline std::uint64_t fp_quant_nvfp4_element(const any_recipe& r, const recipe_float& x,
                                            const scale_choice& choice) noexcept {
  const recipe_float y = x * r.parameter / choice.factor;
  if (y.is_nan()) return 8;
  const std::uint64_t code =
      encode(e2m1fn::spec, magnitude(y).exact(), ties_toward_zero{}, conversion_rules{});
  return y > 0.0F ? code : code | 8;
}

constexpr any_recipe fp_quant_mxfp4(const char* name, const char* follows) noexcept {
  any_recipe r;
  r.name = name;
  r.follows = follows;
  r.format = any_packable::of<mxfp4>();
  r.elements.ties = tie_rule::toward_zero;
  r.elements.zeros = zero_rule::negative_zero;
  r.elements.nan_code = 8;
  return r;
}

/// The QuEST rule with the constant that makes 6 of a normal distribution's best clipping point.
constexpr any_recipe quest_mxfp4(const char* name, const char* follows) noexcept {
  any_recipe r = fp_quant_mxfp4(name, follows);
  r.parameter = 2.92247856F / 6.0F;
  r.scale = quest_scale;
  return r;
}

}  // namespace detail

namespace recipes {

/// microxcaling with round="nearest", its default: 2^(floor(log2f(amax)) - emax), ties away.
///
/// NaN:    NaN or infinity in a block makes its scale NaN.
/// Source: microxcaling 1.1.0, mx/mx_ops.py and mx/elemwise_ops.py, in the copy that the package
/// tico carries without its CUDA path.
template <block_scaled F = mxfp4>
struct microxcaling {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "microxcaling";
    r.follows = "microxcaling 1.1.0 in tico 0.3.0, _quantize_mx(round=nearest)";
    r.format = any_packable::of<F>();
    r.element = detail::microxcaling_element;
    r.scale = detail::microxcaling_scale;
    return r;
  }
};

/// FP-Quant's MXFP4 with abs_max: 2^(floor(log2 amax) - 2) * 4/3, so that amax lands in [3, 6).
///
/// The factor 4/3 is the packed tensor's tensor scale.
/// Source: FP-Quant (arXiv 2509.23202), module/triton/mxfp4.py.
struct fp_quant_mxfp4 {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::fp_quant_mxfp4("fp_quant_mxfp4",
                                          "fp-quant 0.3.2, mxfp4_forward_kernel(quest=False)");
    r.tensor_scale = tensor_scale_kind::multiplier;
    r.tensor = detail::four_thirds;
    r.scale = detail::fp_quant_mxfp4_scale;
    return r;
  }
};

/// FP-Quant's MXFP4 with quest: 2^floor(log2(0.48708 std + 1e-8)), ties toward zero.
///
/// The sums behind std run in order of the elements; other orders may move a scale whose logarithm
/// is next to an integer.
/// Source: as fp_quant_mxfp4; QuEST (arXiv 2502.05003).
struct fp_quant_mxfp4_quest {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    return detail::quest_mxfp4("fp_quant_mxfp4_quest",
                               "fp-quant 0.3.2, mxfp4_forward_kernel(quest=True)");
  }
};

/// Quartet's forward quantizer, which is fp_quant_mxfp4_quest's in another repository.
/// Source: Quartet (arXiv 2505.14669, 3910a1f2), quantizers/mxfp4_triton.py, read and not run.
struct quartet_as_read {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    return detail::quest_mxfp4("quartet_as_read",
                               "IST-DASLab/Quartet 3910a1f2, mxfp4_forward_kernel(quest=True)");
  }
};

/// FP-Quant's NVFP4 under a given tensor scale, a divisor: E4M3 of (scale amax) / 6, and
/// (x scale) / block scale with ties toward zero. The package's own choice is 1, 3 or 10. Subnormal
/// block scales are rounded to nearest, as GPUs do; Triton's interpreter, which made the vectors,
/// truncates them.
/// Source: FP-Quant (arXiv 2509.23202), module/triton/nvfp4.py.
struct fp_quant_nvfp4 {
  using format_type = nvfp4;
  float global_scale = 1;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "fp_quant_nvfp4";
    r.follows = "fp-quant 0.3.2, nvfp4_forward_kernel";
    r.format = any_packable::of<nvfp4>();
    r.tensor_scale = tensor_scale_kind::divisor;
    r.parameter = global_scale;
    r.tensor = detail::given_divisor;
    r.scale = detail::fp_quant_nvfp4_scale;
    r.element = detail::fp_quant_nvfp4_element;
    return r;
  }
};

}  // namespace recipes
}  // namespace binade::inline v0
