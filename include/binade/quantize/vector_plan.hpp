// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/kernel/simd/quantize_targets.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace binade::inline v0::detail {

/// How the scales of a chunk of blocks are found.
enum class scale_path : std::uint8_t {
  pow2,        ///< a pow2 rule, E8M0
  quotient,    ///< absmax in binary32
  small,       ///< absmax in an unsigned minifloat, perhaps under a tensor's scale
  one_by_one,  ///< by the definition
};

/// What vector kernels can do of a call of quantize, and the constants that they need for it.
///
/// They serve elements that have a simd::scaled_encoder, nearest even and clamped, under scales
/// that are powers of two, binary32 numbers, or an unsigned minifloat times a binary32 number, of
/// such magnitude that no product or quotient near a boundary leaves binary32's normal numbers.
struct vector_plan {
  const simd::quantize_kernels* kernels = nullptr;  ///< null: they serve nothing
  simd::scaled_encoder elements;
  int least_boundary = 0;  ///< exponent of the smallest boundary between two codes

  scale_path path = scale_path::one_by_one;
  simd::scale_form form = simd::scale_form::single;
  simd::pow2_scaling pow2;
  float target = 1;  ///< what amax lands on
  float tensor = 1;
  float inverse_top = 1;  ///< 1 / (target * tensor)
  simd::scaled_encoder scales;
  simd::scale_decoder scale_values;

  /// Whether the residual of a quotient by a scale with this exponent is exact: with at most 24 +
  /// 12 digits below the smallest boundary's it stays above 2^-149.
  [[nodiscard]] bool serves_exponent(int exponent) const noexcept {
    return exponent >= least_exponent() && exponent <= 100;
  }
  [[nodiscard]] int least_exponent() const noexcept { return -100 - least_boundary; }
};

/// The scaled encoder of an element format; none if it has none.
inline std::optional<simd::scaled_encoder> make_scaled_encoder(const any_format& format,
                                                               conversion_rules rules) {
  return format.visit([&](const auto& s) -> std::optional<simd::scaled_encoder> {
    using spec = std::remove_cvref_t<decltype(s)>;
    const code_description d = describe(s);
    simd::scaled_encoder e;
    e.bits = format.bit_count();
    if constexpr (std::same_as<spec, float_spec>) {
      if (!simd::has_float_encoder(s)) return std::nullopt;
      e.floats = simd::make_float_encoder(s, rules);
      e.zero = e.floats.code_bits;
      e.lattice = simd::make_lattice(s.mantissa_bits + 2);
      e.largest = to_float(decode(s, d.largest));
      return e;
    } else if constexpr (std::same_as<spec, integer_spec>) {
      if (!s.is_signed || s.bits > 8) return std::nullopt;
      e.is_integer = true;
      e.zero = static_cast<std::uint32_t>(low_mask(s.bits));
      e.lattice = simd::make_lattice(s.bits + 1);
      e.largest = static_cast<float>(order_key(s, d.largest));
      e.lowest = rules.symmetric ? -e.largest : static_cast<float>(order_key(s, d.lowest));
      return e;
    } else {
      return std::nullopt;
    }
  });
}

/// What decodes scales of an unsigned format.
[[nodiscard]] inline simd::scale_decoder make_scale_decoder(const float_spec& s) noexcept {
  return {s.mantissa_bits, s.bias, to_float(decode(s, 0)),
          static_cast<std::uint32_t>(describe(s).largest)};
}

/// Whether a scale format's numbers are powers of two.
[[nodiscard]] inline bool has_only_exponents(const any_format& scale) noexcept {
  return scale.visit([](const auto& s) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
      return s.mantissa_bits == 0;
    } else {
      return false;
    }
  });
}

/// Exponent of half the smallest positive value.
inline int least_boundary_exponent(const any_format& format) {
  return format.decode(format.describe().smallest).exponent - 1;
}

/// The plan of a call for a target's kernels, without what depends on a tensor's scale.
inline vector_plan make_vector_plan(const simd::quantize_kernels& kernels,
                                    const packed_description& d,
                                    const reference::encode_policies& policies,
                                    const scale_rule& rule, const element_range& range) {
  vector_plan plan;
  const bool clamps = d.element.is_integer() || policies.rules.saturation != saturation_mode::none;
  if (d.group != group_kind::symmetric || !clamps || !d.element.describe().is_signed ||
      policies.rounding.mode != rounding::mode::ties_to_even ||
      d.tensor_scale == tensor_scale_kind::divisor) {
    return plan;
  }
  const auto elements = make_scaled_encoder(d.element, policies.rules);
  if (!elements) return plan;
  plan.kernels = &kernels;
  plan.elements = *elements;
  plan.least_boundary = least_boundary_exponent(d.element);
  plan.target = to_float(range.target);
  const bool two_levels = d.tensor_scale != tensor_scale_kind::none;
  plan.form = two_levels ? simd::scale_form::product : simd::scale_form::single;
  const any_format e8m0 = any_format::of<e8m0fnu>();
  if (is_pow2(rule.method) && d.scale == e8m0 && !two_levels) {
    const pow2_rule data = make_pow2_rule(rule.method, range);
    plan.path = scale_path::pow2;
    plan.form = simd::scale_form::power_of_two;
    plan.pow2 = {data.added_to_binary32(), data.emax, d.element_exponent};
  } else if (rule.method == scale_method::absmax && d.element_exponent == 0) {
    if (d.scale == any_format::binary32() && !two_levels) {
      plan.path = scale_path::quotient;
    } else if (const auto scales = make_scaled_encoder(d.scale, conversion_rules{})) {
      d.scale.visit([&](const auto& s) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(s)>, float_spec>) {
          if (s.is_signed) return;
          plan.path = scale_path::small;
          plan.form = simd::scale_form::product;
          plan.scales = *scales;
          plan.scale_values = make_scale_decoder(s);
        }
      });
    }
  }
  return plan;
}

/// Puts a tensor's scale into a plan. One that is out of the kernels' reach ends the plan.
inline void set_tensor_scale(vector_plan& plan, float tensor, const packed_description& d,
                             const element_range& range) {
  if (plan.kernels == nullptr) return;
  plan.tensor = tensor;
  if (plan.form != simd::scale_form::product) return;
  const unpacked t = unpack(tensor);
  const code_description scale = d.scale.describe();
  const int lowest = t.exponent + d.scale.decode(scale.smallest).exponent;
  const int highest = t.exponent + d.scale.decode(scale.largest).exponent + 1;
  const int top = t.exponent + range.target.exponent;
  const bool fits = plan.serves_exponent(lowest) && plan.serves_exponent(highest) &&
                    top >= -100 - least_boundary_exponent(d.scale) && top <= 100;
  if (!fits) plan.kernels = nullptr;
  plan.inverse_top = to_float(divide(unpack(1), multiply(range.target, t)));
}

/// One scale for a whole run, as kernels take it; `serves` says whether they do.
struct single_scale {
  bool serves = false;       ///< under run.form
  bool serves_form = false;  ///< under the plan's form
  float inverse[5];          ///< with room for 4 more, as kernels want it
  float scale[5];
  simd::scaled_run run;

  /// From the exact scale of the elements' codes, without the tensor's.
  single_scale(const vector_plan& plan, const unpacked& step) {
    if (plan.kernels == nullptr || step.kind != value_class::finite) return;
    const bool product = plan.form == simd::scale_form::product;
    const unpacked full = product ? multiply(step, unpack(plan.tensor)) : step;
    const unpacked reciprocal = binade::divide(unpack(1), full);
    if (reciprocal.exponent < -126 || reciprocal.exponent > 126) return;
    const bool is_power = full.significand == std::uint64_t{1} << 63;
    const int digits = 64 - countr_zero(step.significand);
    serves_form = digits <= (product ? 12 : 24) && plan.serves_exponent(full.exponent);
    if (!is_power && !serves_form) return;
    for (float& v : inverse) v = to_float(reciprocal);
    for (float& v : scale) v = to_float(step);
    run.inverse = inverse;
    run.scale = scale;
    run.tensor = plan.tensor;
    run.form = is_power ? simd::scale_form::power_of_two : plan.form;
    serves = true;
  }
  single_scale(const single_scale&) = delete;
  single_scale& operator=(const single_scale&) = delete;
};

}  // namespace binade::inline v0::detail
