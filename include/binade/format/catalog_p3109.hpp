// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

namespace binade::inline v0 {

enum class signedness : std::uint8_t { signed_values, unsigned_values };
enum class domain : std::uint8_t { finite, extended };

namespace detail {

struct short_text {
  char data[24]{};
  int length = 0;
  constexpr void append(const char* s) noexcept {
    while (*s != 0) data[length++] = *s++;
  }
  constexpr void append(int n) noexcept {
    if (n >= 10) append(n / 10);
    data[length++] = static_cast<char>('0' + n % 10);
  }
};

template <int K, int P, signedness S, domain D>
constexpr short_text p3109_name() noexcept {
  short_text t;
  t.append("binary");
  t.append(K);
  t.append("p");
  t.append(P);
  t.append(S == signedness::signed_values ? "s" : "u");
  t.append(D == domain::extended ? "e" : "f");
  return t;
}

}  // namespace detail

/// IEEE P3109 binary<K>p<P>: K bits, precision P; signed or unsigned; with infinities (extended) or
/// without (finite). One NaN, no -0. Source: P3109 interim report, section 4.
template <int K, int P, signedness S = signedness::signed_values, domain D = domain::extended>
struct p3109 : minifloat<p3109<K, P, S, D>, K> {
  static_assert(K >= 3 && K <= 16, "p3109: 3 to 16 bits");
  static_assert(P >= 1 && (S == signedness::signed_values ? P < K : P <= K),
                "p3109: precision 1 to K - 1, to K if unsigned");
  using base = minifloat<p3109<K, P, S, D>, K>;
  using base::base;

  static constexpr bool is_signed = S == signedness::signed_values;
  static constexpr float_spec spec{
      .exponent_bits = is_signed ? K - P : K - P + 1,
      .mantissa_bits = P - 1,
      .bias = is_signed ? 1 << (K - P - 1) : 1 << (K - P),
      .is_signed = is_signed,
      .nan = is_signed ? nan_codes::negative_zero : nan_codes::all_ones,
      .infinity = D == domain::extended ? infinity_codes::largest : infinity_codes::none};
  static constexpr detail::short_text text = detail::p3109_name<K, P, S, D>();
  static constexpr format_names names{
      .name = text.data,
      .description = is_signed ? (D == domain::extended ? "IEEE P3109, signed, with infinities"
                                                        : "IEEE P3109, signed, finite")
                               : (D == domain::extended ? "IEEE P3109, unsigned, with infinity"
                                                        : "IEEE P3109, unsigned, finite")};
};

namespace detail {

template <int P>
using p3109_signed = type_list<p3109<8, P, signedness::signed_values, domain::extended>,
                               p3109<8, P, signedness::signed_values, domain::finite>>;
template <int P>
using p3109_unsigned = type_list<p3109<8, P, signedness::unsigned_values, domain::extended>,
                                 p3109<8, P, signedness::unsigned_values, domain::finite>>;

}  // namespace detail

/// The thirty types with K = 8.
using p3109_formats = detail::concatenate<
    detail::p3109_signed<1>, detail::p3109_signed<2>, detail::p3109_signed<3>,
    detail::p3109_signed<4>, detail::p3109_signed<5>, detail::p3109_signed<6>,
    detail::p3109_signed<7>, detail::p3109_unsigned<1>, detail::p3109_unsigned<2>,
    detail::p3109_unsigned<3>, detail::p3109_unsigned<4>, detail::p3109_unsigned<5>,
    detail::p3109_unsigned<6>, detail::p3109_unsigned<7>, detail::p3109_unsigned<8>>::type;

}  // namespace binade::inline v0
