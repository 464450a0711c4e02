// SPDX-License-Identifier: MIT

// The primitives of conversion for NEON. Included by convert_targets.hpp inside the target's region
// and namespace.

/// The bits of 4 elements as floats.
template <class Source>
BINADE_ALWAYS_INLINE vec load_as_float(const typename Source::type* p) noexcept {
  if constexpr (std::same_as<Source, float_source>) {
    return load(p);
  } else if constexpr (std::same_as<Source, float16_source>) {
    return vreinterpretq_u32_f32(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))));
  } else {
    return vshll_n_u16(vld1_u16(p), 16);
  }
}
inline constexpr std::size_t word_lanes = 8;
using words = uint16x8_t;
using bytes = uint8x16_t;
/// The upper 16 bits of 8 elements as floats, bit 0 sticky.
template <class Source>
BINADE_ALWAYS_INLINE words upper_words(const typename Source::type* p) noexcept {
  const words a = vreinterpretq_u16_u32(load_as_float<Source>(p));
  const words b = vreinterpretq_u16_u32(load_as_float<Source>(p + lanes));
  const words low = vuzp1q_u16(a, b);
  return vorrq_u16(vuzp2q_u16(a, b), vshrq_n_u16(vtstq_u16(low, low), 15));
}
BINADE_ALWAYS_INLINE void store_ranks(std::uint8_t* p, bytes x) noexcept { vst1q_u8(p, x); }
template <int Window, int Codes>
class ranker {
 public:
  explicit ranker(const rank_encoder& c) noexcept
      : c_(c),
        chunks_((c.count + 63) / 64),
        low_(vdupq_n_u16(c.low)),
        high_(vdupq_n_u16(c.high)),
        special_(vdupq_n_u16(c.special)),
        subnormal_(vdupq_n_u16(c.subnormal)),
        first_(vdupq_n_u8(static_cast<std::uint8_t>(c.first))),
        add_(vdupq_n_u16(c.add)),
        add_odd_(vdupq_n_u16(c.add_odd)),
        flip_(vdupq_n_u8(static_cast<std::uint8_t>(c.flip))),
        carry_(vdupq_n_u8(static_cast<std::uint8_t>(c.carry))),
        drop_(vdupq_n_u8(static_cast<std::uint8_t>(~c.keep & 0xff))),
        zero_has_no_sign_(vdupq_n_u8(c.zero_has_sign || !c.is_signed ? 0 : 0xff)),
        is_unsigned_(vdupq_n_u8(c.is_signed ? 0 : 0xff)) {
    for (int i = 0; i < Window; ++i) {
      const int entry = i < c.count ? c.table[c.first + i] : 0;
      rank_[i] = static_cast<std::uint8_t>(entry >> 8);
      rest_[i] = static_cast<std::uint8_t>(entry);
    }
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bytes encode(words a, words b) const noexcept {
    const words magnitude = vdupq_n_u16(0x7fff);
    const words ma = vandq_u16(a, magnitude);
    const words mb = vandq_u16(b, magnitude);
    const words ca = vminq_u16(vmaxq_u16(ma, low_), high_);
    const words cb = vminq_u16(vmaxq_u16(mb, low_), high_);
    const bytes exponent = vcombine_u8(vshrn_n_u16(ca, 7), vshrn_n_u16(cb, 7));
    const bytes index = vsubq_u8(exponent, first_);
    const bytes rank = look_up<Window>(rank_, index, chunks_);
    const bytes rest = look_up<Window>(rest_, index, chunks_);
    const bytes half = vandq_u8(rest, vdupq_n_u8(0x80));
    const int8x16_t shift = vreinterpretq_s8_u8(vandq_u8(rest, vdupq_n_u8(0x1f)));
    const words base_a = vreinterpretq_u16_u8(vzip1q_u8(half, rank));
    const words base_b = vreinterpretq_u16_u8(vzip2q_u8(half, rank));
    const uint8x8_t code_a = rounded(ca, base_a, vmovl_s8(vget_low_s8(shift)));
    const uint8x8_t code_b = rounded(cb, base_b, vmovl_high_s8(shift));
    const bytes nonzero = narrowed(vtstq_u16(ma, ma), vtstq_u16(mb, mb));
    bytes code = vandq_u8(vcombine_u8(code_a, code_b), nonzero);
    if constexpr (Codes != 0) code = look_up<Codes>(c_.codes, code, Codes / 64);
    const bytes not_negative =
        vorrq_u8(vandq_u8(vceqzq_u8(code), zero_has_no_sign_), vbicq_u8(is_unsigned_, nonzero));
    const bytes signs = vcombine_u8(vshrn_n_u16(a, 8), vshrn_n_u16(b, 8));
    const bytes negative = vbicq_u8(vcltzq_s8(vreinterpretq_s8_u8(signs)), not_negative);
    code = vbicq_u8(code, vandq_u8(drop_, negative));
    code = veorq_u8(code, vandq_u8(negative, flip_));
    return vaddq_u8(code, vandq_u8(negative, carry_));
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(words a, words b) const noexcept {
    return vmaxvq_u16(vorrq_u16(is_special(a), is_special(b))) != 0;
  }

 private:
  static BINADE_ALWAYS_INLINE bytes narrowed(words a, words b) noexcept {
    return vuzp1q_u8(vreinterpretq_u8_u16(a), vreinterpretq_u8_u16(b));
  }
  /// table[index], of `chunks` times 64 entries; 0 beyond them.
  template <int Size>
  static BINADE_ALWAYS_INLINE bytes look_up(const std::uint8_t* table, bytes index,
                                            int chunks) noexcept {
    bytes r = vqtbl4q_u8(vld1q_u8_x4(table), index);
    if constexpr (Size > 64) {
      for (int k = 1; k < chunks; ++k) {
        index = vsubq_u8(index, vdupq_n_u8(64));
        r = vorrq_u8(r, vqtbl4q_u8(vld1q_u8_x4(table + 64 * k), index));
      }
    }
    return r;
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE uint8x8_t rounded(words magnitude, words base,
                                                       int16x8_t shift) const noexcept {
    const words m = vandq_u16(magnitude, vdupq_n_u16(0x7f));
    const words v = vaddq_u16(base, vshlq_u16(m, shift));
    const words odd = vandq_u16(vshrq_n_u16(v, 8), add_odd_);
    return vshrn_n_u16(vaddq_u16(v, vaddq_u16(odd, add_)), 8);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE words is_special(words h) const noexcept {
    const words m = vandq_u16(h, vdupq_n_u16(0x7fff));
    return vorrq_u16(vcgeq_u16(m, special_), vandq_u16(vtstq_u16(m, m), vcltq_u16(m, subnormal_)));
  }
  const rank_encoder& c_;
  int chunks_;
  words low_, high_, special_, subnormal_;
  bytes first_;
  words add_, add_odd_;
  bytes flip_, carry_, drop_, zero_has_no_sign_, is_unsigned_;
  alignas(16) std::uint8_t rank_[Window];
  alignas(16) std::uint8_t rest_[Window];
};

BINADE_ALWAYS_INLINE vec splat(std::uint32_t v) noexcept { return vdupq_n_u32(v); }
/// Counts of shifts, for each lane.
BINADE_ALWAYS_INLINE int32x4_t count(std::uint32_t n) noexcept {
  return vdupq_n_s32(static_cast<std::int32_t>(n));
}
BINADE_ALWAYS_INLINE vec bit_and(vec a, vec b) noexcept { return vandq_u32(a, b); }
BINADE_ALWAYS_INLINE vec bit_or(vec a, vec b) noexcept { return vorrq_u32(a, b); }
BINADE_ALWAYS_INLINE vec bit_xor(vec a, vec b) noexcept { return veorq_u32(a, b); }
BINADE_ALWAYS_INLINE vec add(vec a, vec b) noexcept { return vaddq_u32(a, b); }
BINADE_ALWAYS_INLINE vec subtract(vec a, vec b) noexcept { return vsubq_u32(a, b); }
BINADE_ALWAYS_INLINE vec shift_right(vec x, int32x4_t n) noexcept {
  return vshlq_u32(x, vnegq_s32(n));
}
BINADE_ALWAYS_INLINE vec shift_left(vec x, int32x4_t n) noexcept { return vshlq_u32(x, n); }
/// x >> n, 0 where n > 31. Needs n < 256.
BINADE_ALWAYS_INLINE vec shift_right_each(vec x, vec n) noexcept {
  const int32x4_t most = vdupq_n_s32(32);  // a count of 128 or more would be one to the left
  return shift_right(x, vminq_s32(vreinterpretq_s32_u32(n), most));
}
/// All bits of each lane are its sign.
BINADE_ALWAYS_INLINE vec shift_right_signed(vec x) noexcept {
  return vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(x), 31));
}
BINADE_ALWAYS_INLINE vec min_unsigned(vec a, vec b) noexcept { return vminq_u32(a, b); }
BINADE_ALWAYS_INLINE vec max_unsigned(vec a, vec b) noexcept { return vmaxq_u32(a, b); }
BINADE_ALWAYS_INLINE vec min_signed(vec a, vec b) noexcept {
  return vreinterpretq_u32_s32(vminq_s32(vreinterpretq_s32_u32(a), vreinterpretq_s32_u32(b)));
}
BINADE_ALWAYS_INLINE vec max_signed(vec a, vec b) noexcept {
  return vreinterpretq_u32_s32(vmaxq_s32(vreinterpretq_s32_u32(a), vreinterpretq_s32_u32(b)));
}
/// All ones where a >= b, as signed numbers.
BINADE_ALWAYS_INLINE vec not_less(vec a, vec b) noexcept {
  return vcgeq_s32(vreinterpretq_s32_u32(a), vreinterpretq_s32_u32(b));
}
/// All ones where a < b.
BINADE_ALWAYS_INLINE vec less_unsigned(vec a, vec b) noexcept { return vcltq_u32(a, b); }
BINADE_ALWAYS_INLINE bool any_different(vec a, vec b) noexcept {
  return vmaxvq_u32(veorq_u32(a, b)) != 0;
}
/// a where x is 0, else b.
BINADE_ALWAYS_INLINE vec where_zero(vec x, vec a, vec b) noexcept {
  return vbslq_u32(vceqzq_u32(x), a, b);
}
/// table[index], where index is 0 to 7.
BINADE_ALWAYS_INLINE vec look_up_8(const std::int32_t* table, vec index) noexcept {
  const uint8x16x2_t entries = {
      {vreinterpretq_u8_s32(vld1q_s32(table)), vreinterpretq_u8_s32(vld1q_s32(table + 4))}};
  const vec at = vmlaq_n_u32(splat(0x03020100), index, 0x04040404);
  return vreinterpretq_u32_u8(vqtbl2q_u8(entries, vreinterpretq_u8_u32(at)));
}
/// table[index], where index is 0 to 255.
BINADE_ALWAYS_INLINE vec look_up_256(const std::uint32_t* table, vec index) noexcept {
  vec entry = vld1q_dup_u32(table + vgetq_lane_u32(index, 0));
  entry = vld1q_lane_u32(table + vgetq_lane_u32(index, 1), entry, 1);
  entry = vld1q_lane_u32(table + vgetq_lane_u32(index, 2), entry, 2);
  return vld1q_lane_u32(table + vgetq_lane_u32(index, 3), entry, 3);
}
/// Floats to integers: toward zero, or to nearest even.
template <rounds_integers How>
BINADE_ALWAYS_INLINE vec to_integer(vec x) noexcept {
  const float32x4_t v = vreinterpretq_f32_u32(x);
  if constexpr (How == rounds_integers::toward_zero) {
    return vreinterpretq_u32_s32(vcvtq_s32_f32(v));
  } else {
    return vreinterpretq_u32_s32(vcvtnq_s32_f32(v));
  }
}
BINADE_ALWAYS_INLINE void store_codes(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  store4(p, a, b, c, d);
}
BINADE_ALWAYS_INLINE void store_codes(std::uint16_t* p, vec a, vec b, vec c, vec d) noexcept {
  vst1q_u16(p, vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b)));
  vst1q_u16(p + 8, vuzp1q_u16(vreinterpretq_u16_u32(c), vreinterpretq_u16_u32(d)));
}
BINADE_ALWAYS_INLINE void store_codes(std::uint32_t* p, vec a, vec b, vec c, vec d) noexcept {
  vst1q_u32(p, a);
  vst1q_u32(p + 4, b);
  vst1q_u32(p + 8, c);
  vst1q_u32(p + 12, d);
}

/// How results of decoding are stored.
struct ordinary_store {
  static constexpr bool is_streaming = false;
  static BINADE_ALWAYS_INLINE void put(float* p, vec x) noexcept {
    vst1q_f32(p, vreinterpretq_f32_u32(x));
  }
  static void finish() noexcept {}
};
using streaming_store = ordinary_store;  // no intrinsic stores past the caches
BINADE_ALWAYS_INLINE vec canonical_nan(vec x) noexcept {
  const vec is_nan = vcgtq_u32(vandq_u32(x, splat(0x7fffffff)), splat(0x7f800000));
  const vec nan = vorrq_u32(vandq_u32(x, splat(0x80000000U)), splat(0x7fc00000));
  return vbslq_u32(is_nan, nan, x);
}

template <int Bits>
BINADE_ALWAYS_INLINE vec load_unsigned(const std::uint8_t* p) noexcept {
  if constexpr (Bits == 8) {
    std::uint32_t four;
    std::memcpy(&four, p, sizeof four);
    return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
  } else {
    return vmovl_u16(vreinterpret_u16_u8(vld1_u8(p)));
  }
}
/// The lower halves of the products of 32 bits; the upper ones go to `high`.
BINADE_ALWAYS_INLINE vec multiply_wide(vec a, vec b, vec& high) noexcept {
  const vec first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
  const vec last = vreinterpretq_u32_u64(vmull_high_u32(a, b));
  high = vuzp2q_u32(first, last);
  return vuzp1q_u32(first, last);
}
/// The block of each lane such that store_transposed puts them in order.
BINADE_ALWAYS_INLINE vec block_of_lane() noexcept {
  return vreinterpretq_u32_u64(vcombine_u64(vcreate_u64(0x100000000U), vcreate_u64(0x300000002U)));
}
/// Stores words 0 to 3 of each lane's block side by side.
BINADE_ALWAYS_INLINE void store_transposed(std::uint8_t* p, vec a, vec b, vec c, vec d) noexcept {
  std::uint32_t block[4 * lanes];
  const uint32x4x4_t four = {{a, b, c, d}};
  vst4q_u32(block, four);
  std::memcpy(p, block, sizeof block);
}
