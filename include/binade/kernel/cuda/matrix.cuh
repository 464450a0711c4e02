// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/cuda/float_operations.cuh"
#include "binade/kernel/cuda/status.cuh"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace binade::inline v0::cuda {

/// What the kernels read and write: binary32, binary16 and bfloat16.
template <class T>
concept kernel_float =
    std::same_as<T, float> || std::same_as<T, float16> || std::same_as<T, bfloat16>;

/// A matrix in the GPU's memory, row by row; `stride` elements from row to row.
///
/// Cost: fastest where data is aligned to 16 bytes and the stride is a multiple of 16 bytes.
template <class T>
  requires kernel_float<std::remove_const_t<T>>
struct device_matrix {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;

  constexpr device_matrix() noexcept = default;
  constexpr device_matrix(T* first, std::size_t row_count, std::size_t column_count) noexcept
      : device_matrix(first, row_count, column_count, column_count) {}
  constexpr device_matrix(T* first, std::size_t row_count, std::size_t column_count,
                          std::size_t row_stride) noexcept
      : data(first), rows(row_count), columns(column_count), stride(row_stride) {}
  /// A matrix is one of const elements.
  template <class U>
    requires(std::is_const_v<T> && std::same_as<U, std::remove_const_t<T>>)
  constexpr device_matrix(const device_matrix<U>& m) noexcept
      : device_matrix(m.data, m.rows, m.columns, m.stride) {}
};

namespace detail {

inline bool is_aligned(const void* p, std::size_t bytes) noexcept {
  return reinterpret_cast<std::uintptr_t>(p) % bytes == 0;
}

/// What every function asks of a matrix.
template <class T>
status check_matrix(const char* function, const device_matrix<T>& m) noexcept {
  if (m.stride < m.columns) {
    return status::refused(function, "the stride", m.stride, "at least the number of columns");
  }
  if (m.stride >= std::size_t{1} << 32) {
    return status::refused(function, "the stride", m.stride, "strides below 2^32");
  }
  if (m.rows >= std::size_t{1} << 31 || m.columns >= std::size_t{1} << 31) {
    return status::refused(function, "the larger extent", m.rows < m.columns ? m.columns : m.rows,
                           "extents below 2^31");
  }
  if (m.data == nullptr && m.rows != 0 && m.columns != 0) {
    return status::refused(function, "the pointer to the elements", 0, "memory of the GPU");
  }
  return {};
}

/// Whether every 16 neighbours from a multiple of 16 on lie at a multiple of 16 bytes.
template <class T>
bool has_aligned_rows(const device_matrix<T>& m) noexcept {
  return is_aligned(m.data, 16) && m.stride * sizeof(T) % 16 == 0;
}

/// A checked matrix as kernels carry it: in 32-bit numbers, of which an address costs one product.
template <class T>
struct kernel_matrix {
  T* data = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t stride = 0;
  bool is_aligned = false;

  constexpr kernel_matrix() noexcept = default;
  explicit kernel_matrix(const device_matrix<T>& m) noexcept
      : data(m.data),
        rows(static_cast<std::uint32_t>(m.rows)),
        columns(static_cast<std::uint32_t>(m.columns)),
        stride(static_cast<std::uint32_t>(m.stride)),
        is_aligned(has_aligned_rows(m)) {}
  [[nodiscard]] BINADE_HD T* at(std::uint32_t row, std::uint32_t column) const noexcept {
    return data + (std::uint64_t{row} * stride + column);
  }
};

/// 16 neighbours as they lie in memory.
template <class T>
struct raw_sixteen {
  static constexpr int words = 4 * static_cast<int>(sizeof(T));
  std::uint32_t word[words];
};

/// The larger magnitudes of a, which has no signs, and two numbers of T, NaN above all.
template <class T>
BINADE_HD inline std::uint32_t larger_magnitudes(std::uint32_t a, std::uint32_t two) noexcept {
#if defined(__CUDA_ARCH__)
  std::uint32_t r;
  if constexpr (std::same_as<T, bfloat16>) {
    asm("{ .reg .b32 m; abs.bf16x2 m, %2; max.NaN.bf16x2 %0, %1, m; }"
        : "=r"(r)
        : "r"(a), "r"(two));
  } else {
    asm("{ .reg .b32 m; abs.f16x2 m, %2; max.NaN.f16x2 %0, %1, m; }" : "=r"(r) : "r"(a), "r"(two));
  }
  return r;
#else
  const std::uint32_t b = two & 0x7fff7fffU;
  return larger(a >> 16, b >> 16) << 16 | larger(a & 0xffff, b & 0xffff);
#endif
}

/// binary16 to binary32, exactly.
BINADE_HD inline float widen_half(std::uint32_t half) noexcept {
#if defined(__CUDA_ARCH__)
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(static_cast<std::uint16_t>(half)));
  return x;
#else
  return static_cast<float>(float16::from_bits(half));
#endif
}

/// The numbers themselves.
template <kernel_float T>
BINADE_HD inline void widen(const raw_sixteen<T>& raw, float (&x)[16]) noexcept {
  BINADE_UNROLL(16)
  for (int w = 0; w < raw_sixteen<T>::words; ++w) {
    const std::uint32_t word = raw.word[w];
    if constexpr (std::same_as<T, float>) {
      x[w] = from_bits(word);
    } else if constexpr (std::same_as<T, bfloat16>) {
      x[2 * w] = from_bits(word << 16);
      x[2 * w + 1] = from_bits(word & 0xffff0000U);
    } else {
      x[2 * w] = widen_half(word & 0xffff);
      x[2 * w + 1] = widen_half(word >> 16);
    }
  }
}

/// The numbers themselves with the signs of NaN, which the conversion from binary16 drops; `amax`
/// is their largest_magnitude.
template <kernel_float T>
BINADE_HD inline void widen(const raw_sixteen<T>& raw, std::uint32_t amax,
                            float (&x)[16]) noexcept {
  widen(raw, x);
  if constexpr (std::same_as<T, float16>) {
    if (amax <= 0x7f800000U) return;
    BINADE_UNROLL(16)
    for (int k = 0; k < 16; ++k) {
      const std::uint32_t sign = raw.word[k / 2] << (k % 2 == 0 ? 16 : 0) & 0x80000000U;
      x[k] = from_bits((bits_of(x[k]) & 0x7fffffffU) | sign);
    }
  }
}

/// Bits of the largest magnitude as binary32; above those of infinity if there is a NaN.
template <kernel_float T>
BINADE_HD inline std::uint32_t largest_magnitude(const raw_sixteen<T>& raw) noexcept {
  std::uint32_t most = 0;
  BINADE_UNROLL(16)
  for (int w = 0; w < raw_sixteen<T>::words; ++w) {
    if constexpr (std::same_as<T, float>) {
      most = larger(most, raw.word[w] & 0x7fffffffU);
    } else {
      most = larger_magnitudes<T>(most, raw.word[w]);
    }
  }
  if constexpr (std::same_as<T, float>) {
    return most;
  } else {
    const std::uint32_t half = larger(most & 0xffff, most >> 16);
    if constexpr (std::same_as<T, bfloat16>) return half << 16;
    return bits_of(widen_half(half)) & 0x7fffffffU;
  }
}

/// The larger of a, which is not negative, and |b|; NaN above all.
BINADE_HD inline float larger_magnitude(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
  float r;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(__builtin_fabsf(b)));
  return r;
#else
  return from_bits(larger(bits_of(a), bits_of(b) & 0x7fffffffU));
#endif
}

/// Bits of the largest magnitude; above those of infinity if there is a NaN.
BINADE_HD inline std::uint32_t largest_magnitude(const float (&x)[16]) noexcept {
  float most = 0;
  BINADE_UNROLL(16)
  for (int k = 0; k < 16; ++k) most = larger_magnitude(most, x[k]);
  return bits_of(most);
}

/// The same without what is NaN.
BINADE_HD inline std::uint32_t largest_number(const float (&x)[16]) noexcept {
  std::uint32_t most = 0;
  BINADE_UNROLL(16)
  for (int k = 0; k < 16; ++k) {
    const std::uint32_t magnitude = bits_of(x[k]) & 0x7fffffffU;
    most = larger(most, magnitude > 0x7f800000U ? 0 : magnitude);
  }
  return most;
}

#if defined(__CUDACC__)

/// x[0] to x[15], aligned to 16 bytes; read once, so not kept in the first-level cache.
template <kernel_float T>
__device__ inline raw_sixteen<T> load_sixteen(const T* x) {
  raw_sixteen<T> raw;
  const auto* from = reinterpret_cast<const ::uint4*>(x);
  BINADE_UNROLL(4)
  for (int i = 0; i < raw_sixteen<T>::words / 4; ++i) {
    const ::uint4 v = __ldcs(from + i);
    raw.word[4 * i] = v.x;
    raw.word[4 * i + 1] = v.y;
    raw.word[4 * i + 2] = v.z;
    raw.word[4 * i + 3] = v.w;
  }
  return raw;
}

/// x[0] to x[n - 1] at any address, then zeros.
template <kernel_float T>
__device__ inline raw_sixteen<T> load_some(const T* x, int n) {
  raw_sixteen<T> raw{};
  BINADE_UNROLL(16)
  for (int k = 0; k < 16; ++k) {
    if (k >= n) continue;
    if constexpr (std::same_as<T, float>) {
      raw.word[k] = bits_of(x[k]);
    } else {
      raw.word[k / 2] |= static_cast<std::uint32_t>(x[k].bits()) << k % 2 * 16;
    }
  }
  return raw;
}

/// Elements [16 * chunk, 16 * chunk + 16) of a row; zeros beyond the matrix. `Whole`: the chunk
/// lies within the matrix, which is aligned.
template <bool Whole = false, kernel_float T>
__device__ inline raw_sixteen<T> load_chunk(const kernel_matrix<const T>& m, std::uint32_t row,
                                            std::uint32_t chunk) {
  const std::uint32_t begin = 16 * chunk;
  if constexpr (Whole) return load_sixteen(m.at(row, begin));
  if (row >= m.rows || begin >= m.columns) return {};
  const T* x = m.at(row, begin);
  const std::uint32_t rest = m.columns - begin;
  if (m.is_aligned && rest >= 16) return load_sixteen(x);
  return load_some(x, static_cast<int>(smaller(rest, 16)));
}

/// What the runtime said to a launch.
inline status launch_status(const char* function) noexcept {
  const cudaError_t e = cudaPeekAtLastError();
  if (e == cudaSuccess) return {};
  return status::failed(status::domain::cuda, e, function, cudaGetErrorString(e));
}

#endif

}  // namespace detail
}  // namespace binade::inline v0::cuda
