// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <cstdint>

namespace binade::inline v0 {

enum class saturation_mode : std::uint8_t { finite, propagate, none };
enum class nan_mode : std::uint8_t { largest, zero, error };
enum class negative_mode : std::uint8_t { nan, abs };

/// What becomes of values beyond the range.
namespace saturation {
/// Infinity and overflow become the largest finite value of their sign.
struct finite {
  static constexpr saturation_mode mode = saturation_mode::finite;
};
/// Overflow becomes the largest finite value; infinity stays infinity (else NaN, else the largest).
struct propagate {
  static constexpr saturation_mode mode = saturation_mode::propagate;
};
/// Infinity and overflow become infinity (else NaN, else the largest finite value).
struct none {
  static constexpr saturation_mode mode = saturation_mode::none;
};
}  // namespace saturation

/// The name of a mode: that of its policy.
[[nodiscard]] constexpr const char* to_string(saturation_mode m) noexcept {
  switch (m) {
    case saturation_mode::propagate:
      return "propagate";
    case saturation_mode::none:
      return "none";
    case saturation_mode::finite:
      break;
  }
  return "finite";
}

/// What becomes of NaN in a format without one.
namespace nan {
/// The largest positive value, as CUDA's FP6 and FP4 conversions do.
struct largest {
  static constexpr nan_mode mode = nan_mode::largest;
};
struct zero {
  static constexpr nan_mode mode = nan_mode::zero;
};
/// Operations on spans and tensors throw before they write. Scalar code, which cannot, gives the
/// largest positive value.
struct error {
  static constexpr nan_mode mode = nan_mode::error;
};
}  // namespace nan

/// What becomes of a negative value in an unsigned format.
namespace negative {
/// NaN if the format has one, else 0.
struct nan {
  static constexpr negative_mode mode = negative_mode::nan;
};
/// The magnitude.
struct abs {
  static constexpr negative_mode mode = negative_mode::abs;
};
}  // namespace negative

/// The policies of one conversion that are not rounding.
struct conversion_rules {
  saturation_mode saturation = saturation_mode::finite;
  nan_mode nan = nan_mode::largest;
  negative_mode negative = negative_mode::nan;
  bool symmetric = false;  ///< two's complement integers stop at -largest
};

}  // namespace binade::inline v0
