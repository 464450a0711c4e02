// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/codec.hpp"
#include "binade/format/unpacked.hpp"

#include <cstddef>
#include <cstdint>

// What Hopper's FP8 matrix instructions compute, bit for bit: measured on an H100, since no
// document of the vendor says it. Random and adversarial operands, 692256768 sums of 32 products,
// found no difference; tests/project/wgmma.cu repeats that on a GPU, and tests/vectors/hopper_fp8
// holds results of it.
//
// Both instructions rest on one operation, a sum with a single alignment:
//   1. Every product is exact. Its exponent is the sum of its factors' exponents and is not
//      adjusted when the significands' product reaches 2. A subnormal factor has the exponent of
//      the smallest normal number and a significand below 1. A product that is zero has no
//      exponent.
//   2. All terms, the accumulator among them, are cut toward zero to a fixed number of bits below
//      the largest of their exponents.
//   3. They are then added exactly: order has no meaning, and the 32 products are one group.
//   4. The sum is normalized and cut toward zero again, to the bits that the result keeps.
// A sum of zero is +0, whatever the signs of its terms. NaN, infinity * 0 and infinities of both
// signs give the NaN 0x7fffffff; otherwise an infinity gives itself.

namespace binade::inline v0::reference {

/// The one NaN that the GPU's floating-point instructions produce.
inline constexpr std::uint32_t gpu_nan_bits = 0x7fffffff;

/// Products of a matrix instruction that share an alignment.
inline constexpr std::size_t fp8_instruction_depth = 32;

/// An element as a multiplier takes it: significand * 2^(exponent - 3).
struct tensor_core_factor {
  std::int8_t significand = 0;  ///< with its sign, in (-16, 16); of infinity 1 or -1
  std::int8_t exponent = 0;
  value_class kind = value_class::zero;
};

/// x as a factor whose exponent is at least `least_exponent`. Needs a value of at most 4
/// significant bits that is a multiple of 2^(least_exponent - 3), or a special one.
[[nodiscard]] BINADE_HD constexpr tensor_core_factor make_tensor_core_factor(
    const unpacked& x, int least_exponent) noexcept {
  tensor_core_factor f;
  f.kind = x.kind;
  std::uint64_t magnitude = 1;
  if (x.kind == value_class::finite) {
    const int exponent = x.exponent < least_exponent ? least_exponent : x.exponent;
    f.exponent = static_cast<std::int8_t>(exponent);
    magnitude = x.significand >> (60 + exponent - x.exponent);
  } else if (x.kind != value_class::infinity) {
    return f;
  }
  const auto significand = static_cast<int>(magnitude);
  f.significand = static_cast<std::int8_t>(x.negative ? -significand : significand);
  return f;
}

/// Bits of x rounded to a float. Results are bits, since compilers may take liberties with floats.
template <class R>
[[nodiscard]] BINADE_HD constexpr std::uint32_t float_bits(const unpacked& x,
                                                           const R& rounding) noexcept {
  constexpr float_spec spec = binary32_spec;
  return static_cast<std::uint32_t>(
      encode(spec, x, rounding, {.saturation = saturation_mode::none}));
}

/// Bits below the exponent of the largest term that terms keep, and bits after the point that the
/// normalized sum keeps.
struct alignment {
  int term_bits;
  int result_bits;
};

/// Bits of the float that an aligned sum gives: of `c`, the bits of a float, and those products
/// a[k] * b[k] for which bit k of `selected` is set.
///
/// Shapes: a[32], b[32]; factors that `selected` leaves out are not read.
/// NaN:    see the top of this file.
/// Error:  that of the four steps at the top of this file, bit for bit.
[[nodiscard]] BINADE_HD constexpr std::uint32_t aligned_sum(const tensor_core_factor* a,
                                                            const tensor_core_factor* b,
                                                            std::uint32_t selected, std::uint32_t c,
                                                            alignment keep) noexcept {
  constexpr int float_least_exponent = -126;
  const unpacked start = binade::detail::unpack_ieee(c, 8, 23);
  bool nan = start.kind == value_class::nan;
  bool infinite[2] = {start.kind == value_class::infinity && !start.negative,
                      start.kind == value_class::infinity && start.negative};
  bool any = start.kind == value_class::finite;
  int top = start.exponent < float_least_exponent ? float_least_exponent : start.exponent;
  for (std::size_t k = 0; k < fp8_instruction_depth; ++k) {
    if ((selected >> k & 1) == 0) continue;
    const int product = a[k].significand * b[k].significand;
    if (a[k].kind == value_class::nan || b[k].kind == value_class::nan) {
      nan = true;
    } else if (a[k].kind == value_class::infinity || b[k].kind == value_class::infinity) {
      if (product == 0) {
        nan = true;
      } else {
        infinite[product < 0 ? 1 : 0] = true;
      }
    } else if (product != 0) {
      const int exponent = a[k].exponent + b[k].exponent;
      if (!any || exponent > top) top = exponent;
      any = true;
    }
  }
  if (nan || (infinite[0] && infinite[1])) return gpu_nan_bits;
  if (infinite[0] || infinite[1]) return infinite[0] ? 0x7f800000U : 0xff800000U;
  if (!any) return 0;

  // Integers count steps of 2^(top - term_bits). 32 products below 2^2 and an accumulator below 2,
  // relative to 2^top, leave the sum below 2^(term_bits + 8).
  const int step = top - keep.term_bits;
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < fp8_instruction_depth; ++k) {
    if ((selected >> k & 1) == 0) continue;
    const int product = a[k].significand * b[k].significand;
    if (product == 0) continue;
    const auto magnitude = static_cast<std::uint64_t>(product < 0 ? -product : product);
    const int shift = a[k].exponent + b[k].exponent - 6 - step;
    const auto cut = static_cast<std::int64_t>(
        shift >= 0 ? magnitude << shift : magnitude >> (shift > -64 ? -shift : 63));
    sum += product < 0 ? -cut : cut;
  }
  if (start.kind == value_class::finite) {
    const int shift = step - (start.exponent - 63);
    const auto cut = static_cast<std::int64_t>(shift < 64 ? start.significand >> shift : 0);
    sum += start.negative ? -cut : cut;
  }
  if (sum == 0) return 0;
  const auto magnitude = static_cast<std::uint64_t>(sum < 0 ? -sum : sum);
  unpacked result = binade::detail::make_finite(sum < 0, magnitude, step);
  result.significand &= ~low_mask(63 - keep.result_bits);
  return float_bits(result, rounding::toward_zero{});
}

/// Bits of the float nearest to x, as the GPU's instructions on floats give it: in arguments and
/// results subnormals are kept and every NaN is the one above.
[[nodiscard]] BINADE_HD constexpr std::uint32_t gpu_float(const unpacked& x) noexcept {
  return x.kind == value_class::nan ? gpu_nan_bits : float_bits(x, rounding::ties_to_even{});
}

/// Bits of the float fma(a, b, c), of bits.
[[nodiscard]] BINADE_HD constexpr std::uint32_t gpu_multiply_add(std::uint32_t a, std::uint32_t b,
                                                                 std::uint32_t c) noexcept {
  return gpu_float(multiply_add(binade::detail::unpack_ieee(a, 8, 23),
                                binade::detail::unpack_ieee(b, 8, 23),
                                binade::detail::unpack_ieee(c, 8, 23)));
}

/// Bits of the float a * b, of bits.
[[nodiscard]] BINADE_HD constexpr std::uint32_t gpu_multiply(std::uint32_t a,
                                                             std::uint32_t b) noexcept {
  return gpu_float(
      multiply(binade::detail::unpack_ieee(a, 8, 23), binade::detail::unpack_ieee(b, 8, 23)));
}

/// Bits of the float a + b, of bits.
[[nodiscard]] BINADE_HD constexpr std::uint32_t gpu_add(std::uint32_t a, std::uint32_t b) noexcept {
  return gpu_float(
      add(binade::detail::unpack_ieee(a, 8, 23), binade::detail::unpack_ieee(b, 8, 23)));
}

/// One `wgmma` of depth 32 on FP8 with a float accumulator `c` (for E4M3 and E5M2 in any mixture):
/// an aligned sum that keeps 13 bits in its terms and 13 in its result. So a float accumulator
/// holds 14 significant bits, and loses what lies 2^-13 below the largest product.
///
/// Shapes: a[32], b[32], made with the least exponent of their own format (-6 for E4M3, -14 for
///         E5M2).
/// Source: measured on an H100: see the top of this file.
[[nodiscard]] BINADE_HD constexpr std::uint32_t hopper_wgmma_fp8(const tensor_core_factor* a,
                                                                 const tensor_core_factor* b,
                                                                 std::uint32_t c) noexcept {
  return aligned_sum(a, b, 0xffffffffU, c, {.term_bits = 13, .result_bits = 13});
}

/// One `mma.sync` m16n8k32 on FP8 with a float accumulator `c`, which nvcc 13.0 makes of two
/// binary16 instructions of depth 16 for this GPU: an aligned sum over k mod 4 in {0, 1} from +0,
/// another over k mod 4 in {2, 3} from its result, both keeping 25 bits in their terms and 23 in
/// their result; then one float addition to c.
///
/// Shapes: a[32], b[32], made with the least exponent of binary16, -14, since they travel as that.
/// Source: measured on an H100: see the top of this file.
[[nodiscard]] BINADE_HD constexpr std::uint32_t hopper_mma_sync_fp8(const tensor_core_factor* a,
                                                                    const tensor_core_factor* b,
                                                                    std::uint32_t c) noexcept {
  constexpr alignment keep{.term_bits = 25, .result_bits = 23};
  const std::uint32_t first = aligned_sum(a, b, 0x33333333U, 0, keep);
  return gpu_add(c, aligned_sum(a, b, 0xccccccccU, first, keep));
}

}  // namespace binade::inline v0::reference
