// SPDX-License-Identifier: MIT

// What the algorithms of quantization are written in, on AVX-512: included inside its region and
// namespace. Rounding is embedded in the instructions, so that no environment and no -ffast-math
// changes it.

inline constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

inline vec splat(std::uint32_t v) noexcept { return _mm512_set1_epi32(static_cast<int>(v)); }
inline vec splat(float v) noexcept { return _mm512_castps_si512(_mm512_set1_ps(v)); }
inline vec load_bits(const std::uint32_t* p) noexcept { return _mm512_loadu_si512(p); }
inline void store_bits(std::uint32_t* p, vec v) noexcept { _mm512_storeu_si512(p, v); }
inline void store(float* p, vec v) noexcept { _mm512_storeu_si512(p, v); }
/// The low byte of each lane.
inline void store_low_bytes(std::byte* p, vec v) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
}
inline vec load_low_bytes(const std::byte* p) noexcept {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline vec load_words(const std::uint16_t* p) noexcept {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline vec float16_to_float(const std::uint16_t* p) noexcept {
  return _mm512_castps_si512(
      _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
}

inline vec bit_and(vec a, vec b) noexcept { return _mm512_and_si512(a, b); }
inline vec max_bits(vec a, vec b) noexcept { return _mm512_max_epu32(a, b); }
inline vec min_bits(vec a, vec b) noexcept { return _mm512_min_epu32(a, b); }
inline vec max_int(vec a, vec b) noexcept { return _mm512_max_epi32(a, b); }
inline vec min_int(vec a, vec b) noexcept { return _mm512_min_epi32(a, b); }
inline vec add(vec a, vec b) noexcept { return _mm512_add_epi32(a, b); }
inline vec subtract(vec a, vec b) noexcept { return _mm512_sub_epi32(a, b); }
inline vec shift_left(vec a, int n) noexcept { return _mm512_sll_epi32(a, _mm_cvtsi32_si128(n)); }
inline vec shift_right(vec a, int n) noexcept { return _mm512_srl_epi32(a, _mm_cvtsi32_si128(n)); }
/// a where x is 0, else b.
inline vec if_zero(vec x, vec a, vec b) noexcept {
  return _mm512_mask_mov_epi32(a, _mm512_test_epi32_mask(x, x), b);
}
/// a where x < y as signed integers, else b.
inline vec if_less(vec x, vec y, vec a, vec b) noexcept {
  return _mm512_mask_mov_epi32(b, _mm512_cmplt_epi32_mask(x, y), a);
}
inline bool any(vec x) noexcept { return _mm512_test_epi32_mask(x, x) != 0; }
inline vec from_int(vec x) noexcept {
  return _mm512_castps_si512(_mm512_cvt_roundepi32_ps(x, nearest));
}
inline vec multiply(vec a, vec b) noexcept {
  return _mm512_castps_si512(
      _mm512_mul_round_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), nearest));
}
inline vec divide(vec a, vec b) noexcept {
  return _mm512_castps_si512(
      _mm512_div_round_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), nearest));
}
/// The product rounded to odd: cut, with an odd last bit unless it is exact. Needs a product and an
/// error that are normal numbers or 0.
inline vec multiply_to_odd(vec a, vec b) noexcept {
  const vec p = multiply(a, b);
  const __m512 error = _mm512_fmsub_round_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b),
                                             _mm512_castsi512_ps(p), nearest);
  const __mmask16 inexact = _mm512_cmp_ps_mask(error, _mm512_setzero_ps(), _CMP_NEQ_OQ);
  const __mmask16 above = static_cast<__mmask16>(
      inexact & _mm512_movepi32_mask(_mm512_xor_si512(_mm512_castps_si512(error), p)));
  const vec cut = _mm512_mask_sub_epi32(p, above, p, splat(1U));
  return _mm512_mask_or_epi32(cut, inexact, cut, splat(1U));
}

/// Largest of 16 neighbours: lane i of the result from v[i].
inline vec max_across(const vec (&v)[16]) noexcept {
  vec quad[4];
  BINADE_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    const vec ab = max_bits(_mm512_unpacklo_epi32(v[4 * i], v[4 * i + 1]),
                            _mm512_unpackhi_epi32(v[4 * i], v[4 * i + 1]));
    const vec cd = max_bits(_mm512_unpacklo_epi32(v[4 * i + 2], v[4 * i + 3]),
                            _mm512_unpackhi_epi32(v[4 * i + 2], v[4 * i + 3]));
    quad[i] = max_bits(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  }
  const vec low = max_bits(_mm512_shuffle_i32x4(quad[0], quad[1], 0x88),
                           _mm512_shuffle_i32x4(quad[0], quad[1], 0xdd));
  const vec high = max_bits(_mm512_shuffle_i32x4(quad[2], quad[3], 0x88),
                            _mm512_shuffle_i32x4(quad[2], quad[3], 0xdd));
  return max_bits(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
}

/// How many lanes had a magnitude above a limit.
class lane_counter {
 public:
  lane_counter() noexcept : sum_(splat(0U)) {}
  void add_above(vec magnitudes, vec limit) noexcept {
    const __mmask16 above = _mm512_cmpgt_epu32_mask(magnitudes, limit);
    sum_ = _mm512_mask_sub_epi32(sum_, above, sum_, splat(~0U));
  }
  [[nodiscard]] std::size_t total() const noexcept {
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi32(sum_));
  }

 private:
  vec sum_;
};

/// Whether the quotients lie far from every boundary; see make_lattice.
inline bool all_clear(const vec (&y)[4], vec lattice) noexcept {
  const vec four = splat(4U);
  const __mmask16 near = static_cast<__mmask16>(_mm512_testn_epi32_mask(add(y[0], four), lattice) |
                                                _mm512_testn_epi32_mask(add(y[1], four), lattice) |
                                                _mm512_testn_epi32_mask(add(y[2], four), lattice) |
                                                _mm512_testn_epi32_mask(add(y[3], four), lattice));
  return near == 0;
}

/// y moved to the side of the number near it on which the exact quotient lies: on it, or one unit
/// in the last place away. x - v * scale has the sign of the difference: the product of v and the
/// short factor is exact, and the fma rounds once.
inline vec settle(vec x, vec y, float scale, const scaled_run& run, vec lattice) noexcept {
  const vec moved = add(y, splat(4U));
  const __mmask16 near = _mm512_testn_epi32_mask(moved, lattice);
  const vec v = bit_and(moved, splat(~7U));
  const bool product = run.form == scale_form::product;
  const vec part = product ? multiply(v, splat(scale)) : v;
  const __m512 d = _mm512_fnmadd_round_ps(_mm512_castsi512_ps(part),
                                          _mm512_set1_ps(product ? run.tensor : scale),
                                          _mm512_castsi512_ps(x), nearest);
  const __mmask16 off = _mm512_cmp_ps_mask(d, _mm512_setzero_ps(), _CMP_NEQ_OQ);
  const __mmask16 inward = static_cast<__mmask16>(
      off & _mm512_movepi32_mask(_mm512_xor_si512(_mm512_castps_si512(d), v)));
  vec settled = _mm512_mask_add_epi32(v, off, v, splat(1U));
  settled = _mm512_mask_sub_epi32(settled, inward, v, splat(1U));
  return _mm512_mask_mov_epi32(y, near, settled);
}

/// Codes of integers, by the addition that leaves them in the low bits.
class integer_encoder {
 public:
  explicit integer_encoder(const scaled_encoder& e) noexcept
      : largest_(_mm512_set1_ps(e.largest)),
        lowest_(_mm512_set1_ps(e.lowest)),
        mask_(splat(e.zero)) {}
  [[nodiscard]] vec encode(vec y) const noexcept {
    const __m512 clamped = _mm512_max_ps(_mm512_min_ps(_mm512_castsi512_ps(y), largest_), lowest_);
    const __m512 sum = _mm512_add_round_ps(clamped, _mm512_set1_ps(0x1.8p23F), nearest);
    return bit_and(_mm512_castps_si512(sum), mask_);
  }

 private:
  __m512 largest_, lowest_;
  vec mask_;
};

/// 4 * lanes codes, one a byte.
using code_bytes = __m512i;
inline code_bytes gather_codes(const vec (&c)[4]) noexcept {
  const vec bytes =
      _mm512_packus_epi16(_mm512_packus_epi32(c[0], c[1]), _mm512_packus_epi32(c[2], c[3]));
  const vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, bytes);
}
inline std::size_t count_zeros(code_bytes c, std::uint32_t mask) noexcept {
  const __mmask64 zero = _mm512_testn_epi8_mask(c, _mm512_set1_epi8(static_cast<char>(mask)));
  return static_cast<std::size_t>(popcount(static_cast<std::uint64_t>(zero)));
}
inline void store_bytes(std::byte* p, code_bytes c) noexcept { _mm512_storeu_si512(p, c); }
inline void store_nibbles(std::byte* p, code_bytes c) noexcept {
  const vec pairs = _mm512_maddubs_epi16(c, _mm512_set1_epi16(0x1001));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi16_epi8(pairs));
}
inline void store_sextets(std::byte* p, code_bytes c) noexcept {
  const vec pairs = _mm512_maddubs_epi16(c, _mm512_set1_epi16(0x4001));
  const vec fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x10000001));
  const vec low =
      _mm512_shuffle_epi8(fours, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10,
                                                                      12, 13, 14, -1, -1, -1, -1)));
  const vec order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  _mm512_mask_storeu_epi32(p, 0x0fff, _mm512_permutexvar_epi32(order, low));
}
inline void fetch(const float* p) noexcept {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

/// The values of 4 * lanes codes of Bits bits.
template <int Bits>
class value_table;
template <>
class value_table<4> {
 public:
  explicit value_table(const float* values) noexcept : values_(_mm512_loadu_ps(values)) {}
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    BINADE_UNROLL(4)
    for (int k = 0; k < 4; ++k) {
      // A byte in each 64 bits; its high nibble goes to the upper half. The permutation looks at
      // the low 4 bits of an index.
      const vec bytes =
          _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 8 * k)));
      const vec index = _mm512_or_si512(bytes, _mm512_slli_epi64(bytes, 28));
      v[k] = _mm512_castps_si512(_mm512_permutexvar_ps(index, values_));
    }
  }

 private:
  __m512 values_;
};
/// By the upper halves of the values: the lower ones are 0.
template <>
class value_table<8> {
 public:
  explicit value_table(const float* values) noexcept {
    std::uint16_t upper[256];
    for (int i = 0; i < 256; ++i) {
      upper[i] = static_cast<std::uint16_t>(bit_cast<std::uint32_t>(values[i]) >> 16);
    }
    for (int i = 0; i < 8; ++i) part_[i] = _mm512_loadu_si512(upper + 32 * i);
  }
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    BINADE_UNROLL(2)
    for (int k = 0; k < 2; ++k) {
      // Codes in the order in which unpacking gives two vectors of neighbours.
      const __m256i codes = _mm256_permutevar8x32_epi32(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32 * k)),
          _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
      const vec index = _mm512_cvtepu8_epi16(codes);
      const vec low = pick(index, 0);
      const vec high = pick(index, 4);
      const vec words =
          _mm512_mask_blend_epi16(_mm512_test_epi16_mask(index, _mm512_set1_epi16(128)), low, high);
      v[2 * k] = _mm512_unpacklo_epi16(_mm512_setzero_si512(), words);
      v[2 * k + 1] = _mm512_unpackhi_epi16(_mm512_setzero_si512(), words);
    }
  }

 private:
  [[nodiscard]] BINADE_ALWAYS_INLINE vec pick(vec index, int first) const noexcept {
    return _mm512_mask_blend_epi16(
        _mm512_test_epi16_mask(index, _mm512_set1_epi16(64)),
        _mm512_permutex2var_epi16(part_[first], index, part_[first + 1]),
        _mm512_permutex2var_epi16(part_[first + 2], index, part_[first + 3]));
  }
  vec part_[8];
};
inline void stream(float* p, vec v) noexcept {
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), v);
}
inline void finish_streams() noexcept { _mm_sfence(); }
