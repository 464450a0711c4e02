// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/block_scale.cuh"

#include "binade/format/any_format.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/scale/rule.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

// The same functions that the kernels run, on the host. The oracle is scale/rule.hpp on exact
// values, as the CPU's quantizer uses it.

namespace {

using binade::any_format;
using binade::bit_cast;
using binade::e2m1fn;
using binade::e4m3fn;
using binade::e8m0fnu;
using binade::scale_method;
using binade::ue4m3;
using binade::unpacked;
using binade::cuda::found_scale;
using binade::cuda::scale_finder;

/// Bits of largest magnitudes: zero, subnormal numbers, all mantissas of a binade coarsely, powers
/// of two and their neighbours, the largest, infinity.
std::vector<std::uint32_t> magnitudes() {
  std::vector<std::uint32_t> all{0, 1, 2, 0x7fffff, 0x7f7fffff, 0x7f800000};
  for (std::uint32_t e = 0; e < 255; ++e) {
    for (const std::uint32_t m : {0U, 1U, 0x200000U, 0x400000U, 0x600000U, 0x600001U, 0x7fffffU}) {
      all.push_back(e << 23 | m);
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    all.push_back(static_cast<std::uint32_t>(random() & 0x7fffffffU) % 0x7f800000U);
  }
  return all;
}

float finite(std::uint32_t amax) {
  return bit_cast<float>(amax == 0x7f800000U ? 0x7f7fffffU : amax);
}

TEST(block_scale, powers_of_two_follow_every_rule) {
  for (const any_format& element : {any_format::of<e4m3fn>(), any_format::of<binade::e5m2>(),
                                    any_format::of<binade::e2m3fn>(), any_format::of<e2m1fn>()}) {
    const auto range = binade::range_of(element);
    for (const auto method : {scale_method::pow2_floor, scale_method::pow2_ceil,
                              scale_method::pow2_rceil, scale_method::pow2_even}) {
      const scale_finder<e8m0fnu> find(method, range);
      binade::scale_rule rule;
      rule.method = method;
      for (const std::uint32_t amax : magnitudes()) {
        const auto format = any_format::of<e8m0fnu>();
        const std::uint64_t expected =
            amax == 0
                ? binade::encode_zero_scale(format)
                : binade::encode_scale(
                      format, binade::desired_scale(rule, range, binade::unpack(finite(amax))));
        const found_scale f = find(amax);
        ASSERT_EQ(f.code, expected)
            << element.name() << " " << to_string(method) << " amax bits " << std::hex << amax;
        ASSERT_EQ(f.scale.tensor * f.scale.inverse, 1.0F);
        ASSERT_EQ(f.scale.tensor, static_cast<float>(e8m0fnu::from_bits(f.code)));
      }
    }
  }
}

TEST(block_scale, two_levels_are_rounded_once) {
  const auto range = binade::range_of(any_format::of<e2m1fn>());
  const auto format = any_format::of<ue4m3>();
  // Among them scales whose quotients are exact ties, and scales out of binary32's reach.
  for (const float tensor : {1.0F, 0x1p-10F, 1.0F / 3, 0x1.fffffep-91F, 0x1p-126F, 0x1p-90F,
                             0x1.fffffep90F, 0x1.fffffep127F}) {
    scale_finder<ue4m3> find(scale_method::absmax, range);
    find.set_tensor_scale(tensor);
    std::vector<std::uint32_t> all = magnitudes();
    for (std::uint32_t code = 0; code < 126; ++code) {
      const auto a = static_cast<double>(static_cast<float>(ue4m3::from_bits(code)));
      const auto b = static_cast<double>(static_cast<float>(ue4m3::from_bits(code + 1)));
      const auto tie = bit_cast<std::uint32_t>(static_cast<float>((a + b) * 3 * tensor));
      for (std::uint32_t amax = tie > 4 ? tie - 4 : 0; amax < tie + 5; ++amax) all.push_back(amax);
    }
    for (const std::uint32_t amax : all) {
      if (amax > 0x7f800000U) continue;
      const unpacked wanted = binade::desired_scale(
          {}, range, binade::divide(binade::unpack(finite(amax)), binade::unpack(tensor)));
      const std::uint64_t expected = amax == 0 ? 0 : binade::encode_scale(format, wanted);
      const found_scale f = find(amax);
      ASSERT_EQ(f.code, expected) << "tensor scale " << std::hexfloat << tensor << " amax bits "
                                  << std::hex << amax;
      ASSERT_EQ(f.scale.part, static_cast<float>(ue4m3::from_bits(f.code)));
      ASSERT_EQ(f.scale.tensor, tensor);
    }
  }
}

TEST(block_scale, quotients_in_binary32) {
  for (const any_format& element : {any_format::of<e4m3fn>(), any_format::of<e2m1fn>()}) {
    const auto range = binade::range_of(element);
    const scale_finder<binade::binary32_scale> find(scale_method::absmax, range);
    const auto format = any_format::binary32();
    std::vector<std::uint32_t> all = magnitudes();
    // Every 61st mantissa of a binade.
    for (std::uint32_t m = 0; m < 1U << 23; m += 61) all.push_back(0x40000000U | m);
    for (const std::uint32_t amax : all) {
      const std::uint64_t expected =
          amax == 0 ? binade::encode_zero_scale(format)
                    : binade::encode_scale(
                          format, binade::desired_scale({}, range, binade::unpack(finite(amax))));
      const found_scale f = find(amax);
      ASSERT_EQ(f.code, expected) << element.name() << " amax bits " << std::hex << amax;
      ASSERT_EQ(f.scale.tensor, bit_cast<float>(f.code));
      const int exponent = binade::unpack(f.scale.tensor).exponent;
      ASSERT_EQ(f.scale.is_regular, exponent >= -80 && exponent <= 100) << exponent;
    }
  }
}

}  // namespace
