// SPDX-License-Identifier: MIT

#include "binade/format/catalog_integer.hpp"

#include "contract_support.hpp"

namespace {

using namespace binade;

TEST(catalog_integer, has_every_width_from_two_to_eight) {
  int bits = 2;
  bool is_signed = true;
  for_each_type(integer_formats{}, [&]<class F>() {
    EXPECT_EQ(F::bit_count, bits);
    EXPECT_EQ(F::spec.bits, bits);
    EXPECT_EQ(F::spec.is_signed, is_signed);
    EXPECT_EQ(std::string(F::names.name), (is_signed ? "int" : "uint") + std::to_string(bits));
    if (++bits > 8) {
      bits = 2;
      is_signed = false;
    }
  });
}

TEST(catalog_integer, values_are_twos_complement) {
  for_each_type(integer_formats{}, []<class F>() {
    constexpr int count = 1 << F::bit_count;
    for (int code = 0; code < count; ++code) {
      const int value = F::spec.is_signed && code >= count / 2 ? code - count : code;
      EXPECT_EQ(static_cast<int>(F::from_bits(static_cast<std::uint32_t>(code))), value);
      EXPECT_EQ(F(value).bits(), code);
      EXPECT_EQ(F(static_cast<float>(value)).bits(), code);
    }
  });
}

/// formats.md Af: full range as value types, saturating arithmetic.
TEST(catalog_integer, arithmetic_saturates) {
  EXPECT_EQ(static_cast<int>(int8(100) + int8(100)), 127);
  EXPECT_EQ(static_cast<int>(int8(-100) - int8(100)), -128);
  EXPECT_EQ(static_cast<int>(-int8(-128)), 127);
  EXPECT_EQ(static_cast<int>(abs(int4(-8))), 7);
  EXPECT_EQ(static_cast<int>(uint4(3) - uint4(5)), 0);
  EXPECT_EQ(static_cast<int>(int8(7) / int8(2)), 4);  // 3.5 to even
  EXPECT_EQ(static_cast<int>(int8(5) / int8(2)), 2);
  EXPECT_EQ(static_cast<int>(int8(1) / int8(0)), 127);
  EXPECT_EQ(static_cast<int>(fma(int8(11), int8(11), int8(-121))), 0);
}

/// MXINT8 is int8 with 2^-6 in the block format: RNE(v * 64) clamped. Source: formats.md C.7.
TEST(catalog_integer, mxint8_elements) {
  const auto code = [](double v) {
    return int8::from_exact(scale_exponent(unpack(v), 6), rounding::ties_to_even{},
                            {.symmetric = true})
        .bits();
  };
  EXPECT_EQ(code(127.0 / 64), 0x7f);
  EXPECT_EQ(code(2), 0x7f);
  EXPECT_EQ(code(-2), 0x81);
  EXPECT_EQ(code(1), 0x40);
  EXPECT_EQ(code(0.5 / 64), 0x00);
  EXPECT_EQ(code(1.5 / 64), 0x02);
}

}  // namespace
