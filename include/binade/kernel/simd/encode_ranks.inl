// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define words, word_lanes,
// upper_words, ranker, store_ranks and for_each_step.

/// y[i] = the code of x[i]. `Window` is 256, or 64 where the table has no more exponents and
/// subnormal numbers are not special; `Codes` is 128 where codes are not ranks, else 0.
template <class Source, int Window, int Codes>
inline void encode_ranks_in(const typename Source::type* x, std::uint8_t* y, std::size_t n,
                            const rank_encoder& c) noexcept {
  const ranker<Window, Codes> r(c);
  constexpr std::size_t step = 2 * word_lanes;
  for_each_step<step>(x, y, n, [&](const typename Source::type* from, std::uint8_t* to) {
    const words a = upper_words<Source>(from);
    const words b = upper_words<Source>(from + word_lanes);
    store_ranks(to, r.encode(a, b));
    if (r.any_special(a, b)) [[unlikely]] {
      for (std::size_t k = 0; k < step; ++k) {
        const float value = Source::value(from[k]);
        if (c.is_special(value)) to[k] = c.encode_special(value);
      }
    }
  });
}

template <class Source>
inline void encode_ranks(const typename Source::type* x, std::uint8_t* y, std::size_t n,
                         const rank_encoder& c) noexcept {
  if (c.is_mapped) {
    encode_ranks_in<Source, 64, 128>(x, y, n, c);
  } else if (c.count <= 64 && c.subnormal == 0) {
    encode_ranks_in<Source, 64, 0>(x, y, n, c);
  } else {
    encode_ranks_in<Source, 256, 0>(x, y, n, c);
  }
}
