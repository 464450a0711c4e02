// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/special_codes.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace {

using namespace binade;

/// The codes of zero, of a finite number beyond the range, of infinity and of NaN.
template <class F>
std::array<std::uint32_t, 4> codes(bool negative, conversion_rules rules) {
  const simd::special_codes c = simd::make_special_codes(F::spec, rounding::ties_to_even{}, rules);
  const std::uint32_t sign = negative ? 0x80000000U : 0;
  return {c(sign), c(sign | 0x7f000000), c(sign | 0x7f800000), c(sign | 0x7f800001)};
}
using four = std::array<std::uint32_t, 4>;

TEST(special_codes, are_the_published_codes_of_each_kind) {
  constexpr conversion_rules none{.saturation = saturation_mode::none};
  constexpr conversion_rules finite{.saturation = saturation_mode::finite};
  EXPECT_EQ(codes<e5m2>(false, none), (four{0, 0x7c, 0x7c, 0x7f}));
  EXPECT_EQ(codes<e5m2>(true, none), (four{0x80, 0xfc, 0xfc, 0xff}));
  EXPECT_EQ(codes<e5m2>(true, finite), (four{0x80, 0xfb, 0xfb, 0xff}));
  EXPECT_EQ(codes<e4m3fn>(false, none), (four{0, 0x7f, 0x7f, 0x7f}));
  EXPECT_EQ(codes<e4m3fn>(true, finite), (four{0x80, 0xfe, 0xfe, 0xff}));
  EXPECT_EQ(codes<e4m3fnuz>(true, none), (four{0, 0x80, 0x80, 0x80}));
}

TEST(special_codes, below_zero_unsigned_formats_have_one_for_all_finite_numbers) {
  constexpr conversion_rules none{.saturation = saturation_mode::none};
  EXPECT_EQ(codes<ue4m3>(true, none), (four{0, 0x7f, 0x7f, 0x7f}));
  const simd::special_codes c =
      simd::make_special_codes(ue4m3::spec, rounding::ties_to_even{}, none);
  for (const std::uint32_t bits : {0x80000001U, 0x80800000U, 0xbf800000U, 0xff7fffffU}) {
    EXPECT_EQ(c(bits), 0x7fU) << std::hex << bits;
  }
}

}  // namespace
