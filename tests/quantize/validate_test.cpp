// SPDX-License-Identifier: MIT
#include "binade/quantize/validate.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace binade;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A writable copy of a packed tensor's bytes.
struct bytes_of {
  explicit bytes_of(const any_packed_tensor& t)
      : codes(t.codes().begin(), t.codes().end()),
        scales(t.scales().begin(), t.scales().end()),
        view(t.view()) {
    view.codes = codes;
    view.scales = scales;
  }
  std::vector<std::byte> codes;
  std::vector<std::byte> scales;
  any_packed_view view;
};

std::vector<float> weights(std::size_t n, float sigma) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = sigma * static_cast<float>(standard_normal(1, 0, i));
  return x;
}

/// The message of a finding of this kind; empty if there is none.
std::string find(const std::vector<finding>& all, finding_kind kind) {
  for (const finding& f : all) {
    if (f.kind == kind) return f.message;
  }
  return "";
}

TEST(validate, finds_nothing_in_what_quantize_makes) {
  for (const float sigma : {1e-3F, 0.02F, 1.0F, 30.0F}) {
    const std::vector<float> x = weights(8 * 40, sigma);
    const auto w = matrix_view(x.data(), 8, 40);
    EXPECT_THAT(validate(quantize<nvfp4>(w)), IsEmpty()) << sigma;
    EXPECT_THAT(validate(quantize<mxfp4>(w)), IsEmpty()) << sigma;
    EXPECT_THAT(validate(quantize<e4m3fn>(w, per_channel{})), IsEmpty()) << sigma;
    EXPECT_THAT(validate(quantize<uint4>(w, per_group{.size = 16}, affine{})), IsEmpty()) << sigma;
    EXPECT_THAT(validate(quantize<int4>(w, per_group{.size = 16}, separate_signs{})), IsEmpty());
  }
}

TEST(validate, counts_nan_scales_and_names_the_first) {
  const std::vector<float> x = weights(4 * 64, 1);
  bytes_of b(quantize<mxfp4>(matrix_view(x.data(), 4, 64)));
  b.scales[3] = b.scales[6] = std::byte{0xff};
  const auto all = validate(b.view);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, finding_kind::nan_scale);
  EXPECT_EQ(all[0].count, 2U);
  EXPECT_EQ(all[0].first, 3U);
  EXPECT_THAT(all[0].message, HasSubstr("group 3 has scale code 255"));
}

TEST(validate, finds_zero_scales_over_codes) {
  const std::vector<float> x = weights(2 * 32, 1);
  bytes_of b(quantize<nvfp4>(matrix_view(x.data(), 2, 32)));
  b.scales[1] = std::byte{0};
  const std::string f = find(validate(b.view), finding_kind::zero_scale);
  EXPECT_NE(f, "");
}

TEST(validate, an_all_zero_block_is_no_finding_but_an_all_zero_row_is) {
  std::vector<float> x = weights(3 * 32, 1);
  for (std::size_t i = 0; i < 16; ++i) x[i] = 0;       // half of row 0
  for (std::size_t i = 32; i < 64; ++i) x[i] = -0.0F;  // row 1
  const auto all = validate(quantize<nvfp4>(matrix_view(x.data(), 3, 32)));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, finding_kind::zero_row);
  EXPECT_EQ(all[0].first, 1U);
}

TEST(validate, finds_padding_that_is_not_zero) {
  const std::vector<float> x = weights(2 * 20, 1);
  bytes_of b(quantize<mxfp8_e4m3>(matrix_view(x.data(), 2, 20)));
  b.codes[32 + 25] = std::byte{1};
  const std::string f = find(validate(b.view), finding_kind::padding);
  EXPECT_NE(f, "");
}

TEST(validate, finds_an_inverted_tensor_scale) {
  const std::vector<float> x = weights(4 * 64, 0.02F);
  const auto q = quantize<nvfp4>(matrix_view(x.data(), 4, 64));
  bytes_of b(q);
  b.view.tensor_scale = 1 / q.tensor_scale();
  const std::string f = find(validate(b.view), finding_kind::inverted_tensor_scale);
  EXPECT_NE(f, "");
  EXPECT_THAT(f, HasSubstr("as a multiplier"));
  // The same number is right under the other convention.
  b.view.description.tensor_scale = tensor_scale_kind::divisor;
  EXPECT_THAT(validate(b.view), IsEmpty());
  b.view.tensor_scale = q.tensor_scale();
  EXPECT_NE(find(validate(b.view), finding_kind::inverted_tensor_scale), "");
}

TEST(validate, finds_bad_tensor_scales) {
  const std::vector<float> x = weights(4 * 64, 0.02F);
  bytes_of b(quantize<nvfp4>(matrix_view(x.data(), 4, 64)));
  for (const float bad :
       {0.0F, -1.0F, bit_cast<float>(0x7f800000U), bit_cast<float>(0x7fc00000U)}) {
    b.view.tensor_scale = bad;
    EXPECT_NE(find(validate(b.view), finding_kind::bad_tensor_scale), "") << bad;
  }
}

TEST(validate, wrong_sizes_end_the_search) {
  const std::vector<float> x = weights(4 * 64, 0.02F);
  bytes_of b(quantize<nvfp4>(matrix_view(x.data(), 4, 64)));
  b.view.codes = b.view.codes.first(10);
  b.view.scales = b.view.scales.first(3);
  const auto all = validate(b.view);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, finding_kind::wrong_size);
  EXPECT_EQ(all[0].count, 2U);
  EXPECT_THAT(all[0].message, HasSubstr("codes are 10 bytes; needed are 128"));
}

}  // namespace
