// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/operand.hpp"

#include "binade/format/catalog.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "kernel/reference/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace product_test;

using binade::any_packable;
using binade::operand;
using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

namespace reference = binade::reference;

static_assert(std::is_convertible_v<const std::vector<float>&, operand>);
static_assert(std::is_convertible_v<binade::tensor_view<float>, operand>);
static_assert(std::is_convertible_v<binade::tensor_view<const binade::takum16>, operand>);
static_assert(std::is_convertible_v<binade::packed_tensor<binade::nvfp4>, operand>);
static_assert(std::is_convertible_v<binade::basic_packed_view<std::byte>, operand>);
// A double would be rounded behind the caller's back.
static_assert(!std::is_convertible_v<const std::vector<double>&, operand>);
static_assert(!std::is_convertible_v<binade::tensor_view<double>, operand>);

TEST(operand, knows_the_format_of_its_elements) {
  const std::vector<float> floats_only(2);
  const std::vector<binade::posit8> posits(2);
  EXPECT_EQ(operand(floats_only).element(), binade::any_format::binary32());
  EXPECT_EQ(operand(posits).element(), binade::any_format::of<binade::posit8>());
  const packed p = pack("nvfp4", floats_only, {2});
  EXPECT_EQ(operand(p.tensor).element(), binade::any_format::of<binade::e2m1fn>());
}

TEST(operand, rows_of_every_packed_format_are_rounded_once) {
  for (const any_packable& p : binade::all_packables()) {
    const std::string name = p.names->name;
    if (name == "tfloat32") continue;  // the oracle's table of 2^19 codes takes too long
    const extents shape{3, 21};
    const packed q = pack(name, data(kind::wild, 63, 1), shape);
    const std::vector<float> expected = floats(q);
    const operand o(q.tensor);
    EXPECT_EQ(o.shape(), binade::tensor_shape(shape));
    const reference::float_rows rows(o);
    for (std::size_t row = 0; row < 3; ++row) {
      std::vector<float> got(21, -7.0F);
      rows.read(row, got.data());
      for (std::size_t i = 0; i < 21; ++i) {
        const float e = expected[row * 21 + i];
        EXPECT_TRUE(got[i] == e || (std::isnan(got[i]) && std::isnan(e)))
            << name << " row " << row << ", element " << i << ": got " << shown(got[i])
            << ", expected " << shown(e);
      }
    }
  }
}

TEST(operand, zero_points_and_two_scales_are_in_the_values) {
  const std::vector<float> x = data(kind::coarse, 60, 2);
  for (const auto group : {binade::group_kind::affine, binade::group_kind::separate_signs}) {
    const bool affine = group == binade::group_kind::affine;
    const binade::any_packable& p = binade::find_packable(affine ? "uint4" : "e2m1fn");
    const extents shape{5, 12};
    const binade::granularity per_row = binade::per_channel{.axis = 0};
    packed q;
    q.shape = shape;
    q.tensor = binade::quantize(binade::tensor_view<const float>(x.data(), {5, 12}),
                                p.describe({5, 12}, per_row, -1, group), {});
    q.scheme =
        quantize_test::scheme_of(p.element, shape, quantize_test::per_channel_cells(shape, 0),
                                 affine ? oracle::group::affine : oracle::group::separate_signs);
    const std::vector<float> expected = floats(q);
    const operand o(q.tensor);
    const reference::float_rows rows(o);
    for (std::size_t row = 0; row < 5; ++row) {
      std::vector<float> got(12);
      rows.read(row, got.data());
      for (std::size_t i = 0; i < 12; ++i) {
        EXPECT_EQ(got[i], expected[row * 12 + i]) << row << ", " << i;
      }
    }
  }
}

TEST(operand, integer_scale_is_the_smallest_that_makes_every_value_an_integer_below_2_15) {
  int integers = 0;
  for (const any_packable& p : binade::all_packables()) {
    const std::string name = p.names->name;
    if (p.is_block_format || p.element.bit_count() > 12) continue;
    const oracle::format& f = oracle::element_by_name(name);
    std::optional<int> expected;
    bool specials = false;
    double largest = 0;
    for (const oracle::code_info& c : f.codes) {
      specials = specials || c.kind != oracle::code_kind::finite;
      largest = std::fmax(largest, std::fabs(c.value));
    }
    // Try one k after the other.
    for (int k = -40; k <= 40 && !specials && p.element.bit_count() <= 8; ++k) {
      bool all = true;
      for (const oracle::code_info& c : f.codes) {
        const oracle::rational scaled = oracle::exact(c.value) * oracle::two_to(k);
        all = all && scaled.get_den() == 1;
      }
      if (!all) continue;
      if (oracle::exact(largest) * oracle::two_to(k) < 32768) expected = k;
      break;
    }
    EXPECT_EQ(reference::integer_scale(p.element), expected) << name;
    integers += expected ? 1 : 0;
  }
  // int2..8, uint2..8, and without NaN and infinity: e2m1fn, e2m3fn, e3m2fn, e2m5, e3m0, e1m2,
  // e0m3, e0m7.
  EXPECT_EQ(integers, 14 + 8);
}

TEST(operand, only_equal_blocks_of_integers_are_summed_in_integers) {
  const auto scales = [](const std::string& a, const std::string& b) {
    const packed pa = pack(a, std::vector<float>(64), {1, 64});
    const packed pb = pack(b, std::vector<float>(64), {1, 64});
    return reference::integer_scales(pa.tensor, pb.tensor);
  };
  using pair = std::pair<int, int>;
  EXPECT_EQ(scales("mxfp4", "mxfp6_e3m2"), (pair{1, 4}));
  EXPECT_EQ(scales("nvfp4", "msfp16"), (pair{1, 7}));
  EXPECT_EQ(scales("mxint8", "mxfp6_e2m3"), (pair{0, 3}));
  EXPECT_EQ(scales("mxfp4", "nvfp4"), std::nullopt);       // 32 and 16
  EXPECT_EQ(scales("mxfp4", "mxfp8_e4m3"), std::nullopt);  // E4M3 has NaN
  EXPECT_EQ(scales("int8", "int8"), std::nullopt);         // no block format
  const std::vector<float> x(64);
  const packed q = pack("mxfp4", x, {64});
  EXPECT_EQ(reference::integer_scales(x, q.tensor), std::nullopt);
}

TEST(operand, code_values_are_those_of_the_format) {
  for (const any_packable& p : binade::all_packables()) {
    if (p.is_block_format || p.element.bit_count() > 16) continue;
    const reference::code_values values(p.element);
    for (std::uint32_t code = 0; code < std::uint32_t{1} << p.element.bit_count(); ++code) {
      ASSERT_EQ(values(code), p.element.decode(code))
          << p.names->name << " " << quantize_test::binary(code, p.element.bit_count());
    }
  }
}

}  // namespace
