// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/paths.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace {

using namespace binade;
using simd::path;
using simd::path_of;

template <class To, class From>
void print_row(const char* from) {
  using even = rounding::ties_to_even;
  std::printf("%-10s %-14s %-10s %-10s %-10s %s\n", from, To::names.name,
              to_string(path_of<To, From, even>()),
              to_string(path_of<To, From, rounding::ties_to_away>()),
              to_string(path_of<To, From, rounding::toward_zero>()),
              to_string(path_of<To, From, rounding::stochastic>()));
}

TEST(paths, no_conversion_that_kernels_promise_runs_as_the_definition) {
  std::printf("%-10s %-14s %-10s %-10s %-10s %s\n", "from", "to", "even", "away", "zero",
              "stochastic");
  for_each_type(all_formats{}, []<class F>() {
    print_row<F, float>("float");
    using own = typename default_policies<F>::rounding;
    EXPECT_NE((path_of<F, float, own>()), path::reference) << F::names.name;
    EXPECT_NE((path_of<F, float16, own>()), path::reference) << F::names.name;
    EXPECT_NE((path_of<F, bfloat16, own>()), path::reference) << F::names.name;
    if constexpr (F::bit_count <= 8) {
      EXPECT_EQ((path_of<float, F, rounding::ties_to_even>()), path::table) << F::names.name;
      EXPECT_EQ((path_of<bfloat16, F, rounding::ties_to_even>()), path::table) << F::names.name;
    }
  });
  EXPECT_EQ((path_of<float, posit16, rounding::ties_to_even>()), path::wide_table);
  EXPECT_EQ((path_of<bfloat16, takum16, rounding::ties_to_even>()), path::wide_table);
  EXPECT_EQ((path_of<float, float16, rounding::ties_to_even>()), path::widen);
  EXPECT_EQ((path_of<float, bfloat16, rounding::ties_to_even>()), path::widen);
}

TEST(paths, truncation_has_kernels_too) {
  for_each_type(
      type_list<e4m3fn, e5m2, e2m1fn, hif8, posit8, takum8, e8m0fnu, int8, uint4, nf4, bfloat16>{},
      []<class F>() {
        EXPECT_NE((path_of<F, float, rounding::toward_zero>()), path::reference) << F::names.name;
      });
}

TEST(paths, ties_to_even_significand_has_one_where_every_tie_goes_up) {
  using significand = rounding::ties_to_even_significand;
  EXPECT_EQ((path_of<e8m0fnu, float, significand>()), path::ranks);
  EXPECT_EQ((path_of<e3m0, float, significand>()), path::reference);
  EXPECT_EQ((path_of<e4m3fn, float, significand>()), path::reference);
  EXPECT_EQ((path_of<hif8, float, significand>()), path::reference);
}

TEST(paths, stochastic_rounding_of_minifloats_has_a_kernel) {
  EXPECT_EQ((path_of<e4m3fn, float, rounding::stochastic>()), path::stochastic);
  EXPECT_EQ((path_of<e2m1fn, bfloat16, rounding::stochastic>()), path::stochastic);
  EXPECT_EQ((path_of<posit8, float, rounding::stochastic>()), path::reference);
}

TEST(paths, other_sources_run_as_the_definition) {
  EXPECT_EQ((path_of<e4m3fn, double, rounding::ties_to_even>()), path::reference);
  EXPECT_EQ((path_of<e4m3fn, posit16, rounding::ties_to_even>()), path::reference);
}

}  // namespace
