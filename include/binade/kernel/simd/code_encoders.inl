// SPDX-License-Identifier: MIT

// Encoders in 32-bit lanes, written once for targets with vectors. Included inside the region and
// namespace of a target that defines vec and the primitives used here.

/// What the encoders share: the test for what is special.
class special_lanes {
 public:
  special_lanes(std::uint32_t magnitude, std::uint32_t special) noexcept
      : magnitude_(splat(magnitude)), special_less_one_(splat(special - 1)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    // Without the sign, or where it counts, as unsigned numbers.
    const vec ab = max_unsigned(bit_and(a, magnitude_), bit_and(b, magnitude_));
    const vec cd = max_unsigned(bit_and(c, magnitude_), bit_and(d, magnitude_));
    const vec most = max_unsigned(ab, cd);
    return any_different(max_unsigned(most, special_less_one_), special_less_one_);
  }

 private:
  vec magnitude_, special_less_one_;
};
class upper : public special_lanes {
 public:
  explicit upper(const upper_encoder& c) noexcept
      : special_lanes(c.magnitude, c.special),
        clamp_(splat(c.clamp)),
        add_(splat(c.add)),
        odd_(splat(c.odd)),
        shift_(count(c.shift)),
        sign_(splat(0x80000000U >> c.shift)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec a = min_unsigned(bit_and(x, splat(0x7fffffff)), clamp_);
    const vec odd = bit_and(shift_right(a, shift_), odd_);
    const vec code = shift_right(add(a, add(add_, odd)), shift_);
    return bit_or(code, bit_and(shift_right(x, shift_), sign_));
  }

 private:
  vec clamp_, add_, odd_;
  decltype(count(0)) shift_;
  vec sign_;
};
template <rounds_integers How>
class integer : public special_lanes {
 public:
  explicit integer(const integer_encoder& c) noexcept
      : special_lanes(c.magnitude, c.special),
        clamp_(splat(c.clamp)),
        sign_(splat(c.keeps_sign ? 0x80000000U : 0)),
        lowest_(splat(static_cast<std::uint32_t>(c.lowest))),
        largest_(splat(static_cast<std::uint32_t>(c.largest))),
        code_mask_(splat(c.code_mask)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec a = min_unsigned(bit_and(x, splat(0x7fffffff)), clamp_);
    const vec value = to_integer<How>(bit_or(a, bit_and(x, sign_)));
    return bit_and(max_signed(min_signed(value, largest_), lowest_), code_mask_);
  }

 private:
  vec clamp_, sign_, lowest_, largest_, code_mask_;
};
/// By bisection: the boundaries of each level stand in a register of their own.
class codebook : public special_lanes {
 public:
  explicit codebook(const codebook_encoder& c) noexcept
      : special_lanes(c.magnitude, c.special),
        middle_(splat(static_cast<std::uint32_t>(c.boundary[8]))) {
    for (int i = 0; i < 8; ++i) {
      quarter_[i] = c.boundary[(i * 8 + 4) % 16];
      eighth_[i] = c.boundary[(i * 4 + 2) % 16];
      last_[i] = c.boundary[i * 2 + 1];
    }
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec y = bit_xor(x, shift_right(shift_right_signed(x), count(1)));
    vec code = shift_right(not_less(y, middle_), count(31));  // 1: the upper half
    code = step(code, y, quarter_);
    code = step(code, y, eighth_);
    return step(code, y, last_);
  }

 private:
  /// 2 * code, and one more where y reaches the boundary of the code's upper half.
  static BINADE_ALWAYS_INLINE vec step(vec code, vec y, const std::int32_t* boundary) noexcept {
    return subtract(add(code, code), not_less(y, look_up_8(boundary, code)));
  }
  vec middle_;
  std::int32_t quarter_[8], eighth_[8], last_[8];
};

/// By a table of exponents.
class binades {
 public:
  explicit binades(const binade_encoder& c) noexcept
      : entry_(c.table->entry),
        first_(splat(c.table->first)),
        last_(splat(c.table->end - c.table->first - 1)),
        code_mask_(splat(c.code_mask)),
        add_(splat(c.add)),
        odd_(splat(c.odd)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x) const noexcept {
    const vec m = bit_and(x, splat(0x7fffffff));
    const vec entry = look_up_256(entry_, shift_right(m, count(23)));
    const vec least = shift_right(entry, count(8));
    const vec drop = bit_and(entry, splat(31));
    const vec fraction = bit_and(m, splat(0x7fffff));
    const vec odd = bit_and(add(shift_right_each(fraction, drop), least), odd_);
    const vec below_half = bit_and(shift_right_each(splat(~0U), subtract(splat(33), drop)), add_);
    const vec kept = shift_right_each(add(fraction, add(below_half, odd)), drop);
    const vec code = where_zero(m, m, add(least, kept));
    const vec sign = shift_right_signed(x);
    return bit_and(subtract(bit_xor(code, sign), sign), code_mask_);
  }
  [[nodiscard]] BINADE_ALWAYS_INLINE bool any_special(vec a, vec b, vec c, vec d) const noexcept {
    const vec most =
        max_unsigned(max_unsigned(place(a), place(b)), max_unsigned(place(c), place(d)));
    return any_different(max_unsigned(most, last_), last_);
  }

 private:
  /// At most last_ within the range, and for zero.
  [[nodiscard]] BINADE_ALWAYS_INLINE vec place(vec x) const noexcept {
    const vec m = bit_and(x, splat(0x7fffffff));
    return where_zero(m, m, subtract(m, first_));
  }
  const std::uint32_t* entry_;
  vec first_, last_, code_mask_, add_, odd_;
};

/// Rounds with random integers of `Bits` bits.
template <int Bits>
class stochastic : public special_lanes {
 public:
  explicit stochastic(const stochastic_encoder& c) noexcept
      : special_lanes(c.floats.magnitude, c.floats.special),
        magnitude_(splat(c.floats.magnitude)),
        clamp_(splat(c.floats.clamp)),
        least_(splat(c.floats.least >> 23)),
        dropped_(splat(c.floats.shift - Bits)),
        sign_(splat(c.floats.sign)),
        zero_sign_(splat(c.floats.zero_has_sign ? c.floats.sign : 0)),
        mantissa_bits_(count(23 - c.floats.shift)),
        sign_shift_(count(c.floats.sign_shift)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec encode(vec x, const std::uint8_t* random) const noexcept {
    const vec a = min_unsigned(bit_and(x, magnitude_), clamp_);
    const vec e = shift_right(a, count(23));
    const vec normal = max_unsigned(e, least_);
    const vec significand = bit_or(bit_and(a, splat(0x7fffff)), splat(0x800000));
    const vec kept = shift_right_each(significand, add(dropped_, subtract(normal, e)));
    const vec q = shift_right(add(kept, load_unsigned<Bits>(random)), count(Bits));
    const vec code = add(q, shift_left(subtract(normal, least_), mantissa_bits_));
    const vec sign = shift_right(x, sign_shift_);
    return bit_or(code, bit_and(sign, where_zero(code, zero_sign_, sign_)));
  }

 private:
  vec magnitude_, clamp_, least_, dropped_, sign_, zero_sign_;
  decltype(count(0)) mantissa_bits_, sign_shift_;
};

/// The bytes of `lanes` blocks of the sequence, from `block` on: random_block, a lane each.
BINADE_ALWAYS_INLINE void fill_random(std::uint64_t seed, std::uint64_t stream, std::uint64_t block,
                                      std::uint8_t* to) noexcept {
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  vec c0 = add(splat(low(block)), block_of_lane());
  vec c1 = subtract(splat(high(block)), less_unsigned(c0, block_of_lane()));  // the carry
  vec c2 = splat(low(stream));
  vec c3 = splat(high(stream));
  std::uint32_t k0 = low(seed);
  std::uint32_t k1 = high(seed);
  for (int round = 0; round < 7; ++round) {  // as in philox4x32
    vec high0, high2;
    const vec low0 = multiply_wide(c0, splat(0xD2511F53), high0);
    const vec low2 = multiply_wide(c2, splat(0xCD9E8D57), high2);
    c0 = bit_xor(bit_xor(high2, c1), splat(k0));
    c2 = bit_xor(bit_xor(high0, c3), splat(k1));
    c1 = low2;
    c3 = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  store_transposed(to, c0, c1, c2, c3);
}
