// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/format/convert.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>

// The definition of quantization: what a faster kernel must equal, bit for bit.

namespace binade::inline v0 {

/// What becomes of infinities that are quantized under a scale.
enum class inf_mode : std::uint8_t {
  saturate,  ///< they count as the largest float for amax
  poison,    ///< they count as NaN
};

namespace inf {
struct saturate {
  static constexpr inf_mode mode = inf_mode::saturate;
};
struct poison {
  static constexpr inf_mode mode = inf_mode::poison;
};
}  // namespace inf

namespace reference {

/// Elements of a tensor row: x[i * stride], i in [0, n), whose logical indices are
/// index + i * index_step.
template <class T>
struct row_piece {
  const T* x = nullptr;
  std::ptrdiff_t stride = 1;
  std::size_t n = 0;
  std::uint64_t index = 0;
  std::uint64_t index_step = 1;
};

/// The range of the elements that share a scale.
struct cell_range {
  float max_positive = 0;  ///< largest positive value, infinity as the largest float
  float max_negative = 0;  ///< largest magnitude of a negative value
  bool has_nan = false;    ///< or an infinity that counts as NaN

  [[nodiscard]] constexpr float amax() const noexcept {
    return max_negative > max_positive ? max_negative : max_positive;
  }
};

namespace detail {

inline constexpr std::uint32_t infinity_bits = 0x7f800000;
inline constexpr std::uint32_t largest_float_bits = 0x7f7fffff;

/// Bits of an element as binary32; every source type is a subset of it.
template <class T>
constexpr std::uint32_t float_bits(const T& x) noexcept {
  return bit_cast<std::uint32_t>(static_cast<float>(x));
}

}  // namespace detail

/// Widens `range` by a row piece.
///
/// NaN:    sets has_nan and is ignored otherwise.
/// Error:  exact.
template <class T>
constexpr void scan(const row_piece<T>& piece, inf_mode infinities, cell_range& range) noexcept {
  // Positive floats are ordered as their bits are.
  std::uint32_t positive = bit_cast<std::uint32_t>(range.max_positive);
  std::uint32_t negative = bit_cast<std::uint32_t>(range.max_negative);
  for (std::size_t i = 0; i < piece.n; ++i) {
    const std::uint32_t bits =
        detail::float_bits(piece.x[static_cast<std::ptrdiff_t>(i) * piece.stride]);
    std::uint32_t magnitude = bits & 0x7fffffffU;
    if (magnitude > detail::infinity_bits ||
        (magnitude == detail::infinity_bits && infinities == inf_mode::poison)) {
      range.has_nan = true;
      continue;
    }
    if (magnitude == detail::infinity_bits) magnitude = detail::largest_float_bits;
    std::uint32_t& side = (bits >> 31) != 0 ? negative : positive;
    if (magnitude > side) side = magnitude;
  }
  range.max_positive = bit_cast<float>(positive);
  range.max_negative = bit_cast<float>(negative);
}

/// The scale of a group of elements, exact; `negative` serves negative elements and equals
/// `positive` but where the signs have their own.
struct group_scale {
  unpacked positive;
  unpacked negative;
  std::int64_t zero_point = 0;
};

/// How elements are encoded, for all groups of a call.
struct encode_policies {
  rounding::any rounding;
  conversion_rules rules;
  inf_mode infinities = inf_mode::saturate;
};

/// x / scale, exact up to a sticky bit; what rounding to an element code looks at.
[[nodiscard]] BINADE_HD constexpr unpacked scaled(const unpacked& x,
                                                  const unpacked& scale) noexcept {
  if (x.kind == value_class::nan) return x;  // a quotient would lose its sign
  if (x.kind == value_class::zero || scale.kind == value_class::zero) {
    return binade::detail::make_special(value_class::zero, x.negative);
  }
  if (scale.significand == std::uint64_t{1} << 63) return scale_exponent(x, -scale.exponent);
  return divide(x, scale);
}

/// The code of y + zero_point, y rounded to an integer first. Source: torch.quantize_per_tensor.
template <class R>
[[nodiscard]] constexpr std::uint64_t encode_affine(const integer_spec& s, const unpacked& y,
                                                    std::int64_t zero_point, const R& rounding,
                                                    conversion_rules rules) noexcept {
  constexpr integer_spec wide{40, true};
  if (y.kind == value_class::nan) {
    return rules.nan == nan_mode::zero ? code_from_order_key(s, zero_point)
                                       : encode(s, y, rounding, rules);
  }
  const code_description d = describe(s);
  const std::int64_t largest = order_key(s, d.largest);
  const std::int64_t lowest = order_key(s, d.lowest);
  const std::int64_t q = order_key(wide, encode(wide, y, rounding, rules)) + zero_point;
  return code_from_order_key(s, q < lowest ? lowest : (q > largest ? largest : q));
}

/// Encodes a row piece under its group's scale; `store(i, code)` takes the codes.
///
/// NaN:    `encode_policies::rules` decide.
/// Error:  the code of the exact quotient, rounded once.
template <class Spec, class T, class R, class Store>
constexpr void encode_piece(const Spec& s, int element_exponent, const row_piece<T>& piece,
                            const group_scale& scale, const R& rounding,
                            const encode_policies& policies, quantize_counts& counts,
                            Store&& store) noexcept {
  const code_description d = describe(s);
  const unpacked largest = decode(s, d.largest);
  const unpacked positive = scale_exponent(scale.positive, element_exponent);
  const unpacked negative = scale_exponent(scale.negative, element_exponent);
  for (std::size_t i = 0; i < piece.n; ++i) {
    unpacked x = unpack(piece.x[static_cast<std::ptrdiff_t>(i) * piece.stride]);
    if (x.kind == value_class::infinity && policies.infinities == inf_mode::poison) {
      x.kind = value_class::nan;
      ++counts.infinite;
    } else if (x.kind == value_class::infinity) {
      ++counts.infinite;
    } else if (x.kind == value_class::nan) {
      ++counts.nan;
    }
    const unpacked y = scaled(x, x.negative ? negative : positive);
    const R at = rounding.at(piece.index + i * piece.index_step);
    std::uint64_t code = 0;
    if constexpr (std::same_as<Spec, integer_spec>) {
      code = scale.zero_point == 0 ? encode(s, y, at, policies.rules)
                                   : encode_affine(s, y, scale.zero_point, at, policies.rules);
    } else {
      code = encode(s, y, at, policies.rules);
    }
    if (x.kind == value_class::finite) {
      if (y.kind == value_class::finite && scale.zero_point == 0 &&
          compare_magnitudes(y, largest) > 0) {
        ++counts.clipped;
      } else if (scale.zero_point == 0 ? classify(s, code) == value_class::zero
                                       : order_key(s, code) == scale.zero_point) {
        ++counts.underflowed;
      }
    }
    store(i, code);
  }
}

/// The exact value of an element: (element - zero point) * 2^element_exponent * scale.
[[nodiscard]] constexpr unpacked element_value(const unpacked& element, const group_scale& scale,
                                               int element_exponent) noexcept {
  unpacked e = element;
  if (scale.zero_point != 0) {
    e = add(e, unpack(-scale.zero_point));
  }
  return scale_exponent(multiply(e, e.negative ? scale.negative : scale.positive),
                        element_exponent);
}

/// Applies the tensor scale, exactly up to a sticky bit.
[[nodiscard]] constexpr unpacked with_tensor_scale(const unpacked& x, tensor_scale_kind kind,
                                                   const unpacked& tensor_scale) noexcept {
  if (kind == tensor_scale_kind::multiplier) return multiply(x, tensor_scale);
  if (kind == tensor_scale_kind::divisor) return divide(x, tensor_scale);
  return x;
}

}  // namespace reference
}  // namespace binade::inline v0
