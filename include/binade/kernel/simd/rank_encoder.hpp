// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/codec.hpp"
#include "binade/kernel/simd/special_codes.hpp"

#include <concepts>
#include <cstdint>

namespace binade::inline v0::simd {

/// What the per-exponent encoder needs to know of a format of at most 8 bits, a rounding mode and a
/// saturation mode. It serves every format whose values are evenly spaced within each binade, up to
/// 32 to a binade: tapered ones (HiF8, posit, takum) and powers of two (E8M0, E3M0).
///
/// The rank of a code is its place among the codes that are not negative, in order of value. A
/// binary32 magnitude is cut to its upper 16 bits, bit 0 sticky: exponent e and 7 bits m. Then
///   v = (table[e] & 0xff80) + (m << (table[e] & 31))
/// is the rank in units of 1/256, wherever the fraction matters to the rounding mode: below, at and
/// above one half are right. Rounding v gives the rank of the code.
struct rank_encoder {
  static constexpr int none = 24;  ///< a shift that leaves nothing of m, nor of a byte

  std::uint16_t table[256];  ///< by exponent, up to `first` + `count` - 1; the same below `first`
  std::uint8_t codes[128];   ///< code of a rank, if `is_mapped`
  std::uint16_t first;
  std::uint16_t count;
  std::uint16_t low;        ///< smaller magnitudes, in upper 16 bits, count as this one
  std::uint16_t high;       ///< larger ones as this one
  std::uint16_t special;    ///< from here on, special: NaN, infinity, overflow
  std::uint16_t subnormal;  ///< below this, but for zero, the definition decides
  std::uint16_t add;        ///< rounds v ...
  std::uint16_t add_odd;    ///< ... to even: 1 if an odd rank adds one more
  std::uint16_t keep;       ///< negative: code = ((code & keep) ^ flip) + carry
  std::uint16_t flip;
  std::uint16_t carry;
  bool zero_has_sign;
  bool is_signed;         ///< else zero alone is not negative
  bool is_mapped;         ///< codes are not ranks (HiF8)
  bool is_valid;          ///< false: the format or mode is none of these
  std::uint32_t outside;  ///< from this magnitude on, in all bits, `outside_codes` has the code
  special_codes outside_codes;
  /// Codes of the other elements that are special: the definition itself.
  std::uint8_t (*definition)(float x, conversion_rules rules) noexcept;
  conversion_rules rules;

  [[nodiscard]] constexpr bool is_special(float x) const noexcept {
    const std::uint32_t bits = bit_cast<std::uint32_t>(x) & 0x7fffffffU;
    return shift_right_jam(bits, 16) >= special || (bits != 0 && bits >> 16 < subnormal);
  }
  [[nodiscard]] std::uint8_t encode_special(float x) const noexcept {
    const std::uint32_t bits = bit_cast<std::uint32_t>(x);
    if ((bits & 0x7fffffffU) < outside) return definition(x, rules);
    return static_cast<std::uint8_t>(outside_codes(bits));
  }
};

}  // namespace binade::inline v0::simd

namespace binade::inline v0::detail {

/// Finds the table from the definition, by its answers at the ends of each binade.
template <format_spec Spec, class R>
class rank_encoder_maker {
 public:
  rank_encoder_maker(const Spec& s, const R& rounding, conversion_rules rules) noexcept
      : spec_(s), description_(describe(s)), rounding_(rounding), rules_(rules) {}

  [[nodiscard]] simd::rank_encoder make() noexcept {
    // Integers have more negative values than positive ones.
    if (description_.code_bits > 8 || std::same_as<Spec, integer_spec>) return e_;
    e_.is_valid = choose_rounding();
    choose_limits();
    choose_signs();
    for (std::uint32_t i = 0; i < e_.count; ++i) fill(i);
    for (std::uint32_t i = 0; i < e_.first; ++i) e_.table[i] = e_.table[e_.first];
    return e_;
  }

 private:
  static constexpr std::uint32_t infinity = 0x7f800000;

  [[nodiscard]] std::uint64_t code(std::uint32_t bits) const noexcept {
    return encode(spec_, unpack(bit_cast<float>(bits)), rounding_, rules_);
  }
  template <class Mode>
  [[nodiscard]] std::uint32_t rank(std::uint32_t bits, const Mode& mode) const noexcept {
    const std::uint64_t c = encode(spec_, unpack(bit_cast<float>(bits)), mode, finite());
    return static_cast<std::uint32_t>(order_key(spec_, c) - (description_.has_zero ? 0 : 1));
  }
  [[nodiscard]] static constexpr conversion_rules finite() noexcept {
    return {.saturation = saturation_mode::finite};
  }
  /// The upper 16 bits, bit 0 sticky.
  [[nodiscard]] static constexpr std::uint16_t upper(std::uint32_t bits) noexcept {
    return static_cast<std::uint16_t>(shift_right_jam(bits, 16));
  }

  /// Whether rounding v by an addition does what the mode says.
  bool choose_rounding() noexcept {
    e_.add_odd = std::same_as<R, rounding::ties_to_even> ? 1 : 0;
    e_.add = 0;
    if constexpr (std::same_as<R, rounding::toward_zero>) return true;
    if constexpr (std::same_as<R, rounding::ties_to_even>) {
      e_.add = 127;
      return true;
    }
    e_.add = 128;
    if constexpr (std::same_as<R, rounding::ties_to_even_significand> &&
                  std::same_as<Spec, float_spec>) {
      // Without mantissa bits and zero every tie is between odd significands, and goes up.
      return spec_.mantissa_bits == 0 && !spec_.has_zero;
    }
    return std::same_as<R, rounding::ties_to_away>;
  }

  void choose_limits() noexcept {
    const float largest = to_float(decode(spec_, description_.largest));
    std::uint32_t top = bit_cast<std::uint32_t>(largest);
    if (top >= infinity) top = infinity - 1;
    const std::uint64_t top_code = encode(spec_, unpack(bit_cast<float>(top)), rounding_, finite());
    std::uint32_t below = top;
    std::uint32_t above = infinity + 1;
    while (above - below > 1) {
      const std::uint32_t middle = below + (above - below) / 2;
      (code(middle) == top_code ? below : above) = middle;
    }
    e_.special = upper(above);
    e_.outside = above;
    e_.outside_codes = simd::make_special_codes(spec_, rounding_, rules_);
    e_.high = upper(top);
    // The binades below the first in which anything happens count as the one just below it.
    std::uint32_t exponent = 1;
    const std::uint32_t least = rank(1U << 23, rounding_);
    while (rank((exponent + 1) << 23, rounding_) == least &&
           rank(((exponent + 2) << 23) - 1, rounding_) == least) {
      ++exponent;
    }
    e_.first = static_cast<std::uint16_t>(exponent);
    e_.low = static_cast<std::uint16_t>(exponent << 7);
    e_.count = static_cast<std::uint16_t>((e_.high >> 7) - exponent + 1);
    e_.subnormal = rank(1, rounding_) == rank((1U << 24) - 1, rounding_) ? 0 : 0x80;
  }

  void choose_signs() noexcept {
    const bool is_complement = description_.nan_is_ordered;  // posits and takums
    e_.keep = 0xff;
    if (is_complement) {
      e_.flip = static_cast<std::uint16_t>(low_mask(description_.code_bits));
      e_.carry = 1;
    } else if (description_.is_signed) {
      e_.flip = static_cast<std::uint16_t>(1U << (description_.code_bits - 1));
    } else if (rules_.negative == negative_mode::nan) {
      e_.keep = 0;
      e_.flip = static_cast<std::uint16_t>(description_.has_nan ? description_.nan : 0);
    }
    e_.zero_has_sign = description_.has_negative_zero;
    e_.is_signed = description_.is_signed;
    const std::int64_t offset = description_.has_zero ? 0 : 1;
    const std::int64_t count = order_key(spec_, description_.largest) - offset + 1;
    for (std::int64_t r = 0; r < count; ++r) {
      const std::uint64_t c = code_from_order_key(spec_, r + offset);
      if (c != static_cast<std::uint64_t>(r)) e_.is_mapped = true;
      if (r < 128) e_.codes[r] = static_cast<std::uint8_t>(c);
    }
    if (e_.is_mapped && count > 128) e_.is_valid = false;
  }

  void fill(std::uint32_t i) noexcept {
    const std::uint32_t start = (e_.first + i) << 23;
    const std::uint32_t end = start | 0x7fffff;
    const std::uint32_t base = rank(start, rounding::toward_zero{});
    // Mantissa bits: as far down as half of the step still leads to the next code.
    std::uint32_t bits = 0;
    while (bits < 6 && rank(start + (0x400000U >> bits), rounding::toward_zero{}) > base) ++bits;
    const bool is_top = i + 1U == e_.count;  // there the end of the range cuts the row short
    const std::uint32_t codes = rank(end, rounding::toward_zero{}) - base + 1;
    if (bits > 5 || (!is_top && codes != 1U << bits)) e_.is_valid = false;
    std::uint32_t entry = (base << 8) | (bits + 1);
    if (bits == 0) {
      const std::uint32_t at = rank(start, rounding_);
      const std::uint32_t last = rank(end, rounding_);
      if (at == last) {
        entry = (at << 8) | simd::rank_encoder::none;
      } else if (rank(start + 1, rounding_) == last) {  // a tie at the start, which goes down
        entry = (at << 8) | 0x80;
        if (e_.add_odd == 0) e_.is_valid = false;
      }
    }
    e_.table[e_.first + i] = static_cast<std::uint16_t>(entry);
  }

  Spec spec_;
  code_description description_;
  R rounding_;
  conversion_rules rules_;
  simd::rank_encoder e_{};
};

}  // namespace binade::inline v0::detail

namespace binade::inline v0::simd {

/// The encoder of a spec; `definition` is left to the caller.
template <format_spec Spec, rounding_policy R>
[[nodiscard]] rank_encoder make_rank_encoder(const Spec& s, const R& rounding,
                                             conversion_rules rules) noexcept {
  rank_encoder e = binade::detail::rank_encoder_maker<Spec, R>(s, rounding, rules).make();
  e.rules = rules;
  e.definition = nullptr;
  return e;
}

}  // namespace binade::inline v0::simd
