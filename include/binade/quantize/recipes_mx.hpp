// SPDX-License-Identifier: MIT
#pragma once

#include "binade/quantize/recipe.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <cstdint>

// Recipes of the MX formats: 32 elements and an E8M0 scale a block.

namespace binade::inline v0 {

namespace detail {

/// The code of 2^exponent in E8M0, -127 <= exponent <= 128 (which is NaN).
constexpr std::uint64_t e8m0_code(int exponent) noexcept {
  return static_cast<std::uint64_t>(exponent + 127);
}

/// -127 <= exponent <= most.
constexpr int clamped_exponent(int exponent, int most) noexcept {
  if (exponent < -127) return -127;
  return exponent > most ? most : exponent;
}

/// ((bits(amax) + added) >> 23) - 127 - emax: floor, even and ceil differ in `added` only.
template <scale_method Method>
scale_choice torchao_scale(const any_recipe& r, const scale_question& q) noexcept {
  constexpr std::uint64_t nan_code = 255;
  std::uint64_t code = nan_code;
  if (!q.amax.is_nan()) {
    const pow2_rule rule = make_pow2_rule(Method, range_of(r.format.element));
    const std::uint32_t bits = q.amax.binary32_bits() + rule.added_to_binary32();
    code = e8m0_code(clamped_exponent(static_cast<int>(bits >> 23) - 127 - rule.emax, 128));
  }
  // The divisor is the code in the exponent field of a binary32: NaN's gives infinity and code 0,
  // whose bits would be zero, divides by 2^-126.
  const float divisor = bit_cast<float>(static_cast<std::uint32_t>(code == 0 ? 1 : code) << 23);
  return {code, divisor};
}

/// What elements are multiplied by under an E8M0 code: 1 / 2^(code - 127), but 1 for code 0.
constexpr recipe_float reciprocal_of_e8m0(std::uint64_t code) noexcept {
  return code == 0 ? recipe_float(1.0F) : recipe_float::power_of_two(127 - static_cast<int>(code));
}

inline scale_choice torchao_rceil_scale(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float descale = q.amax.widened() / largest_element(r);
  if (descale.is_nan()) return {255, descale};
  if (descale.is_infinite()) return {254, recipe_float::power_of_two(-127)};
  const std::uint64_t code =
      descale.is_zero() ? 0 : e8m0_code(clamped_exponent(ceil_log2f(descale), 127));
  return {code, reciprocal_of_e8m0(code)};
}

/// PTX's cvt.rp.satfinite.ue8m0: the code of the next power of two that is not below x >= 0.
constexpr std::uint64_t rounded_up_to_e8m0(const recipe_float& x) noexcept {
  if (x.is_nan()) return 255;
  if (x.is_infinite()) return 254;
  if (x.is_zero()) return 0;
  const int up = x.exact().significand == std::uint64_t{1} << 63 ? 0 : 1;
  return e8m0_code(clamped_exponent(x.exact().exponent + up, 127));
}

inline scale_choice nvidia_scale(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float reciprocal = recipe_float(1.0F) / largest_element(r);
  const recipe_float descale = q.amax.widened() * reciprocal;
  const std::uint64_t code = rounded_up_to_e8m0(descale);
  return {code, code == 255 ? descale : reciprocal_of_e8m0(code)};
}

/// amax / largest, rounded up to a power of two; the reciprocal has no special case.
inline scale_choice cublas_scale(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float descale = q.amax.widened() / largest_element(r);
  const std::uint64_t code = rounded_up_to_e8m0(descale);
  if (code == 255) return {code, descale};
  return {code, recipe_float::power_of_two(127 - static_cast<int>(code))};
}

/// The even rule with the elements' own mantissa width replaced by E2M1's for every format.
inline scale_choice compressed_tensors_mx_scale(const any_recipe& r,
                                                const scale_question& q) noexcept {
  const int emax = range_of(r.format.element).target.exponent;
  const pow2_rule even =
      make_pow2_rule(scale_method::pow2_even, range_of(any_format::of<e2m1fn>()));
  const std::uint32_t bits = q.amax.binary32_bits() + even.added_to_binary32();
  const auto field = static_cast<int>(bits >> 23 & 0xff);
  // Infinity and NaN divide by infinity, whose logarithm becomes the byte 0x7F when it is stored.
  if (field == 0xff) return {0x7f, recipe_float::power_of_two(128)};
  const int exponent = clamped_exponent(field - 127 - emax, 127);
  return {e8m0_code(exponent), recipe_float::power_of_two(exponent).rounded_like(q.amax)};
}

inline scale_choice modelopt_mx_scale(const any_recipe&, const scale_question& q) noexcept {
  const recipe_float descale = q.amax.widened() / 6.0F;
  // Infinity and NaN become the byte 0.
  if (descale.is_nan() || descale.is_infinite()) return {0, descale};
  const int e = descale.is_zero() ? -127 : clamped_exponent(ceil_log2f(descale), 127);
  return {e8m0_code(e), recipe_float::power_of_two(e)};
}

inline scale_choice modelopt_mxfp8_scale(const any_recipe& r, const scale_question& q) noexcept {
  const recipe_float descale = q.amax.widened() / largest_element(r);
  int e = -127;  // for zero and NaN, which is not above zero
  if (descale > 0.0F) e = descale.is_infinite() ? 127 : clamped_exponent(ceil_log2f(descale), 127);
  return {e8m0_code(e), recipe_float::power_of_two(-e)};
}

/// What torchao's modes share: NaN in a block makes its scale NaN.
template <class F>
constexpr any_recipe torchao_mx(const char* name) noexcept {
  any_recipe r;
  r.name = name;
  r.follows = "torchao 0.18.0, to_mx, on the CPU";
  r.format = any_packable::of<F>();
  // A NaN runs through integer additions meant for numbers; its upper bits stay.
  const auto element = r.format.element;
  r.elements.nan_code = element == any_format::of<e2m1fn>()   ? 3
                        : element == any_format::of<e2m3fn>() ? 12
                                                              : 14;
  return r;
}

template <class F, scale_method Method>
constexpr any_recipe torchao_pow2(const char* name) noexcept {
  any_recipe r = torchao_mx<F>(name);
  r.elements.step = element_step::divide;
  r.scale = torchao_scale<Method>;
  return r;
}

}  // namespace detail

namespace recipes {

/// OCP's rule: 2^(floor(lg amax) - emax), elements to nearest even; `F` is any MX format.
///
/// NaN:    as the library's own: the block's scale is NaN.
/// Source: OCP Microscaling Formats 1.0, 6.3, which leaves NaN, infinity and zero blocks open.
template <block_scaled F = mxfp4>
struct ocp_mx {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "ocp_mx";
    r.follows = "OCP Microscaling Formats 1.0, section 6.3";
    r.format = any_packable::of<F>();
    r.rule = scaling::pow2_floor{};
    return r;
  }
};

/// torchao's ScaleCalculationMode.FLOOR, its default: OCP's rule. A block that gets scale 2^-127 is
/// divided by 2^-126.
/// Source: torchao, prototype/mx_formats/mx_tensor.py.
template <block_scaled F = mxfp4>
struct torchao_floor {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    return detail::torchao_pow2<F, scale_method::pow2_floor>("torchao_floor");
  }
};

/// torchao's ScaleCalculationMode.CEIL: as FLOOR, one more unless amax is a power of two.
/// Source: as torchao_floor.
template <block_scaled F = mxfp4>
struct torchao_ceil {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    return detail::torchao_pow2<F, scale_method::pow2_ceil>("torchao_ceil");
  }
};

/// torchao's ScaleCalculationMode.EVEN: as FLOOR of amax rounded to the elements' mantissa width.
/// Source: as torchao_floor.
template <block_scaled F = mxfp4>
struct torchao_even {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    return detail::torchao_pow2<F, scale_method::pow2_even>("torchao_even");
  }
};

/// torchao's ScaleCalculationMode.RCEIL outside of compiled CUDA code: 2^ceil(log2f(amax / max));
/// elements are multiplied by the reciprocal, by 1 in blocks of code 0.
/// Source: as torchao_floor.
template <block_scaled F = mxfp4>
struct torchao_rceil {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::torchao_mx<F>("torchao_rceil");
    r.elements.step = element_step::multiply;
    r.scale = detail::torchao_rceil_scale;
    return r;
  }
};

/// NVIDIA's rule as Transformer Engine's MXFP8 kernels have it: amax (1 / max) rounded up to a
/// power of two in one instruction; elements are multiplied by the reciprocal, by 1 in blocks of
/// code 0.
///
/// NaN:    ignored by the scale; the element becomes NaN, 6 or the like.
/// Source: Transformer Engine (d0067d0da), common/util/ptx.cuh, read and not run.
template <block_scaled F = mxfp4>
struct nvidia_mx_as_read {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "nvidia_mx_as_read";
    r.follows = "Transformer Engine d0067d0da, common/util/ptx.cuh";
    r.format = any_packable::of<F>();
    r.amax = amax_rule::ignores_nan;
    r.elements.step = element_step::multiply;
    r.elements.nan_code =
        static_cast<std::uint8_t>(r.format.element.describe().largest);  // as CUDA's conversions
    r.elements.nan = nan_sign::positive;
    r.scale = detail::nvidia_scale;
    return r;
  }
};

/// cuBLAS's quantization of its output: amax / max rounded up to a power of two.
///
/// NaN:    ignored by the scale.
/// Source: cuBLAS documentation, "1D block quantization of D", as torchao 0.18.0 retells it in
///         _to_mx_rceil; not run.
template <block_scaled F = mxfp8_e4m3>
struct cublas_mx_as_read {
  using format_type = F;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = nvidia_mx_as_read<F>{}.describe();
    r.name = "cublas_mx_as_read";
    r.follows = "cuBLAS documentation of block quantization, as torchao 0.18.0 retells it";
    r.scale = detail::cublas_scale;
    return r;
  }
};

/// compressed-tensors' MXFP4: amax rounded to E2M1's mantissa width, then OCP's rule.
///
/// NaN:    in a block, or an amax that rounds to infinity, makes the scale 1 and every element 0.
/// Source: compressed-tensors, quantization/utils/mxfp_utils.py and helpers.py.
struct compressed_tensors_mxfp4 {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "compressed_tensors_mxfp4";
    r.follows = "compressed-tensors 0.20.0, calculate_qparams and MXFP4PackedCompressor";
    r.format = any_packable::of<mxfp4>();
    r.elements.zeros = zero_rule::sign_of_nonzero;
    r.elements.nan = nan_sign::positive;
    r.scale = detail::compressed_tensors_mx_scale;
    return r;
  }
};

/// compressed-tensors' MXFP8: as its MXFP4, E2M1's mantissa width included, with emax 8.
/// Source: as compressed_tensors_mxfp4.
struct compressed_tensors_mxfp8 {
  using format_type = mxfp8_e4m3;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "compressed_tensors_mxfp8";
    r.follows = "compressed-tensors 0.20.0, calculate_qparams and MXFP8QuantizationCompressor";
    r.format = any_packable::of<mxfp8_e4m3>();
    r.scale = detail::compressed_tensors_mx_scale;
    return r;
  }
};

/// ModelOpt's MXFP4: 2^ceil(log2f(amax / 6)); ties go toward zero and every exact zero becomes -0.
/// Source: ModelOpt, torch/quantization/qtensor/mxfp4_tensor.py.
struct modelopt_mxfp4 {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "modelopt_mxfp4";
    r.follows = "nvidia-modelopt 0.47.0, MXFP4QTensor.quantize";
    r.format = any_packable::of<mxfp4>();
    r.elements.ties = tie_rule::toward_zero;
    r.elements.zeros = zero_rule::negative_zero;
    r.elements.nan_code = 8;
    r.scale = detail::modelopt_mx_scale;
    return r;
  }
};

/// ModelOpt's MXFP8: 2^ceil(log2f(amax / 448)); x times the reciprocal, ties to even.
/// Source: ModelOpt, torch/quantization/qtensor/mxfp8_tensor.py.
struct modelopt_mxfp8 {
  using format_type = mxfp8_e4m3;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r;
    r.name = "modelopt_mxfp8";
    r.follows = "nvidia-modelopt 0.47.0, MXFP8QTensor.quantize";
    r.format = any_packable::of<mxfp8_e4m3>();
    r.elements.step = element_step::multiply;
    r.scale = detail::modelopt_mxfp8_scale;
    return r;
  }
};

}  // namespace recipes
}  // namespace binade::inline v0
