// SPDX-License-Identifier: MIT

// Included by product_targets.hpp in the region of AVX-512 with VNNI: the vectors of products, and
// what product_tile.inl and product_pack.inl do with them.

inline constexpr target compiled_for = target::avx512;
inline constexpr std::size_t lanes = 16;
inline constexpr int float_rows = 12;
inline constexpr int integer_rows = 6;
inline constexpr int byte_pair_limit = 0x7fffffff;
using fvec = __m512;
using ivec = __m512i;
inline fvec zero() noexcept { return _mm512_setzero_ps(); }
inline fvec broadcast(float x) noexcept { return _mm512_set1_ps(x); }
inline fvec load_floats(const float* p) noexcept { return _mm512_loadu_ps(p); }
inline void store_floats(float* p, fvec x) noexcept { _mm512_storeu_ps(p, x); }
inline fvec fma(fvec a, fvec b, fvec c) noexcept { return _mm512_fmadd_ps(a, b, c); }
inline fvec multiply(fvec a, fvec b) noexcept { return _mm512_mul_ps(a, b); }
inline fvec to_float(ivec x) noexcept { return _mm512_cvtepi32_ps(x); }
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  return _mm512_set1_epi32(static_cast<int>(x));
}
inline ivec load_units(const std::uint32_t* p) noexcept { return _mm512_loadu_si512(p); }
// As assembly, because g++ 12 copies the sum before and after the intrinsics: 13 to 30 % of gemm.
inline ivec add_words(ivec sum, ivec a, ivec b) noexcept {
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
inline ivec add_bytes(ivec sum, ivec a, ivec b) noexcept {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
inline fvec add_bits(fvec a, fvec b) noexcept {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
inline fvec one_nan(fvec x) noexcept {
  const ivec bits = _mm512_castps_si512(x);
  const ivec magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __mmask16 is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  return _mm512_castsi512_ps(_mm512_mask_blend_epi32(is_nan, bits, _mm512_set1_epi32(0x7fc00000)));
}
inline ivec negate(ivec x) noexcept { return _mm512_sub_epi32(_mm512_setzero_si512(), x); }
inline ivec flip(ivec a, ivec b) noexcept { return _mm512_xor_si512(a, b); }
inline ivec signs(ivec bytes) noexcept { return _mm512_movm_epi8(_mm512_movepi8_mask(bytes)); }
inline void store_bytes(std::byte* p, ivec x) noexcept { _mm512_storeu_si512(p, x); }
inline void store_first(std::uint32_t* p, std::size_t n, ivec x) noexcept {
  _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1U << n) - 1), x);
}
/// In and out: 16 rows of 16.
inline void transpose(ivec (&v)[16]) noexcept {
  ivec t[16];
  BINADE_UNROLL(8)
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  ivec u[16];  // u[4 g + j]: columns j, 4 + j, 8 + j, 12 + j of rows 4 g, ..., 4 g + 3
  BINADE_UNROLL(4)
  for (int i = 0; i < 16; i += 4) {
    u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  BINADE_UNROLL(4)
  for (int j = 0; j < 4; ++j) {
    const ivec even0 = _mm512_shuffle_i32x4(u[j], u[4 + j], 0x88);
    const ivec even1 = _mm512_shuffle_i32x4(u[8 + j], u[12 + j], 0x88);
    const ivec odd0 = _mm512_shuffle_i32x4(u[j], u[4 + j], 0xdd);
    const ivec odd1 = _mm512_shuffle_i32x4(u[8 + j], u[12 + j], 0xdd);
    v[j] = _mm512_shuffle_i32x4(even0, even1, 0x88);
    v[4 + j] = _mm512_shuffle_i32x4(odd0, odd1, 0x88);
    v[8 + j] = _mm512_shuffle_i32x4(even0, even1, 0xdd);
    v[12 + j] = _mm512_shuffle_i32x4(odd0, odd1, 0xdd);
  }
}
/// Bytes of a and b in turn, in order.
inline void zip(ivec (&pair)[2]) noexcept {
  const ivec order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  const ivec a = _mm512_permutexvar_epi64(order, pair[0]);
  const ivec b = _mm512_permutexvar_epi64(order, pair[1]);
  pair[0] = _mm512_unpacklo_epi8(a, b);
  pair[1] = _mm512_unpackhi_epi8(a, b);
}
/// The next 64 codes; of 4 bits in the lower bits of each byte.
template <int Bits>
ivec codes(const std::byte* p) noexcept {
  if constexpr (Bits == 8) {
    return _mm512_loadu_si512(p);
  } else if constexpr (Bits == 4) {
    const ivec pairs =
        _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_and_si512(_mm512_or_si512(pairs, _mm512_slli_epi16(pairs, 4)),
                            _mm512_set1_epi8(15));
  } else {
    // Three bytes into each unit, of which a shift takes four codes; what stands above their 6 bits
    // code_table does not look at.
    const ivec units = _mm512_setr_epi32(0x020100, 0x050403, 0x080706, 0x0b0a09, 0x0e0d0c, 0x11100f,
                                         0x141312, 0x171615, 0x1a1918, 0x1d1c1b, 0x201f1e, 0x232221,
                                         0x262524, 0x292827, 0x2c2b2a, 0x2f2e2d);
    const ivec bytes = _mm512_permutexvar_epi8(units, _mm512_loadu_si512(p));
    return _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x322c2620120c0600), bytes);
  }
}
class code_table {
 public:
  explicit code_table(const std::uint8_t (&values)[64]) noexcept
      : values_(_mm512_loadu_si512(values)) {}
  ivec operator()(ivec c) const noexcept { return _mm512_permutexvar_epi8(c, values_); }

 private:
  ivec values_;
};
