// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/gemm.hpp"

#include "binade/quantize/quantize.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

// tests/kernel/gemm_test.cpp runs the definition beside every call of gemm, too.

namespace {

using namespace product_test;
using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

TEST(reference_gemm, floats_ascend_and_blocks_are_summed_as_integers) {
  constexpr std::size_t in = 70;
  for (const std::string name : {"nvfp4", "mxint8", "mxfp8_e4m3", "e4m3fn"}) {
    const packed x = pack(name, data(kind::bell, 2 * in, in), {2, in});
    const packed w = pack(name, data(kind::bell, 3 * in, in + 1), {3, in});
    std::vector<float> y(6);
    binade::reference::gemm(x.tensor, w.tensor, binade::matrix_view(y, 2, 3));
    const bool integers = sums_in_integers(x, w);
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t o = 0; o < 3; ++o) {
        const float expected =
            integers ? with_tensor_scales(by_blocks(block_rows(x)[t], block_rows(w)[o]), x, w)
                     : ascending(floats(x).data() + t * in, floats(w).data() + o * in, in);
        EXPECT_EQ(y[t * 3 + o], expected)
            << name << " y(" << t << ", " << o << "): got " << shown(y[t * 3 + o]) << ", expected "
            << shown(expected);
      }
    }
  }
}

}  // namespace
