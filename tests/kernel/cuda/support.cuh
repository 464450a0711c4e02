// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/tensor/scale_layout.hpp"

#include <cuda_runtime.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

// What the programs here share: memory, adversarial data, comparison. No `using namespace binade`
// in CUDA code: both have int2 and uint3.

namespace test {

inline int failures = 0;

inline void require(cudaError_t e) {
  if (e == cudaSuccess) return;
  std::printf("CUDA: %s\n", cudaGetErrorString(e));
  std::exit(1);
}

/// False, with a line that says so, where there is no GPU.
inline bool has_device() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) return true;
  std::printf("no CUDA device: not run\n");
  return false;
}

/// Bytes on the GPU, filled with 0xcc, so that what nobody writes is seen.
class device_bytes {
 public:
  explicit device_bytes(std::size_t n) : size_(n) {
    require(cudaMalloc(&data_, n + 1));
    require(cudaMemset(data_, 0xcc, n + 1));
  }
  template <class T>
  explicit device_bytes(const std::vector<T>& host) : device_bytes(host.size() * sizeof(T)) {
    require(cudaMemcpy(data_, host.data(), size_, cudaMemcpyHostToDevice));
  }
  device_bytes(const device_bytes&) = delete;
  device_bytes& operator=(const device_bytes&) = delete;
  ~device_bytes() { cudaFree(data_); }

  template <class T = std::byte>
  [[nodiscard]] T* get() const {
    return static_cast<T*>(data_);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::vector<std::byte> to_host() const {
    std::vector<std::byte> host(size_);
    require(cudaMemcpy(host.data(), data_, size_, cudaMemcpyDeviceToHost));
    return host;
  }

 private:
  void* data_ = nullptr;
  std::size_t size_;
};

/// Numbers with what is hard: blocks of zeros of both signs, of subnormal and of huge numbers, NaN,
/// infinity, short numbers that make exact ties under powers of two and under scales such as amax /
/// 448 and amax / 6, and normal random ones. A function of the position and the seed.
template <class T>
std::vector<T> hard_numbers(std::size_t rows, std::size_t columns, unsigned seed,
                            bool with_specials) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<T> x(rows * columns);
  int kind = 0;
  float size = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 16 == 0) {
      kind = static_cast<int>(random() % (with_specials ? 12 : 10));
      size = std::ldexp(1.0F, static_cast<int>(random() % 16) - 8);
    }
    float v = normal(random) * size;
    if (kind == 0) v = i % 3 == 0 ? -0.0F : 0.0F;
    if (kind == 1) v = v * 0x1p-130F;
    if (kind == 2) v = static_cast<float>(static_cast<int>(random() % 129) - 64) * size * 0.125F;
    if (kind == 3)
      v = std::copysign(i % 16 == 0 ? 6.0F : 0.25F * static_cast<float>(random() % 25), v);
    if (kind == 4) v = std::copysign(i % 16 == 0 ? 448.0F : static_cast<float>(random() % 256), v);
    if (kind == 5 && with_specials) v *= 0x1p120F;
    if (kind == 10 && i % 7 == 0) v = INFINITY * (i % 2 == 0 ? 1.0F : -1.0F);
    if (kind == 11 && i % 11 == 0) v = i % 2 == 0 ? NAN : -NAN;
    x[i] = T(v);
  }
  return x;
}

/// Counts bytes that differ, and shows the first ones.
inline void compare(const std::string& what, const std::vector<std::byte>& got,
                    const std::vector<std::byte>& expected) {
  std::size_t wrong = got.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i) {
    if (got[i] == expected[i]) continue;
    if (wrong++ < 3) {
      std::printf("  %s: byte %zu of %zu: GPU %02x CPU %02x\n", what.c_str(), i, got.size(),
                  static_cast<unsigned>(got[i]), static_cast<unsigned>(expected[i]));
    }
  }
  if (wrong != 0) {
    std::printf("%s: %zu bytes differ\n", what.c_str(), wrong);
    ++failures;
  }
}

/// Rows of a matrix with some elements between them.
template <class T>
std::vector<T> with_stride(const std::vector<T>& x, std::size_t rows, std::size_t columns,
                           std::size_t stride) {
  std::vector<T> wide(rows * stride, T(1e30F));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) wide[r * stride + c] = x[r * columns + c];
  }
  return wide;
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& x) {
  std::vector<std::byte> bytes(x.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), x.data(), bytes.size());
  return bytes;
}

template <class T>
constexpr const char* name_of() {
  if constexpr (std::is_same_v<T, float>) {
    return "float";
  } else {
    return T::names.name;
  }
}

/// A scale map to test with, by number.
constexpr int layouts = 5;
inline binade::scale_map layout(int i, std::size_t rows, std::size_t columns) {
  namespace scale_layout = binade::scale_layout;
  switch (i) {
    case 1:
      return scale_layout::column_major{}.map(rows, columns);
    case 2:
      return scale_layout::tiles_128x4{}.map(rows, columns);
    case 3:
      return scale_layout::row_major{.multiple = 4}.map(rows, columns);
    case 4:
      return scale_layout::column_major{.multiple = 4}.map(rows, columns);
    default:
      return scale_layout::row_major{}.map(rows, columns);
  }
}

inline std::vector<std::byte> arranged(std::span<const std::byte> scales, std::size_t rows,
                                       std::size_t columns, std::size_t each,
                                       const binade::scale_map& map) {
  std::vector<std::byte> out(map.size() * each);
  binade::arrange_scales(scales, rows, columns, each, map, out);
  return out;
}

}  // namespace test
