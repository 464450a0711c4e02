// SPDX-License-Identifier: MIT
#include "binade/quantize/quantize.hpp"

#include "binade/core/parallel.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace quantize_test;

using binade::any_packable;
using binade::any_packed_tensor;
using binade::granularity;
using binade::group_kind;
using binade::packed_description;
using binade::quantize_options;
using binade::scale_rule;
using binade::tensor_shape;
using binade::tensor_view;

namespace rounding = binade::rounding;
namespace scaling = binade::scaling;

any_packed_tensor quantize(const tensor_view<const float>& x, const packed_description& d,
                           const quantize_options& o = {}) {
  return binade::quantize(x, d, o);
}

any_packed_tensor quantize_blocks(const any_packable& p, const std::vector<float>& x,
                                  const extents& shape, int axis = -1,
                                  const quantize_options& o = {}) {
  const tensor_shape s(shape);
  return quantize(tensor_view<const float>(x.data(), s), p.describe(s, {}, axis), o);
}

std::vector<any_packable> block_formats() {
  std::vector<any_packable> list;
  for (const any_packable& p : binade::all_packables()) {
    if (p.is_block_format) list.push_back(p);
  }
  return list;
}

std::vector<float> with_nans(std::vector<float> x) {
  for (std::size_t i = 5; i < x.size(); i += 37) x[i] = i % 2 == 0 ? not_a_number : -not_a_number;
  return x;
}
std::vector<float> with_infinities(std::vector<float> x) {
  for (std::size_t i = 3; i < x.size(); i += 41) x[i] = i % 2 == 0 ? infinity : -infinity;
  return x;
}

constexpr kind all_kinds[] = {kind::bell, kind::coarse, kind::wild, kind::sparse};

// --- Block formats -------------------------------------------------------------------------------

TEST(quantize, block_formats_equal_the_oracle_in_every_shape_and_along_every_axis) {
  const extents shapes[] = {{}, {1}, {33}, {3, 16}, {2, 3, 50}, {2, 2, 3, 17}};
  for (const any_packable& p : block_formats()) {
    for (const extents& shape : shapes) {
      for (const kind k : all_kinds) {
        const std::vector<float> x = data(k, product(shape), 1 + product(shape));
        const int rank = static_cast<int>(shape.size());
        for (int axis = rank == 0 ? -1 : 0; axis < rank; ++axis) {
          const oracle::scheme s = scheme_of(p.block, shape, axis);
          EXPECT_TRUE(
              agrees(quantize_blocks(p, x, shape, axis), run_oracle(x, shape, s, p.block.size)))
              << p.names->name << " " << shape_text(shape) << " axis " << axis << " data "
              << static_cast<int>(k);
        }
      }
    }
  }
}

// --- Scale rules ---------------------------------------------------------------------------------

struct rule_case {
  const char* name;
  scale_rule rule;
  oracle::rule expected;
};

const rule_case rule_cases[] = {
    {"absmax", scaling::absmax{}, oracle::rule::absmax},
    {"pow2_floor", scaling::pow2_floor{}, oracle::rule::pow2_floor},
    {"pow2_ceil", scaling::pow2_ceil{}, oracle::rule::pow2_ceil},
    {"pow2_rceil", scaling::pow2_rceil{}, oracle::rule::pow2_rceil},
    {"pow2_even", scaling::pow2_even{}, oracle::rule::pow2_even},
    {"mse_search", scaling::mse_search{}, oracle::rule::mse_search},
    {"exponent_bias", scaling::exponent_bias{3}, oracle::rule::exponent_bias},
    {"given", scaling::given{0.3F}, oracle::rule::given},
};

oracle::scheme with_rule(oracle::scheme s, const rule_case& c) {
  s.rule = c.expected;
  s.bias = 3;
  s.given = 0.3F;
  return s;
}

TEST(quantize, every_rule_on_every_block_format_equals_the_oracle) {
  const extents shape{2, 40};
  for (const any_packable& p : block_formats()) {
    for (const rule_case& c : rule_cases) {
      for (const kind k : all_kinds) {
        const std::vector<float> x = data(k, product(shape), 7);
        EXPECT_TRUE(agrees(quantize_blocks(p, x, shape, -1, quantize_options(c.rule)),
                           run_oracle(x, shape, with_rule(scheme_of(p.block, shape), c))))
            << p.names->name << " " << c.name << " data " << static_cast<int>(k);
      }
    }
  }
}

any_packed_tensor quantize_elements(const any_packable& p, const std::vector<float>& x,
                                    const extents& shape, const granularity& g,
                                    const quantize_options& o = {},
                                    group_kind kind = group_kind::symmetric) {
  const tensor_shape s(shape);
  return quantize(tensor_view<const float>(x.data(), s), p.describe(s, g, -1, kind), o);
}

/// The element formats that the oracle has tables of in no time.
std::vector<any_packable> element_formats() {
  std::vector<any_packable> list;
  for (const any_packable& p : binade::all_packables()) {
    if (!p.is_block_format && p.element.bit_count() <= 16) list.push_back(p);
  }
  return list;
}

TEST(quantize, every_element_format_and_rule_under_one_scale_equals_the_oracle) {
  const extents shape{3, 11};
  for (const any_packable& p : element_formats()) {
    for (const rule_case& c : rule_cases) {
      if (c.expected == oracle::rule::mse_search && p.element.bit_count() > 8) continue;  // slow
      for (const kind k : {kind::bell, kind::coarse}) {
        const std::vector<float> x = data(k, product(shape), 8);
        const oracle::scheme s = with_rule(scheme_of(p.element, shape, per_tensor_cells(shape)), c);
        EXPECT_TRUE(
            agrees(quantize_elements(p, x, shape, binade::per_tensor{}, quantize_options(c.rule)),
                   run_oracle(x, shape, s)))
            << p.names->name << " " << c.name << " data " << static_cast<int>(k);
      }
    }
  }
}

// --- Granularity ---------------------------------------------------------------------------------

TEST(quantize, every_granularity_equals_the_oracle) {
  const extents shapes[] = {{}, {1}, {7}, {5, 6}, {1, 9}, {3, 4, 5}, {2, 3, 5, 7}};
  int cases = 0;
  for (const std::string name : {"e4m3fn", "int4", "nf4", "e2m3fn", "hif8"}) {
    const any_packable& p = binade::find_packable(name);
    for (const extents& shape : shapes) {
      const std::vector<float> x = data(kind::bell, product(shape), 9);
      const std::size_t rank = shape.size();
      const auto check = [&](const granularity& g, const extents& cell) {
        const oracle::scheme s = scheme_of(p.element, shape, cell);
        EXPECT_TRUE(agrees(quantize_elements(p, x, shape, g), run_oracle(x, shape, s)))
            << name << " " << shape_text(shape) << " " << to_string(g);
        ++cases;
      };
      check(binade::per_tensor{}, per_tensor_cells(shape));
      for (std::size_t axis = 0; axis < rank; ++axis) {
        const int a = static_cast<int>(axis);
        const int from_end = a - static_cast<int>(rank);
        check(binade::per_channel{.axis = a}, per_channel_cells(shape, axis));
        check(binade::per_channel{.axis = from_end}, per_channel_cells(shape, axis));
        for (const std::size_t size : {1U, 2U, 3U, 100U}) {  // dividing or not, or beyond the end
          check(binade::per_group{.axis = a, .size = size}, per_group_cells(shape, axis, size));
          check(binade::per_group{.axis = from_end, .size = size},
                per_group_cells(shape, axis, size));
        }
      }
      if (rank < 2) continue;
      for (const std::size_t rows : {1U, 2U, 100U}) {
        for (const std::size_t cols : {1U, 4U, 100U}) {
          check(binade::per_block{.rows = rows, .cols = cols}, per_block_cells(shape, rows, cols));
        }
      }
    }
  }
  // 11 ranks above 0 in the shapes, 10 cases an axis; 4 shapes of rank 2 or more with 9 tiles.
  EXPECT_EQ(cases, 5 * (7 + 13 * 10 + 4 * 9));
}

TEST(quantize, strided_views_give_the_bytes_of_their_dense_copies) {
  const std::vector<float> memory = data(kind::bell, 4000, 10);
  const float* middle = memory.data() + 2000;
  struct strided {
    extents shape;
    std::vector<std::ptrdiff_t> strides;
  };
  const strided views[] = {
      {{9, 20}, {1, 9}},                  // transposed
      {{9, 20}, {40, 2}},                 // every other element
      {{9, 20}, {-20, -1}},               // backwards
      {{9, 20}, {0, 1}},                  // one row nine times
      {{3, 4, 18}, {18, 54, 1}},          // first axes exchanged
      {{3, 4, 18}, {1, 3, 12}},           // fully reversed order of axes
      {{2, 3, 2, 17}, {17, -40, 200, 2}}  // anything
  };
  for (const std::string name : {"nvfp4", "mxint8", "int4", "e4m3fn"}) {
    const any_packable& p = binade::find_packable(name);
    for (const strided& v : views) {
      const tensor_shape shape(v.shape);
      const tensor_view<const float> x(middle, shape, binade::tensor_strides(v.strides));
      std::vector<float> dense;
      for_each_row(x, [&](std::size_t, const float* row, std::ptrdiff_t stride) {
        for (std::size_t i = 0; i < x.row_length(); ++i) {
          dense.push_back(row[static_cast<std::ptrdiff_t>(i) * stride]);
        }
      });
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const granularity g = binade::per_group{.axis = axis, .size = 3};
        const packed_description d = p.describe(shape, g, axis);
        const oracle::scheme s =
            p.is_block_format
                ? scheme_of(p.block, v.shape, axis)
                : scheme_of(p.element, v.shape,
                            per_group_cells(v.shape, static_cast<std::size_t>(axis), 3));
        EXPECT_TRUE(agrees(quantize(x, d), run_oracle(dense, v.shape, s)))
            << name << " " << shape_text(v.shape) << " strides " << to_string(x.strides())
            << " axis " << axis;
      }
    }
  }
}

// --- Rounding ------------------------------------------------------------------------------------

TEST(quantize, every_rounding_mode_equals_the_oracle) {
  const struct {
    rounding::any mode;
    oracle::mode expected;
  } modes[] = {{rounding::ties_to_even{}, oracle::mode::ties_to_even},
               {rounding::ties_to_away{}, oracle::mode::ties_to_away},
               {rounding::toward_zero{}, oracle::mode::toward_zero},
               {rounding::toward_positive{}, oracle::mode::toward_positive},
               {rounding::toward_negative{}, oracle::mode::toward_negative},
               {rounding::to_odd{}, oracle::mode::to_odd}};
  const extents shape{4, 33};
  for (const std::string name :
       {"mxfp4", "nvfp4", "mxint8", "msfp12", "e5m2", "int3", "nf4", "hif8", "posit8", "uint8"}) {
    const any_packable& p = binade::find_packable(name);
    for (const auto& m : modes) {
      for (const kind k : {kind::bell, kind::coarse}) {
        const std::vector<float> x = data(k, product(shape), 11);
        oracle::scheme s = p.is_block_format ? scheme_of(p.block, shape)
                                             : scheme_of(p.element, shape, per_tensor_cells(shape));
        s.rounding = m.expected;
        const tensor_shape ts(shape);
        EXPECT_TRUE(agrees(quantize(tensor_view<const float>(x.data(), ts), p.describe(ts, {}),
                                    quantize_options(m.mode)),
                           run_oracle(x, shape, s)))
            << name << " mode " << static_cast<int>(m.expected);
      }
    }
  }
}

TEST(quantize, one_rounding_decides_around_every_boundary) {
  // Floats around boundary * scale, for scales that are no powers of two: a product with a rounded
  // reciprocal lands on the wrong side of some.
  const oracle::mode modes[] = {oracle::mode::ties_to_even, oracle::mode::toward_zero};
  for (const std::string name : {"e4m3fn", "e5m2", "e2m1fn", "e3m2fn", "e2m3fn", "int4", "int8",
                                 "e4m3fnuz", "e2m5", "hif8", "posit8", "nf4", "e3m0", "bfloat16"}) {
    const any_packable& p = binade::find_packable(name);
    const oracle::format& f = oracle::element_by_name(name);
    for (const float scale : {1.0F, 0.3F, 0x1.fffffep-1F, 0x1.000002p0F, 7.0F / 3}) {
      std::vector<float> x;
      for (std::size_t i = 0; i < f.boundaries.size(); i += 1 + f.boundaries.size() / 300) {
        const float near = oracle::nearest_float(
            oracle::rational(oracle::exact(f.boundaries[i]) * oracle::exact(scale)));
        x.push_back(near);
        float below = near;
        float above = near;
        for (int step = 0; step < 3; ++step) {
          x.push_back(below = std::nextafter(below, -infinity));
          x.push_back(above = std::nextafter(above, infinity));
        }
      }
      for (const float end : {static_cast<float>(f.extreme(false).value),
                              static_cast<float>(f.extreme(true).value)}) {
        x.push_back(std::nextafter(end * scale, 0.0F));
        x.push_back(end * scale);
        x.push_back(std::nextafter(end * scale, end < 0 ? -infinity : infinity));
      }
      for (float& v : x) {
        if (!std::isfinite(v)) v = 0;
      }
      const extents shape{x.size()};
      for (const oracle::mode mode : modes) {
        oracle::scheme s = scheme_of(p.element, shape, per_tensor_cells(shape));
        s.rule = oracle::rule::given;
        s.given = scale;
        quantize_options o(scaling::given{scale});
        if (mode == oracle::mode::toward_zero) {
          s.rounding = mode;
          o.set(rounding::toward_zero{});
        }
        EXPECT_TRUE(agrees(quantize_elements(p, x, shape, {}, o), run_oracle(x, shape, s)))
            << name << " scale " << scale << " mode " << static_cast<int>(mode);
      }
    }
  }
}

TEST(quantize, long_rows_equal_the_oracle) {
  // Long enough for every unrolled loop and its rest.
  const extents shape{2, 531};
  for (const std::string name : {"nvfp4", "mxfp4", "mxfp8_e4m3", "mxint8", "int8_g128", "e4m3fn",
                                 "e5m2", "e2m1fn", "int8", "int4", "hif8"}) {
    const any_packable& p = binade::find_packable(name);
    for (const kind k : all_kinds) {
      const std::vector<float> x = with_infinities(with_nans(data(k, product(shape), 27)));
      oracle::scheme s = p.is_block_format
                             ? scheme_of(p.block, shape)
                             : scheme_of(p.element, shape, per_channel_cells(shape, 0));
      s.nan = oracle::nan_choice::zero;
      const tensor_shape ts(shape);
      EXPECT_TRUE(agrees(quantize(tensor_view<const float>(x.data(), ts),
                                  p.describe(ts, binade::per_channel{.axis = 0}),
                                  quantize_options(binade::nan::zero{})),
                         run_oracle(x, shape, s)))
          << name << " data " << static_cast<int>(k);
    }
  }
}

TEST(quantize, stochastic_rounding_counts_elements_in_logical_order) {
  const struct {
    rounding::stochastic_variant variant;
    oracle::stochastic_variant expected;
  } variants[] = {
      {rounding::stochastic_variant::add_truncate, oracle::stochastic_variant::add_truncate},
      {rounding::stochastic_variant::centered, oracle::stochastic_variant::centered},
      {rounding::stochastic_variant::round_then_add, oracle::stochastic_variant::round_then_add}};
  const extents shape{3, 5, 18};
  const std::vector<float> x = data(kind::bell, product(shape), 12);
  const tensor_shape ts(shape);
  for (const std::string name : {"nvfp4", "mxfp8_e4m3", "int4", "e5m2"}) {
    const any_packable& p = binade::find_packable(name);
    for (const auto& v : variants) {
      for (const int bits : {1, 8, 32}) {
        for (int axis = 0; axis < 3; ++axis) {
          oracle::scheme s =
              p.is_block_format
                  ? scheme_of(p.block, shape, axis)
                  : scheme_of(p.element, shape,
                              per_channel_cells(shape, static_cast<std::size_t>(axis)));
          s.rounding = oracle::mode::stochastic;
          s.random = {v.expected, bits, 0x123456789abcdefULL, 5, 0xfffffff0ULL};
          const quantize_options o(rounding::stochastic{.seed = 0x123456789abcdefULL,
                                                        .stream = 5,
                                                        .bits = bits,
                                                        .variant = v.variant,
                                                        .index = 0xfffffff0ULL});
          const packed_description d = p.describe(ts, binade::per_channel{.axis = axis}, axis);
          EXPECT_TRUE(agrees(quantize(tensor_view<const float>(x.data(), ts), d, o),
                             run_oracle(x, shape, s)))
              << name << " variant " << static_cast<int>(v.expected) << ", " << bits
              << " bits, axis " << axis;
        }
      }
    }
  }
  // A transposed view: the index is that of the view, not of the memory.
  const extents turned{18, 15};
  std::vector<float> dense;
  const tensor_view<const float> view = binade::matrix_view(x, 15, 18).transposed();
  for (std::size_t i = 0; i < 18; ++i) {
    for (std::size_t j = 0; j < 15; ++j) dense.push_back(view(i, j));
  }
  for (const int axis : {0, 1}) {
    oracle::scheme s = scheme_of(binade::nvfp4::describe(), turned, axis);
    s.rounding = oracle::mode::stochastic;
    s.random = {oracle::stochastic_variant::add_truncate, 8, 1, 0, 0};
    EXPECT_TRUE(agrees(binade::quantize<binade::nvfp4>(view, rounding::stochastic{.seed = 1},
                                                       binade::along_axis{axis}),
                       run_oracle(dense, turned, s)))
        << axis;
  }
}

// --- NaN, infinity, zero: DESIGN.md section 4, row by row ----------------------------------------

std::uint32_t code_at(const any_packed_tensor& q, std::size_t i) { return q.view().code(0, i); }
std::uint32_t scale_at(const any_packed_tensor& q, std::size_t i) { return q.view().scale_code(i); }

TEST(quantize, a_nan_in_a_block_poisons_that_block_and_nothing_else) {
  const extents shape{3, 70};
  for (const any_packable& p : block_formats()) {
    const std::vector<float> x = with_nans(data(kind::bell, product(shape), 13));
    EXPECT_TRUE(
        agrees(quantize_blocks(p, x, shape), run_oracle(x, shape, scheme_of(p.block, shape))))
        << p.names->name;
  }
  // Spelled out: the middle one of three blocks.
  std::vector<float> x(48, 1.0F);
  x[20] = -not_a_number;
  const auto q = binade::quantize<binade::nvfp4>(binade::vector_view(x));
  EXPECT_EQ(q.tensor_scale(), oracle::nearest_float(oracle::ratio(1, 2688)));
  EXPECT_EQ(scale_at(q, 0), 0x7eU);  // 448
  EXPECT_EQ(scale_at(q, 1), 0x7fU);  // NaN
  EXPECT_EQ(scale_at(q, 2), 0x7eU);
  for (std::size_t i = 0; i < 48; ++i) EXPECT_EQ(code_at(q, i), i / 16 == 1 ? 0U : 7U) << i;
  EXPECT_EQ(q.counts(), (binade::quantize_counts{.nan = 1}));
  const auto m = binade::quantize<binade::mxfp4>(binade::vector_view(x));
  EXPECT_EQ(scale_at(m, 0), 0xffU);
  EXPECT_EQ(scale_at(m, 1), 125U);  // 2^-2: the smallest with 1 <= 6 * 2^E
}

TEST(quantize, a_named_nan_policy_spares_the_block) {
  std::vector<float> x(32, 1.0F);
  x[3] = -not_a_number;
  const auto zero = binade::quantize<binade::mxfp4>(binade::vector_view(x), binade::nan::zero{});
  EXPECT_EQ(scale_at(zero, 0), 125U);
  EXPECT_EQ(code_at(zero, 3), 0U);
  const auto top = binade::quantize<binade::mxfp4>(binade::vector_view(x), binade::nan::largest{});
  EXPECT_EQ(scale_at(top, 0), 125U);
  EXPECT_EQ(code_at(top, 3), 7U);
  // A format with NaN: its own.
  const auto own =
      binade::quantize<binade::mxfp8_e4m3>(binade::vector_view(x), binade::nan::zero{});
  EXPECT_EQ(code_at(own, 3), 0xffU);
}

TEST(quantize, a_nan_under_another_scale_becomes_the_formats_nan) {
  const extents shape{4, 40};
  const std::vector<float> x = with_nans(data(kind::bell, product(shape), 14));
  for (const any_packable& p : element_formats()) {
    const bool has_nan = p.element.describe().has_nan;
    oracle::scheme s = scheme_of(p.element, shape, per_channel_cells(shape, 0));
    const granularity g = binade::per_channel{.axis = 0};
    if (has_nan) {
      EXPECT_TRUE(agrees(quantize_elements(p, x, shape, g), run_oracle(x, shape, s)))
          << p.names->name;
      continue;
    }
    EXPECT_EQ(error_of([&] { static_cast<void>(quantize_elements(p, x, shape, g)); }),
              std::string("quantize: x has NaN but ") + p.names->name +
                  " has none; allow it with nan::zero or nan::largest");
    s.nan = oracle::nan_choice::zero;
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, g, quantize_options(binade::nan::zero{})),
                       run_oracle(x, shape, s)))
        << p.names->name;
    s.nan = oracle::nan_choice::largest;
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, g, quantize_options(binade::nan::largest{})),
                       run_oracle(x, shape, s)))
        << p.names->name;
  }
}

TEST(quantize, a_group_of_nans_only_has_the_scale_of_zeros) {
  const std::vector<float> x(6, not_a_number);
  const auto q =
      binade::quantize<binade::e4m3fn>(binade::matrix_view(x, 2, 3), binade::per_channel{});
  EXPECT_EQ(scale_at(q, 0), oracle::bits_of(1.0F));
  EXPECT_EQ(code_at(q, 0), 0x7fU);
  EXPECT_EQ(q.counts().nan, 6U);
}

TEST(quantize, infinities_count_as_the_largest_float_and_saturate) {
  const extents shape{3, 70};
  const std::vector<float> x = with_infinities(data(kind::bell, product(shape), 15));
  for (const any_packable& p : block_formats()) {
    EXPECT_TRUE(
        agrees(quantize_blocks(p, x, shape), run_oracle(x, shape, scheme_of(p.block, shape))))
        << p.names->name;
  }
  for (const any_packable& p : element_formats()) {
    const oracle::scheme s = scheme_of(p.element, shape, per_channel_cells(shape, 1));
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, binade::per_channel{.axis = 1}),
                       run_oracle(x, shape, s)))
        << p.names->name;
  }
  const std::vector<float> y{1.0F, -infinity};
  const auto q = binade::quantize<binade::mxfp4>(binade::vector_view(y));
  // FLT_MAX needs 2^126 (6 * 2^125 is below it).
  EXPECT_EQ(scale_at(q, 0), 127U + 126U);
  EXPECT_EQ(code_at(q, 1), 0xfU);
  EXPECT_EQ(code_at(q, 0), 0U);
  EXPECT_EQ(q.counts(), (binade::quantize_counts{.infinite = 1, .underflowed = 1}));
}

TEST(quantize, poisonous_infinities_are_nans) {
  const extents shape{3, 70};
  const std::vector<float> x = with_infinities(with_nans(data(kind::bell, product(shape), 16)));
  const quantize_options poison(binade::inf::poison{});
  for (const any_packable& p : block_formats()) {
    oracle::scheme s = scheme_of(p.block, shape);
    s.poison_infinity = true;
    EXPECT_TRUE(agrees(quantize_blocks(p, x, shape, -1, poison), run_oracle(x, shape, s)))
        << p.names->name;
  }
  for (const any_packable& p : element_formats()) {
    if (!p.element.describe().has_nan) continue;
    oracle::scheme s = scheme_of(p.element, shape, per_tensor_cells(shape));
    s.poison_infinity = true;
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, {}, poison), run_oracle(x, shape, s)))
        << p.names->name;
  }
  // The tensor scale ignores what counts as NaN.
  std::vector<float> y(32, 1.0F);
  y[20] = infinity;
  const auto q = binade::quantize<binade::nvfp4>(binade::vector_view(y), binade::inf::poison{});
  EXPECT_EQ(q.tensor_scale(), oracle::nearest_float(oracle::ratio(1, 2688)));
  EXPECT_EQ(scale_at(q, 0), 0x7eU);
  EXPECT_EQ(scale_at(q, 1), 0x7fU);
}

TEST(quantize, infinities_follow_the_saturation_policy) {
  const std::vector<float> x{1.0F, infinity, -infinity};
  const auto view = binade::vector_view(x);
  const scaling::given one{1.0F};
  EXPECT_EQ(code_at(binade::quantize<binade::e5m2>(view, one), 1), 0x7bU);
  const auto kept = binade::quantize<binade::e5m2>(view, one, binade::saturation::propagate{});
  EXPECT_EQ(code_at(kept, 1), 0x7cU);
  EXPECT_EQ(code_at(kept, 2), 0xfcU);
  EXPECT_EQ(code_at(binade::quantize<binade::e4m3fn>(view, one, binade::saturation::none{}), 2),
            0xffU);
}

TEST(quantize, all_zero_cells_decode_to_zeros_and_keep_signs) {
  const extents shape{2, 33};
  std::vector<float> x(product(shape));
  for (std::size_t i = 1; i < x.size(); i += 3) x[i] = -0.0F;
  for (const any_packable& p : binade::all_packables()) {
    if (p.element.bit_count() > 16) continue;
    const oracle::scheme s = p.is_block_format
                                 ? scheme_of(p.block, shape)
                                 : scheme_of(p.element, shape, per_tensor_cells(shape));
    const tensor_shape ts(shape);
    const any_packed_tensor q =
        quantize(tensor_view<const float>(x.data(), ts), p.describe(ts, {}));
    EXPECT_TRUE(agrees(q, run_oracle(x, shape, s))) << p.names->name;
    if (p.element.describe().has_negative_zero) {
      const int sign = p.element.describe().code_bits - 1;
      EXPECT_EQ(q.view().code(0, 0), 0U) << p.names->name;
      EXPECT_EQ(q.view().code(0, 1), std::uint32_t{1} << sign) << p.names->name;
    }
  }
}

TEST(quantize, negative_values_in_unsigned_formats) {
  const extents shape{4, 9};
  const std::vector<float> x = data(kind::coarse, product(shape), 17);
  for (const std::string name : {"ue4m3", "ue5m3", "uint4", "e8m0fnu", "binary8p4uf"}) {
    const any_packable& p = binade::find_packable(name);
    oracle::scheme s = scheme_of(p.element, shape, per_tensor_cells(shape));
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, {}), run_oracle(x, shape, s))) << name;
    s.negative_abs = true;
    EXPECT_TRUE(
        agrees(quantize_elements(p, x, shape, {}, quantize_options(binade::negative::abs{})),
               run_oracle(x, shape, s)))
        << name;
  }
}

// --- Zero points and two scales ------------------------------------------------------------------

TEST(quantize, affine_groups_equal_the_oracle) {
  const extents shape{4, 21};
  for (const std::string name : {"uint4", "uint8", "int8", "int4", "int2", "uint2", "int5"}) {
    const any_packable& p = binade::find_packable(name);
    for (const kind k : all_kinds) {
      for (const float shift : {0.0F, 3.0F, -3.0F}) {
        std::vector<float> x = data(k, product(shape), 18);
        for (float& v : x) v += shift;
        const oracle::scheme s =
            scheme_of(p.element, shape, per_group_cells(shape, 1, 8), oracle::group::affine);
        EXPECT_TRUE(agrees(quantize_elements(p, x, shape, binade::per_group{.axis = 1, .size = 8},
                                             {}, group_kind::affine),
                           run_oracle(x, shape, s)))
            << name << " data " << static_cast<int>(k) << " + " << shift;
      }
    }
  }
  // Rounding modes round before the zero point is added.
  const std::vector<float> coarse = data(kind::coarse, product(shape), 28);
  const struct {
    rounding::any mode;
    oracle::mode expected;
  } modes[] = {{rounding::ties_to_away{}, oracle::mode::ties_to_away},
               {rounding::toward_zero{}, oracle::mode::toward_zero},
               {rounding::toward_positive{}, oracle::mode::toward_positive},
               {rounding::toward_negative{}, oracle::mode::toward_negative},
               {rounding::to_odd{}, oracle::mode::to_odd},
               {rounding::stochastic{.seed = 4}, oracle::mode::stochastic}};
  for (const auto& m : modes) {
    const any_packable& p = binade::find_packable("uint4");
    oracle::scheme s =
        scheme_of(p.element, shape, per_channel_cells(shape, 0), oracle::group::affine);
    s.rounding = m.expected;
    s.random.seed = 4;
    EXPECT_TRUE(agrees(quantize_elements(p, coarse, shape, binade::per_channel{.axis = 0},
                                         quantize_options(m.mode), group_kind::affine),
                       run_oracle(coarse, shape, s)))
        << "mode " << static_cast<int>(m.expected);
  }
  // torch.quantize_per_tensor's textbook case: [-1, 2] on uint8 is scale 3/255, zero point 85.
  const std::vector<float> x{-1.0F, 0.0F, 2.0F, 0.5F};
  const auto q = binade::quantize<binade::uint8>(binade::vector_view(x), binade::affine{});
  EXPECT_EQ(q.view().scale_code(0), oracle::bits_of(oracle::nearest_float(oracle::ratio(3, 255))));
  EXPECT_EQ(q.view().zero_point(0), 85);
  EXPECT_EQ(code_at(q, 0), 0U);
  EXPECT_EQ(code_at(q, 1), 85U);
  EXPECT_EQ(code_at(q, 2), 255U);
  EXPECT_EQ(code_at(q, 3), 127U);  // 85 + 42.5, ties to even
}

TEST(quantize, affine_special_values) {
  std::vector<float> x{-1.0F, not_a_number, 2.0F, infinity, -infinity, 0.0F};
  const extents shape{6};
  for (const std::string name : {"uint8", "int4"}) {
    const any_packable& p = binade::find_packable(name);
    oracle::scheme s = scheme_of(p.element, shape, {6}, oracle::group::affine);
    s.nan = oracle::nan_choice::largest;
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, {}, quantize_options(binade::nan::largest{}),
                                         group_kind::affine),
                       run_oracle(x, shape, s)))
        << name;
    // Zero is the value 0: the code of the zero point.
    s.nan = oracle::nan_choice::zero;
    EXPECT_TRUE(agrees(quantize_elements(p, x, shape, {}, quantize_options(binade::nan::zero{}),
                                         group_kind::affine),
                       run_oracle(x, shape, s)))
        << name;
  }
}

TEST(quantize, separate_signs_equal_the_oracle) {
  const extents shape{4, 21};
  for (const std::string name : {"e2m1fn", "int4", "nf4", "e4m3fn", "e3m0"}) {
    const any_packable& p = binade::find_packable(name);
    for (const kind k : all_kinds) {
      for (const rule_case& c : rule_cases) {
        if (c.expected == oracle::rule::mse_search) continue;  // an error, see below
        std::vector<float> x = data(k, product(shape), 19);
        for (float& v : x) {
          if (v > 0) v *= 5;
        }
        const oracle::scheme s = with_rule(
            scheme_of(p.element, shape, per_channel_cells(shape, 0), oracle::group::separate_signs),
            c);
        EXPECT_TRUE(agrees(quantize_elements(p, x, shape, binade::per_channel{.axis = 0},
                                             quantize_options(c.rule), group_kind::separate_signs),
                           run_oracle(x, shape, s)))
            << name << " data " << static_cast<int>(k) << " " << c.name;
      }
    }
  }
}

// --- NVFP4 and other known vectors ---------------------------------------------------------------

TEST(quantize, nvfp4_without_a_recipe_is_exact) {
  // amax = 2688: tensor scale 1, block scale 448 for the block that has it.
  std::vector<float> x(48);
  x[0] = 2688;
  x[1] = -1568;  // -3.5 * 448, a tie between 3 and 4: to even, 4
  x[2] = 1120;   // 2.5 * 448, a tie: 2
  x[3] = std::nextafter(1120.0F, 2000.0F);
  x[16] = 0x1p-9F;    // amax_b / 6 below 2^-9: the smallest scale
  x[17] = -0x1p-10F;  // half of it, the smallest magnitude of E2M1
  x[18] = 0x1p-11F;   // a quarter: tie, to 0
  const auto q = binade::quantize<binade::nvfp4>(binade::vector_view(x));
  EXPECT_EQ(q.tensor_scale(), 1.0F);
  EXPECT_EQ(scale_at(q, 0), 0x7eU);
  EXPECT_EQ(code_at(q, 0), 0x7U);
  EXPECT_EQ(code_at(q, 1), 0xeU);
  EXPECT_EQ(code_at(q, 2), 0x4U);
  EXPECT_EQ(code_at(q, 3), 0x5U);
  EXPECT_EQ(scale_at(q, 1), 0x01U);  // 2^-9
  EXPECT_EQ(code_at(q, 16), 0x2U);
  EXPECT_EQ(code_at(q, 17), 0x9U);
  EXPECT_EQ(code_at(q, 18), 0x0U);
  EXPECT_EQ(scale_at(q, 2), 0x00U);  // all zeros
  // amax = 3: s_t = 3/2688 is no float; the quotient x / (s_b s_t) is formed from the rounded one.
  std::vector<float> y(16);
  y[0] = 3;
  y[1] = 1.75F;  // 3.5 times the exact step: a tie that the rounded scale breaks
  const auto r = binade::quantize<binade::nvfp4>(binade::vector_view(y));
  const float st = oracle::nearest_float(oracle::ratio(3, 2688));
  EXPECT_EQ(r.tensor_scale(), st);
  const oracle::rational quotient = oracle::rational(1.75) / (448 * oracle::exact(st));
  EXPECT_TRUE(quotient != oracle::ratio(7, 2));
  EXPECT_EQ(code_at(r, 1), quotient > oracle::ratio(7, 2) ? 6U : 5U);
}

TEST(quantize, nvfp4_tensor_scale_at_the_ends_of_float) {
  const auto scale_of = [](float amax) {
    const std::vector<float> x{amax};
    return binade::quantize<binade::nvfp4>(binade::vector_view(x)).tensor_scale();
  };
  EXPECT_EQ(scale_of(0), 1.0F);
  EXPECT_EQ(scale_of(-0.0F), 1.0F);
  EXPECT_EQ(scale_of(0x1p-149F), 0x1p-126F);  // clamped
  EXPECT_EQ(scale_of(2688 * 0x1p-126F), 0x1p-126F);
  EXPECT_EQ(scale_of(2689 * 0x1p-126F),
            oracle::nearest_float(oracle::ratio(2689, 2688) * oracle::two_to(-126)));
  EXPECT_EQ(scale_of(largest_float), oracle::nearest_float(oracle::exact(largest_float) / 2688));
  EXPECT_EQ(scale_of(infinity), scale_of(largest_float));
  const std::vector<float> nan{not_a_number};
  EXPECT_EQ(binade::quantize<binade::nvfp4>(binade::vector_view(nan)).tensor_scale(), 1.0F);
  // nvint4: 7 * 448.
  const std::vector<float> one{1};
  EXPECT_EQ(binade::quantize<binade::nvint4>(binade::vector_view(one)).tensor_scale(),
            oracle::nearest_float(oracle::ratio(1, 7 * 448)));
}

TEST(quantize, a_search_ignores_nan_and_infinity) {
  const extents shape{3, 40};
  const std::vector<float> x = with_infinities(with_nans(data(kind::bell, product(shape), 26)));
  const quantize_options o(scaling::mse_search{}, binade::nan::zero{}, binade::inf::poison{});
  for (const std::string name : {"e4m3fn", "e2m1fn", "int4", "nvfp4", "mxfp4"}) {
    const any_packable& p = binade::find_packable(name);
    oracle::scheme s = p.is_block_format ? scheme_of(p.block, shape)
                                         : scheme_of(p.element, shape, per_channel_cells(shape, 0));
    s.rule = oracle::rule::mse_search;
    s.nan = oracle::nan_choice::zero;
    s.poison_infinity = true;
    const tensor_shape ts(shape);
    EXPECT_TRUE(agrees(quantize(tensor_view<const float>(x.data(), ts),
                                p.describe(ts, binade::per_channel{.axis = 0}), o),
                       run_oracle(x, shape, s)))
        << name;
  }
}

TEST(quantize, a_search_goes_down_to_65_of_128_and_no_further) {
  // amax / 7 is 2. Half of it, scale 1, would be best: 3, 5 and 7 are exact and 14 clips to 7,
  // error
  // 49. At 65/64 the clipped one loses 47.5 and the others 300 * (0.0022 + 0.0061 + 0.012) = 6.
  std::vector<float> x{14};
  for (int i = 0; i < 300; ++i) x.insert(x.end(), {3, 5, 7});
  const auto q = binade::quantize<binade::int4>(binade::vector_view(x), scaling::mse_search{});
  EXPECT_EQ(q.view().scale_code(0), oracle::bits_of(65.0F / 64));
}

TEST(quantize, a_tie_of_a_search_takes_the_larger_scale) {
  // Scales 1, 2 and 4 are tried. 1 clips 8 to 6; 2 and 4 have no error.
  const std::vector<float> x{4, 8};
  const auto q = binade::quantize<binade::mxfp4>(binade::vector_view(x), scaling::mse_search{});
  EXPECT_EQ(q.view().scale_code(0), 127U + 2);
  // Not a tie: 1, 3 and 6 need scale 1.
  const std::vector<float> y{1, 3, 6, 0.5F};
  const auto r = binade::quantize<binade::mxfp4>(binade::vector_view(y), scaling::mse_search{});
  EXPECT_EQ(r.view().scale_code(0), 127U);
}

TEST(quantize, a_given_tensor_scale_replaces_the_datas) {
  const extents shape{3, 40};
  const std::vector<float> x = data(kind::bell, product(shape), 20);
  for (const std::string name : {"nvfp4", "nvint4"}) {
    const any_packable& p = binade::find_packable(name);
    for (const float t : {1.0F, 0.3F, 0x1p-20F, 1000.0F}) {
      oracle::scheme s = scheme_of(p.block, shape);
      s.given_tensor_scale = t;
      EXPECT_TRUE(
          agrees(quantize_blocks(p, x, shape, -1, quantize_options(binade::tensor_scale{t})),
                 run_oracle(x, shape, s)))
          << name << " " << t;
      // The same scale as a divisor.
      s.tensor = oracle::tensor_scaling::divisor;
      packed_description d = p.describe(tensor_shape(shape), {});
      d.tensor_scale = binade::tensor_scale_kind::divisor;
      EXPECT_TRUE(agrees(quantize(tensor_view<const float>(x.data(), tensor_shape(shape)), d,
                                  quantize_options(binade::tensor_scale{t})),
                         run_oracle(x, shape, s)))
          << name << " divided by " << t;
    }
  }
}

template <class F>
std::vector<int> integers(const std::vector<float>& x) {
  const auto q = binade::quantize<F>(binade::vector_view(x));
  std::vector<int> codes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto code = static_cast<int>(q.view().code(0, i));
    constexpr int bits = F::element::bit_count;
    const int top = 1 << (bits - 1);
    // Sign and magnitude for MSFP, two's complement for the others.
    const bool sign_magnitude = std::string(F::element::names.name).substr(0, 3) == "e0m";
    codes.push_back(code < top ? code : (sign_magnitude ? top - code : code - 2 * top));
  }
  return codes;
}

TEST(quantize, published_vectors_of_integer_blocks) {
  // formats.md D.7.
  const std::vector<float> x{1, -.3F, 3.9F, .01F, -2.5F, 1.74F, .126F, -.124F};
  EXPECT_EQ(integers<binade::msfp12>(x), (std::vector<int>{2, -1, 7, 0, -5, 3, 0, 0}));
  EXPECT_EQ(integers<binade::msfp16>(x), (std::vector<int>{32, -10, 125, 0, -80, 56, 4, -4}));
  using bfp12 = binade::bfp<binade::int4, 16>;
  EXPECT_EQ(integers<bfp12>(x), (std::vector<int>{2, -1, 7, 0, -5, 3, 0, 0}));
  // OCP MXINT8 with the minimum rule: x / 2^floor(lg amax) * 64.
  const auto q = binade::quantize<binade::mxint8>(binade::vector_view(x), scaling::pow2_floor{});
  const int expected[] = {32, -10, 125, 0, -80, 56, 4, -4};
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(static_cast<std::int8_t>(q.view().code(0, i)), expected[i]) << i;
  }
  // U2 of the peers' mistakes: a block of 1.99 keeps its maximum.
  const std::vector<float> y{1.99F, 1.0F};
  const auto r = binade::quantize<binade::mxint8>(binade::vector_view(y));
  EXPECT_EQ(r.view().scale_code(0), 127U + 1);  // 1.99 > 127/64: the next exponent
  EXPECT_EQ(r.view().code(0, 0), 64U);          // nearest to 63.68
  EXPECT_EQ(r.view().code(0, 1), 32U);
}

TEST(quantize, shared_exponents_stop_at_127_and_elements_see_the_stored_scale) {
  // U4 of the peers' mistakes: divided by a power that was not stored, tiny blocks became NaN.
  const std::vector<float> tiny{0x1.2p-124F, 0.0F, 0x1p-126F, -0x1p-149F};
  for (const any_packable& p : block_formats()) {
    const extents shape{4};
    EXPECT_TRUE(
        agrees(quantize_blocks(p, tiny, shape), run_oracle(tiny, shape, scheme_of(p.block, shape))))
        << p.names->name;
    const std::vector<float> huge{largest_float, -0x1p127F, 1.0F, 0.0F};
    EXPECT_TRUE(
        agrees(quantize_blocks(p, huge, shape), run_oracle(huge, shape, scheme_of(p.block, shape))))
        << p.names->name;
  }
  // E5M2: amax 2^-120 asks for 2^-135; stored is 2^-127, so 2^-120 is encoded as 2^7.
  const std::vector<float> x{0x1p-120F};
  const auto q =
      binade::quantize<binade::mxfp8_e5m2>(binade::vector_view(x), scaling::pow2_floor{});
  EXPECT_EQ(q.view().scale_code(0), 0U);
  EXPECT_EQ(binade::e5m2::from_bits(q.view().code(0, 0)), binade::e5m2(128.0F));
  // A bias that asks for 2^200 or 2^-200.
  const std::vector<float> one{1.0F};
  const auto up =
      binade::quantize<binade::mxfp4>(binade::vector_view(one), scaling::exponent_bias{-200});
  EXPECT_EQ(up.view().scale_code(0), 254U);
  const auto down =
      binade::quantize<binade::mxfp4>(binade::vector_view(one), scaling::exponent_bias{200});
  EXPECT_EQ(down.view().scale_code(0), 0U);
}

TEST(quantize, an_element_counts_once_in_the_first_class_that_fits) {
  // Scale 1, E2M1: largest 6.
  const std::vector<float> x{not_a_number, infinity, 7.0F, -6.5F, 6.0F, 0.2F, -0x1p-149F, 0.0F};
  const auto q = binade::quantize<binade::e2m1fn>(binade::vector_view(x), scaling::given{1.0F},
                                                  binade::nan::zero{});
  EXPECT_EQ(q.counts(),
            (binade::quantize_counts{.nan = 1, .infinite = 1, .clipped = 2, .underflowed = 2}));
  // Two's complement: "clipped" means beyond the largest element, as documented.
  const std::vector<float> y{-8.0F, 7.4F, 7.0F};
  const auto r = binade::quantize<binade::int4>(binade::vector_view(y), scaling::given{1.0F});
  EXPECT_EQ(r.counts().clipped, 2U);
  EXPECT_EQ(r.view().code(0, 0), 0x9U);  // symmetric: -7
}

TEST(quantize, symmetric_integers_never_use_the_lowest_code) {
  const extents shape{64};
  const std::vector<float> x = data(kind::coarse, 64, 21);
  for (const std::string name : {"int4", "int8", "int2", "nvint4", "mxint8", "int4_g32"}) {
    const any_packable& p = binade::find_packable(name);
    const any_packed_tensor q =
        quantize(binade::vector_view(x), p.describe(tensor_shape(shape), {}));
    const auto lowest = static_cast<std::uint32_t>(p.element.describe().lowest);
    for (std::size_t i = 0; i < 64; ++i) EXPECT_NE(q.view().code(0, i), lowest) << name << " " << i;
  }
}

// --- Form of the call ----------------------------------------------------------------------------

TEST(quantize, empty_tensors_have_no_codes) {
  const std::vector<float> none;
  for (const extents& shape : {extents{0}, extents{3, 0}, extents{0, 3}, extents{2, 0, 4}}) {
    for (const any_packable& p : binade::all_packables()) {
      const tensor_shape s(shape);
      const any_packed_tensor q =
          quantize(tensor_view<const float>(none.data(), s), p.describe(s, {}));
      EXPECT_EQ(q.codes().size(), 0U) << p.names->name << " " << shape_text(shape);
      EXPECT_EQ(q.scales().size(), 0U) << p.names->name << " " << shape_text(shape);
      EXPECT_EQ(q.tensor_scale(), 1.0F) << p.names->name;
      EXPECT_EQ(q.counts(), binade::quantize_counts{}) << p.names->name;
    }
  }
}

bool same_bytes(const any_packed_tensor& a, const any_packed_tensor& b) {
  const auto equal = [](std::span<const std::byte> x, std::span<const std::byte> y) {
    return std::vector<std::byte>(x.begin(), x.end()) == std::vector<std::byte>(y.begin(), y.end());
  };
  return equal(a.codes(), b.codes()) && equal(a.scales(), b.scales()) &&
         equal(a.negative_scales(), b.negative_scales()) &&
         equal(a.zero_points(), b.zero_points()) && a.tensor_scale() == b.tensor_scale() &&
         a.counts() == b.counts();
}

TEST(quantize, the_number_of_threads_does_not_matter) {
  const extents shape{50, 7, 35};
  const std::vector<float> x = with_infinities(with_nans(data(kind::bell, product(shape), 22)));
  const tensor_shape s(shape);
  const auto view = tensor_view<const float>(x.data(), s);
  binade::threads two(2);
  binade::threads three(3);
  for (const std::string name : {"nvfp4", "mxfp6_e2m3", "int3", "e4m3fn"}) {
    const any_packable& p = binade::find_packable(name);
    for (const granularity& g :
         {granularity(binade::per_tensor{}), granularity(binade::per_channel{.axis = 1}),
          granularity(binade::per_group{.axis = 0, .size = 3}),
          granularity(binade::per_block{.rows = 4, .cols = 3})}) {
      for (int axis = 0; axis < 3; ++axis) {
        const packed_description d = p.describe(s, g, axis);
        quantize_options o(rounding::stochastic{.seed = 3}, binade::nan::zero{});
        const any_packed_tensor one = quantize(view, d, o);
        o.executor = two;
        EXPECT_TRUE(same_bytes(quantize(view, d, o), one)) << name << " " << to_string(g);
        o.executor = three;
        EXPECT_TRUE(same_bytes(quantize(view, d, o), one)) << name << " " << to_string(g);
      }
    }
  }
}

TEST(quantize, typed_calls_and_run_time_calls_give_the_same_bytes) {
  const std::vector<float> x = data(kind::bell, 5 * 37, 23);
  const auto view = binade::matrix_view(x, 5, 37);
  binade::for_each_type(binade::all_block_formats{}, [&]<class F>() {
    const any_packable& p = binade::find_packable(F::names.name);
    EXPECT_TRUE(same_bytes(
        binade::quantize<F>(view, binade::along_axis{0}, scaling::pow2_even{}),
        quantize(view, p.describe(view.shape(), {}, 0), quantize_options(scaling::pow2_even{}))))
        << F::names.name;
  });
  const granularity g = binade::per_channel{.axis = 1};
  const any_packable& p = binade::find_packable("e3m2fn");
  EXPECT_TRUE(same_bytes(binade::quantize<binade::e3m2fn>(view, g),
                         quantize(view, p.describe(view.shape(), g))));
  EXPECT_TRUE(same_bytes(
      binade::quantize<binade::uint4>(view, binade::per_channel{.axis = 1}, binade::affine{}),
      quantize(view,
               binade::find_packable("uint4").describe(view.shape(), g, -1, group_kind::affine))));
}

TEST(quantize, narrower_sources_are_their_floats) {
  const std::vector<float> x = data(kind::bell, 3 * 40, 24);
  std::vector<binade::bfloat16> brain;
  std::vector<binade::float16> half;
  std::vector<float> brain_floats;
  std::vector<float> half_floats;
  for (const float v : x) {
    brain.emplace_back(v);
    half.emplace_back(v);
    brain_floats.push_back(static_cast<float>(brain.back()));
    half_floats.push_back(static_cast<float>(half.back()));
  }
  EXPECT_TRUE(
      same_bytes(binade::quantize<binade::nvfp4>(binade::matrix_view(brain, 3, 40)),
                 binade::quantize<binade::nvfp4>(binade::matrix_view(brain_floats, 3, 40))));
  EXPECT_TRUE(same_bytes(binade::quantize<binade::int8>(binade::matrix_view(half, 3, 40)),
                         binade::quantize<binade::int8>(binade::matrix_view(half_floats, 3, 40))));
  static_assert(binade::quantize_source<binade::e4m3fn>);
  static_assert(!binade::quantize_source<double>);          // would be rounded twice
  static_assert(!binade::quantize_source<binade::takum8>);  // beyond binary32
}

TEST(quantize, into_foreign_memory_writes_every_byte_that_it_owns_and_no_other) {
  const extents shape{3, 20};
  const std::vector<float> x = data(kind::bell, product(shape), 25);
  const tensor_shape s(shape);
  for (const any_packable& p : block_formats()) {
    const packed_description d = p.describe(s, {});
    const any_packed_tensor expected = quantize(tensor_view<const float>(x.data(), s), d);
    for (const std::byte fill : {std::byte{0x00}, std::byte{0xff}}) {
      std::vector<std::byte> codes(d.layout.code_bytes() + 2, fill);
      std::vector<std::byte> scales(d.scale_bytes() + 2, fill);
      binade::basic_packed_view<std::byte> out;
      out.description = d;
      out.codes = std::span(codes).subspan(1, d.layout.code_bytes());
      out.scales = std::span(scales).subspan(1, d.scale_bytes());
      const binade::quantize_result result =
          binade::quantize_into(out, tensor_view<const float>(x.data(), s), {});
      EXPECT_EQ(result.tensor_scale, expected.tensor_scale()) << p.names->name;
      EXPECT_EQ(result.counts, expected.counts()) << p.names->name;
      for (const std::vector<std::byte>* memory : {&codes, &scales}) {
        EXPECT_EQ(memory->front(), fill) << p.names->name;
        EXPECT_EQ(memory->back(), fill) << p.names->name;
      }
      EXPECT_TRUE(std::equal(out.codes.begin(), out.codes.end(), expected.codes().begin()))
          << p.names->name << ": stale bits, of padding perhaps";
      EXPECT_TRUE(std::equal(out.scales.begin(), out.scales.end(), expected.scales().begin()))
          << p.names->name;
    }
  }
}

// --- Errors --------------------------------------------------------------------------------------

TEST(quantize, errors_say_what_is_wrong_and_what_is_allowed) {
  const std::vector<float> x(12, 1.0F);
  const auto view = binade::matrix_view(x, 3, 4);
  const auto message = [&]<class F>(std::type_identity<F>, const auto&... options) {
    return error_of([&] { static_cast<void>(binade::quantize<F>(view, options...)); });
  };
  const std::type_identity<binade::mxfp4> block;
  const std::type_identity<binade::e4m3fn> element;
  const std::type_identity<binade::int4> integer;
  EXPECT_EQ(message(block, rounding::stochastic{.bits = 3}),
            "quantize: stochastic rounding with 3 bits; allowed are 1, 2, 4, 8, 16 and 32");
  EXPECT_EQ(message(element, rounding::hif8_hybrid{}),
            "quantize: hif8_hybrid rounding for e4m3fn; it is defined for hif8");
  EXPECT_EQ(message(element, binade::affine{}),
            "quantize: affine groups of e4m3fn; zero points need integer elements");
  EXPECT_EQ(message(integer, binade::affine{}, scaling::pow2_floor{}),
            "quantize: affine groups with rule pow2_floor; their scale follows from minimum and "
            "maximum (absmax)");
  EXPECT_EQ(message(integer, binade::separate_signs{}, scaling::mse_search{}),
            "quantize: mse_search with separate signs; allowed are the rules without a search");
  EXPECT_EQ(message(block, binade::affine{}),
            "quantize: mxfp4 has no zero points and one scale a block; affine and separate_signs "
            "need an element format");
  for (const float bad : {0.0F, -1.0F, infinity, not_a_number}) {
    EXPECT_NE(message(block, scaling::given{bad}).find("allowed are finite positive scales"),
              std::string::npos)
        << bad;
    EXPECT_NE(message(std::type_identity<binade::nvfp4>{}, binade::tensor_scale{bad})
                  .find("allowed are finite positive scales"),
              std::string::npos)
        << bad;
  }
  EXPECT_EQ(message(block, binade::tensor_scale{1.0F}),
            "quantize: a tensor scale is given but the format has none");
  EXPECT_EQ(message(block, binade::along_axis{2}),
            "quantize: there is no axis 2 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(message(element, binade::per_channel{.axis = -3}),
            "per_channel: there is no axis -3 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(message(element, binade::per_group{.axis = 0, .size = 0}),
            "per_group: size is 0; allowed are sizes of at least 1");
}

TEST(quantize, a_destination_that_does_not_fit_is_refused_untouched) {
  const std::vector<float> x(8, 1.0F);
  const packed_description d = binade::find_packable("mxfp4").describe({2, 4}, {});
  std::vector<std::byte> codes(d.layout.code_bytes(), std::byte{0x55});
  std::vector<std::byte> scales(d.scale_bytes(), std::byte{0x55});
  binade::basic_packed_view<std::byte> out;
  out.description = d;
  out.codes = codes;
  out.scales = scales;
  EXPECT_EQ(
      error_of([&] { binade::quantize_into(out, binade::matrix_view(x, 4, 2), {}); }).substr(0, 50),
      "quantize: x is [4, 2] but the destination is [2, 4");
  out.codes = out.codes.first(31);
  EXPECT_EQ(
      error_of([&] { binade::quantize_into(out, tensor_view<const float>(x.data(), {2, 4}), {}); }),
      "quantize: the destination has 31 bytes of codes and 2 of scales; needed are 32 and 2");
  // NaN in a format without it is found before anything is written.
  std::vector<float> nan(8, 1.0F);
  nan[7] = not_a_number;
  const packed_description e = binade::find_packable("e2m1fn").describe({2, 4}, {});
  std::vector<std::byte> four(e.layout.code_bytes(), std::byte{0x55});
  std::vector<std::byte> one(e.scale_bytes(), std::byte{0x55});
  binade::basic_packed_view<std::byte> fp4;
  fp4.description = e;
  fp4.codes = four;
  fp4.scales = one;
  EXPECT_NE(error_of([&] {
              binade::quantize_into(fp4, tensor_view<const float>(nan.data(), {2, 4}), {});
            }),
            "");
  for (const std::vector<std::byte>* memory : {&codes, &scales, &four, &one}) {
    for (const std::byte b : *memory) EXPECT_EQ(b, std::byte{0x55});
  }
}

}  // namespace
