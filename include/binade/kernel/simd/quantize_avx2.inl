// SPDX-License-Identifier: MIT

// What the algorithms of quantization are written in, on AVX2: included inside its region and
// namespace. Needs the default floating-point environment. The barriers keep -ffast-math and
// contraction from changing what is rounded.

inline vec splat(std::uint32_t v) noexcept { return _mm256_set1_epi32(static_cast<int>(v)); }
inline vec splat(float v) noexcept { return _mm256_castps_si256(_mm256_set1_ps(v)); }
inline vec load_bits(const std::uint32_t* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store_bits(std::uint32_t* p, vec v) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
inline void store(float* p, vec v) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
/// The low byte of each lane.
inline void store_low_bytes(std::byte* p, vec v) noexcept {
  const vec bytes = _mm256_shuffle_epi8(
      v, _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                          0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const std::uint32_t low = static_cast<std::uint32_t>(_mm256_extract_epi32(bytes, 0));
  const std::uint32_t high = static_cast<std::uint32_t>(_mm256_extract_epi32(bytes, 4));
  std::memcpy(p, &low, sizeof low);
  std::memcpy(p + 4, &high, sizeof high);
}
inline vec load_low_bytes(const std::byte* p) noexcept {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline vec load_words(const std::uint16_t* p) noexcept {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline vec float16_to_float(const std::uint16_t* p) noexcept {
  return _mm256_castps_si256(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}

inline vec bit_and(vec a, vec b) noexcept { return _mm256_and_si256(a, b); }
inline vec max_bits(vec a, vec b) noexcept { return _mm256_max_epu32(a, b); }
inline vec min_bits(vec a, vec b) noexcept { return _mm256_min_epu32(a, b); }
inline vec max_int(vec a, vec b) noexcept { return _mm256_max_epi32(a, b); }
inline vec min_int(vec a, vec b) noexcept { return _mm256_min_epi32(a, b); }
inline vec add(vec a, vec b) noexcept { return _mm256_add_epi32(a, b); }
inline vec subtract(vec a, vec b) noexcept { return _mm256_sub_epi32(a, b); }
inline vec shift_left(vec a, int n) noexcept { return _mm256_sll_epi32(a, _mm_cvtsi32_si128(n)); }
inline vec shift_right(vec a, int n) noexcept { return _mm256_srl_epi32(a, _mm_cvtsi32_si128(n)); }
/// a where x is 0, else b.
inline vec if_zero(vec x, vec a, vec b) noexcept {
  return _mm256_blendv_epi8(b, a, _mm256_cmpeq_epi32(x, _mm256_setzero_si256()));
}
/// a where x < y as signed integers, else b.
inline vec if_less(vec x, vec y, vec a, vec b) noexcept {
  return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi32(y, x));
}
inline bool any(vec x) noexcept { return _mm256_testz_si256(x, x) == 0; }
inline vec from_int(vec x) noexcept { return _mm256_castps_si256(_mm256_cvtepi32_ps(x)); }
inline vec multiply(vec a, vec b) noexcept {
  __m256 product = _mm256_mul_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
  asm("" : "+x"(product));
  return _mm256_castps_si256(product);
}
/// The instruction itself: compilers replace a vector division under -ffast-math.
inline vec divide(vec a, vec b) noexcept {
  vec quotient;
  asm("vdivps %2, %1, %0" : "=x"(quotient) : "x"(a), "x"(b));
  return quotient;
}
/// The product rounded to odd: cut, with an odd last bit unless it is exact. Needs a product and an
/// error that are normal numbers or 0.
inline vec multiply_to_odd(vec a, vec b) noexcept {
  const vec p = multiply(a, b);
  const __m256 error =
      _mm256_fmsub_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), _mm256_castsi256_ps(p));
  const vec inexact = _mm256_castps_si256(_mm256_cmp_ps(error, _mm256_setzero_ps(), _CMP_NEQ_OQ));
  const vec above =
      bit_and(inexact, _mm256_srai_epi32(_mm256_xor_si256(_mm256_castps_si256(error), p), 31));
  return _mm256_or_si256(add(p, above), bit_and(inexact, splat(1U)));
}

/// Largest of 8 neighbours: lane i of the result from v[i].
inline vec max_across(const vec (&v)[8]) noexcept {
  vec quad[2];
  BINADE_UNROLL(2)
  for (int i = 0; i < 2; ++i) {
    const vec ab = max_bits(_mm256_unpacklo_epi32(v[4 * i], v[4 * i + 1]),
                            _mm256_unpackhi_epi32(v[4 * i], v[4 * i + 1]));
    const vec cd = max_bits(_mm256_unpacklo_epi32(v[4 * i + 2], v[4 * i + 3]),
                            _mm256_unpackhi_epi32(v[4 * i + 2], v[4 * i + 3]));
    quad[i] = max_bits(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
  }
  return max_bits(_mm256_permute2x128_si256(quad[0], quad[1], 0x20),
                  _mm256_permute2x128_si256(quad[0], quad[1], 0x31));
}

/// How many lanes had a magnitude above a limit.
class lane_counter {
 public:
  lane_counter() noexcept : sum_(splat(0U)) {}
  void add_above(vec magnitudes, vec limit) noexcept {
    sum_ = _mm256_sub_epi32(sum_, _mm256_cmpgt_epi32(magnitudes, limit));
  }
  [[nodiscard]] std::size_t total() const noexcept {
    std::uint32_t lane[lanes];
    store_bits(lane, sum_);
    std::size_t sum = 0;
    for (const std::uint32_t n : lane) sum += n;
    return sum;
  }

 private:
  vec sum_;
};

inline vec is_near(vec moved, vec lattice) noexcept {
  return _mm256_cmpeq_epi32(bit_and(moved, lattice), _mm256_setzero_si256());
}
/// Whether the quotients lie far from every boundary; see make_lattice.
inline bool all_clear(const vec (&y)[4], vec lattice) noexcept {
  const vec four = splat(4U);
  const vec ab = min_bits(bit_and(add(y[0], four), lattice), bit_and(add(y[1], four), lattice));
  const vec cd = min_bits(bit_and(add(y[2], four), lattice), bit_and(add(y[3], four), lattice));
  return !any(is_near(min_bits(ab, cd), lattice));
}

/// y moved to the side of the number near it on which the exact quotient lies: on it, or one unit
/// in the last place away. x - v * scale has the sign of the difference: the product of v and the
/// short factor is exact, and the fma rounds once.
inline vec settle(vec x, vec y, float scale, const scaled_run& run, vec lattice) noexcept {
  const vec moved = add(y, splat(4U));
  const vec v = bit_and(moved, splat(~7U));
  const bool product = run.form == scale_form::product;
  const vec part = product ? multiply(v, splat(scale)) : v;
  const vec d = _mm256_castps_si256(_mm256_fnmadd_ps(_mm256_castsi256_ps(part),
                                                     _mm256_set1_ps(product ? run.tensor : scale),
                                                     _mm256_castsi256_ps(x)));
  const vec magnitude = bit_and(d, splat(0x7fffffffU));
  // -1 toward zero, 1 away, 0 on the number or where there is none (NaN).
  const vec away = _mm256_or_si256(_mm256_srai_epi32(_mm256_xor_si256(d, v), 31), splat(1U));
  const vec is_number = _mm256_cmpgt_epi32(splat(0x7f800001U), magnitude);
  const vec step = bit_and(if_zero(magnitude, magnitude, away), is_number);
  return _mm256_blendv_epi8(y, add(v, step), is_near(moved, lattice));
}

/// Codes of integers, by the addition that leaves them in the low bits.
class integer_encoder {
 public:
  explicit integer_encoder(const scaled_encoder& e) noexcept
      : largest_(_mm256_set1_ps(e.largest)),
        lowest_(_mm256_set1_ps(e.lowest)),
        mask_(splat(e.zero)) {}
  [[nodiscard]] vec encode(vec y) const noexcept {
    const __m256 clamped = _mm256_max_ps(_mm256_min_ps(_mm256_castsi256_ps(y), largest_), lowest_);
    const __m256 sum = _mm256_add_ps(clamped, _mm256_set1_ps(0x1.8p23F));
    return bit_and(_mm256_castps_si256(sum), mask_);
  }

 private:
  __m256 largest_, lowest_;
  vec mask_;
};

/// 4 * lanes codes, one a byte.
using code_bytes = __m256i;
inline code_bytes gather_codes(const vec (&c)[4]) noexcept {
  const vec bytes =
      _mm256_packus_epi16(_mm256_packus_epi32(c[0], c[1]), _mm256_packus_epi32(c[2], c[3]));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
inline std::size_t count_zeros(code_bytes c, std::uint32_t mask) noexcept {
  const vec significant = bit_and(c, _mm256_set1_epi8(static_cast<char>(mask)));
  const vec zero = _mm256_cmpeq_epi8(significant, _mm256_setzero_si256());
  return static_cast<std::size_t>(popcount(static_cast<std::uint32_t>(_mm256_movemask_epi8(zero))));
}
inline void store_bytes(std::byte* p, code_bytes c) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), c);
}
inline void store_nibbles(std::byte* p, code_bytes c) noexcept {
  const vec pairs = _mm256_maddubs_epi16(c, _mm256_set1_epi16(0x1001));
  const vec bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(bytes));
}
inline void store_sextets(std::byte* p, code_bytes c) noexcept {
  const vec pairs = _mm256_maddubs_epi16(c, _mm256_set1_epi16(0x4001));
  const vec fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x10000001));
  const vec low =
      _mm256_shuffle_epi8(fours, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                     0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
  const vec packed = _mm256_permutevar8x32_epi32(low, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 0, 0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p + 16), _mm256_extracti128_si256(packed, 1));
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
  explicit value_table(const float* values) noexcept
      : low_(_mm256_loadu_ps(values)), high_(_mm256_loadu_ps(values + 8)) {}
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    BINADE_UNROLL(4)
    for (int k = 0; k < 4; ++k) {
      // A byte in each 64 bits; its high nibble goes to the upper half. The permutations look at
      // the low 3 bits of an index, the blend at the fourth.
      std::uint32_t four;
      std::memcpy(&four, p + 4 * k, sizeof four);
      const vec bytes = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(static_cast<int>(four)));
      const vec index = _mm256_or_si256(bytes, _mm256_slli_epi64(bytes, 28));
      v[k] = _mm256_castps_si256(_mm256_blendv_ps(
          _mm256_permutevar8x32_ps(low_, index), _mm256_permutevar8x32_ps(high_, index),
          _mm256_castsi256_ps(_mm256_slli_epi32(index, 28))));
    }
  }

 private:
  __m256 low_, high_;
};
template <>
class value_table<8> {
 public:
  explicit value_table(const float* values) noexcept : values_(values) {}
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    float floats[4 * lanes];
    for (std::size_t i = 0; i < 4 * lanes; ++i) floats[i] = values_[std::to_integer<int>(p[i])];
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) v[k] = load(floats + k * lanes);
  }

 private:
  const float* values_;
};
inline void stream(float* p, vec v) noexcept {
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), v);
}
inline void finish_streams() noexcept { _mm_sfence(); }
