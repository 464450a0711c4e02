// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

namespace binade::inline v0 {

/// A sum of numbers and of products of two numbers without any rounding: a fixed-point number wide
/// enough for every product of two binary64 values (so of any two values of any format), with room
/// for 2^63 of them. Posits call such a thing a quire.
///
/// NaN:    a NaN (NaR) that was added, infinity * 0, or infinities of both signs make the sum NaN;
///         otherwise an infinity makes it infinite.
/// Error:  exact; the order of the additions does not matter.
/// Cost:   544 bytes; an addition touches three words and the carry's.
/// Source: Kulisch, Computer Arithmetic and Validity (2013), chapter 8; Posit Standard (2022), 3.4.
class exact_accumulator {
 public:
  /// Adds x.
  constexpr void add(const unpacked& x) noexcept { add_product(x, unpack(1)); }

  /// Adds a * b. Both are exact: nothing was lost into bit 0 of their significands.
  constexpr void add_product(const unpacked& a, const unpacked& b) noexcept {
    const bool negative = a.negative != b.negative;
    const bool a_finite = a.kind == value_class::finite || a.kind == value_class::zero;
    const bool b_finite = b.kind == value_class::finite || b.kind == value_class::zero;
    if (!a_finite || !b_finite) {
      if (a.kind == value_class::nan || b.kind == value_class::nan || a.kind == value_class::zero ||
          b.kind == value_class::zero) {
        nan_ = true;
      } else {
        (negative ? negative_infinity_ : positive_infinity_) = true;
      }
      return;
    }
    if (a.kind == value_class::zero || b.kind == value_class::zero) return;
    const int a_zeros = countr_zero(a.significand);
    const int b_zeros = countr_zero(b.significand);
    const detail::wide_product p =
        detail::multiply_wide(a.significand >> a_zeros, b.significand >> b_zeros);
    const int lowest = (a.exponent - 63 + a_zeros) + (b.exponent - 63 + b_zeros);
    const auto at = static_cast<std::size_t>(lowest - lowest_exponent);
    const int shift = static_cast<int>(at % 64);
    const std::uint64_t parts[3] = {p.low << shift,
                                    p.high << shift | (shift == 0 ? 0 : p.low >> (64 - shift)),
                                    shift == 0 ? 0 : p.high >> (64 - shift)};
    bool carry = false;
    for (std::size_t i = 0; at / 64 + i < words && (i < 3 || carry); ++i) {
      const std::uint64_t part = i < 3 ? parts[i] : 0;
      std::uint64_t& word = words_[at / 64 + i];
      const std::uint64_t before = word;
      if (negative) {
        word = before - part - (carry ? 1 : 0);
        carry = before < part || (before == part && carry);
      } else {
        word = before + part + (carry ? 1 : 0);
        carry = word < before || (word == before && carry);
      }
    }
  }

  /// The sum, to be rounded once. An exact zero is +0.
  [[nodiscard]] constexpr unpacked value() const noexcept { return value({1, 0}, {1, 0}); }

  /// integer * 2^exponent.
  struct ratio_part {
    std::uint64_t integer = 1;
    int exponent = 0;
  };

  /// The sum times `factor` over `divisor`, to be rounded once. Needs positive integers below 2^48,
  /// and room in the accumulator for the sum times factor.integer.
  [[nodiscard]] constexpr unpacked value(ratio_part factor, ratio_part divisor) const noexcept {
    if (nan_ || (positive_infinity_ && negative_infinity_)) return detail::make_nan();
    if (positive_infinity_ || negative_infinity_) {
      return detail::make_special(value_class::infinity, negative_infinity_);
    }
    // Two more words below, so that a quotient keeps 64 bits and more.
    constexpr std::size_t below = 2;
    std::uint64_t magnitude[words + below] = {};
    const bool negative = (words_[words - 1] >> 63) != 0;
    bool carry = negative;
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint64_t word = negative ? ~words_[i] : words_[i];
      magnitude[below + i] = word + (carry ? 1 : 0);
      carry = carry && magnitude[below + i] == 0;
    }
    std::uint64_t over = 0;
    for (std::uint64_t& word : magnitude) {
      const detail::wide_product p = detail::multiply_wide(word, factor.integer);
      word = p.low + over;
      over = p.high + (word < over ? 1 : 0);
    }
    std::uint64_t rest = 0;
    for (std::size_t i = words + below; i-- > 0;) {
      std::uint64_t quotient = 0;
      for (int digit = 3; digit >= 0; --digit) {
        rest = rest << 16 | (magnitude[i] >> 16 * digit & 0xffff);
        quotient = quotient << 16 | rest / divisor.integer;
        rest %= divisor.integer;
      }
      magnitude[i] = quotient;
    }
    std::size_t top = words + below;
    while (top > 0 && magnitude[top - 1] == 0) --top;
    if (top == 0) return detail::make_special(value_class::zero, false);
    --top;
    const int zeros = countl_zero(magnitude[top]);
    unpacked sum;
    sum.kind = value_class::finite;
    sum.negative = negative;
    sum.exponent = lowest_exponent + 64 * (static_cast<int>(top) - static_cast<int>(below)) + 63 -
                   zeros + factor.exponent - divisor.exponent;
    sum.significand = magnitude[top] << zeros;
    std::uint64_t lost = rest;
    if (top > 0) {
      if (zeros > 0) sum.significand |= magnitude[top - 1] >> (64 - zeros);
      lost |= magnitude[top - 1] << zeros;
      for (std::size_t i = 0; i + 1 < top; ++i) lost |= magnitude[i];
    }
    if (lost != 0) sum.significand |= 1;
    return sum;
  }

 private:
  // The square of the smallest binary64 is 2^-2148, that of the largest below 2^2048: with 63 bits
  // for the number of products and a sign, 4260 bits from 2^-2176 on leave some at both ends.
  static constexpr int lowest_exponent = -2176;
  static constexpr std::size_t words = 68;

  std::uint64_t words_[words] = {};  // two's complement, lowest first
  bool nan_ = false;
  bool positive_infinity_ = false;
  bool negative_infinity_ = false;
};

/// A list of numbers: a span, vector, array, packed_span, or other random-access range.
template <class R>
concept number_list = requires(const R& list) {
  { std::begin(list) } -> std::random_access_iterator;
  { std::size(list) } -> std::convertible_to<std::size_t>;
  requires number<std::iter_value_t<decltype(std::begin(list))>>;
};

namespace detail {

/// An exact value as a `To`, by the policies or To's own.
template <conversion_target To, conversion_policy... Policies>
constexpr To pack_exact(const unpacked& x, const Policies&... policies) noexcept {
  conversion_rules rules = default_rules<To>();
  (apply_rule(rules, policies), ...);
  return pack_value<To>(x, choose_rounding<To>(policies...), rules);
}

[[noreturn]] inline void refuse_lengths(std::size_t a, std::size_t b) {
  BINADE_THROW(error{"exact_dot: a has " + std::to_string(a) + " elements but b has " +
                     std::to_string(b) + "; they must be equal"});
}

/// Row `row` of an operand, without its tensor scale; exact if packed or no wider than binary32.
inline std::vector<unpacked> exact_row(const operand& o, const char* name, std::size_t row) {
  reference::check_operand("exact_dot", name, o, o.shape().rank());
  if (row >= o.shape().row_count()) {
    BINADE_THROW(error{"exact_dot: " + std::string(name) + " is " + to_string(o.shape()) +
                       " and has no row " + std::to_string(row) + "; it has " +
                       std::to_string(o.shape().row_count())});
  }
  std::vector<unpacked> values(o.shape().row_length());
  if (!o.packed()) {
    std::vector<float> floats(values.size());
    o.read_row(row, floats.data());
    std::ranges::transform(floats, values.begin(), [](const float& x) {
      return reference::unpack_bits(bit_cast<std::uint32_t>(x));
    });
    return values;
  }
  any_packed_view packed = *o.packed();
  packed.description.tensor_scale = tensor_scale_kind::none;
  const reference::code_values codes(packed.description.element);
  reference::for_each_exact_value(packed, codes, row,
                                  [&values](std::size_t i, const unpacked& v) { values[i] = v; });
  return values;
}

/// What the tensor scales of two operands multiply (or divide) a product by; finite and positive
/// ones only.
///
/// Throws: error for others.
inline exact_accumulator::ratio_part tensor_factor(const operand& a, const operand& b,
                                                   tensor_scale_kind kind) {
  exact_accumulator::ratio_part part;
  for (const operand* o : {&a, &b}) {
    const std::optional<any_packed_view>& side = o->packed();
    if (!side || side->description.tensor_scale != kind) continue;
    const unpacked t = unpack(side->tensor_scale);
    if (t.kind != value_class::finite || t.negative) {
      BINADE_THROW(error{"exact_dot: a tensor scale is " + std::to_string(side->tensor_scale) +
                         "; allowed are finite positive ones"});
    }
    const int zeros = countr_zero(t.significand);
    part.integer *= t.significand >> zeros;  // 24 bits each
    part.exponent += t.exponent - 63 + zeros;
  }
  return part;
}

}  // namespace detail

/// The dot product of two vectors as if computed exactly, rounded once.
///
/// To:       float, double or a format; policies as for `convert`, by default those of `To`.
/// Shapes:   a[n], b[n], of any number types.
/// NaN:      see exact_accumulator. An exact zero is +0, also if every product is -0.
/// Error:    correctly rounded.
/// Throws:   error if the lengths differ.
template <conversion_target To = float, number_list A, number_list B, conversion_policy... Policies>
[[nodiscard]] constexpr To exact_dot(const A& a, const B& b, const Policies&... policies) {
  const std::size_t n = std::size(a);
  if (n != std::size(b)) {
    detail::refuse_lengths(n, std::size(b));
  }
  exact_accumulator sum;
  auto x = std::begin(a);
  auto y = std::begin(b);
  using a_value = std::iter_value_t<decltype(x)>;
  using b_value = std::iter_value_t<decltype(y)>;
  for (std::size_t i = 0; i < n; ++i, ++x, ++y) {
    sum.add_product(unpack(static_cast<a_value>(*x)), unpack(static_cast<b_value>(*y)));
  }
  return detail::pack_exact<To>(sum.value(), policies...);
}

/// The same of two vectors with strides.
///
/// Throws: error if a rank is not 1 or the lengths differ.
template <conversion_target To = float, class A, class B, conversion_policy... Policies>
  requires number<std::remove_const_t<A>> && number<std::remove_const_t<B>>
[[nodiscard]] To exact_dot(const tensor_view<A>& a, const tensor_view<B>& b,
                           const Policies&... policies) {
  if (a.rank() != 1 || b.rank() != 1) {
    BINADE_THROW(error{"exact_dot: a is " + to_string(a.shape()) + " and b is " +
                       to_string(b.shape()) + "; both must have rank 1"});
  }
  if (a.size() != b.size()) detail::refuse_lengths(a.size(), b.size());
  exact_accumulator sum;
  for (std::size_t i = 0; i < a.size(); ++i) sum.add_product(unpack(a(i)), unpack(b(i)));
  return detail::pack_exact<To>(sum.value(), policies...);
}

/// The same of row `a_row` of a packed tensor and row `b_row` of another, all scales included.
///
/// Shapes: rows run along the last axis, as must blocks; row numbers count in logical order.
/// NaN:    a NaN element or block scale makes the result NaN.
/// Error:  correctly rounded.
/// Throws: error if there is no such row, the lengths differ, sizes or axes do not fit, or a tensor
///         scale is not finite and positive.
template <conversion_target To = float, conversion_policy... Policies>
[[nodiscard]] To exact_dot(const any_packed_view& a, std::size_t a_row, const any_packed_view& b,
                           std::size_t b_row, const Policies&... policies) {
  const std::vector<unpacked> x = detail::exact_row(a, "a", a_row);
  const std::vector<unpacked> y = detail::exact_row(b, "b", b_row);
  if (x.size() != y.size()) detail::refuse_lengths(x.size(), y.size());
  const auto factor = detail::tensor_factor(a, b, tensor_scale_kind::multiplier);
  const auto divisor = detail::tensor_factor(a, b, tensor_scale_kind::divisor);
  exact_accumulator sum;
  for (std::size_t i = 0; i < x.size(); ++i) sum.add_product(x[i], y[i]);
  return detail::pack_exact<To>(sum.value(factor, divisor), policies...);
}

/// The same of two packed vectors.
///
/// Throws: as above, and error if a rank is not 1.
template <conversion_target To = float, conversion_policy... Policies>
[[nodiscard]] To exact_dot(const any_packed_view& a, const any_packed_view& b,
                           const Policies&... policies) {
  reference::check_operand("exact_dot", "a", a, 1);
  reference::check_operand("exact_dot", "b", b, 1);
  return exact_dot<To>(a, 0, b, 0, policies...);
}

}  // namespace binade::inline v0
