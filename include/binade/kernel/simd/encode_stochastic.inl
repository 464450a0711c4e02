// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define vec, lanes,
// load_as_float, stochastic, fill_random, store_codes and for_each_step.

/// y[i] = the code of x[i], rounded with the random integer of element `index` + i.
template <class Source, int Bits>
inline void encode_stochastic_with(const typename Source::type* x, std::uint8_t* y, std::size_t n,
                                   const stochastic_encoder& c, std::uint64_t index) noexcept {
  constexpr std::size_t per_block = 128 / Bits;
  constexpr std::size_t step = 4 * lanes;
  constexpr std::size_t drawn = lanes * 16;  // bytes: a block for each lane
  alignas(64) std::uint8_t pool[drawn + step * Bits / 8];
  const stochastic<Bits> e(c);
  std::uint64_t at = index + c.random.index;
  for (std::size_t done = 0; done < n;) {
    fill_random(c.random.seed, c.random.stream, at / per_block, pool);
    const std::uint8_t* random = pool + at % per_block * Bits / 8;
    const std::size_t rest = lanes * per_block - at % per_block;
    const std::size_t count = n - done < rest ? n - done : rest;
    std::uint64_t first = index + done;
    for_each_step<step>(
        x + done, y + done, count, [&](const typename Source::type* from, std::uint8_t* to) {
          const vec v[4] = {load_as_float<Source>(from), load_as_float<Source>(from + lanes),
                            load_as_float<Source>(from + 2 * lanes),
                            load_as_float<Source>(from + 3 * lanes)};
          constexpr std::size_t stride = lanes * Bits / 8;
          store_codes(to, e.encode(v[0], random), e.encode(v[1], random + stride),
                      e.encode(v[2], random + 2 * stride), e.encode(v[3], random + 3 * stride));
          random += 4 * stride;
          first += step;
          if (e.any_special(v[0], v[1], v[2], v[3])) [[unlikely]] {
            for (std::size_t k = 0; k < step; ++k) {
              const float value = Source::value(from[k]);
              const std::uint32_t bits = bit_cast<std::uint32_t>(value) & c.floats.magnitude;
              if (bits >= c.floats.special) to[k] = c.encode_special(value, first - step + k);
            }
          }
        });
    done += count;
    at += count;
  }
}
template <class Source>
inline void encode_stochastic(const typename Source::type* x, std::uint8_t* y, std::size_t n,
                              const stochastic_encoder& c, std::uint64_t index) noexcept {
  c.random.bits == 8 ? encode_stochastic_with<Source, 8>(x, y, n, c, index)
                     : encode_stochastic_with<Source, 16>(x, y, n, c, index);
}
