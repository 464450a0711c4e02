// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, on AVX2: included
// inside its region and namespace.

inline constexpr std::size_t row_width = 4 * lanes;  ///< bytes of a vector
inline constexpr std::size_t rows_at_once = 2;

inline ivec add_units(ivec a, ivec b) noexcept { return _mm256_add_epi32(a, b); }
inline ivec load_bytes(const std::byte* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
/// At most n of them, then zeros.
inline ivec load_bytes(const std::byte* p, std::size_t n) noexcept {
  if (n >= row_width) return load_bytes(p);
  std::byte bytes[row_width] = {};
  std::memcpy(bytes, p, n);
  return load_bytes(bytes);
}
/// At most n, then ones.
inline fvec load_floats_then_ones(const float* p, std::size_t n) noexcept {
  float floats[lanes] = {1, 1, 1, 1, 1, 1, 1, 1};
  std::memcpy(floats, p, (n < lanes ? n : lanes) * sizeof(float));
  return load_floats(floats);
}

inline fvec as_floats(ivec x) noexcept { return _mm256_castsi256_ps(x); }
inline ivec shift_left(ivec x, ivec n) noexcept { return _mm256_sllv_epi32(x, n); }
/// A byte a lane.
inline ivec widen_bytes(const std::byte* p) noexcept {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}

/// Adds to sums by lanes the products of the integers of a vector of w and those of x.
template <row_storage Storage>
class row_multiplier;
template <>
class row_multiplier<row_storage::nibbles> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : values_(_mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(t.nibble_values)))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec add(ivec sum, ivec w, ivec x0, ivec x1) const noexcept {
    const ivec mask = _mm256_set1_epi8(15);
    const ivec low = _mm256_shuffle_epi8(values_, _mm256_and_si256(w, mask));
    const ivec high = _mm256_shuffle_epi8(values_, _mm256_and_si256(_mm256_srli_epi16(w, 4), mask));
    return add_bytes(add_bytes(sum, low, x0), high, x1);
  }

 private:
  ivec values_;
};
template <>
class row_multiplier<row_storage::bytes> {
 public:
  explicit row_multiplier(const block_rows& t) noexcept
      : flip_(_mm256_set1_epi8(static_cast<char>(t.flip))) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec add(ivec sum, ivec w, ivec x, ivec) const noexcept {
    return add_bytes(sum, _mm256_xor_si256(w, flip_), x);
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
/// and in a and b from Count = 4 on, neighbours are those lanes or halves that stood apart before.
template <std::size_t Count>
BINADE_ALWAYS_INLINE ivec merge(ivec a, ivec b) noexcept {
  if constexpr (Count <= 4) {
    const __m256 x = _mm256_castsi256_ps(a);
    const __m256 y = _mm256_castsi256_ps(b);
    return add_units(_mm256_castps_si256(_mm256_shuffle_ps(x, y, 0x88)),
                     _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0xdd)));
  } else {
    return add_units(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
  }
}
/// The last merge for blocks of `Merged` lanes, which brings the blocks in order.
template <std::size_t Merged>
class last_merge {
 public:
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec operator()(ivec a, ivec b) const noexcept {
    const ivec sums = merge<Merged>(a, b);
    if constexpr (Merged == 8) return sums;
    const ivec order = Merged == 2 ? _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7)
                                   : _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(sums, order);
  }
};

/// Where the sums of blocks stand in lanes: in order.
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

template <std::size_t Merged>
inline void transpose(ivec (&)[Merged]) noexcept {}

/// *out = the sum of 16 partial sums, folded by halves, times a factor.
inline void fold(const fvec (&p)[2], float factor, float* out) noexcept {
  // The barriers keep -ffast-math from another order.
  __m256 eight = _mm256_add_ps(p[0], p[1]);
  asm("" : "+x"(eight));
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  asm("" : "+x"(sum));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  asm("" : "+x"(sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  asm("" : "+x"(sum));
  _mm_store_ss(out, _mm_mul_ss(sum, _mm_set_ss(factor)));
}

/// Whether all codes are between two, unsigned.
inline bool are_between(const std::byte* codes, std::size_t n, std::uint8_t lowest,
                        std::uint8_t highest) noexcept {
  const ivec low = _mm256_set1_epi8(static_cast<char>(lowest));
  const ivec range = _mm256_set1_epi8(static_cast<char>(highest - lowest));
  ivec above = _mm256_setzero_si256();
  const auto look_at = [&](ivec c) { above = _mm256_max_epu8(above, _mm256_sub_epi8(c, low)); };
  std::size_t at = 0;
  for (; at + row_width <= n; at += row_width) look_at(load_bytes(codes + at));
  if (at < n) {
    std::byte rest[row_width];
    std::memset(rest, lowest, row_width);
    std::memcpy(rest, codes + at, n - at);
    look_at(load_bytes(rest));
  }
  return _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(above, range), range)) == -1;
}

/// out[i] = the value of codes[i].
inline void look_up(const scale_table& table, const std::byte* codes, std::size_t n,
                    float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = table.value[std::to_integer<int>(codes[i])];
}
