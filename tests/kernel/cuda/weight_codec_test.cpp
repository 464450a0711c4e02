// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/weight_codec.hpp"

#include "binade/format/catalog_float.hpp"
#include "binade/format/catalog_integer.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <bitset>
#include <cmath>
#include <cstdint>

namespace {

namespace cuda = binade::cuda;
using cuda::weight_kind;

constexpr weight_kind kinds[] = {weight_kind::nvfp4, weight_kind::mxfp4, weight_kind::int4,
                                 weight_kind::e4m3fn};

/// Words in which each code stands at each place.
std::uint32_t word_of(std::uint32_t i) { return i * 0x9e3779b9U ^ i << 7; }

/// The bfloat16 in a half of a word, as a float.
float half_of(std::uint32_t word, int half) {
  return std::bit_cast<float>(half == 0 ? word << 16 : word & 0xffff0000U);
}

TEST(weight_codec, the_packed_word_comes_back) {
  for (const weight_kind kind : kinds) {
    std::uint32_t all = 0;
    for (int bit = 0; bit < 32; ++bit) {  // a permutation, but for the bits that INT4 inverts
      all |= cuda::store_codes(kind, 1U << bit) ^ cuda::store_codes(kind, 0);
    }
    EXPECT_EQ(all, 0xffffffffU) << static_cast<int>(kind);
    for (std::uint32_t i = 0; i < 4096; ++i) {
      const std::uint32_t word = word_of(i);
      EXPECT_EQ(cuda::packed_codes(kind, cuda::store_codes(kind, word)), word)
          << std::bitset<32>(word);
    }
  }
}

TEST(weight_codec, e2m1_pairs_are_values_scaled_by_a_power_of_two) {
  for (const weight_kind kind : {weight_kind::nvfp4, weight_kind::mxfp4}) {
    for (std::uint32_t i = 0; i < 4096; ++i) {
      const std::uint32_t word = word_of(i);
      const std::uint32_t stored = cuda::store_codes(kind, word);
      for (int code = 0; code < 8; ++code) {
        const auto value = static_cast<float>(
            binade::e2m1fn::from_bits(static_cast<std::uint8_t>(word >> 4 * code & 0xf)));
        const float got = half_of(cuda::detail::e2m1_pair(stored, code / 2), code % 2);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(got),
                  std::bit_cast<std::uint32_t>(std::ldexp(value, -126)))
            << "code " << code << " of " << std::bitset<32>(word);
      }
    }
  }
}

TEST(weight_codec, e4m3_pairs_are_values_scaled_by_a_power_of_two) {
  for (std::uint32_t code = 0; code < 256; ++code) {
    // NaN counts as 480, as said.
    const float value =
        (code & 0x7f) == 0x7f
            ? std::copysign(480.0F, code < 128 ? 1.0F : -1.0F)
            : static_cast<float>(binade::e4m3fn::from_bits(static_cast<std::uint8_t>(code)));
    for (int place = 0; place < 4; ++place) {
      const std::uint32_t word = 0x5a3c96e1U;
      const std::uint32_t mask = 0xffU << 8 * place;
      const std::uint32_t stored =
          cuda::store_codes(weight_kind::e4m3fn, (word & ~mask) | code << 8 * place);
      const float got = half_of(cuda::detail::e4m3_pair(stored, place / 2), place % 2);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(got),
                std::bit_cast<std::uint32_t>(std::ldexp(value, -120)))
          << "code " << std::bitset<8>(code) << " at " << place;
    }
  }
}

TEST(weight_codec, int4_pairs_are_values_and_136) {
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const std::uint32_t word = word_of(i);
    const std::uint32_t stored = cuda::store_codes(weight_kind::int4, word);
    for (int code = 0; code < 8; ++code) {
      const auto value = static_cast<float>(
          binade::int4::from_bits(static_cast<std::uint8_t>(word >> 4 * code & 0xf)));
      EXPECT_EQ(half_of(cuda::detail::int4_pair(stored, code / 2), code % 2), value + 136)
          << "code " << code << " of " << std::bitset<32>(word);
    }
  }
}

TEST(weight_codec, scale_pairs_hold_rows_g_and_g_8) {
  for (std::uint32_t code = 0; code < 127; ++code) {
    const auto value =
        static_cast<float>(binade::ue4m3::from_bits(static_cast<std::uint8_t>(code)));
    for (int place = 0; place < 4; ++place) {
      const std::uint32_t word = (0x12345678U & ~(0xffU << 8 * place)) | code << 8 * place;
      const std::uint32_t pair = cuda::detail::scale_pair(weight_kind::nvfp4, word, place % 2);
      EXPECT_EQ(half_of(pair, place / 2), std::ldexp(value, -120)) << std::bitset<8>(code);
    }
  }
  for (std::uint32_t byte = 1; byte < 255; ++byte) {
    for (int place = 0; place < 4; ++place) {
      const std::uint32_t word = (0x12345678U & ~(0xffU << 8 * place)) | byte << 8 * place;
      const std::uint32_t pair = cuda::detail::scale_pair(weight_kind::mxfp4, word, place % 2);
      EXPECT_EQ(half_of(pair, place / 2), std::ldexp(1.0F, static_cast<int>(byte) - 127)) << byte;
    }
  }
}

}  // namespace
