// SPDX-License-Identifier: MIT

// Float arithmetic of transforms and softmax on AVX-512: included inside its region and namespace,
// after the primitives of quantization. Rounding is embedded in the instructions, so that no
// environment and no -ffast-math changes it.

inline __m512 as_floats(vec v) noexcept { return _mm512_castsi512_ps(v); }

inline vec sum(vec a, vec b) noexcept {
  return _mm512_castps_si512(_mm512_add_round_ps(as_floats(a), as_floats(b), nearest));
}
inline vec difference(vec a, vec b) noexcept {
  return _mm512_castps_si512(_mm512_sub_round_ps(as_floats(a), as_floats(b), nearest));
}
/// a * b + c, rounded once.
inline vec multiply_add(vec a, vec b, vec c) noexcept {
  return _mm512_castps_si512(
      _mm512_fmadd_round_ps(as_floats(a), as_floats(b), as_floats(c), nearest));
}

/// Whether any of the vectors that it saw holds a NaN.
class nan_finder {
 public:
  BINADE_ALWAYS_INLINE void look_at(vec a, vec b) noexcept {
    none_ = _mm512_mask_cmp_ps_mask(none_, as_floats(a), as_floats(b), _CMP_ORD_Q);
  }
  [[nodiscard]] bool found() const noexcept { return none_ != 0xffff; }

 private:
  __mmask16 none_ = 0xffff;
};

/// Vectors of a transform that stay in registers.
inline constexpr std::size_t held_vectors = 16;

/// Butterflies with distances 1, 2, 4 and 8 in every 16 lanes: a lane plus its partner, or the
/// partner minus the lane, as one product with 1 or -1.
class lane_butterflies {
 public:
  lane_butterflies() noexcept : sign_{signs(0xaaaa), signs(0xcccc), signs(0xf0f0), signs(0xff00)} {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec operator()(vec v) const noexcept {
    v = multiply_add(v, sign_[0], _mm512_shuffle_epi32(v, _MM_PERM_CDAB));
    v = multiply_add(v, sign_[1], _mm512_shuffle_epi32(v, _MM_PERM_BADC));
    v = multiply_add(v, sign_[2], _mm512_shuffle_i32x4(v, v, _MM_PERM_CDAB));
    return multiply_add(v, sign_[3], _mm512_shuffle_i32x4(v, v, _MM_PERM_BADC));
  }

 private:
  [[nodiscard]] static vec signs(__mmask16 negative) noexcept {
    return _mm512_mask_mov_epi32(splat(1.0F), negative, splat(-1.0F));
  }
  vec sign_[4];
};

/// min(max(x, -limit), limit) of what is no NaN.
inline vec clamp(vec x, float limit) noexcept {
  const __m512 above = _mm512_max_ps(as_floats(x), _mm512_set1_ps(-limit));
  return _mm512_castps_si512(_mm512_min_ps(above, _mm512_set1_ps(limit)));
}
inline vec larger(vec a, vec b) noexcept {
  return _mm512_castps_si512(_mm512_max_ps(as_floats(a), as_floats(b)));
}
/// The nearest integers, ties to even. Needs |x| < 2^22.
inline vec nearest_integers(vec x) noexcept {
  return _mm512_castps_si512(_mm512_roundscale_ps(as_floats(x), nearest));
}
/// x 2^d, rounded once, for integers d <= 0 and 2^-40 <= x < 2^40 or x = 0.
inline vec scale_down(vec x, vec d) noexcept {
  return _mm512_castps_si512(_mm512_scalef_round_ps(as_floats(x), as_floats(d), nearest));
}
/// The same where less than 2^-100 may count as 0.
inline vec scale_down_roughly(vec x, vec d) noexcept { return scale_down(x, d); }

/// Whether all that it saw is below infinity and no NaN.
class infinity_finder {
 public:
  BINADE_ALWAYS_INLINE void look_at(vec x) noexcept {
    none_ = _mm512_mask_cmp_ps_mask(none_, as_floats(x),
                                    as_floats(splat(std::uint32_t{0x7f800000})), _CMP_LT_OQ);
  }
  [[nodiscard]] bool found() const noexcept { return none_ != 0xffff; }

 private:
  __mmask16 none_ = 0xffff;
};
