// SPDX-License-Identifier: MIT

// The contract of every catalogue entry, part 1: decode of every code, and encode at every rounding
// boundary and value and next to them, from every kind of source, in every deterministic mode and
// saturation policy, against the exact oracle. The codec functions are called with the spec, both
// with the policy as a type and as a run-time value; format_contract_typed_*_test.cpp ties the
// value types to them.

#include "contract_support.hpp"

namespace {

using contract::checker;
using contract::code_type;
using contract::input;

class format_contract : public ::testing::TestWithParam<std::string> {
 protected:
  const binade::any_format& f = contract::format_named(GetParam());
  const oracle::format& expected = contract::oracle_of(f);
};

TEST_P(format_contract, decodes_every_code) {
  checker c(f.name());
  ASSERT_EQ(contract::code_count(f), expected.code_count());
  std::size_t finite = 0;
  for (const oracle::code_info& info : expected.codes) {
    const binade::unpacked got = f.decode(info.code);
    const binade::value_class kind = f.classify(info.code);
    const binade::value_class wanted =
        info.kind == oracle::code_kind::nan        ? binade::value_class::nan
        : info.kind == oracle::code_kind::infinity ? binade::value_class::infinity
        : info.value == 0                          ? binade::value_class::zero
                                                   : binade::value_class::finite;
    const bool nan_is_negative = info.kind == oracle::code_kind::nan && expected.nan_has_sign &&
                                 (info.code & expected.sign_bit()) != 0;
    c.check(kind == wanted && got.kind == wanted &&
                contract::same_value(contract::value_of(got), info.value) &&
                (wanted != binade::value_class::nan || got.negative == nan_is_negative),
            [&] {
              return contract::shown(expected, info.code) + " decodes to " +
                     contract::shown(contract::value_of(got)) + ", kind " +
                     std::to_string(static_cast<int>(got.kind)) + ", classify says " +
                     std::to_string(static_cast<int>(kind));
            });
    finite += wanted == binade::value_class::finite || wanted == binade::value_class::zero;
  }
  EXPECT_GE(c.count(), contract::code_count(f));
  // Both zeros are codes but one value.
  EXPECT_EQ(finite, contract::finite_values(f) + (expected.negative_zero ? 1 : 0));
}

TEST_P(format_contract, encodes_decoded_codes_as_they_were) {
  checker c(f.name());
  for (const oracle::code_info& info : expected.codes) {
    if (info.kind == oracle::code_kind::nan) continue;
    const binade::unpacked value = f.decode(info.code);
    for (const contract::mode_pair& mode : contract::modes) {
      for (const contract::saturation_pair& policy : contract::saturations) {
        // Infinities stay infinities where they are kept.
        if (info.kind == oracle::code_kind::infinity &&
            policy.ours == binade::saturation_mode::finite) {
          continue;
        }
        const std::uint64_t got = f.encode(value, mode.ours, {.saturation = policy.ours});
        c.check(got == info.code, [&] {
          return contract::shown(expected, info.code) + " comes back as " +
                 contract::shown(expected, got) + " in " + mode.name + ", " + policy.name;
        });
      }
    }
  }
  // Finite codes under 3 policies and 6 modes.
  EXPECT_GE(c.count(), contract::finite_values(f) * 18);
}

/// Each deterministic policy as a type, in the order of contract::modes.
template <class Spec>
std::array<std::uint64_t, 6> encode_with_types(const Spec& s, const binade::unpacked& x,
                                               binade::conversion_rules rules) {
  namespace rounding = binade::rounding;
  return {encode(s, x, rounding::ties_to_even{}, rules),
          encode(s, x, rounding::ties_to_away{}, rules),
          encode(s, x, rounding::toward_zero{}, rules),
          encode(s, x, rounding::toward_positive{}, rules),
          encode(s, x, rounding::toward_negative{}, rules),
          encode(s, x, rounding::to_odd{}, rules)};
}

void check_input(checker& c, const binade::any_format& f, const oracle::format& expected,
                 const input& x, const char* source) {
  const std::size_t at = std::isfinite(x.exact.value) ? find_stop(expected, x.exact) : 0;
  for (const contract::saturation_pair& policy : contract::saturations) {
    const binade::conversion_rules rules{.saturation = policy.ours};
    const std::array<std::uint64_t, 6> typed =
        f.visit([&](const auto& s) { return encode_with_types(s, x.ours, rules); });
    for (std::size_t m = 0; m < contract::modes.size(); ++m) {
      const contract::mode_pair& mode = contract::modes[m];
      const code_type wanted = encode_at(expected, x.exact, at, mode.theirs, policy.theirs);
      const auto describe = [&] {
        return std::string(source) + " " + contract::shown(x.exact) + " in " + mode.name + ", " +
               policy.name;
      };
      c.check_code(expected, typed[m], wanted, describe);
      c.check_code(expected, f.encode(x.ours, mode.ours, rules), wanted, describe);
    }
  }
}

TEST_P(format_contract, encodes_every_boundary_value_and_neighbour) {
  const binade::any_format& half = contract::format_named("float16");
  const binade::any_format& brain = contract::format_named("bfloat16");
  const oracle::format& half_values = oracle::by_name("float16");
  const oracle::format& brain_values = oracle::by_name("bfloat16");
  checker c(f.name());
  std::size_t points = 0;
  for (const double point : contract::sampled_landmarks(expected)) {
    ++points;
    for (const double x : contract::doubles_at(point)) {
      check_input(c, f, expected, contract::from_double(x), "double");
    }
    for (const float x : contract::floats_at(point)) {
      check_input(c, f, expected, contract::from_float(x), "float");
    }
    for (const code_type x : contract::codes_at(half_values, point)) {
      check_input(c, f, expected, contract::from_code(half, half_values, x), "float16");
    }
    for (const code_type x : contract::codes_at(brain_values, point)) {
      check_input(c, f, expected, contract::from_code(brain, brain_values, x), "bfloat16");
    }
    for (const std::int64_t x : contract::integers_at(point)) {
      check_input(c, f, expected, contract::from_integer(x), "int64");
    }
  }
  // V finite values have V - 1 boundaries between them. At each of these points (of formats wider
  // than 16 bits at each step-th): 3 neighbours x 5 source types (double, float, float16, bfloat16,
  // int64) x 6 modes x 3 policies, each as a type and as a run-time value.
  const std::size_t values = contract::finite_values(f);
  const std::size_t least_points = (2 * values - 1) / contract::sampling_step(values);
  EXPECT_GE(points, least_points);
  EXPECT_GE(c.count(), least_points * 3 * 5 * 6 * 3 * 2);
}

/// The formats whose landmarks the test above samples.
class wide_format_contract : public format_contract {};

TEST_P(wide_format_contract, encodes_every_boundary_in_its_own_mode) {
  const oracle::rounding own_mode = default_rounding(expected);
  const oracle::saturation own = default_saturation(expected);
  checker c(f.name());
  std::size_t points = 0;
  const auto check = [&](const input& x, const char* source) {
    c.check_code(expected, f.encode(x.ours, f.default_rounding(), f.default_rules()),
                 encode(expected, x.exact, own_mode, own),
                 [&] { return std::string(source) + " " + contract::shown(x.exact); });
  };
  for (const double point : oracle::landmarks(expected)) {
    ++points;
    for (const double x : contract::doubles_at(point)) check(contract::from_double(x), "double");
    for (const float x : contract::floats_at(point)) check(contract::from_float(x), "float");
  }
  const std::size_t values = contract::finite_values(f);
  EXPECT_GE(points, 2 * values - 1);
  EXPECT_GE(c.count(), (2 * values - 1) * 3 * 2);
}

TEST_P(format_contract, encodes_special_inputs) {
  checker c(f.name());
  for (const double x : oracle::special_inputs()) {
    check_input(c, f, expected, contract::from_double(x), "double");
    const auto narrow = static_cast<float>(x);
    check_input(c, f, expected, contract::from_float(narrow), "float");
  }
  // Every NaN of a source, and the extremes of the integer types.
  for (const std::uint32_t bits :
       {0x7f800001U, 0x7fc00000U, 0x7fffffffU, 0xff800001U, 0xffffffffU}) {
    check_input(c, f, expected, contract::from_float(oracle::float_of(bits)), "float");
  }
  for (const std::int64_t x : {INT64_MIN, INT64_C(-1), INT64_C(0)}) {
    check_input(c, f, expected, contract::from_integer(x), "int64");
  }
  for (const std::uint64_t x : {UINT64_C(0), UINT64_C(1), UINT64_C(1) << 63}) {
    check_input(c, f, expected, contract::from_integer(x), "uint64");
  }
  EXPECT_GE(c.count(), 30U * 2 * 36);
}

/// NaN and negative numbers where the format has no code for them.
TEST_P(format_contract, follows_the_rules_for_nan_and_negative_numbers) {
  using binade::nan_mode;
  using binade::negative_mode;
  checker c(f.name());
  const binade::unpacked nan = binade::unpack(std::numeric_limits<float>::quiet_NaN());
  for (const nan_mode rule : {nan_mode::largest, nan_mode::zero, nan_mode::error}) {
    const std::uint64_t got = f.encode(nan, binade::rounding::ties_to_even{}, {.nan = rule});
    const std::uint64_t zero =
        encode(expected, 0.0, oracle::mode::ties_to_even, oracle::saturation::finite);
    const std::uint64_t wanted = expected.nan             ? *expected.nan
                                 : rule == nan_mode::zero ? zero
                                                          : expected.extreme(false).code;
    c.check_code(expected, got, wanted,
                 [&] { return "NaN under nan rule " + std::to_string(static_cast<int>(rule)); });
  }
  for (const double x : {1.0, 0.3, 1e6, contract::infinity}) {
    for (const contract::mode_pair& mode : contract::modes) {
      for (const contract::saturation_pair& policy : contract::saturations) {
        const std::uint64_t got =
            f.encode(binade::unpack(-x), mode.ours,
                     {.saturation = policy.ours, .negative = negative_mode::abs});
        // In an unsigned format abs makes x of -x before it is rounded.
        const double value = expected.is_signed ? -x : x;
        c.check_code(expected, got, encode(expected, value, mode.theirs, policy.theirs), [&] {
          return contract::shown(-x) + " under negative::abs in " + mode.name + ", " + policy.name;
        });
      }
    }
  }
  EXPECT_EQ(c.count(), 3U + 4 * 18);
}

INSTANTIATE_TEST_SUITE_P(all, format_contract, ::testing::ValuesIn(contract::format_names()),
                         contract::parameter_name);

std::vector<std::string> wide_names() {
  std::vector<std::string> names;
  for (const binade::any_format& f : contract::formats()) {
    if (contract::sampling_step(contract::finite_values(f)) != 1) names.emplace_back(f.name());
  }
  return names;
}
INSTANTIATE_TEST_SUITE_P(all, wide_format_contract, ::testing::ValuesIn(wide_names()),
                         contract::parameter_name);

}  // namespace
