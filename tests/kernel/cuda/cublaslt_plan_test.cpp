// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/cublaslt_plan.cuh"

#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace {

// Plans need a GPU: tests/kernel/cuda/cublaslt_plan.cu.

#if defined(CUBLAS_VERSION) && CUBLAS_VERSION >= 130000

namespace cuda = binade::cuda;

static_assert(cuda::has_cublaslt);

binade::packed_description describe(const char* format, const binade::granularity& groups) {
  return binade::find_packable(format).describe(binade::tensor_shape{200, 640}, groups);
}

// Source of the layouts: the cuBLAS documentation on narrow precision.
TEST(cublaslt_plan, scales_lie_as_cublaslt_reads_them) {
  const auto tensor = cuda::cublaslt_scale_map(describe("e4m3fn", binade::per_tensor{}));
  EXPECT_EQ(tensor.size(), 1U);
  const auto channel = cuda::cublaslt_scale_map(describe("e5m2", binade::per_channel{.axis = 0}));
  EXPECT_EQ(channel.size(), 200U);
  EXPECT_EQ(channel.index(199, 0), 199U);
  // Groups of 128: the rows are contiguous.
  const auto groups =
      cuda::cublaslt_scale_map(describe("e4m3fn", binade::per_group{.axis = 1, .size = 128}));
  EXPECT_EQ(groups.size(), 200U * 5);
  EXPECT_EQ(groups.index(7, 3), 3U * 200 + 7);
  // Tiles of 128x128: 5 scales along k, padded to 8, for each of 2 rows of tiles.
  const auto tiles =
      cuda::cublaslt_scale_map(describe("e4m3fn", binade::per_block{.rows = 128, .cols = 128}));
  EXPECT_EQ(tiles.size(), 2U * 8);
  EXPECT_EQ(tiles.index(1, 4), 8U + 4);
  // 128x4 tiles: 2 rows of them; 20 scales of 32, 40 of 16.
  EXPECT_EQ(cuda::cublaslt_scale_map(describe("mxfp8_e4m3", binade::per_tensor{})).size(),
            2U * 5 * 512);
  EXPECT_EQ(cuda::cublaslt_scale_map(describe("nvfp4", binade::per_tensor{})).size(),
            2U * 10 * 512);
}

TEST(cublaslt_plan, operands_that_cublaslt_lacks_are_refused) {
  const auto refused = [](const char* format, const binade::granularity& groups) {
    EXPECT_THROW((void)cuda::cublaslt_scale_map(describe(format, groups)), binade::error) << format;
  };
  refused("mxfp4", binade::per_tensor{});
  refused("int8", binade::per_tensor{});
  refused("e4m3fn", binade::per_channel{.axis = 1});
  refused("e4m3fn", binade::per_group{.axis = 1, .size = 64});
  refused("e4m3fn", binade::per_group{.axis = 0, .size = 128});
  refused("e4m3fn", binade::per_block{.rows = 64, .cols = 128});
}

#else

TEST(cublaslt_plan, says_that_cublaslt_is_absent) {
  EXPECT_FALSE(binade::cuda::has_cublaslt);
  GTEST_SKIP() << "no cublasLt.h of 13.0 or later on the include path: not checked: cublaslt_plan";
}

#endif

}  // namespace
