// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of quantization.

/// The vector of n < lanes elements and zeros.
inline vec load_rest(const float* x, std::size_t n) noexcept {
  float rest[lanes] = {};
  std::memcpy(rest, x, n * sizeof(float));
  return load(rest);
}

inline magnitude_range range_of_lanes(vec largest, vec smallest) noexcept {
  std::uint32_t high[lanes];
  std::uint32_t low[lanes];
  store_bits(high, largest);
  store_bits(low, smallest);
  magnitude_range r;
  for (std::size_t i = 0; i < lanes; ++i) {
    if (high[i] > r.largest) r.largest = high[i];
    if (low[i] < r.smallest) r.smallest = low[i];
  }
  return r;
}

/// Largest and smallest magnitude of x[n].
inline magnitude_range amax(const float* x, std::size_t n) noexcept {
  const vec magnitude = splat(0x7fffffffU);
  vec high[2] = {splat(0U), splat(0U)};
  vec low[2] = {magnitude, magnitude};
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) {
      const vec v = bit_and(load(x + i + k * lanes), magnitude);
      high[k % 2] = max_bits(high[k % 2], v);
      low[k % 2] = min_bits(low[k % 2], v);
    }
  }
  for (; i + lanes <= n; i += lanes) {
    const vec v = bit_and(load(x + i), magnitude);
    high[0] = max_bits(high[0], v);
    low[0] = min_bits(low[0], v);
  }
  magnitude_range r = range_of_lanes(max_bits(high[0], high[1]), min_bits(low[0], low[1]));
  for (; i < n; ++i) {
    const std::uint32_t bits = bit_cast<std::uint32_t>(x[i]) & 0x7fffffffU;
    if (bits > r.largest) r.largest = bits;
    if (bits < r.smallest) r.smallest = bits;
  }
  return r;
}

/// out[b] = bits of the largest magnitude of block b of x[n]; the last block may be short. Gives
/// the range of all. ahead[i / 4] is fetched into the cache with x[i].
///
/// Needs: block a multiple of 16; out has room for whole vectors.
inline magnitude_range block_amax(const float* x, std::size_t n, std::size_t block,
                                  std::uint32_t* out, const float* ahead) noexcept {
  const vec magnitude = splat(0x7fffffffU);
  vec largest = splat(0U);
  vec smallest = magnitude;
  const std::size_t whole = n / block;
  std::size_t b = 0;
  for (; b + lanes <= whole; b += lanes) {
    vec block_largest[lanes];
    BINADE_UNROLL(16)
    for (std::size_t k = 0; k < lanes; ++k) {
      const float* from = x + (b + k) * block;
      vec high = bit_and(load(from), magnitude);
      smallest = min_bits(smallest, high);
      for (std::size_t i = lanes; i < block; i += lanes) {
        const vec v = bit_and(load(from + i), magnitude);
        smallest = min_bits(smallest, v);
        high = max_bits(high, v);
      }
      block_largest[k] = high;
    }
    if (ahead != nullptr) {
      for (std::size_t i = 0; i < lanes * block; i += 64) fetch(ahead + (b * block + i) / 4);
    }
    const vec high = max_across(block_largest);
    largest = max_bits(largest, high);
    store_bits(out + b, high);
  }
  magnitude_range r = range_of_lanes(largest, smallest);
  for (std::size_t i = b * block; i < n; i += block, ++b) {
    const magnitude_range one = amax(x + i, n - i < block ? n - i : block);
    out[b] = one.largest;
    if (one.largest > r.largest) r.largest = one.largest;
    if (one.smallest < r.smallest) r.smallest = one.smallest;
  }
  return r;
}

/// Number of zeros, of either sign.
inline std::size_t count_zero_values(const float* x, std::size_t n) noexcept {
  lane_counter nonzero;
  const vec magnitude = splat(0x7fffffffU);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) nonzero.add_above(bit_and(load(x + i), magnitude), splat(0U));
  if (i < n) nonzero.add_above(bit_and(load_rest(x + i, n - i), magnitude), splat(0U));
  return n - nonzero.total();
}

/// out[i] = x[i], exactly.
inline void widen(const std::uint16_t* x, float* out, std::size_t n, half_kind kind) noexcept {
  const auto one_vector = [kind](const std::uint16_t* from) {
    return kind == half_kind::bfloat16 ? shift_left(load_words(from), 16) : float16_to_float(from);
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, one_vector(x + i));
  if (i < n) {
    std::uint16_t in[lanes] = {};
    float wide[lanes];
    std::memcpy(in, x + i, (n - i) * sizeof(std::uint16_t));
    store(wide, one_vector(in));
    std::memcpy(out + i, wide, (n - i) * sizeof(float));
  }
}
