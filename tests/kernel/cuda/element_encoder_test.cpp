// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/element_encoder.cuh"

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/tensor/packing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

// The same functions that the kernels run, on the host; tests/kernel/cuda/quantize.cu runs them on
// a GPU. The oracle is the definition on exact values.

namespace {

using binade::e2m1fn;
using binade::e2m3fn;
using binade::e3m2fn;
using binade::e4m3fn;
using binade::e5m2;
using binade::cuda::group_scale;
namespace rounding = binade::rounding;

template <class F, class R>
std::uint64_t by_definition(float x, const group_scale& s, const R& rounding) {
  const auto scale = binade::multiply(binade::unpack(s.part), binade::unpack(s.tensor));
  return binade::encode(F::spec, binade::reference::scaled(binade::unpack(x), scale), rounding,
                        binade::default_policies<F>::rules);
}

std::uint32_t amax_of(const float (&x)[16]) {
  std::uint32_t most = 0;
  for (const float v : x) most = std::max(most, binade::bit_cast<std::uint32_t>(v) & 0x7fffffffU);
  return most;
}

group_scale power(int exponent) {
  group_scale s;
  s.tensor = std::ldexp(1.0F, exponent);
  s.inverse = std::ldexp(1.0F, -exponent);
  return s;
}

/// A scale that is no power of two, with a reciprocal that is off by two units.
group_scale product(float part, float tensor, int off) {
  group_scale s;
  s.part = part;
  s.tensor = tensor;
  s.kind = part == 1 ? group_scale::form::single : group_scale::form::product;
  s.inverse = std::nextafter(1.0F / (part * tensor), off < 0 ? 0.0F : INFINITY);
  return s;
}

template <class F, int Bits, class R>
void expect_definition(const float (&x)[16], const group_scale& s, const R& rounding) {
  const auto packed = binade::cuda::encode_sixteen<F, Bits>(x, amax_of(x), s, rounding);
  const auto* bytes = reinterpret_cast<const std::byte*>(packed.word);
  for (std::size_t k = 0; k < 16; ++k) {
    const std::uint32_t got = binade::read_code(bytes, k, F::bit_count);
    const std::uint64_t expected = by_definition<F>(x[k], s, rounding.at(k));
    ASSERT_EQ(got, expected) << F::names.name << ": x = " << std::hexfloat << x[k] << ", scale "
                             << s.part << " * " << s.tensor << ", element " << k << ": got "
                             << std::bitset<8>(got) << ", expected " << std::bitset<8>(expected);
  }
}

/// x without what 11 significant bits do not hold.
float cut(float x) {
  return binade::bit_cast<float>(binade::bit_cast<std::uint32_t>(x) & 0xffffe000U);
}

/// Numbers at every boundary of the format times the scale, and next to it, then random ones.
template <class F, int Bits>
std::vector<float> inputs(const group_scale& s) {
  std::vector<float> all{0.0F, -0.0F, INFINITY, -INFINITY, 0x1p-149F, -0x1.fffffep127F};
  const auto add = [&](float x) {
    if (Bits == 8) x = static_cast<float>(binade::bfloat16(x));
    if (Bits == 11) x = cut(x);
    all.push_back(x);
    all.push_back(-x);
  };
  const double scale = static_cast<double>(s.part) * static_cast<double>(s.tensor);
  binade::for_each_value<F>([&](F v) {
    const double value = static_cast<double>(v);
    if (value < 0) return;
    const double next = static_cast<double>(F::from_bits(v.bits() + 1U));
    for (const double at : {value, (value + next) / 2, value * 0.75 + next / 4}) {
      auto x = static_cast<float>(at * scale);
      if (!std::isfinite(x)) continue;
      add(x);
      add(std::nextafter(x, 0.0F));
      add(std::nextafter(x, INFINITY));
    }
  });
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0F, 2.0F);
  for (int i = 0; i < 2000; ++i) add(normal(random) * static_cast<float>(scale));
  while (all.size() % 16 != 0) all.push_back(0.0F);
  return all;
}

template <class F, int Bits>
void check(const group_scale& s) {
  const std::vector<float> all = inputs<F, Bits>(s);
  for (std::size_t i = 0; i < all.size(); i += 16) {
    float x[16];
    for (std::size_t k = 0; k < 16; ++k) x[k] = all[i + k];
    expect_definition<F, Bits>(x, s, rounding::ties_to_even{});
    expect_definition<F, Bits>(x, s, rounding::stochastic{.seed = 3, .index = 5 + i});
    expect_definition<F, Bits>(
        x, s,
        rounding::stochastic{.stream = 1,
                             .bits = 16,
                             .variant = rounding::stochastic_variant::centered,
                             .index = i});
  }
}

template <class F>
class element_encoder : public ::testing::Test {};
using formats = ::testing::Types<e4m3fn, e5m2, e2m3fn, e3m2fn, e2m1fn, binade::e3m4>;
TYPED_TEST_SUITE(element_encoder, formats);

TYPED_TEST(element_encoder, equals_the_definition_under_powers_of_two) {
  for (const int exponent : {-127, -20, 0, 3, 100, 127}) {
    check<TypeParam, 8>(power(exponent));
    check<TypeParam, 24>(power(exponent));
  }
}

TYPED_TEST(element_encoder, equals_the_definition_under_other_scales) {
  const float exact_ties = 0x1p-5F;
  for (const float tensor : {1.0F / 3, 0x1.fffffep-80F, 0x1.000002p99F, exact_ties, 0x1.8p0F}) {
    for (const int off : {-1, 1}) {
      check<TypeParam, 8>(product(1, tensor, off));
      check<TypeParam, 11>(product(1.375F, tensor, off));
      check<TypeParam, 24>(product(1.875F, tensor, off));
      check<TypeParam, 24>(product(0x1p-9F, tensor * 0x1p9F, off));
    }
  }
}

/// Numbers of 8 and 11 bits meet boundaries, or miss them narrowly, under scales that come from
/// such numbers themselves: the largest magnitude over the largest element, rounded.
TYPED_TEST(element_encoder, tells_short_numbers_from_boundaries) {
  std::vector<group_scale> scales;
  for (const float largest : {448.0F, 6.0F, 2688.0F}) {
    for (const float amax : {1.0F, 1.3125F, 1.5F, 1.6484375F, 1.75F, 1.9453125F, 1.9921875F}) {
      const int off = amax < 1.7F ? 1 : -1;
      scales.push_back(product(1, amax / largest, off));
      for (const float part : {0x1p-9F, 0.3125F, 13.0F, 15.0F, 448.0F}) {
        scales.push_back(product(part, amax / largest, off));
      }
    }
  }
  for (const group_scale& s : scales) {
    const int least = std::ilogb(s.part * s.tensor) - 4;
    float x[16];
    int n = 0;
    for (int exponent = least; exponent < least + 9; ++exponent) {
      for (int significand = 128; significand < 256; ++significand) {
        const int signed_one = n % 2 == 0 ? significand : -significand;
        x[n++] = std::ldexp(static_cast<float>(signed_one), exponent - 7);
        if (n < 16) continue;
        n = 0;
        expect_definition<TypeParam, 8>(x, s, rounding::ties_to_even{});
        expect_definition<TypeParam, 8>(x, s, rounding::stochastic{.seed = 5, .index = 32});
        for (float& v : x) v += std::ldexp(5.0F, exponent - 10);  // 11 bits
        expect_definition<TypeParam, 11>(x, s, rounding::ties_to_even{});
        expect_definition<TypeParam, 11>(x, s, rounding::stochastic{.seed = 5, .index = 3});
      }
    }
  }
}

TYPED_TEST(element_encoder, leaves_nan_and_extreme_scales_to_the_definition) {
  float x[16];
  for (int k = 0; k < 16; ++k) x[k] = k % 3 == 0 ? NAN : (k % 3 == 1 ? -NAN : 1.0F);
  const auto packed = binade::cuda::encode_sixteen<TypeParam, 24>(x, amax_of(x), power(0),
                                                                  rounding::ties_to_even{});
  for (std::size_t k = 0; k < 16; ++k) {
    EXPECT_EQ(
        binade::read_code(reinterpret_cast<const std::byte*>(packed.word), k, TypeParam::bit_count),
        by_definition<TypeParam>(x[k], power(0), rounding::ties_to_even{}))
        << k;
  }
  group_scale s = product(1, 0x1.8p-126F, 1);
  s.is_regular = false;
  for (int k = 0; k < 16; ++k) x[k] = static_cast<float>(k) * 0x1.3p-126F;
  expect_definition<TypeParam, 24>(x, s, rounding::ties_to_even{});
  expect_definition<TypeParam, 24>(x, s, rounding::stochastic{.seed = 1});
}

TEST(random_bytes, are_those_of_the_definition_at_any_index) {
  for (std::uint64_t index = 0; index < 40; ++index) {
    const auto r = binade::cuda::detail::random_bytes(7, 9, index);
    for (std::uint64_t k = 0; k < 16; ++k) {
      EXPECT_EQ(r.word[k / 4] >> (k % 4 * 8) & 0xff, binade::random_bits(7, 9, index + k, 8))
          << index << " + " << k;
    }
  }
}

}  // namespace
