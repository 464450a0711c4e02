// SPDX-License-Identifier: MIT

// IEEE P3109 types with K from 3 to 7 bits, all ninety of them: decode of every code, and encode at
// every boundary, value and neighbour in every mode and policy, from doubles and floats, through
// the types, through bulk calls and with the spec at run time. (The thirty with K = 8 are catalogue
// entries and tested as such.)

#include "binade/format/catalog_p3109.hpp"
#include "binade/kernel/convert.hpp"
#include "format/contract_support.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using contract::code_type;

struct small_type {
  binade::any_format ours;
  double (*decode)(std::uint32_t);
  std::uint32_t (*from_double)(double);
  std::uint32_t (*from_float)(float);
  std::vector<std::uint32_t> (*bulk)(std::span<const float>);
};

template <class F>
small_type small_type_of() {
  return {binade::any_format::of<F>(),
          [](std::uint32_t code) { return static_cast<double>(binade::decode<F>(code)); },
          [](double x) -> std::uint32_t { return binade::convert<F>(x).bits(); },
          [](float x) -> std::uint32_t { return binade::convert<F>(x).bits(); },
          [](std::span<const float> x) {
            std::vector<F> out(x.size());
            binade::convert(x, std::span<F>(out));
            std::vector<std::uint32_t> codes;
            for (const F value : out) codes.push_back(value.bits());
            return codes;
          }};
}

template <int K, int P>
void add_types(std::vector<small_type>& list) {
  using enum binade::signedness;
  using enum binade::domain;
  if constexpr (P < K) {
    list.push_back(small_type_of<binade::p3109<K, P, signed_values, extended>>());
    list.push_back(small_type_of<binade::p3109<K, P, signed_values, finite>>());
  }
  list.push_back(small_type_of<binade::p3109<K, P, unsigned_values, extended>>());
  list.push_back(small_type_of<binade::p3109<K, P, unsigned_values, finite>>());
}

template <int K, int... P>
void add_width(std::vector<small_type>& list, std::integer_sequence<int, P...>) {
  (add_types<K, P + 1>(list), ...);
}

const std::vector<small_type>& types() {
  static const std::vector<small_type> all = [] {
    std::vector<small_type> list;
    add_width<3>(list, std::make_integer_sequence<int, 3>());
    add_width<4>(list, std::make_integer_sequence<int, 4>());
    add_width<5>(list, std::make_integer_sequence<int, 5>());
    add_width<6>(list, std::make_integer_sequence<int, 6>());
    add_width<7>(list, std::make_integer_sequence<int, 7>());
    return list;
  }();
  return all;
}

TEST(small_p3109, there_are_ninety) {
  // Signed P = 1..K-1, unsigned P = 1..K, each extended and finite: sum of 2 (2K - 1), K = 3..7.
  EXPECT_EQ(types().size(), 90U);
}

class small_p3109 : public ::testing::TestWithParam<std::size_t> {
 protected:
  const small_type& t = types()[GetParam()];
  const oracle::format& expected = oracle::by_name(t.ours.name());
  contract::checker c{t.ours.name()};
};

TEST_P(small_p3109, decodes_every_code) {
  ASSERT_EQ(expected.code_count(), std::size_t{1} << t.ours.bit_count());
  for (const oracle::code_info& info : expected.codes) {
    const double got = t.decode(info.code);
    c.check(contract::same_value(got, info.value), [&] {
      return contract::shown(expected, info.code) + " decodes to " + contract::shown(got);
    });
  }
}

TEST_P(small_p3109, encodes_every_boundary_value_and_neighbour) {
  const oracle::rounding own_mode = default_rounding(expected);
  const oracle::saturation own = default_saturation(expected);
  const auto check_modes = [&](const contract::input& x) {
    for (const contract::mode_pair& mode : contract::modes) {
      for (const contract::saturation_pair& policy : contract::saturations) {
        c.check_code(expected, t.ours.encode(x.ours, mode.ours, {.saturation = policy.ours}),
                     encode(expected, x.exact, mode.theirs, policy.theirs), [&] {
                       return contract::shown(x.exact) + " in " + mode.name + ", " + policy.name;
                     });
      }
    }
  };
  for (const double x : oracle::interesting_doubles(expected)) {
    check_modes(contract::from_double(x));
    c.check_code(expected, t.from_double(x), encode(expected, x, own_mode, own),
                 [&] { return "double " + contract::shown(x); });
  }
  const std::vector<float> floats = oracle::interesting_floats(expected);
  const std::vector<std::uint32_t> bulk = t.bulk(floats);
  ASSERT_EQ(bulk.size(), floats.size());
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const float x = floats[i];
    check_modes(contract::from_float(x));
    const code_type wanted = encode(expected, double{x}, own_mode, own);
    c.check_code(expected, t.from_float(x), wanted, [&] { return "float " + contract::shown(x); });
    c.check_code(expected, bulk[i], wanted, [&] { return "bulk " + contract::shown(x); });
  }
  // 2 V - 1 points, 3 doubles and 3 floats each: 18 modes and policies and 1 or 2 typed calls.
  const std::size_t values = t.ours.visit([](const auto& s) { return contract::finite_values(s); });
  EXPECT_GE(c.count(), (2 * values - 1) * 3 * (19 + 20));
}

std::string name_at(const ::testing::TestParamInfo<std::size_t>& info) {
  return types()[info.param].ours.name();
}
INSTANTIATE_TEST_SUITE_P(all, small_p3109, ::testing::Range(std::size_t{0}, types().size()),
                         name_at);

}  // namespace
