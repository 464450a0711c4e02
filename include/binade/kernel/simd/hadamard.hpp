// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/kernel/convert.hpp"
#include "binade/kernel/reference/hadamard.hpp"
#include "binade/kernel/simd/hadamard_targets.hpp"
#include "binade/kernel/simd/quantize_targets.hpp"
#include "binade/tensor/view.hpp"
#include "binade/transform/hadamard.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace binade::inline v0::simd {

/// The transform of whole blocks of floats by the kernels of a target. Needs a valid size and the
/// default floating-point environment.
class hadamard_blocks {
 public:
  hadamard_blocks(const hadamard& t, hadamard_direction direction,
                  const hadamard_kernels& kernels) noexcept {
    for (int i = 0; i < t.size; ++i) {
      const std::uint32_t bits = t.factor_bits(i);
      std::memcpy(factors_ + i, &bits, sizeof bits);
    }
    const int index = countr_zero(static_cast<std::uint32_t>(t.size / hadamard::least_size));
    run_ =
        direction == hadamard_direction::forward ? kernels.forward[index] : kernels.inverse[index];
  }
  /// From x[n] to out[n], which may be x; n is a multiple of the size.
  void operator()(const float* x, float* out, std::size_t n) const noexcept {
    run_(x, out, n, factors_);
  }

 private:
  float factors_[hadamard::greatest_size];
  hadamard_kernels::blocks_function run_;
};

namespace detail {

/// Elements that go through the first-level cache at a time: a multiple of every size.
inline constexpr std::size_t transform_chunk = 4096;

/// Elements of a row or of a tensor without gaps, by chunks that are transformed in a buffer unless
/// the kernels can do without.
template <transformable T, transformable U>
class row_transformer {
 public:
  row_transformer(const hadamard& t, hadamard_direction direction, target kernels)
      : blocks_(t, direction, hadamard_kernels_for(kernels)),
        widen_(quantize_kernels_for(kernels).widen) {}

  void operator()(const T* x, std::ptrdiff_t x_stride, U* out, std::ptrdiff_t out_stride,
                  std::size_t n) const {
    const fp_environment_guard guard;
    for (std::size_t i = 0; i < n; i += transform_chunk) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      const std::size_t m = n - i < transform_chunk ? n - i : transform_chunk;
      transform(x + at * x_stride, x_stride, out + at * out_stride, out_stride, m);
    }
  }

 private:
  void transform(const T* x, std::ptrdiff_t x_stride, U* out, std::ptrdiff_t out_stride,
                 std::size_t n) const {
    alignas(64) float buffer[transform_chunk];
    const float* from = buffer;
    if constexpr (std::same_as<T, float>) {
      if (x_stride == 1) from = x;
    }
    if (from == buffer) read(x, x_stride, buffer, n);
    if constexpr (std::same_as<U, float>) {
      if (out_stride == 1) {
        blocks_(from, out, n);
        return;
      }
    }
    blocks_(from, buffer, n);
    write(buffer, out, out_stride, n);
  }
  void read(const T* x, std::ptrdiff_t stride, float* to, std::size_t n) const noexcept {
    if (stride != 1) {
      T elements[transform_chunk] = {};
      for (std::size_t i = 0; i < n; ++i) elements[i] = x[static_cast<std::ptrdiff_t>(i) * stride];
      read(elements, 1, to, n);
      return;
    }
    if constexpr (std::same_as<T, float>) {
      std::memcpy(to, x, n * sizeof(float));
    } else {
      widen_(reinterpret_cast<const std::uint16_t*>(x), to, n,
             std::same_as<T, bfloat16> ? half_kind::bfloat16 : half_kind::float16);
    }
  }
  void write(const float* from, U* out, std::ptrdiff_t stride, std::size_t n) const {
    U elements[transform_chunk];
    U* to = stride == 1 ? out : elements;
    if constexpr (std::same_as<U, float>) {
      std::memcpy(to, from, n * sizeof(float));
    } else {
      convert(std::span<const float>(from, n), std::span<U>(to, n), rounding::ties_to_even{},
              saturation::none{});
    }
    if (stride == 1) return;
    for (std::size_t i = 0; i < n; ++i) out[static_cast<std::ptrdiff_t>(i) * stride] = elements[i];
  }

  hadamard_blocks blocks_;
  decltype(quantize_kernels::widen) widen_;
};

}  // namespace detail

/// binade::hadamard_transform and its inverse by the kernels of a target; the arguments were
/// checked.
///
/// Throws: error if this machine does not run the target's kernels.
template <transformable T, transformable U>
void hadamard_transform(const hadamard& t, const tensor_view<const T>& x, const tensor_view<U>& out,
                        hadamard_direction direction, executor_ref executor, target kernels) {
  constexpr std::size_t grain = std::size_t{1} << 14;
  const detail::row_transformer<T, U> transform(t, direction, kernels);
  if (x.is_contiguous() && out.is_contiguous()) {
    executor.for_each_chunk(x.size(), grain, [&](std::size_t begin, std::size_t end) {
      transform(x.data() + begin, 1, out.data() + begin, 1, end - begin);
    });
    return;
  }
  const std::size_t length = x.row_length();
  const std::size_t rows = length == 0 ? 0 : x.row_count();
  executor.for_each_chunk(rows, length >= grain ? 1 : grain / (length == 0 ? 1 : length),
                          [&](std::size_t begin, std::size_t end) {
                            for (std::size_t row = begin; row < end; ++row) {
                              transform(x.row_data(row), x.inner_stride(), out.row_data(row),
                                        out.inner_stride(), length);
                            }
                          });
}

}  // namespace binade::inline v0::simd
