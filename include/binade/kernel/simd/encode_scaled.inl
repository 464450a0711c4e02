// SPDX-License-Identifier: MIT

// Included once per target with vector arithmetic, inside its region and namespace, which define
// vec, lanes, encoder, load, multiply, near_boundary, count_masks and store4.

/// y[i] = the code of x[i] * request.multiplier. Needs the default floating-point environment.
inline scaled_counts encode_scaled(const float* x, std::uint8_t* y, std::size_t n,
                                   const float_encoder& constants,
                                   const scaled_request& request) noexcept {
  const encoder e(constants);
  const scaler s(constants, request);
  constexpr std::size_t step = 4 * lanes;
  scaled_counts counts;
  const auto encode_step = [&](const float* from, std::uint8_t* to, std::uint64_t valid) {
    vec code[4];
    std::uint64_t doubtful = 0;
    std::uint64_t clipped = 0;
    std::uint64_t underflowed = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const vec in = load(from + k * lanes);
      const vec scaled = s.multiply(in);
      code[k] = e.encode(scaled);
      const lane_masks m = s.masks(in, scaled, code[k]);
      doubtful |= std::uint64_t{m.doubtful} << (k * lanes);
      clipped |= std::uint64_t{m.clipped} << (k * lanes);
      underflowed |= std::uint64_t{m.underflowed} << (k * lanes);
    }
    store4(to, code[0], code[1], code[2], code[3]);
    doubtful &= valid;
    clipped &= valid & ~doubtful;
    underflowed &= valid & ~doubtful;
    counts.clipped += static_cast<std::uint32_t>(popcount(clipped));
    counts.underflowed += static_cast<std::uint32_t>(popcount(underflowed));
    while (doubtful != 0) {
      const int k = countr_zero(doubtful);
      to[k] = request.exact(request.context, from[k]);
      doubtful &= doubtful - 1;
    }
  };
  std::size_t i = 0;
  for (; i + step <= n; i += step) encode_step(x + i, y + i, low_mask(step));
  if (i < n) {  // the rest through a full buffer: the same code, so the same bits
    float in[step] = {};
    std::uint8_t out[step];
    std::memcpy(in, x + i, (n - i) * sizeof(float));
    encode_step(in, out, low_mask(static_cast<int>(n - i)));
    std::memcpy(y + i, out, n - i);
  }
  return counts;
}
