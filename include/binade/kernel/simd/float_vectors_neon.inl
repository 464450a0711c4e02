// SPDX-License-Identifier: MIT

// Float arithmetic of transforms and softmax on NEON: included inside its region and namespace,
// after the primitives of quantization. Needs the default floating-point environment. The barriers
// keep -ffast-math from reordering sums.

inline vec sum(vec a, vec b) noexcept {
  float32x4_t s = vaddq_f32(as_floats(a), as_floats(b));
  asm("" : "+w"(s));
  return as_bits(s);
}
inline vec difference(vec a, vec b) noexcept {
  float32x4_t s = vsubq_f32(as_floats(a), as_floats(b));
  asm("" : "+w"(s));
  return as_bits(s);
}
/// a * b + c, rounded once.
inline vec multiply_add(vec a, vec b, vec c) noexcept {
  return as_bits(vfmaq_f32(as_floats(c), as_floats(a), as_floats(b)));
}

/// Whether any of the vectors that it saw holds a NaN.
class nan_finder {
 public:
  nan_finder() noexcept : most_(splat(0U)) {}
  BINADE_ALWAYS_INLINE void look_at(vec a, vec b) noexcept {
    const vec magnitude = splat(0x7fffffffU);
    most_ = max_bits(most_, max_bits(bit_and(a, magnitude), bit_and(b, magnitude)));
  }
  [[nodiscard]] bool found() const noexcept { return vmaxvq_u32(most_) > 0x7f800000U; }

 private:
  vec most_;
};

/// Vectors of a transform that stay in registers.
inline constexpr std::size_t held_vectors = 16;

/// Butterflies with distances 1 and 2 in every 4 lanes: a lane plus its partner, or the partner
/// minus the lane, as one product with 1 or -1.
class lane_butterflies {
 public:
  lane_butterflies() noexcept {
    const vec one = splat(1.0F);
    const vec minus_one = splat(-1.0F);
    sign_[0] = vzip1q_u32(one, minus_one);
    sign_[1] = vcombine_u32(vget_low_u32(one), vget_low_u32(minus_one));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE vec operator()(vec v) const noexcept {
    v = multiply_add(v, sign_[0], vrev64q_u32(v));
    return multiply_add(v, sign_[1], vextq_u32(v, v, 2));
  }

 private:
  vec sign_[2];
};

/// min(max(x, -limit), limit) of what is no NaN.
inline vec clamp(vec x, float limit) noexcept {
  return as_bits(vminq_f32(vmaxq_f32(as_floats(x), vdupq_n_f32(-limit)), vdupq_n_f32(limit)));
}
inline vec larger(vec a, vec b) noexcept { return as_bits(vmaxq_f32(as_floats(a), as_floats(b))); }
/// The nearest integers, ties to even.
inline vec nearest_integers(vec x) noexcept { return as_bits(vrndnq_f32(as_floats(x))); }
/// x 2^d for integers d <= 0; 0 for d <= -127.
inline vec scale_down_roughly(vec x, vec d) noexcept {
  const int32x4_t exponent = vcvtnq_s32_f32(vmaxq_f32(as_floats(d), vdupq_n_f32(-127)));
  return multiply(x, shift_left(add(vreinterpretq_u32_s32(exponent), splat(127U)), 23));
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
  infinity_finder() noexcept : most_(splat(0U)) {}
  BINADE_ALWAYS_INLINE void look_at(vec x) noexcept {
    // +infinity and the NaNs behind it in either sign: a positive number counts one more.
    const vec is_positive = vshrq_n_u32(vmvnq_u32(x), 31);
    most_ = max_bits(most_, add(bit_and(x, splat(0x7fffffffU)), is_positive));
  }
  [[nodiscard]] bool found() const noexcept { return vmaxvq_u32(most_) > 0x7f800000U; }

 private:
  vec most_;
};
