// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/hadamard_targets.hpp"

#include "binade/core/fp_environment.hpp"
#include "binade/transform/hadamard.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

// The kernels of every target against the definition, which tests/transform checks.

namespace {

using binade::hadamard;
using binade::simd::target;
using quantize_test::data;
using quantize_test::kind;

constexpr const auto& targets = binade::simd::all_targets;

std::vector<std::uint32_t> bits_of(const float* x, std::size_t n) {
  std::vector<std::uint32_t> bits(n);
  std::memcpy(bits.data(), x, n * sizeof(float));
  return bits;
}

/// Every target on x[1..] to out[1..] and in place, in both directions.
void expect_the_definitions_bits(int size, const std::vector<float>& x) {
  const std::size_t n = x.size() - 1;
  const hadamard t = binade::random_hadamard(size, 3);
  std::vector<float> factors;
  for (int i = 0; i < size; ++i) {
    factors.push_back(binade::bit_cast<float>(t.factor_bits(i)));
  }
  std::size_t index = 0;
  while (16 << index < size) ++index;
  for (const bool forward : {true, false}) {
    std::vector<std::uint32_t> expected = bits_of(x.data() + 1, n);
    for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(size)) {
      if (forward) {
        binade::transform_block(t, expected.data() + i);
      } else {
        binade::inverse_transform_block(t, expected.data() + i);
      }
    }
    for (const target isa : targets) {
      if (!binade::simd::is_available(isa)) continue;
      const binade::simd::hadamard_kernels& k = binade::simd::hadamard_kernels_for(isa);
      EXPECT_EQ(k.compiled_for, isa);
      const auto run = forward ? k.forward[index] : k.inverse[index];
      std::vector<float> out(x.size() + 1, 7);
      std::vector<float> in_place = x;
      {
        const binade::fp_environment_guard guard;
        run(x.data() + 1, out.data() + 1, n, factors.data());
        run(in_place.data() + 1, in_place.data() + 1, n, factors.data());
      }
      const std::vector<std::uint32_t> got = bits_of(out.data() + 1, n);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(got[i], expected[i])
            << to_string(isa) << (forward ? "" : ", inverse") << ", size " << size << ", " << n
            << " elements: element " << i << ", from " << quantize_test::shown(x[i + 1]);
      }
      EXPECT_EQ(bits_of(in_place.data() + 1, n), expected) << to_string(isa) << ", in place";
      EXPECT_EQ(out.front(), 7);
      EXPECT_EQ(out.back(), 7);
    }
  }
}

TEST(hadamard_targets, have_the_definitions_bits_for_every_number_of_blocks) {
  for (const int size : {16, 32, 64, 128, 256}) {
    for (std::size_t blocks = 0; blocks <= 6; ++blocks) {
      for (const kind k : {kind::bell, kind::wild}) {
        expect_the_definitions_bits(size, data(k, blocks * static_cast<std::size_t>(size) + 1));
      }
    }
  }
}

TEST(hadamard_targets, have_the_definitions_nan_infinities_and_overflows) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const int size : {16, 32, 64, 128, 256}) {
    const auto n = 5 * static_cast<std::size_t>(size) + 1;
    const std::vector<float> clean = data(kind::bell, n);
    for (std::size_t at = 1; at < n; at += 13) {
      std::vector<float> x = clean;
      x[at] = std::numeric_limits<float>::signaling_NaN();
      expect_the_definitions_bits(size, x);
      x[at] = infinity;
      expect_the_definitions_bits(size, x);
      x[at / 2 + 1] = -infinity;
      expect_the_definitions_bits(size, x);
    }
    std::vector<float> large(n, std::numeric_limits<float>::max());
    for (std::size_t i = 0; i < n; i += 3) large[i] = -large[i];
    expect_the_definitions_bits(size, large);
    expect_the_definitions_bits(size, std::vector<float>(n, -0.0F));
    expect_the_definitions_bits(size, std::vector<float>(n, 0x1p-149F));
  }
}

}  // namespace
