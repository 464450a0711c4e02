// SPDX-License-Identifier: MIT

// The contract of every catalogue entry, part 2: stochastic rounding, every variant and bit count.
// The random integer R is the library's own, random_bits(seed, stream, index, bits), which
// tests/core/random_test.cpp pins; given R, the oracle's exact rational decision is the reference.
// Inputs are placed where that decision flips: at the discarded fractions d around 1 - R / 2^bits.

#include "binade/core/random.hpp"
#include "contract_support.hpp"

namespace {

using contract::checker;
using contract::code_type;

constexpr std::uint64_t seed = 0x5eed5eed12345678;
constexpr std::uint64_t stream = 3;
constexpr int bit_counts[] = {1, 2, 4, 8, 16, 32};

class stochastic_contract : public ::testing::TestWithParam<std::string> {
 protected:
  const binade::any_format& f = contract::format_named(GetParam());
  const oracle::format& expected = contract::oracle_of(f);
};

/// The gaps that are tried: all, or a sample of at most some 250 with the outermost ones.
std::vector<std::size_t> sampled_gaps(const oracle::format& f) {
  const std::size_t gaps = f.stops.size() - 1;
  const std::size_t step = gaps <= 512 ? 1 : gaps / 256 + 1;
  std::vector<std::size_t> sample;
  for (std::size_t i = 0; i < gaps; ++i) {
    if (i % step == 0 || i < 4 || i + 4 >= gaps) sample.push_back(i);
  }
  return sample;
}

TEST_P(stochastic_contract, rounds_as_the_random_bits_say) {
  checker c(f.name());
  std::uint64_t index = 0;
  std::size_t away = 0;
  std::size_t gaps = 0;
  for (const std::size_t gap : sampled_gaps(expected)) {
    ++gaps;
    const double low = expected.stops[gap].value;
    const double high = expected.stops[gap + 1].value;
    const bool negative = high <= 0;
    const double inner = negative ? high : low;
    const double outer = negative ? low : high;
    for (const int bits : bit_counts) {
      for (const contract::variant_pair& variant : contract::variants) {
        const std::uint64_t at = ++index;
        const std::uint64_t random = binade::random_bits(seed, stream, at, bits);
        const binade::rounding::stochastic ours{seed, stream, bits, variant.ours, at};
        const oracle::rounding theirs(variant.theirs, bits, random);
        // The fraction where add_truncate flips, half a step of the grid of R below it, where the
        // other two do, and their neighbours; the rounding of the products does not matter, since
        // both sides get the same x.
        const double step = contract::two_to(-bits);
        const double flip = 1 - static_cast<double>(random) * step;
        for (const double d : {flip, flip - step / 2, flip - step, 0.5, step / 2}) {
          const double middle = inner + (outer - inner) * d;
          for (const double x : contract::doubles_at(middle)) {
            if (!(low < x && x < high)) continue;
            for (const contract::saturation_pair& policy : contract::saturations) {
              const oracle::number exact = oracle::number::of(x);
              const code_type wanted = encode(expected, exact, theirs, policy.theirs);
              const binade::conversion_rules rules{.saturation = policy.ours};
              const std::uint64_t got =
                  f.visit([&](const auto& s) { return encode(s, binade::unpack(x), ours, rules); });
              const auto describe = [&] {
                return contract::shown(x) + " with " + std::to_string(bits) +
                       " bits R = " + std::to_string(random) + ", " + variant.name + ", " +
                       policy.name;
              };
              c.check_code(expected, got, wanted, describe);
              c.check_code(expected, f.encode(binade::unpack(x), ours, rules), wanted, describe);
              away += encode(expected, x, oracle::mode::toward_zero, policy.theirs) != wanted;
              // Beyond the last finite value the policies differ; inside they cannot.
              if (!expected.stops[gap].overflow && !expected.stops[gap + 1].overflow) break;
            }
          }
        }
      }
    }
  }
  // Of the 15 points at least the 3 at 1/2 are inside a gap; each is tried under 6 bit counts and 3
  // variants, as a type and as a run-time value.
  const std::size_t least_gaps = std::min<std::size_t>(contract::finite_values(f) - 1, 250);
  EXPECT_GE(gaps, least_gaps);
  EXPECT_GE(c.count(), least_gaps * 6 * 3 * 3 * 2);
  // Both decisions are met often: the points lie on both sides of the flip.
  EXPECT_GE(away, c.count() / 20);
  EXPECT_LE(away, c.count() / 20 * 9);
}

TEST_P(stochastic_contract, leaves_values_and_specials_alone) {
  checker c(f.name());
  const auto check = [&](const binade::unpacked& x, double value, std::uint64_t at) {
    for (const contract::variant_pair& variant : contract::variants) {
      for (const contract::saturation_pair& policy : contract::saturations) {
        const binade::rounding::stochastic ours{seed, stream, 8, variant.ours, at};
        const oracle::rounding theirs(variant.theirs, 8, 255);
        const std::uint64_t wanted =
            encode(expected, oracle::number::of(value), theirs, policy.theirs);
        c.check_code(expected, f.encode(x, ours, {.saturation = policy.ours}), wanted, [&] {
          return contract::shown(value) + ", " + variant.name + ", " + policy.name;
        });
      }
    }
  };
  std::size_t tried = 0;
  // About 1,500 codes of the wider formats: the exact decision takes its time.
  const std::size_t step = expected.code_count() / 1500 | 1;
  for (std::size_t i = 0; i < expected.codes.size(); i += step) {
    const oracle::code_info& info = expected.codes[i];
    if (info.kind != oracle::code_kind::finite) continue;
    check(binade::unpack(info.value), info.value, ++tried);
  }
  for (const double x : {contract::infinity, -contract::infinity, 1e300, -1e300, 0.0}) {
    check(binade::unpack(x), x, ++tried);
  }
  EXPECT_GE(c.count(), contract::finite_values(f) / step * 9);
}

INSTANTIATE_TEST_SUITE_P(all, stochastic_contract, ::testing::ValuesIn(contract::format_names()),
                         contract::parameter_name);

/// Over all values of R the fraction of "up" is what the variant promises, exactly: floor(d 2^n),
/// floor(d 2^n + 1/2) and nearest_even(d 2^n) of 2^n. Source: DESIGN.md, section 4.
TEST(stochastic, goes_up_as_often_as_promised) {
  for (const int bits : {1, 2, 4, 8}) {
    const std::uint64_t count = std::uint64_t{1} << bits;
    for (int k = 0; k < 1 << 10; ++k) {
      // d = k / 2^10, so that 2^n d has a fraction for every n tried.
      const std::uint64_t fraction = static_cast<std::uint64_t>(k) << 54;
      const double scaled = std::ldexp(k, bits - 10);
      const double promised[] = {std::floor(scaled), std::floor(scaled + 0.5),
                                 std::nearbyint(scaled)};
      for (std::size_t v = 0; v < 3; ++v) {
        const binade::rounding::stochastic policy{.bits = bits,
                                                  .variant = contract::variants[v].ours};
        std::uint64_t ups = 0;
        for (std::uint64_t r = 0; r < count; ++r) ups += policy.rounds_up(fraction, r);
        ASSERT_EQ(static_cast<double>(ups), promised[v])
            << contract::variants[v].name << ", " << bits << " bits, d = " << k << " / 1024";
      }
    }
  }
}

}  // namespace
