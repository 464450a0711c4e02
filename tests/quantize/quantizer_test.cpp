// SPDX-License-Identifier: MIT
#include "binade/quantize/quantizer.hpp"

#include "binade/core/random.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <string>
#include <vector>

namespace {

using namespace binade;

// The vector path serves contiguous rows only, so the same numbers at a stride of 2 take the
// definition: both must give the same bytes and counts.

constexpr std::size_t rows = 24;
constexpr std::size_t cols = 200;

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
};

any_packed_tensor quantized(const any_packable& format, const granularity& groups,
                            const quantize_options& options, tensor_view<const float> x) {
  return quantize(x, format.describe(x.shape(), groups), options);
}

int compare_paths(const input& in, const any_packable& format, const granularity& groups,
                  const quantize_options& options) {
  std::vector<float> dense(rows * cols);
  std::vector<float> spread(2 * rows * cols);
  for (std::size_t i = 0; i < dense.size(); ++i) spread[2 * i] = dense[i] = in.value(i);
  const tensor_shape shape{rows, cols};
  const any_packed_tensor fast =
      quantized(format, groups, options, tensor_view<const float>(dense.data(), shape));
  const any_packed_tensor slow =
      quantized(format, groups, options,
                tensor_view<const float>(spread.data(), shape,
                                         tensor_strides{static_cast<std::ptrdiff_t>(2 * cols), 2}));
  const std::string what =
      std::string(format.names->name) + ", " + to_string(groups) + ", " + in.name;
  EXPECT_TRUE(std::ranges::equal(fast.scales(), slow.scales())) << what;
  EXPECT_EQ(fast.counts(), slow.counts()) << what;
  for (std::size_t i = 0; i < fast.codes().size(); ++i) {
    if (fast.codes()[i] != slow.codes()[i]) {
      ADD_FAILURE() << what << ": byte " << i << " is "
                    << std::bitset<8>(std::to_integer<unsigned>(fast.codes()[i])) << ", expected "
                    << std::bitset<8>(std::to_integer<unsigned>(slow.codes()[i]));
      break;
    }
  }
  return 1;
}

TEST(quantizer, vector_path_equals_the_definition) {
  int cases = 0;
  for (const input& in : inputs) {
    for (const any_packable& format : all_packables()) {
      quantize_options options;
      if (format.is_block_format) {
        cases += compare_paths(in, format, per_tensor{}, options);
        continue;
      }
      options.nan = nan_mode::largest;
      for (const granularity& groups :
           {granularity(per_tensor{}), granularity(per_group{.size = 48}),
            granularity(per_block{.rows = 16, .cols = 40})}) {
        cases += compare_paths(in, format, groups, options);
      }
    }
  }
  EXPECT_EQ(cases, 6 * (3 * all_formats::size + all_block_formats::size));
}

TEST(quantizer, vector_path_equals_the_definition_under_other_rules) {
  for (const input& in : inputs) {
    for (const char* name : {"mxfp4", "mxfp8_e5m2", "mxfp6_e3m2", "nvfp4", "msfp12"}) {
      for (const scale_rule& rule :
           {scale_rule(scaling::pow2_floor{}), scale_rule(scaling::pow2_even{}),
            scale_rule(scaling::absmax{}), scale_rule(scaling::given{0.37F}),
            scale_rule(scaling::exponent_bias{3})}) {
        quantize_options options;
        options.rule = rule;
        compare_paths(in, find_packable(name), per_tensor{}, options);
        options.saturation = saturation_mode::propagate;
        options.infinities = inf_mode::poison;
        compare_paths(in, find_packable(name), per_tensor{}, options);
      }
    }
  }
}

TEST(quantizer, takes_executors_as_options) {
  std::vector<float> x(64 * 32);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = inputs[0].value(i);
  const auto w = matrix_view(x.data(), 64, 32);
  const any_packed_tensor alone = quantize<nvfp4>(w);
  threads pool(2);
  struct counting {
    int calls = 0;
    void execute(std::size_t tasks, function_ref<void(std::size_t)> task) {
      ++calls;
      for (std::size_t i = tasks; i > 0; --i) task(i - 1);
    }
  } own;
  for (const any_packed_tensor& other :
       {any_packed_tensor(quantize<nvfp4>(w, pool)),
        any_packed_tensor(quantize<nvfp4>(w, threads{2})),
        any_packed_tensor(quantize<nvfp4>(w, own)),
        any_packed_tensor(quantize<nvfp4>(w, executor_ref(pool)))}) {
    EXPECT_TRUE(std::ranges::equal(alone.codes(), other.codes()));
    EXPECT_TRUE(std::ranges::equal(alone.scales(), other.scales()));
    EXPECT_EQ(alone.counts(), other.counts());
  }
  EXPECT_EQ(own.calls, 1);
}

}  // namespace
