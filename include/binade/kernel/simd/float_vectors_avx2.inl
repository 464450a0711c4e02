// SPDX-License-Identifier: MIT

// Float arithmetic of transforms and softmax on AVX2: included inside its region and namespace,
// after the primitives of quantization. Needs the default floating-point environment. The barriers
// keep -ffast-math from reordering sums.

inline __m256 as_floats(vec v) noexcept { return _mm256_castsi256_ps(v); }

inline vec sum(vec a, vec b) noexcept {
  __m256 s = _mm256_add_ps(as_floats(a), as_floats(b));
  asm("" : "+x"(s));
  return _mm256_castps_si256(s);
}
inline vec difference(vec a, vec b) noexcept {
  __m256 s = _mm256_sub_ps(as_floats(a), as_floats(b));
  asm("" : "+x"(s));
  return _mm256_castps_si256(s);
}
/// a * b + c, rounded once.
inline vec multiply_add(vec a, vec b, vec c) noexcept {
  return _mm256_castps_si256(_mm256_fmadd_ps(as_floats(a), as_floats(b), as_floats(c)));
}

/// Whether any of the vectors that it saw holds a NaN.
class nan_finder {
 public:
  nan_finder() noexcept : found_(_mm256_setzero_ps()) {}
  BINADE_ALWAYS_INLINE void look_at(vec a, vec b) noexcept {
    found_ = _mm256_or_ps(found_, _mm256_cmp_ps(as_floats(a), as_floats(b), _CMP_UNORD_Q));
  }
  [[nodiscard]] bool found() const noexcept { return _mm256_movemask_ps(found_) != 0; }

 private:
  __m256 found_;
};

/// Vectors of a transform that stay in registers.
inline constexpr std::size_t held_vectors = 8;

/// Butterflies with distances 1, 2 and 4 in every 8 lanes: a lane plus its partner, or the partner
/// minus the lane, as one product with 1 or -1.
class lane_butterflies {
 public:
  lane_butterflies() noexcept
      : sign_{_mm256_castps_si256(_mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1)),
              _mm256_castps_si256(_mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1)),
              _mm256_castps_si256(_mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1))} {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec operator()(vec v) const noexcept {
    v = multiply_add(v, sign_[0], _mm256_shuffle_epi32(v, _MM_SHUFFLE(2, 3, 0, 1)));
    v = multiply_add(v, sign_[1], _mm256_shuffle_epi32(v, _MM_SHUFFLE(1, 0, 3, 2)));
    return multiply_add(v, sign_[2], _mm256_permute2x128_si256(v, v, 1));
  }

 private:
  vec sign_[3];
};

/// min(max(x, -limit), limit) of what is no NaN.
inline vec clamp(vec x, float limit) noexcept {
  const __m256 above = _mm256_max_ps(as_floats(x), _mm256_set1_ps(-limit));
  return _mm256_castps_si256(_mm256_min_ps(above, _mm256_set1_ps(limit)));
}
inline vec larger(vec a, vec b) noexcept {
  return _mm256_castps_si256(_mm256_max_ps(as_floats(a), as_floats(b)));
}
/// The nearest integers, ties to even. Needs |x| < 2^22.
inline vec nearest_integers(vec x) noexcept {
  return _mm256_castps_si256(
      _mm256_round_ps(as_floats(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
/// x 2^d for integers d <= 0; 0 for d <= -127.
inline vec scale_down_roughly(vec x, vec d) noexcept {
  const vec exponent = _mm256_cvtps_epi32(_mm256_max_ps(as_floats(d), _mm256_set1_ps(-127)));
  return multiply(x, _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
}
/// x 2^d, rounded once, for integers d <= 0 and 2^-40 <= x < 2^40 or x = 0: the first step is
/// exact.
inline vec scale_down(vec x, vec d) noexcept {
  const vec first = larger(d, splat(-64.0F));
  return scale_down_roughly(scale_down_roughly(x, first), difference(d, first));
}

/// Whether all that it saw is below infinity and no NaN.
class infinity_finder {
 public:
  infinity_finder() noexcept : found_(_mm256_setzero_ps()) {}
  BINADE_ALWAYS_INLINE void look_at(vec x) noexcept {
    const __m256 infinity = as_floats(splat(std::uint32_t{0x7f800000}));
    found_ = _mm256_or_ps(found_, _mm256_cmp_ps(as_floats(x), infinity, _CMP_NLT_UQ));
  }
  [[nodiscard]] bool found() const noexcept { return _mm256_movemask_ps(found_) != 0; }

 private:
  __m256 found_;
};
