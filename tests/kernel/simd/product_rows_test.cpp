// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/product_rows.hpp"

#include "binade/core/fp_environment.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using quantize_test::data;
using quantize_test::kind;
using quantize_test::shown;

constexpr std::size_t rows = 6;
constexpr std::size_t length = 83;

binade::any_packed_tensor pack(const binade::any_packable& p, kind k,
                               const binade::granularity& groups = binade::per_tensor{}) {
  const std::vector<float> x = data(k, rows * length);
  const binade::tensor_shape shape{rows, length};
  binade::quantize_options options;
  options.groups = groups;
  return binade::quantize(binade::tensor_view<const float>(x.data(), shape),
                          p.describe(shape, groups), options);
}

void expect_the_definitions_floats(const binade::any_packed_tensor& packed,
                                   const std::string& what) {
  const binade::operand o(packed);
  const binade::reference::float_rows reference(o);
  const binade::simd::float_rows fast(o);
  std::vector<std::uint8_t> codes(length);
  std::vector<float> expected(length);
  std::vector<float> got(length);
  const binade::fp_environment_guard guard;
  for (std::size_t row = 0; row < rows; ++row) {
    reference.read(row, expected.data());
    fast.read(row, got.data(), codes.data());
    for (std::size_t i = 0; i < length; ++i) {
      const auto a = binade::bit_cast<std::uint32_t>(got[i]);
      const auto b = binade::bit_cast<std::uint32_t>(expected[i]);
      const bool both_nan = (a & 0x7fffffffU) > 0x7f800000U && (b & 0x7fffffffU) > 0x7f800000U;
      ASSERT_TRUE(a == b || both_nan) << what << ", row " << row << ", element " << i << ": got "
                                      << shown(got[i]) << ", expected " << shown(expected[i]);
    }
  }
}

TEST(product_rows, floats_are_the_definitions_for_every_format_code_and_granularity) {
  for (const binade::any_packable& p : binade::all_packables()) {
    for (const kind k : {kind::bell, kind::wild}) {
      auto packed = pack(p, k);
      expect_the_definitions_floats(packed, std::string(p.names->name));
      auto view = packed.mutable_view();  // any codes and scales at all, NaN among them
      unsigned next = 1;
      for (std::byte& b : view.codes) b = static_cast<std::byte>(next = next * 167 + 13);
      expect_the_definitions_floats(packed, std::string(p.names->name) + " with other codes");
      for (std::byte& b : view.scales) b = static_cast<std::byte>(next = next * 167 + 13);
      expect_the_definitions_floats(packed, std::string(p.names->name) + " with other scales");
    }
    if (p.is_block_format) continue;
    expect_the_definitions_floats(pack(p, kind::wild, binade::per_group{.axis = 1, .size = 7}),
                                  std::string(p.names->name));
  }
}

TEST(product_rows, integers_and_scales_are_the_definitions) {
  int formats = 0;
  for (const binade::any_packable& p : binade::all_packables()) {
    if (!p.is_block_format) continue;
    const auto packed = pack(p, kind::wild);
    const auto k = binade::reference::integer_scale(packed.view().description.element);
    if (!k) continue;
    ++formats;
    const binade::any_packed_view view = packed.view();
    const binade::reference::integer_rows reference(view, *k);
    const binade::simd::integer_codes integers(view.description.element, *k);
    const binade::simd::block_scales scales(view, *k);
    std::vector<std::int16_t> expected(length);
    std::vector<float> expected_scales(reference.blocks());
    std::vector<float> got_scales(reference.blocks());
    std::vector<std::uint8_t> codes(length);
    for (std::size_t row = 0; row < rows; ++row) {
      reference.read(row, expected.data(), expected_scales.data());
      binade::simd::read_codes(view, row, codes.data());
      scales.read(row, got_scales.data());
      for (std::size_t i = 0; i < length; ++i) {
        ASSERT_EQ(integers.value[codes[i]], expected[i]) << p.names->name << ", element " << i;
      }
      for (std::size_t i = 0; i < reference.blocks(); ++i) {
        ASSERT_EQ(binade::bit_cast<std::uint32_t>(got_scales[i]),
                  binade::bit_cast<std::uint32_t>(expected_scales[i]))
            << p.names->name << ", block " << i;
      }
    }
    const auto [least, largest] = std::minmax_element(
        integers.value, integers.value + (std::size_t{1} << view.description.element.bit_count()));
    EXPECT_EQ(integers.least, std::min<int>(*least, 0)) << p.names->name;
    EXPECT_EQ(integers.largest, *largest) << p.names->name;
  }
  EXPECT_GE(formats, 12);
}

}  // namespace
