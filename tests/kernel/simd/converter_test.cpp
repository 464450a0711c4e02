// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/converter.hpp"

#include "kernel/simd/convert_support.hpp"

namespace {

using namespace binade;
using namespace binade::test;

TEST(converter, policies_chosen_at_run_time_take_the_path_of_the_policy) {
  const std::vector<float> x = patterns(3000);
  for (const rounding::any& r :
       {rounding::any(rounding::ties_to_even{}), rounding::any(rounding::toward_negative{}),
        rounding::any(rounding::stochastic{.seed = 4})}) {
    expect_definition<e4m3fn>(x, r, {});
    expect_definition<posit8>(x, r, {});
  }
}

TEST(converter, sources_and_targets_without_a_kernel_take_the_definition) {
  const std::vector<float> x = patterns(3000);
  expect_definition<posit16>(x, rounding::ties_to_away{}, {});
  std::vector<takum16> y(x.size());
  reference::convert(x.data(), y.data(), x.size(), rounding::ties_to_even{}, {});
  expect_definition<e4m3fn>(y, rounding::ties_to_even{}, {.saturation = saturation_mode::none});
}

TEST(converter, tables_follow_every_rounding_and_rule) {
  std::vector<takum8> x;
  while (x.size() < 1500) for_each_code<takum8>([&](takum8 v) { x.push_back(v); });
  for (const auto saturation : {saturation_mode::finite, saturation_mode::none}) {
    expect_definition<e5m2>(x, rounding::toward_positive{}, {.saturation = saturation});
    expect_definition<float16>(x, rounding::to_odd{}, {.saturation = saturation});
    expect_definition<float>(x, rounding::toward_zero{}, {.saturation = saturation});
    expect_definition<e2m1fn>(x, rounding::ties_to_away{},
                              {.saturation = saturation, .nan = nan_mode::zero});
  }
}

}  // namespace
