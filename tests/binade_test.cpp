// SPDX-License-Identifier: MIT
#include "binade/binade.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

// The umbrella header is enough for the README's first program, and its run-time twin.

TEST(binade, the_first_program_of_the_readme_works) {
  std::vector<float> data(64 * 48);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(binade::standard_normal(1, 0, i));
  }
  std::vector<float> restored(data.size());
  auto w = binade::matrix_view(data.data(), 64, 48);
  auto out = binade::matrix_view(restored.data(), 64, 48);
  auto q = binade::quantize<binade::nvfp4>(w);
  auto p = binade::quantize<binade::e4m3fn>(w, binade::per_channel{.axis = 0});
  binade::dequantize(q, out);
  const double four_bits = binade::metrics::sqnr_db(w, out);
  binade::dequantize(p, out);
  const double eight_bits = binade::metrics::sqnr_db(w, out);
  // A normal source: NVFP4 gives about 20.4 dB, E4M3 about 31.6 dB; 1 dB is far beyond the spread
  // of 3072 samples (standard error of the noise power below 3%, 0.13 dB).
  EXPECT_NEAR(four_bits, 20.4, 1);
  EXPECT_NEAR(eight_bits, 31.6, 1);
  EXPECT_EQ(q.size_bytes(), 64U * 48 / 2 + 64 * 3 + 4);
  EXPECT_EQ(p.size_bytes(), 64U * 48 + 64 * 4);

  const auto up = binade::convert<binade::e5m2>(1e6F, binade::rounding::toward_positive{},
                                                binade::saturation::none{});
  EXPECT_TRUE(isinf(up));
}

TEST(binade, typed_and_run_time_calls_give_the_same_bytes) {
  std::vector<float> data(7 * 50);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(binade::standard_normal(2, 0, i));
  }
  const binade::tensor_view<const float> w = binade::matrix_view(data.data(), 7, 50);
  const auto same = [](const binade::any_packed_tensor& a, const binade::any_packed_tensor& b) {
    return std::ranges::equal(a.codes(), b.codes()) && std::ranges::equal(a.scales(), b.scales()) &&
           a.tensor_scale() == b.tensor_scale();
  };
  int compared = 0;
  const auto check = [&]<class F>() {
    binade::quantize_options options;
    options.rounding = binade::rounding::stochastic{.seed = 4};
    options.groups = binade::per_group{.size = 16};
    options.negative = binade::negative_mode::abs;
    const auto typed = binade::quantize<F>(w, options);
    const binade::any_packable& found = binade::find_packable(F::names.name);
    const auto run_time = binade::quantize(w, found.describe(w.shape(), options.groups), options);
    EXPECT_TRUE(same(typed, run_time)) << F::names.name;
    ++compared;
  };
  binade::for_each_type(binade::all_formats{}, check);
  binade::for_each_type(binade::all_block_formats{}, check);
  EXPECT_EQ(static_cast<std::size_t>(compared), binade::all_packables().size());
}

}  // namespace
