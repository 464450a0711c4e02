// SPDX-License-Identifier: MIT

// The primitives of conversion for AVX2. Included by convert_targets.hpp inside the target's region
// and namespace.

/// The bits of 8 elements as floats.
template <class Source>
BINADE_ALWAYS_INLINE vec load_as_float(const typename Source::type* p) noexcept {
  if constexpr (std::same_as<Source, float_source>) {
    return load(p);
  } else {
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    if constexpr (std::same_as<Source, float16_source>) {
      return _mm256_castps_si256(_mm256_cvtph_ps(half));
    } else {
      return _mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16);
    }
  }
}
inline constexpr std::size_t word_lanes = 16;
using words = __m256i;
using bytes = __m256i;
/// The upper 16 bits of 16 elements as floats, bit 0 sticky; in each half, 4 of the first 8
/// elements come before 4 of the last.
template <class Source>
BINADE_ALWAYS_INLINE words upper_words(const typename Source::type* p) noexcept {
  const vec a = load_as_float<Source>(p);
  const vec b = load_as_float<Source>(p + lanes);
  const words high = _mm256_packus_epi32(_mm256_srli_epi32(a, 16), _mm256_srli_epi32(b, 16));
  const vec mask = _mm256_set1_epi32(0xffff);
  const words low = _mm256_packus_epi32(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
  const words is_zero = _mm256_cmpeq_epi16(low, _mm256_setzero_si256());
  return _mm256_or_si256(high, _mm256_add_epi16(is_zero, _mm256_set1_epi16(1)));
}
/// Stores bytes packed from two upper_words, in the elements' order.
BINADE_ALWAYS_INLINE void store_ranks(std::uint8_t* p, bytes x) noexcept {
  const vec order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(x, order));
}
template <int Window, int Codes>
class ranker {
 public:
  explicit ranker(const rank_encoder& c) noexcept
      : c_(c),
        chunks_((c.count + 15) / 16),
        low_(set(c.low)),
        high_(set(c.high)),
        special_(set(c.special)),
        subnormal_(set(c.subnormal == 0 ? 1 : c.subnormal)),
        first_(_mm256_set1_epi8(static_cast<char>(c.first))),
        add_(set(c.add)),
        add_odd_(set(c.add_odd)),
        flip_(_mm256_set1_epi8(static_cast<char>(c.flip))),
        carry_(_mm256_set1_epi8(static_cast<char>(c.carry))),
        keep_(_mm256_set1_epi8(static_cast<char>(c.keep))),
        drop_(_mm256_set1_epi8(c.zero_has_sign || !c.is_signed ? 0 : -1)),
        is_unsigned_(_mm256_set1_epi8(c.is_signed ? 0 : -1)) {
    for (int i = 0; i < Window; ++i) {
      const int entry = i < c.count ? c.table[c.first + i] : 0;
      rank_[i] = static_cast<std::uint8_t>(entry >> 8);
      rest_[i] = static_cast<std::uint8_t>(entry);
    }
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bytes encode(words a, words b) const noexcept {
    const words zero = _mm256_setzero_si256();
    const words ma = _mm256_and_si256(a, set(0x7fff));
    const words mb = _mm256_and_si256(b, set(0x7fff));
    const words ca = _mm256_min_epu16(_mm256_max_epu16(ma, low_), high_);
    const words cb = _mm256_min_epu16(_mm256_max_epu16(mb, low_), high_);
    bytes index = _mm256_packus_epi16(_mm256_srli_epi16(ca, 7), _mm256_srli_epi16(cb, 7));
    index = _mm256_sub_epi8(index, first_);
    bytes rank = zero;
    bytes rest = zero;
    for (int k = 0; k < chunks_; ++k) {
      const bytes at = chunk_index(index, k);
      rank = _mm256_or_si256(rank, _mm256_shuffle_epi8(table(rank_ + 16 * k), at));
      rest = _mm256_or_si256(rest, _mm256_shuffle_epi8(table(rest_ + 16 * k), at));
    }
    const bytes factors = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0));
    const bytes factor =
        _mm256_shuffle_epi8(factors, _mm256_and_si256(rest, _mm256_set1_epi8(0x1f)));
    const bytes half = _mm256_and_si256(rest, _mm256_set1_epi8(-128));
    const words ra =
        rounded(ca, _mm256_unpacklo_epi8(half, rank), _mm256_unpacklo_epi8(factor, zero));
    const words rb =
        rounded(cb, _mm256_unpackhi_epi8(half, rank), _mm256_unpackhi_epi8(factor, zero));
    bytes code = _mm256_packus_epi16(ra, rb);
    const bytes is_zero =
        _mm256_packs_epi16(_mm256_cmpeq_epi16(ma, zero), _mm256_cmpeq_epi16(mb, zero));
    code = _mm256_andnot_si256(is_zero, code);
    if constexpr (Codes != 0) {
      bytes mapped = zero;
      for (int k = 0; k < Codes / 16; ++k) {
        const bytes entries = table(c_.codes + 16 * k);
        mapped = _mm256_or_si256(mapped, _mm256_shuffle_epi8(entries, chunk_index(code, k)));
      }
      code = mapped;
    }
    const bytes not_negative =
        _mm256_or_si256(_mm256_and_si256(_mm256_cmpeq_epi8(code, zero), drop_),
                        _mm256_and_si256(is_zero, is_unsigned_));
    const bytes negative =
        _mm256_andnot_si256(not_negative, _mm256_cmpgt_epi8(zero, _mm256_packs_epi16(a, b)));
    code = _mm256_andnot_si256(_mm256_andnot_si256(keep_, negative), code);
    code = _mm256_xor_si256(code, _mm256_and_si256(negative, flip_));
    return _mm256_add_epi8(code, _mm256_and_si256(negative, carry_));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(words a, words b) const noexcept {
    return _mm256_movemask_epi8(_mm256_or_si256(is_special(a), is_special(b))) != 0;
  }

 private:
  static BINADE_ALWAYS_INLINE words set(int x) noexcept {
    return _mm256_set1_epi16(static_cast<short>(x));
  }
  static BINADE_ALWAYS_INLINE bytes table(const std::uint8_t* p) noexcept {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  /// Indices within chunk k of 16; with bit 7, for which a shuffle gives 0, outside.
  static BINADE_ALWAYS_INLINE bytes chunk_index(bytes index, int k) noexcept {
    const bytes relative = _mm256_sub_epi8(index, _mm256_set1_epi8(static_cast<char>(16 * k)));
    return _mm256_adds_epu8(relative, _mm256_set1_epi8(0x70));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE words rounded(words magnitude, words base,
                                                   words factor) const noexcept {
    const words m = _mm256_and_si256(magnitude, set(0x7f));
    const words v = _mm256_add_epi16(base, _mm256_mullo_epi16(m, factor));
    const words odd = _mm256_and_si256(_mm256_srli_epi16(v, 8), add_odd_);
    return _mm256_srli_epi16(_mm256_add_epi16(v, _mm256_add_epi16(odd, add_)), 8);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE words is_special(words h) const noexcept {
    const words m = _mm256_and_si256(h, set(0x7fff));
    const words large = _mm256_cmpeq_epi16(_mm256_max_epu16(m, special_), m);
    // 0 < m < subnormal: m - 1, modulo 2^16, is less than subnormal - 1.
    const words less_one = _mm256_sub_epi16(m, set(1));
    const words limit = _mm256_sub_epi16(subnormal_, set(1));
    const words not_small = _mm256_cmpeq_epi16(_mm256_max_epu16(less_one, limit), less_one);
    return _mm256_or_si256(large, _mm256_xor_si256(not_small, set(-1)));
  }
  const rank_encoder& c_;
  int chunks_;
  words low_, high_, special_, subnormal_;
  bytes first_;
  words add_, add_odd_;
  bytes flip_, carry_, keep_, drop_, is_unsigned_;
  alignas(16) std::uint8_t rank_[Window];
  alignas(16) std::uint8_t rest_[Window];
};

BINADE_ALWAYS_INLINE vec splat(std::uint32_t v) noexcept {
  return _mm256_set1_epi32(static_cast<int>(v));
}
BINADE_ALWAYS_INLINE __m128i count(std::uint32_t n) noexcept {
  return _mm_cvtsi32_si128(static_cast<int>(n));
}
BINADE_ALWAYS_INLINE vec bit_and(vec a, vec b) noexcept { return _mm256_and_si256(a, b); }
BINADE_ALWAYS_INLINE vec bit_or(vec a, vec b) noexcept { return _mm256_or_si256(a, b); }
BINADE_ALWAYS_INLINE vec bit_xor(vec a, vec b) noexcept { return _mm256_xor_si256(a, b); }
BINADE_ALWAYS_INLINE vec add(vec a, vec b) noexcept { return _mm256_add_epi32(a, b); }
BINADE_ALWAYS_INLINE vec subtract(vec a, vec b) noexcept { return _mm256_sub_epi32(a, b); }
BINADE_ALWAYS_INLINE vec shift_right(vec x, __m128i n) noexcept { return _mm256_srl_epi32(x, n); }
/// All bits of each lane are its sign.
BINADE_ALWAYS_INLINE vec shift_right_signed(vec x) noexcept { return _mm256_srai_epi32(x, 31); }
BINADE_ALWAYS_INLINE vec min_unsigned(vec a, vec b) noexcept { return _mm256_min_epu32(a, b); }
BINADE_ALWAYS_INLINE vec max_unsigned(vec a, vec b) noexcept { return _mm256_max_epu32(a, b); }
BINADE_ALWAYS_INLINE vec min_signed(vec a, vec b) noexcept { return _mm256_min_epi32(a, b); }
BINADE_ALWAYS_INLINE vec max_signed(vec a, vec b) noexcept { return _mm256_max_epi32(a, b); }
/// All ones where a >= b.
BINADE_ALWAYS_INLINE vec not_less(vec a, vec b) noexcept {
  return _mm256_xor_si256(_mm256_cmpgt_epi32(b, a), splat(0xffffffffU));
}
BINADE_ALWAYS_INLINE bool any_different(vec a, vec b) noexcept {
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(a, b)) != -1;
}
/// table[index], where index is 0 to 7.
BINADE_ALWAYS_INLINE vec look_up_8(const std::int32_t* table, vec index) noexcept {
  return _mm256_permutevar8x32_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(table)),
                                     index);
}
/// table[index], where index is 0 to 255.
BINADE_ALWAYS_INLINE vec look_up_256(const std::uint32_t* table, vec index) noexcept {
  return _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), index, 4);
}
/// Floats to integers: toward zero, or to nearest even in the default environment.
template <rounds_integers How>
BINADE_ALWAYS_INLINE vec to_integer(vec x) noexcept {
  if constexpr (How == rounds_integers::toward_zero)
    return _mm256_cvttps_epi32(_mm256_castsi256_ps(x));
  return _mm256_cvtps_epi32(_mm256_castsi256_ps(x));
}
BINADE_ALWAYS_INLINE void store_codes(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  store4(p, a, b, c, d);
}
BINADE_ALWAYS_INLINE vec pack_words(vec a, vec b) noexcept {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8);
}
BINADE_ALWAYS_INLINE void store_codes(std::uint16_t* p, vec a, vec b, vec c, vec d) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), pack_words(a, b));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p) + 1, pack_words(c, d));
}
BINADE_ALWAYS_INLINE void store_codes(std::uint32_t* p, vec a, vec b, vec c, vec d) noexcept {
  __m256i* to = reinterpret_cast<__m256i*>(p);
  _mm256_storeu_si256(to, a);
  _mm256_storeu_si256(to + 1, b);
  _mm256_storeu_si256(to + 2, c);
  _mm256_storeu_si256(to + 3, d);
}

/// How results of decoding are stored: past the caches if they are far larger.
struct ordinary_store {
  static constexpr bool is_streaming = false;
  static BINADE_ALWAYS_INLINE void put(void* p, vec x) noexcept {
    _mm256_storeu_si256(static_cast<__m256i*>(p), x);
  }
  static void finish() noexcept {}
};
struct streaming_store {
  static constexpr bool is_streaming = true;
  static BINADE_ALWAYS_INLINE void put(void* p, vec x) noexcept {
    _mm256_stream_si256(static_cast<__m256i*>(p), x);
  }
  static void finish() noexcept { _mm_sfence(); }
};
BINADE_ALWAYS_INLINE vec canonical_nan(vec x) noexcept {
  const vec is_nan = _mm256_cmpgt_epi32(bit_and(x, splat(0x7fffffff)), splat(0x7f800000));
  const vec nan = bit_or(bit_and(x, splat(0x80000000U)), splat(0x7fc00000));
  return _mm256_blendv_epi8(x, nan, is_nan);
}
BINADE_ALWAYS_INLINE vec shift_left(vec x, __m128i n) noexcept { return _mm256_sll_epi32(x, n); }
/// x >> n, 0 where n > 31.
BINADE_ALWAYS_INLINE vec shift_right_each(vec x, vec n) noexcept { return _mm256_srlv_epi32(x, n); }
/// All ones where a < b.
BINADE_ALWAYS_INLINE vec less_unsigned(vec a, vec b) noexcept {
  return _mm256_xor_si256(_mm256_cmpeq_epi32(max_unsigned(a, b), a), splat(0xffffffffU));
}
/// a where x is 0, else b.
BINADE_ALWAYS_INLINE vec where_zero(vec x, vec a, vec b) noexcept {
  return _mm256_blendv_epi8(b, a, _mm256_cmpeq_epi32(x, _mm256_setzero_si256()));
}
template <int Bits>
BINADE_ALWAYS_INLINE vec load_unsigned(const std::uint8_t* p) noexcept {
  if constexpr (Bits == 8) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  } else {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
}
/// The lower halves of the products of 32 bits; the upper ones go to `high`.
BINADE_ALWAYS_INLINE vec multiply_wide(vec a, vec b, vec& high) noexcept {
  const vec even = _mm256_mul_epu32(a, b);
  const vec odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
/// The block of each lane such that store_transposed puts them in order.
BINADE_ALWAYS_INLINE vec block_of_lane() noexcept {
  return _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
}
/// Stores words 0 to 3 of each lane's block side by side.
BINADE_ALWAYS_INLINE void store_transposed(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  const vec ab_low = _mm256_unpacklo_epi32(a, b);
  const vec ab_high = _mm256_unpackhi_epi32(a, b);
  const vec cd_low = _mm256_unpacklo_epi32(c, d);
  const vec cd_high = _mm256_unpackhi_epi32(c, d);
  __m256i* to = reinterpret_cast<__m256i*>(p);
  _mm256_storeu_si256(to, _mm256_unpacklo_epi64(ab_low, cd_low));
  _mm256_storeu_si256(to + 1, _mm256_unpackhi_epi64(ab_low, cd_low));
  _mm256_storeu_si256(to + 2, _mm256_unpacklo_epi64(ab_high, cd_high));
  _mm256_storeu_si256(to + 3, _mm256_unpackhi_epi64(ab_high, cd_high));
}
