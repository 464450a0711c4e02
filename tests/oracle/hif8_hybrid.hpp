// SPDX-License-Identifier: MIT
#pragma once

// HiF8 hybrid rounding as published: ties-away for |E| < 4, else "simplified stochastic rounding",
// which takes its random bits from the input itself. Source: formats.md Ac, Af and D.9.

#include "catalog.hpp"
#include "format.hpp"
#include "round.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

namespace oracle {

struct hif8_hybrid_options {
  bool saturate = false;  ///< Of |x| >= 40960 and infinities only: it does not reach the SSR part.
  bool guard = false;     ///< Not published: a value that HiF8 has stays as it is.
};

namespace hif8_detail {

/// The significand bits that HiF8 keeps below the leading one at exponent e, -22 <= e <= 15.
inline int kept_bits(int e) {
  const int distance = std::abs(e);
  if (distance <= 3) return 3;
  if (distance <= 7) return 2;
  if (e >= -15) return 1;
  return 0;
}

/// The HiF8 code, 0x6F for infinity included, that follows a non-negative finite code in value.
inline code_type next_up(code_type code) {
  const format& f = by_name("hif8");
  for (std::size_t i = 0; i + 1 < f.stops.size(); ++i) {
    if (!f.stops[i].overflow && f.stops[i].code == code) {
      return f.stops[i + 1].overflow ? *f.positive_infinity : f.stops[i + 1].code;
    }
  }
  throw std::out_of_range("oracle::hif8_detail::next_up: no such code");
}

/// x: the input's value. width: the mantissa bits of its type. last_bit: the lowest bit of the
/// input as stored (it decides for a 16-bit input; a subnormal's is not shifted).
inline code_type hybrid(double x, int width, int last_bit, hif8_hybrid_options options) {
  const format& f = by_name("hif8");
  const double magnitude = std::fabs(x);
  const saturation policy = options.saturate ? saturation::finite : saturation::none;
  const bool finite = std::isfinite(x) && x != 0;
  const int e = finite ? std::ilogb(magnitude) : 0;
  if (!finite || std::abs(e) < 4 || magnitude >= 40960) {
    return encode(f, x, mode::ties_to_away, policy);
  }
  if (e <= -24) return 0;

  // magnitude = 2^e * (1 + mantissa / 2^width), the mantissa an integer.
  const auto mantissa =
      static_cast<std::uint32_t>(std::ldexp(std::ldexp(magnitude, -e) - 1.0, width));

  // The discarded field: the low bits of the mantissa; for e = -23 the kept value is 0, and the
  // leading one belongs to the field.
  std::uint32_t field = mantissa;
  int field_bits = width - kept_bits(e);
  code_type kept = 0;
  if (e == -23) {
    field |= 1U << width;
    field_bits = width + 1;
  } else {
    field &= (1U << field_bits) - 1;
    kept = encode(f, magnitude, mode::toward_zero, policy);
  }

  // binary32: the top 14 bits of the field against the low 14; binary16: the top 2 against {LSB,
  // 1}.
  const int top = width == 23 ? 14 : 2;
  const std::uint32_t leading = field >> (field_bits - top);
  const std::uint32_t threshold =
      width == 23 ? mantissa & 0x3FFFU : 2 * static_cast<std::uint32_t>(last_bit) + 1;
  bool up = leading >= threshold;
  if (options.guard && field == 0) up = false;

  const code_type code = up ? next_up(kept) : kept;
  return x < 0 && code != 0 ? code + 0x80 : code;
}

}  // namespace hif8_detail

/// HiF8 code of the binary32 with these bits.
inline code_type hif8_hybrid_from_float32(std::uint32_t bits, hif8_hybrid_options options = {}) {
  float x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return hif8_detail::hybrid(x, 23, static_cast<int>(bits & 1), options);
}

/// HiF8 code of the binary16 with these bits.
inline code_type hif8_hybrid_from_float16(std::uint16_t bits, hif8_hybrid_options options = {}) {
  const code_info& source = decode(by_name("float16"), bits);
  return hif8_detail::hybrid(source.value, 10, bits & 1, options);
}

}  // namespace oracle
