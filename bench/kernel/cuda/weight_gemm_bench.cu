// SPDX-License-Identifier: MIT

// Weight-only products on a GPU, 8192x8192, as ratios to a copy of as many bytes as the weights
// have and to cuBLASLt's best BF16 product, in the same run.
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -o weight_gemm_bench
//       bench/kernel/cuda/weight_gemm_bench.cu -lcublasLt
//   ./weight_gemm_bench
//
// Results are checked first: 16 rows for each format and number of tokens against sums in binary64.
// Then a graph of 48 calls, whose weights rotate through more memory than the second-level cache
// has, is replayed 15 times; the median counts. "early" reads weights before the previous kernel
// ends (weights_ready). The BF16 row is the best of cuBLASLt's first 8 heuristics.

#include "binade/kernel/cuda/weight_gemm.cuh"
#include "binade/quantize/dequantize.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/view.hpp"

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <vector>

namespace {

namespace cuda = binade::cuda;
using binade::bfloat16;

constexpr std::size_t out = 8192;
constexpr std::size_t in = 8192;
constexpr std::size_t checked_rows = 16;
constexpr int calls = 48;
constexpr int sets = 6;
constexpr std::size_t token_counts[] = {1, 4, 8, 16, 32, 64};

void require(int error, const char* what) {
  if (error == 0) return;
  std::printf("%s: error %d\n", what, error);
  std::exit(1);
}

template <class T>
T* on_device(const std::vector<T>& host) {
  T* memory = nullptr;
  require(cudaMalloc(&memory, host.size() * sizeof(T)), "cudaMalloc");
  require(cudaMemcpy(memory, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "copy");
  return memory;
}

/// Microseconds a call: the median of 15 replays of a graph of `calls` calls.
double time_calls(cudaStream_t stream, const std::function<void(int)>& call) {
  call(0);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "capture");
  for (int i = 0; i < calls; ++i) call(i);
  require(cudaStreamEndCapture(stream, &graph), "capture");
  require(cudaGraphInstantiate(&instance, graph, 0), "graph");
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  require(cudaEventCreate(&begin), "event");
  require(cudaEventCreate(&end), "event");
  std::vector<float> times;
  for (int i = 0; i < 17; ++i) {
    require(cudaEventRecord(begin, stream), "event");
    require(cudaGraphLaunch(instance, stream), "graph");
    require(cudaEventRecord(end, stream), "event");
    require(cudaStreamSynchronize(stream), "replay");
    float ms = 0;
    require(cudaEventElapsedTime(&ms, begin, end), "event");
    if (i >= 2) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  cudaGraphExecDestroy(instance);
  cudaGraphDestroy(graph);
  return 1e3 * static_cast<double>(times[times.size() / 2]) / calls;
}

/// The limit: 64 bytes a thread in flight.
__global__ void __launch_bounds__(256) copy(const ::uint4* from, ::uint4* to) {
  const std::size_t first = blockIdx.x * std::size_t{1024} + threadIdx.x;
  ::uint4 v[4];
  for (int i = 0; i < 4; ++i) v[i] = __ldcs(from + first + i * 256);
  for (int i = 0; i < 4; ++i) __stcs(to + first + i * 256, v[i]);
}

/// Bytes a microsecond, read and written, of a copy of 1 GiB.
double copy_rate(cudaStream_t stream) {
  constexpr std::size_t bytes = std::size_t{1} << 30;
  std::vector<std::uint32_t> host(bytes / 4);
  for (std::size_t i = 0; i < host.size(); ++i)
    host[i] = static_cast<std::uint32_t>(i) * 2654435761U;
  std::uint32_t* const from = on_device(host);
  std::uint32_t* const to = on_device(host);
  const double us = time_calls(stream, [&](int) {
    copy<<<bytes / (1024 * sizeof(::uint4)), 256, 0, stream>>>(
        reinterpret_cast<const ::uint4*>(from), reinterpret_cast<::uint4*>(to));
  });
  cudaFree(from);
  cudaFree(to);
  return 2.0 * bytes / us;
}

/// Microseconds of cuBLASLt's BF16 product for some tokens.
double time_bf16(cudaStream_t stream, cublasLtHandle_t handle, const std::vector<bfloat16*>& w,
                 const bfloat16* x, bfloat16* y, std::size_t tokens) {
  constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  void* workspace = nullptr;
  require(cudaMalloc(&workspace, workspace_bytes), "cudaMalloc");
  cublasLtMatmulDesc_t product = nullptr;
  require(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cuBLASLt");
  const cublasOperation_t transposed = CUBLAS_OP_T;
  require(cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof transposed),
          "cuBLASLt");
  cublasLtMatrixLayout_t a = nullptr;
  cublasLtMatrixLayout_t b = nullptr;
  cublasLtMatrixLayout_t d = nullptr;
  require(cublasLtMatrixLayoutCreate(&a, CUDA_R_16BF, in, out, in), "cuBLASLt");
  require(cublasLtMatrixLayoutCreate(&b, CUDA_R_16BF, in, tokens, in), "cuBLASLt");
  require(cublasLtMatrixLayoutCreate(&d, CUDA_R_16BF, out, tokens, out), "cuBLASLt");
  cublasLtMatmulPreference_t preference = nullptr;
  require(cublasLtMatmulPreferenceCreate(&preference), "cuBLASLt");
  require(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &workspace_bytes, sizeof workspace_bytes),
          "cuBLASLt");
  cublasLtMatmulHeuristicResult_t found[8];
  int count = 0;
  require(cublasLtMatmulAlgoGetHeuristic(handle, product, a, b, d, d, preference, 8, found, &count),
          "cuBLASLt");
  double best = INFINITY;
  const float one = 1;
  const float zero = 0;
  for (int i = 0; i < count; ++i) {
    best = std::min(
        best, time_calls(stream, [&](int call) {
          require(cublasLtMatmul(handle, product, &one,
                                 w[static_cast<std::size_t>(call) % w.size()], a, x, b, &zero, y, d,
                                 y, d, &found[i].algo, workspace, workspace_bytes, stream),
                  "cuBLASLt");
        }));
  }
  cublasLtMatmulPreferenceDestroy(preference);
  cublasLtMatrixLayoutDestroy(a);
  cublasLtMatrixLayoutDestroy(b);
  cublasLtMatrixLayoutDestroy(d);
  cublasLtMatmulDescDestroy(product);
  cudaFree(workspace);
  return best;
}

/// Random codes, scales around 1.
binade::any_packed_tensor random_weights(const char* format, const binade::granularity& groups) {
  binade::any_packed_tensor w(
      binade::find_packable(format).describe(binade::tensor_shape{out, in}, groups));
  const auto view = w.mutable_view();
  std::mt19937 random(1);
  const bool is_fp8 = view.description.element.bit_count() == 8;
  for (std::byte& b : view.codes)
    b = static_cast<std::byte>(random()) & std::byte{is_fp8 ? 0xbf : 0xff};
  if (view.description.scale_bytes_each() == 1) {
    const unsigned one = view.description.layout.cell_length() == 16 ? 0x38 : 127;
    for (std::byte& b : view.scales) b = static_cast<std::byte>(one - random() % 8);
  } else {
    for (std::size_t i = 0; i < view.scales.size(); i += 4) {
      const float scale = 1 + static_cast<float>(random() % 1024) / 1024;
      std::memcpy(view.scales.data() + i, &scale, 4);
    }
  }
  return w;
}

/// Whether the first rows of y are right; the bound is that of tests/kernel/cuda/weight_gemm.cu.
bool is_right(const std::vector<float>& w, const std::vector<bfloat16>& x, const bfloat16* y_device,
              std::size_t tokens) {
  std::vector<bfloat16> y(tokens * out);
  require(cudaMemcpy(y.data(), y_device, y.size() * 2, cudaMemcpyDeviceToHost), "copy");
  const double unit = 17 * 0x1p-23 * static_cast<double>(in / 16 + in / 32 + 16);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t o = 0; o < checked_rows; ++o) {
      double sum = 0;
      double magnitudes = 0;
      for (std::size_t k = 0; k < in; ++k) {
        const double p = static_cast<double>(static_cast<float>(x[t * in + k])) *
                         static_cast<double>(w[o * in + k]);
        sum += p;
        magnitudes += std::abs(p);
      }
      const double error = std::abs(static_cast<double>(static_cast<float>(y[t * out + o])) - sum);
      if (!(error <= magnitudes * unit + std::abs(sum) * 0x1p-8)) return false;
    }
  }
  return true;
}

struct form {
  const char* format;
  binade::granularity groups;
};

int run() {
  cudaStream_t stream = nullptr;
  require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  cudaDeviceProp device = {};
  require(cudaGetDeviceProperties(&device, 0), "device");
  const double rate = copy_rate(stream);
  std::printf("%s; copy C: %.0f GB/s\n", device.name, rate * 1e-3);

  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<bfloat16> x(64 * in);
  for (bfloat16& v : x) v = bfloat16(normal(random));
  bfloat16* const x_device = on_device(x);
  bfloat16* const y_device = on_device(std::vector<bfloat16>(64 * out));

  std::map<std::size_t, double> bf16;
  {
    std::vector<bfloat16> w(out * in);
    for (bfloat16& v : w) v = bfloat16(static_cast<float>(random() % 4096) / 4096 - 0.5F);
    std::vector<bfloat16*> copies;
    for (int i = 0; i < 3; ++i) copies.push_back(on_device(w));
    cublasLtHandle_t handle = nullptr;
    require(cublasLtCreate(&handle), "cuBLASLt");
    for (const std::size_t tokens : token_counts) {
      bf16[tokens] = time_bf16(stream, handle, copies, x_device, y_device, tokens);
      std::printf("cuBLASLt BF16, %2zu tokens: %6.2f us\n", tokens, bf16[tokens]);
    }
    cublasLtDestroy(handle);
    for (bfloat16* p : copies) cudaFree(p);
  }

  std::printf("| weights | tokens | us | of C | x cuBLASLt BF16 | early us | of C | x BF16 |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  const form forms[] = {{"nvfp4", binade::per_tensor{}},
                        {"mxfp4", binade::per_tensor{}},
                        {"int4_g128", binade::per_tensor{}},
                        {"int4_g32", binade::per_tensor{}},
                        {"e4m3fn", binade::per_channel{.axis = 0}},
                        {"e4m3fn", binade::per_block{.rows = 128, .cols = 128}}};
  for (const form& f : forms) {
    const binade::any_packed_tensor packed = random_weights(f.format, f.groups);
    std::vector<float> values(out * in);
    binade::dequantize(packed.view(), binade::matrix_view(values.data(), out, in));
    const cuda::weight_tiles tiles = cuda::repack_weights(packed);
    std::vector<cuda::weight_tiles_view> views;
    for (int i = 0; i < sets; ++i) {
      views.push_back({tiles.shape, on_device(tiles.codes), on_device(tiles.scales),
                       on_device(tiles.row_factors)});
    }
    const double bytes = static_cast<double>(tiles.codes.size() + tiles.scales.size());
    for (const std::size_t tokens : token_counts) {
      const auto call = [&](int i, cuda::weights_ready ready) {
        cuda::weight_gemm(stream, {x_device, tokens, in}, views[static_cast<std::size_t>(i % sets)],
                          {y_device, tokens, out}, ready)
            .check();
      };
      require(cudaMemset(y_device, 0xff, tokens * out * 2), "cudaMemset");
      call(0, cuda::weights_ready::in_stream_order);
      require(cudaStreamSynchronize(stream), "product");
      if (!is_right(values, x, y_device, tokens)) {
        std::printf("%s, %zu tokens: WRONG\n", f.format, tokens);
        return 1;
      }
      double us[2];
      for (int i = 0; i < 2; ++i) {
        us[i] = time_calls(stream, [&](int c) {
          call(c, i == 0 ? cuda::weights_ready::in_stream_order
                         : cuda::weights_ready::before_previous_kernel_ends);
        });
      }
      std::printf("| %s, %s | %zu | %.2f | %.3f | %.2f | %.2f | %.3f | %.2f |\n", f.format,
                  to_string(f.groups).c_str(), tokens, us[0], bytes / us[0] / rate,
                  bf16[tokens] / us[0], us[1], bytes / us[1] / rate, bf16[tokens] / us[1]);
    }
    for (const cuda::weight_tiles_view& v : views) {
      cudaFree(const_cast<std::byte*>(v.codes));
      cudaFree(const_cast<std::byte*>(v.scales));
      cudaFree(const_cast<float*>(v.row_factors));
    }
  }
  return 0;
}

}  // namespace

int main() { return run(); }
