// SPDX-License-Identifier: MIT

// FP8 products on a GPU, 4096x7168x16384 or what is asked: cuBLASLt's of every kind of scales, and
// the library's own of block scales, in the same run.
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -o block_gemm_bench
//       bench/kernel/cuda/block_gemm_bench.cu -lcublasLt
//   ./block_gemm_bench [tokens out in]
//
// First the own results are compared with cuBLASLt's, element by element, and both with sums in
// binary64 of 64 x 64 elements. Then every heuristic of cuBLASLt's plans and every own kernel take
// turns, 15 times a graph of 4 calls; the median counts. `tuned` is the candidate that the plan's
// `tune` chose, and how much slower it is than the best.

#include "binade/kernel/cuda/block_gemm.cuh"
#include "binade/kernel/cuda/cublaslt_plan.cuh"
#include "binade/tensor/packable.hpp"

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
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

namespace gpu = binade::cuda;
using binade::bfloat16;
using binade::e4m3fn;

void require(int error, const char* what) {
  if (error == 0) return;
  std::printf("%s: error %d\n", what, error);
  std::exit(1);
}

/// Codes of normal numbers, in an order that a hash of the position gives.
__global__ void fill_codes(const std::uint8_t* table, std::uint8_t* codes, std::size_t n,
                           std::uint32_t seed) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) {
    std::uint32_t h = static_cast<std::uint32_t>(i) * 2654435761U + seed;
    h = (h ^ h >> 15) * 2246822519U;
    h = (h ^ h >> 13) * 3266489917U;
    codes[i] = table[(h ^ h >> 16) & 0xffff];
  }
}

/// A matrix on the GPU; rows * in codes, and scales for any form, between 1 and 2.
class operand {
 public:
  operand(std::size_t rows, std::size_t in, unsigned seed, bool is_positive)
      : shape_{rows, in}, scale_count_(rows * (in / 128 + 4)) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<std::uint8_t> table(1 << 16);
    for (std::uint8_t& code : table) {
      const float v = normal(random);
      code = static_cast<std::uint8_t>(e4m3fn(100 * (is_positive ? std::abs(v) : v)).bits());
    }
    std::uint8_t* on_device = nullptr;
    require(cudaMalloc(&on_device, table.size()), "cudaMalloc");
    require(cudaMemcpy(on_device, table.data(), table.size(), cudaMemcpyHostToDevice), "copy");
    require(cudaMalloc(&codes_, rows * in), "cudaMalloc");
    fill_codes<<<1024, 256>>>(on_device, reinterpret_cast<std::uint8_t*>(codes_), rows * in, seed);
    require(cudaDeviceSynchronize(), "fill_codes");
    cudaFree(on_device);
    std::vector<float> scales(scale_count_);
    for (float& s : scales) s = 1 + static_cast<float>(random() % 1024) / 1024;
    require(cudaMalloc(&scales_, scale_count_ * sizeof(float)), "cudaMalloc");
    require(cudaMemcpy(scales_, scales.data(), scale_count_ * sizeof(float), cudaMemcpyDefault),
            "copy");
  }
  operand(const operand&) = delete;
  operand& operator=(const operand&) = delete;
  ~operand() {
    cudaFree(codes_);
    cudaFree(scales_);
  }

  [[nodiscard]] binade::packed_description description(const binade::granularity& groups) const {
    return binade::find_packable("e4m3fn").describe(shape_, groups);
  }
  [[nodiscard]] binade::any_packed_view view(const binade::granularity& groups) const {
    binade::any_packed_view v;
    v.description = description(groups);
    v.codes = {codes_, shape_.size()};
    v.scales = {scales_, scale_count_ * sizeof(float)};
    return v;
  }
  /// A row's values with scales of groups or tiles.
  [[nodiscard]] std::vector<double> row(std::size_t r, const binade::granularity& groups) const {
    const binade::scale_map map = gpu::block_gemm_scale_map(description(groups));
    const std::size_t in = shape_.extent(1);
    std::vector<std::uint8_t> codes(in);
    std::vector<float> scales(scale_count_);
    require(cudaMemcpy(codes.data(), codes_ + r * in, in, cudaMemcpyDefault), "copy");
    require(cudaMemcpy(scales.data(), scales_, scale_count_ * sizeof(float), cudaMemcpyDefault),
            "copy");
    const std::size_t cell = description(groups).layout.cell_extent(0);
    std::vector<double> values(in);
    for (std::size_t k = 0; k < in; ++k) {
      values[k] = static_cast<double>(static_cast<float>(e4m3fn::from_bits(codes[k]))) *
                  static_cast<double>(scales[map.index(r / cell, k / 128)]);
    }
    return values;
  }

 private:
  binade::tensor_shape shape_;
  std::size_t scale_count_;
  std::byte* codes_ = nullptr;
  std::byte* scales_ = nullptr;
};

struct extents {
  std::size_t tokens = 4096;
  std::size_t out = 7168;
  std::size_t in = 16384;
};

struct form {
  const char* name;
  binade::granularity x;
  binade::granularity w;
};
const binade::granularity groups = binade::per_group{.axis = 1, .size = 128};
const binade::granularity tiles = binade::per_block{.rows = 128, .cols = 128};
const form coarse_forms[] = {
    {"tensor", binade::per_tensor{}, binade::per_tensor{}},
    {"row", binade::per_channel{.axis = 0}, binade::per_channel{.axis = 0}}};
const form block_forms[] = {{"1x128 x 128x128", groups, tiles},
                            {"1x128 x 1x128", groups, groups},
                            {"128x128 x 1x128", tiles, groups},
                            {"128x128 x 128x128", tiles, tiles}};

/// A call that is timed, and its times.
struct contender {
  std::string row;
  std::size_t number;
  std::function<void()> call;
  cudaGraphExec_t graph = nullptr;
  std::vector<float> times = {};

  [[nodiscard]] double microseconds() {
    std::sort(times.begin(), times.end());
    return 1e3 * static_cast<double>(times[times.size() / 2]);
  }
};

class bench {
 public:
  explicit bench(const extents& e)
      : e_(e), x_(e.tokens, e.in, 1, false), w_(e.out, e.in, 2, false) {
    require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "stream");
    require(cublasLtCreate(&handle_), "cuBLASLt");
    require(cudaMalloc(&y_, e.tokens * e.out * 4), "cudaMalloc");
    require(cudaMalloc(&workspace_, workspace_bytes), "cudaMalloc");
  }

  /// Whether both libraries give the same bfloat16s; and errors against binary64.
  void compare_results(const form& f) {
    for (const bool is_positive : {false, true}) {
      const operand x(e_.tokens, e_.in, 3, is_positive);
      const operand w(e_.out, e_.in, 4, is_positive);
      const gpu::block_gemm_plan own(x.description(f.x), w.description(f.w));
      poison();
      own.run(stream_, x.view(f.x), w.view(f.w), static_cast<float*>(y_)).check();
      const double own_error = error_of(f, x, w, copied<float>());
      poison();
      own.run(stream_, x.view(f.x), w.view(f.w), static_cast<bfloat16*>(y_)).check();
      const auto ours = copied<bfloat16>();
      std::printf("%s, %s: own error in float %.2e, in bfloat16 %.2e", f.name,
                  is_positive ? "positive" : "normal", own_error, error_of(f, x, w, ours));
      if (has_cublaslt(f)) {
        const gpu::cublaslt_plan theirs(handle_, x.description(f.x), w.description(f.w));
        poison();
        theirs.run(stream_, x.view(f.x), w.view(f.w), static_cast<bfloat16*>(y_), space()).check();
        const auto other = copied<bfloat16>();
        std::size_t different = 0;
        for (std::size_t i = 0; i < ours.size(); ++i) {
          different += ours[i].bits() != other[i].bits() ? 1 : 0;
        }
        std::printf(", cuBLASLt's %.2e; %zu of %zu elements differ", error_of(f, x, w, other),
                    different, ours.size());
      }
      std::printf("\n");
    }
  }

  void add_cublaslt(const form& f, gpu::fp8_accumulation accumulation, const std::string& suffix) {
    const std::string row = std::string("cuBLASLt, ") + f.name + suffix;
    auto plan =
        std::make_shared<gpu::cublaslt_plan>(handle_, x_.description(f.x), w_.description(f.w),
                                             gpu::cublaslt_options{.accumulation = accumulation});
    add(row, plan, f, space());
  }
  void add_own(const form& f) {
    auto plan = std::make_shared<gpu::block_gemm_plan>(x_.description(f.x), w_.description(f.w));
    add(std::string("own, ") + f.name, plan, f, {});
  }

  void run() {
    for (contender& c : contenders_) {
      cudaGraph_t graph = nullptr;
      require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), "capture");
      for (int i = 0; i < calls; ++i) c.call();
      require(cudaStreamEndCapture(stream_, &graph), "capture");
      require(cudaGraphInstantiate(&c.graph, graph, 0), "graph");
      cudaGraphDestroy(graph);
    }
    cudaEvent_t begin = nullptr;
    cudaEvent_t end = nullptr;
    require(cudaEventCreate(&begin), "event");
    require(cudaEventCreate(&end), "event");
    for (int turn = 0; turn < 17; ++turn) {
      for (contender& c : contenders_) {
        require(cudaEventRecord(begin, stream_), "event");
        require(cudaGraphLaunch(c.graph, stream_), "graph");
        require(cudaEventRecord(end, stream_), "event");
        require(cudaStreamSynchronize(stream_), "replay");
        float ms = 0;
        require(cudaEventElapsedTime(&ms, begin, end), "event");
        if (turn >= 2) c.times.push_back(ms / calls);
      }
    }
    report();
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  static constexpr int calls = 4;
  static constexpr std::size_t checked = 64;

  [[nodiscard]] static bool has_cublaslt(const form& f) { return f.x != tiles || f.w != tiles; }
  [[nodiscard]] std::span<std::byte> space() const {
    return {static_cast<std::byte*>(workspace_), workspace_bytes};
  }
  void poison() { require(cudaMemset(y_, 0xff, e_.tokens * e_.out * 4), "cudaMemset"); }

  template <class Y>
  [[nodiscard]] std::vector<Y> copied() {
    require(cudaStreamSynchronize(stream_), "product");
    std::vector<Y> y(e_.tokens * e_.out);
    require(cudaMemcpy(y.data(), y_, y.size() * sizeof(Y), cudaMemcpyDeviceToHost), "copy");
    return y;
  }

  /// |y - exact| / |exact| in the Euclidean norm, of elements spread over the matrix.
  template <class Y>
  [[nodiscard]] double error_of(const form& f, const operand& x, const operand& w,
                                const std::vector<Y>& y) const {
    std::vector<std::vector<double>> columns;
    for (std::size_t j = 0; j < checked; ++j) {
      columns.push_back(w.row(j * (e_.out - 1) / (checked - 1), f.w));
    }
    double errors = 0;
    double squares = 0;
    for (std::size_t i = 0; i < checked; ++i) {
      const std::size_t t = i * (e_.tokens - 1) / (checked - 1);
      const std::vector<double> row = x.row(t, f.x);
      for (std::size_t j = 0; j < checked; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < e_.in; ++k) sum += row[k] * columns[j][k];
        const double got = static_cast<double>(
            static_cast<float>(y[t * e_.out + j * (e_.out - 1) / (checked - 1)]));
        errors += (got - sum) * (got - sum);
        squares += sum * sum;
      }
    }
    return std::sqrt(errors / squares);
  }

  template <class Plan>
  void add(const std::string& row, const std::shared_ptr<Plan>& plan, const form& f,
           std::span<std::byte> workspace) {
    plan->tune(stream_, x_.view(f.x), w_.view(f.w), static_cast<bfloat16*>(y_), workspace).check();
    rows_.push_back({row, plan->chosen()});
    for (std::size_t i = 0; i < plan->candidates(); ++i) {
      contenders_.push_back({row, i, [this, plan, f, workspace, i] {
                               plan->choose(i);
                               plan->run(stream_, x_.view(f.x), w_.view(f.w),
                                         static_cast<bfloat16*>(y_), workspace)
                                   .check();
                             }});
    }
  }

  void report() {
    const double operations = 2.0 * static_cast<double>(e_.tokens) * static_cast<double>(e_.out) *
                              static_cast<double>(e_.in);
    std::printf("| product | best us | TFLOP/s | best number | tuned number, us over best |\n");
    std::printf("|---|---|---|---|---|\n");
    for (const auto& [row, tuned] : rows_) {
      double best = INFINITY;
      double of_tuned = 0;
      std::size_t number = 0;
      for (contender& c : contenders_) {
        if (c.row != row) continue;
        const double us = c.microseconds();
        if (c.number == tuned) of_tuned = us;
        if (us >= best) continue;
        best = us;
        number = c.number;
      }
      std::printf("| %s | %.1f | %.0f | %zu | %zu, %.3f |\n", row.c_str(), best,
                  operations / best * 1e-6, number, tuned, of_tuned / best);
      best_of_[row] = best;
    }
    for (const form& f : block_forms) {
      const auto own = best_of_.find(std::string("own, ") + f.name);
      const auto theirs = best_of_.find(std::string("cuBLASLt, ") + f.name);
      if (own == best_of_.end() || theirs == best_of_.end()) continue;
      std::printf("%s: own %.3f times cuBLASLt's best\n", f.name, theirs->second / own->second);
    }
  }

  struct tuned_row {
    std::string row;
    std::size_t number;
  };

  extents e_;
  operand x_;
  operand w_;
  cudaStream_t stream_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  void* y_ = nullptr;
  void* workspace_ = nullptr;
  std::vector<tuned_row> rows_;
  std::vector<contender> contenders_;
  std::map<std::string, double> best_of_;
};

int run(const extents& e) {
  cudaDeviceProp device = {};
  require(cudaGetDeviceProperties(&device, 0), "device");
  std::printf("%s; %zu x %zu x %zu\n", device.name, e.tokens, e.out, e.in);
  bench b(e);
  for (const form& f : block_forms) b.compare_results(f);
  for (const form& f : coarse_forms) {
    b.add_cublaslt(f, gpu::fp8_accumulation::full, "");
    b.add_cublaslt(f, gpu::fp8_accumulation::fast, ", fast");
  }
  for (const form& f : block_forms) {
    if (f.x != tiles || f.w != tiles) b.add_cublaslt(f, gpu::fp8_accumulation::full, "");
    b.add_own(f);
  }
  b.run();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  extents e;
  if (count == 4) {
    e = {std::strtoull(arguments[1], nullptr, 10), std::strtoull(arguments[2], nullptr, 10),
         std::strtoull(arguments[3], nullptr, 10)};
  }
  return run(e);
}
