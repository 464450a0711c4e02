// SPDX-License-Identifier: MIT
#include "binade/kernel/reference/packed_values.hpp"

#include "binade/format/catalog.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

using namespace binade;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(code_values, are_what_decode_gives_for_narrow_and_wide_formats) {
  for (const any_format& f : {any_format::of<e2m1fn>(), any_format::of<takum8>(),
                              any_format::of<bfloat16>(), any_format::of<nf4>()}) {
    const reference::code_values values(f);
    for (std::uint32_t code = 0; code < (1U << f.bit_count()); code += f.bit_count() > 8 ? 97 : 1) {
      EXPECT_EQ(values(code), f.decode(code)) << f.name() << " code " << code;
    }
  }
}

/// One row of 20 mxfp4 elements: codes 0, 1, 2 ... 7, 0, 1 ..., one scale 2^-1.
struct row_of_mxfp4 {
  row_of_mxfp4() : codes(16), scales{std::byte{126}} {
    for (std::size_t i = 0; i < 20; ++i) {
      write_code(codes.data(), i, 4, static_cast<std::uint32_t>(i % 8));
    }
    view.description = describe_blocks(mxfp4::describe(), tensor_shape{1, 20});
    view.codes = codes;
    view.scales = scales;
  }
  std::vector<std::byte> codes;
  std::vector<std::byte> scales;
  any_packed_view view;
};

TEST(packed_values, values_are_element_times_scale_and_padding_is_left_out) {
  const row_of_mxfp4 row;
  std::vector<float> values;
  reference::for_each_exact_value(row.view, reference::code_values(any_format::of<e2m1fn>()), 0,
                                  [&](std::size_t i, const unpacked& v) {
                                    EXPECT_EQ(i, values.size());
                                    values.push_back(to_float(v));
                                  });
  ASSERT_EQ(values.size(), 20U);
  values.resize(8);
  EXPECT_THAT(values, ElementsAre(0.0F, 0.25F, 0.5F, 0.75F, 1.0F, 1.5F, 2.0F, 3.0F));
}

TEST(packed_values, groups_carry_the_tensor_scale_by_its_convention) {
  const std::vector<std::byte> codes(16);
  const std::vector<std::byte> scales{std::byte{0x38}, std::byte{0x40}};  // UE4M3 1 and 2
  any_packed_view view;
  view.description = describe_blocks(nvfp4::describe(), tensor_shape{1, 24});
  view.codes = codes;
  view.scales = scales;
  view.tensor_scale = 4;
  const auto groups = [&view] {
    std::vector<float> found;
    reference::for_each_group_of_row(
        view, 0,
        [&](std::size_t cell, std::size_t begin, std::size_t end, const reference::group_scale& s) {
          found.insert(found.end(), {static_cast<float>(cell), static_cast<float>(begin),
                                     static_cast<float>(end), to_float(s.positive)});
        });
    return found;
  };
  EXPECT_THAT(groups(), ElementsAre(0, 0, 16, 4, 1, 16, 24, 8));
  view.description.tensor_scale = tensor_scale_kind::divisor;
  EXPECT_THAT(groups(), ElementsAre(0, 0, 16, 0.25F, 1, 16, 24, 0.5F));
}

TEST(packed_values, wrong_sizes_are_errors) {
  row_of_mxfp4 row;
  reference::check_sizes("f: x", row.view);
  row.view.codes = row.view.codes.first(3);
  try {
    reference::check_sizes("f: x", row.view);
    FAIL();
  } catch (const error& e) {
    EXPECT_THAT(e.what(), HasSubstr("f: x is [1, 20] and has 3 bytes of codes and 1 of scales; "
                                    "needed are 16 and 1"));
  }
}

}  // namespace
