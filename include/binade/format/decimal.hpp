// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/codec.hpp"

#include <cstdint>

// Decimal digits to exact values and back, in integers of a fixed size: what text.hpp stands on.

namespace binade::inline v0::detail {

/// An unsigned integer of at most 32 * Words bits. Nothing checks for overflow: decimal_limits
/// chooses Words so that there is none.
template <int Words>
struct big_integer {
  std::uint32_t words[Words]{};
  int size = 0;  ///< words in use; the highest of them is not 0

  constexpr big_integer() = default;
  explicit constexpr big_integer(std::uint64_t x) noexcept {
    for (; x != 0; x >>= 32) words[size++] = static_cast<std::uint32_t>(x);
  }

  constexpr void multiply_add(std::uint32_t factor, std::uint32_t addend) noexcept {
    std::uint64_t carry = addend;
    for (int i = 0; i < size; ++i) {
      carry += std::uint64_t{words[i]} * factor;
      words[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words[size++] = static_cast<std::uint32_t>(carry);
  }

  constexpr void multiply_by_5s(int count) noexcept {
    constexpr std::uint32_t thirteen_5s = 1220703125;  // 5^13, the most that fit into 32 bits
    for (; count >= 13; count -= 13) multiply_add(thirteen_5s, 0);
    std::uint32_t rest = 1;
    for (; count > 0; --count) rest *= 5;
    multiply_add(rest, 0);
  }

  /// Divides by `divisor` and returns the remainder.
  constexpr std::uint32_t divide(std::uint32_t divisor) noexcept {
    std::uint64_t rest = 0;
    for (int i = size - 1; i >= 0; --i) {
      rest = (rest << 32) | words[i];
      words[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    while (size > 0 && words[size - 1] == 0) --size;
    return static_cast<std::uint32_t>(rest);
  }

  constexpr void shift_left(int n) noexcept {
    if (size == 0) return;
    const int whole = n / 32;
    const int part = n % 32;
    for (int i = size - 1 + whole; i >= 0; --i) words[i] = i >= whole ? words[i - whole] : 0;
    size += whole;
    if (part == 0) return;
    std::uint32_t carry = 0;
    for (int i = whole; i < size; ++i) {
      const std::uint32_t word = words[i];
      words[i] = (word << part) | carry;
      carry = word >> (32 - part);
    }
    if (carry != 0) words[size++] = carry;
  }

  /// Subtracts `x`, which is not larger.
  constexpr void subtract(const big_integer& x) noexcept {
    std::uint64_t borrow = 0;
    for (int i = 0; i < size; ++i) {
      const std::uint64_t taken = borrow + (i < x.size ? x.words[i] : 0);
      borrow = words[i] < taken ? 1 : 0;
      words[i] = static_cast<std::uint32_t>(words[i] - taken);
    }
    while (size > 0 && words[size - 1] == 0) --size;
  }

  [[nodiscard]] constexpr bool less_than(const big_integer& x) const noexcept {
    if (size != x.size) return size < x.size;
    for (int i = size - 1; i >= 0; --i) {
      if (words[i] != x.words[i]) return words[i] < x.words[i];
    }
    return false;
  }

  [[nodiscard]] constexpr int bit_count() const noexcept {
    return size == 0 ? 0 : 32 * (size - 1) + bit_width(words[size - 1]);
  }

  [[nodiscard]] constexpr std::uint64_t bits_at(int position) const noexcept {  // 64 of them
    std::uint64_t bits = 0;
    for (int i = size - 1; i >= 0; --i) {
      const int offset = 32 * i - position;  // where this word goes
      if (offset >= 64 || offset <= -32) continue;
      bits |= offset >= 0 ? std::uint64_t{words[i]} << offset : words[i] >> -offset;
    }
    return bits;
  }

  [[nodiscard]] constexpr bool any_bit_below(int position) const noexcept {
    for (int i = 0; i < size && 32 * i < position; ++i) {
      const int bits = position - 32 * i;
      if ((words[i] & low_mask(bits < 32 ? bits : 32)) != 0) return true;
    }
    return false;
  }
};

/// A value whose 64 highest bits are `bits`, the last at 2^exponent, and which is larger than that
/// if `sticky`. The mark of something below goes to bit 1, not 0, so that it survives the shift by
/// one with which `add` makes room for a carry.
constexpr unpacked make_sticky(bool negative, std::uint64_t bits, std::int64_t exponent,
                               bool sticky) noexcept {
  // Far beyond every format, and far from the ends of the exponent's type.
  constexpr std::int64_t limit = std::int64_t{1} << 20;
  unpacked u = make_finite(negative, bits, 0);
  const std::int64_t top = u.exponent + exponent;
  u.exponent = static_cast<std::int32_t>(top > limit ? limit : (top < -limit ? -limit : top));
  if (sticky || (u.significand & 3) != 0) u.significand = (u.significand & ~std::uint64_t{3}) | 2;
  return u;
}

/// Exponent of the nonzero value closest to zero.
template <class S>
constexpr int least_magnitude_exponent(const S& s) noexcept {
  return decode(s, describe(s).smallest).exponent;
}
template <int Count>
constexpr int least_magnitude_exponent(const codebook_spec<Count>& s) noexcept {
  int least = 1 << 20;
  for (int i = 0; i < Count; ++i) {
    const unpacked v = codebook_value(s, i);
    if (v.kind == value_class::finite && v.exponent < least) least = v.exponent;
  }
  return least;
}

/// Exponent of the value farthest from zero.
template <class S>
constexpr int largest_magnitude_exponent(const S& s) noexcept {
  const unpacked above = decode(s, describe(s).largest);
  const unpacked below = decode(s, describe(s).lowest);
  return above.exponent > below.exponent ? above.exponent : below.exponent;
}

/// At least as many as the decimal digits of an integer below 2^n, with one to spare.
constexpr int decimal_digits_bound(int n) noexcept { return n <= 0 ? 1 : n * 31 / 100 + 2; }

/// How much of a decimal number a format can tell apart.
///
/// A value has at most `precision` bits, the lowest of them not below 2^(least - precision + 1),
/// where `least` is the exponent of the smallest magnitude. What decides about a rounding (a value,
/// a midpoint, a threshold of stochastic rounding with 32 random bits and one more) is therefore a
/// multiple of 2^-(precision + 33 - least), and that is how many decimals it has at most. Of a
/// longer number it is enough to know whether something nonzero follows.
struct decimal_limits {
  int kept_digits;         ///< of a number, from its first nonzero digit on
  int highest_position;    ///< a number whose first digit counts more than 10^this overflows
  int lowest_position;     ///< a number whose first digit counts less is next to nothing
  int significant_digits;  ///< enough for any value
  int words;               ///< enough for all calculations

  template <class S>
  static constexpr decimal_limits of(const S& s) noexcept {
    const carrier c = carrier_of(s);
    const int precision = c == carrier::bfloat16 ? 8 : (c == carrier::binary32 ? 24 : 53);
    const int least = least_magnitude_exponent(s);
    const int decimals = least < precision + 33 ? precision + 33 - least : 0;
    const int integer_digits = decimal_digits_bound(largest_magnitude_exponent(s) + 2);
    decimal_limits d{};
    d.kept_digits = integer_digits + decimals;
    d.highest_position = integer_digits;
    d.lowest_position = -decimal_digits_bound(decimals) - 1;
    // m * 2^-n is m * 5^n / 10^n, and 5^n has 0.7 n digits.
    const int fives = least < precision ? precision - 1 - least : 0;
    const int fraction_digits = decimal_digits_bound(precision) + fives * 7 / 10 + 1;
    d.significant_digits =
        shared_size(fraction_digits > integer_digits ? fraction_digits : integer_digits, 72, 240);
    // A decimal integer takes 10/3 bits a digit, 5^n takes 7n/3; and some bits for alignment.
    const int numerator = d.kept_digits * 10 / 3;
    const int denominator = (d.kept_digits - d.lowest_position) * 7 / 3;
    d.words =
        shared_size(((numerator > denominator ? numerator : denominator) + 128) / 32 + 1, 20, 48);
    return d;
  }

  /// The sizes are template arguments of everything below: two of them, for small formats and for
  /// takums, serve the whole catalogue, and the code is compiled twice.
  static constexpr int shared_size(int size, int small, int large) noexcept {
    return size <= small ? small : (size <= large ? large : size);
  }
};

/// The number d.ddd... * 10^exponent, without zeros at its end.
template <int Digits>
struct decimal_number {
  std::uint8_t digits[Digits]{};
  int count = 0;
  int exponent = 0;
};

/// Collects the digits of a decimal number, first digit first, and gives its value: exact as far as
/// the format of the limits can tell.
template <int Words>
class decimal_reader {
 public:
  explicit constexpr decimal_reader(const decimal_limits& limits) noexcept : limits_(limits) {}

  /// Appends a digit; the first one is not 0.
  constexpr void append(unsigned digit) noexcept {
    if (count_ == limits_.kept_digits) {
      sticky_ = sticky_ || digit != 0;
      return;
    }
    if (count_ == 0) {
      value_ = big_integer<Words>(digit);
    } else {
      value_.multiply_add(10, digit);
    }
    ++count_;
  }

  /// The value, if the first digit counts 10^position.
  [[nodiscard]] constexpr unpacked value(bool negative, std::int64_t position) const noexcept {
    if (position > limits_.highest_position) return make_sticky(negative, 1, 1 << 20, true);
    if (position < limits_.lowest_position) return make_sticky(negative, 1, -(1 << 20), true);
    big_integer<Words> integer = value_;
    const int exponent = static_cast<int>(position) - (count_ - 1);  // of its last digit
    if (exponent >= 0) {
      integer.multiply_by_5s(exponent);
      const int low = integer.bit_count() - 64;
      return make_sticky(negative, integer.bits_at(low), std::int64_t{low} + exponent,
                         sticky_ || integer.any_bit_below(low));
    }
    big_integer<Words> divisor(1);
    divisor.multiply_by_5s(-exponent);
    const int shift = integer.bit_count() - divisor.bit_count();
    if (shift < 0) integer.shift_left(-shift);
    if (shift > 0) divisor.shift_left(shift);
    std::uint64_t quotient = 0;  // of at least 63 bits, since the quotient is above 1/2
    for (int i = 0; i < 64; ++i) {
      quotient <<= 1;
      if (!integer.less_than(divisor)) {
        integer.subtract(divisor);
        quotient |= 1;
      }
      integer.shift_left(1);
    }
    return make_sticky(negative, quotient, std::int64_t{shift} - 63 + exponent,
                       sticky_ || integer.size != 0);
  }

 private:
  decimal_limits limits_;
  big_integer<Words> value_{};
  int count_ = 0;
  bool sticky_ = false;
};

/// All digits of a finite value other than zero, without its sign.
template <int Words, int Digits>
constexpr decimal_number<Digits> exact_decimal(const unpacked& x) noexcept {
  const int zeros = countr_zero(x.significand);
  const int exponent = x.exponent - 63 + zeros;  // of the lowest set bit
  big_integer<Words> integer(x.significand >> zeros);
  if (exponent >= 0) {
    integer.shift_left(exponent);
  } else {
    integer.multiply_by_5s(-exponent);
  }
  // The digits come out last first, nine at a time.
  std::uint8_t reversed[Digits + 9]{};
  int length = 0;
  while (integer.size != 0) {
    std::uint32_t nine = integer.divide(1000000000);
    for (int i = 0; i < 9 && (nine != 0 || integer.size != 0); ++i, nine /= 10) {
      reversed[length++] = static_cast<std::uint8_t>(nine % 10);
    }
  }
  decimal_number<Digits> d{};
  d.exponent = length - 1 + (exponent < 0 ? exponent : 0);
  int last = 0;
  while (reversed[last] == 0) ++last;
  while (length > last) d.digits[d.count++] = reversed[--length];
  return d;
}

}  // namespace binade::inline v0::detail
