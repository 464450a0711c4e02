// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/element_decoder.cuh"
#include "binade/kernel/cuda/quantize.cuh"

#include <concepts>
#include <cstddef>
#include <cstdint>

// Packed matrices back to numbers.

#if defined(__CUDACC__)

namespace binade::inline v0::cuda {
namespace detail {

/// A stored scale as decoding needs it.
template <class Scale>
BINADE_HD inline decode_scale read_scale(const void* scales, std::size_t i, float tensor) noexcept {
  decode_scale s;
  if constexpr (std::same_as<Scale, binary32_scale>) {
    s.tensor = static_cast<const float*>(scales)[i];
    const std::uint32_t exponent = bits_of(s.tensor) >> 23;  // with the sign
    s.is_regular = exponent >= 27 && exponent <= 227;
  } else {
    const std::uint32_t code = static_cast<const std::uint8_t*>(scales)[i];
    if constexpr (std::same_as<Scale, e8m0fnu>) {
      s.tensor = code == 0xff ? from_bits(0x7fc00000U) : exp2i(static_cast<int>(code) - 127);
      s.is_regular = code != 0xff;
    } else {
      using rule = step_rule<Scale>;
      const bool is_nan = code > describe(Scale::spec).largest;
      s.part = is_nan ? from_bits(0x7fc00000U)
                      : multiply(from_bits(code << rule::shift), from_steps<Scale>());
      s.tensor = tensor;
      const std::uint32_t exponent = bits_of(tensor) >> 23;
      s.is_regular = !is_nan && exponent >= 37 && exponent <= 217;
    }
  }
  return s;
}

template <class F, class T>
struct dequantize_arguments {
  packed_matrix x;
  kernel_matrix<T> out;
  std::uint32_t row_bytes = 0;
  chunk_map units;
  bool aligned_loads = false;
};

/// Units of 16 elements that a thread has in flight.
inline constexpr int decode_depth = 2;

/// Words of codes of one unit, at any address; `bytes` of them exist.
template <int Words>
__device__ inline void load_codes(const std::byte* from, bool is_aligned, int bytes,
                                  std::uint32_t (&word)[Words]) {
  if (is_aligned && bytes >= 4 * Words) {
    if constexpr (Words == 4) {
      const ::uint4 v = __ldcs(reinterpret_cast<const ::uint4*>(from));
      word[0] = v.x;
      word[1] = v.y;
      word[2] = v.z;
      word[3] = v.w;
    } else if constexpr (Words == 2) {
      const ::uint2 v = __ldcs(reinterpret_cast<const ::uint2*>(from));
      word[0] = v.x;
      word[1] = v.y;
    } else {
      BINADE_UNROLL(4)
      for (int i = 0; i < Words; ++i) {
        word[i] = __ldcs(reinterpret_cast<const unsigned int*>(from) + i);
      }
    }
    return;
  }
  BINADE_UNROLL(16)
  for (int i = 0; i < 4 * Words; ++i) {
    if (i % 4 == 0) word[i / 4] = 0;
    if (i < bytes) word[i / 4] |= static_cast<std::uint32_t>(from[i]) << i % 4 * 8;
  }
}

/// Writes N numbers, `n` of which lie within the row.
template <class T, int N>
__device__ inline void store_numbers(T* to, const std::uint32_t* word, bool is_aligned, int n) {
  if (is_aligned && n == N) {
    constexpr int vectors = N * static_cast<int>(sizeof(T)) / 16;
    BINADE_UNROLL(4)
    for (int i = 0; i < vectors; ++i) {
      __stcs(reinterpret_cast<::uint4*>(to) + i,
             make_uint4(word[4 * i], word[4 * i + 1], word[4 * i + 2], word[4 * i + 3]));
    }
    return;
  }
  BINADE_UNROLL(16)
  for (int k = 0; k < N; ++k) {
    if (k >= n) continue;
    if constexpr (std::same_as<T, float>) {
      to[k] = from_bits(word[k]);
    } else {
      to[k] = T::from_bits(word[k / 2] >> k % 2 * 16 & 0xffff);
    }
  }
}

template <class F, class T>
__global__ void __launch_bounds__(quantize_threads)
    dequantize_kernel(const __grid_constant__ dequantize_arguments<F, T> a) {
  using element = typename F::element;
  constexpr int unit = 16;
  constexpr int words = unit * element::bit_count / 32;
  constexpr int per_group = lanes_a_group<F>;
  const float tensor = F::has_tensor_scale ? *a.x.tensor_scale : 1.0F;
  const std::uint32_t first = blockIdx.x * (quantize_threads * decode_depth) + threadIdx.x;
  chunk_position at[decode_depth];
  std::uint32_t codes[decode_depth][words];
  decode_scale scale[decode_depth];
  BINADE_UNROLL(4)
  for (int i = 0; i < decode_depth; ++i) {
    at[i] = a.units[first + static_cast<std::uint32_t>(i * quantize_threads)];
    const auto [row, number] = at[i];
    if (row >= a.out.rows || number * unit >= a.out.columns) continue;
    const std::uint32_t offset = number * (4 * words);
    load_codes(a.x.codes + (std::uint64_t{row} * a.row_bytes + offset), a.aligned_loads,
               static_cast<int>(smaller(a.row_bytes - offset, 4 * words)), codes[i]);
    scale[i] =
        read_scale<typename F::scale>(a.x.scales, a.x.map.index(row, number / per_group), tensor);
  }
  BINADE_UNROLL(4)
  for (int i = 0; i < decode_depth; ++i) {
    const auto [row, number] = at[i];
    const std::uint32_t begin = number * unit;
    if (row >= a.out.rows || begin >= a.out.columns) continue;
    std::uint32_t numbers[unit * sizeof(T) / 4];
    decode_in_registers<element, T, typename F::scale, unit>(codes[i], scale[i], numbers);
    store_numbers<T, unit>(a.out.at(row, begin), numbers, a.out.is_aligned,
                           static_cast<int>(smaller(a.out.columns - begin, unit)));
  }
}

}  // namespace detail

/// Writes the values of a packed matrix, in the form that `quantize<F>` gives it.
///
/// Shapes: x as for quantize, of out.rows x out.columns elements.
/// NaN:    an element or scale that is NaN gives T's canonical NaN.
/// Error:  element * scale * tensor scale, rounded once: the bits of `dequantize` on the CPU.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
template <quantize_blocks F, kernel_float T>
status dequantize(cudaStream_t stream, const packed_matrix& x, device_matrix<T> out) noexcept {
  constexpr const char* function = "dequantize";
  if (status s = detail::check_matrix(function, out); !s) return s;
  if (status s = detail::check_packed<F>(function, x, out.rows, out.columns); !s) return s;
  detail::dequantize_arguments<F, T> a;
  a.x = x;
  a.out = detail::kernel_matrix<T>(out);
  a.row_bytes = static_cast<std::uint32_t>(row_bytes<F>(out.columns));
  a.units = detail::chunk_map(x.map, detail::lanes_a_group<F>);
  a.aligned_loads = detail::has_aligned_codes<typename F::element>(a.row_bytes);
  if (a.units.count() == 0) return {};
  constexpr std::size_t each = detail::quantize_threads * detail::decode_depth;
  const auto blocks = static_cast<unsigned int>((a.units.count() + each - 1) / each);
  detail::dequantize_kernel<F, T><<<blocks, detail::quantize_threads, 0, stream>>>(a);
  return detail::launch_status(function);
}

}  // namespace binade::inline v0::cuda

#endif
