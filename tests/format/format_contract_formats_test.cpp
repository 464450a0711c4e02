// SPDX-License-Identifier: MIT

// The contract of every catalogue entry, part 3: conversion from every other format, all codes of
// those with at most 8 bits and a sample of the wider ones, NaNs and infinities included.

#include "contract_support.hpp"

namespace {

using contract::checker;
using contract::code_type;

class format_pairs : public ::testing::TestWithParam<std::string> {
 protected:
  const binade::any_format& f = contract::format_named(GetParam());
  const oracle::format& expected = contract::oracle_of(f);
};

/// All codes of a source, those of wide ones sampled: every step-th (some 300, the step odd) and
/// the 8 at each quarter of the code space, where zeros, infinities and NaNs are.
std::vector<code_type> source_codes(const oracle::format& source) {
  std::vector<code_type> codes;
  const std::size_t step = source.code_count() / 300 | 1;
  for (std::size_t i = 0; i < source.code_count(); ++i) {
    const bool near_a_quarter = (i + 8) % (source.code_count() / 4) < 16;
    if (source.code_count() <= 256 || i % step == 0 || near_a_quarter) {
      codes.push_back(static_cast<code_type>(i));
    }
  }
  return codes;
}

TEST_P(format_pairs, converts_from_every_format) {
  checker c(f.name());
  for (const binade::any_format& source : contract::formats()) {
    const oracle::format& source_values = contract::oracle_of(source);
    for (const code_type code : source_codes(source_values)) {
      const contract::input x = contract::from_code(source, source_values, code);
      const auto check = [&](const contract::mode_pair& mode,
                             const contract::saturation_pair& policy) {
        const code_type wanted = encode(expected, x.exact, mode.theirs, policy.theirs);
        const std::uint64_t got = f.encode(x.ours, mode.ours, {.saturation = policy.ours});
        c.check_code(expected, got, wanted, [&] {
          return std::string(source.name()) + " " + contract::shown(source_values, code) + " in " +
                 mode.name + ", " + policy.name;
        });
      };
      for (const contract::mode_pair& mode : contract::modes) {
        for (const contract::saturation_pair& policy : contract::saturations) check(mode, policy);
      }
    }
  }
  // The formats of at most 8 bits: all their codes, in 6 modes and 3 policies.
  std::size_t least = 0;
  for (const binade::any_format& source : contract::formats()) {
    if (contract::code_count(source) <= 256) least += contract::code_count(source) * 18;
  }
  EXPECT_GE(c.count(), least);
}

INSTANTIATE_TEST_SUITE_P(all, format_pairs, ::testing::ValuesIn(contract::format_names()),
                         contract::parameter_name);

}  // namespace
