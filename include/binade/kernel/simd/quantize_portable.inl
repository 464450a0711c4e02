// SPDX-License-Identifier: MIT

// What the algorithms of quantization are written in, in plain loops over the lanes: included
// inside the portable region and namespace. Needs the default floating-point environment.

/// Hides a value, so that -ffast-math cannot replace a division by it or undo a rounding to it.
template <class T>
inline T opaque(T x) noexcept {
  asm("" : "+m"(x));
  return x;
}
inline float as_float(std::uint32_t bits) noexcept { return bit_cast<float>(bits); }
template <class Function>
inline vec each_lane(Function&& f) noexcept {
  vec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = f(i);
  return r;
}

inline vec splat(std::uint32_t v) noexcept {
  return each_lane([&](std::size_t) { return v; });
}
inline vec splat(float v) noexcept { return splat(bit_cast<std::uint32_t>(v)); }
inline vec load_bits(const std::uint32_t* p) noexcept {
  vec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline void store_bits(std::uint32_t* p, const vec& v) noexcept { std::memcpy(p, v.v, sizeof v.v); }
inline void store(float* p, const vec& v) noexcept { std::memcpy(p, v.v, sizeof v.v); }
/// The low byte of each lane.
inline void store_low_bytes(std::byte* p, const vec& v) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) p[i] = static_cast<std::byte>(v.v[i] & 0xff);
}
inline vec load_low_bytes(const std::byte* p) noexcept {
  return each_lane([&](std::size_t i) { return static_cast<std::uint32_t>(p[i]); });
}
inline vec load_words(const std::uint16_t* p) noexcept {
  return each_lane([&](std::size_t i) { return std::uint32_t{p[i]}; });
}
inline vec float16_to_float(const std::uint16_t* p) noexcept {
  return each_lane([&](std::size_t i) {
    const std::uint32_t sign = (p[i] & 0x8000U) << 16;
    const std::uint32_t magnitude = (p[i] & 0x7fffU) << 13;
    // Below 2^-14 the value is the field in units of 2^-24.
    const std::uint32_t low =
        bit_cast<std::uint32_t>(static_cast<float>(magnitude >> 13) * 0x1p-24F);
    const std::uint32_t high = magnitude + (magnitude >= 0x0f800000U ? 0x70000000U : 0x38000000U);
    return sign | (magnitude < 0x00800000U ? low : high);
  });
}

inline vec bit_and(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] & b.v[i]; });
}
inline vec max_bits(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] < b.v[i] ? b.v[i] : a.v[i]; });
}
inline vec min_bits(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
/// a where x < y as signed integers, else b.
inline vec if_less(const vec& x, const vec& y, const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) {
    return static_cast<std::int32_t>(x.v[i]) < static_cast<std::int32_t>(y.v[i]) ? a.v[i] : b.v[i];
  });
}
inline vec max_int(const vec& a, const vec& b) noexcept { return if_less(a, b, b, a); }
inline vec min_int(const vec& a, const vec& b) noexcept { return if_less(a, b, a, b); }
inline vec add(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] + b.v[i]; });
}
inline vec subtract(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] - b.v[i]; });
}
inline vec shift_left(const vec& a, int n) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] << n; });
}
inline vec shift_right(const vec& a, int n) noexcept {
  return each_lane([&](std::size_t i) { return a.v[i] >> n; });
}
/// a where x is 0, else b.
inline vec if_zero(const vec& x, const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return x.v[i] == 0 ? a.v[i] : b.v[i]; });
}
inline bool any(const vec& x) noexcept {
  std::uint32_t all = 0;
  for (const std::uint32_t v : x.v) all |= v;
  return all != 0;
}
inline vec from_int(const vec& x) noexcept {
  return each_lane([&](std::size_t i) {
    return bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(x.v[i])));
  });
}
inline vec multiply(const vec& a, const vec& b) noexcept {
  return each_lane(
      [&](std::size_t i) { return bit_cast<std::uint32_t>(as_float(a.v[i]) * as_float(b.v[i])); });
}
/// Through binary64, which has 53 >= 2 * 24 + 2 digits: rounding twice is rounding once where the
/// quotient is a normal number.
inline vec divide(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) {
    const double quotient = double{as_float(a.v[i])} / opaque(double{as_float(b.v[i])});
    return bit_cast<std::uint32_t>(static_cast<float>(quotient));
  });
}
/// The product rounded to odd: cut, with an odd last bit unless it is exact. Needs a product that
/// is a normal number or 0; it is exact in binary64.
inline vec multiply_to_odd(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) {
    const double exact = double{as_float(a.v[i])} * double{as_float(b.v[i])};
    const std::uint32_t p = bit_cast<std::uint32_t>(static_cast<float>(exact));
    const double back = double{as_float(opaque(p))};
    if (!(back < exact || back > exact)) return p;
    const bool above = (back > exact) == (exact > 0);
    return (above ? p - 1 : p) | 1U;
  });
}

/// Largest of 16 neighbours: lane i of the result from v[i].
inline vec max_across(const vec (&v)[lanes]) noexcept {
  return each_lane([&](std::size_t i) {
    std::uint32_t largest = 0;
    for (const std::uint32_t bits : v[i].v) largest = bits > largest ? bits : largest;
    return largest;
  });
}

/// How many lanes had a magnitude above a limit.
class lane_counter {
 public:
  void add_above(const vec& magnitudes, const vec& limit) noexcept {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < lanes; ++i) n += magnitudes.v[i] > limit.v[i] ? 1U : 0U;
    sum_ += n;
  }
  [[nodiscard]] std::size_t total() const noexcept { return sum_; }

 private:
  std::size_t sum_ = 0;
};

/// Whether the quotients lie far from every boundary; see make_lattice.
inline bool all_clear(const vec (&y)[4], const vec& lattice) noexcept {
  std::uint32_t near = 0;
  for (const vec& q : y) {
    for (std::size_t i = 0; i < lanes; ++i) near |= ((q.v[i] + 4) & lattice.v[i]) == 0 ? 1U : 0U;
  }
  return near == 0;
}

/// y moved to the side of the number near it on which the exact quotient lies: on it, or one unit
/// in the last place away. The product that x is compared with is exact in binary64: v has at most
/// 10 digits, the scale 12 + 24 or 24 + 1.
inline vec settle(const vec& x, const vec& y, float scale, const scaled_run& run,
                  const vec& lattice) noexcept {
  const double factor =
      run.form == scale_form::product ? double{scale} * double{run.tensor} : double{scale};
  return each_lane([&](std::size_t i) {
    const std::uint32_t moved = y.v[i] + 4;
    const std::uint32_t v = moved & ~7U;
    if ((moved & lattice.v[i]) != 0) return y.v[i];
    const double boundary = double{as_float(v & 0x7fffffffU)} * factor;
    const double magnitude = double{as_float(x.v[i] & 0x7fffffffU)};
    return v + (magnitude > boundary ? 1U : 0U) - (magnitude < boundary ? 1U : 0U);
  });
}

/// Codes of integers, by the addition that leaves them in the low bits.
class integer_encoder {
 public:
  explicit integer_encoder(const scaled_encoder& e) noexcept : e_(e) {}
  [[nodiscard]] vec encode(const vec& y) const noexcept {
    return each_lane([&](std::size_t i) {
      const float v = as_float(y.v[i]);
      const float below = v < e_.largest ? v : e_.largest;
      const float clamped = below > e_.lowest ? below : e_.lowest;
      return bit_cast<std::uint32_t>(clamped + 0x1.8p23F) & e_.zero;
    });
  }

 private:
  const scaled_encoder& e_;
};

/// 4 * lanes codes, one a byte.
struct code_bytes {
  std::uint8_t v[4 * lanes];
};
inline code_bytes gather_codes(const vec (&c)[4]) noexcept {
  code_bytes r;
  std::uint8_t* p = r.v;
  for (const vec& x : c) {
    for (std::size_t i = 0; i < lanes; ++i) *p++ = static_cast<std::uint8_t>(x.v[i]);
  }
  return r;
}
inline std::size_t count_zeros(const code_bytes& c, std::uint32_t mask) noexcept {
  std::uint32_t n = 0;
  for (const std::uint8_t code : c.v) n += (code & mask) == 0 ? 1U : 0U;
  return n;
}
inline void store_bytes(std::byte* p, const code_bytes& c) noexcept {
  std::memcpy(p, c.v, sizeof c.v);
}
inline void store_nibbles(std::byte* p, const code_bytes& c) noexcept {
  for (std::size_t i = 0; i < 2 * lanes; ++i) {
    p[i] = static_cast<std::byte>(c.v[2 * i] | c.v[2 * i + 1] << 4);
  }
}
inline void store_sextets(std::byte* p, const code_bytes& c) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::uint8_t* q = c.v + 4 * i;
    const std::uint32_t four =
        q[0] | std::uint32_t{q[1]} << 6 | std::uint32_t{q[2]} << 12 | std::uint32_t{q[3]} << 18;
    for (int byte = 0; byte < 3; ++byte) {
      p[3 * i + static_cast<std::size_t>(byte)] = static_cast<std::byte>(four >> 8 * byte & 0xff);
    }
  }
}
inline void fetch(const float*) noexcept {}

/// The values of 4 * lanes codes of Bits bits.
template <int Bits>
class value_table {
 public:
  explicit value_table(const float* values) noexcept : values_(values) {}
  void decode(const std::byte* p, vec (&v)[4]) const noexcept {
    constexpr std::size_t per_byte = 8 / Bits;
    for (std::size_t i = 0; i < 4 * lanes; ++i) {
      const unsigned byte = std::to_integer<unsigned>(p[i / per_byte]);
      const unsigned code = byte >> (i % per_byte * Bits) & ((1U << Bits) - 1);
      v[i / lanes].v[i % lanes] = bit_cast<std::uint32_t>(values_[code]);
    }
  }

 private:
  const float* values_;
};
inline void stream(float* p, const vec& v) noexcept { store(p, v); }
inline void finish_streams() noexcept {}
