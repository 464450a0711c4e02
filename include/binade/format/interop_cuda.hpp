// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"

#if __has_include(<cuda_fp4.h>)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>
#endif

#include <cstdint>
#include <type_traits>

// The CUDA toolkit's narrow types (12.8 and later), on the host and on the device. Bits are moved,
// never converted. Without the toolkit's headers this header offers has_cuda_types alone.

namespace binade::inline v0 {

#if __has_include(<cuda_fp4.h>)

/// Whether this header was compiled with the toolkit's headers.
inline constexpr bool has_cuda_types = true;

namespace detail {

template <class Format, class Cuda>
struct cuda_pair {
  static_assert(sizeof(Format) == sizeof(Cuda) && std::is_trivially_copyable_v<Cuda>);
  BINADE_HD static constexpr Format from(const Cuda& x) noexcept {
    return Format::from_bits(bit_cast<typename Format::storage_type>(x));
  }
  BINADE_HD static constexpr Cuda to(Format x) noexcept { return bit_cast<Cuda>(x.bits()); }
};

using cuda_e4m3 = cuda_pair<e4m3fn, __nv_fp8_e4m3>;
using cuda_e5m2 = cuda_pair<e5m2, __nv_fp8_e5m2>;
using cuda_e8m0 = cuda_pair<e8m0fnu, __nv_fp8_e8m0>;
using cuda_e2m3 = cuda_pair<e2m3fn, __nv_fp6_e2m3>;
using cuda_e3m2 = cuda_pair<e3m2fn, __nv_fp6_e3m2>;
using cuda_e2m1 = cuda_pair<e2m1fn, __nv_fp4_e2m1>;
using cuda_half = cuda_pair<float16, __half>;
using cuda_bfloat16 = cuda_pair<bfloat16, __nv_bfloat16>;

}  // namespace detail

/// The format of the same name with the same bits. Of a 6-bit or 4-bit type, which CUDA keeps in a
/// byte, the upper bits are dropped.
[[nodiscard]] BINADE_HD constexpr e4m3fn from_cuda(const __nv_fp8_e4m3& x) noexcept {
  return detail::cuda_e4m3::from(x);
}
[[nodiscard]] BINADE_HD constexpr e5m2 from_cuda(const __nv_fp8_e5m2& x) noexcept {
  return detail::cuda_e5m2::from(x);
}
[[nodiscard]] BINADE_HD constexpr e8m0fnu from_cuda(const __nv_fp8_e8m0& x) noexcept {
  return detail::cuda_e8m0::from(x);
}
[[nodiscard]] BINADE_HD constexpr e2m3fn from_cuda(const __nv_fp6_e2m3& x) noexcept {
  return detail::cuda_e2m3::from(x);
}
[[nodiscard]] BINADE_HD constexpr e3m2fn from_cuda(const __nv_fp6_e3m2& x) noexcept {
  return detail::cuda_e3m2::from(x);
}
[[nodiscard]] BINADE_HD constexpr e2m1fn from_cuda(const __nv_fp4_e2m1& x) noexcept {
  return detail::cuda_e2m1::from(x);
}
[[nodiscard]] BINADE_HD constexpr float16 from_cuda(const __half& x) noexcept {
  return detail::cuda_half::from(x);
}
[[nodiscard]] BINADE_HD constexpr bfloat16 from_cuda(const __nv_bfloat16& x) noexcept {
  return detail::cuda_bfloat16::from(x);
}

/// CUDA's type with the same bits.
[[nodiscard]] BINADE_HD constexpr __nv_fp8_e4m3 to_cuda(e4m3fn x) noexcept {
  return detail::cuda_e4m3::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_fp8_e5m2 to_cuda(e5m2 x) noexcept {
  return detail::cuda_e5m2::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_fp8_e8m0 to_cuda(e8m0fnu x) noexcept {
  return detail::cuda_e8m0::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_fp6_e2m3 to_cuda(e2m3fn x) noexcept {
  return detail::cuda_e2m3::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_fp6_e3m2 to_cuda(e3m2fn x) noexcept {
  return detail::cuda_e3m2::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_fp4_e2m1 to_cuda(e2m1fn x) noexcept {
  return detail::cuda_e2m1::to(x);
}
[[nodiscard]] BINADE_HD constexpr __half to_cuda(float16 x) noexcept {
  return detail::cuda_half::to(x);
}
[[nodiscard]] BINADE_HD constexpr __nv_bfloat16 to_cuda(bfloat16 x) noexcept {
  return detail::cuda_bfloat16::to(x);
}

#else
inline constexpr bool has_cuda_types = false;
#endif

}  // namespace binade::inline v0

#if __has_include(<cuda_fp4.h>)

// The exact value, with which `convert` takes CUDA's types. These stand in the global namespace
// because CUDA's types do: that is where a call with such an argument is looked for.
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp8_e4m3& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp8_e5m2& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp8_e8m0& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp6_e2m3& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp6_e3m2& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_fp4_e2m1& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __half& x) noexcept {
  return unpack(binade::from_cuda(x));
}
[[nodiscard]] BINADE_HD constexpr binade::unpacked unpack(const __nv_bfloat16& x) noexcept {
  return unpack(binade::from_cuda(x));
}

#endif
