// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, on AVX2: included
// inside its region and namespace.

inline ivec add(ivec a, ivec b) noexcept { return _mm256_add_epi32(a, b); }
inline void store_units(std::uint32_t* p, ivec v) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}

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
    if (left >= width) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row_[r] + at));
    std::byte bytes[width] = {};
    std::memcpy(bytes, row_[r] + at, left);
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
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
      : values_(_mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(t.nibble_values)))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x0, ivec x1) const noexcept {
    const ivec mask = _mm256_set1_epi8(15);
    const ivec low = _mm256_shuffle_epi8(values_, _mm256_and_si256(w, mask));
    const ivec high = _mm256_shuffle_epi8(values_, _mm256_and_si256(_mm256_srli_epi16(w, 4), mask));
    return add_bytes(add_bytes(_mm256_setzero_si256(), low, x0), high, x1);
  }

 private:
  ivec values_;
};
template <>
class row_multiplier<row_storage::bytes> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : flip_(_mm256_set1_epi8(static_cast<char>(t.flip))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x, ivec) const noexcept {
    return add_bytes(_mm256_setzero_si256(), _mm256_xor_si256(w, flip_), x);
  }

 private:
  ivec flip_;
};
template <>
class row_multiplier<row_storage::words> {
 public:
  explicit row_multiplier(const block_rows&) noexcept {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec w, ivec x, ivec) const noexcept {
    return add_words(_mm256_setzero_si256(), w, x);
  }
};

/// The first halves of v[0] and v[step] come to v[0], the second ones to v[step].
BINADE_ALWAYS_INLINE void transpose_halves(ivec* v, std::size_t step) noexcept {
  const ivec low = _mm256_permute2x128_si256(v[0], v[step], 0x20);
  v[step] = _mm256_permute2x128_si256(v[0], v[step], 0x31);
  v[0] = low;
}
/// Rows become columns.
BINADE_ALWAYS_INLINE void transpose(ivec (&v)[lanes]) noexcept {
  ivec a[lanes];
  BINADE_UNROLL(4)
  for (std::size_t i = 0; i < lanes; i += 2) {
    a[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    a[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
  BINADE_UNROLL(2)
  for (std::size_t i = 0; i < lanes; i += 4) {
    v[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
    v[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
    v[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
    v[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  // Half q of v[4 g + c] is column 4 q + c of rows 4 g to 4 g + 3.
  BINADE_UNROLL(4)
  for (std::size_t c = 0; c < 4; ++c) transpose_halves(v + c, 4);
}
/// Lanes 0 and 2, or 1 and 3, of each half of a, then those of b.
template <int First>
BINADE_ALWAYS_INLINE ivec every_other(ivec a, ivec b) noexcept {
  return _mm256_castps_si256(
      _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), First == 0 ? 0x88 : 0xdd));
}
/// Adds neighbouring lanes, `Merged` of them; then rows become columns.
template <std::size_t Merged>
BINADE_ALWAYS_INLINE void add_neighbours(ivec (&v)[lanes]) noexcept {
  BINADE_UNROLL(4)
  for (std::size_t i = 0; i < lanes / 2; ++i) {
    v[i] = add(every_other<0>(v[2 * i], v[2 * i + 1]), every_other<1>(v[2 * i], v[2 * i + 1]));
  }
  BINADE_UNROLL(2)
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
  for (std::size_t i = 0; i < 4 / Merged; ++i) transpose_halves(v + i, 4 / Merged);
}

/// The values of codes.
class scale_lookup {
 public:
  explicit scale_lookup(const scale_table& table) noexcept : values_(table.value) {}
  /// Of the four codes of each lane; out[4][lanes].
  BINADE_ALWAYS_INLINE void store_four(ivec codes, float* out) const noexcept {
    BINADE_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      const ivec index = _mm256_and_si256(_mm256_srli_epi32(codes, 8 * i), _mm256_set1_epi32(0xff));
      _mm256_storeu_ps(out + static_cast<std::size_t>(i) * lanes,
                       _mm256_i32gather_ps(values_, index, 4));
    }
  }

 private:
  const float* values_;
};
