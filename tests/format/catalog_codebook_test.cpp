// SPDX-License-Identifier: MIT

#include "binade/format/catalog_codebook.hpp"

#include "binade/format/convert.hpp"
#include "contract_support.hpp"

namespace {

using namespace binade;

/// formats.md D.6 prints NF4 as decimals and as binary32 patterns; the spec holds the patterns.
TEST(catalog_codebook, nf4_is_the_published_list) {
  const float published[] = {-1.0F,
                             -0.6961928009986877F,
                             -0.5250730514526367F,
                             -0.39491748809814453F,
                             -0.28444138169288635F,
                             -0.18477343022823334F,
                             -0.09105003625154495F,
                             0.0F,
                             0.07958029955625534F,
                             0.16093020141124725F,
                             0.24611230194568634F,
                             0.33791524171829224F,
                             0.44070982933044434F,
                             0.5626170039176941F,
                             0.7229568362236023F,
                             1.0F};
  for (std::uint32_t code = 0; code < 16; ++code) {
    EXPECT_EQ(float{nf4::from_bits(code)}, published[code]) << code;
    EXPECT_EQ(nf4(published[code]).bits(), code);
  }
}

TEST(catalog_codebook, values_ascend) {
  for_each_type(codebook_formats{}, []<class F>() {
    static_assert(F::spec.size() == 1 << F::bit_count);
    float last = -INFINITY;
    for_each_code<F>([&last](F x) {
      EXPECT_GT(float{x}, last) << F::names.name;
      last = float{x};
    });
  });
}

/// Each entry of the dynamic tree is the float nearest to the exact rational, and there is no -1.
TEST(catalog_codebook, dynamic8_is_symmetric_but_for_one) {
  EXPECT_EQ(float{dynamic8::from_bits(127)}, 0.0F);
  EXPECT_EQ(float{dynamic8::from_bits(255)}, 1.0F);
  for (std::uint32_t k = 1; k < 128; ++k) {
    EXPECT_EQ(float{dynamic8::from_bits(127 + k)}, -float{dynamic8::from_bits(127 - k)}) << k;
  }
  // (0.1 + 0.9 (2j + 1) / 2^(i + 1)) 10^(i - 6) with k = 2^i + j, nearest by exact distance.
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 1 << i; ++j) {
      oracle::rational v =
          oracle::ratio(1, 10) + oracle::ratio(9 * (2 * j + 1), 10) / oracle::two_to(i + 1);
      for (int n = i; n < 6; ++n) v /= 10;
      const auto code = static_cast<std::uint32_t>(127 + (1 << i) + j);
      EXPECT_EQ(double{float{dynamic8::from_bits(code)}}, oracle::nearest_binary32(v)) << code;
    }
  }
}

}  // namespace
