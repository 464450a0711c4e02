// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/status.cuh"

#include <gtest/gtest.h>

#include <string>

namespace {

using binade::cuda::status;

TEST(status, is_success_unless_told_otherwise) {
  constexpr status s;
  EXPECT_TRUE(s.ok());
  EXPECT_TRUE(static_cast<bool>(s));
  EXPECT_EQ(s.origin(), status::domain::none);
  EXPECT_EQ(s.message(), "ok");
  EXPECT_NO_THROW(s.check());
}

TEST(status, says_what_was_given_and_what_is_allowed) {
  constexpr status s = status::refused("quantize", "the stride", 12, "at least 16 columns");
  EXPECT_FALSE(s.ok());
  EXPECT_EQ(s.origin(), status::domain::argument);
  EXPECT_EQ(s.message(), "quantize: the stride is 12; allowed: at least 16 columns");
  try {
    s.check();
    FAIL() << "check did not throw";
  } catch (const binade::error& e) {
    EXPECT_EQ(std::string(e.what()),
              "cuda::quantize: the stride is 12; allowed: at least 16 columns");
  }
}

TEST(status, keeps_the_code_of_a_library) {
  const status cuda = status::failed(status::domain::cuda, 2, "quantize", "out of memory");
  EXPECT_EQ(cuda.code(), 2);
  EXPECT_EQ(cuda.message(), "quantize: out of memory (CUDA error 2)");
  const status cublas = status::failed(status::domain::cublas, 15, "gemm", "not supported");
  EXPECT_EQ(cublas.message(), "gemm: not supported (cuBLAS status 15)");
  EXPECT_THROW(cublas.check(), binade::error);
}

}  // namespace
