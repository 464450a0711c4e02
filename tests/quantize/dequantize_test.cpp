// SPDX-License-Identifier: MIT
#include "binade/quantize/dequantize.hpp"

#include "binade/core/parallel.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace quantize_test;

using binade::any_packable;
using binade::any_packed_tensor;
using binade::dequantize;
using binade::granularity;
using binade::group_kind;
using binade::packed_description;
using binade::tensor_shape;
using binade::tensor_view;

/// A tensor of the described form with random codes, and scales that are finite numbers.
any_packed_tensor random_tensor(const packed_description& d, std::uint64_t seed) {
  any_packed_tensor t(d);
  numbers r(seed);
  auto view = t.mutable_view();
  for (std::byte& b : view.codes) b = static_cast<std::byte>(r.next());
  const int bits = d.element.bit_count();
  // A code has no bits beyond the format's (UE4M3 has 7 in a byte).
  const auto significant =
      static_cast<std::uint32_t>(binade::low_mask(d.element.describe().code_bits));
  for (std::size_t row = 0; row < d.layout.row_count(); ++row) {
    for (std::size_t i = 0; i < d.layout.row_codes(); ++i) {
      std::byte* codes = view.codes.data() + row * d.layout.row_bytes();
      binade::write_code(codes, i, bits, binade::read_code(codes, i, bits) & significant);
    }
  }
  const std::size_t each = d.scale_bytes_each();
  for (const auto& scales : {view.scales, view.negative_scales}) {
    for (std::size_t i = 0; i < scales.size() / each; ++i) {
      std::uint32_t code = 0;
      if (d.scale == binade::any_format::binary32()) {
        code = oracle::bits_of(std::fabs(r.wild()));
      } else if (each == 2) {
        code = static_cast<std::uint32_t>(r.next() % 0x7c00);
      } else {
        code = static_cast<std::uint32_t>(60 + r.next() % 60);
      }
      for (std::size_t b = 0; b < each; ++b) {
        scales[i * each + b] = static_cast<std::byte>(code >> 8 * b);
      }
    }
  }
  for (std::byte& b : view.zero_points) {
    b = static_cast<std::byte>(r.next() & binade::low_mask(bits));
  }
  if (d.tensor_scale != binade::tensor_scale_kind::none) t.set_tensor_scale(std::fabs(r.wild()));
  return t;
}

/// What element i is as a T: rounded once, or a NaN.
template <class T>
bool is_expected(const T& got, const oracle::maybe& expected) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    if (!expected) return std::isnan(got);
    return static_cast<double>(got) ==
           (std::is_same_v<T, float> ? static_cast<double>(oracle::nearest_float(*expected))
                                     : oracle::nearest_double(*expected));
  } else {
    const oracle::format& f = oracle::element_by_name(T::names.name);
    const oracle::number n = expected ? oracle::number::of(*expected) : oracle::number::nan();
    const oracle::code_type code =
        encode(f, n, oracle::default_rounding(f), oracle::default_saturation(f));
    // Zeros and NaNs by class: the exact value says nothing of their sign.
    if (!expected) return isnan(got);
    if (oracle::decode(f, code).value == 0) return oracle::decode(f, got.bits()).value == 0;
    return got.bits() == code;
  }
}

template <class T>
void expect_values(const any_packed_tensor& t, const oracle::scheme& s, const extents& shape,
                   std::size_t scalar_block, const std::string& what) {
  std::vector<T> out(product(shape));
  dequantize(t, tensor_view<T>(out.data(), tensor_shape(shape)));
  const std::vector<oracle::maybe> expected = exact_values(t.view(), s, shape, scalar_block);
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_TRUE(is_expected(out[i], expected[i]))
        << what << ", element " << i << ": expected " << (expected[i] ? expected[i]->get_d() : NAN);
  }
}

bool finite_elements_only(const oracle::format& f) {
  return !f.positive_infinity && !f.negative_infinity;
}

TEST(dequantize, any_codes_of_any_block_format_are_rounded_once) {
  const extents shapes[] = {{}, {3, 33}, {2, 3, 20}};
  for (const any_packable& p : binade::all_packables()) {
    if (!p.is_block_format || !finite_elements_only(oracle::element_by_name(p.element.name()))) {
      continue;
    }
    for (const extents& shape : shapes) {
      const int rank = static_cast<int>(shape.size());
      for (int axis = rank == 0 ? -1 : 0; axis < rank; ++axis) {
        const packed_description d = p.describe(tensor_shape(shape), {}, axis);
        const any_packed_tensor t = random_tensor(d, 1);
        oracle::scheme s = scheme_of(p.block, shape, axis);
        const std::string what =
            std::string(p.names->name) + " " + shape_text(shape) + " axis " + std::to_string(axis);
        expect_values<float>(t, s, shape, p.block.size, what + " to float");
        expect_values<double>(t, s, shape, p.block.size, what + " to double");
        expect_values<binade::bfloat16>(t, s, shape, p.block.size, what + " to bfloat16");
        expect_values<binade::e4m3fn>(t, s, shape, p.block.size, what + " to e4m3fn");
      }
    }
  }
}

TEST(dequantize, any_codes_of_any_element_format_under_any_granularity) {
  const extents shape{3, 4, 10};
  for (const any_packable& p : binade::all_packables()) {
    if (p.is_block_format || p.element.bit_count() > 16) continue;
    if (!finite_elements_only(oracle::element_by_name(p.element.name()))) continue;
    const struct {
      granularity g;
      extents cell;
    } cases[] = {{binade::per_tensor{}, per_tensor_cells(shape)},
                 {binade::per_channel{.axis = 1}, per_channel_cells(shape, 1)},
                 {binade::per_group{.axis = 0, .size = 2}, per_group_cells(shape, 0, 2)},
                 {binade::per_group{.axis = 2, .size = 4}, per_group_cells(shape, 2, 4)},
                 {binade::per_block{.rows = 3, .cols = 4}, per_block_cells(shape, 3, 4)}};
    for (const auto& c : cases) {
      for (const group_kind group :
           {group_kind::symmetric, group_kind::separate_signs, group_kind::affine}) {
        if (group == group_kind::affine && !p.element.is_integer()) continue;
        const packed_description d = p.describe(tensor_shape(shape), c.g, -1, group);
        const any_packed_tensor t = random_tensor(d, 2);
        const oracle::scheme s = scheme_of(p.element, shape, c.cell);
        expect_values<float>(t, s, shape, 1,
                             std::string(p.names->name) + " " + to_string(c.g) + " group " +
                                 std::to_string(static_cast<int>(group)));
      }
    }
  }
}

TEST(dequantize, tensor_scales_multiply_or_divide_before_the_one_rounding) {
  const extents shape{4, 40};
  for (const auto kind : {binade::tensor_scale_kind::multiplier, binade::tensor_scale_kind::divisor,
                          binade::tensor_scale_kind::none}) {
    const any_packable& p = binade::find_packable("nvfp4");
    packed_description d = p.describe(tensor_shape(shape), {});
    d.tensor_scale = kind;
    any_packed_tensor t = random_tensor(d, 3);
    oracle::scheme s = scheme_of(p.block, shape);
    s.tensor = kind == binade::tensor_scale_kind::multiplier ? oracle::tensor_scaling::multiplier
               : kind == binade::tensor_scale_kind::divisor  ? oracle::tensor_scaling::divisor
                                                             : oracle::tensor_scaling::none;
    for (const float scale : {1.0F, 0.1F, 3.0F, 0x1p-126F, 0x1p-149F, largest_float}) {
      t.set_tensor_scale(scale);
      expect_values<float>(t, s, shape, 16, std::string("scale ") + shown(scale));
      expect_values<double>(t, s, shape, 16, std::string("scale ") + shown(scale));
    }
  }
}

TEST(dequantize, returns_what_was_quantized_where_it_is_representable) {
  // Multiples of the step are exact: every finite code's value comes back.
  const std::vector<float> x{6, -4, 3, 2, -1.5F, 1, 0.5F, 0, -0.0F};
  for (const float scale : {1.0F, 0x1p-100F, 0x1p60F}) {
    std::vector<float> scaled;
    for (const float v : x) scaled.push_back(v * scale);
    std::vector<float> out(x.size(), 77.0F);
    dequantize(binade::quantize<binade::mxfp4>(binade::vector_view(scaled)),
               binade::vector_view(out));
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(oracle::bits_of(out[i]), oracle::bits_of(scaled[i])) << i;  // the sign of zero too
    }
  }
}

TEST(dequantize, nan_elements_and_nan_scales_give_nan) {
  std::vector<float> x(64, 1.0F);
  x[40] = not_a_number;
  std::vector<float> out(64);
  dequantize(binade::quantize<binade::mxfp4>(binade::vector_view(x)), binade::vector_view(out));
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(std::isnan(out[i]), i >= 32) << i;
  dequantize(binade::quantize<binade::e4m3fn>(binade::vector_view(x)), binade::vector_view(out));
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(std::isnan(out[i]), i == 40) << i;
  // Infinite codes stay infinite.
  const std::vector<float> inf{infinity, -infinity, 1.0F};
  std::vector<float> back(3);
  dequantize(binade::quantize<binade::e5m2>(binade::vector_view(inf), binade::scaling::given{0.5F},
                                            binade::saturation::propagate{}),
             binade::vector_view(back));
  EXPECT_EQ(back, inf);
  // A format without NaN gets its substitute.
  std::vector<binade::int8> integers(64);
  dequantize(binade::quantize<binade::e4m3fn>(binade::vector_view(x)),
             binade::vector_view(integers));
  EXPECT_EQ(integers[40].bits(), 127U);
}

TEST(dequantize, follows_strides_and_any_block_axis) {
  const extents shape{3, 4, 5};
  const std::vector<float> x = data(kind::bell, 60, 4);
  for (int axis = 0; axis < 3; ++axis) {
    const any_packed_tensor q = binade::quantize<binade::mxfp8_e4m3>(
        tensor_view<const float>(x.data(), tensor_shape(shape)), binade::along_axis{axis});
    std::vector<float> dense(60);
    dequantize(q, tensor_view<float>(dense.data(), tensor_shape(shape)));
    // Reversed order of axes, every other element, from the end.
    std::vector<float> memory(120, 9.0F);
    const tensor_view<float> odd(&memory[119], {3, 4, 5}, {-2, -6, -24});
    dequantize(q, odd);
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(odd(i / 20, i / 5 % 4, i % 5), dense[i]) << "axis " << axis << ", element " << i;
      EXPECT_EQ(memory[2 * i], 9.0F) << i;
    }
  }
}

TEST(dequantize, the_number_of_threads_does_not_matter) {
  const std::vector<float> x = data(kind::bell, 100 * 30, 5);
  const any_packed_tensor q = binade::quantize<binade::nvfp4>(binade::matrix_view(x, 100, 30));
  std::vector<float> one(x.size());
  std::vector<float> two(x.size());
  dequantize(q, binade::matrix_view(one, 100, 30));
  binade::threads pool(2);
  dequantize(q, binade::matrix_view(two, 100, 30), pool);
  EXPECT_EQ(one, two);
}

TEST(dequantize, empty_tensors) {
  const std::vector<float> none;
  std::vector<float> out;
  const any_packed_tensor q = binade::quantize<binade::nvfp4>(binade::matrix_view(none, 0, 3));
  dequantize(q, binade::matrix_view(out, 0, 3));
  const any_packed_tensor r = binade::quantize<binade::nvfp4>(binade::matrix_view(none, 3, 0));
  dequantize(r, binade::matrix_view(out, 3, 0));
}

TEST(dequantize, errors_say_what_does_not_fit) {
  const std::vector<float> x(12);
  const any_packed_tensor q = binade::quantize<binade::mxfp4>(binade::matrix_view(x, 3, 4));
  std::vector<float> out(12, 5.0F);
  EXPECT_EQ(error_of([&] { dequantize(q, binade::matrix_view(out, 4, 3)); }),
            "dequantize: the packed tensor is [3, 4] but the destination is [4, 3]; they must be "
            "equal");
  binade::any_packed_view v = q;
  v.scales = v.scales.first(2);
  EXPECT_EQ(error_of([&] { dequantize(v, binade::matrix_view(out, 3, 4)); }),
            "dequantize: the packed tensor is [3, 4] and has 48 bytes of codes and 2 of scales; "
            "needed are 48 and 3");
  EXPECT_EQ(out, std::vector<float>(12, 5.0F)) << "written before the check";
}

}  // namespace
