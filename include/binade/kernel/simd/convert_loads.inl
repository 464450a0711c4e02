// SPDX-License-Identifier: MIT

// Look-ups by plain loads, for targets where a gather takes longer or does not exist. Included once
// per such target, inside its region and namespace.

template <int Size, int Halves>
class float_decoder {
 public:
  explicit float_decoder(const decode_table& t) noexcept : t_(t) {}
  template <class Store>
  BINADE_ALWAYS_INLINE void decode(const std::uint8_t* from, float* to) const noexcept {
    for (int i = 0; i < 32; ++i) to[i] = bit_cast<float>(t_.value[from[i]]);
  }

 private:
  const decode_table& t_;
};
class word_decoder {
 public:
  explicit word_decoder(const decode_table& t) noexcept : t_(t) {}
  template <class Store>
  BINADE_ALWAYS_INLINE void decode(const std::uint8_t* from, std::uint16_t* to) const noexcept {
    for (int i = 0; i < 32; ++i) to[i] = t_.high[from[i]];
  }

 private:
  const decode_table& t_;
};

class wide_codebook {
 public:
  explicit wide_codebook(const wide_codebook_encoder& c) noexcept : t_(*c.table) {}
  /// Writes the codes of 64 elements; whether one may be NaN.
  template <class Source>
  BINADE_ALWAYS_INLINE bool encode(const typename Source::type* from,
                                   std::uint8_t* to) const noexcept {
    std::uint32_t any = 0;
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t bits = bit_cast<std::uint32_t>(Source::value(from[i]));
      any |= (bits & 0x7fffffffU) > 0x7f800000U ? 1U : 0U;
      to[i] = static_cast<std::uint8_t>(t_.encode(codebook_encoder::ordered(bits)));
    }
    return any != 0;
  }

 private:
  const wide_codebook_table& t_;
};
