// SPDX-License-Identifier: MIT
// Compiled by nvcc, not run: scalar conversions called from device code.
#include "binade/binade.hpp"

#include <cstdint>

__global__ void encode(const float* x, std::uint8_t* code, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) code[i] = binade::convert<binade::e4m3fn>(x[i]).bits();
}

__global__ void decode(const std::uint8_t* code, float* x, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) x[i] = binade::e4m3fn::from_bits(code[i]);
}
