// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/block_scale.cuh"
#include "binade/kernel/cuda/chunk_map.cuh"
#include "binade/kernel/cuda/element_encoder.cuh"
#include "binade/kernel/cuda/hadamard.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/status.cuh"
#include "binade/scale/rule.hpp"
#include "binade/tensor/block_format.hpp"
#include "binade/tensor/scale_layout.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// Quantization of rows in groups of 16, 32, 64 or 128: MX formats, NVFP4, and 1x128 groups.

namespace binade::inline v0::cuda {

/// Elements of format `Element` in groups of `Size` with a binary32 scale each, as
/// per_group{.size = Size} has them.
template <quantize_element Element, int Size = 128>
struct groups {
  using element = Element;
  using scale = binary32_scale;
  static constexpr std::size_t block_size = Size;
  static constexpr bool has_tensor_scale = false;
  static constexpr block_scaling rule = block_scaling::absmax;
};

/// Formats with one scale for 16, 32, 64 or 128 neighbours that the kernels know: block formats of
/// minifloats, and `groups`.
template <class F>
concept quantize_blocks = requires {
  requires quantize_element<typename F::element>;
  typename scale_finder<typename F::scale>::stored;
  requires F::block_size == 16 || F::block_size == 32 || F::block_size == 64 ||
                   F::block_size == 128;
};

/// Where a packed matrix lies in the GPU's memory.
///
/// Shapes: codes as packed_layout has them: `row_bytes` bytes a row, aligned to 16 bytes;
///         scales[map.size()], each of scale_finder<F::scale>::stored.
struct packed_matrix {
  std::byte* codes = nullptr;
  void* scales = nullptr;
  scale_map map;
  const float* tensor_scale = nullptr;  ///< on the GPU; formats with a tensor scale need it
};

/// Bytes of a row of codes: whole blocks in block formats, `columns` codes in `groups`.
template <quantize_blocks F>
[[nodiscard]] constexpr std::size_t row_bytes(std::size_t columns) noexcept {
  const std::size_t codes =
      block_scaled<F> ? binade::detail::round_up(columns, F::block_size) : columns;
  return (codes * static_cast<std::size_t>(F::element::bit_count) + 7) / 8;
}
/// Scales of a row.
template <quantize_blocks F>
[[nodiscard]] constexpr std::size_t row_scales(std::size_t columns) noexcept {
  return (columns + F::block_size - 1) / F::block_size;
}

/// The power-of-two rule that format F has unless another is named; absmax where it has none.
template <quantize_blocks F>
[[nodiscard]] constexpr scale_method default_method() noexcept {
  if (F::rule == block_scaling::pow2_floor) return scale_method::pow2_floor;
  return F::rule == block_scaling::pow2_rceil ? scale_method::pow2_rceil : scale_method::absmax;
}

namespace detail {

/// The codes of one chunk and, with its neighbours in the warp, the scale of its group.
template <class F>
struct quantized_chunk {
  packed_sixteen<typename F::element> codes;
  std::uint32_t scale_code;
};

template <class F>
inline constexpr int lanes_a_group = static_cast<int>(F::block_size) / 16;

}  // namespace detail

#if defined(__CUDACC__)

namespace detail {

/// What a chunk adds to the largest magnitude of its group: a NaN, which a block format stores in
/// the scale, or else the largest number.
template <class F>
BINADE_HD inline std::uint32_t amax_for_scale(const float (&x)[16], std::uint32_t amax) noexcept {
  return !block_scaled<F> && amax > infinity_bits ? largest_number(x) : amax;
}

}  // namespace detail

/// Quantizes 16 neighbours of a group whose largest magnitude is known; for people who fuse.
///
/// `group_amax` are the bits of that magnitude as scales see it: in a block format above those of
/// infinity if there is a NaN, in `groups` without NaN. All else as below.
template <quantize_blocks F, int Bits, class R>
[[nodiscard]] __device__ inline detail::quantized_chunk<F> quantize_in_registers(
    const float (&x)[16], std::uint32_t amax, std::uint32_t group_amax,
    const scale_finder<typename F::scale>& finder, const R& rounding, std::uint64_t step = 1) {
  constexpr bool poisons = block_scaled<F>;
  const bool is_poisoned = poisons && group_amax > detail::infinity_bits;
  const found_scale found = finder(is_poisoned ? 0 : group_amax);
  detail::quantized_chunk<F> result;
  result.codes =
      encode_sixteen<typename F::element, Bits>(x, poisons ? 0 : amax, found.scale, rounding, step);
  result.scale_code = found.code;
  if (is_poisoned) {
    result.codes = {};
    result.scale_code = scale_finder<typename F::scale>::nan;
  }
  return result;
}

/// Quantizes 16 neighbours of each thread, in registers; for people who fuse. Neighbouring threads
/// of a warp hold neighbouring chunks, F::block_size / 16 of them a group, which begins at a
/// multiple of that many lanes; all 32 threads take part. Elements beyond a row are zeros.
///
/// `Bits`: as for encode_sixteen. `amax` are the bits of the largest magnitude of x, above those
/// of infinity if there is a NaN. `rounding` and `step`: see encode_sixteen.
/// NaN:    in a block format the scale becomes NaN and the codes 0; in `groups` the element becomes
///         NaN, or the largest positive value, and does not count for the scale.
/// Error:  the bits of `quantize` on the CPU.
template <quantize_blocks F, int Bits, class R>
[[nodiscard]] __device__ inline detail::quantized_chunk<F> quantize_in_registers(
    const float (&x)[16], std::uint32_t amax, const scale_finder<typename F::scale>& finder,
    const R& rounding, std::uint64_t step = 1) {
  const std::uint32_t own_amax = amax;
  amax = detail::amax_for_scale<F>(x, amax);
  BINADE_UNROLL(4)
  for (int lanes = detail::lanes_a_group<F> / 2; lanes > 0; lanes /= 2) {
    amax = detail::larger(amax, __shfl_xor_sync(0xffffffffU, amax, lanes));
  }
  return quantize_in_registers<F, Bits>(x, own_amax, amax, finder, rounding, step);
}

namespace detail {

/// Writes a chunk's codes; `n` of them count where the row ends within it.
template <class Element>
__device__ inline void store_codes(std::byte* to, const packed_sixteen<Element>& codes,
                                   bool is_aligned, int n) {
  constexpr int words = packed_sixteen<Element>::words;
  if (is_aligned && n == 16) {
    if constexpr (words == 4) {
      __stcs(reinterpret_cast<::uint4*>(to),
             make_uint4(codes.word[0], codes.word[1], codes.word[2], codes.word[3]));
    } else if constexpr (words == 2) {
      __stcs(reinterpret_cast<::uint2*>(to), make_uint2(codes.word[0], codes.word[1]));
    } else {
      for (int i = 0; i < words; ++i) {
        __stcs(reinterpret_cast<unsigned int*>(to) + i, codes.word[i]);
      }
    }
    return;
  }
  const int bytes = (n * Element::bit_count + 7) / 8;
  const int last = n * Element::bit_count % 8;  // bits that count in the last byte, if not all
  BINADE_UNROLL(16)
  for (int i = 0; i < 4 * words; ++i) {
    if (i >= bytes) continue;
    std::uint32_t byte = codes.word[i / 4] >> i % 4 * 8 & 0xff;
    if (last != 0 && i == bytes - 1) byte &= (1U << last) - 1;
    to[i] = static_cast<std::byte>(byte);
  }
}

/// Where a chunk's codes lie.
template <class Element>
BINADE_HD inline std::byte* codes_of(std::byte* codes, std::uint32_t row_bytes, std::uint32_t row,
                                     std::uint32_t chunk) noexcept {
  return codes + (std::uint64_t{row} * row_bytes + chunk * (2 * std::uint32_t{Element::bit_count}));
}

/// Whether chunks of codes lie where store_codes wants them.
template <class Element>
constexpr bool has_aligned_codes(std::size_t row_bytes) noexcept {
  constexpr std::size_t chunk_bytes = 2 * std::size_t{Element::bit_count};
  return row_bytes % (chunk_bytes == 12 ? 4 : chunk_bytes) == 0;
}

/// Where a kernel writes a packed matrix.
template <class F>
struct kernel_packed {
  packed_matrix at;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t row_bytes = 0;
  bool aligned_stores = false;

  constexpr kernel_packed() noexcept = default;
  constexpr kernel_packed(const packed_matrix& out, std::size_t row_count,
                          std::size_t column_count) noexcept
      : at(out),
        rows(static_cast<std::uint32_t>(row_count)),
        columns(static_cast<std::uint32_t>(column_count)),
        row_bytes(static_cast<std::uint32_t>(cuda::row_bytes<F>(column_count))),
        aligned_stores(has_aligned_codes<typename F::element>(row_bytes)) {}
};

/// Writes the scale (row, group); one beyond the matrix, in the padding, is 0.
template <class F>
__device__ inline void store_scale(const kernel_packed<F>& out, std::uint32_t row,
                                   std::uint32_t group, std::uint32_t code) {
  using stored = typename scale_finder<typename F::scale>::stored;
  auto* scale = static_cast<stored*>(out.at.scales) + out.at.map.index(row, group);
  if constexpr (std::same_as<stored, float>) {
    *scale = from_bits(code);
  } else {
    *scale = static_cast<stored>(code);
  }
}

/// Writes the codes of a chunk as far as they are stored. `Whole`: all are, and aligned.
template <class F, bool Whole>
__device__ inline void store_chunk_codes(const kernel_packed<F>& out, std::uint32_t row,
                                         std::uint32_t chunk,
                                         const packed_sixteen<typename F::element>& codes) {
  using element = typename F::element;
  const std::uint32_t begin = 16 * chunk;
  // A block format's last block is stored whole.
  const std::uint32_t stored_from =
      block_scaled<F> ? chunk / lanes_a_group<F> * std::uint32_t{F::block_size} : begin;
  if (!Whole && (row >= out.rows || stored_from >= out.columns)) return;
  const auto n = Whole || block_scaled<F> ? 16 : static_cast<int>(smaller(16, out.columns - begin));
  store_codes<element>(codes_of<element>(out.at.codes, out.row_bytes, row, chunk), codes,
                       Whole || out.aligned_stores, n);
}

/// Writes a chunk and, if it is the first of its group, the scale.
template <class F, bool Whole>
__device__ inline void store_chunk(const kernel_packed<F>& out, std::uint32_t row,
                                   std::uint32_t chunk, const quantized_chunk<F>& q) {
  const std::uint32_t group = chunk / lanes_a_group<F>;
  if (chunk % lanes_a_group<F> == 0 &&
      (Whole || (row < out.at.map.padded_rows() && group < out.at.map.padded_columns()))) {
    const bool is_inside =
        Whole || (row < out.rows && group * std::uint32_t{F::block_size} < out.columns);
    store_scale<F>(out, row, group, is_inside ? q.scale_code : 0);
  }
  store_chunk_codes<F, Whole>(out, row, chunk, q.codes);
}

/// Whether groups are whole and aligned, and scales have no padding.
template <class F, class T>
bool is_whole_matrix(const kernel_matrix<const T>& x, const kernel_packed<F>& out) noexcept {
  return x.is_aligned && out.aligned_stores && out.columns % F::block_size == 0 &&
         out.at.map.padded_rows() == out.rows &&
         out.at.map.padded_columns() == out.columns / F::block_size;
}

template <class F, class T, class R, class Transform>
struct quantize_arguments {
  kernel_matrix<const T> x;
  kernel_packed<F> out;
  chunk_map chunks;
  scale_finder<typename F::scale> finder;
  R rounding;
  Transform transform;
};

inline constexpr int quantize_threads = 256;
/// Of numbers of T at most, as encode_sixteen wants it.
template <class T>
inline constexpr int significant_bits =
    std::same_as<T, bfloat16> ? 8 : (std::same_as<T, float16> ? 11 : 24);
/// Chunks that a thread has in flight.
template <class T>
inline constexpr int quantize_depth = sizeof(T) == 2 ? 2 : 1;

/// The most threads of a multiprocessor.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
inline constexpr int resident_threads = 1536;
#else
inline constexpr int resident_threads = 2048;
#endif

/// Blocks of threads that a multiprocessor should hold: where registers suffice, all it can.
template <class F, class T, class R, class Transform>
inline constexpr int quantize_residents =
    std::same_as<typename F::scale, e8m0fnu> && std::same_as<R, rounding::ties_to_even> &&
            std::same_as<Transform, no_transform> && sizeof(T) == 2
        ? resident_threads / quantize_threads
        : 4;

/// `Whole`: the matrix, its codes and its scales end with the chunks of a block of threads.
template <class F, class T, class R, class Transform, bool Whole>
__global__ void __launch_bounds__(quantize_threads, (quantize_residents<F, T, R, Transform>))
    quantize_kernel(const __grid_constant__ quantize_arguments<F, T, R, Transform> a) {
  constexpr bool transforms = std::same_as<Transform, fused_hadamard>;
  constexpr int depth = quantize_depth<T>;
  const std::uint32_t first = blockIdx.x * (quantize_threads * depth) + threadIdx.x;
  chunk_position at[depth];
  raw_sixteen<T> raw[depth];
  BINADE_UNROLL(2)
  for (int i = 0; i < depth; ++i) {
    at[i] = a.chunks[first + static_cast<std::uint32_t>(i * quantize_threads)];
    raw[i] = load_chunk<Whole>(a.x, at[i].row, at[i].chunk);
  }
  scale_finder<typename F::scale> finder = a.finder;
  if constexpr (F::has_tensor_scale) finder.set_tensor_scale(*a.out.at.tensor_scale);
  BINADE_UNROLL(2)
  for (int i = 0; i < depth; ++i) {
    const auto [row, chunk] = at[i];
    float x[16];
    std::uint32_t amax = 0;
    if constexpr (transforms) {
      load_transformed(raw[i], a.transform, chunk, x);
      amax = largest_magnitude(x);
    } else {
      amax = largest_magnitude(raw[i]);
      widen(raw[i], amax, x);
    }
    const std::uint64_t index = std::uint64_t{row} * a.x.columns + 16 * chunk;
    constexpr int bits = transforms ? 24 : significant_bits<T>;
    const auto q = quantize_in_registers<F, bits>(x, amax, finder, a.rounding.at(index));
    store_chunk<F, Whole>(a.out, row, chunk, q);
  }
}

template <quantize_blocks F>
status check_method(const char* function, scale_method method) noexcept {
  if (is_pow2(method) == std::same_as<typename F::scale, e8m0fnu> &&
      (is_pow2(method) || method == scale_method::absmax)) {
    return {};
  }
  return status::refused(function, "the scale rule, as a number,",
                         static_cast<std::uint64_t>(method),
                         "pow2_floor, pow2_ceil, pow2_rceil, pow2_even for E8M0; else absmax");
}

template <quantize_blocks F>
status check_packed(const char* function, const packed_matrix& out, std::size_t rows,
                    std::size_t columns) noexcept {
  const std::size_t scales = row_scales<F>(columns);
  if (out.map.padded_rows() < rows) {
    return status::refused(function, "the number of rows of the scale map", out.map.padded_rows(),
                           "at least the rows of the matrix");
  }
  if (out.map.padded_columns() < scales) {
    return status::refused(function, "the number of columns of the scale map",
                           out.map.padded_columns(), "at least the groups of a row");
  }
  if (out.map.size() >= (std::size_t{1} << 31) / lanes_a_group<F> - (std::size_t{1} << 16)) {
    return status::refused(function, "the number of scales", out.map.size(),
                           "matrices of about 3 * 10^10 elements at most");
  }
  if (out.map.size() != 0 && (out.codes == nullptr || out.scales == nullptr)) {
    return status::refused(function, "a pointer of the packed matrix", 0, "memory of the GPU");
  }
  if (!is_aligned(out.codes, 16)) {
    return status::refused(function, "the address of the codes modulo 16",
                           reinterpret_cast<std::uintptr_t>(out.codes) % 16, "0");
  }
  if (F::has_tensor_scale && out.tensor_scale == nullptr) {
    return status::refused(function, "the pointer to the tensor scale", 0, "memory of the GPU");
  }
  return {};
}

/// Threads that share a group or a transformed block are neighbours.
template <class F>
chunk_map deal_chunks(const scale_map& scales, std::uint32_t transform_lanes) noexcept {
  constexpr std::uint32_t lanes = lanes_a_group<F>;
  const bool fits = transform_lanes <= (scales.is_tiled() ? 4 * lanes : lanes);
  if (fits) return chunk_map(scales, lanes);
  const std::size_t wide =
      (scales.padded_columns() * lanes + transform_lanes - 1) / transform_lanes;
  return chunk_map(scale_map::strided(scales.padded_rows(), wide, wide, 1), transform_lanes);
}

template <class F, class From, class Transform, class R>
status launch_quantize(const char* function, cudaStream_t stream, const device_matrix<From>& x,
                       const Transform& transform, const packed_matrix& out, const R& rounding,
                       scale_method method) noexcept {
  using T = std::remove_const_t<From>;
  if (status s = check_matrix(function, x); !s) return s;
  if (status s = check_packed<F>(function, out, x.rows, x.columns); !s) return s;
  if (status s = check_method<F>(function, method); !s) return s;
  quantize_arguments<F, T, R, Transform> a;
  a.x = kernel_matrix<const T>(x);
  a.out = kernel_packed<F>(out, x.rows, x.columns);
  a.chunks = deal_chunks<F>(out.map, transform.lanes());
  a.finder =
      scale_finder<typename F::scale>(method, range_of(any_format::of<typename F::element>()));
  a.rounding = rounding;
  a.transform = transform;
  if (a.chunks.count() == 0) return {};
  constexpr std::size_t each = quantize_threads * quantize_depth<T>;
  const auto blocks = static_cast<unsigned int>((a.chunks.count() + each - 1) / each);
  const bool is_whole = a.chunks.count() % each == 0 && is_whole_matrix(a.x, a.out);
  const auto kernel = is_whole ? quantize_kernel<F, T, R, Transform, true>
                               : quantize_kernel<F, T, R, Transform, false>;
  kernel<<<blocks, quantize_threads, 0, stream>>>(a);
  return launch_status(function);
}

}  // namespace detail

/// Quantizes x along its rows: into a block format (mxfp8_e4m3, mxfp8_e5m2, mxfp6_e2m3, mxfp6_e3m2,
/// mxfp4, nvfp4) under its own rule, or another one of powers of two for E8M0 scales, or into
/// `groups<e4m3fn, 128>` and the like.
///
/// Rounding is to nearest even or stochastic, where element (r, c) has index rounding.index +
/// r * columns + c. Codes that x overflows saturate.
/// Shapes: out.map is for x.rows x row_scales<F>(x.columns) scales, as a scale_layout gives it.
/// NaN:    as quantize_in_registers.
/// Error:  the bits of `quantize` on the CPU, under the tensor scale given.
/// Post:   padding of the scales, and of the codes of the last block of a row, is zero.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize.
template <quantize_blocks F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize(cudaStream_t stream, device_matrix<From> x, const packed_matrix& out,
                const R& rounding = {}, scale_method method = default_method<F>()) noexcept {
  return detail::launch_quantize<F>("quantize", stream, x, no_transform{}, out, rounding, method);
}

/// The same for y = H D x: every block of t.size elements along the rows of x is transformed in
/// registers.
///
/// Shapes: as above, t.size 16, 32, 64 or 128, x.columns a multiple of it.
/// NaN:    a NaN makes its block of t.size elements NaN; in `groups` its sign is not defined.
/// Error:  the bits of `quantize` on the CPU with the transform as an option, under the tensor
///         scale given.
/// Post, Cost: as above; slower where scales lie in tiles and t.size exceeds four groups.
template <quantize_blocks F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_transformed(cudaStream_t stream, device_matrix<From> x, const hadamard& t,
                            const packed_matrix& out, const R& rounding = {},
                            scale_method method = default_method<F>()) noexcept {
  constexpr const char* function = "quantize_transformed";
  if (status s = detail::check_transform(function, t, x.columns); !s) return s;
  return detail::launch_quantize<F>(function, stream, x, fused_hadamard{t}, out, rounding, method);
}

#endif

}  // namespace binade::inline v0::cuda
