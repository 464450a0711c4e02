// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog.hpp"
#include "binade/kernel/convert.hpp"
#include "support/conversion.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

// binade::convert over spans as benchmarks.

namespace bench {

template <class T>
[[nodiscard]] std::string name_of() {
  if constexpr (std::same_as<T, float>) {
    return "f32";
  } else {
    return T::names.name;
  }
}

/// The formats that are measured: of the thirty P3109 types and the integers, which share code,
/// some.
using measured_formats = binade::detail::concatenate<
    binade::float_formats, binade::tapered_formats, binade::codebook_formats,
    binade::type_list<
        binade::p3109<8, 3>, binade::p3109<8, 4>,
        binade::p3109<8, 5, binade::signedness::unsigned_values, binade::domain::finite>,
        binade::int4, binade::int8, binade::uint8>>::type;

/// binade::convert over spans. Besides the inputs, values of random bits are checked, in a length
/// that is no multiple of a vector's.
template <class To, class From, class... Policies>
[[nodiscard]] contender bulk(const values<From>& x, const Policies&... policies) {
  const auto loop = [=](std::span<const From> in, std::span<To> out) {
    binade::convert(in, out, policies...);
  };
  contender c = conversion<To>(x, loop, policies...);
  c.check = [inputs = c.check, loop, policies...] {
    std::string fault = inputs();
    if (!fault.empty()) return fault;
    const std::vector<From> any = any_values<From>(10'007);
    std::vector<To> out(any.size());
    loop(any, out);
    return conversion_fault(std::span<const From>(any), std::span<const To>(out), 0, policies...);
  };
  return c;
}

template <class To, class From, class... Policies>
[[nodiscard]] benchmark_case bulk_case(const std::string& name, const Policies&... policies) {
  benchmark_case c;
  c.name = name;
  c.places = {place::l1, place::l2, place::memory};
  c.make = [=](place where) {
    return bulk<To>(normal_values<From>(elements_at(where)), policies...);
  };
  c.limit = conversion_limit<To, From>(stores::ordinary);
  c.streamed = conversion_limit<To, From>(stores::streamed);
  c.scalar = [=](place where) {
    const auto loop = [=](std::span<const From> in, std::span<To> out) {
      scalar_convert<To>(in, out, 0, policies...);
    };
    return conversion<To>(normal_values<From>(elements_at(where)), loop, policies...);
  };
  return c;
}

}  // namespace bench
