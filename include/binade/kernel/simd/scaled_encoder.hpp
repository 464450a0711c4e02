// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/kernel/simd/float_encoder.hpp"

#include <cstddef>
#include <cstdint>

// What the vector kernels of quantization are told. They know nothing of tensors: they see runs of
// binary32 without NaN and infinity, and scales as numbers.

namespace binade::inline v0::simd {

/// Largest and smallest magnitude of a run, as bits of binary32; from infinity on there is an
/// infinity or a NaN. An empty run has {0, 0x7fffffff}.
struct magnitude_range {
  std::uint32_t largest = 0;
  std::uint32_t smallest = 0x7fffffff;
};

/// Elements that have a vector encoder under a scale: signed minifloats that have a float_encoder,
/// and signed integers of at most 8 bits, rounded to nearest even and clamped.
struct scaled_encoder {
  float_encoder floats{};
  bool is_integer = false;
  int bits = 8;               ///< of a code in packed bytes
  float largest = 0;          ///< beyond it an element counts as clipped
  float lowest = 0;           ///< integers are clamped to [lowest, largest]
  std::uint32_t zero = 0;     ///< bits of a code that are 0 in the code of a zero
  std::uint32_t lattice = 0;  ///< see make_lattice
};

/// Every boundary between two codes, and the largest value, is a number of at most `digits`
/// significant bits: these bits of its binary32 are 0. Of a quotient's bits plus 4 they are 0 where
/// the quotient lies within 4 units in the last place of such a number.
[[nodiscard]] constexpr std::uint32_t make_lattice(int digits) noexcept {
  return static_cast<std::uint32_t>(low_mask(24 - digits)) & ~7U;
}

/// How the exact scale of a block follows from what a kernel is given.
enum class scale_form : std::uint8_t {
  power_of_two,  ///< 1 / inverse, exactly
  single,        ///< scale
  product,       ///< scale * tensor, where scale has at most 12 significant bits
  /// scale, but what is encoded is x / scale rounded to binary32, as stacks do it that divide
  /// floats; a zero loses its sign. For formats with -0 alone.
  rounded_quotient,
};

/// The scales of a run: element i has number i >> shift.
struct scaled_run {
  const float* inverse = nullptr;  ///< about 1 / scale: off by at most 2^-23 of itself
  const float* scale = nullptr;    ///< not read for powers of two
  float tensor = 1;
  int shift = 63;
  scale_form form = scale_form::power_of_two;
  bool counts_clipped = true;    ///< false: the caller knows that there are none
  const float* ahead = nullptr;  ///< ahead[i ahead_quarters / 4] is fetched into the cache with
                                 ///< x[i]; nothing depends on what is there
  std::size_t ahead_quarters = 4;
};

struct run_counts {
  std::size_t clipped = 0;
  std::size_t zeros = 0;  ///< codes of zeros, those of zeros among the elements included
};

/// A pow2 rule whose scales are E8M0: code = ((bits(amax) + added) >> 23) - emax.
struct pow2_scaling {
  std::uint32_t added = 0;
  std::int32_t emax = 0;
  std::int32_t element_exponent = 0;
};

/// An unsigned scale format of at most 8 bits: with e and m the fields of a code the value is
/// (2^mantissa_bits + m) * 2^(e - bias - mantissa_bits), and as if e were 1 without the hidden bit
/// if e is 0.
struct scale_decoder {
  int mantissa_bits = 0;
  int bias = 0;
  float zero = 0;               ///< value of code 0, which E8M0 has no formula for
  std::uint32_t largest = 255;  ///< larger codes are NaN
};

/// What decoding a run is told: element i is values[code] * scale[i >> shift], rounded once, or
/// with `has_tensor` that times `tensor`, where the first product is exact.
struct decoded_run {
  const float* values = nullptr;  ///< of all codes: 16 if they have 4 bits, else 256
  const float* scale = nullptr;
  float tensor = 1;
  bool has_tensor = false;
  bool to_odd = false;   ///< the last product is rounded to odd instead of to nearest even
  bool streams = false;  ///< past the caches; needs a destination that is aligned to 64 bytes
  int shift = 63;
};

/// Source types that widen to binary32 on vectors.
enum class half_kind : std::uint8_t { float16, bfloat16 };

}  // namespace binade::inline v0::simd
