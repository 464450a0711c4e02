// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/kernel/cuda/element_encoder.cuh"
#include "binade/scale/rule.hpp"
#include "binade/tensor/block_format.hpp"

#include <concepts>
#include <cstdint>

// The scale of a group from the bits of its largest magnitude, in registers, with the bits of the
// definition (scale/rule.hpp).

namespace binade::inline v0::cuda {

/// A scale as it is stored, and what elements are encoded with.
struct found_scale {
  std::uint32_t code = 0;
  group_scale scale;
};

/// What a kernel must know to find scales in format `Scale`: E8M0, an unsigned minifloat of 8 bits
/// under a tensor's scale, or binary32.
template <class Scale>
struct scale_finder;

namespace detail {

inline constexpr std::uint32_t infinity_bits = 0x7f800000;
inline constexpr std::uint32_t largest_bits = 0x7f7fffff;

/// An infinite largest magnitude counts as the largest float.
BINADE_HD inline std::uint32_t finite_amax(std::uint32_t amax) noexcept {
  return smaller(amax, largest_bits);
}

/// A binary32 scale for elements.
BINADE_HD inline group_scale from_float_scale(float s) noexcept {
  const std::uint32_t exponent = bits_of(s) >> 23;
  group_scale g;
  g.tensor = s;
  g.kind = group_scale::form::single;
  g.is_regular = exponent >= 47 && exponent <= 227;
  g.inverse = reciprocal(g.is_regular ? s : 1.0F);
  return g;
}

}  // namespace detail

/// Powers of two by a pow2 rule. A block of zeros gets code 0.
template <>
struct scale_finder<e8m0fnu> {
  std::uint32_t added = 0;
  std::int32_t emax = 0;

  using stored = std::uint8_t;
  static constexpr std::uint32_t nan = 0xff;

  scale_finder() = default;
  constexpr scale_finder(scale_method method, const element_range& range) noexcept {
    const pow2_rule rule = make_pow2_rule(method, range);
    added = rule.added_to_binary32();
    emax = rule.emax;
  }

  /// Needs amax not above infinity.
  [[nodiscard]] BINADE_HD found_scale operator()(std::uint32_t amax) const noexcept {
    const std::uint32_t bits = detail::finite_amax(amax);
    std::int32_t code = static_cast<std::int32_t>((bits + added) >> 23) - emax;
    code = bits == 0 || code < 0 ? 0 : (code > 254 ? 254 : code);
    found_scale f;
    f.code = static_cast<std::uint32_t>(code);
    f.scale.tensor = detail::exp2i(code - 127);
    f.scale.inverse = detail::exp2i(127 - code);
    return f;
  }
};

/// The nearest code to amax / (target * tensor scale), at least 1 unless the block is all zeros.
template <class Scale>
  requires std::same_as<std::remove_cvref_t<decltype(Scale::spec)>, float_spec>
struct scale_finder<Scale> {
  static_assert(!Scale::spec.is_signed && Scale::bit_count == 8 && Scale::spec.has_zero &&
                Scale::spec.mantissa_bits <= 3 && simd::has_float_encoder(Scale::spec));
  using rule = detail::step_rule<Scale>;
  using stored = std::uint8_t;
  static constexpr std::uint32_t nan = static_cast<std::uint32_t>(describe(Scale::spec).nan);

  float target = 1;
  float tensor = 1;
  float inverse_top = 1;  ///< about 1 / (target * tensor)
  bool is_regular = true;

  scale_finder() = default;
  constexpr scale_finder(scale_method, const element_range& range) noexcept
      : target(to_float(range.target)) {}

  /// Takes the tensor's scale: a positive number.
  BINADE_HD void set_tensor_scale(float s) noexcept {
    const std::uint32_t exponent = detail::bits_of(s) >> 23;
    tensor = s;
    is_regular = exponent >= 37 && exponent <= 217;
    inverse_top = detail::reciprocal(is_regular ? detail::multiply(target, s) : 1.0F);
  }

  /// Needs amax not above infinity.
  [[nodiscard]] BINADE_HD found_scale operator()(std::uint32_t amax) const noexcept {
    const float largest = detail::from_bits(detail::finite_amax(amax));
    std::uint32_t code = 0;
    if (is_regular) {
      const float y = detail::multiply(largest, inverse_top);
      std::uint32_t t = detail::steps_of<Scale>(y);
      t = detail::settle_nearest<Scale>(
          t, largest, {.part = target, .tensor = tensor, .kind = group_scale::form::product});
      code = detail::round_steps<Scale>(t) >> rule::shift;
    } else {
      code = code_by_definition(largest, target, tensor);
    }
    if (amax != 0 && code == 0) code = 1;
    found_scale f;
    f.code = code;
    f.scale.part =
        detail::multiply(detail::from_bits(code << rule::shift), detail::from_steps<Scale>());
    f.scale.tensor = tensor;
    f.scale.kind = group_scale::form::product;
    f.scale.is_regular = is_regular;
    f.scale.inverse =
        detail::reciprocal(is_regular && code != 0 ? detail::multiply(f.scale.part, tensor) : 1.0F);
    return f;
  }

 private:
  [[nodiscard]] BINADE_HD BINADE_NOINLINE static std::uint32_t code_by_definition(
      float amax, float target, float tensor) noexcept {
    constexpr float_spec spec = Scale::spec;
    const unpacked wanted =
        binade::divide(binade::divide(unpack(amax), unpack(tensor)), unpack(target));
    return static_cast<std::uint32_t>(
        encode(spec, wanted, rounding::ties_to_even{}, conversion_rules{}));
  }
};

/// amax / target in binary32, at least its smallest normal number; 1 for a group of zeros.
template <>
struct scale_finder<binary32_scale> {
  using stored = float;
  static constexpr std::uint32_t nan = 0x7fc00000;

  float target = 1;
  float inverse = 1;  ///< 1 / target to nearest

  scale_finder() = default;
  constexpr scale_finder(scale_method, const element_range& range) noexcept
      : scale_finder(to_float(range.target)) {}
  constexpr explicit scale_finder(float amax_target) noexcept
      : target(amax_target), inverse(to_float(binade::divide(unpack(1.0F), unpack(amax_target)))) {}

  /// Needs amax not above infinity.
  [[nodiscard]] BINADE_HD found_scale operator()(std::uint32_t amax) const noexcept {
    found_scale f;
    const float quotient = divided(detail::from_bits(detail::finite_amax(amax)));
    f.code = amax == 0 ? 0x3f800000U : detail::larger(detail::bits_of(quotient), 0x00800000U);
    f.scale = detail::from_float_scale(detail::from_bits(f.code));
    return f;
  }

 private:
  /// x / target to nearest: the first correction makes the quotient faithful, the second one right.
  /// Source: Markstein, Computation of elementary functions on the IBM RISC System/6000, 1990.
  [[nodiscard]] BINADE_HD float divided(float x) const noexcept {
    if (x < 0x1p-60F && x != 0) return detail::divide(x, target);  // residuals might underflow
    float q = detail::multiply(x, inverse);
    q = detail::multiply_add(detail::multiply_add(-q, target, x), inverse, q);
    return detail::multiply_add(detail::multiply_add(-q, target, x), inverse, q);
  }
};

}  // namespace binade::inline v0::cuda
