// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/quantize_targets.hpp"

#include "binade/core/random.hpp"
#include "binade/format/catalog.hpp"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/quantize/vector_plan.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <vector>

namespace {

using namespace binade;
using simd::target;

constexpr const auto& all_targets = simd::all_targets;

template <class Function>
int for_each_target(Function&& f) {
  int n = 0;
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    EXPECT_EQ(simd::quantize_kernels_for(t).compiled_for, t);
    f(simd::quantize_kernels_for(t));
    ++n;
  }
  return n;
}

TEST(quantize_targets, an_absent_target_is_an_error_and_does_not_fall_back) {
  for (const target t : all_targets) {
    if (simd::is_available(t)) continue;
    EXPECT_THROW(static_cast<void>(simd::quantize_kernels_for(t)), error);
  }
  EXPECT_GE(for_each_target([](const simd::quantize_kernels&) {}), 1);
}

TEST(quantize_targets, amax_equals_a_plain_loop_for_every_length) {
  std::vector<float> x(700);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = bit_cast<float>(random_bits(1, 0, i, 32));
  for_each_target([&](const simd::quantize_kernels& k) {
    for (std::size_t n = 0; n <= 300; ++n) {
      for (const std::size_t block : {16U, 32U, 48U, 128U}) {
        const float* from = x.data() + n % 7;
        std::vector<std::uint32_t> got(n / block + 40);
        const simd::magnitude_range all = k.block_amax(from, n, block, got.data(), nullptr);
        const simd::magnitude_range plain = k.amax(from, n);
        std::vector<std::uint32_t> expected(n / block + 1);
        std::uint32_t largest = 0;
        std::uint32_t smallest = 0x7fffffff;
        for (std::size_t i = 0; i < n; ++i) {
          const std::uint32_t bits = bit_cast<std::uint32_t>(from[i]) & 0x7fffffffU;
          expected[i / block] = std::max(expected[i / block], bits);
          largest = std::max(largest, bits);
          smallest = std::min(smallest, bits);
        }
        ASSERT_EQ(all.largest, largest) << to_string(k.compiled_for) << " " << n;
        ASSERT_EQ(all.smallest, smallest) << to_string(k.compiled_for) << " " << n;
        ASSERT_EQ(plain.largest, largest) << to_string(k.compiled_for) << " " << n;
        ASSERT_EQ(plain.smallest, smallest) << to_string(k.compiled_for) << " " << n;
        for (std::size_t b = 0; b * block < n; ++b) {
          ASSERT_EQ(got[b], expected[b])
              << to_string(k.compiled_for) << " length " << n << " block " << b << " of " << block;
        }
      }
    }
  });
}

/// Codes of floats around every boundary times a scale that is a product of two numbers: quotients
/// that are ties, or next to them by less than a float can say.
TEST(quantize_targets, quotients_next_to_a_boundary_are_decided_exactly) {
  std::size_t checks = 0;
  const auto check = [&](const any_format& format, const any_format& scale_format) {
    const auto encoder = detail::make_scaled_encoder(format, {.symmetric = true});
    ASSERT_TRUE(encoder);
    const code_description d = format.describe();
    const std::int64_t top = format.order_key(d.largest);
    for (std::uint64_t trial = 0; trial < 60; ++trial) {
      const unpacked a = scale_format.decode(1 + trial * 2);
      const float tensor =
          bit_cast<float>(0x38000000U + random_bits(2, 0, trial, 32) % 0x08000000U);
      const unpacked full = multiply(a, unpack(tensor));
      std::vector<float> x;
      for (std::int64_t key = 0; key < top; ++key) {
        const unpacked sum = add(format.decode(format.code_from_order_key(key)),
                                 format.decode(format.code_from_order_key(key + 1)));
        const std::uint32_t near =
            bit_cast<std::uint32_t>(to_float(multiply(scale_exponent(sum, -1), full)));
        for (std::uint32_t b = near - 3; b != near + 4; ++b) {
          x.push_back(bit_cast<float>(b));
          x.push_back(-bit_cast<float>(b));
        }
      }
      float inverse[5];
      float scale[5];
      for (float& v : inverse) v = to_float(divide(unpack(1), full));
      for (float& v : scale) v = to_float(a);
      simd::scaled_run run;
      run.inverse = inverse;
      run.scale = scale;
      run.tensor = tensor;
      run.form = simd::scale_form::product;
      for_each_target([&](const simd::quantize_kernels& k) {
        std::vector<std::byte> got(x.size());
        const simd::run_counts counts =
            k.encode_scaled_run(x.data(), got.data(), x.size(), 8, *encoder, run);
        std::size_t clipped = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const unpacked y = divide(unpack(x[i]), full);
          const auto expected = static_cast<std::byte>(
              format.encode(y, rounding::ties_to_even{}, {.symmetric = true}));
          clipped += compare_magnitudes(y, format.decode(d.largest)) > 0 ? 1U : 0U;
          ++checks;
          ASSERT_EQ(got[i], expected)
              << format.name() << " on " << to_string(k.compiled_for) << ": " << x[i] << " under "
              << to_float(a) << " * " << tensor << ": got "
              << std::bitset<8>(std::to_integer<unsigned>(got[i])) << ", expected "
              << std::bitset<8>(std::to_integer<unsigned>(expected));
        }
        ASSERT_EQ(counts.clipped, clipped) << format.name();
      });
    }
  };
  check(any_format::of<e2m1fn>(), any_format::of<ue4m3>());
  check(any_format::of<int4>(), any_format::of<ue4m3>());
  check(any_format::of<e4m3fn>(), any_format::of<ue4m3>());
  check(any_format::of<e5m2>(), any_format::of<ue5m3>());
  check(any_format::of<int8>(), any_format::of<ue5m3>());
  check(any_format::of<e4m3fnuz>(), any_format::of<ue4m3>());
  // The floats at E2M1's seven boundaries are 7 * 7 * 2 a trial and target; others have more.
  EXPECT_GT(checks, 6U * 60 * 98);
}

}  // namespace
