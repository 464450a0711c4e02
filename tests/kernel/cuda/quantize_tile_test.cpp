// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/quantize_tile.cuh"

#include "binade/tensor/block_catalog.hpp"

#include <gtest/gtest.h>

// The kernels run in tests/kernel/cuda/quantize_tile.cu, on a machine with a GPU.

namespace {

namespace cuda = binade::cuda;

TEST(cuda_quantize_tile, knows_the_squares_of_training_recipes) {
  EXPECT_TRUE(cuda::square_blocks<binade::nvfp4>);
  EXPECT_TRUE((cuda::square_blocks<cuda::groups<binade::e4m3fn, 128>>));
  EXPECT_FALSE(cuda::square_blocks<binade::mxfp4>);
  EXPECT_FALSE((cuda::square_blocks<cuda::groups<binade::e4m3fn, 64>>));
}

}  // namespace
