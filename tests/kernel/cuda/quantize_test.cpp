// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/quantize.cuh"

#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/granularity.hpp"
#include "binade/tensor/packed_layout.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <gtest/gtest.h>

#include <cstddef>

// The kernels run in tests/kernel/cuda/quantize.cu, on a machine with a GPU.

namespace {

namespace cuda = binade::cuda;

/// row_bytes and row_scales are those of the CPU's layouts.
template <class F>
void expect_layout_of_the_library() {
  for (const std::size_t columns : {1U, 15U, 16U, 77U, 128U, 1000U}) {
    const binade::tensor_shape shape{3, columns};
    binade::packed_description d;
    if constexpr (binade::block_scaled<F>) {
      d = binade::describe_blocks(F::describe(), shape);
    } else {
      d = binade::describe_scaled(binade::any_format::of<typename F::element>(), shape,
                                  binade::per_group{.axis = -1, .size = F::block_size});
    }
    EXPECT_EQ(cuda::row_bytes<F>(columns), d.layout.row_bytes()) << columns;
    EXPECT_EQ(cuda::row_scales<F>(columns), d.layout.cells_per_row()) << columns;
  }
}

TEST(cuda_quantize, rows_have_the_bytes_of_the_library) {
  expect_layout_of_the_library<binade::nvfp4>();
  expect_layout_of_the_library<binade::mxfp4>();
  expect_layout_of_the_library<binade::mxfp6_e2m3>();
  expect_layout_of_the_library<binade::mxfp8_e5m2>();
  expect_layout_of_the_library<cuda::groups<binade::e4m3fn, 128>>();
  expect_layout_of_the_library<cuda::groups<binade::e2m1fn, 32>>();
}

TEST(cuda_quantize, formats_have_the_rules_of_the_library) {
  using enum binade::scale_method;
  EXPECT_EQ(cuda::default_method<binade::nvfp4>(), absmax);
  EXPECT_EQ(cuda::default_method<binade::mxfp4>(), pow2_rceil);
  EXPECT_EQ((cuda::default_method<cuda::groups<binade::e4m3fn>>()), absmax);
}

static_assert(cuda::quantize_blocks<binade::mxfp8_e4m3>);
static_assert(!cuda::quantize_blocks<binade::mxint8>, "its elements are integers");
static_assert(!cuda::quantize_element<binade::e4m3fnuz>, "it has no -0");
static_assert(!cuda::quantize_element<binade::ue4m3>, "it has no sign");

}  // namespace
