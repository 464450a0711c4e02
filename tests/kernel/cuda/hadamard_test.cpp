// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/hadamard.cuh"

#include "binade/format/catalog_float.hpp"
#include "binade/transform/hadamard.hpp"

#include <gtest/gtest.h>

#include <cstdint>

// The kernels run in tests/kernel/cuda/hadamard.cu, on a machine with a GPU.

namespace {

namespace cuda = binade::cuda;

TEST(cuda_hadamard, refuses_what_does_not_fit_in_a_warp) {
  EXPECT_TRUE(cuda::detail::check_transform("f", {.size = 16}, 48).ok());
  EXPECT_TRUE(cuda::detail::check_transform("f", {.size = 128}, 0).ok());
  EXPECT_FALSE(cuda::detail::check_transform("f", {.size = 256}, 256).ok());
  EXPECT_FALSE(cuda::detail::check_transform("f", {.size = 24}, 48).ok());
  EXPECT_EQ(cuda::detail::check_transform("f", {.size = 32}, 48).message(),
            "f: the number of columns is 48; allowed: multiples of the transform's size");
}

/// Sign k of a lane's sixteen flips number k, whatever the type.
template <class T>
void expect_flipped_signs() {
  const binade::hadamard t = binade::random_hadamard(128, 3);
  for (std::uint32_t lane = 0; lane < 8; ++lane) {
    cuda::detail::raw_sixteen<T> raw{};  // zeros
    cuda::detail::flip_signs(raw, cuda::detail::sixteen_signs(t, lane));
    float x[16];
    cuda::detail::widen(raw, x);
    for (std::uint32_t k = 0; k < 16; ++k) {
      EXPECT_EQ(binade::bit_cast<std::uint32_t>(x[k]) >> 31,
                t.factor_bits(static_cast<int>(16 * lane + k)) >> 31)
          << lane << " " << k;
    }
  }
}
TEST(cuda_hadamard, flips_the_signs_of_the_transform) {
  expect_flipped_signs<float>();
  expect_flipped_signs<binade::float16>();
  expect_flipped_signs<binade::bfloat16>();
}

}  // namespace
