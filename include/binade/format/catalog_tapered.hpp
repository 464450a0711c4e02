// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_p3109.hpp"  // short_text
#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

namespace binade::inline v0 {

struct hif8 : minifloat<hif8, 8> {
  using minifloat::minifloat;
  static constexpr hif8_spec spec{};
  static constexpr format_names names{
      .name = "hif8", .description = "HiFloat8: 1 to 3 mantissa bits", .aliases = "hifloat8"};
};

namespace detail {

constexpr short_text posit_name(int bits, int exponent_bits) noexcept {
  short_text t;
  t.append("posit");
  t.append(bits);
  if (exponent_bits != 2) {
    t.append("_");
    t.append(exponent_bits);
  }
  return t;
}

}  // namespace detail

/// Posit with es = ExponentBits; the 2022 standard fixes es = 2.
template <int Bits, int ExponentBits>
struct posit : minifloat<posit<Bits, ExponentBits>, Bits> {
  static_assert(Bits >= 3 && Bits <= 32 && ExponentBits >= 0 && ExponentBits <= 3);
  using base = minifloat<posit<Bits, ExponentBits>, Bits>;
  using base::base;
  static constexpr posit_spec spec{Bits, ExponentBits};
  static constexpr detail::short_text text = detail::posit_name(Bits, ExponentBits);
  static constexpr format_names names{
      .name = text.data,
      .description = ExponentBits == 2 ? "posit of the 2022 standard: tapered precision"
                                       : "posit of earlier drafts: tapered precision",
      .aliases =
          ExponentBits != 2 ? "" : (Bits == 8 ? "posit8_2" : (Bits == 16 ? "posit16_2" : ""))};
};
using posit8 = posit<8, 2>;
using posit16 = posit<16, 2>;

/// Linear takum: binary64 is the narrowest type that holds its range.
struct takum8 : minifloat<takum8, 8> {
  using minifloat::minifloat;
  static constexpr takum_spec spec{8};
  static constexpr format_names names{
      .name = "takum8", .description = "linear takum, 2^-239 to 2^239", .aliases = "takum_linear8"};
};
struct takum16 : minifloat<takum16, 16> {
  using minifloat::minifloat;
  static constexpr takum_spec spec{16};
  static constexpr format_names names{.name = "takum16",
                                      .description = "linear takum, about 2^-255 to 2^255",
                                      .aliases = "takum_linear16"};
};

using tapered_formats =
    type_list<hif8, posit<8, 0>, posit<8, 1>, posit8, posit<16, 1>, posit16, takum8, takum16>;

}  // namespace binade::inline v0
