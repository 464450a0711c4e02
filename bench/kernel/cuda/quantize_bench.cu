// SPDX-License-Identifier: MIT

// Quantization and dequantization on a GPU, as ratios to a copy of as many bytes in the same run.
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -o quantize_bench_cuda
//       bench/kernel/cuda/quantize_bench.cu
//   ./quantize_bench_cuda
//
// Each row but those of square groups, which a test checks, is checked first: its first rows of
// codes, or of numbers, are those of the CPU library.
// Then a graph of 8 launches, on buffers that together exceed the second-level cache many times, is
// replayed 15 times; the median counts. Numbers are normally distributed bfloat16.

#include "binade/core/random.hpp"
#include "binade/kernel/cuda/dequantize.cuh"
#include "binade/kernel/cuda/quantize.cuh"
#include "binade/kernel/cuda/quantize_tensor.cuh"
#include "binade/kernel/cuda/quantize_tile.cuh"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/view.hpp"

#include <cuda_bf16.h>
#include <cuda_fp4.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
namespace rounding = binade::rounding;
namespace scale_layout = binade::scale_layout;
using binade::bfloat16;
using matrix = cuda::device_matrix<const bfloat16>;

void require(cudaError_t e) {
  if (e == cudaSuccess) return;
  std::printf("CUDA: %s\n", cudaGetErrorString(e));
  std::exit(1);
}

__global__ void fill(bfloat16* x, std::size_t n) {
  for (std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x; i < n;
       i += std::size_t{gridDim.x} * blockDim.x) {
    x[i] = bfloat16(static_cast<float>(binade::standard_normal(1, 0, i)));
  }
}

/// The limit: 64 bytes a thread in flight.
__global__ void __launch_bounds__(256) copy(const ::uint4* from, ::uint4* to, std::size_t n) {
  const std::size_t first = blockIdx.x * std::size_t{1024} + threadIdx.x;
  ::uint4 v[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (first + i * 256 < n) v[i] = __ldcs(from + first + i * 256);
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (first + i * 256 < n) __stcs(to + first + i * 256, v[i]);
  }
}

/// The usual way with the toolkit's own types: 16 elements a thread, a division, conversions of
/// pairs by cuda_fp4.h.
__global__ void __launch_bounds__(256)
    toolkit_nvfp4(const __nv_bfloat16* x, std::size_t blocks, std::uint8_t* codes,
                  __nv_fp8_e4m3* scales, const float* tensor_scale) {
  const std::size_t b = blockIdx.x * std::size_t{256} + threadIdx.x;
  if (b >= blocks) return;
  float v[16];
  float amax = 0;
  for (int k = 0; k < 16; ++k) {
    v[k] = __bfloat162float(x[16 * b + k]);
    amax = fmaxf(amax, fabsf(v[k]));
  }
  const __nv_fp8_e4m3 scale(amax / (6.0F * *tensor_scale));
  scales[b] = scale;
  const float inverse = 1.0F / (static_cast<float>(scale) * *tensor_scale);
  for (int k = 0; k < 16; k += 2) {
    codes[8 * b + k / 2] = __nv_cvt_float2_to_fp4x2(make_float2(v[k] * inverse, v[k + 1] * inverse),
                                                    __NV_E2M1, cudaRoundNearest);
  }
}

struct size {
  std::size_t rows, columns;
  std::size_t copies;  ///< matrices that rotate
};
constexpr size sizes[] = {{32768, 16384, 1}, {4096, 8192, 16}};
constexpr std::size_t elements = std::size_t{32768} * 16384;
constexpr int launches = 8;
constexpr std::size_t checked_rows = 8;

struct buffers {
  bfloat16* x = nullptr;
  std::byte* codes = nullptr;
  std::byte* scales = nullptr;
  bfloat16* y = nullptr;
  float* tensor_scale = nullptr;
  std::uint32_t* amax = nullptr;
};
buffers memory;
cudaStream_t stream;
double copy_rate = 0;  // bytes a second
int wrong = 0;

/// Seconds of one launch.
double time_of(const std::function<void(std::size_t)>& launch) {
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (std::size_t i = 0; i < launches; ++i) launch(i);
  require(cudaStreamEndCapture(stream, &graph));
  require(cudaGraphInstantiate(&replay, graph, 0));
  cudaEvent_t begin, end;
  require(cudaEventCreate(&begin));
  require(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i < 17; ++i) {
    require(cudaEventRecord(begin, stream));
    require(cudaGraphLaunch(replay, stream));
    require(cudaEventRecord(end, stream));
    require(cudaEventSynchronize(end));
    float ms = 0;
    require(cudaEventElapsedTime(&ms, begin, end));
    if (i >= 2) times.push_back(ms);  // the first two warm up
  }
  std::sort(times.begin(), times.end());
  require(cudaGraphExecDestroy(replay));
  require(cudaGraphDestroy(graph));
  require(cudaEventDestroy(begin));
  require(cudaEventDestroy(end));
  return static_cast<double>(times[times.size() / 2]) * 1e-3 / launches;
}

void print(const std::string& what, const size& s, double bytes, double seconds) {
  const double rate = bytes / seconds;
  std::printf("| %-44s | %5zux%-5zu | %8.1f us | %6.0f GB/s | %.3f |\n", what.c_str(), s.rows,
              s.columns, seconds * 1e6, rate * 1e-9, rate / copy_rate);
  std::fflush(stdout);
}

template <class T>
std::vector<T> to_host(const void* from, std::size_t n) {
  std::vector<T> host(n);
  require(cudaMemcpy(host.data(), from, n * sizeof(T), cudaMemcpyDeviceToHost));
  return host;
}

void verify(const std::string& what, const std::byte* got, std::span<const std::byte> expected) {
  if (std::ranges::equal(to_host<std::byte>(got, expected.size()), expected)) return;
  std::printf("%s: the codes differ from the CPU's\n", what.c_str());
  ++wrong;
}

/// The first rows on the CPU.
template <class F, class R>
binade::any_packed_tensor on_the_cpu(const size& s, const R& r) {
  static std::vector<bfloat16> x;
  x = to_host<bfloat16>(memory.x, checked_rows * s.columns);
  const auto view = binade::matrix_view(x.data(), checked_rows, s.columns);
  if constexpr (!binade::block_scaled<F>) {
    return binade::quantize<typename F::element>(
        view, r, binade::per_group{.axis = -1, .size = F::block_size});
  } else if constexpr (F::has_tensor_scale) {
    return binade::quantize<F>(view, r,
                               binade::tensor_scale{to_host<float>(memory.tensor_scale, 1)[0]});
  } else {
    return binade::quantize<F>(view, r);
  }
}

template <class F>
std::size_t scale_bytes(const size& s) {
  return s.rows * cuda::row_scales<F>(s.columns) *
         sizeof(typename cuda::scale_finder<typename F::scale>::stored);
}

template <class F>
cuda::packed_matrix packed(const size& s, const binade::scale_map& map, std::size_t i) {
  const std::size_t n = i % s.copies;
  return {memory.codes + n * s.rows * cuda::row_bytes<F>(s.columns),
          memory.scales + n * scale_bytes<F>(s), map, memory.tensor_scale};
}
matrix source(const size& s, std::size_t i) {
  return {memory.x + i % s.copies * s.rows * s.columns, s.rows, s.columns};
}

template <class F, class Layout, class R = rounding::ties_to_even>
void bench_quantize(const std::string& what, const size& s, const Layout& layout, const R& r = {}) {
  const auto map = layout.map(s.rows, cuda::row_scales<F>(s.columns));
  const auto launch = [&](std::size_t i) {
    cuda::quantize<F>(stream, source(s, i), packed<F>(s, map, i), r).check();
  };
  launch(0);
  require(cudaStreamSynchronize(stream));
  verify(what, memory.codes, on_the_cpu<F>(s, r).codes());
  const double bytes =
      static_cast<double>(s.rows) * (2.0 * static_cast<double>(s.columns) +
                                     static_cast<double>(cuda::row_bytes<F>(s.columns))) +
      static_cast<double>(scale_bytes<F>(s));
  print(what, s, bytes, time_of(launch));
}

template <class F>
void bench_dequantize(const std::string& what, const size& s) {
  const auto map = scale_layout::row_major{}.map(s.rows, cuda::row_scales<F>(s.columns));
  for (std::size_t i = 0; i < s.copies; ++i) {
    cuda::quantize<F>(stream, source(s, i), packed<F>(s, map, i)).check();
  }
  const auto launch = [&](std::size_t i) {
    cuda::dequantize<F>(stream, packed<F>(s, map, i),
                        cuda::device_matrix<bfloat16>(memory.y + i % s.copies * s.rows * s.columns,
                                                      s.rows, s.columns))
        .check();
  };
  launch(0);
  require(cudaStreamSynchronize(stream));
  auto expected = on_the_cpu<F>(s, rounding::ties_to_even{});
  std::vector<bfloat16> y(checked_rows * s.columns);
  binade::dequantize(expected, binade::matrix_view(y.data(), checked_rows, s.columns));
  verify(what, reinterpret_cast<const std::byte*>(memory.y), std::as_bytes(std::span(y)));
  const double bytes =
      static_cast<double>(s.rows) * (2.0 * static_cast<double>(s.columns) +
                                     static_cast<double>(cuda::row_bytes<F>(s.columns))) +
      static_cast<double>(scale_bytes<F>(s));
  print(what, s, bytes, time_of(launch));
}

/// The first rows under one scale a tensor, which is given, or a row.
template <class... Options>
binade::any_packed_tensor e4m3_on_the_cpu(const size& s, const Options&... options) {
  static std::vector<bfloat16> x;
  x = to_host<bfloat16>(memory.x, checked_rows * s.columns);
  return binade::quantize<binade::e4m3fn>(binade::matrix_view(x.data(), checked_rows, s.columns),
                                          options...);
}

void bench_tensor(const size& s) {
  const double n = static_cast<double>(s.rows * s.columns);
  float* scale = memory.tensor_scale;
  auto* written = reinterpret_cast<float*>(memory.scales);
  const auto codes = [&](std::size_t i) {
    return memory.codes + i % s.copies * s.rows * s.columns;
  };
  const auto run = [&](const char* what, double bytes, const auto& launch, const auto& expected) {
    launch(0);
    require(cudaStreamSynchronize(stream));
    verify(what, memory.codes, expected().codes());
    print(what, s, bytes * n, time_of(launch));
  };
  const auto under = [&](const float* from) {
    return e4m3_on_the_cpu(s, binade::per_tensor{},
                           binade::scaling::given{to_host<float>(from, 1)[0]});
  };
  run(
      "bf16 -> e4m3fn, tensor, delayed + amax", 3,
      [&](std::size_t i) {
        cuda::quantize_scaled<binade::e4m3fn>(stream, source(s, i), codes(i), scale, memory.amax)
            .check();
      },
      [&] { return under(scale); });
  run(
      "bf16 -> e4m3fn, tensor, current", 5,
      [&](std::size_t i) {
        cuda::quantize_tensor<binade::e4m3fn>(stream, source(s, i), codes(i), written, memory.amax)
            .check();
      },
      [&] { return under(written); });
  run(
      "bf16 -> e4m3fn, a scale a row", 3,
      [&](std::size_t i) {
        cuda::quantize_rows<binade::e4m3fn>(stream, source(s, i), codes(i), written).check();
      },
      [&] { return e4m3_on_the_cpu(s, binade::per_channel{.axis = 0}); });
}

/// Both ways, or squares one way or both ways; codes along rows are checked.
template <class F>
void bench_both_ways(const std::string& what, const size& s) {
  const scale_layout::row_major layout{};
  const auto rows = layout.map(s.rows, cuda::row_scales<F>(s.columns));
  const auto columns = layout.map(s.columns, cuda::row_scales<F>(s.rows));
  const std::size_t code_bytes = s.rows * cuda::row_bytes<F>(s.columns);
  const auto launch = [&](std::size_t i) {
    const std::size_t n = i % s.copies;
    auto* other = reinterpret_cast<std::byte*>(memory.y);
    const cuda::packed_matrix second{other + n * code_bytes,
                                     other + elements + n * scale_bytes<F>(s), columns,
                                     memory.tensor_scale};
    cuda::quantize_both_ways<F>(stream, source(s, i), packed<F>(s, rows, i), second).check();
  };
  launch(0);
  require(cudaStreamSynchronize(stream));
  verify(what, memory.codes, on_the_cpu<F>(s, rounding::ties_to_even{}).codes());
  const double bytes =
      2.0 * static_cast<double>(s.rows * s.columns + code_bytes + scale_bytes<F>(s));
  print(what, s, bytes, time_of(launch));
}

/// Squares of 128 x 128, or of 16 x 16 with a scale in each row.
template <class F>
void bench_squares(const std::string& what, const size& s) {
  const bool is_stored_once = !binade::block_scaled<F>;
  const auto map = scale_layout::row_major{}.map(is_stored_once ? s.rows / 128 : s.rows,
                                                 cuda::row_scales<F>(s.columns));
  const double bytes =
      static_cast<double>(s.rows) * (2.0 * static_cast<double>(s.columns) +
                                     static_cast<double>(cuda::row_bytes<F>(s.columns))) +
      static_cast<double>(scale_bytes<F>(s)) / (is_stored_once ? 128 : 1);
  print(what, s, bytes, time_of([&](std::size_t i) {
          cuda::quantize_squares<F>(stream, source(s, i), packed<F>(s, map, i)).check();
        }));
}

template <class F>
void bench_transformed(const std::string& what, const size& s, int transform_size) {
  const auto map = scale_layout::row_major{}.map(s.rows, cuda::row_scales<F>(s.columns));
  const binade::hadamard t = binade::random_hadamard(transform_size, 1);
  const auto launch = [&](std::size_t i) {
    cuda::quantize_transformed<F>(stream, source(s, i), t, packed<F>(s, map, i)).check();
  };
  launch(0);
  require(cudaStreamSynchronize(stream));
  verify(what, memory.codes, on_the_cpu<F>(s, t).codes());
  const double bytes =
      static_cast<double>(s.rows) * (2.0 * static_cast<double>(s.columns) +
                                     static_cast<double>(cuda::row_bytes<F>(s.columns))) +
      static_cast<double>(scale_bytes<F>(s));
  print(what, s, bytes, time_of(launch));
}

void bench_size(const size& s) {
  const scale_layout::row_major rows{};
  const scale_layout::column_major columns{.multiple = 4};
  const scale_layout::tiles_128x4 tiles{};
  const rounding::stochastic random{.seed = 1};
  using e4m3_groups = cuda::groups<binade::e4m3fn, 128>;
  const std::size_t bytes = s.rows * s.columns * 2;
  print("copy", s, 2.0 * static_cast<double>(bytes), time_of([&](std::size_t i) {
          const std::size_t at = i % s.copies * s.rows * s.columns;
          copy<<<static_cast<unsigned int>(bytes / 16 / 1024), 256, 0, stream>>>(
              reinterpret_cast<const ::uint4*>(memory.x + at),
              reinterpret_cast<::uint4*>(memory.y + at), bytes / 16);
        }));
  bench_quantize<e4m3_groups>("bf16 -> e4m3fn 1x128", s, rows);
  bench_quantize<e4m3_groups>("bf16 -> e4m3fn 1x128, column-major scales", s, columns);
  bench_tensor(s);
  bench_quantize<binade::mxfp8_e4m3>("bf16 -> mxfp8_e4m3", s, rows);
  bench_quantize<binade::mxfp8_e4m3>("bf16 -> mxfp8_e4m3, 128x4 tiles", s, tiles);
  bench_quantize<binade::mxfp6_e2m3>("bf16 -> mxfp6_e2m3", s, rows);
  bench_quantize<binade::mxfp4>("bf16 -> mxfp4", s, rows);
  bench_quantize<binade::mxfp4>("bf16 -> mxfp4, 128x4 tiles", s, tiles);
  bench_quantize<binade::nvfp4>("bf16 -> nvfp4", s, rows);
  bench_quantize<binade::nvfp4>("bf16 -> nvfp4, 128x4 tiles", s, tiles);
  bench_quantize<e4m3_groups>("bf16 -> e4m3fn 1x128, stochastic", s, rows, random);
  bench_quantize<binade::mxfp8_e4m3>("bf16 -> mxfp8_e4m3, stochastic", s, rows, random);
  bench_quantize<binade::mxfp4>("bf16 -> mxfp4, stochastic", s, rows, random);
  bench_quantize<binade::nvfp4>("bf16 -> nvfp4, stochastic", s, rows, random);
  bench_squares<e4m3_groups>("bf16 -> e4m3fn 128x128", s);
  bench_squares<binade::nvfp4>("bf16 -> nvfp4, 16x16 scales", s);
  bench_both_ways<e4m3_groups>("bf16 -> e4m3fn 1x128, rows and columns", s);
  bench_both_ways<binade::mxfp8_e4m3>("bf16 -> mxfp8_e4m3, rows and columns", s);
  bench_both_ways<binade::nvfp4>("bf16 -> nvfp4, rows and columns", s);
  for (const int n : {16, 32, 128}) {
    bench_transformed<binade::nvfp4>("Hadamard " + std::to_string(n) + ", bf16 -> nvfp4", s, n);
  }
  bench_transformed<binade::mxfp4>("Hadamard 32, bf16 -> mxfp4", s, 32);
  bench_dequantize<e4m3_groups>("e4m3fn 1x128 -> bf16", s);
  bench_dequantize<binade::mxfp8_e4m3>("mxfp8_e4m3 -> bf16", s);
  bench_dequantize<binade::mxfp4>("mxfp4 -> bf16", s);
  bench_dequantize<binade::nvfp4>("nvfp4 -> bf16", s);
  const std::size_t blocks = s.rows * s.columns / 16;
  print("bf16 -> nvfp4 through cuda_fp4.h", s, 2.5625 * static_cast<double>(s.rows * s.columns),
        time_of([&](std::size_t i) {
          const std::size_t n = i % s.copies;
          toolkit_nvfp4<<<static_cast<unsigned int>(blocks / 256), 256, 0, stream>>>(
              reinterpret_cast<const __nv_bfloat16*>(memory.x + n * blocks * 16), blocks,
              reinterpret_cast<std::uint8_t*>(memory.codes) + n * blocks * 8,
              reinterpret_cast<__nv_fp8_e4m3*>(memory.scales) + n * blocks, memory.tensor_scale);
        }));
}

}  // namespace

int main() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::printf("no CUDA device: not run\n");
    return 0;
  }
  cudaDeviceProp device{};
  require(cudaGetDeviceProperties(&device, 0));
  require(cudaStreamCreate(&stream));
  require(cudaMalloc(&memory.x, elements * 2));
  require(cudaMalloc(&memory.y, elements * 2));
  require(cudaMalloc(&memory.codes, elements));
  require(cudaMalloc(&memory.scales, elements / 8));
  require(cudaMalloc(&memory.tensor_scale, 4));
  require(cudaMalloc(&memory.amax, 4));
  fill<<<4096, 256, 0, stream>>>(memory.x, elements);
  require(cudaMemsetAsync(memory.amax, 0, 4, stream));
  cuda::find_amax(stream, matrix(memory.x, elements / 16384, 16384), memory.amax).check();
  cuda::find_scale<binade::nvfp4>(stream, memory.amax, memory.tensor_scale).check();
  require(cudaStreamSynchronize(stream));
  const double bytes = 4.0 * static_cast<double>(elements);
  copy_rate = bytes / time_of([](std::size_t) {
                copy<<<static_cast<unsigned int>(elements / 8 / 1024), 256, 0, stream>>>(
                    reinterpret_cast<const ::uint4*>(memory.x),
                    reinterpret_cast<::uint4*>(memory.y), elements / 8);
              });
  std::printf("%s; C, the copy of 1 GiB, moves %.0f GB/s\n", device.name, copy_rate * 1e-9);
  std::printf("| what | matrix | a launch | read + written | of C |\n|---|---|---|---|---|\n");
  for (const size& s : sizes) bench_size(s);
  require(cudaDeviceSynchronize());
  return wrong == 0 ? 0 : 1;
}
