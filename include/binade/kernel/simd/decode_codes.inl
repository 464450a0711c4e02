// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define float_decoder,
// word_decoder, upper_floats, the stores and for_each_step.

/// y[i] = the float of code x[i]. `Store` says how: ordinary_store or streaming_store.
template <class Store, int Size, int Halves>
inline void decode_floats_in(const std::uint8_t* x, float* y, std::size_t n,
                             const decode_table& t) noexcept {
  const float_decoder<Size, Halves> d(t);
  for_each_step<64, Store>(x, y, n, [&](const std::uint8_t* from, float* to) {
    d.template decode<Store>(from, to);
    d.template decode<Store>(from + 32, to + 32);
  });
}
template <class Store>
inline void decode_floats(const std::uint8_t* x, float* y, std::size_t n,
                          const decode_table& t) noexcept {
  if (t.count <= 64) {
    t.has_low ? decode_floats_in<Store, 64, 2>(x, y, n, t)
              : decode_floats_in<Store, 64, 1>(x, y, n, t);
  } else {
    t.has_low ? decode_floats_in<Store, 256, 2>(x, y, n, t)
              : decode_floats_in<Store, 256, 1>(x, y, n, t);
  }
}

/// y[i] = the 16 bits of code x[i].
template <class Store>
inline void decode_words(const std::uint8_t* x, std::uint16_t* y, std::size_t n,
                         const decode_table& t) noexcept {
  const word_decoder d(t);
  for_each_step<64, Store>(x, y, n, [&](const std::uint8_t* from, std::uint16_t* to) {
    d.template decode<Store>(from, to);
    d.template decode<Store>(from + 32, to + 32);
  });
}

/// y[i] = x[i] as a float, exact, for sources of 16 bits; NaN is made canonical.
template <class Store, class Source>
inline void widen(const std::uint16_t* x, float* y, std::size_t n) noexcept {
  for_each_step<4 * lanes, Store>(x, y, n, [&](const std::uint16_t* from, float* to) {
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4 * lanes; k += lanes) {
      Store::put(to + k, canonical_nan(load_as_float<Source>(from + k)));
    }
  });
}
