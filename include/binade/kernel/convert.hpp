// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/simd/converter.hpp"
#include "binade/tensor/view.hpp"  // span_element_t

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace binade::inline v0 {

namespace detail {

inline void check_stochastic(const rounding::stochastic& r) {
  if (r.bits < 1 || r.bits > 32 || (r.bits & (r.bits - 1)) != 0) {
    BINADE_THROW(error{"convert: stochastic rounding with " + std::to_string(r.bits) +
                       " bits; allowed are 1, 2, 4, 8, 16 and 32"});
  }
}

template <class To, class R>
void check_rounding(const R& r) {
  if constexpr (std::same_as<R, rounding::stochastic>) {
    check_stochastic(r);
  } else if constexpr (std::same_as<R, rounding::any>) {
    if (r.mode == rounding::mode::stochastic) check_stochastic(r.random);
  }
  if (hybrid_of(r).active) {
    bool is_hif8 = false;
    if constexpr (format<To>) {
      is_hif8 = std::same_as<std::remove_cvref_t<decltype(To::spec)>, hif8_spec>;
    }
    if (!is_hif8) {
      BINADE_THROW(error{"convert: hif8_hybrid rounding is given but the target is not hif8"});
    }
  }
}

/// The bulk conversion below, with the rules as a value: compiled once for each rounding policy,
/// however many rule policies a program names.
template <class To, class From, class R>
void convert_elements(std::span<const From> x, std::span<To> out, executor_ref executor,
                      const R& rounding, conversion_rules rules) {
  if (x.size() != out.size()) {
    BINADE_THROW(error{"convert: x has " + std::to_string(x.size()) + " elements but out has " +
                       std::to_string(out.size()) + "; they must be equal"});
  }
  check_rounding<To>(rounding);
  if constexpr (format<To>) {
    if (rules.nan == nan_mode::error && !describe(To::spec).has_nan) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (unpack(x[i]).kind == value_class::nan) {
          BINADE_THROW(error{"convert: x[" + std::to_string(i) +
                             "] is NaN but the target has none;"
                             " allow it with nan::zero or nan::largest"});
        }
      }
    }
  }
  const simd::target target = simd::active_kernels().compiled_for;
  const auto convert_chunks = [&](simd::converter<To, From> converter) {
    executor.for_each_chunk(x.size(), std::size_t{1} << 14,
                            [&](std::size_t begin, std::size_t end) {
                              const fp_environment_guard guard;
                              converter(x.data() + begin, out.data() + begin, end - begin, begin);
                            });
  };
  simd::with_converter<To, From>(target, rounding, rules, x.size(), convert_chunks);
}

}  // namespace detail

/// out[i] = convert<To>(x[i], policies...) for every element; stochastic rounding uses element
/// index + i. simd::path_of says which conversions run on vector instructions.
///
/// Shapes: x[n], out[n].
/// NaN:    as for one value; with nan::error and a target without NaN it is an error.
/// Error:  correctly rounded.
/// Throws: error if the sizes differ, if stochastic bits are not 1, 2, 4, 8, 16 or 32, if
///         hif8_hybrid meets another format, or for NaN as above; before it writes.
template <conversion_target To, number From, conversion_policy... Policies>
void convert(std::span<const From> x, std::span<To> out, executor_ref executor,
             const Policies&... policies) {
  static_assert((0 + ... + (rounding_policy<Policies> ? 1 : 0)) <= 1,
                "convert takes at most one rounding policy");
  conversion_rules rules = detail::default_rules<To>();
  (detail::apply_rule(rules, policies), ...);
  detail::convert_elements(x, out, executor, detail::choose_rounding<To>(policies...), rules);
}

/// The same on the calling thread.
template <conversion_target To, number From, conversion_policy... Policies>
void convert(std::span<const From> x, std::span<To> out, const Policies&... policies) {
  convert(x, out, executor_ref{}, policies...);
}

/// The same for anything that is a span of numbers: vectors, arrays.
template <class In, class Out, conversion_policy... Policies>
  requires number<std::remove_const_t<detail::span_element_t<const In&>>> &&
           conversion_target<detail::span_element_t<Out&>>
void convert(const In& x, Out& out, const Policies&... policies) {
  convert(std::span<detail::span_element_t<const In&>>(x),
          std::span<detail::span_element_t<Out&>>(out), executor_ref{}, policies...);
}

}  // namespace binade::inline v0
