// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/product_targets.hpp"

#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

// The tiles alone, on integers so small that every order of summation gives the same floats;
// tests/kernel/simd/gemm_test.cpp holds them to the order.

namespace {

using namespace binade::simd;

constexpr target targets[] = {target::portable, target::avx2, target::avx512};

TEST(product_targets, an_absent_target_is_an_error) {
  for (const target t : targets) {
    if (is_available(t)) {
      EXPECT_GT(product_tiles_for(t).width, 0U);
    } else {
      EXPECT_THROW(static_cast<void>(product_tiles_for(t)), binade::error);
    }
  }
}

TEST(product_targets, float_tiles_multiply_rows_by_a_panel) {
  constexpr std::size_t length = 9;
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const product_tiles& tiles = product_tiles_for(t);
    for (const auto& kernel : tiles.floats) {
      const auto rows = static_cast<std::size_t>(kernel.rows);
      std::vector<float> x(rows * length);
      std::vector<float> panel(length * tiles.width);
      std::vector<float> out(rows * tiles.width);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
      for (std::size_t i = 0; i < panel.size(); ++i) panel[i] = static_cast<float>(i % 11) - 5;
      kernel.multiply({x.data(), length, panel.data(), length, out.data()});
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < tiles.width; ++j) {
          float sum = 0;
          for (std::size_t k = 0; k < length; ++k) {
            sum += x[r * length + k] * panel[k * tiles.width + j];
          }
          EXPECT_EQ(out[r * tiles.width + j], sum)
              << to_string(t) << ", " << rows << " rows, row " << r << ", column " << j;
        }
      }
    }
  }
}

/// Bytes: x in -8..7 and w in 0..15, which stands for w - 4; words: likewise without a bias.
void check_integer_tiles(target t, bool bytes) {
  constexpr std::size_t blocks = 3;
  constexpr std::size_t units = 2;
  const product_tiles& tiles = product_tiles_for(t);
  const std::size_t each = bytes ? 4 : 2;
  const int bias = bytes ? 4 : 0;
  for (const auto& kernel : bytes ? tiles.bytes : tiles.words) {
    const auto rows = static_cast<std::size_t>(kernel.rows);
    std::vector<int> x(rows * blocks * units * each);
    std::vector<int> w(blocks * units * tiles.width * each);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int>(i * 5 % 16) - 8;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<int>(i * 7 % 16) - 4;
    const auto to_units = [&](const std::vector<int>& v, int added) {
      std::vector<std::uint32_t> result(v.size() / each);
      for (std::size_t i = 0; i < v.size(); ++i) {
        const std::uint32_t mask = bytes ? 0xffU : 0xffffU;
        result[i / each] |= (static_cast<std::uint32_t>(v[i] + added) & mask)
                            << (i % each * 32 / each);
      }
      return result;
    };
    std::vector<std::int32_t> corrections(rows * blocks);
    for (std::size_t i = 0; i < x.size(); ++i) corrections[i / (units * each)] -= bias * x[i];
    std::vector<float> x_scales(rows * blocks);
    std::vector<float> w_scales(blocks * tiles.width);
    for (std::size_t i = 0; i < x_scales.size(); ++i) x_scales[i] = i % 2 == 0 ? 1.0F : 0.5F;
    for (std::size_t i = 0; i < w_scales.size(); ++i) w_scales[i] = i % 3 == 0 ? 2.0F : 1.0F;
    std::vector<float> out(rows * tiles.width);
    const std::vector<std::uint32_t> x_units = to_units(x, 0);
    const std::vector<std::uint32_t> w_units = to_units(w, bias);
    kernel.multiply({x_units.data(), corrections.data(), x_scales.data(), w_units.data(),
                     w_scales.data(), blocks, units, 4.0F, out.data()});
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < tiles.width; ++j) {
        float sum = 0;
        for (std::size_t b = 0; b < blocks; ++b) {
          int products = 0;
          for (std::size_t k = 0; k < units * each; ++k) {
            const std::size_t unit = b * units + k / each;
            products += x[(r * blocks * units + unit) * each + k % each] *
                        w[(unit * tiles.width + j) * each + k % each];
          }
          sum += static_cast<float>(products) * x_scales[r * blocks + b] *
                 w_scales[b * tiles.width + j];
        }
        EXPECT_EQ(out[r * tiles.width + j], 4 * sum)
            << to_string(t) << (bytes ? ", bytes, " : ", words, ") << rows << " rows, row " << r
            << ", column " << j;
      }
    }
  }
}

TEST(product_targets, integer_tiles_multiply_units_block_by_block) {
  for (const target t : targets) {
    if (!is_available(t)) continue;
    check_integer_tiles(t, false);
    if (product_tiles_for(t).byte_pair_limit != 0) check_integer_tiles(t, true);
  }
}

}  // namespace
