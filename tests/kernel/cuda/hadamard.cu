// SPDX-License-Identifier: MIT

// Quantization of transformed rows on a GPU against the CPU library, byte for byte; see
// quantize.cu.

#include "binade/kernel/cuda/hadamard.cuh"
#include "binade/kernel/cuda/quantize.cuh"
#include "binade/kernel/cuda/quantize_tensor.cuh"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
namespace rounding = binade::rounding;
using binade::bfloat16;
using binade::float16;
using binade::nvfp4;
using e4m3_groups = cuda::groups<binade::e4m3fn, 128>;

struct shape {
  std::size_t rows, columns, stride;
};
constexpr shape shapes[] = {{128, 256, 256}, {37, 640, 648}, {5, 128, 128}, {1, 384, 385}};

std::vector<std::byte> bytes(std::span<const std::byte> b) { return {b.begin(), b.end()}; }

template <class F, class T, class R>
void check_one(const shape& s, int layout, int size, const R& rounding, unsigned seed) {
  // The sign of a NaN that arithmetic makes is not defined; block formats do not store it.
  const bool with_specials = binade::block_scaled<F> && seed % 2 == 0;
  const std::vector<T> x = test::hard_numbers<T>(s.rows, s.columns, seed, with_specials);
  const auto view = binade::matrix_view(x.data(), s.rows, s.columns);
  const binade::hadamard t = binade::random_hadamard(size, 7, seed);
  const binade::any_packed_tensor expected = [&]() -> binade::any_packed_tensor {
    if constexpr (binade::block_scaled<F>) {
      return binade::quantize<F>(view, t, rounding);
    } else {
      return binade::quantize<typename F::element>(
          view, t, rounding, binade::nan::largest{},
          binade::per_group{.axis = -1, .size = F::block_size});
    }
  }();
  const test::device_bytes source(test::with_stride(x, s.rows, s.columns, s.stride));
  const cuda::device_matrix<const T> m(source.get<T>(), s.rows, s.columns, s.stride);
  const std::size_t columns = cuda::row_scales<F>(s.columns);
  const binade::scale_map map = test::layout(layout, s.rows, columns);
  const std::size_t each = sizeof(typename cuda::scale_finder<typename F::scale>::stored);
  const test::device_bytes codes(s.rows * cuda::row_bytes<F>(s.columns));
  const test::device_bytes scales(map.size() * each);
  const test::device_bytes tensor(4), amax(std::vector<std::uint32_t>{0});
  const std::string name = std::string(test::name_of<T>()) + " -> " + F::element::names.name +
                           ", Hadamard " + std::to_string(size) + ", " + std::to_string(s.rows) +
                           "x" + std::to_string(s.columns) + ", layout " + std::to_string(layout);
  if constexpr (F::has_tensor_scale) {
    cuda::find_transformed_amax(nullptr, m, t, amax.get<std::uint32_t>()).check();
    cuda::find_scale<F>(nullptr, amax.get<std::uint32_t>(), tensor.get<float>()).check();
    test::compare(name + ", tensor scale", tensor.to_host(),
                  test::bytes_of(std::vector<float>{expected.tensor_scale()}));
  }
  cuda::quantize_transformed<F>(nullptr, m, t,
                                {codes.get(), scales.get(), map, tensor.get<float>()}, rounding)
      .check();
  test::compare(name + ", codes", codes.to_host(), bytes(expected.codes()));
  test::compare(name + ", scales", scales.to_host(),
                test::arranged(expected.scales(), s.rows, columns, each, map));
}

template <class F, class T>
void check() {
  unsigned seed = 0;
  for (const shape& s : shapes) {
    for (int layout = 0; layout < test::layouts; ++layout) {
      for (const int size : {16, 32, 64, 128}) {
        check_one<F, T>(s, layout, size, rounding::ties_to_even{}, seed++);
#ifdef BINADE_TEST_ALL_COMBINATIONS
        check_one<F, T>(s, layout, size, rounding::stochastic{.seed = 9, .index = 16}, seed++);
#endif
      }
    }
  }
  std::printf("%s -> %s: done\n", test::name_of<T>(), F::element::names.name);
}

void check_refusals() {
  const test::device_bytes memory(1 << 16);
  const auto call = [&](int size, std::size_t columns) {
    return cuda::find_transformed_amax(
        nullptr, cuda::device_matrix<const bfloat16>(memory.get<const bfloat16>(), 4, columns),
        {.size = size}, memory.get<std::uint32_t>());
  };
  if (call(256, 256).ok() || call(24, 24).ok() || call(32, 48).ok()) {
    std::printf("not refused: a transform that does not fit\n");
    ++test::failures;
  }
}

}  // namespace

int main() {
  if (!test::has_device()) return 0;
  check<nvfp4, bfloat16>();
#ifdef BINADE_TEST_ALL_COMBINATIONS
  check<nvfp4, float16>();
  check<nvfp4, float>();
  check<e4m3_groups, bfloat16>();
  check<e4m3_groups, float16>();
  check<e4m3_groups, float>();
  check<binade::mxfp8_e4m3, bfloat16>();
  check<binade::mxfp8_e5m2, float16>();
  check<binade::mxfp6_e3m2, float>();
  check<binade::mxfp4, bfloat16>();
#endif
  check_refusals();
  std::printf("%d failures\n", test::failures);
  return test::failures == 0 ? 0 : 1;
}
