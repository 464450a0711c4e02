// SPDX-License-Identifier: MIT

// Quantization and dequantization on a GPU against the CPU library, byte for byte, padding
// included. Compiled here for every supported architecture; on a machine with a GPU the program
// ends with 0 if nothing differs. With BINADE_TEST_ALL_COMBINATIONS it holds every format, source
// and rounding.

#include "binade/kernel/cuda/dequantize.cuh"
#include "binade/kernel/cuda/quantize.cuh"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
namespace rounding = binade::rounding;
using binade::bfloat16;
using binade::float16;

struct shape {
  std::size_t rows, columns, stride;
};
/// Whole tiles; rows that end within a block, at an odd byte, and are not aligned; one element.
constexpr shape shapes[] = {{128, 256, 256}, {37, 1000, 1000}, {131, 272, 280},
                            {5, 77, 79},     {1, 1, 1},        {16, 4096, 4096}};

template <class F, class T>
std::string name(const shape& s, int layout, const char* what) {
  std::string text = test::name_of<T>();
  text += " -> ";
  if constexpr (binade::block_scaled<F>) {
    text += F::names.name;
  } else {
    text.append(F::element::names.name).append(" in groups of ");
    text += std::to_string(F::block_size);
  }
  text += ", " + std::to_string(s.rows) + "x" + std::to_string(s.columns) + ", layout ";
  return text + std::to_string(layout) + ", " + what;
}

/// What the CPU makes of x.
template <class F, class T, class R>
binade::any_packed_tensor on_the_cpu(const std::vector<T>& x, const shape& s, const R& rounding,
                                     binade::scale_method method) {
  const auto view = binade::matrix_view(x.data(), s.rows, s.columns);
  if constexpr (binade::block_scaled<F>) {
    binade::scale_rule rule;
    rule.method = method;
    return binade::quantize<F>(view, rounding, rule);
  } else {
    return binade::quantize<typename F::element>(
        view, rounding, binade::nan::largest{},
        binade::per_group{.axis = -1, .size = F::block_size});
  }
}

template <class F, class T>
void check_dequantize(const binade::any_packed_tensor& packed, const shape& s, int layout,
                      const cuda::packed_matrix& from) {
  std::vector<T> y(s.rows * s.columns);
  binade::dequantize(packed, binade::matrix_view(y.data(), s.rows, s.columns));
  const test::device_bytes out(s.rows * s.stride * sizeof(T));
  cuda::dequantize<F>(nullptr, from,
                      cuda::device_matrix<T>(out.get<T>(), s.rows, s.columns, s.stride))
      .check();
  std::vector<std::byte> expected(out.size(), std::byte{0xcc});
  for (std::size_t r = 0; r < s.rows; ++r) {
    std::memcpy(expected.data() + r * s.stride * sizeof(T), y.data() + r * s.columns,
                s.columns * sizeof(T));
  }
  test::compare(name<F, T>(s, layout, "dequantized"), out.to_host(), expected);
}

template <class F, class T, class R>
void check_one(const shape& s, int layout, const R& rounding, binade::scale_method method,
               unsigned seed) {
  const std::vector<T> x = test::hard_numbers<T>(s.rows, s.columns, seed, seed % 2 == 0);
  const binade::any_packed_tensor expected = on_the_cpu<F>(x, s, rounding, method);
  const test::device_bytes source(test::with_stride(x, s.rows, s.columns, s.stride));
  const std::size_t columns = cuda::row_scales<F>(s.columns);
  const binade::scale_map map = test::layout(layout, s.rows, columns);
  const std::size_t each = sizeof(typename cuda::scale_finder<typename F::scale>::stored);
  const test::device_bytes codes(s.rows * cuda::row_bytes<F>(s.columns));
  const test::device_bytes scales(map.size() * each);
  const test::device_bytes tensor(std::vector<float>{expected.tensor_scale()});
  const cuda::packed_matrix out{codes.get(), scales.get(), map, tensor.get<float>()};
  cuda::quantize<F>(nullptr,
                    cuda::device_matrix<const T>(source.get<T>(), s.rows, s.columns, s.stride), out,
                    rounding, method)
      .check();
  const auto bytes = [](std::span<const std::byte> b) {
    return std::vector<std::byte>(b.begin(), b.end());
  };
  test::compare(name<F, T>(s, layout, "codes"), codes.to_host(), bytes(expected.codes()));
  test::compare(name<F, T>(s, layout, "scales"), scales.to_host(),
                test::arranged(expected.scales(), s.rows, columns, each, map));
  if constexpr (std::same_as<R, rounding::ties_to_even>) {
    check_dequantize<F, T>(expected, s, layout, out);
  }
}

template <class F, class T, class R>
void check(const R& rounding) {
  unsigned seed = 0;
  for (const shape& s : shapes) {
    for (int layout = 0; layout < test::layouts; ++layout) {
      check_one<F, T>(s, layout, rounding, cuda::default_method<F>(), seed++);
    }
  }
  if constexpr (std::same_as<typename F::scale, binade::e8m0fnu>) {
    for (const auto method : {binade::scale_method::pow2_floor, binade::scale_method::pow2_ceil,
                              binade::scale_method::pow2_even}) {
      check_one<F, T>(shapes[1], 0, rounding, method, seed++);
    }
  }
  std::printf("%s: done\n", name<F, T>(shapes[0], 0, "all shapes and layouts").c_str());
}

template <class F, class T>
void check_both() {
  check<F, T>(rounding::ties_to_even{});
  check<F, T>(rounding::stochastic{.seed = 11, .stream = 3, .index = 5});
}

template <class F>
void check_all_sources() {
  check_both<F, bfloat16>();
  check_both<F, float16>();
  check_both<F, float>();
}

void check_combinations() {
#ifdef BINADE_TEST_ALL_COMBINATIONS
  check_all_sources<binade::mxfp8_e4m3>();
  check_all_sources<binade::mxfp8_e5m2>();
  check_all_sources<binade::mxfp6_e2m3>();
  check_all_sources<binade::mxfp6_e3m2>();
  check_all_sources<binade::mxfp4>();
  check_all_sources<binade::nvfp4>();
  check_all_sources<cuda::groups<binade::e4m3fn, 128>>();
  check_all_sources<cuda::groups<binade::e5m2, 128>>();
  check_all_sources<cuda::groups<binade::e2m1fn, 32>>();
#else
  check_all_sources<binade::nvfp4>();
  check_both<binade::mxfp8_e4m3, bfloat16>();
  check_both<binade::mxfp6_e2m3, float>();
  check_both<binade::mxfp4, bfloat16>();
  check_both<cuda::groups<binade::e4m3fn, 128>, bfloat16>();
#endif
}

/// A random policy that the kernels leave to the definition.
void check_rare_policies() {
  check<binade::nvfp4, bfloat16>(rounding::stochastic{
      .seed = 1, .bits = 16, .variant = rounding::stochastic_variant::round_then_add});
}

/// What must be refused, with a message.
void check_refusals() {
  const auto expect = [](const cuda::status& s, const char* what) {
    if (s.ok()) {
      std::printf("not refused: %s\n", what);
      ++test::failures;
    }
  };
  const test::device_bytes memory(1 << 16);
  const auto* x = memory.get<const bfloat16>();
  const cuda::packed_matrix good{memory.get(), memory.get(), test::layout(0, 4, 2),
                                 memory.get<float>()};
  const auto call = [&](cuda::device_matrix<const bfloat16> m, const cuda::packed_matrix& out) {
    return cuda::quantize<binade::nvfp4>(nullptr, m, out);
  };
  expect(call({x, 4, 32, 31}, good), "a stride below the number of columns");
  expect(call({x, 5, 32}, good), "a map of too few rows");
  expect(call({x, 4, 33}, good), "a map of too few columns");
  cuda::packed_matrix bad = good;
  bad.tensor_scale = nullptr;
  expect(call({x, 4, 32}, bad), "no tensor scale");
  bad = good;
  bad.codes += 1;
  expect(call({x, 4, 32}, bad), "codes at an odd address");
  expect(cuda::quantize<binade::nvfp4>(nullptr, cuda::device_matrix<const bfloat16>(x, 4, 32), good,
                                       rounding::ties_to_even{}, binade::scale_method::pow2_floor),
         "a rule of powers of two for NVFP4");
}

}  // namespace

int main() {
  if (!test::has_device()) return 0;
  check_combinations();
  check_rare_policies();
  check_refusals();
  std::printf("%s: %d failures\n", to_string(cuda::loaded_capability(nullptr)).c_str(),
              test::failures);
  return test::failures == 0 ? 0 : 1;
}
