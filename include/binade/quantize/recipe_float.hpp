// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/codec.hpp"

#include <concepts>
#include <cstdint>

namespace binade::inline v0 {

/// A number as another stack's code holds it: binary32, bfloat16 or float16, with the arithmetic of
/// IEEE 754 carried out in integers, so that compiler flags and the floating-point environment do
/// not matter.
///
/// An operation on two widths gives the wider one, as PyTorch's tensors do.
/// NaN:    an operation gives its first NaN operand, with its sign; a NaN that arises has its sign
///         set, as on x86, where the vectors of the packages were made.
/// Error:  every operation is rounded once, ties to even, with subnormals and infinities.
/// Source: IEEE 754-2019, 4.3 and 5.4.
class recipe_float {
 public:
  constexpr recipe_float() noexcept = default;
  constexpr recipe_float(float x) noexcept : value_(unpack(x)) {}

  /// `x` in its own width; binary32 where that is neither bfloat16 nor float16.
  template <number T>
  [[nodiscard]] static constexpr recipe_float of(const T& x) noexcept {
    if constexpr (std::same_as<T, bfloat16>) {
      return {unpack(x), &bfloat16::spec};
    } else if constexpr (std::same_as<T, float16>) {
      return {unpack(x), &float16::spec};
    } else {
      return {unpack(x), &binary32_spec};
    }
  }
  /// An exact value, rounded to binary32.
  [[nodiscard]] static constexpr recipe_float rounded(const unpacked& x) noexcept {
    return round_to(x, &binary32_spec);
  }
  /// 2^exponent, infinity or zero if that is no binary32.
  [[nodiscard]] static constexpr recipe_float power_of_two(int exponent) noexcept {
    return rounded(detail::make_finite(false, 1, exponent));
  }

  [[nodiscard]] constexpr const unpacked& exact() const noexcept { return value_; }
  /// The same value as a binary32.
  [[nodiscard]] constexpr recipe_float widened() const noexcept { return {value_, &binary32_spec}; }
  /// The value in the width of `other`; a bfloat16 does not become a float16.
  [[nodiscard]] constexpr recipe_float rounded_like(const recipe_float& other) const noexcept {
    return round_to(value_, other.spec_);
  }
  [[nodiscard]] constexpr std::uint32_t binary32_bits() const noexcept {
    return static_cast<std::uint32_t>(
        encode(binary32_spec, value_, rounding::ties_to_even{},
               conversion_rules{.saturation = saturation_mode::none}));
  }
  [[nodiscard]] constexpr const float_spec& spec() const noexcept { return *spec_; }

  [[nodiscard]] constexpr bool is_nan() const noexcept { return value_.kind == value_class::nan; }
  [[nodiscard]] constexpr bool is_infinite() const noexcept {
    return value_.kind == value_class::infinity;
  }
  [[nodiscard]] constexpr bool is_zero() const noexcept { return value_.kind == value_class::zero; }
  [[nodiscard]] constexpr bool is_negative() const noexcept { return value_.negative; }

  friend constexpr recipe_float operator*(const recipe_float& a, const recipe_float& b) noexcept {
    return apply(a, b, multiply);
  }
  friend constexpr recipe_float operator/(const recipe_float& a, const recipe_float& b) noexcept {
    return apply(a, b, divide);
  }
  friend constexpr recipe_float operator+(const recipe_float& a, const recipe_float& b) noexcept {
    return apply(a, b, add);
  }
  friend constexpr recipe_float operator-(const recipe_float& a, const recipe_float& b) noexcept {
    return a + -b;
  }
  friend constexpr recipe_float operator-(const recipe_float& a) noexcept {
    return {negate(a.value_), a.spec_};
  }
  /// Comparisons with NaN are false; the zeros are equal.
  friend constexpr bool operator<(const recipe_float& a, const recipe_float& b) noexcept {
    if (a.is_nan() || b.is_nan()) return false;
    const int x = infinite_side(a);
    const int y = infinite_side(b);
    if (x != 0 || y != 0) return x < y;
    return compare_values(a.value_, b.value_) < 0;
  }
  friend constexpr bool operator>(const recipe_float& a, const recipe_float& b) noexcept {
    return b < a;
  }
  friend constexpr bool operator==(const recipe_float& a, const recipe_float& b) noexcept {
    return !a.is_nan() && !b.is_nan() && !(a < b) && !(b < a);
  }
  [[nodiscard]] friend constexpr recipe_float magnitude(recipe_float x) noexcept {
    x.value_.negative = false;
    return x;
  }

 private:
  constexpr recipe_float(const unpacked& value, const float_spec* spec) noexcept
      : value_(value), spec_(spec) {}

  static constexpr int infinite_side(const recipe_float& x) noexcept {
    if (!x.is_infinite()) return 0;
    return x.is_negative() ? -1 : 1;
  }
  static constexpr recipe_float round_to(const unpacked& x, const float_spec* spec) noexcept {
    if (x.kind != value_class::finite) return {x, spec};
    return {decode(*spec, encode(*spec, x, rounding::ties_to_even{},
                                 conversion_rules{.saturation = saturation_mode::none})),
            spec};
  }
  using exact_operation = unpacked (*)(const unpacked&, const unpacked&) noexcept;
  static constexpr recipe_float apply(const recipe_float& a, const recipe_float& b,
                                      exact_operation operation) noexcept {
    const float_spec* spec = a.spec_->mantissa_bits >= b.spec_->mantissa_bits ? a.spec_ : b.spec_;
    if (a.is_nan()) return {a.value_, spec};
    if (b.is_nan()) return {b.value_, spec};
    unpacked result = operation(a.value_, b.value_);
    if (result.kind == value_class::nan) result.negative = true;
    return round_to(result, spec);
  }

  unpacked value_{};
  const float_spec* spec_ = &binary32_spec;
};

/// The larger one; a NaN in either place is the result, as in torch.maximum and torch.clamp.
[[nodiscard]] constexpr recipe_float max_or_nan(const recipe_float& a,
                                                const recipe_float& b) noexcept {
  if (a.is_nan()) return a;
  return b.is_nan() || a < b ? b : a;
}

/// The smaller one; a NaN in either place is the result, as in torch.minimum and torch.clamp.
[[nodiscard]] constexpr recipe_float min_or_nan(const recipe_float& a,
                                                const recipe_float& b) noexcept {
  if (a.is_nan()) return a;
  return b.is_nan() || b < a ? b : a;
}

[[nodiscard]] constexpr recipe_float clamped(const recipe_float& x, const recipe_float& least,
                                             const recipe_float& most) noexcept {
  return min_or_nan(max_or_nan(x, least), most);
}

namespace detail {

/// Which power of two the binary32 logarithm of a value just above or below 2^k rounds to.
struct rounded_log2 {
  std::int32_t floor;
  std::int32_t ceil;
};

/// Half the distance from k to the next binary32 in the direction of `toward_zero`, as the exponent
/// of a power of two; k != 0.
constexpr int half_spacing_exponent(std::int32_t k, bool toward_zero) noexcept {
  const auto size = static_cast<std::uint64_t>(k < 0 ? -k : k);
  const int binade = top_bit(size);
  const bool is_power = (size & (size - 1)) == 0;
  return binade - 24 - (toward_zero && is_power ? 1 : 0);
}

/// floor and ceil of the logarithm to base 2 of a finite x > 0, where the logarithm is first
/// rounded to binary32: next to a power of two it becomes the integer itself.
///
/// Error:  exact for a correctly rounded logarithm of a binary32. |log2(1 + d)| <= 2^h is decided
/// as
///         |d| <= 2^h ln 2: for |k| <= 149 the two differ by less than the spacing of x, and the
///         logarithm is never half way, since it is irrational.
constexpr rounded_log2 log2_through_binary32(const unpacked& x) noexcept {
  // ln 2 as a multiple of 2^-40. Source: 0xB17217F7D1CF.. * 2^-48, truncated.
  constexpr std::uint64_t ln2 = 0xB17217F7D1;
  constexpr std::uint64_t one = std::uint64_t{1} << 63;
  const std::int32_t e = x.exponent;
  if (x.significand == one) return {e, e};
  rounded_log2 r{e, e + 1};
  const auto reach = [](int h) {  // 2^(63 + h) ln 2
    return h + 23 >= 0 ? ln2 << (h + 23) : ln2 >> -(h + 23);
  };
  if (e != 0 && x.significand - one <= reach(half_spacing_exponent(e, e < 0))) r.ceil = e;
  const std::int32_t next = e + 1;
  // Below 2^next the distance is counted in units of 2^(next - 64).
  if (next != 0 && 0 - x.significand <= 2 * reach(half_spacing_exponent(next, next > 0))) {
    r.floor = next;
  }
  return r;
}

}  // namespace detail

/// floor(log2f(x)) and ceil(log2f(x)) as programs write them: the logarithm is rounded to binary32
/// first, so that a value next to a large power of two counts as that power. x finite, > 0.
///
/// Error:  exact if log2f is correctly rounded there, as glibc's and numpy's are.
[[nodiscard]] constexpr std::int32_t floor_log2f(const recipe_float& x) noexcept {
  return detail::log2_through_binary32(x.exact()).floor;
}
[[nodiscard]] constexpr std::int32_t ceil_log2f(const recipe_float& x) noexcept {
  return detail::log2_through_binary32(x.exact()).ceil;
}

}  // namespace binade::inline v0
