// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/any_format.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"

#include <cstdint>

// How a scale follows from the largest magnitude that it must cover. A rule is data: a kernel
// applies it without knowing who chose it.

namespace binade::inline v0 {

enum class scale_method : std::uint8_t {
  absmax,
  pow2_floor,
  pow2_ceil,
  pow2_rceil,
  pow2_even,
  mse_search,
  exponent_bias,
  given,
};

namespace scaling {

/// scale = amax / (target of the element, see element_range), rounded to the scale's format.
struct absmax {};
/// scale = 2^(floor(lg amax) - emax); the largest element may clip. Source: OCP MX 1.0, 6.3.
struct pow2_floor {};
/// scale = 2^(ceil(lg amax) - emax); never clips.
struct pow2_ceil {};
/// The smallest 2^E with amax <= largest * 2^E. Source: cuBLAS and Transformer Engine's MXFP8.
struct pow2_rceil {};
/// As pow2_floor after half a unit in the last place of the element's significand has been added to
/// amax. Source: AMD Quark and compressed-tensors.
struct pow2_even {};
/// The scale with the least sum of squared errors: among three exponents around pow2_rceil's in
/// scale formats of exponents only, else among k / 128 of absmax's scale in binary32, for k = 65 ..
/// 128, each rounded to the scale's format. A tie takes the larger.
struct mse_search {};
/// scale = 2^-bias whatever the data.
struct exponent_bias {
  int bias = 0;
};
/// This scale whatever the data, as delayed scaling and calibration produce it.
struct given {
  float scale = 1.0F;
};
/// absmax of the tensor at hand: what "current scaling" means.
using current = absmax;

}  // namespace scaling

/// Any of the rules above, chosen at run time.
struct scale_rule {
  scale_method method = scale_method::absmax;
  int bias = 0;        ///< exponent_bias
  float scale = 1.0F;  ///< given

  constexpr scale_rule() = default;
  constexpr scale_rule(scaling::absmax) noexcept {}
  constexpr scale_rule(scaling::pow2_floor) noexcept : method(scale_method::pow2_floor) {}
  constexpr scale_rule(scaling::pow2_ceil) noexcept : method(scale_method::pow2_ceil) {}
  constexpr scale_rule(scaling::pow2_rceil) noexcept : method(scale_method::pow2_rceil) {}
  constexpr scale_rule(scaling::pow2_even) noexcept : method(scale_method::pow2_even) {}
  constexpr scale_rule(scaling::mse_search) noexcept : method(scale_method::mse_search) {}
  constexpr scale_rule(scaling::exponent_bias b) noexcept
      : method(scale_method::exponent_bias), bias(b.bias) {}
  constexpr scale_rule(scaling::given g) noexcept : method(scale_method::given), scale(g.scale) {}
};

[[nodiscard]] constexpr const char* to_string(scale_method m) noexcept {
  switch (m) {
    case scale_method::pow2_floor:
      return "pow2_floor";
    case scale_method::pow2_ceil:
      return "pow2_ceil";
    case scale_method::pow2_rceil:
      return "pow2_rceil";
    case scale_method::pow2_even:
      return "pow2_even";
    case scale_method::mse_search:
      return "mse_search";
    case scale_method::exponent_bias:
      return "exponent_bias";
    case scale_method::given:
      return "given";
    case scale_method::absmax:
      break;
  }
  return "absmax";
}

[[nodiscard]] constexpr bool is_pow2(scale_method m) noexcept {
  return m == scale_method::pow2_floor || m == scale_method::pow2_ceil ||
         m == scale_method::pow2_rceil || m == scale_method::pow2_even;
}

/// What a rule needs to know of an element: the value that amax should land on and how many
/// mantissa bits the binade of that value has (an integer of n bits counts as 1.f with n - 2).
///
/// The target is the largest value. Tapered formats (HiF8, posits, takums) have next to no
/// precision there: their target is the largest value that still has the widest significand.
struct element_range {
  unpacked target;
  int mantissa_bits = 0;
};

[[nodiscard]] constexpr element_range range_of(const any_format& element,
                                               int element_exponent = 0) noexcept {
  const unpacked largest = element.decode(element.describe().largest);
  const auto of_binade = [&](int exponent, int mantissa_bits) {
    return element_range{
        binade::detail::make_finite(false, low_mask(mantissa_bits + 1), exponent - mantissa_bits),
        mantissa_bits};
  };
  element_range r = element.visit([&](const auto& s) -> element_range {
    using spec = std::remove_cvref_t<decltype(s)>;
    if constexpr (std::same_as<spec, float_spec>) {
      return {largest, s.exponent_bits == 0 ? s.mantissa_bits - 1 : s.mantissa_bits};
    } else if constexpr (std::same_as<spec, integer_spec>) {
      return {largest, s.is_signed ? s.bits - 2 : s.bits - 1};
    } else if constexpr (std::same_as<spec, hif8_spec>) {
      return of_binade(3, 3);
    } else if constexpr (std::same_as<spec, posit_spec>) {
      const int bits = s.bits - 3 - s.exponent_bits;  // with the shortest regime
      return of_binade((1 << s.exponent_bits) - 1, bits > 0 ? bits : 0);
    } else if constexpr (std::same_as<spec, takum_spec>) {
      return of_binade(0, s.bits - 5);
    } else {
      return {largest, 0};
    }
  });
  r.target = scale_exponent(r.target, element_exponent);
  return r;
}

/// A rule of powers of two as data: the exponent of the scale is the exponent of amax, plus 1 if
/// the 63 fraction bits of amax plus `added` carry, minus `emax`.
struct pow2_rule {
  std::uint64_t added = 0;
  int emax = 0;

  /// The same for amax in binary32: E = ((bits(amax) + c) >> 23) - 127 - emax.
  [[nodiscard]] constexpr std::uint32_t added_to_binary32() const noexcept {
    return static_cast<std::uint32_t>(added >> 40);
  }
};

/// The data of a pow2 method for elements of a range.
[[nodiscard]] constexpr pow2_rule make_pow2_rule(scale_method method,
                                                 const element_range& range) noexcept {
  constexpr std::uint64_t ones = (std::uint64_t{1} << 63) - 1;
  pow2_rule rule;
  rule.emax = range.target.exponent;
  if (method == scale_method::pow2_ceil) rule.added = ones;
  if (method == scale_method::pow2_rceil) rule.added = ones - (range.target.significand & ones);
  if (method == scale_method::pow2_even)
    rule.added = std::uint64_t{1} << (62 - range.mantissa_bits);
  return rule;
}

/// Exponent of the scale for a finite amax > 0.
///
/// Error:  exact, from integer comparison (Source: OCP MX 1.0, 6.3).
[[nodiscard]] constexpr int pow2_exponent(const pow2_rule& rule, const unpacked& amax) noexcept {
  constexpr std::uint64_t ones = (std::uint64_t{1} << 63) - 1;
  const bool carry = (((amax.significand & ones) + rule.added) >> 63) != 0;
  return amax.exponent + (carry ? 1 : 0) - rule.emax;
}

/// The exact scale that a rule asks for, before it is rounded to its format; amax finite and not 0.
/// mse_search gives the largest of its candidates.
[[nodiscard]] constexpr unpacked desired_scale(const scale_rule& rule, const element_range& range,
                                               const unpacked& amax) noexcept {
  if (rule.method == scale_method::exponent_bias) return detail::make_finite(false, 1, -rule.bias);
  if (rule.method == scale_method::given) return unpack(rule.scale);
  if (is_pow2(rule.method)) {
    return detail::make_finite(false, 1, pow2_exponent(make_pow2_rule(rule.method, range), amax));
  }
  return divide(amax, range.target);
}

/// The code of a scale in its format: nearest even, within the format's finite positive values, at
/// least its smallest (binary32: its smallest normal number, so that reciprocals stay finite).
[[nodiscard]] constexpr std::uint64_t encode_scale(const any_format& format,
                                                   const unpacked& scale) noexcept {
  const bool wide = format == any_format::binary32();
  const code_description d = format.describe();
  const unpacked least = wide ? detail::make_finite(false, 1, -126) : format.decode(d.smallest);
  if (compare_values(scale, least) <= 0) {
    return format.encode(least, rounding::ties_to_even{}, {});
  }
  return format.encode(scale, rounding::ties_to_even{}, {.saturation = saturation_mode::finite});
}

/// The code of the scale of a group without a nonzero element: 1 in binary32; else 0, or the
/// smallest value of a format without zero.
[[nodiscard]] constexpr std::uint64_t encode_zero_scale(const any_format& format) noexcept {
  if (format == any_format::binary32()) return bit_cast<std::uint32_t>(1.0F);
  return format.describe().has_zero ? 0 : format.describe().smallest;
}

}  // namespace binade::inline v0
