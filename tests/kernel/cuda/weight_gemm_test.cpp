// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/weight_gemm.cuh"

#include "binade/format/catalog_float.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>

namespace {

namespace cuda = binade::cuda;
using binade::bfloat16;

// The kernels run in tests/kernel/cuda/weight_gemm.cu, on a machine with a GPU.

struct request {
  cuda::weight_shape shape{cuda::weight_kind::nvfp4, 128, 64, 0};
  std::size_t tokens = 1;
  std::size_t in = 64;
  std::size_t out = 128;
  std::size_t offset = 0;
  bool has_codes = true;
};

/// What the check of the arguments says; it reads no memory.
std::string answer(const request& r) {
  alignas(16) static std::array<bfloat16, 16> memory;
  alignas(16) static std::array<std::byte, 16> bytes;
  static float factor = 1;
  const cuda::weight_tiles_view w{r.shape, r.has_codes ? bytes.data() : nullptr, bytes.data(),
                                  &factor};
  return cuda::detail::check_weight_gemm({memory.data() + r.offset, r.tokens, r.in}, w,
                                         {memory.data(), r.tokens, r.out})
      .message();
}

TEST(weight_gemm, arguments_that_the_kernels_take_pass) {
  EXPECT_EQ(answer({}), "ok");
  EXPECT_EQ(answer({.tokens = 0}), "ok");
  EXPECT_EQ(answer({.tokens = 64}), "ok");
  EXPECT_EQ(answer({.shape = {cuda::weight_kind::int4, 128, 64, 32}}), "ok");
  EXPECT_EQ(answer({.shape = {cuda::weight_kind::e4m3fn, 128, 64, 128}}), "ok");
}

TEST(weight_gemm, other_arguments_are_refused_with_what_is_allowed) {
  const std::string name = "weight_gemm: ";
  EXPECT_EQ(answer({.tokens = 65}), name + "the number of tokens is 65; allowed: 0 to 64");
  EXPECT_EQ(answer({.in = 128}), name + "`in` of x is 128; allowed: that of the weights");
  EXPECT_EQ(answer({.out = 120}), name + "`out` of y is 120; allowed: that of the weights");
  EXPECT_EQ(answer({.offset = 1}),
            name +
                "the stride of x, or its address modulo 16, is 64; allowed: multiples of 8 from "
                "an address that is a multiple of 16");
  EXPECT_EQ(answer({.shape = {cuda::weight_kind::nvfp4, 128, 96, 0}, .in = 96}),
            name + "`in` of the weights is 96; allowed: multiples of 64 below 2^24");
  EXPECT_EQ(answer({.shape = {cuda::weight_kind::e4m3fn, 128, 64, 32}}),
            name +
                "the number of k that share a scale is 32; allowed: multiples of 64, for int4 32 "
                "too");
  EXPECT_EQ(answer({.has_codes = false}),
            name + "a pointer of the weights is 0; allowed: memory of the GPU");
}

}  // namespace
