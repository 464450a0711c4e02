// SPDX-License-Identifier: MIT

// The value types as C++ types: layout, what converts to what, what does not compile, constant
// expressions. What the operations compute is in format_contract_operations_*_test.cpp.

#include "binade/format/minifloat.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <compare>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace {

using namespace binade;

template <class F>
constexpr bool is_a_plain_value() {
  constexpr int size = F::bit_count <= 8 ? 1 : (F::bit_count <= 16 ? 2 : 4);
  static_assert(format<F>);
  static_assert(number<F>);
  static_assert(sizeof(F) == size && alignof(F) == size);
  static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_default_constructible_v<F>);
  static_assert(std::is_trivial_v<F> && std::is_standard_layout_v<F>);
  static_assert(std::is_nothrow_copy_constructible_v<F>);
  static_assert(std::is_same_v<decltype(F{}.bits()), typename F::storage_type>);
  static_assert(F{}.bits() == 0);
  static_assert(F::from_bits(1).bits() == 1);
  static_assert(noexcept(F(1.0F)) && noexcept(F{} + F{}) && noexcept(F{} < F{}));
  return true;
}

template <class A, class B>
concept addable = requires(A a, B b) { a + b; };
template <class A, class B>
concept subtractable = requires(A a, B b) { a - b; };
template <class A, class B>
concept multipliable = requires(A a, B b) { a* b; };
template <class A, class B>
concept divisible = requires(A a, B b) { a / b; };
template <class A, class B>
concept equatable = requires(A a, B b) { a == b; };
template <class A, class B>
concept orderable = requires(A a, B b) { a < b; };
template <class A, class B>
concept assign_addable = requires(A& a, B b) { a += b; };

template <class A, class B>
constexpr bool has_any_operator =
    addable<A, B> || subtractable<A, B> || multipliable<A, B> || divisible<A, B> ||
    equatable<A, B> || orderable<A, B> || assign_addable<A, B>;

template <class F>
constexpr bool converts_explicitly() {
  // From anything: explicit.
  static_assert(std::is_constructible_v<F, float> && !std::is_convertible_v<float, F>);
  static_assert(std::is_constructible_v<F, double> && !std::is_convertible_v<double, F>);
  static_assert(std::is_constructible_v<F, int> && !std::is_convertible_v<int, F>);
  static_assert(std::is_constructible_v<F, bool> && !std::is_convertible_v<bool, F>);
  // To float: implicit exactly where every value is a float.
  constexpr bool exact = F::exact_in() != carrier::binary64;
  static_assert(std::is_convertible_v<F, float> == exact);
  static_assert(std::is_constructible_v<float, F> && std::is_constructible_v<double, F>);
  static_assert(std::is_constructible_v<int, F> && std::is_constructible_v<std::uint8_t, F>);
  // From another format: explicit, and no operator takes the two.
  using other = std::conditional_t<std::is_same_v<F, e4m3fn>, e5m2, e4m3fn>;
  static_assert(std::is_constructible_v<F, other> && !std::is_convertible_v<other, F>);
  static_assert(!has_any_operator<F, other> && !has_any_operator<other, F>);
  static_assert(addable<F, F> && equatable<F, F> && orderable<F, F> && assign_addable<F, F>);
  return true;
}

TEST(minifloat, every_format_is_a_plain_value) {
  for_each_type(all_formats{}, []<class F>() {
    static_assert(is_a_plain_value<F>());
    static_assert(converts_explicitly<F>());
  });
  SUCCEED();
}

TEST(minifloat, takum_alone_needs_double) {
  for_each_type(all_formats{}, []<class F>() {
    constexpr bool takum = std::is_same_v<F, takum8> || std::is_same_v<F, takum16>;
    static_assert((F::exact_in() == carrier::binary64) == takum);
  });
  static_assert(!std::is_convertible_v<takum8, float> && !std::is_convertible_v<takum8, double>);
  EXPECT_EQ(static_cast<double>(takum8::from_bits(0x7f)), 0x1p239);
  EXPECT_EQ(static_cast<float>(takum8::from_bits(0x7f)), INFINITY);
  EXPECT_EQ(static_cast<float>(takum8::from_bits(0x01)), 0.0F);
}

/// A type of a user's own, defined as the documentation says.
struct e3m3 : minifloat<e3m3, 7> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3, .mantissa_bits = 3, .bias = 3};
};

TEST(minifloat, a_users_own_format_is_three_lines) {
  static_assert(is_a_plain_value<e3m3>());
  static_assert(converts_explicitly<e3m3>());
  static_assert(e3m3(1.0F).bits() == 0x18);
  // bias 3: the largest value is 1.875 * 2^4, the smallest 2^-5.
  EXPECT_EQ(float{e3m3(1000.0F)}, 30.0F);
  EXPECT_EQ(float{e3m3::from_bits(1)}, 0x1p-5F);
  EXPECT_EQ(float{e3m3(1.5F) * e3m3(-2.0F)}, -3.0F);
}

TEST(minifloat, mixed_arithmetic_with_float_is_floats) {
  static_assert(std::is_same_v<decltype(e4m3fn(1.0F) + 1.0F), float>);
  static_assert(std::is_same_v<decltype(e4m3fn(1.0F) * 2.0), double>);
  EXPECT_EQ(e4m3fn(1.5F) * 3.0F, 4.5F);
  // A literal is not rounded before a comparison: 1.6 is no e2m1fn value.
  EXPECT_FALSE(e2m1fn(1.5F) == 1.6F);
  EXPECT_TRUE(e2m1fn(1.5F) == 1.5F);
}

TEST(minifloat, converts_to_integers_by_truncation) {
  EXPECT_EQ(static_cast<int>(e4m3fn(-3.75F)), -3);
  EXPECT_EQ(static_cast<unsigned>(bfloat16(40000.0F)), 39936U);
  EXPECT_EQ(static_cast<std::int64_t>(int8(-128)), -128);
  EXPECT_EQ(static_cast<std::uint8_t>(uint8(255)), 255);
  EXPECT_TRUE(static_cast<bool>(e4m3fn(2.0F)));
}

TEST(minifloat, converts_from_integers_in_one_rounding) {
  // 2^24 + 2^20 + 1 is no float: through float it would be the tie 2^24 + 2^20.
  EXPECT_EQ(bfloat16((1 << 24) + (1 << 16) + 1).bits(), bfloat16(0x1.02p24F).bits());
  EXPECT_EQ(bfloat16((1 << 24) + (1 << 16)).bits(), bfloat16(0x1p24F).bits());
  EXPECT_EQ(float{float16(UINT64_MAX)}, INFINITY);
  EXPECT_EQ(float{int8(INT64_MIN)}, -128);
  EXPECT_EQ(float{int8('a')}, 97);
}

/// The defaults that a format has where a call names no policy. Source: DESIGN.md section 4.
TEST(minifloat, default_policies_follow_the_width) {
  for_each_type(all_formats{}, []<class F>() {
    constexpr bool narrow = F::bit_count <= 8;
    using rounding_type = typename default_policies<F>::rounding;
    static_assert(std::is_same_v<rounding_type, rounding::ties_to_away> == std::is_same_v<F, hif8>);
    static_assert(std::is_same_v<rounding_type, rounding::ties_to_even> != std::is_same_v<F, hif8>);
    static_assert(default_policies<F>::rules.saturation ==
                  (narrow ? saturation_mode::finite : saturation_mode::none));
    static_assert(default_policies<F>::arithmetic_rules.saturation ==
                  (narrow ? saturation_mode::propagate : saturation_mode::none));
  });
  EXPECT_EQ(float{e5m2(1e9F)}, 57344.0F);
  EXPECT_EQ(float{e5m2(INFINITY)}, 57344.0F);
  EXPECT_EQ(float{float16(1e9F)}, INFINITY);
  EXPECT_EQ(hif8(1.0625F).bits(), 0x09);  // the tie goes away
  EXPECT_EQ(e4m3fn(1.0625F).bits(), 0x38);
}

/// Arithmetic keeps infinities; x / 0 is infinity, else NaN, else the largest value.
TEST(minifloat, division_by_zero) {
  EXPECT_EQ((e5m2(1.0F) / e5m2(0.0F)).bits(), 0x7c);
  EXPECT_EQ((e5m2(1.0F) / e5m2(-0.0F)).bits(), 0xfc);
  EXPECT_TRUE(isnan(e4m3fn(1.0F) / e4m3fn(0.0F)));
  EXPECT_EQ((e2m1fn(1.0F) / e2m1fn(0.0F)).bits(), 0x7);
  EXPECT_EQ((hif8(1.0F) / hif8(0.0F)).bits(), 0x6f);
  EXPECT_TRUE(isnan(posit8(1.0F) / posit8(0.0F)));
  EXPECT_EQ((float16(-1.0F) / float16(0.0F)).bits(), 0xfc00);
  // P3109 says NaN, infinities or not: its zero has no sign.
  using p3 = p3109<8, 3, signedness::signed_values, domain::extended>;
  EXPECT_TRUE(isnan(p3(1.0F) / p3(0.0F)));
  EXPECT_TRUE(isnan(p3::from_bits(0x7f) / p3(0.0F)));
  using p3f = p3109<8, 3, signedness::signed_values, domain::finite>;
  EXPECT_TRUE(isnan(p3f(1.0F) / p3f(0.0F)));
  EXPECT_EQ((e5m2(30000.0F) + e5m2(57344.0F)).bits(), 0x7b);  // overflow is not infinity
  EXPECT_TRUE(isinf(float16(65504.0F) + float16(65504.0F)));
}

TEST(minifloat, has_no_negative_zero_where_its_code_is_nan) {
  EXPECT_EQ((-e4m3fnuz(0.0F)).bits(), 0);
  EXPECT_EQ((-hif8(0.0F)).bits(), 0);
  EXPECT_EQ((-p3109<8, 4>(0.0F)).bits(), 0);
  EXPECT_EQ((-posit8(0.0F)).bits(), 0);
  EXPECT_EQ((-e4m3fn(0.0F)).bits(), 0x80);
  EXPECT_EQ(e4m3fnuz(-1e-9F).bits(), 0);
  EXPECT_EQ((e4m3fnuz::from_bits(1) * e4m3fnuz(-0.25F)).bits(), 0);
  EXPECT_EQ(copysign(e4m3fnuz(0.0F), e4m3fnuz(-1.0F)).bits(), 0);
}

TEST(minifloat, zeros_are_equal_and_nar_is_ordered) {
  static_assert(e4m3fn(0.0F) == e4m3fn(-0.0F));
  static_assert((e4m3fn::from_bits(0x7f) <=> e4m3fn(1.0F)) == std::partial_ordering::unordered);
  static_assert(e4m3fn::from_bits(0x7f) != e4m3fn::from_bits(0x7f));
  static_assert(posit8::from_bits(0x80) == posit8::from_bits(0x80));
  static_assert(posit8::from_bits(0x80) < posit8::from_bits(0x81));
  static_assert(takum8::from_bits(0x80) < takum8::from_bits(0x81));
  EXPECT_LT(hif8::from_bits(0x7f), hif8::from_bits(0x18));  // codes are not in order of value
}

TEST(minifloat, from_exact_takes_policies) {
  static_assert(e4m3fn::from_exact(unpack(1.0625)).bits() == 0x38);
  static_assert(e4m3fn::from_exact(unpack(1.0625), rounding::ties_to_away{}, {}).bits() == 0x39);
  static_assert(
      e5m2::from_exact(unpack(1e9), rounding::ties_to_even{}, {.saturation = saturation_mode::none})
          .bits() == 0x7c);
  static_assert(
      int4::from_exact(unpack(-8), rounding::ties_to_even{}, {.symmetric = true}).bits() == 0x9);
  SUCCEED();
}

TEST(minifloat, is_usable_in_constant_expressions) {
  constexpr e4m3fn a(1.5F);
  constexpr e4m3fn b(2.25);
  static_assert((a + b).bits() == e4m3fn(3.75F).bits());
  static_assert((a - b).bits() == e4m3fn(-0.75F).bits());
  static_assert((a * b).bits() == e4m3fn(3.375F).bits());
  static_assert((a / b).bits() == e4m3fn(0.6666667F).bits());
  static_assert(fma(a, b, a).bits() == e4m3fn(4.875F).bits());
  static_assert(sqrt(b) == a);
  static_assert(a < b && -b < a && abs(-b) == b);
  static_assert(float{a} == 1.5F && !isnan(a) && !isinf(a) && isfinite(a) && !signbit(a));
  static_assert(ilogb(b) == 1 && ilogb(e4m3fn(0.0F)) == INT_MIN);
  static_assert(next_up(a).bits() == a.bits() + 1 && next_down(next_up(a)) == a);
  static_assert(nextafter(a, b) == next_up(a) && copysign(a, -b) == -a);
  constexpr e4m3fn sum = [] {
    e4m3fn s(1.0F);
    s += e4m3fn(0.5F);
    s *= e4m3fn(3.0F);
    s -= e4m3fn(0.5F);
    s /= e4m3fn(2.0F);
    return s;
  }();
  static_assert(sum == e4m3fn(2.0F));
  // Where 1 or 2 is beyond the range both sides are the largest value.
  for_each_type(all_formats{},
                []<class F>() { static_assert((F(1.0F) + F(1.0F)).bits() == F(2.0F).bits()); });
  SUCCEED();
}

/// What the bytes are: code in the low bits, the rest 0.
TEST(minifloat, a_value_is_its_code) {
  const e2m1fn x = e2m1fn::from_bits(0xff);
  unsigned char byte = 0;
  std::memcpy(&byte, &x, 1);
  EXPECT_EQ(byte, 0x0f);
  const tfloat32 t(-1.0F);
  std::uint32_t word = 0;
  std::memcpy(&word, &t, 4);
  EXPECT_EQ(word << 13, 0xbf800000U);
}

}  // namespace
