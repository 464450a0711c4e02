// SPDX-License-Identifier: MIT

// The tabulated encode against the search that it stands for.

#include "oracle/cells.hpp"

#include "oracle/boundaries.hpp"
#include "oracle/test_support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace oracle_test;

/// All formats that fit but tfloat32, which has more than 16 bits, and the codebooks, whose values
/// have 24 significant bits.
std::vector<std::string> tabulated_names() {
  std::vector<std::string> names;
  for (const std::string& name : oracle::all_names()) {
    if (name != "tfloat32" && name != "nf4" && name != "dynamic8") names.push_back(name);
  }
  return names;
}

TEST(OracleCells, equal_the_search_at_every_landmark_and_its_neighbours) {
  std::size_t checks = 0;
  for (const std::string& name : tabulated_names()) {
    const format& f = by_name(name);
    for (const mode m : {mode::ties_to_even, mode::ties_to_away, mode::toward_positive}) {
      for (const saturation s : {saturation::propagate, saturation::none}) {
        if (f.bits > 8 && (m != mode::ties_to_even || s != saturation::none)) continue;
        const oracle::cell_table table(f, m, s);
        const auto check = [&](const oracle::nearby& x) {
          ASSERT_EQ(table.code(x), encode(f, x, m, s))
              << name << ", " << x.value << " with tail " << x.tail;
          ++checks;
        };
        for (const double x : oracle::interesting_doubles(f)) {
          check({x, 0});
          if (std::isfinite(x) && x != 0) {
            check({x, 1});
            check({x, -1});
          }
          if (HasFatalFailure()) return;
        }
      }
    }
  }
  EXPECT_GT(checks, 10000000U);
}

TEST(OracleCells, equal_the_search_at_random_doubles) {
  std::mt19937_64 random(20240606);
  for (const char* name : {"float16", "bfloat16", "posit16", "takum16", "e4m3fn", "int8"}) {
    const format& f = by_name(name);
    const oracle::cell_table table(f, mode::ties_to_even, saturation::none);
    std::uniform_real_distribution<double> exponent(-300, 300);
    for (int i = 0; i < 100000; ++i) {
      const double x = std::exp2(exponent(random)) * (random() % 2 == 0 ? 1 : -1);
      ASSERT_EQ(table.code({x, 0}), encode(f, x, mode::ties_to_even, saturation::none))
          << name << ", " << x;
    }
  }
}

TEST(OracleCells, refuse_what_does_not_fit) {
  const auto make = [](const char* name, const oracle::rounding& r) {
    return oracle::cell_table(by_name(name), r, saturation::none);
  };
  EXPECT_THROW(make("tfloat32", mode::ties_to_even), std::invalid_argument);
  EXPECT_THROW(make("dynamic8", mode::ties_to_even), std::invalid_argument);
  EXPECT_THROW(make("e4m3fn", {oracle::stochastic_variant::centered, 8, 0}), std::invalid_argument);
  const oracle::cell_table table = make("e4m3fn", mode::ties_to_even);
  EXPECT_THROW(static_cast<void>(table.code({0.0, 1})), std::invalid_argument);
}

}  // namespace
