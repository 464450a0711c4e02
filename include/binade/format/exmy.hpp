// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_p3109.hpp"  // short_text
#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

namespace binade::inline v0 {

namespace detail {

constexpr short_text exmy_name(int exponent_bits, int mantissa_bits) noexcept {
  short_text t;
  t.append("exmy_e");
  t.append(exponent_bits);
  t.append("m");
  t.append(mantissa_bits);
  return t;
}

}  // namespace detail

/// Sign, exponent and mantissa of any widths in which every code is a number: no infinity, no NaN,
/// both zeros, bias 2^(ExponentBits - 1) - 1. Under a scale of one's choice it is the format with a
/// real-valued exponent bias of the quantization literature.
///
/// e2m5, e2m3fn, e3m2fn, e2m1fn, e3m0 and e1m2 of the catalogue have the codes of the exmy of their
/// widths.
/// NaN:    becomes the largest value, as in all formats without NaN.
/// Source: arXiv 2208.09225, section 2; arXiv 2311.12359, section 3.
template <int ExponentBits, int MantissaBits>
struct exmy : minifloat<exmy<ExponentBits, MantissaBits>, 1 + ExponentBits + MantissaBits> {
  static_assert(ExponentBits >= 1 && ExponentBits <= 8 && MantissaBits >= 0 &&
                    ExponentBits + MantissaBits >= 2 && ExponentBits + MantissaBits <= 15,
                "exmy: 1 to 8 exponent bits, 3 to 16 bits with the sign");
  using base = minifloat<exmy<ExponentBits, MantissaBits>, 1 + ExponentBits + MantissaBits>;
  using base::base;
  static constexpr float_spec spec{.exponent_bits = ExponentBits,
                                   .mantissa_bits = MantissaBits,
                                   .bias = (1 << (ExponentBits - 1)) - 1};
  static constexpr detail::short_text text = detail::exmy_name(ExponentBits, MantissaBits);
  static constexpr format_names names{.name = text.data, .description = "every code is a number"};
};

}  // namespace binade::inline v0
