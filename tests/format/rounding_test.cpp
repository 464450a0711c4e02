// SPDX-License-Identifier: MIT

#include "binade/format/rounding.hpp"

#include "contract_support.hpp"

namespace {

using namespace binade;
namespace r = binade::rounding;

static_assert(rounding_policy<r::ties_to_even> && rounding_policy<r::ties_to_even_significand> &&
              rounding_policy<r::ties_to_away> && rounding_policy<r::toward_zero> &&
              rounding_policy<r::toward_positive> && rounding_policy<r::toward_negative> &&
              rounding_policy<r::to_odd> && rounding_policy<r::stochastic> &&
              rounding_policy<r::hif8_hybrid> && rounding_policy<r::any>);
static_assert(!rounding_policy<int> && !rounding_policy<r::mode>);

constexpr std::uint64_t half = std::uint64_t{1} << 63;

struct row {
  const char* what;
  discarded_part part;
  // kept (0) or kept + 1 (1), for: even, even significand, away, zero, positive, negative, odd
  int up[7];
};

/// kept is 10 (even) or 11 (odd).
discarded_part part(std::uint64_t kept, std::uint64_t fraction, bool negative) {
  discarded_part d{};
  d.kept = kept;
  d.fraction = fraction;
  d.versus_half = fraction < half ? -1 : fraction > half;
  d.negative = negative;
  d.kept_is_odd = d.significand_is_odd = (kept & 1) != 0;
  return d;
}

/// The definitions, spelled out. Source: IEEE 754-2019, 4.3; P3109.
const row table[] = {
    {"exact", part(10, 0, false), {0, 0, 0, 0, 0, 0, 0}},
    {"exact, odd", part(11, 0, false), {0, 0, 0, 0, 0, 0, 0}},
    {"exact, negative", part(11, 0, true), {0, 0, 0, 0, 0, 0, 0}},
    {"a trace", part(10, 1, false), {0, 0, 0, 0, 1, 0, 1}},
    {"a trace, odd", part(11, 1, false), {0, 0, 0, 0, 1, 0, 0}},
    {"a trace, negative", part(10, 1, true), {0, 0, 0, 0, 0, 1, 1}},
    {"below half", part(10, half - 1, false), {0, 0, 0, 0, 1, 0, 1}},
    {"tie, even", part(10, half, false), {0, 0, 1, 0, 1, 0, 1}},
    {"tie, odd", part(11, half, false), {1, 1, 1, 0, 1, 0, 0}},
    {"tie, negative even", part(10, half, true), {0, 0, 1, 0, 0, 1, 1}},
    {"tie, negative odd", part(11, half, true), {1, 1, 1, 0, 0, 1, 0}},
    {"above half", part(10, half + 1, false), {1, 1, 1, 0, 1, 0, 1}},
    {"above half, odd", part(11, half + 1, true), {1, 1, 1, 0, 0, 1, 0}},
    {"almost one", part(10, ~std::uint64_t{0}, false), {1, 1, 1, 0, 1, 0, 1}},
};

template <class Policy>
void expect_column(const Policy& policy, int column) {
  for (const row& line : table) {
    const std::uint64_t expected = line.part.kept + static_cast<std::uint64_t>(line.up[column]);
    EXPECT_EQ(policy(line.part), expected) << line.what << ", column " << column;
    EXPECT_EQ(r::any(policy)(line.part), expected) << line.what << ", run time";
  }
}

TEST(rounding, each_mode_is_its_definition) {
  expect_column(r::ties_to_even{}, 0);
  expect_column(r::ties_to_even_significand{}, 1);
  expect_column(r::ties_to_away{}, 2);
  expect_column(r::toward_zero{}, 3);
  expect_column(r::toward_positive{}, 4);
  expect_column(r::toward_negative{}, 5);
  expect_column(r::to_odd{}, 6);
}

/// Without a mantissa bit the hidden bit is the last one, and odd. Source: ml_dtypes' e8m0.
TEST(rounding, even_significand_differs_where_the_significand_is_odd_and_the_code_even) {
  discarded_part d = part(10, half, false);
  d.significand_is_odd = true;
  EXPECT_EQ(r::ties_to_even{}(d), 10U);
  EXPECT_EQ(r::ties_to_even_significand{}(d), 11U);
  d = part(11, half, false);
  d.significand_is_odd = false;
  EXPECT_EQ(r::ties_to_even{}(d), 12U);
  EXPECT_EQ(r::ties_to_even_significand{}(d), 11U);
}

TEST(rounding, inward_modes_stay_finite) {
  for (const bool negative : {false, true}) {
    EXPECT_FALSE(r::ties_to_even{}.stays_finite(negative));
    EXPECT_FALSE(r::ties_to_even_significand{}.stays_finite(negative));
    EXPECT_FALSE(r::ties_to_away{}.stays_finite(negative));
    EXPECT_TRUE(r::toward_zero{}.stays_finite(negative));
    EXPECT_EQ(r::toward_positive{}.stays_finite(negative), negative);
    EXPECT_EQ(r::toward_negative{}.stays_finite(negative), !negative);
    EXPECT_FALSE(r::to_odd{}.stays_finite(negative));
    EXPECT_FALSE(r::stochastic{}.stays_finite(negative));
    EXPECT_FALSE(r::hif8_hybrid{}.stays_finite(negative));
    for (const contract::mode_pair& mode : contract::modes) {
      const bool inward = mode.theirs == oracle::mode::toward_zero ||
                          (mode.theirs == oracle::mode::toward_positive && negative) ||
                          (mode.theirs == oracle::mode::toward_negative && !negative);
      EXPECT_EQ(mode.ours.stays_finite(negative), inward) << mode.name;
    }
  }
}

TEST(rounding, any_visits_the_policy_it_was_made_of) {
  const auto is = []<class Policy>(const r::any& a, Policy) {
    return a.visit([](const auto& policy) {
      return std::is_same_v<std::remove_cvref_t<decltype(policy)>, Policy>;
    });
  };
  EXPECT_TRUE(is(r::any{}, r::ties_to_even{}));
  EXPECT_TRUE(is(r::ties_to_even{}, r::ties_to_even{}));
  EXPECT_TRUE(is(r::ties_to_even_significand{}, r::ties_to_even_significand{}));
  EXPECT_TRUE(is(r::ties_to_away{}, r::ties_to_away{}));
  EXPECT_TRUE(is(r::toward_zero{}, r::toward_zero{}));
  EXPECT_TRUE(is(r::toward_positive{}, r::toward_positive{}));
  EXPECT_TRUE(is(r::toward_negative{}, r::toward_negative{}));
  EXPECT_TRUE(is(r::to_odd{}, r::to_odd{}));
  EXPECT_TRUE(is(r::stochastic{}, r::stochastic{}));
  EXPECT_TRUE(is(r::hif8_hybrid{}, r::hif8_hybrid{}));
  EXPECT_FALSE(r::any(r::hif8_hybrid{.guard = false}).guard);
  EXPECT_EQ(r::any(r::stochastic{.seed = 7, .bits = 16}).random.bits, 16);
}

TEST(rounding, defaults_of_stochastic) {
  constexpr r::stochastic s;
  static_assert(s.seed == 0 && s.stream == 0 && s.bits == 8 && s.index == 0);
  static_assert(s.variant == r::stochastic_variant::add_truncate);
  static_assert(r::hif8_hybrid{}.guard);
}

TEST(rounding, at_moves_the_index_of_stochastic_and_nothing_else) {
  const r::stochastic s{.seed = 9, .stream = 2, .bits = 4, .index = 100};
  EXPECT_EQ(s.at(23).index, 123U);
  EXPECT_EQ(s.at(23).seed, 9U);
  EXPECT_EQ(r::any(s).at(23).random.index, 123U);
  int differing = 0;
  for (std::uint64_t i = 0; i < 64; ++i) {
    const discarded_part d = part(10, half, false);
    const r::stochastic moved{.seed = 9, .stream = 2, .bits = 4, .index = 100 + i};
    EXPECT_EQ(s.at(i)(d), moved(d));
    EXPECT_EQ(r::any(s).at(i)(d), moved(d));
    EXPECT_EQ(r::ties_to_away{}.at(i)(d), 11U);
    EXPECT_EQ(r::toward_zero{}.at(i)(d), 10U);
    differing += s.at(i)(d) != s(d);
  }
  EXPECT_GT(differing, 8);  // a fair coin, 64 times: fewer has probability below 1e-9
}

/// Every fraction with 6 bits and its neighbours, every R: the exact rational decision.
TEST(rounding, stochastic_decides_as_the_exact_rational) {
  for (const int bits : {1, 2, 4}) {
    for (const contract::variant_pair& variant : contract::variants) {
      const r::stochastic policy{.bits = bits, .variant = variant.ours};
      for (std::uint64_t k = 0; k < 64; ++k) {
        for (const int delta : {-1, 0, 1}) {
          const std::uint64_t fraction = (k << 58) + static_cast<std::uint64_t>(delta);
          if (fraction == 0 || (k == 0 && delta < 0)) continue;
          const oracle::rational d =
              oracle::rational(mpz_class(static_cast<unsigned long>(fraction))) *
              oracle::two_to(-64);
          for (std::uint64_t random = 0; random < 1U << bits; ++random) {
            EXPECT_EQ(policy.rounds_up(fraction, random),
                      goes_away(d, oracle::rounding(variant.theirs, bits, random)))
                << variant.name << ", " << bits << " bits, R " << random << ", d = " << k
                << " / 64 + " << delta << " * 2^-64";
          }
        }
      }
    }
  }
}

/// With 32 bits the shifts of the fraction are at their ends.
TEST(rounding, stochastic_decides_as_the_exact_rational_with_32_bits) {
  for (const contract::variant_pair& variant : contract::variants) {
    const r::stochastic policy{.bits = 32, .variant = variant.ours};
    for (const std::uint64_t fraction :
         {UINT64_C(1), UINT64_C(0x80000000), UINT64_C(0x80000001), UINT64_C(0x100000000),
          UINT64_C(0x180000000), half - 1, half, ~UINT64_C(0), ~UINT64_C(0) << 31}) {
      const oracle::rational d =
          oracle::rational(mpz_class(static_cast<unsigned long>(fraction))) * oracle::two_to(-64);
      const std::uint64_t flip = (std::uint64_t{1} << 32) - (fraction >> 32);
      for (const std::uint64_t random :
           {UINT64_C(0), UINT64_C(1), flip - 2, flip - 1, flip, flip + 1, UINT64_C(0xffffffff)}) {
        if (random >> 32 != 0) continue;
        EXPECT_EQ(policy.rounds_up(fraction, random),
                  goes_away(d, oracle::rounding(variant.theirs, 32, random)))
            << variant.name << ", R " << random << ", d = " << fraction << " * 2^-64";
      }
    }
  }
}

TEST(rounding, stochastic_keeps_exact_values) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    EXPECT_EQ((r::stochastic{.index = i})(part(11, 0, i % 2 != 0)), 11U);
  }
}

TEST(rounding, has_the_names_of_its_policies) {
  using binade::to_string;
  EXPECT_STREQ(to_string(r::any(r::ties_to_even{}).mode), "ties_to_even");
  EXPECT_STREQ(to_string(r::any(r::ties_to_even_significand{}).mode), "ties_to_even_significand");
  EXPECT_STREQ(to_string(r::any(r::ties_to_away{}).mode), "ties_to_away");
  EXPECT_STREQ(to_string(r::any(r::toward_zero{}).mode), "toward_zero");
  EXPECT_STREQ(to_string(r::any(r::toward_positive{}).mode), "toward_positive");
  EXPECT_STREQ(to_string(r::any(r::toward_negative{}).mode), "toward_negative");
  EXPECT_STREQ(to_string(r::any(r::to_odd{}).mode), "to_odd");
  EXPECT_STREQ(to_string(r::any(r::stochastic{}).mode), "stochastic");
  EXPECT_STREQ(to_string(r::any(r::hif8_hybrid{}).mode), "hif8_hybrid");
  EXPECT_STREQ(to_string(r::stochastic_variant::add_truncate), "add_truncate");
  EXPECT_STREQ(to_string(r::stochastic_variant::centered), "centered");
  EXPECT_STREQ(to_string(r::stochastic_variant::round_then_add), "round_then_add");
}

TEST(rounding, is_usable_in_constant_expressions) {
  static_assert(r::ties_to_even{}(discarded_part{.kept = 3,
                                                 .fraction = half,
                                                 .versus_half = 0,
                                                 .negative = false,
                                                 .kept_is_odd = true,
                                                 .significand_is_odd = true}) == 4);
  static_assert(r::any(r::toward_zero{}).mode == r::mode::toward_zero);
  static_assert(discarded_part{}.exact() && discarded_part{}.is_half() &&
                !discarded_part{}.above_half());
}

}  // namespace
