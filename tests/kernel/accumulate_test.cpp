// SPDX-License-Identifier: MIT
#include "binade/kernel/accumulate.hpp"

#include "binade/format/catalog.hpp"
#include "binade/kernel/dot.hpp"
#include "binade/kernel/gemm.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "kernel/reference/hopper_vectors.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace product_test;

namespace accumulate = binade::accumulate;
using accumulate::hopper_fp8;
using binade::dot;
using binade::e4m3fn;
using binade::e5m2;
using binade::gemm;
using binade::matrix_view;
using quantize_test::data;
using quantize_test::error_of;
using quantize_test::kind;
using quantize_test::shown;

std::uint32_t bits(float x) { return oracle::bits_of(x); }

template <class F>
std::vector<F> values(const std::vector<float>& x) {
  std::vector<F> result;
  for (const float v : x) result.emplace_back(v);
  return result;
}

template <class F>
std::vector<F> from_codes(const std::uint8_t* codes, std::size_t n) {
  std::vector<F> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(F::from_bits(codes[i]));
  return result;
}

template <class F>
std::span<const F> part(const std::vector<F>& x, std::size_t begin, std::size_t end) {
  return std::span(x).subspan(begin, end - begin);
}

// --- Models on any machine -----------------------------------------------------------------------

TEST(accumulate, exact_rounds_once) {
  // 2^24 + 1 - 2^24, in any order that floats know, is 0 or 2; small ones that a float would lose.
  const std::vector<float> a{0x1p24F, 1, -0x1p24F, 0x1p-60F};
  const std::vector<float> b{1, 1, 1, 1};
  EXPECT_EQ(dot(a, b, accumulate::exact{}), 1.0F);
  for (const std::string name : {"e4m3fn", "nvfp4", "mxfp8_e5m2", "int8_g32", "posit8"}) {
    const packed x = pack(name, data(kind::wild, 90, 3), {90});
    const std::vector<float> plain = data(kind::bell, 90, 4);
    const auto exact = quantize_test::exact_values(x.tensor.view(), x.scheme, x.shape);
    oracle::rational with_plain = 0;
    oracle::rational with_itself = 0;
    for (std::size_t i = 0; i < 90; ++i) {
      with_plain += *exact[i] * oracle::exact(plain[i]);
      with_itself += *exact[i] * *exact[i];
    }
    EXPECT_EQ(dot(x.tensor, plain, accumulate::exact{}), oracle::nearest_float(with_plain)) << name;
    EXPECT_EQ(dot(plain, x.tensor, accumulate::exact{}), oracle::nearest_float(with_plain)) << name;
    EXPECT_EQ(dot(x.tensor, x.tensor, accumulate::exact{}), oracle::nearest_float(with_itself))
        << name;
  }
  const std::vector<binade::bfloat16> half = values<binade::bfloat16>({1.5F, -2});
  EXPECT_EQ(dot(half, half, accumulate::exact{}), 6.25F);
}

TEST(accumulate, sequential_and_chunked_follow_their_formulas) {
  for (const std::size_t n : {0U, 1U, 5U, 128U, 129U, 300U}) {
    for (const kind k : {kind::bell, kind::wild, kind::sparse}) {
      const std::vector<float> a = data(k, n, n + 1);
      const std::vector<float> b = data(k, n, n + 2);
      EXPECT_EQ(dot(a, b, accumulate::sequential{}), ascending(a.data(), b.data(), n)) << n;
      for (const std::size_t size : {1U, 7U, 128U, 1000U}) {
        float y = 0;
        for (std::size_t at = 0; at < n; at += size) {
          y = oracle::add32(y, ascending(a.data() + at, b.data() + at, std::min(size, n - at)));
        }
        EXPECT_EQ(dot(a, b, accumulate::chunked{.n = size}), y) << n << " by " << size;
      }
    }
  }
  const packed x = pack("nvfp4", data(kind::bell, 70, 1), {70});
  const packed w = pack("mxfp6_e3m2", data(kind::bell, 70, 2), {70});
  EXPECT_EQ(dot(x.tensor, w.tensor, accumulate::sequential{}),
            ascending(floats(x).data(), floats(w).data(), 70));
}

TEST(accumulate, sequential_is_the_order_of_gemm) {
  constexpr std::size_t in = 77;
  const std::vector<float> x = data(kind::wild, 3 * in, 1);
  const packed w = pack("mxfp4", data(kind::wild, 20 * in, 2), {20, in});
  std::vector<float> expected(60);
  std::vector<float> got(60);
  gemm(matrix_view(x, 3, in), w.tensor, matrix_view(expected, 3, 20));
  gemm(matrix_view(x, 3, in), w.tensor, matrix_view(got, 3, 20), accumulate::sequential{});
  EXPECT_EQ(got, expected);
}

TEST(accumulate, int32_per_block_is_the_formula_of_dot) {
  for (const std::string name : {"mxfp4", "nvfp4", "mxint8", "mxfp6_e3m2", "nvint4"}) {
    const packed a = pack(name, data(kind::bell, 150, 7), {150});
    const packed b = pack(name, data(kind::coarse, 150, 8), {150});
    EXPECT_EQ(dot(a.tensor, b.tensor, accumulate::int32_per_block{}),
              with_tensor_scales(by_blocks(block_rows(a)[0], block_rows(b)[0]), a, b))
        << name;
  }
}

TEST(accumulate, int32_per_block_refuses_what_might_overflow) {
  // 127^2 * 2^17 = 2114060288 < 2^31, but -128 is a code of int8 too: 2^14 * 2^17 = 2^31.
  const auto pack_in_blocks_of = [](auto block) {
    const std::vector<float> x(100, 1.0F);
    return binade::quantize<decltype(block)>(binade::vector_view(x));
  };
  const auto fits = pack_in_blocks_of(binade::integer_group<binade::int8, 1 << 16>{});
  EXPECT_EQ(dot(fits, fits, accumulate::int32_per_block{}), dot(fits, fits));
  const auto larger = pack_in_blocks_of(binade::integer_group<binade::int8, 1 << 17>{});
  EXPECT_EQ(
      error_of([&] { static_cast<void>(dot(larger, larger, accumulate::int32_per_block{})); }),
      "accumulate::int32_per_block: blocks of 131072 products of at most 16384; their sum "
      "must be below 2^31");
}

// --- Hopper's FP8 --------------------------------------------------------------------------------

TEST(hopper_fp8, gives_what_an_h100_gave) {
  // Chains that begin at 0, which is where a dot product begins.
  std::size_t checked = 0;
  for (const hopper_vectors::block& t : hopper_vectors::read_instructions()) {
    const hopper_fp8 model{.instruction = t.title.at(0) == "wgmma"
                                              ? accumulate::fp8_instruction::wgmma
                                              : accumulate::fp8_instruction::mma_sync};
    for (std::size_t at = 0; at < t.d.size(); ++at) {
      if (t.c[at] != 0) continue;
      const auto product = [&]<class A, class B>() {
        return dot(from_codes<A>(t.a_row(at / hopper_vectors::tile), t.depth),
                   from_codes<B>(t.b_row(at % hopper_vectors::tile), t.depth), model);
      };
      const bool a_is_e4m3 = t.title.at(2) == "e4m3fn";
      const bool b_is_e4m3 = t.title.at(3) == "e4m3fn";
      const float sum = a_is_e4m3 ? (b_is_e4m3 ? product.operator()<e4m3fn, e4m3fn>()
                                               : product.operator()<e4m3fn, e5m2>())
                                  : (b_is_e4m3 ? product.operator()<e5m2, e4m3fn>()
                                               : product.operator()<e5m2, e5m2>());
      EXPECT_EQ(bits(sum), t.d[at]) << t.title.at(0) << " " << t.title.at(1) << " " << at;
      ++checked;
    }
  }
  EXPECT_GT(checked, 1000U);
}

TEST(hopper_fp8, gives_what_cublaslt_gave) {
  const std::map<std::string, hopper_fp8> models = {
      {"fast", {}},
      {"full", {.promote_every = 128}},
      {"rows_x_blocks", {}},
      {"rows_x_rows", {.scaling = accumulate::group_scaling::in_turn}}};
  const std::vector<hopper_vectors::block> blocks = hopper_vectors::read_gemms();
  EXPECT_EQ(blocks.size(), models.size());
  constexpr std::size_t tile = hopper_vectors::gemm_tile;
  for (const hopper_vectors::block& t : blocks) {
    const auto make = [&](const std::vector<std::uint8_t>& codes,
                          const std::vector<std::uint32_t>& scales) {
      // Any values will do, since their codes and scales are replaced.
      const std::vector<float> ones(codes.size(), 1.0F);
      packed p = pack("e4m3fn", ones, {tile, t.depth},
                      scales.size() == tile
                          ? binade::quantize_options(binade::per_channel{.axis = 0})
                          : binade::quantize_options(binade::per_group{.axis = 1, .size = 128}));
      const auto view = p.tensor.mutable_view();
      EXPECT_EQ(view.codes.size(), codes.size());
      EXPECT_EQ(view.scales.size(), scales.size() * sizeof scales[0]);
      std::memcpy(view.codes.data(), codes.data(), codes.size());
      std::memcpy(view.scales.data(), scales.data(), view.scales.size());
      return p;
    };
    const packed x = make(t.a, t.a_scales);
    const packed w = make(t.b, t.b_scales);
    std::vector<float> y(tile * tile);
    gemm(x.tensor, w.tensor, matrix_view(y, tile, tile), models.at(t.title.at(0)));
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(bits(y[i]), t.d[i]) << t.title.at(0) << ", result " << i;
    }
  }
}

/// One chain of instructions over a part of two rows.
template <class A, class B>
float chain(const std::vector<A>& a, const std::vector<B>& b, std::size_t begin, std::size_t end) {
  return dot(part(a, begin, end), part(b, begin, end), hopper_fp8{});
}

TEST(hopper_fp8, promotion_adds_pieces_in_float) {
  constexpr std::size_t n = 500;  // the last piece and its last instruction are short
  const std::vector<e4m3fn> a = values<e4m3fn>(data(kind::bell, n, 1));
  const std::vector<e5m2> b = values<e5m2>(data(kind::bell, n, 2));
  int different = 0;
  for (const std::size_t every : {32U, 64U, 128U, 512U}) {
    float y = 0;
    for (std::size_t k = 0; k < n; k += every) {
      y = oracle::add32(y, chain(a, b, k, std::min(k + every, n)));
    }
    const float got = dot(a, b, hopper_fp8{.promote_every = every});
    EXPECT_EQ(got, y) << every;
    different += got != dot(a, b, hopper_fp8{}) ? 1 : 0;
  }
  EXPECT_GE(different, 2) << "promotion changed nothing: nothing was tested";
}

TEST(hopper_fp8, a_short_instruction_is_filled_with_zeros) {
  const std::vector<e4m3fn> a = values<e4m3fn>(data(kind::bell, 64, 3));
  std::vector<e4m3fn> filled(a.begin(), a.begin() + 37);
  EXPECT_EQ(dot(std::vector<e4m3fn>{}, std::vector<e4m3fn>{}, hopper_fp8{}), 0.0F);
  const float short_one = chain(filled, a, 0, 37);
  filled.resize(64);
  EXPECT_EQ(chain(filled, a, 0, 64), short_one);
}

TEST(hopper_fp8, the_bias_of_the_machine_is_there) {
  // 8192 products of 1.125^2: at 2^13 and above, the accumulator's step is 1 and each instruction's
  // 32 * 1.265625 = 40.5 is cut to 40.
  const std::vector<e4m3fn> x(8192, e4m3fn(1.125F));
  const float fast = dot(x, x, hopper_fp8{});
  EXPECT_LT(fast, 8192 * 1.265625F);
  EXPECT_EQ(dot(x, x, accumulate::exact{}), 8192 * 1.265625F);
  EXPECT_EQ(dot(x, x, hopper_fp8{.promote_every = 128}), 8192 * 1.265625F);
  EXPECT_EQ(dot(x, x, hopper_fp8{.instruction = accumulate::fp8_instruction::mma_sync}),
            8192 * 1.265625F);
}

TEST(hopper_fp8, scales_of_groups_are_applied_to_their_sums) {
  constexpr std::size_t n = 450;
  const std::vector<float> xf = data(kind::wild, 2 * n, 4);
  const std::vector<float> wf = data(kind::wild, 3 * n, 5);
  const auto groups_of = [](std::size_t size) {
    return binade::quantize_options(binade::per_group{.axis = 1, .size = size});
  };
  struct side {
    packed p;
    std::size_t group;
  };
  const auto make = [&](const std::vector<float>& x, std::size_t rows) {
    std::vector<side> sides;
    sides.push_back({pack("e4m3fn", x, {rows, n}), n});
    sides.push_back({pack("e5m2", x, {rows, n}, groups_of(128)), 128});
    sides.push_back({pack("e4m3fn", x, {rows, n}, groups_of(64)), 64});
    sides.push_back({pack("mxfp8_e4m3", x, {rows, n}), 32});
    sides.push_back({pack("e4m3fn", x, {rows, n},
                          binade::quantize_options(binade::per_block{.rows = 128, .cols = 128})),
                     128});
    return sides;
  };
  const auto element = [](const side& s, std::size_t row, std::size_t k) {
    const binade::any_packed_view view = s.p.tensor.view();
    return binade::to_float(view.description.element.decode(view.code(row, k)));
  };
  const auto scale = [](const side& s, std::size_t row, std::size_t k) {
    const binade::packed_layout& l = s.p.tensor.description().layout;
    return binade::to_float(
        s.p.tensor.view().scale(l.first_cell_of_row(row) + (s.group == n ? 0 : k / s.group)));
  };
  for (const side& x : make(xf, 2)) {
    for (const side& w : make(wf, 3)) {
      for (const std::size_t every : {0U, 32U, 128U}) {
        std::vector<float> y(6);
        std::vector<float> z(6);
        gemm(x.p.tensor, w.p.tensor, matrix_view(y, 2, 3), hopper_fp8{.promote_every = every});
        gemm(x.p.tensor, w.p.tensor, matrix_view(z, 2, 3),
             hopper_fp8{.promote_every = every, .scaling = accumulate::group_scaling::in_turn});
        for (std::size_t at = 0; at < y.size(); ++at) {
          const std::size_t t = at / 3;
          const std::size_t o = at % 3;
          float expected = 0;
          float in_turn = 0;
          for (std::size_t k = 0; k < n;) {
            const std::size_t end =
                std::min({n, (k / x.group + 1) * x.group, (k / w.group + 1) * w.group});
            const auto sum = [&]<class A, class B>() {
              std::vector<A> a;
              std::vector<B> b;
              for (std::size_t i = k; i < end; ++i) {
                a.emplace_back(element(x, t, i));
                b.emplace_back(element(w, o, i));
              }
              return dot(a, b, hopper_fp8{.promote_every = every});
            };
            const bool x_e4m3 = x.p.scheme.element->name == "e4m3fn";
            const bool w_e4m3 = w.p.scheme.element->name == "e4m3fn";
            const float group =
                x_e4m3
                    ? (w_e4m3 ? sum.operator()<e4m3fn, e4m3fn>() : sum.operator()<e4m3fn, e5m2>())
                    : (w_e4m3 ? sum.operator()<e5m2, e4m3fn>() : sum.operator()<e5m2, e5m2>());
            expected =
                oracle::fma32(group, oracle::multiply32(scale(x, t, k), scale(w, o, k)), expected);
            in_turn =
                oracle::fma32(oracle::multiply32(group, scale(x, t, k)), scale(w, o, k), in_turn);
            k = end;
          }
          EXPECT_EQ(y[at], expected) << x.group << " x " << w.group << ", promoted every " << every
                                     << ", element " << at << ": " << shown(y[at]);
          EXPECT_EQ(z[at], in_turn)
              << x.group << " x " << w.group << ", element " << at << ": " << shown(z[at]);
        }
      }
    }
  }
}

// --- All of them ---------------------------------------------------------------------------------

TEST(accumulate, nan_has_the_models_bits) {
  const float nan = -quantize_test::not_a_number;
  const std::vector<float> a{1, nan};
  for (const float sum : {dot(a, a, accumulate::exact{}), dot(a, a, accumulate::sequential{}),
                          dot(a, a, accumulate::chunked{})}) {
    EXPECT_EQ(bits(sum), 0x7fc00000U);
  }
  const std::vector<float> poisoned{nan};
  const auto q = binade::quantize<binade::mxfp4>(binade::vector_view(poisoned));
  EXPECT_EQ(bits(dot(q, q, accumulate::int32_per_block{})), 0x7fc00000U);
  const std::vector<e4m3fn> x{e4m3fn(nan)};
  EXPECT_EQ(bits(dot(x, x, hopper_fp8{})), 0x7fffffffU);
  const auto scaled = binade::quantize<binade::mxfp8_e4m3>(binade::vector_view(poisoned));
  EXPECT_EQ(bits(dot(scaled, scaled, hopper_fp8{})), 0x7fffffffU);
}

template <class Model>
void expect_same_everywhere(const Model& model, const std::string& format, float unit) {
  constexpr std::size_t rows = 40;  // several chunks
  constexpr std::size_t in = 70;
  std::vector<float> small = data(kind::bell, rows * in, 11);
  for (float& v : small) v *= unit;
  const packed x = pack(format, small, {rows, in});
  std::vector<float> expected(rows * rows);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t o = 0; o < rows; ++o) {
      const auto row = [&](std::size_t r) {
        return pack(format,
                    std::vector<float>(small.begin() + static_cast<std::ptrdiff_t>(r * in),
                                       small.begin() + static_cast<std::ptrdiff_t>((r + 1) * in)),
                    {in});
      };
      if (t < 2) expected[t * rows + o] = dot(row(t).tensor, row(o).tensor, model);
    }
  }
  std::vector<float> once(rows * rows);
  gemm(x.tensor, x.tensor, matrix_view(once, rows, rows), model);
  EXPECT_TRUE(std::equal(expected.begin(), expected.begin() + 2 * rows, once.begin())) << format;
  EXPECT_NE(once, std::vector<float>(rows * rows)) << format << ": nothing was tested";
  std::vector<float> again(rows * rows);
  binade::threads pool(3);
  {
    const hostile_environment environment;
    gemm(x.tensor, x.tensor, matrix_view(again, rows, rows), model, pool);
  }
  EXPECT_EQ(again, once) << format;
}

TEST(accumulate, executor_and_environment_do_not_matter) {
  // Formats whose scales are a row's own, so that a row alone is packed as it is in the matrix.
  constexpr float unit = 0x1p-62F;  // subnormal products, and subnormal products of scales
  expect_same_everywhere(accumulate::exact{}, "mxfp4", unit);
  expect_same_everywhere(accumulate::sequential{}, "mxfp4", unit);
  expect_same_everywhere(accumulate::chunked{.n = 32}, "mxfp4", unit);
  expect_same_everywhere(accumulate::int32_per_block{}, "mxfp4", unit);
  expect_same_everywhere(hopper_fp8{}, "mxfp8_e4m3", unit);
  expect_same_everywhere(hopper_fp8{.instruction = accumulate::fp8_instruction::mma_sync},
                         "mxfp8_e4m3", unit);
}

/// A model of somebody else's.
struct counts_products {
  [[nodiscard]] auto sums(const binade::operand& a, const binade::operand&) const {
    return [n = a.shape().row_length()](std::size_t i, std::size_t j) {
      return bits(static_cast<float>(100 * i + 10 * j + n));
    };
  }
};
static_assert(binade::accumulator_model<counts_products>);
static_assert(!binade::accumulator_model<binade::inline_executor>);

TEST(accumulate, takes_models_of_others) {
  const std::vector<float> x(6);
  std::vector<float> y(4);
  EXPECT_EQ(dot(x, x, counts_products{}), 6.0F);
  gemm(matrix_view(x, 2, 3), matrix_view(x, 2, 3), matrix_view(y, 2, 2), counts_products{});
  EXPECT_EQ(y, (std::vector<float>{3, 13, 103, 113}));
}

TEST(accumulate, errors_say_what_does_not_fit) {
  const std::vector<float> a(3);
  const std::vector<float> b(4);
  const auto message = [](auto&& f) { return error_of([&] { static_cast<void>(f()); }); };
  EXPECT_EQ(message([&] { return dot(a, b, accumulate::exact{}); }),
            "dot: a has 3 elements but b has 4; they must be equal");
  std::vector<float> y(5, -1.0F);
  EXPECT_EQ(error_of([&] {
              gemm(matrix_view(b, 2, 2), matrix_view(b, 2, 2), matrix_view(y, 1, 5), hopper_fp8{});
            }),
            "gemm: y is [1, 5] but x is [2, 2] and w is [2, 2]; y must be [2, 2]");
  EXPECT_EQ(y, std::vector<float>(5, -1.0F));
  EXPECT_EQ(message([&] { return dot(a, a, accumulate::chunked{.n = 0}); }),
            "accumulate::chunked: n is 0; it must be at least 1");
  EXPECT_EQ(message([&] { return dot(a, values<e4m3fn>(a), accumulate::int32_per_block{}); }),
            "accumulate::int32_per_block: a is of float32 and b of e4m3fn; both must be packed, of "
            "block formats with blocks of one size, and their elements integers times a power of "
            "two");
  const std::vector<e4m3fn> x(100);
  EXPECT_EQ(message([&] { return dot(x, x, hopper_fp8{.promote_every = 100}); }),
            "accumulate::hopper_fp8: promote_every is 100; allowed are 0 and multiples of 32");
  EXPECT_EQ(message([&] { return dot(x, std::vector<float>(100), hopper_fp8{}); }),
            "accumulate::hopper_fp8: b is of float32; allowed are e4m3fn and e5m2");
  const packed p = pack("e4m3fn", std::vector<float>(100), {1, 100},
                        binade::quantize_options(binade::per_group{.axis = 1, .size = 48}));
  EXPECT_EQ(error_of([&] { gemm(p.tensor, p.tensor, matrix_view(y.data(), 1, 1), hopper_fp8{}); }),
            "accumulate::hopper_fp8: a has groups of 48; allowed are symmetric ones of a multiple "
            "of 32 or of whole rows");
}

}  // namespace
