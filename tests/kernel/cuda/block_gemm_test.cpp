// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/block_gemm.cuh"

#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace {

// Products need a GPU: tests/kernel/cuda/block_gemm.cu.

namespace cuda = binade::cuda;

const binade::granularity groups = binade::per_group{.axis = 1, .size = 128};
const binade::granularity tiles = binade::per_block{.rows = 128, .cols = 128};

binade::packed_description describe(const char* format, const binade::granularity& g,
                                    std::size_t rows = 200, std::size_t in = 640) {
  return binade::find_packable(format).describe(binade::tensor_shape{rows, in}, g);
}

// Source of the layouts: the cuBLAS documentation on narrow precision, so that a plan of either
// library takes the same bytes.
TEST(block_gemm, scales_lie_as_cublaslt_reads_them) {
  const auto of_groups = cuda::block_gemm_scale_map(describe("e4m3fn", groups));
  EXPECT_EQ(of_groups.size(), 200U * 5);
  EXPECT_EQ(of_groups.index(7, 3), 3U * 200 + 7);
  const auto of_tiles = cuda::block_gemm_scale_map(describe("e4m3fn", tiles));
  EXPECT_EQ(of_tiles.size(), 2U * 8);
  EXPECT_EQ(of_tiles.index(1, 4), 8U + 4);
}

void expect_refused(const binade::packed_description& x, const binade::packed_description& w,
                    const std::string& text) {
  std::string got = "no error";
  try {
    (void)cuda::detail::block_gemm_extents_of(x, w);
  } catch (const binade::error& e) {
    got = e.what();
  }
  EXPECT_NE(got.find(text), std::string::npos) << "got: " << got << "\nexpected in it: " << text;
}

TEST(block_gemm, operands_that_it_lacks_are_refused) {
  const auto good = describe("e4m3fn", groups);
  const auto alien = [&](const char* format, const binade::granularity& g, const char* text) {
    expect_refused(describe(format, g), good, text);
    EXPECT_THROW((void)cuda::block_gemm_scale_map(describe(format, g)), binade::error) << format;
  };
  alien("mxfp8_e4m3", binade::per_tensor{}, "x is [200, 640] of mxfp8_e4m3; allowed are");
  alien("e5m2", groups, "x is [200, 640] of e5m2");
  alien("e4m3fn", binade::per_tensor{}, "groups of 128 along axis 1, and tiles of 128x128");
  alien("e4m3fn", binade::per_group{.axis = 1, .size = 64}, "allowed are matrices");
  alien("e4m3fn", binade::per_group{.axis = 0, .size = 128}, "allowed are matrices");
  alien("e4m3fn", binade::per_block{.rows = 64, .cols = 128}, "allowed are matrices");
  expect_refused(good, describe("int8", groups), "w is [200, 640] of int8");
}

TEST(block_gemm, shapes_that_it_lacks_are_refused) {
  const auto good = describe("e4m3fn", groups);
  expect_refused(good, describe("e4m3fn", tiles, 200, 656), "allowed: the same `in`");
  expect_refused(describe("e4m3fn", groups, 200, 648), describe("e4m3fn", tiles, 200, 648),
                 "`in` a multiple of 16");
  expect_refused(good, describe("e4m3fn", tiles, 204), "`out` a multiple of 8");
  expect_refused(describe("e4m3fn", groups, 198), good, "tokens that is a multiple of 4");
  const auto e = cuda::detail::block_gemm_extents_of(describe("e4m3fn", tiles, 199), good);
  EXPECT_EQ(e.tokens, 199U);
  EXPECT_EQ(e.out, 200U);
  EXPECT_EQ(e.in, 640U);
  EXPECT_EQ(e.x_scales, cuda::detail::block_scales::tiles);
  EXPECT_EQ(e.w_scales, cuda::detail::block_scales::groups);
}

}  // namespace
