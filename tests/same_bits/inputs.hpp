// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"
#include "binade/io/conformance_conversion.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

// Seeded inputs. All of them are made of bits: floating-point arithmetic would depend on what is
// tested here.

namespace same_bits {

inline constexpr std::uint64_t seed = 20261123;

/// Values at an address that is a multiple of their size only: one behind a cache line's begin.
template <class T>
class misaligned {
 public:
  explicit misaligned(std::size_t n) : memory_(n + 2 * 64 / sizeof(T)), n_(n) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    first_ = (64 - address % 64) / sizeof(T) + 1;
  }
  template <class Bits>
  explicit misaligned(const std::vector<Bits>& bits) : misaligned(bits.size()) {
    static_assert(sizeof(Bits) == sizeof(T));
    std::memcpy(get().data(), bits.data(), n_ * sizeof(T));
  }
  [[nodiscard]] std::span<T> get() { return {memory_.data() + first_, n_}; }
  [[nodiscard]] std::span<const T> get() const { return {memory_.data() + first_, n_}; }

 private:
  std::vector<T> memory_;
  std::size_t n_;
  std::size_t first_ = 0;
};

/// Random bits, as random_bits gives them.
inline std::uint32_t word(std::uint64_t stream, std::uint64_t i) {
  return binade::random_bits(seed, stream, i, 32);
}

/// Each exponent and sign with the ends of its significands and a random one: with zeros,
/// subnormal numbers, infinities and several NaNs.
inline std::vector<std::uint32_t> every_exponent() {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t high = 0; high < 512; ++high) {
    for (const std::uint32_t low : {0U, 1U, 0x7fffffU, word(1, high) & 0x7fffffU}) {
      bits.push_back(high << 23 | low);
    }
  }
  return bits;
}

/// every_exponent, and what lies around the steps of format `f`; an odd number of them.
inline std::vector<std::uint32_t> inputs_of(const binade::any_format& f) {
  std::vector<std::uint32_t> bits = every_exponent();
  binade::conversion_case c;
  c.format = f;
  for (const std::uint64_t x : binade::conversion_inputs(c, {seed, 128})) {
    bits.push_back(static_cast<std::uint32_t>(x));
  }
  if (bits.size() % 2 == 0) bits.push_back(0x3f800001);
  return bits;
}

/// The doubles next to binary32 numbers, which a rounding by way of float gets wrong.
inline std::vector<std::uint64_t> as_doubles(const std::vector<std::uint32_t>& floats) {
  std::vector<std::uint64_t> bits;
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const std::uint64_t exponent = (floats[i] >> 23) & 0xff;
    const std::uint64_t wide = exponent == 0xff ? 0x7ff : exponent == 0 ? 0 : exponent + 896;
    const std::uint64_t sign = floats[i] >> 31;
    const std::uint64_t x =
        sign << 63 | wide << 52 | static_cast<std::uint64_t>(floats[i] & 0x7fffffU) << 29;
    bits.push_back(x + i % 3);
  }
  return bits;
}

/// A random number with an exponent in [low, high] as bits.
inline std::uint32_t number_between(std::uint64_t stream, std::uint64_t i, std::uint32_t low,
                                    std::uint32_t high) {
  const std::uint32_t random = word(stream, 2 * i);
  const std::uint32_t exponent = low + word(stream, 2 * i + 1) % (high - low + 1);
  return (random & 0x807fffffU) | exponent << 23;
}

/// rows x columns numbers like those of weights, all finite.
inline std::vector<std::uint32_t> plain_matrix(std::size_t rows, std::size_t columns) {
  std::vector<std::uint32_t> bits;
  for (std::size_t i = 0; i < rows * columns; ++i) bits.push_back(number_between(2, i, 112, 126));
  return bits;
}

/// Columns that reversed_stretches moves together: a multiple of every block size.
inline constexpr std::size_t stretch = 128;

/// rows x columns finite numbers whose magnitudes differ by 2^24 from sixteen columns to sixteen,
/// so that the order in which products are added shows in the rounded sums.
inline std::vector<std::uint32_t> wide_matrix(std::size_t rows, std::size_t columns) {
  std::vector<std::uint32_t> bits;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    const std::uint32_t top = 104 + word(10, i / columns * columns + i % columns / 16) % 24;
    bits.push_back(number_between(9, i, top - 3, top));
  }
  return bits;
}

/// The same numbers with the stretches of each row in reversed order; what follows the last whole
/// one stays.
inline std::vector<std::uint32_t> reversed_stretches(const std::vector<std::uint32_t>& bits,
                                                     std::size_t columns) {
  std::vector<std::uint32_t> out = bits;
  const std::size_t whole = columns / stretch * stretch;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::size_t column = i % columns;
    if (column >= whole) continue;
    const std::size_t from = whole - stretch - column / stretch * stretch + column % stretch;
    out[i] = bits[i - column + from];
  }
  return out;
}

/// Rows of one kind each: every exponent; ties of narrow formats; subnormal numbers and zeros of
/// both signs; the largest numbers; zeros alone; one number; NaN and infinity among others.
inline std::vector<std::uint32_t> special_matrix(std::size_t columns) {
  std::vector<std::uint32_t> bits;
  const auto add_row = [&](auto&& element) {
    for (std::size_t i = 0; i < columns; ++i) bits.push_back(element(i));
  };
  add_row([](std::size_t i) { return number_between(3, i, 0, 254); });
  add_row([](std::size_t i) {  // multiples of 1/16 up to 8
    const std::uint32_t sign = word(4, i) & 0x80000000U;
    return sign | binade::bit_cast<std::uint32_t>(binade::to_float(
                      binade::scale_exponent(binade::unpack(word(4, i) % 129), -4)));
  });
  add_row([](std::size_t i) {
    return i % 3 == 0 ? 0U : i % 3 == 1 ? 0x80000000U : word(5, i) & 0x807fffffU;
  });
  add_row([](std::size_t i) { return number_between(6, i, 253, 254); });
  add_row([](std::size_t i) { return i % 2 == 0 ? 0U : 0x80000000U; });
  add_row([](std::size_t) { return 0x3eaaaaabU; });
  add_row([](std::size_t i) {
    const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xff800001};
    return i % 40 == 7 ? special[i / 40 % 4] : number_between(7, i, 120, 130);
  });
  return bits;
}

}  // namespace same_bits
