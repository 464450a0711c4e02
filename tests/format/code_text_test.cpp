// SPDX-License-Identifier: MIT
#include "binade/format/code_text.hpp"

#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"  // for_each_code

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace binade;

std::vector<std::string> fields_in(const std::string& text) {
  std::vector<std::string> fields;
  std::istringstream stream(text);
  for (std::string field; std::getline(stream, field, '|');) fields.push_back(field);
  return fields;
}

std::string joined(const std::vector<std::string>& fields) {
  std::string bits;
  for (const std::string& field : fields) bits += field;
  return bits;
}

int number(const std::string& bits) {
  return static_cast<int>(std::strtol(bits.c_str(), nullptr, 2));
}

TEST(code_text, has_every_bit_of_every_code) {
  for_each_type(all_formats{}, []<class F>() {
    constexpr int bits = describe(F::spec).code_bits;
    constexpr std::uint32_t count = std::uint32_t{1} << bits;
    for (std::uint32_t code = 0; code < count; code += count > 65536 ? 61 : 1) {
      const F x = F::from_bits(code);
      const std::vector<std::string> fields = fields_in(binary_code(x));
      for (const std::string& field : fields) {
        ASSERT_FALSE(field.empty()) << F::names.name << " " << binary_code(x);
      }
      const std::string all = joined(fields);
      ASSERT_EQ(all.size(), static_cast<std::size_t>(bits)) << F::names.name << " " << all;
      ASSERT_EQ(std::strtoul(all.c_str(), nullptr, 2), code) << F::names.name << " " << all;
      ASSERT_EQ(std::strtoul(hex_code(x).c_str(), nullptr, 16), code) << F::names.name;
      ASSERT_EQ(hex_code(x).size(), static_cast<std::size_t>((bits + 3) / 4)) << F::names.name;
    }
  });
}

TEST(code_text, examples) {
  EXPECT_EQ(binary_code(e4m3fn(3.0F)), "0|1000|100");
  EXPECT_EQ(hex_code(e4m3fn(3.0F)), "44");
  EXPECT_EQ(binary_code(e5m2(-1.75F)), "1|01111|11");
  EXPECT_EQ(binary_code(e2m1fn(-6.0F)), "1|11|1");
  EXPECT_EQ(hex_code(e2m1fn(-6.0F)), "f");
  EXPECT_EQ(binary_code(e3m0(0.25F)), "0|001");
  EXPECT_EQ(binary_code(e8m0fnu(1.0F)), "01111111");
  EXPECT_EQ(binary_code(ue4m3(448.0F)), "1111|110");
  EXPECT_EQ(hex_code(ue4m3(448.0F)), "7e");
  EXPECT_EQ(hex_code(e3m2fn::from_bits(0x0a)), "0a");
  EXPECT_EQ(binary_code(int4(-3)), "1101");
  EXPECT_EQ(binary_code(uint8(5)), "00000101");
  EXPECT_EQ(binary_code(nf4(1.0F)), "1111");
  EXPECT_EQ(binary_code(bfloat16(1.0F)), "0|01111111|0000000");
  EXPECT_EQ(hex_code(tfloat32(1.0F)), "1fc00");
}

/// HiF8 by the published table: the prefix says how many exponent bits follow, sign first.
TEST(code_text, fields_of_hif8_spell_its_value) {
  for_each_code<hif8>([](hif8 x) {
    if (!isfinite(x) || x == hif8(0.0F)) return;
    const std::vector<std::string> f = fields_in(binary_code(x));
    int exponent = 0;
    int mantissa = 0;
    int mantissa_bits = 0;
    if (f[1] == "0000") {  // denormal
      ASSERT_EQ(f.size(), 3U) << binary_code(x);
      exponent = number(f[2]) - 23;
    } else if (f[1] == "0001") {
      ASSERT_EQ(f.size(), 3U) << binary_code(x);
      mantissa = number(f[2]);
      mantissa_bits = 3;
    } else {
      ASSERT_EQ(f.size(), 4U) << binary_code(x);
      const int exponent_bits = f[1] == "11" ? 4 : (f[1] == "10" ? 3 : (f[1] == "01" ? 2 : 1));
      ASSERT_EQ(f[1], exponent_bits == 1 ? "001" : f[1]);
      ASSERT_EQ(f[2].size(), static_cast<std::size_t>(exponent_bits)) << binary_code(x);
      exponent = number("1" + f[2].substr(1)) * (f[2][0] == '1' ? -1 : 1);
      mantissa = number(f[3]);
      mantissa_bits = static_cast<int>(f[3].size());
    }
    const double value = std::ldexp(1.0 + std::ldexp(mantissa, -mantissa_bits), exponent);
    EXPECT_EQ(float{x}, f[0] == "1" ? -value : value) << binary_code(x);
  });
}

/// Positive posits: run length of the regime, then exponent bits (missing ones are 0), fraction.
template <class F>
void check_posit(int exponent_bits) {
  for_each_code<F>([=](F x) {
    if (isnan(x) || !(x > F(0))) return;
    const std::vector<std::string> f = fields_in(binary_code(x));
    ASSERT_EQ(f[0], "0");
    const std::string& run = f[1];
    const auto length = run.find(run[0] == '1' ? '0' : '1');
    const auto count = static_cast<int>(length == std::string::npos ? run.size() : length);
    ASSERT_TRUE(length == std::string::npos || length + 1 == run.size()) << binary_code(x);
    std::string exponent = exponent_bits > 0 && f.size() > 2 ? f[2] : "";
    exponent.resize(static_cast<std::size_t>(exponent_bits), '0');
    const std::size_t at = exponent_bits > 0 ? 3 : 2;
    const std::string fraction = f.size() > at ? f[at] : "";
    const int k = run[0] == '1' ? count - 1 : -count;
    const double value =
        std::ldexp(1.0 + std::ldexp(number(fraction), -static_cast<int>(fraction.size())),
                   k * (1 << exponent_bits) + number(exponent));
    EXPECT_EQ(convert<double>(x), value) << binary_code(x);
  });
}

TEST(code_text, fields_of_posits_spell_their_values) {
  check_posit<posit<8, 0>>(0);
  check_posit<posit<8, 1>>(1);
  check_posit<posit8>(2);
  check_posit<posit16>(2);
}

/// Takums by definition 8, on the stored bits of either sign.
template <class F>
void check_takum() {
  for_each_code<F>([](F x) {
    if (isnan(x) || x == F(0)) return;
    std::vector<std::string> f = fields_in(binary_code(x));
    const int sign = number(f[0]);
    const bool direction = f[1] == "1";
    ASSERT_EQ(f[2].size(), 3U) << binary_code(x);
    const int r = direction ? number(f[2]) : 7 - number(f[2]);
    // Bits that the code has no room for are 0.
    std::string rest;
    for (std::size_t i = 3; i < f.size(); ++i) rest += f[i];
    if (r > 0 && !rest.empty()) {
      ASSERT_EQ(f[3].size(), std::min(static_cast<std::size_t>(r), rest.size())) << binary_code(x);
    }
    while (static_cast<int>(rest.size()) < r) rest += '0';
    const int c = (direction ? (1 << r) - 1 : 1 - (2 << r)) +
                  number("0" + rest.substr(0, static_cast<std::size_t>(r)));
    const std::string fraction = rest.substr(static_cast<std::size_t>(r));
    const double part = std::ldexp(number("0" + fraction), -static_cast<int>(fraction.size()));
    const double value = std::ldexp((1 - 3 * sign) + part, sign == 0 ? c : -(c + 1));
    EXPECT_EQ(convert<double>(x), value) << binary_code(x);
  });
}

TEST(code_text, fields_of_takums_spell_their_values) {
  check_takum<takum8>();
  check_takum<takum16>();
}

static_assert(fields_of(e4m3fn::spec, 0).count == 3 && fields_of(e4m3fn::spec, 0).width[1] == 4);
static_assert(fields_of(posit8::spec, 0).count == 2);  // a regime that never ends

}  // namespace
