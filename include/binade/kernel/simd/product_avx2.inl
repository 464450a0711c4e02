// SPDX-License-Identifier: MIT

// Included by product_targets.hpp in the region of AVX2: the vectors of products, and what
// product_tile.inl and product_pack.inl do with them.

inline constexpr target compiled_for = target::avx2;
inline constexpr std::size_t lanes = 8;
inline constexpr int float_rows = 6;
inline constexpr int integer_rows = 3;
inline constexpr int byte_pair_limit = 0x7fff;  // vpmaddubsw saturates
using fvec = __m256;
using ivec = __m256i;
inline fvec zero() noexcept { return _mm256_setzero_ps(); }
inline fvec broadcast(float x) noexcept { return _mm256_set1_ps(x); }
inline fvec load_floats(const float* p) noexcept { return _mm256_loadu_ps(p); }
inline void store_floats(float* p, fvec x) noexcept { _mm256_storeu_ps(p, x); }
inline fvec fma(fvec a, fvec b, fvec c) noexcept { return _mm256_fmadd_ps(a, b, c); }
inline fvec multiply(fvec a, fvec b) noexcept { return _mm256_mul_ps(a, b); }
inline fvec to_float(ivec x) noexcept { return _mm256_cvtepi32_ps(x); }
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  return _mm256_set1_epi32(static_cast<int>(x));
}
inline ivec load_units(const std::uint32_t* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline ivec add_words(ivec sum, ivec a, ivec b) noexcept {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
inline ivec add_bytes(ivec sum, ivec a, ivec b) noexcept {
  const ivec pairs = _mm256_maddubs_epi16(a, b);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
inline fvec add_bits(fvec a, fvec b) noexcept {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
inline fvec one_nan(fvec x) noexcept {
  const ivec magnitude = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff));
  const ivec is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
  return _mm256_blendv_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)),
                          _mm256_castsi256_ps(is_nan));
}
inline ivec negate(ivec x) noexcept { return _mm256_sub_epi32(_mm256_setzero_si256(), x); }
inline ivec flip(ivec a, ivec b) noexcept { return _mm256_xor_si256(a, b); }
inline ivec signs(ivec bytes) noexcept { return _mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes); }
inline void store_bytes(std::byte* p, ivec x) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
}
inline void store_first(std::uint32_t* p, std::size_t n, ivec x) noexcept {
  const ivec places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const ivec mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), places);
  _mm256_maskstore_epi32(reinterpret_cast<int*>(p), mask, x);
}
/// In and out: 8 rows of 8.
inline void transpose(ivec (&v)[8]) noexcept {
  ivec t[8];
  BINADE_UNROLL(4)
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
  ivec u[8];  // u[4 g + j]: columns j and 4 + j of rows 4 g, ..., 4 g + 3
  BINADE_UNROLL(2)
  for (int i = 0; i < 8; i += 4) {
    u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  BINADE_UNROLL(4)
  for (int j = 0; j < 4; ++j) {
    v[j] = _mm256_permute2x128_si256(u[j], u[4 + j], 0x20);
    v[4 + j] = _mm256_permute2x128_si256(u[j], u[4 + j], 0x31);
  }
}
/// Bytes of a and b in turn, in order.
inline void zip(ivec (&pair)[2]) noexcept {
  const ivec a = _mm256_permute4x64_epi64(pair[0], 0xd8);
  const ivec b = _mm256_permute4x64_epi64(pair[1], 0xd8);
  pair[0] = _mm256_unpacklo_epi8(a, b);
  pair[1] = _mm256_unpackhi_epi8(a, b);
}
/// The next 32 codes.
template <int Bits>
ivec codes(const std::byte* p) noexcept {
  if constexpr (Bits == 8) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  } else if constexpr (Bits == 4) {
    const ivec pairs = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_and_si256(_mm256_or_si256(pairs, _mm256_slli_epi16(pairs, 4)),
                            _mm256_set1_epi8(15));
  } else {
    // Three bytes into each unit of four codes.
    const ivec bytes =
        _mm256_permutevar8x32_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
                                    _mm256_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6));
    const ivec fours =
        _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                       0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1)));
    const ivec first = _mm256_and_si256(fours, _mm256_set1_epi32(0x3f));
    const ivec second = _mm256_and_si256(_mm256_slli_epi32(fours, 2), _mm256_set1_epi32(0x3f00));
    const ivec third = _mm256_and_si256(_mm256_slli_epi32(fours, 4), _mm256_set1_epi32(0x3f0000));
    const ivec fourth =
        _mm256_and_si256(_mm256_slli_epi32(fours, 6), _mm256_set1_epi32(0x3f000000));
    return _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
  }
}
class code_table {
 public:
  explicit code_table(const std::uint8_t (&values)[64]) noexcept {
    for (int i = 0; i < 4; ++i) {
      part_[i] = _mm256_broadcastsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + 16 * i)));
    }
  }
  ivec operator()(ivec c) const noexcept {
    // A byte's highest bit chooses in a blend: bits 4 and 5 of the code are moved there.
    const ivec bit4 = _mm256_slli_epi16(c, 3);
    const ivec bit5 = _mm256_slli_epi16(c, 2);
    const ivec index = _mm256_and_si256(c, _mm256_set1_epi8(15));
    const ivec lower = _mm256_blendv_epi8(_mm256_shuffle_epi8(part_[0], index),
                                          _mm256_shuffle_epi8(part_[1], index), bit4);
    const ivec upper = _mm256_blendv_epi8(_mm256_shuffle_epi8(part_[2], index),
                                          _mm256_shuffle_epi8(part_[3], index), bit4);
    return _mm256_blendv_epi8(lower, upper, bit5);
  }

 private:
  ivec part_[4];
};
