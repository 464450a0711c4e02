// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/random.hpp"  // random_bits

#include <concepts>
#include <cstdint>

namespace binade::inline v0 {

/// What a conversion knows when it must choose between two neighbouring codes: the one toward zero,
/// `kept`, and the one away from zero.
struct discarded_part {
  std::uint64_t kept;      ///< magnitude code of the neighbour toward zero
  std::uint64_t fraction;  ///< (|x| - |kept|) / gap as 0.64 fixed point, bit 0 sticky; 0: exact
  int versus_half;         ///< -1, 0, 1: below, at, above the boundary of the nearest modes
  bool negative;
  bool kept_is_odd;         ///< parity of the code (of the sorted index in a codebook)
  bool significand_is_odd;  ///< differs from kept_is_odd where the format stores no mantissa bit

  [[nodiscard]] BINADE_HD constexpr bool exact() const noexcept { return fraction == 0; }
  [[nodiscard]] BINADE_HD constexpr bool above_half() const noexcept { return versus_half > 0; }
  [[nodiscard]] BINADE_HD constexpr bool is_half() const noexcept { return versus_half == 0; }
};

/// A rounding policy: `policy(d)` is d.kept or d.kept + 1; `stays_finite(negative)` says whether a
/// finite value beyond the range rounds to the largest finite value (and not to infinity) where
/// saturation::none leaves the choice; `at(i)` is the policy for element i of a bulk call.
template <class T>
concept rounding_policy = requires(const T policy, discarded_part d, std::uint64_t i) {
  { policy(d) } noexcept -> std::same_as<std::uint64_t>;
  { policy.stays_finite(true) } noexcept -> std::same_as<bool>;
  { policy.at(i) } noexcept -> std::same_as<T>;
};

namespace rounding {

/// Rounds to nearest, ties to the even code. Source: IEEE 754-2019, 4.3.1.
struct ties_to_even {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (d.above_half() || (d.is_half() && d.kept_is_odd));
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr ties_to_even at(std::uint64_t) const noexcept { return *this; }
};

/// Rounds to nearest, ties to the even significand. Differs from ties_to_even in formats without
/// mantissa bits only: there the hidden bit is odd, so every tie between two nonzero values goes
/// up. Source: ml_dtypes' float8_e8m0fnu.
struct ties_to_even_significand {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (d.above_half() || (d.is_half() && d.significand_is_odd));
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr ties_to_even_significand at(std::uint64_t) const noexcept { return *this; }
};

/// Rounds to nearest, ties away from zero. Source: IEEE 754-2019, 4.3.1.
struct ties_to_away {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (d.versus_half >= 0);
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr ties_to_away at(std::uint64_t) const noexcept { return *this; }
};

/// Truncates. Source: IEEE 754-2019, 4.3.2.
struct toward_zero {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept;
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return true; }
  BINADE_HD constexpr toward_zero at(std::uint64_t) const noexcept { return *this; }
};

/// Rounds up. Source: IEEE 754-2019, 4.3.2.
struct toward_positive {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (!d.negative && !d.exact());
  }
  BINADE_HD constexpr bool stays_finite(bool negative) const noexcept { return negative; }
  BINADE_HD constexpr toward_positive at(std::uint64_t) const noexcept { return *this; }
};

/// Rounds down. Source: IEEE 754-2019, 4.3.2.
struct toward_negative {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (d.negative && !d.exact());
  }
  BINADE_HD constexpr bool stays_finite(bool negative) const noexcept { return !negative; }
  BINADE_HD constexpr toward_negative at(std::uint64_t) const noexcept { return *this; }
};

/// Rounds an inexact value to the neighbour with the odd code, so that a second rounding to a
/// format with at least two fewer bits is as good as one. Source: Boldo and Melquiond, 2008; P3109.
struct to_odd {
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return d.kept + (!d.exact() && !d.kept_is_odd);
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr to_odd at(std::uint64_t) const noexcept { return *this; }
};

/// How `stochastic` compares the discarded fraction d with its random integer R of n bits.
enum class stochastic_variant : std::uint8_t {
  add_truncate,    ///< up iff floor(d 2^n) + R >= 2^n; mean error in (-2^-n, 0] of a gap
  centered,        ///< up iff floor(d 2^(n+1)) + 2R + 1 >= 2^(n+1); |mean error| <= 2^-(n+1)
  round_then_add,  ///< up iff nearest_even(d 2^n) + R >= 2^n; |mean error| <= 2^-(n+1)
};

/// Rounds up with a probability that follows the discarded fraction, as a function of
/// (seed, stream, index) alone: R = random_bits(seed, stream, index, bits).
/// Units:  `bits` is 1, 2, 4, 8, 16 or 32; entry points that take spans check it.
/// Source: P3109 StochasticA/B/C; PTX cvt.rs.
struct stochastic {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  int bits = 8;
  stochastic_variant variant = stochastic_variant::add_truncate;
  std::uint64_t index = 0;

  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    if (d.exact()) return d.kept;
    return d.kept + rounds_up(d.fraction, random_bits(seed, stream, index, bits));
  }
  /// The decision for a given random integer `r` of `bits` bits.
  BINADE_HD constexpr bool rounds_up(std::uint64_t fraction, std::uint64_t r) const noexcept {
    const std::uint64_t one = std::uint64_t{1} << bits;
    switch (variant) {
      case stochastic_variant::centered:
        return (fraction >> (63 - bits)) + 2 * r + 1 >= 2 * one;
      case stochastic_variant::round_then_add: {
        const std::uint64_t kept = fraction >> (64 - bits);
        const std::uint64_t rest = fraction << bits;
        const std::uint64_t half = std::uint64_t{1} << 63;
        return kept + (rest > half || (rest == half && (kept & 1) != 0)) + r >= one;
      }
      case stochastic_variant::add_truncate:
        break;
    }
    return (fraction >> (64 - bits)) + r >= one;
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr stochastic at(std::uint64_t i) const noexcept {
    stochastic s = *this;
    s.index += i;
    return s;
  }
};

/// HiF8's hybrid rounding: ties to away where |exponent| < 4; elsewhere up iff the top 14 discarded
/// bits of the binary32 source are at least its low 14 bits. For hif8 only.
/// `guard`: representable values stay as they are and saturation applies to what is rounded up.
/// Without it both follow the published codec: 32 becomes 40, and values in [2^15, 1.25 * 2^15) may
/// become infinity even when saturating.
/// Source: arXiv 2409.16626, section 3.
struct hif8_hybrid {
  bool guard = true;

  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return ties_to_away{}(d);
  }
  BINADE_HD constexpr bool stays_finite(bool) const noexcept { return false; }
  BINADE_HD constexpr hif8_hybrid at(std::uint64_t) const noexcept { return *this; }
};

enum class mode : std::uint8_t {
  ties_to_even,
  ties_to_even_significand,
  ties_to_away,
  toward_zero,
  toward_positive,
  toward_negative,
  to_odd,
  stochastic,
  hif8_hybrid,
};

/// Any of the policies above, chosen at run time.
struct any {
  rounding::mode mode = rounding::mode::ties_to_even;
  bool guard = true;              ///< hif8_hybrid
  rounding::stochastic random{};  ///< stochastic

  constexpr any() = default;
  BINADE_HD constexpr any(ties_to_even) noexcept {}
  BINADE_HD constexpr any(ties_to_even_significand) noexcept
      : mode(rounding::mode::ties_to_even_significand) {}
  BINADE_HD constexpr any(ties_to_away) noexcept : mode(rounding::mode::ties_to_away) {}
  BINADE_HD constexpr any(toward_zero) noexcept : mode(rounding::mode::toward_zero) {}
  BINADE_HD constexpr any(toward_positive) noexcept : mode(rounding::mode::toward_positive) {}
  BINADE_HD constexpr any(toward_negative) noexcept : mode(rounding::mode::toward_negative) {}
  BINADE_HD constexpr any(to_odd) noexcept : mode(rounding::mode::to_odd) {}
  BINADE_HD constexpr any(rounding::stochastic s) noexcept
      : mode(rounding::mode::stochastic), random(s) {}
  BINADE_HD constexpr any(rounding::hif8_hybrid h) noexcept
      : mode(rounding::mode::hif8_hybrid), guard(h.guard) {}

  /// Calls f with the policy itself.
  template <class F>
  BINADE_HD constexpr auto visit(F&& f) const {
    switch (mode) {
      case rounding::mode::ties_to_even_significand:
        return f(rounding::ties_to_even_significand{});
      case rounding::mode::ties_to_away:
        return f(rounding::ties_to_away{});
      case rounding::mode::toward_zero:
        return f(rounding::toward_zero{});
      case rounding::mode::toward_positive:
        return f(rounding::toward_positive{});
      case rounding::mode::toward_negative:
        return f(rounding::toward_negative{});
      case rounding::mode::to_odd:
        return f(rounding::to_odd{});
      case rounding::mode::stochastic:
        return f(random);
      case rounding::mode::hif8_hybrid:
        return f(rounding::hif8_hybrid{guard});
      case rounding::mode::ties_to_even:
        break;
    }
    return f(rounding::ties_to_even{});
  }
  BINADE_HD constexpr std::uint64_t operator()(const discarded_part& d) const noexcept {
    return visit([&d](const auto& policy) { return policy(d); });
  }
  BINADE_HD constexpr bool stays_finite(bool negative) const noexcept {
    return visit([negative](const auto& policy) { return policy.stays_finite(negative); });
  }
  BINADE_HD constexpr any at(std::uint64_t i) const noexcept {
    any a = *this;
    a.random.index += i;
    return a;
  }
};

}  // namespace rounding

/// The name of a mode: that of its policy.
[[nodiscard]] constexpr const char* to_string(rounding::mode m) noexcept {
  switch (m) {
    case rounding::mode::ties_to_even_significand:
      return "ties_to_even_significand";
    case rounding::mode::ties_to_away:
      return "ties_to_away";
    case rounding::mode::toward_zero:
      return "toward_zero";
    case rounding::mode::toward_positive:
      return "toward_positive";
    case rounding::mode::toward_negative:
      return "toward_negative";
    case rounding::mode::to_odd:
      return "to_odd";
    case rounding::mode::stochastic:
      return "stochastic";
    case rounding::mode::hif8_hybrid:
      return "hif8_hybrid";
    case rounding::mode::ties_to_even:
      break;
  }
  return "ties_to_even";
}

/// The name of a variant.
[[nodiscard]] constexpr const char* to_string(rounding::stochastic_variant v) noexcept {
  switch (v) {
    case rounding::stochastic_variant::centered:
      return "centered";
    case rounding::stochastic_variant::round_then_add:
      return "round_then_add";
    case rounding::stochastic_variant::add_truncate:
      break;
  }
  return "add_truncate";
}

namespace detail {

/// Whether the policy reads discarded_part::fraction as more than "zero or not".
template <class R>
BINADE_HD constexpr bool needs_linear_fraction(const R&) noexcept {
  return true;
}
BINADE_HD constexpr bool needs_linear_fraction(const rounding::ties_to_even&) noexcept {
  return false;
}
BINADE_HD constexpr bool needs_linear_fraction(const rounding::any& r) noexcept {
  return r.mode == rounding::mode::stochastic;
}

struct hybrid_choice {
  bool active;
  bool guard;
};
template <class R>
BINADE_HD constexpr hybrid_choice hybrid_of(const R&) noexcept {
  return {false, false};
}
BINADE_HD constexpr hybrid_choice hybrid_of(const rounding::hif8_hybrid& r) noexcept {
  return {true, r.guard};
}
BINADE_HD constexpr hybrid_choice hybrid_of(const rounding::any& r) noexcept {
  return {r.mode == rounding::mode::hif8_hybrid, r.guard};
}

}  // namespace detail
}  // namespace binade::inline v0
