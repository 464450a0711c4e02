// SPDX-License-Identifier: MIT

// The contract of every catalogue entry, part 5: what rounding promises without any oracle. That a
// code is what its own value encodes to, in every mode and policy, is in part 1; that stochastic
// rounding follows its random bits, in part 2.

#include "contract_support.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using binade::any_format;
using binade::rounding::any;
using contract::checker;

constexpr binade::conversion_rules clamping{.saturation = binade::saturation_mode::propagate};

class format_properties : public ::testing::TestWithParam<std::string> {
 protected:
  const any_format& f = contract::format_named(GetParam());
  const oracle::format& values = contract::oracle_of(f);  // for where the boundaries are
  checker c{f.name()};

  [[nodiscard]] std::uint64_t code_of(double x, const any& mode,
                                      const binade::conversion_rules& rules) const {
    return f.encode(binade::unpack(x), mode, rules);
  }
  [[nodiscard]] double value_of(std::uint64_t code) const {
    return contract::value_of(f.decode(code));
  }
  [[nodiscard]] double rounded(double x, const any& mode,
                               const binade::conversion_rules& rules = clamping) const {
    return value_of(code_of(x, mode, rules));
  }
  [[nodiscard]] bool is_codebook() const {
    return f.visit([](const auto& s) {
      return std::is_same_v<std::remove_cvref_t<decltype(s)>, binade::codebook_view>;
    });
  }
  [[nodiscard]] double largest() const { return value_of(f.describe().largest); }
  [[nodiscard]] double lowest() const { return value_of(f.describe().lowest); }

  /// Ascending finite inputs: about 3,000 boundaries and values, or all of them, the doubles beside
  /// them, and what lies far outside.
  [[nodiscard]] std::vector<double> inputs() const {
    const std::vector<double> points = oracle::landmarks(values);
    const std::size_t step = points.size() / 3000 | 1;
    std::vector<double> list = {1e300, -1e300, 1e-300, -1e-300};
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i % step != 0 && i >= 8 && i + 8 < points.size()) continue;
      for (const double x : contract::doubles_at(points[i])) list.push_back(x);
    }
    std::sort(list.begin(), list.end());
    return list;
  }
  static std::string about(double x, const contract::mode_pair& mode) {
    return contract::shown(x) + " in " + mode.name;
  }
  /// At least 3 inputs for each of 2 V - 1 points, or of some 2,000 where they are sampled.
  [[nodiscard]] std::size_t least_inputs() const {
    return 3 * std::min<std::size_t>(2 * contract::finite_values(f) - 1, 1500);
  }
};

TEST_P(format_properties, rounding_is_monotone) {
  const std::vector<double> list = inputs();
  for (const contract::mode_pair& mode : contract::modes) {
    for (const contract::saturation_pair& policy : contract::saturations) {
      double last = -contract::infinity;
      for (const double x : list) {
        const double y = rounded(x, mode.ours, {.saturation = policy.ours});
        if (std::isnan(y)) continue;  // overflow without infinity, a negative number without sign
        c.check(last <= y, [&] {
          return about(x, mode) + " gives " + contract::shown(y) +
                 ", less than a smaller input's " + contract::shown(last);
        });
        last = y;
      }
    }
  }
  // Unsigned formats lose the inputs below zero, which are fewer than half.
  EXPECT_GE(c.count(), least_inputs() / 2 * 18);
}

TEST_P(format_properties, signs_are_symmetric) {
  const bool is_integer = f.is_integer();
  if (is_codebook() || !f.describe().is_signed) {
    // Their values are not: nothing to hold them to.
    EXPECT_TRUE(is_codebook() || lowest() >= 0);
    return;
  }
  // Each mode's mirror image, in the order of contract::modes.
  const std::array<std::size_t, 6> mirror = {0, 1, 2, 4, 3, 5};
  for (const double x : inputs()) {
    if (is_integer && std::fabs(x) > largest()) continue;  // two's complement has one more below
    for (std::size_t m = 0; m < mirror.size(); ++m) {
      for (const contract::saturation_pair& policy : contract::saturations) {
        const binade::conversion_rules rules{.saturation = policy.ours};
        const double y = rounded(x, contract::modes[m].ours, rules);
        const double reflected = rounded(-x, contract::modes[mirror[m]].ours, rules);
        const bool same = f.describe().has_negative_zero ? contract::same_value(reflected, -y)
                          : std::isnan(y)                ? std::isnan(reflected)
                                                         : reflected == -y;
        c.check(same, [&] {
          return about(x, contract::modes[m]) + " gives " + contract::shown(y) +
                 ", its negative gives " + contract::shown(reflected);
        });
      }
    }
  }
  EXPECT_GE(c.count(), least_inputs() / 2 * 18);
}

TEST_P(format_properties, rounding_twice_is_rounding_once) {
  std::vector<double> list = inputs();
  for (const double x : oracle::special_inputs()) list.push_back(x);
  for (const contract::mode_pair& mode : contract::modes) {
    for (const contract::saturation_pair& policy : contract::saturations) {
      const binade::conversion_rules rules{.saturation = policy.ours};
      for (const double x : list) {
        const std::uint64_t once = code_of(x, mode.ours, rules);
        const std::uint64_t twice = f.encode(f.decode(once), mode.ours, rules);
        c.check(once == twice, [&] {
          return about(x, mode) + " gives " + contract::shown(values, once) + ", and that gives " +
                 contract::shown(values, twice);
        });
      }
    }
  }
  EXPECT_GE(c.count(), least_inputs() * 18);
}

TEST_P(format_properties, every_mode_gives_one_of_the_two_neighbours) {
  const any down_mode = binade::rounding::toward_negative{};
  const any up_mode = binade::rounding::toward_positive{};
  for (const double x : inputs()) {
    if (x < 0 && !f.describe().is_signed) continue;
    const double down = rounded(x, down_mode);
    const double up = rounded(x, up_mode);
    for (const contract::mode_pair& mode : contract::modes) {
      const double y = rounded(x, mode.ours);
      c.check(down <= y && y <= up && (y == down || y == up), [&] {
        return about(x, mode) + " gives " + contract::shown(y) + ", not " + contract::shown(down) +
               " or " + contract::shown(up);
      });
    }
    const bool inside = lowest() <= x && x <= largest();
    // Posits and takums never round to zero, not even down.
    const bool next_to_zero = values.never_rounds_to_zero && std::fabs(x) < values.codes[1].value;
    if (!inside || next_to_zero) continue;
    c.check(down <= x && x <= up, [&] { return contract::shown(x) + " is not enclosed"; });
    const double toward_zero = rounded(x, binade::rounding::toward_zero{});
    c.check(std::fabs(toward_zero) <= std::fabs(x) && (toward_zero == (x < 0 ? up : down)),
            [&] { return contract::shown(x) + " toward zero goes the wrong way"; });
  }
  EXPECT_GE(c.count(), least_inputs() / 2 * 6);
}

/// Rounding to odd into a finer format and then into a coarser one, in any mode, is rounding once
/// if the finer one has each value and each boundary of the coarser one at an even code: then an
/// odd result lies on the same side of all of them as the input, and no even result is inexact.
/// Source: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE TC 57 (2008).
bool is_fine_enough(const any_format& fine, const oracle::format& coarse) {
  const auto has = [&fine](double x) {
    const std::uint64_t code = fine.encode(binade::unpack(x), any{}, clamping);
    return contract::value_of(fine.decode(code)) == x && code % 2 == 0;
  };
  for (const oracle::stop& s : coarse.stops) {
    if (!has(s.value)) return false;
  }
  return std::all_of(coarse.boundaries.begin(), coarse.boundaries.end(), has);
}

TEST_P(format_properties, to_odd_first_changes_nothing) {
  const std::vector<double> list = inputs();
  std::size_t used = 0;
  for (const any_format& fine :
       {any_format::binary32(), contract::format_named("tfloat32"),
        contract::format_named("bfloat16"), contract::format_named("float16")}) {
    if (!is_fine_enough(fine, values)) continue;
    ++used;
    for (const double x : list) {
      const std::uint64_t odd =
          fine.encode(binade::unpack(x), binade::rounding::to_odd{}, clamping);
      for (const contract::mode_pair& mode : contract::modes) {
        for (const contract::saturation_pair& policy : contract::saturations) {
          const binade::conversion_rules rules{.saturation = policy.ours};
          const std::uint64_t direct = code_of(x, mode.ours, rules);
          const std::uint64_t by_odd = f.encode(fine.decode(odd), mode.ours, rules);
          c.check(direct == by_odd, [&] {
            return about(x, mode) + ", " + policy.name + " gives " +
                   contract::shown(values, direct) + ", through " + fine.name() + " to odd " +
                   contract::shown(values, by_odd);
          });
        }
      }
    }
  }
  EXPECT_GE(c.count(), least_inputs() * 18 * used);
  // binary32 is fine enough for all but codebooks, whose values are arbitrary floats, and formats
  // that reach the end of its range: takums, and those with its exponents.
  const std::string name = f.name();
  const bool too_much =
      is_codebook() || values.stops.back().value > std::numeric_limits<float>::max();
  EXPECT_EQ(used == 0, too_much);
  if (name == "e4m3fn" || name == "int8") {
    EXPECT_EQ(used, name == "int8" ? 3U : 4U);  // int8's boundaries need 9 bits, bfloat16 has 8
  }
}

/// The mean of n stochastic roundings of a number at the fraction d of its gap, in units of the
/// gap.
///
/// Rounding up has the probability p that the variant promises, which differs from d by less than
/// 2^-bits (rounding.hpp). The number of ups among n independent elements has a variance of
/// n p (1 - p) <= n / 4, so its mean is within 6 / sqrt(4 n) of p but for two elements of a billion
/// seeds; the seeds are fixed, so the test passes always or never.
TEST_P(format_properties, stochastic_rounding_has_the_right_mean) {
  constexpr std::uint64_t n = 4096;
  constexpr std::uint64_t seed = 0x0123456789abcdef;
  const std::size_t gaps = values.stops.size() - 1;
  std::size_t tried = 0;
  for (std::size_t k = 0; k < 8; ++k) {
    const std::size_t gap = gaps * k / 8;
    const double low = values.stops[gap].value;
    const double high = values.stops[gap + 1].value;
    if (values.stops[gap].overflow || values.stops[gap + 1].overflow) continue;
    if (values.never_rounds_to_zero && (low == 0 || high == 0)) continue;
    for (const int bits : {4, 8, 32}) {
      for (const contract::variant_pair& variant : contract::variants) {
        ++tried;
        const double x = low + (high - low) * (static_cast<double>(k) * 0.11 + 0.07);
        double sum = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
          const binade::rounding::stochastic mode{seed, k, bits, variant.ours, i};
          const double y = rounded(x, mode);
          c.check(y == low || y == high, [&] {
            return contract::shown(x) + " gives " + contract::shown(y) + ", no neighbour";
          });
          sum += y == high ? 1 : 0;
        }
        const double mean = sum / static_cast<double>(n);
        const double d = (x - low) / (high - low);
        const double bound = contract::two_to(-bits) + 6 / std::sqrt(4.0 * static_cast<double>(n));
        c.check(std::fabs(mean - d) <= bound, [&] {
          return contract::shown(x) + " goes up in " + std::to_string(mean) +
                 " of the cases, d is " + std::to_string(d) + ", " + variant.name + ", " +
                 std::to_string(bits) + " bits";
        });
      }
    }
  }
  EXPECT_GE(tried, std::min<std::size_t>(gaps, 4) / 2 * 9);
}

/// A stochastic result is a function of the seed, the stream and the index, and of nothing else:
/// not of the order of the calls; and each of the three matters.
TEST_P(format_properties, stochastic_rounding_is_reproducible) {
  constexpr std::uint64_t n = 256;
  // A gap of positive numbers with ends of the format: the one above the middle value.
  const std::size_t gap = values.stops.size() * 3 / 4 - 1;
  const double low = values.stops[gap].value;
  const double x = low + (values.stops[gap + 1].value - low) / 2;
  const auto run = [&](std::uint64_t seed, std::uint64_t stream, std::uint64_t first,
                       bool backwards) {
    std::vector<std::uint64_t> codes(n);
    for (std::uint64_t k = 0; k < n; ++k) {
      const std::uint64_t i = backwards ? n - 1 - k : k;
      const binade::rounding::stochastic mode{.seed = seed, .stream = stream, .index = first + i};
      codes[i] = code_of(x, mode, clamping);
    }
    return codes;
  };
  const std::vector<std::uint64_t> codes = run(1, 2, 3, false);
  EXPECT_EQ(codes, run(1, 2, 3, true)) << f.name();
  EXPECT_NE(codes, run(9, 2, 3, false)) << f.name();
  EXPECT_NE(codes, run(1, 9, 3, false)) << f.name();
  EXPECT_NE(codes, run(1, 2, 9, false)) << f.name();
  // Element i of one run is element i - 6 of a run that starts 6 later.
  const std::vector<std::uint64_t> later = run(1, 2, 9, false);
  EXPECT_TRUE(std::equal(codes.begin() + 6, codes.end(), later.begin())) << f.name();
}

INSTANTIATE_TEST_SUITE_P(all, format_properties, ::testing::ValuesIn(contract::format_names()),
                         contract::parameter_name);

}  // namespace
