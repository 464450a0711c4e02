// SPDX-License-Identifier: MIT

// The loops behind limits.hpp for one SIMD target, whose primitives `vec`, `load`, `store`,
// `stream`, `merge` (the bitwise or of three) and `multiply_add` stand before the inclusion. Short
// loops are unrolled by pragma: at -O2 arrays of vectors would live in memory otherwise.

/// Reads R vectors and writes W, `steps` times. W = 0: writes one at the very end.
template <int R, int W, bool Streamed>
void move_loop(const std::byte* in, std::byte* out, std::size_t steps) {
  vec seen = load(in);
  for (std::size_t i = 0; i < steps; ++i, in += R * sizeof(vec), out += W * sizeof(vec)) {
    vec v[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) v[r] = load(in + static_cast<std::size_t>(r) * sizeof(vec));
    if constexpr (W == 0) {
      static_assert(R == 8);
      const vec half = merge(v[0], v[1], merge(v[2], v[3], v[4]));
      seen = merge(seen, half, merge(v[5], v[6], v[7]));
    } else {
#pragma GCC unroll 16
      for (int w = 0; w < W; ++w) {
        const int first = w * R / W;
        const int end = (w + 1) * R / W;
        vec all = v[first];
#pragma GCC unroll 16
        for (int r = first + 1; r < end; r += 2) all = merge(all, v[r], v[r + 1 < end ? r + 1 : r]);
        std::byte* to = out + static_cast<std::size_t>(w) * sizeof(vec);
        if constexpr (Streamed) {
          stream(to, all);
        } else {
          store(to, all);
        }
      }
    }
  }
  if constexpr (W == 0) store(out, seen);
  if constexpr (Streamed) fence();
}

/// The loop for so many bits an element read and written; null if there is none.
inline move_function find_move(int read, int written, bool streamed) {
  move_function found;
  const auto consider = [&]<int R, int W>() {
    if (read * W != written * R) return;
    found = {streamed ? &move_loop<R, W, true> : &move_loop<R, W, false>, R, W, sizeof(vec)};
  };
  consider.template operator()<8, 0>();
  consider.template operator()<8, 1>();
  consider.template operator()<16, 3>();
  consider.template operator()<4, 1>();
  consider.template operator()<8, 3>();
  consider.template operator()<2, 1>();
  consider.template operator()<1, 1>();
  consider.template operator()<1, 2>();
  consider.template operator()<3, 8>();
  consider.template operator()<1, 4>();
  consider.template operator()<3, 16>();
  consider.template operator()<1, 8>();
  return found;
}

/// Ten sums that do not wait for each other: as many as latency times issue width asks for.
inline void multiply_add_loop(std::size_t steps, float* out) {
  constexpr int sums = 10;
  vec a[sums];
#pragma GCC unroll 16
  for (int i = 0; i < sums; ++i) a[i] = spread(static_cast<float>(i) * 0x1p-10F);
  const vec factor = spread(0.5F);
  for (std::size_t s = 0; s < steps; ++s) {
#pragma GCC unroll 16
    for (int i = 0; i < sums; ++i) a[i] = multiply_add(a[i], factor);
  }
#pragma GCC unroll 16
  for (int i = 0; i < sums; ++i) {
    store(reinterpret_cast<std::byte*>(out) + static_cast<std::size_t>(i) * sizeof(vec), a[i]);
  }
}
inline constexpr double multiply_adds_a_step = 10.0 * sizeof(vec) / sizeof(float);
