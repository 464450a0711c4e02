// SPDX-License-Identifier: MIT

// The primitives of conversion for AVX-512. Included by convert_targets.hpp inside the target's
// region and namespace.

/// The bits of 16 elements as floats.
template <class Source>
BINADE_ALWAYS_INLINE vec load_as_float(const typename Source::type* p) noexcept {
  if constexpr (std::same_as<Source, float_source>) {
    return load(p);
  } else {
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    if constexpr (std::same_as<Source, float16_source>) {
      return _mm512_castps_si512(_mm512_cvtph_ps(half));
    } else {
      return _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
    }
  }
}
inline constexpr std::size_t word_lanes = 32;
using words = __m512i;
using bytes = __m512i;
/// The halves of 32 elements as floats.
template <class Source>
BINADE_ALWAYS_INLINE void load_halves(const typename Source::type* p, words& high,
                                      words& low) noexcept {
  const vec a = load_as_float<Source>(p);
  const vec b = load_as_float<Source>(p + lanes);
  const words even =
      _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26,
                       24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  high = _mm512_permutex2var_epi16(a, _mm512_add_epi16(even, _mm512_set1_epi16(1)), b);
  low = _mm512_permutex2var_epi16(a, even, b);
}
/// The upper 16 bits of 32 elements as floats, bit 0 sticky.
template <class Source>
BINADE_ALWAYS_INLINE words upper_words(const typename Source::type* p) noexcept {
  words high, low;
  load_halves<Source>(p, high, low);
  const words one = _mm512_set1_epi16(1);
  return _mm512_or_si512(high, _mm512_maskz_mov_epi16(_mm512_test_epi16_mask(low, low), one));
}
/// Stores bytes packed from two upper_words, in the elements' order.
BINADE_ALWAYS_INLINE void store_ranks(std::uint8_t* p, bytes x) noexcept {
  const vec order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, x));
}
/// A table of 32, 64, 128 or 256 words in registers.
template <int Size>
class word_table {
 public:
  explicit word_table(const std::uint16_t* p) noexcept {
    for (int i = 0; i < Size / 32; ++i) part_[i] = _mm512_loadu_si512(p + 32 * i);
  }
  /// The entries at index modulo Size.
  [[nodiscard]] BINADE_ALWAYS_INLINE words operator()(words index) const noexcept {
    return look_up<0, Size>(index);
  }

 private:
  template <int First, int Count>
  [[nodiscard]] BINADE_ALWAYS_INLINE words look_up(words index) const noexcept {
    if constexpr (Count == 32) {
      return _mm512_permutexvar_epi16(index, part_[First / 32]);
    } else if constexpr (Count == 64) {
      return _mm512_permutex2var_epi16(part_[First / 32], index, part_[First / 32 + 1]);
    } else {
      const __mmask32 upper = _mm512_test_epi16_mask(index, _mm512_set1_epi16(Count / 2));
      // The intrinsic is a macro at -O0, which would take template arguments apart.
      const words low = look_up<First, Count / 2>(index);
      const words high = look_up<First + Count / 2, Count / 2>(index);
      return _mm512_mask_blend_epi16(upper, low, high);
    }
  }
  words part_[Size / 32];
};
template <int Window, int Codes>
class ranker {
 public:
  explicit ranker(const rank_encoder& c) noexcept
      : table_(wrapped(c).entry),
        codes_(widened(c).entry),
        low_(set(c.low)),
        high_(set(c.high)),
        special_(set(c.special)),
        subnormal_less_one_(set(c.subnormal == 0 ? 0 : c.subnormal - 1)),
        add_(set(c.add)),
        add_odd_(set(c.add_odd)),
        flip_(set(c.flip)),
        carry_(set(c.carry)),
        keep_(set(c.keep)),
        zero_sign_(c.zero_has_sign ? ~__mmask32{0} : 0),
        is_unsigned_(c.is_signed ? 0 : ~__mmask32{0}) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE bytes encode(words a, words b) const noexcept {
    return _mm512_packus_epi16(encode(a), encode(b));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(words a, words b) const noexcept {
    return (is_special(a) | is_special(b)) != 0;
  }

 private:
  template <int Size>
  struct entries {
    std::uint16_t entry[Size];
  };
  static entries<Window> wrapped(const rank_encoder& c) noexcept {
    entries<Window> r{};
    for (int i = Window == 256 ? 0 : c.first; i < c.first + c.count; ++i) {
      r.entry[i % Window] = c.table[i];
    }
    return r;
  }
  static entries<Codes == 0 ? 64 : Codes> widened(const rank_encoder& c) noexcept {
    entries<Codes == 0 ? 64 : Codes> r{};
    for (int i = 0; i < Codes; ++i) r.entry[i] = c.codes[i];
    return r;
  }
  static BINADE_ALWAYS_INLINE words set(int x) noexcept {
    return _mm512_set1_epi16(static_cast<short>(x));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE words encode(words h) const noexcept {
    const words m = _mm512_and_si512(h, set(0x7fff));
    words a = _mm512_min_epu16(m, high_);
    if constexpr (Window != 256) a = _mm512_max_epu16(a, low_);
    const words entry = table_(_mm512_srli_epi16(a, 7));
    const words fraction =
        _mm512_sllv_epi16(_mm512_and_si512(a, set(0x7f)), _mm512_and_si512(entry, set(0x1f)));
    const words v = _mm512_add_epi16(_mm512_and_si512(entry, set(0xff80)), fraction);
    const words odd = _mm512_and_si512(_mm512_srli_epi16(v, 8), add_odd_);
    const __mmask32 nonzero = _mm512_test_epi16_mask(m, m);
    words code =
        _mm512_maskz_srli_epi16(nonzero, _mm512_add_epi16(v, _mm512_add_epi16(odd, add_)), 8);
    if constexpr (Codes != 0) code = codes_(code);
    const __mmask32 negative = _mm512_movepi16_mask(h) & (_mm512_test_epi16_mask(code, code) |
                                                          zero_sign_ | (nonzero & is_unsigned_));
    const words n = _mm512_movm_epi16(negative);
    code = _mm512_ternarylogic_epi32(code, n, keep_, 0xb0);  // code & (~n | keep)
    code = _mm512_ternarylogic_epi32(code, n, flip_, 0x78);  // code ^ (n & flip)
    return _mm512_mask_add_epi16(code, negative, code, carry_);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE __mmask32 is_special(words h) const noexcept {
    const words m = _mm512_and_si512(h, set(0x7fff));
    const __mmask32 large = _mm512_cmpge_epu16_mask(m, special_);
    if constexpr (Window != 256) return large;
    return large | _mm512_cmplt_epu16_mask(_mm512_sub_epi16(m, set(1)), subnormal_less_one_);
  }
  word_table<Window> table_;
  word_table<Codes == 0 ? 64 : Codes> codes_;
  words low_, high_, special_, subnormal_less_one_, add_, add_odd_, flip_, carry_, keep_;
  __mmask32 zero_sign_, is_unsigned_;
};

BINADE_ALWAYS_INLINE vec splat(std::uint32_t v) noexcept {
  return _mm512_set1_epi32(static_cast<int>(v));
}
BINADE_ALWAYS_INLINE __m128i count(std::uint32_t n) noexcept {
  return _mm_cvtsi32_si128(static_cast<int>(n));
}
BINADE_ALWAYS_INLINE vec bit_and(vec a, vec b) noexcept { return _mm512_and_si512(a, b); }
BINADE_ALWAYS_INLINE vec bit_or(vec a, vec b) noexcept { return _mm512_or_si512(a, b); }
BINADE_ALWAYS_INLINE vec bit_xor(vec a, vec b) noexcept { return _mm512_xor_si512(a, b); }
BINADE_ALWAYS_INLINE vec add(vec a, vec b) noexcept { return _mm512_add_epi32(a, b); }
BINADE_ALWAYS_INLINE vec subtract(vec a, vec b) noexcept { return _mm512_sub_epi32(a, b); }
BINADE_ALWAYS_INLINE vec shift_right(vec x, __m128i n) noexcept { return _mm512_srl_epi32(x, n); }
/// All bits of each lane are its sign.
BINADE_ALWAYS_INLINE vec shift_right_signed(vec x) noexcept { return _mm512_srai_epi32(x, 31); }
BINADE_ALWAYS_INLINE vec min_unsigned(vec a, vec b) noexcept { return _mm512_min_epu32(a, b); }
BINADE_ALWAYS_INLINE vec max_unsigned(vec a, vec b) noexcept { return _mm512_max_epu32(a, b); }
BINADE_ALWAYS_INLINE vec min_signed(vec a, vec b) noexcept { return _mm512_min_epi32(a, b); }
BINADE_ALWAYS_INLINE vec max_signed(vec a, vec b) noexcept { return _mm512_max_epi32(a, b); }
/// All ones where a >= b.
BINADE_ALWAYS_INLINE vec not_less(vec a, vec b) noexcept {
  return _mm512_movm_epi32(_mm512_cmpge_epi32_mask(a, b));
}
BINADE_ALWAYS_INLINE bool any_different(vec a, vec b) noexcept {
  return _mm512_cmpneq_epi32_mask(a, b) != 0;
}
/// table[index], where index is 0 to 7.
BINADE_ALWAYS_INLINE vec look_up_8(const std::int32_t* table, vec index) noexcept {
  return _mm512_permutexvar_epi32(
      index, _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(table))));
}
/// table[index], where index is 0 to 255.
BINADE_ALWAYS_INLINE vec look_up_256(const std::uint32_t* table, vec index) noexcept {
  return _mm512_i32gather_epi32(index, table, 4);
}
/// Floats to integers: toward zero, or to nearest even, in any environment.
template <rounds_integers How>
BINADE_ALWAYS_INLINE vec to_integer(vec x) noexcept {
  constexpr int mode =
      (How == rounds_integers::toward_zero ? _MM_FROUND_TO_ZERO : _MM_FROUND_TO_NEAREST_INT);
  return _mm512_cvt_roundps_epi32(_mm512_castsi512_ps(x), mode | _MM_FROUND_NO_EXC);
}
BINADE_ALWAYS_INLINE void store_codes(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  store4(p, a, b, c, d);
}
BINADE_ALWAYS_INLINE vec pack_words(vec a, vec b) noexcept {
  return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7),
                                  _mm512_packus_epi32(a, b));
}
BINADE_ALWAYS_INLINE void store_codes(std::uint16_t* p, vec a, vec b, vec c, vec d) noexcept {
  _mm512_storeu_si512(p, pack_words(a, b));
  _mm512_storeu_si512(p + 2 * lanes, pack_words(c, d));
}
BINADE_ALWAYS_INLINE void store_codes(std::uint32_t* p, vec a, vec b, vec c, vec d) noexcept {
  _mm512_storeu_si512(p, a);
  _mm512_storeu_si512(p + lanes, b);
  _mm512_storeu_si512(p + 2 * lanes, c);
  _mm512_storeu_si512(p + 3 * lanes, d);
}

/// How results of decoding are stored: past the caches if they are far larger.
struct ordinary_store {
  static constexpr bool is_streaming = false;
  static BINADE_ALWAYS_INLINE void put(void* p, vec x) noexcept { _mm512_storeu_si512(p, x); }
  static void finish() noexcept {}
};
struct streaming_store {
  static constexpr bool is_streaming = true;
  static BINADE_ALWAYS_INLINE void put(void* p, vec x) noexcept {
    _mm512_stream_si512(static_cast<__m512i*>(p), x);
  }
  static void finish() noexcept { _mm_sfence(); }
};
BINADE_ALWAYS_INLINE vec canonical_nan(vec x) noexcept {
  const __mmask16 is_nan =
      _mm512_cmpgt_epu32_mask(bit_and(x, splat(0x7fffffff)), splat(0x7f800000));
  // (x & sign) | quiet NaN
  return _mm512_mask_ternarylogic_epi32(x, is_nan, splat(0x80000000U), splat(0x7fc00000), 0xea);
}
template <int Size, int Halves>
class float_decoder {
 public:
  explicit float_decoder(const decode_table& t) noexcept : high_(t.high), low_(t.low) {}
  template <class Store>
  BINADE_ALWAYS_INLINE void decode(const std::uint8_t* from, float* to) const noexcept {
    // Fours of codes in the order in which unpacking gives two vectors of neighbours.
    const __m256i codes =
        _mm256_permutevar8x32_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
                                    _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const words index = _mm512_cvtepu8_epi16(codes);
    const words high = high_(index);
    const words low = Halves == 2 ? low_(index) : _mm512_setzero_si512();
    Store::put(to, _mm512_unpacklo_epi16(low, high));
    Store::put(to + 16, _mm512_unpackhi_epi16(low, high));
  }

 private:
  word_table<Size> high_;
  word_table<Halves == 2 ? Size : 64> low_;
};
class word_decoder {
 public:
  explicit word_decoder(const decode_table& t) noexcept : table_(t.high) {}
  template <class Store>
  BINADE_ALWAYS_INLINE void decode(const std::uint8_t* from, std::uint16_t* to) const noexcept {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    Store::put(to, table_(_mm512_cvtepu8_epi16(codes)));
  }

 private:
  word_table<256> table_;
};

BINADE_ALWAYS_INLINE vec shift_left(vec x, __m128i n) noexcept { return _mm512_sll_epi32(x, n); }
/// x >> n, 0 where n > 31.
BINADE_ALWAYS_INLINE vec shift_right_each(vec x, vec n) noexcept { return _mm512_srlv_epi32(x, n); }
/// All ones where a < b.
BINADE_ALWAYS_INLINE vec less_unsigned(vec a, vec b) noexcept {
  return _mm512_movm_epi32(_mm512_cmplt_epu32_mask(a, b));
}
/// a where x is 0, else b.
BINADE_ALWAYS_INLINE vec where_zero(vec x, vec a, vec b) noexcept {
  return _mm512_mask_mov_epi32(b, _mm512_testn_epi32_mask(x, x), a);
}
template <int Bits>
BINADE_ALWAYS_INLINE vec load_unsigned(const std::uint8_t* p) noexcept {
  if constexpr (Bits == 8) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  } else {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
}
/// The lower halves of the products of 32 bits; the upper ones go to `high`.
BINADE_ALWAYS_INLINE vec multiply_wide(vec a, vec b, vec& high) noexcept {
  const vec even = _mm512_mul_epu32(a, b);
  const vec odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
  high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
  return _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
}
/// The block of each lane such that store_transposed puts them in order.
BINADE_ALWAYS_INLINE vec block_of_lane() noexcept {
  return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}
/// Stores words 0 to 3 of each lane's block side by side.
BINADE_ALWAYS_INLINE void store_transposed(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec ab_low = _mm512_unpacklo_epi32(a, b);
  const vec ab_high = _mm512_unpackhi_epi32(a, b);
  const vec cd_low = _mm512_unpacklo_epi32(c, d);
  const vec cd_high = _mm512_unpackhi_epi32(c, d);
  _mm512_storeu_si512(p, _mm512_unpacklo_epi64(ab_low, cd_low));
  _mm512_storeu_si512(p + 64, _mm512_unpackhi_epi64(ab_low, cd_low));
  _mm512_storeu_si512(p + 128, _mm512_unpacklo_epi64(ab_high, cd_high));
  _mm512_storeu_si512(p + 192, _mm512_unpackhi_epi64(ab_high, cd_high));
}

/// By bisection of the upper halves, 32 at a time, then by the lower half of the one boundary that
/// may share the element's upper half.
class wide_codebook {
 public:
  explicit wide_codebook(const wide_codebook_encoder& c) noexcept : t_(*c.table) {}
  /// Writes the codes of 64 elements; whether one may be NaN.
  template <class Source>
  BINADE_ALWAYS_INLINE bool encode(const typename Source::type* from,
                                   std::uint8_t* to) const noexcept {
    __mmask32 special = 0;
    const words a = codes_of<Source>(from, special);
    const words b = codes_of<Source>(from + word_lanes, special);
    store_ranks(to, _mm512_packus_epi16(a, b));
    return special != 0;
  }

 private:
  template <class Source>
  [[nodiscard]] BINADE_ALWAYS_INLINE words codes_of(const typename Source::type* from,
                                                    __mmask32& special) const noexcept {
    words high, low;
    load_halves<Source>(from, high, low);
    const words one = _mm512_set1_epi16(1);
    const words magnitude = _mm512_set1_epi16(0x7fff);
    special |=
        _mm512_cmpge_epu16_mask(_mm512_and_si512(high, magnitude), _mm512_set1_epi16(0x7f80));
    const words sign = _mm512_srai_epi16(high, 15);
    const words upper = _mm512_ternarylogic_epi32(high, sign, magnitude, 0x78);  // a ^ (b & c)
    const words lower = _mm512_xor_si512(low, sign);
    words code = _mm512_setzero_si512();
    code = step<32>(code, upper, 0);
    code = step<32>(code, upper, 1);
    code = step<32>(code, upper, 2);
    code = step<32>(code, upper, 3);
    code = step<32>(code, upper, 4);
    code = step<32>(code, upper, 5);
    code = step<64>(code, upper, 6);
    code = step<128>(code, upper, 7);
    const __mmask32 same = _mm512_cmpeq_epi16_mask(upper, word_table<256>(t_.upper)(code));
    const __mmask32 below =
        _mm512_mask_cmplt_epu16_mask(same, lower, word_table<256>(t_.lower)(code));
    return _mm512_mask_sub_epi16(code, below, code, one);
  }
  /// 2 * code, and one more where x reaches the boundary in the middle of the code's range.
  template <int Size>
  [[nodiscard]] BINADE_ALWAYS_INLINE words step(words code, words x, int level) const noexcept {
    const words middle = word_table<Size>(t_.middle[level])(code);
    const words twice = _mm512_add_epi16(code, code);
    return _mm512_mask_add_epi16(twice, _mm512_cmpge_epi16_mask(x, middle), twice,
                                 _mm512_set1_epi16(1));
  }
  const wide_codebook_table& t_;
};
