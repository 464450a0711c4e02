// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of quantization.

template <int Bits>
inline void decode_run(const std::byte* codes, float* out, std::size_t n,
                       const decoded_run& request) noexcept {
  const decoded_run run = request;
  const value_table<Bits> table(run.values);
  constexpr std::size_t step = 4 * lanes;
  constexpr std::size_t step_bytes = step * Bits / 8;
  const vec tensor = splat(run.tensor);
  const auto decode_step = [&](const std::byte* from, std::size_t i, vec(&v)[4]) {
    table.decode(from, v);
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) {
      const vec scale = splat(run.scale[(i + k * lanes) >> run.shift]);
      if (run.has_tensor) v[k] = multiply(v[k], scale);
      const vec factor = run.has_tensor ? tensor : scale;
      v[k] = run.to_odd ? multiply_to_odd(v[k], factor) : multiply(v[k], factor);
    }
  };
  std::size_t i = 0;
  for (; i + step <= n; i += step, codes += step_bytes) {
    vec v[4];
    decode_step(codes, i, v);
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) {
      if (run.streams) {
        stream(out + i + k * lanes, v[k]);
      } else {
        store(out + i + k * lanes, v[k]);
      }
    }
  }
  if (i < n) {  // the rest through full buffers: the same code, so the same bits
    std::byte in[step_bytes] = {};
    float floats[step];
    std::memcpy(in, codes, ((n - i) * Bits + 7) / 8);
    vec v[4];
    decode_step(in, i, v);
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) store(floats + k * lanes, v[k]);
    std::memcpy(out + i, floats, (n - i) * sizeof(float));
  }
  if (run.streams) finish_streams();
}

/// The values of n codes of 4 or 8 bits. Needs the default floating-point environment, values whose
/// lower 16 bits are 0, and scales with room for 4 more, all of them numbers.
inline void decode_scaled_run(const std::byte* codes, float* out, std::size_t n, int bits,
                              const decoded_run& run) noexcept {
  if (bits == 4) {
    decode_run<4>(codes, out, n, run);
  } else {
    decode_run<8>(codes, out, n, run);
  }
}
