// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

// The compiler's own 16-bit types, _Float16 and __bf16, where it has them on the target. Bits are
// moved, never converted: the same in any floating-point environment, NaN payloads included. Hence
// the references: where the CPU lacks such registers, clang hands a value over by way of float.

namespace binade::inline v0 {

#if defined(__FLT16_MANT_DIG__) && !defined(__CUDACC__)

/// Whether this header offers _Float16.
inline constexpr bool has_native_float16 = true;

static_assert(sizeof(_Float16) == sizeof(float16));

/// The same bits as the other type.
[[nodiscard]] constexpr float16 from_native(const _Float16& x) noexcept {
  return float16::from_bits(bit_cast<std::uint16_t>(x));
}
[[nodiscard]] constexpr _Float16 to_native(float16 x) noexcept {
  return bit_cast<_Float16>(x.bits());
}
/// The exact value.
[[nodiscard]] constexpr unpacked unpack(const _Float16& x) noexcept {
  return unpack(from_native(x));
}

#else
inline constexpr bool has_native_float16 = false;
#endif

// GCC names the type in a macro; clang 17 and later have it wherever SSE2 or AArch64 is.
#if !defined(__CUDACC__) &&          \
    (defined(__BFLT16_MANT_DIG__) || \
     (defined(__clang__) && __clang_major__ >= 17 && (defined(__SSE2__) || defined(__aarch64__))))

/// Whether this header offers __bf16.
inline constexpr bool has_native_bfloat16 = true;

static_assert(sizeof(__bf16) == sizeof(bfloat16));

/// The same bits as the other type.
[[nodiscard]] constexpr bfloat16 from_native(const __bf16& x) noexcept {
  return bfloat16::from_bits(bit_cast<std::uint16_t>(x));
}
[[nodiscard]] constexpr __bf16 to_native(bfloat16 x) noexcept { return bit_cast<__bf16>(x.bits()); }
/// The exact value.
[[nodiscard]] constexpr unpacked unpack(const __bf16& x) noexcept { return unpack(from_native(x)); }

#else
inline constexpr bool has_native_bfloat16 = false;
#endif

/// A 16-bit type of the compiler that `from_native` takes. `number` does not hold for it: a
/// built-in type has no namespace in which that concept, defined before this header, could find
/// `unpack`.
template <class T>
concept native_number = !std::is_class_v<T> && !number<T> && requires(T x) {
  { from_native(x) } -> format;
};

/// x as a `To`, rounded once; as `convert` from float16 or bfloat16.
template <conversion_target To, native_number From, conversion_policy... Policies>
[[nodiscard]] constexpr To convert(const From& x, const Policies&... policies) noexcept {
  return convert<To>(from_native(x), policies...);
}

}  // namespace binade::inline v0
