// SPDX-License-Identifier: MIT
#include "binade/quantize/vector_dequantizer.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <string>
#include <vector>

namespace {

using namespace binade;
using simd::target;

constexpr const auto& all_targets = simd::all_targets;

/// Any bytes that a packed tensor may have: codes and scales of every kind, NaN, infinity, zero and
/// negative numbers among the scales.
any_packed_tensor random_tensor(const packed_description& d, std::uint64_t seed, bool any_scale) {
  any_packed_tensor t(d);
  const auto view = t.mutable_view();
  const auto byte = [&](std::uint64_t stream, std::size_t i) {
    return static_cast<std::byte>(random_bits(seed, stream, i, 8));
  };
  const int bits = d.element.bit_count();
  const auto significant = static_cast<std::uint32_t>(low_mask(d.element.describe().code_bits));
  for (std::size_t row = 0; row < d.layout.row_count(); ++row) {
    for (std::size_t i = 0; i < d.layout.row_codes(); ++i) {
      const std::uint32_t code = random_bits(seed, 1 + row, i, 32) & significant;
      write_code(view.codes.data() + row * d.layout.row_bytes(), i, bits, code);
    }
  }
  for (std::size_t i = 0; i < view.scales.size(); ++i) view.scales[i] = byte(0, i);
  if (!any_scale) {
    // Positive numbers, and zeros where the format has them.
    const std::size_t each = d.scale_bytes_each();
    for (std::size_t i = 0; i < view.scales.size(); i += each) {
      view.scales[i + each - 1] &= each == 1 ? std::byte{0x7d} : std::byte{0x7b};
    }
  }
  if (d.tensor_scale != tensor_scale_kind::none) t.set_tensor_scale(0x1.234567p-3F);
  return t;
}

template <class T>
std::uint32_t bits_of(const T& x) {
  if constexpr (std::same_as<T, float>) {
    return bit_cast<std::uint32_t>(x);
  } else {
    return x.bits();
  }
}

template <class T = float>
int compare_targets(const any_packable& format, const granularity& groups,
                    const tensor_shape& shape, bool any_scale) {
  const any_packed_tensor packed =
      random_tensor(format.describe(shape, groups), 1 + shape.size(), any_scale);
  const std::size_t n = shape.size();
  const auto cols = static_cast<std::ptrdiff_t>(shape.row_length());
  // Kernels serve rows without gaps; a stride of 2 takes the definition.
  std::vector<T> spread(2 * n + 1);
  dequantize(packed, tensor_view<T>(spread.data(), shape, tensor_strides{2 * cols, 2}));
  int compared = 0;
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    ++compared;
    std::vector<T> got(n + 2, T(-77.0F));
    detail::dequantize_with(simd::quantize_kernels_for(t), packed.view(),
                            tensor_view<T>(got.data() + 1, shape), executor_ref{});
    EXPECT_EQ(got.front(), T(-77.0F));
    EXPECT_EQ(got.back(), T(-77.0F));
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t a = bits_of(got[i + 1]);
      const std::uint32_t b = bits_of(spread[2 * i]);
      if (a == b) continue;
      ADD_FAILURE() << format.names->name << ", " << to_string(groups) << ", " << to_string(shape)
                    << " on " << to_string(t) << ", element " << i << ": got " << std::bitset<32>(a)
                    << ", expected " << std::bitset<32>(b);
      break;
    }
  }
  return compared;
}

int available_targets() {
  int n = 0;
  for (const target t : all_targets) n += simd::is_available(t) ? 1 : 0;
  return n;
}

TEST(vector_dequantizer, every_target_equals_the_definition) {
  int cases = 0;
  int expected = 0;
  for (const any_packable& format : all_packables()) {
    for (const bool any_scale : {false, true}) {
      if (format.is_block_format) {
        cases += compare_targets(format, {}, {5, 300}, any_scale);
        expected += available_targets();
        continue;
      }
      for (const granularity& groups :
           {granularity(per_tensor{}), granularity(per_channel{.axis = 0}),
            granularity(per_group{.size = 32}), granularity(per_group{.size = 48}),
            granularity(per_group{.size = 7}), granularity(per_block{.rows = 2, .cols = 64})}) {
        cases += compare_targets(format, groups, {4, 300}, any_scale);
        expected += available_targets();
      }
    }
  }
  EXPECT_EQ(cases, expected);
}

TEST(vector_dequantizer, narrow_targets_are_rounded_once) {
  for (const any_packable& format : all_packables()) {
    for (const bool any_scale : {false, true}) {
      for (const granularity& groups :
           {granularity(per_channel{.axis = 0}), granularity(per_group{.size = 32})}) {
        compare_targets<bfloat16>(format, groups, {4, 300}, any_scale);
        compare_targets<float16>(format, groups, {4, 300}, any_scale);
      }
    }
  }
}

TEST(vector_dequantizer, rows_of_every_length_equal_the_definition) {
  for (const char* name : {"mxfp4", "nvfp4", "mxfp8_e4m3", "mxint8", "int8_g32", "int4", "e5m2"}) {
    for (std::size_t cols = 1; cols <= 200; ++cols) {
      compare_targets(find_packable(name), per_channel{.axis = 0}, {2, cols}, false);
    }
    compare_targets(find_packable(name), per_channel{.axis = 0}, {1, 70001}, false);
  }
}

TEST(vector_dequantizer, what_has_no_kernel_says_so) {
  const auto serves = [](const char* name, group_kind group) {
    const any_packed_tensor t(find_packable(name).describe({2, 64}, per_tensor{}, -1, group));
    const any_packed_view view = t.view();
    return detail::vector_dequantizer(view, simd::active_quantize_kernels()).serves();
  };
  EXPECT_TRUE(serves("nvint4", group_kind::symmetric));
  EXPECT_TRUE(serves("hif8", group_kind::symmetric));
  EXPECT_TRUE(serves("posit8", group_kind::symmetric));
  EXPECT_FALSE(serves("mxfp6_e2m3", group_kind::symmetric));  // 6 bits
  EXPECT_FALSE(serves("nf4", group_kind::symmetric));         // values of 24 bits
  EXPECT_FALSE(serves("int8", group_kind::affine));
  EXPECT_FALSE(serves("int8_g32_float16", group_kind::symmetric));
}

}  // namespace
