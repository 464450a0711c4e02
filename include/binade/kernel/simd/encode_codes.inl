// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define vec, lanes,
// load_as_float, store_codes, for_each_step and the encoders.

/// y[i] = the code of x[i], by an encoder of floats in 32-bit lanes.
template <class Source, class Encoder, class Code, class Constants>
inline void encode_codes(const typename Source::type* x, Code* y, std::size_t n,
                         const Constants& constants) noexcept {
  const Encoder e(constants);
  constexpr std::size_t step = 4 * lanes;
  for_each_step<step>(x, y, n, [&](const typename Source::type* from, Code* to) {
    const vec a = load_as_float<Source>(from);
    const vec b = load_as_float<Source>(from + lanes);
    const vec c = load_as_float<Source>(from + 2 * lanes);
    const vec d = load_as_float<Source>(from + 3 * lanes);
    store_codes(to, e.encode(a), e.encode(b), e.encode(c), e.encode(d));
    if (e.any_special(a, b, c, d)) [[unlikely]] {
      for (std::size_t k = 0; k < step; ++k) {
        const float value = Source::value(from[k]);
        if (constants.is_special(bit_cast<std::uint32_t>(value))) {
          to[k] = static_cast<Code>(constants.encode_special(value));
        }
      }
    }
  });
}

/// y[i] = the code of x[i] in a minifloat, rounded to nearest even.
template <class Source, class Code>
inline void encode_floats(const typename Source::type* x, Code* y, std::size_t n,
                          const float_encoder& c) noexcept {
  c.zero_has_sign ? encode_codes<Source, encoder<true>>(x, y, n, c)
                  : encode_codes<Source, encoder<false>>(x, y, n, c);
}
