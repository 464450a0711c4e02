// SPDX-License-Identifier: MIT
#pragma once

// What the tests of the oracles share.

#include "catalog.hpp"
#include "format.hpp"
#include "rational.hpp"
#include "round.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

namespace oracle_test {

using oracle::by_name;
using oracle::code_kind;
using oracle::code_type;
using oracle::format;
using oracle::mode;
using oracle::number;
using oracle::rational;
using oracle::saturation;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// A code for failure messages: format, bits and value.
inline std::string shown(const format& f, code_type code) {
  char value[40];
  std::snprintf(value, sizeof value, "%.17g", decode(f, code).value);
  return f.name + " code " + oracle::bit_text(code, f.bits) + " = " + value;
}

inline code_type nearest(const format& f, double x, saturation policy = saturation::finite) {
  return encode(f, x, mode::ties_to_even, policy);
}

/// 2^n as a binary64.
inline double power(int n) { return std::ldexp(1.0, n); }

}  // namespace oracle_test
