// SPDX-License-Identifier: MIT
#include "binade/io/safetensors_tensor.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using binade::read_f32;
using binade::safetensors_dtype;
using binade::safetensors_tensor;

template <class Code>
safetensors_tensor tensor_of(safetensors_dtype dtype, const std::vector<Code>& codes) {
  return {"t", dtype, {codes.size()}, std::as_bytes(std::span(codes))};
}

// Sign, exponent and fraction by ldexp: arithmetic instead of bit moves.
double binary_value(std::uint32_t code, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(code >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = static_cast<double>(code & ((1U << fraction_bits) - 1));
  const double sign = (code >> (exponent_bits + fraction_bits) & 1U) != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return sign * (fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                                 : std::numeric_limits<double>::infinity());
  }
  const double whole = exponent == 0 ? fraction : fraction + std::ldexp(1.0, fraction_bits);
  return sign * std::ldexp(whole, (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
}

void expect_same(float got, double expected, std::uint32_t code, bool negative) {
  if (std::isnan(expected)) {
    const std::uint32_t canonical = negative ? 0xffc00000U : 0x7fc00000U;
    EXPECT_EQ(std::bit_cast<std::uint32_t>(got), canonical) << std::bitset<16>(code);
  } else {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(got),
              std::bit_cast<std::uint32_t>(static_cast<float>(expected)))
        << "code " << std::bitset<16>(code) << " got " << got << " expected " << expected;
  }
}

// Name and bits from the format's description, in its order.
TEST(safetensors_dtype, names_bits_and_order) {
  struct row {
    const char* name;
    int bits;
  };
  const row rows[] = {{"BOOL", 8},    {"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6},
                      {"U8", 8},      {"I8", 8},          {"F8_E5M2", 8},     {"F8_E4M3", 8},
                      {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
                      {"U16", 16},    {"F16", 16},        {"BF16", 16},       {"I32", 32},
                      {"U32", 32},    {"F32", 32},        {"C64", 64},        {"F64", 64},
                      {"I64", 64},    {"U64", 64}};
  int i = 0;
  for (const row& expected : rows) {
    const auto dtype = static_cast<safetensors_dtype>(i++);
    EXPECT_EQ(name_of(dtype), expected.name);
    EXPECT_EQ(bits_of(dtype), expected.bits) << expected.name;
    EXPECT_EQ(binade::safetensors_dtype_of(expected.name), dtype) << expected.name;
  }
  EXPECT_EQ(static_cast<int>(safetensors_dtype::u64), i - 1);
  static_assert(binade::safetensors_dtype_of("F8_E4M3") == safetensors_dtype::f8_e4m3);
  EXPECT_FALSE(binade::safetensors_dtype_of("f32"));
  EXPECT_FALSE(binade::safetensors_dtype_of(""));
  EXPECT_FALSE(binade::safetensors_dtype_of("F32 "));
}

TEST(safetensors_tensor, size_is_the_product_of_the_shape) {
  EXPECT_EQ((safetensors_tensor{"", safetensors_dtype::f4, {3, 4, 5}, {}}).size(), 60U);
  EXPECT_EQ((safetensors_tensor{"", safetensors_dtype::f4, {}, {}}).size(), 1U);
  EXPECT_EQ((safetensors_tensor{"", safetensors_dtype::f4, {3, 0}, {}}).size(), 0U);
  EXPECT_EQ((safetensors_tensor{"", safetensors_dtype::f4, {3, 0}, {}}).bits(), 4);
}

TEST(read_f32, every_binary16_code) {
  std::vector<std::uint16_t> codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  const auto values = read_f32(tensor_of(safetensors_dtype::f16, codes));
  ASSERT_EQ(values.size(), codes.size());
  for (std::uint32_t i = 0; i < 65536; ++i) {
    expect_same(values[i], binary_value(i, 5, 10), i, i >= 32768);
  }
}

TEST(read_f32, every_bfloat16_code) {
  std::vector<std::uint16_t> codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  const auto values = read_f32(tensor_of(safetensors_dtype::bf16, codes));
  ASSERT_EQ(values.size(), codes.size());
  for (std::uint32_t i = 0; i < 65536; ++i) {
    expect_same(values[i], binary_value(i, 8, 7), i, i >= 32768);
  }
}

TEST(read_f32, binary32_is_copied_bit_by_bit) {
  const std::vector<std::uint32_t> codes{0x00000000, 0x80000000, 0x00000001, 0x7f7fffff,
                                         0xff800000, 0x7f800001, 0xffc12345};
  const auto values = read_f32(tensor_of(safetensors_dtype::f32, codes));
  ASSERT_EQ(values.size(), codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(values[i]), codes[i]);
  }
}

// The oracle is the processor's own conversion, which rounds to nearest, ties to even.
TEST(read_f32, binary64_is_rounded_once) {
  std::vector<double> inputs;
  const auto add = [&inputs](double x) {
    for (const double y : {x, std::nextafter(x, -INFINITY), std::nextafter(x, INFINITY)}) {
      inputs.push_back(y);
      inputs.push_back(-y);
    }
  };
  // Every binade of binary32 and two outside on either side: a value, and the ties next to it.
  for (int e = -152; e <= 129; ++e) {
    for (const double m : {1.0, 1.0 + 0x1p-23, 1.0 + 0x1p-22, 2.0 - 0x1p-23, 1.5, 1.625}) {
      for (const double half : {0.0, 0x1p-24, 0x1.8p-23, 0.125, 0.25}) {
        add(std::ldexp(m + half, e));
      }
    }
  }
  add(0x1.fffffefffffffp127);
  add(0x1.ffffffp127);
  add(std::numeric_limits<double>::min());
  add(std::numeric_limits<double>::denorm_min());
  add(std::numeric_limits<double>::max());
  std::mt19937_64 engine(20240229);
  for (int i = 0; i < 200000; ++i) {
    const double x = std::bit_cast<double>(engine());
    if (!std::isnan(x)) inputs.push_back(x);
    inputs.push_back(std::ldexp(std::bit_cast<double>((engine() >> 12) | 0x3ff0000000000000U),
                                static_cast<int>(engine() % 300) - 160));
  }
  const auto values = read_f32(tensor_of(safetensors_dtype::f64, inputs));
  ASSERT_EQ(values.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]),
              std::bit_cast<std::uint32_t>(static_cast<float>(inputs[i])))
        << std::hexfloat << inputs[i] << " got " << values[i];
  }
}

TEST(read_f32, binary64_specials) {
  const std::vector<std::uint64_t> codes{0x7ff0000000000000, 0xfff0000000000000, 0x7ff0000000000001,
                                         0xfff8000000000000, 0x8000000000000000};
  const std::vector<std::uint32_t> expected{0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
                                            0x80000000};
  const auto values = read_f32(tensor_of(safetensors_dtype::f64, codes));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(values[i]), expected[i]) << std::bitset<64>(codes[i]);
  }
}

TEST(read_f32, data_may_stand_at_any_address) {
  const float x = 1.25F;
  std::vector<std::byte> memory(9);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::memcpy(memory.data() + shift, &x, 4);
    const safetensors_tensor tensor{
        "t", safetensors_dtype::f32, {1}, std::span(memory).subspan(shift, 4)};
    EXPECT_EQ(read_f32(tensor), std::vector<float>{x});
  }
}

TEST(read_f32, scalars_and_empty_tensors) {
  const std::vector<double> one{0.1};
  const safetensors_tensor scalar{"s", safetensors_dtype::f64, {}, std::as_bytes(std::span(one))};
  EXPECT_EQ(read_f32(scalar), std::vector<float>{0.1F});
  EXPECT_TRUE(read_f32(safetensors_tensor{"e", safetensors_dtype::f32, {4, 0}, {}}).empty());
}

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(read_f32, says_what_is_wrong) {
  const std::vector<std::uint8_t> bytes(12);
  const auto data = std::as_bytes(std::span(bytes));
  std::vector<float> out(2);
  EXPECT_EQ(message_of([&] { (void)read_f32({"w", safetensors_dtype::u8, {12}, data}); }),
            "read_f32: tensor \"w\" has dtype U8; allowed are F32, F16, BF16, F64");
  EXPECT_EQ(message_of([&] { (void)read_f32({"w", safetensors_dtype::f32, {2, 2}, data}); }),
            "read_f32: tensor \"w\" has 12 bytes; F32[2, 2] takes 16");
  EXPECT_EQ(message_of([&] { read_f32({"w", safetensors_dtype::f32, {3}, data}, out); }),
            "read_f32: tensor \"w\" has 3 elements, but out has 2; they must be equal");
  const std::uint64_t half = std::uint64_t{1} << 63;
  EXPECT_EQ(message_of([&] { (void)read_f32({"w", safetensors_dtype::f32, {half, 2}, data}); }),
            "read_f32: tensor \"w\" has 12 bytes; F32[9223372036854775808, 2] overflows 64 bits or "
            "does not fill whole bytes");
}

}  // namespace
