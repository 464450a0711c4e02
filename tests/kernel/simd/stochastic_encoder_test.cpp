// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/stochastic_encoder.hpp"

#include "kernel/simd/convert_support.hpp"

namespace {

using namespace binade;
using namespace binade::test;

TEST(stochastic_encoder, kernels_equal_the_definition_element_by_element) {
  const std::vector<float> random = patterns(20000);
  std::vector<float> normal(20000);
  for (std::size_t i = 0; i < normal.size(); ++i) {
    normal[i] = static_cast<float>(standard_normal(3, 0, i));
  }
  for_each_type(type_list<e4m3fn, e5m2, e4m3fnuz, e2m1fn, e3m4, ue4m3, e0m7>{}, [&]<class F>() {
    for (const int bits : {8, 16}) {
      for (const auto saturation :
           {saturation_mode::finite, saturation_mode::propagate, saturation_mode::none}) {
        // The index carries into the high word of the block's number on the way.
        const rounding::stochastic policy{.seed = 0x123456789abcdef0,
                                          .stream = 0xfedcba9876543210,
                                          .bits = bits,
                                          .index = (std::uint64_t{1} << 36) - 5003};
        expect_definition<F>(random, policy, {.saturation = saturation});
        expect_definition<F>(normal, policy, {.saturation = saturation});
      }
    }
  });
}

TEST(stochastic_encoder, every_length_and_first_element) {
  const std::vector<float> x = patterns(400);
  for (const int bits : {8, 16}) {
    const rounding::stochastic policy{.seed = 9, .bits = bits};
    for (std::size_t n = 0; n <= 200; ++n) {
      std::vector<e4m3fn> expected(n);
      reference::convert(x.data() + n, expected.data(), n, policy, {}, n * 3);
      for (const simd::target t : all_targets) {
        if (!simd::is_available(t)) continue;
        std::vector<e4m3fn> got(n + 1, e4m3fn(1.0F));
        convert_on(t, x.data() + n, got.data(), n, policy, {}, n * 3);
        for (std::size_t i = 0; i < n; ++i) {
          ASSERT_EQ(got[i].bits(), expected[i].bits())
              << to_string(t) << " bits " << bits << " length " << n << " element " << i;
        }
        ASSERT_EQ(got[n].bits(), e4m3fn(1.0F).bits());
      }
    }
  }
}

TEST(stochastic_encoder, overflow_by_chance_is_left_to_the_definition) {
  static constexpr rounding::stochastic r{};
  const auto special = [](saturation_mode m) {
    return simd::make_stochastic_encoder(e4m3fn::spec, r, {.saturation = m}).floats.special;
  };
  EXPECT_EQ(bit_cast<float>(special(saturation_mode::none) - 1), 448.0F);
  EXPECT_EQ(special(saturation_mode::propagate), 0x7f800000U);
  EXPECT_EQ(special(saturation_mode::finite), 0x7f800001U);
}

TEST(stochastic_encoder, other_variants_and_formats_are_left_out) {
  EXPECT_TRUE(simd::has_stochastic_encoder(rounding::stochastic{.bits = 16}));
  EXPECT_FALSE(simd::has_stochastic_encoder(rounding::stochastic{.bits = 32}));
  EXPECT_FALSE(simd::has_stochastic_encoder(
      rounding::stochastic{.variant = rounding::stochastic_variant::centered}));
  EXPECT_TRUE(simd::has_stochastic_encoder(e5m2::spec));
  EXPECT_FALSE(simd::has_stochastic_encoder(e8m0fnu::spec));
}

}  // namespace
