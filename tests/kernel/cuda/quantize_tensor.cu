// SPDX-License-Identifier: MIT

// One scale a tensor or a row on a GPU against the CPU library, byte for byte; see quantize.cu.

#include "binade/kernel/cuda/quantize_tensor.cuh"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
namespace rounding = binade::rounding;
using binade::bfloat16;

struct shape {
  std::size_t rows, columns, stride;
};
constexpr shape shapes[] = {{128, 256, 256}, {37, 1000, 1000}, {131, 272, 280},
                            {5, 77, 79},     {1, 1, 1},        {4, 17000, 17008}};

std::vector<std::byte> bytes(std::span<const std::byte> b) { return {b.begin(), b.end()}; }

template <class F, class T, class R>
void check_one(const shape& s, const R& rounding, unsigned seed) {
  const std::string name = std::string(test::name_of<T>()) + " -> " + F::names.name + ", " +
                           std::to_string(s.rows) + "x" + std::to_string(s.columns) + ", ";
  const std::vector<T> x = test::hard_numbers<T>(s.rows, s.columns, seed, seed % 2 == 0);
  const auto view = binade::matrix_view(x.data(), s.rows, s.columns);
  const test::device_bytes source(test::with_stride(x, s.rows, s.columns, s.stride));
  const cuda::device_matrix<const T> m(source.get<T>(), s.rows, s.columns, s.stride);
  const std::size_t code_bytes = s.rows * cuda::row_bytes<cuda::groups<F>>(s.columns);

  const auto current =
      binade::quantize<F>(view, binade::per_tensor{}, rounding, binade::nan::largest{});
  {
    const test::device_bytes codes(code_bytes), scale(4), amax(4);
    cuda::quantize_tensor<F>(nullptr, m, codes.get(), scale.get<float>(), amax.get<std::uint32_t>(),
                             rounding)
        .check();
    test::compare(name + "current: codes", codes.to_host(), bytes(current.codes()));
    test::compare(name + "current: scale", scale.to_host(), bytes(current.scales()));

    const float given = std::ldexp(0.37F, static_cast<int>(seed % 7) - 3);
    const auto delayed = binade::quantize<F>(view, binade::per_tensor{}, rounding,
                                             binade::nan::largest{}, binade::scaling::given{given});
    const test::device_bytes given_scale(std::vector<float>{given});
    const test::device_bytes seen(std::vector<std::uint32_t>{0});
    const test::device_bytes delayed_codes(code_bytes);
    cuda::quantize_scaled<F>(nullptr, m, delayed_codes.get(), given_scale.get<float>(),
                             seen.get<std::uint32_t>(), rounding)
        .check();
    test::compare(name + "delayed: codes", delayed_codes.to_host(), bytes(delayed.codes()));
    test::compare(name + "delayed: amax", seen.to_host(), amax.to_host());
  }
  {
    const auto rows =
        binade::quantize<F>(view, binade::per_channel{.axis = 0}, rounding, binade::nan::largest{});
    const test::device_bytes codes(code_bytes), scales(4 * s.rows);
    cuda::quantize_rows<F>(nullptr, m, codes.get(), scales.get<float>(), rounding).check();
    test::compare(name + "rows: codes", codes.to_host(), bytes(rows.codes()));
    test::compare(name + "rows: scales", scales.to_host(), bytes(rows.scales()));
  }
  {  // the tensor scale of NVFP4
    const auto two_levels = binade::quantize<binade::nvfp4>(view);
    const test::device_bytes scale(4), amax(std::vector<std::uint32_t>{0});
    cuda::find_amax(nullptr, m, amax.get<std::uint32_t>()).check();
    cuda::find_scale<binade::nvfp4>(nullptr, amax.get<std::uint32_t>(), scale.get<float>()).check();
    test::compare(name + "tensor scale of nvfp4", scale.to_host(),
                  test::bytes_of(std::vector<float>{two_levels.tensor_scale()}));
  }
}

template <class F, class T>
void check() {
  unsigned seed = 0;
  for (const shape& s : shapes) {
    for (int i = 0; i < 4; ++i) {
      check_one<F, T>(s, rounding::ties_to_even{}, seed++);
      check_one<F, T>(s, rounding::stochastic{.seed = 5, .stream = 2, .index = 3}, seed++);
    }
  }
  std::printf("%s -> %s: done\n", test::name_of<T>(), F::names.name);
}

/// All launches of quantize_tensor in a graph, whose replay sees what its memory holds by then.
void check_graph() {
  constexpr std::size_t rows = 16;
  constexpr std::size_t columns = 256;
  const test::device_bytes source(rows * columns * sizeof(bfloat16)), codes(rows * columns);
  const test::device_bytes scale(4), amax(4);
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t replay;
  test::require(cudaStreamCreate(&stream));
  test::require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  cuda::quantize_tensor<binade::e4m3fn>(
      stream, cuda::device_matrix<const bfloat16>(source.get<bfloat16>(), rows, columns),
      codes.get(), scale.get<float>(), amax.get<std::uint32_t>())
      .check();
  test::require(cudaStreamEndCapture(stream, &graph));
  test::require(cudaGraphInstantiate(&replay, graph, 0));
  for (unsigned seed = 0; seed < 2; ++seed) {
    const auto x = test::hard_numbers<bfloat16>(rows, columns, seed, false);
    test::require(cudaMemcpy(source.get(), x.data(), source.size(), cudaMemcpyHostToDevice));
    test::require(cudaGraphLaunch(replay, stream));
    test::require(cudaStreamSynchronize(stream));
    const auto expected = binade::quantize<binade::e4m3fn>(
        binade::matrix_view(x.data(), rows, columns), binade::per_tensor{});
    test::compare("graph: codes", codes.to_host(), bytes(expected.codes()));
    test::compare("graph: scale", scale.to_host(), bytes(expected.scales()));
  }
  test::require(cudaGraphExecDestroy(replay));
  test::require(cudaGraphDestroy(graph));
  test::require(cudaStreamDestroy(stream));
}

}  // namespace

int main() {
  if (!test::has_device()) return 0;
  check<binade::e4m3fn, bfloat16>();
#ifdef BINADE_TEST_ALL_COMBINATIONS
  check<binade::e4m3fn, binade::float16>();
  check<binade::e4m3fn, float>();
  check<binade::e5m2, bfloat16>();
  check<binade::e5m2, binade::float16>();
#endif
  check<binade::e5m2, float>();
  check<binade::e2m1fn, bfloat16>();
  check_graph();
  std::printf("%d failures\n", test::failures);
  return test::failures == 0 ? 0 : 1;
}
