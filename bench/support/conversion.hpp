// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/format/convert.hpp"
#include "support/benchmark_case.hpp"
#include "support/inputs.hpp"
#include "support/limits.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

// Bulk conversions as contenders, whoever does them.

namespace bench {

/// The policy for element i.
template <class Policy>
[[nodiscard]] Policy policy_at(const Policy& policy, std::size_t i) {
  if constexpr (requires { policy.at(i); }) {
    return policy.at(i);
  } else {
    return policy;
  }
}

/// out[i] = convert<To>(x[i], policies...) for element first + i, one by one: the definition.
template <class To, class From, class... Policies>
BINADE_NOINLINE void scalar_convert(std::span<const From> x, std::span<To> out, std::size_t first,
                                    const Policies&... policies) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = binade::convert<To>(x[i], policy_at(policies, first + i)...);
  }
}

/// What is wrong with out = convert<To>(x, policies...); empty: nothing.
template <class From, class To, class... Policies>
[[nodiscard]] std::string conversion_fault(std::span<const From> x, std::span<const To> out,
                                           std::size_t first, const Policies&... policies) {
  std::vector<To> expected(x.size());
  scalar_convert<To>(x, std::span<To>(expected), first, policies...);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::memcmp(&expected[i], &out[i], sizeof(To)) != 0) {
      return "element " + std::to_string(first + i) + " is not as the scalar conversion gives it";
    }
  }
  return "";
}

/// Values of random bits.
template <class From>
[[nodiscard]] std::vector<From> any_values(std::size_t n) {
  std::vector<From> x(n);
  const std::span<const float> bits = any_floats(n);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (std::same_as<From, float>) {
      x[i] = bits[i];
    } else {
      const std::uint32_t mask = (1U << From::bit_count) - 1;
      x[i] = From::from_bits(
          static_cast<typename From::storage_type>(std::bit_cast<std::uint32_t>(bits[i]) & mask));
    }
  }
  return x;
}

/// loop(x, out) over x: checked against the scalar conversion on the first 2^16 elements and the
/// last ones.
template <class To, class From, class Loop, class... Policies>
[[nodiscard]] contender conversion(const values<From>& x, Loop loop, const Policies&... policies) {
  const std::size_t n = x.span.size();
  const std::span<To> out(reinterpret_cast<To*>(output(n * sizeof(To)).data()), n);
  contender c;
  c.items = static_cast<double>(n);
  c.bytes = c.items * (sizeof(From) + sizeof(To));
  c.run = [=] { loop(x.span, out); };
  c.check = [=] {
    const std::size_t head = std::min(n, std::size_t{1} << 16);
    const std::size_t tail = std::min(n, std::size_t{100});
    const std::span<const To> got(out);
    std::string fault = conversion_fault(x.span.first(head), got.first(head), 0, policies...);
    if (!fault.empty()) return fault;
    return conversion_fault(x.span.last(tail), got.last(tail), n - tail, policies...);
  };
  return c;
}

/// What moves the bytes of a conversion.
template <class To, class From>
[[nodiscard]] prepare conversion_limit(stores how) {
  return [how](place where) {
    return move_limit(elements_at(where), 8 * sizeof(From), 8 * sizeof(To), how);
  };
}

}  // namespace bench
