// SPDX-License-Identifier: MIT

// The primitives of conversion for vectors as arrays, in integers only. Included by
// convert_targets.hpp inside the target's region and namespace.

inline constexpr std::size_t word_lanes = 16;
struct words {
  std::uint16_t v[word_lanes];
};
/// The upper 16 bits of elements as floats, bit 0 sticky.
template <class Source>
BINADE_ALWAYS_INLINE words upper_words(const typename Source::type* p) noexcept {
  words r;
  for (std::size_t i = 0; i < word_lanes; ++i) {
    const std::uint32_t bits = bit_cast<std::uint32_t>(Source::value(p[i]));
    r.v[i] = static_cast<std::uint16_t>(bits >> 16 | ((bits & 0xffffU) != 0 ? 1U : 0U));
  }
  return r;
}
struct bytes {
  std::uint8_t v[2 * word_lanes];
};
BINADE_ALWAYS_INLINE void store_ranks(std::uint8_t* p, const bytes& x) noexcept {
  std::memcpy(p, x.v, sizeof x.v);
}
template <int Window, int Codes>
class ranker {
 public:
  explicit ranker(const rank_encoder& c) noexcept : c_(c) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE bytes encode(const words& a, const words& b) const noexcept {
    bytes r;
    for (std::size_t i = 0; i < word_lanes; ++i) {
      r.v[i] = encode(a.v[i]);
      r.v[i + word_lanes] = encode(b.v[i]);
    }
    return r;
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(const words& a,
                                                      const words& b) const noexcept {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < word_lanes; ++i) any |= is_special(a.v[i]) | is_special(b.v[i]);
    return any != 0;
  }

 private:
  [[nodiscard]] BINADE_ALWAYS_INLINE std::uint32_t is_special(std::uint32_t h) const noexcept {
    const std::uint32_t m = h & 0x7fffU;
    return (m >= c_.special ? 1U : 0U) | (m != 0 && m < c_.subnormal ? 1U : 0U);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE std::uint8_t encode(std::uint32_t h) const noexcept {
    const std::uint32_t m = h & 0x7fffU;
    const std::uint32_t above = m < c_.low ? c_.low : m;
    const std::uint32_t a = above > c_.high ? c_.high : above;
    const std::uint32_t entry = c_.table[a >> 7];
    std::uint32_t v = (entry & 0xff80U) + (((a & 0x7fU) << (entry & 31U)) & 0xffffU);
    v += c_.add + ((v >> 8) & c_.add_odd);
    std::uint32_t code = m == 0 ? 0 : (v >> 8) & 0xffU;
    if constexpr (Codes != 0) code = c_.codes[code];
    const bool counts = c_.is_signed ? code != 0 || c_.zero_has_sign : m != 0;
    const bool negate = (h >> 15) != 0 && counts;
    return static_cast<std::uint8_t>(negate ? ((code & c_.keep) ^ c_.flip) + c_.carry : code);
  }
  const rank_encoder& c_;
};

template <class Source>
BINADE_ALWAYS_INLINE vec load_as_float(const typename Source::type* p) noexcept {
  vec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = bit_cast<std::uint32_t>(Source::value(p[i]));
  return r;
}
template <class Code>
BINADE_ALWAYS_INLINE void store_codes(Code* p, const vec& a, const vec& b, const vec& c,
                                      const vec& d) noexcept {
  for (const vec* x : {&a, &b, &c, &d}) {
    for (std::size_t i = 0; i < lanes; ++i) *p++ = static_cast<Code>(x->v[i]);
  }
}
/// What the encoders share: a loop over the lanes, and the test for what is special.
template <class Constants, class Derived>
class lane_encoder {
 public:
  explicit lane_encoder(const Constants& c) noexcept : c_(c) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(const vec& x) const noexcept {
    vec r;
    for (std::size_t i = 0; i < lanes; ++i) r.v[i] = Derived::encode(c_, x.v[i]);
    return r;
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(const vec& a, const vec& b, const vec& c,
                                                      const vec& d) const noexcept {
    std::uint32_t any = 0;
    for (const vec* x : {&a, &b, &c, &d}) {
      for (std::size_t i = 0; i < lanes; ++i) {
        any |= (x->v[i] & c_.magnitude) >= c_.special ? 1U : 0;
      }
    }
    return any != 0;
  }

 private:
  const Constants& c_;
};
class upper : public lane_encoder<upper_encoder, upper> {
 public:
  using lane_encoder::encode;
  using lane_encoder::lane_encoder;
  static BINADE_ALWAYS_INLINE std::uint32_t encode(const upper_encoder& c,
                                                   std::uint32_t x) noexcept {
    const std::uint32_t m = x & 0x7fffffffU;
    const std::uint32_t a = m < c.clamp ? m : c.clamp;
    return (a + c.add + ((a >> c.shift) & c.odd)) >> c.shift | (x >> 31) << (31 - c.shift);
  }
};
template <rounds_integers How>
class integer : public lane_encoder<integer_encoder, integer<How>> {
 public:
  using base = lane_encoder<integer_encoder, integer<How>>;
  using base::base;
  using base::encode;
  static BINADE_ALWAYS_INLINE std::uint32_t encode(const integer_encoder& c,
                                                   std::uint32_t x) noexcept {
    const std::uint32_t m = x & 0x7fffffffU;
    const std::uint32_t a = m < c.clamp ? m : c.clamp;
    const std::uint32_t e = a >> 23;
    const std::uint32_t shift = e < 119 ? 31 : 150 - e;  // below 1/256 all bits go
    const std::uint32_t significand = (a & 0x7fffffU) | 0x800000U;
    std::uint32_t q = significand >> shift;
    if constexpr (How == rounds_integers::to_nearest)
      q = (significand + (1U << (shift - 1)) - 1 + (q & 1U)) >> shift;
    const auto value = static_cast<std::int32_t>(q);
    const bool negative = (x >> 31) != 0 && c.keeps_sign;
    const std::int32_t low = negative ? -value : value;
    const std::int32_t r = low > c.largest ? c.largest : (low < c.lowest ? c.lowest : low);
    return static_cast<std::uint32_t>(r) & c.code_mask;
  }
};
class codebook : public lane_encoder<codebook_encoder, codebook> {
 public:
  using lane_encoder::encode;
  using lane_encoder::lane_encoder;
  static BINADE_ALWAYS_INLINE std::uint32_t encode(const codebook_encoder& c,
                                                   std::uint32_t x) noexcept {
    const std::int32_t y = codebook_encoder::ordered(x);
    std::uint32_t code = 0;
    for (const std::int32_t boundary : c.boundary) code += y >= boundary ? 1U : 0U;
    return code - 1;
  }
};
class binades {
 public:
  explicit binades(const binade_encoder& c) noexcept : c_(c) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(const vec& x) const noexcept {
    vec r;
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint32_t m = x.v[i] & 0x7fffffffU;
      const std::uint32_t entry = c_.table->entry[m >> 23];
      const std::uint32_t least = entry >> 8;
      const std::uint32_t drop = entry & 31;
      const std::uint32_t fraction = m & 0x7fffffU;
      const std::uint32_t odd = ((fraction >> drop) + least) & c_.odd;
      const std::uint32_t below_half = (((1U << drop) >> 1) - 1) & c_.add;
      const std::uint32_t kept = (fraction + below_half + odd) >> drop;
      const std::uint32_t code = m == 0 ? 0 : least + kept;
      r.v[i] = (x.v[i] >> 31 != 0 ? 0U - code : code) & c_.code_mask;
    }
    return r;
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(const vec& a, const vec& b, const vec& c,
                                                      const vec& d) const noexcept {
    bool any = false;
    for (const vec* x : {&a, &b, &c, &d}) {
      for (std::size_t i = 0; i < lanes; ++i) any |= c_.is_special(x->v[i]);
    }
    return any;
  }

 private:
  const binade_encoder& c_;
};

/// How results of decoding are stored.
struct ordinary_store {
  static constexpr bool is_streaming = false;
  static BINADE_ALWAYS_INLINE void put(float* p, const vec& x) noexcept {
    std::memcpy(p, x.v, sizeof x.v);
  }
  static void finish() noexcept {}
};
using streaming_store = ordinary_store;  // what compilers make of a loop
BINADE_ALWAYS_INLINE vec canonical_nan(const vec& x) noexcept {
  vec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    const bool is_nan = (x.v[i] & 0x7fffffffU) > 0x7f800000U;
    r.v[i] = is_nan ? (x.v[i] & 0x80000000U) | 0x7fc00000U : x.v[i];
  }
  return r;
}
/// The bytes of `lanes` blocks of the sequence, from `block` on.
BINADE_ALWAYS_INLINE void fill_random(std::uint64_t seed, std::uint64_t stream, std::uint64_t block,
                                      std::uint8_t* to) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) {
    const philox_block b = random_block(seed, stream, block + i);
    std::memcpy(to + 16 * i, b.word, 16);
  }
}
template <int Bits>
class stochastic : public lane_encoder<float_encoder, stochastic<Bits>> {
 public:
  explicit stochastic(const stochastic_encoder& c) noexcept
      : lane_encoder<float_encoder, stochastic<Bits>>(c.floats), c_(c.floats) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(const vec& x,
                                                const std::uint8_t* random) const noexcept {
    const std::uint32_t least = c_.least >> 23;
    const std::uint32_t mantissa_bits = 23 - c_.shift;
    vec r;
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint32_t bits = x.v[i] & c_.magnitude;
      const std::uint32_t a = bits < c_.clamp ? bits : c_.clamp;
      const std::uint32_t e = a >> 23;
      const std::uint32_t below = e < least ? least - e : 0;
      const std::uint32_t shift = c_.shift - Bits + below;
      const std::uint32_t significand = (a & 0x7fffffU) | 0x800000U;
      const std::uint32_t kept = shift > 31 ? 0 : significand >> shift;
      std::uint32_t drawn = random[i * Bits / 8];
      if constexpr (Bits == 16) drawn |= std::uint32_t{random[2 * i + 1]} << 8;
      const std::uint32_t above = e > least ? e - least : 0;
      const std::uint32_t code = ((kept + drawn) >> Bits) + (above << mantissa_bits);
      const std::uint32_t sign = (x.v[i] >> c_.sign_shift) & c_.sign;
      r.v[i] = code | (code != 0 || c_.zero_has_sign ? sign : 0);
    }
    return r;
  }

 private:
  const float_encoder& c_;
};
