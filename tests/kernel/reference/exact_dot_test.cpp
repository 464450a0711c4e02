// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/exact_dot.hpp"

#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packed_span.hpp"
#include "kernel/reference/support.hpp"
#include "oracle/binary32.hpp"
#include "oracle/catalog.hpp"
#include "oracle/round.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace product_test;

using binade::exact_dot;
using oracle::rational;
using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;
using quantize_test::not_a_number;
using quantize_test::shown;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
double wide(const T& x) {
  return binade::to_double(unpack(x));
}
double wide(float x) { return x; }
double wide(double x) { return x; }

/// The exact sum of products of finite numbers.
template <class A, class B>
rational exact_sum(const std::vector<A>& a, const std::vector<B>& b) {
  rational sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += oracle::exact(wide(a[i])) * oracle::exact(wide(b[i]));
  }
  return sum;
}

/// n random finite values of a format, any of its codes.
template <class F>
std::vector<F> some(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<F> x;
  while (x.size() < n) {
    const F v = F::from_bits(static_cast<std::uint32_t>(random()));
    if (isfinite(v)) x.push_back(v);
  }
  return x;
}

template <class F>
class exact_dot_formats : public ::testing::Test {};
using formats = ::testing::Types<binade::e2m1fn, binade::e4m3fn, binade::e5m2, binade::hif8,
                                 binade::posit8, binade::posit16, binade::takum8, binade::takum16,
                                 binade::nf4, binade::dynamic8, binade::int8, binade::e8m0fnu,
                                 binade::float16, binade::bfloat16, binade::tfloat32>;
TYPED_TEST_SUITE(exact_dot_formats, formats);

TYPED_TEST(exact_dot_formats, is_the_exact_sum_rounded_once) {
  using F = TypeParam;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const std::size_t n = 1 + seed * 3;
    const std::vector<F> a = some<F>(n, 2 * seed);
    const std::vector<F> b = some<F>(n, 2 * seed + 1);
    const rational sum = exact_sum(a, b);
    EXPECT_EQ(exact_dot(a, b), oracle::nearest_float(sum)) << F::names.name << " " << seed;
    EXPECT_EQ(exact_dot<double>(a, b), oracle::nearest_double(sum)) << F::names.name << " " << seed;
  }
}

TYPED_TEST(exact_dot_formats, cancellation_leaves_the_exact_rest) {
  // Large products that cancel, around one that must survive: any rounding on the way loses it.
  using F = TypeParam;
  if constexpr (binade::describe(F::spec).is_signed) {
    constexpr auto d = binade::describe(F::spec);
    const F largest = F::from_bits(static_cast<std::uint32_t>(d.largest));
    const F smallest = F::from_bits(static_cast<std::uint32_t>(d.smallest));
    const F minus = -largest;
    // int8: -127, so that the products cancel.
    const std::vector<F> a{largest, smallest, minus};
    const std::vector<F> b{largest, smallest, largest};
    EXPECT_EQ(exact_dot<double>(a, b), oracle::nearest_double(exact_sum(a, b))) << F::names.name;
    EXPECT_GT(exact_dot<double>(a, b), 0.0) << F::names.name;
  }
}

TEST(exact_dot, floats_of_every_magnitude) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<float> a;
    std::vector<float> b;
    const std::size_t n = random() % 40;
    while (a.size() < n) {
      const float x = oracle::float_of(static_cast<std::uint32_t>(random()));
      const float y = oracle::float_of(static_cast<std::uint32_t>(random()));
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      a.push_back(x);
      b.push_back(y);
    }
    const rational sum = exact_sum(a, b);
    EXPECT_EQ(exact_dot(a, b), oracle::nearest_float(sum)) << round;
    EXPECT_EQ(exact_dot<double>(a, b), oracle::nearest_double(sum)) << round;
    // The order does not matter.
    std::reverse(a.begin(), a.end());
    std::reverse(b.begin(), b.end());
    EXPECT_EQ(exact_dot(a, b), oracle::nearest_float(sum)) << round;
  }
}

TEST(exact_dot, doubles_fit_too) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> a;
    std::vector<double> b;
    while (a.size() < 20) {
      const auto x = binade::bit_cast<double>(random());
      const auto y = binade::bit_cast<double>(random());
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      a.push_back(x);
      b.push_back(y);
    }
    EXPECT_EQ(exact_dot<double>(a, b), oracle::nearest_double(exact_sum(a, b))) << round;
  }
  const std::vector<double> ends{std::numeric_limits<double>::max(), 0x1p-1074, -0x1p-1074};
  EXPECT_EQ(exact_dot<double>(ends, ends), infinity);
  const std::vector<double> tiny{0x1p-1074, 0x1p-537};
  EXPECT_EQ(exact_dot<double>(tiny, tiny), 0x1p-1074);
  // max^2 - max^2 + 2^-2148, seen by multiplying it up: 2^-2148 itself is below every double.
  const double max = std::numeric_limits<double>::max();
  const std::vector<double> x{max, max, 0x1p-1074};
  const std::vector<double> y{max, -max, 0x1p-1074};
  binade::exact_accumulator sum;
  for (std::size_t i = 0; i < 3; ++i) sum.add_product(binade::unpack(x[i]), binade::unpack(y[i]));
  const binade::unpacked rest = sum.value();
  EXPECT_EQ(rest.exponent, -2148);
  EXPECT_EQ(rest.significand, std::uint64_t{1} << 63);
  EXPECT_FALSE(rest.negative);
}

TEST(exact_dot, one_rounding_at_the_half_way_points) {
  // 1 + 2^-24 is a tie; what is far below decides.
  const std::vector<float> one(3, 1.0F);
  EXPECT_EQ(exact_dot(one, std::vector{1.0F, 0x1p-24F, 0.0F}), 1.0F);
  EXPECT_EQ(exact_dot(one, std::vector{1.0F, 0x1p-24F, 0x1p-149F}), 1 + 0x1p-23F);
  EXPECT_EQ(exact_dot(one, std::vector{1.0F, 0x1p-24F, -0x1p-149F}), 1.0F);
  EXPECT_EQ(exact_dot(one, std::vector{1 + 0x1p-23F, 0x1p-24F, 0.0F}), 1 + 0x1p-22F);
  EXPECT_EQ(exact_dot(one, std::vector{1 + 0x1p-23F, 0x1p-24F, -0x1p-149F}), 1 + 0x1p-23F);
  EXPECT_EQ(exact_dot(one, std::vector{-1.0F, -0x1p-24F, -0x1p-149F}), -1 - 0x1p-23F);
}

TEST(exact_dot, rounds_to_any_target_by_any_policy) {
  const std::vector<float> a = data(kind::bell, 50, 3);
  const std::vector<float> b = data(kind::bell, 50, 4);
  const oracle::number sum = oracle::number::of(exact_sum(a, b));
  const auto code = [&](const std::string& name, oracle::mode mode, oracle::saturation s) {
    return encode(oracle::by_name(name), sum, mode, s);
  };
  using oracle::mode;
  using oracle::saturation;
  EXPECT_EQ(exact_dot<binade::e4m3fn>(a, b).bits(),
            code("e4m3fn", mode::ties_to_even, saturation::finite));
  EXPECT_EQ((exact_dot<binade::bfloat16>(a, b, binade::rounding::toward_positive{}).bits()),
            code("bfloat16", mode::toward_positive, saturation::none));
  EXPECT_EQ((exact_dot<binade::bfloat16>(a, b, binade::rounding::toward_negative{}).bits()),
            code("bfloat16", mode::toward_negative, saturation::none));
  EXPECT_EQ(exact_dot<binade::posit16>(a, b).bits(),
            code("posit16", mode::ties_to_even, saturation::finite));
  const std::vector<float> big{0x1p100F};
  EXPECT_EQ(exact_dot<binade::e5m2>(big, big).bits(), 0x7bU);
  EXPECT_EQ((exact_dot<binade::e5m2>(big, big, binade::saturation::none{}).bits()), 0x7cU);
  EXPECT_EQ(exact_dot<double>(big, big), 0x1p200);
}

TEST(exact_dot, mixes_types_and_takes_every_list) {
  const std::vector<float> a{1, 2, -3};
  const std::array<int, 3> b{4, 5, 6};
  const std::vector<binade::bfloat16> c{binade::bfloat16(0.5F), binade::bfloat16(0.25F),
                                        binade::bfloat16(2.0F)};
  EXPECT_EQ(exact_dot(a, b), -4.0F);
  EXPECT_EQ(exact_dot(std::span(a), c), -5.0F);
  EXPECT_EQ(exact_dot(c, b), 15.25F);
  EXPECT_EQ(exact_dot(binade::tensor_view<const float>(&a[2], {3}, {-1}), binade::vector_view(c)),
            -3 * 0.5F + 2 * 0.25F + 2.0F);
  // Codes in place: 1, 2, 4 in E2M1.
  const std::array<std::byte, 2> bytes{std::byte{0x42}, std::byte{0x06}};
  const binade::packed_span<const binade::e2m1fn> packed(bytes, 3);
  EXPECT_EQ(exact_dot(packed, a), 1 + 4 - 12.0F);
  std::array<std::byte, 2> writable = bytes;
  EXPECT_EQ(exact_dot(binade::packed_span<binade::e2m1fn>(writable, 3), a), -7.0F);
  constexpr std::array<float, 2> x{3, 4};
  static_assert(exact_dot(x, x) == 25.0F);
  EXPECT_EQ(exact_dot(std::vector<float>{}, std::vector<float>{}), 0.0F);
}

TEST(exact_dot, zero_is_positive) {
  const auto sign = [](float x) { return std::signbit(x); };
  EXPECT_FALSE(sign(exact_dot(std::vector{-0.0F}, std::vector{1.0F})));
  EXPECT_FALSE(sign(exact_dot(std::vector{1.0F, -1.0F}, std::vector{1.0F, 1.0F})));
  EXPECT_FALSE(sign(exact_dot(std::vector<float>{}, std::vector<float>{})));
  // Not a zero but below the range: the sign stays.
  EXPECT_TRUE(sign(exact_dot(std::vector{-0x1p-100F}, std::vector{0x1p-100F})));
}

TEST(exact_dot, nan_and_infinity) {
  const auto inf = static_cast<float>(infinity);
  const auto nan = [](float x) { return std::isnan(x); };
  EXPECT_TRUE(nan(exact_dot(std::vector{1.0F, not_a_number}, std::vector{1.0F, 0.0F})));
  EXPECT_TRUE(nan(exact_dot(std::vector{inf}, std::vector{0.0F})));
  EXPECT_TRUE(nan(exact_dot(std::vector{-0.0F}, std::vector{-inf})));
  EXPECT_TRUE(nan(exact_dot(std::vector{inf, 1.0F}, std::vector{1.0F, -inf})));
  EXPECT_EQ(exact_dot(std::vector{inf, 1.0F}, std::vector{2.0F, -3.0F}), inf);
  EXPECT_EQ(exact_dot(std::vector{inf, inf}, std::vector{-2.0F, -3.0F}), -inf);
  EXPECT_EQ(exact_dot(std::vector{-inf}, std::vector{-inf}), inf);
  const std::vector<binade::posit8> nar{binade::posit8::from_bits(0x80)};
  EXPECT_TRUE(nan(exact_dot(nar, nar)));
  EXPECT_EQ((exact_dot<binade::posit8>(nar, nar).bits()), 0x80U);
}

TEST(exact_dot, many_additions_carry_through_every_word) {
  // 2^255 * 2^255 and its negation in turn, with the smallest product of takums between them.
  using binade::takum16;
  const takum16 largest = takum16::from_bits(0x7fff);
  const takum16 smallest = takum16::from_bits(0x0001);
  binade::exact_accumulator sum;
  rational expected = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool negative = i % 3 != 0;
    const takum16 a = negative ? -largest : largest;
    sum.add_product(unpack(a), unpack(largest));
    sum.add_product(unpack(smallest), unpack(negative ? smallest : -smallest));
    sum.add(unpack(smallest));
    expected += oracle::exact(wide(a)) * oracle::exact(wide(largest));
    expected +=
        oracle::exact(wide(smallest)) * oracle::exact(wide(negative ? smallest : -smallest));
    expected += oracle::exact(wide(smallest));
    ASSERT_EQ(binade::to_double(sum.value()), oracle::nearest_double(expected)) << i;
  }
}

// --- Packed --------------------------------------------------------------------------------------

TEST(exact_dot, packed_rows_with_all_their_scales) {
  for (const std::string an :
       {"nvfp4", "mxfp4", "mxint8", "msfp12", "int4_g32", "nf4", "takum16"}) {
    for (const std::string bn : {"nvfp4", "mxfp8_e5m2", "int8_g32_float16", "dynamic8"}) {
      const extents shape{3, 50};
      const packed a = pack(an, data(kind::wild, 150, 5), shape);
      const packed b = pack(bn, data(kind::bell, 150, 6), shape);
      const auto av = quantize_test::exact_values(a.tensor.view(), a.scheme, shape);
      const auto bv = quantize_test::exact_values(b.tensor.view(), b.scheme, shape);
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
          rational sum = 0;
          for (std::size_t k = 0; k < 50; ++k) sum += *av[i * 50 + k] * *bv[j * 50 + k];
          EXPECT_EQ(exact_dot(a.tensor, i, b.tensor, j), oracle::nearest_float(sum))
              << an << " row " << i << ", " << bn << " row " << j;
          EXPECT_EQ(exact_dot<double>(a.tensor, i, b.tensor, j), oracle::nearest_double(sum))
              << an << " row " << i << ", " << bn << " row " << j;
        }
      }
    }
  }
}

TEST(exact_dot, tensor_scales_that_divide_are_exact_too) {
  using enum binade::tensor_scale_kind;
  const extents shape{40};
  const packed a = pack("nvfp4", data(kind::bell, 40, 7), shape);
  const packed b = pack("nvint4", data(kind::bell, 40, 8), shape);
  const float scales[] = {1.0F, 0.3F, 3.0F, 0x1.fffffep127F, 0x1p-149F, 0x1.234566p-126F};
  for (const auto a_kind : {none, multiplier, divisor}) {
    for (const auto b_kind : {none, multiplier, divisor}) {
      for (const float ta : scales) {
        for (const float tb : scales) {
          packed x = a;
          packed y = b;
          binade::any_packed_view xv = x.tensor.view();
          binade::any_packed_view yv = y.tensor.view();
          xv.tensor_scale = ta;
          yv.tensor_scale = tb;
          xv.description.tensor_scale = a_kind;
          yv.description.tensor_scale = b_kind;
          const auto scaling = [](binade::tensor_scale_kind k) {
            if (k == multiplier) return oracle::tensor_scaling::multiplier;
            return k == divisor ? oracle::tensor_scaling::divisor : oracle::tensor_scaling::none;
          };
          x.scheme.tensor = scaling(a_kind);
          y.scheme.tensor = scaling(b_kind);
          const auto av = quantize_test::exact_values(xv, x.scheme, shape);
          const auto bv = quantize_test::exact_values(yv, y.scheme, shape);
          rational sum = 0;
          for (std::size_t k = 0; k < 40; ++k) sum += *av[k] * *bv[k];
          EXPECT_EQ(exact_dot<double>(xv, yv), oracle::nearest_double(sum))
              << shown(ta) << " " << shown(tb) << " kinds " << static_cast<int>(a_kind) << ", "
              << static_cast<int>(b_kind);
          EXPECT_EQ(exact_dot(xv, yv), oracle::nearest_float(sum));
        }
      }
    }
  }
}

TEST(exact_dot, a_nan_scale_makes_it_nan) {
  std::vector<float> x(40, 1.0F);
  x[35] = not_a_number;
  const packed a = pack("mxfp4", x, {40});
  const packed b = pack("mxfp4", std::vector<float>(40, 1.0F), {40});
  EXPECT_TRUE(std::isnan(exact_dot(a.tensor, b.tensor)));
  EXPECT_EQ(exact_dot(b.tensor, b.tensor), 40.0F);
}

TEST(exact_dot, errors_say_what_does_not_fit) {
  const std::vector<float> a(3);
  const std::vector<float> b(4);
  EXPECT_EQ(error_of([&] { static_cast<void>(exact_dot(a, b)); }),
            "exact_dot: a has 3 elements but b has 4; they must be equal");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(exact_dot(binade::matrix_view(b, 2, 2), binade::vector_view(b)));
            }),
            "exact_dot: a is [2, 2] and b is [4]; both must have rank 1");
  const packed m = pack("mxfp4", std::vector<float>(64), {2, 32});
  const packed v = pack("nvfp4", std::vector<float>(30), {30});
  EXPECT_EQ(error_of([&] { static_cast<void>(exact_dot(m.tensor, 2, m.tensor, 0)); }),
            "exact_dot: a is [2, 32] and has no row 2; it has 2");
  EXPECT_EQ(error_of([&] { static_cast<void>(exact_dot(m.tensor, 1, v.tensor, 0)); }),
            "exact_dot: a has 32 elements but b has 30; they must be equal");
  EXPECT_EQ(error_of([&] { static_cast<void>(exact_dot(m.tensor, v.tensor)); }),
            "exact_dot: a is [2, 32]; it must have rank 1");
  binade::any_packed_view wrong = v.tensor;
  wrong.tensor_scale = -1;
  EXPECT_NE(error_of([&] {
              static_cast<void>(exact_dot(wrong, v.tensor));
            }).find("allowed are finite positive ones"),
            std::string::npos);
}

}  // namespace
