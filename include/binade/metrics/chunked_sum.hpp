// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/error.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>  // memcpy
#include <string>
#include <type_traits>

// Sums in binary64 whose bits depend on the numbers alone: not on the number of threads, the SIMD
// width, the floating-point environment or the compiler's flags.
//
// The order: elements in logical row-major order, in chunks of 4096. In a chunk, element k joins
// partial sum k mod 8, in ascending order, the product or whatever it is being rounded first (no
// fused multiply-add); the eight are folded by halves (i and i + 4, then i and i + 2, then the last
// two). The chunks' sums are added in ascending order.

namespace binade::inline v0 {

/// Elements of a chunk: the grain of every sum of a metric.
inline constexpr std::size_t chunk_elements = 4096;

namespace detail {

/// What metrics take: a view, or anything that becomes one, of float or double.
template <class V>
concept real_tensor = requires(const V& v) {
  requires std::floating_point<typename decltype(tensor_view(v))::value_type>;
  requires sizeof(typename decltype(tensor_view(v))::value_type) <= sizeof(double);
};

/// Throws: error if the shapes differ.
template <class X, class Y>
void check_same_shape(const char* function, const tensor_view<X>& x, const tensor_view<Y>& y) {
  if (x.shape() != y.shape()) {
    BINADE_THROW(error{std::string(function) + ": x is " + to_string(x.shape()) + " but y is " +
                       to_string(y.shape()) + "; the shapes must be equal"});
  }
}

/// Elements [begin, end) of the logical order, as binary64.
template <class T>
void copy_elements(const tensor_view<T>& view, std::size_t begin, std::size_t end, double* out) {
  const std::size_t length = view.is_contiguous() ? view.size() : view.row_length();
  const std::ptrdiff_t stride = view.is_contiguous() ? 1 : view.inner_stride();
  while (begin < end) {
    const std::size_t column = begin % length;
    const std::size_t n = std::min(end - begin, length - column);
    const T* from = view.row_data(view.is_contiguous() ? 0 : begin / length) +
                    static_cast<std::ptrdiff_t>(column) * stride;
    if (stride == 1) {
      for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<double>(from[i]);
    } else {
      for (std::size_t i = 0; i < n; ++i) {
        out[i] = static_cast<double>(from[static_cast<std::ptrdiff_t>(i) * stride]);
      }
    }
    begin += n;
    out += n;
  }
}

/// Makes the compiler take `x` as computed so far: what is done to it later cannot be fused with,
/// or reordered before, what was done earlier, whatever the flags.
template <class T>
BINADE_ALWAYS_INLINE void settle(T& x) noexcept {
  asm volatile("" : "+m"(x));
}
using double_pair = double __attribute__((vector_size(16)));
BINADE_ALWAYS_INLINE void settle(double_pair& x) noexcept {
#if BINADE_ARCH_X86_64
  asm("" : "+x"(x));
#elif BINADE_ARCH_AARCH64
  asm("" : "+w"(x));
#else
  asm("" : "+m"(x));
#endif
}
[[nodiscard]] BINADE_ALWAYS_INLINE double settled(double x) noexcept {
  settle(x);
  return x;
}

/// Eight partial sums.
struct partial_sums {
  double lane[8] = {};

  /// Adds a[k] * b[k], each product rounded, to partial sum k mod 8, for k < n, n a multiple of 8.
  void add_products(const double* a, const double* b, std::size_t n) noexcept {
    // Four variables, not an array, which g++ -O2 would keep in memory.
    double_pair sum0 = load(lane), sum1 = load(lane + 2);
    double_pair sum2 = load(lane + 4), sum3 = load(lane + 6);
    for (std::size_t k = 0; k < n; k += 8) {
      add_product(sum0, a + k, b + k);
      add_product(sum1, a + k + 2, b + k + 2);
      add_product(sum2, a + k + 4, b + k + 4);
      add_product(sum3, a + k + 6, b + k + 6);
    }
    std::memcpy(lane, &sum0, sizeof(sum0));
    std::memcpy(lane + 2, &sum1, sizeof(sum1));
    std::memcpy(lane + 4, &sum2, sizeof(sum2));
    std::memcpy(lane + 6, &sum3, sizeof(sum3));
  }
  /// The same with a[k].
  void add(const double* a, std::size_t n) noexcept {
    for (std::size_t k = 0; k < n; k += 8) {
      for (std::size_t i = 0; i < 8; ++i) lane[i] += a[k + i];
      settle(lane);
    }
  }
  /// The eight folded by halves.
  [[nodiscard]] double folded() const noexcept {
    partial_sums p = *this;
    for (int half = 4; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) p.lane[i] += p.lane[i + half];
      settle(p);
    }
    return p.lane[0];
  }

 private:
  [[nodiscard]] BINADE_ALWAYS_INLINE static double_pair load(const double* from) noexcept {
    double_pair x;
    std::memcpy(&x, from, sizeof(x));
    return x;
  }
  BINADE_ALWAYS_INLINE static void add_product(double_pair& sum, const double* a,
                                               const double* b) noexcept {
    double_pair product = load(a) * load(b);
    settle(product);
    sum += product;
    settle(sum);
  }
};

// Out of line, so that no arithmetic moves across the guard of the environment.
template <class Sums, class Kernel>
BINADE_NOINLINE void run_chunk(const Kernel& kernel, std::size_t begin, std::size_t end,
                               Sums& sums) {
  kernel(begin, end, sums);
}
template <class Sums>
BINADE_NOINLINE void add_in_order(Sums& total, const Sums* sums, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    total += sums[i];
    settle(total);
  }
}

/// The sum over [0, n) in the order above: kernel(begin, end, sums) adds those of a chunk to
/// `sums`, which is Sums{} before; `Sums` has +=.
///
/// Throws: what the executor throws.
template <class Sums, class Kernel>
[[nodiscard]] Sums chunked_sum(std::size_t n, const Kernel& kernel, executor_ref executor) {
  constexpr std::size_t batch = 256 * chunk_elements;  // bounds the memory for partial results
  Sums total{};
  for (std::size_t first = 0; first < n; first += batch) {
    const std::size_t size = std::min(batch, n - first);
    Sums sums[batch / chunk_elements] = {};
    executor.for_each_chunk(size, chunk_elements, [&](std::size_t begin, std::size_t end) {
      const fp_environment_guard guard;
      run_chunk(kernel, first + begin, first + end, sums[begin / chunk_elements]);
    });
    const fp_environment_guard guard;
    add_in_order(total, sums, (size + chunk_elements - 1) / chunk_elements);
  }
  return total;
}

}  // namespace detail

}  // namespace binade::inline v0
