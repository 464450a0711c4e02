// SPDX-License-Identifier: MIT
#pragma once

// The random bits of stochastic rounding, from the paper's definition of Philox4x32.
// Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011), section 3.3.

#include <array>
#include <cstdint>

namespace oracle {

/// One block of Philox4x32 with `rounds` rounds.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                           std::array<std::uint32_t, 2> key, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

/// The n random bits of element i: DESIGN.md section 4, "Stochastic". n divides 32.
inline std::uint32_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t i, int n) {
  const auto per_block = static_cast<std::uint64_t>(128 / n);
  const std::uint64_t block = i / per_block;
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const std::array<std::uint32_t, 4> words =
      philox({low(block), high(block), low(stream), high(stream)}, {low(seed), high(seed)}, 7);
  std::uint32_t bits = 0;
  for (int b = 0; b < n; ++b) {  // bit by bit
    const std::uint64_t at =
        i % per_block * static_cast<std::uint64_t>(n) + static_cast<std::uint64_t>(b);
    bits |= (words[at / 32] >> at % 32 & 1) << b;
  }
  return bits;
}

}  // namespace oracle
