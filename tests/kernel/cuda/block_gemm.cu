// SPDX-License-Identifier: MIT

// Products of block-scaled E4M3 on Hopper against the model of its tensor core, bit for bit.
// Compiled here; on a machine with an H100 the program ends with 0 if all is as documented.
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -I tests/kernel/cuda
//       tests/kernel/cuda/block_gemm.cu

#include "binade/kernel/accumulate.hpp"
#include "binade/kernel/cuda/block_gemm.cuh"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/view.hpp"
#include "packed_operand.cuh"
#include "support.cuh"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

using binade::bfloat16;
using test::operand_form;
namespace gpu = binade::cuda;

const operand_form groups{"e4m3fn", binade::per_group{.axis = 1, .size = 128}};
const operand_form tiles{"e4m3fn", binade::per_block{.rows = 128, .cols = 128}};

struct extents {
  std::size_t tokens;
  std::size_t out;
  std::size_t in;
};

/// Any codes, NaN in the first row alone, and scales of any mantissa, some negative.
void make_hard(test::packed_operand& o, std::size_t in, unsigned seed) {
  std::mt19937 random(seed);
  const auto bytes = o.packed.mutable_view();
  for (std::size_t i = 0; i < bytes.codes.size(); ++i) {
    const auto code = static_cast<unsigned>(random() & 0xff);
    const bool is_nan = (code & 0x7f) == 0x7f && i >= in;
    bytes.codes[i] = static_cast<std::byte>(is_nan ? code ^ 0x40 : code);
  }
  for (std::size_t i = 0; i < bytes.scales.size(); i += 4) {
    const auto exponent = static_cast<std::uint32_t>(127 - 12 + random() % 24);
    const std::uint32_t scale = (random() % 8 == 0 ? 0x80000000U : 0) | exponent << 23 |
                                static_cast<std::uint32_t>(random() & 0x7fffff);
    std::memcpy(bytes.scales.data() + i, &scale, 4);
  }
  o.copy(gpu::block_gemm_scale_map);
}

void check_product(cudaStream_t stream, const operand_form& xf, const operand_form& wf,
                   const extents& e, bool is_hard) {
  test::packed_operand x(xf, e.tokens, e.in, 1, gpu::block_gemm_scale_map);
  test::packed_operand w(wf, e.out, e.in, 2, gpu::block_gemm_scale_map);
  if (is_hard) {
    make_hard(x, e.in, 3);
    make_hard(w, e.in, 4);
  }
  std::vector<float> expected(e.tokens * e.out);
  const bool in_turn = xf.groups == groups.groups && wf.groups == groups.groups;
  binade::gemm(
      x.packed.view(), w.packed.view(), binade::matrix_view(expected.data(), e.tokens, e.out),
      binade::accumulate::hopper_fp8{.scaling = in_turn
                                                    ? binade::accumulate::group_scaling::in_turn
                                                    : binade::accumulate::group_scaling::product},
      binade::threads{16});
  std::vector<bfloat16> rounded(expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) rounded[i] = bfloat16(expected[i]);

  gpu::block_gemm_plan plan(x.packed.description(), w.packed.description());
  for (std::size_t candidate = 0; candidate < plan.candidates(); ++candidate) {
    plan.choose(candidate);
    const std::string what = test::name(xf, wf) + ", " + std::to_string(e.tokens) + " x " +
                             std::to_string(e.out) + " x " + std::to_string(e.in) +
                             (is_hard ? ", hard" : "") + ", candidate " + std::to_string(candidate);
    const test::device_bytes floats(expected.size() * sizeof(float));
    plan.run(stream, x.view(), w.view(), floats.get<float>()).check();
    test::require(cudaStreamSynchronize(stream));
    test::compare(what, floats.to_host(), test::bytes_of(expected));
    const test::device_bytes ys(expected.size() * sizeof(bfloat16));
    const auto call = [&] { plan.run(stream, x.view(), w.view(), ys.get<bfloat16>()).check(); };
    call();
    test::require(cudaStreamSynchronize(stream));
    if (!is_hard) test::compare(what + ", bfloat16", ys.to_host(), test::bytes_of(rounded));
    test::compare_captured(what, stream, ys, call);
  }
}

/// Tuned, the same bits; what a plan refuses when it runs.
void check_calls(cudaStream_t stream) {
  const test::packed_operand x(groups, 512, 1024, 1, gpu::block_gemm_scale_map);
  const test::packed_operand w(tiles, 512, 1024, 2, gpu::block_gemm_scale_map);
  gpu::block_gemm_plan plan(x.packed.description(), w.packed.description());
  const test::device_bytes ys(512 * 512 * 4);
  auto* const y = ys.get<float>();
  plan.run(stream, x.view(), w.view(), y).check();
  test::require(cudaStreamSynchronize(stream));
  const std::vector<std::byte> expected = ys.to_host();
  plan.tune(stream, x.view(), w.view(), y).check();
  plan.run(stream, x.view(), w.view(), y).check();
  test::require(cudaStreamSynchronize(stream));
  test::compare("tuned", ys.to_host(), expected);
  const auto refuses = [&](const char* what, const gpu::status& s, const char* text) {
    if (s.message().find(text) != std::string::npos) return;
    std::printf("%s: got \"%s\", expected \"%s\" in it\n", what, s.message().c_str(), text);
    ++test::failures;
  };
  refuses("y", plan.run(stream, x.view(), w.view(), y + 1), "the address of y");
  binade::any_packed_view few = x.view();
  few.scales = few.scales.first(few.scales.size() - 4);
  refuses("scales", plan.run(stream, few, w.view(), y), "scales as block_gemm_scale_map says");
}

int run() {
  if (!test::has_device()) return 0;
  int major = 0;
  test::require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  if (major != 9) {
    std::printf("no GPU of compute capability 9.0: not run\n");
    return 0;
  }
  cudaStream_t stream = nullptr;
  test::require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  // One tile and less, tiles that end beyond the matrix, a last step of fewer than 128 k.
  constexpr extents shapes[] = {{4, 8, 16}, {300, 520, 400}, {128, 256, 1280}};
  for (const operand_form& x : {groups, tiles}) {
    for (const operand_form& w : {groups, tiles}) {
      for (const extents& e : shapes) check_product(stream, x, w, e, false);
      check_product(stream, x, w, shapes[1], true);
    }
  }
  check_calls(stream);
  test::require(cudaStreamDestroy(stream));
  std::printf(test::failures == 0 ? "block_gemm: all as documented\n" : "FAILED\n");
  return test::failures == 0 ? 0 : 1;
}

}  // namespace

int main() { return run(); }
