// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of quantization.

/// *out = bits of the sum of the 64 partial sums, folded by halves.
inline void fold(vec (&sums)[64 / lanes], std::uint32_t* out) noexcept {
  float p[64];
  BINADE_UNROLL(8)
  for (std::size_t j = 0; j < 64 / lanes; ++j) store(p + j * lanes, sums[j]);
  BINADE_UNROLL(8)
  for (std::size_t half = 32; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) p[j] += p[j + half];
    asm("" : "+m"(p));  // or -ffast-math reorders the sums
  }
  std::memcpy(out, p, sizeof *out);
}

/// 64 floats, or the values of 64 codes, each rounded once.
template <int Bits>
class row_values {
 public:
  row_values(const row_pair& t, std::size_t r) noexcept
      : t_(t), scales_(t.scales[r]), table_(t.values) {}
  BINADE_ALWAYS_INLINE void read(const std::byte* codes, std::size_t k,
                                 vec (&v)[64 / lanes]) const noexcept {
    BINADE_UNROLL(2)
    for (std::size_t part = 0; part < 16 / lanes; ++part) {
      vec w[4];
      table_.decode(codes + part * 4 * lanes * Bits / 8, w);
      BINADE_UNROLL(4)
      for (std::size_t j = 0; j < 4; ++j) {
        const std::size_t at = 4 * part + j;
        w[j] = multiply(w[j], splat(scales_[(k + at * lanes) >> t_.shift]));
        v[at] = t_.has_tensor ? multiply(w[j], splat(t_.tensor)) : w[j];
      }
    }
  }

 private:
  const row_pair& t_;
  const float* scales_;
  value_table<Bits> table_;
};
template <>
class row_values<32> {
 public:
  row_values(const row_pair&, std::size_t) noexcept {}
  BINADE_ALWAYS_INLINE void read(const std::byte* floats, std::size_t,
                                 vec (&v)[64 / lanes]) const noexcept {
    BINADE_UNROLL(8)
    for (std::size_t j = 0; j < 64 / lanes; ++j) {
      v[j] = load(reinterpret_cast<const float*>(floats) + j * lanes);
    }
  }
};

/// out[r] = bits of the 64 partial sums p[k mod 64] = fma(x[k], w[k], p[k mod 64]), k ascending
/// from +0, folded by halves, for row r.
template <int Bits>
void multiply_row(const row_pair& t, std::size_t r, std::uint32_t* out) noexcept {
  const row_values<Bits> values(t, r);
  constexpr std::size_t step_bytes = std::size_t{64} * Bits / 8;
  vec sums[64 / lanes];
  BINADE_UNROLL(8)
  for (std::size_t j = 0; j < 64 / lanes; ++j) sums[j] = splat(0.0F);
  const std::byte* codes = t.rows[r];
  std::size_t k = 0;
  for (; k + 64 <= t.length; k += 64, codes += step_bytes) {
    vec w[64 / lanes];
    for (std::size_t line = 0; line < step_bytes; line += 64) {
      __builtin_prefetch(codes + t.ahead + line);
    }
    values.read(codes, k, w);
    BINADE_UNROLL(8)
    for (std::size_t j = 0; j < 64 / lanes; ++j) {
      sums[j] = fused(load(t.x + k + j * lanes), w[j], sums[j]);
    }
  }
  if (k < t.length) {
    // The rest through full buffers, in which 1 * -0 is added to what has no element.
    const std::size_t rest = t.length - k;
    std::byte in[step_bytes] = {};
    std::memcpy(in, codes, (rest * Bits + 7) / 8);
    vec w[64 / lanes];
    values.read(in, k, w);
    float floats[64];
    BINADE_UNROLL(8)
    for (std::size_t j = 0; j < 64 / lanes; ++j) store(floats + j * lanes, w[j]);
    for (std::size_t j = rest; j < 64; ++j) floats[j] = 1;
    BINADE_UNROLL(8)
    for (std::size_t j = 0; j < 64 / lanes; ++j) {
      sums[j] = fused(load(t.x + k + j * lanes), load(floats + j * lanes), sums[j]);
    }
  }
  fold(sums, out + r);
}

template <int Bits>
void multiply_rows(const row_pair& request, std::uint32_t* out) noexcept {
  const row_pair t = request;
  for (std::size_t r = 0; r < t.row_count; ++r) multiply_row<Bits>(t, r, out);
}

inline constexpr row_kernel codes4{multiply_rows<4>, nullptr};
inline constexpr row_kernel codes8{multiply_rows<8>, nullptr};
inline constexpr code_kernels row_kernels{
    {multiply_rows<32>, nullptr}, codes8, codes8, codes4, codes4};
