// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/gemv.hpp"

#include "binade/quantize/quantize.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

// tests/kernel/gemv_test.cpp runs the definition beside every call of gemv, too.

namespace {

using namespace product_test;
using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

TEST(reference_gemv, floats_have_64_sums_and_blocks_are_summed_as_integers) {
  constexpr std::size_t in = 150;
  for (const std::string name : {"nvfp4", "mxint8", "mxfp8_e4m3", "e4m3fn"}) {
    const packed x = pack(name, data(kind::bell, in, in), {in});
    const packed w = pack(name, data(kind::bell, 3 * in, in + 1), {3, in});
    std::vector<float> y(3);
    binade::reference::gemv(x.tensor, w.tensor, binade::vector_view(y));
    const bool integers = sums_in_integers(x, w);
    for (std::size_t o = 0; o < 3; ++o) {
      const float expected =
          integers ? with_tensor_scales(by_16_blocks(block_rows(x)[0], block_rows(w)[o]), x, w)
                   : by_64(floats(x).data(), floats(w).data() + o * in, in);
      EXPECT_EQ(y[o], expected) << name << " y(" << o << "): got " << shown(y[o]) << ", expected "
                                << shown(expected);
    }
  }
}

}  // namespace
