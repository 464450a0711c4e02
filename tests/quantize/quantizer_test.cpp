// SPDX-License-Identifier: MIT
#include "binade/quantize/quantizer.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <cfenv>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace binade;
using simd::target;

// The vector path serves contiguous rows only, so the same numbers at a stride of 2 take the
// definition: every target must give its bytes and counts.

constexpr const auto& all_targets = simd::all_targets;

struct input {
  const char* name;
  float (*value)(std::uint64_t i);
};

const input inputs[] = {
    {"normal", [](std::uint64_t i) { return static_cast<float>(standard_normal(1, 0, i)); }},
    // Few significand bits: quotients by a scale that is no power of two are ties often enough.
    {"bfloat16", [](std::uint64_t i) { return float{bfloat16(standard_normal(2, 0, i))}; }},
    {"integers", [](std::uint64_t i) { return float{int8(30 * standard_normal(3, 0, i))}; }},
    {"all bit patterns", [](std::uint64_t i) { return bit_cast<float>(random_bits(4, 0, i, 32)); }},
    {"tiny", [](std::uint64_t i) { return float{float16(standard_normal(5, 0, i))} * 0x1p-125F; }},
    {"huge",
     [](std::uint64_t i) { return static_cast<float>(standard_normal(6, 0, i)) * 0x1p124F; }},
    // Some blocks of zeros, some NaN and infinities among ordinary numbers.
    {"mixed",
     [](std::uint64_t i) {
       if (i / 64 % 3 == 0) return i % 2 == 0 ? 0.0F : -0.0F;
       const std::uint32_t choice = random_bits(7, 1, i, 8);
       if (choice == 0) return -bit_cast<float>(0x7fc00000U);
       if (choice == 1) return bit_cast<float>(0x7f800000U);
       return static_cast<float>(standard_normal(7, 0, i));
     }},
};

template <class T>
any_packed_tensor quantized(const packed_description& d, const quantize_options& options,
                            tensor_view<const T> x, target t) {
  any_packed_tensor packed(d);
  const quantize_result r = detail::quantize_groups(packed.mutable_view(), x, options, false,
                                                    simd::quantize_kernels_for(t));
  packed.set_counts(r.counts);
  packed.set_tensor_scale(r.tensor_scale);
  return packed;
}

void expect_same(const any_packed_tensor& fast, const any_packed_tensor& slow,
                 const std::string& what) {
  EXPECT_EQ(fast.tensor_scale(), slow.tensor_scale()) << what;
  const auto compare = [&](const char* name, std::span<const std::byte> got,
                           std::span<const std::byte> expected) {
    ASSERT_EQ(got.size(), expected.size()) << what;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (got[i] == expected[i]) continue;
      ADD_FAILURE() << what << ": byte " << i << " of the " << name << " is "
                    << std::bitset<8>(std::to_integer<unsigned>(got[i])) << ", expected "
                    << std::bitset<8>(std::to_integer<unsigned>(expected[i]));
      return;
    }
  };
  compare("scales", fast.scales(), slow.scales());
  compare("codes", fast.codes(), slow.codes());
  const quantize_counts& a = fast.counts();
  const quantize_counts& b = slow.counts();
  EXPECT_EQ(a, b) << what << ": NaN, infinite, clipped, underflowed: got " << a.nan << " "
                  << a.infinite << " " << a.clipped << " " << a.underflowed << ", expected "
                  << b.nan << " " << b.infinite << " " << b.clipped << " " << b.underflowed;
}

/// All targets against the definition; returns how many comparisons were made.
template <class T = float>
int compare_paths(const input& in, const any_packable& format, const granularity& groups,
                  const quantize_options& options, const tensor_shape& shape) {
  const std::size_t n = shape.size();
  std::vector<T> dense(n + 1);
  std::vector<T> spread(2 * n + 1);
  // One element off the start of the memory: kernels may not need alignment.
  for (std::size_t i = 0; i < n; ++i) {
    spread[2 * i] = dense[i + 1] = static_cast<T>(in.value(i));
  }
  const std::size_t cols = shape.row_length();
  const packed_description d = format.describe(shape, groups);
  const any_packed_tensor slow =
      quantized(d, options,
                tensor_view<const T>(spread.data(), shape,
                                     tensor_strides{static_cast<std::ptrdiff_t>(2 * cols), 2}),
                target::portable);
  int compared = 0;
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    const any_packed_tensor fast =
        quantized(d, options, tensor_view<const T>(dense.data() + 1, shape), t);
    expect_same(fast, slow,
                std::string(format.names->name) + ", " + to_string(groups) + ", " + in.name + ", " +
                    to_string(shape) + " on " + to_string(t));
    ++compared;
  }
  return compared;
}

int available_targets() {
  return static_cast<int>(std::ranges::count_if(all_targets, simd::is_available));
}

TEST(quantizer, every_target_equals_the_definition) {
  int cases = 0;
  for (const input& in : inputs) {
    for (const any_packable& format : all_packables()) {
      quantize_options options;
      options.nan = format.is_block_format ? std::nullopt : std::optional(nan_mode::largest);
      if (format.is_block_format) {
        cases += compare_paths(in, format, per_tensor{}, options, {24, 200});
        continue;
      }
      for (const granularity& groups :
           {granularity(per_tensor{}), granularity(per_group{.size = 48}),
            granularity(per_group{.size = 32}), granularity(per_block{.rows = 16, .cols = 40})}) {
        cases += compare_paths(in, format, groups, options, {8, 200});
      }
    }
  }
  const int formats = static_cast<int>(4 * all_formats::size + all_block_formats::size);
  EXPECT_EQ(cases, static_cast<int>(std::size(inputs)) * formats * available_targets());
}

TEST(quantizer, every_target_equals_the_definition_under_other_rules) {
  for (const input& in : inputs) {
    for (const char* name : {"mxfp4", "mxfp8_e5m2", "mxfp6_e3m2", "nvfp4", "nvint4", "msfp12",
                             "mxint8", "int8_g32_float16"}) {
      for (const scale_rule& rule :
           {scale_rule(scaling::pow2_floor{}), scale_rule(scaling::pow2_ceil{}),
            scale_rule(scaling::pow2_even{}), scale_rule(scaling::absmax{}),
            scale_rule(scaling::given{0.37F}), scale_rule(scaling::exponent_bias{3})}) {
        quantize_options options;
        options.rule = rule;
        compare_paths(in, find_packable(name), per_tensor{}, options, {3, 200});
        options.saturation = saturation_mode::propagate;
        options.infinities = inf_mode::poison;
        compare_paths(in, find_packable(name), per_tensor{}, options, {3, 200});
      }
    }
  }
}

TEST(quantizer, rows_of_every_length_equal_the_definition) {
  for (const char* name : {"mxfp4", "mxfp6_e2m3", "mxfp8_e4m3", "nvfp4", "mxint8", "e4m3fn", "int4",
                           "int8", "e2m3fn", "e2m5"}) {
    for (std::size_t cols = 1; cols <= 150; ++cols) {
      quantize_options options;
      options.nan = nan_mode::largest;
      compare_paths(inputs[1], find_packable(name), per_tensor{}, options, {2, cols});
    }
  }
}

TEST(quantizer, rows_longer_than_a_chunk_equal_the_definition) {
  for (const std::size_t cols : {4096U, 4097U, 8200U, 65536U + 4096U + 16U}) {
    for (const input& in : {inputs[1], inputs[6]}) {
      for (const char* name : {"mxfp4", "nvfp4", "int8_g128", "e4m3fn", "int4"}) {
        quantize_options options;
        options.nan = nan_mode::largest;
        compare_paths(in, find_packable(name), per_channel{.axis = 0}, options, {2, cols});
      }
    }
  }
}

TEST(quantizer, half_sources_equal_the_definition) {
  for (const input& in : inputs) {
    for (const char* name : {"mxfp4", "mxfp8_e4m3", "nvfp4", "int8_g32", "e4m3fn", "int8"}) {
      for (const granularity& groups :
           {granularity(per_tensor{}), granularity(per_channel{.axis = 0})}) {
        quantize_options options;
        options.nan = nan_mode::largest;
        compare_paths<float16>(in, find_packable(name), groups, options, {5, 4200});
        compare_paths<bfloat16>(in, find_packable(name), groups, options, {5, 4200});
      }
    }
  }
  // Every float16 widens as its value says.
  std::vector<std::uint16_t> codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    std::vector<float> wide(codes.size());
    simd::quantize_kernels_for(t).widen(codes.data(), wide.data(), codes.size(),
                                        simd::half_kind::float16);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const unpacked expected = unpack(float16::from_bits(codes[i]));
      if (expected.kind == value_class::nan) {
        ASSERT_EQ(unpack(wide[i]).kind, value_class::nan) << i;
      } else {
        ASSERT_EQ(bit_cast<std::uint32_t>(wide[i]), bit_cast<std::uint32_t>(to_float(expected)))
            << std::bitset<16>(codes[i]) << " on " << to_string(t);
      }
    }
  }
}

TEST(quantizer, the_floating_point_environment_does_not_matter) {
  std::vector<float> x(2 * 4200);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = inputs[1].value(i);
  const tensor_shape shape{2, 4200};
  const tensor_view<const float> view(x.data(), shape);
  for (const char* name : {"nvfp4", "mxfp8_e4m3", "e4m3fn", "int8"}) {
    const packed_description d = find_packable(name).describe(shape, per_tensor{});
    for (const target t : all_targets) {
      if (!simd::is_available(t)) continue;
      const any_packed_tensor expected = quantized(d, {}, view, t);
      for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::fesetround(mode);
        const any_packed_tensor got = quantized(d, {}, view, t);
        std::fesetround(FE_TONEAREST);
        expect_same(got, expected, std::string(name) + " on " + to_string(t));
      }
    }
  }
}

TEST(quantizer, takes_executors_as_options) {
  // More than a task's worth of elements, and an odd rest.
  std::vector<float> x(1003 * 160);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = inputs[0].value(i);
  const auto w = matrix_view(x.data(), 1003, 160);
  threads pool(2);
  struct counting {
    int calls = 0;
    void execute(std::size_t tasks, function_ref<void(std::size_t)> task) {
      ++calls;
      for (std::size_t i = tasks; i > 0; --i) task(i - 1);
    }
  } own;
  const any_packed_tensor alone = quantize<nvfp4>(w);
  for (const any_packed_tensor& other :
       {any_packed_tensor(quantize<nvfp4>(w, pool)),
        any_packed_tensor(quantize<nvfp4>(w, threads{2})),
        any_packed_tensor(quantize<nvfp4>(w, own)),
        any_packed_tensor(quantize<nvfp4>(w, executor_ref(pool)))}) {
    expect_same(other, alone, "nvfp4");
  }
  EXPECT_EQ(own.calls, 2);  // for the tensor scale, and for the codes
  expect_same(quantize<e4m3fn>(w, own), quantize<e4m3fn>(w), "e4m3fn");
  EXPECT_EQ(own.calls, 4);  // one scale, found and used by several threads
}

}  // namespace
