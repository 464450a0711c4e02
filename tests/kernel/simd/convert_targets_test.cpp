// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/convert_targets.hpp"

#include "kernel/simd/convert_support.hpp"

namespace {

using namespace binade;
using namespace binade::test;

template <class To, class R>
void check(const R& rounding, conversion_rules rules, const std::vector<float>& x) {
  expect_definition<To>(x, rounding, rules);
  if constexpr (To::bit_count <= 8) {
    expect_definition<To>(boundaries<To>(rounding, rules), rounding, rules);
  }
}

TEST(convert_targets, floats_to_every_format_equal_the_definition) {
  const std::vector<float> random = patterns(std::size_t{1} << 17);
  const std::vector<float> exponents = every_exponent();
  for_each_type(all_formats{}, [&]<class F>() {
    using R = typename default_policies<F>::rounding;
    for (const auto saturation :
         {saturation_mode::finite, saturation_mode::propagate, saturation_mode::none}) {
      const conversion_rules rules{.saturation = saturation};
      check<F>(R{}, rules, exponents);
      expect_definition<F>(random, R{}, rules);
    }
  });
}

TEST(convert_targets, other_nearest_modes_and_truncation_equal_the_definition) {
  const std::vector<float> random = patterns(std::size_t{1} << 16);
  const std::vector<float> exponents = every_exponent();
  for_each_type(
      type_list<hif8, posit8, takum8, e8m0fnu, e3m0, e4m3fn, int8, uint4, nf4, bfloat16>{},
      [&]<class F>() {
        const auto all_of = [&](const auto& rounding) {
          for (const auto saturation : {saturation_mode::finite, saturation_mode::none}) {
            check<F>(rounding, {.saturation = saturation}, exponents);
            expect_definition<F>(random, rounding, {.saturation = saturation});
          }
        };
        all_of(rounding::ties_to_even{});
        all_of(rounding::ties_to_away{});
        all_of(rounding::toward_zero{});
      });
  check<e8m0fnu>(rounding::ties_to_even_significand{}, {}, exponents);
}

TEST(convert_targets, posits_and_takums_of_16_bits_equal_the_definition_at_every_boundary) {
  for_each_type(type_list<posit16, posit<16, 1>, takum16>{}, [&]<class F>() {
    expect_definition<F>(boundaries<F>(rounding::ties_to_even{}, {}), rounding::ties_to_even{}, {});
    expect_definition<F>(boundaries<F>(rounding::toward_zero{}, {}), rounding::toward_zero{}, {});
    expect_definition<F>(every_exponent(), rounding::toward_zero{}, {});
    std::vector<F> all;
    for_each_value<F>([&](F x) { all.push_back(x); });
    for (const auto saturation : {saturation_mode::finite, saturation_mode::none}) {
      const conversion_rules rules{.saturation = saturation};
      expect_definition<float>(all, rounding::ties_to_even{}, rules);
      expect_definition<float16>(all, rounding::toward_zero{}, rules);
      expect_definition<bfloat16>(all, rounding::ties_to_even{}, rules);
    }
  });
}

TEST(convert_targets, nan_and_negative_rules_equal_the_definition) {
  const std::vector<float> x = patterns(5000);
  for (const nan_mode nan : {nan_mode::largest, nan_mode::zero}) {
    for (const negative_mode negative : {negative_mode::nan, negative_mode::abs}) {
      for_each_type(type_list<e2m1fn, e3m0, e8m0fnu, ue4m3, int4, uint8, nf4, posit8>{},
                    [&]<class F>() {
                      const conversion_rules rules{.nan = nan, .negative = negative};
                      expect_definition<F>(x, rounding::ties_to_even{}, rules);
                      expect_definition<F>(every_exponent(), rounding::ties_to_even{}, rules);
                    });
    }
  }
  expect_definition<int8>(every_exponent(), rounding::ties_to_even{}, {.symmetric = true});
}

/// Every length and place, and nothing is written beyond.
template <class To, class From>
void check_lengths(const std::vector<From>& x) {
  using R = typename detail::target_policies<To>::rounding;
  const conversion_rules rules = detail::default_rules<To>();
  std::vector<To> expected(x.size());
  reference::convert(x.data(), expected.data(), x.size(), R{}, rules);
  for (const simd::target t : all_targets) {
    if (!simd::is_available(t)) continue;
    // By the converter of a large call, for the small ones take the definition.
    const auto at_every_place = [&](simd::converter<To, From> converter) {
      for (std::size_t n = 0; n <= 200; ++n) {
        const std::size_t from = n * 7 % 64;
        const std::size_t to = 1 + n * 5 % 64;
        std::vector<To> got(n + 66, To(1.0F));
        converter(x.data() + from, got.data() + to, n, 0);
        for (std::size_t i = 0; i < got.size(); ++i) {
          const bool inside = i >= to && i < to + n;
          const To& want = inside ? expected[from + i - to] : To(1.0F);
          ASSERT_EQ(bits_of(got[i]), bits_of(want))
              << to_string(t) << " length " << n << " element " << i << " offset " << to;
        }
      }
    };
    simd::with_converter<To, From>(t, R{}, rules, std::size_t{1} << 12, at_every_place);
  }
}

TEST(convert_targets, every_length_and_place) {
  const std::vector<float> x = patterns(300);
  check_lengths<e4m3fn>(x);
  check_lengths<posit8>(x);
  check_lengths<takum8>(x);
  check_lengths<hif8>(x);
  check_lengths<int8>(x);
  check_lengths<nf4>(x);
  check_lengths<dynamic8>(x);
  check_lengths<float16>(x);
  check_lengths<bfloat16>(x);
  check_lengths<tfloat32>(x);
  std::vector<float16> halves(300);
  std::vector<hif8> codes(300);
  for (std::uint32_t i = 0; i < 300; ++i) {
    halves[i] = float16::from_bits(i * 217);
    codes[i] = hif8::from_bits(i);
  }
  check_lengths<float>(halves);
  check_lengths<posit8>(halves);
  check_lengths<float>(codes);
  check_lengths<bfloat16>(codes);
}

TEST(convert_targets, results_that_pass_the_caches_are_the_same) {
  // The size alone chooses the stores.
  std::vector<hif8> x(1000);
  std::vector<float16> halves(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    x[i] = hif8::from_bits(i * 37);
    halves[i] = float16::from_bits(i * 65);
  }
  const conversion_rules rules{.saturation = saturation_mode::none};
  const auto check_on = [&](simd::target t, const auto& from) {
    using From = typename std::remove_cvref_t<decltype(from)>::value_type;
    const auto at_every_offset = [&](simd::converter<float, From> converter) {
      for (std::size_t offset = 0; offset < 20; ++offset) {
        std::vector<float> got(1021, 7.0F);
        converter(from.data(), got.data() + offset, 1000, 0);
        for (std::size_t i = 0; i < 1000; ++i) {
          ASSERT_EQ(bits_of(got[offset + i]), bits_of(static_cast<float>(from[i])))
              << to_string(t) << " offset " << offset << " element " << i;
        }
        ASSERT_EQ(got[offset + 1000], 7.0F);
      }
    };
    simd::with_converter<float, From>(t, rounding::ties_to_even{}, rules, simd::streaming_bytes,
                                      at_every_offset);
  };
  for (const simd::target t : all_targets) {
    if (!simd::is_available(t)) continue;
    check_on(t, x);
    check_on(t, halves);
  }
}

}  // namespace
