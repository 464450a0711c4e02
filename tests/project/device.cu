// SPDX-License-Identifier: MIT

// The scalar layer in device code: compiled here for every supported architecture; on a machine
// with a GPU the program checks that device and host give the same bits for all bfloat16 inputs,
// all codes and a sample of operand pairs; that the GPU's own conversions, where this program uses
// them, give the bits of the portable ones for every input; and ends with 0 if all that is so.

#include "binade/binade.hpp"
#include "binade/kernel/cuda/capability.cuh"
#include "binade/kernel/cuda/convert.cuh"

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

// No `using namespace binade` in CUDA code: both have int2 and uint3.
using binade::bfloat16;
using binade::convert;
namespace rounding = binade::rounding;
namespace saturation = binade::saturation;

constexpr std::uint32_t inputs = 1U << 16;
constexpr int results = 6;

/// What is compared, as 64-bit words: `i` is a bfloat16 pattern and a code.
template <class F>
BINADE_HD void compute(std::uint32_t i, std::uint64_t out[results]) {
  const auto x = bfloat16::from_bits(i);
  const auto a = F::from_bits(i);
  const auto b = F::from_bits(i * 40503U >> 4);  // scatters: 40503 is 2^16 / golden ratio
  out[0] = F(x).bits();
  out[1] = convert<F>(x, rounding::toward_negative{}, saturation::none{}).bits();
  out[2] = convert<F>(x, rounding::stochastic{.seed = 9, .bits = 16, .index = i}).bits();
  out[3] = binade::bit_cast<std::uint64_t>(convert<double>(a));
  out[4] = static_cast<std::uint64_t>((a + b).bits()) << 32 | (a * b).bits();
  out[5] = static_cast<std::uint64_t>((a / b).bits()) << 32 | static_cast<std::uint64_t>(a < b);
}

template <class F>
__global__ void kernel(std::uint64_t* out) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  compute<F>(i, out + static_cast<std::size_t>(i) * results);
}

int failures = 0;

template <class F>
void check(std::uint64_t* device) {
  kernel<F><<<inputs / 256, 256>>>(device);
  std::vector<std::uint64_t> got(std::size_t{inputs} * results);
  const cudaError_t status =
      cudaMemcpy(got.data(), device, got.size() * sizeof(std::uint64_t), cudaMemcpyDeviceToHost);
  if (status != cudaSuccess) {
    std::printf("%s: %s\n", F::names.name, cudaGetErrorString(status));
    ++failures;
    return;
  }
  int wrong = 0;
  for (std::uint32_t i = 0; i < inputs; ++i) {
    std::uint64_t expected[results];
    compute<F>(i, expected);
    for (int k = 0; k < results; ++k) {
      const std::uint64_t value = got[std::size_t{i} * results + static_cast<std::size_t>(k)];
      if (value == expected[k]) continue;
      if (wrong++ < 3) {
        std::printf("%s: input %04x result %d: device %llx host %llx\n", F::names.name, i, k,
                    static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(expected[k]));
      }
    }
  }
  std::printf("%-12s %u inputs, %d results each: %d differ\n", F::names.name, inputs, results,
              wrong);
  failures += wrong;
}

// --- Conversions by the GPU's own instructions ---------------------------------------------------

constexpr std::uint64_t portable = ~std::uint64_t{0};

/// The value of From whose bits these are.
template <class From>
__device__ From source(std::uint32_t bits) {
  if constexpr (std::same_as<From, float>) {
    return __uint_as_float(bits);
  } else {
    return From::from_bits(bits);
  }
}

template <class T>
__device__ std::uint32_t bits_of(const T& x) {
  if constexpr (std::same_as<T, float>) {
    return __float_as_uint(x);
  } else {
    return x.bits();
  }
}

/// Counts in wrong[0] the inputs in [0, count) for which the two conversions differ, and keeps the
/// last one. Rounding is To's own where R is void. Where the GPU has no such instruction there is
/// nothing to compare: wrong[1] says so.
template <class To, class From, class R>
__global__ void compare(std::uint64_t count, std::uint64_t* wrong) {
  if constexpr (!binade::cuda::uses_hardware<To, From>()) {
    wrong[1] = portable;
  } else {
    const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
    for (std::uint64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
      const From x = source<From>(static_cast<std::uint32_t>(i));
      bool same = false;
      if constexpr (std::same_as<R, void>) {
        same = bits_of(binade::cuda::convert<To>(x)) == bits_of(convert<To>(x));
      } else {
        same = bits_of(binade::cuda::convert<To>(x, R{})) == bits_of(convert<To>(x, R{}));
      }
      if (!same) {
        atomicAdd(reinterpret_cast<unsigned long long*>(wrong), 1ULL);
        wrong[1] = i;
      }
    }
  }
}

template <class To, class From, class R = void>
void check_conversion(const char* name, std::uint64_t count, std::uint64_t* device) {
  std::uint64_t wrong[2] = {};
  cudaMemset(device, 0, sizeof wrong);
  compare<To, From, R><<<4096, 256>>>(count, device);
  const cudaError_t status = cudaMemcpy(wrong, device, sizeof wrong, cudaMemcpyDeviceToHost);
  if (status != cudaSuccess) {
    std::printf("%s: %s\n", name, cudaGetErrorString(status));
    ++failures;
    return;
  }
  std::printf("%-22s ", name);
  if (wrong[1] == portable) {
    std::printf("portable here: nothing to compare");
  } else {
    std::printf("%llu inputs: %llu differ", static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(wrong[0]));
  }
  if (wrong[0] != 0) std::printf(", one is %llx", static_cast<unsigned long long>(wrong[1]));
  std::printf("\n");
  failures += wrong[0] != 0 ? 1 : 0;
}

void check_conversions(std::uint64_t* device) {
  std::printf("%s\n", to_string(binade::cuda::loaded_capability(nullptr)).c_str());
  using binade::e2m1fn;
  using binade::e2m3fn;
  using binade::e3m2fn;
  using binade::e4m3fn;
  using binade::e5m2;
  using binade::e8m0fnu;
  using binade::float16;
  constexpr std::uint64_t floats = std::uint64_t{1} << 32;
  check_conversion<e4m3fn, float>("float -> e4m3fn", floats, device);
  check_conversion<e5m2, float>("float -> e5m2", floats, device);
  check_conversion<e2m1fn, float>("float -> e2m1fn", floats, device);
  check_conversion<e2m3fn, float>("float -> e2m3fn", floats, device);
  check_conversion<e3m2fn, float>("float -> e3m2fn", floats, device);
  check_conversion<e8m0fnu, float, rounding::toward_zero>("float -> e8m0fnu, down", floats, device);
  check_conversion<e8m0fnu, float, rounding::toward_positive>("float -> e8m0fnu, up", floats,
                                                              device);
  check_conversion<e4m3fn, float16>("float16 -> e4m3fn", inputs, device);
  check_conversion<e5m2, float16>("float16 -> e5m2", inputs, device);
  check_conversion<float, e4m3fn>("e4m3fn -> float", 256, device);
  check_conversion<float, e5m2>("e5m2 -> float", 256, device);
  check_conversion<float16, e4m3fn>("e4m3fn -> float16", 256, device);
  check_conversion<float16, e5m2>("e5m2 -> float16", 256, device);
}

/// Compiled where there is such an instruction; never run.
template <class F>
__global__ void stochastic([[maybe_unused]] const float* x, [[maybe_unused]] std::uint32_t* codes) {
  if constexpr (binade::cuda::compiled_capability().stochastic_conversions) {
    const float four[4] = {x[0], x[1], x[2], x[3]};
    *codes = binade::cuda::convert_four_stochastic<F>(four, *codes);
  }
}
template __global__ void stochastic<binade::e4m3fn>(const float*, std::uint32_t*);
template __global__ void stochastic<binade::e5m2>(const float*, std::uint32_t*);
template __global__ void stochastic<binade::e2m1fn>(const float*, std::uint32_t*);

#ifdef BINADE_TEST_ALL_FORMATS
using tested = binade::all_formats;
#else  // one of each family: what continuous integration compiles for three architectures
using tested = binade::type_list<binade::e4m3fn, binade::hif8, binade::posit8, binade::takum8,
                                 binade::nf4, binade::int8, binade::e8m0fnu, bfloat16>;
#endif

}  // namespace

int main() {
  std::uint64_t* device = nullptr;
  const cudaError_t status =
      cudaMalloc(&device, std::size_t{inputs} * results * sizeof(std::uint64_t));
  if (status != cudaSuccess) {
    std::printf("no GPU: %s\n", cudaGetErrorString(status));
    return 1;
  }
  binade::for_each_type(tested{}, [&]<class F>() { check<F>(device); });
  check_conversions(device);
  cudaFree(device);
  return failures == 0 ? 0 : 1;
}
