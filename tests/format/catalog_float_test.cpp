// SPDX-License-Identifier: MIT

// Code tables as published (formats.md C.2 to C.6), typed in independently of the specs. That every
// entry decodes as its definition is in format_contract_encode_test.cpp.

#include "binade/format/catalog_float.hpp"

#include "contract_support.hpp"
#include "oracle/published_tables.hpp"

#include <sstream>

namespace {

using namespace binade;

template <class F>
void expect_table(const std::vector<std::string>& rows) {
  std::uint32_t code = 0;
  for (const std::string& row : rows) {
    std::istringstream in(row);
    for (std::string word; in >> word; ++code) {
      const F x = F::from_bits(code);
      if (word == "NaN") {
        EXPECT_TRUE(isnan(x)) << code;
      } else if (word == "Inf") {
        EXPECT_TRUE(isinf(x)) << code;
      } else {
        // The tables print at most 10 digits: that many of the value's.
        char text[32];
        std::snprintf(text, sizeof text, "%.10g", double{float{x}});
        EXPECT_EQ(std::string(text), word) << F::names.name << " code " << code;
      }
    }
  }
  EXPECT_EQ(code, std::uint32_t{1} << (F::bit_count - 1));
}

TEST(catalog_float, published_tables) {
  expect_table<e4m3fn>(oracle::published_e4m3fn);
  expect_table<e5m2>(oracle::published_e5m2);
  expect_table<e2m3fn>(oracle::published_e2m3fn);
  expect_table<e3m2fn>(oracle::published_e3m2fn);
  expect_table<e2m1fn>(oracle::published_e2m1fn);
}

/// C.5: where nearest even changes, of the FP4 that everybody uses.
TEST(catalog_float, e2m1fn_midpoints) {
  const double midpoints[][2] = {{.25, 0}, {.75, 1}, {1.25, 1}, {1.75, 2},
                                 {2.5, 2}, {3.5, 4}, {5, 4}};
  for (const auto& [x, value] : midpoints) {
    EXPECT_EQ(float{e2m1fn(x)}, value) << x;
    EXPECT_EQ(float{e2m1fn(-x)}, -value) << -x;
  }
  EXPECT_EQ(float{e2m1fn(6.001)}, 6);
  EXPECT_EQ(float{e2m1fn(1e30)}, 6);
  EXPECT_EQ(e2m1fn(-0.1).bits(), 0x8);
}

/// C.6, and the pitfalls of Ad: code 0 is a subnormal float, 255 is NaN.
TEST(catalog_float, e8m0fnu_codes) {
  for (std::uint32_t c = 0; c < 255; ++c) {
    EXPECT_EQ(float{e8m0fnu::from_bits(c)}, std::ldexp(1.0F, static_cast<int>(c) - 127)) << c;
  }
  EXPECT_TRUE(isnan(e8m0fnu::from_bits(255)));
  EXPECT_EQ(bit_cast<std::uint32_t>(float{e8m0fnu::from_bits(0)}), 0x00400000U);
  EXPECT_EQ(e8m0fnu(1.0F).bits(), 0x7f);
  EXPECT_EQ(e8m0fnu(0.0F).bits(), 0x00);
  EXPECT_EQ((e8m0fnu(1.0F) / e8m0fnu::from_bits(254)).bits(), 0x00);
}

/// Canonical NaNs: hardware's all-ones code in OCP's FP8, the quiet code in IEEE-like formats.
TEST(catalog_float, canonical_nans) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(e5m2(nan).bits(), 0x7f);
  EXPECT_EQ(e4m3fn(nan).bits(), 0x7f);
  EXPECT_EQ(e4m3_ieee(nan).bits(), 0x7c);
  EXPECT_EQ(e3m4(nan).bits(), 0x78);
  EXPECT_EQ(float16(nan).bits(), 0x7e00);
  EXPECT_EQ(bfloat16(nan).bits(), 0x7fc0);
  EXPECT_EQ(e4m3fnuz(nan).bits(), 0x80);
  EXPECT_EQ(e8m0fnu(nan).bits(), 0xff);
  EXPECT_EQ(ue4m3(nan).bits(), 0x7f);
  EXPECT_EQ(ue5m3(nan).bits(), 0xff);
}

/// bfloat16 and tfloat32 are the top bits of binary32.
TEST(catalog_float, truncated_binary32) {
  for (std::uint32_t code = 0; code < 65536; code += 3) {
    const float wanted = bit_cast<float>(code << 16);
    EXPECT_TRUE(contract::same_value(float{bfloat16::from_bits(code)}, wanted)) << code;
  }
  for (std::uint32_t code = 0; code < 1U << 19; code += 17) {
    const float wanted = bit_cast<float>(code << 13);
    EXPECT_TRUE(contract::same_value(float{tfloat32::from_bits(code)}, wanted)) << code;
  }
}

/// Bit 7 of a UE4M3 byte is 0, and read as 0.
TEST(catalog_float, ue4m3_has_seven_bits) {
  for (std::uint32_t code = 0; code < 128; ++code) {
    EXPECT_EQ(ue4m3::from_bits(code | 0x80).bits(), code);
    const float value = float{ue4m3::from_bits(code)};
    EXPECT_TRUE(contract::same_value(value, float{e4m3fn::from_bits(code)})) << code;
    EXPECT_EQ(ue4m3(value).bits(), code);
  }
}

}  // namespace
