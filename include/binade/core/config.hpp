// SPDX-License-Identifier: MIT
#pragma once

// The library's macros (the one other, BINADE_THROW, is in core/error.hpp) and what it asks of a
// compiler.

// --- Version: semantic; the numbers of CMakeLists.txt --------------------------------------------
#define BINADE_VERSION_MAJOR 0
#define BINADE_VERSION_MINOR 1
#define BINADE_VERSION_PATCH 0

// --- What a compiler must offer ------------------------------------------------------------------
#if !defined(__cplusplus) || __cplusplus < 202002L
#error "binade needs C++20: compile with -std=c++20 or later"
#endif
#if !defined(__GNUC__)
#error "binade needs GCC, clang or nvcc on top of one of them"
#endif
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "binade needs a little-endian machine: packed codes are defined as little-endian bytes"
#endif

// --- Architecture: at most one is 1 --------------------------------------------------------------
#if defined(__x86_64__)
#define BINADE_ARCH_X86_64 1
#else
#define BINADE_ARCH_X86_64 0
#endif
#if defined(__aarch64__)
#define BINADE_ARCH_AARCH64 1
#else
#define BINADE_ARCH_AARCH64 0
#endif

// --- Functions -----------------------------------------------------------------------------------

// In front of every function that CUDA device code may call as well.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define BINADE_HD __host__ __device__
#else
#define BINADE_HD
#endif

// In front of a function in place of `inline`: inlined at -O0 too, and into its SIMD region's code.
#define BINADE_ALWAYS_INLINE inline __attribute__((always_inline))

#define BINADE_DETAIL_PRAGMA(x) _Pragma(#x)

// In front of a loop of constant length, at most n, which is unrolled whole: -O2 alone leaves
// arrays of vectors in memory. (Of nvcc's passes the one for the host does not know the pragma.)
#if defined(__CUDA_ARCH__)
#define BINADE_UNROLL(n) BINADE_DETAIL_PRAGMA(unroll n)
#elif defined(__CUDACC__)
#define BINADE_UNROLL(n)
#else
#define BINADE_UNROLL(n) BINADE_DETAIL_PRAGMA(GCC unroll n)
#endif

// In front of a function that must stay out of its caller: a cold path, or a call that
// floating-point code must not move across.
#define BINADE_NOINLINE __attribute__((noinline))

// --- SIMD target regions -------------------------------------------------------------------------
// Functions between BINADE_BEGIN_TARGET_<T> and BINADE_END_TARGET are compiled for target T
// whatever the -m flags say; the caller has to know that the CPU has T. A region stands at
// namespace scope, never inside another one, and holds functions only: include headers before it. A
// vector type never crosses its border, neither as an argument nor through a template or lambda
// that is defined outside. With g++ a region also silences the uninitialized-value warnings which
// that compiler's intrinsic headers raise in users' code.
//
//   PORTABLE     what the command line asks for
//   AVX2         AVX2, FMA, F16C, BMI 1 and 2 (Haswell, Zen 1)
//   AVX512       AVX2's and AVX-512 F, CD, BW, DQ, VL (Skylake-SP)
//   AVX512_VNNI  AVX512's and VNNI, VBMI, VBMI2, BITALG, VPOPCNTDQ (Ice Lake, Zen 4)
//   AVX512_BF16  AVX512_VNNI's and BF16 (Sapphire Rapids, Zen 4)
//   NEON         Advanced SIMD, which every AArch64 has
#if defined(__clang__)
// Under -ffast-math clang takes fused multiply-adds, intrinsics too, apart; float_control forbids
// it.
#define BINADE_DETAIL_PRECISE \
  BINADE_DETAIL_PRAGMA(float_control(push)) BINADE_DETAIL_PRAGMA(float_control(precise, on))
#define BINADE_BEGIN_TARGET_PORTABLE \
  BINADE_DETAIL_PRECISE BINADE_DETAIL_PRAGMA(clang attribute push)
#define BINADE_DETAIL_BEGIN_TARGET(features) \
  BINADE_DETAIL_PRECISE                      \
  BINADE_DETAIL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define BINADE_END_TARGET \
  BINADE_DETAIL_PRAGMA(clang attribute pop) BINADE_DETAIL_PRAGMA(float_control(pop))
#else
#define BINADE_BEGIN_TARGET_PORTABLE                             \
  BINADE_DETAIL_PRAGMA(GCC push_options)                         \
  BINADE_DETAIL_PRAGMA(GCC diagnostic push)                      \
  BINADE_DETAIL_PRAGMA(GCC diagnostic ignored "-Wuninitialized") \
  BINADE_DETAIL_PRAGMA(GCC diagnostic ignored "-Wmaybe-uninitialized")
#define BINADE_DETAIL_BEGIN_TARGET(features) \
  BINADE_BEGIN_TARGET_PORTABLE BINADE_DETAIL_PRAGMA(GCC target(features))
#define BINADE_END_TARGET \
  BINADE_DETAIL_PRAGMA(GCC diagnostic pop) BINADE_DETAIL_PRAGMA(GCC pop_options)
#endif
#if BINADE_ARCH_X86_64
#define BINADE_BEGIN_TARGET_AVX2 BINADE_DETAIL_BEGIN_TARGET("avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt")
#define BINADE_BEGIN_TARGET_AVX512           \
  BINADE_DETAIL_BEGIN_TARGET(                \
      "avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt," \
      "avx512f,avx512cd,avx512bw,avx512dq,avx512vl")
#define BINADE_BEGIN_TARGET_AVX512_VNNI              \
  BINADE_DETAIL_BEGIN_TARGET(                        \
      "avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt,"         \
      "avx512f,avx512cd,avx512bw,avx512dq,avx512vl," \
      "avx512vnni,avx512vbmi,avx512vbmi2,avx512bitalg,avx512vpopcntdq")
#define BINADE_BEGIN_TARGET_AVX512_BF16                                 \
  BINADE_DETAIL_BEGIN_TARGET(                                           \
      "avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt,"                            \
      "avx512f,avx512cd,avx512bw,avx512dq,avx512vl,"                    \
      "avx512vnni,avx512vbmi,avx512vbmi2,avx512bitalg,avx512vpopcntdq," \
      "avx512bf16")
#elif BINADE_ARCH_AARCH64
#define BINADE_BEGIN_TARGET_NEON BINADE_BEGIN_TARGET_PORTABLE
#endif

// --- SIMD target choice --------------------------------------------------------------------------
// -DBINADE_TARGET=<portable|avx2|avx512|neon> pins the SIMD target at compile time: no CPU
// detection, and a CPU without it fails with an illegal instruction. Undefined: the best target of
// the CPU at run time. It changes the bodies of inline functions, so a program has one value of it:
// two translation units that disagree break the one-definition rule. Bits do not depend on it, only
// speed does. BINADE_TARGET_PINNED is one of the BINADE_TARGET_<name> numbers; 0 means that nothing
// is pinned.
#define BINADE_TARGET_portable 1
#define BINADE_TARGET_avx2 2
#define BINADE_TARGET_avx512 3
#define BINADE_TARGET_neon 4
#define BINADE_DETAIL_PASTE_2(a, b) a##b
#define BINADE_DETAIL_PASTE(a, b) BINADE_DETAIL_PASTE_2(a, b)
#if !defined(BINADE_TARGET)
#define BINADE_TARGET_PINNED 0
#else
#define BINADE_TARGET_PINNED BINADE_DETAIL_PASTE(BINADE_TARGET_, BINADE_TARGET)
#if BINADE_TARGET_PINNED == 0
#error "BINADE_TARGET: unknown name; allowed are portable, avx2, avx512 and neon"
#elif (BINADE_TARGET_PINNED == 2 || BINADE_TARGET_PINNED == 3) && !BINADE_ARCH_X86_64
#error "BINADE_TARGET: avx2 and avx512 are for x86-64; portable is allowed everywhere"
#elif BINADE_TARGET_PINNED == 4 && !BINADE_ARCH_AARCH64
#error "BINADE_TARGET: neon is for AArch64; portable is allowed everywhere"
#endif
#endif
