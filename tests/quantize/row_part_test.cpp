// SPDX-License-Identifier: MIT
#include "binade/quantize/row_part.hpp"

#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace binade;
using quantize_test::data;
using quantize_test::kind;

/// Quantizes x in one call, and row by row in parts of at most `size` elements.
void expect_parts_make_the_whole(const packed_description& d, const std::vector<float>& x,
                                 std::size_t size) {
  const tensor_shape shape = d.layout.shape();
  quantize_options options;
  if (d.tensor_scale != tensor_scale_kind::none) options.given_tensor_scale = 0.001F;
  const any_packed_tensor whole = quantize(tensor_view<const float>(x.data(), shape), d, options);
  any_packed_tensor parts(d);
  const std::size_t length = shape.row_length();
  for (std::size_t row = 0; row < shape.row_count(); ++row) {
    for (std::size_t begin = 0; begin < length; begin += size) {
      const std::size_t n = std::min(size, length - begin);
      quantize_into(detail::part_of_row(parts.mutable_view(), row, begin, n),
                    tensor_view<const float>(x.data() + row * length + begin, tensor_shape{n}),
                    options);
    }
  }
  const std::string what = std::string(d.element.name()) + " in parts of " + std::to_string(size);
  EXPECT_TRUE(std::ranges::equal(parts.codes(), whole.codes())) << what;
  EXPECT_TRUE(std::ranges::equal(parts.scales(), whole.scales())) << what;
}

TEST(row_part, parts_of_all_rows_make_the_whole) {
  const tensor_shape shape{3, 200};
  const std::vector<float> x = data(kind::bell, shape.size());
  for (const std::size_t size : {32U, 96U, 224U}) {
    expect_parts_make_the_whole(describe_blocks(nvfp4::describe(), shape), x, size);
    expect_parts_make_the_whole(describe_blocks(mxfp6_e2m3::describe(), shape), x, size);
    expect_parts_make_the_whole(describe_blocks(mxfp8_e4m3::describe(), shape), x, size);
    expect_parts_make_the_whole(
        describe_scaled(any_format::of<int4>(), shape, per_group{.axis = 1, .size = 16}), x, size);
  }
}

TEST(row_part, rows_without_gaps_count_as_one) {
  const tensor_shape shape{4, 64};
  any_packed_tensor packed(describe_blocks(nvfp4::describe(), shape));
  const auto view = packed.mutable_view();
  const auto by_row = detail::part_of_row(view, 2, 32, 32);
  const auto as_one = detail::part_of_row(view, 0, 2 * 64 + 32, 32);
  EXPECT_EQ(by_row.codes.data(), as_one.codes.data());
  EXPECT_EQ(by_row.scales.data(), as_one.scales.data());
  EXPECT_EQ(by_row.codes.size(), 16U);
  EXPECT_EQ(by_row.scales.size(), 2U);
}

}  // namespace
