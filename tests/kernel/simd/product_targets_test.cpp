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

TEST(product_targets, float_tiles_add_rows_times_a_panel_to_sums) {
  constexpr std::size_t length = 9;
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const product_tiles& tiles = product_tiles_for(t);
    for (const auto& kernel : tiles.floats.by_rows) {
      const auto rows = static_cast<std::size_t>(kernel.rows);
      std::vector<float> x(length * rows);
      std::vector<float> panel(length * tiles.width);
      std::vector<float> sums(rows * tiles.width);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
      for (std::size_t i = 0; i < panel.size(); ++i) panel[i] = static_cast<float>(i % 11) - 5;
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = static_cast<float>(i);
      kernel.multiply({x.data(), panel.data(), length, sums.data()});
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < tiles.width; ++j) {
          auto sum = static_cast<float>(r * tiles.width + j);
          for (std::size_t k = 0; k < length; ++k) {
            sum += x[k * rows + r] * panel[k * tiles.width + j];
          }
          EXPECT_EQ(sums[r * tiles.width + j], sum)
              << to_string(t) << ", " << rows << " rows, row " << r << ", column " << j;
        }
      }
    }
  }
}

/// Bytes: w in -8..7 and x in 0..15, which stands for x - 4; words: likewise without a bias.
void check_integer_tiles(target t, bool bytes, scale_product how) {
  constexpr std::size_t blocks = 3;
  constexpr std::size_t units = 2;
  const product_tiles& tiles = product_tiles_for(t);
  const std::size_t width = tiles.width;
  const std::size_t each = bytes ? 4 : 2;
  const int bias = bytes ? 4 : 0;
  const auto& kernels = (bytes ? tiles.bytes : tiles.words)[static_cast<std::size_t>(how)];
  for (const auto& kernel : kernels.by_rows) {
    const auto rows = static_cast<std::size_t>(kernel.rows);
    std::vector<int> x(blocks * units * rows * each);
    std::vector<int> w(blocks * units * width * each);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int>(i * 7 % 16) - 4;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<int>(i * 5 % 16) - 8;
    const auto to_units = [&](const std::vector<int>& v, int added) {
      std::vector<std::uint32_t> result(v.size() / each);
      for (std::size_t i = 0; i < v.size(); ++i) {
        const std::uint32_t mask = bytes ? 0xffU : 0xffffU;
        result[i / each] |= (static_cast<std::uint32_t>(v[i] + added) & mask)
                            << (i % each * 32 / each);
      }
      return result;
    };
    std::vector<std::uint32_t> corrections(blocks * width);
    for (std::size_t i = 0; i < w.size(); ++i) {
      const std::size_t block = i / (units * width * each);
      corrections[block * width + i / each % width] -= static_cast<std::uint32_t>(bias * w[i]);
    }
    std::vector<float> x_scales(blocks * rows);
    std::vector<float> w_scales(blocks * width);
    for (std::size_t i = 0; i < x_scales.size(); ++i) x_scales[i] = i % 2 == 0 ? 1.0F : 0.5F;
    for (std::size_t i = 0; i < w_scales.size(); ++i) w_scales[i] = i % 3 == 0 ? 2.0F : 1.0F;
    std::vector<float> given = x_scales;
    if (how == scale_product::powers) {
      for (float& s : given) {
        s = binade::bit_cast<float>(binade::bit_cast<std::uint32_t>(s) -
                                    binade::bit_cast<std::uint32_t>(1.0F));
      }
    }
    std::vector<float> sums(rows * width, 3.0F);
    const std::vector<std::uint32_t> x_units = to_units(x, bias);
    const std::vector<std::uint32_t> w_units = to_units(w, 0);
    kernel.multiply({x_units.data(), given.data(), w_units.data(), w_scales.data(),
                     corrections.data(), blocks, units, sums.data()});
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < width; ++j) {
        float sum = 3;
        for (std::size_t b = 0; b < blocks; ++b) {
          int products = 0;
          for (std::size_t k = 0; k < units * each; ++k) {
            const std::size_t unit = b * units + k / each;
            products +=
                x[(unit * rows + r) * each + k % each] * w[(unit * width + j) * each + k % each];
          }
          sum += static_cast<float>(products) * x_scales[b * rows + r] * w_scales[b * width + j];
        }
        EXPECT_EQ(sums[r * width + j], sum)
            << to_string(t) << (bytes ? ", bytes, " : ", words, ") << rows << " rows, row " << r
            << ", column " << j << (how == scale_product::powers ? ", powers" : "");
      }
    }
  }
}

TEST(product_targets, integer_tiles_add_units_block_by_block_to_sums) {
  for (const target t : targets) {
    if (!is_available(t)) continue;
    for (const scale_product how : {scale_product::floats, scale_product::powers}) {
      check_integer_tiles(t, false, how);
      if (product_tiles_for(t).byte_pair_limit != 0) check_integer_tiles(t, true, how);
    }
  }
}

TEST(product_targets, finishing_a_row_multiplies_and_leaves_one_nan) {
  for (const target t : targets) {
    if (!is_available(t)) continue;
    const product_tiles& tiles = product_tiles_for(t);
    std::vector<float> sums(tiles.width, 2.0F);
    sums[1] = binade::bit_cast<float>(0xffc12345U);
    sums[2] = binade::bit_cast<float>(0x7f800000U);
    sums[3] = -0.0F;
    tiles.finish_row(sums.data(), 0.5F, sums.data());
    const std::uint32_t expected[] = {0x3f800000, 0x7fc00000, 0x7f800000, 0x80000000};
    for (std::size_t j = 0; j < tiles.width; ++j) {
      EXPECT_EQ(binade::bit_cast<std::uint32_t>(sums[j]), expected[j < 4 ? j : 0])
          << to_string(t) << ", column " << j;
    }
  }
}

}  // namespace
