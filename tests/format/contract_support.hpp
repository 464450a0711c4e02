// SPDX-License-Identifier: MIT
#pragma once

// What the tests of the formats share: the catalogue as run-time values, the oracle of each entry,
// the policies of both sides in pairs, inputs around a point in every source type, and a check that
// counts. A format that is added to the catalogue is tested without an edit here: what the oracles
// do not know by name is made from its spec, read as data.

#include "binade/format/any_format.hpp"
#include "binade/format/catalog.hpp"
#include "oracle/boundaries.hpp"
#include "oracle/catalog.hpp"
#include "oracle/round.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace contract {

using oracle::code_type;

/// Every entry of the catalogue, in its order.
inline const std::vector<binade::any_format>& formats() {
  static const std::vector<binade::any_format> all = [] {
    std::vector<binade::any_format> list;
    binade::for_each_type(binade::all_formats{},
                          [&list]<class F>() { list.push_back(binade::any_format::of<F>()); });
    return list;
  }();
  return all;
}

/// Their names: the parameters of test suites.
inline const std::vector<std::string>& format_names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    for (const binade::any_format& f : formats()) list.emplace_back(f.name());
    return list;
  }();
  return all;
}

inline const binade::any_format& format_named(const std::string& name) {
  for (const binade::any_format& f : formats()) {
    if (name == f.name()) return f;
  }
  throw std::out_of_range("contract::format_named: the catalogue has no " + name);
}

namespace detail {

inline oracle::format from_spec(const std::string& name, const binade::float_spec& s) {
  using binade::infinity_codes;
  using binade::nan_codes;
  const int m = s.mantissa_bits;
  const auto nan =
      s.quiet_nan == 0 ? std::nullopt : std::optional(static_cast<code_type>(s.quiet_nan));
  const auto made = [&](oracle::specials variant) {
    return oracle::minifloat(name, s.exponent_bits, m, s.bias, variant, s.is_signed, nan);
  };
  if (s.has_zero) {
    if (s.nan == nan_codes::ieee) return made(oracle::specials::ieee);
    if (s.infinity == infinity_codes::none) {
      if (s.nan == nan_codes::all_ones) return made(oracle::specials::fn);
      if (s.nan == nan_codes::none) return made(oracle::specials::all);
      if (s.nan == nan_codes::negative_zero) return made(oracle::specials::fnuz);
    }
  }
  throw std::out_of_range("no oracle for " + name + ": add it to tests/oracle/catalog.hpp");
}
inline oracle::format from_spec(const std::string& name, const binade::integer_spec& s) {
  return oracle::integer(name, s.bits, s.is_signed);
}
inline oracle::format from_spec(const std::string& name, const binade::posit_spec& s) {
  return oracle::posit(name, s.bits, s.exponent_bits);
}
inline oracle::format from_spec(const std::string& name, const binade::takum_spec& s) {
  return oracle::takum_linear(name, s.bits);
}
inline oracle::format from_spec(const std::string& name, const binade::hif8_spec&) {
  return oracle::hif8(name);
}
inline oracle::format from_spec(const std::string& name, const binade::codebook_view& s) {
  std::vector<double> values;
  for (int i = 0; i < s.count; ++i) values.push_back(oracle::float_of(s.values[i]));
  int bits = 0;
  while ((1 << bits) < s.count) ++bits;
  return oracle::codebook(name, bits, values);
}

}  // namespace detail

/// Test names of a suite whose parameter is a format's name.
inline std::string parameter_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

/// The oracle of a catalogue entry: by name, else from the spec.
inline const oracle::format& oracle_of(const binade::any_format& f) {
  static std::map<std::string, std::unique_ptr<const oracle::format>> made;
  const std::string name = f.name();
  if (const auto found = made.find(name); found != made.end()) return *found->second;
  try {
    return oracle::by_name(name);
  } catch (const std::out_of_range&) {
    return *(made[name] = std::make_unique<const oracle::format>(
                 f.visit([&name](const auto& s) { return detail::from_spec(name, s); })));
  }
}

/// A rounding mode on both sides.
struct mode_pair {
  const char* name;
  binade::rounding::any ours;
  oracle::mode theirs;
};
inline const std::array<mode_pair, 6> modes = {{
    {"ties_to_even", binade::rounding::ties_to_even{}, oracle::mode::ties_to_even},
    {"ties_to_away", binade::rounding::ties_to_away{}, oracle::mode::ties_to_away},
    {"toward_zero", binade::rounding::toward_zero{}, oracle::mode::toward_zero},
    {"toward_positive", binade::rounding::toward_positive{}, oracle::mode::toward_positive},
    {"toward_negative", binade::rounding::toward_negative{}, oracle::mode::toward_negative},
    {"to_odd", binade::rounding::to_odd{}, oracle::mode::to_odd},
}};

struct saturation_pair {
  const char* name;
  binade::saturation_mode ours;
  oracle::saturation theirs;
};
inline const std::array<saturation_pair, 3> saturations = {{
    {"finite", binade::saturation_mode::finite, oracle::saturation::finite},
    {"propagate", binade::saturation_mode::propagate, oracle::saturation::propagate},
    {"none", binade::saturation_mode::none, oracle::saturation::none},
}};

struct variant_pair {
  const char* name;
  binade::rounding::stochastic_variant ours;
  oracle::stochastic_variant theirs;
};
inline const std::array<variant_pair, 3> variants = {{
    {"add_truncate", binade::rounding::stochastic_variant::add_truncate,
     oracle::stochastic_variant::add_truncate},
    {"centered", binade::rounding::stochastic_variant::centered,
     oracle::stochastic_variant::centered},
    {"round_then_add", binade::rounding::stochastic_variant::round_then_add,
     oracle::stochastic_variant::round_then_add},
}};

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// 2^n as a binary64.
inline double two_to(int n) { return std::ldexp(1.0, n); }

/// The value of an unpacked number. Exact for significands of at most 53 bits.
inline double value_of(const binade::unpacked& x) {
  switch (x.kind) {
    case binade::value_class::nan:
      return std::copysign(std::numeric_limits<double>::quiet_NaN(), x.negative ? -1.0 : 1.0);
    case binade::value_class::infinity:
      return x.negative ? -infinity : infinity;
    case binade::value_class::zero:
      return x.negative ? -0.0 : 0.0;
    case binade::value_class::finite:
      break;
  }
  const double size = std::ldexp(static_cast<double>(x.significand), x.exponent - 63);
  return x.negative ? -size : size;
}

/// Equality that tells zeros apart and takes NaNs as equal.
inline bool same_value(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? std::isnan(a) && std::isnan(b)
                                        : a == b && std::signbit(a) == std::signbit(b);
}

/// A code for failure messages: bits and value.
inline std::string shown(const oracle::format& f, std::uint64_t code) {
  if (code >= f.codes.size()) return "code " + std::to_string(code) + ", which the format lacks";
  char value[40];
  std::snprintf(value, sizeof value, "%.17g", f.codes[code].value);
  return oracle::bit_text(static_cast<code_type>(code), f.bits) + " = " + value;
}

inline std::string shown(double x) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g (%a)", x, x);
  return text;
}
inline std::string shown(const oracle::nearby& x) {
  return shown(x.value) + (x.tail == 0 ? "" : x.tail < 0 ? " and less" : " and more");
}

/// Counts checks, and reports the first few that fail, so that a defect does not print a million
/// lines. `describe()` is called for those only. The count is in gtest's XML, as "checks".
class checker {
 public:
  explicit checker(std::string what) : what_(std::move(what)) {}
  ~checker() {
    ::testing::Test::RecordProperty("checks", std::to_string(count_));
    if (failures_ > shown_failures) {
      ADD_FAILURE() << what_ << ": " << failures_ - shown_failures << " more failures of " << count_
                    << " checks";
    }
  }
  checker(const checker&) = delete;
  checker& operator=(const checker&) = delete;

  template <class Describe>
  void check(bool passed, Describe&& describe) {
    ++count_;
    if (passed) return;
    if (++failures_ <= shown_failures) ADD_FAILURE() << what_ << ": " << describe();
  }
  /// got and expected are codes of f, for an input.
  template <class Describe>
  void check_code(const oracle::format& f, std::uint64_t got, std::uint64_t expected,
                  Describe&& describe_input) {
    check(got == expected, [&] {
      return describe_input() + " gives " + shown(f, got) + ", expected " + shown(f, expected);
    });
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t shown_failures = 8;
  std::string what_;
  std::size_t count_ = 0;
  std::size_t failures_ = 0;
};

/// An input as the library sees it and its exact value as the oracles see it.
struct input {
  binade::unpacked ours;
  oracle::nearby exact;
};

inline input from_double(double x) { return {binade::unpack(x), {x, 0}}; }
inline input from_float(float x) { return {binade::unpack(x), {x, 0}}; }
/// T: std::int64_t or std::uint64_t, whose values need not be binary64 values.
template <class T>
input from_integer(T x) {
  const auto value = static_cast<double>(x);
  return {binade::unpack(x), {value, cmp(oracle::number::of(x).value, oracle::exact(value))}};
}
/// A code of a format; the value is the oracle's, with the sign of a NaN where NaN has one.
inline input from_code(const binade::any_format& source, const oracle::format& f, code_type code) {
  const oracle::code_info& info = f.codes[code];
  double value = info.value;
  if (info.kind == oracle::code_kind::nan) {
    const bool negative = f.nan_has_sign && (code & f.sign_bit()) != 0;
    value = std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0);
  }
  return {source.decode(code), {value, 0}};
}

inline std::array<double, 3> doubles_at(double x) {
  return {std::nextafter(x, -infinity), x, std::nextafter(x, infinity)};
}

/// The float nearest to x (the largest, if x is beyond) and its neighbours.
inline std::array<float, 3> floats_at(double x) {
  const double largest = std::numeric_limits<float>::max();
  const auto nearest = static_cast<float>(std::fmin(std::fmax(x, -largest), largest));
  return {std::nextafter(nearest, -INFINITY), nearest, std::nextafter(nearest, INFINITY)};
}

/// The codes of a signed IEEE format nearest to x and next to it in value.
inline std::array<code_type, 3> codes_at(const oracle::format& f, double x) {
  const code_type sign = f.sign_bit();
  const code_type nearest = encode(f, x, oracle::mode::ties_to_even, oracle::saturation::finite);
  const auto magnitude = static_cast<std::int64_t>(nearest & (sign - 1));
  const std::int64_t order = (nearest & sign) != 0 ? -magnitude : magnitude;
  const auto code_of = [sign](std::int64_t key) {
    return key < 0 ? static_cast<code_type>(-key) | sign : static_cast<code_type>(key);
  };
  return {code_of(order - 1), nearest, code_of(order + 1)};
}

/// The integers next to x, which saturate at +-2^62.
inline std::array<std::int64_t, 3> integers_at(double x) {
  const double limit = two_to(62);
  const auto nearest =
      static_cast<std::int64_t>(std::fmin(std::fmax(std::floor(x), -limit), limit));
  return {nearest - 1, nearest, nearest + 1};
}

/// Finite values of a format (both zeros count once), from its definition.
inline std::size_t finite_values(const binade::float_spec& s) {
  const std::size_t half = std::size_t{1} << (s.exponent_bits + s.mantissa_bits);
  std::size_t of_one_sign = half;
  if (s.nan == binade::nan_codes::ieee) of_one_sign -= std::size_t{1} << s.mantissa_bits;
  if (s.nan == binade::nan_codes::all_ones) --of_one_sign;
  if (s.infinity == binade::infinity_codes::largest) --of_one_sign;
  return s.is_signed ? 2 * of_one_sign - 1 : of_one_sign;
}
inline std::size_t finite_values(const binade::integer_spec& s) { return std::size_t{1} << s.bits; }
inline std::size_t finite_values(const binade::hif8_spec&) { return 253; }  // without NaN, +-Inf
inline std::size_t finite_values(const binade::posit_spec& s) {
  return (std::size_t{1} << s.bits) - 1;
}
inline std::size_t finite_values(const binade::takum_spec& s) {
  return (std::size_t{1} << s.bits) - 1;
}
inline std::size_t finite_values(const binade::codebook_view& s) {
  return static_cast<std::size_t>(s.count);
}
inline std::size_t finite_values(const binade::any_format& f) {
  return f.visit([](const auto& s) { return finite_values(s); });
}

/// Codes of a format, from its definition.
inline std::size_t code_count(const binade::any_format& f) {
  return f.visit([](const auto& s) {
    using spec = std::remove_cvref_t<decltype(s)>;
    if constexpr (std::is_same_v<spec, binade::float_spec>) {
      return std::size_t{1} << (s.exponent_bits + s.mantissa_bits + (s.is_signed ? 1 : 0));
    } else if constexpr (std::is_same_v<spec, binade::hif8_spec>) {
      return std::size_t{256};
    } else if constexpr (std::is_same_v<spec, binade::codebook_view>) {
      return static_cast<std::size_t>(s.count);
    } else {
      return std::size_t{1} << s.bits;
    }
  });
}

/// Every how many landmarks a format is sampled where each is tried in every mode, policy and
/// source type: all of them but for tfloat32, which has a million. A prime, so that no field of the
/// code is held fixed.
inline std::size_t sampling_step(std::size_t values) { return values <= 65536 ? 1 : 89; }

/// The landmarks of f (values, midpoints, bit-string boundaries; see oracle::landmarks), or a
/// sample of them: every step-th, the first and last 16, and 16 on each side of zero and of +-1.
inline std::vector<double> sampled_landmarks(const oracle::format& f) {
  const std::vector<double> all = oracle::landmarks(f);
  const std::size_t step = sampling_step(f.stops.size());
  if (step == 1) return all;
  const auto near = [&all](double x, std::size_t i) {
    const auto at =
        static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), x) - all.begin());
    return i + 16 >= at && i < at + 16;
  };
  std::vector<double> sample;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % step == 0 || i < 16 || i + 16 >= all.size() || near(0, i) || near(1, i) ||
        near(-1, i)) {
      sample.push_back(all[i]);
    }
  }
  return sample;
}

}  // namespace contract
