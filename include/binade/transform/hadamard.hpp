// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/core/random.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"

#include <cstdint>

namespace binade::inline v0 {

/// A Hadamard transform of blocks of `size` elements with signs, as data: y = H D x, where H is
/// Sylvester's matrix, H[i][j] = (-1)^popcount(i & j), and D is diagonal with D[i] = 1 /
/// sqrt(size), negative where the sign's bit says so. D H is its inverse.
///
/// It spreads an outlier over its block, so that the block quantizes with less error. The operands
/// of a product that are transformed alike along the inner dimension keep their product.
struct hadamard {
  static constexpr int least_size = 16;
  static constexpr int greatest_size = 256;

  int size = 16;                              ///< 16, 32, 64, 128 or 256
  std::uint32_t signs[greatest_size / 32]{};  ///< bit i mod 32 of word i / 32: x[i] is negated

  [[nodiscard]] constexpr BINADE_HD bool has_valid_size() const noexcept {
    return size >= least_size && size <= greatest_size && (size & (size - 1)) == 0;
  }

  /// Bits of D[i] as a float. Error: D[i] is exact for sizes 16, 64 and 256, else rounded once.
  [[nodiscard]] constexpr BINADE_HD std::uint32_t factor_bits(int i) const noexcept {
    const int log2_size = countr_zero(static_cast<std::uint32_t>(size));
    const std::uint32_t largest = log2_size % 2 == 0 ? 0x3f800000U : 0x3f3504f3U;  // 1, sqrt(1/2)
    const std::uint32_t magnitude = largest - (static_cast<std::uint32_t>(log2_size / 2) << 23);
    return magnitude | (signs[i / 32] >> (i % 32) & 1U) << 31;
  }
};

/// The transform whose signs are random bits, one an element: `random_bits(seed, stream, i, 1)`.
///
/// A new stream gives new signs, as training recipes want them for each step.
[[nodiscard]] constexpr BINADE_HD hadamard random_hadamard(int size, std::uint64_t seed,
                                                           std::uint64_t stream = 0) noexcept {
  hadamard t{.size = size};
  for (int block = 0; block < 2; ++block) {
    const philox_block bits = random_block(seed, stream, static_cast<std::uint64_t>(block));
    for (int i = 0; i < 4; ++i) t.signs[4 * block + i] = bits.word[i];
  }
  return t;
}

/// What a transform is computed with: operations on binary32 that round each result to nearest even
/// and keep subnormal numbers, whatever the compiler's flags; `from_bits` makes a value.
template <class A>
concept binary32_operations = requires(const A& a, typename A::value x, std::uint32_t bits) {
  x = a.from_bits(bits);
  x = a.add(x, x);
  x = a.subtract(x, x);
  x = a.multiply(x, x);
};

/// The operations on bits, in integers: constexpr, and the same on every device. Every NaN that
/// they make is 0x7fc00000.
struct binary32_arithmetic {
  using value = std::uint32_t;

  [[nodiscard]] static constexpr BINADE_HD value from_bits(std::uint32_t bits) noexcept {
    return bits;
  }
  [[nodiscard]] static constexpr BINADE_HD value add(value a, value b) noexcept {
    return round(binade::add(unpack(a), unpack(b)));
  }
  [[nodiscard]] static constexpr BINADE_HD value subtract(value a, value b) noexcept {
    return round(binade::add(unpack(a), negate(unpack(b))));
  }
  [[nodiscard]] static constexpr BINADE_HD value multiply(value a, value b) noexcept {
    return round(binade::multiply(unpack(a), unpack(b)));
  }

 private:
  [[nodiscard]] static constexpr BINADE_HD unpacked unpack(value bits) noexcept {
    return decode(binary32_spec, bits);
  }
  [[nodiscard]] static constexpr BINADE_HD value round(const unpacked& x) noexcept {
    return static_cast<value>(
        encode(binary32_spec, x, rounding::ties_to_even{}, {.saturation = saturation_mode::none}));
  }
};
static_assert(binary32_operations<binary32_arithmetic>);

namespace detail {

/// x = H x: for h = 1, 2, 4, ..., size / 2 every pair (x[i], x[i + h]), where i has no bit h,
/// becomes (x[i] + x[i + h], x[i] - x[i + h]).
template <binary32_operations A>
constexpr BINADE_HD void butterflies(typename A::value* x, int size, const A& a) noexcept {
  for (int h = 1; h < size; h *= 2) {
    for (int pair = 0; pair < size / 2; ++pair) {
      const int i = 2 * pair - (pair & (h - 1));
      const typename A::value left = x[i];
      const typename A::value right = x[i + h];
      x[i] = a.add(left, right);
      x[i + h] = a.subtract(left, right);
    }
  }
}

/// x = D x.
template <binary32_operations A>
constexpr BINADE_HD void multiply_by_factors(const hadamard& t, typename A::value* x,
                                             const A& a) noexcept {
  for (int i = 0; i < t.size; ++i) x[i] = a.multiply(x[i], a.from_bits(t.factor_bits(i)));
}

}  // namespace detail

/// The definition of the transform of a block, in place: x = H D x. First the products with D, then
/// the butterflies with distances 1, 2, 4, ..., size / 2; each product, sum and difference is
/// rounded. The bits of every result but a NaN follow from this order.
///
/// Shapes: x[t.size], by default the bits of floats. Needs a valid size.
/// NaN:    a NaN makes the block NaN; one infinity makes it infinite, more make some of it NaN.
/// Error:  |y - H D x| <= 1.01 (log2(size) + 2) 2^-24 sum|x| / sqrt(size) + size 2^-149, unless a
///         sum overflows.
template <binary32_operations A = binary32_arithmetic>
constexpr BINADE_HD void transform_block(const hadamard& t, typename A::value* x,
                                         const A& a = {}) noexcept {
  detail::multiply_by_factors(t, x, a);
  detail::butterflies(x, t.size, a);
}

/// The definition of the inverse, in place: x = D H x, by the same butterflies and then the
/// products.
///
/// Shapes, NaN, Error: as of transform_block.
template <binary32_operations A = binary32_arithmetic>
constexpr BINADE_HD void inverse_transform_block(const hadamard& t, typename A::value* x,
                                                 const A& a = {}) noexcept {
  detail::butterflies(x, t.size, a);
  detail::multiply_by_factors(t, x, a);
}

}  // namespace binade::inline v0
