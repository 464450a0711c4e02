// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/dequantize.cuh"

#include "binade/tensor/block_catalog.hpp"

#include <gtest/gtest.h>

// The kernels run in tests/kernel/cuda/quantize.cu, on a machine with a GPU; what they compute, in
// element_decoder_test.cpp. Without nvcc the header has nothing but what it includes.

namespace {

TEST(cuda_dequantize, is_whole_without_a_cuda_compiler) {
  EXPECT_EQ(binade::cuda::row_bytes<binade::nvfp4>(77), 40U);
}

}  // namespace
