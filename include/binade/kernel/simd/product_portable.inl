// SPDX-License-Identifier: MIT

// Included by product_targets.hpp in the portable region: the vectors of products as arrays, and
// what product_tile.inl does with them.

inline constexpr target compiled_for = target::portable;
inline constexpr std::size_t lanes = 8;
inline constexpr int float_rows = 4;
inline constexpr int integer_rows = 4;
inline constexpr int byte_pair_limit = 0;
struct fvec {
  float v[lanes];
};
struct ivec {
  std::int32_t v[lanes];
};
inline fvec zero() noexcept { return {}; }
inline fvec broadcast(float x) noexcept {
  fvec r;
  for (float& v : r.v) v = x;
  return r;
}
inline fvec load_floats(const float* p) noexcept {
  fvec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline void store_floats(float* p, const fvec& x) noexcept { std::memcpy(p, x.v, sizeof x.v); }
inline fvec fma(const fvec& a, const fvec& b, const fvec& c) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return r;
}
inline fvec multiply(const fvec& a, const fvec& b) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = a.v[i] * b.v[i];
  return r;
}
inline fvec to_float(const ivec& x) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = static_cast<float>(x.v[i]);
  return r;
}
inline ivec broadcast_unit(std::uint32_t x) noexcept {
  ivec r;
  for (std::int32_t& v : r.v) v = static_cast<std::int32_t>(x);
  return r;
}
inline ivec load_units(const std::uint32_t* p) noexcept {
  ivec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline ivec add_words(const ivec& sum, const ivec& a, const ivec& b) noexcept {
  const auto low = [](std::int32_t x) { return std::int32_t{static_cast<std::int16_t>(x)}; };
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    r.v[i] = sum.v[i] + low(a.v[i]) * low(b.v[i]) + (a.v[i] >> 16) * (b.v[i] >> 16);
  }
  return r;
}
inline ivec add_bytes(const ivec& sum, const ivec&, const ivec&) noexcept { return sum; }
inline fvec add_bits(const fvec& a, const fvec& b) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    r.v[i] = bit_cast<float>(bit_cast<std::uint32_t>(a.v[i]) + bit_cast<std::uint32_t>(b.v[i]));
  }
  return r;
}
inline fvec one_nan(const fvec& x) noexcept {
  fvec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    const auto bits = bit_cast<std::uint32_t>(x.v[i]);
    r.v[i] = bit_cast<float>((bits & 0x7fffffffU) > 0x7f800000U ? 0x7fc00000U : bits);
  }
  return r;
}
/// out[k][width] = rows[width][length], in units of four bytes.
inline void interleave(const void* rows, std::size_t length, std::size_t width,
                       void* out) noexcept {
  const auto* from = static_cast<const std::byte*>(rows);
  auto* to = static_cast<std::byte*>(out);
  for (std::size_t k = 0; k < length; ++k) {
    for (std::size_t r = 0; r < width; ++r, to += 4)
      std::memcpy(to, from + 4 * (r * length + k), 4);
  }
}
inline constexpr product_packing packing{interleave, nullptr, {}};
