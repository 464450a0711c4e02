// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/simd/code_encoders.hpp"
#include "binade/kernel/simd/float_encoder.hpp"
#include "binade/kernel/simd/stochastic_encoder.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0::simd {

/// How a bulk conversion runs. All but `reference` have code for every target.
enum class path : std::uint8_t {
  reference,   ///< the definition, element by element
  floats,      ///< add and shift, for minifloats: float_encoder
  upper,       ///< formats with binary32's exponents: upper_encoder
  ranks,       ///< a table by exponent: rank_encoder
  binades,     ///< the same for posits and takums of 9 to 16 bits: binade_encoder
  integers,    ///< integer_encoder
  codebook,    ///< boundaries of 16 or 256 values: codebook_encoder, wide_codebook_encoder
  stochastic,  ///< add random bits, for minifloats of at most 8: stochastic_encoder
  table,       ///< sources of at most 8 bits: what the definition makes of each code
  wide_table,  ///< the same for posits and takums of 9 to 16 bits
  widen,       ///< float16 and bfloat16 to float
};

[[nodiscard]] constexpr const char* to_string(path p) noexcept {
  constexpr const char* names[] = {"reference", "floats",     "upper",    "ranks",
                                   "binades",   "integers",   "codebook", "stochastic",
                                   "table",     "wide_table", "widen"};
  return names[static_cast<int>(p)];
}

namespace path_detail {

template <class T, class... Ts>
concept one_of = (std::same_as<T, Ts> || ...);

template <class R>
concept deterministic =
    one_of<R, rounding::ties_to_even, rounding::ties_to_even_significand, rounding::ties_to_away,
           rounding::toward_zero, rounding::toward_positive, rounding::toward_negative,
           rounding::to_odd>;

template <class R>
[[nodiscard]] constexpr bool has_rank_encoder(const float_spec& s) noexcept {
  // Without mantissa bits and zero every tie is between odd significands, and goes up.
  const bool ties_go_up = s.mantissa_bits == 0 && !s.has_zero;
  return describe(s).code_bits <= 8 && s.mantissa_bits <= 5 &&
         (ties_go_up || !std::same_as<R, rounding::ties_to_even_significand>);
}

/// Posits and takums of 9 to 16 bits.
template <class F>
inline constexpr bool is_wide_tapered =
    one_of<std::remove_cvref_t<decltype(F::spec)>, posit_spec, takum_spec> && F::bit_count > 8 &&
    F::bit_count <= 16;

/// From float, or a source that is widened to it.
template <class To, class R>
[[nodiscard]] constexpr path encode_path() noexcept {
  using spec = std::remove_cvref_t<decltype(To::spec)>;
  constexpr bool even = std::same_as<R, rounding::ties_to_even>;
  constexpr bool truncates = std::same_as<R, rounding::toward_zero>;
  constexpr bool by_rank =
      even || truncates || one_of<R, rounding::ties_to_away, rounding::ties_to_even_significand>;
  if constexpr (std::same_as<spec, float_spec>) {
    if (even && (has_float_encoder(To::spec) || has_wide_float_encoder(To::spec))) {
      return path::floats;
    }
    if ((even || truncates) && has_upper_encoder(To::spec)) return path::upper;
    if (by_rank && has_rank_encoder<R>(To::spec)) return path::ranks;
  } else if constexpr (std::same_as<spec, integer_spec>) {
    if ((even || truncates) && To::bit_count <= 8) return path::integers;
  } else if constexpr (codebook<spec>) {
    constexpr int count = To::spec.size();
    if (deterministic<R> && (count == 16 || count == 256)) return path::codebook;
  } else if (by_rank && To::bit_count <= 8 &&
             !std::same_as<R, rounding::ties_to_even_significand>) {
    return path::ranks;
  } else if ((even || truncates) && is_wide_tapered<To>) {
    return path::binades;
  }
  return path::reference;
}

template <class To, class From>
[[nodiscard]] constexpr path stochastic_path() noexcept {
  if constexpr (format<To> && one_of<From, float, float16, bfloat16>) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(To::spec)>, float_spec>) {
      if (has_stochastic_encoder(To::spec)) return path::stochastic;
    }
  }
  return path::reference;
}

}  // namespace path_detail

/// How bulk conversion of From to To with rounding R runs. rounding::any runs as the policy that it
/// holds; stochastic rounding other than add_truncate with 8 or 16 bits runs as `reference`.
template <conversion_target To, number From, rounding_policy R>
[[nodiscard]] constexpr path path_of() noexcept {
  if constexpr (std::same_as<R, rounding::stochastic>) {
    return path_detail::stochastic_path<To, From>();
  } else if constexpr (!path_detail::deterministic<R>) {
    return path::reference;
  } else if constexpr (path_detail::one_of<From, float, float16, bfloat16>) {
    if constexpr (format<To>) {
      return path_detail::encode_path<To, R>();
    } else {
      return std::same_as<To, float> && format<From> ? path::widen : path::reference;
    }
  } else if constexpr (format<From>) {
    if (From::bit_count <= 8) return path::table;
    const bool is_float = path_detail::one_of<To, float, float16, bfloat16>;
    return is_float && path_detail::is_wide_tapered<From> ? path::wide_table : path::reference;
  } else {
    return path::reference;
  }
}

}  // namespace binade::inline v0::simd
