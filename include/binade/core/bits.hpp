// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0 {

/// An unsigned integer of 32 or 64 bits: what the functions below count in. Smaller types are
/// widened by the caller, so that nobody has to guess in which width leading zeros are counted.
template <class T>
concept machine_word = std::unsigned_integral<T> && (sizeof(T) == 4 || sizeof(T) == 8);

/// The object of type `To` that has the bytes of `from`.
template <class To, class From>
  requires(sizeof(To) == sizeof(From) && std::is_trivially_copyable_v<To> &&
           std::is_trivially_copyable_v<From>)
[[nodiscard]] constexpr BINADE_HD To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}

/// Number of zero bits above the highest set bit of `x`; the width of the type if `x` is 0.
template <machine_word T>
[[nodiscard]] constexpr BINADE_HD int countl_zero(T x) noexcept {
  if (x == 0) return static_cast<int>(8 * sizeof(T));
  if constexpr (sizeof(T) == 4) {
    return __builtin_clz(static_cast<unsigned>(x));
  } else {
    return __builtin_clzll(static_cast<unsigned long long>(x));
  }
}

/// Number of zero bits below the lowest set bit of `x`; the width of the type if `x` is 0.
template <machine_word T>
[[nodiscard]] constexpr BINADE_HD int countr_zero(T x) noexcept {
  // The lowest set bit alone, counted from above: nvcc has no __builtin_ctz in device code.
  const T lowest = static_cast<T>(x & (T{0} - x));
  return x == 0 ? static_cast<int>(8 * sizeof(T))
                : static_cast<int>(8 * sizeof(T) - 1) - countl_zero(lowest);
}

/// Number of set bits of `x`.
template <machine_word T>
[[nodiscard]] constexpr BINADE_HD int popcount(T x) noexcept {
  if constexpr (sizeof(T) == 4) {
    return __builtin_popcount(static_cast<unsigned>(x));
  } else {
    return __builtin_popcountll(static_cast<unsigned long long>(x));
  }
}

/// Number of bits that `x` needs: 0 for 0, else the index of the highest set bit plus 1.
template <machine_word T>
[[nodiscard]] constexpr BINADE_HD int bit_width(T x) noexcept {
  return static_cast<int>(8 * sizeof(T)) - countl_zero(x);
}

/// The integer whose `n` lowest bits are set. Needs 0 <= n <= 64.
[[nodiscard]] constexpr BINADE_HD std::uint64_t low_mask(int n) noexcept {
  return n == 0 ? 0 : ~std::uint64_t{0} >> (64 - n);
}

/// Index of the highest set bit of `x`, which is floor(log2(x)). Needs x != 0.
[[nodiscard]] constexpr BINADE_HD int top_bit(std::uint64_t x) noexcept {
  return 63 - __builtin_clzll(static_cast<unsigned long long>(x));
}

/// `x` shifted right by `n`, with bit 0 set if a set bit was shifted out ("sticky"). Needs n >= 0;
/// n >= 64 is allowed.
///
/// Post: zero exactly if x is zero. A rounding that looks at least one bit above bit 0 decides
/// about the result as it
///       would about x / 2^n.
[[nodiscard]] constexpr BINADE_HD std::uint64_t shift_right_jam(std::uint64_t x, int n) noexcept {
  if (n >= 64) return x != 0;
  return x >> n | std::uint64_t{(x & low_mask(n)) != 0};
}

}  // namespace binade::inline v0
