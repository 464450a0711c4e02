// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/quantize_tensor.cuh"

#include "binade/format/catalog_float.hpp"

#include <gtest/gtest.h>

// The kernels run in tests/kernel/cuda/quantize_tensor.cu, on a machine with a GPU. Without nvcc
// the header has nothing but what it includes.

namespace {

TEST(cuda_quantize_tensor, is_whole_without_a_cuda_compiler) {
  EXPECT_EQ(binade::cuda::row_bytes<binade::cuda::groups<binade::e4m3fn>>(77), 77U);
}

}  // namespace
