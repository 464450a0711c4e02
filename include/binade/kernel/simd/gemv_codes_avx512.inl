// SPDX-License-Identifier: MIT

// Rows of codes times floats on AVX-512 with VBMI: included inside its region and namespace, after
// gemv_avx512.inl. The 64 partial sums stand in an order in which codes unpack with few
// instructions; x comes in the same order.

inline constexpr int to_nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// The values of codes under a scale: a * scale, with `has_tensor` times `tensor`.
inline fvec scaled(fvec a, fvec scale, const row_pair& t) noexcept {
  const fvec product = _mm512_mul_round_ps(a, scale, to_nearest);
  return t.has_tensor ? _mm512_mul_round_ps(product, broadcast(t.tensor), to_nearest) : product;
}

/// 64 codes of 4 bits, 32 bytes, unpacked as indices. Unless `Wide`, vector v has elements 16 v to
/// 16 v + 15, which may be a block; else two vectors have 32 elements.
template <bool Wide>
class nibble_indices;
template <>
class nibble_indices<false> {
 public:
  /// The element in place p of the 64.
  [[nodiscard]] static constexpr std::size_t element(std::size_t p) noexcept {
    return p / 16 * 16 + p % 2 * 8 + p % 16 / 2;
  }
  nibble_indices() noexcept
      : shift_(_mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28)) {}
  /// The permutation looks at the low 4 bits of an index.
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec read(const std::byte* codes, int v) const noexcept {
    long long eight = 0;
    std::memcpy(&eight, codes + 8 * v, sizeof eight);
    return _mm512_srlv_epi32(_mm512_set1_epi64(eight), shift_);
  }
  /// The sums p[j] + p[j + 32], then + p[j + 16], of places in order.
  [[nodiscard]] static fvec fold_to_16(const fvec (&s)[4]) noexcept {
    fvec low = _mm512_add_ps(s[0], s[2]);
    fvec high = _mm512_add_ps(s[1], s[3]);
    asm("" : "+v"(low), "+v"(high));  // or -ffast-math reorders the sums
    const ivec order = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    return _mm512_permutexvar_ps(order, _mm512_add_ps(low, high));
  }

 private:
  ivec shift_;
};
template <>
class nibble_indices<true> {
 public:
  [[nodiscard]] static constexpr std::size_t element(std::size_t p) noexcept {
    return p / 32 * 32 + p % 4 * 8 + p / 16 % 2 * 4 + p % 16 / 4;
  }
  nibble_indices() noexcept
      : shift_{_mm512_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12),
               _mm512_setr_epi32(16, 16, 16, 16, 20, 20, 20, 20, 24, 24, 24, 24, 28, 28, 28, 28)} {}
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec read(const std::byte* codes, int v) const noexcept {
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + v / 2 * 16));
    return _mm512_srlv_epi32(_mm512_broadcast_i32x4(sixteen), shift_[v % 2]);
  }
  [[nodiscard]] static fvec fold_to_16(const fvec (&s)[4]) noexcept {
    fvec even = _mm512_add_ps(s[0], s[2]);
    fvec odd = _mm512_add_ps(s[1], s[3]);
    asm("" : "+v"(even), "+v"(odd));
    const ivec order = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const ivec behind = _mm512_add_epi32(order, _mm512_set1_epi32(2));
    return _mm512_add_ps(_mm512_permutex2var_ps(even, order, odd),
                         _mm512_permutex2var_ps(even, behind, odd));
  }

 private:
  ivec shift_[2];
};

/// Where the 64 elements of a step stand.
template <class Indices>
struct place_order {
  std::uint8_t element[64];

  constexpr place_order() noexcept : element() {
    for (std::size_t p = 0; p < 64; ++p)
      element[p] = static_cast<std::uint8_t>(Indices::element(p));
  }
};

/// Puts 1 where there is no element, of which n are left in a step.
template <class Indices>
inline void end_with_ones(fvec (&w)[4], std::size_t n) noexcept {
  static constexpr place_order<Indices> order;
  const ivec places = _mm512_loadu_si512(order.element);
  const __mmask64 absent = _mm512_cmpge_epu8_mask(places, _mm512_set1_epi8(static_cast<char>(n)));
  BINADE_UNROLL(4)
  for (int v = 0; v < 4; ++v) {
    w[v] = _mm512_mask_mov_ps(w[v], static_cast<__mmask16>(absent >> (16 * v)), broadcast(1));
  }
}

/// Steps of 64 elements of a row of 4-bit codes. The 16 values times a block's scale are its table.
template <bool Wide>
class nibble_values {
 public:
  using indices = nibble_indices<Wide>;

  explicit nibble_values(const row_pair& t) noexcept : t_(t), values_(load_floats(t.values)) {}
  [[nodiscard]] static constexpr std::size_t step_bytes() noexcept { return 32; }
  BINADE_ALWAYS_INLINE void read(std::size_t r, const std::byte* codes, std::size_t k,
                                 fvec (&w)[4]) const noexcept {
    BINADE_UNROLL(4)
    for (int v = 0; v < 4; v += Wide ? 2 : 1) {
      const std::size_t group = (k + static_cast<std::size_t>(16 * v)) >> t_.shift;
      const fvec table = scaled(values_, broadcast(t_.scales[r][group]), t_);
      w[v] = _mm512_permutexvar_ps(indices_.read(codes, v), table);
      if (Wide) w[v + 1] = _mm512_permutexvar_ps(indices_.read(codes, v + 1), table);
    }
  }
  [[nodiscard]] static fvec fold_to_16(const fvec (&s)[4]) noexcept {
    return indices::fold_to_16(s);
  }

 private:
  const row_pair& t_;
  fvec values_;
  indices indices_;
};

/// The lower halves of a and b plus their upper halves.
inline fvec add_halves(fvec a, fvec b) noexcept {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

/// The same of 8-bit codes, by the two upper bytes of their values. `Symmetric`: the upper half of
/// the codes differs from the lower one in the sign of its values only.
template <bool Symmetric>
class byte_values {
 public:
  using indices = byte_values;

  [[nodiscard]] static constexpr std::size_t element(std::size_t p) noexcept {
    return p % 16 / 4 * 16 + p / 16 * 4 + p % 4;
  }
  explicit byte_values(const row_pair& t) noexcept : t_(t) {
    std::uint8_t bytes[2][256];
    for (std::size_t code = 0; code < 256; ++code) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, t.values + code, sizeof bits);
      bytes[0][code] = static_cast<std::uint8_t>(bits >> 16);
      bytes[1][code] = static_cast<std::uint8_t>(bits >> 24);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t b = 0; b < 2; ++b) part_[b][i] = _mm512_loadu_si512(bytes[b] + 64 * i);
    }
    std::uint32_t group[16];
    for (std::uint32_t lane = 0; lane < 16; ++lane) {
      group[lane] = lane / 4 * 16 >> (t.shift < 31 ? t.shift : 31);
    }
    group_ = load_units(group);
  }
  [[nodiscard]] static constexpr std::size_t step_bytes() noexcept { return 64; }
  BINADE_ALWAYS_INLINE void read(std::size_t r, const std::byte* codes, std::size_t k,
                                 fvec (&w)[4]) const noexcept {
    ivec c = load_bytes(codes);
    asm("" : "+v"(c));  // or g++ loads it three times
    ivec low = _mm512_permutex2var_epi8(part_[0][0], c, part_[0][1]);
    ivec high = _mm512_permutex2var_epi8(part_[1][0], c, part_[1][1]);
    if constexpr (Symmetric) {
      const ivec sign = _mm512_set1_epi8(static_cast<char>(0x80));
      high = _mm512_ternarylogic_epi32(high, c, sign, 0xf8);  // high | (c & sign)
    } else {
      const __mmask64 upper = _mm512_movepi8_mask(c);
      low =
          _mm512_mask_blend_epi8(upper, low, _mm512_permutex2var_epi8(part_[0][2], c, part_[0][3]));
      high = _mm512_mask_blend_epi8(upper, high,
                                    _mm512_permutex2var_epi8(part_[1][2], c, part_[1][3]));
    }
    const ivec first = _mm512_unpacklo_epi8(low, high);
    const ivec second = _mm512_unpackhi_epi8(low, high);
    const ivec none = _mm512_setzero_si512();
    w[0] = as_floats(_mm512_unpacklo_epi16(none, first));
    w[1] = as_floats(_mm512_unpackhi_epi16(none, first));
    w[2] = as_floats(_mm512_unpacklo_epi16(none, second));
    w[3] = as_floats(_mm512_unpackhi_epi16(none, second));
    const fvec scale = _mm512_permutexvar_ps(group_, load_floats(t_.scales[r] + (k >> t_.shift)));
    BINADE_UNROLL(4)
    for (fvec& v : w) v = scaled(v, scale, t_);
  }
  [[nodiscard]] static fvec fold_to_16(const fvec (&s)[4]) noexcept {
    fvec a = add_halves(s[0], s[1]);
    fvec b = add_halves(s[2], s[3]);
    asm("" : "+v"(a), "+v"(b));
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  }

 private:
  const row_pair& t_;
  ivec part_[2][4];
  ivec group_;
};

/// out[r] = bits of the 64 partial sums p[k mod 64] = fma(x[k], w[k], p[k mod 64]) of `Rows` rows,
/// k ascending from +0, folded by halves.
template <std::size_t Rows, class Values>
BINADE_ALWAYS_INLINE void multiply_code_rows(const row_pair& t, const Values& values,
                                             std::size_t first, std::uint32_t* out) noexcept {
  fvec sums[Rows][4];
  BINADE_UNROLL(2)
  for (auto& row : sums) {
    BINADE_UNROLL(4)
    for (fvec& sum : row) sum = zero();
  }
  std::size_t k = 0;
  std::size_t at = 0;
  for (; k + 64 <= t.length; k += 64, at += Values::step_bytes()) {
    fvec w[Rows][4];
    BINADE_UNROLL(2)
    for (std::size_t r = 0; r < Rows; ++r) {
      const std::byte* codes = t.rows[first + r] + at;
      __builtin_prefetch(codes + t.ahead);
      values.read(first + r, codes, k, w[r]);
    }
    BINADE_UNROLL(4)
    for (std::size_t v = 0; v < 4; ++v) {
      const fvec x = load_floats(t.x + k + 16 * v);
      BINADE_UNROLL(2)
      for (std::size_t r = 0; r < Rows; ++r) sums[r][v] = fma(x, w[r][v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < Rows; ++r) {
    if (k < t.length) {
      // The rest through a full buffer; 1 * -0 is added to what has no element.
      const std::size_t rest = t.length - k;
      std::byte codes[Values::step_bytes()] = {};
      std::memcpy(codes, t.rows[first + r] + at, (rest * Values::step_bytes() + 63) / 64);
      fvec w[4];
      values.read(first + r, codes, k, w);
      end_with_ones<typename Values::indices>(w, rest);
      for (std::size_t v = 0; v < 4; ++v) {
        sums[r][v] = fma(load_floats(t.x + k + 16 * v), w[v], sums[r][v]);
      }
    }
    const fvec sixteen[1] = {Values::fold_to_16(sums[r])};
    float sum = 0;
    fold(sixteen, 1, &sum);
    std::memcpy(out + first + r, &sum, sizeof sum);
  }
}

/// Two rows at once where that saves loads of x and rows are short; longer ones one after the
/// other, or memory would be read in two places a page apart.
template <class Values>
void multiply_code_rows(const row_pair& request, std::uint32_t* out) noexcept {
  const row_pair t = request;
  const Values values(t);
  if (t.row_count == 2 && Values::step_bytes() == 32) {
    multiply_code_rows<2>(t, values, 0, out);
  } else {
    for (std::size_t r = 0; r < t.row_count; ++r) multiply_code_rows<1>(t, values, r, out);
  }
}
template <class Values>
inline constexpr place_order<typename Values::indices> places;
template <class Values>
inline constexpr row_kernel code_rows_kernel{multiply_code_rows<Values>, places<Values>.element};

inline constexpr code_kernels row_kernels{{blocks::multiply_rows<32>, nullptr},
                                          code_rows_kernel<byte_values<false>>,
                                          code_rows_kernel<byte_values<true>>,
                                          code_rows_kernel<nibble_values<false>>,
                                          code_rows_kernel<nibble_values<true>>};
