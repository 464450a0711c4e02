// SPDX-License-Identifier: MIT

// Names of the tapered formats, and their published code tables (formats.md C.1, D.4, D.5).

#include "binade/format/catalog_tapered.hpp"

#include "binade/format/convert.hpp"
#include "contract_support.hpp"
#include "oracle/published_tables.hpp"

#include <sstream>

namespace {

using namespace binade;
using contract::two_to;

TEST(catalog_tapered, names) {
  static_assert(std::is_same_v<posit8, posit<8, 2>> && std::is_same_v<posit16, posit<16, 2>>);
  EXPECT_STREQ(posit8::names.name, "posit8");
  EXPECT_STREQ((posit<8, 0>::names.name), "posit8_0");
  EXPECT_STREQ((posit<16, 1>::names.name), "posit16_1");
  EXPECT_STREQ((posit<32, 2>::names.name), "posit32");
  EXPECT_STREQ(hif8::names.name, "hif8");
  EXPECT_STREQ(takum16::names.name, "takum16");
}

TEST(catalog_tapered, hif8_table) {
  std::uint32_t code = 0;
  for (const std::string& row : oracle::published_hif8) {
    std::istringstream in(row);
    for (std::string word; in >> word; ++code) {
      const hif8 x = hif8::from_bits(code);
      if (word == "Inf") {
        EXPECT_TRUE(isinf(x)) << code;
        continue;
      }
      const std::size_t star = word.find("*2^");
      const double significand = std::stod(word.substr(0, star));
      const int exponent = star == std::string::npos ? 0 : std::stoi(word.substr(star + 3));
      EXPECT_EQ(double{float{x}}, std::ldexp(significand, exponent)) << code;
      if (code != 0) {
        EXPECT_EQ(double{float{hif8::from_bits(code | 0x80)}}, -std::ldexp(significand, exponent));
      }
    }
  }
  EXPECT_EQ(code, 128U);
  EXPECT_TRUE(isnan(hif8::from_bits(0x80)));
}

/// D.4: the positive codes of posit<8, 2>.
TEST(catalog_tapered, posit8_table) {
  std::vector<double> wanted;
  for (const int e : {-24, -20, -18, -16, -15, -14, -13}) wanted.push_back(two_to(e));
  for (const int e : {-12, -11, -10, -9}) {
    wanted.push_back(two_to(e));
    wanted.push_back(1.5 * two_to(e));
  }
  const auto binades = [&wanted](int first, int last, int values) {
    for (int e = first; e <= last; ++e) {
      for (int i = 0; i < values; ++i) {
        wanted.push_back(two_to(e) * (1 + static_cast<double>(i) / values));
      }
    }
  };
  binades(-8, -5, 4);
  binades(-4, 3, 8);
  binades(4, 7, 4);
  binades(8, 11, 2);
  for (const int e : {12, 13, 14, 15, 16, 18, 20, 24}) wanted.push_back(two_to(e));
  ASSERT_EQ(wanted.size(), 127U);
  for (std::uint32_t code = 1; code < 128; ++code) {
    EXPECT_EQ(double{float{posit8::from_bits(code)}}, wanted[code - 1]) << code;
    EXPECT_EQ(double{float{posit8::from_bits(256 - code)}}, -wanted[code - 1]) << code;
  }
}

/// D.5: the positive codes of takum8.
TEST(catalog_tapered, takum8_table) {
  std::vector<double> wanted;
  const auto exponents = [&wanted](int first, int last, int step) {
    for (int e = first; e <= last; e += step) wanted.push_back(two_to(e));
  };
  const auto binades = [&wanted](int first, int last, int values) {
    for (int e = first; e <= last; ++e) {
      for (int i = 0; i < values; ++i) {
        wanted.push_back(two_to(e) * (1 + static_cast<double>(i) / values));
      }
    }
  };
  exponents(-239, -127 - 16, 16);  // 0x01 .. 0x07
  exponents(-127, -63 - 8, 8);     // 0x08 .. 0x0f
  exponents(-63, -31 - 4, 4);      // 0x10 .. 0x17
  exponents(-31, -15 - 2, 2);      // 0x18 .. 0x1f
  exponents(-15, -8, 1);           // 0x20 .. 0x27
  binades(-7, -4, 2);              // 0x28 .. 0x2f
  binades(-3, -2, 4);              // 0x30 .. 0x37
  binades(-1, 0, 8);               // 0x38 .. 0x47
  binades(1, 2, 4);                // 0x48 .. 0x4f
  binades(3, 6, 2);                // 0x50 .. 0x57
  exponents(7, 14, 1);             // 0x58 .. 0x5f mirror 0x28 .. 0x21
  exponents(15, 29, 2);
  exponents(31, 59, 4);
  exponents(63, 119, 8);
  exponents(127, 239, 16);
  ASSERT_EQ(wanted.size(), 127U);
  for (std::uint32_t code = 1; code < 128; ++code) {
    EXPECT_EQ(static_cast<double>(takum8::from_bits(code)), wanted[code - 1]) << code;
    EXPECT_EQ(static_cast<double>(takum8::from_bits(256 - code)), -wanted[code - 1]) << code;
  }
}

/// How many codes no float holds: formats.md D.4 and D.5.
TEST(catalog_tapered, codes_that_no_float_holds) {
  int in8 = 0;
  for_each_code<takum8>([&in8](takum8 x) {
    in8 += !isnan(x) && double{static_cast<float>(x)} != static_cast<double>(x);
  });
  EXPECT_EQ(in8, 26);
  int in16 = 0;
  for_each_code<takum16>([&in16](takum16 x) {
    in16 += !isnan(x) && double{static_cast<float>(x)} != static_cast<double>(x);
  });
  EXPECT_EQ(in16, 7552);
  int in_half = 0;
  for_each_code<posit8>(
      [&in_half](posit8 x) { in_half += !isnan(x) && float{float16(float{x})} != float{x}; });
  EXPECT_EQ(in_half, 8);
}

}  // namespace
