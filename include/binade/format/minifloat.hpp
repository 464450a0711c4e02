// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"

#include <compare>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0 {

/// A value type of a low-precision number format: a class derived from `minifloat` with a `spec`.
template <class T>
concept format = requires {
  typename T::format_tag;
  requires format_spec<std::remove_cvref_t<decltype(T::spec)>>;
};

/// A built-in number.
template <class T>
concept builtin_number = std::same_as<T, float> || std::same_as<T, double> || std::integral<T>;

/// Whatever `convert` takes: built-in numbers, formats, and types that opt-in headers add by an
/// overload of `unpack`.
template <class T>
concept number = requires(const T& x) {
  { unpack(x) } -> std::same_as<unpacked>;
};

/// The policies that a format uses where a call names none: at most 8 bits: nearest even, finite;
/// wider: nearest even, none; HiF8 rounds ties away. Its spec may hold its own, see `hif8`.
template <class F>
struct default_policies {
  static constexpr bool narrow = F::bit_count <= 8;
  using rounding =
      std::conditional_t<std::same_as<std::remove_cvref_t<decltype(F::spec)>, hif8_spec>,
                         rounding::ties_to_away, rounding::ties_to_even>;
  static constexpr conversion_rules rules{.saturation = narrow ? saturation_mode::finite
                                                               : saturation_mode::none};
  /// Arithmetic keeps infinities that are operands or quotients by zero.
  static constexpr conversion_rules arithmetic_rules{
      .saturation = narrow ? saturation_mode::propagate : saturation_mode::none};
};

namespace detail {

/// Whether x / 0 is NaN although there are infinities: P3109, where zero has no sign.
BINADE_HD constexpr bool quotient_by_zero_is_nan(const float_spec& s) noexcept {
  return s.infinity == infinity_codes::largest;
}
template <class S>
BINADE_HD constexpr bool quotient_by_zero_is_nan(const S&) noexcept {
  return false;
}

}  // namespace detail

/// Base of every format: `struct e4m3fn : minifloat<e4m3fn, 8> { using minifloat::minifloat;
/// static constexpr float_spec spec{...}; };`
///
/// A value is its code: trivially copyable, one byte for at most 8 bits.
/// NaN:    comparisons with NaN are false (posits and takums: NaR equals itself and is the least).
/// Error:  arithmetic is as if exact, rounded once by the format's default rounding; overflow gives
///         the largest finite value in formats of at most 8 bits, else infinity. A quotient by zero
///         is infinity (else NaN, else the largest finite value); in P3109 it is NaN.
template <class Derived, int Bits>
class minifloat {
  static_assert(Bits >= 1 && Bits <= 32);

 public:
  using format_tag = void;
  using storage_type =
      std::conditional_t<(Bits <= 8), std::uint8_t,
                         std::conditional_t<(Bits <= 16), std::uint16_t, std::uint32_t>>;
  static constexpr int bit_count = Bits;  ///< bits of a packed code

  minifloat() = default;

  /// The nearest value under the format's default policies.
  template <class T>
    requires(!std::same_as<T, Derived> && number<T>)
  BINADE_HD explicit constexpr minifloat(T x) noexcept : bits_(from_exact(unpack(x)).bits()) {}

  /// The value with code `code`; bits above the format's are ignored.
  [[nodiscard]] BINADE_HD static constexpr Derived from_bits(std::uint32_t code) noexcept {
    constexpr int width = describe(Derived::spec).code_bits;
    Derived x;
    x.bits_ = static_cast<storage_type>(code & low_mask(width));
    return x;
  }
  [[nodiscard]] BINADE_HD constexpr storage_type bits() const noexcept { return bits_; }

  /// An exact value rounded by the given policies, or by the format's own.
  template <rounding_policy R>
  [[nodiscard]] BINADE_HD static constexpr Derived from_exact(const unpacked& x, const R& rounding,
                                                              conversion_rules rules) noexcept {
    constexpr auto spec = Derived::spec;
    Derived result;
    result.bits_ = static_cast<storage_type>(encode(spec, x, rounding, rules));
    return result;
  }
  [[nodiscard]] BINADE_HD static constexpr Derived from_exact(const unpacked& x) noexcept {
    constexpr conversion_rules rules = default_policies<Derived>::rules;
    return from_exact(x, typename default_policies<Derived>::rounding{}, rules);
  }

  /// The exact value.
  [[nodiscard]] BINADE_HD friend constexpr unpacked unpack(const Derived& x) noexcept {
    constexpr auto spec = Derived::spec;
    return decode(spec, x.bits());
  }

  /// The value in binary32: implicit where every value of the format is a float, else rounded.
  BINADE_HD constexpr operator float() const noexcept
    requires(Derived::exact_in() != carrier::binary64)
  {
    return to_float(exact());
  }
  BINADE_HD explicit constexpr operator float() const noexcept
    requires(Derived::exact_in() == carrier::binary64)
  {
    return to_float(exact());
  }
  BINADE_HD explicit constexpr operator double() const noexcept
    requires(Derived::exact_in() == carrier::binary64)
  {
    return to_double(exact());
  }
  /// The value truncated to an integer; undefined, as for float, where it does not fit.
  template <std::integral T>
  BINADE_HD explicit constexpr operator T() const noexcept {
    return static_cast<T>(to_double(exact()));
  }

  /// The narrowest type that holds every value of the format.
  [[nodiscard]] BINADE_HD static constexpr carrier exact_in() noexcept {
    constexpr carrier c = carrier_of(Derived::spec);
    return c;
  }

  // Arithmetic: as if exact, rounded once.
  [[nodiscard]] BINADE_HD friend constexpr Derived operator+(Derived a, Derived b) noexcept {
    return rounded(add(unpack(a), unpack(b)));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived operator-(Derived a, Derived b) noexcept {
    return rounded(add(unpack(a), negate(unpack(b))));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived operator*(Derived a, Derived b) noexcept {
    return rounded(multiply(unpack(a), unpack(b)));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived operator/(Derived a, Derived b) noexcept {
    constexpr bool nan_at_zero = detail::quotient_by_zero_is_nan(Derived::spec);
    if (nan_at_zero && kind(b) == value_class::zero) return rounded(detail::make_nan());
    return rounded(divide(unpack(a), unpack(b)));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived fma(Derived a, Derived b, Derived c) noexcept {
    return rounded(multiply_add(unpack(a), unpack(b), unpack(c)));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived sqrt(Derived x) noexcept {
    return rounded(square_root(unpack(x)));
  }
  /// -x; +0 stays +0 where the format has no -0.
  [[nodiscard]] BINADE_HD friend constexpr Derived operator-(Derived x) noexcept {
    return rounded(negate(unpack(x)));
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived operator+(Derived x) noexcept { return x; }
  BINADE_HD friend constexpr Derived& operator+=(Derived& a, Derived b) noexcept {
    return a = a + b;
  }
  BINADE_HD friend constexpr Derived& operator-=(Derived& a, Derived b) noexcept {
    return a = a - b;
  }
  BINADE_HD friend constexpr Derived& operator*=(Derived& a, Derived b) noexcept {
    return a = a * b;
  }
  BINADE_HD friend constexpr Derived& operator/=(Derived& a, Derived b) noexcept {
    return a = a / b;
  }

  // Comparisons, by value: -0 == +0, NaN is unordered (NaR is the least and equals itself).
  [[nodiscard]] BINADE_HD friend constexpr bool operator==(Derived a, Derived b) noexcept {
    return !unordered(a, b) && key(a) == key(b);
  }
  // Spelled out, since std::partial_ordering does not compare in device code.
  [[nodiscard]] BINADE_HD friend constexpr bool operator<(Derived a, Derived b) noexcept {
    return !unordered(a, b) && key(a) < key(b);
  }
  [[nodiscard]] BINADE_HD friend constexpr bool operator<=(Derived a, Derived b) noexcept {
    return !unordered(a, b) && key(a) <= key(b);
  }
  [[nodiscard]] BINADE_HD friend constexpr bool operator>(Derived a, Derived b) noexcept {
    return b < a;
  }
  [[nodiscard]] BINADE_HD friend constexpr bool operator>=(Derived a, Derived b) noexcept {
    return b <= a;
  }
  [[nodiscard]] BINADE_HD friend constexpr std::partial_ordering operator<=>(Derived a,
                                                                             Derived b) noexcept {
    if (unordered(a, b)) return std::partial_ordering::unordered;
    const std::int64_t ka = key(a);
    const std::int64_t kb = key(b);
    if (ka == kb) return std::partial_ordering::equivalent;
    return ka < kb ? std::partial_ordering::less : std::partial_ordering::greater;
  }

  [[nodiscard]] BINADE_HD friend constexpr bool isnan(Derived x) noexcept {
    return kind(x) == value_class::nan;
  }
  [[nodiscard]] BINADE_HD friend constexpr bool isinf(Derived x) noexcept {
    return kind(x) == value_class::infinity;
  }
  [[nodiscard]] BINADE_HD friend constexpr bool isfinite(Derived x) noexcept {
    return kind(x) == value_class::finite || kind(x) == value_class::zero;
  }
  /// Whether the sign is negative; NaR, unsigned NaN and unsigned zero have none.
  [[nodiscard]] BINADE_HD friend constexpr bool signbit(Derived x) noexcept {
    return unpack(x).negative;
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived abs(Derived x) noexcept {
    return signbit(x) ? -x : x;
  }
  [[nodiscard]] BINADE_HD friend constexpr Derived fabs(Derived x) noexcept { return abs(x); }
  [[nodiscard]] BINADE_HD friend constexpr Derived copysign(Derived size, Derived sign) noexcept {
    return signbit(size) == signbit(sign) ? size : -size;
  }
  /// Exponent of the leading bit. Infinity: INT_MAX; NaN and zero: INT_MIN.
  [[nodiscard]] BINADE_HD friend constexpr int ilogb(Derived x) noexcept {
    const unpacked u = unpack(x);
    if (u.kind == value_class::finite) return u.exponent;
    return u.kind == value_class::infinity ? 0x7fffffff : -0x7fffffff - 1;
  }
  /// The next larger value; the largest value and NaN stay.
  [[nodiscard]] BINADE_HD friend constexpr Derived next_up(Derived x) noexcept {
    return step(x, 1);
  }
  /// The next smaller value; the smallest value and NaN stay.
  [[nodiscard]] BINADE_HD friend constexpr Derived next_down(Derived x) noexcept {
    return step(x, -1);
  }
  /// The next value after x toward `to`; NaN if either is NaN and the format has one.
  [[nodiscard]] BINADE_HD friend constexpr Derived nextafter(Derived x, Derived to) noexcept {
    if (isnan(x)) return x;
    if (isnan(to)) return to;
    if (key(x) == key(to)) return to;
    return step(x, key(x) < key(to) ? 1 : -1);
  }

 private:
  [[nodiscard]] BINADE_HD constexpr unpacked exact() const noexcept {
    constexpr auto spec = Derived::spec;
    return decode(spec, bits_);
  }
  [[nodiscard]] BINADE_HD static constexpr Derived rounded(const unpacked& x) noexcept {
    constexpr conversion_rules rules = default_policies<Derived>::arithmetic_rules;
    return from_exact(x, typename default_policies<Derived>::rounding{}, rules);
  }
  [[nodiscard]] BINADE_HD static constexpr std::int64_t key(Derived x) noexcept {
    constexpr auto spec = Derived::spec;
    return order_key(spec, x.bits());
  }
  [[nodiscard]] BINADE_HD static constexpr value_class kind(Derived x) noexcept {
    constexpr auto spec = Derived::spec;
    return classify(spec, x.bits());
  }
  [[nodiscard]] BINADE_HD static constexpr bool unordered(Derived a, Derived b) noexcept {
    constexpr bool ordered = describe(Derived::spec).nan_is_ordered;
    return !ordered && (isnan(a) || isnan(b));
  }
  [[nodiscard]] BINADE_HD static constexpr Derived step(Derived x, std::int64_t by) noexcept {
    constexpr auto spec = Derived::spec;
    constexpr code_description d = describe(spec);
    constexpr std::int64_t largest = order_key(spec, d.largest) + (d.has_infinity ? 1 : 0);
    constexpr std::int64_t lowest =
        order_key(spec, d.lowest) - (d.has_infinity && d.is_signed ? 1 : 0);
    if (isnan(x)) return x;
    const std::int64_t next = key(x) + by;
    return next < lowest || next > largest
               ? x
               : Derived::from_bits(static_cast<std::uint32_t>(code_from_order_key(spec, next)));
  }

  storage_type bits_;
};

// No operator takes two different formats: both would otherwise become float.
template <format A, format B>
  requires(!std::same_as<A, B>)
void operator+(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
void operator-(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
void operator*(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
void operator/(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
bool operator==(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
bool operator<(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
bool operator<=(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
bool operator>(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
bool operator>=(A, B) = delete;
template <format A, format B>
  requires(!std::same_as<A, B>)
std::partial_ordering operator<=>(A, B) = delete;

}  // namespace binade::inline v0
