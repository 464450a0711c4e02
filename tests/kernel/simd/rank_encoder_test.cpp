// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/rank_encoder.hpp"

#include "binade/format/catalog.hpp"
#include "binade/kernel/simd/paths.hpp"

#include <gtest/gtest.h>

#include <bitset>

namespace {

using namespace binade;

template <class F, class R = rounding::ties_to_even>
simd::rank_encoder make(conversion_rules rules = {}) {
  return simd::make_rank_encoder(F::spec, R{}, rules);
}

TEST(rank_encoder, serves_tapered_formats_and_powers_of_two_in_the_nearest_modes_and_truncation) {
  for_each_type(
      type_list<hif8, posit<8, 0>, posit<8, 1>, posit8, takum8, e8m0fnu, e3m0, e4m3fn, e2m5>{},
      []<class F>() {
        EXPECT_TRUE(make<F>().is_valid) << F::names.name;
        EXPECT_TRUE((make<F, rounding::ties_to_away>().is_valid)) << F::names.name;
        EXPECT_TRUE((make<F, rounding::toward_zero>().is_valid)) << F::names.name;
        EXPECT_FALSE((make<F, rounding::to_odd>().is_valid)) << F::names.name;
      });
  EXPECT_TRUE((make<e8m0fnu, rounding::ties_to_even_significand>().is_valid));
  EXPECT_FALSE((make<e3m0, rounding::ties_to_even_significand>().is_valid));
  EXPECT_FALSE((make<e4m3fn, rounding::ties_to_even_significand>().is_valid));
  EXPECT_FALSE((make<posit8, rounding::ties_to_even_significand>().is_valid));
  EXPECT_FALSE(make<e0m7>().is_valid);     // 64 values to a binade
  EXPECT_FALSE(make<int8>().is_valid);     // one negative value more
  EXPECT_FALSE(make<posit16>().is_valid);  // 16 bits
}

TEST(rank_encoder, is_valid_wherever_bulk_conversion_takes_it) {
  int count = 0;
  const auto check = [&]<class F, class R>(type_list<F, R>) {
    if constexpr (simd::path_of<F, float, R>() == simd::path::ranks) {
      ++count;
      EXPECT_TRUE((make<F, R>().is_valid)) << F::names.name;
    }
  };
  for_each_type(all_formats{}, [&]<class F>() {
    check(type_list<F, rounding::ties_to_even>{});
    check(type_list<F, rounding::ties_to_away>{});
    check(type_list<F, rounding::toward_zero>{});
    check(type_list<F, rounding::ties_to_even_significand>{});
  });
  EXPECT_GT(count, 80);
}

TEST(rank_encoder, entries_of_posit8_are_the_published_binades) {
  const simd::rank_encoder e = make<posit8>();
  // 1.0 is 01000000, with three mantissa bits: 64 * 256, and m moved up by 4.
  EXPECT_EQ(e.table[127], 64 << 8 | 4);
  // 16 is 01100000; its regime takes one bit of the mantissa.
  EXPECT_EQ(e.table[131], 96 << 8 | 3);
  // 2^20 is 01111110: rank 126. Up to 2^22, where the first exponent bit that is cut becomes 1.
  EXPECT_EQ(e.table[147], 126 << 8 | simd::rank_encoder::none);
  EXPECT_EQ(e.table[149], 126 << 8 | 0x80);  // a tie at 2^22 goes to the even code
  EXPECT_EQ(e.flip, 0xff);
  EXPECT_EQ(e.carry, 1);
  EXPECT_EQ(e.special, 0x7f80);  // infinity and NaN are NaR
}

TEST(rank_encoder, hif8_codes_are_not_ranks) {
  const simd::rank_encoder e = make<hif8, rounding::ties_to_away>();
  EXPECT_TRUE(e.is_mapped);
  EXPECT_EQ(e.codes[0], 0);
  EXPECT_EQ(e.codes[126], 0x6e);
  EXPECT_EQ(e.high, 0x4700);  // 2^15
  EXPECT_FALSE(e.zero_has_sign);
}

TEST(rank_encoder, ends_of_the_range_follow_the_saturation_mode) {
  EXPECT_EQ((make<hif8, rounding::ties_to_away>().special), 0x7f81);
  EXPECT_EQ(
      (make<hif8, rounding::ties_to_away>({.saturation = saturation_mode::propagate}).special),
      0x7f80);
  // 1.25 * 2^15 rounds to infinity.
  EXPECT_EQ((make<hif8, rounding::ties_to_away>({.saturation = saturation_mode::none}).special),
            0x4720);
}

TEST(rank_encoder, subnormal_numbers_are_special_where_their_codes_differ) {
  EXPECT_EQ(make<takum8>().subnormal, 0x80);
  EXPECT_TRUE(make<takum8>().is_special(0x1p-140F));
  EXPECT_FALSE(make<takum8>().is_special(0.0F));
  EXPECT_FALSE(make<posit8>().is_special(0x1p-140F));
}

TEST(rank_encoder, unsigned_formats_replace_negative_values) {
  EXPECT_EQ(make<e8m0fnu>().keep, 0);
  EXPECT_EQ(make<e8m0fnu>().flip, 0xff);
  EXPECT_EQ(make<e8m0fnu>({.negative = negative_mode::abs}).keep, 0xff);
  EXPECT_EQ(make<e8m0fnu>({.negative = negative_mode::abs}).flip, 0);
}

}  // namespace
