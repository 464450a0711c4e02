// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define wide_codebook and
// for_each_step.

/// y[i] = the code of x[i] in a codebook of 256 values.
template <class Source>
inline void encode_wide_codebook(const typename Source::type* x, std::uint8_t* y, std::size_t n,
                                 const wide_codebook_encoder& c) noexcept {
  const wide_codebook e(c);
  for_each_step<64>(x, y, n, [&](const typename Source::type* from, std::uint8_t* to) {
    if (e.template encode<Source>(from, to)) [[unlikely]] {
      for (std::size_t k = 0; k < 64; ++k) {
        const float value = Source::value(from[k]);
        if ((bit_cast<std::uint32_t>(value) & 0x7fffffffU) > 0x7f800000U) {  // NaN
          to[k] = static_cast<std::uint8_t>(c.definition.encode(value, c.definition.rules));
        }
      }
    }
  });
}
