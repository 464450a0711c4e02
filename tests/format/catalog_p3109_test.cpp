// SPDX-License-Identifier: MIT

// IEEE P3109: the published table (formats.md D.1), the names, and widths that the catalogue lacks.

#include "binade/format/catalog_p3109.hpp"

#include "binade/format/convert.hpp"
#include "contract_support.hpp"

namespace {

using namespace binade;
using contract::two_to;

template <int K, int P>
using se = p3109<K, P, signedness::signed_values, domain::extended>;
template <int K, int P>
using sf = p3109<K, P, signedness::signed_values, domain::finite>;
template <int K, int P>
using ue = p3109<K, P, signedness::unsigned_values, domain::extended>;
template <int K, int P>
using uf = p3109<K, P, signedness::unsigned_values, domain::finite>;

template <class F>
void expect_largest(double value, std::uint32_t code, const char* name) {
  EXPECT_STREQ(F::names.name, name);
  EXPECT_EQ(describe(F::spec).largest, code) << name;
  EXPECT_EQ(double{float{F::from_bits(code)}}, value) << name;
}

TEST(catalog_p3109, published_largest_values) {
  expect_largest<se<8, 3>>(49152, 0x7e, "binary8p3se");
  expect_largest<sf<8, 3>>(57344, 0x7f, "binary8p3sf");
  expect_largest<se<8, 4>>(224, 0x7e, "binary8p4se");
  expect_largest<sf<8, 4>>(240, 0x7f, "binary8p4sf");
  expect_largest<se<8, 5>>(15, 0x7e, "binary8p5se");
  expect_largest<sf<8, 5>>(15.5, 0x7f, "binary8p5sf");
  expect_largest<ue<8, 3>>(1.25 * two_to(31), 0xfd, "binary8p3ue");
  expect_largest<uf<8, 3>>(1.5 * two_to(31), 0xfe, "binary8p3uf");
  expect_largest<ue<8, 4>>(53248, 0xfd, "binary8p4ue");
  expect_largest<uf<8, 4>>(57344, 0xfe, "binary8p4uf");
  expect_largest<ue<8, 5>>(232, 0xfd, "binary8p5ue");
  expect_largest<uf<8, 5>>(240, 0xfe, "binary8p5uf");
  expect_largest<se<8, 1>>(two_to(62), 0x7e, "binary8p1se");
  expect_largest<ue<8, 1>>(two_to(125), 0xfd, "binary8p1ue");
  expect_largest<uf<8, 1>>(two_to(126), 0xfe, "binary8p1uf");
}

TEST(catalog_p3109, one_is_0x40_if_signed_and_0x80_if_not) {
  int types = 0;
  for_each_type(p3109_formats{}, [&types]<class F>() {
    EXPECT_EQ(F(1.0F).bits(), F::is_signed ? 0x40 : 0x80) << F::names.name;
    EXPECT_EQ(F::bit_count, 8);
    ++types;
  });
  EXPECT_EQ(types, 30);
}

/// One NaN, no -0; infinities where the domain is extended.
TEST(catalog_p3109, special_codes) {
  for_each_type(p3109_formats{}, []<class F>() {
    int nans = 0;
    int infinities = 0;
    int zeros = 0;
    for_each_code<F>([&](F x) {
      nans += isnan(x);
      infinities += isinf(x);
      zeros += x == F(0.0F);
    });
    const bool extended = describe(F::spec).has_infinity;
    EXPECT_EQ(nans, 1) << F::names.name;
    EXPECT_EQ(zeros, 1) << F::names.name;
    EXPECT_EQ(infinities, extended ? (F::is_signed ? 2 : 1) : 0) << F::names.name;
    EXPECT_TRUE(isnan(F::from_bits(F::is_signed ? 0x80 : 0xff))) << F::names.name;
  });
  EXPECT_TRUE(isinf(se<8, 4>::from_bits(0x7f)) && isinf(se<8, 4>::from_bits(0xff)));
  EXPECT_TRUE(signbit(se<8, 4>::from_bits(0xff)));
  EXPECT_TRUE(isinf(ue<8, 4>::from_bits(0xfe)));
}

/// SatFinite, SatPropagate and SatNone of a number beyond the range and of infinity (formats.md
/// Ab).
TEST(catalog_p3109, saturation_modes) {
  using F = se<8, 3>;
  EXPECT_EQ(encode<F>(1e9, saturation::finite{}), 0x7e);
  EXPECT_EQ(encode<F>(1e9, saturation::propagate{}), 0x7e);
  EXPECT_EQ(encode<F>(1e9, saturation::none{}), 0x7f);
  EXPECT_EQ(encode<F>(1e9, saturation::none{}, rounding::toward_zero{}), 0x7e);
  EXPECT_EQ(encode<F>(-1e9, saturation::none{}, rounding::toward_positive{}), 0xfe);
  EXPECT_EQ(encode<F>(INFINITY, saturation::finite{}), 0x7e);
  EXPECT_EQ(encode<F>(INFINITY, saturation::propagate{}), 0x7f);
  EXPECT_EQ(encode<F>(-INFINITY, saturation::none{}), 0xff);
  EXPECT_EQ(encode<F>(NAN, saturation::finite{}), 0x80);
}

template <class F>
void expect_as_oracle() {
  const oracle::format& expected = oracle::by_name(F::names.name);
  contract::checker c(F::names.name);
  for (const oracle::code_info& info : expected.codes) {
    c.check(contract::same_value(contract::value_of(decode(F::spec, info.code)), info.value),
            [&] { return "decode " + contract::shown(expected, info.code); });
  }
  for (const double point : contract::sampled_landmarks(expected)) {
    for (const double x : contract::doubles_at(point)) {
      for (const contract::mode_pair& mode : contract::modes) {
        const contract::saturation_pair& policy = contract::saturations[c.count() % 3];
        c.check_code(expected, encode(F::spec, unpack(x), mode.ours, {.saturation = policy.ours}),
                     encode(expected, x, mode.theirs, policy.theirs),
                     [&] { return contract::shown(x) + " in " + mode.name + ", " + policy.name; });
      }
    }
  }
}

TEST(catalog_p3109, other_widths_are_as_the_oracle) {
  expect_as_oracle<se<3, 1>>();
  expect_as_oracle<sf<3, 2>>();
  expect_as_oracle<se<4, 2>>();
  expect_as_oracle<uf<4, 4>>();
  expect_as_oracle<ue<5, 1>>();
  expect_as_oracle<se<6, 3>>();
  expect_as_oracle<sf<6, 5>>();
  expect_as_oracle<ue<7, 7>>();
  expect_as_oracle<se<11, 5>>();
  expect_as_oracle<se<16, 8>>();
  expect_as_oracle<uf<16, 11>>();
}

}  // namespace
