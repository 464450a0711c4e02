// SPDX-License-Identifier: MIT

#include "support/inputs.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace bench {
namespace {

constexpr std::size_t most = std::size_t{1} << 27;  // floats: what empty_caches reads

/// Grows with the calls; what it held stays.
template <class Make>
std::span<const float> grown(std::size_t n, const Make& make) {
  static const buffer<float> all(most);
  static std::size_t filled = 0;
  if (n > most) throw std::bad_alloc();
  if (filled < period && filled < n) {
    std::mt19937_64 random(1);
    for (float& x : all.span().first(period)) x = make(random);
    filled = period;
  }
  if (filled < n) {
    repeat(all.span().first(n), period);
    filled = n;
  }
  return all.span().first(n);
}

/// Uniform in (0, 1].
double uniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11) + 1) * 0x1p-53;
}

}  // namespace

std::span<const float> normal_floats(std::size_t n) {
  return grown(n, [](std::mt19937_64& random) {
    const double radius = std::sqrt(-2 * std::log(uniform(random)));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform(random)));
  });
}

std::span<const float> wide_floats(std::size_t n) {
  return grown(n, [](std::mt19937_64& random) {
    const double magnitude = std::exp2(-13 + 23 * (1 - uniform(random)));
    return static_cast<float>((random() >> 63) != 0 ? -magnitude : magnitude);
  });
}

std::span<const float> any_floats(std::size_t n) {
  return grown(n, [](std::mt19937_64& random) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(random() >> 32));
  });
}

std::span<std::byte> output(std::size_t bytes) {
  static const buffer<std::byte> all((std::size_t{1} << 28) + 4096);
  if (bytes > all.span().size()) throw std::bad_alloc();
  return all.span().first(bytes);
}

}  // namespace bench
