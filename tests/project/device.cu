// SPDX-License-Identifier: MIT

// The scalar layer in device code: compiled here for every supported architecture; on a machine
// with a GPU the program checks that device and host give the same bits for all bfloat16 inputs,
// all codes and a sample of operand pairs, and ends with 0 if they do.

#include "binade/binade.hpp"

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
  cudaFree(device);
  return failures == 0 ? 0 : 1;
}
