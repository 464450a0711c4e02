// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemv_targets.hpp"

#include "binade/core/bits.hpp"
#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
void check_byte_rows(target t, const gemv_kernels& kernels, std::size_t kernel,
                     std::size_t block_lanes) {
  constexpr std::size_t blocks = 21;
  constexpr std::size_t padded = 32;
  constexpr std::size_t rows = 7;
  const std::size_t n = blocks * block_lanes * 4;
  std::vector<std::uint8_t> w(rows * n);
  std::vector<std::uint32_t> units(padded * block_lanes);
  std::vector<int> x(n);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<std::uint8_t>(i * 7 % 31);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<int>(i * 5 % 16) - 8;
    units[i / 4] |= (static_cast<std::uint32_t>(x[i]) & 0xffU) << (8 * (i % 4));
  }
  std::vector<std::uint32_t> corrections(padded);
  std::fill_n(corrections.begin(), blocks, 3);
  std::vector<float> x_scales(padded, -1);
  std::fill_n(x_scales.begin(), blocks, 0.5F);
  const std::vector<float> w_scales(rows * blocks, 2);
  std::vector<float> out(rows);
  block_rows request{};
  request.rows = reinterpret_cast<const std::byte*>(w.data());
  request.row_bytes = n;
  request.row_count = rows;
  request.x = units.data();
  request.corrections = corrections.data();
  request.x_scales = x_scales.data();
  request.w_scales = w_scales.data();
  request.blocks = blocks;
  request.block_lanes = block_lanes;
  request.multiplier = 4;
  request.out = out.data();
  kernels.bytes[kernel](request);
  for (std::size_t r = 0; r < rows; ++r) {
    int sum = 3 * static_cast<int>(blocks);
    for (std::size_t i = 0; i < n; ++i) sum += w[r * n + i] * x[i];
    EXPECT_EQ(out[r], static_cast<float>(4 * sum))
        << to_string(t) << ", blocks of " << block_lanes << " lanes, row " << r;
  }
}

TEST(gemv_targets, byte_rows_are_multiplied_block_by_block) {
  for (const target t : targets) {
    if (!is_available(t) || gemv_kernels_for(t).byte_pair_limit == 0) continue;
    const gemv_kernels& kernels = gemv_kernels_for(t);
    for (std::size_t kernel = 0; std::size_t{2} << kernel <= kernels.lanes; ++kernel) {
      check_byte_rows(t, kernels, kernel, std::size_t{2} << kernel);
      if (std::size_t{2} << kernel == kernels.lanes) {
        check_byte_rows(t, kernels, kernel, 3 * kernels.lanes);
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
    for (const std::size_t n : {1U, 15U, 63U, 64U, 100U, 300U}) {
      std::vector<std::byte> codes(n);
      for (std::size_t i = 0; i < n; ++i) codes[i] = static_cast<std::byte>(i * 89);
      std::vector<float> row(n + 1, -1.0F);
      gemv_kernels_for(t).look_up(table, codes.data(), n, row.data());
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_EQ(binade::bit_cast<std::uint32_t>(row[i]),
                  binade::bit_cast<std::uint32_t>(table.value[std::to_integer<int>(codes[i])]))
            << to_string(t) << ", " << i;
      }
      EXPECT_EQ(row[n], -1.0F) << to_string(t) << ": written behind the end";
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
