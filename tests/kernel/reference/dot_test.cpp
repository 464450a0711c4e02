// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/dot.hpp"

#include "binade/quantize/quantize.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

// tests/kernel/dot_test.cpp runs the definition beside every call of dot, too.

namespace {

using namespace product_test;
using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

TEST(reference_dot, floats_have_64_sums_and_blocks_are_summed_as_integers) {
  for (const std::size_t n : {1U, 63U, 64U, 150U}) {
    for (const std::string name : {"nvfp4", "mxint8", "mxfp8_e4m3", "e4m3fn"}) {
      const packed a = pack(name, data(kind::bell, n, n), {n});
      const packed b = pack(name, data(kind::bell, n, n + 1), {n});
      const float expected =
          sums_in_integers(a, b)
              ? with_tensor_scales(by_16_blocks(block_rows(a)[0], block_rows(b)[0]), a, b)
              : by_64(floats(a).data(), floats(b).data(), n);
      const float got = binade::reference::dot(a.tensor, b.tensor);
      EXPECT_EQ(got, expected) << name << ", n = " << n << ": got " << shown(got) << ", expected "
                               << shown(expected);
    }
  }
}

}  // namespace
