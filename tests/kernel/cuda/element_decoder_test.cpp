// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/element_decoder.cuh"

#include "binade/format/arithmetic.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/tensor/packing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

// The same functions that the kernels run, on the host. The oracle is the exact product, rounded
// once by the codec.

namespace {

using binade::bfloat16;
using binade::bit_cast;
using binade::e8m0fnu;
using binade::float16;
using binade::cuda::detail::decode_scale;

template <class F, class T>
std::uint32_t by_definition(std::uint32_t code, const decode_scale& s) {
  const auto scale = binade::multiply(binade::unpack(s.part), binade::unpack(s.tensor));
  const auto value = binade::multiply(binade::unpack(F::from_bits(code)), scale);
  if constexpr (std::same_as<T, float>) {
    return bit_cast<std::uint32_t>(binade::to_float(value));
  } else {
    return T::from_exact(value, binade::rounding::ties_to_even{},
                         {.saturation = binade::saturation_mode::none})
        .bits();
  }
}

/// All codes of F, 16 at a time, under a scale.
template <class F, class T, class Scale>
void expect_definition(const decode_scale& s) {
  for (std::uint32_t first = 0; first < (1U << F::bit_count); first += 16) {
    std::uint32_t words[F::bit_count / 2] = {};
    for (std::uint32_t k = 0; k < 16; ++k) {
      binade::write_code(reinterpret_cast<std::byte*>(words), k, F::bit_count, first + k);
    }
    std::uint32_t out[4 * sizeof(T)] = {};
    binade::cuda::decode_in_registers<F, T, Scale, 16>(words, s, out);
    for (std::uint32_t k = 0; k < 16; ++k) {
      const std::uint32_t got = sizeof(T) == 4 ? out[k] : out[k / 2] >> k % 2 * 16 & 0xffffU;
      ASSERT_EQ(got, (by_definition<F, T>(first + k, s)))
          << F::names.name << " code " << first + k << " scale " << std::hexfloat << s.part << " * "
          << s.tensor;
    }
  }
}

template <class F, class Scale>
void check(const decode_scale& s) {
  expect_definition<F, float, Scale>(s);
  expect_definition<F, bfloat16, Scale>(s);
  expect_definition<F, float16, Scale>(s);
}

template <class F>
class element_decoder : public ::testing::Test {};
using formats =
    ::testing::Types<binade::e4m3fn, binade::e5m2, binade::e2m3fn, binade::e3m2fn, binade::e2m1fn>;
TYPED_TEST_SUITE(element_decoder, formats);

TYPED_TEST(element_decoder, is_right_under_powers_of_two) {
  for (int e = -127; e <= 127; ++e) {
    check<TypeParam, e8m0fnu>({.tensor = std::ldexp(1.0F, e)});
  }
}

TYPED_TEST(element_decoder, rounds_products_once) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    const auto mantissa = static_cast<std::uint32_t>(random());
    // Odd multiples of 2^-9 and their neighbours make products that are nearly half-way.
    const std::uint32_t near =
        i % 2 == 0 ? mantissa & 0x7fffffU : ((mantissa & 0x7fff00U) + mantissa % 3 - 1) & 0x7fffffU;
    const auto tensor = bit_cast<float>((47 + mantissa % 180) << 23 | near);
    check<TypeParam, binade::binary32_scale>({.tensor = tensor});
    const auto part = static_cast<float>(binade::ue4m3::from_bits(mantissa % 127));
    check<TypeParam, binade::ue4m3>({.part = part, .tensor = tensor});
  }
}

TYPED_TEST(element_decoder, leaves_nan_and_extreme_scales_to_the_definition) {
  check<TypeParam, e8m0fnu>({.tensor = NAN, .is_regular = false});
  check<TypeParam, binade::binary32_scale>({.tensor = INFINITY, .is_regular = false});
  check<TypeParam, binade::binary32_scale>({.tensor = 0x1.8p-140F, .is_regular = false});
  check<TypeParam, binade::binary32_scale>({.tensor = -0x1.234p127F, .is_regular = false});
}

}  // namespace
