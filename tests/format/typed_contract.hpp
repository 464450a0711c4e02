// SPDX-License-Identifier: MIT
#pragma once

// The contract of the value types: that typed calls (convert, constructors, encode, decode,
// conversions to built-in types) are the codec functions with the format's own spec and policies.
// The calls of each type go into a table of function pointers, so that the test itself is compiled
// once. The families are separate programs, for the compiler's sake.

#include "binade/format/convert.hpp"
#include "contract_support.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace contract {

struct typed_calls {
  const char* name;

  // The policies of the format.
  std::uint32_t (*from_float)(float);
  std::uint32_t (*from_double)(double);
  std::uint32_t (*construct_from_float)(float);
  std::uint32_t (*construct_from_double)(double);
  std::uint32_t (*from_float16)(std::uint16_t);
  std::uint32_t (*from_bfloat16)(std::uint16_t);
  std::uint32_t (*from_int)(int);
  std::uint32_t (*encode_double)(double);

  // Named policies: any mode at run time with each saturation, and each mode as a type.
  std::uint32_t (*from_float_with)(float, const binade::rounding::any&, binade::saturation_mode);
  std::uint32_t (*from_double_with)(double, const binade::rounding::any&, binade::saturation_mode);
  std::uint32_t (*from_double_in_mode[6])(double);

  float (*to_float)(std::uint32_t);
  double (*to_double)(std::uint32_t);
  double (*decode)(std::uint32_t);
};

namespace detail {

template <class F, class T>
std::uint32_t convert_with(T x, const binade::rounding::any& r, binade::saturation_mode s) {
  switch (s) {
    case binade::saturation_mode::finite:
      return binade::convert<F>(x, r, binade::saturation::finite{}).bits();
    case binade::saturation_mode::propagate:
      return binade::convert<F>(x, binade::saturation::propagate{}, r).bits();
    case binade::saturation_mode::none:
      break;
  }
  return binade::convert<F>(x, r, binade::saturation::none{}).bits();
}

}  // namespace detail

template <class F>
typed_calls typed_calls_of() {
  namespace rounding = binade::rounding;
  using binade::saturation::none;
  typed_calls t{};
  t.name = F::names.name;
  t.from_float = [](float x) -> std::uint32_t { return binade::convert<F>(x).bits(); };
  t.from_double = [](double x) -> std::uint32_t { return binade::convert<F>(x).bits(); };
  t.construct_from_float = [](float x) -> std::uint32_t { return F(x).bits(); };
  t.construct_from_double = [](double x) -> std::uint32_t { return F(x).bits(); };
  t.from_float16 = [](std::uint16_t x) -> std::uint32_t {
    return binade::convert<F>(binade::float16::from_bits(x)).bits();
  };
  t.from_bfloat16 = [](std::uint16_t x) -> std::uint32_t {
    return binade::convert<F>(binade::bfloat16::from_bits(x)).bits();
  };
  t.from_int = [](int x) -> std::uint32_t { return binade::convert<F>(x).bits(); };
  t.encode_double = [](double x) -> std::uint32_t { return binade::encode<F>(x); };
  t.from_float_with = detail::convert_with<F, float>;
  t.from_double_with = detail::convert_with<F, double>;
  const auto in = [&t]<class Mode>(std::size_t i, Mode) {
    t.from_double_in_mode[i] = [](double x) -> std::uint32_t {
      return binade::convert<F>(x, Mode{}, none{}).bits();
    };
  };
  in(0, rounding::ties_to_even{});
  in(1, rounding::ties_to_away{});
  in(2, rounding::toward_zero{});
  in(3, rounding::toward_positive{});
  in(4, rounding::toward_negative{});
  in(5, rounding::to_odd{});
  t.to_float = [](std::uint32_t code) { return static_cast<float>(F::from_bits(code)); };
  t.to_double = [](std::uint32_t code) { return static_cast<double>(F::from_bits(code)); };
  t.decode = [](std::uint32_t code) { return static_cast<double>(binade::decode<F>(code)); };
  return t;
}

template <class List>
std::vector<typed_calls> typed_calls_of_list() {
  std::vector<typed_calls> table;
  binade::for_each_type(List{}, [&table]<class F>() { table.push_back(typed_calls_of<F>()); });
  return table;
}

/// Typed conversions from one source type at every point.
inline void check_typed_encode(const typed_calls& t) {
  const binade::any_format& f = format_named(t.name);
  const oracle::format& expected = oracle_of(f);
  const oracle::rounding own_mode = default_rounding(expected);
  const oracle::saturation own = default_saturation(expected);
  checker c(t.name);
  std::vector<double> points = sampled_landmarks(expected);
  const std::size_t landmarks = points.size();
  for (const double x : oracle::special_inputs()) points.push_back(x);
  for (const double point : points) {
    const bool finite = std::isfinite(point);
    const std::array<double, 3> doubles =
        finite ? doubles_at(point) : std::array<double, 3>{point, point, point};
    const auto narrow = static_cast<float>(point);
    const std::array<float, 3> floats =
        finite ? floats_at(point) : std::array<float, 3>{narrow, narrow, narrow};
    for (std::size_t i = 0; i < 3; ++i) {
      const double x = doubles[i];
      const auto from = [](const char* call, double value) {
        return [call, value] { return std::string(call) + " " + shown(value); };
      };
      const code_type wanted = encode(expected, x, own_mode, own);
      c.check_code(expected, t.from_double(x), wanted, from("convert double", x));
      c.check_code(expected, t.construct_from_double(x), wanted, from("construct from double", x));
      c.check_code(expected, t.encode_double(x), wanted, from("encode double", x));
      const float y = floats[i];
      const code_type wanted_of_float = encode(expected, double{y}, own_mode, own);
      c.check_code(expected, t.from_float(y), wanted_of_float, from("convert float", y));
      c.check_code(expected, t.construct_from_float(y), wanted_of_float,
                   from("construct from float", y));
      for (const saturation_pair& policy : saturations) {
        for (std::size_t m = 0; m < modes.size(); ++m) {
          const mode_pair& mode = modes[m];
          const auto describe = [&](const char* source, double value) {
            return [&mode, &policy, source, value] {
              return std::string("convert ") + source + " " + shown(value) + " in " + mode.name +
                     ", " + policy.name;
            };
          };
          const code_type of_double = encode(expected, x, mode.theirs, policy.theirs);
          c.check_code(expected, t.from_double_with(x, mode.ours, policy.ours), of_double,
                       describe("double", x));
          if (policy.ours == binade::saturation_mode::none) {
            c.check_code(expected, t.from_double_in_mode[m](x), of_double, describe("double", x));
          }
          c.check_code(expected, t.from_float_with(y, mode.ours, policy.ours),
                       encode(expected, double{y}, mode.theirs, policy.theirs),
                       describe("float", y));
        }
      }
    }
  }
  // See the encode test: (2 V - 1) points; 3 neighbours from float and from double in 6 modes and 3
  // policies, and 5 calls without policies.
  const std::size_t values = finite_values(f);
  const std::size_t least = (2 * values - 1) / sampling_step(values);
  EXPECT_GE(landmarks, least);
  EXPECT_GE(c.count(), least * 3 * (2 * 18 + 6 + 5));
}

/// All float16 and bfloat16 codes and a run of integers, under the format's own policies.
inline void check_typed_narrow_sources(const typed_calls& t) {
  const binade::any_format& f = format_named(t.name);
  const oracle::format& expected = oracle_of(f);
  const oracle::rounding mode = default_rounding(expected);
  const oracle::saturation own = default_saturation(expected);
  checker c(t.name);
  const auto check = [&](const char* source_name, std::uint32_t (*call)(std::uint16_t)) {
    const binade::any_format& source = format_named(source_name);
    const oracle::format& values = oracle::by_name(source_name);
    for (std::uint32_t code = 0; code < 65536; ++code) {
      const input x = from_code(source, values, code);
      c.check_code(expected, call(static_cast<std::uint16_t>(code)),
                   encode(expected, x.exact, mode, own),
                   [&] { return std::string(source_name) + " " + shown(values, code); });
    }
  };
  check("float16", t.from_float16);
  check("bfloat16", t.from_bfloat16);
  for (int x = -300; x <= 300; ++x) {
    c.check_code(expected, t.from_int(x), encode(expected, static_cast<double>(x), mode, own),
                 [&] { return "int " + std::to_string(x); });
  }
}

/// Conversions to built-in types, and the typed decode.
inline void check_typed_decode(const typed_calls& t) {
  const binade::any_format& f = format_named(t.name);
  const oracle::format& expected = oracle_of(f);
  checker c(t.name);
  for (const oracle::code_info& info : expected.codes) {
    const double as_double = t.to_double(info.code);
    const double decoded = t.decode(info.code);
    const float as_float = t.to_float(info.code);
    // The hardware's conversion is correctly rounded (nearest even) too.
    const auto wanted = static_cast<float>(info.value);
    c.check(same_value(as_double, info.value) && same_value(decoded, info.value) &&
                same_value(as_float, wanted),
            [&] {
              return shown(expected, info.code) + " to double " + shown(as_double) + ", decode " +
                     shown(decoded) + ", to float " + shown(as_float);
            });
  }
  EXPECT_EQ(c.count(), code_count(f));
}

/// The suite of a list of formats: defined in one program each.
class typed_contract : public ::testing::TestWithParam<typed_calls> {};

TEST_P(typed_contract, encodes_as_the_oracle) { check_typed_encode(GetParam()); }
TEST_P(typed_contract, encodes_float16_bfloat16_and_integers) {
  check_typed_narrow_sources(GetParam());
}
TEST_P(typed_contract, decodes_as_the_oracle) { check_typed_decode(GetParam()); }

inline std::string typed_name(const ::testing::TestParamInfo<typed_calls>& info) {
  return info.param.name;
}
inline void PrintTo(const typed_calls& t, std::ostream* out) { *out << t.name; }

}  // namespace contract
