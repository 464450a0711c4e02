// SPDX-License-Identifier: MIT

#include "binade/format/codec_integer.hpp"

#include "contract_support.hpp"

namespace {

using namespace binade;

TEST(codec_integer, describes_twos_complement) {
  constexpr code_description d = describe(integer_spec{8, true});
  static_assert(d.code_bits == 8 && d.is_signed && d.has_zero && !d.has_negative_zero);
  static_assert(!d.has_nan && !d.has_infinity);
  static_assert(d.largest == 0x7f && d.lowest == 0x80 && d.smallest == 1);
  constexpr code_description u = describe(integer_spec{3, false});
  static_assert(!u.is_signed && u.largest == 7 && u.lowest == 0 && u.smallest == 1);
  EXPECT_EQ(d.nan, 0U);
}

/// Every width that fits the run-time layer, values and codes by the language's own integers.
TEST(codec_integer, order_keys_are_the_values) {
  for (int bits = 2; bits <= 16; ++bits) {
    for (const bool is_signed : {true, false}) {
      const integer_spec s{bits, is_signed};
      const std::int64_t count = std::int64_t{1} << bits;
      for (std::int64_t code = 0; code < count; ++code) {
        const std::int64_t value = is_signed && code >= count / 2 ? code - count : code;
        const auto c = static_cast<std::uint64_t>(code);
        ASSERT_EQ(order_key(s, c), value);
        ASSERT_EQ(code_from_order_key(s, value), c);
        ASSERT_EQ(contract::value_of(decode(s, c)), static_cast<double>(value));
        ASSERT_EQ(classify(s, c), value == 0 ? value_class::zero : value_class::finite);
        ASSERT_EQ(decode(s, c + static_cast<std::uint64_t>(count) * 5), decode(s, c));
      }
    }
  }
}

/// Rounding to an integer against the processor's, clamping against std::clamp.
TEST(codec_integer, rounds_then_clamps) {
  for (int bits = 2; bits <= 12; ++bits) {
    for (const bool is_signed : {true, false}) {
      const integer_spec s{bits, is_signed};
      const double top = static_cast<double>(order_key(s, describe(s).largest));
      const double bottom = static_cast<double>(order_key(s, describe(s).lowest));
      for (double x = bottom - 3; x <= top + 3; x += 0.125) {
        const double nearest = std::clamp(std::nearbyint(x), bottom, top);
        const double away = std::clamp(std::round(x), bottom, top);
        const double zero = std::clamp(std::trunc(x), bottom, top);
        const auto value = [&](const auto& mode) {
          return contract::value_of(decode(s, encode(s, unpack(x), mode, {}))) + 0.0;
        };
        ASSERT_EQ(value(rounding::ties_to_even{}), nearest) << x;
        ASSERT_EQ(value(rounding::ties_to_away{}), away) << x;
        ASSERT_EQ(value(rounding::toward_zero{}), zero) << x;
      }
    }
  }
}

TEST(codec_integer, saturation_policies_do_not_differ) {
  const integer_spec s{8, true};
  for (const contract::saturation_pair& policy : contract::saturations) {
    const conversion_rules rules{.saturation = policy.ours};
    for (const double x : {127.5, 128.0, 1e300, contract::infinity}) {
      EXPECT_EQ(encode(s, unpack(x), rounding::ties_to_even{}, rules), 0x7fU);
      EXPECT_EQ(encode(s, unpack(-2 * x), rounding::ties_to_even{}, rules), 0x80U);
    }
  }
}

/// Quantizers of symmetric scales use +-(2^(bits - 1) - 1). Source: formats.md Af.
TEST(codec_integer, symmetric_stops_at_minus_largest) {
  for (int bits = 2; bits <= 8; ++bits) {
    const integer_spec s{bits, true};
    const double top = contract::two_to(bits - 1) - 1;
    for (const double x : {top + 0.4, top + 0.5, top + 1, 1e9, contract::infinity}) {
      const std::uint64_t code =
          encode(s, unpack(-x), rounding::ties_to_even{}, {.symmetric = true});
      EXPECT_EQ(contract::value_of(decode(s, code)), -top) << bits << " bits, " << -x;
      const std::uint64_t positive =
          encode(s, unpack(x), rounding::ties_to_even{}, {.symmetric = true});
      EXPECT_EQ(contract::value_of(decode(s, positive)), top);
    }
    EXPECT_EQ(encode(s, unpack(-top - 1), rounding::ties_to_even{}, {}), describe(s).lowest);
  }
}

TEST(codec_integer, nan_is_the_largest_value_or_zero) {
  const unpacked nan = unpack(std::nan(""));
  EXPECT_EQ(encode(integer_spec{4, true}, nan, rounding::ties_to_even{}, {}), 7U);
  EXPECT_EQ(encode(integer_spec{4, false}, nan, rounding::ties_to_even{}, {}), 15U);
  EXPECT_EQ(encode(integer_spec{4, true}, nan, rounding::ties_to_even{}, {.nan = nan_mode::zero}),
            0U);
}

TEST(codec_integer, carriers_hold_the_range) {
  EXPECT_EQ(carrier_of(integer_spec{8, true}), carrier::bfloat16);
  EXPECT_EQ(carrier_of(integer_spec{8, false}), carrier::bfloat16);
  EXPECT_EQ(carrier_of(integer_spec{24, false}), carrier::binary32);
  EXPECT_EQ(carrier_of(integer_spec{40, true}), carrier::binary64);
}

/// The affine quantizer rounds to wide integers first.
TEST(codec_integer, forty_bits_work_too) {
  constexpr integer_spec wide{40, true};
  for (const double x : {1e9 + 0.5, -1e9 - 0.5, 3.5, -2.5, 1e30, -1e30}) {
    const double top = contract::two_to(39) - 1;
    const double wanted = std::clamp(std::nearbyint(x), -top - 1, top);
    EXPECT_EQ(
        static_cast<double>(order_key(wide, encode(wide, unpack(x), rounding::ties_to_even{}, {}))),
        wanted)
        << x;
  }
}

}  // namespace
