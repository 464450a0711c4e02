// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/random.hpp"
#include "binade/format/catalog.hpp"
#include "binade/kernel/reference/convert.hpp"
#include "binade/kernel/simd/converter.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <set>
#include <type_traits>
#include <vector>

// What the tests of bulk conversion share: inputs, and the comparison with the definition on a
// target that is forced.

namespace binade::test {

using simd::all_targets;

template <class T>
std::uint32_t bits_of(const T& x) {
  if constexpr (format<T>) {
    return x.bits();
  } else {
    return bit_cast<std::uint32_t>(static_cast<float>(x));
  }
}

/// out = x converted by the code of target t.
template <class To, class From, class R>
void convert_on(simd::target t, const From* x, To* out, std::size_t n, const R& rounding,
                conversion_rules rules, std::uint64_t index = 0) {
  simd::with_converter<To, From>(t, rounding, rules, n, [&](simd::converter<To, From> converter) {
    const fp_environment_guard guard;
    converter(x, out, n, index);
  });
}

/// Compares every available target with the definition.
template <class To, class From, class R>
void expect_definition(const std::vector<From>& x, const R& rounding, conversion_rules rules) {
  std::vector<To> expected(x.size());
  reference::convert(x.data(), expected.data(), x.size(), rounding, rules);
  for (const simd::target t : all_targets) {
    if (!simd::is_available(t)) continue;
    std::vector<To> got(x.size());
    convert_on(t, x.data(), got.data(), x.size(), rounding, rules);
    int shown = 0;
    for (std::size_t i = 0; i < x.size() && shown < 3; ++i) {
      if (bits_of(got[i]) == bits_of(expected[i])) continue;
      ++shown;
      const char* name = "float";
      if constexpr (format<To>) name = To::names.name;
      ADD_FAILURE() << name << " on " << to_string(t) << ", saturation "
                    << static_cast<int>(rules.saturation) << ", input " << std::hex << bits_of(x[i])
                    << " at " << std::dec << i << ": got " << std::bitset<32>(bits_of(got[i]))
                    << ", expected " << std::bitset<32>(bits_of(expected[i]));
    }
  }
}

/// Seeded bit patterns: every kind of float.
inline std::vector<float> patterns(std::size_t n) {
  std::vector<float> x(n);
  random_bit_source source(7, 1, 32);
  for (std::size_t i = 0; i < n; ++i) x[i] = bit_cast<float>(source(i));
  return x;
}

/// Every binary exponent and sign: its first and last numbers, the middle and what lies beside it.
inline std::vector<float> every_exponent() {
  std::vector<float> x;
  for (std::uint32_t e = 0; e < 512; ++e) {
    for (const std::uint32_t m :
         {0U, 1U, 2U, 0x3fffffU, 0x400000U, 0x400001U, 0x7ffffeU, 0x7fffffU}) {
      x.push_back(bit_cast<float>((e << 23) | m));
    }
  }
  return x;
}

/// The floats, in order of value from -infinity to infinity, as integers.
inline std::int64_t place_of(std::uint32_t bits) {
  const std::int64_t magnitude = bits & 0x7fffffffU;
  return (bits >> 31) != 0 ? -1 - magnitude : magnitude;
}
inline float float_at(std::int64_t place) {
  const auto magnitude = static_cast<std::uint32_t>(place < 0 ? -1 - place : place);
  return bit_cast<float>(magnitude | (place < 0 ? 0x80000000U : 0U));
}

/// The floats on both sides of each change of code under the definition, and their neighbours.
template <class To, class R>
std::vector<float> boundaries(const R& rounding, conversion_rules rules) {
  const auto code = [&](std::int64_t place) {
    return To::from_exact(unpack(float_at(place)), rounding, rules).bits();
  };
  std::set<std::int64_t> places;
  std::vector<std::pair<std::int64_t, std::int64_t>> open{{place_of(0xff800000U), -1},
                                                          {0, place_of(0x7f800000U)}};
  while (!open.empty()) {
    const auto [low, high] = open.back();
    open.pop_back();
    if (code(low) == code(high)) continue;  // codes follow the order on each side of zero
    if (high - low == 1) {
      for (std::int64_t p = low - 1; p <= high + 1; ++p) places.insert(p);
      continue;
    }
    const std::int64_t middle = low + (high - low) / 2;
    open.emplace_back(low, middle);
    open.emplace_back(middle, high);
  }
  std::vector<float> x;
  for (const std::int64_t p : places) x.push_back(float_at(p));
  return x;
}

}  // namespace binade::test
