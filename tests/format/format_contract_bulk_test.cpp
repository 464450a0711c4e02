// SPDX-License-Identifier: MIT

// The contract of every catalogue entry, part 4: bulk conversion of binary32, which takes vector
// instructions where it can, at every rounding boundary and value and next to them, in every mode,
// saturating and not, against the oracle and not against the scalar code.

#include "binade/kernel/convert.hpp"
#include "contract_support.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace binade;

struct bulk_calls {
  const char* name;
  std::vector<std::uint32_t> (*convert)(std::span<const float>, const rounding::any&,
                                        saturation_mode);
};

template <class F, class Saturation>
std::vector<std::uint32_t> codes_of(std::span<const float> x, const rounding::any& mode,
                                    Saturation saturation) {
  std::vector<F> out(x.size());
  convert(x, std::span<F>(out), mode, saturation);
  std::vector<std::uint32_t> codes;
  for (const F value : out) codes.push_back(value.bits());
  return codes;
}

template <class F>
bulk_calls bulk_calls_of() {
  return {F::names.name,
          [](std::span<const float> x, const rounding::any& mode, saturation_mode policy) {
            if (policy == saturation_mode::finite) {
              return codes_of<F>(x, mode, saturation::finite{});
            }
            if (policy == saturation_mode::propagate) {
              return codes_of<F>(x, mode, saturation::propagate{});
            }
            return codes_of<F>(x, mode, saturation::none{});
          }};
}

const std::vector<bulk_calls>& table() {
  static const std::vector<bulk_calls> all = [] {
    std::vector<bulk_calls> list;
    for_each_type(all_formats{}, [&list]<class F>() { list.push_back(bulk_calls_of<F>()); });
    return list;
  }();
  return all;
}

class bulk_contract : public ::testing::TestWithParam<std::size_t> {};

TEST_P(bulk_contract, converts_every_boundary_value_and_neighbour) {
  const bulk_calls& calls = table()[GetParam()];
  const any_format& f = contract::format_named(calls.name);
  const oracle::format& expected = contract::oracle_of(f);
  contract::checker c(calls.name);
  std::vector<float> x;
  for (const double point : contract::sampled_landmarks(expected)) {
    for (const float y : contract::floats_at(point)) x.push_back(y);
  }
  const std::size_t at_boundaries = x.size();
  for (const double special : oracle::special_inputs()) x.push_back(static_cast<float>(special));
  for (const std::uint32_t bits : {0x7f800001U, 0xff800001U, 0x7fffffffU, 0xffffffffU}) {
    x.push_back(oracle::float_of(bits));
  }
  for (const contract::mode_pair& mode : contract::modes) {
    for (const contract::saturation_pair& policy : contract::saturations) {
      const std::vector<std::uint32_t> got = calls.convert(x, mode.ours, policy.ours);
      ASSERT_EQ(got.size(), x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        c.check_code(expected, got[i], encode(expected, double{x[i]}, mode.theirs, policy.theirs),
                     [&] {
                       return "element " + std::to_string(i) + ", " + contract::shown(x[i]) +
                              " in " + mode.name + ", " + policy.name;
                     });
      }
    }
  }
  // 2 V - 1 points (see format_contract_encode_test.cpp), 3 floats each, 6 modes, 3 policies.
  const std::size_t values = contract::finite_values(f);
  const std::size_t least_points = (2 * values - 1) / contract::sampling_step(values);
  EXPECT_GE(at_boundaries, least_points * 3);
  EXPECT_GE(c.count(), least_points * 3 * 6 * 3);
}

std::string name_at(const ::testing::TestParamInfo<std::size_t>& info) {
  return table()[info.param].name;
}
INSTANTIATE_TEST_SUITE_P(all, bulk_contract, ::testing::Range(std::size_t{0}, table().size()),
                         name_at);

}  // namespace
