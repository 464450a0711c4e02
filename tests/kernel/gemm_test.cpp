// SPDX-License-Identifier: MIT
#include "binade/kernel/gemm.hpp"

#include "binade/core/parallel.hpp"
#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
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

constexpr std::size_t tokens = 3;
constexpr std::size_t outs = 5;

/// Runs gemm, and the definition, which must leave the same bits in y.
void checked_gemm(const binade::operand& x, const binade::operand& w, const tensor_view<float>& y,
                  binade::executor_ref executor = {}) {
  binade::gemm(x, w, y, executor);
  std::vector<float> values(y.size());
  const tensor_view<float> again(values.data(), y.shape());
  binade::reference::gemm(x, w, again);
  for (std::size_t t = 0; t < y.extent(0); ++t) {
    for (std::size_t o = 0; o < y.extent(1); ++o) {
      EXPECT_EQ(binade::bit_cast<std::uint32_t>(y(t, o)),
                binade::bit_cast<std::uint32_t>(again(t, o)))
          << "y(" << t << ", " << o << "): " << shown(y(t, o)) << " is not the definition's "
          << shown(again(t, o));
    }
  }
}

/// y as the documented formula gives it.
std::vector<float> expected_gemm(const packed& x, const packed& w) {
  const std::size_t in = x.shape[1];
  std::vector<float> y;
  if (sums_in_integers(x, w)) {
    const std::vector<block_row> xs = block_rows(x);
    const std::vector<block_row> ws = block_rows(w);
    for (const block_row& a : xs) {
      for (const block_row& b : ws) y.push_back(with_tensor_scales(by_blocks(a, b), x, w));
    }
    return y;
  }
  const std::vector<float> xs = floats(x);
  const std::vector<float> ws = floats(w);
  for (std::size_t t = 0; t < x.shape[0]; ++t) {
    for (std::size_t o = 0; o < w.shape[0]; ++o) {
      y.push_back(ascending(xs.data() + t * in, ws.data() + o * in, in));
    }
  }
  return y;
}

void expect_same(const std::vector<float>& got, const std::vector<float>& expected,
                 const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool both_nan = std::isnan(got[i]) && std::isnan(expected[i]);
    EXPECT_TRUE(both_nan || got[i] == expected[i])
        << what << ", element " << i << ": got " << shown(got[i]) << ", expected "
        << shown(expected[i]);
  }
}

std::vector<std::string> packable_names() {
  return {"mxfp8_e4m3",       "mxfp8_e5m2",   "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4",
          "mxint8",           "nvfp4",        "nvint4",     "msfp12",     "msfp16",
          "bfp_int4_b16",     "bfp_int8_b16", "int8_g32",   "int8_g128",  "int4_g32",
          "int4_g32_float16", "e4m3fn",       "int8",       "nf4",        "takum8",
          "bfloat16"};
}

TEST(gemm, every_pair_of_formats_follows_its_formula) {
  int in_integers = 0;
  for (const std::size_t in : {50U, 131U}) {
    for (const std::string& xn : packable_names()) {
      for (const std::string& wn : packable_names()) {
        if (in != 50 && xn != wn) continue;  // the long ones with themselves only: this is slow
        const packed x = pack(xn, data(kind::bell, tokens * in, in), {tokens, in});
        const packed w = pack(wn, data(kind::coarse, outs * in, in + 1), {outs, in});
        std::vector<float> y(tokens * outs);
        checked_gemm(x.tensor, w.tensor, matrix_view(y, tokens, outs));
        expect_same(y, expected_gemm(x, w), xn + " x " + wn + " of " + std::to_string(in));
        in_integers += sums_in_integers(x, w) ? 1 : 0;
      }
    }
  }
  // Blocks of 16: nvfp4, nvint4, msfp12, msfp16, bfp_int4, bfp_int8; of 32: mxfp6 twice, mxfp4,
  // mxint8, int8, int4 twice; of 128: int8.
  EXPECT_EQ(in_integers, (6 * 6 + 7 * 7 + 1) + (6 + 7 + 1));
}

TEST(gemm, any_codes_and_scales_follow_the_formula) {
  // Bytes that no quantizer writes: every code, scales over 60 binades, both int8 and its -128.
  for (const std::string name : {"mxfp4", "mxfp6_e2m3", "mxfp6_e3m2", "mxint8", "msfp16"}) {
    constexpr std::size_t in = 70;
    packed x = pack(name, std::vector<float>(tokens * in), {tokens, in});
    packed w = pack(name, std::vector<float>(outs * in), {outs, in});
    quantize_test::numbers r(7);
    for (packed* p : {&x, &w}) {
      for (std::byte& b : p->tensor.mutable_view().codes) b = static_cast<std::byte>(r.next());
      for (std::byte& b : p->tensor.mutable_view().scales) {
        b = static_cast<std::byte>(97 + r.next() % 60);
      }
    }
    std::vector<float> y(tokens * outs);
    checked_gemm(x.tensor, w.tensor, matrix_view(y, tokens, outs));
    expect_same(y, expected_gemm(x, w), name);
  }
}

TEST(gemm, block_sums_beyond_24_bits_are_rounded_to_float) {
  using wide = binade::integer_group<binade::int8, 4096>;
  const std::vector<float> ones(4096, 1.0F);
  std::vector<float> mixed(4096, 1.0F);
  mixed[0] = 126.0F / 127.0F;
  const auto x = binade::quantize<wide>(matrix_view(ones, 1, 4096));
  const auto w = binade::quantize<wide>(matrix_view(mixed, 1, 4096));
  std::vector<float> y(1);
  checked_gemm(x, w, matrix_view(y, 1, 1));
  // 4096 * 127^2 - 127 = 66064257, odd: between the floats 66064256 and 66064260 (steps of 4).
  const float scale = oracle::nearest_float(oracle::ratio(1, 127));
  EXPECT_EQ(y[0], oracle::multiply32(66064256.0F, oracle::multiply32(scale, scale)));
}

TEST(gemm, tensor_scales_are_applied_once_at_the_end_as_they_are_meant) {
  constexpr std::size_t in = 48;
  const packed x = pack("nvfp4", data(kind::bell, tokens * in, 1), {tokens, in});
  const packed w = pack("nvint4", data(kind::bell, outs * in, 2), {outs, in});
  const std::vector<block_row> xs = block_rows(x);
  const std::vector<block_row> ws = block_rows(w);
  const float tx = 0.3F;
  const float tw = 7.7F;
  using enum binade::tensor_scale_kind;
  for (const auto x_kind : {none, multiplier, divisor}) {
    for (const auto w_kind : {none, multiplier, divisor}) {
      binade::any_packed_view xv = x.tensor.view();
      binade::any_packed_view wv = w.tensor.view();
      xv.description.tensor_scale = x_kind;
      wv.description.tensor_scale = w_kind;
      xv.tensor_scale = tx;
      wv.tensor_scale = tw;
      std::vector<float> y(tokens * outs);
      checked_gemm(xv, wv, matrix_view(y, tokens, outs));
      for (std::size_t i = 0; i < y.size(); ++i) {
        const float sum = by_blocks(xs[i / outs], ws[i % outs]);
        float expected = sum;
        if (x_kind == multiplier && w_kind == multiplier) {
          expected = oracle::multiply32(sum, oracle::multiply32(tx, tw));
        } else if (x_kind == divisor && w_kind == divisor) {
          expected = oracle::divide32(sum, oracle::multiply32(tx, tw));
        } else {
          if (x_kind == multiplier) expected = oracle::multiply32(expected, tx);
          if (w_kind == multiplier) expected = oracle::multiply32(expected, tw);
          if (x_kind == divisor) expected = oracle::divide32(expected, tx);
          if (w_kind == divisor) expected = oracle::divide32(expected, tw);
        }
        EXPECT_EQ(y[i], expected) << "kinds " << static_cast<int>(x_kind) << " and "
                                  << static_cast<int>(w_kind) << ", element " << i;
      }
    }
  }
}

TEST(gemm, unpacked_and_mixed_operands_are_floats_in_ascending_order) {
  constexpr std::size_t in = 77;
  const std::vector<float> xf = data(kind::bell, tokens * in, 3);
  const packed w = pack("nvfp4", data(kind::bell, outs * in, 4), {outs, in});
  const std::vector<float> wf = floats(w);
  std::vector<binade::bfloat16> xb;
  std::vector<float> xb_floats;
  for (const float v : xf) {
    xb.emplace_back(v);
    xb_floats.push_back(static_cast<float>(xb.back()));
  }
  const auto formula = [](const std::vector<float>& a, const std::vector<float>& b) {
    std::vector<float> y;
    for (std::size_t t = 0; t < a.size() / in; ++t) {
      for (std::size_t o = 0; o < b.size() / in; ++o) {
        y.push_back(ascending(a.data() + t * in, b.data() + o * in, in));
      }
    }
    return y;
  };
  std::vector<float> y(tokens * outs);
  checked_gemm(matrix_view(xf, tokens, in), matrix_view(wf, outs, in),
               matrix_view(y, tokens, outs));
  expect_same(y, formula(xf, wf), "float x float");
  checked_gemm(matrix_view(xf, tokens, in), w.tensor, matrix_view(y, tokens, outs));
  expect_same(y, formula(xf, wf), "float x nvfp4");
  checked_gemm(matrix_view(xb, tokens, in), w.tensor, matrix_view(y, tokens, outs));
  expect_same(y, formula(xb_floats, wf), "bfloat16 x nvfp4");
  std::vector<float> z(outs * tokens);
  checked_gemm(w.tensor, matrix_view(xb, tokens, in), matrix_view(z, outs, tokens));
  expect_same(z, formula(wf, xb_floats), "nvfp4 x bfloat16");
}

TEST(gemm, a_long_sum_equals_the_loop_that_the_formula_is) {
  constexpr std::size_t in = 5000;
  const std::vector<float> x = data(kind::wild, in, 5);
  const std::vector<float> w = data(kind::wild, in, 6);
  float expected = 0;
  for (std::size_t k = 0; k < in; ++k) expected = std::fma(x[k], w[k], expected);
  std::vector<float> y(1);
  checked_gemm(matrix_view(x, 1, in), matrix_view(w, 1, in), matrix_view(y, 1, 1));
  EXPECT_EQ(y[0], expected);
}

TEST(gemm, strides_are_followed_on_every_side) {
  constexpr std::size_t in = 20;
  const std::vector<float> xt = data(kind::bell, in * tokens, 8);  // [in, tokens]
  const std::vector<float> w = data(kind::bell, 2 * outs * in, 9);
  std::vector<float> y(outs * tokens, -1.0F);  // [outs, tokens]
  const tensor_view<const float> x = matrix_view(xt, in, tokens).transposed();
  const tensor_view<const float> every_other(w.data(), {outs, in},
                                             {static_cast<std::ptrdiff_t>(2 * in), 1});
  checked_gemm(x, every_other, matrix_view(y, outs, tokens).transposed());
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t o = 0; o < outs; ++o) {
      float sum = 0;
      for (std::size_t k = 0; k < in; ++k) {
        sum = oracle::fma32(xt[k * tokens + t], w[2 * o * in + k], sum);
      }
      EXPECT_EQ(y[o * tokens + t], sum) << t << ", " << o;
    }
  }
}

TEST(gemm, the_executor_and_the_environment_do_not_matter) {
  constexpr std::size_t in = 300;
  constexpr std::size_t rows = 70;  // several chunks
  for (const std::string name : {"mxfp4", "mxfp8_e4m3", "nvint4"}) {
    // Small enough for subnormal products.
    std::vector<float> small = data(kind::bell, rows * in, 11);
    for (float& v : small) v *= 0x1p-63F;
    const packed x = pack(name, small, {rows, in});
    const packed w = pack(name, small, {rows, in});
    std::vector<float> once(rows * rows);
    checked_gemm(x.tensor, w.tensor, matrix_view(once, rows, rows));
    std::vector<float> again(rows * rows);
    binade::threads pool(3);
    checked_gemm(x.tensor, w.tensor, matrix_view(again, rows, rows), pool);
    EXPECT_EQ(again, once) << name;
    std::fill(again.begin(), again.end(), 0.0F);
    {
      const hostile_environment environment;
      checked_gemm(x.tensor, w.tensor, matrix_view(again, rows, rows), pool);
    }
    EXPECT_EQ(again, once) << name;
    EXPECT_NE(once, std::vector<float>(rows * rows)) << name << ": nothing was tested";
  }
}

std::uint32_t bits(float x) { return oracle::bits_of(x); }

TEST(gemm, a_nan_reaches_the_outputs_that_it_enters_and_no_other) {
  constexpr std::size_t in = 64;
  for (const std::string name : {"mxfp4", "nvfp4", "mxfp8_e4m3"}) {
    std::vector<float> wf = data(kind::bell, outs * in, 12);
    wf[2 * in + 40] = quantize_test::not_a_number;  // poisons a block of row 2
    const packed x = pack(name, data(kind::bell, tokens * in, 13), {tokens, in});
    const packed w = pack(name, wf, {outs, in});
    std::vector<float> y(tokens * outs);
    checked_gemm(x.tensor, w.tensor, matrix_view(y, tokens, outs));
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t o = 0; o < outs; ++o) {
        const float v = y[t * outs + o];
        EXPECT_EQ(bits(v) == 0x7fc00000U, o == 2)
            << name << " " << t << ", " << o << ": " << shown(v);
        EXPECT_EQ(std::isnan(v), o == 2) << name << " " << t << ", " << o;
      }
    }
  }
  // Of floats: payload and sign of a NaN do not matter.
  const std::vector<float> a{1, oracle::float_of(0xffc12345U)};
  const std::vector<float> b{quantize_test::infinity, 0};
  std::vector<float> y(4);
  checked_gemm(matrix_view(a, 2, 1), matrix_view(b, 2, 1), matrix_view(y, 2, 2));
  EXPECT_EQ(y[0], quantize_test::infinity);
  EXPECT_EQ(y[1], 0.0F);
  EXPECT_EQ(bits(y[2]), 0x7fc00000U);
  EXPECT_EQ(bits(y[3]), 0x7fc00000U);
  const std::vector<float> zero{0};
  const std::vector<float> infinite{-quantize_test::infinity};
  std::vector<float> z(1);
  checked_gemm(matrix_view(zero, 1, 1), matrix_view(infinite, 1, 1), matrix_view(z, 1, 1));
  EXPECT_EQ(bits(z[0]), 0x7fc00000U);
}

TEST(gemm, a_product_of_scales_that_overflows_is_documented) {
  // Scales 2^127 on both sides: their product is infinite, 0 * infinity is NaN.
  const std::vector<float> x{0.0F};
  packed a = pack("mxfp4", x, {1, 1});
  packed b = a;
  for (packed* p : {&a, &b}) p->tensor.mutable_view().scales[0] = std::byte{254};
  std::vector<float> y(1);
  checked_gemm(a.tensor, b.tensor, matrix_view(y, 1, 1));
  EXPECT_TRUE(std::isnan(y[0]));
  for (packed* p : {&a, &b}) p->tensor.mutable_view().codes[0] = std::byte{0x2};  // 1.0
  checked_gemm(a.tensor, b.tensor, matrix_view(y, 1, 1));
  EXPECT_EQ(y[0], quantize_test::infinity);
}

TEST(gemm, padding_is_no_element) {
  const std::vector<float> ones(20, 1.0F);
  packed x = pack("nvfp4", ones, {1, 20});
  const packed w = pack("nvfp4", ones, {1, 20});
  std::vector<float> y(1);
  checked_gemm(x.tensor, w.tensor, matrix_view(y, 1, 1));
  const float before = y[0];
  EXPECT_EQ(before, 20.0F);
  for (std::size_t i = 10; i < 16; ++i) x.tensor.mutable_view().codes[i] = std::byte{0x77};
  checked_gemm(x.tensor, w.tensor, matrix_view(y, 1, 1));
  EXPECT_EQ(y[0], before);
}

TEST(gemm, empty_sides) {
  const std::vector<float> none;
  std::vector<float> y(6, 7.0F);
  checked_gemm(matrix_view(none, 2, 0), matrix_view(none, 3, 0), matrix_view(y, 2, 3));
  EXPECT_EQ(y, std::vector<float>(6));  // an empty sum is +0
  const packed a = pack("mxfp4", none, {2, 0});
  const packed b = pack("mxfp4", none, {3, 0});
  std::fill(y.begin(), y.end(), 7.0F);
  checked_gemm(a.tensor, b.tensor, matrix_view(y, 2, 3));
  EXPECT_EQ(y, std::vector<float>(6));
  std::vector<float> nothing;
  checked_gemm(matrix_view(none, 0, 3), matrix_view(y, 2, 3), matrix_view(nothing, 0, 2));
  checked_gemm(matrix_view(y, 2, 3), matrix_view(none, 0, 3), matrix_view(nothing, 2, 0));
}

TEST(gemm, errors_say_what_does_not_fit) {
  const std::vector<float> v(64 * 64);
  std::vector<float> out(16 * 8, 5.0F);
  const auto y = matrix_view(out, 16, 8);
  EXPECT_EQ(error_of([&] {
              checked_gemm(tensor_view<const float>(v.data(), {16, 64}),
                           tensor_view<const float>(v.data(), {8, 60}), y);
            }),
            "gemm: x is [16, 64] but w is [8, 60]; the inner dimensions 64 and 60 must be equal");
  EXPECT_EQ(error_of([&] {
              checked_gemm(tensor_view<const float>(v.data(), {4, 64}),
                           tensor_view<const float>(v.data(), {8, 64}), y);
            }),
            "gemm: y is [16, 8] but x is [4, 64] and w is [8, 64]; y must be [4, 8]");
  EXPECT_EQ(error_of([&] {
              checked_gemm(tensor_view<const float>(v.data(), {64}),
                           tensor_view<const float>(v.data(), {8, 64}), y);
            }),
            "gemm: x is [64]; it must have rank 2");
  const auto across = binade::quantize<binade::mxfp4>(tensor_view<const float>(v.data(), {8, 64}),
                                                      binade::along_axis{0});
  EXPECT_EQ(
      error_of([&] { checked_gemm(tensor_view<const float>(v.data(), {16, 64}), across, y); }),
      "gemm: w has blocks along axis 0; they must run along axis 1, which is summed over");
  const auto w = binade::quantize<binade::mxfp4>(tensor_view<const float>(v.data(), {8, 64}));
  binade::any_packed_view short_codes = w;
  short_codes.codes = short_codes.codes.first(255);
  EXPECT_EQ(
      error_of([&] { checked_gemm(tensor_view<const float>(v.data(), {16, 64}), short_codes, y); }),
      "gemm: w is [8, 64] and has 255 bytes of codes and 16 of scales; needed are 256 and "
      "16");
  EXPECT_EQ(out, std::vector<float>(16 * 8, 5.0F)) << "written before the check";
}

}  // namespace
