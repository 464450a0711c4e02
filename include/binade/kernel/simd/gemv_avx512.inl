// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, on AVX-512 with VNNI
// and VBMI: included inside their region and namespace.

inline constexpr std::size_t row_width = 4 * lanes;  ///< bytes of a vector
inline constexpr std::size_t rows_at_once = 2;

inline ivec add_units(ivec a, ivec b) noexcept { return _mm512_add_epi32(a, b); }
inline ivec load_bytes(const std::byte* p) noexcept { return _mm512_loadu_si512(p); }
/// At most n of them, then zeros.
inline ivec load_bytes(const std::byte* p, std::size_t n) noexcept {
  return n >= row_width ? load_bytes(p) : _mm512_maskz_loadu_epi8((__mmask64{1} << n) - 1, p);
}
/// At most n, then ones.
inline fvec load_floats_then_ones(const float* p, std::size_t n) noexcept {
  const auto mask = static_cast<__mmask16>(n >= lanes ? 0xffffU : (1U << n) - 1);
  return _mm512_mask_loadu_ps(broadcast(1), mask, p);
}

inline fvec as_floats(ivec x) noexcept { return _mm512_castsi512_ps(x); }
inline ivec shift_left(ivec x, ivec n) noexcept { return _mm512_sllv_epi32(x, n); }
/// A byte a lane.
inline ivec widen_bytes(const std::byte* p) noexcept {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

/// Adds to sums by lanes the products of the integers of a vector of w and those of x.
template <row_storage Storage>
class row_multiplier;
template <>
class row_multiplier<row_storage::nibbles> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : values_(_mm512_broadcast_i32x4(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(t.nibble_values)))) {}
  // The permutation looks at the low 6 bits of an index, and the table repeats every 16.
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec add(ivec sum, ivec w, ivec x0, ivec x1) const noexcept {
    asm("" : "+v"(w));  // or g++ loads it twice
    const ivec low = _mm512_permutexvar_epi8(w, values_);
    const ivec high = _mm512_permutexvar_epi8(_mm512_srli_epi16(w, 4), values_);
    return add_bytes(add_bytes(sum, low, x0), high, x1);
  }

 private:
  ivec values_;
};
template <>
class row_multiplier<row_storage::bytes> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : flip_(_mm512_set1_epi8(static_cast<char>(t.flip))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec add(ivec sum, ivec w, ivec x, ivec) const noexcept {
    return add_bytes(sum, _mm512_xor_si512(w, flip_), x);
  }

 private:
  ivec flip_;
};
template <>
class row_multiplier<row_storage::words> {
 public:
  explicit row_multiplier(const block_rows&) noexcept {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec add(ivec sum, ivec w, ivec x, ivec) const noexcept {
    return add_words(sum, w, x);
  }
};

/// Adds neighbours: `Count` vectors, whose blocks take a few lanes each, become one. In the result,
/// and in a and b from Count = 4 on, neighbours are those lanes or quarters that stood apart
/// before.
template <std::size_t Count>
BINADE_ALWAYS_INLINE ivec merge(ivec a, ivec b) noexcept {
  if constexpr (Count <= 4) {
    const __m512 x = _mm512_castsi512_ps(a);
    const __m512 y = _mm512_castsi512_ps(b);
    return add_units(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                     _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
  } else {
    return add_units(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
  }
}
/// The last merge for blocks of `Merged` lanes, which brings the blocks in order.
template <std::size_t Merged>
class last_merge {
 public:
  last_merge() noexcept {
    std::uint32_t lane[lanes];
    for (std::size_t block = 0; block < lanes; ++block) lane[block] = first_lane(block);
    first_ = load_units(lane);
    second_ = add_units(first_, broadcast_unit(distance));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec a, ivec b) const noexcept {
    return add_units(_mm512_permutex2var_epi32(a, first_, b),
                     _mm512_permutex2var_epi32(a, second_, b));
  }

 private:
  /// Between the two lanes of a block.
  static constexpr std::uint32_t distance = Merged <= 4 ? 1 : 4;

  /// Where the first half of a block's sum is after the merges before the last, in 2 * lanes.
  [[nodiscard]] static std::uint32_t first_lane(std::size_t block) noexcept {
    const std::size_t half = lanes / 2;  // of the blocks are in either vector
    const std::size_t b = block % half;
    std::size_t at = 2 * b;
    if constexpr (Merged == 4) at = b % 4 * 4 + b / 4 * 2;
    if constexpr (Merged == 8) at = b % 2 * 8 + b / 2;
    if constexpr (Merged == 16) at = b / 4 * 8 + b % 4;
    return static_cast<std::uint32_t>(block / half * lanes + at);
  }
  ivec first_;
  ivec second_;
};

/// Where the sums of blocks stand in lanes: in order, but where `transpose` brings together the
/// lanes of a block.
template <row_storage Storage, std::size_t Merged>
class lane_order {
 public:
  static constexpr bool is_transposed = false;
  static constexpr const std::uint8_t* lane_of_block = nullptr;
  [[nodiscard]] BINADE_ALWAYS_INLINE fvec arrange(fvec x) const noexcept { return x; }
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec widen_bytes(const std::byte* p) const noexcept {
    return products::widen_bytes(p);
  }
  static void restore(fvec (&)[16 / lanes]) noexcept {}
};

/// Lane p of p_0, p_1, ... takes the lanes of block block_at_[p].
class permuted_order {
 public:
  static constexpr bool is_transposed = true;

  BINADE_ALWAYS_INLINE explicit permuted_order(const std::uint8_t (&lane_of_block)[16]) noexcept
      : lane_(_mm512_cvtepu8_epi32(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(lane_of_block)))) {
    std::uint8_t block_at[16];
    for (int block = 0; block < 16; ++block) {
      block_at[lane_of_block[block]] = static_cast<std::uint8_t>(block);
    }
    block_ = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block_at)));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE fvec arrange(fvec x) const noexcept {
    return _mm512_permutexvar_ps(block_, x);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec widen_bytes(const std::byte* p) const noexcept {
    const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    constexpr __mmask64 low_bytes = 0x1111111111111111ULL;
    return _mm512_maskz_permutexvar_epi8(low_bytes, block_, _mm512_castsi128_si512(codes));
  }
  void restore(fvec (&x)[1]) const noexcept { x[0] = _mm512_permutexvar_ps(lane_, x[0]); }

 private:
  ivec lane_;
  ivec block_;
};
/// Of a vector of eight blocks the quarters hold two each.
template <>
class lane_order<row_storage::nibbles, 2> : public permuted_order {
 public:
  static constexpr std::uint8_t lane_of_block[16] = {0, 1, 4, 5, 8,  9,  12, 13,
                                                     2, 3, 6, 7, 10, 11, 14, 15};
  BINADE_ALWAYS_INLINE lane_order() noexcept : permuted_order(lane_of_block) {}
};
template <>
class lane_order<row_storage::nibbles, 4> : public permuted_order {
 public:
  static constexpr std::uint8_t lane_of_block[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                     2, 6, 10, 14, 3, 7, 11, 15};
  BINADE_ALWAYS_INLINE lane_order() noexcept : permuted_order(lane_of_block) {}
};

/// v[i] = lane i of each block of v[0], v[1], ...
BINADE_ALWAYS_INLINE void transpose(ivec (&v)[2]) noexcept {
  const __m512 a = _mm512_castsi512_ps(v[0]);
  const __m512 b = _mm512_castsi512_ps(v[1]);
  v[0] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88));
  v[1] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd));
}
BINADE_ALWAYS_INLINE void transpose(ivec (&v)[4]) noexcept {
  const ivec ab0 = _mm512_unpacklo_epi32(v[0], v[1]);
  const ivec ab2 = _mm512_unpackhi_epi32(v[0], v[1]);
  const ivec cd0 = _mm512_unpacklo_epi32(v[2], v[3]);
  const ivec cd2 = _mm512_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi64(ab0, cd0);
  v[1] = _mm512_unpackhi_epi64(ab0, cd0);
  v[2] = _mm512_unpacklo_epi64(ab2, cd2);
  v[3] = _mm512_unpackhi_epi64(ab2, cd2);
}

/// *out = the sum of 16 partial sums, folded by halves, times a factor.
inline void fold(const fvec (&p)[1], float factor, float* out) noexcept {
  // The barriers keep -ffast-math from another order.
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(p[0]), _mm512_extractf32x8_ps(p[0], 1));
  asm("" : "+v"(eight));
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  asm("" : "+v"(sum));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  asm("" : "+v"(sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  asm("" : "+v"(sum));
  _mm_store_ss(out, _mm_mul_ss(sum, _mm_set_ss(factor)));
}

/// Whether all codes are between two, unsigned.
inline bool are_between(const std::byte* codes, std::size_t n, std::uint8_t lowest,
                        std::uint8_t highest) noexcept {
  const ivec low = _mm512_set1_epi8(static_cast<char>(lowest));
  ivec above = _mm512_setzero_si512();
  for (std::size_t at = 0; at < n; at += row_width) {
    const __mmask64 rest = n - at >= 64 ? ~__mmask64{0} : (__mmask64{1} << (n - at)) - 1;
    const ivec c = _mm512_maskz_loadu_epi8(rest, codes + at);
    __builtin_prefetch(codes + n + at);
    above = _mm512_mask_max_epu8(above, rest, above, _mm512_sub_epi8(c, low));
  }
  const ivec range = _mm512_set1_epi8(static_cast<char>(highest - lowest));
  return _mm512_cmpgt_epu8_mask(above, range) == 0;
}

/// out[i] = the value of codes[i], by its two upper bytes.
inline void look_up(const scale_table& table, const std::byte* codes, std::size_t n,
                    float* out) noexcept {
  ivec first[4];
  ivec second[4];
  BINADE_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    first[i] = _mm512_loadu_si512(table.first + 64 * i);
    second[i] = _mm512_loadu_si512(table.second + 64 * i);
  }
  // Of 16 codes the upper half of each lane: byte i in `second`, then in `first`.
  ivec index[4];
  BINADE_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    const ivec lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const ivec byte = _mm512_add_epi32(lane, _mm512_set1_epi32(16 * i));
    index[i] = _mm512_or_si512(_mm512_slli_epi32(byte, 16),
                               _mm512_slli_epi32(_mm512_or_si512(byte, _mm512_set1_epi32(64)), 24));
  }
  for (std::size_t at = 0; at < n; at += 64) {
    const ivec c = load_bytes(codes + at, n - at);
    const __mmask64 upper = _mm512_movepi8_mask(c);
    const ivec high = _mm512_mask_blend_epi8(upper, _mm512_permutex2var_epi8(first[0], c, first[1]),
                                             _mm512_permutex2var_epi8(first[2], c, first[3]));
    const ivec low =
        _mm512_mask_blend_epi8(upper, _mm512_permutex2var_epi8(second[0], c, second[1]),
                               _mm512_permutex2var_epi8(second[2], c, second[3]));
    BINADE_UNROLL(4)
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t begin = at + i * lanes;
      const ivec values =
          _mm512_maskz_permutex2var_epi8(0xccccccccccccccccULL, low, index[i], high);
      if (begin + lanes <= n) {
        _mm512_storeu_si512(out + begin, values);
      } else if (begin < n) {
        _mm512_mask_storeu_epi32(out + begin, static_cast<__mmask16>((1U << (n - begin)) - 1),
                                 values);
      }
    }
  }
}
