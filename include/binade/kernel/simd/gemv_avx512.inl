// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, on AVX-512 with VNNI
// and VBMI: included inside their region and namespace.

inline ivec add(ivec a, ivec b) noexcept { return _mm512_add_epi32(a, b); }
inline void store_units(std::uint32_t* p, ivec v) noexcept { _mm512_storeu_si512(p, v); }

/// The beginnings of rows; behind the last one it stands again.
class row_pointers {
 public:
  static constexpr std::size_t width = 4 * lanes;

  row_pointers(const std::byte* first, std::size_t stride, std::size_t count) noexcept {
    for (std::size_t r = 0; r < lanes; ++r) row_[r] = first + (r < count ? r : count - 1) * stride;
  }
  /// The bytes of row r from `at` on, of which `left` are left, then zeros.
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec load(std::size_t r, std::size_t at,
                                               std::size_t left) const noexcept {
    if (left >= width) return _mm512_loadu_si512(row_[r] + at);
    return _mm512_maskz_loadu_epi8((__mmask64{1} << left) - 1, row_[r] + at);
  }
  BINADE_ALWAYS_INLINE void prefetch(std::size_t r, std::size_t at) const noexcept {
    __builtin_prefetch(row_[r] + at);
  }

 private:
  const std::byte* row_[lanes];
};

/// Products of the integers of a vector of w and those of x, summed by lanes.
template <row_storage Storage>
class row_multiplier;
template <>
class row_multiplier<row_storage::nibbles> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : values_(_mm512_broadcast_i32x4(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(t.nibble_values)))) {}
  // The permutation looks at the low 6 bits of an index, and the table repeats every 16.
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x0, ivec x1) const noexcept {
    const ivec low = _mm512_permutexvar_epi8(w, values_);
    const ivec high = _mm512_permutexvar_epi8(_mm512_srli_epi16(w, 4), values_);
    return add_bytes(add_bytes(_mm512_setzero_si512(), low, x0), high, x1);
  }

 private:
  ivec values_;
};
template <>
class row_multiplier<row_storage::bytes> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : flip_(_mm512_set1_epi8(static_cast<char>(t.flip))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x, ivec) const noexcept {
    return add_bytes(_mm512_setzero_si512(), _mm512_xor_si512(w, flip_), x);
  }

 private:
  ivec flip_;
};
template <>
class row_multiplier<row_storage::words> {
 public:
  explicit row_multiplier(const block_rows&) noexcept {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x, ivec) const noexcept {
    return add_words(_mm512_setzero_si512(), w, x);
  }
};

/// 4 x 4 quarters: those that stand first in v[0], v[step], v[2 step], v[3 step] come to v[0], and
/// so on.
BINADE_ALWAYS_INLINE void transpose_quarters(ivec* v, std::size_t step) noexcept {
  const ivec even0 = _mm512_shuffle_i32x4(v[0], v[step], 0x88);
  const ivec odd0 = _mm512_shuffle_i32x4(v[0], v[step], 0xdd);
  const ivec even1 = _mm512_shuffle_i32x4(v[2 * step], v[3 * step], 0x88);
  const ivec odd1 = _mm512_shuffle_i32x4(v[2 * step], v[3 * step], 0xdd);
  v[0] = _mm512_shuffle_i32x4(even0, even1, 0x88);
  v[step] = _mm512_shuffle_i32x4(odd0, odd1, 0x88);
  v[2 * step] = _mm512_shuffle_i32x4(even0, even1, 0xdd);
  v[3 * step] = _mm512_shuffle_i32x4(odd0, odd1, 0xdd);
}
/// Rows become columns.
BINADE_ALWAYS_INLINE void transpose(ivec (&v)[lanes]) noexcept {
  ivec a[lanes];
  BINADE_UNROLL(8)
  for (std::size_t i = 0; i < lanes; i += 2) {
    a[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  BINADE_UNROLL(4)
  for (std::size_t i = 0; i < lanes; i += 4) {
    v[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  // Quarter q of v[4 g + c] is column 4 q + c of rows 4 g to 4 g + 3.
  BINADE_UNROLL(4)
  for (std::size_t c = 0; c < 4; ++c) transpose_quarters(v + c, 4);
}
/// Lanes 0 and 2, or 1 and 3, of each quarter of a, then those of b.
template <int First>
BINADE_ALWAYS_INLINE ivec every_other(ivec a, ivec b) noexcept {
  return _mm512_castps_si512(
      _mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), First == 0 ? 0x88 : 0xdd));
}
/// Adds neighbouring lanes, `Merged` of them; then rows become columns.
template <std::size_t Merged>
BINADE_ALWAYS_INLINE void add_neighbours(ivec (&v)[lanes]) noexcept {
  BINADE_UNROLL(8)
  for (std::size_t i = 0; i < lanes / 2; ++i) {
    v[i] = add(every_other<0>(v[2 * i], v[2 * i + 1]), every_other<1>(v[2 * i], v[2 * i + 1]));
  }
  BINADE_UNROLL(4)
  for (std::size_t i = 0; i < lanes / 4; ++i) {
    const ivec even = every_other<0>(v[2 * i], v[2 * i + 1]);
    const ivec odd = every_other<1>(v[2 * i], v[2 * i + 1]);
    if constexpr (Merged == 4) {
      v[i] = add(even, odd);
    } else {
      v[2 * i] = even;
      v[2 * i + 1] = odd;
    }
  }
  BINADE_UNROLL(2)
  for (std::size_t i = 0; i < 4 / Merged; ++i) transpose_quarters(v + i, 4 / Merged);
}

/// The values of codes by their two upper bytes.
class scale_lookup {
 public:
  explicit scale_lookup(const scale_table& table) noexcept {
    for (int i = 0; i < 4; ++i) {
      first_[i] = _mm512_loadu_si512(table.first + 64 * i);
      second_[i] = _mm512_loadu_si512(table.second + 64 * i);
    }
  }
  /// Of the four codes of each lane; out[4][lanes].
  BINADE_ALWAYS_INLINE void store_four(ivec codes, float* out) const noexcept {
    const ivec first = pick(first_, codes);
    const ivec second = pick(second_, codes);
    BINADE_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      // The upper half of each lane: byte i of the lane in `second`, then in `first`.
      const ivec each =
          _mm512_set1_epi32(static_cast<int>(0x40000000U + 0x01010000U * unsigned(i)));
      const ivec lane = _mm512_slli_epi32(
          _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 2);
      const ivec base = _mm512_or_si512(_mm512_slli_epi32(lane, 24), _mm512_slli_epi32(lane, 16));
      const ivec index = _mm512_add_epi32(each, base);
      _mm512_storeu_si512(
          out + static_cast<std::size_t>(i) * lanes,
          _mm512_maskz_permutex2var_epi8(0xccccccccccccccccULL, second, index, first));
    }
  }

 private:
  [[nodiscard]] static BINADE_ALWAYS_INLINE ivec pick(const ivec (&table)[4], ivec codes) noexcept {
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes),
                                  _mm512_permutex2var_epi8(table[0], codes, table[1]),
                                  _mm512_permutex2var_epi8(table[2], codes, table[3]));
  }
  ivec first_[4];
  ivec second_[4];
};
