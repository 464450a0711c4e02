// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"

#include <cstdint>

// binary32 operations that mean the same whatever the compiler was told: in device code each is one
// PTX instruction, which -use_fast_math neither flushes nor fuses; on the host they serve tests and
// expect the default floating-point environment.

namespace binade::inline v0::cuda::detail {

BINADE_HD inline float from_bits(std::uint32_t bits) noexcept { return bit_cast<float>(bits); }
BINADE_HD inline std::uint32_t bits_of(float x) noexcept { return bit_cast<std::uint32_t>(x); }

/// a * b, to nearest even.
BINADE_HD inline float multiply(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("mul.rn.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
#else
  return a * b;
#endif
}

/// a * b, toward zero; on the host |a * b| < 1.
BINADE_HD inline float multiply_toward_zero(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("mul.rz.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
#else
  const double exact = static_cast<double>(a) * static_cast<double>(b);  // 48 bits at most
  const float nearest = static_cast<float>(exact);
  const double above = static_cast<double>(nearest);
  const bool too_far = exact < 0 ? above < exact : above > exact;
  return too_far ? from_bits(bits_of(nearest) - 1) : nearest;
#endif
}

/// a * b + c, toward zero; on the host a, b and c must be such that the sum has at most 53 bits.
BINADE_HD inline float multiply_add_toward_zero(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("fma.rz.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c));
  return r;
#else
  const double exact = static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c);
  const float nearest = static_cast<float>(exact);
  const double above = static_cast<double>(nearest);
  const bool too_far = exact < 0 ? above < exact : above > exact;
  return too_far ? from_bits(bits_of(nearest) - 1) : nearest;
#endif
}

/// a * b + c, rounded once to nearest even.
BINADE_HD inline float multiply_add(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c));
  return r;
#else
  return __builtin_fmaf(a, b, c);
#endif
}

/// a / b, to nearest even.
BINADE_HD inline float divide(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("div.rn.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
#else
  return a / b;
#endif
}

/// About 1 / x for normal x in [2^-125, 2^125]. Error: <= 1 ulp.
BINADE_HD inline float reciprocal(float x) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
#else
  return 1.0F / x;
#endif
}

/// 2^exponent for -149 <= exponent <= 127.
BINADE_HD inline float exp2i(int exponent) noexcept {
  if (exponent >= -126) return from_bits(static_cast<std::uint32_t>(exponent + 127) << 23);
  return from_bits(1U << (exponent + 149));
}

/// (a << bits) with the upper bits of b behind; 0 < bits < 32.
BINADE_HD inline std::uint32_t append_upper_bits(std::uint32_t a, std::uint32_t b,
                                                 int bits) noexcept {
#if defined(__CUDA_ARCH__)
  return __funnelshift_l(b, a, static_cast<std::uint32_t>(bits));
#else
  return a << bits | b >> (32 - bits);
#endif
}

BINADE_HD inline std::uint32_t smaller(std::uint32_t a, std::uint32_t b) noexcept {
  return a < b ? a : b;
}
BINADE_HD inline std::uint32_t larger(std::uint32_t a, std::uint32_t b) noexcept {
  return a < b ? b : a;
}

}  // namespace binade::inline v0::cuda::detail
