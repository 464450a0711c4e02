// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/gemv_targets.hpp"

#include "binade/core/bits.hpp"
#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
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
  kernels.by_floats.bytes[kernel].multiply(request);
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

/// What rows of codes and floats are multiplied with; small integers.
struct row_case {
  std::size_t n;
  int shift;
  std::vector<float> x;
  float values[256];
  std::vector<std::byte> bytes[2];
  std::vector<std::byte> nibbles[2];
  std::vector<float> floats[2];
  std::vector<float> scales[2];
  float sums[2] = {0, 0};

  row_case(std::size_t length, int group_shift)
      : n(length), shift(group_shift), x((length + 63) / 64 * 64, -0.0F) {
    for (int code = 0; code < 256; ++code) {
      values[code] = static_cast<float>((code < 128 ? 1 : -1) * (code % 16 - 4));
    }
    for (std::size_t r = 0; r < 2; ++r) {
      const std::size_t groups = ((n - 1) >> shift) + 1;
      scales[r].resize((n >> shift) + 20, 1);
      for (std::size_t g = 0; g < groups; ++g) {
        scales[r][g] = static_cast<float>((g * 37 + r) % 3 + 1);
      }
      nibbles[r].resize((n + 1) / 2);
      for (std::size_t i = 0; i < n; ++i) {
        const auto code = static_cast<unsigned>((i * 11 + r * 5) % 16);
        x[i] = static_cast<float>(i % 5) - 2;
        bytes[r].push_back(static_cast<std::byte>(code));
        nibbles[r][i / 2] |= static_cast<std::byte>(code << (i % 2 * 4));
        floats[r].push_back(3 * scales[r][i >> shift] * values[code]);
        sums[r] += x[i] * floats[r][i];
      }
    }
  }

  void expect_sums(const row_kernel& kernel, const std::byte* first, const std::byte* second,
                   const std::string& what) const {
    std::vector<float> ordered(x);
    for (std::size_t i = 0; i < x.size() && kernel.order != nullptr; ++i) {
      ordered[i] = x[i / 64 * 64 + kernel.order[i % 64]];
    }
    row_pair t{};
    t.rows[0] = first;
    t.rows[1] = second;
    t.x = ordered.data();
    t.length = n;
    t.values = values;
    for (std::size_t r = 0; r < 2; ++r) {
      t.scales[r] = scales[r].data();
    }
    t.shift = shift;
    t.tensor = 3;
    t.has_tensor = true;
    for (t.row_count = 1; t.row_count <= 2; ++t.row_count) {
      std::uint32_t bits[2] = {};
      kernel.multiply(t, bits);
      for (std::size_t r = 0; r < t.row_count; ++r) {
        EXPECT_EQ(binade::bit_cast<float>(bits[r]), sums[r])
            << what << ", length " << n << ", groups of 2^" << shift << ", row " << r;
      }
    }
  }
};

TEST(gemv_targets, rows_of_codes_and_floats_are_multiplied) {
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const code_kernels& rows = gemv_kernels_for(t).rows;
    for (const std::size_t n : {1U, 16U, 31U, 64U, 150U, 256U}) {
      for (const int shift : {4, 5, 6, 63}) {
        const row_case c(n, shift);
        const std::string what = to_string(t);
        c.expect_sums(rows.floats, reinterpret_cast<const std::byte*>(c.floats[0].data()),
                      reinterpret_cast<const std::byte*>(c.floats[1].data()), what + " floats");
        const auto bytes = [&](const row_kernel& kernel, const char* name) {
          c.expect_sums(kernel, c.bytes[0].data(), c.bytes[1].data(), what + name);
        };
        const auto nibbles = [&](const row_kernel& kernel, const char* name) {
          c.expect_sums(kernel, c.nibbles[0].data(), c.nibbles[1].data(), what + name);
        };
        bytes(rows.codes8, " codes8");
        bytes(rows.symmetric8, " symmetric8");
        nibbles(rows.codes4, " codes4");
        if (shift == 4) continue;
        nibbles(rows.wide4, " wide4");
      }
    }
  }
}

}  // namespace
