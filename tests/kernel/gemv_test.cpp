// SPDX-License-Identifier: MIT
#include "binade/kernel/gemv.hpp"

#include "binade/core/parallel.hpp"
#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace product_test;

using binade::matrix_view;
using binade::tensor_view;
using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;
using quantize_test::shown;

constexpr std::size_t outs = 7;

/// Runs gemv, and the definition, which must leave the same bits in y.
void checked_gemv(const binade::operand& x, const binade::operand& w, const tensor_view<float>& y,
                  binade::executor_ref executor = {}) {
  binade::gemv(x, w, y, executor);
  std::vector<float> again(y.size());
  binade::reference::gemv(x, w, binade::vector_view(again));
  for (std::size_t o = 0; o < again.size(); ++o) {
    EXPECT_EQ(oracle::bits_of(y(o)), oracle::bits_of(again[o]))
        << "y(" << o << "): " << shown(y(o)) << " is not the definition's " << shown(again[o]);
  }
}

TEST(gemv, every_row_follows_the_formula_of_dot) {
  for (const std::size_t in : {1U, 48U, 150U}) {
    for (const std::string xn : {"nvfp4", "mxfp4", "mxfp8_e4m3", "e4m3fn"}) {
      for (const std::string wn : {"nvint4", "mxfp4", "mxint8", "mxfp8_e4m3", "int8"}) {
        const packed x = pack(xn, data(kind::bell, in, 1), {in});
        const packed w = pack(wn, data(kind::coarse, outs * in, 2), {outs, in});
        std::vector<float> y(outs, -1.0F);
        checked_gemv(x.tensor, w.tensor, y);
        for (std::size_t o = 0; o < outs; ++o) {
          float expected = 0;
          if (sums_in_integers(x, w)) {
            expected = with_tensor_scales(by_16_blocks(block_rows(x)[0], block_rows(w)[o]), x, w);
          } else {
            expected = by_64(floats(x).data(), floats(w).data() + o * in, in);
          }
          EXPECT_EQ(y[o], expected) << xn << " x " << wn << " of " << in << ", row " << o;
        }
      }
    }
  }
}

TEST(gemv, mixed_and_strided_operands) {
  constexpr std::size_t in = 90;
  const std::vector<float> x = data(kind::bell, in, 3);
  const packed w = pack("mxfp4", data(kind::bell, outs * in, 4), {outs, in});
  const std::vector<float> wf = floats(w);
  std::vector<float> y(2 * outs, -1.0F);
  // y: every other element of the memory, from its end.
  checked_gemv(x, w.tensor, tensor_view<float>(&y[2 * outs - 1], {outs}, {-2}));
  std::vector<float> transposed(in * outs);
  for (std::size_t o = 0; o < outs; ++o) {
    for (std::size_t k = 0; k < in; ++k) transposed[k * outs + o] = wf[o * in + k];
  }
  std::vector<float> z(outs);
  checked_gemv(x, matrix_view(transposed, in, outs).transposed(), z);
  for (std::size_t o = 0; o < outs; ++o) {
    const float expected = by_64(x.data(), wf.data() + o * in, in);
    EXPECT_EQ(y[2 * outs - 1 - 2 * o], expected) << o;
    EXPECT_EQ(y[2 * outs - 2 - 2 * o], -1.0F) << o;
    EXPECT_EQ(z[o], expected) << o;
  }
}

TEST(gemv, the_executor_and_the_environment_do_not_matter) {
  constexpr std::size_t in = 500;
  constexpr std::size_t rows = 100;  // several chunks
  std::vector<float> small = data(kind::bell, rows * in, 5);
  for (float& v : small) v *= 0x1p-63F;
  for (const std::string name : {"mxfp4", "e4m3fn"}) {
    const packed x = pack(name, std::vector<float>(small.begin(), small.begin() + in), {in});
    const packed w = pack(name, small, {rows, in});
    std::vector<float> once(rows);
    checked_gemv(x.tensor, w.tensor, once);
    std::vector<float> again(rows);
    binade::threads pool(3);
    {
      const hostile_environment environment;
      checked_gemv(x.tensor, w.tensor, again, pool);
    }
    EXPECT_EQ(again, once) << name;
    EXPECT_NE(once, std::vector<float>(rows)) << name << ": nothing was tested";
  }
}

TEST(gemv, a_nan_reaches_its_row_only) {
  constexpr std::size_t in = 64;
  std::vector<float> wf = data(kind::bell, outs * in, 6);
  wf[3 * in + 5] = quantize_test::not_a_number;
  const packed x = pack("nvfp4", data(kind::bell, in, 7), {in});
  const packed w = pack("nvfp4", wf, {outs, in});
  std::vector<float> y(outs);
  checked_gemv(x.tensor, w.tensor, y);
  for (std::size_t o = 0; o < outs; ++o) {
    EXPECT_EQ(oracle::bits_of(y[o]) == 0x7fc00000U, o == 3) << o;
  }
}

TEST(gemv, empty_sides) {
  const std::vector<float> none;
  std::vector<float> y(3, 7.0F);
  checked_gemv(none, matrix_view(none, 3, 0), y);
  EXPECT_EQ(y, std::vector<float>(3));
  std::vector<float> nothing;
  checked_gemv(y, matrix_view(none, 0, 3), nothing);
}

TEST(gemv, errors_say_what_does_not_fit) {
  const std::vector<float> v(60);
  std::vector<float> y(5, 9.0F);
  EXPECT_EQ(error_of([&] { checked_gemv(std::vector<float>(11), matrix_view(v, 5, 12), y); }),
            "gemv: x is [11] but w is [5, 12]; the inner dimensions 11 and 12 must be equal");
  EXPECT_EQ(error_of([&] { checked_gemv(std::vector<float>(10), matrix_view(v, 6, 10), y); }),
            "gemv: y is [5] but w is [6, 10]; y must be [6]");
  EXPECT_EQ(error_of([&] { checked_gemv(std::vector<float>(10), v, y); }),
            "gemv: w is [60]; it must have rank 2");
  const auto across = binade::quantize<binade::nvfp4>(matrix_view(v, 5, 12), binade::along_axis{0});
  EXPECT_EQ(error_of([&] { checked_gemv(std::vector<float>(12), across, y); }),
            "gemv: w has blocks along axis 0; they must run along axis 1, which is summed over");
  EXPECT_EQ(y, std::vector<float>(5, 9.0F)) << "written before the check";
}

}  // namespace
