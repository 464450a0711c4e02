// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of quantization.
// Arrays are read and written in whole vectors: they have room for them.

/// E8M0 scales of blocks with largest magnitudes amax[n] (bits), and their reciprocals for
/// elements that count in units of 2^element_exponent. Returns false if some block is beyond what
/// the vectors do right: it has an infinity or NaN, a subnormal largest magnitude, or a reciprocal
/// that is no normal number; its results are arbitrary.
inline bool pow2_scales(const std::uint32_t* amax, std::size_t n, const pow2_scaling& rule,
                        std::byte* codes, float* inverse) noexcept {
  const vec zero = splat(0U);
  const vec one = splat(1.0F);
  const vec added = splat(rule.added);
  const vec emax = splat(static_cast<std::uint32_t>(rule.emax));
  const vec top = splat(static_cast<std::uint32_t>(254 - rule.element_exponent));
  vec irregular = zero;
  for (std::size_t i = 0; i < n; i += lanes) {
    const vec bits = load_bits(amax + i);
    vec code = subtract(shift_right(add(bits, added), 23), emax);
    code = max_int(min_int(code, splat(254U)), zero);
    code = if_zero(bits, zero, code);
    const vec field = subtract(top, code);
    store(inverse + i, if_zero(bits, one, shift_left(field, 23)));
    store_low_bytes(codes + i, code);
    // Zero is regular, whatever the rest says.
    vec bad = if_less(subtract(bits, splat(0x00800000U)), zero, one, zero);
    bad = if_less(splat(0x7f7fffffU), bits, one, bad);
    bad = if_less(field, splat(1U), one, if_less(splat(254U), field, one, bad));
    irregular = max_bits(irregular, if_zero(bits, zero, bad));
  }
  return !any(irregular);
}

/// binary32 scales amax / target, at least 2^-126, 1 for zeros, and their reciprocals. Returns
/// false if some scale lies outside [least, greatest], both powers of two, or is infinite or NaN.
inline bool quotient_scales(const std::uint32_t* amax, std::size_t n, float target, float least,
                            float greatest, float* scales, float* inverse) noexcept {
  const vec one = splat(1.0F);
  const vec normal = splat(0x00800000U);
  vec low = splat(0x7fffffffU);
  vec high = splat(0U);
  for (std::size_t i = 0; i < n; i += lanes) {
    const vec bits = load_bits(amax + i);
    const vec scale = if_zero(bits, one, max_bits(divide(bits, splat(target)), normal));
    low = min_bits(low, scale);
    high = max_bits(high, scale);
    store(scales + i, scale);
    store(inverse + i, divide(one, scale));
  }
  return !any(
      if_less(low, splat(least), splat(1U), if_less(splat(greatest), high, splat(1U), splat(0U))));
}

/// The values of scale codes.
class scale_values {
 public:
  explicit scale_values(const scale_decoder& format) noexcept
      : zero_(splat(format.zero)),
        first_normal_(splat(1U << format.mantissa_bits)),
        least_step_(
            splat(static_cast<std::uint32_t>(128 - format.bias - format.mantissa_bits) << 23)),
        rebias_(splat(static_cast<std::uint32_t>(127 - format.bias) << 23)),
        largest_(splat(format.largest)),
        shift_(23 - format.mantissa_bits) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE vec operator()(const vec& code) const noexcept {
    const vec small = multiply(from_int(code), least_step_);  // 2^(1 - bias - mantissa_bits) each
    const vec normal = add(shift_left(code, shift_), rebias_);
    const vec value = if_zero(code, zero_, if_less(code, first_normal_, small, normal));
    return if_less(largest_, code, splat(0x7fc00000U), value);
  }

 private:
  vec zero_, first_normal_, least_step_, rebias_, largest_;
  int shift_;
};

/// Finishes the scales of blocks whose codes are rounded quotients: a block with a nonzero element
/// has at least code 1, one of zeros has code 0. Writes the values, 1 for 0, and the reciprocals
/// under the tensor's scale.
inline void finish_scales(const std::uint32_t* amax, std::size_t n, const scale_decoder& format,
                          float tensor, std::byte* codes, float* scales, float* inverse) noexcept {
  const scale_values values(format);
  const vec one = splat(1.0F);
  for (std::size_t i = 0; i < n; i += lanes) {
    const vec bits = load_bits(amax + i);
    const vec code = if_zero(bits, splat(0U), max_int(load_low_bytes(codes + i), splat(1U)));
    store_low_bytes(codes + i, code);
    const vec scale = if_zero(code, one, values(code));
    store(scales + i, scale);
    store(inverse + i, divide(one, multiply(scale, splat(tensor))));
  }
}

/// The values of n scale codes, and their range.
inline magnitude_range decode_scales(const std::byte* codes, std::size_t n,
                                     const scale_decoder& format, float* scales) noexcept {
  const scale_values values(format);
  vec high = splat(0U);
  vec low = splat(0x7fffffffU);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const vec v = values(load_low_bytes(codes + i));
    high = max_bits(high, v);
    low = min_bits(low, v);
    store(scales + i, v);
  }
  magnitude_range r = range_of_lanes(high, low);
  if (i < n) {
    std::byte rest[lanes] = {};
    float out[lanes];
    std::memcpy(rest, codes + i, n - i);
    store(out, values(load_low_bytes(rest)));
    std::memcpy(scales + i, out, (n - i) * sizeof(float));
    for (; i < n; ++i) {
      const std::uint32_t bits = bit_cast<std::uint32_t>(scales[i]);
      if (bits > r.largest) r.largest = bits;
      if (bits < r.smallest) r.smallest = bits;
    }
  }
  return r;
}
