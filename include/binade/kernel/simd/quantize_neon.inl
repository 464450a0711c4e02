// SPDX-License-Identifier: MIT

// What the algorithms of quantization are written in, on NEON: included inside its region and
// namespace. Needs the default floating-point environment. The barriers keep -ffast-math and
// contraction from changing what is rounded.

inline float32x4_t as_floats(vec v) noexcept { return vreinterpretq_f32_u32(v); }
inline vec as_bits(float32x4_t v) noexcept { return vreinterpretq_u32_f32(v); }
inline int32x4_t as_integers(vec v) noexcept { return vreinterpretq_s32_u32(v); }

inline vec splat(std::uint32_t v) noexcept { return vdupq_n_u32(v); }
inline vec splat(float v) noexcept { return as_bits(vdupq_n_f32(v)); }
inline vec load_bits(const std::uint32_t* p) noexcept { return vld1q_u32(p); }
inline void store_bits(std::uint32_t* p, vec v) noexcept { vst1q_u32(p, v); }
inline void store(float* p, vec v) noexcept { vst1q_f32(p, as_floats(v)); }
/// The low byte of each lane.
inline void store_low_bytes(std::byte* p, vec v) noexcept {
  const std::uint32_t four = vgetq_lane_u32(vreinterpretq_u32_u8(low_bytes(v, v, v, v)), 0);
  std::memcpy(p, &four, sizeof four);
}
inline vec load_low_bytes(const std::byte* p) noexcept {
  std::uint32_t four;
  std::memcpy(&four, p, sizeof four);
  return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
}
inline vec load_words(const std::uint16_t* p) noexcept { return vmovl_u16(vld1_u16(p)); }
inline vec float16_to_float(const std::uint16_t* p) noexcept {
  return as_bits(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))));
}

inline vec bit_and(vec a, vec b) noexcept { return vandq_u32(a, b); }
inline vec max_bits(vec a, vec b) noexcept { return vmaxq_u32(a, b); }
inline vec min_bits(vec a, vec b) noexcept { return vminq_u32(a, b); }
inline vec max_int(vec a, vec b) noexcept {
  return vreinterpretq_u32_s32(vmaxq_s32(as_integers(a), as_integers(b)));
}
inline vec min_int(vec a, vec b) noexcept {
  return vreinterpretq_u32_s32(vminq_s32(as_integers(a), as_integers(b)));
}
inline vec add(vec a, vec b) noexcept { return vaddq_u32(a, b); }
inline vec subtract(vec a, vec b) noexcept { return vsubq_u32(a, b); }
inline vec shift_left(vec a, int n) noexcept { return vshlq_u32(a, vdupq_n_s32(n)); }
inline vec shift_right(vec a, int n) noexcept { return vshlq_u32(a, vdupq_n_s32(-n)); }
/// All bits of each lane are its sign.
inline vec signs(vec a) noexcept { return vreinterpretq_u32_s32(vshrq_n_s32(as_integers(a), 31)); }
/// a where x is 0, else b.
inline vec if_zero(vec x, vec a, vec b) noexcept { return vbslq_u32(vceqzq_u32(x), a, b); }
/// a where x < y as signed integers, else b.
inline vec if_less(vec x, vec y, vec a, vec b) noexcept {
  return vbslq_u32(vcltq_s32(as_integers(x), as_integers(y)), a, b);
}
inline bool any(vec x) noexcept { return vmaxvq_u32(x) != 0; }
inline vec from_int(vec x) noexcept { return as_bits(vcvtq_f32_s32(as_integers(x))); }
inline vec multiply(vec a, vec b) noexcept {
  float32x4_t product = vmulq_f32(as_floats(a), as_floats(b));
  asm("" : "+w"(product));
  return as_bits(product);
}
/// The instruction itself: compilers replace a vector division under -ffast-math.
inline vec divide(vec a, vec b) noexcept {
  vec quotient;
  asm("fdiv %0.4s, %1.4s, %2.4s" : "=w"(quotient) : "w"(a), "w"(b));
  return quotient;
}
/// The product rounded to odd: cut, with an odd last bit unless it is exact. Needs a product and an
/// error that are normal numbers or 0.
inline vec multiply_to_odd(vec a, vec b) noexcept {
  const vec p = multiply(a, b);
  const vec minus_p = veorq_u32(p, splat(0x80000000U));
  const vec error = as_bits(vfmaq_f32(as_floats(minus_p), as_floats(a), as_floats(b)));
  // Neither zero nor NaN, which is the error of an infinity or NaN.
  const vec magnitude_less_one = subtract(bit_and(error, splat(0x7fffffffU)), splat(1U));
  const vec inexact = vcltq_u32(magnitude_less_one, splat(0x7f800000U));
  const vec above = bit_and(inexact, signs(veorq_u32(error, p)));
  return vorrq_u32(add(p, above), bit_and(inexact, splat(1U)));
}

/// Largest of 4 neighbours: lane i of the result from v[i].
inline vec max_across(const vec (&v)[4]) noexcept {
  return vpmaxq_u32(vpmaxq_u32(v[0], v[1]), vpmaxq_u32(v[2], v[3]));
}

/// How many lanes had a magnitude above a limit.
class lane_counter {
 public:
  lane_counter() noexcept : sum_(splat(0U)) {}
  void add_above(vec magnitudes, vec limit) noexcept {
    sum_ = subtract(sum_, vcgtq_u32(magnitudes, limit));
  }
  [[nodiscard]] std::size_t total() const noexcept {
    return static_cast<std::size_t>(vaddlvq_u32(sum_));
  }

 private:
  vec sum_;
};

/// Whether the quotients lie far from every boundary; see make_lattice.
inline bool all_clear(const vec (&y)[4], vec lattice) noexcept {
  const vec four = splat(4U);
  const vec ab = min_bits(bit_and(add(y[0], four), lattice), bit_and(add(y[1], four), lattice));
  const vec cd = min_bits(bit_and(add(y[2], four), lattice), bit_and(add(y[3], four), lattice));
  return vminvq_u32(min_bits(ab, cd)) != 0;
}

/// y moved to the side of the number near it on which the exact quotient lies: on it, or one unit
/// in the last place away. x - v * scale has the sign of the difference: the product of v and the
/// short factor is exact, and the fma rounds once.
inline vec settle(vec x, vec y, float scale, const scaled_run& run, vec lattice) noexcept {
  const vec moved = add(y, splat(4U));
  const vec v = bit_and(moved, splat(~7U));
  const bool product = run.form == scale_form::product;
  const vec part = product ? multiply(v, splat(scale)) : v;
  const vec d =
      as_bits(vfmsq_f32(as_floats(x), as_floats(part), vdupq_n_f32(product ? run.tensor : scale)));
  const vec magnitude = bit_and(d, splat(0x7fffffffU));
  // -1 toward zero, 1 away, 0 on the number or where there is none (NaN).
  const vec away = vorrq_u32(signs(veorq_u32(d, v)), splat(1U));
  const vec is_number = vcleq_u32(magnitude, splat(0x7f800000U));
  const vec step = bit_and(if_zero(magnitude, magnitude, away), is_number);
  return if_zero(bit_and(moved, lattice), add(v, step), y);
}

/// Codes of integers, by the addition that leaves them in the low bits.
class integer_encoder {
 public:
  explicit integer_encoder(const scaled_encoder& e) noexcept
      : largest_(vdupq_n_f32(e.largest)), lowest_(vdupq_n_f32(e.lowest)), mask_(splat(e.zero)) {}
  [[nodiscard]] vec encode(vec y) const noexcept {
    const float32x4_t clamped = vmaxq_f32(vminq_f32(as_floats(y), largest_), lowest_);
    return bit_and(as_bits(vaddq_f32(clamped, vdupq_n_f32(0x1.8p23F))), mask_);
  }

 private:
  float32x4_t largest_, lowest_;
  vec mask_;
};

/// 4 * lanes codes, one a byte.
using code_bytes = uint8x16_t;
inline code_bytes gather_codes(const vec (&c)[4]) noexcept {
  return low_bytes(c[0], c[1], c[2], c[3]);
}
inline std::size_t count_zeros(code_bytes c, std::uint32_t mask) noexcept {
  const code_bytes significant = vandq_u8(c, vdupq_n_u8(static_cast<std::uint8_t>(mask)));
  return vaddvq_u8(vshrq_n_u8(vceqzq_u8(significant), 7));
}
inline void store_bytes(std::byte* p, code_bytes c) noexcept { std::memcpy(p, &c, sizeof c); }
inline void store_nibbles(std::byte* p, code_bytes c) noexcept {
  const code_bytes pairs = vorrq_u8(vuzp1q_u8(c, c), vshlq_n_u8(vuzp2q_u8(c, c), 4));
  std::memcpy(p, &pairs, 8);
}
inline void store_sextets(std::byte* p, code_bytes c) noexcept {
  const vec four = vreinterpretq_u32_u8(c);
  const vec low =
      vorrq_u32(bit_and(four, splat(0x3fU)), bit_and(vshrq_n_u32(four, 2), splat(0xfc0U)));
  const vec high = vorrq_u32(bit_and(vshrq_n_u32(four, 4), splat(0x3f000U)),
                             bit_and(vshrq_n_u32(four, 6), splat(0xfc0000U)));
  const uint8x16_t order = vcombine_u8(vcreate_u8(0x0908060504020100U), vcreate_u8(0x0e0d0c0aU));
  const uint8x16_t packed = vqtbl1q_u8(vreinterpretq_u8_u32(vorrq_u32(low, high)), order);
  std::memcpy(p, &packed, 12);
}
inline void fetch(const float* p) noexcept { __builtin_prefetch(p); }

/// The values of 4 * lanes codes of Bits bits.
template <int Bits>
class value_table;
template <>
class value_table<4> {
 public:
  /// Two bytes hold a value: its lower 16 bits are 0.
  explicit value_table(const float* values) noexcept {
    const uint16x8_t a = high_words(values);
    const uint16x8_t b = high_words(values + 8);
    low_ = vuzp1q_u8(vreinterpretq_u8_u16(a), vreinterpretq_u8_u16(b));
    high_ = vuzp2q_u8(vreinterpretq_u8_u16(a), vreinterpretq_u8_u16(b));
  }
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    std::uint64_t eight;
    std::memcpy(&eight, p, sizeof eight);
    const uint8x8_t pairs = vcreate_u8(eight);
    const uint8x8_t even = vand_u8(pairs, vdup_n_u8(0xf));
    const uint8x8_t odd = vshr_n_u8(pairs, 4);
    const uint8x16_t code = vcombine_u8(vzip1_u8(even, odd), vzip2_u8(even, odd));
    const uint8x16_t low = vqtbl1q_u8(low_, code);
    const uint8x16_t high = vqtbl1q_u8(high_, code);
    const uint16x8_t first = vreinterpretq_u16_u8(vzip1q_u8(low, high));
    const uint16x8_t last = vreinterpretq_u16_u8(vzip2q_u8(low, high));
    v[0] = vshll_n_u16(vget_low_u16(first), 16);
    v[1] = vshll_high_n_u16(first, 16);
    v[2] = vshll_n_u16(vget_low_u16(last), 16);
    v[3] = vshll_high_n_u16(last, 16);
  }

 private:
  static uint16x8_t high_words(const float* values) noexcept {
    return vuzp2q_u16(vreinterpretq_u16_u32(load(values)), vreinterpretq_u16_u32(load(values + 4)));
  }
  uint8x16_t low_, high_;
};
template <>
class value_table<8> {
 public:
  explicit value_table(const float* values) noexcept : values_(values) {}
  BINADE_ALWAYS_INLINE void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    float floats[4 * lanes];
    for (std::size_t i = 0; i < 4 * lanes; ++i) floats[i] = values_[std::to_integer<int>(p[i])];
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) v[k] = load(floats + k * lanes);
  }

 private:
  const float* values_;
};
inline void stream(float* p, vec v) noexcept { store(p, v); }
inline void finish_streams() noexcept {}
