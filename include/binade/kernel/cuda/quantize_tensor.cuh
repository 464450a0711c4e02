// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/block_scale.cuh"
#include "binade/kernel/cuda/chunk_map.cuh"
#include "binade/kernel/cuda/element_encoder.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/quantize.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/scale/rule.hpp"
#include "binade/tensor/block_format.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

// Quantization under one scale for a tensor, which is given (delayed scaling) or found first
// (current scaling), and under one scale a row.

namespace binade::inline v0::cuda {

#if defined(__CUDACC__)

namespace detail {

/// The largest of all threads' values, in the first thread; `threads` is a multiple of 32.
template <int Threads>
__device__ inline std::uint32_t largest_of_block(std::uint32_t value) {
  __shared__ std::uint32_t of_warp[Threads / 32];
  value = __reduce_max_sync(0xffffffffU, value);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < Threads / 32 ? of_warp[threadIdx.x] : 0;
  if (threadIdx.x < 32) value = __reduce_max_sync(0xffffffffU, value);
  return value;
}

/// The largest magnitude of a chunk as scales see it: without NaN, infinity as the largest float.
template <class T>
__device__ inline std::uint32_t amax_of(const raw_sixteen<T>& raw) {
  std::uint32_t amax = largest_magnitude(raw);
  if (amax > infinity_bits) {
    float x[16];
    widen(raw, amax, x);
    amax = largest_number(x);
  }
  return finite_amax(amax);
}

/// The first thread raises *amax. It looks first: blocks that change nothing, which most do, then
/// do not queue up.
__device__ inline void raise_amax(std::uint32_t* amax, std::uint32_t most) {
  if (threadIdx.x == 0 && most > *static_cast<volatile std::uint32_t*>(amax)) {
    atomicMax(amax, most);
  }
}

inline constexpr int tensor_threads = 256;
template <class T>
inline constexpr int tensor_depth = sizeof(T) == 2 ? 4 : 2;

template <class T, class Transform>
__global__ void __launch_bounds__(tensor_threads)
    amax_kernel(const kernel_matrix<const T> x, const chunk_map chunks,
                const __grid_constant__ Transform transform, std::uint32_t* amax) {
  constexpr int depth = tensor_depth<T>;
  const std::uint32_t first = blockIdx.x * (tensor_threads * depth) + threadIdx.x;
  raw_sixteen<T> raw[depth];
  chunk_position at[depth];
  BINADE_UNROLL(4)
  for (int i = 0; i < depth; ++i) {
    at[i] = chunks[first + static_cast<std::uint32_t>(i * tensor_threads)];
    raw[i] = load_chunk(x, at[i].row, at[i].chunk);
  }
  std::uint32_t most = 0;
  BINADE_UNROLL(4)
  for (int i = 0; i < depth; ++i) {
    if constexpr (std::same_as<Transform, fused_hadamard>) {
      float v[16];
      load_transformed(raw[i], transform, at[i].chunk, v);
      most = larger(most, finite_amax(largest_number(v)));
    } else {
      most = larger(most, amax_of(raw[i]));
    }
  }
  most = largest_of_block<tensor_threads>(most);
  raise_amax(amax, most);
}

template <class = void>
__global__ void scale_kernel(const std::uint32_t* amax, const scale_finder<binary32_scale> finder,
                             float* scale) {
  *scale = from_bits(finder(*amax).code);
}

template <class F, class T, class R>
struct scaled_arguments {
  kernel_matrix<const T> x;
  std::byte* codes = nullptr;
  std::uint32_t row_bytes = 0;
  const float* scale = nullptr;
  std::uint32_t* amax = nullptr;
  float* row_scales = nullptr;
  scale_finder<binary32_scale> finder;
  chunk_map chunks;
  R rounding;
  bool aligned_stores = false;
};

/// Encodes and stores a chunk under a scale; returns its largest magnitude.
template <class F, class T, class R>
__device__ inline std::uint32_t encode_chunk(const scaled_arguments<F, T, R>& a,
                                             const group_scale& scale, const raw_sixteen<T>& raw,
                                             std::uint32_t row, std::uint32_t chunk) {
  float x[16];
  const std::uint32_t seen = largest_magnitude(raw);
  widen(raw, seen, x);
  const std::uint32_t begin = 16 * chunk;
  const packed_sixteen<F> codes = encode_sixteen<F, significant_bits<T>>(
      x, seen, scale, a.rounding.at(std::uint64_t{row} * a.x.columns + begin));
  if (row < a.x.rows && begin < a.x.columns) {
    store_codes<F>(codes_of<F>(a.codes, a.row_bytes, row, chunk), codes, a.aligned_stores,
                   static_cast<int>(smaller(16, a.x.columns - begin)));
  }
  return seen > infinity_bits ? finite_amax(largest_number(x)) : finite_amax(seen);
}

template <class F, class T, class R>
__global__ void __launch_bounds__(tensor_threads)
    scaled_kernel(const __grid_constant__ scaled_arguments<F, T, R> a) {
  constexpr int depth = quantize_depth<T>;
  const std::uint32_t first = blockIdx.x * (tensor_threads * depth) + threadIdx.x;
  chunk_position at[depth];
  raw_sixteen<T> raw[depth];
  BINADE_UNROLL(2)
  for (int i = 0; i < depth; ++i) {
    at[i] = a.chunks[first + static_cast<std::uint32_t>(i * tensor_threads)];
    raw[i] = load_chunk(a.x, at[i].row, at[i].chunk);
  }
  const group_scale scale = from_float_scale(*a.scale);
  std::uint32_t most = 0;
  BINADE_UNROLL(2)
  for (int i = 0; i < depth; ++i) {
    most = larger(most, encode_chunk(a, scale, raw[i], at[i].row, at[i].chunk));
  }
  if (a.amax == nullptr) return;
  most = largest_of_block<tensor_threads>(most);
  raise_amax(a.amax, most);
}

/// A block takes a row: it finds the scale with the first chunks of each thread in registers, and
/// reads only what is longer again.
template <class F, class T, class R>
__global__ void __launch_bounds__(tensor_threads, 3)
    rows_kernel(const __grid_constant__ scaled_arguments<F, T, R> a) {
  constexpr std::uint32_t kept = tensor_depth<T>;
  __shared__ std::uint32_t of_row;
  const std::uint32_t row = blockIdx.x;
  const std::uint32_t chunks = (a.x.columns + 15) / 16;
  raw_sixteen<T> raw[kept];
  BINADE_UNROLL(4)
  for (std::uint32_t i = 0; i < kept; ++i) {
    raw[i] = load_chunk(a.x, row, threadIdx.x + i * tensor_threads);
  }
  std::uint32_t most = 0;
  BINADE_UNROLL(4)
  for (std::uint32_t i = 0; i < kept; ++i) most = larger(most, amax_of(raw[i]));
  const std::uint32_t next = threadIdx.x + kept * tensor_threads;
  for (std::uint32_t chunk = next; chunk < chunks; chunk += tensor_threads) {
    most = larger(most, amax_of(load_chunk(a.x, row, chunk)));
  }
  most = largest_of_block<tensor_threads>(most);
  if (threadIdx.x == 0) of_row = most;
  __syncthreads();
  const found_scale found = a.finder(of_row);
  if (threadIdx.x == 0) a.row_scales[row] = from_bits(found.code);
  BINADE_UNROLL(4)
  for (std::uint32_t i = 0; i < kept; ++i) {
    encode_chunk(a, found.scale, raw[i], row, threadIdx.x + i * tensor_threads);
  }
  for (std::uint32_t chunk = next; chunk < chunks; chunk += tensor_threads) {
    encode_chunk(a, found.scale, load_chunk(a.x, row, chunk), row, chunk);
  }
}

/// Chunks of a matrix, as if each were a group.
template <class T>
chunk_map plain_chunks(const device_matrix<T>& x) noexcept {
  return chunk_map(scale_layout::row_major{}.map(x.rows, (x.columns + 15) / 16), 1);
}

template <class T>
status check_plain(const char* function, const device_matrix<T>& x) noexcept {
  if (status s = check_matrix(function, x); !s) return s;
  if (x.rows * ((x.columns + 15) / 16) >= (std::size_t{1} << 31) - (std::size_t{1} << 16)) {
    return status::refused(function, "the number of rows", x.rows,
                           "matrices of about 3 * 10^10 elements at most");
  }
  return {};
}

template <class F, class T, class R>
scaled_arguments<F, T, R> scaled_call(const device_matrix<const T>& x, std::byte* codes,
                                      const R& rounding) noexcept {
  scaled_arguments<F, T, R> a;
  a.x = kernel_matrix<const T>(x);
  a.codes = codes;
  a.row_bytes = static_cast<std::uint32_t>(row_bytes<groups<F>>(x.columns));
  a.chunks = plain_chunks(x);
  a.finder = scale_finder<binary32_scale>(scale_method::absmax, range_of(any_format::of<F>()));
  a.rounding = rounding;
  a.aligned_stores = has_aligned_codes<F>(a.row_bytes);
  return a;
}

inline status check_pointer(const char* function, const char* what, const void* p) noexcept {
  if (p != nullptr && is_aligned(p, 4)) return {};
  return status::refused(function, what, reinterpret_cast<std::uintptr_t>(p),
                         "memory of the GPU, aligned to 4 bytes");
}
inline status check_codes(const char* function, const std::byte* codes) noexcept {
  if (codes != nullptr && is_aligned(codes, 16)) return {};
  return status::refused(function, "the pointer to the codes",
                         reinterpret_cast<std::uintptr_t>(codes),
                         "memory of the GPU, aligned to 16 bytes");
}

template <class From, class Transform>
status launch_amax(const char* function, cudaStream_t stream, const device_matrix<From>& x,
                   const Transform& transform, std::uint32_t* amax) noexcept {
  using T = std::remove_const_t<From>;
  if (status s = check_plain(function, x); !s) return s;
  if (status s = check_pointer(function, "the pointer to amax", amax); !s) return s;
  const chunk_map chunks = plain_chunks(x);
  if (chunks.count() == 0) return {};
  constexpr std::size_t each = tensor_threads * tensor_depth<T>;
  const auto blocks = static_cast<unsigned int>((chunks.count() + each - 1) / each);
  amax_kernel<T, Transform>
      <<<blocks, tensor_threads, 0, stream>>>(kernel_matrix<const T>(x), chunks, transform, amax);
  return launch_status(function);
}

}  // namespace detail

/// Raises *amax, bits of a binary32 on the GPU, to the largest magnitude of x. Set it to 0 first.
///
/// NaN:    ignored; infinity counts as the largest float, as for scales.
/// Error:  exact, whatever the order.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
template <class From>
  requires kernel_float<std::remove_const_t<From>>
status find_amax(cudaStream_t stream, device_matrix<From> x, std::uint32_t* amax) noexcept {
  return detail::launch_amax("find_amax", stream, x, no_transform{}, amax);
}

/// The same for y = H D x, which quantize_transformed stores.
///
/// Shapes: t.size is 16, 32, 64 or 128, x.columns a multiple of it.
/// NaN, Cost: as find_amax.
/// Error:  the largest magnitude of transform_block's results.
template <class From>
  requires kernel_float<std::remove_const_t<From>>
status find_transformed_amax(cudaStream_t stream, device_matrix<From> x, const hadamard& t,
                             std::uint32_t* amax) noexcept {
  constexpr const char* function = "find_transformed_amax";
  if (status s = detail::check_transform(function, t, x.columns); !s) return s;
  return detail::launch_amax(function, stream, x, fused_hadamard{t}, amax);
}

/// *scale = the scale that a tensor of this amax gets: of a block format with two levels its tensor
/// scale, of an element format that of per_tensor; both pointers on the GPU.
///
/// Error:  the bits of `quantize` on the CPU.
/// Cost:   one small launch on `stream`.
template <class F>
  requires quantize_element<F> || (quantize_blocks<F> && F::has_tensor_scale)
status find_scale(cudaStream_t stream, const std::uint32_t* amax, float* scale) noexcept {
  constexpr const char* function = "find_scale";
  if (status s = detail::check_pointer(function, "the pointer to amax", amax); !s) return s;
  if (status s = detail::check_pointer(function, "the pointer to the scale", scale); !s) return s;
  float target = 0;
  if constexpr (quantize_element<F>) {
    target = to_float(range_of(any_format::of<F>()).target);
  } else {
    const any_format format = any_format::of<typename F::scale>();
    target = to_float(binade::multiply(range_of(any_format::of<typename F::element>()).target,
                                       format.decode(format.describe().largest)));
  }
  detail::scale_kernel<><<<1, 1, 0, stream>>>(amax, scale_finder<binary32_scale>(target), scale);
  return detail::launch_status(function);
}

/// Quantizes x under the scale that *scale holds on the GPU: a positive number, as delayed scaling
/// gives it, or find_scale. `amax`, unless null, is raised as find_amax does, in the same pass.
///
/// Shapes: codes has x.rows rows of row_bytes<groups<F>>(x.columns) bytes, aligned to 16 bytes.
/// NaN:    the format's NaN, or its largest positive value where it has none.
/// Error:  the bits of `quantize` on the CPU under scaling::given.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
template <quantize_element F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_scaled(cudaStream_t stream, device_matrix<From> x, std::byte* codes,
                       const float* scale, std::uint32_t* amax = nullptr,
                       const R& rounding = {}) noexcept {
  using T = std::remove_const_t<From>;
  constexpr const char* function = "quantize_scaled";
  if (status s = detail::check_plain(function, x); !s) return s;
  if (status s = detail::check_codes(function, codes); !s) return s;
  if (status s = detail::check_pointer(function, "the pointer to the scale", scale); !s) return s;
  auto a = detail::scaled_call<F, T, R>(x, codes, rounding);
  a.scale = scale;
  a.amax = amax;
  if (a.chunks.count() == 0) return {};
  constexpr std::size_t each = detail::tensor_threads * detail::quantize_depth<T>;
  const auto blocks = static_cast<unsigned int>((a.chunks.count() + each - 1) / each);
  detail::scaled_kernel<F, T, R><<<blocks, detail::tensor_threads, 0, stream>>>(a);
  return detail::launch_status(function);
}

/// Quantizes x under a scale that follows from its own largest magnitude; *scale and *amax, both on
/// the GPU, are written.
///
/// Shapes, NaN: as quantize_scaled.
/// Error:  the bits of `quantize` on the CPU with per_tensor.
/// Cost:   three launches on `stream` and a memset; it reads x twice, allocates nothing and does
/// not
///         synchronize.
template <quantize_element F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_tensor(cudaStream_t stream, device_matrix<From> x, std::byte* codes, float* scale,
                       std::uint32_t* amax, const R& rounding = {}) noexcept {
  constexpr const char* function = "quantize_tensor";
  if (status s = detail::check_pointer(function, "the pointer to amax", amax); !s) return s;
  if (const cudaError_t e = cudaMemsetAsync(amax, 0, sizeof *amax, stream); e != cudaSuccess) {
    return status::failed(status::domain::cuda, e, function, cudaGetErrorString(e));
  }
  if (status s = find_amax(stream, x, amax); !s) return s;
  if (status s = find_scale<F>(stream, amax, scale); !s) return s;
  return quantize_scaled<F>(stream, x, codes, scale, nullptr, rounding);
}

/// Quantizes x with a binary32 scale a row, in one pass over memory.
///
/// Shapes: scales[x.rows] on the GPU; codes as for quantize_scaled.
/// NaN:    as quantize_scaled; scales ignore it.
/// Error:  the bits of `quantize` on the CPU with per_channel{.axis = 0}.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
template <quantize_element F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_rows(cudaStream_t stream, device_matrix<From> x, std::byte* codes, float* scales,
                     const R& rounding = {}) noexcept {
  using T = std::remove_const_t<From>;
  constexpr const char* function = "quantize_rows";
  if (status s = detail::check_plain(function, x); !s) return s;
  if (status s = detail::check_codes(function, codes); !s) return s;
  if (status s = detail::check_pointer(function, "the pointer to the scales", scales); !s) return s;
  auto a = detail::scaled_call<F, T, R>(x, codes, rounding);
  a.row_scales = scales;
  if (a.chunks.count() == 0) return {};
  detail::rows_kernel<F, T, R>
      <<<static_cast<unsigned int>(x.rows), detail::tensor_threads, 0, stream>>>(a);
  return detail::launch_status(function);
}

#endif

}  // namespace binade::inline v0::cuda
