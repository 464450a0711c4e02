// SPDX-License-Identifier: MIT

#include "binade/format/spec.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace {

using namespace binade;

TEST(spec, a_float_spec_needs_three_numbers) {
  constexpr float_spec s{.exponent_bits = 4, .mantissa_bits = 3, .bias = 7};
  static_assert(s.is_signed && s.has_zero);
  static_assert(s.nan == nan_codes::none && s.infinity == infinity_codes::none);
  static_assert(s.quiet_nan == 0);
  EXPECT_EQ(s.exponent_bits + s.mantissa_bits, 7);
}

TEST(spec, specs_are_plain_data) {
  static_assert(std::is_aggregate_v<float_spec> && std::is_trivially_copyable_v<float_spec>);
  static_assert(std::is_aggregate_v<integer_spec> && std::is_trivially_copyable_v<integer_spec>);
  static_assert(std::is_aggregate_v<posit_spec> && std::is_trivially_copyable_v<posit_spec>);
  static_assert(std::is_aggregate_v<takum_spec> && std::is_trivially_copyable_v<takum_spec>);
  static_assert(std::is_empty_v<hif8_spec>);
  constexpr code_description nothing{};
  EXPECT_EQ(nothing.code_bits, 0);
}

TEST(spec, codebooks_know_their_size) {
  constexpr codebook_spec<4> s{{0, 1, 2, 3}};
  static_assert(s.size() == 4);
  static_assert(codebook<codebook_spec<4>> && codebook<codebook_view>);
  static_assert(!codebook<float_spec> && !codebook<hif8_spec>);
  constexpr codebook_view empty;
  static_assert(empty.values == nullptr && empty.size() == 0);
  const codebook_view view{s.values, s.size()};
  EXPECT_EQ(view.size(), 4);
  EXPECT_EQ(view.values[3], 3U);
}

/// The order is used to compare carriers: a narrower one is a subset.
TEST(spec, carriers_are_ordered_by_width) {
  EXPECT_LT(carrier::bfloat16, carrier::binary32);
  EXPECT_LT(carrier::binary32, carrier::binary64);
}

}  // namespace
