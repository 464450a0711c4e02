// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // countr_zero, low_mask
#include "binade/core/config.hpp"

#include <cstdint>

namespace binade::inline v0 {

/// The 128-bit position of a Philox block, low word first.
struct philox_counter {
  std::uint32_t word[4];
};

/// The 64-bit key of a Philox sequence, low word first.
struct philox_key {
  std::uint32_t word[2];
};

/// 128 random bits: word 0 and low bits first.
struct philox_block {
  std::uint32_t word[4];
};

/// Philox4x32: a keyed bijection of counters whose outputs pass as independent uniform bits.
///
/// Seven rounds are the fewest with which the authors saw no failure in TestU01's BigCrush; they
/// publish ten where a margin is wanted. Needs rounds >= 0; with 0 the counter comes back.
///
/// Error:  exact: the published integer function, the same on every machine.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
[[nodiscard]] constexpr BINADE_HD philox_block philox4x32(philox_counter counter, philox_key key,
                                                          int rounds = 7) noexcept {
  std::uint32_t c0 = counter.word[0], c1 = counter.word[1];
  std::uint32_t c2 = counter.word[2], c3 = counter.word[3];
  std::uint32_t k0 = key.word[0], k1 = key.word[1];
  for (int round = 0; round < rounds; ++round) {
    // The paper's multipliers (chosen for avalanche) and Weyl increments (golden ratio, sqrt(3)-1).
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

/// Block number `block` of the sequence (seed, stream): what every draw of this file is taken from.
///
/// Key = seed (low word, high word); counter = (block low, block high, stream low, stream high);
/// seven rounds.
[[nodiscard]] constexpr BINADE_HD philox_block random_block(std::uint64_t seed,
                                                            std::uint64_t stream,
                                                            std::uint64_t block) noexcept {
  return philox4x32(
      {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
        static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}},
      {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}});
}

/// The random bits of elements that are visited one after the other: `random_bits` with the block
/// of the last element kept, so that a run of elements costs one Philox call per 128 bits.
///
/// Indices may come in any order and repeat; only the speed depends on it. Needs `bits` in
/// {1, 2, 4, 8, 16, 32}.
class random_bit_source {
 public:
  constexpr BINADE_HD random_bit_source(std::uint64_t seed, std::uint64_t stream, int bits) noexcept
      : seed_(seed),
        stream_(stream),
        bits_(bits),
        log2_per_block_(7 - binade::countr_zero(static_cast<std::uint32_t>(bits))) {}

  /// The bits of element `index`: equal to random_bits(seed, stream, index, bits).
  [[nodiscard]] constexpr BINADE_HD std::uint32_t operator()(std::uint64_t index) noexcept {
    const std::uint64_t number = index >> log2_per_block_;
    if (number != number_) {
      block_ = random_block(seed_, stream_, number);
      number_ = number;
    }
    const int position = static_cast<int>(index & low_mask(log2_per_block_)) * bits_;
    return block_.word[position >> 5] >> (position & 31) &
           static_cast<std::uint32_t>(low_mask(bits_));
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t number_ = ~std::uint64_t{0};  // no element's: a block holds at least 4 of them
  philox_block block_{};
  int bits_;
  int log2_per_block_;
};

/// `bits` uniform random bits for element `index` of the sequence (seed, stream).
///
/// Element i owns bits [(i mod m) * bits, (i mod m + 1) * bits) of block i / m, where m = 128 /
/// bits is the number of elements in a block: word 0 and low bits first. Needs `bits` in {1, 2, 4,
/// 8, 16, 32}.
///
/// Post: less than 2^bits.
/// Cost: one Philox call; `random_bit_source` shares it among neighbours.
[[nodiscard]] constexpr BINADE_HD std::uint32_t random_bits(std::uint64_t seed,
                                                            std::uint64_t stream,
                                                            std::uint64_t index,
                                                            int bits) noexcept {
  return random_bit_source(seed, stream, bits)(index);
}

/// A uniform random multiple of 2^-53 in [0, 1), for element `index` of the sequence (seed,
/// stream).
///
/// It is the top 53 of the 64 bits that follow `random_bits`' layout: words 2 (index mod 2) (low)
/// and the next one (high) of block index / 2. It shares its bits with `random_bits` of the same
/// seed and stream; take another stream where the two must be independent.
///
/// Error: exact in every floating-point environment.
[[nodiscard]] constexpr BINADE_HD double uniform01(std::uint64_t seed, std::uint64_t stream,
                                                   std::uint64_t index) noexcept {
  const philox_block block = random_block(seed, stream, index >> 1);
  const bool odd = (index & 1) != 0;
  const std::uint64_t low = odd ? block.word[2] : block.word[0];
  const std::uint64_t high = odd ? block.word[3] : block.word[1];
  return static_cast<double>(static_cast<std::int64_t>((high << 32 | low) >> 11)) * 0x1p-53;
}

namespace detail {

/// A sequence of random words for one element: the words of block `index`, then those of the block
/// whose counter is the last block, and so on.
class random_word_chain {
 public:
  constexpr BINADE_HD random_word_chain(std::uint64_t seed, std::uint64_t stream,
                                        std::uint64_t index) noexcept
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        block_(random_block(seed, stream, index)) {}

  [[nodiscard]] constexpr BINADE_HD std::uint32_t next() noexcept {
    if (used_ == 4) {
      block_ = philox4x32({{block_.word[0], block_.word[1], block_.word[2], block_.word[3]}}, key_);
      used_ = 0;
    }
    return block_.word[used_++];
  }

  /// True with probability exp(-threshold / 2^32): von Neumann's trick, a run of falling words that
  /// starts below the threshold has even length with that probability.
  [[nodiscard]] constexpr BINADE_HD bool exp_trial(std::uint32_t threshold) noexcept {
    bool even = true;
    for (std::uint32_t word = next(); word < threshold; word = next()) {
      threshold = word;
      even = !even;
    }
    return even;
  }

 private:
  philox_key key_;
  philox_block block_;
  int used_ = 0;
};

}  // namespace detail

/// A standard normal random number, for element `index` of the sequence (seed, stream): a multiple
/// of 2^-48, from integer comparisons only, so that no math library and no compiler flag changes
/// it.
///
/// k >= 0 is drawn with weight exp(-k^2 / 2) and x in [0, 1) with weight exp(-k x - x^2 / 2), by
/// trials of probability exp(-p); k + x then has the density of |N(0, 1)|. Comparisons see 32 bits,
/// so each trial's probability is off by less than 2^-30.
///
/// It shares its bits with the other draws of the same seed and stream.
///
/// Error:  exact in every floating-point environment.
/// Post:   |result| < 32.
/// Cost:   four to five Philox calls on average.
/// Source: Karney, "Sampling exactly from the normal distribution", ACM TOMS 42 (2016), algorithm
/// N.
[[nodiscard]] constexpr BINADE_HD double standard_normal(std::uint64_t seed, std::uint64_t stream,
                                                         std::uint64_t index) noexcept {
  constexpr std::uint32_t one_half = 0x80000000;  // as a fraction of 2^32
  detail::random_word_chain words(seed, stream, index);
  for (;;) {
    std::int64_t k = 0;
    while (k < 31 && words.exp_trial(one_half)) ++k;
    bool accepted = true;
    for (std::int64_t i = 0; accepted && i < k * (k - 1); ++i) accepted = words.exp_trial(one_half);
    if (!accepted) continue;
    const std::uint32_t x = words.next();  // the upper 32 bits of the fraction
    for (std::int64_t i = 0; accepted && i < k; ++i) accepted = words.exp_trial(x);
    const std::uint64_t square = std::uint64_t{x} * x;
    if (!accepted || !words.exp_trial(static_cast<std::uint32_t>(square >> 33))) continue;
    const std::uint32_t rest = words.next();
    const std::int64_t magnitude = k << 48 | std::int64_t{x} << 16 | rest >> 16;
    return static_cast<double>((rest & 1) != 0 ? -magnitude : magnitude) * 0x1p-48;
  }
}

}  // namespace binade::inline v0
