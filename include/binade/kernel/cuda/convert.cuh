// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/cuda/capability.cuh"

#include <concepts>
#include <cstdint>

namespace binade::inline v0::cuda {

namespace detail {

template <class F>
inline constexpr bool is_fp8 = std::same_as<F, e4m3fn> || std::same_as<F, e5m2>;
template <class F>
inline constexpr bool is_narrow =
    std::same_as<F, e2m1fn> || std::same_as<F, e2m3fn> || std::same_as<F, e3m2fn>;
template <class F>
inline constexpr bool is_float = std::same_as<F, float> || std::same_as<F, float16>;

}  // namespace detail

/// Whether `convert<To>(From)` takes an instruction of the GPU where it was compiled; to E8M0 with
/// a rounding that it has.
template <class To, class From>
[[nodiscard]] BINADE_HD constexpr bool uses_hardware() noexcept {
  constexpr capability c = compiled_capability();
  if constexpr ((detail::is_fp8<To> && detail::is_float<From>) ||
                (detail::is_float<To> && detail::is_fp8<From>)) {
    return c.fp8_conversions;
  } else {
    return c.narrow_conversions && std::same_as<From, float> &&
           (detail::is_narrow<To> || std::same_as<To, e8m0fnu>);
  }
}

#if defined(__CUDA_ARCH__)

namespace detail {

// Each instruction converts two numbers; the lower half of the result is that of the last operand.
// They round to nearest even, or as R says, and saturate, as the formats' own policies do.

template <class To, class R = rounding::ties_to_even>
__device__ std::uint32_t from_float(float x) noexcept {
  std::uint16_t code = 0;
#if __CUDA_ARCH__ >= 890
  if constexpr (std::same_as<To, e4m3fn>) {
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  } else if constexpr (std::same_as<To, e5m2>) {
    asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  }
#endif
#if defined(BINADE_CUDA_UNRUN_CONVERSIONS) && defined(__CUDA_ARCH_FAMILY_SPECIFIC__)
#if __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
  if constexpr (std::same_as<To, e2m3fn>) {
    asm("cvt.rn.satfinite.e2m3x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  } else if constexpr (std::same_as<To, e3m2fn>) {
    asm("cvt.rn.satfinite.e3m2x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  } else if constexpr (std::same_as<To, e2m1fn>) {
    asm("{.reg .b8 pair; cvt.rn.satfinite.e2m1x2.f32 pair, %1, %2; cvt.u16.u8 %0, pair;}"
        : "=h"(code)
        : "f"(0.0F), "f"(x));
    return code & 0xf;
  } else if constexpr (std::same_as<To, e8m0fnu> && std::same_as<R, rounding::toward_zero>) {
    asm("cvt.rz.satfinite.ue8m0x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  } else if constexpr (std::same_as<To, e8m0fnu>) {
    asm("cvt.rp.satfinite.ue8m0x2.f32 %0, %1, %2;" : "=h"(code) : "f"(0.0F), "f"(x));
  }
#endif
#endif
  return code & 0xff;
}

/// To is e4m3fn or e5m2, and so is F below.
template <class To>
__device__ std::uint32_t from_float16(std::uint16_t x) noexcept {
  std::uint16_t code = 0;
#if __CUDA_ARCH__ >= 890
  const std::uint32_t pair = x;
  if constexpr (std::same_as<To, e4m3fn>) {
    asm("cvt.rn.satfinite.e4m3x2.f16x2 %0, %1;" : "=h"(code) : "r"(pair));
  } else {
    asm("cvt.rn.satfinite.e5m2x2.f16x2 %0, %1;" : "=h"(code) : "r"(pair));
  }
#endif
  return code & 0xff;
}

template <class F>
__device__ std::uint16_t to_float16(F x) noexcept {
  std::uint32_t pair = 0;
#if __CUDA_ARCH__ >= 890
  const std::uint16_t code = x.bits();
  if constexpr (std::same_as<F, e4m3fn>) {
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"(code));
  } else {
    asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(pair) : "h"(code));
  }
#endif
  return static_cast<std::uint16_t>(pair);
}

}  // namespace detail

#endif

/// binade::convert<To>(x) with To's own policies, by an instruction of the GPU where there is one
/// (see uses_hardware), else, and on the host, by the portable code.
///
/// NaN:    as for binade::convert, sign included, which the instructions drop.
/// Error:  the same bits as binade::convert: compared on an H100 for all floats and float16s into
///         E4M3 and E5M2, and all codes of these into float and float16. The conversions to E2M1,
///         E2M3 and E3M2, off by default, have never run (see capability).
template <conversion_target To, number From>
[[nodiscard]] BINADE_HD inline To convert(const From& x) noexcept {
#if defined(__CUDA_ARCH__)
  if constexpr (!uses_hardware<To, From>() || std::same_as<To, e8m0fnu>) {
    return binade::convert<To>(x);
  } else if constexpr (detail::is_float<To>) {
    if (isnan(x)) return binade::convert<To>(x);
    const std::uint16_t half = detail::to_float16(x);
    if constexpr (std::same_as<To, float16>) {
      return float16::from_bits(half);
    } else {
      float result = 0;
      asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(half));
      return result;
    }
  } else if constexpr (std::same_as<From, float>) {
    if ((__float_as_uint(x) & 0x7fffffffU) > 0x7f800000U) return binade::convert<To>(x);
    return To::from_bits(detail::from_float<To>(x));
  } else {
    if (isnan(x)) return binade::convert<To>(x);
    return To::from_bits(detail::from_float16<To>(x.bits()));
  }
#else
  return binade::convert<To>(x);
#endif
}

/// binade::convert<e8m0fnu>(x, R{}), x rounded to a power of two upward or toward zero, likewise.
///
/// NaN:    as for binade::convert.
/// Error:  the same bits as binade::convert on the portable path. The instruction, off by default,
///         has never run (see capability); it gets numbers above zero only.
template <std::same_as<e8m0fnu> To, class R>
  requires std::same_as<R, rounding::toward_positive> || std::same_as<R, rounding::toward_zero>
[[nodiscard]] BINADE_HD inline To convert(float x, const R& rounding) noexcept {
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__)
  if constexpr (uses_hardware<To, float>()) {
    if (x > 0 && x < __uint_as_float(0x7f800000U)) {
      return To::from_bits(detail::from_float<To, R>(x));
    }
  }
#endif
  return binade::convert<To>(x, rounding);
}

#if defined(__CUDACC__)

/// Codes of four floats, x[0] in the lowest bits, rounded stochastically by cvt.rs with 32 random
/// bits. Compiled, never run: which of the bits serve which number, and so whether the result is
/// that of rounding::stochastic with some of them, is not known here.
///
/// Shapes: 8 bits a code for E4M3 and E5M2, 4 for E2M1.
template <class To>
  requires detail::is_fp8<To> || std::same_as<To, e2m1fn>
[[nodiscard]] __device__ std::uint32_t convert_four_stochastic(const float (&x)[4],
                                                               std::uint32_t random) noexcept {
#if defined(__CUDA_ARCH__)
  static_assert(compiled_capability().stochastic_conversions,
                "convert_four_stochastic: needs sm_100a or sm_103a, and "
                "BINADE_CUDA_UNRUN_CONVERSIONS; use rounding::stochastic elsewhere");
#endif
  std::uint32_t codes = 0;
  if constexpr (std::same_as<To, e4m3fn>) {
    asm("cvt.rs.satfinite.e4m3x4.f32 %0, {%1, %2, %3, %4}, %5;"
        : "=r"(codes)
        : "f"(x[3]), "f"(x[2]), "f"(x[1]), "f"(x[0]), "r"(random));
  } else if constexpr (std::same_as<To, e5m2>) {
    asm("cvt.rs.satfinite.e5m2x4.f32 %0, {%1, %2, %3, %4}, %5;"
        : "=r"(codes)
        : "f"(x[3]), "f"(x[2]), "f"(x[1]), "f"(x[0]), "r"(random));
  } else {
    std::uint16_t four = 0;
    asm("cvt.rs.satfinite.e2m1x4.f32 %0, {%1, %2, %3, %4}, %5;"
        : "=h"(four)
        : "f"(x[3]), "f"(x[2]), "f"(x[1]), "f"(x[0]), "r"(random));
    codes = four;
  }
  return codes;
}

#endif

}  // namespace binade::inline v0::cuda
