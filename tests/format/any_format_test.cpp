// SPDX-License-Identifier: MIT

// The run-time form of a format. Its decode and encode are what format_contract_encode_test.cpp
// calls; here is the rest.

#include "binade/format/any_format.hpp"

#include "contract_support.hpp"

namespace {

using namespace binade;

TEST(any_format, is_binary32_unless_told_otherwise) {
  const any_format f;
  EXPECT_EQ(f, any_format::binary32());
  EXPECT_STREQ(f.name(), "float32");
  EXPECT_EQ(f.bit_count(), 32);
  EXPECT_EQ(f.exact_in(), carrier::binary32);
  EXPECT_EQ(f.encode(unpack(1.5F), rounding::ties_to_even{}, {}), 0x3fc00000U);
  EXPECT_EQ(contract::value_of(f.decode(0xc0400000)), -3);
  EXPECT_EQ(f.default_rules().saturation, saturation_mode::none);
}

TEST(any_format, knows_what_the_type_knows) {
  for_each_type(all_formats{}, []<class F>() {
    const any_format f = any_format::of<F>();
    SCOPED_TRACE(f.name());
    EXPECT_STREQ(f.name(), F::names.name);
    EXPECT_EQ(&f.names(), &F::names);
    EXPECT_EQ(f.bit_count(), F::bit_count);
    EXPECT_EQ(f.exact_in(), F::exact_in());
    EXPECT_EQ(f.default_rules().saturation, default_policies<F>::rules.saturation);
    EXPECT_EQ(f.default_rounding().mode,
              rounding::any(typename default_policies<F>::rounding{}).mode);
    EXPECT_EQ(f.describe().largest, describe(F::spec).largest);
    EXPECT_EQ(f.describe().nan, describe(F::spec).nan);
    for (std::uint32_t code = 0; code < 256; code += 5) {
      EXPECT_EQ(f.decode(code), decode(F::spec, code));
      EXPECT_EQ(f.classify(code), classify(F::spec, code));
      EXPECT_EQ(f.order_key(code), order_key(F::spec, code));
    }
  });
}

TEST(any_format, equality_is_identity_of_the_catalogue_entry) {
  for (const any_format& a : contract::formats()) {
    int equal = 0;
    for (const any_format& b : contract::formats()) equal += a == b;
    EXPECT_EQ(equal, 1) << a.name();
    EXPECT_FALSE(a == any_format::binary32());
  }
  EXPECT_EQ(any_format::of<e4m3fn>(), any_format::of<e4m3fn>());
}

TEST(any_format, families) {
  EXPECT_TRUE(any_format::of<int4>().is_integer());
  EXPECT_TRUE(any_format::of<uint8>().is_integer());
  EXPECT_FALSE(any_format::of<e0m3>().is_integer());
  EXPECT_TRUE(any_format::of<hif8>().is_hif8());
  EXPECT_FALSE(any_format::of<posit8>().is_hif8());
}

TEST(any_format, order_keys_lead_back) {
  for (const any_format& f : contract::formats()) {
    const code_description d = f.describe();
    for (const std::uint64_t code : {d.largest, d.lowest, d.smallest}) {
      EXPECT_EQ(f.code_from_order_key(f.order_key(code)), code) << f.name();
    }
    EXPECT_LE(f.order_key(d.lowest), f.order_key(d.smallest)) << f.name();
    EXPECT_LE(f.order_key(d.smallest), f.order_key(d.largest)) << f.name();
  }
}

TEST(any_format, is_usable_in_constant_expressions) {
  constexpr any_format f = any_format::of<e4m3fn>();
  static_assert(f.encode(unpack(448), rounding::ties_to_even{}, f.default_rules()) == 0x7e);
  static_assert(f.decode(0x38).exponent == 0 && f.decode(0x38).kind == value_class::finite);
  static_assert(any_format::of<nf4>().decode(15).exponent == 0);
  EXPECT_EQ(f.bit_count(), 8);
}

}  // namespace
