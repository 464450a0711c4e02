// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define vec, lanes, encoder,
// load, encode, special_lanes and store4.

/// y[i] = the code of x[i].
inline void encode_float(const float* x, std::uint8_t* y, std::size_t n,
                         const float_encoder& constants) noexcept {
  const encoder e(constants);
  constexpr std::size_t step = 4 * lanes;
  const auto encode_step = [&](const float* from, std::uint8_t* to) {
    const vec a = load(from);
    const vec b = load(from + lanes);
    const vec c = load(from + 2 * lanes);
    const vec d = load(from + 3 * lanes);
    store4(to, e.encode(a), e.encode(b), e.encode(c), e.encode(d));
    if (e.any_special(a, b, c, d)) [[unlikely]] {
      for (std::size_t k = 0; k < step; ++k) {
        const std::uint32_t bits = bit_cast<std::uint32_t>(from[k]) & constants.magnitude;
        if (bits >= constants.special) to[k] = constants.encode_special(from[k]);
      }
    }
  };
  std::size_t i = 0;
  for (; i + step <= n; i += step) encode_step(x + i, y + i);
  if (i < n) {  // the rest through a full buffer: the same code, so the same bits
    float in[step] = {};
    std::uint8_t out[step];
    std::memcpy(in, x + i, (n - i) * sizeof(float));
    encode_step(in, out);
    std::memcpy(y + i, out, n - i);
  }
}
