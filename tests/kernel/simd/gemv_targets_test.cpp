// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemv_targets.hpp"

#include "binade/core/bits.hpp"
#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

// The kernels alone, on integers so small that every order of summation gives the same floats;
// tests/kernel/simd/gemv_test.cpp holds them to the order.

namespace {

using namespace binade::simd;

constexpr target targets[] = {target::portable, target::avx2, target::avx512};

TEST(gemv_targets, an_absent_target_is_an_error) {
  for (const target t : targets) {
    if (is_available(t)) {
      EXPECT_GT(gemv_kernels_for(t).lanes, 0U);
    } else {
      EXPECT_THROW(static_cast<void>(gemv_kernels_for(t)), binade::error);
    }
  }
}

/// Rows of bytes, each its integer, times x, in blocks of `block_lanes` lanes.
TEST(gemv_targets, byte_rows_are_multiplied_block_by_block) {
  for (const target t : targets) {
    if (!is_available(t) || gemv_kernels_for(t).byte_pair_limit == 0) continue;
    const gemv_kernels& kernels = gemv_kernels_for(t);
    const std::size_t merged[] = {2, 4, 8};
    for (std::size_t m = 0; m < 3; ++m) {
      for (const std::size_t block_lanes : {merged[m], 3 * merged[m]}) {
        constexpr std::size_t blocks = 7;
        const std::size_t n = blocks * block_lanes * 4;
        std::vector<std::uint8_t> w(kernels.lanes * n);
        std::vector<std::uint32_t> units(n / 4 + kernels.lanes);
        std::vector<int> x(n);
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<std::uint8_t>(i * 7 % 31);
        for (std::size_t i = 0; i < n; ++i) {
          x[i] = static_cast<int>(i * 5 % 16) - 8;
          units[i / 4] |= (static_cast<std::uint32_t>(x[i]) & 0xffU) << (8 * (i % 4));
        }
        std::vector<std::int32_t> corrections(blocks, 3);
        std::vector<float> x_scales(blocks, 0.5F);
        std::vector<float> w_scales(blocks * kernels.lanes, 2);
        std::vector<float> out(kernels.lanes);
        block_rows rows{};
        rows.rows = reinterpret_cast<const std::byte*>(w.data());
        rows.row_bytes = n;
        rows.row_count = kernels.lanes;
        rows.x = units.data();
        rows.corrections = corrections.data();
        rows.x_scales = x_scales.data();
        rows.w_scales = w_scales.data();
        rows.blocks = blocks;
        rows.block_lanes = block_lanes;
        rows.multiplier = 4;
        rows.out = out.data();
        kernels.bytes[m](rows);
        for (std::size_t r = 0; r < kernels.lanes; ++r) {
          int sum = 3 * static_cast<int>(blocks);
          for (std::size_t i = 0; i < n; ++i) sum += w[r * n + i] * x[i];
          EXPECT_EQ(out[r], static_cast<float>(4 * sum))
              << to_string(t) << ", blocks of " << block_lanes << " lanes, row " << r;
        }
      }
    }
  }
}

TEST(gemv_targets, scales_are_looked_up) {
  scale_table table;
  for (std::uint32_t code = 0; code < 256; ++code) {
    const std::uint32_t bits = (code * 40503U & 0x7fffU) << 16;
    table.value[code] = binade::bit_cast<float>(bits);
    table.first[code] = static_cast<std::uint8_t>(bits >> 24);
    table.second[code] = static_cast<std::uint8_t>(bits >> 16);
  }
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const gemv_kernels& kernels = gemv_kernels_for(t);
    for (const std::size_t blocks : {1U, 63U, 64U, 100U}) {
      std::vector<std::byte> codes(3 * blocks);
      for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>(i * 89);
      std::vector<float> columns((blocks + 64) * kernels.lanes);
      kernels.look_up_scales({codes.data(), 3, blocks, &table, columns.data()});
      std::vector<float> row(codes.size());
      kernels.look_up(codes.data(), codes.size(), table.value, row.data());
      for (std::size_t i = 0; i < codes.size(); ++i) {
        const auto expected =
            binade::bit_cast<std::uint32_t>(table.value[std::to_integer<int>(codes[i])]);
        const float column = columns[i % blocks * kernels.lanes + i / blocks];
        EXPECT_EQ(binade::bit_cast<std::uint32_t>(column), expected) << to_string(t) << ", " << i;
        EXPECT_EQ(binade::bit_cast<std::uint32_t>(row[i]), expected) << to_string(t) << ", " << i;
      }
    }
  }
}

TEST(gemv_targets, rows_of_codes_and_floats_are_multiplied) {
  float values[256];
  for (int code = 0; code < 256; ++code) values[code] = static_cast<float>(code % 16 - 8);
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const gemv_kernels& kernels = gemv_kernels_for(t);
    for (const std::size_t n : {1U, 64U, 150U}) {
      std::vector<float> x(192, -0.0F);
      std::vector<std::byte> bytes(n);
      std::vector<std::byte> nibbles((n + 1) / 2);
      std::vector<float> floats(n);
      std::vector<float> scales(12);
      float sum = 0;
      for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = i % 2 == 0 ? 2.0F : 1.0F;
      for (std::size_t i = 0; i < n; ++i) {
        const auto code = static_cast<unsigned>(i * 11 % 16);
        x[i] = static_cast<float>(i % 5) - 2;
        bytes[i] = static_cast<std::byte>(code);
        nibbles[i / 2] |= static_cast<std::byte>(code << (i % 2 * 4));
        floats[i] = 3 * scales[i / 16] * values[code];
        sum += x[i] * floats[i];
      }
      float_row row{nullptr, x.data(), n, values, scales.data(), 4, 3.0F, true, 0};
      const auto expect_sum = [&](auto kernel, const void* memory, const char* what) {
        row.row = static_cast<const std::byte*>(memory);
        std::uint32_t bits = 0;
        kernel(row, &bits);
        EXPECT_EQ(binade::bit_cast<float>(bits), sum) << to_string(t) << ", " << n << " " << what;
      };
      expect_sum(kernels.codes4, nibbles.data(), "nibbles");
      expect_sum(kernels.codes8, bytes.data(), "bytes");
      expect_sum(kernels.floats, floats.data(), "floats");
    }
  }
}

}  // namespace
