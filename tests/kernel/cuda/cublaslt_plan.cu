// SPDX-License-Identifier: MIT

// Products of packed operands by cuBLASLt. Compiled here; on a machine with an H100 the program
// ends with 0 if all is as documented. MXFP8 and NVFP4 need Blackwell and are checked there alone;
// on other GPUs their refusal is.
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -I tests/kernel/cuda
//       tests/kernel/cuda/cublaslt_plan.cu -lcublasLt

#include "binade/kernel/cuda/cublaslt_plan.cuh"
#include "binade/tensor/packable.hpp"
#include "packed_operand.cuh"
#include "support.cuh"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::bfloat16;
namespace gpu = binade::cuda;

using test::operand_form;
const operand_form tensor{"e4m3fn", binade::per_tensor{}};
const operand_form tensor_e5m2{"e5m2", binade::per_tensor{}};
const operand_form channel{"e4m3fn", binade::per_channel{.axis = 0}};
const operand_form groups{"e4m3fn", binade::per_group{.axis = 1, .size = 128}};
const operand_form tiles{"e4m3fn", binade::per_block{.rows = 128, .cols = 128}};
const operand_form mxfp8{"mxfp8_e4m3", binade::per_tensor{}};
const operand_form nvfp4{"nvfp4", binade::per_tensor{}};

constexpr std::size_t tokens = 96;
constexpr std::size_t out = 256;
constexpr std::size_t in = 640;

/// Against binary64. An FP8 instruction sums 32 products and what is before, and cuts each of the
/// 33 terms below 2^-13 of the largest; four make a partial sum. So the sum errs by 4 * 33 * 2^-13
/// of the sum of magnitudes at most; rounding to bfloat16 adds 2^-8 of the result. Fast
/// accumulation is one chain of in / 32 instructions.
void check_values(const std::string& what, const test::packed_operand& x,
                  const test::packed_operand& w, const test::device_bytes& ys, int instructions) {
  std::vector<bfloat16> y(tokens * out);
  std::memcpy(y.data(), ys.to_host().data(), y.size() * 2);
  double worst = 0;
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t o = 0; o < out; ++o) {
      double sum = 0;
      double magnitudes = 0;
      for (std::size_t k = 0; k < in; ++k) {
        const double p =
            static_cast<double>(x.values[t * in + k]) * static_cast<double>(w.values[o * in + k]);
        sum += p;
        magnitudes += std::abs(p);
      }
      const double error = std::abs(static_cast<double>(static_cast<float>(y[t * out + o])) - sum);
      const double bound = magnitudes * instructions * 33 * 0x1p-13 + std::abs(sum) * 0x1p-8;
      if (!(error / bound <= worst)) worst = error / bound;
    }
  }
  if (!(worst <= 1)) {
    std::printf("%s: error is %g of its bound\n", what.c_str(), worst);
    ++test::failures;
  }
}

void check_product(cudaStream_t stream, cublasLtHandle_t handle, const operand_form& xf,
                   const operand_form& wf, const gpu::cublaslt_options& options) {
  const test::packed_operand x(xf, tokens, in, 1, gpu::cublaslt_scale_map);
  const test::packed_operand w(wf, out, in, 2, gpu::cublaslt_scale_map);
  gpu::cublaslt_plan plan(handle, x.packed.description(), w.packed.description(), options);
  const test::device_bytes workspace(plan.tuning_workspace_bytes() + 256);
  const std::span<std::byte> space(workspace.get(), plan.tuning_workspace_bytes());
  const test::device_bytes ys(tokens * out * 2);
  const bool is_fast = options.accumulation == gpu::fp8_accumulation::fast;
  const int instructions = is_fast ? static_cast<int>(in / 32) : 4;
  const std::string what = test::name(xf, wf);
  plan.run(stream, x.view(), w.view(), ys.get<bfloat16>(), space).check();
  test::require(cudaStreamSynchronize(stream));
  check_values(what, x, w, ys, instructions);
  plan.tune(stream, x.view(), w.view(), ys.get<bfloat16>(), space).check();
  plan.run(stream, x.view(), w.view(), ys.get<bfloat16>(), space).check();
  test::require(cudaStreamSynchronize(stream));
  check_values(what + ", tuned", x, w, ys, instructions);

  const auto call = [&] {
    plan.run(stream, x.view(), w.view(), ys.get<bfloat16>(), space).check();
  };
  test::compare_captured(what, stream, ys, call);
  if (plan.workspace_bytes() != 0 && plan.run(stream, x.view(), w.view(), ys.get<bfloat16>(), {})) {
    std::printf("%s: runs without its workspace\n", what.c_str());
    ++test::failures;
  }
}

/// An error that holds `text`.
void check_refusal(cublasLtHandle_t handle, const operand_form& xf, const operand_form& wf,
                   const gpu::cublaslt_options& options, const std::string& text) {
  std::string got = "no error";
  try {
    const auto describe = [](const operand_form& f, std::size_t rows) {
      const binade::tensor_shape shape{rows, in};
      return binade::find_packable(f.format).describe(shape, f.groups);
    };
    gpu::cublaslt_plan plan(handle, describe(xf, tokens), describe(wf, out), options);
  } catch (const binade::error& e) {
    got = e.what();
  }
  if (got.find(text) != std::string::npos) return;
  std::printf("%s: got \"%s\", expected \"%s\" in it\n", test::name(xf, wf).c_str(), got.c_str(),
              text.c_str());
  ++test::failures;
}

int run() {
  if (!test::has_device()) return 0;
  cudaStream_t stream = nullptr;
  test::require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  int major = 0;
  test::require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  cublasLtHandle_t handle = nullptr;
  if (cublasLtCreate(&handle) != CUBLAS_STATUS_SUCCESS) return 1;
  const gpu::cublaslt_options full;
  const gpu::cublaslt_options fast{.accumulation = gpu::fp8_accumulation::fast};
  const gpu::cublaslt_options split{.split_k = gpu::cublaslt_options::split::allowed};
  check_product(stream, handle, tensor, tensor, full);
  check_product(stream, handle, tensor, tensor, fast);
  check_product(stream, handle, tensor, tensor, split);
  check_product(stream, handle, tensor_e5m2, tensor, full);
  if (major == 9) {
    check_product(stream, handle, channel, channel, full);
    check_product(stream, handle, groups, groups, full);
    check_product(stream, handle, groups, tiles, full);
    check_product(stream, handle, tiles, groups, full);
    check_refusal(handle, mxfp8, mxfp8, full, "mxfp8 and nvfp4 on sm_100 and later");
    check_refusal(handle, nvfp4, nvfp4, full, "mxfp8 and nvfp4 on sm_100 and later");
  } else if (major >= 10) {
    check_product(stream, handle, mxfp8, mxfp8, full);
    check_product(stream, handle, nvfp4, nvfp4, full);
  }
  check_refusal(handle, tensor_e5m2, tensor_e5m2, full, "e5m2 times e4m3fn at most");
  check_refusal(handle, tiles, tiles, full, "tiles of 128x128 in one operand");
  check_refusal(handle, tensor, channel, full, "the same kind of scales");
  check_refusal(handle, groups, groups, fast, "fast accumulation with scales a tensor");
  check_refusal(handle, {"mxfp4", binade::per_tensor{}}, mxfp8, full, "x is [96, 640] of mxfp4");
  cublasLtDestroy(handle);
  test::require(cudaStreamDestroy(stream));
  std::printf(test::failures == 0 ? "cublaslt_plan: all as documented\n" : "FAILED\n");
  return test::failures == 0 ? 0 : 1;
}

}  // namespace

int main() { return run(); }
