// SPDX-License-Identifier: MIT

// Weight-only products on a GPU. Compiled here for every supported architecture; on a machine with
// an H100 the program ends with 0 if all is as documented:
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include -I tests/kernel/cuda
//       tests/kernel/cuda/weight_gemm.cu

#include "binade/kernel/cuda/weight_gemm.cuh"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
using binade::bfloat16;

struct weights {
  std::string name;
  binade::any_packed_tensor packed;
  std::vector<float> values;  // each rounded once
  std::size_t out, in;
};

/// Weights with random codes, so that all of them come up, and scales of many sizes.
weights make_weights(const char* format, const binade::granularity& groups, std::size_t out,
                     std::size_t in, unsigned seed) {
  const binade::tensor_shape shape{out, in};
  weights w{format + (", " + to_string(groups)), {}, std::vector<float>(out * in), out, in};
  w.packed = binade::any_packed_tensor(binade::find_packable(format).describe(shape, groups));
  w.packed.set_tensor_scale(0.25F);
  const auto view = w.packed.mutable_view();
  std::mt19937 random(seed);
  for (std::byte& b : view.codes) {
    b = static_cast<std::byte>(random());
    const bool is_nan = (b & std::byte{0x7f}) == std::byte{0x7f};
    if (is_nan && view.description.element.bit_count() == 8) b = std::byte{0x7e};
  }
  if (view.description.scale_bytes_each() == 1) {
    const bool is_e8m0 = view.description.scale.bit_count() == 8 &&
                         view.description.scale == binade::any_format::of<binade::e8m0fnu>();
    for (std::byte& b : view.scales) {
      b = static_cast<std::byte>(is_e8m0 ? 90 + random() % 60 : random() % 127);
    }
  } else {
    for (std::size_t i = 0; i < view.scales.size(); i += 4) {
      const float scale = std::ldexp(1.0F + static_cast<float>(random() % 1000) / 1000,
                                     static_cast<int>(random() % 20) - 12);
      std::memcpy(view.scales.data() + i, &scale, 4);
    }
  }
  binade::dequantize(w.packed.view(), binade::matrix_view(w.values.data(), out, in));
  return w;
}

/// Repacked weights on the GPU.
class device_weights {
 public:
  explicit device_weights(const cuda::weight_tiles& t)
      : codes_(t.codes), scales_(t.scales), factors_(t.row_factors), shape_(t.shape) {}
  [[nodiscard]] cuda::weight_tiles_view view() const {
    return {shape_, codes_.get(), scales_.get(), factors_.get<float>()};
  }

 private:
  test::device_bytes codes_;
  test::device_bytes scales_;
  test::device_bytes factors_;
  cuda::weight_shape shape_;
};

std::vector<bfloat16> product(cudaStream_t stream, const std::vector<bfloat16>& x,
                              std::size_t tokens, const device_weights& w, std::size_t out,
                              std::size_t in, cuda::weights_ready ready) {
  const test::device_bytes xs(x);
  const test::device_bytes ys(tokens * out * 2);
  const cuda::device_matrix<const bfloat16> x_matrix(xs.get<bfloat16>(), tokens, in);
  const cuda::device_matrix<bfloat16> y_matrix(ys.get<bfloat16>(), tokens, out);
  cuda::weight_gemm(stream, x_matrix, w.view(), y_matrix, ready).check();
  test::require(cudaStreamSynchronize(stream));
  std::vector<bfloat16> y(tokens * out);
  std::memcpy(y.data(), ys.to_host().data(), y.size() * 2);
  return y;
}

/// Rows of the identity as x give the weights themselves, to the last bit: the sums have one term.
void check_decoding(cudaStream_t stream, const weights& w) {
  const device_weights on_device(cuda::repack_weights(w.packed));
  for (const std::size_t tokens : {8U, 16U, 32U, 64U}) {
    std::vector<bfloat16> expected;
    std::vector<bfloat16> got;
    for (std::size_t k = 0; k < w.in; k += tokens) {
      std::vector<bfloat16> x(tokens * w.in, bfloat16(0.0F));
      for (std::size_t t = 0; t < tokens; ++t) {
        x[t * w.in + k + t] = bfloat16(1.0F);
        for (std::size_t o = 0; o < w.out; ++o) {
          expected.push_back(bfloat16(w.values[o * w.in + k + t] + 0.0F));  // sums are +0, not -0
        }
      }
      const std::vector<bfloat16> y =
          product(stream, x, tokens, on_device, w.out, w.in, cuda::weights_ready::in_stream_order);
      got.insert(got.end(), y.begin(), y.end());
    }
    test::compare(w.name + ", decoded, " + std::to_string(tokens) + " tokens", test::bytes_of(got),
                  test::bytes_of(expected));
  }
}

/// Against sums in binary64. An instruction adds 16 products to a sum; a tensor core that keeps 24
/// bits of the largest of 17 terms, and cuts the rest, errs by 17 * 2^-23 of the largest sum of
/// magnitudes at most. A scale, a slice and the row factor round once each, and w was rounded
/// once: 17 * 2^-23 a tile and slice covers them. Rounding to bfloat16 adds 2^-8 of the result.
void check_products(cudaStream_t stream, const weights& w) {
  const device_weights on_device(cuda::repack_weights(w.packed));
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (const std::size_t tokens : {1U, 7U, 8U, 9U, 16U, 17U, 32U, 33U, 63U, 64U}) {
    std::vector<bfloat16> x(tokens * w.in);
    for (bfloat16& v : x) v = bfloat16(normal(random));
    const auto y =
        product(stream, x, tokens, on_device, w.out, w.in, cuda::weights_ready::in_stream_order);
    const auto early = product(stream, x, tokens, on_device, w.out, w.in,
                               cuda::weights_ready::before_previous_kernel_ends);
    const std::string name = w.name + ", " + std::to_string(tokens) + " tokens";
    test::compare(name + ", again", test::bytes_of(early), test::bytes_of(y));
    const double unit = 17 * 0x1p-23 * static_cast<double>(w.in / 16 + w.in / 32 + 16);
    double worst = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t o = 0; o < w.out; ++o) {
        double sum = 0;
        double magnitudes = 0;
        for (std::size_t k = 0; k < w.in; ++k) {
          const double p = static_cast<double>(static_cast<float>(x[t * w.in + k])) *
                           static_cast<double>(w.values[o * w.in + k]);
          sum += p;
          magnitudes += std::abs(p);
        }
        const double error =
            std::abs(static_cast<double>(static_cast<float>(y[t * w.out + o])) - sum);
        const double ratio = error / (magnitudes * unit + std::abs(sum) * 0x1p-8);
        if (!(ratio <= worst)) worst = ratio;
      }
    }
    if (!(worst <= 1)) {
      std::printf("%s: error is %g of its bound\n", name.c_str(), worst);
      ++test::failures;
    }
  }
}

/// One NaN in row 3 makes all of y's column 3 NaN, and no other.
void check_nan(cudaStream_t stream, weights w) {
  const auto view = w.packed.mutable_view();
  if (view.description.element.bit_count() == 8) {
    view.codes[3 * w.in + 5] = std::byte{0xff};
  } else {
    const std::size_t first = view.description.layout.first_cell_of_row(3);
    const bool is_e8m0 = view.description.layout.cell_length() == 32;
    view.scales[first] = is_e8m0 ? std::byte{0xff} : std::byte{0x7f};
  }
  const device_weights on_device(cuda::repack_weights(w.packed));
  for (const std::size_t tokens : {1U, 64U}) {
    const std::vector<bfloat16> x(tokens * w.in, bfloat16(0.0F));
    const auto y =
        product(stream, x, tokens, on_device, w.out, w.in, cuda::weights_ready::in_stream_order);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (isnan(y[i]) == (i % w.out == 3)) continue;
      std::printf("%s: y[%zu, %zu] is NaN or should be\n", w.name.c_str(), i / w.out, i % w.out);
      ++test::failures;
      break;
    }
  }
}

void check_refusals(cudaStream_t stream) {
  const weights w = make_weights("nvfp4", binade::per_tensor{}, 128, 64, 1);
  const device_weights on_device(cuda::repack_weights(w.packed));
  const test::device_bytes memory(std::size_t{1} << 20);
  const auto expect = [&](std::size_t tokens, std::size_t in, std::size_t out, std::size_t offset,
                          const std::string& text) {
    const cuda::device_matrix<const bfloat16> x(memory.get<bfloat16>() + offset, tokens, in);
    const cuda::device_matrix<bfloat16> y(memory.get<bfloat16>(), tokens, out);
    const std::string got = cuda::weight_gemm(stream, x, on_device.view(), y).message();
    if (got == text) return;
    std::printf("refusal: got \"%s\", expected \"%s\"\n", got.c_str(), text.c_str());
    ++test::failures;
  };
  expect(65, 64, 128, 0, "weight_gemm: the number of tokens is 65; allowed: 0 to 64");
  expect(1, 128, 128, 0, "weight_gemm: `in` of x is 128; allowed: that of the weights");
  expect(1, 64, 127, 0, "weight_gemm: `out` of y is 127; allowed: that of the weights");
  expect(1, 64, 128, 1,
         "weight_gemm: the stride of x, or its address modulo 16, is 64; allowed: multiples of 8 "
         "from an address that is a multiple of 16");
  expect(0, 64, 128, 0, "ok");
}

/// A captured call gives the bits of a direct one.
void check_capture(cudaStream_t stream) {
  const weights w = make_weights("mxfp4", binade::per_tensor{}, 256, 512, 3);
  const device_weights on_device(cuda::repack_weights(w.packed));
  std::vector<bfloat16> x(64 * w.in);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = bfloat16(static_cast<float>(i % 13) - 6);
  const auto expected =
      product(stream, x, 64, on_device, w.out, w.in, cuda::weights_ready::in_stream_order);
  const test::device_bytes xs(x);
  const test::device_bytes ys(64 * w.out * 2);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  test::require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  cuda::weight_gemm(stream, {xs.get<bfloat16>(), 64, w.in}, on_device.view(),
                    {ys.get<bfloat16>(), 64, w.out})
      .check();
  test::require(cudaStreamEndCapture(stream, &graph));
  test::require(cudaGraphInstantiate(&instance, graph, 0));
  test::require(cudaGraphLaunch(instance, stream));
  test::require(cudaStreamSynchronize(stream));
  test::compare("captured", ys.to_host(), test::bytes_of(expected));
  test::require(cudaGraphExecDestroy(instance));
  test::require(cudaGraphDestroy(graph));
}

}  // namespace

int main() {
  if (!test::has_device()) return 0;
  cudaStream_t stream = nullptr;
  test::require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  struct form {
    const char* format;
    binade::granularity groups;
  };
  const form forms[] = {{"nvfp4", binade::per_tensor{}},
                        {"mxfp4", binade::per_tensor{}},
                        {"int4_g32", binade::per_tensor{}},
                        {"int4_g128", binade::per_tensor{}},
                        {"int4", binade::per_group{.axis = 1, .size = 64}},
                        {"int4", binade::per_channel{.axis = 0}},
                        {"e4m3fn", binade::per_tensor{}},
                        {"e4m3fn", binade::per_channel{.axis = 0}},
                        {"e4m3fn", binade::per_group{.axis = 1, .size = 128}},
                        {"e4m3fn", binade::per_block{.rows = 128, .cols = 128}}};
  for (const form& f : forms) {
    // 5 and 21 tiles, fewer and more than slices; rows that need padding.
    check_decoding(stream, make_weights(f.format, f.groups, 200, 320, 1));
    check_products(stream, make_weights(f.format, f.groups, 129, 1344, 2));
    const std::string name = f.format;
    if (name[0] != 'i') check_nan(stream, make_weights(f.format, f.groups, 128, 128, 3));
  }
  check_refusals(stream);
  check_capture(stream);
  test::require(cudaStreamDestroy(stream));
  std::printf(test::failures == 0 ? "weight_gemm: all as documented\n" : "FAILED\n");
  return test::failures == 0 ? 0 : 1;
}
