// SPDX-License-Identifier: MIT
#include "binade/io/dlpack_abi.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#endif

namespace {

namespace dlpack = binade::dlpack;

// The offsets of dlpack.h where pointers have 64 bits.
TEST(dlpack_abi, lies_in_memory_as_others_expect) {
  if (sizeof(void*) != 8) GTEST_SKIP() << "not checked: offsets where pointers are not 64 bits";
  EXPECT_EQ(sizeof(dlpack::device), 8U);
  EXPECT_EQ(sizeof(dlpack::data_type), 4U);
  EXPECT_EQ(sizeof(dlpack::tensor), 48U);
  EXPECT_EQ(offsetof(dlpack::tensor, data), 0U);
  EXPECT_EQ(offsetof(dlpack::tensor, device), 8U);
  EXPECT_EQ(offsetof(dlpack::tensor, rank), 16U);
  EXPECT_EQ(offsetof(dlpack::tensor, type), 20U);
  EXPECT_EQ(offsetof(dlpack::tensor, shape), 24U);
  EXPECT_EQ(offsetof(dlpack::tensor, strides), 32U);
  EXPECT_EQ(offsetof(dlpack::tensor, byte_offset), 40U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor, manager_context), 48U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor, deleter), 56U);
  EXPECT_EQ(sizeof(dlpack::managed_tensor), 64U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor_versioned, manager_context), 8U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor_versioned, deleter), 16U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor_versioned, flags), 24U);
  EXPECT_EQ(offsetof(dlpack::managed_tensor_versioned, tensor), 32U);
  EXPECT_EQ(sizeof(dlpack::managed_tensor_versioned), 80U);
  EXPECT_TRUE(std::is_standard_layout_v<dlpack::managed_tensor_versioned>);
}

TEST(dlpack_abi, is_that_of_the_header) {
#if defined(DLPACK_VERSION) || defined(DLPACK_MAJOR_VERSION)
  EXPECT_EQ(sizeof(DLTensor), sizeof(dlpack::tensor));
  EXPECT_EQ(offsetof(DLTensor, dtype), offsetof(dlpack::tensor, type));
  EXPECT_EQ(sizeof(DLManagedTensor), sizeof(dlpack::managed_tensor));
  EXPECT_EQ(static_cast<int>(kDLBfloat), static_cast<int>(dlpack::type_code::bfloat));
#else
  GTEST_SKIP() << "not checked: dlpack/dlpack.h is not installed";
#endif
}

}  // namespace
