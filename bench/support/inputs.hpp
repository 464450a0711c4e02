// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/convert.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

// The numbers that benchmarks read, and where they write. All data repeat after `period` elements,
// which is long enough that no branch predictor and no cache short of L3 learns them.

namespace bench {

inline constexpr std::size_t period = 1'000'003;

/// n floats from N(0, 1), seeded.
[[nodiscard]] std::span<const float> normal_floats(std::size_t n);

/// n floats of either sign whose magnitudes are log-uniform in [2^-13, 2^10).
[[nodiscard]] std::span<const float> wide_floats(std::size_t n);

/// n floats of random bits: every exponent, NaN and infinity.
[[nodiscard]] std::span<const float> any_floats(std::size_t n);

/// Memory of the whole program to write into: one area, whoever asks.
///
/// Throws: std::bad_alloc if more than 2^26 floats are asked for.
[[nodiscard]] std::span<std::byte> output(std::size_t bytes);

/// Page-aligned memory of a contender of its own.
template <class T>
class buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit buffer(std::size_t n)
      : memory_(static_cast<T*>(std::aligned_alloc(4096, (n * sizeof(T) + 4095) / 4096 * 4096)),
                &std::free),
        size_(n) {
    if (!memory_) throw std::bad_alloc();
  }
  [[nodiscard]] std::span<T> span() const noexcept { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<T[], void (*)(void*)> memory_;
  std::size_t size_;
};

/// Fills `out` with its own beginning, from `made` elements on.
template <class T>
void repeat(std::span<T> out, std::size_t made) {
  for (std::size_t i = made; i < out.size(); i += made) {
    std::ranges::copy(out.first(std::min(made, out.size() - i)),
                      out.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Numbers and, unless they are the program's own, their memory.
template <class T>
struct values {
  std::span<const T> span;
  std::shared_ptr<const buffer<T>> owner;
};

/// n values of a number type: N(0, 1) rounded to it.
template <class T>
[[nodiscard]] values<T> normal_values(std::size_t n) {
  if constexpr (std::same_as<T, float>) {
    return {normal_floats(n), nullptr};
  } else {
    auto memory = std::make_shared<buffer<T>>(n);
    const std::size_t made = std::min(n, period);
    binade::convert(normal_floats(made), memory->span().first(made));
    repeat(memory->span(), made);
    return {memory->span(), memory};
  }
}

}  // namespace bench
