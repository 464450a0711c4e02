// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/cuda/block_scale.cuh"
#include "binade/kernel/cuda/matrix.cuh"
#include "binade/kernel/cuda/quantize.cuh"
#include "binade/kernel/cuda/status.cuh"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// Quantization by tiles of 128 x 128 elements that a block of threads holds: square groups (128x128
// blocks of FP8, 16x16 blocks of NVFP4), and copies along rows and along columns from one read.

namespace binade::inline v0::cuda {

/// Formats whose square groups the kernels know: block_size rows by block_size columns share a
/// scale.
template <class F>
concept square_blocks = quantize_blocks<F> && (F::block_size == 128 || F::block_size == 16) &&
                        (block_scaled<F> == (F::block_size == 16));

#if defined(__CUDACC__)

namespace detail {

inline constexpr std::uint32_t tile_extent = 128;
inline constexpr int tile_threads = 256;
/// Chunks of 16 of a thread, in each direction.
inline constexpr int tile_chunks = 4;

/// Which neighbours share a scale.
enum class group_form : std::uint8_t { run, square };

template <class F, class T, class R>
struct tile_arguments {
  kernel_matrix<const T> x;
  kernel_packed<F> rows;
  kernel_packed<F> columns;  ///< of x transposed; unused without copies along columns
  scale_finder<typename F::scale> finder;
  R rounding;
};

/// The numbers of a tile in shared memory, row by row. Words are moved about so that neither rows
/// nor columns of chunks meet in a bank.
template <class T>
class tile_memory {
 public:
  static constexpr std::uint32_t each = 4 / sizeof(T);  ///< numbers a word
  static constexpr std::uint32_t row_words = tile_extent / each;
  static constexpr std::size_t bytes = tile_extent * row_words * 4;

  __device__ explicit tile_memory(std::uint32_t* words) : words_(words) {}

  /// Takes chunk `chunk` of a row.
  __device__ void put(std::uint32_t row, std::uint32_t chunk, const raw_sixteen<T>& raw) {
    BINADE_UNROLL(4)
    for (int v = 0; v < raw.words / 4; ++v) {
      auto* to = reinterpret_cast<::uint4*>(
          words_ + place(row, chunk * raw.words + static_cast<std::uint32_t>(4 * v)));
      *to = make_uint4(raw.word[4 * v], raw.word[4 * v + 1], raw.word[4 * v + 2],
                       raw.word[4 * v + 3]);
    }
  }
  /// Rows 16 * chunk to 16 * chunk + 15 of the `each` columns of a word.
  __device__ void get(std::uint32_t chunk, std::uint32_t word, raw_sixteen<T> (&raw)[each]) const {
    std::uint32_t w[16];
    BINADE_UNROLL(16)
    for (std::uint32_t k = 0; k < 16; ++k) w[k] = words_[place(16 * chunk + k, word)];
    BINADE_UNROLL(16)
    for (int k = 0; k < 16; ++k) {
      if constexpr (each == 1) {
        raw[0].word[k] = w[k];
      } else if (k % 2 == 0) {
        raw[0].word[k / 2] = __byte_perm(w[k], w[k + 1], 0x5410);
        raw[each - 1].word[k / 2] = __byte_perm(w[k], w[k + 1], 0x7632);
      }
    }
  }

 private:
  /// Aligned groups of four words stay together.
  static __device__ std::uint32_t place(std::uint32_t row, std::uint32_t word) {
    return row * row_words + (word ^ (row / 16 % 8 << 2));
  }
  std::uint32_t* words_;
};

/// The largest amax of the square group that each chunk of a thread belongs to. A warp holds 16
/// rows of the tile, a thread rows lane / 8, lane / 8 + 4, ... of it.
template <class F>
__device__ inline std::uint32_t amax_of_square(const std::uint32_t (&amax)[tile_chunks]) {
  std::uint32_t most = 0;
  BINADE_UNROLL(4)
  for (int i = 0; i < tile_chunks; ++i) most = larger(most, amax[i]);
  if constexpr (F::block_size == 16) {
    most = larger(most, __shfl_xor_sync(0xffffffffU, most, 8));
    return larger(most, __shfl_xor_sync(0xffffffffU, most, 16));
  } else {
    __shared__ std::uint32_t of_warp[tile_threads / 32];
    most = __reduce_max_sync(0xffffffffU, most);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = most;
    __syncthreads();
    return __reduce_max_sync(0xffffffffU, of_warp[threadIdx.x % (tile_threads / 32)]);
  }
}

/// Writes a chunk of a square group. Blocks of 128 rows have one scale each, which one thread
/// writes; smaller groups store it in each of their rows.
template <class F, bool Whole>
__device__ inline void store_square_chunk(const kernel_packed<F>& out, std::uint32_t row,
                                          std::uint32_t chunk, const quantized_chunk<F>& q) {
  if constexpr (F::block_size == 16) {
    store_chunk<F, Whole>(out, row, chunk, q);
  } else {
    const std::uint32_t tile_row = row / tile_extent;
    const std::uint32_t tile_column = chunk / (tile_extent / 16);
    if (row % tile_extent == 0 && chunk % (tile_extent / 16) == 0 &&
        (Whole ||
         (tile_row < out.at.map.padded_rows() && tile_column < out.at.map.padded_columns()))) {
      const bool is_inside = Whole || (row < out.rows && 16 * chunk < out.columns);
      store_scale<F>(out, tile_row, tile_column, is_inside ? q.scale_code : 0);
    }
    store_chunk_codes<F, Whole>(out, row, chunk, q.codes);
  }
}

/// `Whole`: the matrix consists of whole tiles, aligned, and the scales have no padding.
template <class F, class T, class R, group_form Form, bool BothWays, bool Whole>
__global__ void __launch_bounds__(tile_threads, 3)
    tile_kernel(const __grid_constant__ tile_arguments<F, T, R> a) {
  extern __shared__ ::uint4 shared[];
  tile_memory<T> tile(reinterpret_cast<std::uint32_t*>(shared));
  constexpr std::uint32_t width = tile_extent / 16;  // chunks a row of the tile
  constexpr bool is_square = Form == group_form::square;
  const std::uint32_t first_row = blockIdx.y * tile_extent;
  const std::uint32_t first_chunk = blockIdx.x * width;
  const std::uint32_t own_row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / width;
  const std::uint32_t own_chunk = threadIdx.x % width;
  raw_sixteen<T> raw[tile_chunks];
  BINADE_UNROLL(4)
  for (std::uint32_t i = 0; i < tile_chunks; ++i) {
    raw[i] = load_chunk<Whole>(a.x, first_row + own_row + 4 * i, first_chunk + own_chunk);
  }
  scale_finder<typename F::scale> finder = a.finder;
  if constexpr (F::has_tensor_scale) finder.set_tensor_scale(*a.rows.at.tensor_scale);

  // With square groups, by 16 columns: one thread of a warp has each.
  std::uint32_t square = 0;
  if constexpr (is_square) {
    std::uint32_t amax[tile_chunks];
    BINADE_UNROLL(4)
    for (int i = 0; i < tile_chunks; ++i) {
      amax[i] = largest_magnitude(raw[i]);
      float x[16];
      widen(raw[i], amax[i], x);
      amax[i] = amax_for_scale<F>(x, amax[i]);
    }
    square = amax_of_square<F>(amax);
  }
  BINADE_UNROLL(4)
  for (std::uint32_t i = 0; i < tile_chunks; ++i) {
    const std::uint32_t row = first_row + own_row + 4 * i;
    const std::uint32_t chunk = first_chunk + own_chunk;
    if constexpr (BothWays) tile.put(own_row + 4 * i, own_chunk, raw[i]);
    float x[16];
    const std::uint32_t amax = largest_magnitude(raw[i]);
    widen(raw[i], amax, x);
    const R rounding = a.rounding.at(std::uint64_t{row} * a.x.columns + 16 * chunk);
    if constexpr (is_square) {
      store_square_chunk<F, Whole>(
          a.rows, row, chunk,
          quantize_in_registers<F, significant_bits<T>>(x, amax, square, finder, rounding));
    } else {
      store_chunk<F, Whole>(
          a.rows, row, chunk,
          quantize_in_registers<F, significant_bits<T>>(x, amax, finder, rounding));
    }
  }
  if constexpr (BothWays) {
    constexpr std::uint32_t each = tile_memory<T>::each;
    __shared__ std::uint32_t squares[width][width];  // of 16 x 16, by rows and columns
    if constexpr (is_square) {
      if (threadIdx.x % 32 < width) squares[threadIdx.x / 32][own_chunk] = square;
    }
    __syncthreads();
    BINADE_UNROLL(1)
    for (std::uint32_t i = 0; i < tile_chunks / each; ++i) {
      // Neighbours take chunks below each other, so that they share a group.
      const std::uint32_t word = (i * tile_threads + threadIdx.x) / width;
      raw_sixteen<T> pair[each];
      tile.get(own_chunk, word, pair);
      BINADE_UNROLL(2)
      for (std::uint32_t j = 0; j < each; ++j) {
        const std::uint32_t column = blockIdx.x * tile_extent + word * each + j;
        const std::uint32_t chunk = blockIdx.y * width + own_chunk;
        float x[16];
        const std::uint32_t amax = largest_magnitude(pair[j]);
        widen(pair[j], amax, x);
        const R rounding = a.rounding.at(std::uint64_t{16 * chunk} * a.x.columns + column);
        if constexpr (is_square) {
          const std::uint32_t group = squares[own_chunk][word * each / 16];
          store_square_chunk<F, Whole>(a.columns, column, chunk,
                                       quantize_in_registers<F, significant_bits<T>>(
                                           x, amax, group, finder, rounding, a.x.columns));
        } else {
          store_chunk<F, Whole>(a.columns, column, chunk,
                                quantize_in_registers<F, significant_bits<T>>(
                                    x, amax, finder, rounding, a.x.columns));
        }
      }
    }
  }
}

/// Extents of the scales of x in groups of the form, before padding.
template <class F, group_form Form>
constexpr std::size_t scale_rows(std::size_t rows) noexcept {
  return Form == group_form::square && !block_scaled<F> ? (rows + 127) / 128 : rows;
}

/// Elements down to the last row of scales, padding included.
template <class F, group_form Form>
constexpr std::size_t covered_rows(const scale_map& m) noexcept {
  return Form == group_form::square && !block_scaled<F> ? 128 * m.padded_rows() : m.padded_rows();
}

template <class F, group_form Form, bool BothWays, class From, class R>
status launch_tiles(const char* function, cudaStream_t stream, const device_matrix<From>& x,
                    const packed_matrix& rows, const packed_matrix& columns, const R& rounding,
                    scale_method method) noexcept {
  using T = std::remove_const_t<From>;
  if (status s = check_matrix(function, x); !s) return s;
  if (status s = check_method<F>(function, method); !s) return s;
  if (status s = check_packed<F>(function, rows, scale_rows<F, Form>(x.rows), x.columns); !s) {
    return s;
  }
  std::size_t row_end = covered_rows<F, Form>(rows.map);
  std::size_t column_end = rows.map.padded_columns() * F::block_size;
  if constexpr (BothWays) {
    if (status s = check_packed<F>(function, columns, scale_rows<F, Form>(x.columns), x.rows); !s) {
      return s;
    }
    const std::size_t down = columns.map.padded_columns() * F::block_size;
    const std::size_t across = covered_rows<F, Form>(columns.map);
    row_end = row_end < down ? down : row_end;
    column_end = column_end < across ? across : column_end;
  }
  tile_arguments<F, T, R> a;
  a.x = kernel_matrix<const T>(x);
  a.rows = kernel_packed<F>(rows, x.rows, x.columns);
  if constexpr (BothWays) a.columns = kernel_packed<F>(columns, x.columns, x.rows);
  a.finder =
      scale_finder<typename F::scale>(method, range_of(any_format::of<typename F::element>()));
  a.rounding = rounding;
  const dim3 grid(static_cast<unsigned int>((column_end + tile_extent - 1) / tile_extent),
                  static_cast<unsigned int>((row_end + tile_extent - 1) / tile_extent));
  if (grid.x == 0 || grid.y == 0) return {};
  if (grid.y > 65535) {
    return status::refused(function, "the number of rows", x.rows, "8388480 rows at most");
  }
  const bool is_whole = x.rows % tile_extent == 0 && x.columns % tile_extent == 0 &&
                        row_end == x.rows && column_end == x.columns && a.x.is_aligned &&
                        a.rows.aligned_stores && (!BothWays || a.columns.aligned_stores);
  const auto kernel = is_whole ? tile_kernel<F, T, R, Form, BothWays, true>
                               : tile_kernel<F, T, R, Form, BothWays, false>;
  constexpr std::size_t shared = BothWays ? tile_memory<T>::bytes : 0;
  if constexpr (shared > 48 * 1024) {
    const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                               static_cast<int>(shared));
    if (e != cudaSuccess) {
      return status::failed(status::domain::cuda, e, function, cudaGetErrorString(e));
    }
  }
  kernel<<<grid, tile_threads, shared, stream>>>(a);
  return launch_status(function);
}

}  // namespace detail

/// Quantizes x along its rows and along its columns in one read, as the forward and the backward
/// pass of training want it.
///
/// Shapes: `rows` as for quantize; `columns` the same for x transposed: codes of x.columns rows of
///         row_bytes<F>(x.rows) bytes and a map for x.columns x row_scales<F>(x.rows) scales. The
///         tensor scale is that of `rows`.
/// NaN, Post: as for quantize.
/// Error:  the bits of `quantize_both_ways` on the CPU under that tensor scale: stochastic rounding
///         takes the same random number for an element in both copies.
/// Cost:   one launch on `stream`; it allocates nothing and does not synchronize. Stochastic
/// rounding
///         along columns takes the slow path of encode_sixteen.
template <quantize_blocks F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_both_ways(cudaStream_t stream, device_matrix<From> x, const packed_matrix& rows,
                          const packed_matrix& columns, const R& rounding = {},
                          scale_method method = default_method<F>()) noexcept {
  return detail::launch_tiles<F, detail::group_form::run, true>("quantize_both_ways", stream, x,
                                                                rows, columns, rounding, method);
}

/// Quantizes x with a scale for each square of block_size x block_size elements: 128x128 blocks of
/// `groups<e4m3fn, 128>`, 16x16 blocks of nvfp4.
///
/// Shapes: codes as for quantize. In `groups` out.map is for one scale a square, as
///         per_block{.rows = 128, .cols = 128} has it; in nvfp4 for x.rows x
///         row_scales<F>(x.columns) scales, each of which stands in 16 rows, so that every nvfp4
///         kernel reads the result.
/// NaN, Post, Cost: as for quantize.
/// Error:  in `groups` the bits of `quantize` on the CPU with per_block{.rows = 128, .cols = 128};
/// in
///         nvfp4 those that its rules give when the largest magnitude of a square takes the place
///         of its blocks', under the tensor scale given.
template <square_blocks F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_squares(cudaStream_t stream, device_matrix<From> x, const packed_matrix& out,
                        const R& rounding = {}) noexcept {
  return detail::launch_tiles<F, detail::group_form::square, false>(
      "quantize_squares", stream, x, out, {}, rounding, default_method<F>());
}

/// quantize_squares x and of x transposed in one read; both copies hold the same numbers.
///
/// Shapes, Cost: as for quantize_both_ways, with the maps of quantize_squares.
/// NaN, Post, Error: as for quantize_squares.
template <square_blocks F, class From, class R = rounding::ties_to_even>
  requires kernel_float<std::remove_const_t<From>>
status quantize_squares_both_ways(cudaStream_t stream, device_matrix<From> x,
                                  const packed_matrix& rows, const packed_matrix& columns,
                                  const R& rounding = {}) noexcept {
  return detail::launch_tiles<F, detail::group_form::square, true>(
      "quantize_squares_both_ways", stream, x, rows, columns, rounding, default_method<F>());
}

#endif

}  // namespace binade::inline v0::cuda
